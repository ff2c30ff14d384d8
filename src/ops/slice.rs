//! Slices: integers, ranges with steps and new axes. Reading gives a view, or a small copy.

use super::linear::{sum_to, zeros};
use super::{ADD, Abstract, Arity, Attrs, Derivative, Entry, Op, Outputs, Term, apply1, apply2, rows};
use crate::context::Context;
use crate::cpu;
use crate::cpu::gather::Places;
use crate::diagnostics::{Error, Result};
use crate::tensor::shape::{self, Shape, Strides};
use crate::tensor::{Array, Layout, Tensor};
use smallvec::{SmallVec, smallvec};
use std::mem;

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

    /// Is there an axis left?
    pub fn keeps(&self) -> bool {
        !matches!(self, Cut::At(_))
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

    /// The same slice of every row of a batch.
    pub fn of_all(&self, rows: usize) -> Slice {
        let mut cuts = self.cuts.clone();
        cuts.insert(0, Cut::all(rows));
        Slice { cuts }
    }

    /// Does it take everything as it is?
    pub fn is_all(&self, of: &[usize]) -> bool {
        self.cuts.iter().copied().eq(of.iter().map(|&len| Cut::all(len)))
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

pub static SLICE: Entry = Entry::look("slice", "[]", read_rule, read_layout)
    .derivative(Derivative::Linear(1))
    .transposed(read_transposed)
    .accumulated(read_accumulated)
    .batched(read_rows);

/// Gives the first input with the second in the place of a slice.
pub(super) static UPDATE: Entry = Entry::update("update_slice", "[] =", Arity::Exactly(2), write_rule, write_kernel)
    .derivative(Derivative::Linear(2))
    .transposed(write_transposed)
    .batched(write_rows)
    .on_gpu(|gpu, op, views, out, _| {
        let (Attrs::Slice(slice), [x, value]) = (&op.attrs, views) else { return Err(cpu::mistyped()) };
        let (shape, offset, strides) = slice.layout(0, &shape::contiguous(&out.shape));
        let Some(value) = gpu.in_dtype(value, out.dtype)? else { return Ok(None) };
        let place = Layout { shape, offset, strides };
        gpu.updated(x, &value, &place).map(Some)
    });

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

fn read_layout(op: &Op, layout: &Layout) -> Layout {
    let Attrs::Slice(slice) = &op.attrs else { return layout.clone() };
    let (shape, offset, strides) = slice.layout(layout.offset, &layout.strides);
    Layout { shape, offset, strides }
}

fn read_transposed(cx: &mut Context, op: &Op, terms: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let (Attrs::Slice(slice), [x], [Some(ct)]) = (&op.attrs, terms, ct) else { return Ok(smallvec![None]) };
    let zeros = zeros(cx, &x.aval())?;
    Ok(smallvec![Some(apply2(cx, &write(slice.clone()), zeros, ct.clone())?)])
}

fn read_accumulated(cx: &mut Context, op: &Op, _: &[Term], ct: &Array, sum: Array) -> Result<Array> {
    let Attrs::Slice(slice) = &op.attrs else { return Err(cpu::mistyped()) };
    let part = apply1(cx, &read(slice.clone()), sum.clone())?;
    let part = apply2(cx, &ADD, part, ct.clone())?;
    apply2(cx, &write(slice.clone()), sum, part)
}

fn read_rows(cx: &mut Context, op: &Op, inputs: &[Array], _: &[bool], rows: usize) -> Result<Outputs> {
    let (Attrs::Slice(slice), [x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    rows::one(cx, &read(slice.of_all(rows)), x)
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
            let place = crate::tensor::type_name(x.dtype, place, x.device.unwrap_or_default());
            let message = format!("cannot assign {} to a part of {place}", value.type_name());
            Err(Error::shape(message).operand(0, place).operand(1, value.type_name()))
        }
    }
}

fn write_kernel(cx: &mut Context, op: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let (Attrs::Slice(slice), [x, value]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let value = value.to_tensor().ok_or_else(cpu::mistyped)?;
    let (place, offset, strides) = slice.layout(0, &shape::contiguous(&out.shape));
    let places = Places::of_view(offset, &place, &strides);
    Ok(Array::from(cpu::gather::scatter(cx, owned(cx, x)?, &value, &place, &places)?))
}

/// The place of the slice in the cotangent is the value's, all else the target's.
fn write_transposed(cx: &mut Context, op: &Op, terms: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let (Attrs::Slice(slice), [x, value], [Some(ct)]) = (&op.attrs, terms, ct) else {
        return Ok(smallvec![None, None]);
    };
    let kept = match x {
        Term::Linear(_) => {
            let nothing = zeros(cx, &Abstract::new(Shape::new(), ct.dtype()))?;
            Some(apply2(cx, &write(slice.clone()), ct.clone(), nothing)?)
        }
        Term::Known(_) => None,
    };
    let written = match value {
        Term::Linear(aval) => {
            let place = apply1(cx, &read(slice.clone()), ct.clone())?;
            Some(sum_to(cx, place, &aval.shape)?)
        }
        Term::Known(_) => None,
    };
    Ok(smallvec![kept, written])
}

fn write_rows(cx: &mut Context, op: &Op, inputs: &[Array], batched: &[bool], rows: usize) -> Result<Outputs> {
    let (Attrs::Slice(slice), [x, value], [x_batched, value_batched]) = (&op.attrs, inputs, batched) else {
        return Err(cpu::mistyped());
    };
    let x = rows::all_rows(cx, x, *x_batched, rows)?;
    let whole = slice.of_all(rows);
    let ndim = whole.shape(x.shape()).len() - 1;
    let value = if *value_batched { rows::with_ndim(cx, value, ndim)? } else { value.clone() };
    Ok(smallvec![apply2(cx, &write(whole), x, value)?])
}

type Cotangents = Result<SmallVec<[Option<Array>; 2]>>;

/// The tensor in the place of an input, which is let go.
pub(super) fn taken(input: &mut Array) -> Result<Tensor> {
    match mem::take(input) {
        Array::Tensor(tensor) => Ok(tensor),
        other => other.to_tensor().ok_or_else(cpu::mistyped),
    }
}

/// The same as an owner whose buffer nobody else holds. The memory of a copy has been checked.
pub(super) fn owned(cx: &Context, input: &mut Array) -> Result<Tensor> {
    if let Array::Tensor(tensor) = input {
        cpu::copy::own(cx, tensor)?;
    }
    taken(input)
}
