//! `if` on a value that is known only later: both arms run while their operations are recorded, as the two branches of
//! one operation.
//!
//! From the jump on, each way runs in a frame of its own up to the place where the ways meet; what is read behind that
//! place becomes a result of the operation where it is not the same on both. It must never change the running frame
//! before both ways have succeeded.

use super::super::code::*;
use super::super::function::Function;
use super::super::tables::Branch;
use super::super::value::{Fields, Value};
use super::Machine;
use super::registers::{Window, set};
use super::stack::{Position, Stacks};
use super::structure::check_depth;
use super::unwind::site;
use crate::diagnostics::{Error, Kind, Result};
use crate::graph::{Branches, Graph, cond};
use crate::ops::linear::cast_back;
use crate::tensor::{Abstract, Array, DType};
use crate::transform::trace::Recorder;
use std::rc::Rc;

/// What a way leaves behind: registers and far slots.
struct Outcome {
    recorder: Recorder,
    regs: Vec<Value>,
    far: Vec<Value>,
}

/// The values of one place after each way.
type Pair = [Array; 2];

impl Machine {
    /// Records both ways from the conditional jump before `pc`; gives the instruction where they meet.
    #[inline(never)]
    pub(super) fn stage(
        &mut self,
        regs: &mut Window,
        far: &mut [Value],
        function: &Rc<Function>,
        pc: usize,
        condition: Array,
    ) -> Result<u32> {
        let code = &function.code;
        let at = pc as u32 - 1;
        let around = code.tables.branches.iter().filter(|branch| (branch.start..branch.end).contains(&at));
        let branch = around.min_by_key(|branch| branch.end - branch.start).ok_or_else(no_branch)?;
        check_inside(code, pc, branch)?;
        let (jump, sense) = sides(code.instrs[pc - 1]).ok_or_else(no_branch)?;
        let (holds, fails) = if sense { (jump, pc) } else { (pc, jump) };
        let part = Rc::new(Function { code: Rc::new(part(code, pc, branch)), env: function.env.clone() });

        let level = self.host.cx.modes.enter();
        let then = self.one_way(&part, regs, far, holds, Recorder::new(level))?;
        let level = self.host.cx.modes.enter();
        let sibling = then.recorder.sibling(level);
        let otherwise = self.one_way(&part, regs, far, fails, sibling)?;

        let mut pairs = vec![];
        for (name, x, y) in joined(code, branch, &then, &otherwise) {
            collect(x, y, &mut pairs, 0).map_err(|differ| differ.error(&name, branch))?;
        }
        let found = self.choose(condition, pairs, then.recorder.clone(), otherwise.recorder.clone())?;
        let mut found = found.into_iter();
        let mut merged = vec![];
        for (_, x, y) in joined(code, branch, &then, &otherwise) {
            merged.push(rebuilt(x, y, &mut found));
        }
        let mut merged = merged.into_iter();
        for (&reg, value) in branch.live.iter().zip(&mut merged) {
            set(&mut regs[usize::from(reg)], value);
        }
        for (slot, value) in far.iter_mut().zip(merged) {
            set(slot, value);
        }
        Ok(branch.join)
    }

    /// Runs a part of a function from an instruction on, with its operations recorded.
    fn one_way(
        &mut self,
        part: &Rc<Function>,
        regs: &Window,
        far: &[Value],
        pc: usize,
        recorder: Recorder,
    ) -> Result<Outcome> {
        self.nest().map_err(|error| {
            error.help("a recursion that ends by a value known only later cannot be recorded: loop over a known range")
        })?;
        let mut stacks = Stacks::new(std::mem::take(&mut self.spare), &self.host.cx);
        let base = stacks.make_room(0, &part.code);
        for (slot, value) in stacks.values.iter_mut().zip(&regs[..part.code.registers]) {
            set(slot, value.clone());
        }
        stacks.far[base..].clone_from_slice(&far[..part.code.far]);
        let depth = self.host.cx.modes.begin_trace(&recorder);
        let result = self.execute(&mut stacks, Position { function: part.clone(), pc, base: 0, far: base, heap: true });
        self.host.cx.modes.end(depth);
        self.nesting -= 1;
        result?;
        let regs = stacks.values[..part.code.registers].iter_mut().map(std::mem::take).collect();
        let far = stacks.far.split_off(base);
        self.spare = stacks.values;
        Ok(Outcome { recorder, regs, far })
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
            let depth = cx.modes.begin_trace(recorder);
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

/// A value in the dtype of the other way's; only numbers that were written out differ.
fn in_type(cx: &mut crate::context::Context, value: Array, like: &Abstract) -> Result<Array> {
    match value {
        Array::Int(number) if like.weak && like.dtype.is_float() => Ok(Array::Float(number as f64)),
        value if value.dtype() == like.dtype && value.is_weak() == like.weak => Ok(value),
        value => cast_back(cx, value, like),
    }
}

/// The places that both ways leave a value in, live registers first, with the names of variables.
fn joined<'o>(
    code: &'o Code,
    branch: &'o Branch,
    then: &'o Outcome,
    otherwise: &'o Outcome,
) -> impl Iterator<Item = (String, &'o Value, &'o Value)> {
    let named = |reg: Reg| match code.names.get(usize::from(reg)) {
        Some(name) => format!("`{name}`"),
        None => "its value".into(),
    };
    let regs = branch.live.iter().filter_map(move |&reg| {
        let at = usize::from(reg);
        Some((named(reg), then.regs.get(at)?, otherwise.regs.get(at)?))
    });
    let far = then.far.iter().zip(&otherwise.far).map(|(x, y)| ("a variable".to_string(), x, y));
    regs.chain(far)
}

/// What a place holds after each way, where that cannot become one value.
struct Differ(String, String);

impl Differ {
    #[cold]
    fn error(self, name: &str, branch: &Branch) -> Error {
        let Differ(x, y) = self;
        let message = format!("the ways of an `if` in a graph differ: {name} is {x} after one, {y} after the other");
        let error = Error::new(Kind::Graph, message)
            .label(branch.then, x)
            .help("both must give one structure, shape and dtype: which one runs is known only later");
        match branch.otherwise {
            Some(span) => error.label(span, y),
            None => error.help("without `else` the value is none, and variables stay as they were"),
        }
    }
}

/// Finds the arrays in which two values differ, in order.
fn collect(x: &Value, y: &Value, pairs: &mut Vec<Pair>, depth: usize) -> Result<(), Differ> {
    let differ = || match (x.describe(), y.describe()) {
        (a, b) if a == b => Differ(x.type_name(), y.type_name()),
        (a, b) => Differ(a, b),
    };
    if is_settled(x, y) {
        return Ok(());
    }
    if check_depth(depth).is_err() {
        return Err(differ());
    }
    match (x, y) {
        (Value::Tuple(x), Value::Tuple(y)) if x.0.len() == y.0.len() => {
            x.0.iter().zip(&y.0).try_for_each(|(x, y)| collect(x, y, pairs, depth + 1))
        }
        (Value::Record(x), Value::Record(y)) if x.0.keys().eq(y.0.keys()) => {
            x.0.values().zip(y.0.values()).try_for_each(|(x, y)| collect(x, y, pairs, depth + 1))
        }
        (x, y) => match (x.as_array(), y.as_array()) {
            (Some(a), Some(b)) if agree(&a.aval(), &b.aval()) => {
                pairs.push([a, b]);
                Ok(())
            }
            (Some(a), Some(b)) => Err(Differ(a.type_name(), b.type_name())),
            _ => Err(differ()),
        },
    }
}

/// The value that takes the place of both, with results in the order of `collect`.
fn rebuilt(x: &Value, y: &Value, found: &mut impl Iterator<Item = Array>) -> Value {
    if x.is_undefined() || y.is_undefined() {
        // whoever reads it learns that it has no value yet
        return Value::Undefined;
    }
    if is_settled(x, y) {
        return x.clone();
    }
    match (x, y) {
        (Value::Tuple(x), Value::Tuple(y)) => {
            Value::tuple(x.0.iter().zip(&y.0).map(|(x, y)| rebuilt(x, y, found)).collect())
        }
        (Value::Record(x), Value::Record(y)) => {
            let fields: Fields =
                x.0.iter().zip(y.0.values()).map(|((name, x), y)| (name.clone(), rebuilt(x, y, found))).collect();
            Value::record(fields)
        }
        _ => found.next().map_or(Value::Undefined, Value::Array),
    }
}

/// Is there nothing to choose between?
fn is_settled(x: &Value, y: &Value) -> bool {
    x.is_undefined() || y.is_undefined() || x.is_identical(y)
}

/// May one take the place of the other? Numbers that were written out take the type of what they meet.
fn agree(x: &Abstract, y: &Abstract) -> bool {
    let fits = |weak: &Abstract, other: &Abstract| {
        weak.weak
            && (other.dtype.is_float() && weak.dtype != DType::Bool
                || weak.dtype.is_integer() && other.dtype.is_integer())
    };
    x.shape == y.shape && (x.dtype == y.dtype || fits(x, y) || fits(y, x))
}

fn common(x: &Abstract, y: &Abstract) -> Abstract {
    match (x.weak, y.weak) {
        (true, false) => y.clone(),
        (false, true) => x.clone(),
        _ if y.dtype.is_float() => y.clone(),
        _ => x.clone(),
    }
}

/// Where a conditional jump leads, and when.
fn sides(jump: Instr) -> Option<(usize, bool)> {
    match jump {
        Instr::JumpIf { sense, to, .. }
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
fn part(code: &Rc<Code>, pc: usize, branch: &Branch) -> Code {
    let mut part = Code::clone(code);
    if let Some(end) = part.instrs.get_mut(branch.join as usize) {
        *end = Instr::Halt;
    }
    // an error inside a `try` around all of it belongs to the frame that runs the whole
    part.tables.handlers.retain(|handler| handler.start as usize >= pc && handler.end <= branch.join);
    part.whole = Some(code.whole.clone().unwrap_or_else(|| code.clone()));
    part
}

/// Errors where a way may leave the `if` without coming to where the ways meet.
fn check_inside(code: &Code, pc: usize, branch: &Branch) -> Result<()> {
    for at in pc..branch.join as usize {
        let instr = code.instrs[at];
        let leaves = match instr.target() {
            Some(to) => !(branch.start..=branch.join).contains(&to),
            None => false,
        };
        let word = match instr {
            Instr::Return { .. } => "return",
            _ if leaves => "break` or `continue",
            _ => continue,
        };
        let message = format!("`{word}` inside an `if` whose condition is known only when the graph runs");
        return Err(Error::new(Kind::Graph, message)
            .at(&code.source, site(code, at).span)
            .help("let the `if` have a value instead, as in `y = if c { a } else { b }`"));
    }
    Ok(())
}

#[cold]
fn no_branch() -> Error {
    Error::new(Kind::Graph, "whether this loop goes on is known only when the graph runs")
        .help("loop over a range that is known, and choose inside with `if` or `where`")
}
