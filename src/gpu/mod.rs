//! The GPU engine: tensors on a graphics card, and the kernels that compute with them.
//!
//! A [`Gpu`] is an opened device; a [`View`] is a strided look at one of its buffers, as a tensor is of a vector.
//! Kernels are recorded and submitted late; only reading, and waiting, wait for the card. The room knows tensors and
//! errors. It must never know operations, the interpreter or the session, panic for what a driver does, or open a
//! device unasked.

mod adapter;
mod batch;
mod chosen;
mod cluster;
mod contract;
mod device;
mod draw;
mod fault;
mod gather;
mod kernel;
mod layout;
mod pipeline;
mod pool;
mod prelude;
mod program;
mod reduce;
mod scan;
mod scatter;
mod transfer;
mod trouble;
mod uploads;
mod view;
mod watch;
mod write;

#[cfg(test)]
mod tests;

pub use adapter::{Adapter, Choice, adapters};
pub use cluster::Cluster;
pub use contract::{Side, contracts};
pub use device::{Gpu, Memory};
pub use draw::Draw;
pub use fault::NO_ID;
pub use prelude::names_function;
pub use program::{Check, Complaint, Input, Operand, Program, Step};
pub use reduce::Reduction;
pub use scan::Running;
pub use scatter::Scatter;
pub use view::View;
pub use watch::Watch;
pub use write::{checked_conversion, conversion, lossy_conversion};
