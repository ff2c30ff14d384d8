//! Element-wise operations wired up: what reads what, and the program of the CPU's engine that it comes to.
//!
//! Nothing here may depend on elements, nor on the lengths of axes.

use super::cluster::is_select;
use super::pending::Plain;
use crate::cpu;
use crate::cpu::cluster::{Key, Operand, Program, Step, Structure, Work};
use crate::diagnostics::Result;
use crate::ops::{Kernel, Rule};
use crate::tensor::{DType, ElementType};
use smallvec::SmallVec;
use std::ptr::from_ref;

/// Operations in order, each reading leaves and operations before it.
#[derive(Default, Debug)]
pub struct Wiring {
    /// Of the leaves.
    types: SmallVec<[ElementType; 4]>,
    /// Is a leaf a number, which takes the dtype of what reads it?
    numbers: SmallVec<[bool; 4]>,
    nodes: SmallVec<[Node; 4]>,
    /// Of all nodes, one node after the other; a step is a node.
    operands: SmallVec<[Operand; 8]>,
}

#[derive(Debug)]
struct Node {
    op: Plain,
    arity: usize,
    /// Of the result.
    of: ElementType,
}

impl Wiring {
    /// A further leaf; gives its number.
    pub fn leaf(&mut self, of: ElementType, is_number: bool) -> usize {
        self.types.push(of);
        self.numbers.push(is_number);
        self.types.len() - 1
    }

    /// A further operation with a result of this type.
    pub fn node(&mut self, op: Plain, of: ElementType, operands: &[Operand]) {
        self.nodes.push(Node { op, arity: operands.len(), of });
        self.operands.extend_from_slice(operands);
    }

    /// The operands of each operation.
    pub fn operands(&self) -> impl Iterator<Item = &[Operand]> {
        let mut rest = self.operands.as_slice();
        self.nodes.iter().map(move |node| {
            let (own, behind) = rest.split_at(node.arity);
            rest = behind;
            own
        })
    }

    /// Says what `program` looks at, but for the types of leaves.
    pub fn key(&self, outputs: &[usize]) -> Key {
        let mut key = Key::new();
        // never 0
        key.push(self.nodes.len());
        key.push(outputs.len());
        key.extend(outputs.iter().copied());
        for node in &self.nodes {
            key.extend([from_ref(node.op.entry).addr(), node.op.to.map_or(0, |to| 1 + to as usize), node.arity]);
        }
        key.extend(self.operands.iter().map(|operand| match *operand {
            Operand::Input(leaf) => 2 * leaf,
            Operand::Step(node) => 2 * node + 1,
        }));
        key
    }

    /// The operations as the CPU's engine knows them.
    pub fn structure<'a>(
        &'a self,
        key: Key,
        outputs: &'a [DType],
        program: &'a dyn Fn() -> Result<Program>,
    ) -> Structure<'a> {
        Structure { key, types: &self.types, outputs, steps: self.nodes.len(), program }
    }

    /// The operations as a program of the CPU, with these results.
    pub fn program(&self, outputs: &[usize]) -> Result<Program> {
        let mut program = Program::default();
        let mut steps: Vec<usize> = vec![];
        for (node, operands) in self.nodes.iter().zip(self.operands()) {
            let step = self.add(&mut program, &steps, node, operands)?;
            steps.push(step);
        }
        program.outputs = outputs.iter().map(|&number| steps[number]).collect();
        Ok(program)
    }

    fn kind(&self, operand: Operand) -> ElementType {
        match operand {
            Operand::Input(leaf) => self.types[leaf],
            Operand::Step(node) => self.nodes[node].of,
        }
    }

    /// Adds an operation to a program whose nodes have become these steps; gives the number of its own.
    fn add(&self, program: &mut Program, steps: &[usize], node: &Node, operands: &[Operand]) -> Result<usize> {
        let kinds: SmallVec<[ElementType; 3]> = operands.iter().map(|operand| self.kind(*operand)).collect();
        let (work, compute) = work(node.op, &kinds)?;
        let mut converted = SmallVec::new();
        for (place, (operand, of)) in operands.iter().zip(&kinds).enumerate() {
            // the condition of a choice is no number of it
            let wanted = match work {
                Work::Convert(_) => of.dtype,
                Work::Select if place == 0 => DType::Bool,
                _ => compute,
            };
            let (operand, number) = match *operand {
                Operand::Input(leaf) => (Operand::Input(leaf), self.numbers[leaf]),
                Operand::Step(node) => (Operand::Step(steps[node]), false),
            };
            converted.push(match of.dtype == wanted || number {
                true => operand,
                false => Operand::Step(program.push(Step {
                    work: Work::Convert(wanted),
                    operands: SmallVec::from_slice(&[operand]),
                    compute: of.dtype,
                })),
            });
        }
        Ok(program.push(Step { work, operands: converted, compute }))
    }
}

/// How the CPU runs an operation, and the dtype it computes in.
fn work(op: Plain, kinds: &[ElementType]) -> Result<(Work, DType)> {
    if let Some(to) = op.to {
        let from = kinds.first().ok_or_else(cpu::mistyped)?.dtype;
        return Ok((Work::Convert(to), from));
    }
    let Rule::Elementwise(rule) = op.entry.rule else { return Err(cpu::mistyped()) };
    let types = rule(kinds).map_err(|_| cpu::mistyped())?;
    Ok(match op.entry.kernel {
        Kernel::Unary(loops) => (Work::Unary(loops(types.compute).ok_or_else(cpu::mistyped)?), types.compute),
        Kernel::Binary(loops) => (Work::Binary(loops(types.compute).ok_or_else(cpu::mistyped)?), types.compute),
        _ if is_select(op.entry) => (Work::Select, types.compute),
        _ => return Err(cpu::mistyped()),
    })
}
