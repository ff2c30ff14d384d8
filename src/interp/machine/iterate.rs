//! Loops over values: the first axis of a tensor, a tuple, a range, the characters of a string.

use super::super::code::Reg;
use super::super::value::Value;
use super::Machine;
use super::operator::{bound, wrap};
use super::registers::{Window, set};
use crate::diagnostics::{Error, Result};
use crate::ops::index::{self, Index};
use crate::tensor::Array;

impl Machine {
    /// Prepares registers `a` and `a + 1`: for a range the next number and the end, else the sequence and the next place.
    pub(super) fn iterate(&mut self, regs: &mut Window, a: Reg) -> Result<()> {
        let a = usize::from(a);
        let start = match &regs[a] {
            Value::Range(range) => {
                let range = **range;
                regs[a] = Value::int(range.start);
                Value::int(range.end)
            }
            Value::Tuple(_) | Value::Str(_) => Value::int(0),
            Value::Array(array) if array.ndim() > 0 => Value::int(0),
            other => return Err(not_iterable(other)),
        };
        set(&mut regs[a + 1], start);
        Ok(())
    }

    pub(super) fn iterate_range(&mut self, regs: &mut Window, a: Reg) -> Result<()> {
        let a = usize::from(a);
        let (start, end) = (bound(&regs[a], 0)?, bound(&regs[a + 1], 1)?);
        set(&mut regs[a], Value::int(start));
        set(&mut regs[a + 1], Value::int(end));
        Ok(())
    }

    /// Puts the next item of a sequence into `d`; says whether there was one.
    #[inline(never)]
    pub(super) fn next_item(&mut self, regs: &mut Window, a: Reg, d: Reg) -> Result<bool> {
        let a = usize::from(a);
        let Value::Array(Array::Int(at)) = regs[a + 1] else { return Ok(false) };
        // the place in a string is one in its bytes
        let mut next = at + 1;
        let item = match &regs[a] {
            Value::Str(text) => text.get(at as usize..).and_then(|rest| rest.chars().next()).map(|c| {
                next = at + c.len_utf8() as i64;
                Value::str(c)
            }),
            Value::Tuple(tuple) => tuple.0.get(at as usize).cloned(),
            Value::Array(Array::Tensor(tensor)) if (at as usize) < tensor.shape()[0] => match index::get_at(tensor, at)
            {
                Some(element) => Some(Value::Array(element)),
                None => {
                    let array = Array::Tensor(tensor.clone());
                    Some(wrap(index::get(&mut self.host.cx, &array, &[Index::At(at)])?))
                }
            },
            Value::Array(array @ Array::Lifted(_)) if (at as usize) < array.shape()[0] => {
                let array = array.clone();
                Some(wrap(index::get(&mut self.host.cx, &array, &[Index::At(at)])?))
            }
            _ => None,
        };
        let Some(item) = item else { return Ok(false) };
        regs[a + 1] = Value::int(next);
        set(&mut regs[usize::from(d)], item);
        Ok(true)
    }

    /// All items of a sequence.
    pub fn items(&mut self, value: &Value) -> Result<Vec<Value>> {
        Ok(match value {
            Value::Tuple(tuple) => tuple.0.clone(),
            Value::Str(text) => {
                let (count, width) = (text.chars().count(), size_of::<Value>() + size_of::<String>());
                self.host.cx.reserve(count, width, || "the characters of this string".into())?;
                text.chars().map(Value::str).collect()
            }
            Value::Range(range) => {
                self.host.cx.reserve(range.len(), size_of::<Value>(), || "this range".into())?;
                (range.start..range.end).map(Value::int).collect()
            }
            Value::Array(array) if array.ndim() > 0 => {
                let len = array.shape()[0];
                self.host.cx.reserve(len, size_of::<Value>(), || "the items of this tensor".into())?;
                let mut items = Vec::with_capacity(len);
                for at in 0..len as i64 {
                    let element = match array {
                        Array::Tensor(tensor) => index::get_at(tensor, at),
                        _ => None,
                    };
                    items.push(match element {
                        Some(element) => Value::Array(element),
                        None => wrap(index::get(&mut self.host.cx, array, &[Index::At(at)])?),
                    });
                }
                items
            }
            other => return Err(not_iterable(other)),
        })
    }
}

#[cold]
fn not_iterable(value: &Value) -> Error {
    let error = Error::ty(format!("cannot loop over {}", value.describe())).operand(0, value.type_name());
    match value {
        Value::Record(_) => error.help("loop over `keys(r)` or `values(r)`"),
        Value::Array(Array::Int(_)) => error.help("a range counts: `0..n`"),
        _ => error,
    }
}
