//! New tensors filled with computed numbers.

use super::{Number, mistyped};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{DType, Data, Scalar, Shape, Tensor, shape};
use std::ops::{Add, Mul, Sub};

/// Elements that one thread makes at a time.
const PART: usize = 1 << 16;

/// The elements of a new tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fill {
    /// This number; in `str` empty text.
    Same(Scalar),
    /// `start + i * step`.
    Integers { start: i64, step: i64 },
    /// `first + i * (second - first)`, computed in the dtype, a float.
    Floats { first: f64, second: f64 },
    /// `start + i * (stop - start) / parts`, computed in `f64`; with `ends` the last is `stop` itself.
    Between { start: f64, stop: f64, parts: usize, ends: bool },
    /// One along the diagonal that starts at column `offset`, zero elsewhere.
    Diagonal { offset: i64 },
}

/// The memory has been checked.
pub fn fill(cx: &Context, fill: Fill, dtype: DType, shape: &Shape) -> Result<Tensor> {
    let count = shape::size(shape);
    let data = match (dtype, fill) {
        (DType::F32, Fill::Floats { first, second }) => Data::F32(counted(cx, first as f32, second as f32, count)?),
        (DType::F64, Fill::Floats { first, second }) => Data::F64(counted(cx, first, second, count)?),
        (DType::Bool, _) => Data::Bool(elements(cx, fill, shape, count)?),
        (DType::U8, _) => Data::U8(elements(cx, fill, shape, count)?),
        (DType::I32, _) => Data::I32(elements(cx, fill, shape, count)?),
        (DType::I64, _) => Data::I64(elements(cx, fill, shape, count)?),
        (DType::F32, _) => Data::F32(elements(cx, fill, shape, count)?),
        (DType::F64, _) => Data::F64(elements(cx, fill, shape, count)?),
        (DType::Str, _) => Data::zeros(dtype, count),
    };
    Ok(Tensor::owner(data, shape.clone()))
}

/// As NumPy: the first two are given, the others come from their distance.
fn counted<T>(cx: &Context, first: T, second: T, count: usize) -> Result<Vec<T>>
where
    T: Number + Add<Output = T> + Sub<Output = T> + Mul<Output = T>,
{
    let step = second - first;
    let item = |i: usize| match i {
        0 => first,
        1 => second,
        _ => first + T::of_scalar(Scalar::I64(i as i64)) * step,
    };
    numbered(cx, count, item)
}

/// Elements by their numbers, on all threads.
fn numbered<T: Number>(cx: &Context, count: usize, item: impl Fn(usize) -> T + Sync) -> Result<Vec<T>> {
    let mut all = cx.buffer(count);
    cx.share(
        all.chunks_mut(PART).enumerate(),
        || (),
        |(), (number, part)| {
            part.iter_mut().zip(number * PART..).for_each(|(to, i)| *to = item(i));
        },
    )?;
    Ok(all)
}

fn elements<T: Number>(cx: &Context, fill: Fill, shape: &[usize], count: usize) -> Result<Vec<T>> {
    let integer = |value| T::of_scalar(Scalar::I64(value));
    Ok(match fill {
        Fill::Floats { .. } => return Err(mistyped()),
        Fill::Same(value) if value.as_f64().to_bits() == 0 => cx.pool.take_zeros(count),
        Fill::Same(value) => numbered(cx, count, |_| T::of_scalar(value))?,
        Fill::Integers { start, step } => {
            numbered(cx, count, |i| integer(start.wrapping_add((i as i64).wrapping_mul(step))))?
        }
        Fill::Between { start, stop, parts, ends } => {
            let last = if ends && count > 1 { count - 1 } else { usize::MAX };
            let number = |i| if i == last { stop } else { between(start, stop, parts, i) };
            numbered(cx, count, |i| T::of_scalar(Scalar::F64(number(i))))?
        }
        Fill::Diagonal { offset } => {
            let mut all = cx.pool.take_zeros::<T>(count);
            let &[rows, columns] = shape else { return Err(mistyped()) };
            // the first row that meets the diagonal, and where
            let row = usize::try_from(offset.checked_neg().unwrap_or(i64::MAX)).unwrap_or(0);
            let column = usize::try_from(offset).unwrap_or(0);
            let met = rows.saturating_sub(row).min(columns.saturating_sub(column));
            let first = row.saturating_mul(columns).saturating_add(column);
            let step = columns.saturating_add(1);
            all.iter_mut().skip(first).step_by(step).take(met).for_each(|one| *one = integer(1));
            all
        }
    })
}

/// In the order NumPy multiplies and divides.
fn between(start: f64, stop: f64, parts: usize, i: usize) -> f64 {
    let (distance, i) = (stop - start, i as f64);
    let step = distance / parts as f64;
    let moved = if parts == 0 {
        i * distance
    } else if step == 0.0 {
        i / parts as f64 * distance
    } else {
        i * step
    };
    moved + start
}
