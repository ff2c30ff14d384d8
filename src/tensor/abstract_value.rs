//! What is known of a value without its elements: what rules, modes and graphs reason with.

use super::{DType, Device, ElementType, Shape, shape, type_name};

/// Shape, element type and place of a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Abstract {
    pub shape: Shape,
    pub dtype: DType,
    /// A scalar that takes the dtype of the tensor it meets.
    pub weak: bool,
    /// Where it is, and what is computed from it stays; without one it is on the CPU and follows what it meets.
    pub device: Option<Device>,
}

impl Abstract {
    /// A typed value without a place.
    pub fn new(shape: Shape, dtype: DType) -> Abstract {
        Abstract { shape, dtype, weak: false, device: None }
    }

    pub fn element_type(&self) -> ElementType {
        ElementType { dtype: self.dtype, weak: self.weak }
    }

    /// Elements; `usize::MAX` where that is more than can be counted.
    pub fn size(&self) -> usize {
        shape::size(&self.shape)
    }

    /// Bytes of its elements; `usize::MAX` where that is more than can be counted.
    pub fn bytes(&self) -> usize {
        self.size().saturating_mul(self.dtype.size())
    }

    /// As `Array::type_name`.
    pub fn type_name(&self) -> String {
        type_name(self.dtype, &self.shape, self.device.unwrap_or_default())
    }
}
