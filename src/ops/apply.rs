//! `apply`, the one door to every operation.

use super::{Abstract, Kernel, Op, elementwise};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::Array;
use smallvec::SmallVec;

/// Runs an operation. An input whose buffer nobody else holds may be taken out, and the result written on it. On error
/// all inputs are as they were.
pub fn apply(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Array> {
    match (&op.entry.kernel, inputs) {
        (Kernel::Unary(loops), [input]) => elementwise::unary(cx, op, *loops, input),
        (Kernel::Binary(loops), [left, right]) => elementwise::binary(cx, op, *loops, left, right),
        (Kernel::Whole(kernel), inputs) => {
            let kinds: SmallVec<[Abstract; 2]> = inputs.iter().map(Abstract::of).collect();
            let out = op.infer(&kinds)?;
            cx.reserve(out.size(), out.dtype.size(), || out.type_name())?;
            kernel(cx, op, inputs, out)
        }
        (Kernel::Open(kernel), inputs) => kernel(cx, op, inputs),
        (_, inputs) => Err(elementwise::wrong_arity(op, inputs.len())),
    }
}

/// `apply` to one value that the caller gives away.
pub fn apply1(cx: &mut Context, op: &Op, input: Array) -> Result<Array> {
    apply(cx, op, &mut [input])
}

/// `apply` to two values that the caller gives away.
pub fn apply2(cx: &mut Context, op: &Op, left: Array, right: Array) -> Result<Array> {
    apply(cx, op, &mut [left, right])
}
