//! Order: sorting, searching, where elements are, and running sums.

use super::Args;
use super::declare::builtins;
use crate::diagnostics::{Error, Result};
use crate::interp::{Machine, Value};
use crate::ops::index::{self, Index};
use crate::ops::{self, Entry, cumulate, sort};
use crate::tensor::{Array, DType, shape};

/// The array of argument 0 with the axis of argument `number`; without one, all its elements in a row.
fn rows(machine: &mut Machine, args: &Args, number: usize) -> Result<(Array, i64)> {
    let x = args.array(0)?;
    Ok(match args.optional_int(number)? {
        Some(axis) => (x, axis),
        None => (ops::ravel(&mut machine.host.cx, x)?, 0),
    })
}

/// Do `sort` and `argsort` turn the order around? Arguments are x, axis, kind, descending, stable.
fn descending(args: &Args) -> Result<bool> {
    if !args.is_none(2) && !KINDS.contains(&args.text(2)?) {
        return Err(Error::value(format!("`kind` is one of {}, not \"{}\"", KINDS.join(", "), args.text(2)?)));
    }
    args.bool(4)?;
    args.bool(3)
}

const KINDS: [&str; 4] = ["quicksort", "mergesort", "heapsort", "stable"];

/// `cumsum` and `cumprod`: arguments are x, axis, dtype.
fn running(machine: &mut Machine, args: &Args, entry: &'static Entry) -> Result<Value> {
    let (mut x, axis) = rows(machine, args, 1)?;
    let cx = &mut machine.host.cx;
    let dtype = args.dtype(2)?;
    if let Some(dtype) = dtype {
        x = ops::cast(cx, x, dtype)?;
    }
    let result = cumulate::cumulate(cx, entry, x, axis)?;
    match dtype {
        Some(dtype) => ops::cast(cx, result, dtype).map(Value::Array),
        None => Ok(Value::Array(result)),
    }
}

builtins! {
    elements Settled;

    /// The elements along an axis in rising order; with `axis=none` all of them in a row.
    /// nan stands behind all numbers, text is sorted by its characters. `descending` turns the order around; equal
    /// elements keep theirs. There is one method, whatever `kind` names.
    fn sort(x, axis = -1, kind = none, descending = false, stable = true)
        ex "sort([3, 1, 2])" => "[1 2 3]";
        ex "sort([[3, 1], [2, 0]], axis=0)" => "[[2 0]\n [3 1]]";
        ex "sort([\"pear\", \"apple\"], descending=true)" => "['pear' 'apple']";
        fails "sort(3)" => "shape";
        fails "sort([1, 2], axis=1)" => "index";
    = |machine, args| {
        let ((x, axis), descending) = (rows(machine, args, 1)?, descending(args)?);
        sort::sort(&mut machine.host.cx, x, axis, descending).map(Value::Array)
    };

    /// The numbers of the elements along an axis in the order in which `sort` puts them.
    /// Of equal elements the first comes first. With `axis=none` it is about all elements in a row.
    fn argsort(x, axis = -1, kind = none, descending = false, stable = true)
        ex "argsort([30, 10, 20])" => "[1 2 0]";
        ex "x = [2.5, nan, 1.5]; x[argsort(x)]" => "[1.5 2.5 nan]";
        ex "argsort([1, 2, 2, 0], descending=true)" => "[1 2 0 3]";
        fails "argsort(3)" => "shape";
    = |machine, args| {
        let ((x, axis), descending) = (rows(machine, args, 1)?, descending(args)?);
        sort::argsort(&mut machine.host.cx, x, axis, descending).map(Value::Array)
    };

    /// Where elements would have to be put into an array in rising order, so that it stays so.
    /// With `side="left"` ahead of elements that equal them, with `"right"` behind these. `sorter` gives the order of x1,
    /// as `argsort` does, where it is not in order itself.
    fn searchsorted(x1, x2, side = "left", sorter = none)
        ex "searchsorted([11, 12, 13, 14, 15], [-10, 20, 12, 13])" => "[0 5 1 2]";
        ex "searchsorted([1, 2, 2, 3], 2, side=\"right\")" => "3";
        fails "searchsorted([[1, 2]], 1)" => "shape";
        fails "searchsorted([1, 2], 1, side=\"middle\")" => "value";
        fails "searchsorted([1, 2], \"a\")" => "type";
    = |machine, args| {
        let (mut sorted, x) = (args.array(0)?, args.array(1)?);
        let behind = match args.text(2)? {
            "left" => false,
            "right" => true,
            other => return Err(Error::value(format!("`side` is \"left\" or \"right\", not \"{other}\""))),
        };
        let cx = &mut machine.host.cx;
        if !args.is_none(3) {
            sorted = sort::take_along(cx, &sorted, args.number(3)?, 0)?;
        }
        sort::searchsorted(cx, sorted, x, behind).map(crate::interp::wrap)
    };

    /// The elements, or rows, at these places along an axis; without an axis, in the row of all elements.
    /// The axes of `indices` stand in the result in the place of the axis. `mode` says what becomes of a place out of
    /// bounds: an error with `"raise"`; `"wrap"` counts on from the other end, `"clip"` takes the nearest.
    fn take(x, indices, axis = none, mode = "raise")
        ex "take([4, 3, 5, 7, 6, 8], [0, 1, -1])" => "[4 3 8]";
        ex "take([[1, 2, 3], [4, 5, 6]], [2, 0], axis=1)" => "[[3 1]\n [6 4]]";
        ex "take([4, 3, 5], [3, -4], mode=\"wrap\")" => "[4 5]";
        fails "take([1, 2], 2)" => "index";
        fails "take([1, 2], 0, mode=\"skip\")" => "value";
        fails "take([1, 2], 0.5)" => "type";
    = |machine, args| {
        let (x, axis) = rows(machine, args, 2)?;
        let axis = shape::axis(axis, x.ndim()).map_err(|error| error.operand(0, x.type_name()))?;
        let len = x.shape()[axis] as i64;
        let cx = &mut machine.host.cx;
        // a narrow dtype has no room for the length
        let mut indices = match args.number(1)? {
            indices if indices.dtype().is_integer() => ops::cast(cx, indices, DType::I64)?,
            other => other,
        };
        if len == 0 && indices.size() > 0 {
            return Err(Error::index(format!("there is nothing to take from {}", x.type_name())));
        }
        match args.text(3)? {
            "raise" => {}
            "wrap" => indices = ops::apply2(cx, &ops::REM, indices, Array::Int(len))?,
            "clip" => indices = ops::clip(cx, indices, Some(Array::Int(0)), Some(Array::Int(len - 1)))?,
            other => {
                let message = format!("`mode` is \"raise\", \"wrap\" or \"clip\", not \"{other}\"");
                return Err(Error::value(message));
            }
        }
        let mut index = vec![Index::Slice { start: None, stop: None, step: None }; axis];
        index.push(match indices.as_scalar().and_then(|place| place.as_i64()) {
            Some(place) if indices.ndim() == 0 => Index::At(place),
            _ => Index::Array(indices),
        });
        index::get(cx, &x, &index).map(crate::interp::wrap)
    };

    /// The elements that integers point to along an axis: what `argsort` and `argmax` with `keepdims` give.
    /// All other axes of both have one length, or length 1.
    fn take_along_axis(x, indices, axis = -1)
        ex "x = [[10, 30, 20], [60, 40, 50]]; take_along_axis(x, argsort(x, axis=1), axis=1)"
            => "[[10 20 30]\n [40 50 60]]";
        ex "take_along_axis([5, 6, 7], [2, 0])" => "[7 5]";
        fails "take_along_axis([[1, 2]], [0])" => "shape";
        fails "take_along_axis([1, 2], [2])" => "index";
    = |machine, args| {
        let (mut x, indices, mut axis) = (args.array(0)?, args.number(1)?, args.optional_int(2)?);
        let cx = &mut machine.host.cx;
        if axis.is_none() {
            (x, axis) = (ops::ravel(cx, x)?, Some(0));
        }
        sort::take_along(cx, &x, indices, axis.unwrap_or(0)).map(Value::Array)
    };

    /// x with the elements that integers point to along an axis replaced by `values`; x itself stays as it is.
    /// Without an axis the integers point into the row of all elements.
    fn put_along_axis(x, indices, values, axis = -1)
        ex "put_along_axis([[10, 30], [60, 40]], [[1], [0]], 99, axis=1)" => "[[10 99]\n [99 40]]";
        fails "put_along_axis([1, 2], [2], 0)" => "index";
    = |machine, args| {
        let (x, indices, values) = (args.array(0)?, args.number(1)?, args.array(2)?);
        let lengths: Vec<i64> = x.shape().iter().map(|&len| len as i64).collect();
        let cx = &mut machine.host.cx;
        let (mut x, axis) = match args.optional_int(3)? {
            Some(axis) => (x, axis),
            None => (ops::ravel(cx, x)?, 0),
        };
        sort::put_along(cx, &mut x, indices, axis, values)?;
        ops::reshape(cx, x, &lengths).map(Value::Array)
    };

    /// The index of every element that is true, or not 0: one row each.
    /// `nonzero` gives the same as one array for each axis.
    fn argwhere(x)
        ex "argwhere([[3, 0], [0, 4]])" => "[[0 0]\n [1 1]]";
        ex "argwhere([0, 5, 6])" => "[[1]\n [2]]";
        fails "argwhere([\"a\"])" => "value";
    = |machine, args| sort::argwhere(&mut machine.host.cx, args.number(0)?).map(Value::Array);

    /// Every element becomes the sum of those up to it along an axis; without an axis, in the row of all elements.
    /// Dtypes are those of `sum`.
    fn cumsum(x, axis = none, dtype = none)
        ex "cumsum([1, 2, 3])" => "[1 3 6]";
        ex "cumsum([[1, 2], [3, 4]], axis=0)" => "[[1 2]\n [4 6]]";
        fails "cumsum([1, 2], axis=1)" => "index";
        fails "cumsum([\"a\"])" => "type";
    = |machine, args| running(machine, args, &cumulate::CUMSUM);

    /// Every element becomes the product of those up to it along an axis; without an axis, in the row of all elements.
    /// Dtypes are those of `prod`.
    fn cumprod(x, axis = none, dtype = none)
        ex "cumprod([1, 2, 3, 4])" => "[ 1  2  6 24]";
        ex "cumprod([[1.0, 2.0], [3.0, 4.0]], axis=1)" => "[[ 1.  2.]\n [ 3. 12.]]";
        fails "cumprod([1, 2], axis=1)" => "index";
    = |machine, args| running(machine, args, &cumulate::CUMPROD);
}
