//! `cond`: one of two graphs runs, as a truth value says.
//!
//! Its rules make graphs of graphs: a branch is run on tracers of the transform and what it did is recorded. A branch
//! that is differentiated computes its values anew on the way back; only the inputs are kept.

use super::Graph;
use super::rules::{Moved, Slot, rows_that_count, run_moving, run_rows};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::index::{self, Index};
use crate::ops::linear::zeros;
use crate::ops::reduce::{ANY, reduce};
use crate::ops::{
    Arity, Attrs, Batch, Derivative, Entry, Kernel, LOGICAL_NOT, Op, Outputs, Rule, Term, apply_all, apply1, select,
};
use crate::tensor::{Abstract, Array, Tensor};
use crate::transform::linear::Tape;
use crate::transform::trace::Recorder;
use crate::transform::{concrete, hushed, known};
use send_wrapper::SendWrapper;
use smallvec::{SmallVec, smallvec};
use std::rc::Rc;

/// What runs where the truth value holds, and where it does not. Both take and give the same.
#[derive(Clone, Debug)]
pub struct Branches(SendWrapper<Rc<[Graph; 2]>>);

impl PartialEq for Branches {
    fn eq(&self, other: &Branches) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Branches {
    pub fn new(then: Graph, otherwise: Graph) -> Branches {
        Branches(SendWrapper::new(Rc::new([then, otherwise])))
    }

    /// The one that runs where the truth value holds, and the other.
    pub fn graphs(&self) -> &[Graph; 2] {
        &self.0
    }
}

/// The inputs are the truth value and those of the graphs.
pub(crate) static TABLE: &[&Entry] = &[&COND];

static COND: Entry = Entry {
    derivative: Derivative::Whole(tangents),
    transpose: Some(transposed),
    batch: Batch::Whole(batched),
    ..Entry::of("cond", "if", Arity::AtLeast(1), Rule::Many(rule), Kernel::Composed(kernel))
};

/// Runs the branch that the condition tells.
pub fn cond(cx: &mut Context, branches: Branches, condition: Array, inputs: Vec<Array>) -> Result<Outputs> {
    let mut all = vec![condition];
    all.extend(inputs);
    apply_all(cx, &Op { entry: &COND, attrs: Attrs::Cond(branches) }, &mut all)
}

fn rule(op: &Op, _: &[Abstract]) -> Result<SmallVec<[Abstract; 1]>> {
    let Attrs::Cond(branches) = &op.attrs else { return Err(cpu::mistyped()) };
    Ok(branches.0[0].results.iter().cloned().collect())
}

fn kernel(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    let (Attrs::Cond(branches), [condition, inputs @ ..]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let holds = concrete(cx, condition)?.as_scalar().and_then(|holds| holds.as_bool()).ok_or_else(cpu::mistyped)?;
    let [then, otherwise] = &**branches.0;
    Ok(if holds { then } else { otherwise }.run(cx, inputs)?.into())
}

/// Makes a graph of each branch.
fn both(branches: &Branches, mut make: impl FnMut(&Graph) -> Result<Graph>) -> Result<Branches> {
    let [then, otherwise] = &**branches.0;
    Ok(Branches::new(make(then)?, make(otherwise)?))
}

#[cold]
fn draws_twice() -> Error {
    Error::new(Kind::Graph, "random draws inside an `if` that is part of a graph have no derivative yet")
        .help("draw before the `if`")
}

/// The tangents of the results: branches that take the tangents of inputs, too, and give those of results.
fn tangents(
    cx: &mut Context,
    op: &Op,
    inputs: &[Array],
    results: &[Array],
    tangents: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 1]>> {
    let Attrs::Cond(branches) = &op.attrs else { return Err(cpu::mistyped()) };
    let moving: Vec<usize> = (1..inputs.len()).filter(|&number| tangents[number].is_some()).collect();
    let floats: Vec<usize> = (0..results.len()).filter(|&number| results[number].dtype().is_float()).collect();
    if moving.is_empty() || floats.is_empty() {
        return Ok(smallvec![None; results.len()]);
    }
    if op.draws_inside() {
        return Err(draws_twice());
    }
    let moved = both(branches, |graph| {
        let values = (0..graph.inputs.len()).map(Slot::Value);
        let order: Vec<Slot> = values.chain(moving.iter().map(|&number| Slot::Tangent(number - 1))).collect();
        let Moved { recorder, mut results } = run_moving(cx, graph, &order, true)?;
        let mut outputs = vec![];
        for &number in &floats {
            let (primal, tangent) = &mut results[number];
            outputs.push(match tangent.take() {
                Some(tangent) => tangent,
                None => zeros(cx, &primal.aval())?,
            });
        }
        recorder.finish(cx, &outputs)
    })?;
    let given = inputs[1..].iter().chain(moving.iter().filter_map(|&number| tangents[number].as_ref())).cloned();
    let found = cond(cx, moved, inputs[0].clone(), given.collect())?;
    let mut all: SmallVec<[Option<Array>; 1]> = smallvec![None; results.len()];
    for (number, tangent) in floats.into_iter().zip(found) {
        all[number] = Some(tangent);
    }
    Ok(all)
}

/// The cotangents of inputs in which the branches are linear: branches that take the known inputs and the cotangents of
/// results.
fn transposed(
    cx: &mut Context,
    op: &Op,
    terms: &[Term],
    cotangents: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 2]>> {
    let (Attrs::Cond(branches), [Term::Known(condition), terms @ ..]) = (&op.attrs, terms) else {
        return Err(cpu::mistyped());
    };
    let wanted = cotangents.iter().flatten().cloned().collect::<Vec<Array>>();
    let back = both(branches, |graph| {
        let recorder = Recorder::new(cx.modes.enter());
        let tape = Tape::new(cx.modes.enter());
        let mut values = vec![];
        let mut linear = vec![];
        for term in terms {
            values.push(match term {
                Term::Linear(aval) => {
                    linear.push(aval.clone());
                    tape.input(aval.clone()).1
                }
                Term::Known(array) => recorder.input(array.aval()),
            });
        }
        let incoming: Vec<Array> = wanted.iter().map(|array| recorder.input(array.aval())).collect();
        let outputs = recorder.run(cx, |cx| {
            let results = hushed(cx, |cx| graph.run(cx, &values))?;
            let moved = results.iter().zip(cotangents).filter(|(_, cotangent)| cotangent.is_some());
            let pairs = moved.zip(incoming).filter_map(|((result, _), ct)| Some((tape.number(result)?, ct))).collect();
            let found = tape.transpose(cx, pairs, linear.len(), true)?;
            let mut outputs = vec![];
            for (found, aval) in found.into_iter().zip(&linear) {
                outputs.push(match found {
                    Some(found) => found,
                    None => zeros(cx, aval)?,
                });
            }
            Ok(outputs)
        })?;
        recorder.finish(cx, &outputs)
    })?;
    let known = terms.iter().filter_map(|term| match term {
        Term::Known(array) => Some(array.clone()),
        Term::Linear(_) => None,
    });
    let given = known.chain(wanted.iter().cloned()).collect();
    let mut found = cond(cx, back, condition.clone(), given)?.into_iter();
    let cotangents = terms.iter().map(|term| if term.is_linear() { found.next() } else { None });
    Ok(std::iter::once(None).chain(cotangents).collect())
}

/// Where the condition is the same for all rows, one branch runs for all of them. Else each branch runs on the rows that
/// take it, if that is known; if not, on all rows with the inputs of its own, and every row takes the result of its side.
fn batched(cx: &mut Context, op: &Op, inputs: &[Array], batched: &[bool], count: usize) -> Result<Outputs> {
    let (Attrs::Cond(branches), [condition, inputs @ ..], [chosen_by_row, batched @ ..]) = (&op.attrs, inputs, batched)
    else {
        return Err(cpu::mistyped());
    };
    let [then, otherwise] = &**branches.0;
    if !*chosen_by_row {
        let all_rows = both(branches, |graph| {
            let recorder = Recorder::new(cx.modes.enter());
            let values: Vec<Array> = inputs.iter().map(|input| recorder.input(input.aval())).collect();
            let results = recorder.run(cx, |cx| run_rows(cx, graph, &values, batched, count))?;
            recorder.finish(cx, &results)
        })?;
        return cond(cx, all_rows, condition.clone(), inputs.to_vec());
    }
    let sides = match known(cx, condition)? {
        Some(truth) => Sides::of(&truth)?,
        None => None,
    };
    let Some(sides) = sides else {
        // what a row draws or prints is its own, also where another side is taken
        if op.has_effect() {
            let found = [run_rows(cx, then, inputs, batched, count)?, run_rows(cx, otherwise, inputs, batched, count)?];
            return choose(cx, condition, found, count);
        }
        let others = apply1(cx, &LOGICAL_NOT, condition.clone())?;
        let found = [
            one_side(cx, then, condition, inputs, batched, count)?,
            one_side(cx, otherwise, &others, inputs, batched, count)?,
        ];
        return choose(cx, condition, found, count);
    };
    let mut found = [vec![], vec![]];
    for (side, (graph, rows)) in [then, otherwise].into_iter().zip(&sides.rows).enumerate() {
        let part = |cx: &mut Context, (input, &batched): (&Array, &bool)| match batched {
            true => index::get(cx, input, &[Index::Array(rows.clone())]),
            false => Ok(input.clone()),
        };
        let own = inputs.iter().zip(batched).map(|pair| part(cx, pair)).collect::<Result<Vec<Array>>>()?;
        let results = run_rows(cx, graph, &own, batched, rows.size())?;
        // every row gets a result of this side, so that both have one length; only its own are chosen
        let spread = |result: &Array| index::get(cx, result, &[Index::Array(sides.places[side].clone())]);
        found[side] = results.iter().map(spread).collect::<Result<Vec<Array>>>()?;
    }
    choose(cx, condition, found, count)
}

/// The results of a branch in all rows that take it; in others they are anything. It does not run where no row takes it.
fn one_side(
    cx: &mut Context,
    graph: &Graph,
    rows: &Array,
    inputs: &[Array],
    batched: &[bool],
    count: usize,
) -> Result<Vec<Array>> {
    let any = reduce(cx, &ANY, rows.clone(), None, false)?;
    let given: Vec<Array> = std::iter::once(rows).chain(inputs).cloned().collect();
    let traced = |cx: &mut Context| {
        let recorder = Recorder::new(cx.modes.enter());
        let values: Vec<Array> = given.iter().map(|input| recorder.input(input.aval())).collect();
        (recorder, values)
    };
    let (recorder, values) = traced(cx);
    let results = recorder.run(cx, |cx| {
        let own = rows_that_count(cx, &values[0], &values[1..], batched, count)?;
        run_rows(cx, graph, &own, batched, count)
    })?;
    let taken = recorder.finish(cx, &results)?;
    let (recorder, _) = traced(cx);
    let nothing: Result<Vec<Array>> = taken.results.iter().map(|aval| zeros(cx, aval)).collect();
    let left = recorder.finish(cx, &nothing?)?;
    Ok(cond(cx, Branches::new(taken, left), any, given)?.into_vec())
}

/// The rows that take each side of an `if`, and for every row where its result lies among those of each side.
struct Sides {
    rows: [Array; 2],
    places: [Array; 2],
}

impl Sides {
    /// None where all rows take the same one.
    fn of(truth: &Array) -> Result<Option<Sides>> {
        let tensor = truth.to_tensor().ok_or_else(cpu::mistyped)?;
        let (mut rows, mut places) = ([vec![], vec![]], [vec![], vec![]]);
        for row in 0..tensor.size() {
            let holds = tensor.scalar(row).and_then(|holds| holds.as_bool()).ok_or_else(cpu::mistyped)?;
            let own = usize::from(!holds);
            places[own].push(rows[own].len() as i64);
            places[1 - own].push(0);
            rows[own].push(row as i64);
        }
        let tensor = |numbers: Vec<i64>| {
            let len = numbers.len();
            Array::Tensor(Tensor::from_vec(numbers, &[len]))
        };
        let split = rows.iter().all(|rows| !rows.is_empty());
        Ok(split.then(|| Sides { rows: rows.map(tensor), places: places.map(tensor) }))
    }
}

/// The results of the side that each row takes.
fn choose(cx: &mut Context, condition: &Array, [then, otherwise]: [Vec<Array>; 2], count: usize) -> Result<Outputs> {
    let mut chosen = Outputs::new();
    for (a, b) in then.into_iter().zip(otherwise) {
        // the condition of a row stands for all its elements
        let mut shape: SmallVec<[i64; 4]> = smallvec![1; a.ndim()];
        shape[0] = count as i64;
        let holds = crate::ops::reshape(cx, condition.clone(), &shape)?;
        chosen.push(select(cx, holds, a, b)?);
    }
    Ok(chosen)
}
