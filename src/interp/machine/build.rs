//! Arrays, tuples and records in the making, and taking them apart.

use super::super::value::{Record, Tuple, Value};
use super::Machine;
use super::operator::{operand_array, wrap};
use crate::diagnostics::{Error, Result};
use crate::ops;
use crate::tensor::format;
use std::rc::Rc;

impl Machine {
    /// `[a, b, ...]`
    pub fn stack(&mut self, items: Vec<Value>) -> Result<Value> {
        let mut arrays = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            match operand_array(item) {
                Some(array) => arrays.push(array),
                None => {
                    return Err(Error::ty(format!(
                        "an array holds numbers or strings; item {i} is {}",
                        item.describe()
                    ))
                    .operand(i, item.type_name())
                    .help("a tuple holds anything: `(a, b)`"));
                }
            }
        }
        drop(items);
        let made = ops::stack_values(&mut self.host.cx, arrays).map(wrap)?;
        self.at_home(made)
    }

    pub(super) fn stack_list(&mut self, list: Value) -> Result<Value> {
        match list {
            Value::Tuple(items) => self.stack(Rc::unwrap_or_clone(items).take()),
            other => Ok(other),
        }
    }

    pub(super) fn list_push(&mut self, list: &mut Value, item: Value) -> Result<()> {
        if let (Value::Array(rows), Some(row)) = (&mut *list, operand_array(&item)) {
            // turns before were recorded as one operation
            return ops::append(&mut self.host.cx, rows, row);
        }
        let Value::Tuple(items) = list else { return Ok(()) };
        let items: &mut Tuple = Rc::make_mut(items);
        // growing doubles: looking at powers of two is enough
        if items.0.len().is_power_of_two() {
            let len = items.0.len() * 2;
            self.host.cx.reserve(len, size_of::<Value>(), || format!("a list of {len} items"))?;
        }
        items.0.push(item);
        Ok(())
    }

    pub(super) fn list_spread(&mut self, list: &mut Value, items: Value) -> Result<()> {
        for item in self.items(&items)? {
            self.list_push(list, item)?;
        }
        Ok(())
    }

    pub(super) fn record_push(&mut self, record: &mut Value, name: &Value, value: Value) -> Result<()> {
        if let Value::Record(record) = record {
            Rc::make_mut(record).0.insert(name.as_str().unwrap_or_default().into(), value);
        }
        Ok(())
    }

    pub(super) fn record_spread(&mut self, record: &mut Value, fields: Value) -> Result<()> {
        match (record, fields) {
            (Value::Record(record), Value::Record(fields)) => {
                let fields: Record = Rc::unwrap_or_clone(fields);
                Rc::make_mut(record).0.extend(fields.take());
                Ok(())
            }
            (_, other) => Err(Error::ty(format!("only a record spreads into a record, this is {}", other.describe()))
                .operand(0, other.type_name())),
        }
    }

    /// Text of a value in an f-string.
    pub(super) fn format(&mut self, value: &Value, spec: &Value) -> Result<Value> {
        let spec = spec.as_str().unwrap_or_default();
        if spec.is_empty() {
            return Ok(match value {
                Value::Str(_) => value.clone(),
                other => Value::str(self.host.text(other)),
            });
        }
        self.format_with(value, spec)
    }

    /// Text of a value by Python's format mini-language.
    pub fn format_with(&mut self, value: &Value, spec: &str) -> Result<Value> {
        let parsed = format::parse(spec)?;
        let text = match value {
            Value::Str(text) => format::format_str(text, &parsed)?,
            value => match value.as_array() {
                Some(array) => format::format_array(&array, &parsed, &self.host.cx.print)?,
                None => {
                    return Err(Error::value(format!("the format `{spec}` has no meaning for {}", value.describe()))
                        .operand(0, value.type_name()));
                }
            },
        };
        Ok(Value::str(text))
    }

    /// The `count` items of a tuple, or along the first axis of a tensor.
    pub(super) fn unpack(&mut self, value: Value, count: usize) -> Result<Vec<Value>> {
        let mismatch = |given: usize, value: &Value| {
            let values = if given == 1 { "value" } else { "values" };
            Error::value(format!("{given} {values} for {count} names")).operand(0, value.type_name())
        };
        match value {
            Value::Tuple(items) if items.0.len() == count => Ok(Rc::unwrap_or_clone(items).take()),
            Value::Tuple(ref items) => Err(mismatch(items.0.len(), &value)),
            Value::Record(ref record) if record.0.len() == count => Ok(record.0.values().cloned().collect()),
            Value::Record(ref record) => Err(mismatch(record.0.len(), &value)),
            Value::Array(ref array) if array.ndim() > 0 => {
                if array.shape()[0] != count {
                    return Err(mismatch(array.shape()[0], &value));
                }
                self.items(&value)
            }
            Value::Range(range) => {
                if range.len() != count {
                    return Err(mismatch(range.len(), &Value::Range(range)));
                }
                self.items(&Value::Range(range))
            }
            Value::Str(_) => Err(Error::ty("a string is not taken apart into names").operand(0, "str")),
            other => Err(Error::ty(format!("cannot take {} apart into {count} names", other.describe()))
                .operand(0, other.type_name())),
        }
    }
}
