//! `vmap(f)`: a function of one row, run on all rows at once.

use super::Args;
use super::declare::builtins;
use super::derivatives::{check_results, derived, internal};
use super::structures::map_alike;
use crate::diagnostics::{Error, Result};
use crate::interp::structure::check_depth;
use crate::interp::{Derived, Fields, Machine, State, Value};
use crate::ops;
use crate::tensor::{Array, Level};
use crate::transform::{Maker, batch};
use std::rc::Rc;

/// Along which axes arguments are mapped, and results stacked: whole numbers and `none`, or structures of them that the
/// values have at least. A tuple of `arguments` has one for each.
struct Axes {
    arguments: Value,
    results: Value,
}

impl State for Axes {}

/// A value made of leaves and the axis that each has.
type LeafFn<'f> = &'f mut dyn FnMut(&mut Machine, &Value, Option<i64>) -> Result<Value>;

/// Applies `f` to all leaves of a value, each with its axis: one number stands for all leaves of a part.
fn map_axes(machine: &mut Machine, what: &str, value: &Value, axes: &Value, depth: usize, f: LeafFn) -> Result<Value> {
    check_depth(depth)?;
    let differ = || {
        let message = format!("{what} has {} for {}", axes.type_name(), value.type_name());
        Err(Error::ty(message).help("one axis may stand for a whole structure; else both have one form"))
    };
    match (axes, value) {
        (Value::Tuple(axes), Value::Tuple(items)) if axes.0.len() == items.0.len() => {
            let mut mapped = vec![];
            for (axes, item) in axes.0.iter().zip(&items.0) {
                mapped.push(map_axes(machine, what, item, axes, depth + 1, f)?);
            }
            Ok(Value::tuple(mapped))
        }
        (Value::Record(axes), Value::Record(record)) if axes.0.len() == record.0.len() => {
            let mut mapped = Fields::default();
            for (name, item) in &record.0 {
                let Some(axes) = axes.0.get(name) else { return differ() };
                mapped.insert(name.clone(), map_axes(machine, what, item, axes, depth + 1, f)?);
            }
            Ok(Value::record(mapped))
        }
        (Value::Tuple(_) | Value::Record(_), _) => differ(),
        (axis, value) => {
            let axis = axis.as_int();
            map_alike(machine, &[value], &mut |machine, leaves| match leaves {
                [leaf] => f(machine, leaf, axis),
                _ => Ok(Value::None),
            })
        }
    }
}

/// Errors unless there are whole numbers and `none` alone at the leaves.
fn check_axes(args: &Args, number: usize, axes: &Value, depth: usize) -> Result<()> {
    check_depth(depth)?;
    match axes {
        Value::Tuple(items) => items.0.iter().try_for_each(|axes| check_axes(args, number, axes, depth + 1)),
        Value::Record(record) => record.0.values().try_for_each(|axes| check_axes(args, number, axes, depth + 1)),
        Value::None => Ok(()),
        axis if axis.as_int().is_some() => Ok(()),
        _ => Err(args.wrong(number, "a whole number, none, or a structure of them")),
    }
}

/// How many rows there are, and which argument told so first.
struct Count {
    rows: usize,
    argument: usize,
    name: String,
}

/// The axis of an array from the start, if it has it.
fn position(axis: i64, ndim: usize) -> Option<usize> {
    let from_start = if axis < 0 { axis + ndim as i64 } else { axis };
    usize::try_from(from_start).ok().filter(|&axis| axis < ndim)
}

fn lift(
    machine: &mut Machine,
    number: usize,
    array: Array,
    axis: i64,
    level: Level,
    count: &mut Option<Count>,
) -> Result<Array> {
    let name = array.type_name();
    let Some(axis) = position(axis, array.ndim()) else {
        let error = if array.ndim() == 0 {
            Error::shape(format!("`vmap` maps along an axis, argument {number} has none: {name}"))
        } else {
            Error::shape(format!("`vmap` maps along axis {axis}, argument {number} is {name}"))
        };
        return Err(error
            .operand(number, name)
            .help("`in_axes` tells the axis of each argument; `none` leaves it as it is: `in_axes=(0, none)`"));
    };
    let rows = array.shape().get(axis).copied().unwrap_or(0);
    match count {
        Some(count) if count.rows != rows => {
            let message = format!("`vmap` maps along axes of lengths {} and {rows}", count.rows);
            return Err(Error::shape(message)
                .operand(count.argument, count.name.clone())
                .operand(number, name)
                .help("what is mapped has one length; `in_axes` tells along which axis, `none` leaves it as it is"));
        }
        Some(_) => {}
        None => *count = Some(Count { rows, argument: number, name }),
    }
    let rows = ops::moveaxis(&mut machine.host.cx, array, &[axis as i64], &[0])?;
    Ok(batch::lift(level, rows))
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

fn run_vmap(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    let Some(axes) = derived.state::<Axes>() else { return Err(internal()) };
    if let Value::Tuple(each) = &axes.arguments
        && each.0.len() != args.len()
    {
        let (entries, given) =
            (counted(each.0.len(), "entry", "entries"), counted(args.len(), "argument", "arguments"));
        return Err(Error::value(format!("`in_axes` has {entries} for {given}")).help(
            "one number stands for all arguments; for one argument that is a tuple write `in_axes=((0, none),)`",
        ));
    }
    let level = machine.host.cx.modes.enter();
    let mut count: Option<Count> = None;
    let mut lifted = vec![];
    for (number, arg) in args.iter().enumerate() {
        let own = match &axes.arguments {
            Value::Tuple(each) => each.0.get(number).cloned().unwrap_or(Value::None),
            all => all.clone(),
        };
        lifted.push(map_axes(machine, "`in_axes`", arg, &own, 0, &mut |machine, leaf, axis| match (
            leaf.as_array(),
            axis,
        ) {
            (Some(array), Some(axis)) => lift(machine, number, array, axis, level, &mut count).map(Value::Array),
            _ => Ok(leaf.clone()),
        })?);
    }
    let Some(Count { rows, .. }) = count else {
        return Err(Error::value("`vmap` has no argument to map over")
            .help("at least one array has to have an axis in `in_axes`"));
    };
    let depth = machine.host.cx.modes.begin(Maker::Rows(level, rows));
    let result = machine.call(&derived.of, lifted);
    machine.host.cx.modes.end(depth);
    // outside, an error of some rows is one of the whole call
    let result = result.map_err(Error::settled)?;
    check_results("vmap", &result, level)?;
    let lowered =
        map_axes(machine, "`out_axes`", &result, &axes.results, 0, &mut |machine, leaf, axis| match leaf.as_array() {
            Some(array) => lower(machine, &array, axis, level, rows).map(Value::Array),
            None => Ok(leaf.clone()),
        })?;
    machine.settle(lowered)
}

/// All rows of a result along an axis, or the one value that is the same in all of them.
fn lower(machine: &mut Machine, array: &Array, axis: Option<i64>, level: Level, count: usize) -> Result<Array> {
    let Some(axis) = axis else {
        if batch::rows_of(array, level).is_none() {
            return Ok(array.clone());
        }
        return Err(Error::value(format!(
            "`out_axes` is none for a result that differs from row to row: {}",
            array.type_name()
        ))
        .help("`out_axes=0` stacks the rows"));
    };
    let cx = &mut machine.host.cx;
    let rows = batch::lower(cx, array, level, count)?;
    match position(axis, rows.ndim()) {
        Some(0) => Ok(rows),
        Some(axis) => ops::moveaxis(cx, rows, &[0], &[axis as i64]),
        None => Err(Error::shape(format!("`out_axes` is {axis}, the stacked result is {}", rows.type_name()))),
    }
}

builtins! {
    elements Settled;

    /// A function that runs f on every row of its arguments, as one batched run.
    /// `in_axes` tells along which axis arguments are mapped: one number for all, or a tuple with an entry for each; an
    /// entry may be negative, counting from the end, `none`, which leaves the argument as it is, or a structure with an
    /// entry for each part of the argument. The results are stacked along the axis `out_axes`, a new first one if not
    /// told: a number or a structure as in the result; `none` takes what is the same for all rows as it is. Random
    /// numbers are drawn for every row.
    fn vmap(f, in_axes = 0, out_axes = 0)
        ex "vmap(|x| sum(x * x))([[1.0, 2.0], [3.0, 4.0]])" => "[ 5. 25.]";
        ex "vmap(|x, y| x @ y, in_axes=(0, none))([[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0])" => "[3. 8.]";
        ex "vmap(|x| x * [1, 10], in_axes=-1, out_axes=1)([1, 2, 3])" => "[[ 1  2  3]\n [10 20 30]]";
        ex "vmap(|p, x| p.w @ x + p.b, in_axes=((w=none, b=0), 0))((w=[1.0, 2.0], b=[0.5, 1.5]), eye(2))" => "[1.5 3.5]";
        ex "vmap(grad(|x| x ** 3))([1.0, 2.0])" => "[ 3. 12.]";
        fails "vmap(exp)(1.0)" => "shape";
        fails "vmap(exp, in_axes=1)([1.0])" => "shape";
        fails "vmap(exp, in_axes=none)([1.0])" => "value";
        fails "vmap(|x, y| x + y)([1, 2], [1, 2, 3])" => "shape";
        fails "vmap(|x| x, out_axes=none)([1, 2])" => "value";
    = |_, args| {
        for number in [1, 2] {
            check_axes(args, number, args.get(number), 0)?;
        }
        if let Value::Record(_) = args.get(1) {
            return Err(args.wrong(1, "a whole number, none, or a tuple with an entry for each argument"));
        }
        let axes = Axes { arguments: args.get(1).clone(), results: args.get(2).clone() };
        derived(args, "vmap", run_vmap, axes)
    };
}
