//! Graphs: programs of operations without control flow of the language, to be run many times.
//!
//! A graph is data: inputs, nodes in order, outputs. It runs through `apply`, so that it may be differentiated, batched
//! and traced like any function. It knows no syntax.

pub mod cond;
pub mod custom;
mod draft;
mod figures;
mod inner;
mod lower;
mod numbers;
mod passes;
mod rules;
mod run;
pub mod scan;
mod show;
#[cfg(test)]
mod tests;
mod turns;
pub mod while_loop;

use crate::context::Context;
use crate::diagnostics::Result;
use crate::diagnostics::error::Place;
use crate::ops::{Attrs, Kernel, Op};
use crate::tensor::{Abstract, Array};
use crate::transform::pending;
use lower::Lowered;
use numbers::Numbers;
use smallvec::SmallVec;
use std::cell::OnceCell;

pub use cond::Branches;
pub use custom::Custom;
pub use draft::Draft;
pub use figures::{Figures, Traced};
pub use inner::{Inner, inner, silent};
pub use scan::Scan;
pub use show::type_text;
pub use while_loop::While;

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
    /// The same of each input.
    input_uses: SmallVec<[u32; 4]>,
    /// Its kernels, found when it runs first; none where there are none.
    lowered: OnceCell<Option<Lowered>>,
    /// The same where all values are single numbers.
    numbers: OnceCell<Option<Numbers>>,
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
    /// Does it cost next to nothing, do nothing else, and never fail? Of numbers that are no exact integers.
    pub fn may_run_unasked(&self) -> bool {
        matches!(self.op.entry.kernel, Kernel::Unary(_) | Kernel::Binary(_))
            && self.op.entry.guard.is_none()
            && self.outs.iter().all(|out| out.shape.is_empty() && !(out.weak && out.dtype.is_integer()))
    }
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
        let mut input_uses = SmallVec::from_elem(0, inputs.len());
        for operand in nodes.iter().flat_map(|node| &node.inputs).chain(&outputs) {
            match operand {
                Operand::Node(number, result) => uses[*number][*result] += 1,
                Operand::Input(number) => input_uses[*number] += 1,
                Operand::Const(_) => {}
            }
        }
        let recorded = nodes.len();
        let (lowered, numbers) = (OnceCell::new(), OnceCell::new());
        Graph { inputs, recorded, nodes, outputs, results, uses, input_uses, lowered, numbers }
    }

    /// What it is on single numbers, if it is nothing more.
    fn numbers(&self) -> Option<&Numbers> {
        self.numbers.get_or_init(|| Numbers::of(self)).as_ref()
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
    pub fn with_inputs(&self, cx: &mut Context, stays: &[bool]) -> Result<Graph> {
        let mut draft = self.draft();
        let mut number = 0;
        let moved: Vec<usize> = stays
            .iter()
            .map(|&stays| {
                number += usize::from(stays);
                number.saturating_sub(1)
            })
            .collect();
        for operand in draft.nodes.iter_mut().flat_map(|node| &mut node.inputs).chain(&mut draft.outputs) {
            if let Operand::Input(number) = operand {
                *number = moved[*number];
            }
        }
        draft.inputs = draft.inputs.into_iter().zip(stays).filter(|(_, stays)| **stays).map(|(aval, _)| aval).collect();
        Ok(Graph { recorded: self.recorded, ..Graph::new(cx, draft)? })
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
