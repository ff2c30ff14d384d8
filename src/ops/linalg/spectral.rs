//! Eigenvalues and singular values.

use super::system::SOLVE;
use super::{
    SQUARE, Tangents, add, as_column, as_row, diagonal, div, floats, identity, many, matrices, mul, one_float, product,
    square, stacked, sub, symmetric, transposed,
};
use crate::context::Context;
use crate::cpu;
use crate::cpu::linalg::Spectrum;
use crate::diagnostics::{Error, Result};
use crate::ops::{
    Abstract, Arity, Attrs, Derivative, Entry, Kernel, ManyKernel, Op, Outputs, RECIPROCAL, Rule, apply1, apply2,
    broadcast_to,
};
use crate::tensor::{Array, Tensor};
use smallvec::{SmallVec, smallvec};

/// Of symmetric matrices, of which the lower triangle is read: eigenvalues in ascending order, and eigenvectors.
pub(super) static EIGH: Entry = entry("eigh", "linalg.eigh", Rule::Many(eigen_rule), |cx, op, inputs| {
    computed(op, inputs, |a, wanted| cpu::linalg::eigh(cx, a, wanted.vectors))
})
.derivative(Derivative::Whole(eigh_tangent));

/// Of square matrices: eigenvalues, and eigenvectors of length one. Complex ones are a `value` error.
pub(super) static EIG: Entry = entry("eig", "linalg.eig", Rule::Many(eigen_rule), |cx, op, inputs| {
    computed(op, inputs, |a, wanted| cpu::linalg::eig(cx, a, wanted.vectors))
})
.derivative(Derivative::Whole(eig_tangent));

/// `u`, singular values in descending order and `vh`, or the values alone.
pub(super) static SVD: Entry = entry("svd", "linalg.svd", Rule::Many(svd_rule), |cx, op, inputs| {
    computed(op, inputs, |a, wanted| cpu::linalg::svd(cx, a, wanted))
})
.derivative(Derivative::Whole(svd_tangent));

const fn entry(name: &'static str, symbol: &'static str, rule: Rule, kernel: ManyKernel) -> Entry {
    Entry::of(name, symbol, Arity::Exactly(1), rule, Kernel::Many(kernel)).batched(stacked)
}

fn computed(
    op: &Op,
    inputs: &mut [Array],
    kernel: impl FnOnce(&Tensor, Spectrum) -> Result<Vec<Tensor>>,
) -> Result<Outputs> {
    let (Attrs::Spectrum(wanted), [a]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let found = kernel(&a.to_tensor().ok_or_else(cpu::mistyped)?, *wanted)?;
    Ok(found.into_iter().map(Array::from).collect())
}

/// Eigenvalues and, if asked for, eigenvectors of symmetric matrices; which triangle is read `upper` tells.
pub fn eigh(cx: &mut Context, a: Array, vectors: bool, upper: bool) -> Result<Outputs> {
    let a = floats(cx, "linalg.eigh", a)?;
    let a = if upper && a.ndim() > 1 { transposed(cx, &a)? } else { a };
    many(cx, &Op { entry: &EIGH, attrs: Attrs::Spectrum(Spectrum { vectors, full: false }) }, a)
}

/// Eigenvalues and, if asked for, eigenvectors.
pub fn eig(cx: &mut Context, a: Array, vectors: bool) -> Result<Outputs> {
    let a = floats(cx, "linalg.eig", a)?;
    many(cx, &Op { entry: &EIG, attrs: Attrs::Spectrum(Spectrum { vectors, full: false }) }, a)
}

/// `u`, singular values and `vh`, or the values alone.
pub fn svd(cx: &mut Context, a: Array, wanted: Spectrum) -> Result<Outputs> {
    let a = floats(cx, "linalg.svd", a)?;
    many(cx, &Op { entry: &SVD, attrs: Attrs::Spectrum(wanted) }, a)
}

fn eigen_rule(op: &Op, inputs: &[Abstract]) -> Result<SmallVec<[Abstract; 1]>> {
    let (Attrs::Spectrum(wanted), a) = (&op.attrs, one_float(inputs)?) else { return Err(cpu::mistyped()) };
    let (batch, side) = square(op.entry.symbol, a, SQUARE)?;
    let values = Abstract::new(batch.iter().copied().chain([side]).collect(), a.dtype);
    let vectors = wanted.vectors.then(|| Abstract::new(a.shape.clone(), a.dtype));
    Ok(std::iter::once(values).chain(vectors).collect())
}

fn svd_rule(op: &Op, inputs: &[Abstract]) -> Result<SmallVec<[Abstract; 1]>> {
    let (Attrs::Spectrum(wanted), a) = (&op.attrs, one_float(inputs)?) else { return Err(cpu::mistyped()) };
    let (batch, [rows, columns]) = matrices(op.entry.symbol, a)?;
    let inner = rows.min(columns);
    let of = |lengths: &[usize]| Abstract::new(batch.iter().chain(lengths).copied().collect(), a.dtype);
    let (left, right) = if wanted.full { (rows, columns) } else { (inner, inner) };
    Ok(match wanted.vectors {
        true => [of(&[rows, left]), of(&[inner]), of(&[right, columns])].into_iter().collect(),
        false => smallvec![of(&[inner])],
    })
}

/// The results with the vectors, which a rule needs in any case.
fn with_vectors(cx: &mut Context, op: &Op, a: &Array, results: &[Array]) -> Result<Outputs> {
    if results.len() > 1 {
        return Ok(results.into());
    }
    let attrs = Attrs::Spectrum(Spectrum { vectors: true, full: false });
    many(cx, &Op { entry: op.entry, attrs }, a.clone())
}

/// `1 / gaps`, and zero on the diagonal, where the gaps are zero.
fn inverse_gaps(cx: &mut Context, gaps: Array, side: usize) -> Result<Array> {
    let ones = identity(cx, side, &gaps)?;
    let gaps = add(cx, gaps, ones.clone())?;
    let inverse = apply1(cx, &RECIPROCAL, gaps)?;
    sub(cx, inverse, ones)
}

/// `w_j - w_i`
fn differences(cx: &mut Context, w: &Array) -> Result<Array> {
    let (row, column) = (as_row(cx, w)?, as_column(cx, w)?);
    sub(cx, row, column)
}

/// With `p = v^T da v`: `dw` is the diagonal of `p`, and `dv = v (p / (w_j - w_i))` off the diagonal (Giles). Where
/// eigenvalues are equal the eigenvectors do not move smoothly: infinities and nan.
fn eigh_tangent(cx: &mut Context, op: &Op, a: &[Array], results: &[Array], tangents: &[Option<Array>]) -> Tangents {
    let ([a], [da]) = (a, tangents) else { return Err(cpu::mistyped()) };
    let Some(da) = da else { return Ok(smallvec![None; results.len()]) };
    let found = with_vectors(cx, op, a, results)?;
    let [w, v] = found.as_slice() else { return Err(cpu::mistyped()) };
    let da = symmetric(cx, da)?;
    let moved = product(cx, &da, v)?;
    let v_transposed = transposed(cx, v)?;
    let p = product(cx, &v_transposed, &moved)?;
    let dw = diagonal(cx, &p)?;
    if results.len() == 1 {
        return Ok(smallvec![Some(dw)]);
    }
    let gaps = differences(cx, w)?;
    let weights = inverse_gaps(cx, gaps, w.shape()[w.ndim() - 1])?;
    let turned = mul(cx, p, weights)?;
    Ok(smallvec![Some(dw), Some(product(cx, v, &turned)?)])
}

/// With `p = v^-1 da v` as for symmetric matrices (M. Giles, "An extended collection of matrix derivative results for
/// forward and reverse mode algorithmic differentiation", 2008, 3.1); then `dv` loses what would change the length of
/// the vectors.
fn eig_tangent(cx: &mut Context, op: &Op, a: &[Array], results: &[Array], tangents: &[Option<Array>]) -> Tangents {
    let ([a], [da]) = (a, tangents) else { return Err(cpu::mistyped()) };
    let Some(da) = da else { return Ok(smallvec![None; results.len()]) };
    let found = with_vectors(cx, op, a, results)?;
    let [w, v] = found.as_slice() else { return Err(cpu::mistyped()) };
    let moved = product(cx, da, v)?;
    let p = apply2(cx, &Op { entry: &SOLVE, attrs: Attrs::None }, v.clone(), moved)?;
    let dw = diagonal(cx, &p)?;
    if results.len() == 1 {
        return Ok(smallvec![Some(dw)]);
    }
    let gaps = differences(cx, w)?;
    let weights = inverse_gaps(cx, gaps, w.shape()[w.ndim() - 1])?;
    let turned = mul(cx, p, weights)?;
    let dv = product(cx, v, &turned)?;
    let v_transposed = transposed(cx, v)?;
    let along = product(cx, &v_transposed, &dv)?;
    let along = diagonal(cx, &along)?;
    let along = as_row(cx, &along)?;
    let along = broadcast_to(cx, along, v.shape())?;
    let along = mul(cx, along, v.clone())?;
    Ok(smallvec![Some(dw), Some(sub(cx, dv, along)?)])
}

/// With `p = u^T da v`, off the diagonal `f = 1 / (s_j^2 - s_i^2)`: `ds` is the diagonal of `p`,
/// `du = u (f * (p s + s p^T)) + (1 - u u^T) da v / s`, and `dv` the same of the transpose (J. Townsend,
/// "Differentiating the singular value decomposition", 2016). Equal singular values give infinities and nan.
fn svd_tangent(cx: &mut Context, op: &Op, a: &[Array], results: &[Array], tangents: &[Option<Array>]) -> Tangents {
    let ([a], [da]) = (a, tangents) else { return Err(cpu::mistyped()) };
    let Some(da) = da else { return Ok(smallvec![None; results.len()]) };
    let [.., rows, columns] = *a.shape() else { return Err(cpu::mistyped()) };
    let full = matches!(op.attrs, Attrs::Spectrum(Spectrum { full: true, .. }));
    if full && results.len() > 1 && rows != columns {
        return Err(Error::value("the last vectors of a full `svd` are any that complete a basis: no derivative")
            .operand(0, a.type_name())
            .help("`full_matrices=false` leaves them out; `linalg.svdvals(a)` are the singular values alone"));
    }
    let found = with_vectors(cx, op, a, results)?;
    let [u, s, vh] = found.as_slice() else { return Err(cpu::mistyped()) };
    let (v, u_transposed) = (transposed(cx, vh)?, transposed(cx, u)?);
    let moved = product(cx, da, &v)?;
    let p = product(cx, &u_transposed, &moved)?;
    let ds = diagonal(cx, &p)?;
    if results.len() == 1 {
        return Ok(smallvec![Some(ds)]);
    }
    let (row, column) = (as_row(cx, s)?, as_column(cx, s)?);
    let gaps = differences(cx, s)?;
    let sums = add(cx, row.clone(), column.clone())?;
    let gaps = mul(cx, gaps, sums)?;
    let weights = inverse_gaps(cx, gaps, rows.min(columns))?;
    // one side's vectors: within their span, and out of it where they do not span the whole space
    let side = |cx: &mut Context, vectors: &Array, scaled: Array, moved: Option<Array>| -> Result<Array> {
        let mirrored = transposed(cx, &scaled)?;
        let both = add(cx, scaled, mirrored)?;
        let turned = mul(cx, both, weights.clone())?;
        let inside = product(cx, vectors, &turned)?;
        let Some(moved) = moved else { return Ok(inside) };
        let moved = div(cx, moved, row.clone())?;
        let vectors_transposed = transposed(cx, vectors)?;
        let within = product(cx, &vectors_transposed, &moved)?;
        let within = product(cx, vectors, &within)?;
        let outside = sub(cx, moved, within)?;
        add(cx, inside, outside)
    };
    let scaled = mul(cx, p.clone(), row.clone())?;
    let du = side(cx, u, scaled, (rows > columns).then_some(moved))?;
    let scaled = mul(cx, p, column)?;
    let moved = match columns > rows {
        true => {
            let da_transposed = transposed(cx, da)?;
            Some(product(cx, &da_transposed, u)?)
        }
        false => None,
    };
    let dv = side(cx, &v, scaled, moved)?;
    Ok(smallvec![Some(du), Some(ds), Some(transposed(cx, &dv)?)])
}
