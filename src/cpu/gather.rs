//! Reading and writing scattered elements.

use super::copy::{self, CHUNK, Plain};
use super::mistyped;
use super::select::{Found, squeeze};
use super::versioned::versioned;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::isa::Isa;
use crate::tensor::walk::coordinates;
use crate::tensor::{Data, Element, Shape, Strides, Tensor, Text, Walk};
use crate::tensor::{positions, shape, with_data, with_numbers};
use smallvec::{SmallVec, smallvec};
use std::sync::atomic::{AtomicBool, Ordering};

/// Points that are computed at a time, while they are in the first-level cache.
const STRETCH: usize = 1024;

/// Index arrays, broadcast to one shape: where in a buffer their elements point, added up over the arrays.
pub struct Points<'a> {
    count: usize,
    arrays: Vec<Pointer<'a>>,
}

/// One index array, and length and stride of the axis it points along.
struct Pointer<'a> {
    walk: Walk<'a, i64>,
    len: i64,
    stride: isize,
}

impl<'a> Points<'a> {
    /// The arrays are of `i64`. The first index out of bounds is given back as the array it is in and its value.
    pub fn new(
        cx: &Context,
        arrays: &'a [Tensor],
        shape: &[usize],
        lens: &[usize],
        strides: &[isize],
    ) -> Result<Result<Points<'a>, (usize, i64)>> {
        let pointer = |((array, &len), &stride): ((&'a Tensor, &usize), &isize)| {
            Some(Pointer { walk: array.walk_as(shape)?, len: len as i64, stride })
        };
        let pointers = arrays.iter().zip(lens).zip(strides).map(pointer);
        let points =
            Points { count: shape::size(shape), arrays: pointers.collect::<Option<_>>().ok_or_else(mistyped)? };
        for (number, pointer) in points.arrays.iter().enumerate() {
            if let Some(index) = pointer.out_of_bounds(cx, points.count)? {
                return Ok(Err((number, index)));
            }
        }
        Ok(Ok(points))
    }

    /// A single point, at the start of the buffer.
    fn origin() -> Points<'static> {
        Points { count: 1, arrays: Vec::new() }
    }

    /// The points from the one numbered `start` on.
    fn read(&self, isa: Isa, start: usize, points: &mut [usize], scratch: &mut Vec<i64>) {
        points.fill(0);
        for Pointer { walk, len, stride } in &self.arrays {
            match walk.slice() {
                Some(indices) => add(isa, points, &indices[start..start + points.len()], *len, *stride),
                None => {
                    scratch.clear();
                    walk.at(start).fill(scratch, points.len());
                    add(isa, points, scratch, *len, *stride);
                }
            }
        }
    }

    /// All points.
    pub fn all(&self, cx: &Context) -> Vec<usize> {
        let (mut points, mut scratch) = (vec![0; self.count], Vec::new());
        for (number, points) in points.chunks_mut(STRETCH).enumerate() {
            self.read(cx.isa, number * STRETCH, points, &mut scratch);
        }
        points
    }
}

impl Pointer<'_> {
    /// The first of so many indices that points nowhere.
    fn out_of_bounds(&self, cx: &Context, count: usize) -> Result<Option<i64>> {
        let (wrong, isa, len) = (AtomicBool::new(false), cx.isa, self.len);
        cx.share((0..count).step_by(CHUNK), Vec::new, |scratch: &mut Vec<i64>, start| {
            let end = count.min(start + CHUNK);
            let fits = match self.walk.slice() {
                Some(indices) => within(isa, &indices[start..end], len),
                None => {
                    scratch.clear();
                    self.walk.at(start).fill(scratch, end - start);
                    within(isa, scratch, len)
                }
            };
            if !fits {
                wrong.store(true, Ordering::Relaxed);
            }
        })?;
        let outside = |index: &i64| *index < -len || *index >= len;
        Ok(if wrong.into_inner() { self.walk.clone().find(outside) } else { None })
    }
}

versioned! {
    /// Do all indices point into an axis of this length?
    fn within(indices: &[i64], len: i64) -> bool {
        indices.iter().fold(true, |fits, &index| fits & (index >= -len) & (index < len))
    }

    /// Adds where the indices point to.
    fn add(points: &mut [usize], indices: &[i64], len: i64, stride: isize) {
        for (point, &index) in points.iter_mut().zip(indices) {
            let position = if index < 0 { index.wrapping_add(len) } else { index };
            *point = point.wrapping_add_signed((position as isize).wrapping_mul(stride));
        }
    }
}

/// Where in a buffer elements lie: runs that start at every sum of a number from each of two lists and a point. The
/// sums are taken modulo 2^64, so that steps back are numbers too.
pub struct Places<'a> {
    before: Vec<usize>,
    points: Points<'a>,
    after: Vec<usize>,
    /// Elements of a run, and the step between them.
    run: usize,
    stride: isize,
}

impl<'a> Places<'a> {
    /// The axes behind the points, with their last axis as the run.
    pub fn new(before: Vec<usize>, points: Points<'a>, shape: &[usize], strides: &[isize]) -> Places<'a> {
        match (shape.split_last(), strides.split_last()) {
            (Some((&run, outer)), Some((&stride, steps))) => {
                Places { before, points, after: positions(0, outer, steps), run, stride }
            }
            _ => Places { before, points, after: vec![0], run: 1, stride: 1 },
        }
    }

    /// All elements of a view.
    pub fn of_view(offset: usize, shape: &[usize], strides: &[isize]) -> Places<'static> {
        Places::new(vec![offset], Points::origin(), shape, strides)
    }

    /// Calls `work` with the start of every run.
    #[inline]
    fn each(&self, isa: Isa, mut work: impl FnMut(usize)) {
        if self.run == 0 || self.after.is_empty() {
            return;
        }
        let mut points: SmallVec<[usize; 8]> = smallvec![0; STRETCH.min(self.points.count)];
        let mut scratch = Vec::new();
        for (number, &before) in self.before.iter().enumerate() {
            for start in (0..self.points.count).step_by(STRETCH) {
                let points = &mut points[..STRETCH.min(self.points.count - start)];
                // a few are the same as last time
                if number == 0 || self.points.count > STRETCH {
                    self.points.read(isa, start, points, &mut scratch);
                }
                for &mut point in points {
                    let start = before.wrapping_add(point);
                    for &after in &self.after {
                        work(start.wrapping_add(after));
                    }
                }
            }
        }
    }

    /// The element `number` of the run at `start`.
    #[inline]
    fn position(&self, start: usize, number: usize) -> usize {
        start.wrapping_add_signed(self.stride * number as isize)
    }
}

/// The elements at these places of the buffer, in the order of `shape`. The memory has been checked.
pub fn gather(cx: &Context, tensor: &Tensor, places: &Places, shape: &[usize]) -> Result<Tensor> {
    with_numbers!(tensor.data(), values => numbers(cx, values, places, shape), texts => {
        let mut out: Vec<Text> = Vec::with_capacity(shape::size(shape));
        places.each(cx.isa, |start| {
            out.extend((0..places.run).map(|i| texts[places.position(start, i)].clone()));
        });
        Ok(Tensor::from_vec(out, shape))
    })
}

fn numbers<T: Plain>(cx: &Context, values: &[T], places: &Places, shape: &[usize]) -> Result<Tensor> {
    let mut out = cx.buffer::<T>(shape::size(shape));
    let Places { before, points, after, run, stride } = places;
    // elements of a point, and of all points
    let share = after.len() * run;
    let block = points.count * share;
    if block == 0 {
        return Ok(Tensor::from_vec(out, shape));
    }
    // a part is some of the points, or all of them several times
    let blocks = (CHUNK / block).max(1);
    let some = if blocks > 1 { points.count } else { (CHUNK / 4 / share).max(1) };
    let part = if blocks > 1 { blocks * block } else { some * share };
    let parts = out.chunks_mut(blocks * block).enumerate().flat_map(|(number, out)| {
        out.chunks_mut(part).enumerate().map(move |(at, out)| (number * blocks, at * some, out))
    });
    let isa = cx.isa;
    let scratch = || (vec![0; some.min(points.count)], Vec::new());
    cx.share(parts, scratch, |(numbers, scratch), (first, start, out)| {
        let count = (out.len() / share).min(points.count - start);
        let numbers = &mut numbers[..count];
        points.read(isa, start, numbers, scratch);
        for (&before, out) in before[first..].iter().zip(out.chunks_mut(block)) {
            if let ([after], 1) = (after.as_slice(), *run) {
                let start = before.wrapping_add(*after);
                for (out, &point) in out.iter_mut().zip(&*numbers) {
                    *out = values[start.wrapping_add(point)];
                }
                continue;
            }
            let starts = numbers.iter().flat_map(|point| after.iter().map(move |after| point.wrapping_add(*after)));
            for (start, out) in starts.zip(out.chunks_exact_mut(*run)) {
                let start = before.wrapping_add(start);
                if *stride == 1 {
                    out.copy_from_slice(&values[start..start + run]);
                } else {
                    for (i, out) in out.iter_mut().enumerate() {
                        *out = values[places.position(start, i)];
                    }
                }
            }
        }
    })?;
    Ok(Tensor::from_vec(out, shape))
}

/// The tensor with `value`, broadcast to `shape`, at these places of its elements in order. Where places repeat the
/// last value counts. Written in place: the tensor is an owner that nobody else holds.
pub fn scatter(cx: &Context, mut tensor: Tensor, value: &Tensor, shape: &[usize], places: &Places) -> Result<Tensor> {
    fn typed<T: Element>(isa: Isa, values: &mut [T], value: &Tensor, shape: &[usize], places: &Places) -> Option<()> {
        if value.size() == 1 {
            let value = value.walk::<T>()?.next()?;
            places.each(isa, |start| (0..places.run).for_each(|i| values[places.position(start, i)] = value.clone()));
            return Some(());
        }
        if let (1, true, Some(mut from)) = (places.stride, value.shape() == shape, value.as_slice::<T>()) {
            places.each(isa, |start| {
                let (row, rest) = from.split_at(places.run);
                values[start..start + places.run].clone_from_slice(row);
                from = rest;
            });
            return Some(());
        }
        let mut from = value.walk_as::<T>(shape)?;
        places.each(isa, |start| {
            for (i, value) in (0..places.run).zip(&mut from) {
                values[places.position(start, i)] = value;
            }
        });
        Some(())
    }
    let (data, _) = tensor.owned_mut().ok_or_else(mistyped)?;
    with_data!(data, values => typed(cx.isa, values, value, shape, places)).ok_or_else(mistyped)?;
    Ok(tensor)
}

/// Adds the elements of `value`, broadcast to `shape`, to the tensor at these places of its elements in order, as
/// often as they repeat. Integers wrap; of truth values it is `or`. Written in place: the tensor is an owner that
/// nobody else holds. On error it is as it was.
pub fn accumulate(cx: &Context, tensor: &mut Tensor, value: &Tensor, shape: &[usize], places: &Places) -> Result<()> {
    /// `times` is a value added so many times, where the order of additions makes no difference.
    fn typed<T: Plain>(
        cx: &Context,
        sums: &mut [T],
        value: &Tensor,
        shape: &[usize],
        places: &Places,
        add: impl Fn(T, T) -> T,
        times: Option<fn(T, i64) -> T>,
    ) -> Result<()> {
        if let (1, 1) = (places.run, value.size()) {
            let value = value.walk::<T>().and_then(|mut values| values.next()).ok_or_else(mistyped)?;
            if let Some(times) = times
                && let Some(counts) = tally(cx, places, sums.len())?
            {
                for (sum, count) in sums.iter_mut().zip(counts) {
                    *sum = add(*sum, times(value, count));
                }
                return Ok(());
            }
            places.each(cx.isa, |start| sums[start] = add(sums[start], value));
            return Ok(());
        }
        let mut from = value.walk_as::<T>(shape).ok_or_else(mistyped)?;
        places.each(cx.isa, |start| {
            for (i, value) in (0..places.run).zip(&mut from) {
                let sum = &mut sums[places.position(start, i)];
                *sum = add(*sum, value);
            }
        });
        Ok(())
    }
    let (data, _) = tensor.owned_mut().ok_or_else(mistyped)?;
    match data {
        Data::Bool(sums) => typed(cx, sums, value, shape, places, |a, b| a || b, None),
        Data::U8(sums) => typed(cx, sums, value, shape, places, u8::wrapping_add, Some(|x, n| x.wrapping_mul(n as u8))),
        Data::I32(sums) => {
            typed(cx, sums, value, shape, places, i32::wrapping_add, Some(|x, n| x.wrapping_mul(n as i32)))
        }
        Data::I64(sums) => typed(cx, sums, value, shape, places, i64::wrapping_add, Some(i64::wrapping_mul)),
        Data::F32(sums) => typed(cx, sums, value, shape, places, |a, b| a + b, None),
        Data::F64(sums) => typed(cx, sums, value, shape, places, |a, b| a + b, None),
        Data::Str(_) => Err(mistyped()),
    }
}

/// How many of the places, each of one element, are each of the first `len` elements, counted by all threads; none
/// where that is not worth it.
fn tally(cx: &Context, places: &Places, len: usize) -> Result<Option<Vec<i64>>> {
    let ([before], [after]) = (places.before.as_slice(), places.after.as_slice()) else { return Ok(None) };
    let (start, points) = (before.wrapping_add(*after), &places.points);
    // every part has counts of its own, which are added up
    let size = len.saturating_mul(4).max(4 * CHUNK);
    let parts = points.count / size;
    if parts < 2 || cx.reserve(parts * len, size_of::<i64>(), || format!("counting {} elements", points.count)).is_err()
    {
        return Ok(None);
    }
    let (isa, size) = (cx.isa, points.count.div_ceil(parts));
    let mut counts = vec![0; parts * len];
    let scratch = || (vec![0; STRETCH], Vec::new());
    cx.share(counts.chunks_mut(len).enumerate(), scratch, |(numbers, scratch), (part, counts)| {
        let end = points.count.min((part + 1) * size);
        for first in (part * size..end).step_by(STRETCH) {
            let numbers = &mut numbers[..STRETCH.min(end - first)];
            points.read(isa, first, numbers, scratch);
            for &point in &*numbers {
                counts[start.wrapping_add(point)] += 1;
            }
        }
    })?;
    let (all, others) = counts.split_at_mut(len);
    for counts in others.chunks_exact(len) {
        all.iter_mut().zip(counts).for_each(|(all, count)| *all += count);
    }
    counts.truncate(len);
    Ok(Some(counts))
}

/// Where a mask holds: for every axis the indices along it.
pub fn nonzero(cx: &Context, mask: &Tensor) -> Result<Vec<Tensor>> {
    let rows = indices(cx, mask)?;
    let (count, ndim) = (mask.ndim(), mask.ndim() as isize);
    let found = rows.shape().first().copied().unwrap_or(0);
    Ok((0..count).map(|axis| rows.view(Shape::from_slice(&[found]), axis, Strides::from_slice(&[ndim]))).collect())
}

/// The index of every element of a mask that holds, one row each, in row-major order.
pub fn indices(cx: &Context, mask: &Tensor) -> Result<Tensor> {
    let mask = copy::in_order(cx, mask)?;
    let holds = mask.as_slice::<bool>().ok_or_else(mistyped)?;
    let found = Found::new(cx, holds, 1)?;
    let (count, ndim) = (found.count, mask.ndim());
    cx.reserve(count.saturating_mul(ndim), size_of::<i64>(), || format!("the indices of {count} elements"))?;
    let mut rows = cx.buffer::<i64>(count * ndim);
    let shape = mask.shape();
    found.each(cx, &mut rows, ndim, |out, start, holds| match shape {
        [] => {}
        [_] => squeeze(out, holds, |i| (start + i) as i64),
        [.., len] => {
            let mut numbers = vec![0; out.len() / ndim];
            squeeze(&mut numbers, holds, |i| start + i);
            let mut index = coordinates(start, shape);
            let mut row = start - start % len;
            for (number, out) in numbers.into_iter().zip(out.chunks_exact_mut(ndim)) {
                while number - row >= *len {
                    row += len;
                    step(&mut index[..ndim - 1], shape);
                }
                index[ndim - 1] = number - row;
                for (out, &at) in out.iter_mut().zip(&index) {
                    *out = at as i64;
                }
            }
        }
    })?;
    Ok(Tensor::from_vec(rows, &[count, ndim]))
}

/// The next index in row-major order.
fn step(index: &mut [usize], shape: &[usize]) {
    for (at, &len) in index.iter_mut().zip(shape).rev() {
        *at += 1;
        if *at < len {
            return;
        }
        *at = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::DType;

    fn contexts() -> impl Iterator<Item = Context> {
        (1..4).map(Context::with_threads)
    }

    fn vector(numbers: impl Iterator<Item = i64>) -> Tensor {
        let numbers: Vec<i64> = numbers.collect();
        Tensor::from_vec(numbers.clone(), &[numbers.len()])
    }

    #[test]
    fn points_along_any_axis() {
        for cx in contexts() {
            // (axes before, length along the points, axes behind), and how many points
            for (shape, count) in [
                ([1, 100_000, 1], 50_000),
                ([1, 3, 1], CHUNK + 5),
                ([1, 7, 100], 3000),
                ([5000, 7, 1], 3),
                ([50, 100, 3], 2000),
                ([3, 4, 40_000], 5),
                ([0, 4, 2], 3),
                ([2, 4, 0], 3),
                ([2, 4, 3], 0),
            ] {
                let [outer, len, inner] = shape;
                let index = |i: usize| (i * 7919) as i64 % (2 * len as i64) - len as i64;
                let indices = [vector((0..count).map(index))];
                let x = Tensor::from_vec((0..outer * len * inner).map(|i| i as i32).collect(), &[outer * len * inner]);
                let points = Points::new(&cx, &indices, &[count], &[len], &[inner as isize]).unwrap().unwrap();
                let before = positions(0, &[outer], &[(len * inner) as isize]);
                let places = Places::new(before, points, &[inner], &[1]);
                let found = gather(&cx, &x, &places, &[outer, count, inner]).unwrap();
                let row = |i: usize| index(i).rem_euclid(len as i64) as usize;
                let expected: Vec<i32> = (0..outer)
                    .flat_map(|block| (0..count).map(move |i| block * len + row(i)))
                    .flat_map(|row| (0..inner).map(move |column| (row * inner + column) as i32))
                    .collect();
                assert!(found.as_slice::<i32>() == Some(&expected), "{shape:?}, {count} points");
            }
        }
    }

    #[test]
    fn the_first_index_out_of_bounds_is_named() {
        for cx in contexts() {
            let far = |i: usize| if i == 3 * CHUNK || i == 3 * CHUNK + 9 { 100 + i as i64 } else { 5 };
            let indices = [vector((0..4 * CHUNK).map(|_| -10)), vector((0..4 * CHUNK).map(far))];
            let points = Points::new(&cx, &indices, &[4 * CHUNK], &[10, 10], &[1, 1]).unwrap();
            assert_eq!(points.err(), Some((1, 100 + 3 * CHUNK as i64)));
            let points = Points::new(&cx, &indices, &[4 * CHUNK], &[9, 10], &[1, 1]).unwrap();
            assert_eq!(points.err(), Some((0, -10)));
        }
    }

    #[test]
    fn many_additions_in_few_places() {
        for cx in contexts() {
            let count = 9 * CHUNK + 1;
            let indices = [vector((0..count).map(|i| (i * i % 13) as i64 - 5))];
            for dtype in [DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64] {
                let typed = |numbers: &Tensor| crate::cpu::convert::convert(&cx, numbers, dtype).unwrap();
                let points = Points::new(&cx, &indices, &[count], &[13], &[1]).unwrap().unwrap();
                let places = Places::new(vec![0], points, &[], &[]);
                let three = Tensor::from_vec(vec![3i64], &[]);
                let start = vector(0..13);
                let mut sums = Tensor::owner(typed(&start).to_data(), Shape::from_slice(&[13]));
                accumulate(&cx, &mut sums, &typed(&three), &[count], &places).unwrap();
                let times = |place: usize| (0..count).filter(|i| (i * i % 13 + 8) % 13 == place).count() as i64;
                let wrap = |sum: i64| if dtype == DType::U8 { sum as u8 as i64 } else { sum };
                let expected = typed(&vector((0..13).map(|i| wrap(i + 3 * times(i as usize)))));
                assert!((0..13).all(|i| sums.scalar(i) == expected.scalar(i)), "{dtype}");
                // counting can be interrupted, adding cannot: the sums are as they were, or done
                cx.interrupt.raise();
                let held = |sums: &Tensor| (0..13).map(|i| sums.scalar(i)).collect::<Vec<_>>();
                let before = held(&sums);
                let done = accumulate(&cx, &mut sums, &typed(&three), &[count], &places);
                let counted = matches!(dtype, DType::U8 | DType::I32 | DType::I64);
                assert!(done.is_err() == counted && (held(&sums) == before) == (counted || dtype == DType::Bool));
                cx.interrupt.clear();
            }
        }
    }

    #[test]
    fn indices_of_a_mask() {
        for cx in contexts() {
            for shape in
                [&[] as &[usize], &[0], &[5], &[3 * CHUNK + 1], &[3, 1], &[300, 500], &[40, 0, 3], &[50, 60, 70]]
            {
                let count = shape::size(shape);
                for every in [1, 3, 1000] {
                    let mask = Tensor::from_vec((0..count).map(|i| (i * 7).is_multiple_of(every)).collect(), shape);
                    let numbers = (0..count).filter(|i| (i * 7).is_multiple_of(every));
                    let expected: Vec<i64> = numbers.flat_map(|i| coordinates(i, shape)).map(|at| at as i64).collect();
                    let rows = indices(&cx, &mask).unwrap();
                    assert!(rows.as_slice::<i64>() == Some(&expected), "{shape:?}, one of {every}");
                    for (axis, along) in nonzero(&cx, &mask).unwrap().iter().enumerate() {
                        assert!(
                            along.walk::<i64>().unwrap().eq(expected.iter().copied().skip(axis).step_by(shape.len()))
                        );
                    }
                }
            }
        }
    }
}
