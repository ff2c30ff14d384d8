//! `scan`: a graph that runs a known number of times, values being carried from turn to turn.
//!
//! Its rules make scans of scans. The derivative backward keeps the carried values of every turn, and runs the body
//! anew with them, as a scan that is linear in the tangents; that one is transposed turn by turn, the last one first.

use super::rules::{Moved, Slot, run_by_rows, run_moving, tangent_like};
use super::{Graph, Operand};
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

/// A scan that keeps the carried values of every turn, and one of tangents alone.
fn backward(
    cx: &mut Context,
    turns: &Turns,
    inputs: &[Array],
    tangents: &[Option<Array>],
    moving: &[bool],
) -> Result<(Outputs, Tangents)> {
    if turns.body.draws() {
        return Err(draws());
    }
    let keeping = Turns {
        body: with_outputs(cx, &turns.body, 0..turns.carried)?,
        count: turns.count,
        carried: turns.carried,
        stacked: turns.stacked,
        reverse: turns.reverse,
    };
    let mut results = scan(cx, keeping, inputs.to_vec())?;
    let history: Vec<Array> = results.drain(turns.body.results.len()..).collect();

    let [carried, stacked, captured] = turns.parts();
    let moves = |part: &std::ops::Range<usize>| part.clone().filter(|&number| moving[number]).map(Slot::Tangent);
    let mut order: Vec<Slot> = moves(&carried).collect();
    let first = order.len();
    order.extend(carried.clone().chain(stacked.clone()).map(Slot::Value));
    order.extend(moves(&stacked));
    let rows = order.len() - first;
    order.extend(captured.clone().map(Slot::Value));
    order.extend(moves(&captured));
    let mut values = inputs.to_vec();
    values.splice(..turns.carried, history);
    // the tangents are those of the first turn, the values those of all
    let mut given = vec![];
    for slot in &order {
        given.push(match *slot {
            Slot::Value(number) => values[number].clone(),
            Slot::Tangent(number) => tangent_like(cx, tangents[number].clone(), &inputs[number].aval())?,
        });
    }
    let Moved { recorder, results: found } = run_moving(cx, &turns.body, &order)?;
    let (mut wanted, mut places) = (vec![], vec![]);
    for (number, (primal, tangent)) in found.into_iter().enumerate() {
        let moves = if number < turns.carried { moving[number] } else { tangent.is_some() };
        if moves {
            wanted.push(recorder.run(cx, |cx| tangent_like(cx, tangent, &primal.aval()))?);
            places.push(number);
        }
    }
    let body = recorder.finish(cx, &wanted)?;
    let linear = Turns { body, count: turns.count, carried: first, stacked: rows, reverse: turns.reverse };
    let mut moved: Tangents = smallvec![None; results.len()];
    for (place, tangent) in places.into_iter().zip(scan(cx, linear, given)?) {
        moved[place] = Some(tangent);
    }
    Ok((results, moved))
}

/// A graph that gives some of its inputs, too.
fn with_outputs(cx: &mut Context, graph: &Graph, inputs: std::ops::Range<usize>) -> Result<Graph> {
    let mut draft = graph.draft();
    for number in inputs {
        draft.outputs.push(Operand::Input(number));
        draft.results.push(graph.inputs[number].clone());
    }
    Graph::new(cx, draft)
}

#[cold]
fn draws() -> Error {
    Error::new(Kind::Graph, "random draws inside a loop that is part of a graph have no backward derivative yet")
        .help("draw before the loop, an array for all turns, and read its rows in the turns")
}

/// The cotangents of inputs in which the turns are linear: turn by turn from the last one, the cotangents of the
/// carried values are carried, and those of captured ones are summed. What is carried begins at zero where it is known.
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
    let linear = |part: &std::ops::Range<usize>| -> Vec<usize> {
        part.clone().filter(|&number| terms[number].is_linear()).collect()
    };
    let (rows, sums) = (linear(&stacked), linear(&captured));
    let row = |number: usize| turns.body.inputs[number].clone();
    let (mut given, mut known) = (vec![], vec![]);
    for (cotangent, aval) in cotangents.iter().zip(&turns.body.results).take(turns.carried) {
        given.push(tangent_like(cx, cotangent.clone(), aval)?);
    }
    for &number in &sums {
        given.push(zeros(cx, &row(number))?);
    }
    for number in stacked.clone().chain(captured.clone()) {
        if let Term::Known(array) = &terms[number] {
            if stacked.contains(&number) { given.push(array.clone()) } else { known.push(array.clone()) }
        }
    }
    let outgoing: Vec<usize> =
        (turns.carried..cotangents.len()).filter(|&number| cotangents[number].is_some()).collect();
    given.extend(outgoing.iter().filter_map(|&number| cotangents[number].clone()));
    let back = Turns {
        body: one_back(cx, turns, terms, &rows, &sums, &outgoing)?,
        count: turns.count,
        carried: turns.carried + sums.len(),
        stacked: given.len() - turns.carried - sums.len(),
        reverse: !turns.reverse,
    };
    given.extend(known);
    let mut found = scan(cx, back, given)?.into_iter();
    let mut all: SmallVec<[Option<Array>; 2]> = smallvec![None; terms.len()];
    for number in carried.chain(sums).chain(rows) {
        let cotangent = found.next();
        if let Term::Linear(aval) = &terms[number] {
            all[number] = cotangent.map(|cotangent| cast_back(cx, cotangent, aval)).transpose()?;
        }
    }
    Ok(all)
}

/// One turn backward: takes the cotangents of carried results, the sums for captured inputs, known rows, the cotangents
/// of outputs, known captured values. Gives the cotangents of carried values, the sums, and the cotangents of rows.
fn one_back(
    cx: &mut Context,
    turns: &Turns,
    terms: &[Term],
    rows: &[usize],
    sums: &[usize],
    outgoing: &[usize],
) -> Result<Graph> {
    let body = &turns.body;
    let recorder = Recorder::new(cx.modes.enter());
    let tape = Tape::new(cx.modes.enter());
    let mut incoming: Vec<Option<Array>> = vec![None; body.results.len()];
    for (number, aval) in body.results.iter().enumerate().take(turns.carried) {
        incoming[number] = Some(recorder.input(aval.clone()));
    }
    let before: Vec<Array> = sums.iter().map(|&number| recorder.input(body.inputs[number].clone())).collect();
    let mut values: Vec<Option<Array>> = vec![None; body.inputs.len()];
    let [carried, stacked, captured] = turns.parts();
    let input = |number: usize| recorder.input(body.inputs[number].clone());
    for number in stacked.filter(|&number| !terms[number].is_linear()) {
        values[number] = Some(input(number));
    }
    for &number in outgoing {
        incoming[number] = Some(recorder.input(body.results[number].clone()));
    }
    for number in captured.filter(|&number| !terms[number].is_linear()) {
        values[number] = Some(input(number));
    }
    let linear: Vec<usize> = carried.chain(sums.iter().copied()).chain(rows.iter().copied()).collect();
    for &number in &linear {
        values[number] = Some(tape.input(body.inputs[number].clone()).1);
    }
    let values: Vec<Array> = values.into_iter().flatten().collect();
    let outputs = recorder.run(cx, |cx| {
        let results = body.run(cx, &values)?;
        let pairs = results.iter().zip(incoming).filter_map(|(result, ct)| Some((tape.number(result)?, ct?))).collect();
        let found = tape.transpose(cx, pairs, linear.len(), true)?;
        let mut outputs = vec![];
        for (found, &number) in found.into_iter().zip(&linear) {
            outputs.push(tangent_like(cx, found, &body.inputs[number])?);
        }
        for (sum, part) in before.iter().zip(&mut outputs[turns.carried..]) {
            *part = apply2(cx, &ADD, sum.clone(), part.clone())?;
        }
        Ok(outputs)
    });
    tape.clear();
    recorder.finish(cx, &outputs?)
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
