//! The table of primitive operations, and `apply`, the one door to them.
//!
//! Every operation on arrays is an `Op`: a table entry and its attributes. An entry says once what there is to know of an
//! operation; builtins and the interpreter compose ops and never call a kernel. An op must never know who called it.

mod apply;
pub mod arithmetic;
pub mod barrier;
pub mod cast;
pub mod choose;
pub mod compare;
pub mod contract;
pub mod create;
pub mod cumulate;
pub mod debug;
pub mod einsum;
mod elementwise;
mod entry;
pub mod gather;
pub mod index;
pub mod join;
pub mod linalg;
pub mod linear;
pub mod math;
pub mod parameter;
pub mod place;
pub mod random;
pub mod reduce;
pub mod rows;
pub mod sample;
pub mod select;
pub mod shape;
pub mod slice;
pub mod sort;
pub mod stop;
mod table;
#[cfg(test)]
mod tests;
mod types;

pub use apply::{Outputs, apply, apply_all, apply1, apply2, now, now_all, run_as};
pub use arithmetic::*;
pub use cast::cast;
pub use compare::*;
pub(crate) use elementwise::{fits, guard, guarded, no_fit};
pub use entry::*;
pub use join::{append, concatenate, stack, stack_values};
pub use math::*;
pub use select::{SELECT, clip, select};
pub use shape::*;
pub use table::table;
pub use types::{Refusal, Types};

use crate::cpu;
use crate::diagnostics::{Error, Kind, Result};
use crate::graph::{Branches, Custom, Scan, While, inner};
use crate::tensor::{Array, Axes, DType, Device, ElementType, Shape};
use smallvec::{SmallVec, smallvec};
use std::sync::Arc;

pub use crate::tensor::Abstract;

/// An entry with its attributes: all of an operation but its inputs.
#[derive(Clone, Debug)]
pub struct Op {
    pub entry: &'static Entry,
    pub attrs: Attrs,
}

/// What an operation must know besides its inputs. Axes are counted from the start.
#[derive(Clone, Debug, PartialEq)]
pub enum Attrs {
    None,
    DType(DType),
    /// The number in a value without axes, weak.
    Weak,
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
    /// Of what, and the tensor it makes. Which draw it is, the session tells when it runs.
    Draw(random::Distribution, Abstract),
    /// Which parameter of a distribution it is.
    Parameter(parameter::Parameter),
    /// How many there are to choose, or to choose from.
    Count(usize),
    /// Where to, and the dtype there.
    Place(Option<Device>, DType),
    /// What of the eigenvalues, or of the singular values.
    Spectrum(linalg::Spectrum),
    /// The triangle of a matrix that counts.
    Triangle(linalg::Triangle),
    /// Is the orthogonal factor to be square?
    Complete(bool),
    /// The graphs of which one runs.
    Cond(Branches),
    /// A function and the rule for its derivative, as graphs.
    Custom(Custom),
    /// A graph that runs while another says so.
    While(While),
    /// A graph that runs so many times.
    Scan(Scan),
    /// The name by which a value is printed.
    Debug(Arc<str>),
}

impl Op {
    /// Does it draw random numbers somewhere inside?
    pub fn draws_inside(&self) -> bool {
        inner(self).iter().any(|inner| inner.runs && inner.graph.draws())
    }

    /// Does it do more than compute? A draw moves the session's random numbers on; what prints has to print.
    pub fn has_effect(&self) -> bool {
        matches!(self.attrs, Attrs::Draw(..) | Attrs::Debug(_))
            || inner(self).iter().any(|inner| inner.runs && inner.graph.has_effect())
    }

    /// What the results are for such inputs, and where: with those that have a place.
    pub fn infer_all(&self, inputs: &[Abstract]) -> Result<SmallVec<[Abstract; 1]>> {
        let mut outs = self.infer_types(inputs)?;
        let placed = inputs.iter().any(|input| input.device.is_some());
        if !placed || std::ptr::eq(self.entry, &place::PLACE) || matches!(self.entry.kernel, Kernel::Composed(_)) {
            return Ok(outs);
        }
        let device = place::common(self, inputs.iter().map(|input| (input.device, input.type_name())))?;
        for out in &mut outs {
            // numbers that were written out are wherever they are needed
            out.device = device.filter(|_| !out.weak);
            out.dtype = place::on_device(out.dtype, out.device);
        }
        Ok(outs)
    }

    fn infer_types(&self, inputs: &[Abstract]) -> Result<SmallVec<[Abstract; 1]>> {
        Ok(match self.entry.rule {
            Rule::Elementwise(rule) => smallvec![self.infer_elementwise(rule, inputs)?],
            Rule::Whole(rule) => smallvec![rule(self, inputs)?],
            Rule::Many(rule) => rule(self, inputs)?,
            Rule::Open => {
                let message = format!("the shape of `{}` depends on the values", self.entry.symbol);
                return Err(Error::new(Kind::Graph, message).help("`where` keeps the shape"));
            }
        })
    }

    /// The same of an operation with one result.
    pub fn infer(&self, inputs: &[Abstract]) -> Result<Abstract> {
        self.infer_all(inputs)?.pop().ok_or_else(cpu::mistyped)
    }

    /// As `infer`, of values at hand or not.
    pub fn infer_of(&self, inputs: &[Array]) -> Result<Abstract> {
        if let Rule::Elementwise(rule) = self.entry.rule
            && inputs.iter().all(|input| input.place().is_none())
        {
            let kinds: SmallVec<[ElementType; 4]> = inputs.iter().map(Array::element_type).collect();
            let shapes: SmallVec<[&[usize]; 4]> = inputs.iter().map(Array::shape).collect();
            return self.elementwise(rule, &kinds, &shapes, || inputs.iter().map(Array::type_name).collect());
        }
        self.infer(&inputs.iter().map(Array::aval).collect::<SmallVec<[Abstract; 3]>>())
    }

    fn infer_elementwise(
        &self,
        rule: fn(&[ElementType]) -> Result<Types, Refusal>,
        inputs: &[Abstract],
    ) -> Result<Abstract> {
        let kinds: SmallVec<[ElementType; 4]> = inputs.iter().map(Abstract::element_type).collect();
        let shapes: SmallVec<[&[usize]; 4]> = inputs.iter().map(|input| input.shape.as_slice()).collect();
        self.elementwise(rule, &kinds, &shapes, || inputs.iter().map(Abstract::type_name).collect())
    }

    fn elementwise(
        &self,
        rule: fn(&[ElementType]) -> Result<Types, Refusal>,
        kinds: &[ElementType],
        shapes: &[&[usize]],
        names: impl Fn() -> Vec<String>,
    ) -> Result<Abstract> {
        let types = rule(kinds).map_err(|refusal| types::refused(self.entry, refusal, names()))?;
        let shape = types::broadcast_all(self.entry, shapes, names)?;
        Ok(Abstract { weak: types.weak, ..Abstract::new(shape, types.out) })
    }
}
