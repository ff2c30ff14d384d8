//! Functions of functions: derivatives.
//!
//! Each gives a function, or calls one at once: its arguments are lifted, the function runs on them, and what comes out
//! is lowered again. Arguments and results may be structures. Nothing here knows how an operation moves: that is in the
//! table.

mod backward;
mod checkpoint;
mod custom;
mod forward;
mod jacobian;
mod leaves;
mod stop;
mod wrt;

pub(super) use leaves::check_results;

use super::{Args, Builtin};
use crate::diagnostics::{Error, Kind, Result};
use crate::interp::{Derived, Machine, State, Value};
use std::rc::Rc;

pub(super) static FAMILIES: &[&[Builtin]] =
    &[backward::TABLE, checkpoint::TABLE, custom::TABLE, forward::TABLE, jacobian::TABLE, stop::TABLE];

type Run = fn(&mut Machine, &Rc<Derived>, Vec<Value>) -> Result<Value>;

/// The function in an argument.
fn function(args: &Args, number: usize) -> Result<&Value> {
    Some(args.get(number)).filter(|value| value.is_callable()).ok_or_else(|| args.wrong(number, "a function"))
}

/// The function that a builtin makes of argument 0.
pub(super) fn derived(args: &Args, name: &'static str, run: Run, state: impl State) -> Result<Value> {
    let of = function(args, 0)?.clone();
    Ok(Value::Derived(Rc::new(Derived { name, of, run, state: Box::new(state) })))
}

#[cold]
pub(super) fn internal() -> Error {
    Error::new(Kind::Internal, "a derived function without its state")
}
