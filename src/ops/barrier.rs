//! A value again: what is computed from it is not what was computed from it before, whatever simplifies a graph.

use super::{Attrs, Derivative, Entry, Op, apply1, rows};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::tensor::Array;
use smallvec::smallvec;

/// Gives its input. No pass merges it with another one.
pub static BARRIER: Entry = Entry::look(
    "barrier",
    "barrier",
    |_, inputs| inputs.first().cloned().ok_or_else(cpu::mistyped),
    |_, layout| layout.clone(),
)
.derivative(Derivative::Linear(1))
.transposed(|_, _, _, ct| Ok(smallvec![ct.first().cloned().flatten()]))
.batched(|cx, op, inputs, _, _| match inputs {
    [x] => rows::one(cx, op, x),
    _ => Err(cpu::mistyped()),
});

pub(super) static TABLE: &[&Entry] = &[&BARRIER];

/// `x` as a value of its own; one that no transform made is nothing else anyway.
pub fn barrier(cx: &mut Context, x: &Array) -> Result<Array> {
    match x {
        Array::Lifted(lifted) if lifted.level() > 0 => {
            apply1(cx, &Op { entry: &BARRIER, attrs: Attrs::None }, x.clone())
        }
        _ => Ok(x.clone()),
    }
}
