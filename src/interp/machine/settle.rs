//! Values that wait, or that a transform made, where the machine needs their elements.

use super::super::code::Reg;
use super::super::value::{Fields, Value};
use super::Machine;
use super::registers::Window;
use super::structure::check_depth;
use crate::diagnostics::Result;
use crate::tensor::Array;
use crate::transform::{self, pending};
use std::rc::Rc;

impl Machine {
    /// Runs all that waits, and gives a value without anything in it that waited: a statement has come to its end.
    #[inline]
    pub fn settle(&mut self, value: Value) -> Result<Value> {
        if !pending::any(&self.host.cx) {
            return Ok(value);
        }
        pending::settle_all(&mut self.host.cx)?;
        self.settled(value, 0)
    }

    /// The same for a value in a register.
    #[inline(never)]
    pub(super) fn settle_register(&mut self, regs: &mut Window, reg: Reg) -> Result<()> {
        pending::settle_all(&mut self.host.cx)?;
        let value = std::mem::take(&mut regs[usize::from(reg)]);
        regs[usize::from(reg)] = self.settled(value, 0)?;
        Ok(())
    }

    fn settled(&mut self, value: Value, depth: usize) -> Result<Value> {
        check_depth(depth)?;
        Ok(match value {
            Value::Array(array @ Array::Lifted(_)) => Value::Array(pending::settled(&mut self.host.cx, &array)?),
            Value::Tuple(items) => {
                let mut items = Rc::unwrap_or_clone(items);
                for item in &mut items.0 {
                    *item = self.settled(std::mem::take(item), depth + 1)?;
                }
                Value::Tuple(Rc::new(items))
            }
            Value::Record(record) => {
                let mut record = Rc::unwrap_or_clone(record);
                for item in record.0.values_mut() {
                    *item = self.settled(std::mem::take(item), depth + 1)?;
                }
                Value::Record(Rc::new(record))
            }
            other => other,
        })
    }

    /// A value whose elements are at hand, in structures, too: to be shown, compared or written.
    pub fn at_hand(&mut self, value: &Value) -> Result<Value> {
        if self.is_at_hand(value, 0) { Ok(value.clone()) } else { self.bring(value, 0) }
    }

    fn is_at_hand(&self, value: &Value, depth: usize) -> bool {
        // deeper structures are cut short where they are shown
        depth > 64
            || match value {
                Value::Array(array) => !array.is_lifted(),
                Value::Tuple(items) => items.0.iter().take(1000).all(|item| self.is_at_hand(item, depth + 1)),
                Value::Record(fields) => fields.0.values().take(1000).all(|item| self.is_at_hand(item, depth + 1)),
                _ => true,
            }
    }

    fn bring(&mut self, value: &Value, depth: usize) -> Result<Value> {
        check_depth(depth)?;
        self.host.cx.check()?;
        Ok(match value {
            Value::Array(array) => Value::Array(transform::concrete(&mut self.host.cx, array)?),
            Value::Tuple(items) => {
                let items: Result<Vec<Value>> = items.0.iter().map(|item| self.bring(item, depth + 1)).collect();
                Value::tuple(items?)
            }
            Value::Record(record) => {
                let mut fields = Fields::default();
                for (name, item) in &record.0 {
                    fields.insert(name.clone(), self.bring(item, depth + 1)?);
                }
                Value::record(fields)
            }
            other => other.clone(),
        })
    }
}
