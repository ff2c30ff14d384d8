//! Running element-wise operations: types, broadcasting, scalars without heap, results written on an operand.

use super::types::{broadcast_all, refused};
use super::{Arity, Guard, Op, Rule, Types};
use crate::context::Context;
use crate::cpu::cluster::Work;
use crate::cpu::{self, Binary, Map1, Map2, Number, Refuses, Typed, Unary};
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::shape::{self, Shape};
use crate::tensor::{Array, DType, Device, Element, ElementType, Scalar, Tensor, type_name};
use crate::transform::pending::LONG;
use std::mem;

/// An operation of one operand.
pub fn unary(
    cx: &mut Context,
    op: &Op,
    loops: fn(DType) -> Option<&'static Unary>,
    input: &mut Array,
) -> Result<Array> {
    let types = types(op, &[input.element_type()], || vec![input.type_name()])?;
    let loops = loops(types.compute).ok_or_else(cpu::mistyped)?;
    if input.size() >= LONG {
        cx.reserve(input.size(), types.out.size(), || type_name(types.out, input.shape(), Device::Cpu))?;
        let shape = shape::copy(input.shape());
        return long(cx, Work::Unary(loops), types.compute, &shape, std::slice::from_mut(input));
    }
    macro_rules! run {
        ($($variant:ident)+) => {
            match loops {
                $(Unary::$variant(map) => run1(cx, op, map, types, input),)+
            }
        };
    }
    run!(Bool U8 I32 I64 F32 F64 TestU8 TestI32 TestI64 TestF32 TestF64)
}

/// An operation of two operands.
pub fn binary(
    cx: &mut Context,
    op: &Op,
    loops: fn(DType) -> Option<&'static Binary>,
    left: &mut Array,
    right: &mut Array,
) -> Result<Array> {
    let names = || vec![left.type_name(), right.type_name()];
    let mut types = types(op, &[left.element_type(), right.element_type()], names)?;
    if types.compute.is_integer() {
        for operand in [&*left, &*right] {
            if let Array::Int(value) = *operand
                && !fits(value, types.compute)
            {
                if types.out != DType::Bool {
                    return Err(no_fit(value, types.compute, names()));
                }
                types.compute = DType::I64;
            }
        }
    }
    let loops = loops(types.compute).ok_or_else(cpu::mistyped)?;
    macro_rules! run {
        ($($variant:ident)+) => {
            match loops {
                $(Binary::$variant(map) => run2(cx, op, (loops, map), types, left, right),)+
                Binary::Text(work) => text(cx, op, *work, left, right),
                Binary::TestText(work) => text(cx, op, *work, left, right),
            }
        };
    }
    run!(Bool U8 I32 I64 F32 F64 TestU8 TestI32 TestI64 TestF32 TestF64)
}

#[inline]
fn types(op: &Op, operands: &[ElementType], names: impl FnOnce() -> Vec<String>) -> Result<Types> {
    match op.entry.rule {
        Rule::Elementwise(rule) => rule(operands).map_err(|refusal| refused(op.entry, refusal, names())),
        Rule::Whole(_) | Rule::Many(_) | Rule::Open => Err(cpu::mistyped()),
    }
}

pub fn fits(value: i64, dtype: DType) -> bool {
    match dtype {
        DType::U8 => u8::try_from(value).is_ok(),
        DType::I32 => i32::try_from(value).is_ok(),
        _ => true,
    }
}

#[cold]
pub fn no_fit(value: i64, dtype: DType, names: Vec<String>) -> Error {
    let error = Error::overflow(format!("{value} does not fit {dtype}"));
    super::types::label(error, names)
        .help(format!("convert the tensor first, as in `i64(x)`; a number takes {dtype} from it"))
}

/// Integers that have no room for the result.
#[cold]
fn overflow(op: &Op, operands: &[i64]) -> Error {
    let what = match operands {
        [a, b] => format!("{a} {} {b}", op.entry.symbol),
        [a, ..] => format!("{}({a})", op.entry.symbol),
        [] => op.entry.symbol.to_string(),
    };
    Error::overflow(format!("{what} does not fit i64")).help("write one number as a float, as in `2.0`")
}

#[cold]
pub fn wrong_arity(op: &Op, given: usize) -> Error {
    let takes = match op.entry.arity {
        Arity::Exactly(count) => format!("{count}"),
        Arity::AtLeast(count) => format!("at least {count}"),
    };
    Error::new(Kind::Internal, format!("`{}` takes {takes} inputs and got {given}", op.entry.name))
}

/// The number of a scalar; none of a tensor.
#[inline]
fn number<T: Number>(operand: &Array) -> Option<T> {
    match operand {
        Array::Tensor(_) => None,
        scalar => scalar.as_scalar().map(T::of_scalar),
    }
}

fn scalar_result<R: Number>(value: R, types: Types) -> Array {
    let scalar = value.to_scalar();
    if types.weak { Array::weaken(scalar) } else { Array::Scalar(scalar) }
}

/// A tensor of another dtype, converted; none if there is nothing to do.
fn converted<T: Number>(cx: &mut Context, operand: &Array) -> Result<Option<Array>> {
    match operand {
        Array::Tensor(tensor) if tensor.dtype() != T::DTYPE => {
            Ok(Some(Array::Tensor(cpu::convert::convert(cx, tensor, T::DTYPE)?)))
        }
        _ => Ok(None),
    }
}

fn run1<T: Typed, R: Typed>(
    cx: &mut Context,
    op: &Op,
    map: &Map1<T, R>,
    types: Types,
    input: &mut Array,
) -> Result<Array> {
    if let Some(value) = number::<T>(input) {
        if let (Some(exact), true, DType::I64) = (op.entry.exact, types.weak, types.compute) {
            let a = i64::of_scalar(value.to_scalar());
            return exact(a, a).ok_or_else(|| overflow(op, &[a]));
        }
        return Ok(scalar_result((map.one)(value), types));
    }
    reserve::<R>(cx, input.shape())?;
    let own = converted::<T>(cx, input)?;
    let operand = own.as_ref().unwrap_or(input);
    Ok(Array::Tensor(cpu::unary(cx, map, operand.shape(), operand)?))
}

/// A long operation on tensors, or tensors and scalars.
fn long(cx: &Context, work: Work, compute: DType, shape: &[usize], inputs: &mut [Array]) -> Result<Array> {
    cpu::cluster::run_step(cx, work, compute, inputs, shape).map(Array::from)
}

fn reserve<R: Number>(cx: &Context, shape: &[usize]) -> Result<()> {
    cx.reserve(shape::size(shape), R::DTYPE.size(), || type_name(R::DTYPE, shape, Device::Cpu))
}

/// The shape of the result, if it is not simply that of every tensor among the operands.
fn stretched(op: &Op, left: &Array, right: &Array) -> Result<Option<Shape>> {
    let (Array::Tensor(a), Array::Tensor(b)) = (left, right) else { return Ok(None) };
    if shape::same(a.shape(), b.shape()) {
        return Ok(None);
    }
    let names = || vec![left.type_name(), right.type_name()];
    broadcast_all(op.entry, &[a.shape(), b.shape()], names).map(Some)
}

/// The shape of the result, which is `wide` or that of the first tensor.
fn result_shape<'a>(wide: &'a Option<Shape>, left: &'a Array, right: &'a Array) -> &'a [usize] {
    match wide {
        Some(shape) => shape,
        None if matches!(left, Array::Tensor(_)) => left.shape(),
        None => right.shape(),
    }
}

fn run2<T: Typed + PartialOrd, R: Typed>(
    cx: &mut Context,
    op: &Op,
    (loops, map): (&'static Binary, &Map2<T, R>),
    types: Types,
    left: &mut Array,
    right: &mut Array,
) -> Result<Array> {
    if let (Some(a), Some(b)) = (number::<T>(left), number::<T>(right)) {
        if let (Some(exact), true, DType::I64) = (op.entry.exact, types.weak, types.compute) {
            let [a, b] = [a, b].map(|x| i64::of_scalar(x.to_scalar()));
            return match exact(a, b) {
                Some(result) => Ok(result),
                None => guard::<T>(op, right).and_then(|()| Err(overflow(op, &[a, b]))),
            };
        }
        guard::<T>(op, right)?;
        return Ok(scalar_result((map.one)(a, b), types));
    }
    let wide = stretched(op, left, right)?;
    let shape = result_shape(&wide, left, right);
    reserve::<R>(cx, shape)?;
    if shape::size(shape) >= LONG {
        let shape = shape::copy(shape);
        if op.entry.guard.is_some() && T::DTYPE.is_integer() {
            let own = converted::<T>(cx, right)?;
            guard::<T>(op, own.as_ref().unwrap_or(right))?;
        }
        let mut inputs = [mem::take(left), mem::take(right)];
        let result = long(cx, Work::Binary(loops), T::DTYPE, &shape, &mut inputs);
        if result.is_err() {
            [*left, *right] = inputs;
        }
        return result;
    }
    let mut own_left = converted::<T>(cx, left)?;
    let mut own_right = converted::<T>(cx, right)?;
    let left = own_left.as_mut().unwrap_or(left);
    let right = own_right.as_mut().unwrap_or(right);
    guard::<T>(op, right)?;
    let size = shape::size(result_shape(&wide, left, right));
    if let (Some(loops), true) = (&map.in_place, size < cpu::SHORT) {
        if write_on(left, &wide, loops.left, right)? {
            return Ok(mem::take(left));
        }
        if write_on(right, &wide, loops.right, left)? {
            return Ok(mem::take(right));
        }
    }
    Ok(Array::Tensor(cpu::binary(cx, map, result_shape(&wide, left, right), left, right)?))
}

/// Writes the result on `own` if nobody else holds its buffer and the result has its shape.
#[inline]
fn write_on<T: Typed>(
    own: &mut Array,
    wide: &Option<Shape>,
    work: fn(&mut [T], cpu::Run<T>),
    other: &Array,
) -> Result<bool> {
    let Array::Tensor(tensor) = own else { return Ok(false) };
    if wide.as_ref().is_some_and(|wide| !shape::same(wide, tensor.shape())) {
        return Ok(false);
    }
    match tensor.as_mut_slice() {
        Some((shape, values)) => cpu::binary_in_place(values, shape, work, other).map(|()| true),
        None => Ok(false),
    }
}

/// Errors when the right operand holds an integer that the operation does not take.
#[inline]
pub fn guard<T: Number + PartialOrd>(op: &Op, right: &Array) -> Result<()> {
    match op.entry.guard {
        Some(guard) if T::DTYPE.is_integer() => match cpu::refused::<T>(guard.refuses, right)? {
            Some((number, value)) => Err(guarded(guard, number, value, (right.shape(), right.type_name()))),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The error of a value of the right operand, with its number there; of the operand its shape and what it is.
#[cold]
pub fn guarded(guard: &Guard, number: usize, value: Scalar, (shape, name): (&[usize], String)) -> Error {
    let what = match guard.refuses {
        Refuses::Zero => String::new(),
        Refuses::Negative => format!(" ({})", super::cast::show(value)),
    };
    let place = super::cast::place(number, shape);
    Error::value(format!("{}{what}{place}", guard.message)).operand(1, name).help(guard.help)
}

fn text<R: Element>(
    cx: &mut Context,
    op: &Op,
    work: fn(&str, &str) -> R,
    left: &Array,
    right: &Array,
) -> Result<Array> {
    let (Array::Tensor(a), Array::Tensor(b)) = (left, right) else { return Err(cpu::mistyped()) };
    let wide = stretched(op, left, right)?;
    let shape = result_shape(&wide, left, right);
    cx.reserve(shape::size(shape), R::DTYPE.size(), || type_name(R::DTYPE, shape, Device::Cpu))?;
    if R::DTYPE == DType::Str {
        // the characters lie outside the tensor, and grow with every sum
        let bytes = cpu::text_bytes(shape, a)?.saturating_add(cpu::text_bytes(shape, b)?);
        cx.reserve(bytes, 1, || format!("the text of {}", type_name(R::DTYPE, shape, Device::Cpu)))?;
    }
    Ok(Array::from(cpu::text(shape, work, a, b)?))
}

/// An operand as a tensor of the dtype that the operation computes in. A weak integer has to fit it.
pub fn adopt(cx: &Context, operand: &Array, dtype: DType) -> Result<Tensor> {
    match operand {
        Array::Int(value) if !fits(*value, dtype) => Err(no_fit(*value, dtype, vec![operand.type_name()])),
        _ => cpu::convert::convert_array(cx, operand, dtype),
    }
}
