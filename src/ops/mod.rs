//! The table of primitive operations, and `apply`, the one door to them.
//!
//! Every operation on arrays is an `Op`: a table entry and its attributes. An entry says once what there is to know of an
//! operation; builtins and the interpreter compose ops and never call a kernel. An op must never know who called it.

mod apply;
pub mod arithmetic;
pub mod cast;
pub mod compare;
pub mod contract;
pub mod create;
mod elementwise;
mod gather;
pub mod index;
pub mod join;
pub mod math;
pub mod random;
pub mod reduce;
pub mod select;
pub mod shape;
mod slice;
mod table;
#[cfg(test)]
mod tests;
mod types;

pub use apply::{apply, apply1, apply2};
pub use arithmetic::*;
pub use cast::cast;
pub use compare::*;
pub use join::{append, concatenate, stack, stack_values};
pub use math::*;
pub use select::{SELECT, clip, select};
pub use shape::*;
pub use table::table;
pub use types::{Refusal, Types};

use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Result};
use crate::tensor::{Array, Axes, DType, Device, ElementType, Shape};
use smallvec::SmallVec;

/// One operation as the table knows it.
pub struct Entry {
    /// Unique in the table.
    pub name: &'static str,
    /// How messages write it: `+`, `sqrt`.
    pub symbol: &'static str,
    pub arity: Arity,
    pub rule: Rule,
    pub kernel: Kernel,
    /// What it is on weak integers, where that differs from `i64` in a tensor.
    pub exact: Option<Exact>,
    /// Integers that it does not take on the right.
    pub guard: Option<&'static Guard>,
}

/// Values of the right operand that are refused when an operation computes in integers.
pub struct Guard {
    pub refuses: cpu::Refuses,
    pub message: &'static str,
    pub help: &'static str,
}

impl Entry {
    /// An operation with a rule and a kernel of its own.
    pub const fn whole(
        name: &'static str,
        symbol: &'static str,
        arity: Arity,
        rule: WholeRule,
        kernel: WholeKernel,
    ) -> Entry {
        Entry { name, symbol, arity, rule: Rule::Whole(rule), kernel: Kernel::Whole(kernel), exact: None, guard: None }
    }
}

/// How many inputs an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    Exactly(usize),
    AtLeast(usize),
}

/// What the result is, from what the inputs are, without their values.
pub enum Rule {
    /// Inputs broadcast; the types follow from their types.
    Elementwise(fn(&[ElementType]) -> Result<Types, Refusal>),
    Whole(WholeRule),
    /// The shape depends on the values: there is no telling before.
    Open,
}

pub type WholeRule = fn(&Op, &[Abstract]) -> Result<Abstract>;
pub type WholeKernel = fn(&mut Context, &Op, &mut [Array], Abstract) -> Result<Array>;

/// How the CPU computes it.
pub enum Kernel {
    /// Loops over elements of the dtype it computes in.
    Unary(fn(DType) -> Option<&'static cpu::Unary>),
    Binary(fn(DType) -> Option<&'static cpu::Binary>),
    /// Makes the whole result. It may take inputs out (`mem::take`) once it cannot fail any more. The memory of the
    /// result, as the rule describes it, has been checked.
    Whole(WholeKernel),
    /// As `Whole`, where there is no rule; it checks types and memory by itself.
    Open(fn(&mut Context, &Op, &mut [Array]) -> Result<Array>),
}

/// Arithmetic of weak integers: no result means that the loops refuse the operands, or that it does not fit `i64`. Unary
/// ops get their input twice.
pub type Exact = fn(i64, i64) -> Option<Array>;

/// An entry with its attributes: all of an operation but its inputs.
pub struct Op {
    pub entry: &'static Entry,
    pub attrs: Attrs,
}

/// What an operation must know besides its inputs. Axes are counted from the start.
#[derive(Clone, Debug, PartialEq)]
pub enum Attrs {
    None,
    DType(DType),
    Shape(Shape),
    Axis(usize),
    /// A permutation, or the axes an operation works on.
    Axes(Axes),
    /// The axes a reduction removes, or keeps with length one.
    Reduce {
        axes: Axes,
        keepdims: bool,
    },
    Slice(index::Slice),
    Gather(index::Gather),
    Contract(contract::Dimensions),
    Create(create::Recipe),
    /// Which draw, of what, and the tensor it makes.
    Draw(cpu::random::Draw, random::Distribution, Abstract),
}

/// What is known of a value without its elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Abstract {
    pub shape: Shape,
    pub dtype: DType,
    pub weak: bool,
    pub device: Device,
}

impl Abstract {
    pub fn of(array: &Array) -> Abstract {
        let ElementType { dtype, weak } = array.element_type();
        Abstract { shape: Shape::from_slice(array.shape()), dtype, weak, device: array.device() }
    }

    /// A typed value on the CPU.
    pub fn new(shape: Shape, dtype: DType) -> Abstract {
        Abstract { shape, dtype, weak: false, device: Device::Cpu }
    }

    pub fn element_type(&self) -> ElementType {
        ElementType { dtype: self.dtype, weak: self.weak }
    }

    /// Elements; `usize::MAX` where that is more than can be counted.
    pub fn size(&self) -> usize {
        crate::tensor::shape::size(&self.shape)
    }

    /// As `Array::type_name`.
    pub fn type_name(&self) -> String {
        crate::tensor::type_name(self.dtype, &self.shape, self.device)
    }
}

impl Op {
    /// What the result is for such inputs.
    pub fn infer(&self, inputs: &[Abstract]) -> Result<Abstract> {
        match self.entry.rule {
            Rule::Whole(rule) => rule(self, inputs),
            Rule::Open => {
                let message = format!("the shape of `{}` depends on the values", self.entry.symbol);
                Err(Error::new(crate::diagnostics::Kind::Graph, message).help("`where` keeps the shape"))
            }
            Rule::Elementwise(rule) => {
                let kinds: SmallVec<[ElementType; 4]> = inputs.iter().map(Abstract::element_type).collect();
                let shapes: SmallVec<[&[usize]; 4]> = inputs.iter().map(|input| input.shape.as_slice()).collect();
                let names = || inputs.iter().map(Abstract::type_name).collect();
                let types = rule(&kinds).map_err(|refusal| types::refused(self.entry, refusal, names()))?;
                let shape = types::broadcast_all(self.entry, &shapes, names)?;
                let device = inputs.first().map_or(Device::Cpu, |input| input.device);
                Ok(Abstract { shape, dtype: types.out, weak: types.weak, device })
            }
        }
    }
}
