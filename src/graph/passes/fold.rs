//! Operations whose inputs are all known run when the graph is made, and not at every call.
//!
//! What fails stays, to fail in its place when the graph runs. What is made may not be larger than what it was made of,
//! but for a little: no graph grows by what it holds.

use crate::context::Context;
use crate::diagnostics::{Kind, Result};
use crate::graph::draft::{Change, Draft};
use crate::graph::{Node, Operand};
use crate::ops::apply_all;
use crate::tensor::Array;
use crate::transform::pending;
use smallvec::SmallVec;

/// Bytes of results that may be larger than what they are made of.
const LITTLE: usize = 4096;

pub fn run(cx: &mut Context, draft: &mut Draft) -> Result<()> {
    let mut stopped = Ok(());
    draft.rewrite(|_, node| match constants(node) {
        Some(inputs) if stopped.is_ok() && !node.op.has_effect() && is_small(node, &inputs) => {
            computed(cx, node, inputs).unwrap_or_else(|error| {
                stopped = Err(error);
                Change::Keep
            })
        }
        _ => Change::Keep,
    });
    stopped
}

/// The inputs, if they are all known and at hand.
fn constants(node: &Node) -> Option<SmallVec<[Array; 3]>> {
    let known = |operand: &Operand| match operand {
        Operand::Const(array) if !array.is_lifted() => Some(array.clone()),
        _ => None,
    };
    node.inputs.iter().map(known).collect::<Option<SmallVec<[Array; 3]>>>().filter(|inputs| !inputs.is_empty())
}

fn is_small(node: &Node, inputs: &[Array]) -> bool {
    let made: usize = node.outs.iter().map(|out| out.bytes()).sum();
    let held: usize = inputs.iter().map(|input| input.size().saturating_mul(input.dtype().size())).sum();
    made <= held.max(LITTLE)
}

fn computed(cx: &mut Context, node: &Node, mut inputs: SmallVec<[Array; 3]>) -> Result<Change> {
    let results = apply_all(cx, &node.op, &mut inputs).and_then(|results| {
        results.iter().map(|result| pending::settled(cx, result)).collect::<Result<SmallVec<[Array; 1]>>>()
    });
    match results {
        Ok(results) if results.iter().map(Array::aval).eq(node.outs.iter().cloned()) => {
            Ok(Change::Values(results.into_iter().map(Operand::Const).collect()))
        }
        Err(error) if error.details().kind == Kind::Interrupted => Err(error),
        _ => Ok(Change::Keep),
    }
}
