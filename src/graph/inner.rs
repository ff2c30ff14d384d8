//! The graphs inside an operation: the one place that knows which attributes hold any.

use super::custom::Parts;
use super::draft::Change;
use super::passes::dead::drop_dead;
use super::{Branches, Custom, Graph, Node};
use crate::ops::debug::DEBUG;
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
        Attrs::While(turns) => {
            let part = |name, graph| Inner { name, graph, inputs: Some(0..op_inputs(0, graph)), runs: true };
            smallvec![part("while", turns.condition()), part("do", turns.body())]
        }
        Attrs::Scan(scan) => {
            smallvec![Inner { name: "turn", graph: scan.body(), inputs: None, runs: true }]
        }
        _ => SmallVec::new(),
    }
}

/// Where the inputs of a graph end among those of the operation, if they begin there.
fn op_inputs(first: usize, graph: &Graph) -> usize {
    first + graph.inputs.len()
}

/// An operation with other graphs in it.
fn with_graphs(op: &Op, with: impl Fn(&Graph) -> Graph) -> Op {
    let attrs = match &op.attrs {
        Attrs::Cond(branches) => {
            let [then, otherwise] = branches.graphs();
            Attrs::Cond(Branches::new(with(then), with(otherwise)))
        }
        Attrs::Custom(custom) => {
            let parts = custom.parts();
            let (function, rule) = (with(&parts.function), with(&parts.rule));
            Attrs::Custom(Custom::new(Parts { function, rule, ..*parts }))
        }
        Attrs::While(turns) => Attrs::While(turns.with(with)),
        Attrs::Scan(scan) => Attrs::Scan(scan.with(with)),
        other => other.clone(),
    };
    Op { entry: op.entry, attrs }
}

/// An operation without what prints in its graphs.
pub fn silent(op: &Op) -> Op {
    if inner(op).iter().any(|inner| inner.graph.has_effect()) { with_graphs(op, without_prints) } else { op.clone() }
}

fn prints(op: &Op) -> bool {
    std::ptr::eq(op.entry, &DEBUG)
}

fn without_prints(graph: &Graph) -> Graph {
    let mut draft = graph.draft();
    draft.rewrite(|_, node| match node.inputs.first() {
        Some(input) if prints(&node.op) => Change::value(input.clone()),
        _ if inner(&node.op).is_empty() => Change::Keep,
        _ => Change::node(Some(Node { op: silent(&node.op), ..node.clone() })),
    });
    drop_dead(&mut draft, |op| op.has_effect() && !prints(op));
    Graph::of(draft)
}
