//! Loops while operations are recorded: one turn runs on values that stand for those of every turn, and becomes the
//! body of one operation.
//!
//! A turn is tried until what it carries is settled: at first all is taken for what it is now, then what a turn changed
//! is known only later. It must never change the running frame before all has succeeded, but for whole turns of a `for`
//! that are run one by one.

mod for_loop;
mod frame;
mod scan;
mod while_loop;

pub use scan::Scanned;

use super::super::value::Value;
use super::Machine;
use super::carry::{Walk, arrays, carried_type, with_arrays};
use super::meet::{Apart, in_type};
use super::structure::check_size;
use crate::diagnostics::{Error, Kind, Result};
use crate::graph::Node;
use crate::graph::scan::{Turns, scan};
use crate::ops::index::{self, Index};
use crate::ops::{ADD, Attrs, apply2, cast};
use crate::tensor::{Abstract, Array, DType, Device, ElementType, promote};
use crate::transform::trace::Recorder;
use crate::transform::{is_traced, waiting};

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

    /// An output of a turn in the dtype that it has beside those before it.
    fn beside(&mut self, turn: &Turn, before: &[Array], output: Array) -> Result<Array> {
        let types: Vec<ElementType> = before.iter().chain([&output]).map(Array::element_type).collect();
        match promote(&types) {
            Some(found) if found.dtype != output.dtype() || output.is_weak() && !found.weak => {
                turn.recorder.run(&mut self.host.cx, |cx| cast(cx, output, found.dtype))
            }
            _ => Ok(output),
        }
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
        if captured.is_empty() && !traced && !body.has_effect() {
            return Ok(None);
        }
        // a derivative can do more with turns one by one
        let is_hard = |node: &Node| matches!(node.op.attrs, Attrs::While(_)) || node.op.draws_inside();
        if count <= MODERATE && body.nodes.iter().any(is_hard) {
            return Err(Error::new(Kind::Graph, "a loop in a turn of a loop"));
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

    /// After an attempt that failed: what it asked for is asked for by nobody, and new values are made where they were.
    pub(super) fn take_back(&mut self, home: Option<Device>) {
        waiting::forget(&mut self.host.cx);
        self.host.cx.devices.home = home;
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

/// The error of a loop that is too long to be unrolled.
#[cold]
fn one_for_all(mut error: Error, count: usize) -> Error {
    error.details_mut().recorded = true;
    if error.kind() != Kind::Graph {
        return error;
    }
    error.help(format!(
        "all {count} turns become one operation of the graph, for which one turn stands; at most {MODERATE} are \
         recorded one by one"
    ))
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
