//! Determinants.

use super::{
    Cotangents, SQUARE, Tangents, add, as_matrices, div, floats, inv, many, mul, one_float, product, square, stacked,
    sub, system, total, transposed,
};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::ops::{
    ABS, Abstract, Arity, Attrs, Derivative, Entry, GT, Kernel, NE, Op, Outputs, Rule, Term, apply1, apply2,
    broadcast_to, select,
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

/// The determinant times the inverse, also of singular matrices: how the determinant moves.
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

/// How the adjugate of the first moves when that moves by the second: of singular matrices, too. Where the determinant
/// is zero but for rounding, the derivative of this by the first is nan.
pub(super) static ADJUGATE_SLOPE: Op = Op {
    entry: &Entry::whole(
        "adjugate_slope",
        "adjugate",
        Arity::Exactly(2),
        |op, inputs| match inputs {
            [a, e] if e.shape == a.shape && e.dtype == a.dtype && a.dtype.is_float() => {
                square(op.entry.symbol, a, SQUARE).map(|_| a.clone())
            }
            _ => Err(cpu::mistyped()),
        },
        |cx, _, inputs, _| match inputs {
            [a, e] => {
                let (a, e) = (a.to_tensor().ok_or_else(cpu::mistyped)?, e.to_tensor().ok_or_else(cpu::mistyped)?);
                Ok(cpu::linalg::adjugate_slope(cx, &a, &e)?.into())
            }
            _ => Err(cpu::mistyped()),
        },
    )
    .derivative(Derivative::Whole(slope_tangent))
    .transposed(slope_transposed)
    .batched(system::batch),
    attrs: Attrs::None,
};

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
    // the inverse of nan is nan, and so is how it moves
    let invertible = select(cx, regular, a.clone(), Array::Float(f64::NAN))?;
    let inverse = inv(cx, invertible)?;
    Ok(smallvec![None, Some(weighted(cx, &inverse, da)?)])
}

fn adjugate_tangent(cx: &mut Context, _: &Op, a: &[Array], _: &[Array], tangents: &[Option<Array>]) -> Tangents {
    let ([a], [da]) = (a, tangents) else { return Err(cpu::mistyped()) };
    let Some(da) = da else { return Ok(smallvec![None]) };
    Ok(smallvec![Some(apply2(cx, &ADJUGATE_SLOPE, a.clone(), da.clone())?)])
}

/// From `slope = (trace(adj e) adj - adj e adj) / det`, which follows from `adj = det a^-1`.
fn slope_tangent(cx: &mut Context, op: &Op, inputs: &[Array], slope: &[Array], tangents: &[Option<Array>]) -> Tangents {
    let ([a, e], [slope], [da, de]) = (inputs, slope, tangents) else { return Err(cpu::mistyped()) };
    let by_e = match de {
        Some(de) => Some(apply2(cx, op, a.clone(), de.clone())?),
        None => None,
    };
    let Some(da) = da else { return Ok(smallvec![by_e]) };
    let adj = apply1(cx, &Op { entry: &ADJUGATE, attrs: Attrs::None }, a.clone())?;
    let moved = apply2(cx, op, a.clone(), da.clone())?;
    let scaled = |cx: &mut Context, number: Array, matrix: &Array| {
        let number = as_matrices(cx, number)?;
        let number = broadcast_to(cx, number, matrix.shape())?;
        mul(cx, number, matrix.clone())
    };
    let between = |cx: &mut Context, left: &Array, right: &Array| {
        let left = product(cx, left, e)?;
        product(cx, &left, right)
    };
    let trace = weighted(cx, &moved, e)?;
    let mut sum = scaled(cx, trace, &adj)?;
    let trace = weighted(cx, &adj, e)?;
    let part = scaled(cx, trace, &moved)?;
    sum = add(cx, sum, part)?;
    let trace = weighted(cx, &adj, da)?;
    let part = scaled(cx, trace, slope)?;
    sum = sub(cx, sum, part)?;
    let part = between(cx, &moved, &adj)?;
    sum = sub(cx, sum, part)?;
    let part = between(cx, &adj, &moved)?;
    sum = sub(cx, sum, part)?;
    let det = digits_of_det(cx, a, &adj)?;
    let det = as_matrices(cx, det)?;
    let by_a = div(cx, sum, det)?;
    Ok(smallvec![Some(match by_e {
        Some(by_e) => add(cx, by_e, by_a)?,
        None => by_a,
    })])
}

/// The second derivative of the determinant is the same in both directions; so a cotangent goes the way of a direction,
/// transposed ahead and behind.
fn slope_transposed(cx: &mut Context, op: &Op, terms: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let ([Term::Known(a), Term::Linear(_)], [Some(ct)]) = (terms, ct) else { return Ok(smallvec![None, None]) };
    let ct = transposed(cx, ct)?;
    let back = apply2(cx, op, a.clone(), ct)?;
    Ok(smallvec![None, Some(transposed(cx, &back)?)])
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
