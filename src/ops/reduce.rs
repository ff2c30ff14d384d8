//! Reductions along axes: sums, products, extremes, truth, and what is composed of them.
//!
//! Types as in NumPy: sums and products of truth values and integers are `i64` (there is no unsigned kind of it), of
//! floats the floats' own; means are floats.

use super::cumulate::product_tangent;
use super::linear::{cast_back, lengths};
use super::{
    Abstract, Arity, Attrs, DIV, Derivative, EQ, Entry, Kernel, MUL, Op, Outputs, Rule, SQRT, SQUARE, SUB, Term,
    apply1, apply2, broadcast_to, cast, reshape, rows,
};
use crate::context::Context;
use crate::cpu;
use crate::cpu::reduce::Reduction;
use crate::diagnostics::{Error, Result};
use crate::gpu;
use crate::tensor::shape::{self, Axes, Shape};
use crate::tensor::{Array, DType, Tensor};
use smallvec::{SmallVec, smallvec};

const fn entry(name: &'static str, kernel: Kernel) -> Entry {
    Entry::of(name, name, Arity::Exactly(1), Rule::Whole(rule), kernel).batched(batch)
}

pub static SUM: Entry = entry("sum", Kernel::Reduce(Reduction::Sum))
    .derivative(Derivative::Linear(1))
    .transposed(sum_transposed)
    .reduced_on_gpu(gpu::Reduction::Sum);
pub static PROD: Entry = entry("prod", Kernel::Reduce(Reduction::Product))
    .derivative(Derivative::Whole(product_tangent))
    .reduced_on_gpu(gpu::Reduction::Prod);
/// NaN wins.
pub static MAX: Entry = entry("max", Kernel::Reduce(Reduction::Max))
    .derivative(Derivative::Whole(extreme_tangent))
    .reduced_on_gpu(gpu::Reduction::Max);
/// NaN wins.
pub static MIN: Entry = entry("min", Kernel::Reduce(Reduction::Min))
    .derivative(Derivative::Whole(extreme_tangent))
    .reduced_on_gpu(gpu::Reduction::Min);
pub static ANY: Entry =
    entry("any", Kernel::Reduce(Reduction::Any)).derivative(Derivative::Flat).reduced_on_gpu(gpu::Reduction::Any);
pub static ALL: Entry =
    entry("all", Kernel::Reduce(Reduction::All)).derivative(Derivative::Flat).reduced_on_gpu(gpu::Reduction::All);
/// The first of several; NaN wins. Along one axis, or of all elements in row-major order.
pub static ARGMAX: Entry = entry("argmax", Kernel::Whole(|cx, op, inputs, out| place(cx, true, op, inputs, &out)))
    .derivative(Derivative::Flat)
    .reduced_on_gpu(gpu::Reduction::Argmax);
/// As `ARGMAX`.
pub static ARGMIN: Entry = entry("argmin", Kernel::Whole(|cx, op, inputs, out| place(cx, false, op, inputs, &out)))
    .derivative(Derivative::Flat)
    .reduced_on_gpu(gpu::Reduction::Argmin);

pub(super) static TABLE: &[&Entry] = &[&SUM, &PROD, &MAX, &MIN, &ANY, &ALL, &ARGMAX, &ARGMIN];

/// Reduces along these axes, or along all. With `keepdims` they stay, with length one.
pub fn reduce(
    cx: &mut Context,
    entry: &'static Entry,
    x: Array,
    axes: Option<&[i64]>,
    keepdims: bool,
) -> Result<Array> {
    let axes = resolve(&x, axes)?;
    apply1(cx, &Op { entry, attrs: Attrs::Reduce { axes, keepdims } }, x)
}

fn resolve(x: &Array, axes: Option<&[i64]>) -> Result<Axes> {
    match axes {
        None => Ok((0..x.ndim()).collect()),
        Some(axes) => shape::axes(axes, x.ndim()).map_err(|error| error.operand(0, x.type_name())),
    }
}

/// Sum over number; of nothing NaN. Of integers and truth values in `f64`.
pub fn mean(cx: &mut Context, x: Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    let count = counted(&x, axes)?;
    let x = floats(cx, "mean", x)?;
    let sum = reduce(cx, &SUM, x, axes, keepdims)?;
    divide(cx, sum, count)
}

/// The mean of the squared distances from the mean, over the number of elements less `ddof`.
pub fn var(cx: &mut Context, x: Array, axes: Option<&[i64]>, keepdims: bool, ddof: f64) -> Result<Array> {
    let count = counted(&x, axes)?;
    let x = floats(cx, "var", x)?;
    let centre = mean(cx, x.clone(), axes, true)?;
    let distance = apply2(cx, &SUB, x, centre)?;
    let squares = apply1(cx, &SQUARE, distance)?;
    let sum = reduce(cx, &SUM, squares, axes, keepdims)?;
    let freedom = count - ddof;
    // nan stays nan
    divide(cx, sum, if freedom < 0.0 { 0.0 } else { freedom })
}

/// The square root of `var`.
pub fn std(cx: &mut Context, x: Array, axes: Option<&[i64]>, keepdims: bool, ddof: f64) -> Result<Array> {
    let var = var(cx, x, axes, keepdims, ddof)?;
    apply1(cx, &SQRT, var)
}

/// How many elements are true, or not zero.
pub fn count_nonzero(cx: &mut Context, x: Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    let truth = cast(cx, x, DType::Bool)?;
    reduce(cx, &SUM, truth, axes, keepdims)
}

/// How many elements make one result.
fn counted(x: &Array, axes: Option<&[i64]>) -> Result<f64> {
    Ok(resolve(x, axes)?.iter().map(|&axis| x.shape()[axis] as f64).product())
}

/// In floats: integers and truth values in `f64`. `name` is who asks.
pub(super) fn floats(cx: &mut Context, name: &str, x: Array) -> Result<Array> {
    match x.dtype() {
        DType::Str => Err(no_text(name, &x.type_name())),
        dtype => cast(cx, x, dtype.to_float()),
    }
}

/// Integers up to here are exact in `f32`.
const EXACT_IN_F32: f64 = 16_777_216.0;

fn divide(cx: &mut Context, sum: Array, count: f64) -> Result<Array> {
    let dtype = sum.dtype();
    if dtype == DType::F32 && count > EXACT_IN_F32 {
        let wide = cast(cx, sum, DType::F64)?;
        let mean = apply2(cx, &DIV, wide, Array::Float(count))?;
        return cast(cx, mean, dtype);
    }
    apply2(cx, &DIV, sum, Array::Float(count))
}

#[cold]
fn no_text(name: &str, operand: &str) -> Error {
    Error::ty(format!("`{name}` does not take {operand}"))
        .operand(0, operand)
        .help("text is no number: `f64(x)` reads numbers from text")
}

fn rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let (Attrs::Reduce { axes, keepdims }, [input]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let name = op.entry.name;
    if input.dtype == DType::Str {
        return Err(no_text(name, &input.type_name()));
    }
    let shape = reduced(&input.shape, axes, *keepdims);
    let dtype = match name {
        "sum" | "prod" if !input.dtype.is_float() => DType::I64,
        "any" | "all" => DType::Bool,
        "argmax" | "argmin" => DType::I64,
        _ => input.dtype,
    };
    let of_nothing = shape::size(&shape) > 0 && shape::size(&input.shape) == 0;
    if of_nothing && matches!(name, "max" | "min" | "argmax" | "argmin") {
        let message = format!("`{name}` of no elements: the value is {}", input.type_name());
        return Err(Error::value(message).operand(0, input.type_name()));
    }
    if matches!(name, "argmax" | "argmin") && axes.len() != 1 && axes.len() != input.shape.len() {
        let message = format!("`{name}` works along one axis or all of them, not along {}", axes.len());
        return Err(Error::value(message).operand(0, input.type_name()));
    }
    Ok(Abstract::new(shape, dtype))
}

/// Every element of the input moves the sum it is part of.
fn sum_transposed(
    cx: &mut Context,
    op: &Op,
    terms: &[Term],
    ct: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 2]>> {
    let (Attrs::Reduce { axes, .. }, [x], [Some(ct)]) = (&op.attrs, terms, ct) else { return Ok(smallvec![None]) };
    let aval = x.aval();
    let column = reshape(cx, ct.clone(), &lengths(&reduced(&aval.shape, axes, true)))?;
    let whole = broadcast_to(cx, column, &aval.shape)?;
    Ok(smallvec![Some(cast_back(cx, whole, &aval)?)])
}

/// An extreme moves with the elements that are it; several share.
fn extreme_tangent(
    cx: &mut Context,
    op: &Op,
    x: &[Array],
    y: &[Array],
    tangents: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 1]>> {
    let (Attrs::Reduce { axes, .. }, [x], [y], [tangent]) = (&op.attrs, x, y, tangents) else {
        return Err(cpu::mistyped());
    };
    let Some(tangent) = tangent else { return Ok(smallvec![None]) };
    let column = lengths(&reduced(x.shape(), axes, true));
    let column = reshape(cx, y.clone(), &column)?;
    let found = apply2(cx, &EQ, x.clone(), column)?;
    let found = cast(cx, found, x.dtype())?;
    let signed: SmallVec<[i64; 4]> = axes.iter().map(|&axis| axis as i64).collect();
    let count = reduce(cx, &SUM, found.clone(), Some(&signed), true)?;
    let share = apply2(cx, &DIV, found, count)?;
    let moved = apply2(cx, &MUL, tangent.clone(), share)?;
    let sum = apply1(cx, &Op { entry: &SUM, attrs: op.attrs.clone() }, moved)?;
    Ok(smallvec![Some(sum)])
}

/// Axes are counted behind the rows.
fn batch(cx: &mut Context, op: &Op, inputs: &[Array], _: &[bool], rows: usize) -> Result<Outputs> {
    let (Attrs::Reduce { axes, keepdims }, [x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    // the place of the largest of all elements is one along their only axis
    if matches!(op.entry.name, "argmax" | "argmin") && axes.len() != 1 {
        let shape = reduced(&x.shape()[1..], axes, *keepdims);
        let flat = reshape(cx, x.clone(), &[rows as i64, -1])?;
        let attrs = Attrs::Reduce { axes: smallvec![1], keepdims: false };
        let places = apply1(cx, &Op { entry: op.entry, attrs }, flat)?;
        let shape: Shape = std::iter::once(rows).chain(shape).collect();
        return Ok(smallvec![reshape(cx, places, &lengths(&shape))?]);
    }
    let attrs = Attrs::Reduce { axes: rows::shifted(axes), keepdims: *keepdims };
    rows::one(cx, &Op { entry: op.entry, attrs }, x)
}

fn reduced(shape: &[usize], axes: &[usize], keepdims: bool) -> Shape {
    let length = |(axis, &len): (usize, &usize)| match axes.contains(&axis) {
        false => Some(len),
        true => keepdims.then_some(1),
    };
    shape.iter().enumerate().filter_map(length).collect()
}

pub(super) fn fold(cx: &Context, how: Reduction, op: &Op, inputs: &[Array], out: &Abstract) -> Result<Array> {
    let (Attrs::Reduce { axes, .. }, [input]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    Ok(cpu::reduce::reduce(cx, how, input, axes, &out.shape)?.into())
}

fn place(cx: &Context, largest: bool, op: &Op, inputs: &[Array], out: &Abstract) -> Result<Array> {
    let (Attrs::Reduce { axes, .. }, [input]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let tensor = input.to_tensor().ok_or_else(cpu::mistyped)?;
    let place = |tensor: &Tensor, axis| cpu::place::place(cx, largest, tensor, axis, &out.shape);
    Ok(match axes.as_slice() {
        &[axis] => place(&tensor, axis)?,
        _ => {
            let row = cpu::copy::in_order(cx, &tensor)?.reshaped(Shape::from_slice(&[tensor.size()]));
            place(&row, 0)?
        }
    }
    .into())
}
