//! Structures whose float leaves are lifted, and lowered again.

use super::wrt::Wrt;
use crate::builtins::structures::map_alike;
use crate::context::Context;
use crate::diagnostics::{Error, Result};
use crate::interp::structure::check_depth;
use crate::interp::{Machine, Value, holds};
use crate::ops::cast::{cast, weaken};
use crate::ops::linear::zeros;
use crate::tensor::{Abstract, Array, DType, Level};
use crate::transform::{depends_on, dual};

/// A value and its tangent, if it moves.
pub type Leaf = (Array, Option<Array>);

/// A whole number or truth value that was written out, as the float that it counts as; others stay. In a graph it may
/// be known only later.
pub fn as_float(cx: &mut Context, array: Array) -> Result<Array> {
    match array {
        Array::Int(number) => Ok(Array::Float(number as f64)),
        Array::Bool(truth) => Ok(Array::Float(f64::from(truth))),
        array if array.is_weak() && !array.dtype().is_float() => {
            let float = cast(cx, array, DType::F64)?;
            weaken(cx, float)
        }
        array => Ok(array),
    }
}

/// Which leaves of a value are floats: where none is, whole numbers that were written out count as such. Beside floats
/// they stay what they are, as a length or a count.
#[derive(Clone, Copy)]
pub struct Floats {
    written_out: bool,
}

impl Floats {
    pub fn of(value: &Value) -> Floats {
        Floats { written_out: !has_float(value, 0) }
    }

    pub fn is(self, leaf: &Value) -> bool {
        matches!(leaf, Value::Array(array) if self.counts(array))
    }

    pub fn counts(self, array: &Array) -> bool {
        array.dtype().is_float() || self.written_out && array.is_weak() && array.dtype().is_integer()
    }

    /// A leaf as a float if it counts as one.
    pub fn array(self, cx: &mut Context, array: Array) -> Result<Array> {
        if self.counts(&array) { as_float(cx, array) } else { Ok(array) }
    }

    /// The float that a leaf is, if it is one.
    pub fn get(self, cx: &mut Context, leaf: &Value) -> Result<Option<Array>> {
        match leaf {
            Value::Array(array) if self.counts(array) => as_float(cx, array.clone()).map(Some),
            _ => Ok(None),
        }
    }
}

fn has_float(value: &Value, depth: usize) -> bool {
    match value {
        _ if check_depth(depth).is_err() => false,
        Value::Array(array) => array.dtype().is_float(),
        Value::Tuple(items) => items.0.iter().any(|item| has_float(item, depth + 1)),
        Value::Record(record) => record.0.values().any(|item| has_float(item, depth + 1)),
        _ => false,
    }
}

/// Replaces the float leaves of an argument to differentiate by. Without one there is nothing to do, which is an error.
pub fn lift_leaves(
    machine: &mut Machine,
    number: usize,
    value: &Value,
    lift: &mut dyn FnMut(&mut Machine, Array) -> Result<Array>,
) -> Result<Value> {
    let mut count = 0;
    let which = Floats::of(value);
    let lifted = map_alike(machine, &[value], &mut |machine, leaves| match leaves {
        [leaf] => match which.get(&mut machine.host.cx, leaf)? {
            Some(array) => {
                count += 1;
                lift(machine, array).map(Value::Array)
            }
            None => Ok((*leaf).clone()),
        },
        _ => Ok(Value::None),
    })?;
    if count == 0 { Err(no_float(value, number)) } else { Ok(lifted) }
}

/// The float leaves of a value, in order.
pub fn floats(machine: &mut Machine, value: &Value) -> Result<Vec<Array>> {
    let mut found = vec![];
    let which = Floats::of(value);
    map_alike(machine, &[value], &mut |machine, leaves| {
        if let [leaf] = leaves {
            found.extend(which.get(&mut machine.host.cx, leaf)?);
        }
        Ok(Value::None)
    })?;
    Ok(found)
}

/// A value whose leaves that count as floats are floats.
pub fn floated(machine: &mut Machine, value: &Value) -> Result<Value> {
    let which = Floats::of(value);
    map_alike(machine, &[value], &mut |machine, leaves| match leaves {
        [Value::Array(array)] => which.array(&mut machine.host.cx, array.clone()).map(Value::Array),
        [leaf] => Ok((*leaf).clone()),
        _ => Ok(Value::None),
    })
}

/// A structure of the form of another, with one value for each of its float leaves and `none` for what has no
/// derivative.
pub fn with_floats(
    machine: &mut Machine,
    like: &Value,
    next: &mut dyn FnMut(&mut Machine) -> Result<Value>,
) -> Result<Value> {
    let which = Floats::of(like);
    map_alike(machine, &[like], &mut |machine, leaves| match leaves {
        [leaf] if which.is(leaf) => next(machine),
        _ => Ok(Value::None),
    })
}

/// A value without its tangents; these, array by array.
pub fn lower(machine: &mut Machine, name: &str, value: &Value, level: Level) -> Result<(Value, Vec<Leaf>)> {
    check_results(name, value, level)?;
    let mut leaves = vec![];
    let lowered = map_alike(machine, &[value], &mut |_, found| match found {
        [Value::Array(array)] => {
            let (primal, tangent) = dual::parts(array, level);
            leaves.push((primal.clone(), tangent));
            Ok(Value::Array(primal))
        }
        [leaf] => Ok((*leaf).clone()),
        _ => Ok(Value::None),
    })?;
    Ok((lowered, leaves))
}

/// Errors where a function in a result holds a value of the transform that is being left: it has no meaning outside.
pub fn check_results(name: &str, value: &Value, level: Level) -> Result<()> {
    if !holds(value, &|array| depends_on(array, level)) {
        return Ok(());
    }
    Err(Error::ty(format!("a function in the result holds a value of `{name}`, which has no meaning outside"))
        .help("give the value itself as a result, and make the function of it there"))
}

/// Gradients in the form of the arguments; `none` stands for what has no derivative.
pub fn gradients(
    machine: &mut Machine,
    args: &[Value],
    wrt: &Wrt,
    found: Vec<Option<Array>>,
    avals: &[Abstract],
) -> Result<Value> {
    let mut found = found.into_iter().zip(avals);
    let mut all = vec![];
    for (_, arg) in wrt.arguments(args)? {
        all.push(with_floats(machine, arg, &mut |machine| match found.next() {
            Some((Some(gradient), _)) => Ok(Value::Array(gradient)),
            Some((None, aval)) => zeros(&mut machine.host.cx, aval).map(Value::Array),
            None => Ok(Value::None),
        })?);
    }
    machine.settle(wrt.joined(all))
}

/// Errors where a value has not the form of another: a number among structures would stand at every leaf, and a text be
/// passed over. `none` has any form: nothing moves there.
pub fn check_form(what: &str, value: &Value, like: &Value) -> Result<()> {
    fn check(what: &str, value: &Value, like: &Value, depth: usize) -> Result<()> {
        check_depth(depth)?;
        let fits = match (value, like) {
            (Value::None, _) => true,
            (Value::Array(value), Value::Array(like)) => {
                if value.shape() != like.shape() && (like.dtype().is_float() || like.is_weak()) {
                    let message = format!("{what} is {} for a value of {}", value.type_name(), like.type_name());
                    return Err(Error::shape(message).help("they have one shape"));
                }
                true
            }
            (Value::Tuple(values), Value::Tuple(like)) if values.0.len() == like.0.len() => {
                return values.0.iter().zip(&like.0).try_for_each(|(value, like)| check(what, value, like, depth + 1));
            }
            (Value::Record(values), Value::Record(like)) if values.0.len() == like.0.len() => {
                return values.0.iter().try_for_each(|(name, value)| match like.0.get(name) {
                    Some(like) => check(what, value, like, depth + 1),
                    None => {
                        Err(Error::ty(format!("{what} has a field `{name}`, and there is none in what it belongs to")))
                    }
                });
            }
            // text and functions do not move
            (_, like) => !matches!(like, Value::Array(_) | Value::Tuple(_) | Value::Record(_)),
        };
        if fits {
            return Ok(());
        }
        let error =
            Error::ty(format!("{what} is {}, its form has to be that of {}", value.type_name(), like.type_name()));
        let (Value::Record(values), Value::Record(like)) = (value, like) else { return Err(error) };
        Err(match like.0.keys().find(|name| !values.0.contains_key(*name)) {
            Some(name) => error.help(format!("the field `{name}` is missing; `{name}=none` is zero")),
            None => error,
        })
    }
    check(what, value, like, 0)
}

/// The error of an argument without a float in it.
#[cold]
fn no_float(value: &Value, number: usize) -> Error {
    let error = Error::ty(format!("there is nothing to differentiate by in {}", value.describe()))
        .operand(number, value.type_name());
    if let Value::Range(_) = value {
        return error.help("a range holds whole numbers: `f64(x)` makes floats of them");
    }
    match whole_numbers(value, 0) {
        Some(array) => match literal(array) {
            Some(text) => error.help(format!("whole numbers have no derivative: write floats, `{text}`, or `f64(x)`")),
            None => error.help("whole numbers have no derivative: `f64(x)`, on a GPU `f32(x)`, makes floats of them"),
        },
        None => error.help("a float, or a structure with floats in it, is needed"),
    }
}

/// The first array of whole numbers in a value.
fn whole_numbers(value: &Value, depth: usize) -> Option<&Array> {
    check_depth(depth).ok()?;
    match value {
        Value::Array(array) => Some(array).filter(|array| array.dtype().is_integer()),
        Value::Tuple(items) => items.0.iter().find_map(|item| whole_numbers(item, depth + 1)),
        Value::Record(record) => record.0.values().find_map(|item| whole_numbers(item, depth + 1)),
        _ => None,
    }
}

/// Elements up to which a value is written out as a literal.
const WRITTEN_OUT: usize = 16;

/// Whole numbers as a program writes them as floats: `[[1., 2.], [3., 4.]]`.
fn literal(array: &Array) -> Option<String> {
    fn rows(numbers: &[String], shape: &[usize]) -> String {
        match shape {
            [] => numbers.concat(),
            [len, row @ ..] => {
                let size = numbers.len() / len.max(&1);
                let rows: Vec<String> = numbers.chunks(size.max(1)).map(|numbers| rows(numbers, row)).collect();
                format!("[{}]", rows.join(", "))
            }
        }
    }
    let tensor = array.to_tensor().filter(|tensor| (1..=WRITTEN_OUT).contains(&tensor.size()))?;
    let number = |at| tensor.scalar(at).and_then(|number| number.as_i64()).map(|number| format!("{number}."));
    let numbers: Vec<String> = (0..tensor.size()).map(number).collect::<Option<_>>()?;
    Some(rows(&numbers, tensor.shape()))
}
