//! The places of the largest and the smallest elements along an axis: the first of equal ones; NaN wins.

use super::copy::{self, CHUNK, Plain};
use super::mistyped;
use super::reduce::fold::is_nan;
use super::versioned::versioned;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::isa::Isa;
use crate::tensor::{Data, Tensor, shape};

/// Elements whose best is found before its place is.
const STRETCH: usize = 4096;
/// Columns that one thread looks at.
const COLUMNS: usize = 256;

/// The place of the largest (or smallest) element along `axis`, the first of several; NaN wins.
pub fn place(cx: &Context, largest: bool, tensor: &Tensor, axis: usize, out: &[usize]) -> Result<Tensor> {
    let tensor = &copy::in_order(cx, tensor)?;
    macro_rules! places {
        ($type:ty) => {
            if largest {
                places(cx, tensor, axis, |a: $type, b| a > b)
            } else {
                places(cx, tensor, axis, |a: $type, b| a < b)
            }
        };
    }
    let places = match tensor.data() {
        Data::Bool(_) => places!(bool),
        Data::U8(_) => places!(u8),
        Data::I32(_) => places!(i32),
        Data::I64(_) => places!(i64),
        Data::F32(_) => places!(f32),
        Data::F64(_) => places!(f64),
        Data::Str(_) => Err(mistyped()),
    };
    Ok(Tensor::from_vec(places?, out))
}

/// `better` tells whether a number is ahead of another; with NaN it is not.
fn places<T: Plain + PartialOrd>(
    cx: &Context,
    tensor: &Tensor,
    axis: usize,
    better: impl Fn(T, T) -> bool + Copy + Sync,
) -> Result<Vec<i64>> {
    let values = tensor.as_slice::<T>().ok_or_else(mistyped)?;
    let len = tensor.shape().get(axis).copied().ok_or_else(mistyped)?;
    let inner = shape::size(&tensor.shape()[axis + 1..]);
    let outer = shape::size(&tensor.shape()[..axis]);
    let mut found = cx.buffer::<i64>(outer * inner);
    let (isa, block) = (cx.isa, len * inner);
    if block == 0 {
        found.fill(0);
    } else if inner == 1 && len > 2 * CHUNK {
        for (found, row) in found.iter_mut().zip(values.chunks_exact(len)) {
            *found = of_long(cx, row, better)?;
        }
    } else if inner == 1 {
        let rows = (CHUNK / len).max(1);
        cx.share(
            found.chunks_mut(rows).zip(values.chunks(rows * len)),
            || (),
            |_, (found, rows)| {
                for (found, row) in found.iter_mut().zip(rows.chunks_exact(len)) {
                    *found = best(isa, row, better).0 as i64;
                }
            },
        )?;
    } else if len * inner.min(COLUMNS) > 4 * CHUNK {
        for (found, values) in found.chunks_exact_mut(inner).zip(values.chunks_exact(block)) {
            of_tall(cx, values, found, better)?;
        }
    } else {
        // small blocks go together; of large ones a thread takes some columns
        let (blocks, width) = ((CHUNK / block).max(1), if block > CHUNK { COLUMNS } else { inner });
        let parts = found.chunks_mut(blocks * inner).zip(values.chunks(blocks * block)).flat_map(|(found, values)| {
            let columns = found.chunks_mut(if block > CHUNK { width } else { blocks * inner });
            columns.enumerate().map(move |(at, found)| (at * width, found, values))
        });
        cx.share(parts, Vec::new, |bests: &mut Vec<T>, (start, found, values)| {
            bests.resize(width, T::default());
            for (found, values) in found.chunks_mut(width).zip(values.chunks_exact(block)) {
                let bests = &mut bests[..found.len()];
                columns(isa, values, inner, start, found, bests, better);
            }
        })?;
    }
    Ok(found)
}

/// The place of the best of a long row.
fn of_long<T: Plain + PartialOrd>(cx: &Context, row: &[T], better: impl Fn(T, T) -> bool + Copy + Sync) -> Result<i64> {
    let mut bests = vec![None; row.len().div_ceil(CHUNK)];
    let isa = cx.isa;
    cx.share(
        bests.iter_mut().zip(row.chunks(CHUNK)),
        || (),
        |_, (found, part)| *found = Some(best(isa, part, better)),
    )?;
    let places = bests.into_iter().enumerate().filter_map(|(at, found)| found.map(|(i, x)| (at * CHUNK + i, x)));
    let first = places.reduce(|best, next| if wins(next.1, best.1, better) { next } else { best });
    Ok(first.map_or(0, |(place, _)| place as i64))
}

/// The places of the best of each column of a long block, as many as are found.
fn of_tall<T: Plain + PartialOrd>(
    cx: &Context,
    values: &[T],
    found: &mut [i64],
    better: impl Fn(T, T) -> bool + Copy + Sync,
) -> Result<()> {
    let (isa, inner) = (cx.isa, found.len());
    // of so many rows by so many columns the best are found by themselves
    let width = inner.min(COLUMNS);
    let height = 4 * CHUNK / width;
    let stretches = values.chunks(height * inner);
    let mut places = vec![0; stretches.len() * inner];
    let mut bests = vec![T::default(); stretches.len() * inner];
    let rows = places.chunks_mut(inner).zip(bests.chunks_mut(inner)).zip(stretches);
    let parts = rows.flat_map(|((places, bests), values)| {
        let columns = places.chunks_mut(width).zip(bests.chunks_mut(width)).enumerate();
        columns.map(move |(at, (places, bests))| (at * width, places, bests, values))
    });
    cx.share(
        parts,
        || (),
        |_, (start, places, bests, values)| columns(isa, values, inner, start, places, bests, better),
    )?;
    let (first, others) = bests.split_at_mut(inner);
    found.copy_from_slice(&places[..inner]);
    for (number, (places, bests)) in places.chunks(inner).skip(1).zip(others.chunks(inner)).enumerate() {
        let start = ((number + 1) * height) as i64;
        for (((found, best), &place), &x) in found.iter_mut().zip(&mut *first).zip(places).zip(bests) {
            if wins(x, *best, better) {
                (*found, *best) = (start + place, x);
            }
        }
    }
    Ok(())
}

/// Is `x` the better one behind `best`?
#[inline(always)]
fn wins<T: PartialOrd + Copy>(x: T, best: T, better: impl Fn(T, T) -> bool) -> bool {
    better(x, best) | (is_nan(x) & !is_nan(best))
}

/// The place of the best of some items, which are not empty, and what it is.
fn best<T: Plain + PartialOrd>(isa: Isa, items: &[T], better: impl Fn(T, T) -> bool + Copy) -> (usize, T) {
    let mut found = (0, items[0]);
    for (number, part) in items.chunks(STRETCH).enumerate() {
        let (best, nan) = of_part(isa, part, better);
        if nan && let Some(at) = part.iter().position(|&x| is_nan(x)) {
            return (number * STRETCH + at, part[at]);
        }
        if better(best, found.1)
            && let Some(at) = part.iter().position(|x| *x == best)
        {
            found = (number * STRETCH + at, best);
        }
    }
    found
}

versioned! {
    /// The best number of some, which are not empty, and whether there is a NaN.
    fn of_part[T: Plain + PartialOrd, F: Fn(T, T) -> bool + Copy]<T, F>(items: &[T], better: F) -> (T, bool) {
        const LANES: usize = 32;
        let mut bests = [items[0]; LANES];
        let mut nans = [false; LANES];
        let (blocks, rest) = items.as_chunks::<LANES>();
        for block in blocks {
            for ((best, nan), &x) in bests.iter_mut().zip(&mut nans).zip(block) {
                *best = if better(x, *best) { x } else { *best };
                *nan |= is_nan(x);
            }
        }
        let all = bests.iter().chain(rest);
        let best = all.fold(items[0], |best, &x| if better(x, best) { x } else { best });
        (best, nans.iter().any(|nan| *nan) | rest.iter().any(|&x| is_nan(x)))
    }

    /// Of some columns, from `start` on, of rows of `inner` elements: the places of the best.
    fn columns[T: Plain + PartialOrd, F: Fn(T, T) -> bool + Copy]<T, F>(
        values: &[T],
        inner: usize,
        start: usize,
        found: &mut [i64],
        bests: &mut [T],
        better: F,
    ) {
        found.fill(0);
        for (row, values) in values.chunks_exact(inner).enumerate() {
            let values = &values[start..][..found.len()];
            if row == 0 {
                bests.copy_from_slice(values);
                continue;
            }
            for ((found, best), &x) in found.iter_mut().zip(bests.iter_mut()).zip(values) {
                let wins = wins(x, *best, better);
                *best = if wins { x } else { *best };
                *found = if wins { row as i64 } else { *found };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::{DType, Shape};

    /// Element by element along the axis in the middle.
    fn naive(x: &[f64], [outer, len, inner]: [usize; 3], largest: bool) -> Vec<i64> {
        let mut places = Vec::new();
        for (block, column) in (0..outer).flat_map(|block| (0..inner).map(move |column| (block, column))) {
            let at = |row: usize| x[(block * len + row) * inner + column];
            let beats = |x: f64, best: f64| if largest { x > best } else { x < best } || x.is_nan() && !best.is_nan();
            places.push((1..len).fold(0, |best, row| if beats(at(row), at(best)) { row } else { best }) as i64);
        }
        places
    }

    #[test]
    fn shapes_of_all_kinds_with_any_number_of_threads() {
        let shapes = [
            [1, 1, 1],
            [3, 5, 7],
            [1, 3000, 1],
            [400, 300, 1],
            [2, 500, 300],
            [1, 70000, 2],
            [3, 2, 40000],
            [1, 5 * CHUNK + 3, 1],
            [2, 2 * CHUNK + 1, 1],
            [0, 3, 2],
            [2, 3, 0],
            [5000, 3, 7],
            [2, 9 * CHUNK, 2],
            [1, 1100, 300],
        ];
        for shape in shapes {
            let count = shape.iter().product::<usize>();
            for special in [None, Some(f64::NAN), Some(f64::INFINITY), Some(-0.0)] {
                let value = |i: usize| ((i * 7919) % 1013) as f64 - 506.0;
                let special = |i: usize| if i % 1777 == 1776 { special } else { None };
                let x: Vec<f64> = (0..count).map(|i| special(i).unwrap_or(value(i))).collect();
                let tensor = Tensor::from_vec(x.clone(), &shape);
                for threads in 1..4 {
                    let cx = Context::with_threads(threads);
                    for largest in [true, false] {
                        let found = place(&cx, largest, &tensor, 1, &[shape[0], shape[2]]).unwrap();
                        let expected = naive(&x, shape, largest);
                        assert!(found.as_slice::<i64>() == Some(&expected), "{shape:?}, {threads} threads");
                    }
                }
            }
        }
    }

    #[test]
    fn views_ties_and_every_dtype() {
        let cx = Context::default();
        let zeros = Tensor::from_vec(vec![-0.0, 0.0, 0.0, -0.0], &[2, 2]);
        for largest in [true, false] {
            assert_eq!(place(&cx, largest, &zeros, 1, &[2]).unwrap().as_slice::<i64>(), Some([0, 0].as_slice()));
        }
        for dtype in [DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64] {
            let ones = Tensor::from_vec(vec![false, true, true, false, false, true], &[2, 3]);
            let x = crate::cpu::convert::convert(&cx, &ones, dtype).unwrap();
            let turned = x.view(Shape::from_slice(&[3, 2]), 0, [1, 3].as_slice().into());
            let places = |largest, axis, count: usize| {
                place(&cx, largest, &turned, axis, &[count]).unwrap().to_vec::<i64>().unwrap()
            };
            assert_eq!((places(true, 0, 2), places(false, 1, 3)), (vec![1, 2], vec![0, 1, 0]), "{dtype}");
        }
    }
}
