//! Tracing a function: it runs on tracers, as often as it turns out that a number has to be known.

use super::cache::Given;
use super::key::{Flat, Part, with_arrays};
use crate::diagnostics::{Error, Kind, Result};
use crate::graph::Graph;
use crate::interp::{Machine, Value};
use crate::tensor::Array;
use crate::transform::trace::Recorder;
use crate::transform::{Maker, concrete, is_moving};

/// The graph, values of transforms around that the function captured, its result with the arrays of the trace in it, and
/// the arrays, by number, that had to be known.
pub type Traced = (Graph, Vec<Array>, Value, Vec<(usize, Array)>);

/// Traces a function. Where it needs to know a number, it is traced anew with that number as it is. None if a number that
/// it needs to know is being differentiated by, here or around: as a constant of a graph it would not move any more.
pub fn traced(machine: &mut Machine, f: &Value, given: &Given, fixed: Vec<usize>) -> Result<Option<Traced>> {
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
    let modes = &mut machine.host.cx.modes;
    // what it draws, it draws when it runs
    let (draws, depth) = (modes.set_draws_aside(), modes.begin(Maker::Trace(recorder.clone())));
    let result = machine.call(f, args);
    machine.host.cx.modes.end(depth);
    machine.host.cx.modes.put_back_draws(draws);
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
