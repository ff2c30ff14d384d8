//! Which globals a value may read when it is called: those its code names, and those of what it calls.
//!
//! Found by looking at code, not by running it; a name that is only built at run time does not exist in the language.

use super::code::{Code, Instr};
use super::value::Value;
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// The slots of globals that these values may read, in the order in which they are found.
pub fn globals_read<'v>(roots: impl Iterator<Item = &'v Value>, globals: &[Value]) -> Vec<u32> {
    let mut walk = Walk { work: roots.cloned().collect(), ..Walk::default() };
    while let Some(value) = walk.work.pop() {
        walk.value(&value);
        while let Some(&slot) = walk.slots.get(walk.followed) {
            walk.followed += 1;
            walk.work.extend(globals.get(slot as usize).cloned());
        }
    }
    walk.slots
}

#[derive(Default)]
struct Walk {
    work: Vec<Value>,
    slots: Vec<u32>,
    /// How many of the slots were looked into.
    followed: usize,
    known_slots: FxHashSet<u32>,
    /// Codes and structures met before, by address.
    seen: FxHashSet<usize>,
}

impl Walk {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Function(function) => {
                self.code(&function.code);
                if self.seen.insert(Rc::as_ptr(&function.env).addr()) {
                    self.work.extend(function.env.captures.iter().cloned());
                    function.env.siblings.iter().for_each(|code| self.code(code));
                }
            }
            Value::Derived(derived) => {
                self.work.push(derived.of.clone());
                self.work.extend(derived.state.values());
            }
            Value::Tuple(tuple) if self.seen.insert(Rc::as_ptr(tuple).addr()) => {
                self.work.extend(tuple.0.iter().cloned());
            }
            Value::Record(record) if self.seen.insert(Rc::as_ptr(record).addr()) => {
                self.work.extend(record.0.values().cloned());
            }
            Value::Module(module) => {
                module.members().into_iter().for_each(|slot| self.slot(slot));
            }
            _ => {}
        }
    }

    fn slot(&mut self, slot: u32) {
        if self.known_slots.insert(slot) {
            self.slots.push(slot);
        }
    }

    fn code(&mut self, code: &Rc<Code>) {
        let mut codes = vec![code.clone()];
        while let Some(code) = codes.pop() {
            if !self.seen.insert(Rc::as_ptr(&code).addr()) {
                continue;
            }
            for instr in &code.instrs {
                if let Instr::GetGlobal { slot, .. }
                | Instr::GetFunction { slot, .. }
                | Instr::CallGlobal { slot, .. } = *instr
                {
                    self.slot(slot);
                }
            }
            for proto in &code.tables.protos {
                codes.push(proto.code.clone());
                codes.extend(proto.siblings.iter().cloned());
            }
        }
    }
}
