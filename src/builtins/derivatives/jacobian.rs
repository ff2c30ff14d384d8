//! Jacobians: the derivative of every element of a result by every element of the arguments.
//!
//! The function runs once. Its linear program then runs for all unit directions at once, as a batch: forward where the
//! arguments have fewer elements than what moves of the result, or as many; else backward. With calls in it, it runs
//! backward alone: forward a rule that is not linear in the cotangent would tell something else.

use super::backward::{Linearized, gradient_of};
use super::leaves::{Floats, with_floats};
use super::wrt::Wrt;
use super::{derived, function, internal};
use crate::builtins::declare::builtins;
use crate::builtins::structures::map_alike;
use crate::diagnostics::{Error, Result};
use crate::interp::{Derived, Machine, Value};
use crate::ops;
use crate::ops::index::{self, Index};
use crate::ops::linear::{align, cast_back, lengths, zeros};
use crate::tensor::{Abstract, Array};
use crate::transform::batch;
use std::rc::Rc;

/// What moves of a result.
struct Output {
    variable: usize,
    aval: Abstract,
}

/// The derivative of each output by each input, shaped as the output followed by the input; none is zero.
type Blocks = Vec<Vec<Option<Array>>>;

fn run_jacobian(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    let Some(wrt) = derived.state::<Wrt>() else { return Err(internal()) };
    let linearized = Linearized::of(machine, derived.name, &derived.of, args, wrt)?;
    let which = Floats::of(&linearized.value);
    if !linearized.results.iter().any(|(array, _)| which.counts(array)) {
        return Err(no_floats(derived.name, &linearized.value));
    }
    let outputs: Vec<Output> = linearized
        .results
        .iter()
        .filter_map(|leaf| linearized.variable(leaf).map(|variable| Output { variable, aval: leaf.0.aval() }))
        .collect();
    let inputs: usize = linearized.avals.iter().map(Abstract::size).sum();
    let moving: usize = outputs.iter().map(|output| output.aval.size()).sum();
    let blocks = if inputs <= moving && !linearized.tape.has_calls() {
        forward(machine, &linearized, &outputs)?
    } else {
        backward(machine, &linearized, &outputs)?
    };
    let jacobian = arranged(machine, &linearized, blocks)?;
    machine.settle(jacobian)
}

#[cold]
fn no_floats(name: &str, value: &Value) -> Error {
    Error::ty(format!("`{name}` needs a function with a float in its result, this gives {}", value.describe()))
}

/// Where the elements of values lie that are put behind each other, and how many there are.
fn offsets<'a>(avals: impl Iterator<Item = &'a Abstract>) -> (Vec<usize>, usize) {
    let mut end = 0;
    let starts = avals
        .map(|aval| {
            let start = end;
            end += aval.size();
            start
        })
        .collect();
    (starts, end)
}

/// All unit directions of values that are put behind each other, of this one the part from `start` on: the first axis
/// counts the directions.
fn units(machine: &mut Machine, aval: &Abstract, start: usize, count: usize) -> Result<Array> {
    let cx = &mut machine.host.cx;
    let (rows, columns) = (count as i64, aval.size() as i64);
    let units = ops::create::eye(cx, rows, Some(columns), -(start as i64), aval.dtype)?;
    let mut shape = lengths(&aval.shape);
    shape.insert(0, rows);
    let units = ops::reshape(cx, units, &shape)?;
    ops::place::place(cx, units, aval.device)
}

/// The directions from `start` on that belong to a value, of all along the first axis.
fn part(machine: &mut Machine, all: &Array, start: usize, size: usize) -> Result<Array> {
    let (start, end) = (start as i64, (start + size) as i64);
    index::get(&mut machine.host.cx, all, &[Index::Slice { start: Some(start), stop: Some(end), step: None }])
}

fn forward(machine: &mut Machine, of: &Linearized, outputs: &[Output]) -> Result<Blocks> {
    let (starts, count) = offsets(of.avals.iter());
    let level = machine.host.cx.modes.enter();
    let mut directions = vec![];
    for (aval, &start) in of.avals.iter().zip(&starts) {
        directions.push(Some(batch::lift(level, units(machine, aval, start, count)?)));
    }
    let variables: Vec<usize> = outputs.iter().map(|output| output.variable).collect();
    let moved = of.tape.push(&mut machine.host.cx, directions, &variables)?;
    let mut blocks = vec![];
    for (moved, output) in moved.into_iter().zip(outputs) {
        let Some(moved) = moved else {
            blocks.push(vec![None; of.avals.len()]);
            continue;
        };
        let cx = &mut machine.host.cx;
        let moved = align(cx, moved, &Abstract { weak: false, ..output.aval.clone() })?;
        let rows = batch::lower(cx, &moved, level, count)?;
        let mut row = vec![];
        for (aval, &start) in of.avals.iter().zip(&starts) {
            let rows = part(machine, &rows, start, aval.size())?;
            let last = rows.ndim() as i64 - 1;
            let columns = ops::moveaxis(&mut machine.host.cx, rows, &[0], &[last])?;
            row.push(Some(block(machine, columns, &output.aval, aval)?));
        }
        blocks.push(row);
    }
    Ok(blocks)
}

fn backward(machine: &mut Machine, of: &Linearized, outputs: &[Output]) -> Result<Blocks> {
    let (starts, count) = offsets(outputs.iter().map(|output| &output.aval));
    let level = machine.host.cx.modes.enter();
    let mut seeds = vec![];
    for (output, &start) in outputs.iter().zip(&starts) {
        seeds.push((output.variable, batch::lift(level, units(machine, &output.aval, start, count)?)));
    }
    let found = of.pull(machine, seeds, true)?;
    let mut blocks: Blocks = outputs.iter().map(|_| vec![]).collect();
    for (found, aval) in found.into_iter().zip(&of.avals) {
        let rows = match found {
            Some(found) => Some(batch::lower(&mut machine.host.cx, &found, level, count)?),
            None => None,
        };
        for ((row, output), &start) in blocks.iter_mut().zip(outputs).zip(&starts) {
            row.push(match &rows {
                Some(rows) => {
                    let rows = part(machine, rows, start, output.aval.size())?;
                    Some(block(machine, rows, &output.aval, aval)?)
                }
                None => None,
            });
        }
    }
    Ok(blocks)
}

/// The form of the derivative of an output by an input.
fn form(output: &Abstract, input: &Abstract) -> Abstract {
    let shape = output.shape.iter().chain(&input.shape).copied().collect();
    Abstract { shape, weak: output.weak && input.weak, ..output.clone() }
}

fn block(machine: &mut Machine, elements: Array, output: &Abstract, input: &Abstract) -> Result<Array> {
    let like = form(output, input);
    let cx = &mut machine.host.cx;
    let shaped = ops::reshape(cx, elements, &lengths(&like.shape))?;
    cast_back(cx, shaped, &like)
}

/// At every float of the result a structure with the form of what is differentiated by; `none` where nothing moves.
fn arranged(machine: &mut Machine, of: &Linearized, blocks: Blocks) -> Result<Value> {
    let mut blocks = blocks.into_iter();
    let mut results = of.results.iter();
    let which = Floats::of(&of.value);
    map_alike(machine, &[&of.value], &mut |machine, leaves| {
        let [leaf @ Value::Array(_)] = leaves else { return Ok(Value::None) };
        let found = results.next().and_then(|leaf| of.variable(leaf)).and_then(|_| blocks.next());
        let Some(output) = which.get(&mut machine.host.cx, leaf)?.map(|array| array.aval()) else {
            return Ok(Value::None);
        };
        let mut found = found.unwrap_or_default().into_iter();
        let mut inputs = of.avals.iter();
        let mut parts = vec![];
        for (_, arg) in of.wrt.arguments(&of.args)? {
            parts.push(with_floats(machine, arg, &mut |machine| match (found.next().flatten(), inputs.next()) {
                (Some(block), _) => Ok(Value::Array(block)),
                (None, Some(input)) => zeros(&mut machine.host.cx, &form(&output, input)).map(Value::Array),
                _ => Ok(Value::None),
            })?);
        }
        Ok(of.wrt.joined(parts))
    })
}

builtins! {
    elements Settled;

    /// The derivative of every element of the result by every element of the argument, as a function.
    /// Its shape is that of the result followed by that of the argument. Where either is a structure, each float of the
    /// result has a structure of the form of the argument; what has no derivative gives `none`. `wrt` is the argument
    /// to differentiate by, by number or name, or a tuple of several. All directions run as one batch, of the argument
    /// (forward) or of the result (backward), whichever are fewer; through a checkpoint or a rule of `custom_grad` they
    /// always run backward, as what a rule tells need not be the same forward.
    fn jacobian(f, wrt = 0)
        ex "jacobian(|x| x * x)([1.0, 2.0])" => "[[2. 0.]\n [0. 4.]]";
        ex "jacobian(|x| (sum(x), x[0] * x[1]))([2.0, 3.0])" => "([1. 1.], [3. 2.])";
        ex "jacobian(|x, y| x * y, wrt=(\"x\", \"y\"))([1.0, 2.0], 3.0)" => "([[3. 0.]\n  [0. 3.]], [1. 2.])";
        fails "jacobian(1)" => "type";
        fails "jacobian(exp)([1, 2])" => "type";
        fails "jacobian(exp, wrt=\"y\")" => "value";
    = |_, args| {
        let wrt = Wrt::read(args, 1)?;
        derived(args, "jacobian", run_jacobian, wrt)
    };

    /// The second derivatives of a function whose result is one float, as a function.
    /// Its shape is twice that of the argument. For a structure, each float of it has a structure of the same form.
    /// `wrt` is the argument to differentiate by, by number or name, or a tuple of several. The derivative of the
    /// gradient runs forward, for all directions as one batch.
    fn hessian(f, wrt = 0)
        ex "hessian(|x| sum(x ** 3))([1.0, 2.0])" => "[[ 6.  0.]\n [ 0. 12.]]";
        ex "hessian(|x| exp(2 * x))(0.0)" => "4.0";
        ex "hessian(|x, y| x * y ** 2, wrt=(0, 1))(2.0, 3.0)" => "((0.0, 6.0), (6.0, 4.0))";
        fails "hessian(|x| x)([1.0])" => "type";
    = |_, args| {
        let wrt = Wrt::read(args, 1)?;
        let gradient = gradient_of(function(args, 0)?.clone(), "hessian", wrt.clone());
        let state = Box::new(wrt);
        Ok(Value::Derived(Rc::new(Derived { name: "hessian", of: gradient, run: run_jacobian, state })))
    };
}
