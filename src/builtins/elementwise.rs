//! How functions of elements meet their arguments: arrays at once, tuples and records leaf by leaf.

use super::Args;
use super::structures::map_alike;
use crate::diagnostics::Result;
use crate::interp::{Machine, Value};
use crate::ops::{self, Op};
use crate::tensor::Array;
use std::mem;

/// A function of one array. It may take the array out of its place, and must leave it there when it fails.
pub type Unary<'f> = &'f mut dyn FnMut(&mut Machine, &mut Array) -> Result<Array>;

/// Applies an operation to argument 0.
pub fn unary(machine: &mut Machine, args: &mut Args, op: &Op) -> Result<Value> {
    each(machine, args, &mut |machine, array| ops::apply(&mut machine.host.cx, op, std::slice::from_mut(array)))
}

/// Applies an operation to arguments 0 and 1.
pub fn binary(machine: &mut Machine, args: &mut Args, op: &Op) -> Result<Value> {
    if let (Value::Array(x), Value::Array(y)) = (args.get(0), args.get(1)) {
        // both are let go while the operation runs, which may then work in place
        let mut inputs = [x.clone(), y.clone()];
        *args.value_mut(0) = Value::None;
        *args.value_mut(1) = Value::None;
        let result = ops::apply(&mut machine.host.cx, op, &mut inputs);
        if result.is_err() {
            let [x, y] = inputs;
            *args.value_mut(0) = Value::Array(x);
            *args.value_mut(1) = Value::Array(y);
        }
        return result.map(Value::Array);
    }
    pairs(machine, args, &mut |machine, x, y| ops::apply2(&mut machine.host.cx, op, x, y))
}

/// Applies a function to the leaves of arguments 0 and 1, pair by pair.
pub fn pairs(
    machine: &mut Machine,
    args: &Args,
    f: &mut dyn FnMut(&mut Machine, Array, Array) -> Result<Array>,
) -> Result<Value> {
    for number in [0, 1] {
        if !matches!(args.get(number), Value::Tuple(_) | Value::Record(_)) {
            args.number(number)?;
        }
    }
    map_alike(machine, &[args.get(0), args.get(1)], &mut |machine, leaves| match leaves {
        [x, y] => match (x.as_array(), y.as_array()) {
            (Some(x), Some(y)) => f(machine, x, y).map(Value::Array),
            // text and functions are carried along
            (None, _) => Ok((*x).clone()),
            (_, None) => Ok((*y).clone()),
        },
        _ => Ok(Value::None),
    })
}

/// Applies a function to argument 0: to an array, or to every leaf of a structure.
pub fn each(machine: &mut Machine, args: &mut Args, f: Unary) -> Result<Value> {
    match args.value_mut(0) {
        Value::Array(array) => f(machine, array).map(Value::Array),
        Value::Tuple(_) | Value::Record(_) => {
            let structure = args.get(0).clone();
            machine.map_leaves(structure, &mut |machine, leaf| match leaf.as_array() {
                Some(mut array) => f(machine, &mut array).map(Value::Array),
                None => Ok(leaf),
            })
        }
        _ => {
            let mut array = args.number(0)?;
            f(machine, &mut array).map(Value::Array)
        }
    }
}

/// The same for a function that is given the array itself.
pub fn each_owned(
    machine: &mut Machine,
    args: &mut Args,
    f: &mut dyn FnMut(&mut Machine, Array) -> Result<Array>,
) -> Result<Value> {
    each(machine, args, &mut |machine, array| {
        let kept = array.clone();
        f(machine, mem::take(array)).inspect_err(|_| *array = kept)
    })
}
