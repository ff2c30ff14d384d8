//! Choosing between values, element by element.

use super::elementwise::adopt;
use super::slice::taken;
use super::{Abstract, Arity, Attrs, Entry, Kernel, MAXIMUM, MINIMUM, Op, Rule, apply, apply2, types};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::tensor::Array;

/// `where(condition, a, b)`: `a` where the condition holds, else `b`.
pub static SELECT: Op = Op {
    entry: &Entry {
        name: "select",
        symbol: "where",
        arity: Arity::Exactly(3),
        rule: Rule::Elementwise(types::select),
        kernel: Kernel::Whole(kernel),
        exact: None,
        guard: None,
    },
    attrs: Attrs::None,
};

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
    let condition = condition.to_tensor();
    let a = adopt(cx, a, out.dtype)?;
    let typed = matches!(&*b, Array::Tensor(tensor) if tensor.dtype() == out.dtype);
    let b = if typed { taken(b) } else { adopt(cx, b, out.dtype)? };
    let chosen = Array::from(cpu::select::select(&condition, &a, b, &out.shape)?);
    match chosen.as_scalar() {
        Some(scalar) if out.weak => Ok(Array::weaken(scalar)),
        _ => Ok(chosen),
    }
}
