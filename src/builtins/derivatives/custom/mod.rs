//! `custom_grad(f, rule)`: a function with a derivative that the program tells.
//!
//! The transforms around are left one by one, from the innermost out, until f runs on plain values; each then gets the
//! rule in its own way: a backward derivative as a call in its program, a forward one as the transpose of the rule, a
//! batch with the rows of all arguments. So each level sees what the levels further in made of it, and they nest. What
//! function and rule captured keeps the levels that were left: these are taken off what comes out.

mod moving;
mod rows;
mod traced;

use super::leaves::{Floats, as_float, check_form};
use super::{derived, function, internal};
use crate::builtins::declare::builtins;
use crate::builtins::structures::map_alike;
use crate::diagnostics::{Error, Result};
use crate::interp::{Derived, Machine, State, Value, holds};
use crate::ops::linear::{cast_back, zeros};
use crate::tensor::{Array, Level, Lifted, Mode};
use crate::transform::{self, part_below};
use std::cell::RefCell;
use std::rc::Rc;

/// A function with its rule, as one transform sees it.
trait Custom {
    fn run(&self, machine: &mut Machine, args: Vec<Value>) -> Result<Value>;

    /// The cotangents of the arguments, one value for each.
    fn pull(&self, machine: &mut Machine, args: &[Value], y: &Value, dy: Value) -> Result<Vec<Value>>;

    /// Of what function and rule captured, a value of the innermost transform below a level.
    fn captured(&self, below: Level) -> Option<Lifted>;

    /// A value without the tangents of the transforms that were left.
    fn without_left(&self, array: &Array) -> Array;
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

    fn captured(&self, below: Level) -> Option<Lifted> {
        let found: RefCell<Option<Lifted>> = RefCell::default();
        for value in [&self.f, &self.rule] {
            holds(value, &|array| {
                if let Some(part) = part_below(array, below)
                    && part.level() > found.borrow().as_ref().map_or(0, Lifted::level)
                {
                    *found.borrow_mut() = Some(part);
                }
                false
            });
        }
        found.into_inner()
    }

    fn without_left(&self, array: &Array) -> Array {
        array.clone()
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
    let Some(mut inside) = innermost(machine, &args)? else { return custom.run(machine, args) };
    if let Some(captured) = custom.captured(Level::MAX)
        && captured.level() > inside.0
    {
        inside = (captured.level(), captured.mode());
    }
    let (level, mode) = inside;
    let mut is_traced = false;
    for arg in &args {
        arrays(machine, arg, &mut |machine, array| {
            is_traced |= transform::is_traced(&machine.host.cx.modes, &array);
            Ok(array)
        })?;
    }
    match mode {
        _ if is_traced => traced::call(machine, custom, args),
        Mode::Dual => moving::call(machine, custom, args, level),
        Mode::Batched => rows::call(machine, custom, args, level),
        _ => custom.run(machine, args),
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
        let which = Floats::of(arg);
        map_alike(machine, &[arg, given], &mut |machine, leaves| {
            let [leaf, given] = leaves else { return Ok(Value::None) };
            let cx = &mut machine.host.cx;
            if let Some(array) = which.get(cx, leaf)? {
                found.push(match given {
                    Value::Array(given) => {
                        let given = as_float(cx, given.clone())?;
                        Some(cast_back(cx, given, &array.aval())?)
                    }
                    _ => None,
                });
            }
            Ok(Value::None)
        })?;
    }
    Ok(found)
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

/// Errors where a rule cannot be called with x, y and dy.
fn check_rule(rule: &Value) -> Result<()> {
    let Value::Function(function) = rule else { return Ok(()) };
    let params = &function.code.params;
    let needed = params.iter().filter(|param| !param.star && !param.has_default).count();
    if needed <= 3 && (params.len() >= 3 || params.iter().any(|param| param.star)) {
        return Ok(());
    }
    let message = format!("the rule of `custom_grad` gets 3 arguments, this is {}", rule.type_name());
    Err(Error::ty(message).help("the rule takes (x, y, dy) and gives a cotangent of x"))
}

fn run_custom(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    let Some(given) = derived.state::<Rc<Given>>() else { return Err(internal()) };
    let custom: Rc<dyn Custom> = given.clone();
    call(machine, &custom, args)
}

builtins! {
    elements Settled;

    /// f with another derivative, which a rule tells.
    /// `rule(x, y, dy)` gets the argument, the result and its cotangent, and gives the cotangent of the argument. Of
    /// several arguments x is a tuple, and so is what the rule gives. Arguments and results may be structures; `none`
    /// is zero. Derivatives of a higher order go through the rule, so that is written with functions that have
    /// derivatives. For a forward derivative (`jvp`) the rule is transposed, which takes it to be linear in dy; of one
    /// that is not, as one that clips, its derivative at dy = 0 is taken. The rule is for the arguments: by what f
    /// captures it is differentiated as usual, and for that f runs once for each derivative around. Globals the rule
    /// reads when it is called, on the way back.
    fn custom_grad(f, rule)
        ex "safe = custom_grad(|x| sqrt(x), |x, y, dy| where(x > 0, dy / (2 * y), 0))\ngrad(safe)(4.0), grad(safe)(0.0)" => "(0.25, 0.0)";
        ex "product = custom_grad(|x, y| x * y, |(x, y), z, dz| (dz * y, dz * x))\ngrad(product, wrt=\"y\")(2.0, 3.0)" => "2.0";
        ex "clipped = custom_grad(|x| x, |x, y, dy| clip(dy, -1, 1))\ngrad(|x| 5 * clipped(x))(2.0)" => "1.0";
        fails "custom_grad(sin, 1)" => "type";
        fails "grad(custom_grad(sin, |x, y, dy| [dy, dy]))(1.0)" => "shape";
    = |_, args| {
        let rule = function(args, 1)?.clone();
        check_rule(&rule)?;
        let given = Rc::new(Given { f: function(args, 0)?.clone(), rule });
        derived(args, "custom_grad", run_custom, given)
    };
}
