//! `scan`: a graph that runs a known number of times, values being carried from turn to turn.
//!
//! Its rules make scans of scans. The derivative backward keeps the carried values of every turn, and runs the body
//! anew with them, as a scan that is linear in the tangents; that one is transposed turn by turn, the last one first.

mod linear;
pub(super) mod moves;

use super::Graph;
use super::rules::run_by_rows;
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::ops::cast::weaken;
use crate::ops::index::{self, Index};
use crate::ops::linear::{cast_back, zeros};
use crate::ops::rows::all_rows;
use crate::ops::{Arity, Attrs, Batch, Derivative, Entry, Kernel, Op, Outputs, Rule, apply_all, moveaxis};
use crate::tensor::{Abstract, Array};
use crate::transform::trace::Recorder;
use crate::transform::{pending, waiting};
use send_wrapper::SendWrapper;
use smallvec::SmallVec;
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
    derivative: Derivative::Together(moves::together),
    split: Some(linear::split),
    transpose: Some(linear::transposed),
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
    // rows are written where they will be: nothing is kept twice
    let rows = turns.body.results[turns.carried..].iter().map(|row| zeros(cx, &rows_of(row, turns.count)));
    let mut outputs = rows.collect::<Result<Vec<Array>>>()?;
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
            index::set(cx, output, &[Index::At(at as i64)], row)?;
        }
        state = found;
    }
    Ok(state.into_iter().chain(outputs).collect())
}

/// Lets nothing wait for turns to come that would not wait for statements to come.
pub(super) fn settle(cx: &mut Context, found: &mut [Array]) -> Result<()> {
    if found.iter().any(Array::is_lifted) {
        waiting::end_statement(cx, 0)?;
        for found in found {
            *found = pending::arrived(cx, found)?;
        }
    }
    Ok(())
}

impl Turns {
    /// Which of the carried values, of the stacked and of the captured ones a list is about.
    fn parts(&self) -> [std::ops::Range<usize>; 3] {
        let stacked = self.carried + self.stacked;
        [0..self.carried, self.carried..stacked, stacked..self.body.inputs.len()]
    }
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
