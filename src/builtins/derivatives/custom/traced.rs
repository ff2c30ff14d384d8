//! `custom_grad` in a graph: function and rule are traced, and stand in the graph as one operation.

use super::{Custom, arrays, cotangents};
use crate::builtins::derivatives::leaves::{check_results, floats};
use crate::diagnostics::{Error, Result};
use crate::graph;
use crate::graph::custom::Parts;
use crate::interp::{Machine, Value};
use crate::ops::linear::zeros;
use crate::tensor::{Abstract, Array, DType, Level};
use crate::transform::trace::Recorder;
use crate::transform::{Maker, unknown};
use std::rc::Rc;

/// Part of a graph: function and rule are traced.
pub fn call(machine: &mut Machine, custom: &Rc<dyn Custom>, args: Vec<Value>) -> Result<Value> {
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
    let moving: Vec<Abstract> = outputs.iter().filter(|array| array.dtype().is_float()).map(Array::aval).collect();
    let outgoing: Vec<Option<Array>> = moving.into_iter().map(|aval| Some(recorder.input(aval))).collect();
    let found = recorded(machine, &recorder, |machine| {
        let found = cotangents(machine, custom, &own, &values, &outgoing)?;
        let mut leaves = vec![];
        for arg in &own {
            leaves.extend(floats(machine, arg)?);
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
