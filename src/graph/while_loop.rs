//! `while`: a graph that runs as long as another says so, values being carried from turn to turn.
//!
//! Backward its derivative is that of a `scan` of as many turns, which have to be known by then.

use super::cond::{Branches, cond};
use super::rules::{Moved, Slot, rows_that_count, run_by_rows, run_moving};
use super::scan::moves::{self, filled, spread, with_tangents};
use super::scan::{self, Turns};
use super::{Draft, Graph, Operand};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::linear::cast_back;
use crate::ops::reduce::{ANY, reduce};
use crate::ops::rows::all_rows;
use crate::ops::{
    ADD, Arity, Attrs, Batch, Derivative, Entry, Kernel, LOGICAL_AND, Op, Outputs, Rule, Tangents, apply_all, apply2,
    reshape, select,
};
use crate::tensor::{Abstract, Array, DType};
use crate::transform::linear::Tape;
use crate::transform::trace::Recorder;
use crate::transform::{concrete, hushed, known_rows};
use send_wrapper::SendWrapper;
use smallvec::{SmallVec, smallvec};
use std::rc::Rc;

/// Both graphs take the carried values and what was captured.
#[derive(Debug)]
pub struct Parts {
    /// Gives a truth value: is there another turn?
    pub condition: Graph,
    /// Gives the carried values of the next turn, in the same form.
    pub body: Graph,
    /// How many of the inputs are carried.
    pub carried: usize,
}

#[derive(Clone, Debug)]
pub struct While(SendWrapper<Rc<Parts>>);

impl PartialEq for While {
    fn eq(&self, other: &While) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl While {
    pub fn condition(&self) -> &Graph {
        &self.0.condition
    }

    pub fn body(&self) -> &Graph {
        &self.0.body
    }

    /// The same of other graphs.
    pub fn with(&self, with: impl Fn(&Graph) -> Graph) -> While {
        let Parts { condition, body, carried } = &**self.0;
        While(SendWrapper::new(Rc::new(Parts { condition: with(condition), body: with(body), carried: *carried })))
    }
}

/// The inputs are those of the graphs.
pub(crate) static TABLE: &[&Entry] = &[&WHILE];

static WHILE: Entry = Entry {
    derivative: Derivative::Together(together),
    // inside another loop nobody knows how many turns there are each time
    split: Some(|_, _, _, _| Err(turns_are_unknown())),
    transpose: Some(|_, _, _, _| Err(turns_are_unknown())),
    batch: Batch::Whole(batched),
    ..Entry::of("while", "while", Arity::AtLeast(0), Rule::Many(rule), Kernel::Composed(kernel))
};

/// Runs the turns: the carried values behind the last one.
pub fn while_loop(cx: &mut Context, parts: Parts, mut inputs: Vec<Array>) -> Result<Outputs> {
    let attrs = Attrs::While(While(SendWrapper::new(Rc::new(parts))));
    apply_all(cx, &Op { entry: &WHILE, attrs }, &mut inputs)
}

fn parts(op: &Op) -> Result<&Parts> {
    match &op.attrs {
        Attrs::While(turns) => Ok(&turns.0),
        _ => Err(cpu::mistyped()),
    }
}

fn rule(op: &Op, _: &[Abstract]) -> Result<SmallVec<[Abstract; 1]>> {
    Ok(parts(op)?.body.results.iter().cloned().collect())
}

fn kernel(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    let parts = parts(op)?;
    if let Some(results) = super::turns::repeat(cx, parts, inputs)? {
        return Ok(results);
    }
    let (carried, captured) = inputs.split_at(parts.carried);
    let mut state: Vec<Array> = carried.to_vec();
    // who makes a loop has asked once, to know that it is one: what that prints is printed
    let mut asked = true;
    loop {
        cx.check()?;
        state.extend(captured.iter().cloned());
        let found = match std::mem::take(&mut asked) {
            true => hushed(cx, |cx| parts.condition.run(cx, &state))?,
            false => parts.condition.run(cx, &state)?,
        };
        let holds = found.into_iter().next().ok_or_else(cpu::mistyped)?;
        let holds = concrete(cx, &holds)?.as_scalar().and_then(|holds| holds.as_bool()).ok_or_else(cpu::mistyped)?;
        if !holds {
            state.truncate(parts.carried);
            return Ok(Outputs::from_vec(state));
        }
        state = parts.body.run_on(cx, state)?;
        scan::settle(cx, &mut state)?;
    }
}

fn together(cx: &mut Context, op: &Op, inputs: &[Array], tangents: &[Option<Array>]) -> Result<(Outputs, Tangents)> {
    let parts = parts(op)?;
    if tangents.iter().flatten().any(|tangent| Tape::of(tangent).is_some()) {
        return backward(cx, parts, inputs, tangents);
    }
    let mut moving: Vec<bool> = tangents.iter().map(Option::is_some).collect();
    spread(cx, &parts.body, parts.carried, &mut moving)?;
    let mut order: Vec<Slot> = vec![];
    let mut first = 0;
    for part in [0..parts.carried, parts.carried..inputs.len()] {
        order.extend(part.clone().map(Slot::Value));
        order.extend(part.clone().filter(|&number| moving[number]).map(Slot::Tangent));
        if part.start == 0 {
            first = order.len();
        }
    }
    let given = filled(cx, &order, inputs, tangents)?;
    let Moved { recorder, results } = run_moving(cx, &parts.body, &order, false)?;
    let (body, _) = with_tangents(cx, &recorder, results, parts.carried, &moving)?;
    let Moved { recorder, results } = run_moving(cx, &parts.condition, &order, false)?;
    let holds: Vec<Array> = results.into_iter().map(|(holds, _)| holds).collect();
    let condition = recorder.finish(cx, &holds)?;
    let mut found = while_loop(cx, Parts { condition, body, carried: first }, given)?;
    let mut moved = found.drain(parts.carried..).collect::<Vec<Array>>().into_iter();
    let tangents = (0..parts.carried).map(|number| if moving[number] { moved.next() } else { None }).collect();
    Ok((found, tangents))
}

/// The turns are counted; where rows of a batch take a different number of them, those that are done stay.
fn backward(
    cx: &mut Context,
    parts: &Parts,
    inputs: &[Array],
    tangents: &[Option<Array>],
) -> Result<(Outputs, Tangents)> {
    if parts.body.draws() || parts.condition.draws() {
        let message = "random draws inside a `while` that is part of a graph have no backward derivative yet";
        return Err(Error::new(Kind::Graph, message).help("draw before the loop"));
    }
    let counted = counted(cx, parts)?;
    let mut given = vec![Array::Int(0)];
    given.extend_from_slice(inputs);
    let turns = while_loop(cx, counted, given)?.into_iter().next().ok_or_else(cpu::mistyped)?;
    let Some(turns) = known_rows(cx, &turns)? else {
        return Err(turns_are_unknown());
    };
    let counts: Vec<i64> = (0..turns.size()).filter_map(|row| turns.scalar(row)?.as_i64()).collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    let body = match counts.iter().all(|&count| count == most) {
        true => copied(cx, &parts.body)?,
        false => held(cx, parts)?,
    };
    let count = usize::try_from(most).map_err(|_| cpu::mistyped())?;
    let turns = Turns { body, count, carried: parts.carried, stacked: 0, reverse: false };
    moves::together(cx, &scan::of(turns), inputs, tangents)
}

#[cold]
fn turns_are_unknown() -> Error {
    let message =
        "a `while` that is part of a graph has no backward derivative where the number of its turns is unknown";
    Error::new(Kind::Graph, message)
        .help("a `for` over a known range with an `if` inside has one: `for _ in 0..100 { if x > 1 { x = x / 2 } }`")
}

fn copied(cx: &mut Context, graph: &Graph) -> Result<Graph> {
    Graph::new(cx, graph.draft())
}

/// The same with the number of turns as its first carried value.
fn counted(cx: &mut Context, parts: &Parts) -> Result<Parts> {
    let number = Abstract { weak: true, ..Abstract::new(smallvec![], DType::I64) };
    let one = |cx: &mut Context, graph: &Graph, counts: bool| -> Result<Graph> {
        let recorder = Recorder::new(cx.modes.enter());
        let turn = recorder.input(number.clone());
        let values: Vec<Array> = graph.inputs.iter().map(|aval| recorder.input(aval.clone())).collect();
        let results = recorder.run(cx, |cx| {
            if !counts {
                return graph.run(cx, &values);
            }
            // the turns that are counted run again; the condition does not
            let mut results = hushed(cx, |cx| graph.run(cx, &values))?;
            results.insert(0, apply2(cx, &ADD, turn.clone(), Array::Int(1))?);
            Ok(results)
        })?;
        recorder.finish(cx, &results)
    };
    let (condition, body) = (one(cx, &parts.condition, false)?, one(cx, &parts.body, true)?);
    Ok(Parts { condition, body, carried: parts.carried + 1 })
}

/// A turn that leaves the carried values as they are where the condition does not hold.
fn held(cx: &mut Context, parts: &Parts) -> Result<Graph> {
    let turn = copied(cx, &parts.body)?;
    let outputs = (0..parts.carried).map(Operand::Input).collect();
    let results = parts.body.results.clone();
    let stay = Graph::new(cx, Draft { inputs: parts.body.inputs.clone(), nodes: vec![], outputs, results })?;
    let recorder = Recorder::new(cx.modes.enter());
    let values: Vec<Array> = parts.body.inputs.iter().map(|aval| recorder.input(aval.clone())).collect();
    let results = recorder.run(cx, |cx| {
        // it printed when the turns were counted
        let holds = hushed(cx, |cx| parts.condition.run(cx, &values))?.pop().ok_or_else(cpu::mistyped)?;
        cond(cx, Branches::new(turn, stay), holds, values.clone())
    })?;
    recorder.finish(cx, &results)
}

/// All rows at once, as long as any of them goes on; rows that are done keep their values.
fn batched(cx: &mut Context, op: &Op, inputs: &[Array], batched: &[bool], count: usize) -> Result<Outputs> {
    let parts = parts(op)?;
    let mut by_row: Vec<bool> = batched.to_vec();
    loop {
        let mut given = vec![];
        for (number, input) in inputs.iter().enumerate() {
            let carried = number < parts.carried && by_row[number];
            given.push(if carried { all_rows(cx, input, batched[number], count)? } else { input.clone() });
        }
        let turn = Rows { parts, given: &given, by_row: &by_row, count };
        let (condition, holds) = turn.run(cx, &parts.condition)?;
        let (body, results) = turn.run(cx, &parts.body)?;
        let ends_by_row = holds.iter().any(|(_, has_rows)| *has_rows);
        let more: Vec<usize> =
            (0..parts.carried).filter(|&number| !by_row[number] && (ends_by_row || results[number].1)).collect();
        if !more.is_empty() {
            more.into_iter().for_each(|number| by_row[number] = true);
            continue;
        }
        if ends_by_row {
            return turn.until_all_are_done(cx);
        }
        let results = turn.in_rows(cx, &body, results)?;
        let holds: Vec<Array> = holds.into_iter().map(|(holds, _)| holds).collect();
        let (condition, body) = (condition.finish(cx, &holds)?, body.finish(cx, &results)?);
        let found = while_loop(cx, Parts { condition, body, carried: parts.carried }, given)?;
        let all = found.iter().zip(&by_row).map(|(found, &has_rows)| all_rows(cx, found, has_rows, count));
        return all.collect();
    }
}

/// A loop over rows: which inputs have them.
struct Rows<'r> {
    parts: &'r Parts,
    given: &'r [Array],
    by_row: &'r [bool],
    count: usize,
}

impl Rows<'_> {
    fn run(&self, cx: &mut Context, graph: &Graph) -> Result<(Recorder, Vec<(Array, bool)>)> {
        let recorder = Recorder::new(cx.modes.enter());
        let values: Vec<Array> = self.given.iter().map(|input| recorder.input(input.aval())).collect();
        let results = recorder.run(cx, |cx| run_by_rows(cx, graph, &values, self.by_row, self.count))?;
        Ok((recorder, results))
    }

    /// The carried values of the next turn in the form of those of this one.
    fn in_rows(&self, cx: &mut Context, recorder: &Recorder, results: Vec<(Array, bool)>) -> Result<Vec<Array>> {
        let mut all = vec![];
        for ((result, has_rows), (before, &by_row)) in results.into_iter().zip(self.given.iter().zip(self.by_row)) {
            all.push(match by_row {
                true => recorder.run(cx, |cx| {
                    let rows = all_rows(cx, &result, has_rows, self.count)?;
                    cast_back(cx, rows, &before.aval())
                })?,
                false => result,
            });
        }
        Ok(all)
    }

    /// A truth value for every row is carried, too: does it go on?
    fn until_all_are_done(&self, cx: &mut Context) -> Result<Outputs> {
        let (carried, count) = (self.parts.carried, self.count);
        // who makes a loop has asked once
        let ask = |cx: &mut Context| run_by_rows(cx, &self.parts.condition, self.given, self.by_row, count);
        let first = hushed(cx, ask)?;
        let [(holds, has_rows)] = first.as_slice() else { return Err(cpu::mistyped()) };
        let going = all_rows(cx, holds, *has_rows, count)?;
        let inputs = |recorder: &Recorder| {
            let going = recorder.input(going.aval());
            (going, self.given.iter().map(|input| recorder.input(input.aval())).collect::<Vec<Array>>())
        };
        let recorder = Recorder::new(cx.modes.enter());
        let (rows, _) = inputs(&recorder);
        let any = recorder.run(cx, |cx| reduce(cx, &ANY, rows, None, false))?;
        let condition = recorder.finish(cx, &[any])?;

        let recorder = Recorder::new(cx.modes.enter());
        let (rows, mut values) = inputs(&recorder);
        let results = recorder.run(cx, |cx| {
            let own = rows_that_count(cx, &rows, &values, self.by_row, count)?;
            run_by_rows(cx, &self.parts.body, &own, self.by_row, count)
        })?;
        let results = self.in_rows(cx, &recorder, results)?;
        let results = recorder.run(cx, |cx| {
            for (value, result) in values.iter_mut().zip(results) {
                // the condition of a row stands for all its elements
                let mut shape: SmallVec<[i64; 4]> = smallvec![1; result.ndim()];
                shape[0] = count as i64;
                let chosen = reshape(cx, rows.clone(), &shape)?;
                *value = select(cx, chosen, result, value.clone())?;
            }
            let holds = run_by_rows(cx, &self.parts.condition, &values, self.by_row, count)?;
            let [(holds, has_rows)] = holds.as_slice() else { return Err(cpu::mistyped()) };
            let holds = all_rows(cx, holds, *has_rows, count)?;
            values.truncate(carried);
            values.insert(0, apply2(cx, &LOGICAL_AND, rows.clone(), holds)?);
            Ok(values)
        })?;
        let body = recorder.finish(cx, &results)?;
        let mut given = vec![going];
        given.extend_from_slice(self.given);
        let mut found = while_loop(cx, Parts { condition, body, carried: carried + 1 }, given)?;
        found.remove(0);
        Ok(found)
    }
}
