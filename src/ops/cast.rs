//! Casts: from one dtype to another, every value checked.

use super::linear::cast_back;
use super::place::{check_dtype, on_device};
use super::{Abstract, Arity, Attrs, Batch, Derivative, Entry, OnGpu, Op, Outputs, Term, apply1, rows};
use crate::context::Context;
use crate::cpu::{self, convert};
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::{Array, DType, Element, Scalar, Tensor, Text, show, walk};
use smallvec::{SmallVec, smallvec};
use std::mem;

pub static CAST: Entry = Entry {
    derivative: Derivative::Whole(tangent),
    transpose: Some(transposed),
    batch: Batch::Whole(batch),
    gpu: OnGpu::Convert,
    ..Entry::whole("convert", "cast", Arity::Exactly(1), rule, kernel)
};

/// As `CAST`, where nothing may be lost: see `Scalar::fit`.
pub static FIT: Entry = Entry {
    derivative: Derivative::Whole(tangent),
    transpose: Some(transposed),
    batch: Batch::Whole(batch),
    gpu: OnGpu::Convert,
    ..Entry::whole("fit", "[] =", Arity::Exactly(1), rule, fit_kernel)
};

pub(super) static TABLE: &[&Entry] = &[&CAST, &FIT];

/// The operation that casts to `dtype`.
pub fn op(dtype: DType) -> Op {
    Op { entry: &CAST, attrs: Attrs::DType(dtype) }
}

/// The operation that casts to `dtype` what fits it.
pub fn fit(dtype: DType) -> Op {
    Op { entry: &FIT, attrs: Attrs::DType(dtype) }
}

/// `x` in `dtype`; typed from then on. Floats are cut towards zero; a value that the dtype has no room for is an
/// `overflow` error, NaN or infinity to an integer a `value` error, both with its place. Text is read as numbers, numbers are written as text. On a
/// device that has no such dtype it is the nearest there is.
pub fn cast(cx: &mut Context, x: Array, dtype: DType) -> Result<Array> {
    let dtype = on_device(dtype, x.place());
    match &x {
        Array::Scalar(scalar) if scalar.dtype() == dtype => Ok(x),
        Array::Tensor(tensor) if tensor.dtype() == dtype => Ok(x),
        Array::Lifted(lifted) if lifted.aval().dtype == dtype && !lifted.aval().weak => Ok(x),
        _ => apply1(cx, &op(dtype), x),
    }
}

/// `cast`, to a dtype that a program asks for: the device of the value must have it.
pub fn cast_as_asked(cx: &mut Context, x: Array, dtype: DType) -> Result<Array> {
    check_dtype(dtype, x.place()).map_err(|error| error.operand(0, x.type_name()))?;
    cast(cx, x, dtype)
}

/// A number without axes as one that was written out.
pub fn weaken(cx: &mut Context, x: Array) -> Result<Array> {
    if x.is_weak() { Ok(x) } else { apply1(cx, &Op { entry: &CAST, attrs: Attrs::Weak }, x) }
}

/// Whole numbers do not move.
fn tangent(
    cx: &mut Context,
    of: &Op,
    _: &[Array],
    y: &[Array],
    tangents: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 1]>> {
    Ok(match (y, tangents) {
        ([y], [Some(tangent)]) if y.dtype().is_float() => {
            // how it moves may be rounded
            let op = Op { entry: &CAST, attrs: of.attrs.clone() };
            smallvec![Some(apply1(cx, &op, tangent.clone())?)]
        }
        _ => smallvec![None],
    })
}

fn transposed(cx: &mut Context, _: &Op, terms: &[Term], ct: &[Option<Array>]) -> Result<SmallVec<[Option<Array>; 2]>> {
    let ([x], [Some(ct)]) = (terms, ct) else { return Ok(smallvec![None]) };
    Ok(smallvec![Some(cast_back(cx, ct.clone(), &x.aval())?)])
}

/// A row of numbers is a tensor, and weak no more.
fn batch(cx: &mut Context, op: &Op, inputs: &[Array], _: &[bool], _: usize) -> Result<Outputs> {
    match (&op.attrs, inputs) {
        (Attrs::Weak, [x]) => Ok(smallvec![x.clone()]),
        (_, [x]) => rows::one(cx, op, x),
        _ => Err(cpu::mistyped()),
    }
}

fn rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    match (&op.attrs, inputs) {
        (Attrs::DType(dtype), [input]) => Ok(Abstract { dtype: *dtype, weak: false, ..input.clone() }),
        (Attrs::Weak, [input]) if input.shape.is_empty() => Ok(Abstract { weak: true, ..input.clone() }),
        _ => Err(cpu::mistyped()),
    }
}

fn fit_kernel(cx: &mut Context, _: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let [input] = inputs else { return Err(cpu::mistyped()) };
    let lost = match &*input {
        Array::Tensor(tensor) => (0..tensor.size()).find_map(|number| {
            let element = tensor.scalar(number)?;
            element.fit(out.dtype).is_none().then_some((number, element))
        }),
        scalar => scalar.as_scalar().filter(|scalar| scalar.fit(out.dtype).is_none()).map(|scalar| (0, scalar)),
    };
    match lost {
        Some((number, element)) => Err(lossy(element, place(number, input.shape()), out.dtype)),
        None => Ok(Array::from(convert::convert_array(cx, input, out.dtype)?)),
    }
}

/// The error of an element that a target of this dtype cannot hold as it is.
#[cold]
pub fn lossy(element: Scalar, place: String, dtype: DType) -> Error {
    let kind = if element.as_i64().is_some() { Kind::Overflow } else { Kind::Value };
    Error::new(kind, format!("{}{place} does not fit {dtype} without loss", show(element)))
        .help(format!("convert the value, as in `{dtype}(x)`, or the target, as in `{}(a)`", element.dtype()))
}

fn kernel(cx: &mut Context, _: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    let [input] = inputs else { return Err(cpu::mistyped()) };
    if out.weak {
        return input.as_scalar().map(Array::weaken).ok_or_else(cpu::mistyped);
    }
    if input.dtype() == out.dtype
        && let Array::Tensor(_) = input
    {
        return Ok(mem::take(input));
    }
    match &*input {
        numbers if out.dtype == DType::Str => write(cx, numbers),
        Array::Tensor(tensor) if tensor.dtype() == DType::Str => parse(cx, tensor, out.dtype),
        Array::Tensor(tensor) => {
            check(tensor, out.dtype)?;
            Ok(Array::from(convert::convert(cx, tensor, out.dtype)?))
        }
        scalar => {
            let value = scalar.as_scalar().ok_or_else(cpu::mistyped)?;
            if !holds(out.dtype, value) {
                return Err(no_room(value, out.dtype, String::new()));
            }
            Ok(Array::Scalar(as_dtype(value, out.dtype).ok_or_else(cpu::mistyped)?))
        }
    }
}

/// `value as dtype`; none to text.
pub(super) fn as_dtype(value: Scalar, dtype: DType) -> Option<Scalar> {
    use cpu::Number;
    Some(match dtype {
        DType::Bool => Scalar::Bool(bool::of_scalar(value)),
        DType::U8 => Scalar::U8(u8::of_scalar(value)),
        DType::I32 => Scalar::I32(i32::of_scalar(value)),
        DType::I64 => Scalar::I64(i64::of_scalar(value)),
        DType::F32 => Scalar::F32(f32::of_scalar(value)),
        DType::F64 => Scalar::F64(f64::of_scalar(value)),
        DType::Str => return None,
    })
}

/// The integers of a dtype as a range of floats: from the first, up to but not including the second. None for dtypes
/// that take any number.
fn room(dtype: DType) -> Option<(f64, f64)> {
    match dtype {
        DType::U8 => Some((0.0, 256.0)),
        DType::I32 => Some((-2147483648.0, 2147483648.0)),
        DType::I64 => Some((i64::MIN as f64, i64::MAX as f64)),
        _ => None,
    }
}

/// Has `dtype` room for the value, cut towards zero?
fn holds(dtype: DType, value: Scalar) -> bool {
    match (room(dtype), value) {
        (None, _) => true,
        // Every i64 fits i64, though the nearest float of the largest does not.
        (Some(_), Scalar::I64(_)) if dtype == DType::I64 => true,
        (Some((low, high)), value) => {
            let value = value.as_f64().trunc();
            low <= value && value < high
        }
    }
}

/// Errors at the first value that `dtype` has no room for.
fn check(tensor: &Tensor, dtype: DType) -> Result<()> {
    fn first<T: cpu::Number>(tensor: &Tensor, dtype: DType) -> Option<(usize, Scalar)> {
        let bad = |value: &T| !holds(dtype, value.to_scalar());
        let (at, value) = match tensor.as_slice::<T>() {
            Some(values) => values.iter().position(bad).map(|at| (at, values[at]))?,
            None => tensor.walk::<T>()?.enumerate().find(|(_, value)| bad(value))?,
        };
        Some((at, value.to_scalar()))
    }
    let found = match (tensor.dtype(), dtype) {
        (DType::I64, DType::U8 | DType::I32) => first::<i64>(tensor, dtype),
        (DType::I32, DType::U8) => first::<i32>(tensor, dtype),
        (DType::F32, _) if dtype.is_integer() => first::<f32>(tensor, dtype),
        (DType::F64, _) if dtype.is_integer() => first::<f64>(tensor, dtype),
        _ => None,
    };
    match found {
        Some((at, value)) => Err(no_room(value, dtype, place(at, tensor.shape()))),
        None => Ok(()),
    }
}

/// ` at [1, 2]`; nothing for a value without axes.
pub fn place(number: usize, shape: &[usize]) -> String {
    if shape.is_empty() { String::new() } else { format!(" at {:?}", walk::coordinates(number, shape)) }
}

/// A number as messages show it.
pub(super) fn show(value: Scalar) -> String {
    match value {
        Scalar::Bool(x) => x.to_string(),
        Scalar::U8(x) => x.to_string(),
        Scalar::I32(x) => x.to_string(),
        Scalar::I64(x) => x.to_string(),
        Scalar::F32(x) => format!("{x:?}").replace("NaN", "nan"),
        Scalar::F64(x) => format!("{x:?}").replace("NaN", "nan"),
    }
}

/// The error of a value that a dtype has no room for.
#[cold]
pub fn no_room(value: Scalar, dtype: DType, place: String) -> Error {
    let kind = if value.as_f64().is_finite() { Kind::Overflow } else { Kind::Value };
    Error::new(kind, format!("{}{place} does not fit {dtype}", show(value)))
}

/// Numbers and truth values as text, each as it is shown by itself.
fn write(cx: &Context, x: &Array) -> Result<Array> {
    let tensor = x.to_tensor().ok_or_else(cpu::mistyped)?;
    let mut texts: Vec<Text> = Vec::with_capacity(tensor.size());
    for number in 0..tensor.size() {
        if number % STRETCH == 0 {
            cx.check()?;
        }
        let scalar = tensor.scalar(number).ok_or_else(cpu::mistyped)?;
        texts.push(Text::from(show::alone(scalar)));
    }
    Ok(Array::from(Tensor::from_vec(texts, tensor.shape())))
}

/// Texts read or written between two looks at the interrupt flag.
const STRETCH: usize = 1 << 16;

/// Numbers and truth values from text.
fn parse(cx: &Context, tensor: &Tensor, dtype: DType) -> Result<Array> {
    let all = (cx, tensor, dtype);
    fn each<T: Element>(
        (cx, tensor, dtype): (&Context, &Tensor, DType),
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Array> {
        let mut values = Vec::with_capacity(tensor.size());
        for (number, text) in tensor.walk::<Text>().ok_or_else(cpu::mistyped)?.enumerate() {
            if number % STRETCH == 0 {
                cx.check()?;
            }
            values.push(read(text.trim()).ok_or_else(|| unreadable(&text, dtype, place(number, tensor.shape())))?);
        }
        Ok(Array::from(Tensor::from_vec(values, tensor.shape())))
    }
    match dtype {
        DType::Bool => each(all, |text| match text {
            "true" | "True" => Some(true),
            "false" | "False" => Some(false),
            _ => None,
        }),
        DType::U8 => each(all, |text| text.parse::<u8>().ok()),
        DType::I32 => each(all, |text| text.parse::<i32>().ok()),
        DType::I64 => each(all, |text| text.parse::<i64>().ok()),
        DType::F32 => each(all, |text| text.parse::<f32>().ok()),
        DType::F64 => each(all, |text| text.parse::<f64>().ok()),
        DType::Str => Err(cpu::mistyped()),
    }
}

#[cold]
fn unreadable(text: &str, dtype: DType, place: String) -> Error {
    let mut start: String = text.chars().take(40).collect();
    if start.len() < text.len() {
        start.push_str("...");
    }
    Error::value(format!("{start:?}{place} is no {dtype}"))
}
