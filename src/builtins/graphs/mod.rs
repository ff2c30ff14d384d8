//! `graph(f)`: a function that is traced into a graph at its first call, and run as one from then on.
//!
//! What a trace depended on is its key: the structure of arguments and of the globals that the function may read, what
//! their arrays are, all that is no array, and those numbers that had to be known. The arrays themselves are inputs of
//! the graph, so that later values are seen.

mod cache;
mod key;
mod trace;

use super::Args;
use super::declare::builtins;
use super::derivatives::derived;
use crate::diagnostics::{Error, Kind, Result};
use crate::graph::Figures;
use crate::interp::structure::{check_depth, check_size};
use crate::interp::{Derived, Fields, Machine, Value, operand_array};
use crate::ops;
use cache::{Cache, Found, cache_of, find, name_of, run_graph};
use std::rc::Rc;

pub(super) use cache::values_of;

/// A graph of the function in argument 0.
fn graph(machine: &mut Machine, args: &Args) -> Result<Value> {
    let cache = Cache::default();
    let figures = cache.figures.clone();
    let graph = derived(args, "graph", run_graph, cache)?;
    if let Value::Derived(derived) = &graph {
        figures.borrow_mut().name = name_of(&derived.of);
    }
    machine.host.watch(figures);
    Ok(graph)
}

/// Prints the arrays of a value, which has been seen to be no larger than values may be.
fn debug(machine: &mut Machine, value: &Value, name: &str, depth: usize) -> Result<Value> {
    check_depth(depth)?;
    match value {
        Value::Tuple(tuple) => {
            let items = tuple.0.iter().enumerate();
            let items = items.map(|(i, item)| debug(machine, item, &format!("{name}[{i}]"), depth + 1));
            items.collect::<Result<_>>().map(Value::tuple)
        }
        Value::Record(record) => {
            let mut fields = Fields::default();
            for (field, item) in &record.0 {
                fields.insert(field.clone(), debug(machine, item, &format!("{name}.{field}"), depth + 1)?);
            }
            Ok(Value::record(fields))
        }
        Value::Array(array) => ops::debug::debug(&mut machine.host.cx, array, name).map(Value::Array),
        other => {
            if let Some(array) = operand_array(other) {
                ops::debug::debug(&mut machine.host.cx, &array, name)?;
            }
            Ok(other.clone())
        }
    }
}

/// The graph in argument 0.
fn of_graph(args: &Args) -> Result<Rc<Derived>> {
    match args.get(0) {
        Value::Derived(derived) if cache_of(derived).is_ok() => Ok(derived.clone()),
        _ => Err(args.wrong(0, "a function made by `graph`")),
    }
}

fn stats(figures: &Figures) -> Value {
    let count = |count: u64| Value::int(i64::try_from(count).unwrap_or(i64::MAX));
    let last = figures.last.back();
    let nodes = |nodes: Option<usize>| count(nodes.unwrap_or(0) as u64);
    let reasons = figures.last.iter().map(|traced| Value::str(traced.reason.clone())).collect();
    let mut fields = Fields::default();
    fields.insert("calls".into(), count(figures.calls));
    fields.insert("traces".into(), count(figures.traces));
    fields.insert("reasons".into(), Value::tuple(reasons));
    fields.insert("recorded".into(), nodes(last.map(|traced| traced.recorded)));
    fields.insert("nodes".into(), nodes(last.map(|traced| traced.nodes)));
    fields.insert("kernels".into(), count(figures.kernels));
    fields.insert("bytes".into(), count(figures.bytes as u64));
    Value::record(fields)
}

/// The text of the graph that stands for a function at these arguments; without any, of the one that was used last.
fn shown(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<String> {
    let last = if args.is_empty() { cache_of(derived)?.last() } else { None };
    let trace = match last {
        Some(trace) => trace,
        None => match find(machine, derived, args)? {
            Found::Trace(trace, _) => trace,
            Found::Function(_) => {
                return Err(Error::new(Kind::Graph, "there is no graph for numbers that are being differentiated by"));
            }
        },
    };
    trace.show(machine, &name_of(&derived.of))
}

builtins! {
    elements Settled;

    /// A function that traces f into a graph at its first call and runs the graph from then on.
    /// For arguments of another structure, shape or dtype f is traced again. `@ graph fn f(x) = ...` declares one.
    /// Inside, `if` and `while` on a number that is computed become part of the graph; a number among the arguments that
    /// has to be known, such as a length, makes the graph one for that number. A `for` or a comprehension of more than 16
    /// turns becomes one operation, as `map`, `reduce` and `scan` do: one turn stands for all. Where it cannot, because a
    /// turn has to know its number or what it carries changes its form, up to 1,000 turns are recorded one by one.
    /// Printing and files are errors; `debug` prints at every run. Random numbers are drawn at every run. `g.stats()` tells
    /// why it was traced, `show_graph(g, x)` what became of it.
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
    = |machine, args| graph(machine, args);

    /// Prints numbers or text by a name and gives them back, as `print` does not: at every run of a graph.
    /// In a structure every array gets its own line, named as it is reached. A derivative prints the value once and passes
    /// through. Inside `vmap` all rows are printed at once, along the first axis; of an `if` whose condition differs from
    /// row to row those that take its way, or all where that is known only when a graph runs.
    fn debug(x, name = "debug")
        ex "debug([1.0, 2.0], \"x\") * 2" => "x = [1. 2.]\n[2. 4.]";
        ex "f = graph(|x| debug(x * 2, \"twice\") + 1)\n(f(1.0), f(2.0))" => "twice = 2.0\ntwice = 4.0\n(3.0, 5.0)";
        ex "grad(|p| debug(p, \"p\").w ** 2)((w=3.0, b=1.0))" => "p.w = 3.0\np.b = 1.0\n(w=6.0, b=0.0)";
        ex "vmap(|x| debug(x) + 1)([1.0, 2.0])" => "debug = [1. 2.]\n[2. 3.]";
        fails "debug(sin)" => "type";
    = |machine, args| {
        let name = args.text(1)?.to_string();
        match args.get(0) {
            value @ (Value::Tuple(_) | Value::Record(_)) => check_size(&machine.host.cx, value)?,
            value if operand_array(value).is_none() => return Err(args.wrong(0, "numbers or text")),
            _ => {}
        }
        debug(machine, args.get(0), &name, 0)
    };

    /// What there is to say of a compiled function, as a record; `g.stats()` is the same.
    /// `calls`, `traces`, and `reasons`: why each of the last 64 traces was made. Of the last trace, `recorded` operations
    /// became `nodes`. The last run started so many `kernels`, and its values took so many `bytes` at a time, small ones
    /// and those on a graphics card not counted.
    fn graph_stats(g)
        effect true;
        ex "g = graph(|x| x * 2)\nxs = (g(1.0), g([1.0, 2.0]))\ng.stats().reasons[1]" => "argument x: literal f64 became f64[2]";
        ex "g = graph(|n| zeros(n))\nxs = (g(2), g(3))\ng.stats().reasons" => "('first call; n had to be known', 'number n had to be known: 2 became 3')";
        ex "graph(sin).stats().traces" => "0";
        fails "graph_stats(sin)" => "type";
    = |_, args| {
        let derived = of_graph(args)?;
        let stats = stats(&cache_of(&derived)?.figures.borrow());
        Ok(stats)
    };

    /// Prints the graph of a function for these arguments, a line for every operation.
    /// It is traced if need be, but not run. Without arguments the graph that ran last is shown.
    fn show_graph(g, *args)
        effect true;
        ex "show_graph(graph(|x| sum(x * 1 + 2)), [1.0, 2.0])" => "graph\n  input x                 f64[2]\n  %0 = x + 2              f64[2]  # line 1\n  %1 = sum(%0, axes=[0])  f64     # line 1\n  output %1               f64";
        fails "show_graph(1)" => "type";
    = |machine, args| {
        let derived = match args.get(0) {
            Value::Derived(derived) if cache_of(derived).is_ok() => derived.clone(),
            // of any other function, as `graph` would make it
            _ => match graph(machine, args)? {
                Value::Derived(derived) => derived,
                _ => return Err(args.wrong(0, "a function")),
            },
        };
        let text = shown(machine, &derived, args.rest(1))?;
        machine.host.write(&text)?;
        Ok(Value::None)
    };
}
