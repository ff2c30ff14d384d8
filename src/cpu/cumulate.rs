//! Running sums and products along an axis, one element after the other.

use super::copy::{self, CHUNK, Plain};
use super::mistyped;
use super::versioned::versioned;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::isa::Isa;
use crate::tensor::{Data, Tensor, shape};

/// Elements that are copied and then combined while they are in the first-level cache.
const STRETCH: usize = 1024;
/// Elements between two looks at the interrupt flag.
const LONG: usize = 1 << 20;
/// Columns that one thread combines at a time.
const COLUMNS: usize = 256;

/// Every element becomes the sum of those up to it along an axis. Integers wrap. Written in place if nobody else holds
/// the buffer; else the memory of the result has been checked.
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
    integers: impl Fn(i64, i64) -> i64 + Copy + Sync,
    singles: impl Fn(f32, f32) -> f32 + Copy + Sync,
    doubles: impl Fn(f64, f64) -> f64 + Copy + Sync,
) -> Result<Tensor> {
    if !tensor.is_contiguous() {
        copy::own(cx, &mut tensor)?;
    }
    let len = tensor.shape().get(axis).copied().ok_or_else(mistyped)?;
    let inner = shape::size(&tensor.shape()[axis + 1..]);
    match tensor.data() {
        Data::I64(_) => typed(cx, tensor, len, inner, integers),
        Data::F32(_) => typed(cx, tensor, len, inner, singles),
        Data::F64(_) => typed(cx, tensor, len, inner, doubles),
        _ => Err(mistyped()),
    }
}

fn typed<T: Plain>(
    cx: &Context,
    mut tensor: Tensor,
    len: usize,
    inner: usize,
    join: impl Fn(T, T) -> T + Copy + Sync,
) -> Result<Tensor> {
    if let Some((_, values)) = tensor.as_mut_slice::<T>() {
        along(cx, None, values, (len, inner), join)?;
        return Ok(tensor);
    }
    let from = tensor.as_slice::<T>().ok_or_else(mistyped)?;
    let mut out = cx.buffer::<T>(from.len());
    along(cx, Some(from), &mut out, (len, inner), join)?;
    Ok(Tensor::from_vec(out, tensor.shape()))
}

/// `len` rows of `inner` elements lie one behind the other, any number of times: in `from`, or else in `out` already.
fn along<T: Plain>(
    cx: &Context,
    from: Option<&[T]>,
    out: &mut [T],
    (len, inner): (usize, usize),
    join: impl Fn(T, T) -> T + Copy + Sync,
) -> Result<()> {
    let block = len * inner;
    if block == 0 {
        return Ok(());
    }
    let isa = cx.isa;
    let part = |start: usize, count: usize| from.map(|from| &from[start..start + count]);
    if block <= CHUNK || inner < COLUMNS && block <= LONG {
        let blocks = (CHUNK / block).max(1);
        return cx.share(
            out.chunks_mut(blocks * block).enumerate(),
            || (),
            |_, (number, out)| {
                for (at, out) in out.chunks_exact_mut(block).enumerate() {
                    rows(isa, part((number * blocks + at) * block, block), out, inner, None, join);
                }
            },
        );
    }
    // so many rows at a time, each time behind the last one
    let height = LONG / inner.min(COLUMNS);
    for (number, out) in out.chunks_exact_mut(block).enumerate() {
        let mut before: Option<&[T]> = None;
        for (at, out) in out.chunks_mut(height * inner).enumerate() {
            cx.check()?;
            let from = part(number * block + at * height * inner, out.len());
            if inner < COLUMNS {
                rows(isa, from, out, inner, before, join);
            } else {
                columns(cx, from, out, inner, before, join)?;
            }
            let out: &[T] = out;
            before = out.chunks_exact(inner).last();
        }
    }
    Ok(())
}

/// Combines a row of single elements, behind `before`.
#[inline(always)]
fn vector<T: Plain>(from: Option<&[T]>, out: &mut [T], mut before: Option<T>, join: impl Fn(T, T) -> T + Copy) {
    for (number, out) in out.chunks_mut(STRETCH).enumerate() {
        if let Some(from) = from {
            out.copy_from_slice(&from[number * STRETCH..][..out.len()]);
        }
        let mut rest = out.iter_mut();
        // the very first one stays as it is
        let first = if before.is_none() { rest.next().map(|first| *first) } else { before };
        let Some(mut sum) = first else { continue };
        for out in rest {
            sum = join(sum, *out);
            *out = sum;
        }
        before = Some(sum);
    }
}

/// Combines rows, behind the row `before`.
fn rows<'a, T: Plain>(
    isa: Isa,
    from: Option<&[T]>,
    out: &'a mut [T],
    inner: usize,
    mut before: Option<&'a [T]>,
    join: impl Fn(T, T) -> T + Copy,
) {
    if inner == 1 {
        return vector(from, out, before.and_then(|row| row.first().copied()), join);
    }
    for (row, out) in out.chunks_exact_mut(inner).enumerate() {
        next(isa, from.map(|from| &from[row * inner..][..inner]), before, out, join);
        before = Some(out);
    }
}

/// Combines wide rows, behind the row `before`: every thread some columns at a time.
fn columns<T: Plain>(
    cx: &Context,
    from: Option<&[T]>,
    out: &mut [T],
    inner: usize,
    before: Option<&[T]>,
    join: impl Fn(T, T) -> T + Copy + Sync,
) -> Result<()> {
    let height = out.len() / inner;
    let mut columns: Vec<Vec<&mut [T]>> = (0..inner.div_ceil(COLUMNS)).map(|_| Vec::with_capacity(height)).collect();
    for row in out.chunks_exact_mut(inner) {
        for (column, part) in columns.iter_mut().zip(row.chunks_mut(COLUMNS)) {
            column.push(part);
        }
    }
    let isa = cx.isa;
    cx.share(
        columns.into_iter().enumerate(),
        || (),
        |_, (at, column)| {
            let mut before = before.map(|row| &row[at * COLUMNS..]);
            for (row, out) in column.into_iter().enumerate() {
                let from = from.map(|from| &from[row * inner + at * COLUMNS..][..out.len()]);
                next(isa, from, before, out, join);
                before = Some(out);
            }
        },
    )
}

versioned! {
    /// A row combined with the one before it.
    fn next[T: Plain, F: Fn(T, T) -> T + Copy]<T, F>(
        from: Option<&[T]>,
        before: Option<&[T]>,
        out: &mut [T],
        join: F,
    ) {
        match (from, before) {
            (Some(from), Some(before)) => {
                for ((out, &value), &before) in out.iter_mut().zip(from).zip(before) {
                    *out = join(before, value);
                }
            }
            (None, Some(before)) => {
                for (out, &before) in out.iter_mut().zip(before) {
                    *out = join(before, *out);
                }
            }
            (Some(from), None) => out.copy_from_slice(from),
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Shape;

    /// Element by element, with the axis in the middle.
    fn naive(x: &[f64], outer: usize, len: usize, inner: usize) -> Vec<f64> {
        let mut sums = x.to_vec();
        for block in 0..outer {
            for row in 1..len {
                for column in 0..inner {
                    let at = (block * len + row) * inner + column;
                    sums[at] = sums[at - inner] + x[at];
                }
            }
        }
        sums
    }

    #[test]
    fn blocks_of_any_size_with_any_number_of_threads() {
        for (outer, len, inner) in
            [(1, 0, 3), (1, 1, 1), (3, 5, 7), (1, 3000, 1), (400, 300, 1), (2, 500, 300), (1, 70000, 2), (3, 2, 40000)]
                .into_iter()
                .chain([(2, LONG + 5, 1), (2, LONG / 3 + 7, 3), (1, LONG / COLUMNS + 3, COLUMNS + 9)])
        {
            let shape = [outer, len, inner];
            let x: Vec<f64> = (0..outer * len * inner).map(|i| (i as f64 * 0.7).sin() - 0.0).collect();
            let expected = naive(&x, outer, len, inner);
            for threads in 1..4 {
                let cx = Context::with_threads(threads);
                let shared = Tensor::from_vec(x.clone(), &shape);
                let found = sums(&cx, shared.clone(), 1).unwrap();
                assert!(found.as_slice::<f64>() == Some(&expected), "{shape:?}, {threads} threads");
                assert!(shared.as_slice::<f64>() == Some(&x));
                let found = sums(&cx, shared, 1).unwrap();
                assert!(found.as_slice::<f64>() == Some(&expected), "{shape:?} in place, {threads} threads");
            }
        }
    }

    #[test]
    fn the_first_element_stays_and_views_are_read() {
        let cx = Context::default();
        let x = Tensor::from_vec(vec![-0.0, 1.0, -0.0, 2.0], &[2, 2]);
        let sums = sums(&cx, x.view(Shape::from_slice(&[2, 2]), 0, [1, 2].as_slice().into()), 1).unwrap();
        let bits: Vec<u64> = sums.as_slice::<f64>().unwrap().iter().map(|x| x.to_bits()).collect();
        assert_eq!(bits, [-0.0f64, -0.0, 1.0, 3.0].map(f64::to_bits));
        let wrapped = super::products(&cx, Tensor::from_vec(vec![i64::MAX, 2], &[2]), 0).unwrap();
        assert_eq!(wrapped.as_slice::<i64>(), Some([i64::MAX, -2].as_slice()));
    }
}
