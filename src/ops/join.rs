//! Making one array of several: stacking, concatenating, appending, array literals.

use super::elementwise::adopt;
use super::index::{self, Index};
use super::linear::cast_back;
use super::slice::owned;
use super::{
    Abstract, Arity, Attrs, Derivative, Entry, Op, Outputs, Term, apply, cast, expand_dims, moveaxis, ravel, rows,
};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Result};
use crate::gpu::{Gpu, View};
use crate::tensor::shape::{self, Shape};
use crate::tensor::{Array, DType, Data, Device, ElementType, Layout, Tensor, promote, type_name};
use smallvec::{SmallVec, smallvec};
use std::mem;

/// Several values of one shape along a new first axis.
static STACK: Op = Op { entry: &STACK_ENTRY, attrs: Attrs::Axis(0) };
static STACK_ENTRY: Entry = Entry::whole("stack", "stack", Arity::AtLeast(1), stack_rule, join_kernel)
    .derivative(Derivative::Linear(usize::MAX))
    .transposed(stack_transposed)
    .batched(stack_rows)
    .on_gpu(|gpu, op, views, out, _| joined_on_gpu(gpu, op, views, out, true));

static CONCATENATE: Entry =
    Entry::whole("concatenate", "concatenate", Arity::AtLeast(1), concatenate_rule, join_kernel)
        .derivative(Derivative::Linear(usize::MAX))
        .transposed(concatenate_transposed)
        .batched(concatenate_rows)
        .on_gpu(|gpu, op, views, out, _| joined_on_gpu(gpu, op, views, out, false));

/// Values one behind the other along an axis of the result, which is a new one for `stack`.
fn joined_on_gpu(gpu: &Gpu, op: &Op, views: &[View], out: &Abstract, new_axis: bool) -> Result<Option<View>> {
    let Attrs::Axis(axis) = op.attrs else { return Err(cpu::mistyped()) };
    let strides = shape::contiguous(&out.shape);
    let step = strides.get(axis).copied().ok_or_else(cpu::mistyped)?;
    let (mut parts, mut at) = (vec![], 0);
    for view in views {
        let Some(view) = gpu.in_dtype(view, out.dtype)? else { return Ok(None) };
        let mut place = Layout { shape: out.shape.clone(), offset: at * step as usize, strides: strides.clone() };
        if new_axis {
            place.shape.remove(axis);
            place.strides.remove(axis);
            at += 1;
        } else {
            place.shape[axis] = view.shape().get(axis).copied().ok_or_else(cpu::mistyped)?;
            at += place.shape[axis];
        }
        parts.push((view, place));
    }
    gpu.assembled(out.dtype, &out.shape, &parts).map(Some)
}

/// The first input with the second behind its last row.
static APPEND: Op = Op {
    entry: &Entry::whole("append", "append", Arity::Exactly(2), append_rule, append_kernel)
        .derivative(Derivative::Linear(2))
        .transposed(append_transposed)
        .batched(append_rows)
        .on_gpu(|gpu, _, views, out, _| {
            let [xs, value] = views else { return Err(cpu::mistyped()) };
            let first = out.shape.first().map_or(0, |count| count - 1);
            let strides = shape::contiguous(&out.shape);
            let row = Layout {
                shape: out.shape[1..].into(),
                offset: first * strides.first().map_or(0, |&step| step as usize),
                strides: strides[1..].into(),
            };
            let mut before = Layout { shape: out.shape.clone(), offset: 0, strides };
            before.shape[0] = first;
            let (Some(xs), Some(value)) = (gpu.in_dtype(xs, out.dtype)?, gpu.in_dtype(value, out.dtype)?) else {
                return Ok(None);
            };
            // what has no rows yet may have rows of another shape
            let parts = if first == 0 { vec![(value, row)] } else { vec![(xs, before), (value, row)] };
            gpu.assembled(out.dtype, &out.shape, &parts).map(Some)
        }),
    attrs: Attrs::None,
};

pub(super) static TABLE: &[&Entry] = &[&STACK_ENTRY, &CONCATENATE, APPEND.entry];

/// The value of `[a, b, ...]`: the elements along a new first axis, in their common dtype. Without elements `f64[0]`.
pub fn stack_values(cx: &mut Context, mut values: Vec<Array>) -> Result<Array> {
    if values.is_empty() {
        return Ok(Array::Tensor(Tensor::from_vec::<f64>(Vec::new(), &[0])));
    }
    if !values.iter().all(Array::is_weak) || values.iter().any(Array::is_lifted) {
        return apply(cx, &STACK, &mut values);
    }
    let category = values.iter().map(|value| match value {
        Array::Bool(_) => 0,
        Array::Int(_) => 1,
        _ => 2,
    });
    let dtype = [DType::Bool, DType::I64, DType::F64][category.max().unwrap_or(0)];
    let count = values.len();
    cx.reserve(count, dtype.size(), || type_name(dtype, &[count], Device::Cpu))?;
    let numbers = values.iter().filter_map(Array::as_scalar);
    let data = match dtype {
        DType::Bool => Data::Bool(numbers.map(cpu::Number::of_scalar).collect()),
        DType::I64 => Data::I64(numbers.map(cpu::Number::of_scalar).collect()),
        _ => Data::F64(numbers.map(cpu::Number::of_scalar).collect()),
    };
    Ok(Array::Tensor(Tensor::owner(data, Shape::from_slice(&[count]))))
}

/// Values of one shape along a new axis, which is `axis` of the result.
pub fn stack(cx: &mut Context, mut values: Vec<Array>, axis: i64) -> Result<Array> {
    if values.is_empty() {
        return Err(Error::value("stack needs at least one array"));
    }
    let ndim = values[0].ndim() + 1;
    let axis = shape::axis(axis, ndim)?;
    let stacked = apply(cx, &STACK, &mut values)?;
    if axis == 0 { Ok(stacked) } else { moveaxis(cx, stacked, &[0], &[axis as i64]) }
}

/// Values one behind the other along an axis that they have; without an axis, all their elements in a row.
pub fn concatenate(cx: &mut Context, mut values: Vec<Array>, axis: Option<i64>) -> Result<Array> {
    let Some(first) = values.first() else { return Err(Error::value("concatenate needs at least one array")) };
    let axis = match axis {
        Some(_) if first.ndim() == 0 => {
            return Err(Error::shape("cannot concatenate values without axes")
                .operand(0, first.type_name())
                .help("`stack` joins values along a new axis"));
        }
        Some(axis) => shape::axis(axis, first.ndim())?,
        None => {
            for value in &mut values {
                *value = ravel(cx, mem::take(value))?;
            }
            0
        }
    };
    apply(cx, &Op { entry: &CONCATENATE, attrs: Attrs::Axis(axis) }, &mut values)
}

/// Puts `value` behind the last row of `xs`. It costs amortised constant time if nobody else holds `xs`. `f64[0]`, the
/// value of `[]`, takes the dtype and shape of the first value; else the dtype is the common one.
pub fn append(cx: &mut Context, xs: &mut Array, value: Array) -> Result<()> {
    let value = match (xs.place(), value.is_weak() && !is_blank(&xs.aval())) {
        (Some(_), true) => cast(cx, value.clone(), common_dtype(&[xs.aval(), value.aval()], "append")?)?,
        _ => value,
    };
    let mut inputs = [mem::take(xs), value];
    match apply(cx, &APPEND, &mut inputs) {
        Ok(longer) => {
            *xs = longer;
            Ok(())
        }
        Err(error) => {
            *xs = mem::take(&mut inputs[0]);
            Err(error)
        }
    }
}

/// The dtype that all inputs go to.
fn common_dtype(inputs: &[Abstract], what: &str) -> Result<DType> {
    let mut found: Option<ElementType> = None;
    for (number, input) in inputs.iter().enumerate() {
        found = match found {
            None => Some(input.element_type()),
            Some(before) => promote(&[before, input.element_type()]),
        };
        if found.is_none() {
            let (first, other) = (inputs[0].dtype, input.dtype);
            return Err(Error::ty(format!("{what} of {first} and {other}: text and numbers do not mix"))
                .operand(number, input.type_name()));
        }
    }
    Ok(found.map_or(DType::F64, |found| found.dtype))
}

fn stack_rule(_: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let Some(first) = inputs.first() else { return Err(cpu::mistyped()) };
    if let Some((number, other)) = inputs.iter().enumerate().find(|(_, other)| other.shape != first.shape) {
        let message = format!(
            "the rows of an array must have one shape: row 0 is {}, row {number} is {}",
            first.type_name(),
            other.type_name()
        );
        return Err(Error::shape(message).operand(0, first.type_name()).operand(number, other.type_name()));
    }
    shape::check_ndim(first.shape.len() + 1)?;
    let mut shape = first.shape.clone();
    shape.insert(0, inputs.len());
    Ok(Abstract::new(shape, common_dtype(inputs, "an array")?))
}

fn concatenate_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let (Attrs::Axis(axis), [first, ..]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    if *axis >= first.shape.len() {
        return Err(cpu::mistyped());
    }
    let fits = |other: &Abstract| {
        let mut lengths = first.shape.iter().zip(&other.shape).enumerate();
        other.shape.len() == first.shape.len() && lengths.all(|(at, (a, b))| at == *axis || a == b)
    };
    if let Some((number, other)) = inputs.iter().enumerate().find(|(_, other)| !fits(other)) {
        let (first, other) = (first.type_name(), other.type_name());
        let message = format!("cannot concatenate {first} and {other} along axis {axis}: all other axes must agree");
        return Err(Error::shape(message).operand(0, first).operand(number, other));
    }
    let mut shape = first.shape.clone();
    let lengths = inputs.iter().filter_map(|input| input.shape.get(*axis));
    let total = lengths.fold(0usize, |total, &len| total.saturating_add(len));
    shape[*axis] = total;
    Ok(Abstract::new(shape, common_dtype(inputs, "concatenate")?))
}

/// Stacking is concatenating along axis 0 of values seen as rows.
fn join_kernel(cx: &mut Context, op: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let Attrs::Axis(axis) = op.attrs else { return Err(cpu::mistyped()) };
    let parts = inputs.iter().map(|input| adopt(cx, input, out.dtype)).collect::<Result<Vec<Tensor>>>()?;
    let outer = shape::size(out.shape.get(..axis).unwrap_or(&[]));
    Ok(Array::from(cpu::join::join(cx, &parts, outer, &out.shape, out.dtype)?))
}

/// Each input's part of the cotangent.
fn parts(
    cx: &mut Context,
    terms: &[Term],
    ct: &Array,
    mut part: impl FnMut(&mut Context, &Array, usize, &Abstract) -> Result<Array>,
) -> Result<SmallVec<[Option<Array>; 2]>> {
    let mut found = SmallVec::new();
    for (number, term) in terms.iter().enumerate() {
        found.push(match term {
            Term::Linear(aval) => {
                let part = part(cx, ct, number, aval)?;
                Some(cast_back(cx, part, aval)?)
            }
            Term::Known(_) => None,
        });
    }
    Ok(found)
}

fn stack_transposed(
    cx: &mut Context,
    _: &Op,
    terms: &[Term],
    ct: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 2]>> {
    let [Some(ct)] = ct else { return Ok(smallvec![None; terms.len()]) };
    parts(cx, terms, ct, |cx, ct, number, _| index::get(cx, ct, &[Index::At(number as i64)]))
}

fn concatenate_transposed(
    cx: &mut Context,
    op: &Op,
    terms: &[Term],
    ct: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 2]>> {
    let (&Attrs::Axis(axis), [Some(ct)]) = (&op.attrs, ct) else { return Ok(smallvec![None; terms.len()]) };
    let all = Index::Slice { start: None, stop: None, step: None };
    parts(cx, terms, ct, |cx, ct, number, _| {
        // known inputs take room, too
        let start: usize = terms[..number].iter().filter_map(|term| term.aval().shape.get(axis).copied()).sum();
        let end = start + terms[number].aval().shape.get(axis).copied().unwrap_or(0);
        let mut index = vec![all.clone(); axis];
        index.push(Index::Slice { start: Some(start as i64), stop: Some(end as i64), step: None });
        index::get(cx, ct, &index)
    })
}

fn stack_rows(cx: &mut Context, op: &Op, inputs: &[Array], batched: &[bool], rows: usize) -> Result<Outputs> {
    let dtype = common_dtype(&row_avals(inputs, batched), "an array")?;
    let mut all = Vec::with_capacity(inputs.len());
    for (input, &batched) in inputs.iter().zip(batched) {
        // a number that was written out takes the dtype of the others before it is made rows
        let typed = cast(cx, input.clone(), dtype)?;
        all.push(rows::all_rows(cx, &typed, batched, rows)?);
    }
    let stacked = apply(cx, op, &mut all)?;
    Ok(smallvec![moveaxis(cx, stacked, &[1], &[0])?])
}

fn concatenate_rows(cx: &mut Context, op: &Op, inputs: &[Array], batched: &[bool], rows: usize) -> Result<Outputs> {
    let Attrs::Axis(axis) = op.attrs else { return Err(cpu::mistyped()) };
    let mut all = Vec::with_capacity(inputs.len());
    for (input, &batched) in inputs.iter().zip(batched) {
        all.push(rows::all_rows(cx, input, batched, rows)?);
    }
    Ok(smallvec![apply(cx, &Op { entry: &CONCATENATE, attrs: Attrs::Axis(axis + 1) }, &mut all)?])
}

fn append_rule(_: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let [xs, value] = inputs else { return Err(cpu::mistyped()) };
    let Some((&count, row)) = xs.shape.split_first() else {
        return Err(Error::ty(format!("cannot append to {}: it has no axes", xs.type_name()))
            .operand(0, xs.type_name())
            .help("`[x]` makes an array of one element"));
    };
    if is_blank(xs) {
        let mut shape = value.shape.clone();
        shape.insert(0, 1);
        shape::check_ndim(shape.len())?;
        return Ok(Abstract { shape, weak: false, ..value.clone() });
    }
    if row != value.shape.as_slice() {
        let message = format!(
            "cannot append {} to {}: its rows are {}",
            value.type_name(),
            xs.type_name(),
            type_name(xs.dtype, row, xs.device.unwrap_or_default())
        );
        return Err(Error::shape(message).operand(0, xs.type_name()).operand(1, value.type_name()));
    }
    let mut shape = xs.shape.clone();
    shape[0] = count.saturating_add(1);
    Ok(Abstract::new(shape, common_dtype(inputs, "append")?))
}

/// The value of `[]`.
fn is_blank(xs: &Abstract) -> bool {
    let floats = matches!((xs.dtype, xs.device), (DType::F64, _) | (DType::F32, Some(_)));
    xs.shape.as_slice() == [0] && floats
}

fn append_transposed(
    cx: &mut Context,
    _: &Op,
    terms: &[Term],
    ct: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 2]>> {
    let ([xs, value], [Some(ct)]) = (terms, ct) else { return Ok(smallvec![None, None]) };
    let rows = match xs {
        Term::Linear(aval) if !is_blank(aval) => {
            let rows = index::get(cx, ct, &[Index::Slice { start: None, stop: Some(-1), step: None }])?;
            Some(cast_back(cx, rows, aval)?)
        }
        _ => None,
    };
    let row = match value {
        Term::Linear(aval) => {
            let row = index::get(cx, ct, &[Index::At(-1)])?;
            Some(cast_back(cx, row, aval)?)
        }
        Term::Known(_) => None,
    };
    Ok(smallvec![rows, row])
}

/// What every row has.
fn row_avals(inputs: &[Array], batched: &[bool]) -> Vec<Abstract> {
    let row = |(input, batched): (&Array, &bool)| {
        let mut aval = input.aval();
        if *batched {
            aval.shape.remove(0);
        }
        aval
    };
    inputs.iter().zip(batched).map(row).collect()
}

fn append_rows(cx: &mut Context, _: &Op, inputs: &[Array], batched: &[bool], rows: usize) -> Result<Outputs> {
    let ([xs, value], [of_xs, of_value]) = (inputs, batched) else { return Err(cpu::mistyped()) };
    let avals = row_avals(inputs, batched);
    let blank = avals.first().is_some_and(is_blank);
    let value = if blank { value.clone() } else { cast(cx, value.clone(), common_dtype(&avals, "append")?)? };
    let value = rows::all_rows(cx, &value, *of_value, rows)?;
    let value = expand_dims(cx, value, &[1])?;
    if blank {
        return Ok(smallvec![value]);
    }
    let xs = rows::all_rows(cx, xs, *of_xs, rows)?;
    Ok(smallvec![concatenate(cx, vec![xs, value], Some(1))?])
}

fn append_kernel(cx: &mut Context, _: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let [xs, value] = inputs else { return Err(cpu::mistyped()) };
    let row = adopt(cx, value, out.dtype)?;
    if is_blank(&xs.aval()) {
        return Ok(Array::from(row.reshaped(out.shape)));
    }
    // what is interrupted leaves the input: it is let go when it is ready to be written
    let mut tensor = if xs.dtype() == out.dtype { owned(cx, xs)? } else { adopt(cx, xs, out.dtype)? };
    cpu::copy::own(cx, &mut tensor)?;
    cpu::join::push(&mut tensor, &row)?;
    Ok(Array::from(tensor))
}
