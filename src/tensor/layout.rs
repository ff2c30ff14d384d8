//! Where the elements of a value lie in its buffer. Operations that only look at a buffer differently map layouts, for
//! any engine.

use super::walk::stretch;
use super::{Axes, Shape, Strides, shape};

/// Offset and strides are in elements of the buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    pub shape: Shape,
    pub offset: usize,
    pub strides: Strides,
}

impl Layout {
    /// Elements in row-major order from the start of a buffer.
    pub fn contiguous(shape: Shape) -> Layout {
        let strides = shape::contiguous(&shape);
        Layout { shape, offset: 0, strides }
    }

    /// The axes in another order.
    pub fn permuted(&self, axes: &[usize]) -> Layout {
        let shape = axes.iter().filter_map(|&axis| self.shape.get(axis).copied()).collect();
        let strides = axes.iter().filter_map(|&axis| self.strides.get(axis).copied()).collect();
        Layout { shape, offset: self.offset, strides }
    }

    /// Stretched to a shape that this one broadcasts to.
    pub fn stretched(&self, target: &[usize]) -> Layout {
        let strides = stretch(&self.shape, &self.strides, target);
        Layout { shape: shape::copy(target), offset: self.offset, strides }
    }

    /// In reverse order along some axes.
    pub fn reversed(&self, axes: &Axes) -> Layout {
        let mut layout = self.clone();
        for &axis in axes {
            if let (Some(stride), Some(&len)) = (layout.strides.get_mut(axis), self.shape.get(axis)) {
                layout.offset = layout.offset.wrapping_add_signed(stride.wrapping_mul(len.saturating_sub(1) as isize));
                *stride = stride.wrapping_neg();
            }
        }
        layout
    }
}
