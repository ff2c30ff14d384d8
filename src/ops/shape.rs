//! Other shapes for the same elements. Nothing is copied where a view will do.

use super::linear::sum_to;
use super::slice::taken;
use super::{Abstract, Arity, Attrs, Derivative, Entry, Op, Outputs, Term, apply1, rows};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Result};
use crate::tensor::shape::{self, Axes, Shape};
use crate::tensor::{Array, Layout, Tensor};
use smallvec::{SmallVec, smallvec};
use std::mem;

pub static RESHAPE: Entry = Entry::whole("reshape", "reshape", Arity::Exactly(1), reshape_rule, reshape_kernel)
    .derivative(Derivative::Linear(1))
    .transposed(reshape_transposed)
    .batched(reshape_rows)
    .on_gpu(|gpu, _, views, out, _| {
        let [x] = views else { return Ok(None) };
        let (shape, strides) = (out.shape.clone(), shape::contiguous(&out.shape));
        let rows = if x.is_contiguous() { x.clone() } else { gpu.compact(x)? };
        let offset = rows.offset();
        Ok(Some(rows.with_layout(shape, offset, strides)))
    });
pub static TRANSPOSE: Entry = Entry::look("transpose", "transpose", transpose_rule, transpose_layout)
    .derivative(Derivative::Linear(1))
    .transposed(transpose_transposed)
    .batched(transpose_rows);
pub static BROADCAST: Entry = Entry::look("broadcast", "broadcast_to", broadcast_rule, broadcast_layout)
    .derivative(Derivative::Linear(1))
    .transposed(broadcast_transposed)
    .batched(broadcast_rows);
pub static REVERSE: Entry = Entry::look("reverse", "flip", reverse_rule, reverse_layout)
    .derivative(Derivative::Linear(1))
    .transposed(reverse_transposed)
    .batched(reverse_rows);

pub(super) static TABLE: &[&Entry] = &[&RESHAPE, &TRANSPOSE, &BROADCAST, &REVERSE];

/// The elements in row-major order in another shape; one length may be -1, and follows from the others.
pub fn reshape(cx: &mut Context, x: Array, wanted: &[i64]) -> Result<Array> {
    let shape = resolve(&x, wanted)?;
    reshape_to(cx, x, shape)
}

/// All elements in row-major order along one axis.
pub fn ravel(cx: &mut Context, x: Array) -> Result<Array> {
    let shape = Shape::from_slice(&[x.size()]);
    reshape_to(cx, x, shape)
}

/// The axes in another order; reversed without one.
pub fn transpose(cx: &mut Context, x: Array, order: Option<&[i64]>) -> Result<Array> {
    let ndim = x.ndim();
    let axes = match order {
        None => (0..ndim).rev().collect(),
        Some(order) if order.len() == ndim => shape::axes(order, ndim)?,
        Some(order) => {
            let message = format!("transpose of {} needs {ndim} axes, not {}", x.type_name(), order.len());
            return Err(Error::shape(message).operand(0, x.type_name()));
        }
    };
    apply1(cx, &Op { entry: &TRANSPOSE, attrs: Attrs::Axes(axes) }, x)
}

pub fn swapaxes(cx: &mut Context, x: Array, first: i64, second: i64) -> Result<Array> {
    let mut axes: Axes = (0..x.ndim()).collect();
    axes.swap(shape::axis(first, x.ndim())?, shape::axis(second, x.ndim())?);
    apply1(cx, &Op { entry: &TRANSPOSE, attrs: Attrs::Axes(axes) }, x)
}

/// Axes `from` come to stand at `to`; the others keep their order.
pub fn moveaxis(cx: &mut Context, x: Array, from: &[i64], to: &[i64]) -> Result<Array> {
    let ndim = x.ndim();
    let (from, to) = (shape::axes(from, ndim)?, shape::axes(to, ndim)?);
    if from.len() != to.len() {
        return Err(Error::value(format!("moveaxis takes as many axes as places: {} and {}", from.len(), to.len())));
    }
    let mut rest = (0..ndim).filter(|axis| !from.contains(axis));
    let axes: Axes = (0..ndim)
        .filter_map(|place| match to.iter().position(|&there| there == place) {
            Some(number) => from.get(number).copied(),
            None => rest.next(),
        })
        .collect();
    apply1(cx, &Op { entry: &TRANSPOSE, attrs: Attrs::Axes(axes) }, x)
}

/// New axes of length one, at these places of the result.
pub fn expand_dims(cx: &mut Context, x: Array, places: &[i64]) -> Result<Array> {
    let ndim = x.ndim() + places.len();
    shape::check_ndim(ndim)?;
    let places = shape::axes(places, ndim)?;
    let mut lengths = x.shape().iter().copied();
    let shape: Shape =
        (0..ndim).filter_map(|axis| if places.contains(&axis) { Some(1) } else { lengths.next() }).collect();
    reshape_to(cx, x, shape)
}

/// Without axes of length one: the ones named, or all.
pub fn squeeze(cx: &mut Context, x: Array, named: Option<&[i64]>) -> Result<Array> {
    let axes = match named {
        Some(named) => shape::axes(named, x.ndim())?,
        None => (0..x.ndim()).filter(|&axis| x.shape()[axis] == 1).collect(),
    };
    if let Some(&axis) = axes.iter().find(|&&axis| x.shape()[axis] != 1) {
        let message = format!("cannot squeeze axis {axis} of {}: its length is {}", x.type_name(), x.shape()[axis]);
        return Err(Error::shape(message).operand(0, x.type_name()));
    }
    let kept = x.shape().iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
    let shape: Shape = kept.map(|(_, &len)| len).collect();
    reshape_to(cx, x, shape)
}

/// Stretched to a shape that it broadcasts to.
pub fn broadcast_to(cx: &mut Context, x: Array, shape: &[usize]) -> Result<Array> {
    apply1(cx, &Op { entry: &BROADCAST, attrs: Attrs::Shape(Shape::from_slice(shape)) }, x)
}

/// The elements in reverse order along some axes, or along all.
pub fn flip(cx: &mut Context, x: Array, axes: Option<&[i64]>) -> Result<Array> {
    let axes = match axes {
        Some(axes) => shape::axes(axes, x.ndim())?,
        None => (0..x.ndim()).collect(),
    };
    apply1(cx, &Op { entry: &REVERSE, attrs: Attrs::Axes(axes) }, x)
}

fn reshape_to(cx: &mut Context, x: Array, shape: Shape) -> Result<Array> {
    if x.shape() == shape.as_slice() {
        return Ok(x);
    }
    apply1(cx, &Op { entry: &RESHAPE, attrs: Attrs::Shape(shape) }, x)
}

/// The shape meant, with -1 filled in.
fn resolve(x: &Array, wanted: &[i64]) -> Result<Shape> {
    shape::check_ndim(wanted.len())?;
    let fail = |why: &str| {
        let message = format!("cannot reshape {} to {wanted:?}: {why}", x.type_name());
        Error::shape(message).operand(0, x.type_name())
    };
    let mut open = None;
    let mut known = Shape::new();
    for (axis, &len) in wanted.iter().enumerate() {
        match usize::try_from(len) {
            Ok(len) => known.push(len),
            Err(_) if len == -1 && open.is_none() => {
                open = Some(axis);
                known.push(1);
            }
            Err(_) if len == -1 => return Err(fail("only one length may be -1")),
            Err(_) => return Err(fail("a length is negative")),
        }
    }
    let (size, rest) = (x.size(), shape::size(&known));
    if let Some(axis) = open {
        if rest == 0 || size % rest != 0 {
            return Err(fail(&format!("{size} elements do not divide by {rest}")));
        }
        known[axis] = size / rest;
    } else if rest != size {
        return Err(fail(&format!("it has {size} elements, not {rest}")));
    }
    Ok(known)
}

fn reshape_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    match (&op.attrs, inputs) {
        (Attrs::Shape(shape), [input]) if shape::size(shape) == input.size() => Ok(reshaped(input, shape.clone())),
        _ => Err(cpu::mistyped()),
    }
}

fn reshape_kernel(cx: &mut Context, _: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let [input] = inputs else { return Err(cpu::mistyped()) };
    if out.shape.is_empty() && !matches!(input, Array::Tensor(_)) {
        return Ok(mem::take(input));
    }
    if let Array::Tensor(tensor) = input
        && !tensor.is_contiguous()
    {
        return Ok(Array::from(Tensor::owner(cpu::copy::data(cx, tensor)?, out.shape)));
    }
    Ok(Array::from(taken(input)?.reshaped(out.shape)))
}

fn reshape_transposed(cx: &mut Context, _: &Op, terms: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let ([x], [Some(ct)]) = (terms, ct) else { return Ok(smallvec![None]) };
    Ok(smallvec![Some(reshape_to(cx, ct.clone(), x.aval().shape)?)])
}

fn reshape_rows(cx: &mut Context, op: &Op, inputs: &[Array], _: &[bool], rows: usize) -> Result<Outputs> {
    let (Attrs::Shape(shape), [x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    Ok(smallvec![reshape_to(cx, x.clone(), with_rows(shape, rows))?])
}

fn transpose_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    match (&op.attrs, inputs) {
        (Attrs::Axes(axes), [input]) => {
            let shape = axes.iter().filter_map(|&axis| input.shape.get(axis).copied()).collect();
            Ok(reshaped(input, shape))
        }
        _ => Err(cpu::mistyped()),
    }
}

fn transpose_layout(op: &Op, layout: &Layout) -> Layout {
    let Attrs::Axes(axes) = &op.attrs else { return layout.clone() };
    layout.permuted(axes)
}

fn transpose_transposed(cx: &mut Context, op: &Op, _: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let (Attrs::Axes(axes), [Some(ct)]) = (&op.attrs, ct) else { return Ok(smallvec![None]) };
    let mut back: Axes = smallvec![0; axes.len()];
    for (to, &from) in axes.iter().enumerate() {
        back[from] = to;
    }
    Ok(smallvec![Some(apply1(cx, &Op { entry: &TRANSPOSE, attrs: Attrs::Axes(back) }, ct.clone())?)])
}

fn transpose_rows(cx: &mut Context, op: &Op, inputs: &[Array], _: &[bool], _: usize) -> Result<Outputs> {
    let (Attrs::Axes(axes), [x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let axes = std::iter::once(0).chain(rows::shifted(axes)).collect();
    rows::one(cx, &Op { entry: &TRANSPOSE, attrs: Attrs::Axes(axes) }, x)
}

fn broadcast_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let (Attrs::Shape(shape), [input]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    shape::check_ndim(shape.len())?;
    match shape::broadcast(&input.shape, shape) {
        Ok(found) if found == *shape => Ok(reshaped(input, found)),
        _ => {
            let message = format!("cannot broadcast {} to {}", input.type_name(), shape::text(shape));
            Err(Error::shape(message).operand(0, input.type_name()))
        }
    }
}

fn broadcast_layout(op: &Op, layout: &Layout) -> Layout {
    let Attrs::Shape(shape) = &op.attrs else { return layout.clone() };
    layout.stretched(shape)
}

fn broadcast_transposed(cx: &mut Context, _: &Op, terms: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let ([x], [Some(ct)]) = (terms, ct) else { return Ok(smallvec![None]) };
    Ok(smallvec![Some(sum_to(cx, ct.clone(), &x.aval().shape)?)])
}

fn broadcast_rows(cx: &mut Context, op: &Op, inputs: &[Array], _: &[bool], rows: usize) -> Result<Outputs> {
    let (Attrs::Shape(shape), [x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let x = rows::with_ndim(cx, x, shape.len())?;
    Ok(smallvec![broadcast_to(cx, x, &with_rows(shape, rows))?])
}

fn reverse_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    match (&op.attrs, inputs) {
        (Attrs::Axes(_), [input]) => Ok(input.clone()),
        _ => Err(cpu::mistyped()),
    }
}

fn reverse_layout(op: &Op, layout: &Layout) -> Layout {
    let Attrs::Axes(axes) = &op.attrs else { return layout.clone() };
    layout.reversed(axes)
}

fn reverse_transposed(cx: &mut Context, op: &Op, _: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let [Some(ct)] = ct else { return Ok(smallvec![None]) };
    Ok(smallvec![Some(apply1(cx, op, ct.clone())?)])
}

fn reverse_rows(cx: &mut Context, op: &Op, inputs: &[Array], _: &[bool], _: usize) -> Result<Outputs> {
    let (Attrs::Axes(axes), [x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    rows::one(cx, &Op { entry: &REVERSE, attrs: Attrs::Axes(rows::shifted(axes)) }, x)
}

type Cotangents = Result<SmallVec<[Option<Array>; 2]>>;

/// The shape of so many rows.
fn with_rows(shape: &[usize], rows: usize) -> Shape {
    std::iter::once(rows).chain(shape.iter().copied()).collect()
}

/// Another shape for the same elements.
fn reshaped(input: &Abstract, shape: Shape) -> Abstract {
    Abstract { weak: input.weak && shape.is_empty(), shape, ..input.clone() }
}
