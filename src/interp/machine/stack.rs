//! The stacks of a run: registers of all frames, far slots, and the frames that wait for a call.
//!
//! They lie on the heap, so that depth is a number and not a crash.

use super::super::code::{Code, WINDOW};
use super::super::function::Function;
use super::super::value::Value;
use crate::context::{Context, Interrupt};
use crate::diagnostics::{Error, Result};
use std::rc::Rc;

/// Where execution stands: the running function, its next instruction, its registers and far slots.
pub(super) struct Position {
    pub function: Rc<Function>,
    pub pc: usize,
    pub base: usize,
    pub far: usize,
    /// May a register hold something on the heap?
    pub heap: bool,
}

/// A frame that waits for a call.
pub(super) struct Caller {
    /// None: it runs the same function as the frame it called.
    pub function: Option<Rc<Function>>,
    pub pc: usize,
    pub base: usize,
    pub far: usize,
    pub heap: bool,
}

/// The stacks of a run.
pub(super) struct Stacks {
    pub values: Vec<Value>,
    pub far: Vec<Value>,
    /// Frames that wait for a call, the first `depth` of them; never more than `limit`.
    pub callers: Vec<Caller>,
    pub depth: usize,
    limit: usize,
    /// The outermost frame keeps its registers when it is done.
    pub keep: bool,
    pub interrupt: Interrupt,
}

impl Stacks {
    /// `values` is a stack to use again.
    pub fn new(values: Vec<Value>, cx: &Context) -> Stacks {
        Stacks {
            values,
            far: vec![],
            callers: vec![],
            depth: 0,
            limit: cx.limits.depth,
            keep: false,
            interrupt: cx.interrupt.clone(),
        }
    }

    /// May a further call begin?
    #[inline]
    pub fn check_depth(&self) -> Result<()> {
        if self.depth < self.limit { Ok(()) } else { Err(too_deep(self.limit)) }
    }

    /// Makes the stacks hold a frame that begins at `base`; gives the start of its far slots.
    #[inline(always)]
    pub fn make_room(&mut self, base: usize, code: &Code) -> usize {
        if self.values.len() < base + WINDOW {
            self.grow(base + WINDOW);
        }
        let far = self.far.len();
        if code.far > 0 {
            self.far.resize(far + code.far, Value::Undefined);
        }
        far
    }

    #[cold]
    fn grow(&mut self, need: usize) {
        self.values.resize(need + need / 2, Value::Undefined);
    }

    /// Makes `callee` the running frame and its caller wait.
    #[inline(always)]
    pub fn enter(&mut self, now: &mut Position, callee: Rc<Function>, base: usize, far: usize) {
        let function = std::mem::replace(&mut now.function, callee);
        // field by field: a wide load right behind narrow stores stalls the processor
        match self.callers.get_mut(self.depth) {
            Some(caller) => {
                caller.function = Some(function);
                caller.pc = now.pc;
                caller.base = now.base;
                caller.far = now.far;
                caller.heap = now.heap;
            }
            None => {
                let function = Some(function);
                self.callers.push(Caller { function, pc: now.pc, base: now.base, far: now.far, heap: now.heap });
            }
        }
        self.depth += 1;
        now.pc = 0;
        now.base = base;
        now.far = far;
        now.heap = has_heap(&self.values[base..base + now.function.code.params.len()]);
    }

    /// Releases what a frame holds and makes its caller the one to go on with, if there is one.
    #[inline(always)]
    pub fn leave(&mut self, now: &mut Position) -> bool {
        if now.heap {
            clear(&mut self.values[now.base..now.base + now.function.code.registers]);
        }
        if self.far.len() > now.far {
            self.far.truncate(now.far);
        }
        let Some(depth) = self.depth.checked_sub(1) else { return false };
        self.depth = depth;
        let caller = &mut self.callers[depth];
        if let Some(function) = caller.function.take() {
            now.function = function;
        }
        now.pc = caller.pc;
        now.base = caller.base;
        now.far = caller.far;
        now.heap = caller.heap;
        true
    }
}

#[inline(always)]
pub(super) fn has_heap(values: &[Value]) -> bool {
    values.iter().any(|value| !value.is_plain())
}

#[inline(never)]
fn clear(frame: &mut [Value]) {
    for slot in frame {
        if !slot.is_plain() {
            *slot = Value::Undefined;
        }
    }
}

#[cold]
fn too_deep(limit: usize) -> Error {
    Error::overflow(format!("calls nested deeper than {limit}")).help("does the recursion reach its end?").limit()
}
