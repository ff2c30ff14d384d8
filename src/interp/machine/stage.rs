//! `if` on a value that is known only later: both arms run while their operations are recorded, as the two branches of
//! one operation.
//!
//! From the jump on, each way runs in a frame of its own up to the place where the ways meet; what is read behind that
//! place becomes a result of the operation where it is not the same on both. It must never change the running frame
//! before both ways have succeeded.

use super::super::code::*;
use super::super::function::Function;
use super::super::value::Value;
use super::Machine;
use super::meet::{Apart, Pair, collect, common, in_type, rebuilt};
use super::registers::set;
use super::stack::{Position, Stacks};
use super::unwind::site;
use crate::diagnostics::error::Demand;
use crate::diagnostics::{Error, Kind, Result};
use crate::graph::{Branches, Graph, Node, cond};
use crate::ops;
use crate::tensor::{Abstract, Array};
use crate::transform::trace::Recorder;
use crate::transform::{self, Maker};
use std::rc::Rc;

/// What a way leaves behind: registers and far slots.
struct Outcome {
    recorder: Recorder,
    regs: Vec<Value>,
    far: Vec<Value>,
}

impl Machine {
    /// Records both ways from the conditional jump before `now.pc`, and goes on where they meet.
    pub(super) fn stage(&mut self, stacks: &mut Stacks, now: &mut Position, condition: Array) -> Result<()> {
        let demand = transform::unknown(&condition).and_then(|mut unknown| unknown.details_mut().demand.take());
        let home = self.host.cx.devices.home;
        let found = self.stage_inside(stacks, now, condition);
        if let (Err(error), Instr::ShortCircuit { .. }) = (&found, now.function.code.instrs[now.pc - 1])
            && error.is_of_program()
        {
            // both sides run, element by element
            self.take_back(home);
            return Ok(());
        }
        found.map_err(|mut error| {
            let details = error.details_mut();
            // whether it would happen is not known: a `try` of the recorded program must not decide that it does
            details.recorded = true;
            if details.demand.is_none() && details.kind != Kind::Interrupted {
                details.demand = demand.map(|demand| Demand { integers: true, ..demand });
            }
            error
        })
    }

    fn stage_inside(&mut self, stacks: &mut Stacks, now: &mut Position, condition: Array) -> Result<()> {
        let (function, pc) = (now.function.clone(), now.pc);
        let code = &function.code;
        let regs = &stacks.values[now.base..now.base + code.registers];
        let far = &stacks.far[now.far..now.far + code.far];
        let at = pc as u32 - 1;
        let around = code.tables.branches.iter().filter(|branch| (branch.start..branch.end).contains(&at));
        let in_graph = self.host.cx.modes.is_in_graph();
        let no_branch = || no_branch(in_graph);
        let branch = around.min_by_key(|branch| branch.end - branch.start).ok_or_else(no_branch)?;
        let Some(join) = branch.join else {
            let around = code.tables.loops.iter().filter(|spec| (spec.next..spec.end).contains(&at));
            let spec = around.filter(|spec| spec.entry.is_none()).min_by_key(|spec| spec.end - spec.start);
            return self.stage_while(stacks, now, &spec.ok_or_else(no_branch)?.clone());
        };
        check_inside(code, pc, branch.start, join, in_graph)?;
        let (jump, sense) = sides(code.instrs[pc - 1]).ok_or_else(no_branch)?;
        let (holds, fails) = if sense { (jump, pc) } else { (pc, jump) };
        let part = Rc::new(Function { code: Rc::new(part(code, pc, join)), env: function.env.clone() });

        let level = self.host.cx.modes.enter();
        let then = self.one_way(&part, regs, far, holds, Recorder::branch(level))?;
        let level = self.host.cx.modes.enter();
        let sibling = then.recorder.sibling(level);
        let otherwise = self.one_way(&part, regs, far, fails, sibling)?;

        let is_short = matches!(code.instrs[pc - 1], Instr::ShortCircuit { .. });
        // variables are the same behind both ways, whatever the value is
        let binds_nothing = || {
            let named = branch.live.iter().map(|&reg| usize::from(reg)).filter(|&reg| reg < code.names.len());
            let mut variables = named.map(|reg| (&then.regs[reg], &otherwise.regs[reg]));
            variables.all(|(x, y)| x.is_identical(y))
                && then.far.iter().zip(&otherwise.far).all(|(x, y)| x.is_identical(y))
        };
        if is_short
            && [&then, &otherwise].iter().all(|way| way.recorder.are_all(Node::may_run_unasked))
            && binds_nothing()
        {
            // nobody sees whether the right side runs
            return Ok(());
        }
        let mut pairs = vec![];
        for &reg in &branch.live {
            let name = match code.names.get(usize::from(reg)) {
                Some(name) => format!("`{name}`"),
                None => "its value".into(),
            };
            let (x, y) = (&then.regs[usize::from(reg)], &otherwise.regs[usize::from(reg)]);
            collect(&self.host.cx, x, y, &mut pairs).map_err(|apart| apart.error(&name, branch))?;
        }
        if let (true, [[Array::Bool(x), Array::Bool(y)]]) = (branch.decides, pairs.as_slice())
            && x != y
        {
            // the condition itself, or its opposite
            let holds = if *x { condition } else { ops::apply1(&mut self.host.cx, &ops::LOGICAL_NOT, condition)? };
            set(&mut stacks.values[now.base + usize::from(branch.live[0])], Value::Array(holds));
            now.pc = join as usize;
            return Ok(());
        }
        // nobody knows which far slots are read behind: where the ways differ there is no value
        let mut has_value = vec![];
        for (x, y) in then.far.iter().zip(&otherwise.far) {
            let before = pairs.len();
            has_value.push(match collect(&self.host.cx, x, y, &mut pairs) {
                Ok(()) => true,
                Err(Apart::Error(error)) => return Err(error),
                Err(Apart::Differ(..)) => {
                    pairs.truncate(before);
                    false
                }
            });
        }
        let mut found = self.choose(condition, pairs, then.recorder.clone(), otherwise.recorder.clone())?.into_iter();
        for &reg in &branch.live {
            let reg = usize::from(reg);
            let value = rebuilt(&then.regs[reg], &otherwise.regs[reg], &mut found);
            set(&mut stacks.values[now.base + reg], value);
        }
        for (number, has_value) in has_value.into_iter().enumerate() {
            stacks.far[now.far + number] = match has_value {
                true => rebuilt(&then.far[number], &otherwise.far[number], &mut found),
                false => Value::Undefined,
            };
        }
        now.pc = join as usize;
        now.heap = true;
        Ok(())
    }

    /// Runs one way, with its operations recorded.
    fn one_way(
        &mut self,
        part: &Rc<Function>,
        regs: &[Value],
        far: &[Value],
        pc: usize,
        recorder: Recorder,
    ) -> Result<Outcome> {
        let found = self.run_part(part, regs, far, pc, Some(&recorder)).map_err(|error| {
            let advice = "both ways of an `if` are recorded when a graph is made: this is an error of one of them";
            // ways inside ways say it once
            let is_said = error.details().help.iter().any(|help| help == advice);
            if self.host.cx.modes.is_in_graph() && !is_said { error.help(advice) } else { error }
        });
        let (regs, far) = found?;
        Ok(Outcome { recorder, regs, far })
    }

    /// Runs a part of a function from an instruction on: the registers and far slots behind it. Its operations may be
    /// recorded.
    pub(super) fn run_part(
        &mut self,
        part: &Rc<Function>,
        regs: &[Value],
        far: &[Value],
        pc: usize,
        recorder: Option<&Recorder>,
    ) -> Result<(Vec<Value>, Vec<Value>)> {
        self.nest().map_err(|error| {
            error.help("a recursion that ends by a value known only later cannot be recorded: loop over a known range")
        })?;
        let mut stacks = Stacks::new(std::mem::take(&mut self.spare), &self.host.cx);
        stacks.keep = true;
        let base = stacks.make_room(0, &part.code);
        for (slot, value) in stacks.values.iter_mut().zip(regs) {
            set(slot, value.clone());
        }
        stacks.far[base..].clone_from_slice(far);
        let now = Position { function: part.clone(), pc, base: 0, far: base, heap: true };
        let result = match recorder {
            Some(recorder) => {
                let depth = self.host.cx.modes.begin(Maker::Trace(recorder.clone()));
                let result = self.execute(&mut stacks, now);
                self.host.cx.modes.end(depth);
                result
            }
            None => self.execute(&mut stacks, now),
        };
        self.nesting -= 1;
        result?;
        let regs = stacks.values[..part.code.registers].iter_mut().map(std::mem::take).collect();
        let far = stacks.far.split_off(base);
        self.spare = stacks.values;
        Ok((regs, far))
    }

    /// The operation that takes one value of each pair.
    fn choose(
        &mut self,
        condition: Array,
        pairs: Vec<Pair>,
        then: Recorder,
        otherwise: Recorder,
    ) -> Result<Vec<Array>> {
        // a way may give what it found as it is
        for [x, y] in &pairs {
            if !then.made(x) {
                otherwise.capture(x);
            }
            otherwise.capture(y);
        }
        then.take_inputs_of(&otherwise);
        let common: Vec<Abstract> = pairs.iter().map(|[x, y]| common(&x.aval(), &y.aval())).collect();
        let (x, y): (Vec<Array>, Vec<Array>) = pairs.into_iter().map(|[x, y]| (x, y)).unzip();
        let cx = &mut self.host.cx;
        let mut finish = |recorder: &Recorder, values: Vec<Array>| -> Result<Graph> {
            let depth = cx.modes.begin(Maker::Trace(recorder.clone()));
            let cast: Result<Vec<Array>> =
                values.into_iter().zip(&common).map(|(value, like)| in_type(cx, value, like)).collect();
            cx.modes.end(depth);
            recorder.finish(cx, &cast?)
        };
        let captured = otherwise.captured();
        let branches = Branches::new(finish(&then, x)?, finish(&otherwise, y)?);
        Ok(cond::cond(cx, branches, condition, captured)?.into_vec())
    }
}

/// Where a conditional jump leads, and when.
fn sides(jump: Instr) -> Option<(usize, bool)> {
    match jump {
        Instr::JumpIf { sense, to, .. }
        | Instr::ShortCircuit { sense, to, .. }
        | Instr::JumpLt { sense, to, .. }
        | Instr::JumpLe { sense, to, .. }
        | Instr::JumpEq { sense, to, .. }
        | Instr::JumpLtInt { sense, to, .. }
        | Instr::JumpLeInt { sense, to, .. }
        | Instr::JumpEqInt { sense, to, .. } => Some((to as usize, sense)),
        _ => None,
    }
}

/// A function's code that ends where the ways meet.
pub(super) fn part(code: &Rc<Code>, pc: usize, join: u32) -> Code {
    let mut part = Code::clone(code);
    if let Some(end) = part.instrs.get_mut(join as usize) {
        *end = Instr::Return { a: 0 };
    }
    // an error inside a `try` around all of it belongs to the frame that runs the whole
    part.tables.handlers.retain(|handler| handler.start as usize >= pc && handler.end <= join);
    part.whole = Some(code.whole.clone().unwrap_or_else(|| code.clone()));
    part
}

/// Errors where a way may leave the `if` without coming to where the ways meet.
fn check_inside(code: &Code, pc: usize, start: u32, join: u32, in_graph: bool) -> Result<()> {
    for at in pc..join as usize {
        let instr = code.instrs[at];
        let leaves = match instr.target() {
            Some(to) => !(start..=join).contains(&to),
            None => false,
        };
        let word = match instr {
            Instr::Return { .. } => "return",
            _ if leaves => "break` or `continue",
            _ => continue,
        };
        let why = if in_graph { "is known only when the graph runs" } else { "may differ from row to row of `vmap`" };
        let message = format!("`{word}` inside an `if` whose condition {why}");
        return Err(Error::new(Kind::Graph, message)
            .at(&code.source, site(code, at).span)
            .help("let the `if` have a value instead, as in `y = if c { a } else { b }`"));
    }
    Ok(())
}

#[cold]
fn no_branch(in_graph: bool) -> Error {
    let message = match in_graph {
        true => "whether this loop goes on is known only when the graph runs",
        false => "whether this loop goes on may differ from row to row of `vmap`",
    };
    Error::new(Kind::Graph, message).help("loop over a range that is known, and choose inside with `if` or `where`")
}
