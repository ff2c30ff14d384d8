//! `custom_grad` in a graph: one operation, whose graphs are the function and the rule for its derivative.

use super::Graph;
use super::rules::run_rows;
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::ops::linear::{align, cast_back, zeros};
use crate::ops::reduce::{SUM, reduce};
use crate::ops::{Arity, Attrs, Batch, Derivative, Entry, Kernel, Op, Outputs, Rule, apply_all};
use crate::tensor::{Abstract, Array};
use crate::transform::linear::{Call, Host, Tape};
use crate::transform::trace::Recorder;
use crate::transform::{dual, hushed};
use send_wrapper::SendWrapper;
use smallvec::{SmallVec, smallvec};
use std::rc::Rc;

/// The graphs, and what their inputs are.
#[derive(Debug)]
pub struct Parts {
    /// Takes the arguments and what the function captured.
    pub function: Graph,
    /// Takes the arguments, the results, the cotangents of float results, and what the rule captured. Gives the
    /// cotangents of float arguments.
    pub rule: Graph,
    /// How many of the inputs are arguments.
    pub arguments: usize,
    /// How many the function captured; what is left the rule captured.
    pub captured: usize,
}

#[derive(Clone, Debug)]
pub struct Custom(SendWrapper<Rc<Parts>>);

impl PartialEq for Custom {
    fn eq(&self, other: &Custom) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Custom {
    pub fn new(parts: Parts) -> Custom {
        Custom(SendWrapper::new(Rc::new(parts)))
    }

    pub fn parts(&self) -> &Parts {
        &self.0
    }
}

pub(crate) static TABLE: &[&Entry] = &[&CUSTOM];

/// The inputs are the arguments, what the function captured, what the rule captured.
static CUSTOM: Entry = Entry {
    derivative: Derivative::Whole(tangents),
    batch: Batch::Whole(batched),
    ..Entry::of("custom_grad", "custom_grad", Arity::AtLeast(0), Rule::Many(rule), Kernel::Composed(kernel))
};

/// Runs the function, with the derivative that the rule tells.
pub fn custom(cx: &mut Context, parts: Parts, mut inputs: Vec<Array>) -> Result<Outputs> {
    let attrs = Attrs::Custom(Custom::new(parts));
    apply_all(cx, &Op { entry: &CUSTOM, attrs }, &mut inputs)
}

fn parts(op: &Op) -> Result<&Rc<Parts>> {
    match &op.attrs {
        Attrs::Custom(custom) => Ok(&custom.0),
        _ => Err(cpu::mistyped()),
    }
}

fn rule(op: &Op, _: &[Abstract]) -> Result<SmallVec<[Abstract; 1]>> {
    Ok(parts(op)?.function.results.iter().cloned().collect())
}

impl Parts {
    fn of_function<'i, T>(&self, inputs: &'i [T]) -> &'i [T] {
        &inputs[..self.arguments + self.captured]
    }

    /// Asks the rule: cotangents of float arguments, from those of float results; none is zero.
    fn pull(
        &self,
        cx: &mut Context,
        inputs: &[Array],
        results: &[Array],
        outgoing: &[Option<Array>],
    ) -> Result<Vec<Array>> {
        let mut given: Vec<Array> = inputs[..self.arguments].to_vec();
        given.extend_from_slice(results);
        for (result, cotangent) in results.iter().filter(|result| result.dtype().is_float()).zip(outgoing) {
            given.push(match cotangent {
                Some(cotangent) => cotangent.clone(),
                None => zeros(cx, &result.aval())?,
            });
        }
        given.extend_from_slice(&inputs[self.arguments + self.captured..]);
        self.rule.run(cx, &given)
    }
}

fn kernel(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    let parts = parts(op)?;
    Ok(parts.function.run(cx, parts.of_function(inputs))?.into())
}

/// What the arguments make the result move the rule says; what was captured moves it as in any function.
fn tangents(
    cx: &mut Context,
    op: &Op,
    inputs: &[Array],
    results: &[Array],
    tangents: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 1]>> {
    let parts = parts(op)?;
    let mut moved: SmallVec<[Option<Array>; 1]> = smallvec![None; results.len()];
    if tangents[parts.arguments..parts.arguments + parts.captured].iter().any(Option::is_some) {
        let level = cx.modes.enter();
        let lifted = |(number, (input, tangent)): (usize, (&Array, &Option<Array>))| match tangent {
            Some(tangent) if number >= parts.arguments => dual::lift(level, input.clone(), tangent.clone()),
            _ => input.clone(),
        };
        let values: Vec<Array> = inputs.iter().zip(tangents).enumerate().map(lifted).collect();
        let found = hushed(cx, |cx| parts.function.run(cx, parts.of_function(&values)))?;
        for (moved, found) in moved.iter_mut().zip(&found) {
            *moved = dual::parts(found, level).1;
        }
    }
    let floats: Vec<usize> = (0..parts.arguments).filter(|&number| inputs[number].dtype().is_float()).collect();
    let own: Vec<Option<Array>> = floats.iter().map(|&number| tangents[number].clone()).collect();
    if own.iter().all(Option::is_none) {
        return Ok(moved);
    }
    let avals: Vec<Abstract> =
        results.iter().filter(|result| result.dtype().is_float()).map(|result| result.aval()).collect();
    let by_rule = match own.iter().flatten().find_map(Tape::of) {
        Some(tape) => {
            let variables = own.iter().map(|tangent| tape.number(tangent.as_ref()?)).collect();
            let (inputs, results) = (inputs.to_vec(), results.to_vec());
            let call = OfRule { parts: parts.clone(), inputs, results, variables };
            tape.call(cx, &avals, Rc::new(call))?.into_iter().map(Some).collect()
        }
        None => transposed(cx, parts, inputs, results, &own, &avals)?,
    };
    let places = (0..results.len()).filter(|&number| results[number].dtype().is_float());
    for (number, tangent) in places.zip(by_rule) {
        if let Some(tangent) = tangent {
            let tangent = align(cx, tangent, &results[number].aval())?;
            moved[number] = dual::added(cx, moved[number].take(), tangent)?;
        }
    }
    Ok(moved)
}

/// The rule as a call in a linear program.
struct OfRule {
    parts: Rc<Parts>,
    inputs: Vec<Array>,
    results: Vec<Array>,
    /// The variables of the float arguments.
    variables: Vec<Option<usize>>,
}

impl Call for OfRule {
    fn pull(&self, host: &mut dyn Host, _: &Tape, outgoing: &[Option<Array>]) -> Result<Vec<(usize, Array)>> {
        let found = self.parts.pull(host.cx(), &self.inputs, &self.results, outgoing)?;
        Ok(self.variables.iter().zip(found).filter_map(|(variable, found)| Some(((*variable)?, found))).collect())
    }
}

/// Forward: the transpose of the rule at a cotangent of zero.
fn transposed(
    cx: &mut Context,
    parts: &Parts,
    inputs: &[Array],
    results: &[Array],
    tangents: &[Option<Array>],
    avals: &[Abstract],
) -> Result<Vec<Option<Array>>> {
    let tape = Tape::new(cx.modes.enter());
    let level = cx.modes.enter();
    let mut outgoing = vec![];
    for aval in avals {
        outgoing.push(Some(dual::lift(level, zeros(cx, aval)?, tape.input(aval.clone()).1)));
    }
    let moved = parts.pull(cx, inputs, results, &outgoing).and_then(|found| {
        let mut seeds = vec![];
        for (found, tangent) in found.iter().zip(tangents) {
            let (primal, moved) = dual::parts(found, level);
            if let (Some(number), Some(tangent)) = (moved.and_then(|moved| tape.number(&moved)), tangent) {
                seeds.push((number, cast_back(cx, tangent.clone(), &primal.aval())?));
            }
        }
        tape.transpose(cx, seeds, avals.len(), true)
    });
    tape.clear();
    moved
}

/// All rows at once, the rule included: what a transform further out makes of the rows is for the rule.
fn batched(cx: &mut Context, op: &Op, inputs: &[Array], batched: &[bool], count: usize) -> Result<Outputs> {
    let parts = parts(op)?;
    let (arguments, ends) = (parts.arguments, parts.arguments + parts.captured);
    let recorder = Recorder::new(cx.modes.enter());
    let values: Vec<Array> = inputs[..ends].iter().map(|input| recorder.input(input.aval())).collect();
    let results = recorder.run(cx, |cx| run_rows(cx, &parts.function, &values, &batched[..ends], count))?;
    let function = recorder.finish(cx, &results)?;

    let recorder = Recorder::new(cx.modes.enter());
    let mut values: Vec<Array> = inputs[..arguments].iter().map(|input| recorder.input(input.aval())).collect();
    let mut rows: Vec<bool> = batched[..arguments].to_vec();
    let floats = function.results.iter().filter(|result| result.dtype.is_float());
    for aval in function.results.iter().chain(floats) {
        values.push(recorder.input(aval.clone()));
        rows.push(true);
    }
    values.extend(inputs[ends..].iter().map(|input| recorder.input(input.aval())));
    rows.extend_from_slice(&batched[ends..]);
    let found = recorder.run(cx, |cx| {
        let found = run_rows(cx, &parts.rule, &values, &rows, count)?;
        let floats = (0..arguments).filter(|&number| inputs[number].dtype().is_float());
        let mut cotangents = vec![];
        for (number, found) in floats.zip(found) {
            // what is the same in all rows moves all of them
            cotangents.push(if batched[number] { found } else { reduce(cx, &SUM, found, Some(&[0]), false)? });
        }
        Ok(cotangents)
    })?;
    let rule = recorder.finish(cx, &found)?;
    custom(cx, Parts { function, rule, arguments, captured: parts.captured }, inputs.to_vec())
}
