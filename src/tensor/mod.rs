//! Tensors: element types, shapes, storage, and how they are shown.
//!
//! A tensor is a reference-counted, immutable value. Its operations live in `ops`, its arithmetic in the engines. This
//! room must never know an engine, the interpreter or the session.

mod abstract_value;
mod array;
mod data;
mod device;
mod dtype;
pub mod format;
mod layout;
mod lifted;
mod pool;
pub mod printf;
mod scalar;
pub mod shape;
pub mod show;
mod storage;
pub mod walk;

pub use abstract_value::Abstract;
pub use array::{Array, ElementType, type_name};
pub use data::{Data, Element, TEXT_OVERHEAD, Text};
pub use device::Device;
pub use dtype::{DType, promote};
pub use layout::Layout;
pub use lifted::{Level, Lifted, Mode, WeakLifted};
pub use pool::{Peak, Pool};
pub use scalar::Scalar;
pub use shape::{Axes, Shape, Strides};
pub use storage::{Stamp, Tensor};
pub use walk::{Walk, positions};

pub(crate) use data::{with_data, with_numbers};
