//! Functions of the language: code and what it captured.
//!
//! Functions defined side by side may call each other. They share one environment and find each other through it, so
//! no function holds itself and nothing leaks.

use super::code::Code;
use super::value::{Value, drop_flat};
use std::rc::Rc;

pub struct Function {
    pub code: Rc<Code>,
    pub env: Rc<Env>,
}

/// Captured values, and the functions that were defined beside each other over them.
#[derive(Default)]
pub struct Env {
    pub captures: Vec<Value>,
    pub siblings: Vec<Rc<Code>>,
}

impl Function {
    /// `fn(x, steps=...)`
    pub fn signature(&self) -> String {
        format!("fn({})", self.code.params.iter().map(|param| param.to_string()).collect::<Vec<_>>().join(", "))
    }

    /// The captures, if nobody shares them.
    pub(super) fn take_captures(&mut self) -> Vec<Value> {
        Rc::get_mut(&mut self.env).map(|env| std::mem::take(&mut env.captures)).unwrap_or_default()
    }
}

impl Drop for Env {
    fn drop(&mut self) {
        drop_flat(self.captures.drain(..));
    }
}
