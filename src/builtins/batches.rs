//! `vmap(f)`: a function of one row, run on all rows at once.

use super::declare::builtins;
use super::derivatives::{derived, internal};
use super::structures::map_alike;
use crate::diagnostics::{Error, Result};
use crate::interp::{Derived, Machine, State, Value};
use crate::ops;
use crate::transform::{Maker, batch};
use std::rc::Rc;

/// Along which axis arguments are mapped; none leaves one as it is.
enum Axes {
    All(Option<i64>),
    Each(Vec<Option<i64>>),
}

impl State for Axes {}

fn run_vmap(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    let Some(axes) = derived.state::<Axes>() else { return Err(internal()) };
    if let Axes::Each(axes) = axes
        && axes.len() != args.len()
    {
        return Err(Error::value(format!("`in_axes` has {} entries for {} arguments", axes.len(), args.len())));
    }
    let level = machine.host.cx.modes.enter();
    let mut count: Option<usize> = None;
    let mut lifted = vec![];
    for (number, arg) in args.iter().enumerate() {
        let axis = match axes {
            Axes::All(axis) => *axis,
            Axes::Each(axes) => axes.get(number).copied().flatten(),
        };
        let Some(axis) = axis else {
            lifted.push(arg.clone());
            continue;
        };
        lifted.push(map_alike(machine, &[arg], &mut |machine, leaves| {
            let [leaf] = leaves else { return Ok(Value::None) };
            let Some(array) = leaf.as_array() else { return Ok((*leaf).clone()) };
            if array.ndim() == 0 {
                let message = format!("`vmap` maps along an axis, argument {number} has none: {}", array.type_name());
                return Err(Error::shape(message)
                    .operand(number, array.type_name())
                    .help("`in_axes=(0, none)` leaves an argument as it is"));
            }
            let rows = ops::moveaxis(&mut machine.host.cx, array, &[axis], &[0])?;
            let len = rows.shape()[0];
            match count {
                Some(count) if count != len => {
                    return Err(Error::shape(format!("`vmap` maps along axes of lengths {count} and {len}"))
                        .operand(number, leaf.type_name()));
                }
                _ => count = Some(len),
            }
            Ok(Value::Array(batch::lift(level, rows)))
        })?);
    }
    let Some(count) = count else { return Err(Error::value("`vmap` has no argument to map over")) };
    let depth = machine.host.cx.modes.begin(Maker::Rows(level, count));
    let result = machine.call(&derived.of, lifted);
    machine.host.cx.modes.end(depth);
    // outside, an error of some rows is one of the whole call
    let result = result.map_err(Error::settled)?;
    let lowered = map_alike(machine, &[&result], &mut |machine, leaves| {
        let [leaf] = leaves else { return Ok(Value::None) };
        match leaf.as_array() {
            Some(array) => batch::lower(&mut machine.host.cx, &array, level, count).map(Value::Array),
            None => Ok((*leaf).clone()),
        }
    })?;
    machine.settle(lowered)
}

builtins! {
    elements Settled;

    /// A function that runs f on every row of its arguments, as one batched run.
    /// `in_axes` tells along which axis an argument is mapped, one number for all or a tuple; `none` leaves an argument
    /// as it is. The results are stacked along a new first axis. Random numbers are drawn for every row.
    fn vmap(f, in_axes = 0)
        ex "vmap(|x| sum(x * x))([[1.0, 2.0], [3.0, 4.0]])" => "[ 5. 25.]";
        ex "vmap(|x, y| x @ y, in_axes=(0, none))([[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0])" => "[3. 8.]";
        ex "vmap(grad(|x| x ** 3))([1.0, 2.0])" => "[ 3. 12.]";
        fails "vmap(exp)(1.0)" => "shape";
        fails "vmap(|x, y| x + y)([1, 2], [1, 2, 3])" => "shape";
    = |_, args| {
        let axis = |value: &Value| match value {
            Value::None => Ok(None),
            value => value.as_int().map(Some).ok_or_else(|| args.wrong(1, "a whole number, none, or a tuple of them")),
        };
        let axes = match args.get(1) {
            Value::Tuple(items) => Axes::Each(items.0.iter().map(axis).collect::<Result<_>>()?),
            one => Axes::All(axis(one)?),
        };
        derived(args, "vmap", run_vmap, axes)
    };
}
