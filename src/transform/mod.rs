//! What happens behind `apply` when an input is no plain buffer: one file for each mode.
//!
//! A value that a transform made has the level of that transform; the innermost one, with the highest level, deals with
//! an operation first and hands what it does not deal with to the levels below, through `apply` again. So transforms
//! nest in any order and never mix up their values. Values at level 0 wait (`pending`).
//! Nothing here may know syntax, or who called.

pub mod batch;
mod cluster;
pub mod dual;
pub mod linear;
pub mod pending;
pub mod placed;
pub mod trace;

use crate::context::Context;
use crate::cpu;
use crate::diagnostics::error::Place;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::{Attrs, Kernel, Op, Outputs, now};
use crate::tensor::{Array, Level, Lifted, Mode};
use smallvec::smallvec;

/// What the modes of a session share.
#[derive(Default)]
pub struct Modes {
    levels: Level,
    pub(crate) waiting: pending::Waiting,
    /// Who makes values out of nothing, such as random draws; innermost last.
    makers: Vec<Maker>,
    /// The line that is running, where somebody wants to know.
    pub place: Option<Place>,
}

/// A transform through which values out of nothing must go.
#[derive(Clone)]
enum Maker {
    Trace(trace::Recorder),
    /// Every row of a batch has values of its own.
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

    /// From here on every row of a batch has values out of nothing of its own. `end` takes what this gives.
    pub fn begin_rows(&mut self, level: Level, rows: usize) -> usize {
        self.makers.push(Maker::Rows(level, rows));
        self.makers.len() - 1
    }

    /// From here on operations on values of transforms further out are recorded, and draws of random numbers. `end`
    /// takes what this gives.
    pub fn begin_trace(&mut self, recorder: &trace::Recorder) -> usize {
        self.makers.push(Maker::Trace(recorder.clone()));
        self.makers.len() - 1
    }

    pub fn end(&mut self, depth: usize) {
        self.makers.truncate(depth);
    }

    /// Who records what runs now.
    fn recorder(&self) -> Option<&trace::Recorder> {
        self.makers.iter().rev().find_map(|maker| match maker {
            Maker::Trace(recorder) => Some(recorder),
            Maker::Rows(..) => None,
        })
    }

    /// Is what runs now recorded, to be run later?
    #[inline]
    pub fn is_tracing(&self) -> bool {
        self.recorder().is_some()
    }
}

impl std::fmt::Debug for Modes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Modes at level {}", self.levels)
    }
}

/// Runs an operation that `apply` cannot simply run.
pub fn run(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    let Some(top) = innermost(inputs) else { return make(cx, op, inputs) };
    if let Some(mut brought) = placed::bring(cx, op, inputs)? {
        return run(cx, op, &mut brought);
    }
    let level = top.level();
    // inside a trace no operation on what is known later may run, whoever else is in charge of it
    if let Some(recorder) = cx.modes.recorder().filter(|recorder| level > 0 && recorder.level() > level).cloned() {
        return recorder.record(cx, op, inputs);
    }
    match top.mode() {
        Mode::Dual => dual::run(cx, op, inputs, level),
        Mode::Linear => linear::record(op, inputs, level),
        Mode::Batched => batch::run(cx, op, inputs, level),
        Mode::Traced => trace::record(cx, op, inputs, level),
        Mode::Pending | Mode::Placed => at_level_0(cx, op, inputs),
    }
}

fn innermost(inputs: &[Array]) -> Option<Lifted> {
    let lifted = inputs.iter().filter_map(|input| match input {
        Array::Lifted(lifted) => Some(lifted),
        _ => None,
    });
    lifted.max_by_key(|lifted| lifted.level()).cloned()
}

fn at_level_0(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    if let Kernel::Many(kernel) = op.entry.kernel {
        return kernel(cx, op, inputs);
    }
    if let Some(device) = inputs.iter().find_map(Array::place) {
        return placed::run(cx, op, inputs, device);
    }
    Ok(smallvec![pending::run(cx, op, inputs)?])
}

/// Values out of nothing: draws are made by the innermost transform that has a say in it.
fn make(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    let Attrs::Draw(..) = op.attrs else { return Ok(smallvec![now(cx, op, inputs)?]) };
    match cx.modes.makers.pop() {
        None => Ok(smallvec![now(cx, op, inputs)?]),
        Some(maker) => {
            let made = match &maker {
                Maker::Trace(recorder) => recorder.record(cx, op, &[]),
                Maker::Rows(level, rows) => batch::draw(cx, op, *level, *rows),
            };
            cx.modes.makers.push(maker);
            made
        }
    }
}

/// The elements of a value at hand: what waits is run; a value with a tangent is what it
/// is without. A traced value has no elements yet.
pub fn concrete(cx: &mut Context, array: &Array) -> Result<Array> {
    let mut array = array.clone();
    while let Array::Lifted(lifted) = &array {
        array = match lifted.mode() {
            Mode::Pending => pending::settle(cx, lifted)?,
            Mode::Placed => placed::elements(cx, lifted)?,
            Mode::Dual => dual::primal(lifted)?,
            Mode::Linear => return Err(cpu::mistyped()),
            Mode::Batched => return Err(batch::no_elements()),
            Mode::Traced => return Err(trace::no_elements(lifted)),
        };
    }
    Ok(array)
}

/// As `concrete`, or none where the value is traced or batched.
pub fn known(cx: &mut Context, array: &Array) -> Result<Option<Array>> {
    let mut array = array.clone();
    while let Array::Lifted(lifted) = &array {
        array = match lifted.mode() {
            Mode::Dual => dual::primal(lifted)?,
            Mode::Batched | Mode::Traced => return Ok(None),
            _ => concrete(cx, &array)?,
        };
    }
    Ok(Some(array))
}

/// The error of a value whose elements somebody needs and that are not at hand; none if they are.
pub fn unknown(array: &Array) -> Option<Error> {
    let mut array = array.clone();
    while let Array::Lifted(lifted) = &array {
        array = match lifted.mode() {
            Mode::Dual => dual::primal(lifted).ok()?,
            Mode::Batched => return Some(batch::no_elements()),
            Mode::Traced => return Some(trace::no_elements(lifted)),
            Mode::Pending | Mode::Placed | Mode::Linear => return None,
        };
    }
    None
}

/// Runs a rule while a transform makes the values out of nothing.
fn making<T>(cx: &mut Context, maker: Maker, work: impl FnOnce(&mut Context) -> Result<T>) -> Result<T> {
    let depth = cx.modes.makers.len();
    cx.modes.makers.push(maker);
    let result = work(cx);
    cx.modes.makers.truncate(depth);
    result
}

/// The error of an operation that a mode cannot deal with yet.
#[cold]
fn missing(what: &str, op: &Op) -> Error {
    Error::new(Kind::Value, format!("{what} of `{}` is not yet available", op.entry.symbol))
}
