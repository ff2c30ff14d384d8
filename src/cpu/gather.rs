//! Reading and writing scattered elements.

use super::mistyped;
use crate::diagnostics::Result;
use crate::tensor::{Data, Element, Tensor, positions, with_data};
use smallvec::SmallVec;

/// Where in a buffer elements lie: runs that start at every sum of one number from each of three lists. The sums are
/// taken modulo 2^64, so that steps back are numbers too.
pub struct Places {
    pub before: Vec<usize>,
    pub points: Vec<usize>,
    after: Vec<usize>,
    /// Elements of a run, and the step between them.
    run: usize,
    stride: isize,
}

impl Places {
    /// The axes behind the points, with their last axis as the run.
    pub fn new(before: Vec<usize>, points: Vec<usize>, shape: &[usize], strides: &[isize]) -> Places {
        match (shape.split_last(), strides.split_last()) {
            (Some((&run, outer)), Some((&stride, steps))) => {
                Places { before, points, after: positions(0, outer, steps), run, stride }
            }
            _ => Places { before, points, after: vec![0], run: 1, stride: 1 },
        }
    }

    /// All elements of a view.
    pub fn of_view(offset: usize, shape: &[usize], strides: &[isize]) -> Places {
        Places::new(vec![offset], vec![0], shape, strides)
    }

    /// Calls `work` with the start of every run.
    fn each(&self, mut work: impl FnMut(usize)) {
        if self.run == 0 || self.after.is_empty() {
            return;
        }
        for &before in &self.before {
            for &point in &self.points {
                let start = before.wrapping_add(point);
                for &after in &self.after {
                    work(start.wrapping_add(after));
                }
            }
        }
    }

    /// The points, where each is one element, and what is added to them.
    fn single(&self) -> Option<(usize, &[usize])> {
        match (self.before.as_slice(), self.after.as_slice(), self.run) {
            (&[before], &[after], 1) => Some((before.wrapping_add(after), &self.points)),
            _ => None,
        }
    }

    /// The element `number` of the run at `start`.
    #[inline]
    fn position(&self, start: usize, number: usize) -> usize {
        start.wrapping_add_signed(self.stride * number as isize)
    }
}

/// The elements at these places of the buffer, in the order of `shape`.
pub fn gather(tensor: &Tensor, places: &Places, shape: &[usize]) -> Tensor {
    fn typed<T: Element>(values: &[T], places: &Places, shape: &[usize]) -> Tensor {
        let mut out = Vec::with_capacity(crate::tensor::shape::size(shape));
        if let Some((start, points)) = places.single() {
            out.extend(points.iter().map(|&point| values[start.wrapping_add(point)].clone()));
        } else if places.stride == 1 {
            places.each(|start| out.extend_from_slice(&values[start..start + places.run]));
        } else {
            places.each(|start| out.extend((0..places.run).map(|i| values[places.position(start, i)].clone())));
        }
        Tensor::from_vec(out, shape)
    }
    with_data!(tensor.data(), values => typed(values, places, shape))
}

/// The tensor with `value`, broadcast to `shape`, at these places of its elements in order. Where places repeat the last
/// value counts. Written in place if nobody else holds the buffer.
pub fn scatter(mut tensor: Tensor, value: &Tensor, shape: &[usize], places: &Places) -> Result<Tensor> {
    fn typed<T: Element>(values: &mut [T], value: &Tensor, shape: &[usize], places: &Places) -> Option<()> {
        if value.size() == 1 {
            let value = value.walk::<T>()?.next()?;
            places.each(|start| (0..places.run).for_each(|i| values[places.position(start, i)] = value.clone()));
            return Some(());
        }
        if let (1, true, Some(mut from)) = (places.stride, value.shape() == shape, value.as_slice::<T>()) {
            places.each(|start| {
                let (row, rest) = from.split_at(places.run);
                values[start..start + places.run].clone_from_slice(row);
                from = rest;
            });
            return Some(());
        }
        let mut from = value.walk_as::<T>(shape)?;
        places.each(|start| {
            for (i, value) in (0..places.run).zip(&mut from) {
                values[places.position(start, i)] = value;
            }
        });
        Some(())
    }
    tensor.make_owned();
    let (data, _) = tensor.owned_mut().ok_or_else(mistyped)?;
    with_data!(data, values => typed(values, value, shape, places)).ok_or_else(mistyped)?;
    Ok(tensor)
}

/// The tensor with the elements of `value`, broadcast to `shape`, added at these places of its elements in order, as often
/// as they repeat. Integers wrap; of truth values it is `or`. Written in place if nobody else holds the buffer.
pub fn accumulate(mut tensor: Tensor, value: &Tensor, shape: &[usize], places: &Places) -> Result<Tensor> {
    fn typed<T: Element + Copy>(
        sums: &mut [T],
        value: &Tensor,
        shape: &[usize],
        places: &Places,
        add: impl Fn(T, T) -> T,
    ) -> Option<()> {
        if let (Some((start, points)), 1) = (places.single(), value.size()) {
            let value = value.walk::<T>()?.next()?;
            for &point in points {
                let sum = &mut sums[start.wrapping_add(point)];
                *sum = add(*sum, value);
            }
            return Some(());
        }
        let mut from = value.walk_as::<T>(shape)?;
        places.each(|start| {
            for (i, value) in (0..places.run).zip(&mut from) {
                let sum = &mut sums[places.position(start, i)];
                *sum = add(*sum, value);
            }
        });
        Some(())
    }
    tensor.make_owned();
    let (data, _) = tensor.owned_mut().ok_or_else(mistyped)?;
    match data {
        Data::Bool(sums) => typed(sums, value, shape, places, |a, b| a || b),
        Data::U8(sums) => typed(sums, value, shape, places, u8::wrapping_add),
        Data::I32(sums) => typed(sums, value, shape, places, i32::wrapping_add),
        Data::I64(sums) => typed(sums, value, shape, places, i64::wrapping_add),
        Data::F32(sums) => typed(sums, value, shape, places, |a, b| a + b),
        Data::F64(sums) => typed(sums, value, shape, places, |a, b| a + b),
        Data::Str(_) => None,
    }
    .ok_or_else(mistyped)?;
    Ok(tensor)
}

/// Where a mask holds: for every axis the indices along it.
pub fn nonzero(mask: &Tensor) -> Result<Vec<Tensor>> {
    let mut found: Vec<Vec<i64>> = vec![Vec::new(); mask.ndim()];
    let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, mask.ndim());
    for holds in mask.walk::<bool>().ok_or_else(mistyped)? {
        if holds {
            for (along, &i) in found.iter_mut().zip(&index) {
                along.push(i as i64);
            }
        }
        for (i, &len) in index.iter_mut().zip(mask.shape()).rev() {
            *i += 1;
            if *i < len {
                break;
            }
            *i = 0;
        }
    }
    let vector = |along: Vec<i64>| {
        let count = along.len();
        Tensor::from_vec(along, &[count])
    };
    Ok(found.into_iter().map(vector).collect())
}

/// The number in the buffer that every element of the index arrays points to, added up over the arrays. The first index
/// out of bounds is given back as the array it is in and its value.
pub fn points(
    arrays: &[Tensor],
    shape: &[usize],
    lens: &[usize],
    strides: &[isize],
) -> Result<Vec<usize>, (usize, i64)> {
    let mut points = vec![0usize; crate::tensor::shape::size(shape)];
    for (number, ((array, &len), &stride)) in arrays.iter().zip(lens).zip(strides).enumerate() {
        let add = |point: &mut usize, index: i64| {
            let position = if index < 0 { index.wrapping_add(len as i64) } else { index };
            if position < 0 || position >= len as i64 {
                return Err((number, index));
            }
            *point = point.wrapping_add_signed((position as isize).wrapping_mul(stride));
            Ok(())
        };
        match array.as_slice::<i64>().filter(|_| array.shape() == shape) {
            Some(indices) => points.iter_mut().zip(indices).try_for_each(|(point, &index)| add(point, index))?,
            None => {
                let indices = array.walk_as::<i64>(shape).into_iter().flatten();
                points.iter_mut().zip(indices).try_for_each(|(point, index)| add(point, index))?;
            }
        }
    }
    Ok(points)
}
