//! The one operation that prints: its input, whenever it runs, by a name.
//!
//! Its result is the input, and moves as the input does. It must run as often as the program says and in its place: in a
//! graph at every run, in a derivative once, though the value is computed again on the way back.

use super::{Abstract, Arity, Attrs, Batch, Derivative, Entry, Kernel, Op, Outputs, Rule, apply_all, now_all};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::tensor::Array;
use crate::tensor::show::show;
use crate::transform::{self, concrete};
use smallvec::{SmallVec, smallvec};
use std::mem;
use std::sync::Arc;

pub static DEBUG: Entry = Entry {
    derivative: Derivative::Whole(|_, _, _, _, tangents| Ok(tangents.iter().cloned().collect())),
    batch: Batch::Whole(|cx, op, inputs, _, _| apply_all(cx, op, &mut SmallVec::<[Array; 1]>::from(inputs))),
    ..Entry::of("debug", "debug", Arity::Exactly(1), Rule::Many(rule), Kernel::Composed(kernel))
};

pub(super) static TABLE: &[&Entry] = &[&DEBUG];

/// Prints a value, and gives it back.
pub fn debug(cx: &mut Context, x: &Array, name: &str) -> Result<Array> {
    let op = Op { entry: &DEBUG, attrs: Attrs::Debug(Arc::from(name)) };
    let shown = apply_all(cx, &op, &mut [x.clone()])?.pop();
    // what is known stays known where a graph is made
    Ok(if x.is_lifted() { shown.ok_or_else(cpu::mistyped)? } else { x.clone() })
}

/// What `apply_all` does with it: where a graph is made it becomes part of the graph, though its input may be known.
pub(super) fn run(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    if cx.modes.is_hushed() {
        return Ok(inputs.iter_mut().map(mem::take).collect());
    }
    if inputs.iter().any(Array::is_lifted) {
        return transform::run(cx, op, inputs);
    }
    match cx.modes.recorder().cloned() {
        Some(recorder) => recorder.record(cx, op, inputs),
        None => now_all(cx, op, inputs),
    }
}

fn rule(_: &Op, inputs: &[Abstract]) -> Result<SmallVec<[Abstract; 1]>> {
    Ok(inputs.iter().cloned().collect())
}

fn kernel(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    let (Attrs::Debug(name), [x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let value = concrete(cx, x)?;
    let text = show(&value, &cx.print);
    let gap = match (name.is_empty(), text.contains('\n')) {
        (true, _) => "",
        (false, true) => " =\n",
        (false, false) => " = ",
    };
    cx.output.text(&format!("{name}{gap}{text}\n"))?;
    Ok(smallvec![mem::take(x)])
}
