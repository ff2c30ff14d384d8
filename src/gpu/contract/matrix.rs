//! An operand of a contraction with one axis of each kind, and how it lies in memory.

use super::super::device::Gpu;
use super::super::program::malformed;
use super::super::view::View;
use crate::diagnostics::Result;
use crate::tensor::shape::{self, Axes, Shape, Strides};

/// An operand, and the parts its axes play. The others are free.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub view: &'a View,
    /// Kept, in the order of the other side's.
    pub batch: &'a [usize],
    /// Multiplied and summed, in the order of the other side's.
    pub contract: &'a [usize],
}

/// An operand with one axis of each kind.
pub(super) struct Matrix {
    pub view: View,
    /// Lengths and strides: batch, free, summed.
    pub lens: [usize; 3],
    pub strides: [isize; 3],
}

impl Side<'_> {
    /// Axes by kind: batch, free, summed. None if an axis does not exist.
    fn axes(&self) -> Option<[Axes; 3]> {
        let ndim = self.view.shape().len();
        let named = || self.batch.iter().chain(self.contract);
        let free = (0..ndim).filter(|axis| !named().any(|other| other == axis)).collect();
        let exist = named().all(|&axis| axis < ndim);
        exist.then(|| [Axes::from_slice(self.batch), free, Axes::from_slice(self.contract)])
    }

    /// With the axes of each kind joined. Where they do not follow each other in memory it is copied.
    pub(super) fn matrix(&self, gpu: &Gpu) -> Result<Matrix> {
        let axes = self.axes().ok_or_else(malformed)?;
        let part = |axes: &Axes| -> (Shape, Strides) {
            axes.iter().map(|&axis| (self.view.shape()[axis], self.view.strides()[axis])).unzip()
        };
        let parts = axes.each_ref().map(part);
        let lens = parts.each_ref().map(|(lens, _)| shape::size(lens));
        if let [Some(batch), Some(free), Some(summed)] = parts.each_ref().map(|(lens, strides)| joined(lens, strides)) {
            return Ok(Matrix { view: self.view.clone(), lens, strides: [batch, free, summed] });
        }
        let all: Shape = parts.iter().flat_map(|(lens, _)| lens.iter().copied()).collect();
        let steps: Strides = parts.iter().flat_map(|(_, strides)| strides.iter().copied()).collect();
        let view = gpu.compact(&self.view.with_layout(all, self.view.offset(), steps))?;
        let strides = shape::contiguous(&lens);
        Ok(Matrix { view, lens, strides: [strides[0], strides[1], strides[2]] })
    }
}

impl Matrix {
    /// Do neighbours along the sum lie nearer to each other than those along the free axis?
    pub(super) fn lies_along_sum(&self) -> bool {
        let [_, free, summed] = self.lens.map(|len| len > 1);
        let step = |used: bool, stride: isize| if used { stride.unsigned_abs() } else { usize::MAX };
        step(summed, self.strides[2]) <= step(free, self.strides[1])
    }

    /// The axis along which elements can be read four at a time: 1, the free one, or 2, the summed one. All quads along
    /// it are whole, and begin where a quad of the buffer does.
    pub(super) fn in_quads(&self) -> Option<usize> {
        let axis = if self.lies_along_sum() { 2 } else { 1 };
        let whole = (0..3).all(|other| match other == axis {
            true => self.strides[axis] == 1 && self.lens[axis].is_multiple_of(4),
            false => self.lens[other] == 1 || self.strides[other] % 4 == 0,
        });
        (whole && self.view.offset().is_multiple_of(4)).then_some(axis)
    }
}

/// The stride of several axes as one; none if they do not follow each other.
fn joined(lens: &[usize], strides: &[isize]) -> Option<isize> {
    let mut axes = lens.iter().zip(strides).filter(|(len, _)| **len != 1);
    let Some((_, &first)) = axes.next() else { return Some(0) };
    axes.try_fold(first, |outer, (&len, &inner)| (outer == inner.wrapping_mul(len as isize)).then_some(inner))
}
