//! Running sums and products along an axis, and the derivatives of products.

use super::elementwise::adopt;
use super::index::{self, Index};
use super::linear::{align, cast_back};
use super::reduce::SUM;
use super::{ADD, Abstract, Arity, Attrs, Derivative, Entry, MUL, Mark, Op, Outputs, Term};
use super::{apply1, apply2, concatenate, create, flip, moveaxis, reshape, rows};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Result};
use crate::gpu::{self, Gpu, Running, View};
use crate::tensor::shape;
use crate::tensor::{Array, DType, Scalar, Tensor};
use smallvec::{SmallVec, smallvec};

/// Types are those of `sum`.
pub static CUMSUM: Entry = entry("cumsum", |cx, op, inputs, out| run(cx, op, inputs, &out, cpu::cumulate::sums))
    .derivative(Derivative::Linear(1))
    .transposed(sums_transposed)
    .on_gpu(|gpu, op, views, _, mark| on_gpu(Running::Sum, gpu, op, views, mark));
/// On a graphics card a product of `f32` that leaves the range and comes back is right; on the CPU it stays infinite, or 0.
pub static CUMPROD: Entry = entry("cumprod", |cx, op, inputs, out| run(cx, op, inputs, &out, cpu::cumulate::products))
    .derivative(Derivative::Whole(products_tangent))
    .on_gpu(|gpu, op, views, _, mark| on_gpu(Running::Product, gpu, op, views, mark));

pub(super) static TABLE: &[&Entry] = &[&CUMSUM, &CUMPROD];

const fn entry(name: &'static str, kernel: super::WholeKernel) -> Entry {
    Entry::whole(name, name, Arity::Exactly(1), rule, kernel).batched(batch)
}

/// On a graphics card.
fn on_gpu(how: Running, gpu: &Gpu, op: &Op, views: &[View], mark: Mark) -> Result<Option<View>> {
    let (&Attrs::Axis(axis), [x]) = (&op.attrs, views) else { return Err(cpu::mistyped()) };
    let mark = if x.dtype().is_float() { gpu::NO_ID } else { mark()? };
    gpu.running(how, x, axis, mark).map(Some)
}

fn op(entry: &'static Entry, axis: usize) -> Op {
    Op { entry, attrs: Attrs::Axis(axis) }
}

/// Every element becomes the sum, or the product, of those up to it along an axis.
pub fn cumulate(cx: &mut Context, entry: &'static Entry, x: Array, axis: i64) -> Result<Array> {
    let axis = shape::axis(axis, x.ndim()).map_err(|error| error.operand(0, x.type_name()))?;
    apply1(cx, &op(entry, axis), x)
}

fn rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let (Attrs::Axis(axis), [x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    if *axis >= x.shape.len() {
        return Err(cpu::mistyped());
    }
    if x.dtype == DType::Str {
        let message = format!("`{}` does not take {}", op.entry.symbol, x.type_name());
        return Err(Error::ty(message).operand(0, x.type_name()));
    }
    let dtype = if x.dtype.is_float() { x.dtype } else { DType::I64 };
    Ok(Abstract { dtype, weak: false, ..x.clone() })
}

fn run(
    cx: &mut Context,
    op: &Op,
    inputs: &mut [Array],
    out: &Abstract,
    kernel: fn(&Context, Tensor, usize) -> Result<Tensor>,
) -> Result<Array> {
    let (Attrs::Axis(axis), [x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    // not let go, so that what is interrupted leaves it as it was
    Ok(kernel(cx, adopt(cx, x, out.dtype)?, *axis)?.into())
}

/// An element is part of every sum from its own on.
fn sums_transposed(
    cx: &mut Context,
    op: &Op,
    terms: &[Term],
    ct: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 2]>> {
    let (&Attrs::Axis(axis), [x], [Some(ct)]) = (&op.attrs, terms, ct) else { return Ok(smallvec![None]) };
    let from_behind = flip(cx, ct.clone(), Some(&[axis as i64]))?;
    let sums = apply1(cx, op, from_behind)?;
    let sums = flip(cx, sums, Some(&[axis as i64]))?;
    Ok(smallvec![Some(cast_back(cx, sums, &x.aval())?)])
}

fn batch(cx: &mut Context, op: &Op, inputs: &[Array], _: &[bool], _: usize) -> Result<Outputs> {
    let (&Attrs::Axis(axis), [x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    rows::one(cx, &Op { entry: op.entry, attrs: Attrs::Axis(axis + 1) }, x)
}

/// `y[k] = y[k - 1] · x[k]`, so `ẏ[k] = ẏ[k - 1] · x[k] + y[k - 1] · ẋ[k]`: a linear recurrence, solved by doubling (W.
/// Hillis and G. Steele, "Data parallel algorithms", 1986) without a division, so that zeros do no harm.
fn products_tangent(
    cx: &mut Context,
    op: &Op,
    x: &[Array],
    y: &[Array],
    tangents: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 1]>> {
    let (&Attrs::Axis(axis), [x], [y], [tangent]) = (&op.attrs, x, y, tangents) else { return Err(cpu::mistyped()) };
    let Some(tangent) = tangent else { return Ok(smallvec![None]) };
    let len = y.shape().get(axis).copied().unwrap_or(0);
    let mut factors = super::cast(cx, x.clone(), y.dtype())?;
    let before = shifted(cx, y, axis, 1, 1.0)?;
    let tangent = align(cx, tangent.clone(), &y.aval())?;
    let mut moved = apply2(cx, &MUL, tangent, before)?;
    let mut step = 1;
    while step < len {
        let earlier = shifted(cx, &moved, axis, step, 0.0)?;
        let earlier = apply2(cx, &MUL, earlier, factors.clone())?;
        moved = apply2(cx, &ADD, moved, earlier)?;
        let before = shifted(cx, &factors, axis, step, 1.0)?;
        factors = apply2(cx, &MUL, factors, before)?;
        step *= 2;
    }
    Ok(smallvec![Some(moved)])
}

/// The elements moved so many places up an axis; what enters is `filling`.
fn shifted(cx: &mut Context, x: &Array, axis: usize, places: usize, filling: f64) -> Result<Array> {
    let mut index: Vec<Index> = vec![Index::Slice { start: None, stop: None, step: None }; axis];
    index.push(Index::Slice { start: None, stop: Some(-(places as i64)), step: None });
    let kept = index::get(cx, x, &index)?;
    let mut shape = x.aval().shape;
    if let Some(len) = shape.get_mut(axis) {
        *len = places.min(*len);
    }
    let entering = Abstract { shape, ..x.aval() };
    let entering = create::same_everywhere(cx, Scalar::F64(filling), &entering)?;
    concatenate(cx, vec![entering, kept], Some(axis as i64))
}

/// The tangent of the product along axes: the sum of the tangents, each times the product of all other elements, which is
/// the product of those before it times the product of those behind.
pub(super) fn product_tangent(
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
    let (rows, tangents) = (in_one_axis(cx, x, axes)?, in_one_axis(cx, tangent, axes)?);
    let axis = rows.ndim() - 1;
    let up_to = apply1(cx, &self::op(&CUMPROD, axis), rows.clone())?;
    let before = shifted(cx, &up_to, axis, 1, 1.0)?;
    let back = flip(cx, rows, Some(&[-1]))?;
    let from = apply1(cx, &self::op(&CUMPROD, axis), back)?;
    let behind = shifted(cx, &from, axis, 1, 1.0)?;
    let behind = flip(cx, behind, Some(&[-1]))?;
    let others = apply2(cx, &MUL, before, behind)?;
    let moved = apply2(cx, &MUL, tangents, others)?;
    let sum = Op { entry: &SUM, attrs: Attrs::Reduce { axes: smallvec![axis], keepdims: false } };
    let sum = apply1(cx, &sum, moved)?;
    Ok(smallvec![Some(reshape(cx, sum, &super::linear::lengths(y.shape()))?)])
}

/// These axes made the last one.
fn in_one_axis(cx: &mut Context, x: &Array, axes: &[usize]) -> Result<Array> {
    let from: SmallVec<[i64; 4]> = axes.iter().map(|&axis| axis as i64).collect();
    let to: SmallVec<[i64; 4]> = (0..axes.len()).map(|at| at as i64 - axes.len() as i64).collect();
    let moved = moveaxis(cx, x.clone(), &from, &to)?;
    let kept = moved.ndim() - axes.len();
    let mut lengths = super::linear::lengths(&moved.shape()[..kept]);
    lengths.push(shape::size(&moved.shape()[kept..]) as i64);
    reshape(cx, moved, &lengths)
}
