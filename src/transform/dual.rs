//! Values with tangents: an operation computes its result at once, and how the result moves with its inputs.
//!
//! The tangents may be plain values, which gives the forward derivative; or tracers of a linear program (`linear`),
//! which gives the program that is transposed for the backward one. Control flow sees the plain value. A value without
//! a tangent does not move, and no zeros are computed for it.

use super::{missing, waiting};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::ops::linear::{align, zeros};
use crate::ops::{ADD, Derivative, MUL, NEG, Op, Outputs, Partial, apply, apply_all, apply1, apply2};
use crate::tensor::{Array, Level, Lifted, Mode};
use smallvec::{SmallVec, smallvec};

struct Dual {
    primal: Array,
    tangent: Array,
}

/// A value with its tangent, which has the same form.
pub fn lift(level: Level, primal: Array, tangent: Array) -> Array {
    Array::Lifted(Lifted::new(primal.aval(), Mode::Dual, level, Dual { primal, tangent }))
}

/// The value, and its tangent if it has one at this level.
pub fn parts(array: &Array, level: Level) -> (Array, Option<Array>) {
    if let Array::Lifted(lifted) = array
        && lifted.level() == level
        && let Some(dual) = lifted.body::<Dual>()
    {
        return (dual.primal.clone(), Some(dual.tangent.clone()));
    }
    (array.clone(), None)
}

/// The value without its tangent.
pub(super) fn primal(lifted: &Lifted) -> Result<Array> {
    lifted.body::<Dual>().map(|dual| dual.primal.clone()).ok_or_else(cpu::mistyped)
}

pub(super) fn run(cx: &mut Context, op: &Op, inputs: &[Array], level: Level) -> Result<Outputs> {
    let (primals, tangents): (SmallVec<[Array; 3]>, SmallVec<[Option<Array>; 3]>) =
        inputs.iter().map(|input| parts(input, level)).unzip();
    let (results, moved) = match op.entry.derivative {
        Derivative::Together(rule) if tangents.iter().any(Option::is_some) => rule(cx, op, &primals, &tangents)?,
        _ => {
            let results = apply_all(cx, op, &mut primals.clone())?;
            let moved = tangents_of(cx, op, &primals, &results, &tangents)?;
            (results, moved)
        }
    };
    let dual = |(primal, tangent)| match tangent {
        Some(tangent) => lift(level, primal, tangent),
        None => primal,
    };
    Ok(results.into_iter().zip(moved).map(dual).collect())
}

fn tangents_of(
    cx: &mut Context,
    op: &Op,
    primals: &[Array],
    results: &[Array],
    tangents: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 1]>> {
    if results.iter().all(|result| !result.dtype().is_float()) {
        return Ok(smallvec![None; results.len()]);
    }
    let moved = match (&op.entry.derivative, results) {
        (Derivative::Flat, _) => None,
        (Derivative::Elementwise(partials), [result]) => elementwise(cx, partials, primals, result, tangents)?,
        (Derivative::Linear(count), _) => linear(cx, op, *count, primals, tangents)?,
        (Derivative::Product, _) => product(cx, op, primals, tangents)?,
        (Derivative::Whole(rule), _) => return rule(cx, op, primals, results, tangents),
        _ => return Err(missing("the derivative", op)),
    };
    Ok(smallvec![moved])
}

/// The sum of the tangents, each times its partial derivative.
fn elementwise(
    cx: &mut Context,
    partials: &[Partial],
    primals: &[Array],
    result: &Array,
    tangents: &[Option<Array>],
) -> Result<Option<Array>> {
    let mut sum = None;
    for (tangent, partial) in tangents.iter().zip(partials) {
        let Some(tangent) = tangent else { continue };
        let tangent = align(cx, tangent.clone(), &result.aval())?;
        let part = match partial {
            Partial::One => tangent,
            Partial::MinusOne => apply1(cx, &NEG, tangent)?,
            Partial::Of(slope) => {
                // a record reads it on the way back, if ever: by then it becomes a part of what is done there, and is
                // no value of its own
                let slope = waiting::unasked(cx, |cx| slope(cx, primals, result))?;
                apply2(cx, &MUL, tangent, slope)?
            }
        };
        sum = added(cx, sum, part)?;
    }
    Ok(sum)
}

/// The operation on the tangents; what does not move has a tangent of zeros.
fn linear(
    cx: &mut Context,
    op: &Op,
    count: usize,
    primals: &[Array],
    tangents: &[Option<Array>],
) -> Result<Option<Array>> {
    if tangents.iter().take(count).all(Option::is_none) {
        return Ok(None);
    }
    let mut inputs: Vec<Array> = Vec::with_capacity(primals.len());
    for (number, (primal, tangent)) in primals.iter().zip(tangents).enumerate() {
        inputs.push(match tangent {
            Some(tangent) if number < count => tangent.clone(),
            None if number < count => zeros(cx, &primal.aval())?,
            _ => primal.clone(),
        });
    }
    apply(cx, op, &mut inputs).map(Some)
}

/// The sum of the products in which one factor is its tangent.
fn product(cx: &mut Context, op: &Op, primals: &[Array], tangents: &[Option<Array>]) -> Result<Option<Array>> {
    let mut sum = None;
    for (number, tangent) in tangents.iter().enumerate() {
        let Some(tangent) = tangent else { continue };
        let mut inputs: SmallVec<[Array; 2]> = primals.into();
        inputs[number] = tangent.clone();
        let part = apply(cx, op, &mut inputs)?;
        sum = added(cx, sum, part)?;
    }
    Ok(sum)
}

/// Tangents, or cotangents, added up.
pub fn added(cx: &mut Context, sum: Option<Array>, part: Array) -> Result<Option<Array>> {
    match sum {
        Some(sum) => apply2(cx, &ADD, sum, part).map(Some),
        None => Ok(Some(part)),
    }
}
