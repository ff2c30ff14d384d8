//! Instructions on anything but plain scalars, and all that are not worth a place in the loop of `run`.

use super::super::code::*;
use super::super::function::{Env, Function};
use super::super::tables::*;
use super::super::value::Value;
use super::registers::{Window, set};
use super::unwind::{behind, site};
use super::{Machine, Pause};
use crate::context::Context;
use crate::diagnostics::error::Place;
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::{Array, DType};
use crate::transform::{self, waiting};
use nabla_grammar::tree::{BinaryOp, CompareOp};
use std::rc::Rc;

impl Machine {
    /// Runs the instruction before `pc`, which is no jump, call or return.
    #[inline(never)]
    pub(super) fn slow(
        &mut self,
        regs: &mut Window,
        far: &mut [Value],
        far_base: usize,
        function: &Rc<Function>,
        pc: usize,
    ) -> Result<()> {
        let code = &*function.code;
        let far = &mut far[far_base..];
        self.note_place(code, pc);
        let kills = code.kills[pc - 1];
        // an operand whose value is moved if it dies here
        macro_rules! take {
            ($reg:expr) => {
                if kills & 1 != 0 { std::mem::take(&mut regs[$reg as usize]) } else { regs[$reg as usize].clone() }
            };
        }
        let instr = code.instrs[pc - 1];
        match instr {
            Instr::Const { d, k } => set(&mut regs[d as usize], code.consts[k as usize].clone()),
            Instr::Literal { d, k } => {
                let value = self.at_home(code.consts[k as usize].clone())?;
                set(&mut regs[d as usize], value);
            }
            Instr::Bool { d, value } => set(&mut regs[d as usize], Value::bool(value)),
            Instr::None { d } => set(&mut regs[d as usize], Value::None),
            Instr::GetFar { d, slot } => set(&mut regs[d as usize], far[slot as usize].clone()),
            Instr::SetFar { a, slot } => {
                let mut value = take!(a);
                if waiting::any(&self.host.cx) {
                    self.settle_replacing(&mut value, &mut far[slot as usize], &code.instrs[pc - 1])?;
                }
                far[slot as usize] = value;
            }
            Instr::GetGlobal { slot, .. } => return Err(self.unknown_name(slot, behind(code, pc - 1))),
            Instr::SetGlobal { a, slot } => {
                if let Some(lent) = &mut self.lent {
                    lent.reg = a;
                }
                if waiting::any(&self.host.cx) {
                    let mut old = std::mem::take(&mut self.globals[slot as usize]);
                    let settled = self.settle_replacing(&mut regs[a as usize], &mut old, &code.instrs[pc - 1]);
                    self.globals[slot as usize] = old;
                    settled?;
                }
                self.lent = None;
                set(&mut self.globals[slot as usize], take!(a));
            }
            Instr::GetFunction { d, slot } => set(&mut regs[d as usize], self.globals[slot as usize].clone()),
            Instr::GetCapture { d, index } => {
                set(&mut regs[d as usize], function.env.captures[index as usize].clone());
            }
            Instr::Sibling { d, index } => set(&mut regs[d as usize], sibling(function, index)),
            Instr::Myself { d } => set(&mut regs[d as usize], myself(function)),
            Instr::Check { a, name } => {
                if regs[a as usize].is_undefined() {
                    return Err(unassigned(&code.consts[name as usize], code));
                }
            }
            Instr::Lend { a, slot } => self.lend(regs, a, slot, code.instrs[pc]),

            Instr::Add { d, a, b } => self.operate(regs, BinaryOp::Add, [d, a, b], kills)?,
            Instr::Sub { d, a, b } => self.operate(regs, BinaryOp::Sub, [d, a, b], kills)?,
            Instr::Mul { d, a, b } => self.operate(regs, BinaryOp::Mul, [d, a, b], kills)?,
            Instr::Div { d, a, b } => self.operate(regs, BinaryOp::Div, [d, a, b], kills)?,
            Instr::Binary { op, d, a, b } => self.operate(regs, op, [d, a, b], kills)?,
            Instr::AddInt { d, a, value } => self.operate_int(regs, BinaryOp::Add, [d, a], value, kills)?,
            Instr::SubInt { d, a, value } => self.operate_int(regs, BinaryOp::Sub, [d, a], value, kills)?,
            Instr::MulInt { d, a, value } => self.operate_int(regs, BinaryOp::Mul, [d, a], value, kills)?,
            Instr::Neg { d, a } | Instr::Pos { d, a } | Instr::BitNot { d, a } | Instr::Not { d, a } => {
                self.unary(regs, instr, [d, a], kills)?;
            }
            Instr::Compare { op, d, a, b } => {
                let x = take_operand(regs, kills & 1 != 0 && a != b, a);
                let y = take_operand(regs, kills & 2 != 0 && a != b, b);
                let value = self.compare(op, x, y)?;
                set(&mut regs[d as usize], value);
            }
            Instr::Both { or, d, a, b } => {
                let value = self.both(or, regs[a as usize].clone(), regs[b as usize].clone())?;
                set(&mut regs[d as usize], value);
            }
            Instr::Range { d, a, b } => {
                let value = self.range(&regs[a as usize], &regs[b as usize])?;
                set(&mut regs[d as usize], value);
            }
            Instr::IterNew { a } => self.iterate(regs, a)?,
            Instr::IterRange { a } => self.iterate_range(regs, a)?,
            Instr::Closure { d, proto } => {
                let value = closure(function, &code.tables.protos[proto as usize], regs, far);
                set(&mut regs[d as usize], value);
            }
            Instr::Tuple { d, a, count } => {
                let items = take_row(regs, a, count);
                set(&mut regs[d as usize], Value::tuple(items));
            }
            Instr::Record { d, a, count, shape } => {
                let names = code.tables.record_shapes[shape as usize].iter().cloned();
                let fields = names.zip(take_row(regs, a, count)).collect();
                set(&mut regs[d as usize], Value::record(fields));
            }
            Instr::Stack { d, a, count } => {
                let items = take_row(regs, a, count);
                let value = self.stack(items)?;
                set(&mut regs[d as usize], value);
            }
            Instr::ListNew { d } => set(&mut regs[d as usize], Value::tuple(vec![])),
            Instr::ListPush { d, a } => {
                let item = take!(a);
                self.list_push(&mut regs[d as usize], item)?;
            }
            Instr::ListSpread { d, a } => {
                let items = take!(a);
                self.list_spread(&mut regs[d as usize], items)?;
            }
            Instr::ListStack { d } => {
                let list = std::mem::take(&mut regs[d as usize]);
                let value = self.stack_list(list)?;
                set(&mut regs[d as usize], value);
            }
            Instr::RecordNew { d } => set(&mut regs[d as usize], Value::record(Default::default())),
            Instr::RecordPush { d, a, name } => {
                let value = take!(a);
                self.record_push(&mut regs[d as usize], &code.consts[name as usize], value)?;
            }
            Instr::RecordSpread { d, a } => {
                let fields = take!(a);
                self.record_spread(&mut regs[d as usize], fields)?;
            }
            Instr::Format { d, a, spec } => {
                let value = self.at_hand(&regs[a as usize])?;
                let text = self.format(&value, &code.consts[spec as usize])?;
                set(&mut regs[d as usize], text);
            }
            Instr::Join { d, a, count } => {
                let value = join(&self.host.cx, &regs[a as usize..a as usize + usize::from(count)])?;
                set(&mut regs[d as usize], value);
            }
            Instr::Unpack { d, a, count } => {
                let value = take!(a);
                let items = self.unpack(value, count.into())?;
                for (i, item) in items.into_iter().enumerate() {
                    set(&mut regs[d as usize + i], item);
                }
            }

            Instr::Field { d, a, name } => {
                let value = self.field(&regs[a as usize], &code.consts[name as usize])?;
                if kills & 1 != 0 {
                    set(&mut regs[a as usize], Value::Undefined);
                }
                set(&mut regs[d as usize], value);
            }
            Instr::Index { d, a, b } => {
                let value = self.index(&regs[a as usize], &regs[b as usize])?;
                if kills & 1 != 0 {
                    set(&mut regs[a as usize], Value::Undefined);
                }
                set(&mut regs[d as usize], value);
            }
            Instr::IndexMany { d, a, b, spec } => {
                let spec = &code.tables.index_specs[spec as usize];
                let value = self.index_many(&regs[a as usize], spec, &regs[b as usize..])?;
                if kills & 1 != 0 {
                    set(&mut regs[a as usize], Value::Undefined);
                }
                set(&mut regs[d as usize], value);
            }
            Instr::SetIndex { a, path, .. } | Instr::SetPath { a, path } => {
                let value = take!(a);
                self.set_path(regs, far, &code.tables.paths[path as usize], value)?;
            }
            Instr::AugPath { op, a, path } => {
                let value = take!(a);
                self.aug_path(regs, far, &code.tables.paths[path as usize], op, value)?;
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

            Instr::EnterHome { a, slot } => far[slot as usize] = self.enter_home(&regs[a as usize])?,
            Instr::SaveHome { slot } => {
                // what went wrong before is none of what is caught here
                waiting::settle_due(&mut self.host.cx)?;
                self.host.cx.devices.look_for_faults()?;
                far[slot as usize] = self.home();
            }
            Instr::LeaveHome { slot } => self.set_home(&far[slot as usize]),
            Instr::Finish { a } => self.finish_part(regs, a)?,
            Instr::Show { a } => {
                let value = take!(a);
                let shown = self.at_hand(&value)?;
                self.host.show(value, &shown)?;
            }
            Instr::Import { d, import } => {
                let values = self.import(code, &code.tables.imports[import as usize])?;
                for (i, value) in values.into_iter().enumerate() {
                    set(&mut regs[d as usize + i], value);
                }
            }
            Instr::CheckType { a, ty } => {
                self.check_type(regs, a, &code.tables.types[ty as usize], code)?;
            }
            Instr::CheckReturn { a } => self.check_return(regs, a, code)?,
            Instr::NotYet { what } => {
                let what = code.consts[what as usize].as_str().unwrap_or_default().trim_matches('`').to_string();
                return Err(Error::not_yet(&what));
            }
            Instr::Int { .. }
            | Instr::MulAdd { .. }
            | Instr::MulSub { .. }
            | Instr::Products { .. }
            | Instr::Copy { .. }
            | Instr::Move { .. }
            | Instr::Jump { .. }
            | Instr::Begin { .. }
            | Instr::JumpIf { .. }
            | Instr::ShortCircuit { .. }
            | Instr::JumpLt { .. }
            | Instr::JumpLe { .. }
            | Instr::JumpEq { .. }
            | Instr::JumpLtInt { .. }
            | Instr::JumpLeInt { .. }
            | Instr::JumpEqInt { .. }
            | Instr::JumpGiven { .. }
            | Instr::JumpCallable { .. }
            | Instr::IterNext { .. }
            | Instr::Call { .. }
            | Instr::CallWith { .. }
            | Instr::CallGlobal { .. }
            | Instr::Method { .. }
            | Instr::Return { .. } => return Err(Error::new(Kind::Internal, "an instruction of the fast loop")),
        }
        // a variable gets its value with the last instruction of a statement
        if let Some(d) = instr.result()
            && waiting::any(&self.host.cx)
            && usize::from(d) < code.variables
        {
            self.settle_register(regs, d, &code.instrs[pc - 1])?;
        }
        Ok(())
    }

    /// What the conditional jump before `pc` tests.
    #[inline(never)]
    pub(super) fn slow_condition(&mut self, regs: &Window, code: &Code, pc: usize) -> Result<bool> {
        self.note_place(code, pc);
        let value = |reg: Reg| regs[reg as usize].clone();
        let (op, x, y) = match code.instrs[pc - 1] {
            Instr::JumpIf { a, .. } => return self.decide(&regs[a as usize]),
            Instr::JumpLt { a, b, .. } => (CompareOp::Lt, value(a), value(b)),
            Instr::JumpLe { a, b, .. } => (CompareOp::Le, value(a), value(b)),
            Instr::JumpEq { a, b, .. } => (CompareOp::Eq, value(a), value(b)),
            Instr::JumpLtInt { a, value: v, .. } => (CompareOp::Lt, value(a), Value::int(v.into())),
            Instr::JumpLeInt { a, value: v, .. } => (CompareOp::Le, value(a), Value::int(v.into())),
            Instr::JumpEqInt { a, value: v, .. } => (CompareOp::Eq, value(a), Value::int(v.into())),
            _ => return Err(Error::new(Kind::Internal, "no condition")),
        };
        let outcome = self.compare(op, x, y)?;
        self.decide(&outcome)
    }

    /// A truth value that is known only later is no error, but takes the same way out of the loop: `execute` knows.
    fn decide(&mut self, outcome: &Value) -> Result<bool> {
        match self.known_truth(outcome)? {
            Some(known) => Ok(known),
            None => self.truth(outcome),
        }
    }

    /// What a truth value of a transform is, if it is one.
    fn known_truth(&mut self, value: &Value) -> Result<Option<bool>> {
        match value {
            Value::Array(condition @ Array::Lifted(_))
                if condition.dtype() == DType::Bool
                    && condition.ndim() == 0
                    && transform::known(&mut self.host.cx, condition)?.is_none() =>
            {
                if let Some(same) = transform::same_in_all_rows(&mut self.host.cx, condition)? {
                    return Ok(Some(same));
                }
                self.pause = Some(Pause::Condition(condition.clone()));
                Err(Error::new(Kind::Graph, "a condition that is not known yet"))
            }
            _ => Ok(None),
        }
    }

    /// Lets those who record operations know the line.
    #[inline]
    pub(super) fn note_place(&mut self, code: &Code, pc: usize) {
        if self.host.cx.wants_place() && !code.source.library {
            let place = Place { source: code.source.clone(), span: site(code, pc - 1).span };
            self.host.cx.modes.place = Some(place);
        }
    }

    /// What the left side of the short-circuit before `pc` says alone.
    #[inline(never)]
    pub(super) fn slow_decision(&mut self, regs: &Window, code: &Code, pc: usize) -> Result<Option<bool>> {
        let Instr::ShortCircuit { a, .. } = code.instrs[pc - 1] else { return Ok(None) };
        if let Some(known) = self.known_truth(&regs[a as usize])? {
            return Ok(Some(known));
        }
        self.decides(&regs[a as usize])
    }
}

fn take_operand(regs: &mut Window, dies: bool, reg: Reg) -> Value {
    if dies { std::mem::take(&mut regs[reg as usize]) } else { regs[reg as usize].clone() }
}

/// Moves the values of registers in a row out.
fn take_row(regs: &mut Window, first: Reg, count: u8) -> Vec<Value> {
    regs[first as usize..first as usize + usize::from(count)].iter_mut().map(std::mem::take).collect()
}

fn join(cx: &Context, pieces: &[Value]) -> Result<Value> {
    let texts = || pieces.iter().filter_map(Value::as_str);
    cx.reserve(texts().fold(0, |bytes, text| text.len().saturating_add(bytes)), 1, || "this string".into())?;
    Ok(Value::str(texts().collect::<String>()))
}

/// The running function, whole where only a part of it runs.
fn myself(function: &Rc<Function>) -> Value {
    Value::Function(match &function.code.whole {
        Some(whole) => Rc::new(Function { code: whole.clone(), env: function.env.clone() }),
        None => function.clone(),
    })
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
            CaptureFrom::Myself => myself(function),
        })
        .collect();
    let env = Env { captures, siblings: proto.siblings.to_vec() };
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
