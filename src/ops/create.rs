//! New tensors from a few numbers: filled, counted, evenly spaced, the unit matrix.

use super::place::place;
use super::{
    ADD, Abstract, Arity, Attrs, DIV, Derivative, EQ, Entry, FLOOR, MUL, Op, SUB, apply, apply1, apply2, broadcast_to,
    cast, select,
};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Result};
use crate::tensor::shape::{self, Shape};
use crate::tensor::{Array, DType, Scalar, promote};
use crate::transform::unknown;

pub use crate::cpu::fill::Fill;

/// What is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    pub shape: Shape,
    pub dtype: DType,
    pub fill: Fill,
}

const fn entry(name: &'static str) -> Entry {
    Entry::whole(name, name, Arity::Exactly(0), rule, kernel).derivative(Derivative::Flat)
}

static FULL: Entry = entry("full");
static ARANGE: Entry = entry("arange");
static LINSPACE: Entry = entry("linspace");
static EYE: Entry = entry("eye");

pub(super) static TABLE: &[&Entry] = &[&FULL, &ARANGE, &LINSPACE, &EYE];

fn create(cx: &mut Context, entry: &'static Entry, shape: Shape, dtype: DType, fill: Fill) -> Result<Array> {
    apply(cx, &Op { entry, attrs: Attrs::Create(Recipe { shape, dtype, fill }) }, &mut [])
}

/// A number everywhere, in the form of a value.
pub fn same_everywhere(cx: &mut Context, number: Scalar, like: &Abstract) -> Result<Array> {
    if like.device.is_none() {
        return create(cx, &FULL, like.shape.clone(), like.dtype, Fill::Same(number));
    }
    let one = create(cx, &FULL, Shape::new(), like.dtype, Fill::Same(number))?;
    let placed = place(cx, one, like.device)?;
    broadcast_to(cx, placed, &like.shape)
}

/// A shape that a program asks for.
pub fn lengths(wanted: &[i64]) -> Result<Shape> {
    shape::check_ndim(wanted.len())?;
    let length =
        |&len| usize::try_from(len).map_err(|_| Error::value(format!("a shape has no negative lengths: {wanted:?}")));
    wanted.iter().map(length).collect()
}

/// `value` everywhere; it may be a tensor that broadcasts to the shape. Without a dtype the value's own.
pub fn full(cx: &mut Context, shape: &[i64], value: Array, dtype: Option<DType>) -> Result<Array> {
    let shape = lengths(shape)?;
    let dtype = dtype.unwrap_or(value.dtype());
    match cast(cx, value, dtype)? {
        Array::Scalar(value) => create(cx, &FULL, shape, dtype, Fill::Same(value)),
        value => broadcast_to(cx, value, &shape),
    }
}

pub fn zeros(cx: &mut Context, shape: &[i64], dtype: DType) -> Result<Array> {
    create(cx, &FULL, lengths(shape)?, dtype, Fill::Same(Scalar::Bool(false)))
}

pub fn ones(cx: &mut Context, shape: &[i64], dtype: DType) -> Result<Array> {
    full(cx, shape, Array::Int(1), Some(dtype))
}

/// `start, start + step, ...` below `stop` (above it, if `step` is negative), counted as NumPy does: through rounding,
/// floats may reach `stop`. Without a dtype the common one of the three; each is one number.
pub fn arange(cx: &mut Context, limits: [Array; 3], dtype: Option<DType>) -> Result<Array> {
    let not_numbers = || Error::ty("arange takes single numbers");
    let own = promote(&limits.each_ref().map(Array::element_type)).ok_or_else(not_numbers)?.dtype;
    let mut numbers = [Scalar::Bool(false); 3];
    for (operand, (number, limit)) in numbers.iter_mut().zip(&limits).enumerate() {
        let wrong = || unknown(limit).unwrap_or_else(|| not_numbers().operand(operand, limit.type_name()));
        *number = limit.as_scalar().ok_or_else(wrong)?;
    }
    let [start, stop, step] = numbers;
    if step.as_f64() == 0.0 {
        return Err(Error::value("the step of arange must not be 0"));
    }
    let dtype = dtype.unwrap_or(if own == DType::Bool { DType::I64 } else { own });
    let made = match (dtype, own) {
        (DType::F32 | DType::F64, _) => dtype,
        (_, DType::F32 | DType::F64) => DType::F64,
        _ => DType::I64,
    };
    let whole = |number: Scalar| number.as_bool().map(i64::from).or(number.as_i64());
    let count = match (whole(start), whole(stop), whole(step)) {
        (Some(start), Some(stop), Some(step)) => {
            let (distance, step) = (i128::from(stop) - i128::from(start), i128::from(step));
            ((distance + step - step.signum()) / step).max(0) as f64
        }
        _ => ((stop.as_f64() - start.as_f64()) / step.as_f64()).ceil(),
    };
    if count.is_nan() {
        return Err(Error::value("the limits and the step of arange must not be nan"));
    }
    // What is beyond `usize` saturates, and is refused as too large.
    let shape = Shape::from_slice(&[count as usize]);
    let fill = match (made, whole(start), whole(step)) {
        (DType::I64, Some(start), Some(step)) => Fill::Integers { start, step },
        _ => Fill::Floats { first: start.as_f64(), second: start.as_f64() + step.as_f64() },
    };
    let numbers = create(cx, &ARANGE, shape, made, fill)?;
    cast(cx, numbers, dtype)
}

/// `count` numbers from `start` to `stop`, which is the last unless `endpoint` is false. Both are single numbers; where
/// they are not at hand, or move, the result is made of other operations.
pub fn linspace(
    cx: &mut Context,
    [start, stop]: [Array; 2],
    count: i64,
    endpoint: bool,
    dtype: Option<DType>,
) -> Result<Array> {
    let Ok(length) = usize::try_from(count) else {
        return Err(Error::value(format!("linspace makes 0 numbers or more, not {count}")));
    };
    let parts = if endpoint { length.saturating_sub(1) } else { length };
    let dtype = dtype.unwrap_or(DType::F64);
    let made = if dtype.is_float() { dtype } else { DType::F64 };
    let numbers = match (start.as_scalar(), stop.as_scalar()) {
        (Some(start), Some(stop)) => {
            let fill = Fill::Between { start: start.as_f64(), stop: stop.as_f64(), parts, ends: endpoint };
            create(cx, &LINSPACE, Shape::from_slice(&[length]), made, fill)?
        }
        _ => {
            let (start, stop) = (cast(cx, start, made)?, cast(cx, stop, made)?);
            between(cx, start, stop, length, parts, endpoint)?
        }
    };
    if made == dtype {
        return Ok(numbers);
    }
    let whole = apply1(cx, &FLOOR, numbers)?;
    cast(cx, whole, dtype)
}

/// As the kernel computes them.
fn between(cx: &mut Context, start: Array, stop: Array, length: usize, parts: usize, ends: bool) -> Result<Array> {
    let distance = apply2(cx, &SUB, stop.clone(), start.clone())?;
    let step = if parts == 0 { distance } else { apply2(cx, &DIV, distance, Array::Float(parts as f64))? };
    let places = arange(cx, [0, length as i64, 1].map(Array::Int), None)?;
    let numbers = cast(cx, places.clone(), start.dtype())?;
    let numbers = apply2(cx, &MUL, numbers, step)?;
    let numbers = apply2(cx, &ADD, numbers, start)?;
    if !ends || length < 2 {
        return Ok(numbers);
    }
    let is_last = apply2(cx, &EQ, places, Array::Int(length as i64 - 1))?;
    select(cx, is_last, stop, numbers)
}

/// One on the diagonal (`offset` columns to the right of the main one), zero elsewhere; `rows` columns if not told.
pub fn eye(cx: &mut Context, rows: i64, columns: Option<i64>, offset: i64, dtype: DType) -> Result<Array> {
    let shape = lengths(&[rows, columns.unwrap_or(rows)])?;
    create(cx, &EYE, shape, dtype, Fill::Diagonal { offset })
}

fn rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    match (&op.attrs, inputs) {
        (Attrs::Create(recipe), []) => Ok(Abstract::new(recipe.shape.clone(), recipe.dtype)),
        _ => Err(cpu::mistyped()),
    }
}

fn kernel(cx: &mut Context, op: &Op, _: &mut [Array], out: Abstract) -> Result<Array> {
    let Attrs::Create(recipe) = &op.attrs else { return Err(cpu::mistyped()) };
    Ok(cpu::fill::fill(cx, recipe.fill, out.dtype, &out.shape)?.into())
}
