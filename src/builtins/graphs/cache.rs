//! The traces of a function: which one may stand for it at a call, and its figures.

use super::key::{self, Flat, Part, with_arrays};
use super::trace::traced;
use crate::builtins::{self, Builtin, predefined};
use crate::context::Context;
use crate::diagnostics::{Error, Kind, Result};
use crate::graph::{Figures, Graph, Traced};
use crate::interp::{Derived, Machine, State, Value, globals_read};
use crate::tensor::show::{PrintOptions, show};
use crate::tensor::{Array, Device, Peak};
use crate::transform::{is_moving, known};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Traces kept of one function: the last that were used.
const KEPT: usize = 64;
/// Traces remembered that are not kept any more.
const REMEMBERED: usize = 256;

/// A graph, and when it may stand for the function.
pub struct Trace {
    args: Vec<Part>,
    slots: Vec<u32>,
    globals: Vec<Part>,
    /// Globals that had their predefined value: `pi`, `inf`. No number that the program gave.
    constants: Vec<(u32, Value)>,
    /// Where new values were made.
    home: Option<Device>,
    /// Arrays, by number, that had to be known: arguments first, then globals.
    fixed: Vec<(usize, Array)>,
    pub graph: Graph,
    /// Values of transforms around that the function captured: the last inputs of the graph.
    captured: Vec<Array>,
    /// The result, with the arrays of the trace in it.
    result: Value,
    /// What the arrays are called, in order.
    names: Vec<String>,
}

impl Trace {
    fn is_fixed_input(&self, number: usize) -> bool {
        self.fixed.iter().any(|(fixed, _)| *fixed == number)
    }

    /// A global that has not the predefined value any more that it had.
    fn other_constant(&self, machine: &Machine) -> Option<u32> {
        let is_other = |(slot, value): &&(u32, Value)| {
            machine.globals.get(*slot as usize).is_none_or(|found| !found.is_identical(value))
        };
        self.constants.iter().find(is_other).map(|(slot, _)| *slot)
    }

    /// The text of the graph.
    pub fn show(&self, machine: &Machine, name: &str) -> Result<String> {
        let free = self.names.iter().enumerate().filter(|(number, _)| !self.is_fixed_input(*number));
        let of_args = self.args.iter().filter(|part| matches!(part, Part::Array(_))).count();
        // a function may read much that it does not: all of a module that it names
        let read = self.graph.inputs_read();
        let is_read = |input| read.get(input).is_some_and(|&read| read);
        let named = |(input, (number, name)): (usize, (usize, &String))| match number < of_args || is_read(input) {
            true => name.clone(),
            false => String::new(),
        };
        let mut inputs: Vec<String> = free.enumerate().map(named).collect();
        inputs.extend((0..self.captured.len()).map(|number| format!("captured{number}")));
        let parts = Flat::of(machine, std::slice::from_ref(&self.result))?.parts;
        let mut paths = vec![];
        key::paths(String::new(), &self.result, &mut paths);
        Ok(self.graph.show(name, &inputs, &key::of_arrays(&parts, paths)))
    }
}

/// A trace that is not kept any more: its arguments and globals, where it made values, and the numbers that had to be known.
struct Evicted {
    of: u64,
    home: Option<Device>,
    fixed: Vec<(usize, Array)>,
}

/// The traces of a function, the last used at the end.
#[derive(Default)]
pub struct Cache {
    traces: RefCell<VecDeque<Rc<Trace>>>,
    evicted: RefCell<VecDeque<Evicted>>,
    pub figures: Rc<RefCell<Figures>>,
}

impl State for Cache {
    fn method(&self, name: &str) -> Option<&'static Builtin> {
        if name == "stats" { builtins::find("graph_stats") } else { None }
    }

    fn take_values(&mut self) -> Vec<Value> {
        let traces = std::mem::take(self.traces.get_mut());
        let parts =
            traces.into_iter().filter_map(Rc::into_inner).flat_map(|trace| trace.args.into_iter().chain(trace.globals));
        parts.filter_map(|part| if let Part::Fixed(value) = part { Some(value) } else { None }).collect()
    }
}

impl Cache {
    /// The trace that was used last.
    pub fn last(&self) -> Option<Rc<Trace>> {
        self.traces.borrow().back().cloned()
    }

    fn add(&self, trace: Rc<Trace>) {
        let mut kept = self.traces.borrow_mut();
        let oldest = if kept.len() >= KEPT { kept.pop_front() } else { None };
        kept.push_back(trace);
        if let Some(oldest) = oldest {
            let mut evicted = self.evicted.borrow_mut();
            if evicted.len() >= REMEMBERED {
                evicted.pop_front();
            }
            let of = key::fingerprint(oldest.args.iter().chain(&oldest.globals));
            evicted.push_back(Evicted { of, home: oldest.home, fixed: oldest.fixed.clone() });
        }
    }
}

/// What a call gives: arguments, and the globals that the function may read.
pub struct Given {
    pub args: Vec<Value>,
    pub slots: Vec<u32>,
    pub globals: Vec<Value>,
    pub arrays: Vec<Array>,
}

/// What stands for the function at a call.
pub enum Found {
    /// A trace, and the arrays to run it on.
    Trace(Rc<Trace>, Vec<Array>),
    /// The function itself, on these arguments: a number that the graph would have to know is being differentiated by.
    Function(Vec<Value>),
}

pub fn values_of(machine: &Machine, slots: &[u32]) -> Vec<Value> {
    slots.iter().map(|&slot| machine.globals.get(slot as usize).cloned().unwrap_or_default()).collect()
}

pub fn cache_of(derived: &Derived) -> Result<&Cache> {
    derived.state::<Cache>().ok_or_else(|| Error::new(Kind::Internal, "a graph without its traces"))
}

/// The trace for these arguments, made if there is none.
pub fn find(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Found> {
    let cache = cache_of(derived)?;
    let flat = Flat::of(machine, &args)?;
    let home = machine.host.cx.devices.home;
    let mut fixed: Vec<usize> = vec![];
    let mut unlike: Option<String> = None;
    let traces = cache.traces.borrow().clone();
    for (at, trace) in traces.iter().enumerate().rev().filter(|(_, trace)| flat.is_like(&trace.args)) {
        let globals = Flat::of(machine, &values_of(machine, &trace.slots))?;
        if trace.home != home || !globals.is_like(&trace.globals) || trace.other_constant(machine).is_some() {
            continue;
        }
        let arrays = [flat.arrays.as_slice(), &globals.arrays].concat();
        if trace.fixed.iter().any(|(number, _)| arrays.get(*number).is_some_and(is_moving)) {
            return Ok(Found::Function(args));
        }
        if let Some((number, was, is)) = other_number(machine, trace, &arrays)? {
            // what had to be known once will have to be again
            fixed.extend(trace.fixed.iter().map(|(number, _)| number));
            let name = trace.names.get(number).map_or("", String::as_str);
            unlike.get_or_insert_with(|| format!("number {name} had to be known: {was} became {is}"));
            continue;
        }
        if at + 1 < traces.len() {
            let mut kept = cache.traces.borrow_mut();
            let used = kept.remove(at);
            kept.extend(used);
        }
        return Ok(Found::Trace(trace.clone(), arrays));
    }
    let mut slots = globals_read(std::iter::once(&derived.of).chain(&args), &machine.globals);
    slots.retain(|&slot| !machine.modules.is_constant(slot));
    let (constants, slots): (Vec<u32>, Vec<u32>) = slots.into_iter().partition(|&slot| is_predefined(machine, slot));
    let constants = constants.iter().copied().zip(values_of(machine, &constants)).collect();
    let globals = values_of(machine, &slots);
    let parts = Flat::of(machine, &globals)?;
    let arrays = [flat.arrays, parts.arrays].concat();
    let given = Given { args, slots, globals, arrays };
    let known_before = fixed.len();
    let Some((graph, captured, result, fixed)) = traced(machine, &derived.of, &given, fixed)? else {
        return Ok(Found::Function(given.args));
    };
    let (of_args, of_globals) = names(machine, &derived.of, &given);
    let mut reason = match unlike {
        _ if was_evicted(cache, flat.parts.iter().chain(&parts.parts), home, &fixed) => {
            format!("evicted: {KEPT} others were used since it was traced for these")
        }
        Some(reason) => reason,
        None => {
            let new = (&*flat.parts, &*of_args, &*given.slots, &*parts.parts, &*of_globals, home);
            traces.back().map_or_else(|| "first call".to_string(), |last| changed(machine, last, new))
        }
    };
    let names: Vec<String> = [key::of_arrays(&flat.parts, of_args), key::of_arrays(&parts.parts, of_globals)].concat();
    if known_before == 0 {
        let asked: Vec<&str> = fixed.iter().filter_map(|(number, _)| names.get(*number)).map(String::as_str).collect();
        if !asked.is_empty() {
            reason.push_str(&format!("; {} had to be known", asked.join(", ")));
        }
    }
    cache.figures.borrow_mut().add(Traced { reason, recorded: graph.count_recorded(), nodes: graph.count() });
    let (args, globals) = (flat.parts, parts.parts);
    let slots = given.slots;
    let trace = Trace { args, slots, globals, constants, home, fixed, graph, captured, result, names };
    let trace = Rc::new(trace);
    cache.add(trace.clone());
    Ok(Found::Trace(trace, given.arrays))
}

/// Does a global have the value that its name has before a program gives it another? Such a number is no input.
fn is_predefined(machine: &Machine, slot: u32) -> bool {
    match machine.globals.get(slot as usize) {
        Some(value @ Value::Array(_)) => {
            predefined(&machine.modules.slot_name(slot)).is_some_and(|predefined| predefined.is_identical(value))
        }
        _ => false,
    }
}

/// What the parts of arguments and of globals are called.
fn names(machine: &Machine, f: &Value, given: &Given) -> (Vec<String>, Vec<String>) {
    let (mut of_args, mut of_globals) = (vec![], vec![]);
    for (number, arg) in given.args.iter().enumerate() {
        key::paths(parameter(f, number), arg, &mut of_args);
    }
    for (slot, value) in given.slots.iter().zip(&given.globals) {
        key::paths(machine.modules.slot_name(*slot).to_string(), value, &mut of_globals);
    }
    (of_args, of_globals)
}

/// What a function calls an argument.
fn parameter(f: &Value, number: usize) -> String {
    let innermost = match f {
        Value::Derived(derived) => match derived.parameter() {
            Some(name) => return name.to_string(),
            None => derived.innermost(),
        },
        other => other,
    };
    let found = match innermost {
        Value::Function(function) => {
            let params = &function.code.params;
            match params.iter().position(|param| param.star) {
                Some(rest) if number >= rest => Some(format!("{}[{}]", params[rest].name, number - rest)),
                _ => params.get(number).map(|param| param.name.to_string()),
            }
        }
        Value::Builtin(builtin) => builtin.params.get(number).map(|param| param.name.to_string()),
        _ => None,
    };
    found.unwrap_or_else(|| format!("argument{number}"))
}

/// Parts of arguments and of globals with their paths, the slots of the globals, and where new values are made.
type New<'n> = (&'n [Part], &'n [String], &'n [u32], &'n [Part], &'n [String], Option<Device>);

/// Why a trace does not do.
fn changed(machine: &Machine, last: &Trace, (args, arg_paths, slots, globals, global_paths, home): New) -> String {
    let place = |home: Option<Device>| home.unwrap_or_default();
    if let Some(difference) = key::difference(&last.args, args, arg_paths) {
        return format!("argument {difference}");
    }
    if last.args.len() != args.len() {
        return "another number of arguments".to_string();
    }
    if let Some(difference) = key::difference(&last.globals, globals, global_paths).filter(|_| last.slots == slots) {
        return format!("global {difference}");
    }
    if let Some(slot) = last.other_constant(machine) {
        return format!("global {} has another value than the predefined one", machine.modules.slot_name(slot));
    }
    if last.home != home {
        return format!("new values are made on {}, before on {}", place(home), place(last.home));
    }
    "it reads other globals".to_string()
}

/// Was there a trace for these that has been given up? There will be one again.
fn was_evicted<'p>(
    cache: &Cache,
    parts: impl Iterator<Item = &'p Part>,
    home: Option<Device>,
    fixed: &[(usize, Array)],
) -> bool {
    let mut evicted = cache.evicted.borrow_mut();
    if evicted.is_empty() {
        return false;
    }
    let of = key::fingerprint(parts);
    let is_same = |(x, y): (&(usize, Array), &(usize, Array))| x.0 == y.0 && x.1.is_identical(&y.1);
    let found = evicted.iter().position(|other| {
        other.of == of
            && other.home == home
            && other.fixed.len() == fixed.len()
            && other.fixed.iter().zip(fixed).all(is_same)
    });
    found.is_some_and(|at| evicted.remove(at).is_some())
}

/// The first number that had to be known and is another one than in the trace, with what it was and is.
fn other_number(machine: &mut Machine, trace: &Trace, arrays: &[Array]) -> Result<Option<(usize, String, String)>> {
    let text = |array: &Array| show(array, &PrintOptions::default());
    for (number, value) in &trace.fixed {
        let found = match arrays.get(*number) {
            Some(array) => known(&mut machine.host.cx, array)?,
            None => None,
        };
        match found {
            Some(array) if array.is_identical(value) => {}
            found => {
                let is = found.as_ref().map_or_else(|| "one that is not known".to_string(), text);
                return Ok(Some((*number, text(value), is)));
            }
        }
    }
    Ok(None)
}

pub fn run_graph(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    // a graph that becomes part of another one has not been called
    if !machine.host.cx.modes.is_tracing() {
        cache_of(derived)?.figures.borrow_mut().calls += 1;
    }
    match find(machine, derived, args)? {
        Found::Function(args) => machine.call(&derived.of, args),
        Found::Trace(trace, arrays) => {
            let measure = Measure::begin(&machine.host.cx);
            let result = replay(machine, derived, &trace, arrays);
            measure.end(&machine.host.cx, &mut cache_of(derived)?.figures.borrow_mut());
            result
        }
    }
}

fn replay(machine: &mut Machine, derived: &Derived, trace: &Trace, arrays: Vec<Array>) -> Result<Value> {
    let inputs: Vec<Array> = arrays
        .into_iter()
        .enumerate()
        .filter(|(number, _)| !trace.is_fixed_input(*number))
        .map(|(_, array)| array)
        .chain(trace.captured.iter().cloned())
        .collect();
    let found = trace.graph.run(&mut machine.host.cx, &inputs).map_err(|mut error| {
        error.details_mut().inside.get_or_insert_with(|| name_of(&derived.of));
        error
    })?;
    let result = with_arrays(&trace.result, &mut found.into_iter());
    machine.settle(result)
}

/// What a run takes, from its beginning on.
struct Measure {
    kernels: u64,
    peak: Peak,
}

impl Measure {
    fn begin(cx: &Context) -> Measure {
        Measure { kernels: cx.kernels, peak: cx.pool.begin_peak() }
    }

    /// A graph that becomes part of another one has not run, either.
    fn end(self, cx: &Context, figures: &mut Figures) {
        let bytes = cx.pool.end_peak(self.peak);
        if !cx.modes.is_tracing() {
            figures.kernels = cx.kernels.wrapping_sub(self.kernels);
            figures.bytes = bytes;
        }
    }
}

/// The name of a function; empty where it has none.
pub fn name_of(f: &Value) -> String {
    match f {
        Value::Function(function) => function.code.name.to_string(),
        Value::Builtin(builtin) => builtin.name.to_string(),
        Value::Derived(derived) => match name_of(&derived.of) {
            name if name.is_empty() => derived.name.to_string(),
            name => format!("{}({name})", derived.name),
        },
        _ => String::new(),
    }
}
