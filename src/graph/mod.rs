//! Graphs: programs of operations without control flow of the language, to be run many times.
//!
//! A graph is data: inputs, nodes in order, outputs. It runs through `apply`, so that it may be differentiated, batched
//! and traced like any function. It knows no syntax.

pub mod cond;
pub mod custom;
mod draft;
mod figures;
mod inner;
mod passes;
mod run;
mod show;

use crate::context::Context;
use crate::diagnostics::Result;
use crate::diagnostics::error::Place;
use crate::ops::{Attrs, Op};
use crate::tensor::{Abstract, Array};
use crate::transform::pending;
use smallvec::SmallVec;

pub use cond::Branches;
pub use custom::Custom;
pub use draft::Draft;
pub use figures::{Figures, Traced};
pub use inner::{Inner, inner, silent};
pub use show::type_text;

#[derive(Debug)]
pub struct Graph {
    pub inputs: Vec<Abstract>,
    pub nodes: Vec<Node>,
    pub outputs: Vec<Operand>,
    /// What the outputs are.
    pub results: Vec<Abstract>,
    /// How many operations were recorded, before it was simplified.
    pub recorded: usize,
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

impl Graph {
    /// The graph of what was recorded, simplified. What its constants wait for is computed.
    pub fn new(cx: &mut Context, mut draft: Draft) -> Result<Graph> {
        let recorded = draft.nodes.len();
        for operand in draft.nodes.iter_mut().flat_map(|node| &mut node.inputs).chain(&mut draft.outputs) {
            if let Operand::Const(array) = operand {
                *array = pending::settled(cx, array)?;
            }
        }
        passes::run(cx, &mut draft)?;
        Ok(Graph { recorded, ..Graph::of(draft) })
    }

    /// What it was made of, but for what passes changed.
    fn draft(&self) -> Draft {
        let (inputs, nodes) = (self.inputs.clone(), self.nodes.clone());
        Draft { inputs, nodes, outputs: self.outputs.clone(), results: self.results.clone() }
    }

    /// The graph of a draft as it stands.
    fn of(draft: Draft) -> Graph {
        let Draft { inputs, nodes, outputs, results } = draft;
        let mut uses: Vec<SmallVec<[u32; 1]>> =
            nodes.iter().map(|node| SmallVec::from_elem(0, node.outs.len())).collect();
        for operand in nodes.iter().flat_map(|node| &node.inputs).chain(&outputs) {
            if let Operand::Node(number, result) = operand {
                uses[*number][*result] += 1;
            }
        }
        Graph { inputs, recorded: nodes.len(), nodes, outputs, results, uses }
    }

    /// How many operations it has, those of graphs inside included.
    pub fn count(&self) -> usize {
        self.nodes.len() + self.within().map(Graph::count).sum::<usize>()
    }

    /// How many operations were recorded for it, and for the graphs inside that are left.
    pub fn count_recorded(&self) -> usize {
        self.recorded + self.within().map(Graph::count_recorded).sum::<usize>()
    }

    fn within(&self) -> impl Iterator<Item = &Graph> {
        self.nodes.iter().flat_map(|node| inner(&node.op)).map(|inner| inner.graph)
    }

    /// The shape of one of its values; that of a number where there is no such value.
    pub fn shape_of<'g>(&'g self, operand: &'g Operand) -> &'g [usize] {
        match operand {
            Operand::Input(number) => self.inputs.get(*number).map_or(&[], |aval| &aval.shape),
            Operand::Node(node, result) => {
                self.nodes.get(*node).and_then(|node| node.outs.get(*result)).map_or(&[], |aval| &aval.shape)
            }
            Operand::Const(array) => array.shape(),
        }
    }

    /// Does anything depend on this input?
    pub fn reads(&self, input: usize) -> bool {
        let mut operands = self.nodes.iter().flat_map(|node| &node.inputs).chain(&self.outputs);
        operands.any(|operand| matches!(operand, Operand::Input(number) if *number == input))
    }

    /// Does it draw random numbers?
    pub fn draws(&self) -> bool {
        self.nodes.iter().any(|node| matches!(node.op.attrs, Attrs::Draw(..)) || node.op.draws_inside())
    }

    /// Does it do more than compute its outputs?
    pub fn has_effect(&self) -> bool {
        self.nodes.iter().any(|node| node.op.has_effect())
    }
}
