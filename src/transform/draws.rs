//! Random draws: who makes them, and how those of a function that runs more than once while a graph is made are the same
//! each time.
//!
//! A draw must never be repeated from inside a part of a graph that runs never or often: it would be one draw for all.

use super::trace::Recorder;
use super::{Maker, Modes, batch};
use crate::context::Context;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::{Attrs, Op, Outputs, now_all};
use crate::tensor::Array;
use smallvec::smallvec;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Random draws that are recorded into a graph, of functions that run more than once while it is made.
#[derive(Clone, Default)]
pub struct Draws {
    /// Who wants to repeat what is drawn now, and how many graphs were in the making then.
    kept: Vec<(usize, Drawn)>,
    /// What was drawn before, to be drawn again.
    again: VecDeque<Array>,
    /// How many graphs were in the making when that was said.
    graphs: usize,
}

/// What a function drew while it was recorded.
pub type Drawn = Rc<RefCell<Vec<Array>>>;

impl Draws {
    /// Would a draw inside so many graphs be one of a part of a graph, which runs never or often?
    fn are_around(&self, graphs: usize) -> bool {
        self.kept.last().is_some_and(|(around, _)| *around < graphs) || !self.again.is_empty() && self.graphs < graphs
    }
}

impl Modes {
    /// From here on what is drawn while it is recorded is kept. `end_drawn` takes what this gives.
    pub fn begin_drawn(&mut self) -> (usize, Drawn) {
        let drawn = Drawn::default();
        self.draws.kept.push((self.graphs(), drawn.clone()));
        (self.draws.kept.len() - 1, drawn)
    }

    pub fn end_drawn(&mut self, depth: usize) {
        self.draws.kept.truncate(depth);
    }

    /// What is drawn next while it is recorded is this.
    pub fn draw_again(&mut self, drawn: &Drawn) {
        self.draws.again = drawn.borrow().iter().cloned().collect();
        self.draws.graphs = self.graphs();
    }

    /// Until `put_back_draws`, which takes what this gives, nothing is kept or repeated.
    pub fn set_draws_aside(&mut self) -> Draws {
        std::mem::take(&mut self.draws)
    }

    pub fn put_back_draws(&mut self, draws: Draws) {
        self.draws = draws;
    }

    /// Must what an operation draws inside be drawn again later?
    pub(super) fn repeats_draws_of(&self, op: &Op) -> bool {
        !(self.draws.kept.is_empty() && self.draws.again.is_empty())
            && op.draws_inside()
            && self.draws.are_around(self.graphs() + 1)
    }
}

/// Values out of nothing: draws, and what draws inside, are made by the innermost transform that has a say in it.
pub(super) fn make(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    let draws = matches!(op.attrs, Attrs::Draw(..));
    if !draws && !op.draws_inside() {
        return now_all(cx, op, inputs);
    }
    if draws && cx.modes.is_tracing() && cx.modes.draws.are_around(cx.modes.graphs()) {
        return Err(not_repeated());
    }
    match cx.modes.makers.pop() {
        None => now_all(cx, op, inputs),
        Some(maker) => {
            let made = match &maker {
                Maker::Trace(recorder) if draws => draw_recorded(cx, op, recorder),
                Maker::Trace(recorder) => recorder.record(cx, op, inputs),
                Maker::Rows(level, rows) if draws => batch::draw(cx, op, *level, *rows),
                Maker::Rows(level, rows) => batch::run_alike(cx, op, inputs, *level, *rows),
            };
            cx.modes.makers.push(maker);
            made
        }
    }
}

#[cold]
pub(super) fn not_repeated() -> Error {
    Error::new(Kind::Graph, "`checkpoint` in a graph cannot repeat random draws inside an `if` or a loop")
        .help("draw before it")
}

/// A draw as an operation of a graph, or the one that was recorded when this ran first.
fn draw_recorded(cx: &mut Context, op: &Op, recorder: &Recorder) -> Result<Outputs> {
    let drawn = match cx.modes.draws.again.pop_front() {
        Some(drawn) => smallvec![drawn],
        None => recorder.record(cx, op, &[])?,
    };
    cx.modes.draws.kept.iter().for_each(|(_, kept)| kept.borrow_mut().extend(drawn.iter().cloned()));
    Ok(drawn)
}
