//! Reductions along axes.
//!
//! Structures are not reduced: `leaves(p)` gives the arrays in them.

use super::Args;
use super::declare::builtins;
use crate::context::Context;
use crate::diagnostics::{Error, Result};
use crate::interp::{Machine, Value};
use crate::ops::{self, Entry, Op, reduce};
use crate::tensor::{Array, DType, Shape, promote};
use smallvec::SmallVec;

/// How a reduction deals with elements that are left out, and with a first value.
struct Fold {
    entry: &'static Entry,
    /// What stands for an element that is left out, and so for none at all; extremes have no such number.
    neutral: Option<Array>,
    /// Joins the result with the first value.
    join: &'static Op,
}

const SUM: Fold = Fold { entry: &reduce::SUM, neutral: Some(Array::Int(0)), join: &ops::ADD };
const PROD: Fold = Fold { entry: &reduce::PROD, neutral: Some(Array::Int(1)), join: &ops::MUL };
const MAX: Fold = Fold { entry: &reduce::MAX, neutral: None, join: &ops::MAXIMUM };
const MIN: Fold = Fold { entry: &reduce::MIN, neutral: None, join: &ops::MINIMUM };

/// What is to be reduced, and how.
struct Reduced {
    x: Array,
    axes: Option<SmallVec<[i64; 4]>>,
    keepdims: bool,
}

/// Arguments 0, 1 and `keepdims`.
fn read(args: &Args, keepdims: usize) -> Result<Reduced> {
    Ok(Reduced { x: args.number(0)?, axes: args.optional_ints(1)?, keepdims: args.bool(keepdims)? })
}

/// The elements that count, stretched to the shape of x; none if all do.
fn mask(cx: &mut Context, args: &Args, number: usize, shape: &[usize]) -> Result<Option<Array>> {
    if matches!(args.get(number), Value::Array(Array::Bool(true))) {
        return Ok(None);
    }
    let mask = args.number(number)?;
    if mask.dtype() != DType::Bool {
        return Err(args.wrong(number, "truth values"));
    }
    ops::broadcast_to(cx, mask, shape).map(Some)
}

/// What has the same extremes, once they are joined with the first value, as an array without elements has: one of it
/// along each axis that is reduced and empty.
fn in_place_of_none(cx: &mut Context, x: &Array, axes: Option<&[i64]>, initial: &Array) -> Result<Array> {
    let ndim = x.ndim() as i64;
    let is_reduced = |at: usize| axes.is_none_or(|axes| axes.iter().any(|&axis| axis.rem_euclid(ndim) == at as i64));
    let lengths = x.shape().iter().enumerate();
    let shape: Shape = lengths.map(|(at, &n)| if n == 0 && is_reduced(at) { 1 } else { n }).collect();
    let dtype = promote(&[x.element_type(), initial.element_type()]).map_or(x.dtype(), |found| found.dtype);
    let initial = ops::cast(cx, initial.clone(), dtype)?;
    ops::broadcast_to(cx, initial, &shape)
}

/// `initial` is argument `number`, `where` the next.
fn fold(machine: &mut Machine, args: &Args, how: Fold, reduced: Reduced, number: usize) -> Result<Value> {
    let cx = &mut machine.host.cx;
    let Reduced { mut x, axes, keepdims } = reduced;
    let initial = if args.is_none(number) { None } else { Some(args.number(number)?) };
    if let Some(mask) = mask(cx, args, number + 1, &Shape::from_slice(x.shape()))? {
        let Some(neutral) = how.neutral.clone().or_else(|| initial.clone()) else {
            return Err(Error::value(format!("`{}` with `where` needs `initial`", how.entry.name))
                .help("it is the value where no element counts, as in `max(x, initial=-inf, where=mask)`"));
        };
        x = ops::select(cx, mask, x, neutral)?;
    }
    if let (None, Some(initial), true) = (&how.neutral, &initial, x.shape().contains(&0)) {
        x = in_place_of_none(cx, &x, axes.as_deref(), initial)?;
    }
    let result = reduce::reduce(cx, how.entry, x, axes.as_deref(), keepdims)?;
    match initial {
        Some(initial) => ops::apply2(cx, how.join, result, initial).map(Value::Array),
        None => Ok(Value::Array(result)),
    }
}

/// Sums and products in the dtype that argument 2 asks for.
fn total(machine: &mut Machine, args: &Args, how: Fold) -> Result<Value> {
    let (mut reduced, dtype) = (read(args, 3)?, args.dtype(2)?);
    if let Some(dtype) = dtype {
        reduced.x = ops::cast(&mut machine.host.cx, reduced.x, dtype)?;
    }
    let result = fold(machine, args, how, reduced, 4)?;
    match dtype {
        Some(dtype) => machine.cast(result, dtype),
        None => Ok(result),
    }
}

/// `any` and `all`: elements that do not count stand for `neutral`.
fn truth(machine: &mut Machine, args: &Args, entry: &'static Entry, neutral: bool) -> Result<Value> {
    let Reduced { mut x, axes, keepdims } = read(args, 2)?;
    let cx = &mut machine.host.cx;
    if let Some(mask) = mask(cx, args, 3, &Shape::from_slice(x.shape()))? {
        let truth = ops::cast(cx, x, DType::Bool)?;
        x = ops::select(cx, mask, truth, Array::Bool(neutral))?;
    }
    reduce::reduce(cx, entry, x, axes.as_deref(), keepdims).map(Value::Array)
}

fn place(machine: &mut Machine, args: &Args, entry: &'static Entry) -> Result<Value> {
    let Reduced { x, axes, keepdims } = read(args, 2)?;
    reduce::reduce(&mut machine.host.cx, entry, x, axes.as_deref(), keepdims).map(Value::Array)
}

/// The mean of the elements that the mask lets count.
fn masked_mean(cx: &mut Context, x: Array, mask: Array, axes: Option<&[i64]>, keepdims: bool) -> Result<Array> {
    masked_average(cx, x, mask, axes, keepdims, 0.0)
}

/// Their sum over their number less `ddof`.
fn masked_average(
    cx: &mut Context,
    x: Array,
    mask: Array,
    axes: Option<&[i64]>,
    keepdims: bool,
    ddof: f64,
) -> Result<Array> {
    let float = x.dtype().to_float();
    let x = ops::cast(cx, x, float)?;
    let kept = ops::select(cx, mask.clone(), x, Array::Int(0))?;
    let sum = reduce::reduce(cx, &reduce::SUM, kept, axes, keepdims)?;
    let count = reduce::reduce(cx, &reduce::SUM, mask, axes, keepdims)?;
    let count = ops::apply2(cx, &ops::SUB, count, Array::Float(ddof))?;
    let count = ops::apply2(cx, &ops::MAXIMUM, count, Array::Int(0))?;
    let mean = ops::apply2(cx, &ops::DIV, sum, count)?;
    ops::cast(cx, mean, float)
}

/// The variance: arguments are x, axis, ddof, keepdims, where, correction.
fn variance(machine: &mut Machine, args: &Args) -> Result<Array> {
    let (Reduced { x, axes, keepdims }, ddof) = (read(args, 3)?, args.float(2)?);
    let correction = args.float(5)?;
    if ddof != 0.0 && correction != 0.0 {
        return Err(Error::value("`ddof` and `correction` are two names of one number"));
    }
    let ddof = if ddof == 0.0 { correction } else { ddof };
    let (cx, axes) = (&mut machine.host.cx, axes.as_deref());
    let Some(mask) = mask(cx, args, 4, &Shape::from_slice(x.shape()))? else {
        return reduce::var(cx, x, axes, keepdims, ddof);
    };
    let centre = masked_mean(cx, x.clone(), mask.clone(), axes, true)?;
    let distance = ops::apply2(cx, &ops::SUB, x, centre)?;
    let squares = ops::apply1(cx, &ops::SQUARE, distance)?;
    masked_average(cx, squares, mask, axes, keepdims, ddof)
}

builtins! {
    elements Waiting;

    /// The sum of the elements, of all or along axes.
    /// `axis` is an axis or a tuple of them; with `keepdims` they stay, with length 1. Integers and truth values are
    /// summed in `i64`, floats in their dtype, pairwise; `dtype` asks for another. `initial` is added; where `where`,
    /// truth values that broadcast to x, is false, an element does not count.
    fn sum(x, axis = none, dtype = none, keepdims = false, initial = none, where = true)
        ex "sum([[1, 2], [3, 4]])" => "10";
        ex "sum([[1, 2], [3, 4]], axis=0)" => "[4 6]";
        ex "sum([[1, 2], [3, 4]], axis=1, keepdims=true)" => "[[3]\n [7]]";
        ex "sum([1.0, nan, 3.0], where=[true, false, true])" => "4.0";
        fails "sum([1, 2], axis=1)" => "index";
        fails "sum([\"a\", \"b\"])" => "type";
        fails "sum((1, 2))" => "type";
        fails "sum([1, 2], axis=(0, 0))" => "value";
    = |machine, args| total(machine, args, SUM);

    /// The product of the elements, of all or along axes.
    /// Arguments and dtypes are those of `sum`; integers wrap. The derivative holds for zeros, too.
    fn prod(x, axis = none, dtype = none, keepdims = false, initial = none, where = true)
        ex "prod([[1.0, 2.0], [3.0, 4.0]])" => "24.0";
        ex "prod([1, 2], initial=5)" => "10";
        fails "prod([1, 2], axis=2)" => "index";
    = |machine, args| total(machine, args, PROD);

    /// The largest element, of all or along axes; nan wins.
    /// The second argument is the axis: the larger of two values is `maximum(x, y)`. With `initial` it is at least
    /// that; `where`, truth values that broadcast to x, says which elements count, and needs `initial`. Elements that are
    /// the largest together share the derivative equally.
    fn max(x, axis = none, keepdims = false, initial = none, where = true)
        also amax;
        ex "max([3, 1, 2])" => "3";
        ex "max([[1, 5], [4, 2]], axis=1)" => "[5 4]";
        ex "max([1.0, nan], initial=-1, where=[true, false])" => "1.0";
        ex "grad(max)([1.0, 2.0, 2.0])" => "[0.  0.5 0.5]";
        ex "max(zeros(0), initial=0)" => "0.0";
        ex "max(zeros((0, 2)), axis=0, initial=-1)" => "[-1. -1.]";
        fails "max([])" => "value";
        fails "max([], axis=1, initial=0)" => "index";
        fails "max(3, 5)" => "index";
        fails "max([1, 2], where=[true, false])" => "value";
    = |machine, args| fold_extreme(machine, args, MAX, "maximum");

    /// The smallest element, of all or along axes; nan wins.
    /// The second argument is the axis: the smaller of two values is `minimum(x, y)`. `initial`, `where` and derivatives
    /// are as in `max`.
    fn min(x, axis = none, keepdims = false, initial = none, where = true)
        also amin;
        ex "min([3, 1, 2])" => "1";
        ex "min([[1, 5], [4, 2]], axis=0, keepdims=true)" => "[[1 2]]";
        fails "min([])" => "value";
        fails "min(3, 5)" => "index";
    = |machine, args| fold_extreme(machine, args, MIN, "minimum");

    /// The difference of the largest and the smallest element, of all or along axes.
    fn ptp(x, axis = none, keepdims = false)
        ex "ptp([[4, 9, 2, 10], [6, 9, 7, 12]], axis=1)" => "[8 6]";
        fails "ptp([])" => "value";
    = |machine, args| {
        let Reduced { x, axes, keepdims } = read(args, 2)?;
        let cx = &mut machine.host.cx;
        let largest = reduce::reduce(cx, &reduce::MAX, x.clone(), axes.as_deref(), keepdims)?;
        let smallest = reduce::reduce(cx, &reduce::MIN, x, axes.as_deref(), keepdims)?;
        ops::apply2(cx, &ops::SUB, largest, smallest).map(Value::Array)
    };

    /// The mean of the elements, of all or along axes.
    /// Integers and truth values in `f64`, floats in their dtype; the mean of nothing is nan. `where` says which
    /// elements count.
    fn mean(x, axis = none, keepdims = false, where = true)
        ex "mean([[1, 2], [3, 4]])" => "2.5";
        ex "mean([[1, 2], [3, 4]], axis=0)" => "[2. 3.]";
        ex "mean([1, 2, 30], where=[true, true, false])" => "1.5";
        fails "mean([\"a\"])" => "type";
        fails "mean([1, 2], axis=-2)" => "index";
    = |machine, args| {
        let Reduced { x, axes, keepdims } = read(args, 2)?;
        let cx = &mut machine.host.cx;
        match mask(cx, args, 3, &Shape::from_slice(x.shape()))? {
            Some(mask) => masked_mean(cx, x, mask, axes.as_deref(), keepdims),
            None => reduce::mean(cx, x, axes.as_deref(), keepdims),
        }
        .map(Value::Array)
    };

    /// The variance: the mean of the squared distances from the mean, of all elements or along axes.
    /// The sum is divided by the number of elements less `ddof`: 0 for a population, 1 for a sample. `correction` is
    /// another name of it.
    fn var(x, axis = none, ddof = 0, keepdims = false, where = true, correction = 0)
        ex "var([1, 2, 3, 4])" => "1.25";
        ex "var([[1, 2], [3, 6]], axis=1, ddof=1)" => "[0.5 4.5]";
        fails "var([\"a\"])" => "type";
    = |machine, args| variance(machine, args).map(Value::Array);

    /// The standard deviation, which is the square root of the variance; arguments as in `var`.
    fn std(x, axis = none, ddof = 0, keepdims = false, where = true, correction = 0)
        ex "std([2, 4])" => "1.0";
        ex "std([[1, 3], [2, 2]], axis=1)" => "[1. 0.]";
        fails "std([1, 2], axis=1)" => "index";
    = |machine, args| {
        let variance = variance(machine, args)?;
        ops::apply1(&mut machine.host.cx, &ops::SQRT, variance).map(Value::Array)
    };

    /// Is any element true, or not 0? Of all or along axes.
    fn any(x, axis = none, keepdims = false, where = true)
        ex "any([false, true])" => "True";
        ex "any([[1, 0], [0, 0]], axis=1)" => "[ True False]";
        fails "any([true], axis=1)" => "index";
    = |machine, args| truth(machine, args, &reduce::ANY, false);

    /// Are all elements true, or not 0? Of all or along axes.
    fn all(x, axis = none, keepdims = false, where = true)
        ex "all([[true, false], [true, true]], axis=0)" => "[ True False]";
        ex "all([])" => "True";
        fails "all([\"a\"])" => "type";
    = |machine, args| truth(machine, args, &reduce::ALL, true);

    /// Where the largest element is, the first of several; nan wins.
    /// Along one axis, or in the row of all elements.
    fn argmax(x, axis = none, keepdims = false)
        ex "argmax([3, 9, 9])" => "1";
        ex "argmax([[1, 5], [4, 2]], axis=1)" => "[1 0]";
        fails "argmax([])" => "value";
    = |machine, args| place(machine, args, &reduce::ARGMAX);

    /// Where the smallest element is, the first of several; nan wins.
    /// Along one axis, or in the row of all elements.
    fn argmin(x, axis = none, keepdims = false)
        ex "argmin([[4, 1], [1, 4]])" => "1";
        fails "argmin([])" => "value";
    = |machine, args| place(machine, args, &reduce::ARGMIN);

    /// How many elements are true, or not 0. Of all or along axes.
    fn count_nonzero(x, axis = none, keepdims = false)
        ex "count_nonzero([0, 1, 7, 0])" => "2";
        ex "count_nonzero([[1, 0], [1, 1]], axis=0)" => "[2 1]";
        fails "count_nonzero([\"a\"])" => "value";
    = |machine, args| {
        let Reduced { x, axes, keepdims } = read(args, 2)?;
        reduce::count_nonzero(&mut machine.host.cx, x, axes.as_deref(), keepdims).map(Value::Array)
    };
}

/// `max` and `min`; `pairwise` is what a call with two numbers may have meant.
fn fold_extreme(machine: &mut Machine, args: &Args, how: Fold, pairwise: &str) -> Result<Value> {
    let two_values = !args.is_none(1) && args.get(0).as_array().is_some_and(|x| x.ndim() == 0);
    fold(machine, args, how, read(args, 2)?, 3).map_err(|error| match two_values {
        true => error.help(format!("the second argument is an axis; of two values take `{pairwise}(x, y)`")),
        false => error,
    })
}
