//! What a cluster computes: steps in order, each with one of the engine's loops.

use crate::cpu::joined::Joined;
use crate::cpu::{Binary, Unary};
use crate::tensor::DType;
use smallvec::SmallVec;

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
        match self.work {
            Work::Unary(
                Unary::TestU8(_) | Unary::TestI32(_) | Unary::TestI64(_) | Unary::TestF32(_) | Unary::TestF64(_),
            )
            | Work::Binary(
                Binary::TestU8(_) | Binary::TestI32(_) | Binary::TestI64(_) | Binary::TestF32(_) | Binary::TestF64(_),
            ) => DType::Bool,
            Work::Convert(dtype) => dtype,
            _ => self.compute,
        }
    }
}
