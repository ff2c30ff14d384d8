//! Choosing between values, element by element.

use super::elementwise::adopt;
use super::linear::align;
use super::slice::taken;
use super::{
    Abstract, Arity, Attrs, Batch, Derivative, Entry, Kernel, MAXIMUM, MINIMUM, OnGpu, Op, Rule, Term, Wgsl, apply,
    apply2, types,
};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::tensor::{Array, Tensor, shape};
use smallvec::{SmallVec, smallvec};

/// `where(condition, a, b)`: `a` where the condition holds, else `b`.
pub static SELECT: Op = Op {
    entry: &Entry {
        derivative: Derivative::Whole(tangent),
        transpose: Some(transposed),
        batch: Batch::Elementwise,
        gpu: OnGpu::Wgsl(Wgsl { number: Some("select(c, b, a)"), truth: Some("select(c, b, a)"), ..Wgsl::NONE }),
        ..Entry::of("select", "where", Arity::Exactly(3), Rule::Elementwise(types::select), Kernel::Whole(kernel))
    },
    attrs: Attrs::None,
};

/// What stands for a tangent or cotangent that is zero.
const ZERO: Array = Array::Float(0.0);

/// The tangent of the value that was chosen.
fn tangent(
    cx: &mut Context,
    _: &Op,
    x: &[Array],
    y: &[Array],
    tangents: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 1]>> {
    let ([condition, ..], [y], [_, a, b]) = (x, y, tangents) else { return Err(cpu::mistyped()) };
    let mut side = |tangent: &Option<Array>| match tangent {
        Some(tangent) => align(cx, tangent.clone(), &y.aval()),
        None => Ok(ZERO),
    };
    let (a, b) = (side(a)?, side(b)?);
    Ok(smallvec![Some(select(cx, condition.clone(), a, b)?)])
}

fn transposed(cx: &mut Context, _: &Op, terms: &[Term], ct: &[Option<Array>]) -> Result<SmallVec<[Option<Array>; 2]>> {
    let ([Term::Known(condition), a, b], [Some(ct)]) = (terms, ct) else { return Ok(smallvec![None, None, None]) };
    let a = a.is_linear().then(|| select(cx, condition.clone(), ct.clone(), ZERO)).transpose()?;
    let b = b.is_linear().then(|| select(cx, condition.clone(), ZERO, ct.clone())).transpose()?;
    Ok(smallvec![None, a, b])
}

pub(super) static TABLE: &[&Entry] = &[SELECT.entry];

/// `a` where the condition holds, else `b`.
pub fn select(cx: &mut Context, condition: Array, a: Array, b: Array) -> Result<Array> {
    apply(cx, &SELECT, &mut [condition, a, b])
}

/// `x` kept within bounds, of which either may be missing. NaN stays.
pub fn clip(cx: &mut Context, x: Array, low: Option<Array>, high: Option<Array>) -> Result<Array> {
    let x = match low {
        Some(low) => apply2(cx, &MAXIMUM, x, low)?,
        None => x,
    };
    match high {
        Some(high) => apply2(cx, &MINIMUM, x, high),
        None => Ok(x),
    }
}

fn kernel(cx: &mut Context, _: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let [condition, a, b] = inputs else { return Err(cpu::mistyped()) };
    cx.check()?;
    let condition = condition.to_tensor().ok_or_else(cpu::mistyped)?;
    let a = adopt(cx, a, out.dtype)?;
    // let go only where it is written in place, which cannot be interrupted
    let fits = |b: &Tensor| b.dtype() == out.dtype && shape::same(b.shape(), &out.shape);
    let in_place = matches!(&*b, Array::Tensor(b) if fits(b) && b.is_unique() && b.is_contiguous());
    let b = if in_place { taken(b)? } else { adopt(cx, b, out.dtype)? };
    let chosen = Array::from(cpu::select::select(cx, &condition, &a, b, &out.shape)?);
    match chosen.as_scalar() {
        Some(scalar) if out.weak => Ok(Array::weaken(scalar)),
        _ => Ok(chosen),
    }
}
