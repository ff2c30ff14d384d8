//! The instruction loop.
//!
//! Registers of the running frame are a window of exactly 256 values, so that an 8-bit operand needs no bounds check.

use super::super::code::*;
use super::super::function::Function;
use super::super::value::Value;
use super::call::{Given, drop_missing_receiver};
use super::{MAX_NESTING, Machine};
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::Array;
use nabla_grammar::tree::{BinaryOp, CompareOp};
use std::rc::Rc;

pub(super) type Window = [Value; WINDOW];

/// Where execution stands: the running function, its next instruction, its registers and far slots.
pub(super) struct Position {
    pub function: Rc<Function>,
    pub pc: usize,
    pub base: usize,
    pub far: usize,
}

/// The stacks of a run.
pub(super) struct Stacks {
    pub values: Vec<Value>,
    pub far: Vec<Value>,
    pub callers: Vec<Position>,
}

/// Why the inner loop was left.
enum Leave {
    Call { function: Rc<Function>, a: Reg, args: Given },
    Return(Value),
    Fail(Error),
}

/// Writes a register; nothing is released in the common case of a scalar over a scalar.
#[inline(always)]
pub(super) fn set(slot: &mut Value, value: Value) {
    let old = std::mem::replace(slot, value);
    if old.is_plain() { std::mem::forget(old) } else { release(old) }
}

#[cold]
#[inline(never)]
fn release(value: Value) {
    drop(value);
}

#[inline(always)]
fn get(value: &Value) -> Value {
    match value {
        Value::Array(Array::Int(v)) => Value::Array(Array::Int(*v)),
        Value::Array(Array::Float(v)) => Value::Array(Array::Float(*v)),
        other => other.clone(),
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
        let mut stacks = Stacks { values: std::mem::take(&mut self.spare), far: vec![], callers: vec![] };
        let result = self.run_on(&mut stacks, function, args);
        self.depth = depth;
        stacks.values.truncate(4 * WINDOW);
        self.spare = stacks.values;
        self.nesting -= 1;
        result
    }

    fn run_on(&mut self, stacks: &mut Stacks, function: Rc<Function>, args: Vec<Value>) -> Result<Value> {
        let mut now = Position { function, pc: 0, base: 0, far: 0 };
        stacks.make_room(0, &now.function.code);
        for (slot, arg) in stacks.values.iter_mut().zip(args) {
            set(slot, arg);
        }
        loop {
            match self.step(stacks, &mut now) {
                Leave::Call { function, a, args } => {
                    let base = now.base + usize::from(a) + 1;
                    let far = stacks.make_room(base, &function.code);
                    match self.enter(&now.function.code, &function, &mut stacks.values[base..], args) {
                        Ok(()) => {
                            let callee = Position { function, pc: 0, base, far };
                            stacks.callers.push(std::mem::replace(&mut now, callee));
                        }
                        Err(error) => {
                            stacks.far.truncate(far);
                            self.raise(stacks, &mut now, error)?;
                        }
                    }
                }
                Leave::Return(value) => {
                    let base = now.base;
                    let Some(caller) = stacks.leave(&now) else { return Ok(value) };
                    now = caller;
                    self.depth -= 1;
                    // the result replaces the callee, one register below
                    set(&mut stacks.values[base - 1], value);
                }
                Leave::Fail(error) => self.raise(stacks, &mut now, error)?,
            }
        }
    }

    /// Runs the code of one frame until it calls, returns or fails. `pc` is then the instruction to go on with.
    fn step(&mut self, stacks: &mut Stacks, now: &mut Position) -> Leave {
        let function = now.function.clone();
        let code: &Code = &function.code;
        let instrs: &[Instr] = &code.instrs;
        let Some(regs) = stacks.values[now.base..].first_chunk_mut::<WINDOW>() else {
            // `make_room` was called for this frame
            return Leave::Fail(Error::new(Kind::Internal, "no room for a frame"));
        };
        let far = &mut stacks.far[now.far..];
        let at = &mut now.pc;
        let interrupt = self.host.cx.interrupt.clone();
        let mut pc = *at;

        macro_rules! fail {
            ($error:expr) => {{
                *at = pc;
                return Leave::Fail($error);
            }};
        }
        macro_rules! attempt {
            ($result:expr) => {
                match $result {
                    Ok(value) => value,
                    Err(error) => fail!(error),
                }
            };
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
        // arithmetic of weak scalars; everything else goes the long way
        macro_rules! arithmetic {
            ($op:expr, $d:expr, $a:expr, $b:expr, $checked:ident, $plain:tt) => {{
                let value = match (&regs[$a as usize], &regs[$b as usize]) {
                    (Value::Array(Array::Float(x)), Value::Array(Array::Float(y))) => {
                        Some(Value::float(x $plain y))
                    }
                    (Value::Array(Array::Int(x)), Value::Array(Array::Int(y))) => x.$checked(*y).map(Value::int),
                    (Value::Array(Array::Int(x)), Value::Array(Array::Float(y))) => {
                        Some(Value::float(*x as f64 $plain y))
                    }
                    (Value::Array(Array::Float(x)), Value::Array(Array::Int(y))) => {
                        Some(Value::float(x $plain *y as f64))
                    }
                    _ => None,
                };
                match value {
                    Some(value) => set(&mut regs[$d as usize], value),
                    None => attempt!(self.operate(regs, $op, [$d, $a, $b], code.kills[pc - 1])),
                }
            }};
        }
        macro_rules! arithmetic_int {
            ($op:expr, $d:expr, $a:expr, $v:expr, $checked:ident, $plain:tt) => {{
                let value = match &regs[$a as usize] {
                    Value::Array(Array::Int(x)) => x.$checked(i64::from($v)).map(Value::int),
                    Value::Array(Array::Float(x)) => Some(Value::float(x $plain f64::from($v))),
                    _ => None,
                };
                match value {
                    Some(value) => set(&mut regs[$d as usize], value),
                    None => attempt!(self.operate_int(regs, $op, [$d, $a], $v, code.kills[pc - 1])),
                }
            }};
        }
        macro_rules! jump_compare {
            ($op:expr, $sense:expr, $a:expr, $b:expr, $to:expr, $rel:tt) => {{
                let holds = match (&regs[$a as usize], &regs[$b as usize]) {
                    (Value::Array(Array::Int(x)), Value::Array(Array::Int(y))) => x $rel y,
                    (Value::Array(Array::Float(x)), Value::Array(Array::Float(y))) => x $rel y,
                    (x, y) => {
                        let (x, y) = (x.clone(), y.clone());
                        attempt!(self.compare_condition($op, x, y))
                    }
                };
                if holds == $sense {
                    jump!($to)
                }
            }};
        }
        macro_rules! jump_compare_int {
            ($op:expr, $sense:expr, $a:expr, $v:expr, $to:expr, $rel:tt) => {{
                let holds = match &regs[$a as usize] {
                    Value::Array(Array::Int(x)) => *x $rel i64::from($v),
                    Value::Array(Array::Float(x)) => *x $rel f64::from($v),
                    x => {
                        let x = x.clone();
                        attempt!(self.compare_condition($op, x, Value::int($v.into())))
                    }
                };
                if holds == $sense {
                    jump!($to)
                }
            }};
        }
        // an operand whose value is moved if it dies here
        macro_rules! take {
            ($reg:expr, $bit:expr) => {
                if code.kills[pc - 1] & $bit != 0 {
                    std::mem::take(&mut regs[$reg as usize])
                } else {
                    regs[$reg as usize].clone()
                }
            };
        }

        loop {
            let instr = instrs[pc];
            pc += 1;
            match instr {
                Instr::Const { d, k } => set(&mut regs[d as usize], code.consts[k as usize].clone()),
                Instr::Int { d, value } => set(&mut regs[d as usize], Value::int(value.into())),
                Instr::Bool { d, value } => set(&mut regs[d as usize], Value::bool(value)),
                Instr::None { d } => set(&mut regs[d as usize], Value::None),
                Instr::Copy { d, a } => {
                    let value = get(&regs[a as usize]);
                    set(&mut regs[d as usize], value);
                }
                Instr::Move { d, a } => {
                    let value = std::mem::take(&mut regs[a as usize]);
                    set(&mut regs[d as usize], value);
                }
                Instr::GetFar { d, slot } => set(&mut regs[d as usize], far[slot as usize].clone()),
                Instr::SetFar { a, slot } => set(&mut far[slot as usize], take!(a, 1)),
                Instr::GetGlobal { d, slot } => {
                    let value = get(&self.globals[slot as usize]);
                    if value.is_undefined() {
                        fail!(self.unknown_name(slot));
                    }
                    set(&mut regs[d as usize], value);
                }
                Instr::SetGlobal { a, slot } => {
                    self.lent = None;
                    set(&mut self.globals[slot as usize], take!(a, 1));
                }
                Instr::GetFunction { d, slot } => set(&mut regs[d as usize], get(&self.globals[slot as usize])),
                Instr::GetCapture { d, index } => {
                    set(&mut regs[d as usize], get(&function.env.captures[index as usize]));
                }
                Instr::Sibling { d, index } => set(&mut regs[d as usize], sibling(&function, index)),
                Instr::Myself { d } => set(&mut regs[d as usize], Value::Function(function.clone())),
                Instr::Check { a, name } => {
                    if regs[a as usize].is_undefined() {
                        fail!(unassigned(&code.consts[name as usize], code));
                    }
                }
                Instr::Lend { a, slot } => self.lend(regs, a, slot, instrs[pc]),

                Instr::Add { d, a, b } => arithmetic!(BinaryOp::Add, d, a, b, checked_add, +),
                Instr::Sub { d, a, b } => arithmetic!(BinaryOp::Sub, d, a, b, checked_sub, -),
                Instr::Mul { d, a, b } => arithmetic!(BinaryOp::Mul, d, a, b, checked_mul, *),
                Instr::Div { d, a, b } => {
                    let value = match (&regs[a as usize], &regs[b as usize]) {
                        (Value::Array(Array::Float(x)), Value::Array(Array::Float(y))) => Some(x / y),
                        (Value::Array(Array::Float(x)), Value::Array(Array::Int(y))) => Some(x / *y as f64),
                        (Value::Array(Array::Int(x)), Value::Array(Array::Float(y))) => Some(*x as f64 / y),
                        (Value::Array(Array::Int(x)), Value::Array(Array::Int(y))) if *y != 0 => {
                            Some(*x as f64 / *y as f64)
                        }
                        _ => None,
                    };
                    match value {
                        Some(value) => set(&mut regs[d as usize], Value::float(value)),
                        None => attempt!(self.operate(regs, BinaryOp::Div, [d, a, b], code.kills[pc - 1])),
                    }
                }
                Instr::Binary { op, d, a, b } => {
                    let value = match (op, &regs[a as usize], &regs[b as usize]) {
                        (BinaryOp::Rem, Value::Array(Array::Int(x)), Value::Array(Array::Int(y))) if *y > 0 => {
                            Some(x.rem_euclid(*y))
                        }
                        (BinaryOp::FloorDiv, Value::Array(Array::Int(x)), Value::Array(Array::Int(y))) if *y > 0 => {
                            Some(x.div_euclid(*y))
                        }
                        _ => None,
                    };
                    match value {
                        Some(value) => set(&mut regs[d as usize], Value::int(value)),
                        None => attempt!(self.operate(regs, op, [d, a, b], code.kills[pc - 1])),
                    }
                }
                Instr::AddInt { d, a, value } => arithmetic_int!(BinaryOp::Add, d, a, value, checked_add, +),
                Instr::SubInt { d, a, value } => arithmetic_int!(BinaryOp::Sub, d, a, value, checked_sub, -),
                Instr::MulInt { d, a, value } => arithmetic_int!(BinaryOp::Mul, d, a, value, checked_mul, *),
                Instr::Neg { d, a } => match &regs[a as usize] {
                    Value::Array(Array::Float(x)) => {
                        let value = Value::float(-x);
                        set(&mut regs[d as usize], value);
                    }
                    _ => {
                        let value = attempt!(self.unary(instr, take!(a, 1)));
                        set(&mut regs[d as usize], value);
                    }
                },
                Instr::Pos { d, a } | Instr::BitNot { d, a } | Instr::Not { d, a } => {
                    let value = attempt!(self.unary(instr, take!(a, 1)));
                    set(&mut regs[d as usize], value);
                }
                Instr::Compare { op, d, a, b } => {
                    let holds = match (&regs[a as usize], &regs[b as usize]) {
                        (Value::Array(Array::Int(x)), Value::Array(Array::Int(y))) => relation(op, x, y),
                        (Value::Array(Array::Float(x)), Value::Array(Array::Float(y))) => relation(op, x, y),
                        _ => None,
                    };
                    let value = match holds {
                        Some(holds) => Value::bool(holds),
                        None => {
                            let (x, y) = (take_operand(regs, code, pc, a, b, 1), take_operand(regs, code, pc, b, a, 2));
                            attempt!(self.compare(op, x, y))
                        }
                    };
                    set(&mut regs[d as usize], value);
                }
                Instr::Both { or, d, a, b } => {
                    let (x, y) = (regs[a as usize].clone(), regs[b as usize].clone());
                    let value = attempt!(self.both(or, x, y));
                    set(&mut regs[d as usize], value);
                }
                Instr::Range { d, a, b } => {
                    let (x, y) = (regs[a as usize].clone(), regs[b as usize].clone());
                    let value = attempt!(self.range(&x, &y));
                    set(&mut regs[d as usize], value);
                }

                Instr::Jump { to } => jump!(to),
                Instr::JumpIf { a, sense, to } => {
                    let truth = match &regs[a as usize] {
                        Value::Array(Array::Bool(truth)) => *truth,
                        other => attempt!(self.truth(other)),
                    };
                    if truth == sense {
                        jump!(to)
                    }
                }
                Instr::ShortCircuit { a, sense, to } => {
                    if attempt!(self.decides(&regs[a as usize])) == Some(sense) {
                        jump!(to)
                    }
                }
                Instr::JumpLt { sense, a, b, to } => jump_compare!(CompareOp::Lt, sense, a, b, to, <),
                Instr::JumpLe { sense, a, b, to } => jump_compare!(CompareOp::Le, sense, a, b, to, <=),
                Instr::JumpEq { sense, a, b, to } => jump_compare!(CompareOp::Eq, sense, a, b, to, ==),
                Instr::JumpLtInt { sense, a, value, to } => jump_compare_int!(CompareOp::Lt, sense, a, value, to, <),
                Instr::JumpLeInt { sense, a, value, to } => jump_compare_int!(CompareOp::Le, sense, a, value, to, <=),
                Instr::JumpEqInt { sense, a, value, to } => jump_compare_int!(CompareOp::Eq, sense, a, value, to, ==),
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

                Instr::IterNew { a } => attempt!(self.iterate(regs, a)),
                Instr::IterRange { a } => attempt!(self.iterate_range(regs, a)),
                Instr::IterNext { a, d, to } => {
                    if let (Value::Array(Array::Int(i)), Value::Array(Array::Int(end))) =
                        (&regs[a as usize], &regs[a as usize + 1])
                    {
                        if i < end {
                            let i = *i;
                            regs[a as usize] = Value::int(i + 1);
                            set(&mut regs[d as usize], Value::int(i));
                            jump!(to)
                        }
                    } else if let Some(item) = attempt!(self.next_item(regs, a)) {
                        set(&mut regs[d as usize], item);
                        jump!(to)
                    }
                }

                Instr::Call { a, count } => {
                    let args = drop_missing_receiver(regs, a, Given { count: count.into(), shape: None, skipped: 0 });
                    match &regs[a as usize] {
                        Value::Function(callee) => {
                            let function = callee.clone();
                            *at = pc;
                            return Leave::Call { function, a, args };
                        }
                        _ => attempt!(self.call_other(regs, a, args, code)),
                    }
                }
                Instr::CallWith { a, count, shape } => {
                    let args = Given { count: count.into(), shape: Some(shape), skipped: 0 };
                    let args = drop_missing_receiver(regs, a, args);
                    match &regs[a as usize] {
                        Value::Function(callee) => {
                            let function = callee.clone();
                            *at = pc;
                            return Leave::Call { function, a, args };
                        }
                        _ => attempt!(self.call_other(regs, a, args, code)),
                    }
                }
                Instr::Method { a, name } => {
                    if !attempt!(self.method(regs, a, &code.consts[name as usize])) {
                        pc += 1;
                    }
                }
                Instr::Return { a } => {
                    *at = pc;
                    return Leave::Return(std::mem::take(&mut regs[a as usize]));
                }
                Instr::Closure { d, proto } => {
                    let value = closure(&function, &code.protos[proto as usize], regs, far);
                    set(&mut regs[d as usize], value);
                }

                Instr::Tuple { d, a, count } => {
                    let items = take_row(regs, a, count);
                    set(&mut regs[d as usize], Value::tuple(items));
                }
                Instr::Record { d, a, count, shape } => {
                    let names = code.record_shapes[shape as usize].iter().cloned();
                    let fields = names.zip(take_row(regs, a, count)).collect();
                    set(&mut regs[d as usize], Value::record(fields));
                }
                Instr::Stack { d, a, count } => {
                    let items = take_row(regs, a, count);
                    let value = attempt!(self.stack(items));
                    set(&mut regs[d as usize], value);
                }
                Instr::ListNew { d } => set(&mut regs[d as usize], Value::tuple(vec![])),
                Instr::ListPush { d, a } => {
                    let item = take!(a, 1);
                    attempt!(self.list_push(&mut regs[d as usize], item));
                }
                Instr::ListSpread { d, a } => {
                    let items = take!(a, 1);
                    attempt!(self.list_spread(&mut regs[d as usize], items));
                }
                Instr::ListStack { d } => {
                    let list = std::mem::take(&mut regs[d as usize]);
                    let value = attempt!(self.stack_list(list));
                    set(&mut regs[d as usize], value);
                }
                Instr::RecordNew { d } => set(&mut regs[d as usize], Value::record(Default::default())),
                Instr::RecordPush { d, a, name } => {
                    let value = take!(a, 1);
                    attempt!(self.record_push(&mut regs[d as usize], &code.consts[name as usize], value));
                }
                Instr::RecordSpread { d, a } => {
                    let fields = take!(a, 1);
                    attempt!(self.record_spread(&mut regs[d as usize], fields));
                }
                Instr::Format { d, a, spec } => {
                    let text = attempt!(self.format(&regs[a as usize], &code.consts[spec as usize]));
                    set(&mut regs[d as usize], text);
                }
                Instr::Join { d, a, count } => {
                    let value = join(&regs[a as usize..a as usize + usize::from(count)]);
                    set(&mut regs[d as usize], value);
                }
                Instr::Unpack { d, a, count } => {
                    let value = take!(a, 1);
                    let items = attempt!(self.unpack(value, count.into()));
                    for (i, item) in items.into_iter().enumerate() {
                        set(&mut regs[d as usize + i], item);
                    }
                }

                Instr::Field { d, a, name } => {
                    let value = attempt!(self.field(&regs[a as usize], &code.consts[name as usize]));
                    if code.kills[pc - 1] & 1 != 0 {
                        set(&mut regs[a as usize], Value::Undefined);
                    }
                    set(&mut regs[d as usize], value);
                }
                Instr::Index { d, a, b } => {
                    let value = attempt!(self.index(&regs[a as usize], &regs[b as usize]));
                    if code.kills[pc - 1] & 1 != 0 {
                        set(&mut regs[a as usize], Value::Undefined);
                    }
                    set(&mut regs[d as usize], value);
                }
                Instr::IndexMany { d, a, b, spec } => {
                    let spec = &code.index_specs[spec as usize];
                    let value = attempt!(self.index_many(&regs[a as usize], spec, &regs[b as usize..]));
                    if code.kills[pc - 1] & 1 != 0 {
                        set(&mut regs[a as usize], Value::Undefined);
                    }
                    set(&mut regs[d as usize], value);
                }
                Instr::SetPath { a, path } => {
                    let value = take!(a, 1);
                    attempt!(self.set_path(regs, far, &code.paths[path as usize], value));
                }
                Instr::AugPath { op, a, path } => {
                    let value = take!(a, 1);
                    attempt!(self.aug_path(regs, far, &code.paths[path as usize], op, value));
                }
                Instr::Spill { a, count, slot } => {
                    for i in 0..usize::from(count) {
                        far[slot as usize + i] = std::mem::take(&mut regs[a as usize + i]);
                    }
                }
                Instr::Unspill { a, count, slot } => {
                    for i in 0..usize::from(count) {
                        regs[a as usize + i] = std::mem::take(&mut far[slot as usize + i]);
                    }
                }

                Instr::Show { a } => {
                    let value = take!(a, 1);
                    attempt!(self.host.show(value));
                }
                Instr::Import { d, import } => {
                    let values = attempt!(self.import(code, &code.imports[import as usize]));
                    for (i, value) in values.into_iter().enumerate() {
                        set(&mut regs[d as usize + i], value);
                    }
                }
                Instr::CheckType { a, ty } => {
                    attempt!(self.check_type(regs, a, &code.types[ty as usize], code));
                }
                Instr::CheckReturn { a } => attempt!(self.check_return(regs, a, code)),
                Instr::NotYet { what } => {
                    let what = code.consts[what as usize].as_str().unwrap_or_default().trim_matches('`').to_string();
                    fail!(Error::not_yet(&what));
                }
            }
        }
    }
}

#[inline(always)]
fn relation<T: PartialOrd>(op: CompareOp, x: T, y: T) -> Option<bool> {
    Some(match op {
        CompareOp::Eq => x == y,
        CompareOp::Ne => x != y,
        CompareOp::Lt => x < y,
        CompareOp::Le => x <= y,
        CompareOp::Gt => x > y,
        CompareOp::Ge => x >= y,
        CompareOp::In | CompareOp::NotIn => return None,
    })
}

/// Operand `reg` of the instruction before `pc`: moved if it dies there and is not the other operand too.
pub(super) fn take_operand(regs: &mut Window, code: &Code, pc: usize, reg: Reg, other: Reg, bit: u8) -> Value {
    if code.kills[pc - 1] & bit != 0 && reg != other {
        std::mem::take(&mut regs[reg as usize])
    } else {
        regs[reg as usize].clone()
    }
}

/// Moves the values of registers in a row out.
fn take_row(regs: &mut Window, first: Reg, count: u8) -> Vec<Value> {
    regs[first as usize..first as usize + usize::from(count)].iter_mut().map(std::mem::take).collect()
}

fn join(pieces: &[Value]) -> Value {
    Value::str(pieces.iter().filter_map(Value::as_str).collect::<String>())
}

fn sibling(function: &Rc<Function>, index: u32) -> Value {
    let code = function.env.siblings[index as usize].clone();
    Value::Function(Rc::new(Function { code, env: function.env.clone() }))
}

fn closure(function: &Rc<Function>, proto: &Proto, regs: &Window, far: &[Value]) -> Value {
    let captures = proto
        .captures
        .iter()
        .map(|from| match *from {
            CaptureFrom::Reg(reg) => regs[reg as usize].clone(),
            CaptureFrom::Far(slot) => far[slot as usize].clone(),
            CaptureFrom::Capture(index) => function.env.captures[index as usize].clone(),
            CaptureFrom::Sibling(index) => sibling(function, index),
            CaptureFrom::Myself => Value::Function(function.clone()),
        })
        .collect();
    let env = super::super::function::Env { captures, siblings: proto.siblings.to_vec() };
    Value::Function(Rc::new(Function { code: proto.code.clone(), env: Rc::new(env) }))
}

#[cold]
fn unassigned(name: &Value, code: &Code) -> Error {
    let name = name.as_str().unwrap_or_default();
    let error = Error::new(Kind::Name, format!("`{name}` has no value yet"));
    if code.name.is_empty() {
        return error;
    }
    error.help(format!("a name assigned anywhere in a function is local to it; give `{name}` a value before this line"))
}

impl Stacks {
    /// Makes the stacks hold a frame that begins at `base`; gives the start of its far slots.
    fn make_room(&mut self, base: usize, code: &Code) -> usize {
        let need = base + WINDOW;
        if self.values.len() < need {
            self.values.resize(need + need / 2, Value::Undefined);
        }
        let far = self.far.len();
        self.far.resize(far + code.far, Value::Undefined);
        far
    }

    /// Releases what a frame holds; gives its caller.
    pub(super) fn leave(&mut self, frame: &Position) -> Option<Position> {
        for slot in &mut self.values[frame.base..frame.base + frame.function.code.registers] {
            set(slot, Value::Undefined);
        }
        self.far.truncate(frame.far);
        self.callers.pop()
    }
}
