//! Linear programs: recorded while a function runs, transposed for its backward derivative.
//!
//! A step of a program is an operation that is linear in some inputs; the others are residuals, kept because the step
//! reads them, and nothing else is kept. Steps refer to each other by number: a program of any length is dropped flat.

use super::dual::added;
use super::missing;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::ops::{Op, Outputs, Term};
use crate::tensor::{Abstract, Array, Level, Lifted, Mode};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::rc::Rc;

/// A linear program in the making.
#[derive(Clone)]
pub struct Tape {
    level: Level,
    program: Rc<RefCell<Program>>,
}

#[derive(Default)]
struct Program {
    /// How many variables there are; the inputs come first.
    variables: usize,
    steps: Vec<Step>,
}

#[derive(Clone)]
struct Step {
    op: Op,
    inputs: SmallVec<[Input; 2]>,
    /// The first of its results; they are numbered in order.
    first: usize,
    results: usize,
}

#[derive(Clone)]
enum Input {
    Variable(usize, Abstract),
    Residual(Array),
}

/// A tangent that stands for a variable.
struct Variable {
    tape: Tape,
    number: usize,
}

impl Tape {
    pub fn new(level: Level) -> Tape {
        Tape { level, program: Rc::default() }
    }

    /// A further input of the program.
    pub fn input(&self, aval: Abstract) -> (usize, Array) {
        let number = self.add(1);
        (number, self.variable(number, aval))
    }

    fn add(&self, count: usize) -> usize {
        let mut program = self.program.borrow_mut();
        program.variables += count;
        program.variables - count
    }

    fn variable(&self, number: usize, aval: Abstract) -> Array {
        Array::Lifted(Lifted::new(aval, Mode::Linear, self.level, Variable { tape: self.clone(), number }))
    }

    /// The number of the variable that a tangent stands for, if it is one of this program.
    pub fn number(&self, tangent: &Array) -> Option<usize> {
        match tangent {
            Array::Lifted(lifted) if lifted.level() == self.level => Some(lifted.body::<Variable>()?.number),
            _ => None,
        }
    }

    /// The cotangents of the inputs, from those of results; none is zero. `spend` gives the program up on the way, so
    /// that residuals go as soon as they were read.
    pub fn transpose(
        &self,
        cx: &mut Context,
        results: Vec<(usize, Array)>,
        inputs: usize,
        spend: bool,
    ) -> Result<Vec<Option<Array>>> {
        let variables = self.program.borrow().variables;
        let mut cotangents: Vec<Option<Array>> = vec![None; variables];
        for (number, cotangent) in results {
            let sum = cotangents[number].take();
            cotangents[number] = added(cx, sum, cotangent)?;
        }
        let mut left = self.program.borrow().steps.len();
        while let Some(step) = self.step_before(left, spend) {
            left -= 1;
            step.pull(cx, &mut cotangents)?;
        }
        cotangents.truncate(inputs);
        Ok(cotangents)
    }

    fn step_before(&self, left: usize, spend: bool) -> Option<Step> {
        if spend {
            return self.program.borrow_mut().steps.pop();
        }
        self.program.borrow().steps.get(left.checked_sub(1)?).cloned()
    }
}

impl Step {
    /// Carries the cotangents of the results back to the inputs.
    fn pull(self, cx: &mut Context, cotangents: &mut [Option<Array>]) -> Result<()> {
        let Step { op, inputs, first, results } = self;
        let outgoing: SmallVec<[Option<Array>; 1]> =
            cotangents[first..first + results].iter_mut().map(Option::take).collect();
        if outgoing.iter().all(Option::is_none) {
            return Ok(());
        }
        let rule = op.entry.transpose.ok_or_else(|| missing("the derivative", &op))?;
        let mut numbers: SmallVec<[Option<usize>; 3]> = SmallVec::new();
        let mut terms: SmallVec<[Term; 3]> = SmallVec::new();
        for input in inputs {
            numbers.push(match &input {
                Input::Variable(number, _) => Some(*number),
                Input::Residual(_) => None,
            });
            terms.push(match input {
                Input::Variable(_, aval) => Term::Linear(aval),
                Input::Residual(array) => Term::Known(array),
            });
        }
        let incoming = rule(cx, &op, &terms, &outgoing)?;
        for (number, cotangent) in numbers.into_iter().zip(incoming) {
            if let (Some(number), Some(cotangent)) = (number, cotangent) {
                let sum = cotangents[number].take();
                cotangents[number] = added(cx, sum, cotangent)?;
            }
        }
        Ok(())
    }
}

/// Adds a step to the program that the inputs at this level belong to.
pub(super) fn record(cx: &Context, op: &Op, inputs: &[Array], level: Level) -> Result<Outputs> {
    let avals: SmallVec<[Abstract; 3]> = inputs.iter().map(Array::aval).collect();
    let results = op.infer_all(&avals)?;
    let mut tape: Option<Tape> = None;
    let inputs = inputs.iter().zip(avals).map(|(input, aval)| match input {
        Array::Lifted(lifted) if lifted.level() == level => match lifted.body::<Variable>() {
            Some(variable) => {
                tape.get_or_insert_with(|| variable.tape.clone());
                Input::Variable(variable.number, aval)
            }
            None => Input::Residual(input.clone()),
        },
        _ => Input::Residual(input.clone()),
    });
    let inputs: SmallVec<[Input; 2]> = inputs.collect();
    let tape = tape.ok_or_else(crate::cpu::mistyped)?;
    let first = tape.add(results.len());
    let steps = tape.program.borrow().steps.len();
    // growing doubles: looking at powers of two is enough
    if steps.is_power_of_two() {
        cx.reserve(2 * steps, size_of::<Step>(), || format!("what a derivative keeps of {} operations", 2 * steps))?;
    }
    tape.program.borrow_mut().steps.push(Step { op: op.clone(), inputs, first, results: results.len() });
    Ok(results.into_iter().enumerate().map(|(i, aval)| tape.variable(first + i, aval)).collect())
}
