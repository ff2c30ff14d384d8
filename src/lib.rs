//! Nabla, a small array language: the library behind the command `nabla`.
//!
//! [`session::Session`] runs programs. Nothing in the library is global, prints or exits.

mod allocator;
pub mod builtins;
pub mod context;
mod cpu;
pub mod devices;
pub mod diagnostics;
pub mod gpu;
pub mod graph;
pub mod interp;
mod io;
mod isa;
mod memory;
pub mod ops;
mod output;
pub mod session;
pub mod tensor;
pub mod transform;
mod workers;

pub use allocator::Allocator;
pub use diagnostics::{Error, Kind, Source};
pub use interp::Value;
pub use isa::Isa;
pub use session::Session;
