//! What the two ways of a recorded `if` leave in one place, as one value.
//!
//! Values that are the same stay; arrays of one shape and dtype become results to choose from; anything else is an error
//! that shows both.

use super::super::tables::Branch;
use super::super::value::{Fields, Value};
use super::structure::{check_depth, check_size};
use crate::context::Context;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::linear::cast_back;
use crate::ops::{cast, cast::weaken};
use crate::tensor::{Abstract, Array, DType};

/// The arrays of one place after each way.
pub(super) type Pair = [Array; 2];

/// Why two values cannot become one.
pub(super) enum Apart {
    /// What each is.
    Differ(String, String),
    /// They cannot even be compared.
    Error(Error),
}

impl Apart {
    /// The error for a place of this name.
    #[cold]
    pub fn error(self, name: &str, branch: &Branch) -> Error {
        let (x, y) = match self {
            Apart::Error(error) => return error,
            Apart::Differ(x, y) => (x, y),
        };
        let message = format!("the ways of an `if` in a graph differ: {name} is {x} after one, {y} after the other");
        let error = Error::new(Kind::Graph, message)
            .label(branch.then, x)
            .help("both must give one structure, shape and dtype: which one runs is known only later");
        match branch.otherwise {
            Some(span) => error.label(span, y),
            None => error.help("without `else` the value is none, and variables stay as they were"),
        }
    }
}

/// Finds the arrays in which two values differ, in order.
pub(super) fn collect(cx: &Context, x: &Value, y: &Value, pairs: &mut Vec<Pair>) -> Result<(), Apart> {
    if is_settled(x, y) {
        return Ok(());
    }
    // a structure may hold itself many times over
    check_size(cx, x).and_then(|()| check_size(cx, y)).map_err(Apart::Error)?;
    collect_inside(cx, x, y, pairs, 0)
}

fn collect_inside(cx: &Context, x: &Value, y: &Value, pairs: &mut Vec<Pair>, depth: usize) -> Result<(), Apart> {
    if is_settled(x, y) {
        return Ok(());
    }
    cx.check().and_then(|()| check_depth(depth)).map_err(Apart::Error)?;
    match (x, y) {
        (Value::Tuple(x), Value::Tuple(y)) if x.0.len() == y.0.len() => {
            x.0.iter().zip(&y.0).try_for_each(|(x, y)| collect_inside(cx, x, y, pairs, depth + 1))
        }
        (Value::Record(x), Value::Record(y)) if x.0.keys().eq(y.0.keys()) => {
            x.0.values().zip(y.0.values()).try_for_each(|(x, y)| collect_inside(cx, x, y, pairs, depth + 1))
        }
        (x, y) => match (x.as_array(), y.as_array()) {
            (Some(a), Some(b)) if agree(&a.aval(), &b.aval()) => {
                pairs.push([a, b]);
                Ok(())
            }
            (Some(a), Some(b)) => Err(Apart::Differ(a.type_name(), b.type_name())),
            _ => Err(differ(x, y)),
        },
    }
}

#[cold]
pub(super) fn differ(x: &Value, y: &Value) -> Apart {
    if let (Value::Str(x), Value::Str(y)) = (x, y) {
        return Apart::Differ(format!("{x:.40?}"), format!("{y:.40?}"));
    }
    match (x.describe(), y.describe()) {
        (a, b) if a == b => Apart::Differ(x.type_name(), y.type_name()),
        (a, b) => Apart::Differ(a, b),
    }
}

/// The value that takes the place of both, with results in the order of `collect`.
pub(super) fn rebuilt(x: &Value, y: &Value, found: &mut impl Iterator<Item = Array>) -> Value {
    if x.is_undefined() || y.is_undefined() {
        // whoever reads it learns that it has no value yet
        return Value::Undefined;
    }
    if is_settled(x, y) {
        return x.clone();
    }
    match (x, y) {
        (Value::Tuple(x), Value::Tuple(y)) => {
            Value::tuple(x.0.iter().zip(&y.0).map(|(x, y)| rebuilt(x, y, found)).collect())
        }
        (Value::Record(x), Value::Record(y)) => {
            let fields: Fields =
                x.0.iter().zip(y.0.values()).map(|((name, x), y)| (name.clone(), rebuilt(x, y, found))).collect();
            Value::record(fields)
        }
        _ => found.next().map_or(Value::Undefined, Value::Array),
    }
}

/// Is there nothing to choose between?
fn is_settled(x: &Value, y: &Value) -> bool {
    x.is_undefined() || y.is_undefined() || x.is_identical(y)
}

/// May one take the place of the other? Numbers that were written out take the type of what they meet.
pub(super) fn agree(x: &Abstract, y: &Abstract) -> bool {
    let fits = |weak: &Abstract, other: &Abstract| {
        weak.weak
            && (other.dtype.is_float() && weak.dtype != DType::Bool
                || weak.dtype.is_integer() && other.dtype.is_integer())
    };
    let placed = x.device == y.device || x.weak || y.weak;
    x.shape == y.shape && placed && (x.dtype == y.dtype || fits(x, y) || fits(y, x))
}

/// The type of the value that takes the place of both.
pub(super) fn common(x: &Abstract, y: &Abstract) -> Abstract {
    match (x.weak, y.weak) {
        (true, false) => y,
        (false, true) => x,
        _ if y.dtype.is_float() => y,
        _ => x,
    }
    .clone()
}

/// A value in the type of the other way's; only numbers that were written out differ.
pub(super) fn in_type(cx: &mut Context, value: Array, like: &Abstract) -> Result<Array> {
    if value.dtype() == like.dtype && value.is_weak() == like.weak {
        return Ok(value);
    }
    if like.weak {
        let typed = cast(cx, value, like.dtype)?;
        return weaken(cx, typed);
    }
    cast_back(cx, value, like)
}
