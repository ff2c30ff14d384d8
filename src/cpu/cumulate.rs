//! Running sums and products along an axis.

use super::mistyped;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Data, Tensor, shape};

/// Elements between two looks at the interrupt flag.
const STRETCH: usize = 1 << 20;

/// Every element becomes the sum of those up to it along an axis. Integers wrap. Written in place if nobody else holds
/// the buffer.
pub fn sums(cx: &Context, tensor: Tensor, axis: usize) -> Result<Tensor> {
    run(cx, tensor, axis, |a, b| a.wrapping_add(b), |a, b| a + b, |a, b| a + b)
}

/// The same with products.
pub fn products(cx: &Context, tensor: Tensor, axis: usize) -> Result<Tensor> {
    run(cx, tensor, axis, |a, b| a.wrapping_mul(b), |a, b| a * b, |a, b| a * b)
}

fn run(
    cx: &Context,
    mut tensor: Tensor,
    axis: usize,
    integers: impl Fn(i64, i64) -> i64,
    singles: impl Fn(f32, f32) -> f32,
    doubles: impl Fn(f64, f64) -> f64,
) -> Result<Tensor> {
    tensor.make_owned();
    let (data, shape) = tensor.owned_mut().ok_or_else(mistyped)?;
    let len = shape.get(axis).copied().ok_or_else(mistyped)?;
    let inner = shape::size(&shape[axis + 1..]);
    match data {
        Data::I64(values) => along(cx, values, len, inner, integers)?,
        Data::F32(values) => along(cx, values, len, inner, singles)?,
        Data::F64(values) => along(cx, values, len, inner, doubles)?,
        _ => return Err(mistyped()),
    }
    Ok(tensor)
}

/// `len` rows of `inner` elements lie one behind the other, any number of times.
fn along<T: Copy>(cx: &Context, values: &mut [T], len: usize, inner: usize, join: impl Fn(T, T) -> T) -> Result<()> {
    if len < 2 || inner == 0 {
        return Ok(());
    }
    for block in values.chunks_exact_mut(len * inner) {
        if inner == 1 {
            let mut before = None;
            for part in block.chunks_mut(STRETCH) {
                cx.check()?;
                for value in part {
                    *value = before.map_or(*value, |before| join(before, *value));
                    before = Some(*value);
                }
            }
            continue;
        }
        for row in 1..len {
            if row % (STRETCH / inner).max(1) == 0 {
                cx.check()?;
            }
            let (done, rest) = block.split_at_mut(row * inner);
            for (value, before) in rest.iter_mut().zip(&done[(row - 1) * inner..]) {
                *value = join(*before, *value);
            }
        }
    }
    cx.check()
}
