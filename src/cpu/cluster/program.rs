//! What a cluster computes: steps in order, each with one of the engine's loops.

use crate::cpu::joined::Joined;
use crate::cpu::{Binary, Unary};
use crate::diagnostics::Result;
use crate::tensor::{DType, ElementType};
use smallvec::SmallVec;
use std::ptr::from_ref;

/// Words that say what a cluster is: no two that need different plans have the same.
pub type Key = SmallVec<[usize; 24]>;

/// A program, known by a key and made only where no plan is known for it.
pub struct Structure<'a> {
    /// Says all of the program; the first word says who wrote the others.
    pub key: Key,
    /// Of the inputs.
    pub types: &'a [ElementType],
    /// Of the results.
    pub outputs: &'a [DType],
    /// How many operations it has.
    pub steps: usize,
    pub program: &'a dyn Fn() -> Result<Program>,
}

/// Steps in order; each reads inputs and results of steps before it.
#[derive(Default)]
pub struct Program {
    pub steps: Vec<Step>,
    /// Steps whose results are wanted, in rising order.
    pub outputs: Vec<usize>,
}

#[derive(Clone)]
pub struct Step {
    pub work: Work,
    pub operands: SmallVec<[Operand; 3]>,
    /// The dtype of the operands; the condition of a choice is a truth value.
    pub compute: DType,
}

#[derive(Clone, Copy)]
pub enum Work {
    Unary(&'static Unary),
    Binary(&'static Binary),
    /// Two operations in one; the operands of the first, then what is left of the second.
    Joined(&'static Joined),
    /// Where the first operand holds the second, else the third.
    Select,
    Convert(DType),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    Input(usize),
    Step(usize),
}

impl Program {
    /// Adds a step; gives its number.
    pub fn push(&mut self, step: Step) -> usize {
        self.steps.push(step);
        self.steps.len() - 1
    }
}

impl Step {
    pub fn dtype(&self) -> DType {
        self.work.dtype(self.compute)
    }
}

impl Work {
    /// Of the results, computed in this dtype.
    pub fn dtype(&self, compute: DType) -> DType {
        match self {
            Work::Unary(
                Unary::TestU8(_) | Unary::TestI32(_) | Unary::TestI64(_) | Unary::TestF32(_) | Unary::TestF64(_),
            )
            | Work::Binary(
                Binary::TestU8(_) | Binary::TestI32(_) | Binary::TestI64(_) | Binary::TestF32(_) | Binary::TestF64(_),
            ) => DType::Bool,
            Work::Convert(dtype) => *dtype,
            _ => compute,
        }
    }

    /// A number that no other work has: the address of its loops, or a small one.
    pub(super) fn number(&self) -> usize {
        match *self {
            Work::Unary(loops) => from_ref(loops).addr(),
            Work::Binary(loops) => from_ref(loops).addr(),
            Work::Joined(loops) => from_ref(loops).addr(),
            Work::Select => 0,
            Work::Convert(dtype) => 1 + dtype as usize,
        }
    }
}
