//! Values that wait, or that a transform made, where the machine needs their elements.
//!
//! A structure may hold a part of itself many times over: every part is looked at once, and what was shared stays so.

use super::super::code::{Instr, Reg};
use super::super::value::{Fields, Value};
use super::Machine;
use super::registers::Window;
use super::structure::check_depth;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::Array;
use crate::transform::{self, pending, waiting};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// What stands for a lifted array.
type Lower = fn(&mut Context, &Array) -> Result<Array>;

impl Machine {
    /// A statement has come to its end: runs what may not wait for the next one. The value is without anything in it that
    /// waited and has run.
    #[inline]
    pub fn settle(&mut self, mut value: Value) -> Result<Value> {
        if waiting::any(&self.host.cx) {
            waiting::end_statement(&mut self.host.cx, 0)?;
            self.lower_what_arrived(&mut value)?;
        }
        Ok(value)
    }

    /// The same for a value in a register, behind this instruction.
    #[inline(never)]
    pub(super) fn settle_register(&mut self, regs: &mut Window, reg: Reg, last: &Instr) -> Result<()> {
        self.settle_replacing(&mut regs[usize::from(reg)], &mut Value::Undefined, last)
    }

    /// The same for a value that takes the place of an old one. If it fails, the old one stays, or is the new one, where what
    /// it was computed from is gone.
    #[inline(never)]
    pub(super) fn settle_replacing(&mut self, value: &mut Value, old: &mut Value, last: &Instr) -> Result<()> {
        if let Value::Array(old) = &*old {
            waiting::replacing(&mut self.host.cx, old);
        }
        let settled = waiting::end_statement(&mut self.host.cx, std::ptr::from_ref(last).addr());
        if settled.is_err() && matches!(&*old, Value::Array(old) if pending::is_gone(old)) {
            *old = value.clone();
        }
        settled?;
        self.lower_what_arrived(value)
    }

    /// Puts what has run in the place of what waited for it.
    pub(super) fn lower_what_arrived(&mut self, value: &mut Value) -> Result<()> {
        if let Some(lowered) = self.lowered(value, pending::arrived)? {
            *value = lowered;
        }
        Ok(())
    }

    /// A value whose elements are at hand, in structures, too: to be shown, compared or written.
    pub fn at_hand(&mut self, value: &Value) -> Result<Value> {
        Ok(self.lowered(value, transform::concrete)?.unwrap_or_else(|| value.clone()))
    }

    /// None where nothing is lifted.
    fn lowered(&mut self, value: &Value, lower: Lower) -> Result<Option<Value>> {
        match value {
            Value::Array(array) if array.is_lifted() => {
                lower(&mut self.host.cx, array).map(|array| Some(Value::Array(array)))
            }
            Value::Tuple(_) | Value::Record(_) if holds_lifted(value) => {
                self.replaced(value, lower, &mut FxHashMap::default(), 0).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn replaced(
        &mut self,
        value: &Value,
        lower: Lower,
        done: &mut FxHashMap<usize, Value>,
        depth: usize,
    ) -> Result<Value> {
        check_depth(depth)?;
        let address = address(value);
        if let Some(known) = address.and_then(|address| done.get(&address)) {
            return Ok(known.clone());
        }
        let replaced = match value {
            Value::Array(array) if array.is_lifted() => Value::Array(lower(&mut self.host.cx, array)?),
            Value::Tuple(items) => {
                let items: Result<Vec<Value>> =
                    items.0.iter().map(|item| self.replaced(item, lower, done, depth + 1)).collect();
                Value::tuple(items?)
            }
            Value::Record(record) => {
                let mut fields = Fields::default();
                for (name, item) in &record.0 {
                    fields.insert(name.clone(), self.replaced(item, lower, done, depth + 1)?);
                }
                Value::record(fields)
            }
            other => other.clone(),
        };
        if let Some(address) = address {
            done.insert(address, replaced.clone());
        }
        Ok(replaced)
    }
}

/// The place of a structure; no other one alive has it.
fn address(value: &Value) -> Option<usize> {
    match value {
        Value::Tuple(items) => Some(Rc::as_ptr(items).addr()),
        Value::Record(record) => Some(Rc::as_ptr(record).addr()),
        _ => None,
    }
}

/// Is there an array in it that some mode is in charge of?
fn holds_lifted(value: &Value) -> bool {
    let mut seen: FxHashSet<usize> = FxHashSet::default();
    let mut work = vec![value];
    while let Some(value) = work.pop() {
        if let Value::Array(array) = value
            && array.is_lifted()
        {
            return true;
        }
        if !address(value).is_some_and(|address| seen.insert(address)) {
            continue;
        }
        match value {
            Value::Tuple(items) => work.extend(&items.0),
            Value::Record(record) => work.extend(record.0.values()),
            _ => {}
        }
    }
    false
}
