//! A graph before it is made: what was recorded, which passes change.

use super::{Node, Operand};
use crate::tensor::Abstract;
use smallvec::SmallVec;

#[derive(Debug)]
pub struct Draft {
    pub inputs: Vec<Abstract>,
    pub nodes: Vec<Node>,
    pub outputs: Vec<Operand>,
    /// What the outputs are. No pass changes it.
    pub results: Vec<Abstract>,
}

/// What a pass makes of a node.
pub enum Change {
    Keep,
    /// Its results are these, which were there before.
    Values(SmallVec<[Operand; 1]>),
    /// Another operation in its place, with the same results.
    Node(Box<Node>),
}

impl Change {
    pub fn node(node: Option<Node>) -> Change {
        node.map_or(Change::Keep, |node| Change::Node(Box::new(node)))
    }

    pub fn value(operand: Operand) -> Change {
        Change::Values(SmallVec::from_elem(operand, 1))
    }
}

impl Draft {
    /// Shows every node to a pass, in order, with inputs as they have become.
    pub fn rewrite(&mut self, mut look: impl FnMut(&Draft, &Node) -> Change) {
        // empty where the results stay what they are
        let mut became: Vec<SmallVec<[Operand; 1]>> = vec![SmallVec::new(); self.nodes.len()];
        for number in 0..self.nodes.len() {
            self.nodes[number].inputs.iter_mut().for_each(|input| follow(&became, input));
            match look(self, &self.nodes[number]) {
                Change::Keep => {}
                Change::Values(values) => became[number] = values,
                Change::Node(node) => self.nodes[number] = *node,
            }
        }
        self.outputs.iter_mut().for_each(|output| follow(&became, output));
    }

    /// The node whose one result a value is.
    pub fn made_by(&self, operand: &Operand) -> Option<&Node> {
        match operand {
            Operand::Node(number, 0) => self.nodes.get(*number).filter(|node| node.outs.len() == 1),
            _ => None,
        }
    }

    /// What a value is.
    pub fn aval(&self, operand: &Operand) -> Option<Abstract> {
        match operand {
            Operand::Input(number) => self.inputs.get(*number).cloned(),
            Operand::Node(number, result) => self.nodes.get(*number)?.outs.get(*result).cloned(),
            Operand::Const(array) => Some(array.aval()),
        }
    }

    /// How often each node is read.
    pub fn reads(&self) -> Vec<u32> {
        let mut reads = vec![0; self.nodes.len()];
        for operand in self.nodes.iter().flat_map(|node| &node.inputs).chain(&self.outputs) {
            if let Operand::Node(number, _) = operand {
                reads[*number] += 1;
            }
        }
        reads
    }
}

fn follow(became: &[SmallVec<[Operand; 1]>], operand: &mut Operand) {
    if let Operand::Node(number, result) = operand
        && let Some(other) = became[*number].get(*result)
    {
        *operand = other.clone();
    }
}
