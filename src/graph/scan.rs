//! `scan`: a graph that runs a known number of times, values being carried from turn to turn.
//!
//! Its rules make scans of scans. The derivative backward keeps the carried values of every turn, and runs the body
//! anew with them, as a scan that is linear in the tangents; that one is transposed turn by turn, the last one first.

use super::rules::{Moved, Slot, run_by_rows, run_moving, tangent_like};
use super::{Draft, Graph, Operand};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::cast::weaken;
use crate::ops::index::{self, Index};
use crate::ops::linear::{cast_back, zeros};
use crate::ops::rows::all_rows;
use crate::ops::{
    ADD, Arity, Attrs, Batch, Derivative, Entry, Kernel, Op, Outputs, Rule, Tangents, Term, apply_all, apply2,
    concatenate, moveaxis, stack,
};
use crate::tensor::{Abstract, Array};
use crate::transform::linear::Tape;
use crate::transform::pending;
use crate::transform::trace::Recorder;
use send_wrapper::SendWrapper;
use smallvec::{SmallVec, smallvec};
use std::rc::Rc;

/// What runs, and how often.
#[derive(Debug)]
pub struct Turns {
    /// Takes the carried values, a row of each stacked value, and what was captured. Gives the carried values of the
    /// next turn, in the same form, and outputs, which are stacked row by row.
    pub body: Graph,
    pub count: usize,
    /// How many of its inputs are carried.
    pub carried: usize,
    /// How many behind them are stacked; what is left was captured.
    pub stacked: usize,
    /// Does it begin with the last row?
    pub reverse: bool,
}

#[derive(Clone, Debug)]
pub struct Scan(SendWrapper<Rc<Turns>>);

impl PartialEq for Scan {
    fn eq(&self, other: &Scan) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Scan {
    pub fn body(&self) -> &Graph {
        &self.0.body
    }

    pub fn turns(&self) -> &Turns {
        &self.0
    }

    /// The same with another body.
    pub fn with(&self, with: impl Fn(&Graph) -> Graph) -> Scan {
        Scan(SendWrapper::new(Rc::new(Turns { body: with(&self.0.body), ..**self.0 })))
    }
}

/// The inputs are the carried values, the stacked ones, and what was captured.
pub(crate) static TABLE: &[&Entry] = &[&SCAN];

static SCAN: Entry = Entry {
    derivative: Derivative::Together(together),
    split: Some(split),
    transpose: Some(transposed),
    batch: Batch::Whole(batched),
    ..Entry::of("scan", "for", Arity::AtLeast(0), Rule::Many(rule), Kernel::Composed(kernel))
};

/// Runs all turns: the carried values behind the last one, and the stacked outputs.
pub fn scan(cx: &mut Context, turns: Turns, mut inputs: Vec<Array>) -> Result<Outputs> {
    apply_all(cx, &of(turns), &mut inputs)
}

/// The operation.
pub(super) fn of(turns: Turns) -> Op {
    Op { entry: &SCAN, attrs: Attrs::Scan(Scan(SendWrapper::new(Rc::new(turns)))) }
}

fn turns(op: &Op) -> Result<&Turns> {
    match &op.attrs {
        Attrs::Scan(scan) => Ok(&scan.0),
        _ => Err(cpu::mistyped()),
    }
}

fn rule(op: &Op, _: &[Abstract]) -> Result<SmallVec<[Abstract; 1]>> {
    let turns = turns(op)?;
    let (carried, outputs) = turns.body.results.split_at(turns.carried);
    Ok(carried.iter().cloned().chain(outputs.iter().map(|output| rows_of(output, turns.count))).collect())
}

/// So many values of one form along a new first axis.
fn rows_of(row: &Abstract, count: usize) -> Abstract {
    let mut rows = Abstract { weak: false, ..row.clone() };
    rows.shape.insert(0, count);
    rows
}

fn kernel(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    let turns = turns(op)?;
    if let Some(results) = super::turns::scan(cx, turns, inputs)? {
        return Ok(results);
    }
    let (carried, further) = inputs.split_at(turns.carried);
    let (stacked, captured) = further.split_at(turns.stacked);
    let mut state: Vec<Array> = carried.to_vec();
    let mut outputs: Vec<Stack> =
        turns.body.results[turns.carried..].iter().map(|row| Stack::new(row, turns)).collect();
    for turn in 0..turns.count {
        cx.check()?;
        let at = if turns.reverse { turns.count - 1 - turn } else { turn };
        for (stacked, aval) in stacked.iter().zip(&turns.body.inputs[turns.carried..]) {
            let row = index::get(cx, stacked, &[Index::At(at as i64)])?;
            state.push(if aval.weak { weaken(cx, row)? } else { row });
        }
        state.extend(captured.iter().cloned());
        let mut found = turns.body.run_on(cx, state)?;
        settle(cx, &mut found)?;
        let rows = found.split_off(turns.carried);
        for (output, row) in outputs.iter_mut().zip(rows) {
            output.push(cx, row)?;
        }
        state = found;
    }
    let mut results = Outputs::from_vec(state);
    for output in outputs {
        results.push(output.finish(cx)?);
    }
    Ok(results)
}

/// Lets nothing wait for turns to come.
pub(super) fn settle(cx: &mut Context, found: &mut [Array]) -> Result<()> {
    if found.iter().any(Array::is_lifted) {
        pending::settle_all(cx)?;
        for found in found {
            *found = pending::settled(cx, found)?;
        }
    }
    Ok(())
}

/// An output in the making: rows are joined in blocks, and the blocks at the end.
struct Stack {
    /// What it will be.
    whole: Abstract,
    rows: Vec<Array>,
    blocks: Vec<Array>,
    reverse: bool,
}

/// Rows of a block.
const BLOCK: usize = 1024;

impl Stack {
    fn new(row: &Abstract, turns: &Turns) -> Stack {
        Stack { whole: rows_of(row, turns.count), rows: vec![], blocks: vec![], reverse: turns.reverse }
    }

    fn push(&mut self, cx: &mut Context, row: Array) -> Result<()> {
        self.rows.push(row);
        if self.rows.len() == BLOCK { self.join(cx) } else { Ok(()) }
    }

    fn join(&mut self, cx: &mut Context) -> Result<()> {
        let mut rows = std::mem::take(&mut self.rows);
        if self.reverse {
            rows.reverse();
        }
        self.blocks.push(stack(cx, rows, 0)?);
        Ok(())
    }

    fn finish(mut self, cx: &mut Context) -> Result<Array> {
        if !self.rows.is_empty() {
            self.join(cx)?;
        }
        if self.reverse {
            self.blocks.reverse();
        }
        match self.blocks.len() {
            0 => zeros(cx, &self.whole),
            1 => self.blocks.pop().ok_or_else(cpu::mistyped),
            _ => concatenate(cx, self.blocks, Some(0)),
        }
    }
}

impl Turns {
    /// Which of the carried values, of the stacked and of the captured ones a list is about.
    fn parts(&self) -> [std::ops::Range<usize>; 3] {
        let stacked = self.carried + self.stacked;
        [0..self.carried, self.carried..stacked, stacked..self.body.inputs.len()]
    }
}

/// Marks the carried values that come to move, too, given those inputs that do.
pub(super) fn spread(cx: &mut Context, body: &Graph, carried: usize, moving: &mut [bool]) -> Result<()> {
    loop {
        let tangents = (0..moving.len()).filter(|&number| moving[number]).map(Slot::Tangent);
        let order: Vec<Slot> = (0..moving.len()).map(Slot::Value).chain(tangents).collect();
        let moved = run_moving(cx, body, &order)?;
        let more: Vec<usize> =
            (0..carried).filter(|&number| !moving[number] && moved.results[number].1.is_some()).collect();
        if more.is_empty() {
            return Ok(());
        }
        more.into_iter().for_each(|number| moving[number] = true);
    }
}

/// The values of slots; a tangent that is not there is zero.
pub(super) fn filled(
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

pub(super) fn together(
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
    let Moved { recorder, results } = run_moving(cx, &turns.body, &carried)?;
    let (body, moved) = with_tangents(cx, &recorder, results, turns.carried, moving)?;
    let joint = Turns { body, count: turns.count, carried: first, stacked: rows, reverse: turns.reverse };
    let mut found: Vec<Array> = scan(cx, joint, given)?.into_vec();
    Ok(sorted(&mut found, turns, moving, &moved))
}

/// The graph that gives carried values, their tangents, outputs and theirs; which outputs move.
pub(super) fn with_tangents(
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
fn sorted(found: &mut Vec<Array>, turns: &Turns, moving: &[bool], moved: &[bool]) -> (Outputs, Tangents) {
    let mut rest = std::mem::take(found).into_iter();
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

    let Moved { recorder, results: found } = run_moving(cx, &fed, &order)?;
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
fn draws() -> Error {
    let message = "random draws inside an `if` or a loop inside a loop of a graph have no backward derivative yet";
    Error::new(Kind::Graph, message).help("draw before the inner one, or all that is needed before the outer loop")
}

/// The turns where only some of what they give is linear in the linear inputs: what is not is computed by a scan of its
/// own, which also keeps for every turn what the other one reads.
fn split(cx: &mut Context, op: &Op, inputs: &[Array], linear: &[bool]) -> Result<Option<Outputs>> {
    let turns = turns(op)?;
    let (linear, moves) = dependent(cx, turns, linear)?;
    if linear[..turns.carried].iter().chain(&moves[turns.carried..]).all(|&linear| linear) {
        return Ok(None);
    }
    if turns.body.draws() {
        return Err(draws());
    }
    let [carried, stacked, captured] = turns.parts();
    let divided = |part: std::ops::Range<usize>| part.partition::<Vec<usize>, _>(|&number| linear[number]);
    let ((moving, still), (rows, known_rows)) = (divided(carried), divided(stacked));
    let (slopes, known) = divided(captured);
    let fixed: Vec<usize> = (0..moves.len()).filter(|&number| number >= turns.carried && !moves[number]).collect();
    let Turns { count, reverse, .. } = *turns;
    let taken = |numbers: &[usize]| numbers.iter().map(|&number| inputs[number].clone()).collect::<Vec<Array>>();

    let (recorder, tape) = (Recorder::new(cx.modes.enter()), Tape::new(cx.modes.enter()));
    let values = turns.body_inputs(&recorder, &[&still, &known_rows, &known]);
    let now = values.iter().take(still.len()).map(|(_, value)| value.clone()).collect::<Vec<Array>>();
    let results = recorder.run(cx, |cx| turns.run_with(cx, values, &[&moving, &rows, &slopes], &tape));
    tape.clear();
    let results = results?;
    let next = still.iter().map(|&number| results[number].clone());
    let wanted: Vec<Array> = next.chain(now).chain(fixed.iter().map(|&number| results[number].clone())).collect();
    let body = recorder.finish(cx, &wanted)?;
    let apart = Turns { body, count, carried: still.len(), stacked: known_rows.len(), reverse };
    let mut ends = scan(cx, apart, [taken(&still), taken(&known_rows), taken(&known)].concat())?.into_iter();
    let mut all: Vec<Option<Array>> = vec![None; moves.len()];
    for &number in &still {
        all[number] = ends.next();
    }
    let history: Vec<Array> = ends.by_ref().take(still.len()).collect();
    for &number in &fixed {
        all[number] = ends.next();
    }

    let recorder = Recorder::new(cx.modes.enter());
    let values = turns.body_inputs(&recorder, &[&moving, &still, &known_rows, &rows, &known, &slopes]);
    let results = recorder.run(cx, |cx| turns.run_with(cx, values, &[], &tape))?;
    let left: Vec<usize> = (0..moves.len())
        .filter(|&number| if number < turns.carried { linear[number] } else { moves[number] })
        .collect();
    if !left.is_empty() {
        let wanted: Vec<Array> = left.iter().map(|&number| results[number].clone()).collect();
        let body = recorder.finish(cx, &wanted)?;
        let stacked = still.len() + known_rows.len() + rows.len();
        let given = [taken(&moving), history, taken(&known_rows), taken(&rows), taken(&known), taken(&slopes)];
        let found = scan(cx, Turns { body, count, carried: moving.len(), stacked, reverse }, given.concat())?;
        left.into_iter().zip(found).for_each(|(number, found)| all[number] = Some(found));
    }
    all.into_iter().collect::<Option<Outputs>>().ok_or_else(cpu::mistyped).map(Some)
}

/// Which inputs of a turn are linear, with those carried values that come to depend on such; which results do.
fn dependent(cx: &mut Context, turns: &Turns, linear: &[bool]) -> Result<(Vec<bool>, Vec<bool>)> {
    let mut linear = linear.to_vec();
    loop {
        let (recorder, tape) = (Recorder::new(cx.modes.enter()), Tape::new(cx.modes.enter()));
        let (moving, known) = (0..linear.len()).partition::<Vec<usize>, _>(|&number| linear[number]);
        let values = turns.body_inputs(&recorder, &[&known]);
        let found = recorder.run(cx, |cx| turns.run_with(cx, values, &[&moving], &tape));
        tape.clear();
        let moves: Vec<bool> = found?.iter().map(|result| tape.number(result).is_some()).collect();
        let more: Vec<usize> = (0..turns.carried).filter(|&number| !linear[number] && moves[number]).collect();
        if more.is_empty() {
            return Ok((linear, moves));
        }
        more.into_iter().for_each(|number| linear[number] = true);
    }
}

/// Inputs of a turn, by number.
type Inputs = Vec<(usize, Array)>;

impl Turns {
    /// Inputs of a turn as inputs of a new graph, in this order.
    fn body_inputs(&self, recorder: &Recorder, numbers: &[&[usize]]) -> Inputs {
        let numbers = numbers.iter().flat_map(|numbers| numbers.iter().copied());
        numbers.map(|number| (number, recorder.input(self.body.inputs[number].clone()))).collect()
    }

    /// Runs a turn on these inputs, and on variables of a program where it is linear.
    fn run_with(&self, cx: &mut Context, inputs: Inputs, linear: &[&[usize]], tape: &Tape) -> Result<Vec<Array>> {
        let mut values: Vec<Option<Array>> = vec![None; self.body.inputs.len()];
        for &number in linear.iter().flat_map(|numbers| numbers.iter()) {
            values[number] = Some(tape.input(self.body.inputs[number].clone()).1);
        }
        for (number, value) in inputs {
            values[number] = Some(value);
        }
        self.body.run(cx, &values.into_iter().flatten().collect::<Vec<Array>>())
    }
}

/// The cotangents of inputs in which the turns are linear: turn by turn from the last one, the cotangents of the
/// carried values are carried, and those of captured ones are summed. A carried value that is known at first is zero.
fn transposed(
    cx: &mut Context,
    op: &Op,
    terms: &[Term],
    cotangents: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 2]>> {
    let turns = turns(op)?;
    if turns.body.draws() {
        return Err(draws());
    }
    let [carried, stacked, captured] = turns.parts();
    let divided = |part: std::ops::Range<usize>| part.partition::<Vec<usize>, _>(|&number| terms[number].is_linear());
    let carried: Vec<usize> = carried.collect();
    let ((rows, known_rows), (sums, known)) = (divided(stacked), divided(captured));
    let outgoing: Vec<usize> =
        (turns.carried..cotangents.len()).filter(|&number| cotangents[number].is_some()).collect();
    let known_of = |numbers: &[usize]| -> Vec<Array> {
        let known = numbers.iter().filter_map(|&number| match &terms[number] {
            Term::Known(array) => Some(array.clone()),
            Term::Linear(_) => None,
        });
        known.collect()
    };
    let body = &turns.body;
    let mut given = vec![];
    for &number in &carried {
        given.push(tangent_like(cx, cotangents[number].clone(), &body.results[number])?);
    }
    for &number in &sums {
        given.push(zeros(cx, &body.inputs[number])?);
    }
    let first = given.len();
    given.extend(known_of(&known_rows));
    given.extend(outgoing.iter().filter_map(|&number| cotangents[number].clone()));
    let stacked = given.len() - first;
    given.extend(known_of(&known));

    let (recorder, tape) = (Recorder::new(cx.modes.enter()), Tape::new(cx.modes.enter()));
    let result = |&number: &usize| (number, recorder.input(body.results[number].clone()));
    let mut incoming: Inputs = carried.iter().map(result).collect();
    let before = turns.body_inputs(&recorder, &[&sums]);
    let mut inputs = turns.body_inputs(&recorder, &[&known_rows]);
    incoming.extend(outgoing.iter().map(result));
    inputs.extend(turns.body_inputs(&recorder, &[&known]));
    let linear = [carried.as_slice(), &sums, &rows];
    let outputs = recorder.run(cx, |cx| {
        let results = turns.run_with(cx, inputs, &linear, &tape)?;
        let pairs = incoming.into_iter().filter_map(|(number, ct)| Some((tape.number(&results[number])?, ct)));
        let found = tape.transpose(cx, pairs.collect(), linear.concat().len(), true)?;
        let mut outputs = vec![];
        for (found, &number) in found.into_iter().zip(&linear.concat()) {
            outputs.push(tangent_like(cx, found, &body.inputs[number])?);
        }
        for ((_, sum), part) in before.iter().zip(&mut outputs[carried.len()..]) {
            *part = apply2(cx, &ADD, sum.clone(), part.clone())?;
        }
        Ok(outputs)
    });
    tape.clear();
    let body = recorder.finish(cx, &outputs?)?;
    let back = Turns { body, count: turns.count, carried: first, stacked, reverse: !turns.reverse };
    let found = scan(cx, back, given)?;
    let mut all: SmallVec<[Option<Array>; 2]> = smallvec![None; terms.len()];
    for (&number, cotangent) in linear.concat().iter().zip(found) {
        if let Term::Linear(aval) = &terms[number] {
            all[number] = Some(cast_back(cx, cotangent, aval)?);
        }
    }
    Ok(all)
}

/// All rows at once. What is carried has rows where a turn makes them so.
fn batched(cx: &mut Context, op: &Op, inputs: &[Array], batched: &[bool], count: usize) -> Result<Outputs> {
    let turns = turns(op)?;
    let mut by_row: Vec<bool> = batched.to_vec();
    let (body, results, given) = loop {
        let mut given = vec![];
        for (number, input) in inputs.iter().enumerate() {
            given.push(match by_row[number] {
                true if number < turns.carried => all_rows(cx, input, batched[number], count)?,
                // the turns come before the rows
                true if number < turns.carried + turns.stacked => moveaxis(cx, input.clone(), &[1], &[0])?,
                _ => input.clone(),
            });
        }
        let (recorder, results) = rows_of_body(cx, turns, &given, &by_row, count)?;
        if let Some(number) = (0..turns.carried).find(|&number| results[number].1 && !by_row[number]) {
            by_row[number] = true;
            continue;
        }
        let mut wanted = vec![];
        for (number, (result, has_rows)) in results.iter().enumerate() {
            wanted.push(match given.get(number).filter(|_| number < turns.carried) {
                Some(before) if by_row[number] => recorder.run(cx, |cx| {
                    let all = all_rows(cx, result, *has_rows, count)?;
                    cast_back(cx, all, &before.aval())
                })?,
                _ => result.clone(),
            });
        }
        break (recorder.finish(cx, &wanted)?, results, given);
    };
    let Turns { count: length, carried, stacked, reverse, .. } = *turns;
    let found = scan(cx, Turns { body, count: length, carried, stacked, reverse }, given)?;
    let mut all = Outputs::new();
    for (number, (found, (_, has_rows))) in found.into_iter().zip(results).enumerate() {
        all.push(match number < turns.carried {
            true => all_rows(cx, &found, by_row[number], count)?,
            false if has_rows => moveaxis(cx, found, &[1], &[0])?,
            false => all_rows(cx, &found, false, count)?,
        });
    }
    Ok(all)
}

/// The body run on rows, as far as it is known which of its inputs have them.
fn rows_of_body(
    cx: &mut Context,
    turns: &Turns,
    given: &[Array],
    by_row: &[bool],
    count: usize,
) -> Result<(Recorder, Vec<(Array, bool)>)> {
    let recorder = Recorder::new(cx.modes.enter());
    let [_, stacked, _] = turns.parts();
    let mut values = vec![];
    for (number, input) in given.iter().enumerate() {
        let mut aval = input.aval();
        if stacked.contains(&number) {
            aval.shape.remove(0);
            // rows of a batch are typed
            aval.weak = turns.body.inputs[number].weak && !by_row[number];
        }
        values.push(recorder.input(aval));
    }
    let results = recorder.run(cx, |cx| run_by_rows(cx, &turns.body, &values, by_row, count))?;
    Ok((recorder, results))
}
