//! A tensor on the device: a strided look at a pooled buffer.
//!
//! Elements of `f32` and `i32` take four bytes. Those of `u8` and `bool` take one and lie four to a word: kernels write
//! whole words, or bytes by atomic operations. A buffer is written by the operation that makes it, and again only by one
//! that holds it alone.

use super::pool::Buffer;
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::shape::{self, Shape, Strides};
use crate::tensor::{DType, Device, type_name};
use std::fmt;
use std::rc::Rc;

#[derive(Clone)]
pub struct View {
    buffer: Rc<Buffer>,
    dtype: DType,
    shape: Shape,
    offset: usize,
    strides: Strides,
}

/// Shows its type alone: the elements are elsewhere.
impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&type_name(self.dtype, &self.shape, Device::Gpu(0)))
    }
}

impl View {
    /// All of a buffer's elements in row-major order.
    pub(super) fn whole(buffer: Rc<Buffer>, dtype: DType, shape: &[usize]) -> View {
        View { buffer, dtype, shape: shape::copy(shape), offset: 0, strides: shape::contiguous(shape) }
    }

    /// Another look at the same buffer, in elements of it.
    pub fn with_layout(&self, shape: Shape, offset: usize, strides: Strides) -> View {
        View { buffer: self.buffer.clone(), dtype: self.dtype, shape, offset, strides }
    }

    pub fn dtype(&self) -> DType {
        self.dtype
    }
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }
    pub fn offset(&self) -> usize {
        self.offset
    }
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }
    pub fn size(&self) -> usize {
        shape::size(&self.shape)
    }
    pub(super) fn buffer(&self) -> &Rc<Buffer> {
        &self.buffer
    }

    /// Bytes on the device that are there because of it: those of the whole buffer.
    pub fn bytes_held(&self) -> u64 {
        self.buffer.bytes()
    }

    /// Errors when the device that holds the elements is lost.
    pub fn check_lost(&self) -> Result<()> {
        self.buffer.check_lost()
    }

    /// Does nobody else hold the buffer? What was recorded before reads it before anything that is recorded from now on.
    pub(super) fn is_alone(&self) -> bool {
        Rc::strong_count(&self.buffer) == 1
    }

    /// The last of its elements, without axes.
    pub fn last(&self) -> View {
        let steps = self.shape.iter().zip(&self.strides).map(|(&len, &step)| step * len.saturating_sub(1) as isize);
        let offset = self.offset.wrapping_add_signed(steps.sum());
        self.with_layout(Shape::new(), offset, Strides::new())
    }

    /// Do the elements lie one behind the other in row-major order?
    pub fn is_contiguous(&self) -> bool {
        let mut step = 1isize;
        self.size() == 0
            || self.shape.iter().zip(&self.strides).rev().all(|(&len, &stride)| {
                let fits = len == 1 || stride == step;
                step = step.saturating_mul(isize::try_from(len).unwrap_or(isize::MAX));
                fits
            })
    }

    /// Errors when the view reaches out of its buffer: kernels run without bounds checks.
    pub(super) fn check(&self) -> Result<()> {
        if self.size() == 0 {
            return Ok(());
        }
        let (mut low, mut high) = (self.offset as i128, self.offset as i128);
        for (&len, &stride) in self.shape.iter().zip(&self.strides) {
            let reach = stride as i128 * (len as i128 - 1);
            if reach < 0 { low += reach } else { high += reach }
        }
        let elements = i128::from(self.buffer.bytes()) / self.dtype.size() as i128;
        if low >= 0 && high < elements && self.shape.len() == self.strides.len() {
            return Ok(());
        }
        let name = type_name(self.dtype, &self.shape, Device::Gpu(0));
        Err(Error::new(Kind::Internal, format!("a view of type {name} reaches out of its buffer")))
    }
}
