//! `custom_grad` of arguments that move: the rule says how the result does.

use super::{Custom, arrays, cotangents, innermost};
use crate::builtins::derivatives::leaves::{Floats, floated, floats};
use crate::diagnostics::{Error, Kind, Result};
use crate::interp::{Machine, Value, holds};
use crate::ops::linear::zeros;
use crate::tensor::{Array, Level, Lifted};
use crate::transform::linear::{Call, Host, Tape};
use crate::transform::{dual, without_tangents};
use std::rc::Rc;

/// Arguments with tangents: the function runs without them, and the rule says how its result moves.
pub fn call(machine: &mut Machine, custom: &Rc<dyn Custom>, args: Vec<Value>, level: Level) -> Result<Value> {
    let mut primals = vec![];
    let mut tangents = vec![];
    for arg in &args {
        let which = Floats::of(arg);
        primals.push(arrays(machine, arg, &mut |_, array| {
            let is_float = which.counts(&array);
            let (primal, tangent) = dual::parts(&array, level);
            if is_float {
                tangents.push(tangent);
            }
            Ok(primal)
        })?);
    }
    // how the result moves with what the function captured
    let mut captured = vec![];
    let mut leave = |machine: &mut Machine, result: &Value| {
        captured.clear();
        let result = floated(machine, result)?;
        arrays(machine, &result, &mut |_, array| {
            let (primal, tangent) = dual::parts(&array, level);
            if primal.dtype().is_float() {
                captured.push(tangent);
            }
            Ok(primal)
        })
    };
    let is_held = custom.captured(level.saturating_add(1)).is_some_and(|part| part.level() == level);
    let y = if is_held && innermost(machine, &primals)?.is_some() {
        // that moves with the transforms further out as in any function; the value itself they leave in their way
        let random = machine.host.cx.random;
        let result = custom.run(machine, primals.clone())?;
        machine.host.cx.random = random;
        leave(machine, &result)?;
        let inside: Rc<dyn Custom> = Rc::new(Left { of: custom.clone(), level });
        let y = super::call(machine, &inside, primals.clone())?;
        floated(machine, &y)?
    } else {
        let result = super::call(machine, custom, primals.clone())?;
        leave(machine, &result)?
    };
    if holds(&y, &|array| array.dtype().is_float()) {
        return Err(Error::ty("a function in the result of `custom_grad` holds floats: no rule says how they move")
            .help("give them as a result, and make the function of them outside"));
    }
    let mut avals = vec![];
    arrays(machine, &y, &mut |_, array| {
        avals.extend(Some(array.aval()).filter(|aval| aval.dtype.is_float()));
        Ok(array)
    })?;
    if avals.is_empty() {
        return Ok(y);
    }
    let moved = match tangents.iter().flatten().find_map(Tape::of) {
        Some(tape) => {
            let variables = tangents.iter().map(|tangent| tangent.as_ref().and_then(|tangent| tape.number(tangent)));
            let variables = variables.collect();
            let rule = Rule { custom: custom.clone(), args: primals, y: y.clone(), level, variables };
            tape.call(&machine.host.cx, &avals, Rc::new(rule))?.into_iter().map(Some).collect()
        }
        None if tangents.iter().all(Option::is_none) => vec![None; avals.len()],
        None => {
            let moved = transposed(machine, custom, &primals, &y, tangents)?.into_iter();
            moved.map(|moved| Some(without_tangents(&custom.without_left(&moved?), level))).collect()
        }
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

/// Inside a derivative that was left.
struct Left {
    of: Rc<dyn Custom>,
    level: Level,
}

impl Left {
    fn without(&self, machine: &mut Machine, value: &Value) -> Result<Value> {
        arrays(machine, value, &mut |_, array| Ok(without_tangents(&array, self.level)))
    }
}

impl Custom for Left {
    fn run(&self, machine: &mut Machine, args: Vec<Value>) -> Result<Value> {
        let result = self.of.run(machine, args)?;
        self.without(machine, &result)
    }

    fn pull(&self, machine: &mut Machine, args: &[Value], y: &Value, dy: Value) -> Result<Vec<Value>> {
        let found = self.of.pull(machine, args, y, dy)?;
        found.iter().map(|found| self.without(machine, found)).collect()
    }

    fn captured(&self, below: Level) -> Option<Lifted> {
        self.of.captured(below.min(self.level))
    }

    fn without_left(&self, array: &Array) -> Array {
        without_tangents(&self.of.without_left(array), self.level)
    }
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
        let still = |array: Array| without_tangents(&array, self.level);
        Ok(pairs.filter_map(|(variable, found)| Some(((*variable)?, still(found?)))).collect())
    }
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
    for result in floats(machine, y)? {
        let aval = result.aval();
        let zero = zeros(&mut machine.host.cx, &aval)?;
        dy.push(Some(dual::lift(level, zero, tape.input(aval).1)));
    }
    let depth = machine.host.cx.modes.begin_tape(tape.clone());
    let found = cotangents(machine, custom, args, y, &dy);
    machine.host.cx.modes.end_tape(depth);
    let moved = found.and_then(|found| {
        let seeds = found.into_iter().zip(tangents).filter_map(|(found, tangent)| {
            let number = tape.number(&dual::parts(&found?, level).1?)?;
            Some((number, tangent?))
        });
        tape.transpose(machine, seeds.collect(), dy.len(), true)
    });
    tape.clear();
    moved
}
