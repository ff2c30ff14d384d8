//! What a trace depended on: the structure of values, what their arrays are, and all that is no array.

use crate::diagnostics::Result;
use crate::graph::type_text;
use crate::interp::structure::{check_depth, check_size};
use crate::interp::{Fields, Machine, Value};
use crate::tensor::{Abstract, Array, DType};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// A value without its arrays, in the order of a walk.
pub enum Part {
    Tuple(usize),
    Record(Vec<Rc<str>>),
    Array(Abstract),
    /// Anything else: text, functions, truth values that were written out.
    Fixed(Value),
}

impl Part {
    fn is_like(&self, other: &Part) -> bool {
        match (self, other) {
            (Part::Tuple(x), Part::Tuple(y)) => x == y,
            (Part::Record(x), Part::Record(y)) => x == y,
            (Part::Array(x), Part::Array(y)) => x == y,
            (Part::Fixed(x), Part::Fixed(y)) => x.is_identical(y),
            _ => false,
        }
    }

    /// In the words of a reason.
    fn describe(&self) -> String {
        match self {
            Part::Tuple(count) => format!("a tuple of {count}"),
            Part::Record(names) => format!("a record of ({})", names.join(", ")),
            Part::Array(aval) => type_text(aval),
            Part::Fixed(Value::Str(text)) => format!("{text:.40?}"),
            Part::Fixed(Value::Array(Array::Bool(truth))) => truth.to_string(),
            Part::Fixed(value) => value.describe(),
        }
    }
}

/// A value taken apart.
#[derive(Default)]
pub struct Flat {
    pub parts: Vec<Part>,
    pub arrays: Vec<Array>,
}

impl Flat {
    pub fn of(machine: &Machine, values: &[Value]) -> Result<Flat> {
        let mut flat = Flat::default();
        for value in values {
            check_size(&machine.host.cx, value)?;
            flat.add(value, 0)?;
        }
        Ok(flat)
    }

    fn add(&mut self, value: &Value, depth: usize) -> Result<()> {
        check_depth(depth)?;
        match value {
            Value::Tuple(tuple) => {
                self.parts.push(Part::Tuple(tuple.0.len()));
                tuple.0.iter().try_for_each(|item| self.add(item, depth + 1))?;
            }
            Value::Record(record) => {
                self.parts.push(Part::Record(record.0.keys().cloned().collect()));
                record.0.values().try_for_each(|item| self.add(item, depth + 1))?;
            }
            Value::Array(array) if is_input(array) => {
                self.parts.push(Part::Array(array.aval()));
                self.arrays.push(array.clone());
            }
            other => self.parts.push(Part::Fixed(other.clone())),
        }
        Ok(())
    }

    pub fn is_like(&self, parts: &[Part]) -> bool {
        self.parts.len() == parts.len() && self.parts.iter().zip(parts).all(|(x, y)| x.is_like(y))
    }
}

/// Numbers are inputs of a graph; text and truth values that were written out are not.
fn is_input(array: &Array) -> bool {
    array.dtype() != DType::Str && !matches!(array, Array::Bool(_))
}

/// A value with other arrays in it, in the order of `Flat`.
pub fn with_arrays(value: &Value, arrays: &mut impl Iterator<Item = Array>) -> Value {
    match value {
        Value::Tuple(tuple) => Value::tuple(tuple.0.iter().map(|item| with_arrays(item, arrays)).collect()),
        Value::Record(record) => {
            let fields: Fields =
                record.0.iter().map(|(name, item)| (name.clone(), with_arrays(item, arrays))).collect();
            Value::record(fields)
        }
        Value::Array(array) if is_input(array) => arrays.next().map_or(Value::None, Value::Array),
        other => other.clone(),
    }
}

/// How each part of a value is reached, in the order of `Flat`: `p`, `p.w`, `p.w[0]`. The value has been walked before.
pub fn paths(name: String, value: &Value, found: &mut Vec<String>) {
    found.push(name.clone());
    match value {
        Value::Tuple(tuple) => {
            tuple.0.iter().enumerate().for_each(|(i, item)| paths(format!("{name}[{i}]"), item, found));
        }
        Value::Record(record) => {
            let dot = if name.is_empty() { "" } else { "." };
            record.0.iter().for_each(|(field, item)| paths(format!("{name}{dot}{field}"), item, found));
        }
        _ => {}
    }
}

/// The paths of the arrays among the parts.
pub fn of_arrays(parts: &[Part], paths: Vec<String>) -> Vec<String> {
    let arrays = parts.iter().zip(paths).filter(|(part, _)| matches!(part, Part::Array(_)));
    arrays.map(|(_, path)| path).collect()
}

/// The first difference between what was and what is, whose parts have these paths.
pub fn difference(was: &[Part], is: &[Part], paths: &[String]) -> Option<String> {
    let (at, (was, is)) = was.iter().zip(is).enumerate().find(|(_, (was, is))| !was.is_like(is))?;
    let path = paths.get(at).map_or("", String::as_str);
    Some(match (was.describe(), is.describe()) {
        (was, is) if was == is => format!("{path}: another {}", is.trim_start_matches("a ")),
        (was, is) => format!("{path}: {was} became {is}"),
    })
}

/// A number for parts that are alike; others may have it, too.
pub fn fingerprint<'p>(parts: impl Iterator<Item = &'p Part>) -> u64 {
    let mut hasher = FxHasher::default();
    for part in parts {
        match part {
            Part::Array(aval) => (aval.dtype as usize, aval.weak, aval.shape.as_slice(), aval.device).hash(&mut hasher),
            other => other.describe().hash(&mut hasher),
        }
    }
    hasher.finish()
}
