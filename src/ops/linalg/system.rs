//! Systems of linear equations.

use super::{
    Cotangents, Tangents, Triangle, floats, identity, matrices, negative, product, square, sub, transposed, triangle,
};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Result};
use crate::ops::{
    Abstract, Arity, Attrs, Derivative, Entry, Op, Outputs, Term, apply2, broadcast_to, cast, contract, expand_dims,
    rows, squeeze,
};
use crate::tensor::{Array, DType, promote, shape};
use smallvec::smallvec;

/// `x` with `a x = b`, for stacks of matrices of one shape. A singular matrix is a `value` error.
pub(super) static SOLVE: Entry =
    Entry::whole("solve", "linalg.solve", Arity::Exactly(2), rule, |cx, _, inputs, _| match inputs {
        [a, b] => {
            let (a, b) = (a.to_tensor().ok_or_else(cpu::mistyped)?, b.to_tensor().ok_or_else(cpu::mistyped)?);
            Ok(cpu::linalg::solve(cx, &a, &b)?.into())
        }
        _ => Err(cpu::mistyped()),
    })
    .derivative(Derivative::Whole(tangent))
    .transposed(cotangent)
    .batched(batch);

/// The same where only one triangle of `a` is read. No matrix is refused: a zero on the diagonal divides as floats do.
pub(super) static TRIANGULAR_SOLVE: Entry =
    Entry::whole("triangular_solve", "triangular_solve", Arity::Exactly(2), rule, |cx, op, inputs, _| {
        match (&op.attrs, inputs) {
            (Attrs::Triangle(which), [a, b]) => {
                let (a, b) = (a.to_tensor().ok_or_else(cpu::mistyped)?, b.to_tensor().ok_or_else(cpu::mistyped)?);
                Ok(cpu::linalg::triangular_solve(cx, &a, &b, *which == Triangle::Lower)?.into())
            }
            _ => Err(cpu::mistyped()),
        }
    })
    .derivative(Derivative::Whole(tangent))
    .transposed(cotangent)
    .batched(batch);

const NOT_SQUARE: &str = "`linalg.lstsq(a, b)` solves systems that are not square, in the least squares sense";

/// `x` with `a x = b`. A vector `b` is one right side; else its right sides are columns of matrices in the last two
/// axes. Stacks broadcast.
pub fn solve(cx: &mut Context, a: Array, b: Array) -> Result<Array> {
    let (a, b) = in_one_dtype(cx, a, b)?;
    let (left, right) = (a.aval(), b.aval());
    let (left_batch, side) = square("linalg.solve", &left, NOT_SQUARE)?;
    let is_vector = right.shape.len() == 1;
    let (right_batch, rows) = match right.shape.as_slice() {
        [rows] => (&[][..], *rows),
        [batch @ .., rows, _] => (batch, *rows),
        [] => {
            let message = format!("the right side of `linalg.solve` is a vector or a matrix, not {}", b.type_name());
            return Err(Error::shape(message).operand(1, b.type_name()).help("a division of numbers is `b / a`"));
        }
    };
    let mismatch = |why: String| {
        let message = format!("cannot solve {} for {}: {why}", left.type_name(), right.type_name());
        Error::shape(message).operand(0, left.type_name()).operand(1, right.type_name())
    };
    if rows != side {
        let error = mismatch(format!("{side} equations have {rows} right sides"));
        if right.shape.len() > 1 && right.shape.split_last() == Some((&side, left_batch)) {
            return Err(error.help("a stack of vectors is a stack of matrices of one column: `b[..., newaxis]`"));
        }
        return Err(match right.shape.last() == Some(&side) && !is_vector {
            true => error.help("right sides are columns: the transpose of the second operand (`.T`) would fit"),
            false => error.help("the last axis of a vector, or the last but one, must be as long as the matrix"),
        });
    }
    let batch = shape::broadcast(left_batch, right_batch).map_err(|at| {
        mismatch(format!("stack lengths {} and {} differ", at.left, at.right))
            .help("matrices lie in the last two axes; the others must be equal or 1")
    })?;
    let b = if is_vector { expand_dims(cx, b, &[1])? } else { b };
    let a = contract::stretched(cx, a, &batch)?;
    let b = contract::stretched(cx, b, &batch)?;
    let x = apply2(cx, &Op { entry: &SOLVE, attrs: Attrs::None }, a, b)?;
    if is_vector { squeeze(cx, x, Some(&[-1])) } else { Ok(x) }
}

/// The inverse, which solves for the identity.
pub fn inv(cx: &mut Context, a: Array) -> Result<Array> {
    let a = floats(cx, "linalg.inv", a)?;
    let aval = a.aval();
    let (_, side) = square("linalg.inv", &aval, "`linalg.pinv(a)` is the pseudo-inverse of any matrix")?;
    let ones = identity(cx, side, &a)?;
    let ones = broadcast_to(cx, ones, &aval.shape)?;
    apply2(cx, &Op { entry: &SOLVE, attrs: Attrs::None }, a, ones)
}

/// As `solve`, for matrices with equal stacks of which one triangle is read.
pub(super) fn triangular_solve(cx: &mut Context, a: &Array, b: &Array, which: Triangle) -> Result<Array> {
    apply2(cx, &Op { entry: &TRIANGULAR_SOLVE, attrs: Attrs::Triangle(which) }, a.clone(), b.clone())
}

fn in_one_dtype(cx: &mut Context, a: Array, b: Array) -> Result<(Array, Array)> {
    match promote(&[a.element_type(), b.element_type()]) {
        Some(found) if found.dtype != DType::Str => {
            let dtype = found.dtype.to_float();
            Ok((cast(cx, a, dtype)?, cast(cx, b, dtype)?))
        }
        _ => Err(Error::ty(format!("`linalg.solve` does not take {} and {}", a.type_name(), b.type_name()))
            .operand(0, a.type_name())
            .operand(1, b.type_name())
            .help("text is no number: `f64(x)` reads numbers from text")),
    }
}

fn rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let [a, b] = inputs else { return Err(cpu::mistyped()) };
    let (batch, side) = square(op.entry.symbol, a, NOT_SQUARE)?;
    let (right_batch, [rows, _]) = matrices(op.entry.symbol, b)?;
    if side != rows || batch != right_batch || a.dtype != b.dtype || !a.dtype.is_float() {
        return Err(cpu::mistyped());
    }
    Ok(Abstract::new(b.shape.clone(), b.dtype))
}

/// From `a x = b` follows `a dx = db - da x`, where of `da` the part counts that is read of `a`.
fn tangent(cx: &mut Context, op: &Op, inputs: &[Array], x: &[Array], tangents: &[Option<Array>]) -> Tangents {
    let ([a, _], [x], [da, db]) = (inputs, x, tangents) else { return Err(cpu::mistyped()) };
    let moved = match (&op.attrs, da) {
        (_, None) => None,
        (Attrs::Triangle(which), Some(da)) => {
            let da = triangle(cx, da, *which, false)?;
            Some(product(cx, &da, x)?)
        }
        (_, Some(da)) => Some(product(cx, da, x)?),
    };
    let right = match (db, moved) {
        (None, None) => return Ok(smallvec![None]),
        (Some(db), None) => db.clone(),
        (None, Some(moved)) => negative(cx, moved)?,
        (Some(db), Some(moved)) => sub(cx, db.clone(), moved)?,
    };
    Ok(smallvec![Some(apply2(cx, op, a.clone(), right)?)])
}

/// `x` is linear in `b`: the cotangent of `b` solves the transposed system.
fn cotangent(cx: &mut Context, op: &Op, terms: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let ([Term::Known(a), Term::Linear(_)], [Some(ct)]) = (terms, ct) else { return Ok(smallvec![None, None]) };
    let attrs = match &op.attrs {
        Attrs::Triangle(which) => Attrs::Triangle(which.transposed()),
        other => other.clone(),
    };
    let a = transposed(cx, a)?;
    Ok(smallvec![None, Some(apply2(cx, &Op { entry: op.entry, attrs }, a, ct.clone())?)])
}

/// Two inputs, all rows of both.
pub(super) fn batch(cx: &mut Context, op: &Op, inputs: &[Array], batched: &[bool], count: usize) -> Result<Outputs> {
    let ([a, b], &[left, right]) = (inputs, batched) else { return Err(cpu::mistyped()) };
    let (a, b) = (rows::all_rows(cx, a, left, count)?, rows::all_rows(cx, b, right, count)?);
    Ok(smallvec![apply2(cx, op, a, b)?])
}
