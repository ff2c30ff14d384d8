//! The instruction loop.
//!
//! Registers of the running frame are a window of exactly 256 values, so that an 8-bit operand needs no bounds check.

use super::super::code::*;
use super::super::function::Function;
use super::super::value::Value;
use super::call::{Given, drop_missing_receiver};
use super::registers::*;
use super::stack::{Caller, Position, Stacks, has_heap};
use super::{MAX_NESTING, Machine, Pause};
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::index;
use crate::tensor::Array;
use crate::transform::waiting;
use nabla_grammar::tree::BinaryOp;
use std::rc::Rc;

/// Why a frame stands still.
enum Next {
    Enter { callee: Rc<Function>, a: Reg, given: Given },
    Leave { a: Reg },
}

impl Machine {
    /// Runs code without parameters to its end.
    pub(super) fn run(&mut self, function: Rc<Function>) -> Result<Value> {
        self.run_with(function, vec![])
    }

    /// Runs a function; its parameters are bound.
    pub(super) fn run_with(&mut self, function: Rc<Function>, bound: Vec<Value>) -> Result<Value> {
        self.nest()?;
        let mut stacks = Stacks::new(std::mem::take(&mut self.spare), &self.host.cx);
        let far = stacks.make_room(0, &function.code);
        let params = bound.len();
        for (slot, value) in stacks.values.iter_mut().zip(bound) {
            set(slot, value);
        }
        for slot in &mut stacks.values[params..function.code.variables.max(params)] {
            set(slot, Value::Undefined);
        }
        let now = Position { function, pc: 0, base: 0, far, heap: true };
        let result = self.execute(&mut stacks, now);
        stacks.values.truncate(4 * WINDOW);
        self.spare = stacks.values;
        self.nesting -= 1;
        result
    }

    /// Counts a nested run, which takes some of the native stack.
    pub(super) fn nest(&mut self) -> Result<()> {
        if self.nesting >= MAX_NESTING {
            let message = format!("more than {MAX_NESTING} runs nested in imports, builtins and traced branches");
            return Err(Error::new(Kind::Overflow, message).limit());
        }
        self.nesting += 1;
        Ok(())
    }

    pub(super) fn execute(&mut self, stacks: &mut Stacks, mut now: Position) -> Result<Value> {
        loop {
            match self.frames(stacks, &mut now) {
                Ok(value) => return Ok(value),
                Err(error) => {
                    let staged = match self.pause.take() {
                        Some(Pause::Condition(condition)) => self.stage(stacks, &mut now, condition),
                        Some(Pause::Loop) => self.stage_for(stacks, &mut now),
                        None => Err(error),
                    };
                    if let Err(error) = staged {
                        self.raise(stacks, &mut now, error)?;
                    }
                }
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
                    if stacks.depth == 0 && stacks.keep {
                        return Ok(Value::None);
                    }
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
                    Instr::Copy { d, a } => {
                        copy(regs, d, a);
                        if !regs[d as usize].is_plain()
                            && waiting::any(&self.host.cx)
                            && usize::from(d) < code.variables
                        {
                            attempt!(self.settle_register(regs, d, &instrs[pc - 1]));
                        }
                    }
                    Instr::Move { d, a } => {
                        if let Some(value) = regs[a as usize].weak_float() {
                            set_float(&mut regs[d as usize], value);
                        } else if let Some(value) = regs[a as usize].weak_int() {
                            set_int(&mut regs[d as usize], value);
                        } else {
                            let mut value = std::mem::take(&mut regs[a as usize]);
                            shift_slow(&mut regs[d as usize], &mut value);
                            if waiting::any(&self.host.cx) && usize::from(d) < code.variables {
                                attempt!(self.settle_register(regs, d, &instrs[pc - 1]));
                            }
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
                    Instr::Products { d, a, b, c, e, minus } => {
                        if let (Some(w), Some(x), Some(y), Some(z)) = (
                            regs[a as usize].weak_float(),
                            regs[b as usize].weak_float(),
                            regs[c as usize].weak_float(),
                            regs[e as usize].weak_float(),
                        ) {
                            let product = y * z;
                            set_float(&mut regs[d as usize], w * x + if minus { -product } else { product });
                            pc += 4;
                        }
                    }
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
                    Instr::Begin { to } => {
                        if self.host.cx.modes.is_tracing() {
                            attempt!(self.begin());
                        }
                        jump!(to)
                    }
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
                        self.at = pc;
                        attempt!(self.call_other(regs, a, given, code));
                    }
                    Instr::CallGlobal { a, count, slot } => {
                        let given = Given { count: count.into(), shape: None, skipped: 0 };
                        if let Value::Function(callee) = &self.globals[slot as usize] {
                            // the plain recursion stays here: neither code nor stacks but the window change
                            if Rc::ptr_eq(callee, function)
                                && code.light
                                && given.count == code.params.len()
                                && !interrupt.is_raised()
                                // else `enter` looks at the clock
                                && self.turns & 0xfff != 0xfff
                                // a place that was in use before is within the limit of depth
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
                        self.at = pc;
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
                        self.at = pc;
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
