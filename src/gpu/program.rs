//! A fused element-wise computation: the steps one kernel does for every element.

use super::view::View;
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::{DType, Scalar};
use smallvec::{SmallVec, smallvec};
use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

/// What to compute for every element of the iteration shape.
#[derive(Clone, Debug)]
pub struct Program {
    pub inputs: Vec<DType>,
    /// Each uses only those before it.
    pub steps: Vec<Step>,
    /// Numbers of the steps whose results are kept.
    pub outputs: Vec<usize>,
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Step {
    /// An expression over `a`, `b`, `c`, the operands. They are of type f32, i32, u32 (for `u8`) or bool.
    pub wgsl: Cow<'static, str>,
    pub operands: SmallVec<[Operand; 3]>,
    /// Of the result.
    pub dtype: DType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    Input(usize),
    Step(usize),
    /// A step whose result is rounded before it is read, as if it came from memory: compilers may else join a product and
    /// a sum.
    Apart(usize),
}

/// Values that a step does not take: an element where it meets one is a fault.
#[derive(Clone)]
pub struct Check {
    /// The number of the step.
    pub step: usize,
    /// Holds of operands that are not taken, as an expression over them.
    pub wgsl: &'static str,
    /// The caller's number of the operation.
    pub id: u32,
    pub error: Complaint,
}

/// The error of an element, from its number in row-major order and the bits of the last operand there.
pub type Complaint = Rc<dyn Fn(usize, u32) -> Error>;

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Check({}, {})", self.step, self.wgsl)
    }
}

#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// Broadcasts to the iteration shape.
    View(&'a View),
    /// Travels beside the kernel: another value needs no other.
    Scalar(Scalar),
    /// What the kernel made that runs the program on its results.
    Made,
}

impl<'a> Input<'a> {
    /// The same, where what is made lies in a buffer.
    pub(super) fn made_as(self, view: &'a View) -> Input<'a> {
        if let Input::Made = self { Input::View(view) } else { self }
    }
}

impl Program {
    /// Its only input as it is.
    pub fn same(dtype: DType) -> Program {
        let step = Step { wgsl: "a".into(), operands: smallvec![Operand::Input(0)], dtype };
        Program { inputs: vec![dtype], steps: vec![step], outputs: vec![0] }
    }

    /// The dtype of an operand of the step `number`.
    pub(super) fn dtype(&self, number: usize, operand: Operand) -> Result<DType> {
        let found = match operand {
            Operand::Input(input) => self.inputs.get(input).copied(),
            Operand::Step(step) | Operand::Apart(step) if step < number => self.steps.get(step).map(|step| step.dtype),
            Operand::Step(_) | Operand::Apart(_) => None,
        };
        found.ok_or_else(malformed)
    }
}

/// A program and inputs that do not belong together.
#[cold]
pub(super) fn malformed() -> Error {
    Error::new(Kind::Internal, "a malformed program reached the graphics device")
}
