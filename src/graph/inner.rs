//! The graphs inside an operation: the one place that knows which attributes hold any.

use super::Graph;
use crate::ops::{Attrs, Op};
use smallvec::{SmallVec, smallvec};
use std::ops::Range;

/// A graph that an operation holds.
pub struct Inner<'g> {
    pub name: &'static str,
    pub graph: &'g Graph,
    /// The inputs of the operation that are those of the graph; none where it has others.
    pub inputs: Option<Range<usize>>,
    /// Does it run when the operation does? A rule runs where a derivative asks for it.
    pub runs: bool,
}

/// The graphs that an operation holds.
#[inline]
pub fn inner(op: &Op) -> SmallVec<[Inner<'_>; 2]> {
    match &op.attrs {
        Attrs::Cond(branches) => {
            let [then, otherwise] = branches.graphs();
            let branch = |name, graph| Inner { name, graph, inputs: Some(1..op_inputs(1, graph)), runs: true };
            smallvec![branch("then", then), branch("else", otherwise)]
        }
        Attrs::Custom(custom) => {
            let parts = custom.parts();
            let function = &parts.function;
            smallvec![
                Inner { name: "function", graph: function, inputs: Some(0..op_inputs(0, function)), runs: true },
                Inner { name: "derivative", graph: &parts.rule, inputs: None, runs: false },
            ]
        }
        _ => SmallVec::new(),
    }
}

/// Where the inputs of a graph end among those of the operation, if they begin there.
fn op_inputs(first: usize, graph: &Graph) -> usize {
    first + graph.inputs.len()
}
