//! Indexing with arrays: reading and writing elements that integers point to.

use super::index::{self, Index};
use super::linear::{lengths, sum_to, zeros};
use super::slice::{Slice, check_value, owned};
use super::sort::nonzero;
use super::{Abstract, Arity, Attrs, Derivative, EQ, Entry, Kernel, Mark, Op, Outputs, Rule, Term};
use super::{apply, apply2, reshape, rows, select, transpose};
use crate::context::Context;
use crate::cpu;
use crate::cpu::gather::{Places, Points};
use crate::diagnostics::{Error, Result};
use crate::gpu::{Gpu, Scatter, View};
use crate::tensor::shape::{self, Axes, Shape, Strides};
use crate::tensor::{Array, DType, Device, Layout, Tensor, positions, type_name};
use smallvec::{SmallVec, smallvec};

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
    fn places<'a>(
        &self,
        cx: &Context,
        offset: usize,
        strides: &[isize],
        arrays: &'a [Tensor],
        points: &[usize],
    ) -> Result<Places<'a>> {
        let (shape, offset, strides) = self.slice.layout(offset, strides);
        let points = self.points(cx, &shape, &strides, arrays, points)?;
        let rest: Axes = (0..shape.len()).filter(|axis| !self.axes.contains(axis)).collect();
        let (before, after) = rest.split_at(self.at);
        let lengths = |axes: &[usize]| axes.iter().map(|&axis| shape[axis]).collect::<Shape>();
        let steps = |axes: &[usize]| axes.iter().map(|&axis| strides[axis]).collect::<Strides>();
        // a number for every element ahead, and for every run behind; made axis by axis, twice as many for a while
        let runs = after.split_last().map_or(&[] as &[usize], |(_, outer)| outer);
        let count = shape::size(&lengths(before)).saturating_add(shape::size(&lengths(runs)));
        cx.reserve(count.saturating_mul(2), size_of::<usize>(), || format!("an index into {count} places"))?;
        let before = positions(offset, &lengths(before), &steps(before));
        Ok(Places::new(before, points, &lengths(after), &steps(after)))
    }

    /// Where in a slice of this shape the arrays, broadcast to one shape, point to.
    fn points<'a>(
        &self,
        cx: &Context,
        shape: &[usize],
        strides: &[isize],
        arrays: &'a [Tensor],
        points: &[usize],
    ) -> Result<Points<'a>> {
        let lens: Shape = self.axes.iter().map(|&axis| shape[axis]).collect();
        let steps: Strides = self.axes.iter().map(|&axis| strides[axis]).collect();
        Points::new(cx, arrays, points, &lens, &steps)?.map_err(|(number, index)| {
            let axis = self.axes.get(number).map_or(0, |&axis| self.source_axis(axis));
            let len = lens.get(number).copied().unwrap_or(0);
            Error::index(format!("index {index} is out of bounds for axis {axis} of size {len}"))
        })
    }

    /// The axis of the value that an axis of the slice is.
    fn source_axis(&self, axis: usize) -> usize {
        let new = self.slice.cuts.iter().take(axis).filter(|cut| matches!(cut, super::slice::Cut::New)).count();
        axis - new
    }
}

pub(super) static GATHER: Entry = Entry::whole("gather", "[]", Arity::AtLeast(2), read_rule, read_kernel)
    .derivative(Derivative::Linear(1))
    .transposed(read_transposed)
    .accumulated(read_accumulated)
    .batched(read_rows)
    .on_gpu(|gpu, op, views, out, mark| {
        let (Attrs::Gather(gather), [x, arrays @ ..]) = (&op.attrs, views) else { return Err(cpu::mistyped()) };
        let (shape, offset, strides) = gather.slice.layout(x.offset(), x.strides());
        let sliced = x.with_layout(shape, offset, strides);
        let names: Axes = gather.axes.iter().map(|&axis| gather.source_axis(axis)).collect();
        gpu.gather(&sliced, arrays, &gather.axes, gather.at, &out.shape, (&names, mark()?)).map(Some)
    });

/// The first input, and the second added to it in the places that the others point to: once for every time they do.
pub(super) static SCATTER_ADD: Entry =
    Entry::update("scatter_add", "[] +=", Arity::AtLeast(3), write_rule, accumulate_kernel)
        .derivative(Derivative::Linear(2))
        .transposed(accumulate_transposed)
        .batched(write_rows)
        .on_gpu(|gpu, op, views, out, mark| scatter(Scatter::Add, gpu, op, views, out, mark));

/// Gives the first input with the second in the places that the others point to; where they repeat the last one counts.
pub(super) static SCATTER: Entry = Entry::update("scatter", "[] =", Arity::AtLeast(3), write_rule, write_kernel)
    .derivative(Derivative::Linear(2))
    .transposed(write_transposed)
    .batched(write_rows)
    .on_gpu(|gpu, op, views, out, mark| scatter(Scatter::Replace, gpu, op, views, out, mark));

/// On a graphics card.
fn scatter(how: Scatter, gpu: &Gpu, op: &Op, views: &[View], out: &Abstract, mark: Mark) -> Result<Option<View>> {
    let (Attrs::Gather(gather), [x, value, arrays @ ..]) = (&op.attrs, views) else { return Err(cpu::mistyped()) };
    let (shape, offset, strides) = gather.slice.layout(0, &shape::contiguous(&out.shape));
    let names: Axes = gather.axes.iter().map(|&axis| gather.source_axis(axis)).collect();
    let Some(value) = gpu.in_dtype(value, out.dtype)? else { return Ok(None) };
    let pointers = (arrays, gather.axes.as_slice(), gather.at);
    gpu.scatter(how, x, &value, &Layout { shape, offset, strides }, pointers, (&names, mark()?)).map(Some)
}

/// The rows of the first input for which the second, a mask over its first axes, holds.
pub(super) static COMPRESS: Op = Op {
    entry: &Entry::of("compress", "[mask]", Arity::Exactly(2), Rule::Open, Kernel::Open(compress_kernel))
        .derivative(Derivative::Whole(compress_tangent))
        .chosen_on_gpu(|gpu, views, numbers| match views {
            [x, mask] => gpu.rows(x, mask.shape().len(), numbers),
            _ => Err(cpu::mistyped()),
        }),
    attrs: Attrs::None,
};

pub(super) fn read(gather: Gather) -> Op {
    Op { entry: &GATHER, attrs: Attrs::Gather(gather) }
}

pub(super) fn write(gather: Gather) -> Op {
    Op { entry: &SCATTER, attrs: Attrs::Gather(gather) }
}

pub(super) fn accumulate(gather: Gather) -> Op {
    Op { entry: &SCATTER_ADD, attrs: Attrs::Gather(gather) }
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

/// A number for every element of the slice that the arrays point to, the same for the same element.
pub(super) fn points(cx: &mut Context, gather: &Gather, sliced: &[usize], arrays: &[Array]) -> Result<Vec<usize>> {
    let (shape, arrays) = (common(&avals(arrays))?, tensors(cx, arrays)?);
    let count = shape::size(&shape);
    cx.reserve(count, size_of::<usize>(), || format!("an index into {count} places"))?;
    Ok(gather.points(cx, sliced, &shape::contiguous(sliced), &arrays, &shape)?.all(cx))
}

fn avals(arrays: &[Array]) -> Vec<Abstract> {
    arrays.iter().map(Array::aval).collect()
}

/// Index arrays as `i64`: those of a device that has no such integers may be narrower.
fn tensors(cx: &mut Context, arrays: &[Array]) -> Result<Vec<Tensor>> {
    let wide = |array: &Array| {
        let tensor = array.to_tensor().ok_or_else(cpu::mistyped)?;
        if tensor.dtype() == DType::I64 { Ok(tensor) } else { cpu::convert::convert(cx, &tensor, DType::I64) }
    };
    arrays.iter().map(wide).collect()
}

fn read_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    match (&op.attrs, inputs) {
        (Attrs::Gather(gather), [x, arrays @ ..]) => {
            Ok(Abstract { shape: gather.shape(&x.shape, arrays)?, weak: false, ..x.clone() })
        }
        _ => Err(cpu::mistyped()),
    }
}

fn read_kernel(cx: &mut Context, op: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let (Attrs::Gather(gather), [x, arrays @ ..]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let kinds = avals(arrays);
    let arrays = tensors(cx, arrays)?;
    let tensor = x.to_tensor().ok_or_else(cpu::mistyped)?;
    let places = gather.places(cx, tensor.offset(), &tensor.strides(), &arrays, &common(&kinds)?)?;
    Ok(Array::from(cpu::gather::gather(cx, &tensor, &places, &out.shape)?))
}

fn write_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let (Attrs::Gather(gather), [x, value, arrays @ ..]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    check_value(&gather.shape(&x.shape, arrays)?, x, value)?;
    Ok(Abstract { weak: false, ..x.clone() })
}

fn write_kernel(cx: &mut Context, op: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let (Attrs::Gather(gather), [x, value, arrays @ ..]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    // nothing is looked at while the target is written
    cx.check()?;
    let kinds = avals(arrays);
    let arrays = tensors(cx, arrays)?;
    let place = gather.shape(&out.shape, &kinds)?;
    let places = gather.places(cx, 0, &shape::contiguous(&out.shape), &arrays, &common(&kinds)?)?;
    let value = value.to_tensor().ok_or_else(cpu::mistyped)?;
    Ok(Array::from(cpu::gather::scatter(cx, owned(cx, x)?, &value, &place, &places)?))
}

fn compress_kernel(cx: &mut Context, _: &Op, inputs: &mut [Array]) -> Result<Array> {
    let [Array::Tensor(x), Array::Tensor(mask)] = inputs else { return Err(cpu::mistyped()) };
    if mask.dtype() != DType::Bool || x.shape().get(..mask.ndim()) != Some(mask.shape()) {
        return Err(cpu::mistyped());
    }
    cx.reserve(x.size(), x.dtype().size(), || type_name(x.dtype(), x.shape(), Device::Cpu))?;
    Ok(Array::from(cpu::select::compress(cx, x, mask)?))
}

/// Which elements are kept is known, whatever moves.
fn compress_tangent(
    cx: &mut Context,
    _: &Op,
    x: &[Array],
    _: &[Array],
    tangents: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 1]>> {
    let ([_, mask], [Some(tangent), _]) = (x, tangents) else { return Ok(smallvec![None]) };
    let index: Vec<Index> = nonzero(cx, mask.clone())?.into_iter().map(Index::Array).collect();
    Ok(smallvec![Some(index::get(cx, tangent, &index)?)])
}

fn accumulate_kernel(cx: &mut Context, op: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let (Attrs::Gather(gather), [x, value, arrays @ ..]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    cx.check()?;
    let kinds = avals(arrays);
    let arrays = tensors(cx, arrays)?;
    let place = gather.shape(&out.shape, &kinds)?;
    let places = gather.places(cx, 0, &shape::contiguous(&out.shape), &arrays, &common(&kinds)?)?;
    let value = value.to_tensor().ok_or_else(cpu::mistyped)?;
    let mut sums = owned(cx, x)?;
    if let Err(error) = cpu::gather::accumulate(cx, &mut sums, &value, &place, &places) {
        *x = Array::Tensor(sums);
        return Err(error);
    }
    Ok(Array::from(sums))
}

type Cotangents = Result<SmallVec<[Option<Array>; 2]>>;

/// The index arrays, which are known.
fn pointers(terms: &[Term]) -> Result<Vec<Array>> {
    let known = |term: &Term| match term {
        Term::Known(array) => Ok(array.clone()),
        Term::Linear(_) => Err(cpu::mistyped()),
    };
    terms.iter().map(known).collect()
}

fn apply_at(cx: &mut Context, op: &Op, values: &[Array], arrays: &[Array]) -> Result<Array> {
    apply(cx, op, &mut [values, arrays].concat())
}

fn read_transposed(cx: &mut Context, op: &Op, terms: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let (Attrs::Gather(gather), [x, arrays @ ..], [Some(ct)]) = (&op.attrs, terms, ct) else {
        return Ok(smallvec![None; terms.len()]);
    };
    let zeros = zeros(cx, &Abstract { weak: false, ..x.aval() })?;
    let mut found: SmallVec<[Option<Array>; 2]> = smallvec![None; terms.len()];
    found[0] = Some(add_at(cx, gather, zeros, ct, arrays)?);
    Ok(found)
}

fn read_accumulated(cx: &mut Context, op: &Op, terms: &[Term], ct: &Array, sum: Array) -> Result<Array> {
    let (Attrs::Gather(gather), [_, arrays @ ..]) = (&op.attrs, terms) else { return Err(cpu::mistyped()) };
    add_at(cx, gather, sum, ct, arrays)
}

fn add_at(cx: &mut Context, gather: &Gather, sum: Array, ct: &Array, arrays: &[Term]) -> Result<Array> {
    let mut inputs = vec![sum, ct.clone()];
    inputs.extend(pointers(arrays)?);
    apply(cx, &accumulate(gather.clone()), &mut inputs)
}

fn accumulate_transposed(cx: &mut Context, op: &Op, terms: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let (Attrs::Gather(gather), [x, value, arrays @ ..], [Some(ct)]) = (&op.attrs, terms, ct) else {
        return Ok(smallvec![None; terms.len()]);
    };
    let mut found: SmallVec<[Option<Array>; 2]> = smallvec![None; terms.len()];
    found[0] = x.is_linear().then(|| ct.clone());
    if let Term::Linear(aval) = value {
        let read = apply_at(cx, &read(gather.clone()), std::slice::from_ref(ct), &pointers(arrays)?)?;
        found[1] = Some(sum_to(cx, read, &aval.shape)?);
    }
    Ok(found)
}

/// What was written over does not move the result: of the target the places, of values all but the last in a place.
fn write_transposed(cx: &mut Context, op: &Op, terms: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let (Attrs::Gather(gather), [x, value, arrays @ ..], [Some(ct)]) = (&op.attrs, terms, ct) else {
        return Ok(smallvec![None; terms.len()]);
    };
    let arrays = pointers(arrays)?;
    let mut found: SmallVec<[Option<Array>; 2]> = smallvec![None; terms.len()];
    if x.is_linear() {
        let nothing = zeros(cx, &Abstract::new(Shape::new(), ct.dtype()))?;
        found[0] = Some(apply_at(cx, op, &[ct.clone(), nothing], &arrays)?);
    }
    if let Term::Linear(aval) = value {
        let read = read(gather.clone());
        let place = gather.shape(ct.shape(), &avals(&arrays))?;
        let numbers = Array::from_range(0, shape::size(&place) as i64);
        let numbers = reshape(cx, numbers, &lengths(&place))?;
        let nobody = zeros(cx, &Abstract::new(Shape::from_slice(ct.shape()), DType::I64))?;
        let winners = apply_at(cx, op, &[nobody, numbers.clone()], &arrays)?;
        let winners = apply_at(cx, &read, &[winners], &arrays)?;
        let counts = apply2(cx, &EQ, winners, numbers)?;
        let moved = apply_at(cx, &read, std::slice::from_ref(ct), &arrays)?;
        let moved = select(cx, counts, moved, Array::Float(0.0))?;
        found[1] = Some(sum_to(cx, moved, &aval.shape)?);
    }
    Ok(found)
}

/// The same gather on all rows of a batch of values: the gather, its index arrays, and the order in which the axes of
/// its result are those of the rows' results, behind the axis of the rows.
fn of_all(
    cx: &mut Context,
    gather: &Gather,
    arrays: &[Array],
    batched: &[bool],
    rows: usize,
) -> Result<(Gather, Vec<Array>, Axes)> {
    let slice = gather.slice.of_all(rows);
    let kinds: Vec<Abstract> = arrays.iter().zip(batched).map(|(array, &batched)| row(array, batched)).collect();
    let (points, rest) =
        (common(&kinds)?.len(), slice.cuts.iter().filter(|cut| cut.keeps()).count() - 1 - gather.axes.len());
    let mut axes = rows::shifted(&gather.axes);
    if !batched.iter().any(|&batched| batched) {
        let order = (0..1 + rest + points).collect();
        return Ok((Gather { slice, axes, at: gather.at + 1 }, arrays.to_vec(), order));
    }
    // every row has points of its own: one more array points to the row
    let mut all = vec![along_rows(cx, rows, points)?];
    for (array, &batched) in arrays.iter().zip(batched) {
        all.push(if batched { rows::with_ndim(cx, array, points)? } else { array.clone() });
    }
    axes.insert(0, 0);
    // the result has the rows, the points, the rest; the points belong behind the first `at` of the rest
    let behind = 1 + points;
    let order =
        std::iter::once(0).chain(behind..behind + gather.at).chain(1..behind).chain(behind + gather.at..behind + rest);
    Ok((Gather { slice, axes, at: 0 }, all, order.collect()))
}

/// The numbers of the rows, along the first of `1 + ndim` axes.
fn along_rows(cx: &mut Context, rows: usize, ndim: usize) -> Result<Array> {
    let numbers = Array::from_range(0, rows as i64);
    rows::with_ndim(cx, &numbers, ndim)
}

/// What a row of an index array is.
fn row(array: &Array, batched: bool) -> Abstract {
    let mut aval = array.aval();
    if batched {
        aval.shape.remove(0);
    }
    aval
}

fn reordered(cx: &mut Context, x: Array, order: &[usize]) -> Result<Array> {
    if order.iter().copied().eq(0..order.len()) {
        return Ok(x);
    }
    let order: SmallVec<[i64; 4]> = order.iter().map(|&axis| axis as i64).collect();
    transpose(cx, x, Some(&order))
}

fn read_rows(cx: &mut Context, op: &Op, inputs: &[Array], batched: &[bool], rows: usize) -> Result<Outputs> {
    let (Attrs::Gather(gather), [x, arrays @ ..], [x_batched, batched @ ..]) = (&op.attrs, inputs, batched) else {
        return Err(cpu::mistyped());
    };
    let x = rows::all_rows(cx, x, *x_batched, rows)?;
    let (gather, arrays, order) = of_all(cx, gather, arrays, batched, rows)?;
    let mut inputs = vec![x];
    inputs.extend(arrays);
    let found = apply(cx, &read(gather), &mut inputs)?;
    Ok(smallvec![reordered(cx, found, &order)?])
}

fn write_rows(cx: &mut Context, op: &Op, inputs: &[Array], batched: &[bool], rows: usize) -> Result<Outputs> {
    let (Attrs::Gather(gather), [x, value, arrays @ ..], [of_x, of_value, batched @ ..]) = (&op.attrs, inputs, batched)
    else {
        return Err(cpu::mistyped());
    };
    let x = rows::all_rows(cx, x, *of_x, rows)?;
    let (gather, arrays, order) = of_all(cx, gather, arrays, batched, rows)?;
    let value = rows::all_rows(cx, value, *of_value, rows)?;
    let value = rows::with_ndim(cx, &value, order.len() - 1)?;
    let mut back: Axes = smallvec![0; order.len()];
    for (to, &from) in order.iter().enumerate() {
        back[from] = to;
    }
    let value = reordered(cx, value, &back)?;
    Ok(smallvec![apply_at(cx, &Op { entry: op.entry, attrs: Attrs::Gather(gather) }, &[x, value], &arrays)?])
}
