//! Loops while operations are recorded: one turn runs on values that stand for those of every turn, and becomes the
//! body of one operation.
//!
//! A turn is tried until what it carries is settled: at first all is taken for what it is now, then what a turn changed
//! is known only later. It must never change the running frame before all has succeeded, but for whole turns of a `for`
//! that are run one by one.

use super::super::code::*;
use super::super::function::Function;
use super::super::tables::Loop;
use super::super::value::Value;
use super::carry::{Walk, arrays, carried_type, with_arrays};
use super::meet::{Apart, in_type};
use super::operator::{operand_array, wrap};
use super::registers::set;
use super::stack::{Position, Stacks};
use super::stage::part;
use super::structure::check_size;
use super::unwind::site;
use super::{Machine, Pause};
use crate::diagnostics::{Error, Kind, Result};
use crate::graph::scan::{Turns, scan};
use crate::graph::while_loop::{Parts, while_loop};
use crate::ops::index::{self, Index};
use crate::ops::{self, ADD, apply2};
use crate::tensor::{Abstract, Array, DType, Device};
use crate::transform::trace::Recorder;
use crate::transform::{is_traced, pending};
use std::rc::Rc;

/// Loops of no more turns are unrolled.
const SHORT: usize = 16;
/// Loops of no more turns are unrolled where one turn cannot stand for all.
const MODERATE: usize = 1000;
/// Turns that are run one by one until what they carry keeps its form.
const PEELED: usize = 3;

/// What turns go through.
enum Source {
    /// The numbers from here on.
    Numbers(i64),
    /// The rows of an array from here on.
    Rows(Array, usize),
}

/// A turn that was recorded.
struct Turn {
    recorder: Recorder,
    /// What stands for the number of a turn, or for a row.
    item: Option<Array>,
    /// The carried arrays as the first turn finds them.
    first: Vec<Array>,
    /// The same behind the turn, each with its number among all arrays.
    carried: Vec<(usize, Array)>,
    output: Value,
}

/// Why one turn cannot stand for all.
enum Trouble {
    /// The value of this number is one thing before it and another behind.
    Apart(usize, String, String),
    Error(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Error(error)
    }
}

/// Runs a turn from what it carries and its item: what it leaves of the former, and an output.
type Body<'b> = &'b mut dyn FnMut(&mut Machine, &Recorder, &[Value], Option<Value>) -> Result<(Vec<Value>, Value)>;

impl Machine {
    /// A `for` begins while operations are recorded.
    #[cold]
    pub(super) fn begin(&mut self) -> Result<()> {
        if !self.host.cx.modes.is_in_graph() {
            return Ok(());
        }
        self.pause = Some(Pause::Loop);
        Err(Error::new(Kind::Graph, "a loop that may be recorded"))
    }

    /// Records the `for` that begins before `now.pc` as one operation if it is long, and goes on behind it; else its
    /// turns run one by one.
    pub(super) fn stage_for(&mut self, stacks: &mut Stacks, now: &mut Position) -> Result<()> {
        let at = now.pc as u32 - 1;
        let code = now.function.code.clone();
        let Some(spec) = code.tables.loops.iter().find(|spec| spec.entry == Some(at)) else {
            return Err(Error::new(Kind::Internal, "a loop without a description"));
        };
        now.heap = true;
        now.pc = spec.next as usize;
        if leaves(&code, spec).is_some() {
            return Ok(());
        }
        let body = Rc::new(Function {
            code: Rc::new(part(&code, spec.start as usize, spec.next)),
            env: now.function.env.clone(),
        });
        let home = self.host.cx.devices.home;
        let Some((_, whole)) = self.ahead(stacks, now, spec) else { return Ok(()) };
        for _ in 0..=PEELED {
            let Some((source, count)) = self.ahead(stacks, now, spec) else { return Ok(()) };
            if count <= SHORT {
                return Ok(());
            }
            let trouble = match self.record_for(stacks, now, spec, &body, &source, count) {
                Ok(true) => {
                    now.pc = spec.end as usize;
                    return Ok(());
                }
                Ok(false) => return Ok(()),
                Err(trouble) => trouble,
            };
            if let Trouble::Error(error) = &trouble
                && !error.is_of_program()
            {
                return Err(error.clone());
            }
            self.take_back(home);
            let recorded = self.host.cx.modes.operations();
            self.peel(stacks, now, spec, &body, &source)?;
            if self.host.cx.modes.operations() == recorded {
                // it works on what is known
                return Ok(());
            }
            if count > MODERATE && !matches!(trouble, Trouble::Apart(..)) {
                return Err(self.too_long(trouble, spec, &code, whole));
            }
        }
        match self.ahead(stacks, now, spec) {
            Some((source, count)) if count > MODERATE => {
                match self.record_for(stacks, now, spec, &body, &source, count) {
                    Err(trouble) => Err(self.too_long(trouble, spec, &code, whole)),
                    Ok(_) => {
                        now.pc = spec.end as usize;
                        Ok(())
                    }
                }
            }
            _ => Ok(()),
        }
    }

    /// The items that a loop still goes through, and how many they are; none of what is not of one form.
    fn ahead(&self, stacks: &Stacks, now: &Position, spec: &Loop) -> Option<(Source, usize)> {
        let at = now.base + usize::from(spec.iteration);
        let second = stacks.values[at + 1].weak_int()?;
        match &stacks.values[at] {
            Value::Array(Array::Int(next)) => {
                Some((Source::Numbers(*next), usize::try_from(second.saturating_sub(*next)).unwrap_or(0)))
            }
            Value::Array(array) if array.ndim() > 0 && array.dtype() != DType::Str => {
                let next = usize::try_from(second).ok()?;
                Some((Source::Rows(array.clone(), next), array.shape()[0].saturating_sub(next)))
            }
            _ => None,
        }
    }

    /// Runs one turn in the frame.
    fn peel(
        &mut self,
        stacks: &mut Stacks,
        now: &mut Position,
        spec: &Loop,
        body: &Rc<Function>,
        source: &Source,
    ) -> Result<()> {
        let a = now.base + usize::from(spec.iteration);
        let item = match source {
            Source::Numbers(next) => {
                stacks.values[a] = Value::int(next + 1);
                Value::int(*next)
            }
            Source::Rows(array, next) => {
                stacks.values[a + 1] = Value::int(*next as i64 + 1);
                wrap(index::get(&mut self.host.cx, array, &[Index::At(*next as i64)])?)
            }
        };
        set(&mut stacks.values[a + 2], item);
        let code = &body.code;
        let regs = stacks.values[now.base..now.base + code.registers].to_vec();
        let far = stacks.far[now.far..now.far + code.far].to_vec();
        let (regs, far) = self.run_part(body, &regs, &far, spec.start as usize, None)?;
        for (slot, value) in stacks.values[now.base..].iter_mut().zip(regs) {
            set(slot, value);
        }
        for (slot, value) in stacks.far[now.far..].iter_mut().zip(far) {
            *slot = value;
        }
        Ok(())
    }

    /// Makes one operation of all turns ahead. False if they work on what is known, and may as well run.
    fn record_for(
        &mut self,
        stacks: &mut Stacks,
        now: &Position,
        spec: &Loop,
        body: &Rc<Function>,
        source: &Source,
        count: usize,
    ) -> Result<bool, Trouble> {
        let frame = Frame::of(stacks, now, spec);
        let item = usize::from(spec.iteration) + 2;
        let turn = self.settled_turn(&frame.carried, Some(source), true, &mut |machine, recorder, carried, row| {
            let mut regs = frame.with(carried);
            set(&mut regs[item], row.unwrap_or_default());
            if let Some(list) = spec.list {
                set(&mut regs[usize::from(list)], Value::tuple(vec![]));
            }
            let far = frame.far_with(carried);
            let (regs, far) = machine.run_part(body, &regs, &far, spec.start as usize, Some(recorder))?;
            let output = spec.list.map(|list| regs[usize::from(list)].clone());
            Ok((frame.carried_of(&regs, &far), output.unwrap_or(Value::None)))
        })?;
        let output = match (&turn.output, spec.list) {
            (_, None) => Value::None,
            (Value::Tuple(items), _) if let [item] = items.0.as_slice() => match item.as_array() {
                Some(item) if item.dtype() != DType::Str => Value::Array(item),
                _ => return Err(Error::ty(format!("an array holds numbers; this is {}", item.describe())).into()),
            },
            (rows @ Value::Array(_), _) => rows.clone(),
            _ => return Err(Error::new(Kind::Graph, "the number of items that a turn adds is not one").into()),
        };
        let nested = matches!(turn.output, Value::Array(_));
        let Some((carried, output)) = self.repeated(turn, &frame.carried, source, count, &output)? else {
            return Ok(false);
        };
        let list = match (spec.list, output) {
            (Some(list), Value::Array(rows)) => {
                let before = stacks.values[now.base + usize::from(list)].clone();
                Some((list, self.lengthened(before, rows, nested)?))
            }
            _ => None,
        };
        frame.put(stacks, now, carried);
        if let Some((list, value)) = list {
            set(&mut stacks.values[now.base + usize::from(list)], value);
        }
        Ok(true)
    }

    /// The list of a comprehension, as an array, with rows behind it.
    fn lengthened(&mut self, list: Value, rows: Array, nested: bool) -> Result<Value> {
        let cx = &mut self.host.cx;
        let rows = match rows.shape() {
            // every turn gave rows itself
            [count, inner, rest @ ..] if nested => {
                let shape: Vec<i64> =
                    std::iter::once(count * inner).chain(rest.iter().copied()).map(|len| len as i64).collect();
                ops::reshape(cx, rows, &shape)?
            }
            _ => rows,
        };
        let before = match list {
            Value::Array(before) => before,
            Value::Tuple(items) if !items.0.is_empty() => {
                let mut first = vec![];
                for item in items.0.iter().filter_map(operand_array) {
                    let fits = item.is_weak() && (rows.dtype().is_float() || item.dtype() == rows.dtype());
                    first.push(if fits { ops::cast(cx, item, rows.dtype())? } else { item });
                }
                ops::stack_values(cx, first)?
            }
            _ => return self.at_home(wrap(rows)),
        };
        let joined = ops::concatenate(cx, vec![before, rows], Some(0))?;
        self.at_home(wrap(joined))
    }

    /// Records a turn with what changes from turn to turn as tracers.
    fn settled_turn(
        &mut self,
        first: &[Value],
        source: Option<&Source>,
        exact: bool,
        body: Body,
    ) -> Result<Turn, Trouble> {
        let mut found = vec![];
        for value in first {
            check_size(&self.host.cx, value)?;
            arrays(value, &mut found, 0)?;
        }
        let mut types: Vec<Option<Abstract>> = vec![None; found.len()];
        loop {
            self.host.cx.check()?;
            let level = self.host.cx.modes.enter();
            let recorder = Recorder::branch(level);
            let number = match source {
                Some(Source::Numbers(_)) => {
                    Some(recorder.input(Abstract { weak: true, ..Abstract::new(Default::default(), DType::I64) }))
                }
                _ => None,
            };
            let tracers: Vec<Option<Array>> =
                types.iter().map(|aval| aval.as_ref().map(|aval| recorder.input(aval.clone()))).collect();
            let row = match source {
                Some(Source::Rows(array, _)) => {
                    let mut aval = array.aval();
                    aval.shape.remove(0);
                    Some(recorder.input(Abstract { weak: false, ..aval }))
                }
                _ => None,
            };
            let item = number.or(row);
            let mut left = tracers.iter().cloned();
            let before: Vec<Value> = first.iter().map(|value| with_arrays(value, &mut left)).collect();
            let (after, output) = body(self, &recorder, &before, item.clone().map(Value::Array))
                .map_err(|error| without_demand(error, level))?;
            let mut changed = vec![];
            let mut walk = Walk { number: 0, changed: &mut changed, exact };
            for (number, (before, after)) in before.iter().zip(&after).enumerate() {
                if before.is_undefined() && !exact {
                    // it has no value before the first turn, and perhaps there is none
                    continue;
                }
                walk.compare(before, after, 0).map_err(|apart| match apart {
                    Apart::Differ(before, after) => Trouble::Apart(number, before, after),
                    Apart::Error(error) => Trouble::Error(error),
                })?;
            }
            let mut settled = true;
            for (number, array) in &changed {
                let before = types[*number].clone().unwrap_or_else(|| found[*number].aval());
                let like = carried_type(&before, array);
                settled &= types[*number].as_ref() == Some(&like);
                types[*number] = Some(like);
            }
            if !settled {
                continue;
            }
            let mut carried = vec![];
            let mut begin = vec![];
            for (number, (tracer, aval)) in tracers.into_iter().zip(types).enumerate() {
                let (Some(tracer), Some(aval)) = (tracer, aval) else { continue };
                let after = changed.iter().find(|(changed, _)| *changed == number).map(|(_, array)| array.clone());
                carried.push((number, after.unwrap_or(tracer)));
                begin.push(in_type(&mut self.host.cx, found[number].clone(), &aval)?);
            }
            return Ok(Turn { recorder, item, first: begin, carried, output });
        }
    }

    /// The arrays behind the turn, in the types that are carried.
    fn in_carried_types(&mut self, turn: &Turn) -> Result<Vec<Array>> {
        let cx = &mut self.host.cx;
        let after = turn.carried.iter().zip(&turn.first);
        turn.recorder.run(cx, |cx| after.map(|((_, array), like)| in_type(cx, array.clone(), &like.aval())).collect())
    }

    /// What the turns ahead leave, as results of one operation; none if they work on what is known.
    fn repeated(
        &mut self,
        turn: Turn,
        first: &[Value],
        source: &Source,
        count: usize,
        output: &Value,
    ) -> Result<Option<(Vec<Value>, Value)>> {
        let mut wanted = self.in_carried_types(&turn)?;
        let mut outputs = vec![];
        arrays(output, &mut outputs, 0)?;
        let (outputs_from, numbers) = (wanted.len(), matches!(source, Source::Numbers(_)));
        let cx = &mut self.host.cx;
        if let (true, Some(number)) = (numbers, &turn.item) {
            let next = turn.recorder.run(cx, |cx| apply2(cx, &ADD, number.clone(), Array::Int(1)))?;
            wanted.insert(0, next);
        }
        wanted.extend(outputs.iter().cloned());
        let captured = turn.recorder.captured_for(&wanted);
        let body = turn.recorder.finish(cx, &wanted)?;
        let mut given = turn.first.clone();
        let rows = match source {
            Source::Rows(array, 0) => Some(array.clone()),
            Source::Rows(array, next) => {
                let rest = Index::Slice { start: Some(*next as i64), stop: None, step: None };
                Some(index::get(cx, array, &[rest])?)
            }
            Source::Numbers(start) => {
                given.insert(0, Array::Int(*start));
                None
            }
        };
        let traced = given.iter().chain(&rows).any(|array| is_traced(&cx.modes, array));
        if captured.is_empty() && !traced && !body.draws() {
            return Ok(None);
        }
        let turns = Turns { body, count, carried: given.len(), stacked: usize::from(rows.is_some()), reverse: false };
        given.extend(rows);
        given.extend(captured);
        let mut results = scan(cx, turns, given)?.into_iter().skip(usize::from(numbers));
        let carried: Vec<Array> = results.by_ref().take(outputs_from).collect();
        let values = put_back(first, &turn.carried, carried);
        let output = with_arrays(output, &mut results.map(Some));
        Ok(Some((values, output)))
    }

    /// Records the `while` in whose condition the jump before `now.pc` stands, and goes on behind it. Turns that ran
    /// before are done.
    pub(super) fn stage_while(&mut self, stacks: &mut Stacks, now: &mut Position, spec: &Loop) -> Result<()> {
        let code = now.function.code.clone();
        let in_graph = self.host.cx.modes.is_in_graph();
        if let Some((at, word)) = leaves(&code, spec) {
            let why =
                if in_graph { "is known only when the graph runs" } else { "may differ from row to row of `vmap`" };
            return Err(Error::new(Kind::Graph, format!("`{word}` inside a `while` whose end {why}"))
                .at(&code.source, site(&code, at).span)
                .help("make it a part of the condition: `going = true; while going and ... { ... }`"));
        }
        let env = now.function.env.clone();
        let body = Rc::new(Function { code: Rc::new(part(&code, spec.start as usize, spec.next)), env: env.clone() });
        let condition = Rc::new(Function { code: Rc::new(decision(&code, spec)), env });
        let frame = Frame::of(stacks, now, spec);
        let explained = |error: Error| match in_graph {
            true => error.help("a turn of a `while` is recorded when a graph is made: this is an error of it"),
            false => error,
        };
        let found = self.settled_turn(&frame.carried, None, false, &mut |machine, recorder, carried, _| {
            let (regs, far) = (frame.with(carried), frame.far_with(carried));
            let (regs, far) =
                machine.run_part(&body, &regs, &far, spec.start as usize, Some(recorder)).map_err(explained)?;
            Ok((frame.carried_of(&regs, &far), Value::None))
        });
        let turn = found.map_err(|trouble| apart(trouble, spec, &code))?;
        let wanted = self.in_carried_types(&turn)?;

        let level = self.host.cx.modes.enter();
        let sibling = turn.recorder.sibling(level);
        let mut tracers = sibling.inputs().into_iter();
        let mut at = 0;
        let replaced: Vec<Value> = frame
            .carried
            .iter()
            .map(|value| {
                with_arrays(
                    value,
                    &mut std::iter::from_fn(|| {
                        at += 1;
                        Some(turn.carried.iter().any(|(number, _)| *number == at - 1).then(|| tracers.next()).flatten())
                    }),
                )
            })
            .collect();
        let (regs, far) = (frame.with(&replaced), frame.far_with(&replaced));
        let (regs, _) = self
            .run_part(&condition, &regs, &far, spec.next as usize, Some(&sibling))
            .map_err(|error| without_demand(error, level))?;
        let holds = regs
            .last()
            .and_then(Value::as_array)
            .ok_or_else(|| Error::new(Kind::Internal, "a condition without a value"))?;
        for array in wanted.iter().filter(|array| !turn.recorder.made(array)) {
            sibling.capture(array);
        }
        sibling.capture(&holds);
        turn.recorder.take_inputs_of(&sibling);
        let captured = sibling.captured();
        let cx = &mut self.host.cx;
        let (condition, body) = (sibling.finish(cx, &[holds])?, turn.recorder.finish(cx, &wanted)?);
        if condition.draws() {
            return Err(Error::new(Kind::Graph, "a random draw in the condition of a `while` that is part of a graph")
                .at(&code.source, spec.head)
                .help("draw before the loop and at the end of its turns"));
        }
        let carried = turn.first.len();
        let given = turn.first.iter().cloned().chain(captured).collect();
        let results = while_loop(cx, Parts { condition, body, carried }, given)?.into_vec();
        let values = put_back(&frame.carried, &turn.carried, results);
        frame.put(stacks, now, values);
        now.pc = spec.end as usize;
        now.heap = true;
        Ok(())
    }

    /// `scan(f, init, xs)` as one operation of the graph that is made: the last state and the stacked outputs. None
    /// where no graph is made, where it is short, or where one turn cannot stand for all. Where `alone`, outputs must be
    /// arrays.
    pub fn staged_scan(&mut self, f: &Value, init: &Value, xs: &Value, alone: bool) -> Result<Option<(Value, Value)>> {
        if !self.host.cx.modes.is_in_graph() {
            return Ok(None);
        }
        let (source, count) = match xs {
            Value::Range(range) => (Source::Numbers(range.start), range.len()),
            Value::Array(array) if array.ndim() > 0 && array.dtype() != DType::Str => {
                (Source::Rows(array.clone(), 0), array.shape()[0])
            }
            _ => return Ok(None),
        };
        if count <= SHORT {
            return Ok(None);
        }
        let (first, home) = ([init.clone()], self.host.cx.devices.home);
        let turn = self.settled_turn(&first, Some(&source), false, &mut |machine, recorder, carried, row| {
            let args = carried.iter().cloned().chain(row).collect();
            let depth = machine.host.cx.modes.begin(crate::transform::Maker::Trace(recorder.clone()));
            let found = machine.call(f, args);
            machine.host.cx.modes.end(depth);
            let mut parts = machine.unpack(found?, 2)?.into_iter();
            let (state, output) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            Ok((vec![state], output))
        });
        let turn = match turn {
            Ok(turn) if can_be_stacked(&turn.output, alone) => turn,
            Err(Trouble::Error(error)) if !error.is_of_program() => return Err(error),
            _ => {
                self.take_back(home);
                return Ok(None);
            }
        };
        let output = turn.output.clone();
        let found = self.repeated(turn, &first, &source, count, &output)?;
        Ok(found.and_then(|(states, outputs)| Some((states.into_iter().next()?, outputs))))
    }

    /// After an attempt that failed: what it asked for is asked for by nobody, and new values are made where they were.
    pub(super) fn take_back(&mut self, home: Option<Device>) {
        pending::forget(&mut self.host.cx);
        self.host.cx.devices.home = home;
    }

    /// The error of a loop that is too long to be unrolled.
    #[cold]
    fn too_long(&self, trouble: Trouble, spec: &Loop, code: &Code, count: usize) -> Error {
        let mut error = apart(trouble, spec, code);
        error.details_mut().recorded = true;
        if error.kind() != Kind::Graph {
            return error;
        }
        error.help(format!(
            "all {count} turns become one operation of the graph, for which one turn stands; at most {MODERATE} are \
             recorded one by one"
        ))
    }
}

/// The registers and far slots that a loop works on.
struct Frame {
    regs: Vec<Value>,
    far: Vec<Value>,
    /// The registers that are carried; far slots come behind.
    numbers: Vec<Reg>,
    carried: Vec<Value>,
}

impl Frame {
    fn of(stacks: &Stacks, now: &Position, spec: &Loop) -> Frame {
        let code = &now.function.code;
        let regs = stacks.values[now.base..now.base + code.registers].to_vec();
        let far = stacks.far[now.far..now.far + code.far].to_vec();
        let numbers: Vec<Reg> = spec.carried_registers().map(|(reg, _)| reg).collect();
        let carried = numbers.iter().map(|&reg| regs[usize::from(reg)].clone()).chain(far.iter().cloned()).collect();
        Frame { regs, far, numbers, carried }
    }

    /// Registers with other carried values.
    fn with(&self, carried: &[Value]) -> Vec<Value> {
        let mut regs = self.regs.clone();
        for (&reg, value) in self.numbers.iter().zip(carried) {
            regs[usize::from(reg)] = value.clone();
        }
        regs
    }

    fn far_with(&self, carried: &[Value]) -> Vec<Value> {
        carried[self.numbers.len()..].to_vec()
    }

    /// The carried values among registers and far slots; a far slot that had no value has none for the next turn.
    fn carried_of(&self, regs: &[Value], far: &[Value]) -> Vec<Value> {
        let regs = self.numbers.iter().map(|&reg| regs[usize::from(reg)].clone());
        let far = far.iter().zip(&self.far);
        regs.chain(far.map(|(after, before)| if before.is_undefined() { Value::Undefined } else { after.clone() }))
            .collect()
    }

    fn put(&self, stacks: &mut Stacks, now: &Position, values: Vec<Value>) {
        let mut values = values.into_iter();
        for (&reg, value) in self.numbers.iter().zip(values.by_ref()) {
            set(&mut stacks.values[now.base + usize::from(reg)], value);
        }
        for (slot, value) in stacks.far[now.far..].iter_mut().zip(values) {
            *slot = value;
        }
    }
}

/// Values with the carried arrays as they are behind a loop.
fn put_back(first: &[Value], carried: &[(usize, Array)], results: Vec<Array>) -> Vec<Value> {
    let mut results = carried.iter().map(|(number, _)| *number).zip(results).peekable();
    let mut at = 0;
    let mut others = std::iter::from_fn(|| {
        at += 1;
        Some(results.next_if(|(number, _)| *number == at - 1).map(|(_, array)| array))
    });
    first.iter().map(|value| with_arrays(value, &mut others)).collect()
}

/// Are there only numbers in it, and what is the same in every turn?
fn can_be_stacked(output: &Value, alone: bool) -> bool {
    match output {
        Value::Array(array) => array.dtype() != DType::Str,
        Value::Tuple(items) if !alone => items.0.iter().all(|item| can_be_stacked(item, false)),
        Value::Record(fields) if !alone => fields.0.values().all(|item| can_be_stacked(item, false)),
        _ => false,
    }
}

/// The condition of a `while` as code of its own, which leaves a truth value in its last register.
fn decision(code: &Rc<Code>, spec: &Loop) -> Code {
    let mut part = Code::clone(code);
    let (end, d) = (spec.end as usize, code.registers as Reg);
    part.instrs.truncate(end);
    part.kills.truncate(end);
    part.place_of.truncate(end);
    // ways that do not go on come here
    part.instrs.push(Instr::Bool { d, value: false });
    part.instrs.push(Instr::Jump { to: spec.end + 3 });
    part.instrs.push(Instr::Bool { d, value: true });
    part.instrs.push(Instr::Return { a: d });
    let place = part.place_of.get(spec.next as usize).copied().unwrap_or(0);
    part.kills.resize(end + 4, 0);
    part.place_of.resize(end + 4, place);
    for instr in &mut part.instrs[spec.next as usize..end] {
        if let Some(to) = instr.target_mut()
            && *to == spec.start
        {
            *to = spec.end + 2;
        }
    }
    for branch in &mut part.tables.branches {
        if branch.decides && branch.start == spec.next && branch.end == spec.end {
            branch.join = Some(spec.end + 3);
            branch.live = vec![d];
        }
    }
    part.registers += 1;
    part.tables.handlers.retain(|handler| handler.start >= spec.next && handler.end <= spec.end);
    part.whole = Some(code.whole.clone().unwrap_or_else(|| code.clone()));
    part
}

/// Where a turn may leave its loop, and by which word.
fn leaves(code: &Code, spec: &Loop) -> Option<(usize, &'static str)> {
    (spec.start as usize..spec.next as usize).find_map(|at| match code.instrs[at] {
        Instr::Return { .. } => Some((at, "return")),
        instr if instr.target().is_some_and(|to| !(spec.start..=spec.next).contains(&to)) => Some((at, "break")),
        _ => None,
    })
}

/// The error of a turn that does not leave what it found.
#[cold]
fn apart(trouble: Trouble, spec: &Loop, code: &Code) -> Error {
    let (number, before, after) = match trouble {
        Trouble::Error(error) => return error,
        Trouble::Apart(number, before, after) => (number, before, after),
    };
    let found = spec.carried_registers().nth(number);
    let name = found.and_then(|(reg, _)| code.names.get(usize::from(reg)));
    let name = name.map_or("what is carried".into(), |name| format!("`{name}`"));
    let span = found.map_or(spec.body, |(_, at)| site(code, at as usize).span);
    Error::new(Kind::Graph, format!("the turns of a loop differ: {name} is {before} before a turn, {after} after it"))
        .at(&code.source, spec.head)
        .label(spec.head, before)
        .label(span, after)
        .help(
            "one turn stands for all: give it the structure, shape and dtype before the loop that it has behind a turn",
        )
}

impl Loop {
    /// The registers that are carried, but for those that the loop itself moves on.
    fn carried_registers(&self) -> impl Iterator<Item = (Reg, u32)> + '_ {
        let iteration = |reg: Reg| self.entry.is_some() && (reg == self.iteration || reg == self.iteration + 1);
        self.carried.iter().copied().filter(move |&(reg, _)| !iteration(reg) && Some(reg) != self.list)
    }
}

/// What a recorded turn asks for is not among the arguments of a graph.
fn without_demand(mut error: Error, level: u64) -> Error {
    let details = error.details_mut();
    if let Some(demand) = &mut details.demand {
        demand.inputs.retain(|(at, _)| *at != level);
    }
    details.demand = details.demand.take().filter(|demand| !demand.inputs.is_empty());
    error
}
