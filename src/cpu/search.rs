//! Searching in what is sorted.

use super::copy::{self, CHUNK};
use super::mistyped;
use super::radix::Key;
use super::reduce::fold::is_nan;
use super::versioned::versioned;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{DType, Element, Tensor, Text, shape};

/// Elements sought side by side, so that one does not wait for the memory that another reads.
const ABREAST: usize = 32;

/// Where the elements of `x` would stand in `sorted`: ahead of the elements that equal them, or behind these. The first
/// `stacked` axes of both are alike; behind them `sorted` has one axis. The memory of the result has been checked.
pub fn search(cx: &Context, sorted: &Tensor, x: &Tensor, stacked: usize, behind: bool) -> Result<Tensor> {
    let (sorted, x) = (copy::in_order(cx, sorted)?, copy::in_order(cx, x)?);
    let rows = shape::size(x.shape().get(..stacked).ok_or_else(mistyped)?);
    let mut places = cx.buffer::<i64>(x.size());
    let out = places.as_mut_slice();
    match x.dtype() {
        DType::Bool => numbers::<bool>(cx, &sorted, &x, rows, behind, out)?,
        DType::U8 => numbers::<u8>(cx, &sorted, &x, rows, behind, out)?,
        DType::I32 => numbers::<i32>(cx, &sorted, &x, rows, behind, out)?,
        DType::I64 => numbers::<i64>(cx, &sorted, &x, rows, behind, out)?,
        DType::F32 => numbers::<f32>(cx, &sorted, &x, rows, behind, out)?,
        DType::F64 => numbers::<f64>(cx, &sorted, &x, rows, behind, out)?,
        DType::Str => {
            let stands_before = |item: &Text, x: &Text| if behind { item <= x } else { item < x };
            each_row(&sorted, &x, rows, out, |sorted: &[Text], x, out| {
                for (x, out) in x.iter().zip(out) {
                    *out = sorted.partition_point(|item| stands_before(item, x)) as i64;
                }
                Ok(())
            })?
        }
    }
    Ok(Tensor::from_vec(places, x.shape()))
}

fn numbers<T: Key + PartialOrd>(
    cx: &Context,
    sorted: &Tensor,
    x: &Tensor,
    rows: usize,
    behind: bool,
    out: &mut [i64],
) -> Result<()> {
    let isa = cx.isa;
    each_row(sorted, x, rows, out, |sorted: &[T], x, out| {
        // NaN is found by itself: ahead of all NaN, or behind them
        let nan = if behind { sorted.len() } else { sorted.partition_point(|item| !is_nan(*item)) };
        cx.share(
            x.chunks(CHUNK / 4).zip(out.chunks_mut(CHUNK / 4)),
            || (),
            |_, (x, out)| match behind {
                true => find(isa, sorted, x, out, nan, |item, x| item <= x),
                false => find(isa, sorted, x, out, nan, |item, x| item < x),
            },
        )
    })
}

fn each_row<T: Element>(
    sorted: &Tensor,
    x: &Tensor,
    rows: usize,
    out: &mut [i64],
    mut work: impl FnMut(&[T], &[T], &mut [i64]) -> Result<()>,
) -> Result<()> {
    let (sorted, x) = (sorted.as_slice::<T>().ok_or_else(mistyped)?, x.as_slice::<T>().ok_or_else(mistyped)?);
    let (len, count) = (sorted.len() / rows.max(1), x.len() / rows.max(1));
    for row in 0..rows {
        let place = row * count..(row + 1) * count;
        work(&sorted[row * len..(row + 1) * len], &x[place.clone()], &mut out[place])?;
    }
    Ok(())
}

versioned! {
    /// The number of elements that stand before each `x`; the search takes the same steps for all of them.
    fn find[T: Key + PartialOrd, F: Fn(T, T) -> bool + Copy]<T, F>(
        sorted: &[T],
        x: &[T],
        out: &mut [i64],
        nan: usize,
        stands_before: F,
    ) {
        for (x, out) in x.chunks(ABREAST).zip(out.chunks_mut(ABREAST)) {
            let mut wanted = [T::default(); ABREAST];
            wanted[..x.len()].copy_from_slice(x);
            // `first` elements stand before, and the answer is at most `left` more
            let mut first = [0; ABREAST];
            let mut left = sorted.len();
            while left > 0 {
                let half = left.div_ceil(2);
                for (first, &x) in first.iter_mut().zip(&wanted) {
                    let middle = *first + half;
                    // Safety: `first + left` is never more than the length, and `half` is from 1 to `left`.
                    let item = unsafe { *sorted.get_unchecked(middle - 1) };
                    *first = if stands_before(item, x) { middle } else { *first };
                }
                left -= half;
            }
            for ((out, &first), &x) in out.iter_mut().zip(&first).zip(&wanted) {
                *out = if is_nan(x) { nan } else { first } as i64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Key + PartialOrd>(sorted: Vec<T>, x: Vec<T>, what: &str) {
        for (threads, behind) in [(1, false), (2, false), (3, true), (1, true)] {
            let cx = Context::with_threads(threads);
            let before = |item: &T, x: &T| if behind { item.key() <= x.key() } else { item.key() < x.key() };
            let expected: Vec<i64> =
                x.iter().map(|x| sorted.iter().filter(|item| before(item, x)).count() as i64).collect();
            let (row, x) = (Tensor::from_vec(sorted.clone(), &[sorted.len()]), Tensor::from_vec(x.clone(), &[x.len()]));
            let found = search(&cx, &row, &x, 0, behind).unwrap();
            assert!(found.as_slice::<i64>() == Some(&expected), "{what} in {}, {threads} threads", sorted.len());
        }
    }

    #[test]
    fn places_are_what_counting_gives() {
        for len in [0, 1, 2, 3, 7, 8, 9, 50] {
            let mut floats: Vec<f64> = (0..len).map(|i| ((i * 7) % 5) as f64 - 2.0).collect();
            floats.extend((len > 8).then_some(f64::NAN));
            floats.sort_by_key(|x| x.key());
            for count in [0, 1, ABREAST - 1, ABREAST, ABREAST + 1, CHUNK / 4 + 3] {
                let wanted = |i: usize| if i % 11 == 3 { f64::NAN } else { ((i * 13) % 29) as f64 / 4.0 - 3.0 };
                check(floats.clone(), (0..count).map(wanted).collect(), "floats");
                let bytes = floats.iter().filter(|x| !x.is_nan()).map(|x| (x + 2.0) as u8).collect::<Vec<u8>>();
                check(bytes, (0..count).map(|i| (i % 7) as u8).collect(), "bytes");
            }
        }
        check(vec![-0.0, 0.0], vec![0.0, -0.0], "zeros");
    }
}
