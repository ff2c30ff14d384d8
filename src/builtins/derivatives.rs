//! Functions of functions: derivatives.
//!
//! Each gives a function; when that is called, its arguments are lifted, the function it was made of runs on them, and
//! what comes out is lowered again. Arguments and results may be structures.

use super::Args;
use super::declare::builtins;
use super::structures::map_alike;
use crate::diagnostics::{Error, Kind, Result};
use crate::interp::structure::check_depth;
use crate::interp::{Derived, Machine, State, Value};
use crate::ops;
use crate::ops::linear::{lengths, zeros};
use crate::tensor::{Abstract, Array, Level, Scalar};
use crate::transform::linear::Tape;
use crate::transform::{batch, dual};
use std::rc::Rc;

/// A value and its tangent, if it moves.
type Leaf = (Array, Option<Array>);
type Run = fn(&mut Machine, &Rc<Derived>, Vec<Value>) -> Result<Value>;

/// The function in argument 0.
fn function(args: &Args) -> Result<&Value> {
    Some(args.get(0)).filter(|value| value.is_callable()).ok_or_else(|| args.wrong(0, "a function"))
}

/// The function that a builtin makes of argument 0.
pub(super) fn derived(args: &Args, name: &'static str, run: Run, state: impl State) -> Result<Value> {
    let of = function(args)?.clone();
    Ok(Value::Derived(Rc::new(Derived { name, of, run, state: Box::new(state) })))
}

/// What to differentiate by: arguments by number, and whether they stand in a tuple.
struct Wrt {
    numbers: Vec<usize>,
    several: bool,
}

impl State for Wrt {}

fn wrt(args: &Args, number: usize) -> Result<Wrt> {
    let wrt = match args.get(number) {
        Value::Tuple(items) => {
            let numbers = items.0.iter().map(|item| parameter(args, number, item)).collect::<Result<_>>()?;
            Wrt { numbers, several: true }
        }
        one => Wrt { numbers: vec![parameter(args, number, one)?], several: false },
    };
    match wrt.numbers.iter().enumerate().find(|(at, number)| wrt.numbers[..*at].contains(number)) {
        Some((_, twice)) => Err(Error::value(format!("`wrt` names parameter {twice} twice"))),
        None => Ok(wrt),
    }
}

/// The number of a parameter, given by number or by name.
fn parameter(args: &Args, number: usize, value: &Value) -> Result<usize> {
    let Some(name) = value.as_str() else {
        return value
            .as_int()
            .and_then(|at| usize::try_from(at).ok())
            .ok_or_else(|| args.wrong(number, "the number or the name of a parameter, or a tuple of them"));
    };
    let of = match args.get(0) {
        Value::Derived(derived) => derived.innermost(),
        of => of,
    };
    let (found, gathers) = match of {
        Value::Function(function) => {
            let params = &function.code.params;
            let found = params.iter().position(|param| *param.name == *name);
            (found, found.is_some_and(|at| params[at].star))
        }
        Value::Builtin(builtin) => {
            let found = builtin.params.iter().position(|param| param.name == name);
            (found, found.is_some_and(|at| builtin.params[at].rest))
        }
        _ => (None, false),
    };
    let error = match found {
        Some(at) if !gathers => return Ok(at),
        Some(_) => {
            Error::value(format!("`{name}` gathers arguments")).help("name those to differentiate by, by number")
        }
        None => Error::value(format!("the function has no parameter `{name}`")),
    };
    Err(error.operand(0, args.get(0).type_name()))
}

/// A number that was written out counts as a float.
fn as_float(array: Array) -> Array {
    match array {
        Array::Int(number) => Array::Float(number as f64),
        other => other,
    }
}

/// Replaces the float leaves of a structure; how many there were.
fn lift_leaves(
    machine: &mut Machine,
    value: &Value,
    lift: &mut dyn FnMut(&mut Machine, Array) -> Result<Array>,
) -> Result<(Value, usize)> {
    let mut count = 0;
    let lifted = map_alike(machine, &[value], &mut |machine, leaves| match leaves {
        [Value::Array(array)] => {
            let array = as_float(array.clone());
            if !array.dtype().is_float() {
                return Ok(Value::Array(array));
            }
            count += 1;
            lift(machine, array).map(Value::Array)
        }
        [leaf] => Ok((*leaf).clone()),
        _ => Ok(Value::None),
    })?;
    Ok((lifted, count))
}

#[cold]
pub(super) fn internal() -> Error {
    Error::new(Kind::Internal, "a derived function without its state")
}

#[cold]
fn no_float(value: &Value, number: usize) -> Error {
    let error = Error::ty(format!("there is nothing to differentiate by in {}", value.describe()))
        .operand(number, value.type_name());
    match value {
        Value::Range(_) => error.help("a range holds whole numbers: `f64(x)` makes floats of them"),
        Value::Array(array) if array.dtype().is_integer() => {
            error.help("whole numbers have no derivative: write floats, as in `[[1., 2.], [3., 4.]]`, or `f64(x)`")
        }
        _ => error.help("a float, or a structure with floats in it, is needed"),
    }
}

/// The arguments of a function with those to differentiate by lifted.
struct Lifted {
    tape: Tape,
    level: Level,
    args: Vec<Value>,
    /// What the inputs of the tape are.
    avals: Vec<Abstract>,
}

fn lift(machine: &mut Machine, mut args: Vec<Value>, numbers: &[usize]) -> Result<Lifted> {
    let tape = Tape::new(machine.host.cx.modes.enter());
    let level = machine.host.cx.modes.enter();
    let mut avals = vec![];
    for &number in numbers {
        let Some(arg) = args.get(number) else {
            let given = args.len();
            return Err(Error::ty(format!("there is no argument {number} to differentiate by: {given} are given"))
                .help("what is differentiated by has to be given, also where it has a default"));
        };
        let (lifted, count) = lift_leaves(machine, arg, &mut |_, array| {
            let tangent = tape.input(array.aval()).1;
            avals.push(array.aval());
            Ok(dual::lift(level, array, tangent))
        })?;
        if count == 0 {
            return Err(no_float(arg, number));
        }
        args[number] = lifted;
    }
    Ok(Lifted { tape, level, args, avals })
}

/// A value without its tangents; these, leaf by leaf.
fn lower(machine: &mut Machine, value: &Value, level: Level) -> Result<(Value, Vec<Leaf>)> {
    let mut leaves = vec![];
    let lowered = map_alike(machine, &[value], &mut |_, found| match found {
        [Value::Array(array)] => {
            let (primal, tangent) = dual::parts(array, level);
            leaves.push((primal.clone(), tangent));
            Ok(Value::Array(primal))
        }
        [leaf] => Ok((*leaf).clone()),
        _ => Ok(Value::None),
    })?;
    Ok((lowered, leaves))
}

/// Gradients in the form of the arguments; `none` stands for what has no derivative.
fn gradients(
    machine: &mut Machine,
    args: &[Value],
    wrt: &Wrt,
    found: Vec<Option<Array>>,
    avals: &[Abstract],
) -> Result<Value> {
    let mut found = found.into_iter().zip(avals);
    let mut all = vec![];
    for arg in wrt.numbers.iter().filter_map(|&number| args.get(number)) {
        all.push(map_alike(machine, &[arg], &mut |machine, leaves| match leaves {
            [Value::Array(array)] if as_float(array.clone()).dtype().is_float() => match found.next() {
                Some((Some(gradient), _)) => Ok(Value::Array(gradient)),
                Some((None, aval)) => zeros(&mut machine.host.cx, aval).map(Value::Array),
                None => Ok(Value::None),
            },
            _ => Ok(Value::None),
        })?);
    }
    let gradients = if wrt.several { Value::tuple(all) } else { all.pop().unwrap_or(Value::None) };
    machine.settle(gradients)
}

/// The value and the gradients of a function with one number as its result.
fn differentiate(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<(Value, Value)> {
    let Some(wrt) = derived.state::<Wrt>() else { return Err(internal()) };
    let lifted = lift(machine, args.clone(), &wrt.numbers)?;
    let result = machine.call(&derived.of, lifted.args)?;
    let (value, leaves) = lower(machine, &result, lifted.level)?;
    let value = match value {
        Value::Array(array) => Value::Array(as_float(array)),
        other => other,
    };
    let [(primal, tangent)] = leaves.as_slice() else { return Err(not_one_number(derived.name, &value)) };
    let primal = &as_float(primal.clone());
    if !matches!(value, Value::Array(_)) || primal.ndim() > 0 || !primal.dtype().is_float() {
        return Err(not_one_number(derived.name, &value));
    }
    let seeds = match tangent.as_ref().and_then(|tangent| lifted.tape.number(tangent)) {
        Some(number) => vec![(number, one(machine, primal)?)],
        None => vec![],
    };
    let found = lifted.tape.transpose(&mut machine.host.cx, seeds, lifted.avals.len(), true)?;
    let gradients = gradients(machine, &args, wrt, found, &lifted.avals)?;
    Ok((value, gradients))
}

/// 1 in the type of a number.
fn one(machine: &mut Machine, like: &Array) -> Result<Array> {
    if like.is_weak() {
        return Ok(Array::Float(1.0));
    }
    ops::create::same_everywhere(&mut machine.host.cx, Scalar::Bool(true), &like.aval())
}

#[cold]
fn not_one_number(name: &str, value: &Value) -> Error {
    let error =
        Error::ty(format!("`{name}` needs a function whose result is one float, this gives {}", value.describe()));
    match value {
        Value::Array(array) if array.ndim() > 0 => {
            error.help("reduce it, as with `sum`, or take `jacobian(f)` for the derivative of every element")
        }
        _ => error,
    }
}

fn run_grad(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    differentiate(machine, derived, args).map(|(_, gradients)| gradients)
}

fn run_value_and_grad(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    let (value, gradients) = differentiate(machine, derived, args)?;
    Ok(Value::tuple(vec![value, gradients]))
}

/// The value of a function, and how it moves when its first argument moves so.
fn forward(machine: &mut Machine, f: &Value, mut args: Vec<Value>, direction: &Value) -> Result<(Value, Value)> {
    let level = machine.host.cx.modes.enter();
    let Some(first) = args.first().cloned() else { return Err(Error::ty("there is no argument to differentiate by")) };
    if !has_float(&first) {
        return Err(no_float(&first, 0));
    }
    check_form("the direction", direction, &first, 0)?;
    let lifted = map_alike(machine, &[&first, direction], &mut |machine, leaves| {
        let [Value::Array(primal), tangent] = leaves else {
            return Ok(leaves.first().map_or(Value::None, |leaf| (*leaf).clone()));
        };
        let primal = as_float(primal.clone());
        let tangent = match tangent {
            Value::Array(tangent) if primal.dtype().is_float() => tangent,
            // it does not move
            _ => return Ok(Value::Array(primal)),
        };
        if primal.shape() != tangent.shape() {
            let message = format!("a direction of {} for a value of {}", tangent.type_name(), primal.type_name());
            return Err(Error::shape(message).help("they have one shape"));
        }
        let tangent = ops::linear::cast_back(&mut machine.host.cx, as_float(tangent.clone()), &primal.aval())?;
        Ok(Value::Array(dual::lift(level, primal, tangent)))
    })?;
    args[0] = lifted;
    let result = machine.call(f, args)?;
    let (value, leaves) = lower(machine, &result, level)?;
    let mut leaves = leaves.into_iter();
    let moved = map_alike(machine, &[&value], &mut |machine, found| match (found, leaves_next(found, &mut leaves)) {
        (_, Some((_, Some(tangent)))) => Ok(Value::Array(tangent)),
        (_, Some((primal, None))) if primal.dtype().is_float() => {
            zeros(&mut machine.host.cx, &primal.aval()).map(Value::Array)
        }
        _ => Ok(Value::None),
    })?;
    Ok((value, moved))
}

/// The next leaf that is an array.
fn leaves_next(
    found: &[&Value],
    leaves: &mut impl Iterator<Item = (Array, Option<Array>)>,
) -> Option<(Array, Option<Array>)> {
    if matches!(found, [Value::Array(_)]) { leaves.next() } else { None }
}

/// What `vjp` keeps: the program, how it came to be called.
struct Pullback {
    tape: Tape,
    args: Vec<Value>,
    avals: Vec<Abstract>,
    value: Value,
    results: Vec<(Array, Option<Array>)>,
}

impl State for Pullback {
    fn take_values(&mut self) -> Vec<Value> {
        let mut values = std::mem::take(&mut self.args);
        values.push(std::mem::take(&mut self.value));
        values
    }
}

fn run_pullback(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    let Some(kept) = derived.state::<Pullback>() else { return Err(internal()) };
    let [cotangent] = args.as_slice() else {
        return Err(Error::ty(format!("this function takes the cotangent of the result, {} are given", args.len())));
    };
    let mut seeds = vec![];
    let mut results = kept.results.iter();
    check_form("the cotangent", cotangent, &kept.value, 0)?;
    map_alike(machine, &[&kept.value, cotangent], &mut |machine, leaves| {
        let [Value::Array(value), ct] = leaves else { return Ok(Value::None) };
        // a cotangent of none is zero
        let (Some((_, tangent)), Value::Array(ct)) = (results.next(), ct) else { return Ok(Value::None) };
        if value.shape() != ct.shape() {
            let message = format!("a cotangent of {} for a result of {}", ct.type_name(), value.type_name());
            return Err(Error::shape(message).help("they have one shape"));
        }
        if let Some(number) = tangent.as_ref().and_then(|tangent| kept.tape.number(tangent)) {
            let ct = ops::linear::cast_back(&mut machine.host.cx, as_float(ct.clone()), &value.aval())?;
            seeds.push((number, ct));
        }
        Ok(Value::None)
    })?;
    let found = kept.tape.transpose(&mut machine.host.cx, seeds, kept.avals.len(), false)?;
    gradients(machine, &kept.args, &Wrt { numbers: vec![0], several: false }, found, &kept.avals)
}

/// Errors where a value has not the form of another: a number among structures would stand at every leaf, and a text be
/// passed over. `none` has any form: nothing moves there.
fn check_form(what: &str, value: &Value, like: &Value, depth: usize) -> Result<()> {
    check_depth(depth)?;
    let fits = match (value, like) {
        (Value::None, _) | (Value::Array(_), Value::Array(_)) => true,
        (Value::Tuple(values), Value::Tuple(like)) if values.0.len() == like.0.len() => {
            return values.0.iter().zip(&like.0).try_for_each(|(value, like)| check_form(what, value, like, depth + 1));
        }
        (Value::Record(values), Value::Record(like)) if values.0.len() == like.0.len() => {
            return values.0.iter().try_for_each(|(name, value)| match like.0.get(name) {
                Some(like) => check_form(what, value, like, depth + 1),
                None => Err(Error::ty(format!("{what} has a field `{name}`, and there is none in what it belongs to"))),
            });
        }
        // text and functions do not move
        (_, like) => !matches!(like, Value::Array(_) | Value::Tuple(_) | Value::Record(_)),
    };
    if fits {
        return Ok(());
    }
    Err(Error::ty(format!("{what} is {}, its form has to be that of {}", value.describe(), like.describe())))
}

/// Is there a number to differentiate by?
fn has_float(value: &Value) -> bool {
    match value {
        Value::Array(array) => as_float(array.clone()).dtype().is_float(),
        Value::Tuple(items) => items.0.iter().any(has_float),
        Value::Record(record) => record.0.values().any(has_float),
        _ => false,
    }
}

/// Nothing is kept.
struct Nothing;

impl State for Nothing {}

/// The derivative of every element of the result by every element of the argument: all unit directions at once.
fn run_jacobian(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    let Some(Value::Array(x)) = args.first() else {
        return Err(Error::ty(format!("`{}` takes a function of one array", derived.name)));
    };
    let x = as_float(x.clone());
    if !x.dtype().is_float() {
        return Err(no_float(&Value::Array(x), 0));
    }
    let count = x.size();
    let mut shape = lengths(x.shape());
    shape.insert(0, count as i64);
    let cx = &mut machine.host.cx;
    let units = ops::create::eye(cx, count as i64, None, 0, x.dtype())?;
    let units = ops::reshape(cx, units, &shape)?;
    let level = cx.modes.enter();
    let direction = Value::Array(batch::lift(level, units));
    let x_shape = lengths(x.shape());
    let mut args = args.clone();
    args[0] = Value::Array(x);
    let (_, moved) = forward(machine, &derived.of, args, &direction).map_err(Error::settled)?;
    let moved = map_alike(machine, &[&moved], &mut |machine, leaves| {
        let [Value::Array(moved)] = leaves else { return Ok(Value::None) };
        let cx = &mut machine.host.cx;
        let rows = batch::lower(cx, moved, level, count)?;
        let mut result = lengths(&rows.shape()[1..]);
        let last = rows.ndim() as i64 - 1;
        let columns = ops::moveaxis(cx, rows, &[0], &[last])?;
        result.extend_from_slice(&x_shape);
        ops::reshape(cx, columns, &result).map(Value::Array)
    })?;
    machine.settle(moved)
}

builtins! {
    elements Settled;

    /// The gradient of a function whose result is one float: a function of the same arguments.
    /// `wrt` is the parameter to differentiate by, by number or name, or a tuple of several. The gradient has the form
    /// of the argument: a structure gives a structure; what has no derivative gives `none`.
    fn grad(f, wrt = 0)
        ex "grad(|x| x ** 2 + 3 * x)(2.0)" => "7.0";
        ex "grad(|p| sum(p.w * p.w) * p.b)((w=[1.0, 2.0], b=3.0))" => "(w=[ 6. 12.], b=5.0)";
        ex "fn f(x, y) = x * y ** 2\ngrad(f, wrt=\"y\")(2.0, 3.0)" => "12.0";
        fails "grad(|x| x * 2)([1.0, 2.0])" => "type";
        fails "grad(sum)([1, 2])" => "type";
        fails "grad(3)" => "type";
    = |_, args| {
        let wrt = wrt(args, 1)?;
        derived(args, "grad", run_grad, wrt)
    };

    /// The value of a function and its gradient, as a tuple, from one run.
    /// See `grad`.
    fn value_and_grad(f, wrt = 0)
        ex "value_and_grad(|x| sum(x * x))([1.0, 2.0])" => "(5.0, [2. 4.])";
        fails "value_and_grad(1)" => "type";
    = |_, args| {
        let wrt = wrt(args, 1)?;
        derived(args, "value_and_grad", run_value_and_grad, wrt)
    };

    /// The value of `f(x)`, and how it moves when x moves in the direction v: the forward derivative.
    /// v has the form of x. Further arguments of f stand behind.
    fn jvp(f, x, v, *args)
        ex "jvp(|x| exp(x) * x, 0.0, 1.0)" => "(0.0, 1.0)";
        ex "jvp(|x| x * x, [1.0, 2.0], [1.0, 0.0])" => "([1. 4.], [2. 0.])";
        fails "jvp(exp, 1.0, [1.0])" => "shape";
        fails "jvp(exp, 1.0, \"a\")" => "type";
        fails "jvp(sum, [1, 2], [1, 2])" => "type";
    = |machine, args| {
        let f = function(args)?;
        let mut given = vec![args.get(1).clone()];
        given.extend(args.rest(3));
        let (value, moved) = forward(machine, f, given, args.get(2))?;
        let both = Value::tuple(vec![value, moved]);
        machine.settle(both)
    };

    /// The value of `f(x)`, and a function that carries a cotangent of it back to x: the backward derivative.
    /// Further arguments of f stand behind. The function may be called any number of times.
    fn vjp(f, x, *args)
        ex "(y, back) = vjp(|x| x * x, [1.0, 2.0])\nback([1.0, 0.5])" => "[2. 2.]";
        fails "vjp(sum, [1, 2])" => "type";
        fails "(y, back) = vjp(|x| (x, x), 1.0)\nback(1.0)" => "type";
    = |machine, args| {
        let f = function(args)?;
        let mut given = vec![args.get(1).clone()];
        given.extend(args.rest(2));
        let lifted = lift(machine, given.clone(), &[0])?;
        let result = machine.call(f, lifted.args)?;
        let (value, results) = lower(machine, &result, lifted.level)?;
        let kept = Pullback { tape: lifted.tape, args: given, avals: lifted.avals, value: value.clone(), results };
        let back = derived(args, "pullback", run_pullback, kept)?;
        Ok(Value::tuple(vec![value, back]))
    };

    /// The derivative of every element of the result by every element of the argument, as a function.
    /// Its shape is that of the result followed by that of the argument, which is one array.
    fn jacobian(f)
        ex "jacobian(|x| x * x)([1.0, 2.0])" => "[[2. 0.]\n [0. 4.]]";
        fails "jacobian(1)" => "type";
        fails "jacobian(exp)([1, 2])" => "type";
    = |_, args| derived(args, "jacobian", run_jacobian, Nothing);

    /// The second derivatives of a function whose result is one float, as a function.
    /// Its shape is twice that of the argument, which is one array.
    fn hessian(f)
        ex "hessian(|x| sum(x ** 3))([1.0, 2.0])" => "[[ 6.  0.]\n [ 0. 12.]]";
        ex "hessian(|x| exp(2 * x))(0.0)" => "4.0";
        fails "hessian(|x| x)([1.0])" => "type";
    = |_, args| {
        let gradient = derived(args, "hessian", run_grad, Wrt { numbers: vec![0], several: false })?;
        let state = Box::new(Nothing);
        Ok(Value::Derived(Rc::new(Derived { name: "hessian", of: gradient, run: run_jacobian, state })))
    };
}
