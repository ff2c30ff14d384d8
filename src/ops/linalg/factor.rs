//! Factors of matrices: Cholesky and QR.

use super::system::triangular_solve;
use super::{
    SQUARE, Tangents, Triangle, add, floats, identity, leading, many, matrices, mul, one_float, product, square,
    stacked, sub, symmetric, transposed, triangle,
};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Result};
use crate::ops::{Abstract, Arity, Attrs, Derivative, Entry, Kernel, Op, Outputs, Rule, apply1};
use crate::tensor::Array;
use smallvec::{SmallVec, smallvec};

/// Lower triangular `L` with `L L^T = a`, of which the lower triangle is read. Where there is none: a `value` error.
pub(super) static CHOLESKY: Entry = Entry::whole(
    "cholesky",
    "linalg.cholesky",
    Arity::Exactly(1),
    |op, inputs| square(op.entry.symbol, one_float(inputs)?, SQUARE).map(|_| inputs[0].clone()),
    |cx, _, inputs, _| match inputs {
        [a] => Ok(cpu::linalg::cholesky(cx, &a.to_tensor().ok_or_else(cpu::mistyped)?)?.into()),
        _ => Err(cpu::mistyped()),
    },
)
.derivative(Derivative::Whole(cholesky_tangent))
.batched(stacked);

/// `q` with orthonormal columns, upper triangular `r`, and `q r = a`.
pub(super) static QR: Entry = Entry::of(
    "qr",
    "linalg.qr",
    Arity::Exactly(1),
    Rule::Many(qr_rule),
    Kernel::Many(|cx, op, inputs| match (&op.attrs, inputs) {
        (Attrs::Complete(complete), [a]) => {
            let found = cpu::linalg::qr(cx, &a.to_tensor().ok_or_else(cpu::mistyped)?, *complete)?;
            Ok(found.map(Array::from).into_iter().collect())
        }
        _ => Err(cpu::mistyped()),
    }),
)
.derivative(Derivative::Whole(qr_tangent))
.batched(stacked);

/// The factor `L`, or with `upper` its transpose, for which the upper triangle is read.
pub fn cholesky(cx: &mut Context, a: Array, upper: bool) -> Result<Array> {
    let op = Op { entry: &CHOLESKY, attrs: Attrs::None };
    let a = floats(cx, op.entry.symbol, a)?;
    if !upper || a.ndim() < 2 {
        return apply1(cx, &op, a);
    }
    let a = transposed(cx, &a)?;
    let lower = apply1(cx, &op, a)?;
    transposed(cx, &lower)
}

/// The factors `q` and `r`; `complete` makes `q` square.
pub fn qr(cx: &mut Context, a: Array, complete: bool) -> Result<Outputs> {
    let op = Op { entry: &QR, attrs: Attrs::Complete(complete) };
    let a = floats(cx, op.entry.symbol, a)?;
    many(cx, &op, a)
}

fn qr_rule(op: &Op, inputs: &[Abstract]) -> Result<SmallVec<[Abstract; 1]>> {
    let (Attrs::Complete(complete), a) = (&op.attrs, one_float(inputs)?) else { return Err(cpu::mistyped()) };
    let (batch, [rows, columns]) = matrices(op.entry.symbol, a)?;
    let inner = if *complete { rows } else { rows.min(columns) };
    let of = |lengths: [usize; 2]| Abstract::new(batch.iter().copied().chain(lengths).collect(), a.dtype);
    Ok([of([rows, inner]), of([inner, columns])].into_iter().collect())
}

/// `dL = L Φ(L^-1 da L^-T)`, where Φ takes the lower triangle and half of the diagonal (I. Murray, "Differentiation of
/// the Cholesky decomposition", 2016).
fn cholesky_tangent(cx: &mut Context, _: &Op, _: &[Array], lower: &[Array], tangents: &[Option<Array>]) -> Tangents {
    let ([lower], [da]) = (lower, tangents) else { return Err(cpu::mistyped()) };
    let Some(da) = da else { return Ok(smallvec![None]) };
    let da = symmetric(cx, da)?;
    let half = triangular_solve(cx, lower, &da, Triangle::Lower)?;
    let half = transposed(cx, &half)?;
    let middle = triangular_solve(cx, lower, &half, Triangle::Lower)?;
    let middle = triangle(cx, &middle, Triangle::Lower, false)?;
    let ones = identity(cx, lower.shape()[lower.ndim() - 1], lower)?;
    let halves = mul(cx, ones, Array::Float(0.5))?;
    let weights = sub(cx, Array::Float(1.0), halves)?;
    let middle = mul(cx, middle, weights)?;
    Ok(smallvec![Some(product(cx, lower, &middle)?)])
}

/// With `c = da r^-1` of the leading square part, `m = q^T c` and `w` the antisymmetric matrix with the lower triangle
/// of `m`: `dq = c + q (w - m)` and `dr = q^T da - w r` (S. F. Walter, L. Lehmann, "Algorithmic differentiation of
/// linear algebra functions with application in optimum experimental design", 2010).
fn qr_tangent(cx: &mut Context, op: &Op, a: &[Array], results: &[Array], tangents: &[Option<Array>]) -> Tangents {
    let ([a], [q, r], [da]) = (a, results, tangents) else { return Err(cpu::mistyped()) };
    let Some(da) = da else { return Ok(smallvec![None, None]) };
    let [.., rows, columns] = *a.shape() else { return Err(cpu::mistyped()) };
    if op.attrs == Attrs::Complete(true) && rows > columns {
        return Err(Error::value("the last columns of a complete `q` are any that complete a basis: no derivative")
            .operand(0, a.type_name())
            .help("`mode=\"reduced\"` leaves them out"));
    }
    let inner = rows.min(columns);
    let leading_r = leading(cx, r, inner, true)?;
    let leading_r = transposed(cx, &leading_r)?;
    let leading_da = leading(cx, da, inner, false)?;
    let leading_da = transposed(cx, &leading_da)?;
    let c = triangular_solve(cx, &leading_r, &leading_da, Triangle::Lower)?;
    let c = transposed(cx, &c)?;
    let q_transposed = transposed(cx, q)?;
    let m = product(cx, &q_transposed, &c)?;
    let below = triangle(cx, &m, Triangle::Lower, true)?;
    let above = transposed(cx, &below)?;
    let w = sub(cx, below, above)?;
    let turned = sub(cx, w.clone(), m)?;
    let turned = product(cx, q, &turned)?;
    let dq = add(cx, c, turned)?;
    let whole = product(cx, &q_transposed, da)?;
    let back = product(cx, &w, r)?;
    let dr = sub(cx, whole, back)?;
    let dr = triangle(cx, &dr, Triangle::Upper, false)?;
    Ok(smallvec![Some(dq), Some(dr)])
}
