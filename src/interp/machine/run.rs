//! The instruction loop.
//!
//! Registers of the running frame are a window of exactly 256 values, so that an 8-bit operand needs no bounds check.

use super::super::code::*;
use super::super::function::Function;
use super::super::value::Value;
use super::call::{Given, drop_missing_receiver};

use super::{MAX_NESTING, Machine};
use crate::context::Interrupt;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::index;
use crate::tensor::Array;
use nabla_grammar::tree::BinaryOp;
use std::rc::Rc;

pub(super) type Window = [Value; WINDOW];

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
struct Caller {
    /// None: it runs the same function as the frame it called.
    function: Option<Rc<Function>>,
    pc: usize,
    base: usize,
    far: usize,
    heap: bool,
}

/// The stacks of a run.
pub(super) struct Stacks {
    pub values: Vec<Value>,
    pub far: Vec<Value>,
    /// Frames that wait for a call, the first `depth` of them.
    callers: Vec<Caller>,
    depth: usize,
    interrupt: Interrupt,
}

/// Why a frame stands still.
enum Next {
    Enter { callee: Rc<Function>, a: Reg, given: Given },
    Leave { a: Reg },
}

/// Writes a register; nothing is released in the common case of a scalar over a scalar.
#[inline(always)]
pub(super) fn set(slot: &mut Value, value: Value) {
    if slot.is_plain() { std::mem::forget(std::mem::replace(slot, value)) } else { release(slot, value) }
}

#[cold]
#[inline(never)]
fn release(slot: &mut Value, value: Value) {
    *slot = value;
}

// Scalars are written and copied field by field: a wide load right behind narrow stores stalls the processor.

#[inline(always)]
fn set_int(slot: &mut Value, value: i64) {
    if slot.weak_int().is_some()
        && let Value::Array(Array::Int(old)) = slot
    {
        *old = value;
    } else {
        set(slot, Value::int(value));
    }
}

#[inline(always)]
fn set_float(slot: &mut Value, value: f64) {
    if slot.weak_float().is_some()
        && let Value::Array(Array::Float(old)) = slot
    {
        *old = value;
    } else {
        set(slot, Value::float(value));
    }
}

/// A weak float and a weak whole number, in either order.
#[inline(never)]
fn mixed(x: &Value, y: &Value) -> Option<(f64, f64)> {
    match (x.weak_float(), y.weak_float()) {
        (Some(x), None) => Some((x, y.weak_int()? as f64)),
        (None, Some(y)) => Some((x.weak_int()? as f64, y)),
        _ => None,
    }
}

/// Copies a value into a register; `heap` learns that it may be more than a number.
#[inline(always)]
fn load(slot: &mut Value, value: &Value, heap: &mut bool) {
    if let Some(value) = value.weak_float() {
        set_float(slot, value);
    } else if let Some(value) = value.weak_int() {
        set_int(slot, value);
    } else {
        *heap = true;
        load_slow(slot, value);
    }
}

#[inline(never)]
fn load_slow(slot: &mut Value, value: &Value) {
    set(slot, value.clone());
}

/// Copies a register.
#[inline(always)]
fn copy(regs: &mut Window, d: Reg, a: Reg) {
    if let Some(value) = regs[a as usize].weak_float() {
        set_float(&mut regs[d as usize], value);
    } else if let Some(value) = regs[a as usize].weak_int() {
        set_int(&mut regs[d as usize], value);
    } else {
        copy_slow(regs, d, a);
    }
}

#[inline(never)]
fn copy_slow(regs: &mut Window, d: Reg, a: Reg) {
    let value = regs[a as usize].clone();
    set(&mut regs[d as usize], value);
}

/// Moves a value that is not read again: a scalar may as well stay.
#[inline(always)]
fn shift(slot: &mut Value, value: &mut Value) {
    if let Some(value) = value.weak_float() {
        set_float(slot, value);
    } else if let Some(value) = value.weak_int() {
        set_int(slot, value);
    } else {
        shift_slow(slot, value);
    }
}

#[inline(never)]
fn shift_slow(slot: &mut Value, value: &mut Value) {
    set(slot, std::mem::take(value));
}

/// The number in a register, to be assigned as an element.
#[inline(always)]
fn element(regs: &Window, reg: Reg) -> Option<Array> {
    let value = &regs[reg as usize];
    if let Some(value) = value.weak_float() {
        return Some(Array::Float(value));
    }
    match value {
        Value::Array(Array::Int(value)) => Some(Array::Int(*value)),
        Value::Array(Array::Scalar(value)) => Some(Array::Scalar(*value)),
        _ => None,
    }
}

impl Machine {
    /// Runs a function to its end, with its arguments bound.
    pub(super) fn run(&mut self, function: Rc<Function>, args: Vec<Value>) -> Result<Value> {
        if self.nesting >= MAX_NESTING {
            return Err(Error::new(Kind::Overflow, format!("more than {MAX_NESTING} calls nested in builtins")).limit());
        }
        self.nesting += 1;
        let depth = self.depth;
        let mut stacks = Stacks {
            values: std::mem::take(&mut self.spare),
            far: vec![],
            callers: vec![],
            depth: 0,
            interrupt: self.host.cx.interrupt.clone(),
        };
        let far = stacks.make_room(0, &function.code);
        let now = Position { function, pc: 0, base: 0, far, heap: true };
        for (slot, arg) in stacks.values.iter_mut().zip(args) {
            set(slot, arg);
        }
        let result = self.execute(&mut stacks, now);
        self.depth = depth;
        stacks.values.truncate(4 * WINDOW);
        self.spare = stacks.values;
        self.nesting -= 1;
        result
    }

    fn execute(&mut self, stacks: &mut Stacks, mut now: Position) -> Result<Value> {
        loop {
            match self.frames(stacks, &mut now) {
                Ok(value) => return Ok(value),
                Err(error) => self.raise(stacks, &mut now, error)?,
            }
        }
    }

    /// Runs frame after frame until the outermost one returns, or an instruction fails: that is the one before `now.pc`.
    fn frames(&mut self, stacks: &mut Stacks, now: &mut Position) -> Result<Value> {
        loop {
            match self.frame(stacks, now)? {
                Next::Enter { callee, a, given } => self.enter(stacks, now, callee, a, given)?,
                Next::Leave { a } => {
                    let value = now.base + usize::from(a);
                    if stacks.depth == 0 {
                        let value = std::mem::take(&mut stacks.values[value]);
                        stacks.leave(now);
                        return Ok(value);
                    }
                    // the result replaces the callee, one register below
                    if let [below, frame @ ..] = &mut stacks.values[now.base - 1..] {
                        shift(below, &mut frame[usize::from(a)]);
                    }
                    let heap = now.heap;
                    stacks.leave(now);
                    now.heap |= heap;
                    self.depth -= 1;
                }
            }
        }
    }

    /// Runs one frame until it calls a function or returns.
    ///
    /// Only what scalar code needs is done here; the rest is left to `slow`, so that this loop keeps its values in the
    /// processor's registers.
    #[inline(always)]
    fn frame(&mut self, stacks: &mut Stacks, now: &mut Position) -> Result<Next> {
        let function = &now.function;
        let code: &Code = &function.code;
        let instrs: &[Instr] = &code.instrs;
        let interrupt = &stacks.interrupt;
        let mut pc = now.pc;
        let mut base = now.base;

        // a turn for every frame of this function that calls itself
        'window: loop {
            let Some(regs) = stacks.values[base..].first_chunk_mut::<WINDOW>() else {
                // `make_room` was called for this frame
                return Err(Error::new(Kind::Internal, "no room for a frame"));
            };
            macro_rules! attempt {
                ($result:expr) => {
                    match $result {
                        Ok(value) => value,
                        Err(error) => {
                            now.pc = pc;
                            now.base = base;
                            return Err(error);
                        }
                    }
                };
            }
            macro_rules! slow {
                () => {{
                    now.heap = true;
                    attempt!(self.slow(regs, &mut stacks.far, now.far, function, pc))
                }};
            }
            macro_rules! jump {
                ($to:expr) => {{
                    let to = $to as usize;
                    if to < pc {
                        self.turns = self.turns.wrapping_add(1);
                        if interrupt.is_raised() || self.turns & 0xfff == 0 {
                            attempt!(self.host.cx.check());
                        }
                    }
                    pc = to;
                }};
            }
            // arithmetic of weak scalars
            macro_rules! arithmetic {
            ($d:expr, $a:expr, $b:expr, $checked:ident, $plain:tt) => {{
                let (x, y) = (&regs[$a as usize], &regs[$b as usize]);
                if let (Some(x), Some(y)) = (x.weak_float(), y.weak_float()) {
                    set_float(&mut regs[$d as usize], x $plain y);
                } else if let (Some(x), Some(y)) = (x.weak_int(), y.weak_int())
                    && let Some(value) = x.$checked(y)
                {
                    set_int(&mut regs[$d as usize], value);
                } else if let Some((x, y)) = mixed(x, y) {
                    set_float(&mut regs[$d as usize], x $plain y);
                } else {
                    slow!()
                }
            }};
        }
            // on scalars of one kind it stands for the two instructions behind it
            macro_rules! fused {
            ($d:expr, $a:expr, $b:expr, $c:expr, $checked:ident, $plain:tt) => {
                if let (Some(x), Some(y), Some(z)) = (
                    regs[$a as usize].weak_float(),
                    regs[$b as usize].weak_float(),
                    regs[$c as usize].weak_float(),
                ) {
                    set_float(&mut regs[$d as usize], z $plain x * y);
                    pc += 2;
                } else if let (Some(x), Some(y), Some(z)) =
                    (regs[$a as usize].weak_int(), regs[$b as usize].weak_int(), regs[$c as usize].weak_int())
                    && let Some(value) = x.checked_mul(y).and_then(|product| z.$checked(product))
                {
                    set_int(&mut regs[$d as usize], value);
                    pc += 2;
                }
            };
        }
            macro_rules! arithmetic_int {
            ($d:expr, $a:expr, $v:expr, $checked:ident, $plain:tt) => {{
                let x = &regs[$a as usize];
                if let Some(x) = x.weak_int()
                    && let Some(value) = x.$checked(i64::from($v))
                {
                    set_int(&mut regs[$d as usize], value);
                } else if let Some(x) = x.weak_float() {
                    set_float(&mut regs[$d as usize], x $plain f64::from($v));
                } else {
                    slow!()
                }
            }};
        }
            macro_rules! jump_compare {
            ($sense:expr, $a:expr, $b:expr, $to:expr, $rel:tt) => {{
                let (x, y) = (&regs[$a as usize], &regs[$b as usize]);
                let holds = if let (Some(x), Some(y)) = (x.weak_float(), y.weak_float()) {
                    x $rel y
                } else if let (Some(x), Some(y)) = (x.weak_int(), y.weak_int()) {
                    x $rel y
                } else {
                    attempt!(self.slow_condition(regs, code, pc))
                };
                if holds == $sense {
                    jump!($to)
                }
            }};
        }
            macro_rules! jump_compare_int {
            ($sense:expr, $a:expr, $v:expr, $to:expr, $rel:tt) => {{
                let x = &regs[$a as usize];
                let holds = if let Some(x) = x.weak_int() {
                    x $rel i64::from($v)
                } else if let Some(x) = x.weak_float() {
                    x $rel f64::from($v)
                } else {
                    attempt!(self.slow_condition(regs, code, pc))
                };
                if holds == $sense {
                    jump!($to)
                }
            }};
        }

            loop {
                let instr = instrs[pc];
                pc += 1;
                match instr {
                    Instr::Const { d, k } => load(&mut regs[d as usize], &code.consts[k as usize], &mut now.heap),
                    Instr::Int { d, value } => set_int(&mut regs[d as usize], value.into()),
                    Instr::Copy { d, a } => copy(regs, d, a),
                    Instr::Move { d, a } => {
                        if let Some(value) = regs[a as usize].weak_float() {
                            set_float(&mut regs[d as usize], value);
                        } else if let Some(value) = regs[a as usize].weak_int() {
                            set_int(&mut regs[d as usize], value);
                        } else {
                            let mut value = std::mem::take(&mut regs[a as usize]);
                            shift_slow(&mut regs[d as usize], &mut value);
                        }
                    }
                    Instr::GetGlobal { d, slot } => match &self.globals[slot as usize] {
                        Value::Undefined => slow!(),
                        value => load(&mut regs[d as usize], value, &mut now.heap),
                    },

                    Instr::Add { d, a, b } => arithmetic!(d, a, b, checked_add, +),
                    Instr::Sub { d, a, b } => arithmetic!(d, a, b, checked_sub, -),
                    Instr::Mul { d, a, b } => arithmetic!(d, a, b, checked_mul, *),
                    Instr::MulAdd { d, a, b, c } => fused!(d, a, b, c, checked_add, +),
                    Instr::MulSub { d, a, b, c } => fused!(d, a, b, c, checked_sub, -),
                    Instr::Div { d, a, b } => {
                        let (x, y) = (&regs[a as usize], &regs[b as usize]);
                        if let (Some(x), Some(y)) = (x.weak_float(), y.weak_float()) {
                            set_float(&mut regs[d as usize], x / y);
                        } else if let Some((x, y)) = mixed(x, y) {
                            set_float(&mut regs[d as usize], x / y);
                        } else if let (Some(x), Some(y @ ..=-1 | y @ 1..)) = (x.weak_int(), y.weak_int()) {
                            set_float(&mut regs[d as usize], x as f64 / y as f64);
                        } else {
                            slow!()
                        }
                    }
                    Instr::Binary { op, d, a, b } => {
                        let value = match (op, regs[a as usize].weak_int(), regs[b as usize].weak_int()) {
                            (BinaryOp::Rem, Some(x), Some(y @ 1..)) => Some(x.rem_euclid(y)),
                            (BinaryOp::FloorDiv, Some(x), Some(y @ 1..)) => Some(x.div_euclid(y)),
                            _ => None,
                        };
                        match value {
                            Some(value) => set_int(&mut regs[d as usize], value),
                            None => slow!(),
                        }
                    }
                    Instr::AddInt { d, a, value } => arithmetic_int!(d, a, value, checked_add, +),
                    Instr::SubInt { d, a, value } => arithmetic_int!(d, a, value, checked_sub, -),
                    Instr::MulInt { d, a, value } => arithmetic_int!(d, a, value, checked_mul, *),

                    Instr::Jump { to } => jump!(to),
                    Instr::JumpIf { a, sense, to } => {
                        let truth = match &regs[a as usize] {
                            Value::Array(Array::Bool(truth)) => *truth,
                            _ => attempt!(self.slow_condition(regs, code, pc)),
                        };
                        if truth == sense {
                            jump!(to)
                        }
                    }
                    Instr::ShortCircuit { sense, to, .. } => {
                        if attempt!(self.slow_decision(regs, code, pc)) == Some(sense) {
                            jump!(to)
                        }
                    }
                    Instr::JumpLt { sense, a, b, to } => jump_compare!(sense, a, b, to, <),
                    Instr::JumpLe { sense, a, b, to } => jump_compare!(sense, a, b, to, <=),
                    Instr::JumpEq { sense, a, b, to } => jump_compare!(sense, a, b, to, ==),
                    Instr::JumpLtInt { sense, a, value, to } => jump_compare_int!(sense, a, value, to, <),
                    Instr::JumpLeInt { sense, a, value, to } => jump_compare_int!(sense, a, value, to, <=),
                    Instr::JumpEqInt { sense, a, value, to } => jump_compare_int!(sense, a, value, to, ==),
                    Instr::JumpGiven { a, to } => {
                        if !regs[a as usize].is_undefined() {
                            jump!(to)
                        }
                    }
                    Instr::JumpCallable { a, to } => {
                        if regs[a as usize].is_callable() {
                            jump!(to)
                        }
                    }
                    Instr::IterNext { a, d, to } => {
                        if let (Some(at), Some(end)) = (regs[a as usize].weak_int(), regs[a as usize + 1].weak_int()) {
                            if at < end {
                                set_int(&mut regs[a as usize], at + 1);
                                set_int(&mut regs[d as usize], at);
                                jump!(to)
                            }
                        } else {
                            now.heap = true;
                            if attempt!(self.next_item(regs, a, d)) {
                                jump!(to)
                            }
                        }
                    }
                    Instr::Method { a, name } => {
                        now.heap = true;
                        if !attempt!(self.method(regs, a, &code.consts[name as usize])) {
                            pc += 1;
                        }
                    }

                    Instr::Call { a, count } => {
                        let given = Given { count: count.into(), shape: None, skipped: 0 };
                        let given = drop_missing_receiver(regs, a, given);
                        if let Value::Function(callee) = &regs[a as usize] {
                            let callee = callee.clone();
                            now.pc = pc;
                            now.base = base;
                            return Ok(Next::Enter { callee, a, given });
                        }
                        now.heap = true;
                        attempt!(self.call_other(regs, a, given, code));
                    }
                    Instr::CallGlobal { a, count, slot } => {
                        let given = Given { count: count.into(), shape: None, skipped: 0 };
                        if let Value::Function(callee) = &self.globals[slot as usize] {
                            // the plain recursion stays here: neither code nor stacks but the window change
                            if Rc::ptr_eq(callee, function)
                                && code.light
                                && given.count == code.params.len()
                                && self.depth < self.host.cx.limits.depth
                                && !interrupt.is_raised()
                                // else `enter` looks at the clock
                                && self.turns & 0xfff != 0xfff
                                && let Some(caller) = stacks.callers.get_mut(stacks.depth)
                            {
                                let callee = base + usize::from(a) + 1;
                                if stacks.values.len() >= callee + WINDOW {
                                    caller.function = None;
                                    caller.pc = pc;
                                    caller.base = base;
                                    caller.far = now.far;
                                    caller.heap = now.heap;
                                    now.heap = has_heap(&stacks.values[callee..callee + given.count]);
                                    stacks.depth += 1;
                                    self.depth += 1;
                                    self.turns += 1;
                                    (pc, base) = (0, callee);
                                    continue 'window;
                                }
                            }
                            let callee = callee.clone();
                            now.pc = pc;
                            now.base = base;
                            return Ok(Next::Enter { callee, a, given });
                        }
                        now.heap = true;
                        attempt!(self.call_global(regs, a, slot, given, code, pc));
                    }
                    Instr::CallWith { a, count, shape } => {
                        let given = Given { count: count.into(), shape: Some(shape), skipped: 0 };
                        let given = drop_missing_receiver(regs, a, given);
                        if let Value::Function(callee) = &regs[a as usize] {
                            let callee = callee.clone();
                            now.pc = pc;
                            now.base = base;
                            return Ok(Next::Enter { callee, a, given });
                        }
                        now.heap = true;
                        attempt!(self.call_other(regs, a, given, code));
                    }
                    Instr::Return { a } => {
                        if !now.heap
                            && let Some(depth) = stacks.depth.checked_sub(1)
                            && let Some(caller @ Caller { function: None, .. }) = stacks.callers.get(depth)
                        {
                            (pc, now.heap) = (caller.pc, caller.heap);
                            let callee = std::mem::replace(&mut base, caller.base);
                            stacks.depth = depth;
                            self.depth -= 1;
                            // the result replaces the callee, one register below
                            if let [below, frame @ ..] = &mut stacks.values[callee - 1..] {
                                shift(below, &mut frame[usize::from(a)]);
                            }
                            continue 'window;
                        }
                        now.pc = pc;
                        now.base = base;
                        return Ok(Next::Leave { a });
                    }
                    Instr::Index { d, a, b } => match (&regs[a as usize], regs[b as usize].weak_int()) {
                        (Value::Array(Array::Tensor(tensor)), Some(at))
                            if let Some(element) = index::get_at(tensor, at) =>
                        {
                            set(&mut regs[d as usize], Value::Array(element));
                        }
                        _ => slow!(),
                    },
                    Instr::SetIndex { a, b, d, .. } => match (regs[b as usize].weak_int(), element(regs, a)) {
                        (Some(at), Some(value))
                            if let Value::Array(Array::Tensor(tensor)) = &mut regs[d as usize]
                                && index::set_at(tensor, at, &value) => {}
                        _ => slow!(),
                    },
                    _ => slow!(),
                }
            }
        }
    }
}

impl Stacks {
    /// Makes the stacks hold a frame that begins at `base`; gives the start of its far slots.
    #[inline(always)]
    pub(super) fn make_room(&mut self, base: usize, code: &Code) -> usize {
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
    pub(super) fn enter(&mut self, now: &mut Position, callee: Rc<Function>, base: usize, far: usize) {
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
    pub(super) fn leave(&mut self, now: &mut Position) -> bool {
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
fn has_heap(values: &[Value]) -> bool {
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
