//! Tuples and records as vectors: operations on their leaves.
//!
//! Strings and functions among the leaves stay as they are; `none`, the gradient of such a leaf, adds nothing.

use super::super::value::{Fields, Value};
use super::Machine;
use crate::context::Context;
use crate::diagnostics::{Error, Kind, Result};
use nabla_grammar::tree::BinaryOp;
use std::rc::Rc;

/// Structures may nest this deep where they are worked on as a whole.
const MAX_DEPTH: usize = 1000;

pub fn check_depth(depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Error::new(Kind::Overflow, format!("a structure nested deeper than {MAX_DEPTH}")));
    }
    Ok(())
}

/// Errors where a structure is too deep or too large to be rebuilt. What it holds twice counts twice: `x = (x, x)` makes
/// two values of one in no memory at all, and the result of an operation shares nothing.
pub fn check_size(cx: &Context, value: &Value) -> Result<()> {
    fn add(cx: &Context, value: &Value, depth: usize, bytes: &mut usize) -> Result<()> {
        check_depth(depth)?;
        cx.check()?;
        let own = match value {
            Value::Array(array) => array.size().saturating_mul(array.dtype().size()),
            _ => 0,
        };
        *bytes = bytes.saturating_add(own).saturating_add(size_of::<Value>());
        if *bytes > cx.limits.memory {
            return Ok(());
        }
        match value {
            Value::Tuple(tuple) => tuple.0.iter().try_for_each(|item| add(cx, item, depth + 1, bytes)),
            Value::Record(record) => record.0.values().try_for_each(|item| add(cx, item, depth + 1, bytes)),
            _ => Ok(()),
        }
    }
    let mut bytes = 0;
    add(cx, value, 0, &mut bytes)?;
    cx.reserve(bytes, 1, || "a structure like this one".into())
}

/// A function of one leaf.
pub type LeafFn<'f> = &'f mut dyn FnMut(&mut Machine, Value) -> Result<Value>;

impl Machine {
    /// Applies `f` to the numeric leaves of a structure, or to a value that is none.
    pub fn map_leaves(&mut self, value: Value, f: LeafFn) -> Result<Value> {
        match value {
            Value::Tuple(_) | Value::Record(_) => {
                check_size(&self.host.cx, &value)?;
                self.map_inside(value, f)
            }
            leaf => f(self, leaf),
        }
    }

    fn map_inside(&mut self, value: Value, f: LeafFn) -> Result<Value> {
        match value {
            Value::Tuple(items) => {
                let mut mapped = Vec::with_capacity(items.0.len());
                for item in Rc::unwrap_or_clone(items).take() {
                    mapped.push(self.map_inside(item, f)?);
                }
                Ok(Value::tuple(mapped))
            }
            Value::Record(record) => {
                let mut mapped = Fields::default();
                for (name, item) in Rc::unwrap_or_clone(record).take() {
                    mapped.insert(name, self.map_inside(item, f)?);
                }
                Ok(Value::record(mapped))
            }
            leaf @ (Value::Array(_) | Value::Range(_)) => f(self, leaf),
            other => Ok(other),
        }
    }

    /// `x op y` where at least one is a structure: leaf by leaf. On error both are as they were.
    pub(super) fn zip(&mut self, op: BinaryOp, operands: &mut [Value; 2]) -> Result<Value> {
        for operand in operands.iter() {
            check_size(&self.host.cx, operand)?;
        }
        check_alike(&operands[0], &operands[1], &mut String::new(), 0)?;
        if operands.iter().any(|value| matches!(value, Value::Str(_) | Value::Function(_) | Value::Builtin(_))) {
            let [x, y] = operands;
            let message =
                format!("`{}` has no meaning for {} and {}", super::operator::symbol(op), x.describe(), y.describe());
            return Err(Error::ty(message).operand(0, x.type_name()).operand(1, y.type_name()));
        }
        let [x, y] = operands;
        // leaves nobody else holds are worked on in place, so an error must not find them half done
        if self.zip_is_sure(op, x, y) {
            return self.zip_inside(op, std::mem::take(x), std::mem::take(y), &mut String::new());
        }
        self.zip_inside(op, x.clone(), y.clone(), &mut String::new())
    }

    /// Will the operation on all leaves succeed, so that the operands may be used up? Decided without computing.
    fn zip_is_sure(&self, op: BinaryOp, x: &Value, y: &Value) -> bool {
        if !matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul) {
            return false;
        }
        match (x, y) {
            (Value::Tuple(a), Value::Tuple(b)) => a.0.iter().zip(&b.0).all(|(a, b)| self.zip_is_sure(op, a, b)),
            (Value::Record(a), Value::Record(b)) => {
                a.0.iter().all(|(name, a)| b.0.get(name).is_some_and(|b| self.zip_is_sure(op, a, b)))
            }
            (Value::Tuple(a), b @ Value::Array(_)) => a.0.iter().all(|a| self.zip_is_sure(op, a, b)),
            (a @ Value::Array(_), Value::Tuple(b)) => b.0.iter().all(|b| self.zip_is_sure(op, a, b)),
            (Value::Record(a), b @ Value::Array(_)) => a.0.values().all(|a| self.zip_is_sure(op, a, b)),
            (a @ Value::Array(_), Value::Record(b)) => b.0.values().all(|b| self.zip_is_sure(op, a, b)),
            (Value::Array(a), Value::Array(b)) => {
                a.dtype().is_float()
                    && b.dtype().is_float()
                    && (a.shape() == b.shape() || a.ndim() == 0 || b.ndim() == 0)
            }
            _ => false,
        }
    }

    /// `path` leads to here, for messages.
    fn zip_inside(&mut self, op: BinaryOp, x: Value, y: Value, path: &mut String) -> Result<Value> {
        let mark = path.len();
        match (x, y) {
            (Value::Tuple(x), Value::Tuple(y)) => {
                let (x, y) = (Rc::unwrap_or_clone(x).take(), Rc::unwrap_or_clone(y).take());
                let mut items = Vec::with_capacity(x.len());
                for (i, (x, y)) in x.into_iter().zip(y).enumerate() {
                    path.push_str(&format!("[{i}]"));
                    items.push(self.zip_inside(op, x, y, path)?);
                    path.truncate(mark);
                }
                Ok(Value::tuple(items))
            }
            (Value::Record(x), Value::Record(y)) => {
                let (x, mut y) = (Rc::unwrap_or_clone(x).take(), Rc::unwrap_or_clone(y).take());
                let mut fields = Fields::default();
                for (name, value) in x {
                    let other = y.get_mut(&name).map(std::mem::take).unwrap_or(Value::None);
                    path.push_str(if mark == 0 { "" } else { "." });
                    path.push_str(&name);
                    let value = self.zip_inside(op, value, other, path)?;
                    path.truncate(mark);
                    fields.insert(name, value);
                }
                Ok(Value::record(fields))
            }
            (x @ (Value::Tuple(_) | Value::Record(_)), y) => {
                self.map_all(x, &mut |machine, leaf| machine.zip_leaf(op, leaf, y.clone()))
            }
            (x, y @ (Value::Tuple(_) | Value::Record(_))) => {
                self.map_all(y, &mut |machine, leaf| machine.zip_leaf(op, x.clone(), leaf))
            }
            (x, y) => self.zip_leaf(op, x, y).map_err(|mut error| {
                if !path.is_empty() {
                    let message = &mut error.details_mut().message;
                    *message = format!("at `{path}` of the structures: {message}");
                }
                error
            }),
        }
    }

    /// Applies `f` to every leaf, strings and functions too.
    fn map_all(&mut self, value: Value, f: LeafFn) -> Result<Value> {
        match value {
            Value::Tuple(items) => {
                let items: Result<Vec<Value>> =
                    Rc::unwrap_or_clone(items).take().into_iter().map(|item| self.map_all(item, f)).collect();
                Ok(Value::tuple(items?))
            }
            Value::Record(record) => {
                let mut fields = Fields::default();
                for (name, value) in Rc::unwrap_or_clone(record).take() {
                    fields.insert(name, self.map_all(value, f)?);
                }
                Ok(Value::record(fields))
            }
            leaf => f(self, leaf),
        }
    }

    fn zip_leaf(&mut self, op: BinaryOp, x: Value, y: Value) -> Result<Value> {
        match (&x, &y) {
            // text and functions are carried along
            (Value::Array(_) | Value::Range(_) | Value::None, Value::Array(_) | Value::Range(_) | Value::None) => {
                self.binary(op, &mut [x, y])
            }
            (Value::Array(_) | Value::Range(_) | Value::None, _) => Ok(y),
            _ => Ok(x),
        }
    }
}

/// Errors where two structures differ, naming the field.
pub fn check_alike(x: &Value, y: &Value, path: &mut String, depth: usize) -> Result<()> {
    check_depth(depth)?;
    let differ = |path: &str, message: String| {
        let at = if path.is_empty() { String::new() } else { format!(" at `{path}`") };
        Err(Error::ty(format!("the structures differ{at}: {message}"))
            .operand(0, x.type_name())
            .operand(1, y.type_name()))
    };
    let mark = path.len();
    match (x, y) {
        (Value::Tuple(a), Value::Tuple(b)) => {
            if a.0.len() != b.0.len() {
                return differ(path, format!("one has {} items, the other {}", a.0.len(), b.0.len()));
            }
            for (i, (a, b)) in a.0.iter().zip(&b.0).enumerate() {
                path.push_str(&format!("[{i}]"));
                check_alike(a, b, path, depth + 1)?;
                path.truncate(mark);
            }
            Ok(())
        }
        (Value::Record(a), Value::Record(b)) => {
            if let Some(name) = b.0.keys().find(|name| !a.0.contains_key(*name)) {
                return differ(path, format!("the first has no field `{name}`"));
            }
            for (name, a) in &a.0 {
                let Some(b) = b.0.get(name) else {
                    return differ(path, format!("the second has no field `{name}`"));
                };
                path.push_str(if mark == 0 { "" } else { "." });
                path.push_str(name);
                check_alike(a, b, path, depth + 1)?;
                path.truncate(mark);
            }
            Ok(())
        }
        (Value::Tuple(_), Value::Record(_)) | (Value::Record(_), Value::Tuple(_)) => {
            differ(path, "a tuple and a record".into())
        }
        _ => Ok(()),
    }
}
