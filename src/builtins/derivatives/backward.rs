//! Backward derivatives: the function runs once, and what it did is carried back from its result.

use super::leaves::{Leaf, as_float, check_form, floated, gradients, lift_leaves, lower};
use super::wrt::Wrt;
use super::{derived, function, internal};
use crate::builtins::declare::builtins;
use crate::builtins::structures::map_alike;
use crate::diagnostics::{Error, Result};
use crate::interp::{Derived, Machine, State, Value};
use crate::ops;
use crate::tensor::{Abstract, Array, Scalar};
use crate::transform::dual;
use crate::transform::linear::{Host, Tape};
use std::any::Any;
use std::rc::Rc;

impl Host for Machine {
    fn cx(&mut self) -> &mut crate::context::Context {
        &mut self.host.cx
    }
    fn any(&mut self) -> &mut dyn Any {
        self
    }
}

/// A function at one place: its value, and the linear program of how it moves from there.
pub struct Linearized {
    pub tape: Tape,
    pub args: Vec<Value>,
    pub wrt: Wrt,
    /// What the inputs of the tape are.
    pub avals: Vec<Abstract>,
    pub value: Value,
    /// The arrays in the value.
    pub results: Vec<Leaf>,
}

impl State for Linearized {
    fn values(&self) -> Vec<Value> {
        let mut values = self.args.clone();
        values.push(self.value.clone());
        values
    }

    // it is the state of a pullback
    fn parameter(&self) -> Option<&'static str> {
        Some("ct")
    }

    fn take_values(&mut self) -> Vec<Value> {
        let mut values = std::mem::take(&mut self.args);
        values.push(std::mem::take(&mut self.value));
        values
    }
}

impl Drop for Linearized {
    fn drop(&mut self) {
        self.tape.clear();
    }
}

impl Linearized {
    pub fn of(machine: &mut Machine, name: &str, f: &Value, args: Vec<Value>, wrt: &Wrt) -> Result<Linearized> {
        let tape = Tape::new(machine.host.cx.modes.enter());
        let level = machine.host.cx.modes.enter();
        let wrt = wrt.clone();
        // from here on it is cleared whatever happens
        let mut linearized =
            Linearized { tape: tape.clone(), args, wrt, avals: vec![], value: Value::None, results: vec![] };
        let mut lifted = linearized.args.clone();
        for (number, arg) in linearized.wrt.arguments(&linearized.args)? {
            lifted[number] = lift_leaves(machine, number, arg, &mut |_, array| {
                let tangent = tape.input(array.aval()).1;
                linearized.avals.push(array.aval());
                Ok(dual::lift(level, array, tangent))
            })?;
        }
        let depth = machine.host.cx.modes.begin_tape(tape.clone());
        let result = machine.call(f, lifted);
        machine.host.cx.modes.end_tape(depth);
        (linearized.value, linearized.results) = lower(machine, name, &result?, level)?;
        Ok(linearized)
    }

    /// The variable of a result, if it moves.
    pub fn variable(&self, (_, tangent): &Leaf) -> Option<usize> {
        tangent.as_ref().and_then(|tangent| self.tape.number(tangent))
    }

    /// Cotangents of the arguments, from those of variables.
    pub fn pull(&self, machine: &mut Machine, seeds: Vec<(usize, Array)>, spend: bool) -> Result<Vec<Option<Array>>> {
        self.tape.transpose(machine, seeds, self.avals.len(), spend)
    }
}

/// The value and the gradients of a function with one number as its result.
fn differentiate(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<(Value, Value)> {
    let Some(wrt) = derived.state::<Wrt>() else { return Err(internal()) };
    let linearized = Linearized::of(machine, derived.name, &derived.of, args, wrt)?;
    let value = match &linearized.value {
        Value::Array(_) => floated(machine, &linearized.value)?,
        other => other.clone(),
    };
    let Some(like) = number(&value) else { return Err(not_one_number(derived.name, &value)) };
    let seeds = match linearized.results.first().and_then(|leaf| linearized.variable(leaf)) {
        Some(number) => vec![(number, one(machine, &like)?)],
        None => vec![],
    };
    let found = linearized.pull(machine, seeds, true)?;
    let gradients = gradients(machine, &linearized.args, wrt, found, &linearized.avals)?;
    Ok((value, gradients))
}

/// The float without axes that a value is.
fn number(value: &Value) -> Option<Array> {
    match value {
        Value::Array(array) if array.ndim() == 0 && array.dtype().is_float() => Some(array.clone()),
        _ => None,
    }
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
        Value::Array(array) if array.dtype().is_integer() => error.help("whole numbers do not move"),
        Value::Tuple(_) | Value::Record(_) => error.help("`jacobian(f)` takes results of any structure"),
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

/// The function `grad(f)`, for another that is made of it and goes by its name in messages.
pub fn gradient_of(f: Value, name: &'static str, wrt: Wrt) -> Value {
    Value::Derived(Rc::new(Derived { name, of: f, run: run_grad, state: Box::new(wrt) }))
}

fn run_pullback(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    let Some(kept) = derived.state::<Linearized>() else { return Err(internal()) };
    let [cotangent] = args.as_slice() else {
        return Err(Error::ty(format!("this function takes the cotangent of the result, {} are given", args.len())));
    };
    let mut seeds = vec![];
    let mut results = kept.results.iter();
    check_form("the cotangent", cotangent, &kept.value)?;
    map_alike(machine, &[&kept.value, cotangent], &mut |machine, leaves| {
        let [Value::Array(value), ct] = leaves else { return Ok(Value::None) };
        // a cotangent of none is zero
        let (Some(leaf), Value::Array(ct)) = (results.next(), ct) else { return Ok(Value::None) };
        if let Some(number) = kept.variable(leaf) {
            let cx = &mut machine.host.cx;
            let ct = as_float(cx, ct.clone())?;
            let ct = ops::linear::cast_back(cx, ct, &value.aval())?;
            seeds.push((number, ct));
        }
        Ok(Value::None)
    })?;
    let found = kept.pull(machine, seeds, false)?;
    gradients(machine, &kept.args, &kept.wrt, found, &kept.avals)
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
        ex "grad(|x, y| x * y ** 2, wrt=(0, 1))(2.0, 3.0)" => "(9.0, 12.0)";
        fails "grad(|x| x * 2)([1.0, 2.0])" => "type";
        fails "grad(sum)([1, 2])" => "type";
        fails "grad(3)" => "type";
        fails "grad(|x, y| x * y, wrt=\"z\")" => "value";
    = |_, args| {
        let wrt = Wrt::read(args, 1)?;
        derived(args, "grad", run_grad, wrt)
    };

    /// The value of a function and its gradient, as a tuple, from one run.
    /// See `grad`.
    fn value_and_grad(f, wrt = 0)
        ex "value_and_grad(|x| sum(x * x))([1.0, 2.0])" => "(5.0, [2. 4.])";
        fails "value_and_grad(1)" => "type";
    = |_, args| {
        let wrt = Wrt::read(args, 1)?;
        derived(args, "value_and_grad", run_value_and_grad, wrt)
    };

    /// The value of `f(x)`, and a function that carries a cotangent of it back to x: the backward derivative.
    /// Further arguments of f stand behind x. `wrt` is the argument to differentiate by, by number or name, or a tuple
    /// of several. The function may be called any number of times; a cotangent has the form of the value, and `none` is
    /// zero.
    fn vjp(f, x, *args, wrt = 0)
        ex "(y, back) = vjp(|x| x * x, [1.0, 2.0])\nback([1.0, 0.5])" => "[2. 2.]";
        ex "(y, back) = vjp(|x, y| x * y, 2.0, 3.0, wrt=(\"x\", \"y\"))\ny, back(1.0)" => "(6.0, (3.0, 2.0))";
        fails "vjp(sum, [1, 2])" => "type";
        fails "(y, back) = vjp(|x| (x, x), 1.0)\nback(1.0)" => "type";
    = |machine, args| {
        let f = function(args, 0)?;
        let wrt = Wrt::read(args, 3)?;
        let mut given = vec![args.get(1).clone()];
        given.extend(args.rest(2));
        let linearized = Linearized::of(machine, "vjp", f, given, &wrt)?;
        let value = linearized.value.clone();
        let back = derived(args, "pullback", run_pullback, linearized)?;
        Ok(Value::tuple(vec![value, back]))
    };
}
