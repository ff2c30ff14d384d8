//! How the results of a scan move: forward in one scan with them, backward in one of its own that reads what the turns
//! kept.

use super::super::rules::{Moved, Slot, run_moving, tangent_like};
use super::super::{Draft, Graph, Operand};
use super::{Turns, scan, turns};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::{Attrs, Op, Outputs, Tangents};
use crate::tensor::{Abstract, Array};
use crate::transform::linear::Tape;
use crate::transform::trace::Recorder;
use smallvec::smallvec;

/// Marks the carried values that come to move, too, given those inputs that do.
pub(in crate::graph) fn spread(cx: &mut Context, body: &Graph, carried: usize, moving: &mut [bool]) -> Result<()> {
    loop {
        let tangents = (0..moving.len()).filter(|&number| moving[number]).map(Slot::Tangent);
        let order: Vec<Slot> = (0..moving.len()).map(Slot::Value).chain(tangents).collect();
        let moved = run_moving(cx, body, &order, true)?;
        let more: Vec<usize> =
            (0..carried).filter(|&number| !moving[number] && moved.results[number].1.is_some()).collect();
        if more.is_empty() {
            return Ok(());
        }
        more.into_iter().for_each(|number| moving[number] = true);
    }
}

/// The values of slots; a tangent that is not there is zero.
pub(in crate::graph) fn filled(
    cx: &mut Context,
    order: &[Slot],
    inputs: &[Array],
    tangents: &[Option<Array>],
) -> Result<Vec<Array>> {
    let mut given = vec![];
    for slot in order {
        given.push(match *slot {
            Slot::Value(number) => inputs[number].clone(),
            Slot::Tangent(number) => tangent_like(cx, tangents[number].clone(), &inputs[number].aval())?,
        });
    }
    Ok(given)
}

pub(in crate::graph) fn together(
    cx: &mut Context,
    op: &Op,
    inputs: &[Array],
    tangents: &[Option<Array>],
) -> Result<(Outputs, Tangents)> {
    let turns = turns(op)?;
    let mut moving: Vec<bool> = tangents.iter().map(Option::is_some).collect();
    spread(cx, &turns.body, turns.carried, &mut moving)?;
    match tangents.iter().flatten().find_map(Tape::of) {
        Some(_) => backward(cx, turns, inputs, tangents, &moving),
        None => forward(cx, turns, inputs, tangents, &moving),
    }
}

/// One scan of values and tangents.
fn forward(
    cx: &mut Context,
    turns: &Turns,
    inputs: &[Array],
    tangents: &[Option<Array>],
    moving: &[bool],
) -> Result<(Outputs, Tangents)> {
    let [mut carried, mut stacked, captured] = turns.parts().map(|part| {
        let tangents = part.clone().filter(|&number| moving[number]).map(Slot::Tangent);
        part.map(Slot::Value).chain(tangents).collect::<Vec<Slot>>()
    });
    let (first, rows) = (carried.len(), stacked.len());
    carried.append(&mut stacked);
    carried.extend(captured);
    let given = filled(cx, &carried, inputs, tangents)?;
    let Moved { recorder, results } = run_moving(cx, &turns.body, &carried, false)?;
    let (body, moved) = with_tangents(cx, &recorder, results, turns.carried, moving)?;
    let joint = Turns { body, count: turns.count, carried: first, stacked: rows, reverse: turns.reverse };
    let found = scan(cx, joint, given)?;
    Ok(sorted(found, turns, moving, &moved))
}

/// The graph that gives carried values, their tangents, outputs and theirs; which outputs move.
pub(in crate::graph) fn with_tangents(
    cx: &mut Context,
    recorder: &Recorder,
    results: Vec<(Array, Option<Array>)>,
    carried: usize,
    moving: &[bool],
) -> Result<(Graph, Vec<bool>)> {
    let moved: Vec<bool> = results[carried..].iter().map(|(_, tangent)| tangent.is_some()).collect();
    let mut wanted = vec![];
    for (part, moves) in [(&results[..carried], &moving[..carried]), (&results[carried..], moved.as_slice())] {
        wanted.extend(part.iter().map(|(primal, _)| primal.clone()));
        for ((primal, tangent), _) in part.iter().zip(moves).filter(|(_, moves)| **moves) {
            let like = primal.aval();
            wanted.push(recorder.run(cx, |cx| tangent_like(cx, tangent.clone(), &like))?);
        }
    }
    Ok((recorder.finish(cx, &wanted)?, moved))
}

/// Results and tangents, each in the order of the results.
fn sorted(found: Outputs, turns: &Turns, moving: &[bool], moved: &[bool]) -> (Outputs, Tangents) {
    let mut rest = found.into_iter();
    let (mut results, mut tangents) = (Outputs::new(), Tangents::new());
    for moves in [&moving[..turns.carried], moved] {
        results.extend(rest.by_ref().take(moves.len()));
        tangents.extend(moves.iter().map(|&moves| if moves { rest.next() } else { None }));
    }
    (results, tangents)
}

/// A scan that keeps what tangents depend on in every turn, carried values and draws, and one of tangents alone.
fn backward(
    cx: &mut Context,
    turns: &Turns,
    inputs: &[Array],
    tangents: &[Option<Array>],
    moving: &[bool],
) -> Result<(Outputs, Tangents)> {
    let (fed, drawn) = without_draws(cx, &turns.body)?;
    let [carried, stacked, captured] = turns.parts();
    let moves = |part: &std::ops::Range<usize>| part.clone().filter(|&number| moving[number]).map(Slot::Tangent);
    let first = moves(&carried).count();
    let kept = inputs.len()..fed.inputs.len();
    let by_turn = carried.clone().chain(kept).chain(stacked.clone()).map(Slot::Value).chain(moves(&stacked));
    let rows = first + by_turn.clone().count();
    let order: Vec<Slot> =
        moves(&carried).chain(by_turn).chain(captured.clone().map(Slot::Value)).chain(moves(&captured)).collect();

    let Moved { recorder, results: found } = run_moving(cx, &fed, &order, true)?;
    let (mut wanted, mut places) = (vec![], vec![]);
    for (number, (primal, tangent)) in found.into_iter().enumerate() {
        let moves = if number < turns.carried { moving[number] } else { tangent.is_some() };
        if moves {
            wanted.push(recorder.run(cx, |cx| tangent_like(cx, tangent, &primal.aval()))?);
            places.push(number);
        }
    }
    let body = recorder.finish(cx, &wanted)?;
    let read = body.inputs_read();
    let stays: Vec<bool> =
        order.iter().zip(&read).map(|(slot, &read)| read || matches!(slot, Slot::Tangent(_))).collect();
    let body = body.with_inputs(cx, &stays)?;
    let stacked_left = stays[first..rows].iter().filter(|&&stays| stays).count();

    // what the turns have to keep, in the order in which it is read
    let left: Vec<Slot> = order.into_iter().zip(&stays).filter(|(_, stays)| **stays).map(|(slot, _)| slot).collect();
    let mut keeps = vec![];
    for slot in &left {
        match *slot {
            Slot::Value(number) if carried.contains(&number) => {
                keeps.push((Operand::Input(number), turns.body.inputs[number].clone()));
            }
            Slot::Value(number) if number >= inputs.len() => {
                keeps.push((drawn[number - inputs.len()].clone(), fed.inputs[number].clone()));
            }
            _ => {}
        }
    }
    let Turns { count, reverse, .. } = *turns;
    let body_of_values = with_outputs(cx, &turns.body, keeps)?;
    let keeping = Turns { body: body_of_values, count, carried: turns.carried, stacked: turns.stacked, reverse };
    let mut results = scan(cx, keeping, inputs.to_vec())?;
    let mut history = results.drain(turns.body.results.len()..).collect::<Vec<Array>>().into_iter();
    let mut given = vec![];
    for slot in left {
        given.push(match slot {
            Slot::Value(number) if carried.contains(&number) || number >= inputs.len() => {
                history.next().ok_or_else(cpu::mistyped)?
            }
            Slot::Value(number) => inputs[number].clone(),
            Slot::Tangent(number) => tangent_like(cx, tangents[number].clone(), &inputs[number].aval())?,
        });
    }
    let linear = Turns { body, count, carried: first, stacked: stacked_left, reverse };
    let mut moved: Tangents = smallvec![None; results.len()];
    for (place, tangent) in places.into_iter().zip(scan(cx, linear, given)?) {
        moved[place] = Some(tangent);
    }
    Ok((results, moved))
}

/// A graph that gives more.
fn with_outputs(cx: &mut Context, graph: &Graph, more: Vec<(Operand, Abstract)>) -> Result<Graph> {
    let mut draft = graph.draft();
    for (output, result) in more {
        draft.outputs.push(output);
        draft.results.push(result);
    }
    Graph::new(cx, draft)
}

/// A graph that takes its draws as inputs behind the others, and what they are in the one that makes them.
fn without_draws(cx: &mut Context, graph: &Graph) -> Result<(Graph, Vec<Operand>)> {
    let (mut inputs, mut nodes, mut drawn) = (graph.inputs.clone(), vec![], vec![]);
    let mut places: Vec<Operand> = vec![];
    let moved = |places: &[Operand], operand: &Operand| match (operand, operand.node().map(|node| &places[node])) {
        (Operand::Node(_, result), Some(Operand::Node(node, _))) => Operand::Node(*node, *result),
        (_, Some(input)) => input.clone(),
        (other, None) => other.clone(),
    };
    for (number, node) in graph.nodes.iter().enumerate() {
        if node.op.draws_inside() {
            return Err(draws());
        }
        if let Attrs::Draw(..) = node.op.attrs {
            places.push(Operand::Input(inputs.len()));
            drawn.push(Operand::Node(number, 0));
            inputs.extend(node.outs.iter().cloned());
            continue;
        }
        places.push(Operand::Node(nodes.len(), 0));
        let mut node = node.clone();
        node.inputs = node.inputs.iter().map(|operand| moved(&places, operand)).collect();
        nodes.push(node);
    }
    let outputs = graph.outputs.iter().map(|operand| moved(&places, operand)).collect();
    let results = graph.results.clone();
    Ok((Graph::new(cx, Draft { inputs, nodes, outputs, results })?, drawn))
}

#[cold]
pub(super) fn draws() -> Error {
    let message = "random draws inside an `if` or a loop inside a loop of a graph have no backward derivative yet";
    Error::new(Kind::Graph, message).help("draw before the inner one, or all that is needed before the outer loop")
}
