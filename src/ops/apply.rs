//! `apply`, the one door to every operation.
//!
//! What happens behind it depends on the inputs alone: run now; wait, to be fused with what follows; record for a
//! derivative; run for all rows of a batch; record into a graph. Callers do not know which it was.

use super::{Abstract, Kernel, Op, RESHAPE, debug, elementwise, reduce};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::tensor::Array;
use crate::transform;
use crate::transform::pending;
use smallvec::{SmallVec, smallvec};
use std::mem;

/// The results of an operation; nearly all have one.
pub type Outputs = SmallVec<[Array; 1]>;

/// Runs an operation with one result. An input whose buffer nobody else holds may be taken out, and the result written
/// on it. On error all inputs are as they were.
#[inline]
pub fn apply(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Array> {
    if inputs.iter().any(Array::is_lifted) || inputs.is_empty() && cx.modes.make_sources() {
        return single(transform::run(cx, op, inputs)?);
    }
    if pending::is_worth_it(op, inputs) {
        return pending::wait(cx, op, inputs);
    }
    now(cx, op, inputs)
}

/// The same for any number of results.
pub fn apply_all(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    match &op.entry.kernel {
        Kernel::Composed(_) if std::ptr::eq(op.entry, &debug::DEBUG) => debug::run(cx, op, inputs),
        Kernel::Many(_) | Kernel::Composed(_)
            if inputs.iter().any(Array::is_lifted) || cx.modes.make_sources() && op.draws_inside() =>
        {
            transform::run(cx, op, inputs)
        }
        Kernel::Many(_) | Kernel::Composed(_) => now_all(cx, op, inputs),
        _ => Ok(smallvec![apply(cx, op, inputs)?]),
    }
}

/// As `now`, for any number of results.
pub fn now_all(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    match &op.entry.kernel {
        Kernel::Many(kernel) => {
            cx.kernels += 1;
            let avals: SmallVec<[Abstract; 2]> = inputs.iter().map(Array::aval).collect();
            for out in op.infer_all(&avals)? {
                cx.reserve(out.size(), out.dtype.size(), || out.type_name())?;
            }
            let mut outputs = kernel(cx, op, inputs)?;
            for out in &mut outputs {
                if let Array::Tensor(tensor) = out {
                    tensor.settle_in(&cx.pool);
                }
            }
            Ok(outputs)
        }
        Kernel::Composed(kernel) => kernel(cx, op, inputs),
        _ => Ok(smallvec![now(cx, op, inputs)?]),
    }
}

/// As `now_all`, for who knows what the first result is.
pub fn run_as(cx: &mut Context, op: &Op, inputs: &mut [Array], known: Option<&Abstract>) -> Result<Outputs> {
    match (&op.entry.kernel, known) {
        (Kernel::Many(_) | Kernel::Composed(_), _) | (_, None) => now_all(cx, op, inputs),
        (_, Some(known)) => {
            let mut out = run(cx, op, inputs, Some(known))?;
            if let Array::Tensor(tensor) = &mut out {
                tensor.settle_in(&cx.pool);
            }
            Ok(smallvec![out])
        }
    }
}

/// Runs an operation on values at hand.
pub fn now(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Array> {
    let mut out = run(cx, op, inputs, None)?;
    if let Array::Tensor(tensor) = &mut out {
        tensor.settle_in(&cx.pool);
    }
    Ok(out)
}

fn run(cx: &mut Context, op: &Op, inputs: &mut [Array], known: Option<&Abstract>) -> Result<Array> {
    cx.kernels += u64::from(computes(op));
    let inferred = |inputs: &[Array]| known.map_or_else(|| inferred(op, inputs), |known| Ok(known.clone()));
    match (&op.entry.kernel, inputs) {
        (Kernel::Unary(loops), [input]) => elementwise::unary(cx, op, *loops, input),
        (Kernel::Binary(loops), [left, right]) => elementwise::binary(cx, op, *loops, left, right),
        (Kernel::Whole(kernel), inputs) => {
            let out = inferred(inputs)?;
            cx.reserve(out.size(), out.dtype.size(), || out.type_name())?;
            kernel(cx, op, inputs, out)
        }
        (Kernel::Update(kernel), inputs) => {
            let out = inferred(inputs)?;
            if !matches!(inputs.first(), Some(Array::Tensor(tensor)) if tensor.is_own()) {
                cx.reserve(out.size(), out.dtype.size(), || out.type_name())?;
            }
            kernel(cx, op, inputs, out)
        }
        (Kernel::Reduce(how), inputs) => {
            let out = inferred(inputs)?;
            cx.reserve(out.size(), out.dtype.size(), || out.type_name())?;
            reduce::fold(cx, *how, op, inputs, &out)
        }
        (Kernel::Look(layout), [input]) => {
            let out = inferred(std::slice::from_ref(input))?;
            look(cx, op, *layout, input, &out)
        }
        (Kernel::Many(_) | Kernel::Composed(_), inputs) => single(now_all(cx, op, inputs)?),
        (Kernel::Open(kernel), inputs) => kernel(cx, op, inputs),
        (_, inputs) => Err(elementwise::wrong_arity(op, inputs.len())),
    }
}

/// Does it do more than look at elements where they are? Several results are counted where they are made.
fn computes(op: &Op) -> bool {
    !matches!(op.entry.kernel, Kernel::Look(_) | Kernel::Composed(_) | Kernel::Many(_))
        && !std::ptr::eq(op.entry, &RESHAPE)
}

fn inferred(op: &Op, inputs: &[Array]) -> Result<Abstract> {
    let avals: SmallVec<[Abstract; 2]> = inputs.iter().map(Array::aval).collect();
    op.infer(&avals)
}

/// A view of the one input, which is let go first, so that the view may be the only holder of its buffer. A scalar that
/// stays one stays as it is.
fn look(cx: &Context, op: &Op, layout: super::LayoutRule, input: &mut Array, out: &Abstract) -> Result<Array> {
    cx.reserve(out.size(), out.dtype.size(), || out.type_name())?;
    if out.shape.is_empty() && !matches!(input, Array::Tensor(_)) {
        return Ok(mem::take(input));
    }
    let tensor = super::slice::taken(input)?;
    let view = layout(op, &tensor.layout());
    let part = tensor.data().len() > out.size() && out.bytes() <= SMALL;
    let look = tensor.view(view.shape, view.offset, view.strides);
    Ok(Array::from(if part { look.in_buffer() } else { look }))
}

/// Up to so many bytes a part of a value is copied: it does not keep a large buffer alive, nor from being written in
/// place.
const SMALL: usize = 4096;

fn single(mut outputs: Outputs) -> Result<Array> {
    outputs.pop().ok_or_else(cpu::mistyped)
}

/// `apply` to one value that the caller gives away.
pub fn apply1(cx: &mut Context, op: &Op, input: Array) -> Result<Array> {
    apply(cx, op, &mut [input])
}

/// `apply` to two values that the caller gives away.
pub fn apply2(cx: &mut Context, op: &Op, left: Array, right: Array) -> Result<Array> {
    apply(cx, op, &mut [left, right])
}
