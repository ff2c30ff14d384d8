//! Forward derivatives: tangents run along with the values.

use super::backward::gradient_of;
use super::function;
use super::leaves::{Floats, Leaf, as_float, check_form, floated, lift_leaves, lower};
use super::wrt::Wrt;
use crate::builtins::Args;
use crate::builtins::declare::builtins;
use crate::builtins::structures::map_alike;
use crate::diagnostics::Result;
use crate::interp::{Machine, Value};
use crate::ops;
use crate::ops::linear::zeros;
use crate::tensor::Array;
use crate::transform::dual;

/// The value of a function, and how it moves when arguments move so.
fn forward(
    machine: &mut Machine,
    name: &str,
    f: &Value,
    args: &[Value],
    wrt: &Wrt,
    direction: &Value,
) -> Result<(Value, Value)> {
    let level = machine.host.cx.modes.enter();
    let mut lifted = args.to_vec();
    let directions = wrt.parts("the direction", direction)?;
    for ((number, arg), direction) in wrt.arguments(args)?.into_iter().zip(&directions) {
        let mut tangents = tangents(machine, number, arg, direction)?.into_iter();
        lifted[number] = lift_leaves(machine, number, arg, &mut |machine, primal| match tangents.next() {
            Some(Some(tangent)) => {
                let tangent = ops::linear::cast_back(&mut machine.host.cx, tangent, &primal.aval())?;
                Ok(dual::lift(level, primal, tangent))
            }
            _ => Ok(primal),
        })?;
    }
    let result = machine.call(f, lifted)?;
    let (value, leaves) = lower(machine, name, &result, level)?;
    let moved = moved(machine, &value, leaves)?;
    Ok((floated(machine, &value)?, moved))
}

/// The direction of every float leaf of an argument; none does not move.
fn tangents(machine: &mut Machine, number: usize, arg: &Value, direction: &Value) -> Result<Vec<Option<Array>>> {
    // what cannot move at all is the fault of the argument, not of the direction
    lift_leaves(machine, number, arg, &mut |_, primal| Ok(primal))?;
    check_form("the direction", direction, arg)?;
    let mut found = vec![];
    let which = Floats::of(arg);
    map_alike(machine, &[arg, direction], &mut |machine, leaves| {
        if let [leaf, tangent] = leaves
            && which.is(leaf)
        {
            found.push(match tangent {
                Value::Array(tangent) => Some(as_float(&mut machine.host.cx, tangent.clone())?),
                _ => None,
            });
        }
        Ok(Value::None)
    })?;
    Ok(found)
}

/// The tangents of a value in its form; what does not move has zeros, what cannot has `none`.
fn moved(machine: &mut Machine, value: &Value, leaves: Vec<Leaf>) -> Result<Value> {
    let mut leaves = leaves.into_iter();
    let which = Floats::of(value);
    map_alike(machine, &[value], &mut |machine, found| {
        let leaf = if matches!(found, [Value::Array(_)]) { leaves.next() } else { None };
        match leaf {
            Some((_, Some(tangent))) => Ok(Value::Array(tangent)),
            Some((primal, None)) if which.counts(&primal) => {
                let cx = &mut machine.host.cx;
                let primal = as_float(cx, primal)?;
                zeros(cx, &primal.aval()).map(Value::Array)
            }
            _ => Ok(Value::None),
        }
    })
}

/// x and the arguments in a `*rest` behind it and the direction.
fn arguments(args: &Args) -> Vec<Value> {
    let mut given = vec![args.get(1).clone()];
    given.extend(args.rest(3));
    given
}

builtins! {
    elements Settled;

    /// The value of `f(x)`, and how it moves when x moves in the direction v: the forward derivative.
    /// v has the form of x; `none` in it does not move. Further arguments of f stand behind v. `wrt` is the argument
    /// that moves, by number or name, or a tuple of several, and v one of directions.
    fn jvp(f, x, v, *args, wrt = 0)
        ex "jvp(|x| exp(x) * x, 0.0, 1.0)" => "(0.0, 1.0)";
        ex "jvp(|x| x * x, [1.0, 2.0], [1.0, 0.0])" => "([1. 4.], [2. 0.])";
        ex "jvp(|x, y| x * y, 2.0, 1.0, 3.0, wrt=\"y\")" => "(6.0, 2.0)";
        ex "jvp(|x, y| x * y, 2.0, (1.0, 0.5), 3.0, wrt=(0, 1))" => "(6.0, 4.0)";
        fails "jvp(exp, 1.0, [1.0])" => "shape";
        fails "jvp(exp, 1.0, \"a\")" => "type";
        fails "jvp(sum, [1, 2], [1, 2])" => "type";
    = |machine, args| {
        let f = function(args, 0)?;
        let wrt = Wrt::read(args, 4)?;
        let (value, moved) = forward(machine, "jvp", f, &arguments(args), &wrt, args.get(2))?;
        let both = Value::tuple(vec![value, moved]);
        machine.settle(both)
    };

    /// The product of the second derivatives of f at x with v: how the gradient moves when x moves in the direction v.
    /// Forward over backward, about as long as three gradients: the matrix is never made. The result of f is one float;
    /// v has the form of x. Further arguments of f stand behind v. With a tuple as `wrt`, v and the result are tuples.
    fn hvp(f, x, v, *args, wrt = 0)
        ex "hvp(|x| sum(x ** 3), [1.0, 2.0], [1.0, 0.5])" => "[6. 6.]";
        ex "hvp(|p| p.a ** 2 * p.b, (a=1.0, b=3.0), (a=1.0, b=0.0))" => "(a=6.0, b=2.0)";
        ex "hvp(|x, y| x * y ** 2, 2.0, 1.0, 3.0, wrt=\"y\")" => "4.0";
        fails "hvp(exp, [1.0, 2.0], [1.0, 0.0])" => "type";
        fails "hvp(sum, [1.0, 2.0], 1.0)" => "shape";
    = |machine, args| {
        let f = function(args, 0)?;
        let wrt = Wrt::read(args, 4)?;
        let gradient = gradient_of(f.clone(), "hvp", wrt.clone());
        let (_, moved) = forward(machine, "hvp", &gradient, &arguments(args), &wrt, args.get(2))?;
        machine.settle(moved)
    };
}
