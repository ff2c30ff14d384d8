//! Linear programs: recorded while a function runs, transposed for its backward derivative.
//!
//! A step of a program is an operation that is linear in some inputs; the others are residuals, kept because the step
//! reads them, and nothing else is kept. Steps refer to each other by number: a program of any length is dropped flat.
//! A call stands for steps that are not there: it knows how to carry cotangents back, or records the steps anew.

use super::dual::added;
use super::missing;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::ops::linear::{sum_to, zeros};
use crate::ops::{Op, Outputs, Term, apply_all};
use crate::tensor::{Abstract, Array, Level, Lifted, Mode};
use smallvec::SmallVec;
use std::any::Any;
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
    calls: Vec<Called>,
    /// Nothing is kept of what runs now.
    paused: bool,
}

/// What stands in a program for a function that is more than its operations.
pub trait Call {
    /// Cotangents of variables, from those of the results; none is zero. Where they are of steps that it recorded
    /// behind the program, they go back through these.
    fn pull(&self, host: &mut dyn Host, tape: &Tape, outgoing: &[Option<Array>]) -> Result<Vec<(usize, Array)>>;
}

/// Who has a program transposed: calls may need more of it than the context.
pub trait Host {
    fn cx(&mut self) -> &mut Context;
    fn any(&mut self) -> &mut dyn Any;
}

impl Host for Context {
    fn cx(&mut self) -> &mut Context {
        self
    }
    fn any(&mut self) -> &mut dyn Any {
        self
    }
}

#[derive(Clone)]
struct Called {
    /// How many steps were there before.
    at: usize,
    /// The first of its results; they are numbered in order.
    first: usize,
    results: usize,
    call: Rc<dyn Call>,
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

impl Input {
    fn number(&self) -> Option<usize> {
        match self {
            Input::Variable(number, _) => Some(*number),
            Input::Residual(_) => None,
        }
    }
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

    pub fn level(&self) -> Level {
        self.level
    }

    /// Is what runs now kept?
    pub fn is_recording(&self) -> bool {
        !self.program.borrow().paused
    }

    /// From here on nothing is kept, until `resume`. What was recorded stays.
    pub fn pause(&self) {
        self.program.borrow_mut().paused = true;
    }

    pub fn resume(&self) {
        self.program.borrow_mut().paused = false;
    }

    /// Lets go of all that was recorded. Calls may hold variables of the program that they are in: whoever made it
    /// clears it, or it would live forever.
    pub fn clear(&self) {
        let (steps, calls) = {
            let mut program = self.program.borrow_mut();
            (std::mem::take(&mut program.steps), std::mem::take(&mut program.calls))
        };
        drop((steps, calls));
    }

    /// Adds a call, and gives the tangents that stand for its results.
    pub fn call(&self, cx: &Context, results: &[Abstract], call: Rc<dyn Call>) -> Result<Vec<Array>> {
        let first = self.add(results.len());
        if self.is_recording() {
            let (at, calls) = self.length();
            reserve::<Called>(cx, calls, "calls")?;
            self.program.borrow_mut().calls.push(Called { at, first, results: results.len(), call });
        }
        Ok(results.iter().enumerate().map(|(i, aval)| self.variable(first + i, aval.clone())).collect())
    }

    /// Are there calls in it?
    pub fn has_calls(&self) -> bool {
        !self.program.borrow().calls.is_empty()
    }

    /// The program that a tangent is a variable of.
    pub fn of(tangent: &Array) -> Option<Tape> {
        match tangent {
            Array::Lifted(lifted) => lifted.body::<Variable>().map(|variable| variable.tape.clone()),
            _ => None,
        }
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
        host: &mut dyn Host,
        results: Vec<(usize, Array)>,
        inputs: usize,
        spend: bool,
    ) -> Result<Vec<Option<Array>>> {
        let (variables, (steps, calls)) = (self.program.borrow().variables, self.length());
        let mut cotangents: Vec<Option<Array>> = vec![None; variables];
        for (number, cotangent) in results {
            let sum = cotangents[number].take();
            cotangents[number] = added(host.cx(), sum, cotangent)?;
        }
        let carried = self.back(host, &mut cotangents, (0, 0), spend);
        if !spend {
            // what calls recorded on the way goes, also where one failed
            let anew = {
                let mut program = self.program.borrow_mut();
                program.variables = variables;
                let (steps, calls) = (steps.min(program.steps.len()), calls.min(program.calls.len()));
                (program.steps.split_off(steps), program.calls.split_off(calls))
            };
            drop(anew);
        }
        carried?;
        cotangents.truncate(inputs);
        Ok(cotangents)
    }

    /// Carries cotangents back through the steps and calls behind so many of both.
    fn back(
        &self,
        host: &mut dyn Host,
        cotangents: &mut Vec<Option<Array>>,
        floor: (usize, usize),
        spend: bool,
    ) -> Result<()> {
        let (mut left, mut calls) = self.length();
        loop {
            if calls > floor.1
                && let Some(called) = self.call_before(calls, left, spend)
            {
                calls -= 1;
                let end = self.length();
                called.pull(host, self, cotangents)?;
                if spend {
                    // what was recorded anew is at the end of what is left
                    (left, calls) = self.length();
                } else {
                    self.back(host, cotangents, end, true)?;
                }
            } else if left > floor.0
                && let Some(step) = self.step_before(left, spend)
            {
                left -= 1;
                step.pull(host.cx(), cotangents)?;
            } else {
                return Ok(());
            }
        }
    }

    /// How variables move, from how the inputs do; none does not. The program, one without calls, is given up on the
    /// way.
    pub fn push(&self, cx: &mut Context, inputs: Vec<Option<Array>>, results: &[usize]) -> Result<Vec<Option<Array>>> {
        let (variables, steps) = {
            let mut program = self.program.borrow_mut();
            (program.variables, std::mem::take(&mut program.steps))
        };
        let mut tangents = Tangents { values: inputs, uses: vec![0; variables] };
        tangents.values.resize(variables, None);
        let read = steps.iter().flat_map(|step| &step.inputs).filter_map(Input::number);
        read.chain(results.iter().copied()).for_each(|number| tangents.uses[number] += 1);
        for step in steps {
            cx.check()?;
            step.push(cx, &mut tangents)?;
        }
        Ok(results.iter().map(|&number| tangents.read(number)).collect())
    }

    fn length(&self) -> (usize, usize) {
        let program = self.program.borrow();
        (program.steps.len(), program.calls.len())
    }

    /// The last of so many calls, if it stands behind so many steps.
    fn call_before(&self, calls: usize, left: usize, spend: bool) -> Option<Called> {
        let mut program = self.program.borrow_mut();
        let last = program.calls.get(calls.checked_sub(1)?)?;
        if last.at < left {
            return None;
        }
        if spend { program.calls.pop() } else { Some(last.clone()) }
    }

    fn step_before(&self, left: usize, spend: bool) -> Option<Step> {
        if spend {
            return self.program.borrow_mut().steps.pop();
        }
        self.program.borrow().steps.get(left.checked_sub(1)?).cloned()
    }
}

/// How variables move, and how often each is still to be read: who reads one last lets it go.
struct Tangents {
    values: Vec<Option<Array>>,
    uses: Vec<u32>,
}

impl Tangents {
    fn read(&mut self, number: usize) -> Option<Array> {
        self.uses[number] = self.uses[number].saturating_sub(1);
        if self.uses[number] == 0 { self.values[number].take() } else { self.values[number].clone() }
    }
}

impl Called {
    /// Carries the cotangents of the results to the variables that it depends on.
    fn pull(self, host: &mut dyn Host, tape: &Tape, cotangents: &mut Vec<Option<Array>>) -> Result<()> {
        let outgoing: Vec<Option<Array>> =
            cotangents[self.first..self.first + self.results].iter_mut().map(Option::take).collect();
        if outgoing.iter().all(Option::is_none) {
            return Ok(());
        }
        let incoming = self.call.pull(host, tape, &outgoing)?;
        cotangents.resize(tape.program.borrow().variables, None);
        for (number, cotangent) in incoming {
            let sum = cotangents[number].take();
            cotangents[number] = added(host.cx(), sum, cotangent)?;
        }
        Ok(())
    }
}

impl Step {
    /// Moves the results as the inputs move.
    fn push(self, cx: &mut Context, tangents: &mut Tangents) -> Result<()> {
        let is_read = tangents.uses[self.first..self.first + self.results].iter().any(|&uses| uses > 0);
        let mut moves = false;
        let mut operands: SmallVec<[(Option<Array>, Option<Abstract>); 3]> = SmallVec::new();
        for input in self.inputs {
            operands.push(match input {
                Input::Residual(array) => (Some(array), None),
                Input::Variable(number, aval) => (tangents.read(number), Some(aval)),
            });
            moves |= matches!(operands.last(), Some((Some(_), Some(_))));
        }
        if !is_read || !moves {
            return Ok(());
        }
        let mut inputs: SmallVec<[Array; 3]> = SmallVec::new();
        for operand in operands {
            match operand {
                (Some(array), _) => inputs.push(array),
                (None, Some(aval)) => inputs.push(zeros(cx, &aval)?),
                (None, None) => {}
            }
        }
        for (i, moved) in apply_all(cx, &self.op, &mut inputs)?.into_iter().enumerate() {
            tangents.values[self.first + i] = Some(moved);
        }
        Ok(())
    }

    /// Carries the cotangents of the results back to the inputs.
    fn pull(self, cx: &mut Context, cotangents: &mut [Option<Array>]) -> Result<()> {
        let Step { op, inputs, first, results } = self;
        let outgoing: SmallVec<[Option<Array>; 1]> =
            cotangents[first..first + results].iter_mut().map(Option::take).collect();
        if outgoing.iter().all(Option::is_none) {
            return Ok(());
        }
        let mut numbers: SmallVec<[Option<usize>; 3]> = SmallVec::new();
        let mut terms: SmallVec<[Term; 3]> = SmallVec::new();
        for input in inputs {
            numbers.push(input.number());
            terms.push(match input {
                Input::Variable(_, aval) => Term::Linear(aval),
                Input::Residual(array) => Term::Known(array),
            });
        }
        if let (Some(rule), [Some(ct)], Some(Some(own))) = (op.entry.accumulate, outgoing.as_slice(), numbers.first())
            && let Some(sum) = cotangents[*own].take()
        {
            cotangents[*own] = Some(rule(cx, &op, &terms, ct, sum)?);
            return Ok(());
        }
        let rule = op.entry.transpose.ok_or_else(|| missing("the derivative", &op))?;
        let incoming = rule(cx, &op, &terms, &outgoing)?;
        for ((number, term), cotangent) in numbers.into_iter().zip(&terms).zip(incoming) {
            if let (Some(number), Term::Linear(aval), Some(cotangent)) = (number, term, cotangent) {
                // in a graph the operation may have stretched its inputs
                let cotangent = sum_to(cx, cotangent, &aval.shape)?;
                let sum = cotangents[number].take();
                cotangents[number] = added(cx, sum, cotangent)?;
            }
        }
        Ok(())
    }
}

/// Asks whether there is room for one more than so many.
fn reserve<T>(cx: &Context, there: usize, what: &str) -> Result<()> {
    // growing doubles: looking at powers of two is enough
    if there.is_power_of_two() {
        cx.reserve(2 * there, size_of::<T>(), || format!("what a derivative keeps of {} {what}", 2 * there))?;
    }
    Ok(())
}

/// Adds a step to the program that the inputs at this level belong to.
pub(super) fn record(cx: &mut Context, op: &Op, inputs: &[Array], level: Level) -> Result<Outputs> {
    if let Some(split) = op.entry.split {
        let is_linear = |input: &Array| matches!(input, Array::Lifted(lifted) if lifted.level() == level);
        let linear: SmallVec<[bool; 3]> = inputs.iter().map(is_linear).collect();
        if let Some(results) = split(cx, op, inputs, &linear)? {
            return Ok(results);
        }
    }
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
    let variables = |(i, aval)| tape.variable(first + i, aval);
    if tape.program.borrow().paused {
        return Ok(results.into_iter().enumerate().map(variables).collect());
    }
    reserve::<Step>(cx, tape.length().0, "operations")?;
    tape.program.borrow_mut().steps.push(Step { op: op.clone(), inputs, first, results: results.len() });
    Ok(results.into_iter().enumerate().map(variables).collect())
}
