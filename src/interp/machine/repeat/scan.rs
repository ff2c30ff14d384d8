//! `scan(f, init, xs)` of the library while a graph is made: long ones are recorded as one operation.

use super::super::super::value::{Fields, Range, Value};
use super::super::Machine;
use super::super::operator::wrap;
use super::{MODERATE, PEELED, SHORT, Source, Trouble, one_for_all};
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::index::{self, Index};
use crate::tensor::{Array, DType};
use crate::transform::Maker;

/// How far the turns of a scan have run.
pub struct Scanned {
    pub state: Value,
    /// The outputs, stacked, if all turns have run; else a list of those there are.
    pub outputs: Value,
    /// The items of the turns ahead; none if all have run.
    pub ahead: Option<Value>,
}

/// What becomes of an array of an output, beside what stands in its place in others.
type Change<'c> = &'c mut dyn FnMut(&mut Machine, &[Value], Array) -> Result<Value>;

impl Machine {
    /// Runs the turns of a scan as one operation of the graph that is made. Where there is none, where they are few, or
    /// where one turn cannot stand for all, they are still ahead, but for the first ones if the state took its form in
    /// them. Where `alone`, outputs must be arrays.
    pub fn staged_scan(&mut self, f: &Value, init: &Value, xs: &Value, alone: bool) -> Result<Scanned> {
        let (mut state, mut outputs, mut ahead) = (init.clone(), vec![], xs.clone());
        if self.host.cx.modes.is_in_graph() {
            while let Some((source, count)) = items(&ahead)
                && count > SHORT
            {
                match self.scan_ahead(f, &state, &source, count, &outputs, alone)? {
                    Found::All(state, outputs) => return Ok(Scanned { state, outputs, ahead: None }),
                    Found::Trouble(Trouble::Apart(..)) if outputs.len() < PEELED => {}
                    Found::Trouble(trouble) if count > MODERATE => return Err(Machine::too_many(trouble, count)),
                    _ => break,
                }
                let item;
                (item, ahead) = self.first(source, count)?;
                let output;
                (state, output) = self.scan_turn(f, vec![state, item])?;
                outputs.push(output);
            }
        }
        Ok(Scanned { state, outputs: Value::tuple(outputs), ahead: Some(ahead) })
    }

    fn scan_turn(&mut self, f: &Value, args: Vec<Value>) -> Result<(Value, Value)> {
        let found = self.call(f, args)?;
        let mut parts = self.unpack(found, 2)?.into_iter();
        Ok((parts.next().unwrap_or_default(), parts.next().unwrap_or_default()))
    }

    /// All turns ahead as one operation.
    fn scan_ahead(
        &mut self,
        f: &Value,
        state: &Value,
        source: &Source,
        count: usize,
        before: &[Value],
        alone: bool,
    ) -> Result<Found> {
        let (first, home) = ([state.clone()], self.host.cx.devices.home);
        let turn = self.settled_turn(&first, Some(source), true, &mut |machine, recorder, carried, row| {
            let args = carried.iter().cloned().chain(row).collect();
            let depth = machine.host.cx.modes.begin(Maker::Trace(recorder.clone()));
            let found = machine.scan_turn(f, args);
            machine.host.cx.modes.end(depth);
            let (state, output) = found?;
            Ok((vec![state], output))
        });
        let repeated = turn.and_then(|turn| {
            if !can_be_stacked(&turn.output, alone) || !before.iter().all(|before| is_alike(before, &turn.output)) {
                let message = format!("a turn gives {}, of which no array can be made", turn.output.describe());
                let error = Error::new(Kind::Graph, message);
                return Err(error.help("give arrays or numbers of one shape in every turn").into());
            }
            // in the dtypes that they have beside those before them
            let output = self.leaf_by_leaf(before, &turn.output, &mut |machine, before, output| {
                let before: Vec<Array> = before.iter().filter_map(Value::as_array).collect();
                machine.beside(&turn, &before, output).map(Value::Array)
            })?;
            Ok(self.repeated(turn, &first, source, count, &output)?)
        });
        match repeated {
            Ok(Some((states, rows))) => {
                let state = states.into_iter().next().unwrap_or_default();
                let outputs = match before.is_empty() {
                    true => rows,
                    false => self.leaf_by_leaf(before, &rows, &mut |machine, before, rows| {
                        machine.lengthened(Value::tuple(before.to_vec()), rows, false)
                    })?,
                };
                Ok(Found::All(state, outputs))
            }
            Err(Trouble::Error(error)) if !error.is_of_program() || error.kind() == Kind::Memory => Err(error),
            other => {
                self.take_back(home);
                Ok(other.map_or_else(Found::Trouble, |_| Found::Known))
            }
        }
    }

    /// An output with every array of it changed, which is shown with those that stand in its place in others.
    fn leaf_by_leaf(&mut self, others: &[Value], output: &Value, change: Change) -> Result<Value> {
        let parts = |number: usize| others.iter().filter_map(|other| part(other, number)).collect::<Vec<Value>>();
        match output {
            Value::Tuple(items) => {
                let mut all = vec![];
                for (number, item) in items.0.iter().enumerate() {
                    all.push(self.leaf_by_leaf(&parts(number), item, change)?);
                }
                Ok(Value::tuple(all))
            }
            Value::Record(fields) => {
                let mut all = Fields::default();
                for (number, (name, item)) in fields.0.iter().enumerate() {
                    all.insert(name.clone(), self.leaf_by_leaf(&parts(number), item, change)?);
                }
                Ok(Value::record(all))
            }
            Value::Array(array) => change(self, others, array.clone()),
            other => Ok(other.clone()),
        }
    }

    /// The error of turns that are too many to be recorded one by one.
    #[cold]
    fn too_many(trouble: Trouble, count: usize) -> Error {
        let error = match trouble {
            Trouble::Error(error) => error,
            Trouble::Apart(_, before, after) => {
                let message = format!("the turns differ: the state is {before} before one, {after} after it");
                Error::new(Kind::Graph, message)
            }
        };
        one_for_all(error, count)
    }

    /// The first item, and those behind it.
    fn first(&mut self, source: Source, count: usize) -> Result<(Value, Value)> {
        let cx = &mut self.host.cx;
        Ok(match source {
            Source::Numbers(start) => {
                let range = Range { start: start + 1, end: start.saturating_add_unsigned(count as u64) };
                (Value::int(start), Value::Range(range.into()))
            }
            Source::Rows(array, _) => {
                let rest = Index::Slice { start: Some(1), stop: None, step: None };
                let row = index::get(cx, &array, &[Index::At(0)])?;
                (wrap(row), Value::Array(index::get(cx, &array, &[rest])?))
            }
        })
    }
}

/// What became of the turns ahead.
enum Found {
    /// The state behind them, and all outputs.
    All(Value, Value),
    /// One turn cannot stand for all.
    Trouble(Trouble),
    /// They work on what is known, and may as well run one by one.
    Known,
}

/// The items of turns, and how many they are; none of what is not of one form.
fn items(xs: &Value) -> Option<(Source, usize)> {
    match xs {
        Value::Range(range) => Some((Source::Numbers(range.start), range.len())),
        Value::Array(array) if array.ndim() > 0 && array.dtype() != DType::Str => {
            Some((Source::Rows(array.clone(), 0), array.shape()[0]))
        }
        _ => None,
    }
}

/// The part of a structure with this number.
fn part(value: &Value, number: usize) -> Option<Value> {
    match value {
        Value::Tuple(items) => items.0.get(number).cloned(),
        Value::Record(fields) => fields.0.get_index(number).map(|(_, item)| item.clone()),
        _ => None,
    }
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

/// Can an output that can be stacked be stacked with the other?
fn is_alike(before: &Value, output: &Value) -> bool {
    match (before, output) {
        (Value::Tuple(x), Value::Tuple(y)) => {
            x.0.len() == y.0.len() && x.0.iter().zip(&y.0).all(|(x, y)| is_alike(x, y))
        }
        (Value::Record(x), Value::Record(y)) => {
            x.0.keys().eq(y.0.keys()) && x.0.values().zip(y.0.values()).all(|(x, y)| is_alike(x, y))
        }
        (x, Value::Array(y)) => {
            let array: Option<Array> = x.as_array();
            array.is_some_and(|x| x.dtype() != DType::Str && x.shape() == y.shape())
        }
        _ => false,
    }
}
