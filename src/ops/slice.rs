//! Slices: integers, ranges with steps and new axes. Reading gives a view, or a small copy.

use super::{Abstract, Arity, Attrs, Entry, Op};
use crate::context::Context;
use crate::cpu;
use crate::cpu::gather::Places;
use crate::diagnostics::{Error, Result};
use crate::tensor::shape::{self, Shape, Strides};
use crate::tensor::{Array, Tensor};
use smallvec::SmallVec;
use std::mem;

/// Up to so many bytes a slice is copied: it does not keep a large buffer alive, nor from being written in place.
const SMALL: usize = 4096;

/// What is taken of every axis of a value, and where new axes stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    pub cuts: SmallVec<[Cut; 4]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// One position; the axis is gone.
    At(usize),
    /// `count` positions from `start` on.
    Span { start: usize, step: isize, count: usize },
    /// An axis of length one that the value does not have.
    New,
}

impl Cut {
    pub fn all(len: usize) -> Cut {
        Cut::Span { start: 0, step: 1, count: len }
    }
}

impl Slice {
    /// Shape, offset and strides of the slice of a value with this layout. Only empty values, whose strides are never
    /// used, are so long that a step wraps.
    pub fn layout(&self, offset: usize, strides: &[isize]) -> (Shape, usize, Strides) {
        let (mut lengths, mut steps) = (Shape::new(), Strides::new());
        let mut offset = offset as isize;
        let mut strides = strides.iter();
        for cut in &self.cuts {
            match *cut {
                Cut::New => {
                    lengths.push(1);
                    steps.push(0);
                }
                Cut::At(position) => {
                    offset = offset.wrapping_add((position as isize).wrapping_mul(strides.next().copied().unwrap_or(0)))
                }
                Cut::Span { start, step, count } => {
                    let stride = strides.next().copied().unwrap_or(0);
                    if count > 0 {
                        offset = offset.wrapping_add((start as isize).wrapping_mul(stride));
                    }
                    lengths.push(count);
                    steps.push(stride.wrapping_mul(step));
                }
            }
        }
        (lengths, offset as usize, steps)
    }

    /// The shape of the slice.
    pub fn shape(&self, of: &[usize]) -> Shape {
        self.layout(0, &shape::contiguous(of)).0
    }
}

/// Python's reading of `start:stop:step` along an axis of length `len`.
pub(super) fn cut(start: Option<i64>, stop: Option<i64>, step: Option<i64>, len: usize) -> Result<Cut> {
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Error::value("the step of a slice cannot be zero"));
    }
    let len = len as i64;
    // Counting down, -1 stands before the first position.
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let clamp = |bound: i64| if bound < 0 { bound.saturating_add(len).max(low) } else { bound.min(high) };
    let start = start.map_or(if step > 0 { low } else { high }, clamp);
    let stop = stop.map_or(if step > 0 { high } else { low }, clamp);
    let distance = if step > 0 { stop - start } else { start - stop };
    let count = if distance <= 0 { 0 } else { (distance as u64 - 1) / step.unsigned_abs() + 1 };
    // A step past the axis is never taken: any will do that does not overflow.
    let step = step.clamp(-len.max(1), len.max(1));
    Ok(Cut::Span { start: start.max(0) as usize, step: step as isize, count: count as usize })
}

pub(super) static SLICE: Entry = Entry::whole("slice", "[]", Arity::Exactly(1), read_rule, read_kernel);

/// Gives the first input with the second in the place of a slice.
pub(super) static UPDATE: Entry = Entry::whole("update_slice", "[] =", Arity::Exactly(2), write_rule, write_kernel);

pub(super) fn read(slice: Slice) -> Op {
    Op { entry: &SLICE, attrs: Attrs::Slice(slice) }
}

pub(super) fn write(slice: Slice) -> Op {
    Op { entry: &UPDATE, attrs: Attrs::Slice(slice) }
}

fn read_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    match (&op.attrs, inputs) {
        (Attrs::Slice(slice), [x]) => Ok(Abstract { shape: slice.shape(&x.shape), weak: false, ..x.clone() }),
        _ => Err(cpu::mistyped()),
    }
}

fn read_kernel(_: &mut Context, op: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let (Attrs::Slice(slice), [x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let tensor = x.to_tensor();
    let (shape, offset, strides) = slice.layout(tensor.offset(), &tensor.strides());
    if let ([], Some(scalar)) = (shape.as_slice(), tensor.data().scalar(offset)) {
        return Ok(Array::Scalar(scalar));
    }
    let view = tensor.view(shape, offset, strides);
    if out.size().saturating_mul(out.dtype.size()) <= SMALL {
        return Ok(Array::from(Tensor::owner(view.to_data(), out.shape)));
    }
    Ok(Array::from(view))
}

fn write_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let (Attrs::Slice(slice), [x, value]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    check_value(&slice.shape(&x.shape), x, value)?;
    Ok(Abstract { weak: false, ..x.clone() })
}

/// Errors when the value does not broadcast to its place.
pub(super) fn check_value(place: &[usize], x: &Abstract, value: &Abstract) -> Result<()> {
    match shape::broadcast(place, &value.shape) {
        Ok(found) if found.as_slice() == place && x.dtype == value.dtype => Ok(()),
        _ => {
            let place = crate::tensor::type_name(x.dtype, place, x.device);
            let message = format!("cannot assign {} to a part of {place}", value.type_name());
            Err(Error::shape(message).operand(0, place).operand(1, value.type_name()))
        }
    }
}

fn write_kernel(_: &mut Context, op: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let (Attrs::Slice(slice), [x, value]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let value = value.to_tensor();
    let (place, offset, strides) = slice.layout(0, &shape::contiguous(&out.shape));
    let places = Places::of_view(offset, &place, &strides);
    Ok(Array::from(cpu::gather::scatter(taken(x), &value, &place, &places)?))
}

/// The tensor in the place of an input, which is let go.
pub(super) fn taken(input: &mut Array) -> Tensor {
    match mem::take(input) {
        Array::Tensor(tensor) => tensor,
        scalar => scalar.to_tensor(),
    }
}
