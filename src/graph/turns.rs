//! Loops whose values are single numbers: their turns run on words (`numbers`), without a value being made.
//!
//! None where a loop has other values, or where a turn has no result for its numbers: the graph then runs it from the
//! beginning, and finds the error.

use super::numbers;
use super::scan::Turns;
use super::while_loop::Parts;
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::ops::Outputs;
use crate::tensor::{Abstract, Array, DType, Shape, Tensor};
use crate::transform::cluster::pooled;

/// Turns between two looks at the interrupt flag.
const STRETCH: usize = 1 << 12;

/// All turns of a scan.
pub(super) fn scan(cx: &mut Context, turns: &Turns, inputs: &[Array]) -> Result<Option<Outputs>> {
    let Some(steps) = turns.body.numbers() else { return Ok(None) };
    let Turns { count, carried, stacked, .. } = *turns;
    let mut words = steps.words();
    let rows = carried..carried + stacked;
    let fixed = inputs.iter().enumerate().filter(|(number, _)| !rows.contains(number));
    if !fill(&mut words, &turns.body.inputs, fixed) {
        return Ok(None);
    }
    let Some(columns) = columns(inputs.get(rows).unwrap_or(&[]), &turns.body.inputs[carried..]) else {
        return Ok(None);
    };
    let outputs = turns.body.results.len().saturating_sub(carried);
    let bytes = outputs.saturating_mul(2 * size_of::<u64>());
    cx.reserve(count, bytes, || format!("the outputs of {count} turns"))?;
    let mut found: Vec<Vec<u64>> = (0..outputs).map(|_| vec![0; count]).collect();
    for turn in 0..count {
        if turn % STRETCH == 0 {
            cx.check()?;
        }
        let row = if turns.reverse { count - 1 - turn } else { turn };
        // they begin with the inputs
        for (place, column) in words[carried..].iter_mut().zip(&columns) {
            *place = column.scalar(row).map_or(0, cpu::numbers::word);
        }
        if !steps.run(&mut words) {
            return Ok(None);
        }
        for (number, found) in found.iter_mut().enumerate() {
            found[row] = steps.output(&words, carried + number);
        }
        steps.carry(&mut words, carried);
    }
    let ends = state(&words, &turns.body.results[..carried]);
    let stacks = found.into_iter().zip(&turns.body.results[carried..]);
    let stacks: Option<Vec<Array>> = stacks.map(|(words, aval)| stack(cx, &words, aval.dtype)).collect();
    Ok(ends.zip(stacks).map(|(ends, stacks)| ends.into_iter().chain(stacks).collect()))
}

/// All turns of a `while`.
pub(super) fn repeat(cx: &mut Context, parts: &Parts, inputs: &[Array]) -> Result<Option<Outputs>> {
    let (Some(steps), Some(condition)) = (parts.body.numbers(), parts.condition.numbers()) else { return Ok(None) };
    let (mut words, mut asked) = (steps.words(), condition.words());
    let given = || inputs.iter().enumerate();
    if !fill(&mut words, &parts.body.inputs, given()) || !fill(&mut asked, &parts.condition.inputs, given()) {
        return Ok(None);
    }
    for turn in 0usize.. {
        if turn.is_multiple_of(STRETCH) {
            cx.check()?;
        }
        let state = words.iter().take(parts.carried);
        asked.iter_mut().zip(state).for_each(|(to, from)| *to = *from);
        if !condition.run(&mut asked) {
            return Ok(None);
        }
        if condition.output(&asked, 0) == 0 {
            break;
        }
        if !steps.run(&mut words) {
            return Ok(None);
        }
        steps.carry(&mut words, parts.carried);
    }
    Ok(state(&words, &parts.body.results).map(Outputs::from_vec))
}

/// Puts inputs into the first words. Are they the numbers that are expected?
fn fill<'a>(words: &mut [u64], avals: &[Abstract], inputs: impl Iterator<Item = (usize, &'a Array)>) -> bool {
    for (number, input) in inputs {
        let (Some(to), Some(aval)) = (words.get_mut(number), avals.get(number)) else { return false };
        let Some(word) = numbers::word(input).filter(|_| input.element_type() == aval.element_type()) else {
            return false;
        };
        *to = word;
    }
    true
}

/// The stacked inputs, whose rows are numbers.
fn columns<'a>(inputs: &'a [Array], avals: &[Abstract]) -> Option<Vec<&'a Tensor>> {
    let column = |(input, aval): (&'a Array, &Abstract)| match input {
        Array::Tensor(tensor) if tensor.dtype() == aval.dtype => Some(tensor),
        _ => None,
    };
    inputs.iter().zip(avals).map(column).collect()
}

/// The carried values.
fn state(words: &[u64], avals: &[Abstract]) -> Option<Vec<Array>> {
    words.iter().zip(avals).map(|(&word, aval)| numbers::value(aval.element_type(), word)).collect()
}

/// The outputs of all turns.
fn stack(cx: &Context, words: &[u64], dtype: DType) -> Option<Array> {
    let data = cpu::numbers::data(words, dtype)?;
    Some(pooled(cx, Tensor::owner(data, Shape::from_slice(&[words.len()]))))
}
