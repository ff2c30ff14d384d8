//! The one operation that derivatives do not go through.

use super::{Attrs, Derivative, Entry, Op, apply1, rows};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::tensor::Array;

/// A value that does not move, whatever moves what it was made of.
pub static STOP: Entry = Entry::look(
    "stop_gradient",
    "stop_gradient",
    |_, inputs| inputs.first().cloned().ok_or_else(cpu::mistyped),
    |_, layout| layout.clone(),
)
.derivative(Derivative::Flat)
.batched(|cx, op, inputs, _, _| match inputs {
    [x] => rows::one(cx, op, x),
    _ => Err(cpu::mistyped()),
});

pub(super) static TABLE: &[&Entry] = &[&STOP];

/// `x` without the tangents of any transform around.
pub fn stop_gradient(cx: &mut Context, x: Array) -> Result<Array> {
    match &x {
        // what no transform made does not move, and may go on waiting
        Array::Lifted(lifted) if lifted.level() > 0 => apply1(cx, &Op { entry: &STOP, attrs: Attrs::None }, x),
        _ => Ok(x),
    }
}
