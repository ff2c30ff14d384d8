//! `custom_grad(f, rule)`: a function with a derivative that the program tells.
//!
//! The transforms around are left one by one, from the innermost out, until f runs on plain values; each then gets the
//! rule in its own way: a backward derivative as a call in its program, a forward one as the transpose of the rule, a
//! batch with the rows of all arguments. So each level sees what the levels further in made of it, and they nest.

use super::leaves::{as_float, check_form, check_results, float, floats as floats_of};
use super::{derived, function, internal};
use crate::builtins::declare::builtins;
use crate::builtins::structures::map_alike;
use crate::diagnostics::{Error, Kind, Result};
use crate::graph;
use crate::graph::custom::Parts;
use crate::interp::{Derived, Machine, State, Value, holds};
use crate::ops::linear::{cast_back, zeros};
use crate::ops::reduce::{SUM, reduce};
use crate::tensor::{Abstract, Array, DType, Level, Mode};
use crate::transform::linear::{Call, Host, Tape};
use crate::transform::trace::Recorder;
use crate::transform::{self, Maker, batch, dual, unknown};
use std::rc::Rc;

/// A function with its rule, as one transform sees it.
trait Custom {
    fn run(&self, machine: &mut Machine, args: Vec<Value>) -> Result<Value>;

    /// The cotangents of the arguments, one value for each.
    fn pull(&self, machine: &mut Machine, args: &[Value], y: &Value, dy: Value) -> Result<Vec<Value>>;
}

/// As the program gave them.
struct Given {
    f: Value,
    rule: Value,
}

impl Custom for Given {
    fn run(&self, machine: &mut Machine, args: Vec<Value>) -> Result<Value> {
        machine.call(&self.f, args)
    }

    fn pull(&self, machine: &mut Machine, args: &[Value], y: &Value, dy: Value) -> Result<Vec<Value>> {
        // what is left to its default is nothing to the rule
        let given = args.iter().map(|arg| if arg.is_undefined() { Value::None } else { arg.clone() });
        let inputs = if let [one] = args { one.clone() } else { Value::tuple(given.collect()) };
        let found = machine.call(&self.rule, vec![inputs.clone(), y.clone(), dy])?;
        check_form("the cotangent that the rule of `custom_grad` gives", &found, &inputs).map_err(|error| {
            let error = error.help("the rule takes (x, y, dy) and gives a cotangent of x");
            if args.len() > 1 { error.help("of several arguments x is a tuple, and so is the result") } else { error }
        })?;
        match (args, &found) {
            ([_], _) => Ok(vec![found]),
            (_, Value::Tuple(items)) => Ok(items.0.clone()),
            // none of them moves
            _ => Ok(vec![Value::None; args.len()]),
        }
    }
}

/// On the rows of a batch.
struct Rows {
    of: Rc<dyn Custom>,
    level: Level,
    count: usize,
    /// Which float leaves of which arguments have a row for each of the batch.
    batched: Vec<Vec<bool>>,
}

impl Rows {
    fn lifted(&self, machine: &mut Machine, args: &[Value]) -> Result<Vec<Value>> {
        let each = args.iter().zip(&self.batched).map(|(arg, batched)| {
            let mut batched = batched.iter();
            arrays(machine, arg, &mut |_, array| match batched.next() {
                Some(true) => Ok(batch::lift(self.level, array)),
                _ => Ok(array),
            })
        });
        each.collect()
    }

    /// Values that have rows as all rows.
    fn lowered(&self, machine: &mut Machine, value: &Value) -> Result<Value> {
        arrays(machine, value, &mut |machine, array| batch::lower(&mut machine.host.cx, &array, self.level, self.count))
    }

    fn in_batch<T>(&self, machine: &mut Machine, work: impl FnOnce(&mut Machine) -> Result<T>) -> Result<T> {
        let depth = machine.host.cx.modes.begin_rows(self.level, self.count);
        let result = work(machine);
        machine.host.cx.modes.end(depth);
        result
    }
}

impl Custom for Rows {
    fn run(&self, machine: &mut Machine, args: Vec<Value>) -> Result<Value> {
        let args = self.lifted(machine, &args)?;
        let result = self.in_batch(machine, |machine| self.of.run(machine, args))?;
        self.lowered(machine, &result)
    }

    fn pull(&self, machine: &mut Machine, args: &[Value], y: &Value, dy: Value) -> Result<Vec<Value>> {
        let args = self.lifted(machine, args)?;
        let mut row = |value: &Value| arrays(machine, value, &mut |_, array| Ok(batch::lift(self.level, array)));
        let (y, dy) = (row(y)?, row(&dy)?);
        let found = self.in_batch(machine, |machine| self.of.pull(machine, &args, &y, dy))?;
        let each = found.iter().zip(&self.batched).zip(&args).map(|((found, batched), arg)| {
            let mut batched = batched.iter();
            map_alike(machine, &[arg, found], &mut |machine, leaves| {
                let [leaf, found] = leaves else { return Ok(Value::None) };
                let batched = matches!(leaf, Value::Array(_)) && batched.next().copied().unwrap_or(false);
                let Value::Array(found) = found else { return Ok(Value::None) };
                let cx = &mut machine.host.cx;
                let rows = batch::lower(cx, found, self.level, self.count)?;
                // what is the same in all rows moves all of them
                let found = if batched { rows } else { reduce(cx, &SUM, rows, Some(&[0]), false)? };
                Ok(Value::Array(found))
            })
        });
        each.collect()
    }
}

/// A value with other arrays.
fn arrays(
    machine: &mut Machine,
    value: &Value,
    f: &mut dyn FnMut(&mut Machine, Array) -> Result<Array>,
) -> Result<Value> {
    map_alike(machine, &[value], &mut |machine, leaves| match leaves {
        [Value::Array(array)] => f(machine, array.clone()).map(Value::Array),
        [leaf] => Ok((*leaf).clone()),
        _ => Ok(Value::None),
    })
}

/// The innermost transform that arguments are of.
fn innermost(machine: &mut Machine, args: &[Value]) -> Result<Option<(Level, Mode)>> {
    let mut found: Option<(Level, Mode)> = None;
    for arg in args {
        arrays(machine, arg, &mut |_, array| {
            if let Array::Lifted(lifted) = &array
                && lifted.level() > found.map_or(0, |(level, _)| level)
            {
                found = Some((lifted.level(), lifted.mode()));
            }
            Ok(array)
        })?;
    }
    Ok(found)
}

/// Runs the function, leaving the innermost transform.
fn call(machine: &mut Machine, custom: &Rc<dyn Custom>, args: Vec<Value>) -> Result<Value> {
    let Some((level, mode)) = innermost(machine, &args)? else { return custom.run(machine, args) };
    let mut is_traced = false;
    for arg in &args {
        arrays(machine, arg, &mut |machine, array| {
            is_traced |= transform::is_traced(&machine.host.cx.modes, &array);
            Ok(array)
        })?;
    }
    match mode {
        _ if is_traced => traced(machine, custom, args),
        Mode::Dual => moving(machine, custom, args, level),
        Mode::Batched => {
            let mut count = 0;
            let mut batched = vec![];
            let mut rows = vec![];
            for arg in &args {
                let mut own = vec![];
                rows.push(arrays(machine, arg, &mut |_, array| {
                    let found = batch::rows_of(&array, level);
                    own.push(found.is_some());
                    count = found.as_ref().and_then(|rows| rows.shape().first().copied()).unwrap_or(count);
                    Ok(found.unwrap_or(array))
                })?);
                batched.push(own);
            }
            let inside: Rc<dyn Custom> = Rc::new(Rows { of: custom.clone(), level, count, batched });
            let result = call(machine, &inside, rows)?;
            arrays(machine, &result, &mut |_, array| Ok(batch::lift(level, array)))
        }
        _ => custom.run(machine, args),
    }
}

/// Part of a graph: function and rule are traced.
fn traced(machine: &mut Machine, custom: &Rc<dyn Custom>, args: Vec<Value>) -> Result<Value> {
    let mut inputs = vec![];
    for arg in &args {
        arrays(machine, arg, &mut |_, array| {
            if is_known_later(&array) {
                inputs.push(array.clone());
            }
            Ok(array)
        })?;
    }
    let recorder = Recorder::new(machine.host.cx.modes.enter());
    let own = tracers(machine, &recorder, &args)?;
    let y = recorded(machine, &recorder, |machine| custom.run(machine, own))
        .map_err(|error| asked(error, &recorder, &inputs))?;
    check_results("custom_grad", &y, recorder.level())?;
    let mut outputs = vec![];
    arrays(machine, &y, &mut |_, array| {
        outputs.extend(Some(array.clone()).filter(|array| array.dtype() != DType::Str));
        Ok(array)
    })?;
    let captured = recorder.captured_for(&outputs);
    let function = recorder.finish(&mut machine.host.cx, &outputs)?;

    let recorder = Recorder::new(machine.host.cx.modes.enter());
    let own = tracers(machine, &recorder, &args)?;
    let values = arrays(machine, &y, &mut |_, array| {
        Ok(if array.dtype() == DType::Str { array } else { recorder.input(array.aval()) })
    })?;
    let floats: Vec<Abstract> = outputs.iter().filter(|array| array.dtype().is_float()).map(Array::aval).collect();
    let outgoing: Vec<Option<Array>> = floats.into_iter().map(|aval| Some(recorder.input(aval))).collect();
    let found = recorded(machine, &recorder, |machine| {
        let found = cotangents(machine, custom, &own, &values, &outgoing)?;
        let mut leaves = vec![];
        for arg in &own {
            leaves.extend(floats_of(machine, arg)?);
        }
        let mut given = vec![];
        for (found, leaf) in found.into_iter().zip(leaves).filter(|(_, leaf)| recorder.made(leaf)) {
            given.push(match found {
                Some(found) => found,
                None => zeros(&mut machine.host.cx, &leaf.aval())?,
            });
        }
        Ok(given)
    })?;
    let by_rule = recorder.captured_for(&found);
    let rule = recorder.finish(&mut machine.host.cx, &found)?;
    let parts = Parts { function, rule, arguments: inputs.len(), captured: captured.len() };
    inputs.extend(captured);
    inputs.extend(by_rule);
    let mut results = graph::custom::custom(&mut machine.host.cx, parts, inputs)?.into_iter();
    arrays(machine, &y, &mut |_, array| {
        Ok(if array.dtype() == DType::Str { array } else { results.next().unwrap_or(array) })
    })
}

/// Is a value one that a graph takes? What is at hand stays as it is.
fn is_known_later(array: &Array) -> bool {
    matches!(array, Array::Lifted(lifted) if lifted.level() > 0)
}

/// Arguments as inputs of a graph.
fn tracers(machine: &mut Machine, recorder: &Recorder, args: &[Value]) -> Result<Vec<Value>> {
    let each = args.iter().map(|arg| {
        arrays(machine, arg, &mut |_, array| {
            Ok(if is_known_later(&array) { recorder.input(array.aval()) } else { array })
        })
    });
    each.collect()
}

fn recorded<T>(machine: &mut Machine, recorder: &Recorder, work: impl FnOnce(&mut Machine) -> Result<T>) -> Result<T> {
    let depth = machine.host.cx.modes.begin(Maker::Trace(recorder.clone()));
    let result = work(machine);
    machine.host.cx.modes.end(depth);
    result
}

/// Where the function asks for a number among its arguments, it is the graph around that has to know it.
#[cold]
fn asked(mut error: Error, recorder: &Recorder, inputs: &[Array]) -> Error {
    if let Some(demand) = &mut error.details_mut().demand {
        let (own, mut outer): (Vec<_>, Vec<_>) =
            demand.inputs.iter().partition(|(level, _)| *level == recorder.level());
        let roots = |(_, number): (Level, usize)| unknown(inputs.get(number)?)?.details_mut().demand.take();
        outer.extend(own.into_iter().filter_map(roots).flat_map(|demand| demand.inputs));
        demand.inputs = outer;
    }
    error
}

/// Arguments with tangents: the function runs without them, and the rule says how its result moves.
fn moving(machine: &mut Machine, custom: &Rc<dyn Custom>, args: Vec<Value>, level: Level) -> Result<Value> {
    let mut primals = vec![];
    let mut tangents = vec![];
    for arg in &args {
        primals.push(arrays(machine, arg, &mut |_, array| {
            let is_float = as_float(array.clone()).dtype().is_float();
            let (primal, tangent) = dual::parts(&array, level);
            if is_float {
                tangents.push(tangent);
            }
            Ok(primal)
        })?);
    }
    let result = call(machine, custom, primals.clone())?;
    if holds(&result, &|array| array.dtype().is_float()) {
        return Err(Error::ty("a function in the result of `custom_grad` holds floats: no rule says how they move")
            .help("give them as a result, and make the function of them outside"));
    }
    let mut avals = vec![];
    // how the result moves with what the function captured
    let mut captured = vec![];
    let y = arrays(machine, &result, &mut |_, array| {
        let (primal, tangent) = dual::parts(&array, level);
        if primal.dtype().is_float() {
            avals.push(primal.aval());
            captured.push(tangent);
        }
        Ok(primal)
    })?;
    if avals.is_empty() {
        return Ok(y);
    }
    let moved = match tangents.iter().flatten().find_map(Tape::of) {
        Some(tape) => {
            let variables = tangents.iter().map(|tangent| tangent.as_ref().and_then(|tangent| tape.number(tangent)));
            let variables = variables.collect();
            let rule = Rule { custom: custom.clone(), args: primals, y: y.clone(), level, variables };
            tape.call(&avals, Rc::new(rule)).into_iter().map(Some).collect()
        }
        None => transposed(machine, custom, &primals, &y, tangents)?,
    };
    let mut moved = moved.into_iter().zip(captured);
    arrays(machine, &y, &mut |machine, array| {
        if !array.dtype().is_float() {
            return Ok(array);
        }
        let tangent = match moved.next() {
            Some((Some(by_rule), captured)) => dual::added(&mut machine.host.cx, captured, by_rule)?,
            Some((None, captured)) => captured,
            None => None,
        };
        Ok(match tangent {
            Some(tangent) => dual::lift(level, array, tangent),
            None => array,
        })
    })
}

/// The rule as a call in a linear program.
struct Rule {
    custom: Rc<dyn Custom>,
    args: Vec<Value>,
    y: Value,
    level: Level,
    /// The variables of the float leaves of the arguments.
    variables: Vec<Option<usize>>,
}

impl Call for Rule {
    fn pull(&self, host: &mut dyn Host, _: &Tape, outgoing: &[Option<Array>]) -> Result<Vec<(usize, Array)>> {
        let Some(machine) = host.any().downcast_mut::<Machine>() else {
            return Err(Error::new(Kind::Internal, "a rule is asked where nothing can be called"));
        };
        let found = cotangents(machine, &self.custom, &self.args, &self.y, outgoing)?;
        let pairs = self.variables.iter().zip(found);
        // what the rule captured may be a value of the transform itself, which has been left
        let still = |array: Array| dual::parts(&array, self.level).0;
        Ok(pairs.filter_map(|(variable, found)| Some(((*variable)?, still(found?)))).collect())
    }
}

/// Asks the rule: cotangents of the float leaves of the arguments, from those of the result; none is zero.
fn cotangents(
    machine: &mut Machine,
    custom: &Rc<dyn Custom>,
    args: &[Value],
    y: &Value,
    outgoing: &[Option<Array>],
) -> Result<Vec<Option<Array>>> {
    let mut outgoing = outgoing.iter();
    let dy = map_alike(machine, &[y], &mut |machine, leaves| match leaves {
        [Value::Array(array)] if array.dtype().is_float() => match outgoing.next() {
            Some(Some(cotangent)) => Ok(Value::Array(cotangent.clone())),
            _ => zeros(&mut machine.host.cx, &array.aval()).map(Value::Array),
        },
        _ => Ok(Value::None),
    })?;
    let given = custom.pull(machine, args, y, dy)?;
    let mut found = vec![];
    for (arg, given) in args.iter().zip(&given) {
        map_alike(machine, &[arg, given], &mut |machine, leaves| {
            let [leaf, given] = leaves else { return Ok(Value::None) };
            if let Some(array) = float(leaf) {
                found.push(match given {
                    Value::Array(given) => {
                        Some(cast_back(&mut machine.host.cx, as_float(given.clone()), &array.aval())?)
                    }
                    _ => None,
                });
            }
            Ok(Value::None)
        })?;
    }
    Ok(found)
}

/// How the result moves with the arguments: the transpose of the rule, which is taken to be linear in the cotangent. Of
/// one that is not it is that of its derivative where the cotangent is zero.
fn transposed(
    machine: &mut Machine,
    custom: &Rc<dyn Custom>,
    args: &[Value],
    y: &Value,
    tangents: Vec<Option<Array>>,
) -> Result<Vec<Option<Array>>> {
    let tape = Tape::new(machine.host.cx.modes.enter());
    let level = machine.host.cx.modes.enter();
    let mut dy = vec![];
    for result in floats_of(machine, y)? {
        let aval = result.aval();
        let zero = zeros(&mut machine.host.cx, &aval)?;
        dy.push(Some(dual::lift(level, zero, tape.input(aval).1)));
    }
    let depth = machine.host.cx.modes.begin_tape(tape.clone());
    let found = cotangents(machine, custom, args, y, &dy);
    machine.host.cx.modes.end_tape(depth);
    let seeds = found?.into_iter().zip(tangents).filter_map(|(found, tangent)| {
        let number = tape.number(&dual::parts(&found?, level).1?)?;
        Some((number, tangent?))
    });
    let seeds = seeds.collect();
    tape.transpose(machine, seeds, dy.len(), true)
}

impl State for Rc<Given> {
    fn values(&self) -> Vec<Value> {
        vec![self.rule.clone()]
    }

    fn take_values(&mut self) -> Vec<Value> {
        Rc::get_mut(self)
            .map(|given| vec![std::mem::take(&mut given.f), std::mem::take(&mut given.rule)])
            .unwrap_or_default()
    }
}

fn run_custom(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    let Some(given) = derived.state::<Rc<Given>>() else { return Err(internal()) };
    let custom: Rc<dyn Custom> = given.clone();
    call(machine, &custom, args)
}

builtins! {
    elements Settled;

    /// f with another derivative, which a rule tells.
    /// `rule(x, y, dy)` gets the argument, the result and its cotangent, and gives the cotangent of the argument. Of several arguments x is a tuple, and so is what the rule gives. Arguments and results
    /// may be structures; `none` is zero.
    /// Derivatives of a higher order go through the rule, so that is written with functions that have derivatives. For a
    /// forward derivative (`jvp`) the rule is transposed, which takes it to be linear in dy; of one that is not, as one
    /// that clips, its derivative at dy = 0 is taken. The rule is for the arguments: by what f captures it is differentiated as usual.
    fn custom_grad(f, rule)
        ex "safe = custom_grad(|x| sqrt(x), |x, y, dy| where(x > 0, dy / (2 * y), 0))\ngrad(safe)(4.0), grad(safe)(0.0)" => "(0.25, 0.0)";
        ex "product = custom_grad(|x, y| x * y, |(x, y), z, dz| (dz * y, dz * x))\ngrad(product, wrt=\"y\")(2.0, 3.0)" => "2.0";
        ex "clipped = custom_grad(|x| x, |x, y, dy| clip(dy, -1, 1))\ngrad(|x| 5 * clipped(x))(2.0)" => "1.0";
        fails "custom_grad(sin, 1)" => "type";
        fails "grad(custom_grad(sin, |x, y, dy| [dy, dy]))(1.0)" => "shape";
    = |_, args| {
        let rule = function(args, 1)?.clone();
        let given = Rc::new(Given { f: function(args, 0)?.clone(), rule });
        derived(args, "custom_grad", run_custom, given)
    };
}
