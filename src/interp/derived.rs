//! Functions that a builtin makes of others: `grad(f)`, `vmap(f)`. What they do when they are called is the builtin's.

use super::machine::Machine;
use super::value::Value;
use crate::diagnostics::Result;
use std::any::Any;
use std::rc::Rc;

pub struct Derived {
    /// The builtin that made it.
    pub name: &'static str,
    /// What it was made of.
    pub of: Value,
    pub run: fn(&mut Machine, &Rc<Derived>, Vec<Value>) -> Result<Value>,
    /// What else it needs, for `run`.
    pub state: Box<dyn Any>,
}
