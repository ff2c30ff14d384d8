//! The pseudo-inverse. It is an operation of its own because it moves smoothly where singular vectors do not.

use super::{Tangents, add, floats, matrices, product, sub, system, transposed};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::ops::{Abstract, Arity, Attrs, Derivative, Entry, Op, apply2, broadcast_to, cast};
use crate::tensor::{Array, DType, Shape};
use smallvec::smallvec;

/// Of matrices, with a relative cutoff for each.
pub(super) static PINV: Entry =
    Entry::whole("pinv", "linalg.pinv", Arity::Exactly(2), rule, |cx, _, inputs, _| match inputs {
        [a, cutoffs] => {
            let cutoffs = cutoffs.to_tensor().ok_or_else(cpu::mistyped)?;
            Ok(cpu::linalg::pinv(cx, &a.to_tensor().ok_or_else(cpu::mistyped)?, &cutoffs)?.into())
        }
        _ => Err(cpu::mistyped()),
    })
    .derivative(Derivative::Whole(tangent))
    .batched(system::batch);

/// The pseudo-inverse; singular values up to `cutoff` times the largest count as zero. It broadcasts to the stack.
pub fn pinv(cx: &mut Context, a: Array, cutoff: Option<Array>) -> Result<Array> {
    let a = floats(cx, PINV.symbol, a)?;
    let aval = a.aval();
    let (batch, [m, n]) = matrices(PINV.symbol, &aval)?;
    let precision = if aval.dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    let cutoff = cutoff.unwrap_or(Array::Float(m.max(n) as f64 * precision));
    let cutoff = cast(cx, cutoff, aval.dtype)?;
    let cutoffs = broadcast_to(cx, cutoff, batch)?;
    apply2(cx, &Op { entry: &PINV, attrs: Attrs::None }, a, cutoffs)
}

fn rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let [a, cutoffs] = inputs else { return Err(cpu::mistyped()) };
    let (batch, [m, n]) = matrices(op.entry.symbol, a)?;
    if !a.dtype.is_float() || a.dtype != cutoffs.dtype || batch != cutoffs.shape.as_slice() {
        return Err(cpu::mistyped());
    }
    let shape: Shape = batch.iter().copied().chain([n, m]).collect();
    Ok(Abstract::new(shape, a.dtype))
}

/// `dp = -p da p + (1 - p a) da^T p^T p + p p^T da^T (1 - a p)`, where the rank stays as it is (G. Golub, V. Pereyra,
/// "The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate", 1973).
fn tangent(cx: &mut Context, _: &Op, inputs: &[Array], p: &[Array], tangents: &[Option<Array>]) -> Tangents {
    let ([a, _], [p], [da, ..]) = (inputs, p, tangents) else { return Err(cpu::mistyped()) };
    let Some(da) = da else { return Ok(smallvec![None]) };
    let (da_transposed, p_transposed) = (transposed(cx, da)?, transposed(cx, p)?);
    let inside = product(cx, p, da)?;
    let inside = product(cx, &inside, p)?;
    // (1 - p a) x, for the x of the second term
    let x = product(cx, &da_transposed, &p_transposed)?;
    let x = product(cx, &x, p)?;
    let within = product(cx, a, &x)?;
    let within = product(cx, p, &within)?;
    let second = sub(cx, x, within)?;
    // y (1 - a p), for the y of the third
    let y = product(cx, &p_transposed, &da_transposed)?;
    let y = product(cx, p, &y)?;
    let within = product(cx, &y, a)?;
    let within = product(cx, &within, p)?;
    let third = sub(cx, y, within)?;
    let outside = add(cx, second, third)?;
    Ok(smallvec![Some(sub(cx, outside, inside)?)])
}
