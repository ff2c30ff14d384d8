//! The CPU engine: loops over elements. It knows tensors and nothing of the operations that use it.
//!
//! `+ - * / sqrt` are plain IEEE operations, never contracted, so that results are the same everywhere.

pub mod arithmetic;
pub mod choose;
pub mod cluster;
pub mod compare;
pub mod contract;
pub mod convert;
pub mod copy;
pub mod cumulate;
pub mod fill;
pub mod functions;
pub mod gamma;
pub mod gather;
pub mod join;
mod joined;
pub mod linalg;
mod loops;
pub mod math;
pub mod numbers;
pub mod place;
mod radix;
pub mod random;
pub mod reduce;
pub mod sample;
pub mod search;
pub mod select;
mod slices;
pub mod slopes;
pub mod sort;
mod tile;
mod versioned;

pub use loops::{Binary, Map1, Map2, Number, Run, Unary};
pub use slices::Typed;
pub use tile::{Refuses, SHORT, binary, binary_in_place, refused, text, text_bytes, unary};

use crate::diagnostics::{Error, Kind};

/// A kernel met a dtype that its table entry rules out.
#[cold]
pub fn mistyped() -> Error {
    Error::new(Kind::Internal, "a kernel met a dtype that is not its own")
}
