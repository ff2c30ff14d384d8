//! What happens behind `apply` when an input is no plain buffer: one file for each mode.
//!
//! A value that a transform made has the level of that transform; the innermost one, with the highest level, deals with
//! an operation first and hands what it does not deal with to the levels below, through `apply` again. So transforms
//! nest in any order and never mix up their values. Values at level 0 wait (`pending`).
//! Nothing here may know syntax, or who called.

pub mod batch;
mod card;
pub mod cluster;
pub mod draws;
pub mod dual;
pub mod linear;
pub mod pending;
pub mod placed;
mod refusal;
pub mod trace;
pub mod waiting;
pub mod wiring;

#[cfg(test)]
mod tests;

use crate::context::Context;
use crate::cpu;
use crate::diagnostics::error::Place;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::{Kernel, Op, Outputs};
use crate::tensor::{Array, Level, Lifted, Mode, Tensor};
use draws::Draws;
use linear::Tape;
use std::cell::RefCell;
use trace::Recorder;

/// What the modes of a session share.
#[derive(Default)]
pub struct Modes {
    levels: Level,
    pub(crate) waiting: waiting::Waiting,
    /// The plans of the clusters that ran last.
    pub(crate) plans: cpu::cluster::Plans,
    /// Who makes values out of nothing, such as random draws; innermost last.
    makers: Vec<Maker>,
    /// Linear programs of the functions that run now, outermost first.
    tapes: Vec<Tape>,
    /// The line that is running, where somebody wants to know.
    pub place: Option<Place>,
    /// What runs now ran before, and printed then.
    hushed: bool,
    draws: Draws,
}

/// A transform through which values out of nothing must go.
#[derive(Clone)]
pub enum Maker {
    /// Operations on values of transforms further out are recorded.
    Trace(Recorder),
    /// Every row of a batch has values of its own: the level, and how many rows.
    Rows(Level, usize),
}

impl Modes {
    /// The level of a new transform, inside all there are.
    pub fn enter(&mut self) -> Level {
        self.levels += 1;
        self.levels
    }

    /// Must an operation without inputs go through a transform?
    #[inline]
    pub fn make_sources(&self) -> bool {
        !self.makers.is_empty()
    }

    /// From here on `maker` makes the values out of nothing. `end` takes what this gives.
    pub fn begin(&mut self, maker: Maker) -> usize {
        self.makers.push(maker);
        self.makers.len() - 1
    }

    pub fn end(&mut self, depth: usize) {
        self.makers.truncate(depth);
    }

    /// How many graphs are in the making.
    fn graphs(&self) -> usize {
        self.makers.iter().filter(|maker| matches!(maker, Maker::Trace(_))).count()
    }

    /// The transforms around what runs now.
    pub fn around(&self) -> Around {
        Around { makers: self.makers.clone(), tapes: self.tapes.clone(), draws: Draws::default() }
    }

    /// Leaves all transforms, to run what is no part of them. `resume` takes what this gives.
    pub fn suspend(&mut self) -> Around {
        Around {
            makers: std::mem::take(&mut self.makers),
            tapes: std::mem::take(&mut self.tapes),
            draws: std::mem::take(&mut self.draws),
        }
    }

    pub fn resume(&mut self, around: Around) {
        (self.makers, self.tapes, self.draws) = (around.makers, around.tapes, around.draws);
    }

    /// Makes values for every row of a batch from here on, unless that is so already. `end` takes what this gives.
    pub fn begin_rows(&mut self, level: Level, count: usize) -> usize {
        let there = self.makers.iter().any(|maker| matches!(maker, Maker::Rows(rows, _) if *rows == level));
        if there { self.makers.len() } else { self.begin(Maker::Rows(level, count)) }
    }

    /// Programs that keep what runs now. Those around a graph in the making do not: they will when it runs.
    pub fn recording(&self) -> Vec<Tape> {
        let trace = self.recorder().map_or(0, Recorder::level);
        self.tapes.iter().filter(|tape| tape.is_recording() && tape.level() > trace).cloned().collect()
    }

    /// From here on a linear program is recorded. `end_tape` takes what this gives.
    pub fn begin_tape(&mut self, tape: Tape) -> usize {
        self.tapes.push(tape);
        self.tapes.len() - 1
    }

    /// The function that the program is of was left: nothing can be added but by calls in it.
    pub fn end_tape(&mut self, depth: usize) {
        self.tapes.drain(depth..).for_each(|tape| tape.pause());
    }

    /// Takes away the maker of the rows of a batch, if it is there, and where it stood.
    fn set_aside_rows(&mut self, level: Level) -> Option<(usize, Maker)> {
        let at = self.makers.iter().position(|maker| matches!(maker, Maker::Rows(rows, _) if *rows == level))?;
        Some((at, self.makers.remove(at)))
    }

    fn put_back_rows(&mut self, rows: Option<(usize, Maker)>) {
        if let Some((at, maker)) = rows {
            self.makers.insert(at.min(self.makers.len()), maker);
        }
    }

    /// Does nothing print now?
    pub fn is_hushed(&self) -> bool {
        self.hushed
    }

    /// Whether nothing prints from here on; gives what held before.
    pub fn hush(&mut self, hushed: bool) -> bool {
        std::mem::replace(&mut self.hushed, hushed)
    }

    /// Who records what runs now.
    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        self.makers.iter().rev().find_map(|maker| match maker {
            Maker::Trace(recorder) => Some(recorder),
            Maker::Rows(..) => None,
        })
    }

    /// How many operations whoever records now has recorded.
    pub fn operations(&self) -> usize {
        self.recorder().map_or(0, Recorder::operations)
    }

    /// Are operations on values of this level recorded by a trace further in?
    fn is_recorded(&self, level: Level) -> bool {
        level > 0 && self.recorder().is_some_and(|recorder| recorder.level() > level)
    }

    /// Is what runs now recorded, to be run later?
    #[inline]
    pub fn is_tracing(&self) -> bool {
        !self.makers.is_empty() && self.recorder().is_some()
    }

    /// Is it recorded into a graph that the program asked for, and not only as one way of an `if`?
    pub fn is_in_graph(&self) -> bool {
        self.makers.iter().any(|maker| matches!(maker, Maker::Trace(recorder) if !recorder.is_branch()))
    }
}

/// The transforms around a piece of work: who makes values, and which programs are recorded.
#[derive(Clone)]
pub struct Around {
    makers: Vec<Maker>,
    tapes: Vec<Tape>,
    draws: Draws,
}

impl Around {
    pub fn tapes(&self) -> &[Tape] {
        &self.tapes
    }
}

impl std::fmt::Debug for Modes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Modes at level {}", self.levels)
    }
}

/// Runs an operation that `apply` cannot simply run.
pub fn run(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    let Some((level, mode)) = innermost(inputs) else { return draws::make(cx, op, inputs) };
    if let Some(results) = placed::run_together(cx, op, inputs)? {
        return Ok(results);
    }
    // inside a trace no operation on what is known later may run, whoever else is in charge of it
    if let Some(recorder) = cx.modes.recorder().filter(|recorder| level > 0 && recorder.level() > level).cloned() {
        return recorder.record(cx, op, inputs);
    }
    // what draws inside does so for every row of a batch, though nothing of the batch goes in
    if let (true, Some(Maker::Rows(rows_level, count))) = (op.draws_inside(), cx.modes.makers.last().cloned())
        && rows_level > level
    {
        return batch::run_alike(cx, op, inputs, rows_level, count);
    }
    match mode {
        Mode::Dual => dual::run(cx, op, inputs, level),
        Mode::Linear => linear::record(cx, op, inputs, level),
        Mode::Batched => batch::run(cx, op, inputs, level),
        Mode::Traced => trace::record(cx, op, inputs, level),
        Mode::Pending | Mode::Placed => at_level_0(cx, op, inputs),
    }
}

/// The level and mode of the value that a transform furthest in made.
fn innermost(inputs: &[Array]) -> Option<(Level, Mode)> {
    let lifted = inputs.iter().filter_map(|input| match input {
        Array::Lifted(lifted) => Some((lifted.level(), lifted.mode())),
        _ => None,
    });
    lifted.max_by_key(|(level, _)| *level)
}

fn at_level_0(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    if let Kernel::Composed(kernel) = op.entry.kernel {
        return kernel(cx, op, inputs);
    }
    if let Some(device) = inputs.iter().find_map(Array::place) {
        return placed::run(cx, op, inputs, device);
    }
    pending::run_on_waiting(cx, op, inputs)
}

/// One step on the way to the elements of a value.
enum Step {
    /// They are at hand.
    There,
    Inside(Array),
    /// Nobody knows them yet; `unknown` says why.
    Unknown,
}

fn step(cx: &mut Context, array: &Array) -> Result<Step> {
    let Array::Lifted(lifted) = array else { return Ok(Step::There) };
    Ok(match lifted.mode() {
        Mode::Pending => Step::Inside(pending::settle(cx, lifted)?),
        Mode::Placed => Step::Inside(placed::elements(cx, lifted)?),
        Mode::Dual => Step::Inside(dual::primal(lifted)?),
        Mode::Linear => return Err(cpu::mistyped()),
        Mode::Batched | Mode::Traced => Step::Unknown,
    })
}

/// The elements of a value at hand: what waits is run, what is on a device is read; a value with a tangent is what it is
/// without. A traced value has no elements yet.
pub fn concrete(cx: &mut Context, array: &Array) -> Result<Array> {
    let mut array = array.clone();
    loop {
        array = match step(cx, &array)? {
            Step::There => return Ok(array),
            Step::Inside(inner) => inner,
            Step::Unknown => return Err(unknown(&array).unwrap_or_else(cpu::mistyped)),
        };
    }
}

/// As `concrete`, or none where the value is traced or batched.
pub fn known(cx: &mut Context, array: &Array) -> Result<Option<Array>> {
    let mut array = array.clone();
    loop {
        array = match step(cx, &array)? {
            Step::There => return Ok(Some(array)),
            Step::Inside(inner) => inner,
            Step::Unknown => return Ok(None),
        };
    }
}

/// The error of a value whose elements somebody needs and that nobody knows yet; none if they can be had.
pub fn unknown(array: &Array) -> Option<Error> {
    let mut array = array.clone();
    while let Array::Lifted(lifted) = &array {
        array = match lifted.mode() {
            Mode::Dual => dual::primal(lifted).ok()?,
            Mode::Batched => return Some(batch::no_elements()),
            Mode::Traced => return Some(trace::no_elements(lifted)),
            Mode::Placed | Mode::Pending if array.ndim() == 0 && array.place().is_some() => {
                return Some(placed::elsewhere(lifted));
            }
            Mode::Pending | Mode::Placed | Mode::Linear => return None,
        };
    }
    None
}

/// What a truth value of a batch is in all rows, if that is known and the same.
pub fn same_in_all_rows(cx: &mut Context, truth: &Array) -> Result<Option<bool>> {
    let Some(tensor) = known_rows(cx, truth)? else { return Ok(None) };
    let mut rows = (0..tensor.size()).map(|row| tensor.scalar(row).and_then(|truth| truth.as_bool()));
    let first = rows.next().flatten();
    Ok(first.filter(|_| rows.all(|row| row == first)))
}

/// The elements of a value in all rows of the batches that it is of, if they are known.
pub fn known_rows(cx: &mut Context, array: &Array) -> Result<Option<Tensor>> {
    let mut array = array.clone();
    loop {
        array = match (step(cx, &array)?, batch::all_rows_of(&array)) {
            (Step::Inside(inner), _) | (Step::Unknown, Some(inner)) => inner,
            (Step::Unknown, None) => return Ok(None),
            (Step::There, _) => return array.to_tensor().ok_or_else(cpu::mistyped).map(Some),
        };
    }
}

/// Is a value one of a transform, or made of one?
pub fn depends_on(array: &Array, level: Level) -> bool {
    made_of(array, &|part| part.level() == level)
}

/// Is a value known only when a graph runs that is being recorded, or made of such a value?
pub fn is_traced(modes: &Modes, array: &Array) -> bool {
    made_of(array, &|part| part.mode() == Mode::Traced || modes.is_recorded(part.level()))
}

/// Of a value and those that it is made of, the one of the innermost derivative or batch below a level.
pub fn part_below(array: &Array, below: Level) -> Option<Lifted> {
    let found: RefCell<Option<Lifted>> = RefCell::default();
    made_of(array, &|part| {
        let outer = found.borrow().as_ref().map_or(0, Lifted::level);
        if matches!(part.mode(), Mode::Dual | Mode::Batched) && part.level() < below && part.level() > outer {
            *found.borrow_mut() = Some(part.clone());
        }
        false
    });
    found.into_inner()
}

/// Is a value, or one that it is made of, of this kind?
fn made_of(array: &Array, kind: &dyn Fn(&Lifted) -> bool) -> bool {
    let mut work = vec![array.clone()];
    while let Some(array) = work.pop() {
        let Array::Lifted(lifted) = &array else { continue };
        if kind(lifted) {
            return true;
        }
        if lifted.mode() == Mode::Dual {
            let (primal, tangent) = dual::parts(&array, lifted.level());
            work.push(primal);
            work.extend(tangent);
        }
        work.extend(batch::all_rows_of(&array));
    }
    false
}

/// Does a value move with another that is being differentiated by?
pub fn is_moving(array: &Array) -> bool {
    matches!(array, Array::Lifted(lifted) if lifted.mode() == Mode::Dual)
}

/// A value with other variables of a linear program in it, whatever transforms are around them.
pub fn with_variables(array: &Array, tape: &Tape, replace: &mut dyn FnMut(&Array) -> Result<Array>) -> Result<Array> {
    let Array::Lifted(lifted) = array else { return Ok(array.clone()) };
    match lifted.mode() {
        Mode::Linear if tape.number(array).is_some() => replace(array),
        Mode::Dual if lifted.level() > tape.level() => {
            let level = lifted.level();
            let (primal, tangent) = dual::parts(array, level);
            let primal = with_variables(&primal, tape, replace)?;
            Ok(match tangent {
                Some(tangent) => dual::lift(level, primal, with_variables(&tangent, tape, replace)?),
                None => primal,
            })
        }
        Mode::Batched if lifted.level() > tape.level() => match batch::all_rows_of(array) {
            Some(rows) => Ok(batch::lift(lifted.level(), with_variables(&rows, tape, replace)?)),
            None => Ok(array.clone()),
        },
        _ => Ok(array.clone()),
    }
}

/// A value without the tangents of a transform that was left, whatever transforms further in are around them.
pub fn without_tangents(array: &Array, left: Level) -> Array {
    let Array::Lifted(lifted) = array else { return array.clone() };
    let level = lifted.level();
    match lifted.mode() {
        Mode::Dual if level >= left => match dual::parts(array, level) {
            (primal, Some(tangent)) if level > left => {
                dual::lift(level, without_tangents(&primal, left), without_tangents(&tangent, left))
            }
            (primal, _) => primal,
        },
        Mode::Batched if level > left => match batch::all_rows_of(array) {
            Some(rows) => batch::lift(level, without_tangents(&rows, left)),
            None => array.clone(),
        },
        _ => array.clone(),
    }
}

/// Runs a rule while `maker` makes the values out of nothing.
pub fn making<T>(cx: &mut Context, maker: Maker, work: impl FnOnce(&mut Context) -> Result<T>) -> Result<T> {
    let depth = cx.modes.begin(maker);
    let result = work(cx);
    cx.modes.end(depth);
    result
}

/// Runs again what ran before: `debug` does not print a second time.
pub fn hushed<T>(cx: &mut Context, work: impl FnOnce(&mut Context) -> Result<T>) -> Result<T> {
    let before = cx.modes.hush(true);
    let result = work(cx);
    cx.modes.hush(before);
    result
}

/// The error of an operation that a mode cannot deal with yet.
#[cold]
fn missing(what: &str, op: &Op) -> Error {
    Error::new(Kind::Value, format!("{what} of `{}` is not yet available", op.entry.symbol))
}
