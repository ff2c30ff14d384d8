//! The interpreter: names, bytecode, the machine, and the values it works on.
//!
//! It knows no terminal and no engine: arrays go through `ops`, output through the session.

mod code;
mod compile;
mod derived;
mod function;
mod holds;
mod machine;
mod module;
mod reach;
mod scope;
pub mod show;
mod tables;
mod value;

pub use derived::{Derived, State};
pub use function::Function;
pub use holds::holds;
pub use machine::{Machine, Scanned, operand_array, structure, wrap};
pub use module::Module;
pub use reach::globals_read;
pub use value::{Fields, Range, Record, Tuple, Value};
