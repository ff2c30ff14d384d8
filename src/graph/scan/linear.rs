//! Scans in linear programs: split so that all they carry is linear, and transposed.

use super::super::rules::tangent_like;
use super::moves::draws;
use super::{Turns, scan, turns};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::ops::linear::{cast_back, zeros};
use crate::ops::{ADD, Op, Outputs, Term, apply2};
use crate::tensor::Array;
use crate::transform::linear::Tape;
use crate::transform::trace::Recorder;
use smallvec::{SmallVec, smallvec};

/// The turns where only some of what they give is linear in the linear inputs: what is not is computed by a scan of its
/// own, which also keeps for every turn what the other one reads.
pub(super) fn split(cx: &mut Context, op: &Op, inputs: &[Array], linear: &[bool]) -> Result<Option<Outputs>> {
    let turns = turns(op)?;
    let (linear, moves) = dependent(cx, turns, linear)?;
    if linear[..turns.carried].iter().chain(&moves[turns.carried..]).all(|&linear| linear) {
        return Ok(None);
    }
    if turns.body.draws() {
        return Err(draws());
    }
    let [carried, stacked, captured] = turns.parts();
    let divided = |part: std::ops::Range<usize>| part.partition::<Vec<usize>, _>(|&number| linear[number]);
    let ((moving, still), (rows, known_rows)) = (divided(carried), divided(stacked));
    let (slopes, known) = divided(captured);
    let fixed: Vec<usize> = (0..moves.len()).filter(|&number| number >= turns.carried && !moves[number]).collect();
    let Turns { count, reverse, .. } = *turns;
    let taken = |numbers: &[usize]| numbers.iter().map(|&number| inputs[number].clone()).collect::<Vec<Array>>();

    let (recorder, tape) = (Recorder::new(cx.modes.enter()), Tape::new(cx.modes.enter()));
    let values = turns.body_inputs(&recorder, &[&still, &known_rows, &known]);
    let now = values.iter().take(still.len()).map(|(_, value)| value.clone()).collect::<Vec<Array>>();
    let results = recorder.run(cx, |cx| turns.run_with(cx, values, &[&moving, &rows, &slopes], &tape));
    tape.clear();
    let results = results?;
    let next = still.iter().map(|&number| results[number].clone());
    let wanted: Vec<Array> = next.chain(now).chain(fixed.iter().map(|&number| results[number].clone())).collect();
    let body = recorder.finish(cx, &wanted)?;
    let apart = Turns { body, count, carried: still.len(), stacked: known_rows.len(), reverse };
    let mut ends = scan(cx, apart, [taken(&still), taken(&known_rows), taken(&known)].concat())?.into_iter();
    let mut all: Vec<Option<Array>> = vec![None; moves.len()];
    for &number in &still {
        all[number] = ends.next();
    }
    let history: Vec<Array> = ends.by_ref().take(still.len()).collect();
    for &number in &fixed {
        all[number] = ends.next();
    }

    let recorder = Recorder::new(cx.modes.enter());
    let values = turns.body_inputs(&recorder, &[&moving, &still, &known_rows, &rows, &known, &slopes]);
    let results = recorder.run(cx, |cx| turns.run_with(cx, values, &[], &tape))?;
    let left: Vec<usize> = (0..moves.len())
        .filter(|&number| if number < turns.carried { linear[number] } else { moves[number] })
        .collect();
    if !left.is_empty() {
        let wanted: Vec<Array> = left.iter().map(|&number| results[number].clone()).collect();
        let body = recorder.finish(cx, &wanted)?;
        let stacked = still.len() + known_rows.len() + rows.len();
        let given = [taken(&moving), history, taken(&known_rows), taken(&rows), taken(&known), taken(&slopes)];
        let found = scan(cx, Turns { body, count, carried: moving.len(), stacked, reverse }, given.concat())?;
        left.into_iter().zip(found).for_each(|(number, found)| all[number] = Some(found));
    }
    all.into_iter().collect::<Option<Outputs>>().ok_or_else(cpu::mistyped).map(Some)
}

/// Which inputs of a turn are linear, with those carried values that come to depend on such; which results do.
fn dependent(cx: &mut Context, turns: &Turns, linear: &[bool]) -> Result<(Vec<bool>, Vec<bool>)> {
    let mut linear = linear.to_vec();
    loop {
        let (recorder, tape) = (Recorder::new(cx.modes.enter()), Tape::new(cx.modes.enter()));
        let (moving, known) = (0..linear.len()).partition::<Vec<usize>, _>(|&number| linear[number]);
        let values = turns.body_inputs(&recorder, &[&known]);
        let found = recorder.run(cx, |cx| turns.run_with(cx, values, &[&moving], &tape));
        tape.clear();
        let moves: Vec<bool> = found?.iter().map(|result| tape.number(result).is_some()).collect();
        let more: Vec<usize> = (0..turns.carried).filter(|&number| !linear[number] && moves[number]).collect();
        if more.is_empty() {
            return Ok((linear, moves));
        }
        more.into_iter().for_each(|number| linear[number] = true);
    }
}

/// Inputs of a turn, by number.
type Inputs = Vec<(usize, Array)>;

impl Turns {
    /// Inputs of a turn as inputs of a new graph, in this order.
    fn body_inputs(&self, recorder: &Recorder, numbers: &[&[usize]]) -> Inputs {
        let numbers = numbers.iter().flat_map(|numbers| numbers.iter().copied());
        numbers.map(|number| (number, recorder.input(self.body.inputs[number].clone()))).collect()
    }

    /// Runs a turn on these inputs, and on variables of a program where it is linear.
    fn run_with(&self, cx: &mut Context, inputs: Inputs, linear: &[&[usize]], tape: &Tape) -> Result<Vec<Array>> {
        let mut values: Vec<Option<Array>> = vec![None; self.body.inputs.len()];
        for &number in linear.iter().flat_map(|numbers| numbers.iter()) {
            values[number] = Some(tape.input(self.body.inputs[number].clone()).1);
        }
        for (number, value) in inputs {
            values[number] = Some(value);
        }
        self.body.run(cx, &values.into_iter().flatten().collect::<Vec<Array>>())
    }
}

/// The cotangents of inputs in which the turns are linear: turn by turn from the last one, the cotangents of the
/// carried values are carried, and those of captured ones are summed. A carried value that is known at first is zero.
pub(super) fn transposed(
    cx: &mut Context,
    op: &Op,
    terms: &[Term],
    cotangents: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 2]>> {
    let turns = turns(op)?;
    if turns.body.draws() {
        return Err(draws());
    }
    let [carried, stacked, captured] = turns.parts();
    let divided = |part: std::ops::Range<usize>| part.partition::<Vec<usize>, _>(|&number| terms[number].is_linear());
    let carried: Vec<usize> = carried.collect();
    let ((rows, known_rows), (sums, known)) = (divided(stacked), divided(captured));
    let outgoing: Vec<usize> =
        (turns.carried..cotangents.len()).filter(|&number| cotangents[number].is_some()).collect();
    let known_of = |numbers: &[usize]| -> Vec<Array> {
        let known = numbers.iter().filter_map(|&number| match &terms[number] {
            Term::Known(array) => Some(array.clone()),
            Term::Linear(_) => None,
        });
        known.collect()
    };
    let body = &turns.body;
    let mut given = vec![];
    for &number in &carried {
        given.push(tangent_like(cx, cotangents[number].clone(), &body.results[number])?);
    }
    for &number in &sums {
        given.push(zeros(cx, &body.inputs[number])?);
    }
    let first = given.len();
    given.extend(known_of(&known_rows));
    given.extend(outgoing.iter().filter_map(|&number| cotangents[number].clone()));
    let stacked = given.len() - first;
    given.extend(known_of(&known));

    let (recorder, tape) = (Recorder::new(cx.modes.enter()), Tape::new(cx.modes.enter()));
    let result = |&number: &usize| (number, recorder.input(body.results[number].clone()));
    let mut incoming: Inputs = carried.iter().map(result).collect();
    let before = turns.body_inputs(&recorder, &[&sums]);
    let mut inputs = turns.body_inputs(&recorder, &[&known_rows]);
    incoming.extend(outgoing.iter().map(result));
    inputs.extend(turns.body_inputs(&recorder, &[&known]));
    let linear = [carried.as_slice(), &sums, &rows];
    let outputs = recorder.run(cx, |cx| {
        let results = turns.run_with(cx, inputs, &linear, &tape)?;
        let pairs = incoming.into_iter().filter_map(|(number, ct)| Some((tape.number(&results[number])?, ct)));
        let found = tape.transpose(cx, pairs.collect(), linear.concat().len(), true)?;
        let mut outputs = vec![];
        for (found, &number) in found.into_iter().zip(&linear.concat()) {
            outputs.push(tangent_like(cx, found, &body.inputs[number])?);
        }
        for ((_, sum), part) in before.iter().zip(&mut outputs[carried.len()..]) {
            *part = apply2(cx, &ADD, sum.clone(), part.clone())?;
        }
        Ok(outputs)
    });
    tape.clear();
    let body = recorder.finish(cx, &outputs?)?;
    let back = Turns { body, count: turns.count, carried: first, stacked, reverse: !turns.reverse };
    let found = scan(cx, back, given)?;
    let mut all: SmallVec<[Option<Array>; 2]> = smallvec![None; terms.len()];
    for (&number, cotangent) in linear.concat().iter().zip(found) {
        if let Term::Linear(aval) = &terms[number] {
            all[number] = Some(cast_back(cx, cotangent, aval)?);
        }
    }
    Ok(all)
}
