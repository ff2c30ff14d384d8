//! What a recorded loop carries from turn to turn: the arrays in variables, by number.
//!
//! Values are walked in order; arrays count, text and all that is no array stays as it is.

use super::super::value::{Fields, Value};
use super::meet::{Apart, agree, common, differ};
use super::structure::check_depth;
use crate::diagnostics::Result;
use crate::tensor::{Abstract, Array, DType};

/// The arrays of a value.
pub(super) fn arrays(value: &Value, found: &mut Vec<Array>, depth: usize) -> Result<()> {
    check_depth(depth)?;
    match value {
        Value::Tuple(items) => items.0.iter().try_for_each(|item| arrays(item, found, depth + 1)),
        Value::Record(fields) => fields.0.values().try_for_each(|item| arrays(item, found, depth + 1)),
        Value::Array(array) if is_carried(array) => {
            found.push(array.clone());
            Ok(())
        }
        _ => Ok(()),
    }
}

fn is_carried(array: &Array) -> bool {
    array.dtype() != DType::Str
}

/// A value with other arrays in it, as far as there are any.
pub(super) fn with_arrays(value: &Value, others: &mut impl Iterator<Item = Option<Array>>) -> Value {
    match value {
        Value::Tuple(items) => Value::tuple(items.0.iter().map(|item| with_arrays(item, others)).collect()),
        Value::Record(fields) => {
            let fields: Fields =
                fields.0.iter().map(|(name, item)| (name.clone(), with_arrays(item, others))).collect();
            Value::record(fields)
        }
        Value::Array(array) if is_carried(array) => match others.next().flatten() {
            Some(other) => Value::Array(other),
            None => value.clone(),
        },
        other => other.clone(),
    }
}

/// The arrays of one value, as a turn found them and as it left them.
pub(super) struct Walk<'w> {
    /// The number of the next array.
    pub number: usize,
    /// Those that changed.
    pub changed: &'w mut Vec<(usize, Array)>,
    /// Must they keep their type, or do numbers that were written out take that of what they meet?
    pub exact: bool,
}

impl Walk<'_> {
    pub fn compare(&mut self, before: &Value, after: &Value, depth: usize) -> Result<(), Apart> {
        check_depth(depth).map_err(Apart::Error)?;
        match (before, after) {
            (Value::Tuple(x), Value::Tuple(y)) if x.0.len() == y.0.len() => {
                x.0.iter().zip(&y.0).try_for_each(|(x, y)| self.compare(x, y, depth + 1))
            }
            (Value::Record(x), Value::Record(y)) if x.0.keys().eq(y.0.keys()) => {
                x.0.values().zip(y.0.values()).try_for_each(|(x, y)| self.compare(x, y, depth + 1))
            }
            (Value::Array(x), after) if is_carried(x) => {
                self.number += 1;
                if before.is_identical(after) {
                    return Ok(());
                }
                match after.as_array().filter(is_carried) {
                    Some(y) if self.fits(&x.aval(), &y.aval()) => {
                        self.changed.push((self.number - 1, y));
                        Ok(())
                    }
                    Some(y) => Err(apart(x, &y)),
                    None => Err(differ(before, after)),
                }
            }
            _ if before.is_identical(after) => Ok(()),
            _ => Err(differ(before, after)),
        }
    }

    fn fits(&self, before: &Abstract, after: &Abstract) -> bool {
        if self.exact { before == after } else { agree(before, after) }
    }
}

#[cold]
fn apart(x: &Array, y: &Array) -> Apart {
    let text = |array: &Array| match array.is_weak() {
        true => format!("{} of a number written out", array.type_name()),
        false => array.type_name(),
    };
    match (x.type_name(), y.type_name()) {
        (a, b) if a == b => Apart::Differ(text(x), text(y)),
        (a, b) => Apart::Differ(a, b),
    }
}

/// The type of a carried array that has this one before a turn and that one behind.
pub(super) fn carried_type(before: &Abstract, after: &Array) -> Abstract {
    common(before, &after.aval())
}
