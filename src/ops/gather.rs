//! Indexing with arrays: reading and writing elements that integers point to.

use super::slice::{Slice, check_value, taken};
use super::{Abstract, Arity, Attrs, Entry, Kernel, Op, Rule};
use crate::context::Context;
use crate::cpu;
use crate::cpu::gather::Places;
use crate::diagnostics::{Error, Result};
use crate::tensor::shape::{self, Axes, Shape, Strides};
use crate::tensor::{Array, DType, Tensor, positions, type_name};

/// How integer arrays point into a slice of a value. The arrays are inputs and broadcast to one shape; its axes stand in
/// the result in place of the axes they point along.
#[derive(Clone, Debug, PartialEq)]
pub struct Gather {
    /// Taken first.
    pub slice: Slice,
    /// The axes of the slice that the arrays point along, one for each array, in rising order.
    pub axes: Axes,
    /// The axis of the result at which the axes of the arrays begin.
    pub at: usize,
}

impl Gather {
    /// The shape of the result, from the value's and the arrays'.
    pub fn shape(&self, x: &[usize], arrays: &[Abstract]) -> Result<Shape> {
        let points = common(arrays)?;
        let sliced = self.slice.shape(x);
        let rest = (0..sliced.len()).filter(|axis| !self.axes.contains(axis)).map(|axis| sliced[axis]);
        let mut shape: Shape = rest.collect();
        shape.insert_many(self.at, points);
        shape::check_ndim(shape.len())?;
        Ok(shape)
    }

    /// Where the elements lie in a buffer of this layout.
    fn places(&self, offset: usize, strides: &[isize], arrays: &[Tensor], points: &[usize]) -> Result<Places> {
        let (shape, offset, strides) = self.slice.layout(offset, strides);
        let lens: Shape = self.axes.iter().map(|&axis| shape[axis]).collect();
        let steps: Strides = self.axes.iter().map(|&axis| strides[axis]).collect();
        let points = cpu::gather::points(arrays, points, &lens, &steps).map_err(|(number, index)| {
            let axis = self.axes.get(number).map_or(0, |&axis| self.source_axis(axis));
            let len = lens.get(number).copied().unwrap_or(0);
            Error::index(format!("index {index} is out of bounds for axis {axis} of size {len}"))
        })?;
        let rest: Axes = (0..shape.len()).filter(|axis| !self.axes.contains(axis)).collect();
        let (before, after) = rest.split_at(self.at);
        let lengths = |axes: &[usize]| axes.iter().map(|&axis| shape[axis]).collect::<Shape>();
        let steps = |axes: &[usize]| axes.iter().map(|&axis| strides[axis]).collect::<Strides>();
        let before = positions(offset, &lengths(before), &steps(before));
        Ok(Places::new(before, points, &lengths(after), &steps(after)))
    }

    /// The axis of the value that an axis of the slice is.
    fn source_axis(&self, axis: usize) -> usize {
        let new = self.slice.cuts.iter().take(axis).filter(|cut| matches!(cut, super::slice::Cut::New)).count();
        axis - new
    }
}

pub(super) static GATHER: Entry = Entry::whole("gather", "[]", Arity::AtLeast(2), read_rule, read_kernel);

/// Gives the first input with the second in the places that the others point to.
pub(super) static SCATTER: Entry = Entry::whole("scatter", "[] =", Arity::AtLeast(3), write_rule, write_kernel);

/// The rows of the first input for which the second, a mask over its first axes, holds.
pub(super) static COMPRESS: Op = Op {
    entry: &Entry {
        name: "compress",
        symbol: "[mask]",
        arity: Arity::Exactly(2),
        rule: Rule::Open,
        kernel: Kernel::Open(compress_kernel),
        exact: None,
        guard: None,
    },
    attrs: Attrs::None,
};

pub(super) fn read(gather: Gather) -> Op {
    Op { entry: &GATHER, attrs: Attrs::Gather(gather) }
}

pub(super) fn write(gather: Gather) -> Op {
    Op { entry: &SCATTER, attrs: Attrs::Gather(gather) }
}

/// The shape that index arrays broadcast to.
fn common(arrays: &[Abstract]) -> Result<Shape> {
    let mut result = Shape::new();
    for array in arrays {
        result = shape::broadcast(&result, &array.shape).map_err(|_| {
            let names: Vec<String> = arrays.iter().map(Abstract::type_name).collect();
            Error::shape(format!("cannot broadcast index arrays {}", names.join(" and ")))
        })?;
    }
    Ok(result)
}

fn read_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    match (&op.attrs, inputs) {
        (Attrs::Gather(gather), [x, arrays @ ..]) => {
            Ok(Abstract { shape: gather.shape(&x.shape, arrays)?, weak: false, ..x.clone() })
        }
        _ => Err(cpu::mistyped()),
    }
}

fn read_kernel(_: &mut Context, op: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let (Attrs::Gather(gather), [x, arrays @ ..]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let kinds: Vec<Abstract> = arrays.iter().map(Abstract::of).collect();
    let arrays: Vec<Tensor> = arrays.iter().map(Array::to_tensor).collect();
    let tensor = x.to_tensor();
    let places = gather.places(tensor.offset(), &tensor.strides(), &arrays, &common(&kinds)?)?;
    Ok(Array::from(cpu::gather::gather(&tensor, &places, &out.shape)))
}

fn write_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let (Attrs::Gather(gather), [x, value, arrays @ ..]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    check_value(&gather.shape(&x.shape, arrays)?, x, value)?;
    Ok(Abstract { weak: false, ..x.clone() })
}

fn write_kernel(_: &mut Context, op: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let (Attrs::Gather(gather), [x, value, arrays @ ..]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let kinds: Vec<Abstract> = arrays.iter().map(Abstract::of).collect();
    let arrays: Vec<Tensor> = arrays.iter().map(Array::to_tensor).collect();
    let place = gather.shape(&out.shape, &kinds)?;
    let places = gather.places(0, &shape::contiguous(&out.shape), &arrays, &common(&kinds)?)?;
    let value = value.to_tensor();
    Ok(Array::from(cpu::gather::scatter(taken(x), &value, &place, &places)?))
}

fn compress_kernel(cx: &mut Context, _: &Op, inputs: &mut [Array]) -> Result<Array> {
    let [Array::Tensor(x), Array::Tensor(mask)] = inputs else { return Err(cpu::mistyped()) };
    if mask.dtype() != DType::Bool || x.shape().get(..mask.ndim()) != Some(mask.shape()) {
        return Err(cpu::mistyped());
    }
    cx.reserve(x.size(), x.dtype().size(), || type_name(x.dtype(), x.shape(), x.device()))?;
    Ok(Array::from(cpu::select::compress(x, mask)?))
}
