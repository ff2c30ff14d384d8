//! `graph(f)`: a function that is traced into a graph at its first call, and run as one from then on.
//!
//! What a trace depended on is its key: the structure of arguments and of the globals that the function may read, what
//! their arrays are, all that is no array, and those numbers that had to be known. The arrays themselves are inputs of
//! the graph, so that later values are seen.

use super::declare::builtins;
use super::derivatives::derived;
use crate::diagnostics::{Error, Kind, Result};
use crate::graph::Graph;
use crate::interp::structure::{check_depth, check_size};
use crate::interp::{Derived, Fields, Machine, State, Value, globals_read};
use crate::tensor::{Abstract, Array, DType, Device};
use crate::transform::trace::Recorder;
use crate::transform::{Maker, concrete, is_moving, known};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Traces kept of one function: the last that were used.
const KEPT: usize = 64;

/// A value without its arrays, in the order of a walk.
enum Part {
    Tuple(usize),
    Record(Vec<Rc<str>>),
    Array(Abstract),
    /// Anything else: text, functions, truth values that were written out.
    Fixed(Value),
}

impl Part {
    fn is_like(&self, other: &Part) -> bool {
        match (self, other) {
            (Part::Tuple(x), Part::Tuple(y)) => x == y,
            (Part::Record(x), Part::Record(y)) => x == y,
            (Part::Array(x), Part::Array(y)) => x == y,
            (Part::Fixed(x), Part::Fixed(y)) => x.is_identical(y),
            _ => false,
        }
    }
}

/// A value taken apart.
#[derive(Default)]
struct Flat {
    parts: Vec<Part>,
    arrays: Vec<Array>,
}

impl Flat {
    fn of(machine: &Machine, values: &[Value]) -> Result<Flat> {
        let mut flat = Flat::default();
        for value in values {
            check_size(&machine.host.cx, value)?;
            flat.add(value, 0)?;
        }
        Ok(flat)
    }

    fn add(&mut self, value: &Value, depth: usize) -> Result<()> {
        check_depth(depth)?;
        match value {
            Value::Tuple(tuple) => {
                self.parts.push(Part::Tuple(tuple.0.len()));
                tuple.0.iter().try_for_each(|item| self.add(item, depth + 1))?;
            }
            Value::Record(record) => {
                self.parts.push(Part::Record(record.0.keys().cloned().collect()));
                record.0.values().try_for_each(|item| self.add(item, depth + 1))?;
            }
            Value::Array(array) if is_input(array) => {
                self.parts.push(Part::Array(array.aval()));
                self.arrays.push(array.clone());
            }
            other => self.parts.push(Part::Fixed(other.clone())),
        }
        Ok(())
    }

    fn is_like(&self, parts: &[Part]) -> bool {
        self.parts.len() == parts.len() && self.parts.iter().zip(parts).all(|(x, y)| x.is_like(y))
    }
}

/// Numbers are inputs of a graph; text and truth values that were written out are not.
fn is_input(array: &Array) -> bool {
    array.dtype() != DType::Str && !matches!(array, Array::Bool(_))
}

/// A value with other arrays in it, in the order of `Flat`.
fn with_arrays(value: &Value, arrays: &mut impl Iterator<Item = Array>) -> Value {
    match value {
        Value::Tuple(tuple) => Value::tuple(tuple.0.iter().map(|item| with_arrays(item, arrays)).collect()),
        Value::Record(record) => {
            let fields: Fields =
                record.0.iter().map(|(name, item)| (name.clone(), with_arrays(item, arrays))).collect();
            Value::record(fields)
        }
        Value::Array(array) if is_input(array) => arrays.next().map_or(Value::None, Value::Array),
        other => other.clone(),
    }
}

/// A graph, and when it may stand for the function.
struct Trace {
    args: Vec<Part>,
    slots: Vec<u32>,
    globals: Vec<Part>,
    /// Where new values were made.
    home: Option<Device>,
    /// Arrays, by number, that had to be known: arguments first, then globals.
    fixed: Vec<(usize, Array)>,
    graph: Graph,
    /// Values of transforms around that the function captured: the last inputs of the graph.
    captured: Vec<Array>,
    /// The result, with the arrays of the trace in it.
    result: Value,
}

/// The traces of a function, the last used at the end.
#[derive(Default)]
struct Cache(RefCell<VecDeque<Rc<Trace>>>);

impl State for Cache {
    fn take_values(&mut self) -> Vec<Value> {
        let traces = std::mem::take(self.0.get_mut());
        let parts =
            traces.into_iter().filter_map(Rc::into_inner).flat_map(|trace| trace.args.into_iter().chain(trace.globals));
        parts.filter_map(|part| if let Part::Fixed(value) = part { Some(value) } else { None }).collect()
    }
}

/// What a call gives: arguments, and the globals that the function may read.
struct Given {
    args: Vec<Value>,
    slots: Vec<u32>,
    globals: Vec<Value>,
    arrays: Vec<Array>,
}

pub(super) fn values_of(machine: &Machine, slots: &[u32]) -> Vec<Value> {
    slots.iter().map(|&slot| machine.globals.get(slot as usize).cloned().unwrap_or_default()).collect()
}

fn run_graph(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    let Some(cache) = derived.state::<Cache>() else {
        return Err(Error::new(Kind::Internal, "a graph without its traces"));
    };
    let flat = Flat::of(machine, &args)?;
    let home = machine.host.cx.devices.home;
    let mut fixed: Vec<usize> = vec![];
    let traces = cache.0.borrow().clone();
    for (at, trace) in traces.iter().enumerate().rev().filter(|(_, trace)| flat.is_like(&trace.args)) {
        let globals = Flat::of(machine, &values_of(machine, &trace.slots))?;
        if trace.home != home || !globals.is_like(&trace.globals) {
            continue;
        }
        let arrays = [flat.arrays.as_slice(), &globals.arrays].concat();
        if trace.fixed.iter().any(|(number, _)| arrays.get(*number).is_some_and(is_moving)) {
            return machine.call(&derived.of, args);
        }
        if !is_fixed(machine, trace, &arrays)? {
            // what had to be known once will have to be again
            fixed.extend(trace.fixed.iter().map(|(number, _)| number));
            continue;
        }
        if at + 1 < traces.len() {
            let mut kept = cache.0.borrow_mut();
            let used = kept.remove(at);
            kept.extend(used);
        }
        return replay(machine, derived, trace, arrays);
    }
    let mut slots = globals_read(std::iter::once(&derived.of).chain(&args), &machine.globals);
    slots.retain(|&slot| !machine.modules.is_constant(slot));
    let globals = values_of(machine, &slots);
    let parts = Flat::of(machine, &globals)?;
    let arrays = [flat.arrays, parts.arrays].concat();
    let given = Given { args, slots, globals, arrays };
    let Some((graph, captured, result, fixed)) = traced(machine, &derived.of, &given, fixed)? else {
        return machine.call(&derived.of, given.args);
    };
    let (args, globals) = (flat.parts, parts.parts);
    let trace = Rc::new(Trace { args, slots: given.slots, globals, home, fixed, graph, captured, result });
    {
        let mut kept = cache.0.borrow_mut();
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(trace.clone());
    }
    replay(machine, derived, &trace, given.arrays)
}

/// Are the numbers that had to be known those of the trace?
fn is_fixed(machine: &mut Machine, trace: &Trace, arrays: &[Array]) -> Result<bool> {
    for (number, value) in &trace.fixed {
        let Some(array) = arrays.get(*number) else { return Ok(false) };
        match known(&mut machine.host.cx, array)? {
            Some(array) if array.is_identical(value) => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

fn replay(machine: &mut Machine, derived: &Derived, trace: &Trace, arrays: Vec<Array>) -> Result<Value> {
    let inputs: Vec<Array> = arrays
        .into_iter()
        .enumerate()
        .filter(|(number, _)| !trace.fixed.iter().any(|(fixed, _)| fixed == number))
        .map(|(_, array)| array)
        .chain(trace.captured.iter().cloned())
        .collect();
    let found = trace.graph.run(&mut machine.host.cx, &inputs).map_err(|mut error| {
        error.details_mut().inside.get_or_insert_with(|| name_of(derived));
        error
    })?;
    let result = with_arrays(&trace.result, &mut found.into_iter());
    machine.settle(result)
}

fn name_of(derived: &Derived) -> String {
    match &derived.of {
        Value::Function(function) => function.code.name.to_string(),
        Value::Builtin(builtin) => builtin.name.to_string(),
        _ => String::new(),
    }
}

type Traced = (Graph, Vec<Array>, Value, Vec<(usize, Array)>);

/// Traces a function. Where it needs to know a number, it is traced anew with that number as it is. None if a number that
/// it needs to know is being differentiated by, here or around: as a constant of a graph it would not move any more.
fn traced(machine: &mut Machine, f: &Value, given: &Given, fixed: Vec<usize>) -> Result<Option<Traced>> {
    let mut known_numbers = vec![];
    for number in fixed {
        if !fix(machine, &mut known_numbers, number, given)? {
            return Ok(None);
        }
    }
    loop {
        let level = machine.host.cx.modes.enter();
        let recorder = Recorder::new(level);
        let mut error = match once(machine, f, given, &known_numbers, &recorder) {
            Ok((graph, captured, result)) => return Ok(Some((graph, captured, result, known_numbers))),
            Err(error) => error,
        };
        if error.details().kind == Kind::Graph
            && error.details().demand.is_none()
            && recorder.captured().iter().any(is_moving)
        {
            return Ok(None);
        }
        let Some(mut demand) = error.details_mut().demand.take() else { return Err(error.settled()) };
        let free: Vec<usize> =
            (0..given.arrays.len()).filter(|number| !known_numbers.iter().any(|(known, _)| known == number)).collect();
        let own: Vec<usize> = demand
            .inputs
            .iter()
            .filter(|(at, _)| *at == level)
            .filter_map(|&(_, input)| free.get(input).copied())
            .collect();
        let can_be_known = |number: &usize| {
            given.arrays[*number].ndim() == 0 && (!demand.integers || is_integer(&given.arrays[*number]))
        };
        if own.is_empty() || !own.iter().all(can_be_known) {
            // what an outer graph has to know; or elements of an array, which stay unknown
            demand.inputs.retain(|(at, _)| *at < level && own.is_empty());
            let outer = Some(demand).filter(|demand| !demand.inputs.is_empty());
            error.details_mut().demand = outer;
            return Err(if error.details().demand.is_none() { error.settled() } else { error });
        }
        for number in own {
            if !fix(machine, &mut known_numbers, number, given)? {
                return Ok(None);
            }
        }
    }
}

fn is_integer(array: &Array) -> bool {
    array.dtype().is_integer()
}

/// Makes an input one that is known; it may be that of an outer graph, which then has to know it. False if it moves.
fn fix(machine: &mut Machine, fixed: &mut Vec<(usize, Array)>, number: usize, given: &Given) -> Result<bool> {
    if let (Some(array), false) = (given.arrays.get(number), fixed.iter().any(|(known, _)| *known == number)) {
        if is_moving(array) {
            return Ok(false);
        }
        fixed.push((number, concrete(&mut machine.host.cx, array)?));
    }
    Ok(true)
}

/// One attempt: the function runs on tracers, globals that it may read being tracers, too.
fn once(
    machine: &mut Machine,
    f: &Value,
    given: &Given,
    fixed: &[(usize, Array)],
    recorder: &Recorder,
) -> Result<(Graph, Vec<Array>, Value)> {
    let tracer = |(number, array): (usize, &Array)| match fixed.iter().find(|(known, _)| *known == number) {
        Some((_, value)) => value.clone(),
        None => recorder.input(array.aval()),
    };
    let tracers: Vec<Array> = given.arrays.iter().enumerate().map(tracer).collect();
    let mut tracers = tracers.into_iter();
    let args = given.args.iter().map(|arg| with_arrays(arg, &mut tracers)).collect();
    for (&slot, value) in given.slots.iter().zip(&given.globals) {
        machine.globals[slot as usize] = with_arrays(value, &mut tracers);
    }
    let depth = machine.host.cx.modes.begin(Maker::Trace(recorder.clone()));
    let result = machine.call(f, args);
    machine.host.cx.modes.end(depth);
    for (&slot, value) in given.slots.iter().zip(&given.globals) {
        machine.globals[slot as usize] = value.clone();
    }
    let result = result?;
    let flat = Flat::of(machine, std::slice::from_ref(&result))?;
    if let Some(Part::Fixed(function)) =
        flat.parts.iter().find(|part| matches!(part, Part::Fixed(value) if value.is_callable()))
    {
        return Err(Error::new(Kind::Graph, format!("a graph cannot give {} as a result", function.describe()))
            .help("give arrays, and make the function outside"));
    }
    let captured = recorder.captured_for(&flat.arrays);
    Ok((recorder.finish(&mut machine.host.cx, &flat.arrays)?, captured, result))
}

builtins! {
    elements Settled;

    /// A function that traces f into a graph at its first call and runs the graph from then on.
    /// For arguments of another structure, shape or dtype f is traced again. `@ graph fn f(x) = ...` declares one.
    /// Inside, `if` and `while` on a number that is computed become part of the graph; a number among the arguments that
    /// has to be known, such as a length, makes the graph one for that number. A `for` or a comprehension of more than 16
    /// turns becomes one operation, as `map`, `reduce` and `scan` do: one turn stands for all. Where it cannot, because a
    /// turn has to know its number or what it carries changes its form, up to 1,000 turns are recorded one by one.
    /// Printing and files are errors. Random numbers are drawn at every run.
    fn graph(f)
        ex "graph(|x| sum(x * x))([1.0, 2.0])" => "5.0";
        ex "grad(graph(|x| if x > 0 { x * x } else { -x }))(3.0)" => "6.0";
        ex "@ graph fn step(p, rate) = (w=p.w - rate * 2 * p.w)\nstep((w=[1.0, 2.0]), 0.25)" => "(w=[0.5 1. ])";
        ex "graph(|x| { while x > 1 { x = x / 2 }; x })(9.0)" => "0.5625";
        ex "grad(graph(|x| { s = 0; for i in 0..100 { s = s + x * i }; s }))(2.0)" => "4950.0";
        fails "graph(1)" => "type";
        fails "graph(|x| { while x > 1 { x = [x, x] }; x })(9.0)" => "graph";
        fails "graph(|x| { print(x); x })(1.0)" => "graph";
        fails "graph(|x| if x > 0 { [1.0] } else { [1.0, 2.0] })(1.0)" => "graph";
    = |_, args| derived(args, "graph", run_graph, Cache::default());
}
