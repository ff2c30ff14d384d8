//! Graphs: programs of operations without control flow of the language, to be run many times.
//!
//! A graph is data: inputs, nodes in order, outputs. It runs through `apply`, so that it may be differentiated, batched
//! and traced like any function. It knows no syntax.

pub mod cond;
pub mod custom;
mod rules;
mod run;
pub mod scan;
pub mod while_loop;

use crate::context::Context;
use crate::diagnostics::Result;
use crate::diagnostics::error::Place;
use crate::ops::{Attrs, Kernel, Op};
use crate::tensor::{Abstract, Array};
use crate::transform::pending;
use smallvec::SmallVec;

pub use cond::Branches;
pub use custom::Custom;
pub use scan::Scan;
pub use while_loop::While;

#[derive(Debug)]
pub struct Graph {
    pub inputs: Vec<Abstract>,
    pub nodes: Vec<Node>,
    pub outputs: Vec<Operand>,
    /// What the outputs are.
    pub results: Vec<Abstract>,
    /// How often each result of each node is read.
    uses: Vec<SmallVec<[u32; 1]>>,
}

/// An operation of a graph.
#[derive(Clone, Debug)]
pub struct Node {
    pub op: Op,
    pub inputs: SmallVec<[Operand; 2]>,
    pub outs: SmallVec<[Abstract; 1]>,
    /// The line that made it.
    pub place: Option<Place>,
}

#[derive(Clone, Debug)]
pub enum Operand {
    Input(usize),
    /// The node, and which of its results.
    Node(usize, usize),
    Const(Array),
}

impl Operand {
    /// The node that it is a result of.
    pub fn node(&self) -> Option<usize> {
        match self {
            Operand::Node(number, _) => Some(*number),
            _ => None,
        }
    }
}

impl Node {
    /// Must it run, though nobody reads its results? A draw moves the session's random numbers on.
    fn has_effect(&self) -> bool {
        matches!(self.op.attrs, Attrs::Draw(..)) || self.op.draws_inside()
    }
}

impl Node {
    /// Does it cost next to nothing, do nothing else, and never fail? Of numbers that are no exact integers.
    pub fn may_run_unasked(&self) -> bool {
        matches!(self.op.entry.kernel, Kernel::Unary(_) | Kernel::Binary(_))
            && self.op.entry.guard.is_none()
            && self.outs.iter().all(|out| out.shape.is_empty() && !(out.weak && out.dtype.is_integer()))
    }
}

impl Graph {
    /// A graph without the nodes that nothing depends on. What its constants wait for is computed.
    pub fn new(
        cx: &mut Context,
        inputs: Vec<Abstract>,
        mut nodes: Vec<Node>,
        (mut outputs, results): (Vec<Operand>, Vec<Abstract>),
    ) -> Result<Graph> {
        for operand in nodes.iter_mut().flat_map(|node| &mut node.inputs).chain(&mut outputs) {
            if let Operand::Const(array) = operand {
                *array = pending::settled(cx, array)?;
            }
        }
        let mut live: Vec<bool> = nodes.iter().map(Node::has_effect).collect();
        let mark = |live: &mut Vec<bool>, operand: &Operand| {
            if let Operand::Node(number, _) = operand {
                live[*number] = true;
            }
        };
        outputs.iter().for_each(|output| mark(&mut live, output));
        for (number, node) in nodes.iter().enumerate().rev() {
            if live[number] {
                node.inputs.iter().for_each(|input| mark(&mut live, input));
            }
        }
        let mut renumbered = vec![0; nodes.len()];
        let mut kept: Vec<Node> = vec![];
        let moved = |renumbered: &[usize], operand: Operand| match operand {
            Operand::Node(number, result) => Operand::Node(renumbered[number], result),
            other => other,
        };
        for (number, mut node) in nodes.into_iter().enumerate().filter(|(number, _)| live[*number]) {
            renumbered[number] = kept.len();
            node.inputs = node.inputs.into_iter().map(|input| moved(&renumbered, input)).collect();
            kept.push(node);
        }
        let outputs: Vec<Operand> = outputs.into_iter().map(|output| moved(&renumbered, output)).collect();
        let mut uses: Vec<SmallVec<[u32; 1]>> =
            kept.iter().map(|node| SmallVec::from_elem(0, node.outs.len())).collect();
        for operand in kept.iter().flat_map(|node| &node.inputs).chain(&outputs) {
            if let Operand::Node(number, result) = operand {
                uses[*number][*result] += 1;
            }
        }
        Ok(Graph { inputs, nodes: kept, outputs, results, uses })
    }

    /// Which of its inputs something depends on.
    pub fn inputs_read(&self) -> Vec<bool> {
        let mut read = vec![false; self.inputs.len()];
        for operand in self.nodes.iter().flat_map(|node| &node.inputs).chain(&self.outputs) {
            if let Operand::Input(number) = operand {
                read[*number] = true;
            }
        }
        read
    }

    /// The same with those inputs alone that stay; nothing may depend on the others.
    pub fn with_inputs(mut self, cx: &mut Context, stays: &[bool]) -> Result<Graph> {
        let mut number = 0;
        let moved: Vec<usize> = stays
            .iter()
            .map(|&stays| {
                number += usize::from(stays);
                number.saturating_sub(1)
            })
            .collect();
        for operand in self.nodes.iter_mut().flat_map(|node| &mut node.inputs).chain(&mut self.outputs) {
            if let Operand::Input(number) = operand {
                *number = moved[*number];
            }
        }
        let inputs = self.inputs.into_iter().zip(stays).filter(|(_, stays)| **stays).map(|(aval, _)| aval).collect();
        Graph::new(cx, inputs, self.nodes, (self.outputs, self.results))
    }

    /// Does it draw random numbers?
    pub fn draws(&self) -> bool {
        self.nodes.iter().any(Node::has_effect)
    }
}
