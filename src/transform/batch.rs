//! Batches: a function written for one row runs once for all rows.
//!
//! A batched value has the rows along the first axis of what stands behind it, and looks like one of them. What no rule
//! deals with is an error; no operation may see how many rows there are but through its rule.

use super::missing;
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::{Attrs, Batch, Op, Outputs, apply, apply_all, rows};
use crate::tensor::{Abstract, Array, Level, Lifted, Mode};
use smallvec::{SmallVec, smallvec};

struct Batched {
    rows: Array,
}

/// A value that stands for every row of `rows`, which has at least one axis.
pub fn lift(level: Level, rows: Array) -> Array {
    let mut aval = rows.aval();
    aval.shape.remove(0);
    Array::Lifted(Lifted::new(Abstract { weak: false, ..aval }, Mode::Batched, level, Batched { rows }))
}

/// All rows of a value: one that is the same in all of them is stretched.
pub fn lower(cx: &mut Context, array: &Array, level: Level, count: usize) -> Result<Array> {
    match rows_of(array, level) {
        Some(rows) => Ok(rows),
        None => rows::all_rows(cx, array, false, count),
    }
}

pub fn rows_of(array: &Array, level: Level) -> Option<Array> {
    match array {
        Array::Lifted(lifted) if lifted.level() == level => Some(lifted.body::<Batched>()?.rows.clone()),
        _ => None,
    }
}

/// What stands behind a batched value, of any level.
pub(super) fn all_rows_of(array: &Array) -> Option<Array> {
    match array {
        Array::Lifted(lifted) => Some(lifted.body::<Batched>()?.rows.clone()),
        _ => None,
    }
}

pub(super) fn run(cx: &mut Context, op: &Op, inputs: &[Array], level: Level) -> Result<Outputs> {
    run_all(cx, op, inputs, level).map_err(|mut error| {
        // it may be one of some rows: a `try` of the function must not decide that it is one of all
        error.details_mut().recorded = true;
        error
    })
}

fn run_all(cx: &mut Context, op: &Op, inputs: &[Array], level: Level) -> Result<Outputs> {
    let found: SmallVec<[Option<Array>; 3]> = inputs.iter().map(|input| rows_of(input, level)).collect();
    let count = found.iter().flatten().find_map(|rows| rows.shape().first().copied()).ok_or_else(cpu::mistyped)?;
    let batched: SmallVec<[bool; 3]> = found.iter().map(Option::is_some).collect();
    let mut plain: SmallVec<[Array; 3]> =
        found.into_iter().zip(inputs).map(|(rows, input)| rows.unwrap_or_else(|| input.clone())).collect();
    let results = match op.entry.batch {
        Batch::Elementwise => {
            let ndim = inputs.iter().map(Array::ndim).max().unwrap_or(0);
            for (input, &batched) in plain.iter_mut().zip(&batched) {
                if batched {
                    *input = rows::with_ndim(cx, input, ndim)?;
                }
            }
            apply_all(cx, op, &mut plain)?
        }
        Batch::Whole(rule) => {
            // the rule sees to all rows by itself, draws included
            let rows = cx.modes.set_aside_rows(level);
            let results = rule(cx, op, &plain, &batched, count);
            cx.modes.put_back_rows(rows);
            results?
        }
        // rows would get different lengths
        Batch::Missing => return Err(missing("the batched form", op).help("`where` chooses row by row")),
    };
    Ok(results.into_iter().map(|rows| lift(level, rows)).collect())
}

/// An operation on values that are the same in all rows, whose results need not be.
pub(super) fn run_alike(cx: &mut Context, op: &Op, inputs: &[Array], level: Level, count: usize) -> Result<Outputs> {
    let Batch::Whole(rule) = op.entry.batch else { return Err(missing("the batched form", op)) };
    let rows = cx.modes.set_aside_rows(level);
    let results = rule(cx, op, inputs, &vec![false; inputs.len()], count);
    cx.modes.put_back_rows(rows);
    Ok(results?.into_iter().map(|rows| lift(level, rows)).collect())
}

/// A draw for every row.
pub(super) fn draw(cx: &mut Context, op: &Op, level: Level, count: usize) -> Result<Outputs> {
    let Attrs::Draw(distribution, out) = &op.attrs else { return Err(cpu::mistyped()) };
    let mut out = out.clone();
    out.shape.insert(0, count);
    let rows = apply(cx, &Op { entry: op.entry, attrs: Attrs::Draw(*distribution, out) }, &mut [])?;
    Ok(smallvec![lift(level, rows)])
}

#[cold]
pub(super) fn no_elements() -> Error {
    Error::new(Kind::Graph, "inside `vmap` a value stands for all rows at once: no single number can be read from it")
        .help("`where` chooses row by row")
}
