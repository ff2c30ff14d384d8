//! Tracing: operations on traced values are recorded into a graph instead of being run.
//!
//! Everything that a graph reads and that is no number or tensor at hand becomes an input of it. A trace must never run
//! an operation on a traced value, nor look at its elements.

use super::draws::not_repeated;
use super::{Maker, making};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::error::Demand;
use crate::diagnostics::{Error, Kind, Result};
use crate::graph::{Draft, Graph, Node, Operand, silent};
use crate::ops::{Op, Outputs};
use crate::tensor::{Abstract, Array, Level, Lifted, Mode};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::rc::Rc;

/// Bytes of a node, with what it holds besides its constants.
const NODE: usize = size_of::<Node>() + 2 * size_of::<Lifted>() + 64;

/// A graph in the making.
#[derive(Clone)]
pub struct Recorder {
    level: Level,
    is_branch: bool,
    state: Rc<RefCell<State>>,
}

#[derive(Default)]
struct State {
    inputs: Vec<Abstract>,
    nodes: Vec<Node>,
    /// Values from outside that the graph reads: the last of its inputs, in order.
    captured: Vec<Array>,
    /// Inputs that came before them.
    given: usize,
    /// The graph is made: nothing can be added.
    finished: bool,
}

/// A value of the graph.
struct Traced {
    recorder: Recorder,
    operand: Operand,
}

impl Recorder {
    /// Of a graph with inputs of its own.
    pub fn new(level: Level) -> Recorder {
        Recorder { level, is_branch: false, state: Rc::default() }
    }

    /// Of one way of an `if`, all of whose inputs are captured.
    pub fn branch(level: Level) -> Recorder {
        Recorder { is_branch: true, ..Recorder::new(level) }
    }

    pub fn is_branch(&self) -> bool {
        self.is_branch
    }

    pub fn level(&self) -> Level {
        self.level
    }

    /// A further input. All must be given before anything is recorded.
    pub fn input(&self, aval: Abstract) -> Array {
        let number = {
            let mut state = self.state.borrow_mut();
            state.inputs.push(aval.clone());
            state.given = state.inputs.len();
            state.given - 1
        };
        self.traced(aval, Operand::Input(number))
    }

    fn traced(&self, aval: Abstract, operand: Operand) -> Array {
        Array::Lifted(Lifted::new(aval, Mode::Traced, self.level, Traced { recorder: self.clone(), operand }))
    }

    /// The inputs given so far.
    pub fn inputs(&self) -> Vec<Array> {
        let given: Vec<Abstract> = {
            let state = self.state.borrow();
            state.inputs.iter().take(state.given).cloned().collect()
        };
        given.into_iter().enumerate().map(|(number, aval)| self.traced(aval, Operand::Input(number))).collect()
    }

    /// How many operations were recorded so far.
    pub fn operations(&self) -> usize {
        self.state.borrow().nodes.len()
    }

    /// Are all operations recorded so far of a kind?
    pub fn are_all(&self, kind: impl Fn(&Node) -> bool) -> bool {
        self.state.borrow().nodes.iter().all(kind)
    }

    /// Is it a value of this graph?
    pub fn made(&self, array: &Array) -> bool {
        matches!(array, Array::Lifted(lifted) if lifted.level() == self.level)
    }

    /// A value from outside as one of the graph.
    pub fn capture(&self, array: &Array) -> Array {
        let Array::Lifted(outer) = array else { return array.clone() };
        if outer.level() == self.level || outer.level() == 0 {
            return array.clone();
        }
        let aval = outer.aval().clone();
        let number = {
            let mut state = self.state.borrow_mut();
            let known = state.captured.iter().position(|other| match other {
                Array::Lifted(other) => other.is_same(outer),
                _ => false,
            });
            let at = known.unwrap_or_else(|| {
                state.captured.push(array.clone());
                state.inputs.push(aval.clone());
                state.captured.len() - 1
            });
            state.given + at
        };
        self.traced(aval, Operand::Input(number))
    }

    /// Another graph that captures the same values, in the same order, and perhaps more.
    pub fn sibling(&self, level: Level) -> Recorder {
        let state = self.state.borrow();
        let fresh = State {
            inputs: state.inputs.clone(),
            captured: state.captured.clone(),
            given: state.given,
            ..State::default()
        };
        Recorder { level, state: Rc::new(RefCell::new(fresh)), ..*self }
    }

    /// Makes this graph take what a sibling captured since, too.
    pub fn take_inputs_of(&self, sibling: &Recorder) {
        let sibling = sibling.state.borrow();
        let mut state = self.state.borrow_mut();
        state.inputs.clone_from(&sibling.inputs);
        state.captured.clone_from(&sibling.captured);
    }

    /// What it captured so far.
    pub fn captured(&self) -> Vec<Array> {
        self.state.borrow().captured.clone()
    }

    /// The same for the graph that gives these results, which may be captured as they are.
    pub fn captured_for(&self, outputs: &[Array]) -> Vec<Array> {
        for output in outputs {
            self.capture(output);
        }
        self.captured()
    }

    /// Runs a function whose operations are recorded, draws of random numbers among them.
    pub fn run<T>(&self, cx: &mut Context, work: impl FnOnce(&mut Context) -> Result<T>) -> Result<T> {
        making(cx, Maker::Trace(self.clone()), work)
    }

    fn operand(&self, array: &Array) -> Operand {
        match self.capture(array) {
            Array::Lifted(lifted) => match lifted.body::<Traced>() {
                Some(traced) => traced.operand.clone(),
                None => Operand::Const(array.clone()),
            },
            constant => Operand::Const(constant),
        }
    }

    pub(crate) fn record(&self, cx: &Context, op: &Op, inputs: &[Array]) -> Result<Outputs> {
        if self.state.borrow().finished {
            return Err(left());
        }
        if cx.modes.repeats_draws_of(op) {
            return Err(not_repeated());
        }
        let avals: SmallVec<[Abstract; 3]> = inputs.iter().map(Array::aval).collect();
        let outs = op.infer_all(&avals)?;
        for out in &outs {
            cx.reserve(out.size(), out.dtype.size(), || out.type_name())?;
        }
        let inputs = inputs.iter().map(|input| self.operand(input)).collect();
        let number = {
            let nodes = &mut self.state.borrow_mut().nodes;
            // growing doubles: looking at powers of two is enough
            if nodes.len().is_power_of_two() {
                cx.reserve(2 * nodes.len(), NODE, || format!("a graph of {} operations", 2 * nodes.len()))?;
            }
            let op = if cx.modes.is_hushed() { silent(op) } else { op.clone() };
            nodes.push(Node { op, inputs, outs: outs.clone(), place: cx.modes.place.clone() });
            nodes.len() - 1
        };
        Ok(outs.into_iter().enumerate().map(|(i, out)| self.traced(out, Operand::Node(number, i))).collect())
    }

    /// The graph that computes these values. Nothing can be recorded behind.
    pub fn finish(&self, cx: &mut Context, outputs: &[Array]) -> Result<Graph> {
        Graph::new(cx, self.take(outputs))
    }

    /// What was recorded, as it is.
    pub fn take(&self, outputs: &[Array]) -> Draft {
        let (outputs, results) = outputs.iter().map(|output| (self.operand(output), output.aval())).unzip();
        let finished = State { finished: true, ..State::default() };
        let state = std::mem::replace(&mut *self.state.borrow_mut(), finished);
        Draft { inputs: state.inputs, nodes: state.nodes, outputs, results }
    }

    /// The inputs given to a graph that a traced value depends on, each with the level of the graph. What a branch of
    /// a graph captured goes back to the graph around.
    fn roots(&self, operand: &Operand) -> Vec<(Level, usize)> {
        let mut roots = vec![];
        let mut work = vec![(self.clone(), operand.clone())];
        let mut seen: FxHashSet<(Level, bool, usize)> = FxHashSet::default();
        while let Some((recorder, operand)) = work.pop() {
            let state = recorder.state.borrow();
            let (is_input, number) = match operand {
                Operand::Input(number) => (true, number),
                Operand::Node(number, _) => (false, number),
                Operand::Const(_) => continue,
            };
            if !seen.insert((recorder.level, is_input, number)) {
                continue;
            }
            if !is_input {
                let inputs = state.nodes.get(number).map_or(&[][..], |node| &node.inputs);
                work.extend(inputs.iter().map(|input| (recorder.clone(), input.clone())));
            } else if number < state.given {
                roots.push((recorder.level, number));
            } else if let Some(Array::Lifted(outer)) = state.captured.get(number - state.given)
                && let Some(traced) = outer.body::<Traced>()
            {
                work.push((traced.recorder.clone(), traced.operand.clone()));
            }
        }
        roots
    }
}

#[cold]
fn left() -> Error {
    Error::new(Kind::Graph, "a value of a graph that is made already: it has no meaning outside the function traced")
        .help("give it as a result of the function")
}

pub(super) fn record(cx: &Context, op: &Op, inputs: &[Array], level: Level) -> Result<Outputs> {
    let recorder = inputs.iter().find_map(|input| match input {
        Array::Lifted(lifted) if lifted.level() == level => Some(lifted.body::<Traced>()?.recorder.clone()),
        _ => None,
    });
    recorder.ok_or_else(cpu::mistyped)?.record(cx, op, inputs)
}

/// A program asks for a number that is known only when the graph runs. If it depends on numbers among the arguments
/// alone, the graph can be traced anew with those as they are.
#[cold]
pub(super) fn no_elements(lifted: &Lifted) -> Error {
    let name = lifted.aval().type_name();
    let Some(traced) = lifted.body::<Traced>() else { return cpu::mistyped() };
    let roots = traced.recorder.roots(&traced.operand);
    if roots.is_empty() && traced.recorder.is_branch {
        let message = format!("the elements of {name} are not known while both ways of an `if` are recorded");
        return Error::new(Kind::Graph, message).help("compute with the value, or choose with `where`");
    }
    let mut error = Error::new(Kind::Graph, format!("the elements of {name} are not known while a graph is traced"))
        .help("compute with the value, or take what needs its elements out of the graph");
    error.details_mut().demand =
        Some(Demand { inputs: roots, integers: false }).filter(|demand| !demand.inputs.is_empty());
    error
}
