//! What the rules of operations made of graphs share: a graph is run on tracers of a transform, and what it did is
//! recorded.

use super::Graph;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::ops::index::{self, Index};
use crate::ops::linear::{align, cast_back, zeros};
use crate::ops::reduce::{ARGMAX, reduce};
use crate::ops::{cast, reshape, select};
use crate::tensor::{Abstract, Array, DType};
use crate::transform::trace::Recorder;
use crate::transform::{Maker, batch, dual, hushed, making};
use smallvec::{SmallVec, smallvec};

/// An input of a graph in the making: that of a given graph, or its tangent.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    Value(usize),
    Tangent(usize),
}

/// A graph run with tangents.
pub(super) struct Moved {
    pub recorder: Recorder,
    /// The results, and how they move.
    pub results: Vec<(Array, Option<Array>)>,
}

/// Runs a graph on inputs of a new one, which come in this order. Every value must be among them. What runs `again` has
/// printed before.
pub(super) fn run_moving(cx: &mut Context, graph: &Graph, order: &[Slot], again: bool) -> Result<Moved> {
    let recorder = Recorder::new(cx.modes.enter());
    let level = cx.modes.enter();
    let mut values: Vec<Option<Array>> = vec![None; graph.inputs.len()];
    let mut tangents = values.clone();
    for slot in order {
        match *slot {
            Slot::Value(number) => values[number] = Some(recorder.input(graph.inputs[number].clone())),
            Slot::Tangent(number) => tangents[number] = Some(recorder.input(graph.inputs[number].clone())),
        }
    }
    let lifted = values.into_iter().zip(tangents).filter_map(|(value, tangent)| match tangent {
        Some(tangent) => Some(dual::lift(level, value?, tangent)),
        None => value,
    });
    let lifted: Vec<Array> = lifted.collect();
    let found = recorder.run(cx, |cx| match again {
        true => hushed(cx, |cx| graph.run(cx, &lifted)),
        false => graph.run(cx, &lifted),
    })?;
    Ok(Moved { recorder, results: found.iter().map(|result| dual::parts(result, level)).collect() })
}

/// The tangent of a value in the form of the value; none is zero.
pub(super) fn tangent_like(cx: &mut Context, tangent: Option<Array>, like: &Abstract) -> Result<Array> {
    match tangent {
        Some(tangent) => {
            let aligned = align(cx, tangent, like)?;
            cast_back(cx, aligned, like)
        }
        None => zeros(cx, like),
    }
}

/// Runs a graph on all rows of its inputs, draws for every row included. Each result says whether it has rows.
pub(super) fn run_by_rows(
    cx: &mut Context,
    graph: &Graph,
    values: &[Array],
    batched: &[bool],
    count: usize,
) -> Result<Vec<(Array, bool)>> {
    // inside a recorder, if there is one: what it records are operations on all rows
    let level = cx.modes.enter();
    let lift =
        |(value, &batched): (&Array, &bool)| if batched { batch::lift(level, value.clone()) } else { value.clone() };
    let rows: Vec<Array> = values.iter().zip(batched).map(lift).collect();
    let results = making(cx, Maker::Rows(level, count), |cx| graph.run(cx, &rows))?;
    Ok(results
        .into_iter()
        .map(|result| match batch::rows_of(&result, level) {
            Some(rows) => (rows, true),
            None => (result, false),
        })
        .collect())
}

/// Inputs in which rows that do not count are those of one that does: there must be one. So what runs on all rows does
/// nothing that it would not do for one that counts: it cannot fail, nor make a NaN that a derivative would meet.
pub(super) fn rows_that_count(
    cx: &mut Context,
    counts: &Array,
    values: &[Array],
    batched: &[bool],
    count: usize,
) -> Result<Vec<Array>> {
    let numbers = cast(cx, counts.clone(), DType::I64)?;
    let one = reduce(cx, &ARGMAX, numbers, None, false)?;
    let mut all = vec![];
    for (value, &has_rows) in values.iter().zip(batched) {
        if !has_rows {
            all.push(value.clone());
            continue;
        }
        let row = index::get(cx, value, &[Index::Array(one.clone())])?;
        // the truth value of a row stands for all its elements
        let mut shape: SmallVec<[i64; 4]> = smallvec![1; value.ndim()];
        shape[0] = count as i64;
        let counts = reshape(cx, counts.clone(), &shape)?;
        let chosen = select(cx, counts, value.clone(), row)?;
        all.push(cast_back(cx, chosen, &value.aval())?);
    }
    Ok(all)
}

/// The same, with rows for every result.
pub(super) fn run_rows(
    cx: &mut Context,
    graph: &Graph,
    values: &[Array],
    batched: &[bool],
    count: usize,
) -> Result<Vec<Array>> {
    let results = run_by_rows(cx, graph, values, batched, count)?;
    results.into_iter().map(|(result, batched)| crate::ops::rows::all_rows(cx, &result, batched, count)).collect()
}
