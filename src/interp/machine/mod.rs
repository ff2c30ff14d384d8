//! The machine: runs bytecode.
//!
//! One file per concern. Frames lie on the heap, so that depth is a number and not a crash; a nested run (an import)
//! has a stack of its own. The loop here handles scalars itself and leaves everything else to the functions
//! in the other files. It must never print: what is shown goes to the session's output.

mod assign;
mod build;
mod call;
mod carry;
mod field;
mod index;
mod iterate;
mod load;
mod meet;
pub mod operator;
mod place;
mod registers;
mod repeat;
mod run;
mod settle;
mod slow;
mod stack;
mod stage;
pub mod structure;
mod types;
mod unwind;

pub use operator::{operand_array, wrap};
pub use repeat::Scanned;

use super::module::Modules;
use super::value::Value;
use crate::session::Host;
use crate::tensor::Array;

pub struct Machine {
    /// What operations and builtins may see of the session.
    pub host: Host,
    /// Values of all modules' names.
    pub globals: Vec<Value>,
    pub modules: Modules,
    /// Runs in progress.
    nesting: usize,
    /// A stack kept for the next run.
    spare: Vec<Value>,
    /// Turns of loops, to look at the clock now and then.
    turns: u32,
    /// The register that alone holds the value of a global while an instruction works on it in place.
    lent: Option<load::Lent>,
    /// The instruction behind the call of what is no function of the language.
    at: usize,
    /// Why the loop of instructions was left, where that is no error.
    pause: Option<Pause>,
}

/// What the loop of instructions leaves to those who record.
enum Pause {
    /// A conditional jump needs this truth value, which is known only later.
    Condition(Array),
    /// A `for` begins while a graph is made.
    Loop,
}

/// Runs nested in imports, builtins and recorded branches: each takes some of the native stack.
const MAX_NESTING: usize = 100;

impl Machine {
    pub fn new(host: Host) -> Machine {
        Machine {
            host,
            globals: vec![],
            modules: Modules::default(),
            nesting: 0,
            spare: vec![],
            turns: 0,
            lent: None,
            at: 0,
            pause: None,
        }
    }
}
