//! Walking a strided tensor in logical (row-major) order, a stretch at a time.

use super::{Shape, Strides, shape};
use smallvec::SmallVec;

/// One axis of a walk.
#[derive(Clone, Copy, Debug)]
struct Axis {
    len: usize,
    stride: isize,
    at: usize,
}

/// A position in a strided view of `data`. Axes that follow each other in memory are joined, axes of length one left
/// out, so that most walks have one axis or two.
#[derive(Clone, Debug)]
pub struct Walk<'a, T> {
    data: &'a [T],
    axes: SmallVec<[Axis; 4]>,
    /// Where in `data` the next element lies. May point outside between two axes, never when an element is read.
    position: isize,
    left: usize,
}

impl<'a, T: Clone> Walk<'a, T> {
    /// `offset`, `shape` and `strides` must keep within `data`, as every tensor's do.
    pub fn new(data: &'a [T], offset: usize, shape: &[usize], strides: &[isize]) -> Walk<'a, T> {
        let mut axes: SmallVec<[Axis; 4]> = SmallVec::new();
        let left = shape::size(shape);
        if left == 0 {
            return Walk { data, axes, position: 0, left };
        }
        for (&len, &stride) in shape.iter().zip(strides) {
            match axes.last_mut() {
                _ if len == 1 => {}
                Some(outer) if outer.stride == stride * len as isize => {
                    outer.len *= len;
                    outer.stride = stride;
                }
                _ => axes.push(Axis { len, stride, at: 0 }),
            }
        }
        Walk { data, axes, position: offset as isize, left }
    }

    /// The walk from the element with this number on.
    pub fn starting_at(mut self, number: usize) -> Walk<'a, T> {
        let mut rest = number.min(self.left);
        self.left -= rest;
        for axis in self.axes.iter_mut().rev() {
            axis.at = rest % axis.len;
            rest /= axis.len;
            self.position += axis.at as isize * axis.stride;
        }
        self
    }

    /// All elements as one slice, if they lie one behind the other.
    pub fn slice(&self) -> Option<&'a [T]> {
        let start = self.position as usize;
        match self.axes.as_slice() {
            _ if self.left == 0 => Some(&[]),
            [] => self.data.get(start..start + 1),
            [axis] if axis.stride == 1 => self.data.get(start..start + axis.len),
            _ => None,
        }
    }

    /// The one value that all elements are, if all strides are zero.
    pub fn same(&self) -> Option<&'a T> {
        if self.axes.iter().all(|axis| axis.stride == 0) { self.data.get(self.position as usize) } else { None }
    }

    /// Another walk, from the element with this number on; this one must be at its start.
    pub fn at(&self, number: usize) -> Walk<'a, T> {
        self.clone().starting_at(number)
    }

    /// What is walked through.
    pub fn data(&self) -> &'a [T] {
        self.data
    }

    /// Where the next element lies, and length and stride of every axis, joined where they follow each other.
    pub fn layout(&self) -> (isize, SmallVec<[(usize, isize); 4]>) {
        (self.position, self.axes.iter().map(|axis| (axis.len, axis.stride)).collect())
    }

    /// Appends the next `count` elements to `out`, or those that are left.
    pub fn fill(&mut self, out: &mut Vec<T>, count: usize) {
        self.runs(count, |data, start, stride, len| match stride {
            1 => out.extend_from_slice(&data[start..start + len]),
            0 => out.extend(std::iter::repeat_n(&data[start], len).cloned()),
            step if step > 0 => out.extend(data[start..].iter().step_by(step as usize).take(len).cloned()),
            step => out.extend(data[..=start].iter().rev().step_by(step.unsigned_abs()).take(len).cloned()),
        });
    }

    /// Writes the next elements to `out`; as many have to be left.
    pub fn copy_to(&mut self, out: &mut [T])
    where
        T: Copy,
    {
        fn each<'v, T: Copy + 'v>(out: &mut [T], values: impl Iterator<Item = &'v T>) {
            for (out, &value) in out.iter_mut().zip(values) {
                *out = value;
            }
        }
        let mut done = 0;
        self.runs(out.len(), |data, start, stride, len| {
            let out = &mut out[done..done + len];
            done += len;
            match stride {
                1 => out.copy_from_slice(&data[start..start + len]),
                0 => out.fill(data[start]),
                step if step > 0 => each(out, data[start..].iter().step_by(step as usize)),
                step => each(out, data[..=start].iter().rev().step_by(step.unsigned_abs())),
            }
        });
    }

    /// Calls `work` with the data and start, stride and length of every run along the innermost axis, for the next
    /// `count` elements, or those that are left.
    #[inline]
    fn runs(&mut self, count: usize, mut work: impl FnMut(&'a [T], usize, isize, usize)) {
        let mut wanted = count.min(self.left);
        self.left -= wanted;
        while wanted > 0 {
            let start = self.position as usize;
            let Some(axis) = self.axes.last_mut() else { return work(self.data, start, 1, 1) };
            let len = wanted.min(axis.len - axis.at);
            work(self.data, start, axis.stride, len);
            axis.at += len;
            self.position += axis.stride * len as isize;
            wanted -= len;
            self.carry();
        }
    }

    /// Steps the outer axes whose inner ones are done.
    fn carry(&mut self) {
        for inner in (0..self.axes.len()).rev() {
            let axis = &mut self.axes[inner];
            if axis.at < axis.len {
                return;
            }
            self.position -= axis.stride * axis.len as isize;
            axis.at = 0;
            if let Some(outer) = inner.checked_sub(1).and_then(|outer| self.axes.get_mut(outer)) {
                outer.at += 1;
                self.position += outer.stride;
            }
        }
    }
}

impl<T: Clone> Iterator for Walk<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.left == 0 {
            return None;
        }
        let value = self.data.get(self.position as usize)?.clone();
        self.left -= 1;
        if let Some(axis) = self.axes.last_mut() {
            axis.at += 1;
            self.position += axis.stride;
            if axis.at == axis.len {
                self.carry();
            }
        }
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T: Clone> ExactSizeIterator for Walk<'_, T> {}

/// The positions in a buffer of all elements of a view, in logical order.
pub fn positions(offset: usize, shape: &[usize], strides: &[isize]) -> Vec<usize> {
    if shape.contains(&0) {
        return Vec::new();
    }
    let mut all = vec![offset];
    for (&len, &stride) in shape.iter().zip(strides) {
        all = all
            .iter()
            .flat_map(|&start| (0..len as isize).map(move |i| (start as isize + i * stride) as usize))
            .collect();
    }
    all
}

/// Strides that read `shape` as `target`, which it broadcasts to: zero along stretched and added axes.
pub fn stretch(shape: &[usize], strides: &[isize], target: &[usize]) -> Strides {
    let added = target.len() - shape.len();
    let mut result: Strides = smallvec::smallvec![0; added];
    for (axis, (&len, &stride)) in shape.iter().zip(strides).enumerate() {
        result.push(if len == target[added + axis] { stride } else { 0 });
    }
    result
}

/// The index along every axis of the element with this number in logical order.
pub fn coordinates(mut number: usize, shape: &[usize]) -> Shape {
    let mut index: Shape = smallvec::smallvec![0; shape.len()];
    for (axis, &len) in shape.iter().enumerate().rev() {
        if len > 0 {
            index[axis] = number % len;
            number /= len;
        }
    }
    index
}
