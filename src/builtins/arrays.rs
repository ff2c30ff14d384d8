//! New arrays.

use super::Args;
use super::declare::builtins;
use crate::context::Context;
use crate::diagnostics::{Error, Result};
use crate::interp::structure::check_depth;
use crate::interp::{Machine, Value, operand_array};
use crate::ops::{self, create};
use crate::tensor::shape::check_ndim;
use crate::tensor::{Array, DType};

/// The dtype that argument `number` asks for; `f64` for `none`.
pub(super) fn dtype_or_f64(args: &Args, number: usize) -> Result<DType> {
    Ok(args.dtype(number)?.unwrap_or(DType::F64))
}

/// An array of fewer axes gets further ones in front.
pub(super) fn at_least(cx: &mut Context, array: Array, ndim: usize) -> Result<Array> {
    check_ndim(ndim)?;
    let places: Vec<i64> = (0..ndim.saturating_sub(array.ndim()) as i64).collect();
    if places.is_empty() { Ok(array) } else { ops::expand_dims(cx, array, &places) }
}

/// An array of what a tuple holds, tuples inside it too.
fn array_of(machine: &mut Machine, value: &Value, depth: usize) -> Result<Value> {
    check_depth(depth)?;
    // a structure may hold itself many times over: walking it can take long
    machine.host.cx.check()?;
    match value {
        Value::Tuple(items) => {
            let rows: Result<Vec<Value>> = items.0.iter().map(|item| array_of(machine, item, depth + 1)).collect();
            machine.stack(rows?)
        }
        Value::Range(_) => value.as_array().map(Value::Array).ok_or_else(|| Error::ty("a range is an array")),
        other => Ok(other.clone()),
    }
}

builtins! {
    elements Settled;

    /// An array of zeros.
    /// `shape` is a whole number or a tuple of them; `device` is where the array lives, as in `zeros(2) @ gpu`.
    fn zeros(shape, dtype = f64, device = none)
        also empty;
        creates true;
        ex "zeros(3)" => "[0. 0. 0.]";
        ex "zeros((2, 2), dtype=i64)" => "[[0 0]\n [0 0]]";
        fails "zeros(-1)" => "value";
        fails "zeros(2, 3)" => "type";
        fails "zeros((1000000, 1000000, 1000000))" => "memory";
    = |machine, args| {
        let (shape, dtype) = (args.ints(0)?, dtype_or_f64(args, 1)?);
        create::zeros(&mut machine.host.cx, &shape, dtype).map(Value::Array)
    };

    /// An array of ones.
    /// `shape` is a whole number or a tuple of them.
    fn ones(shape, dtype = f64, device = none)
        creates true;
        ex "ones((2, 1))" => "[[1.]\n [1.]]";
        ex "ones(2, dtype=bool)" => "[ True  True]";
        fails "ones(1.5)" => "type";
    = |machine, args| {
        let (shape, dtype) = (args.ints(0)?, dtype_or_f64(args, 1)?);
        create::ones(&mut machine.host.cx, &shape, dtype).map(Value::Array)
    };

    /// An array that holds `fill_value` everywhere.
    /// The value may be an array that broadcasts to the shape; without a dtype its own is taken.
    fn full(shape, fill_value, dtype = none, device = none)
        creates true;
        ex "full((2, 2), 10)" => "[[10 10]\n [10 10]]";
        ex "full((2, 2), [1, 2], dtype=f32)" => "[[1. 2.]\n [1. 2.]]";
        fails "full((2, 2), [1, 2, 3])" => "shape";
        fails "full(2, 300, dtype=u8)" => "overflow";
    = |machine, args| {
        let (shape, value, dtype) = (args.ints(0)?, args.array(1)?, args.dtype(2)?);
        create::full(&mut machine.host.cx, &shape, value, dtype).map(Value::Array)
    };

    /// Ones on a diagonal, zeros elsewhere.
    /// A matrix of n rows and m columns (as many as rows, if not told). The diagonal starts k columns to the right of
    /// the main one, or below it for negative k.
    fn eye(n, m = none, k = 0, dtype = f64, device = none)
        also identity;
        creates true;
        ex "eye(2, dtype=i64)" => "[[1 0]\n [0 1]]";
        ex "eye(2, 3, k=1)" => "[[0. 1. 0.]\n [0. 0. 1.]]";
        fails "eye(-1)" => "value";
        fails "eye((2, 2))" => "type";
    = |machine, args| {
        let (rows, columns, offset) = (args.int(0)?, args.optional_int(1)?, args.int(2)?);
        let dtype = dtype_or_f64(args, 3)?;
        create::eye(&mut machine.host.cx, rows, columns, offset, dtype).map(Value::Array)
    };

    /// The numbers from `start` up to but not including `stop`, in steps.
    /// One argument is `stop`, and `start` is then 0. Integers make integers. With floats, rounding decides whether the
    /// last number is there: `linspace` states how many there are. `dtype` casts the numbers; unlike in NumPy it does
    /// not change the step.
    fn arange(start, stop = none, step = 1, dtype = none, device = none)
        creates true;
        ex "arange(5)" => "[0 1 2 3 4]";
        ex "arange(1, 2, 0.25)" => "[1.   1.25 1.5  1.75]";
        ex "arange(5, 0, -2)" => "[5 3 1]";
        ex "arange(0, 2, 0.5, dtype=i64)" => "[0 0 1 1]";
        fails "arange(0, 1, 0)" => "value";
        fails "arange([1, 2])" => "type";
    = |machine, args| {
        let (first, step, dtype) = (args.number(0)?, args.number(2)?, args.dtype(3)?);
        let limits = match args.is_none(1) {
            true => [Array::Int(0), first, step],
            false => [first, args.number(1)?, step],
        };
        create::arange(&mut machine.host.cx, limits, dtype).map(Value::Array)
    };

    /// `num` numbers, evenly spaced from `start` to `stop`.
    /// `stop` is the last of them, unless `endpoint` is false. Both may be differentiated by.
    fn linspace(start, stop, num = 50, endpoint = true, dtype = none, device = none)
        creates true;
        ex "linspace(2, 3, num=5)" => "[2.   2.25 2.5  2.75 3.  ]";
        ex "linspace(0, 1, 4, endpoint=false)" => "[0.   0.25 0.5  0.75]";
        ex "jacobian(|stop| linspace(0, stop, 3))(1.0)" => "[0.  0.5 1. ]";
        fails "linspace(0, 1, -1)" => "value";
    = |machine, args| {
        let is_number = |x: &Array| x.ndim() == 0 && x.dtype() != DType::Str;
        let number = |at| args.number(at).ok().filter(is_number).ok_or_else(|| args.wrong(at, "a number"));
        let (limits, count, endpoint) = ([number(0)?, number(1)?], args.int(2)?, args.bool(3)?);
        let dtype = args.dtype(4)?;
        create::linspace(&mut machine.host.cx, limits, count, endpoint, dtype).map(Value::Array)
    };

    /// An array of what a tuple holds, tuples in it becoming rows.
    /// Arrays stay as they are; one of fewer than `ndmin` axes gets further ones in front.
    fn array(x, dtype = none, ndmin = 0, copy = none, device = none)
        also asarray;
        also ascontiguousarray;
        creates true;
        ex "array((1, 2, 3.5))" => "[1.  2.  3.5]";
        ex "array(((1, 2), (3, 4)), dtype=f32)" => "[[1. 2.]\n [3. 4.]]";
        ex "array([1, 2], ndmin=2)" => "[[1 2]]";
        fails "array((1, sin))" => "type";
        fails "array(((1, 2), (3,)))" => "shape";
    = |machine, args| {
        let (dtype, ndmin) = (args.dtype(1)?, args.int(2)?);
        let array = array_of(machine, args.get(0), 0)?;
        let array = match (&array, dtype) {
            (_, Some(dtype)) => machine.cast(array, dtype)?,
            (Value::Array(_) | Value::Str(_), None) => array,
            _ => return Err(args.wrong(0, "numbers, text, or a tuple of them")),
        };
        match (operand_array(&array), usize::try_from(ndmin)) {
            (Some(flat), Ok(ndmin)) if flat.ndim() < ndmin => {
                Ok(Value::Array(at_least(&mut machine.host.cx, flat, ndmin)?))
            }
            _ => Ok(array),
        }
    };

    /// x with its elements cast to another dtype, as `f32(x)` does.
    /// Floats are cut towards 0; what the dtype has no room for is an error. Values never change, so it makes no difference
    /// whether they are copied.
    fn astype(x, dtype, copy = true, device = none)
        ex "[1.5, -1.5].astype(i64)" => "[ 1 -1]";
        fails "astype([300], u8)" => "overflow";
        fails "astype([1], \"f32\")" => "type";
    = |machine, args| {
        let Some(dtype) = args.dtype(1)? else { return Err(args.wrong(1, "a dtype")) };
        let cast = machine.cast(args.get(0).clone(), dtype)?;
        match args.get(3) {
            Value::None => Ok(cast),
            Value::Device(device) => machine.place_on(cast, *device),
            _ => Err(args.wrong(3, "a device")),
        }
    };
}
