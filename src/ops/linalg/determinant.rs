//! Determinants.

use super::{
    SQUARE, Tangents, as_matrices, div, floats, identity, inv, many, mul, one_float, product, square, stacked, sub,
    total, transposed,
};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::ops::{
    ABS, Abstract, Arity, Attrs, Derivative, Entry, GT, Kernel, NE, Op, Outputs, Rule, apply1, apply2, broadcast_to,
    select,
};
use crate::tensor::{Array, DType, Shape};
use smallvec::smallvec;

/// A number for each matrix.
pub(super) static DET: Entry =
    Entry::whole("det", "linalg.det", Arity::Exactly(1), number_rule, |cx, _, inputs, _| match inputs {
        [a] => Ok(cpu::linalg::det(cx, &a.to_tensor().ok_or_else(cpu::mistyped)?)?.into()),
        _ => Err(cpu::mistyped()),
    })
    .derivative(Derivative::Whole(det_tangent))
    .batched(stacked);

/// The sign of the determinant, and the logarithm of its magnitude.
pub(super) static SLOGDET: Entry = Entry::of(
    "slogdet",
    "linalg.slogdet",
    Arity::Exactly(1),
    Rule::Many(|op, inputs| Ok(smallvec![number_rule(op, inputs)?; 2])),
    Kernel::Many(|cx, _, inputs| match inputs {
        [a] => {
            let found = cpu::linalg::slogdet(cx, &a.to_tensor().ok_or_else(cpu::mistyped)?)?;
            Ok(found.map(Array::from).into_iter().collect())
        }
        _ => Err(cpu::mistyped()),
    }),
)
.derivative(Derivative::Whole(slogdet_tangent))
.batched(stacked);

/// The determinant times the inverse, also of singular matrices: how the determinant moves. Where it is zero
/// but for rounding, the derivative of the adjugate itself is nan here.
pub(super) static ADJUGATE: Entry = Entry::whole(
    "adjugate",
    "adjugate",
    Arity::Exactly(1),
    |op, inputs| square(op.entry.symbol, one_float(inputs)?, SQUARE).map(|_| inputs[0].clone()),
    |cx, _, inputs, _| match inputs {
        [a] => Ok(cpu::linalg::adjugate(cx, &a.to_tensor().ok_or_else(cpu::mistyped)?)?.into()),
        _ => Err(cpu::mistyped()),
    },
)
.derivative(Derivative::Whole(adjugate_tangent))
.batched(stacked);

pub fn det(cx: &mut Context, a: Array) -> Result<Array> {
    let a = floats(cx, "linalg.det", a)?;
    apply1(cx, &Op { entry: &DET, attrs: Attrs::None }, a)
}

pub fn slogdet(cx: &mut Context, a: Array) -> Result<Outputs> {
    let a = floats(cx, "linalg.slogdet", a)?;
    many(cx, &Op { entry: &SLOGDET, attrs: Attrs::None }, a)
}

fn number_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let a = one_float(inputs)?;
    let (batch, _) = square(op.entry.symbol, a, SQUARE)?;
    Ok(Abstract::new(Shape::from_slice(batch), a.dtype))
}

/// The sum of `weights^T * da` over each matrix.
fn weighted(cx: &mut Context, weights: &Array, da: &Array) -> Result<Array> {
    let weights = transposed(cx, weights)?;
    let parts = mul(cx, da.clone(), weights)?;
    total(cx, parts)
}

/// Jacobi's formula: the trace of `adj(a) da`.
fn det_tangent(cx: &mut Context, _: &Op, a: &[Array], _: &[Array], tangents: &[Option<Array>]) -> Tangents {
    let ([a], [da]) = (a, tangents) else { return Err(cpu::mistyped()) };
    let Some(da) = da else { return Ok(smallvec![None]) };
    let adjugate = apply1(cx, &Op { entry: &ADJUGATE, attrs: Attrs::None }, a.clone())?;
    Ok(smallvec![Some(weighted(cx, &adjugate, da)?)])
}

/// The trace of `a^-1 da`, nan where there is no inverse; the sign does not move.
fn slogdet_tangent(cx: &mut Context, _: &Op, a: &[Array], found: &[Array], tangents: &[Option<Array>]) -> Tangents {
    let ([a], [sign, _], [da]) = (a, found, tangents) else { return Err(cpu::mistyped()) };
    let Some(da) = da else { return Ok(smallvec![None, None]) };
    let regular = apply2(cx, &NE, sign.clone(), Array::Float(0.0))?;
    let regular = as_matrices(cx, regular)?;
    let regular = broadcast_to(cx, regular, a.shape())?;
    let ones = identity(cx, a.shape()[a.ndim() - 1], a)?;
    let ones = broadcast_to(cx, ones, a.shape())?;
    let invertible = select(cx, regular.clone(), a.clone(), ones)?;
    let inverse = inv(cx, invertible)?;
    let inverse = select(cx, regular, inverse, Array::Float(f64::NAN))?;
    Ok(smallvec![None, Some(weighted(cx, &inverse, da)?)])
}

/// From `adj(a) = det(a) a^-1`: `(trace(adj(a) da) adj(a) - adj(a) da adj(a)) / det(a)`.
fn adjugate_tangent(cx: &mut Context, _: &Op, a: &[Array], adj: &[Array], tangents: &[Option<Array>]) -> Tangents {
    let ([a], [adj], [da]) = (a, adj, tangents) else { return Err(cpu::mistyped()) };
    let Some(da) = da else { return Ok(smallvec![None]) };
    let trace = weighted(cx, adj, da)?;
    let trace = as_matrices(cx, trace)?;
    let trace = broadcast_to(cx, trace, adj.shape())?;
    let first = mul(cx, trace, adj.clone())?;
    let left = product(cx, adj, da)?;
    let second = product(cx, &left, adj)?;
    let difference = sub(cx, first, second)?;
    let det = digits_of_det(cx, a, adj)?;
    let det = as_matrices(cx, det)?;
    Ok(smallvec![Some(div(cx, difference, det)?)])
}

/// The determinant, or nan where it is zero but for rounding: where it has no digits, neither has a quotient by it. Each
/// row of `a` times its column of `adj` gives it, so the sum of the magnitudes of all products tells what cancels.
fn digits_of_det(cx: &mut Context, a: &Array, adj: &Array) -> Result<Array> {
    let det = det(cx, a.clone())?;
    let (of_a, of_adj) = (apply1(cx, &ABS, a.clone())?, apply1(cx, &ABS, adj.clone())?);
    let products = weighted(cx, &of_adj, &of_a)?;
    let precision = if a.dtype() == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let bound = mul(cx, products, Array::Float(precision))?;
    let size = apply1(cx, &ABS, det.clone())?;
    let has_digits = apply2(cx, &GT, size, bound)?;
    select(cx, has_digits, det, Array::Float(f64::NAN))
}
