//! Other shapes for the same elements, and several arrays made one.

use super::Args;
use super::arrays::at_least;
use super::declare::builtins;
use crate::diagnostics::{Error, Result};
use crate::interp::{Machine, Value, operand_array, wrap};
use crate::ops;
use crate::ops::index::{self, Index};
use crate::tensor::{Array, shape};

/// The arrays of a tuple, or the rows of one array.
fn arrays(machine: &mut Machine, args: &Args, number: usize) -> Result<Vec<Array>> {
    match args.get(number) {
        items @ (Value::Tuple(_) | Value::Array(Array::Tensor(_) | Array::Lifted(_)) | Value::Range(_)) => {
            let items = machine.items(items)?;
            items
                .iter()
                .map(|item| operand_array(item).ok_or_else(|| args.wrong(number, "a tuple of arrays")))
                .collect()
        }
        _ => Err(args.wrong(number, "a tuple of arrays")),
    }
}

/// An axis that is none may be a second array.
#[cold]
fn in_one_tuple(error: Error) -> Error {
    error.help("the arrays stand in one tuple: `(a, b)`")
}

/// Arrays of fewer axes get further ones in front.
fn all_at_least(machine: &mut Machine, arrays: Vec<Array>, ndim: usize) -> Result<Vec<Array>> {
    arrays.into_iter().map(|array| at_least(&mut machine.host.cx, array, ndim)).collect()
}

/// The parts of an array along an axis, as a tuple: so many equal ones, or those between places to cut before.
pub(super) fn split(machine: &mut Machine, args: &Args) -> Result<Value> {
    let (x, axis) = match args.array(0) {
        Ok(x) if x.ndim() > 0 => (x, args.int(2)?),
        _ => return Err(args.wrong(0, "a string or an array with axes")),
    };
    let axis = shape::axis(axis, x.ndim())?;
    let len = x.shape()[axis];
    let cx = &mut machine.host.cx;
    let starts: Vec<i64> = match args.get(1).as_int() {
        Some(count) => {
            let count = usize::try_from(count).ok().filter(|&count| count > 0);
            let count =
                count.ok_or_else(|| args.wrong(1, "the number of parts, at least 1, or the places of the cuts"))?;
            if len % count != 0 {
                let message = format!("cannot split axis {axis} of {} into {count} equal parts", x.type_name());
                return Err(Error::shape(message).operand(0, x.type_name()).help("`array_split` makes unequal ones"));
            }
            cx.reserve(count, size_of::<Value>(), || format!("a tuple of {count} parts"))?;
            (1..count).map(|part| (part * (len / count)) as i64).collect()
        }
        None => args.ints(1)?.to_vec(),
    };
    let edges = std::iter::once(0).chain(starts.iter().copied());
    let stops = starts.iter().copied().chain(std::iter::once(len as i64));
    let mut index = vec![Index::Slice { start: None, stop: None, step: None }; axis + 1];
    let mut parts = Vec::with_capacity(starts.len() + 1);
    for (start, stop) in edges.zip(stops) {
        index[axis] = Index::Slice { start: Some(start), stop: Some(stop), step: None };
        parts.push(wrap(index::get(cx, &x, &index)?));
    }
    Ok(Value::tuple(parts))
}

/// The indices of the elements of argument 0 that are true, or not 0, an array for each axis.
fn nonzero(machine: &mut Machine, args: &Args) -> Result<Value> {
    let x = args.number(0)?;
    if x.ndim() == 0 {
        return Err(Error::shape("a number has no axes along which elements could be found"));
    }
    let found = ops::sort::nonzero(&mut machine.host.cx, x)?;
    Ok(Value::tuple(found.into_iter().map(Value::Array).collect()))
}

builtins! {
    elements Settled;

    /// The elements in row-major order in another shape.
    /// One length may be -1 and follows from the others. Values never change, so it makes no difference whether they are
    /// copied.
    fn reshape(x, *shape, copy = none)
        ex "reshape(0..6, (2, 3))" => "[[0 1 2]\n [3 4 5]]";
        ex "(0..6).reshape(3, -1)" => "[[0 1]\n [2 3]\n [4 5]]";
        fails "reshape(0..6, (4, 2))" => "shape";
        fails "reshape(0..6, (-1, -1))" => "shape";
    = |machine, args| {
        let (x, shape) = (args.array(0)?, args.rest_ints(1)?);
        ops::reshape(&mut machine.host.cx, x, &shape).map(wrap)
    };

    /// All elements in row-major order along one axis.
    fn ravel(x)
        also flatten;
        ex "ravel([[1, 2], [3, 4]])" => "[1 2 3 4]";
        ex "ravel([[1, 2], [3, 4]].T)" => "[1 3 2 4]";
    = |machine, args| {
        let x = args.array(0)?;
        ops::ravel(&mut machine.host.cx, x).map(Value::Array)
    };

    /// The axes in another order; reversed, if none is given. `x.T` is short for that.
    fn transpose(x, *axes)
        also permute_dims;
        ex "transpose([[1, 2], [3, 4]])" => "[[1 3]\n [2 4]]";
        ex "zeros((2, 3, 4)).transpose(1, 0, 2).shape" => "(3, 2, 4)";
        fails "transpose([[1, 2]], (0,))" => "shape";
        fails "transpose([[1, 2]], (0, 0))" => "value";
    = |machine, args| {
        let (x, axes) = (args.array(0)?, args.rest_ints(1)?);
        let given = !matches!(args.get(1), Value::Tuple(items) if items.0.is_empty());
        ops::transpose(&mut machine.host.cx, x, given.then_some(&axes[..])).map(wrap)
    };

    /// Two axes in each other's place.
    fn swapaxes(x, axis1, axis2)
        ex "swapaxes([[1, 2], [3, 4]], 0, 1)" => "[[1 3]\n [2 4]]";
        fails "swapaxes([[1, 2]], 0, 2)" => "index";
    = |machine, args| {
        let (x, first, second) = (args.array(0)?, args.int(1)?, args.int(2)?);
        ops::swapaxes(&mut machine.host.cx, x, first, second).map(wrap)
    };

    /// Axes moved to other places; the others keep their order.
    /// `source` and `destination` are an axis each, or as many in tuples.
    fn moveaxis(x, source, destination)
        ex "moveaxis(zeros((3, 4, 5)), 0, -1).shape" => "(4, 5, 3)";
        fails "moveaxis(zeros((3, 4)), (0, 1), 0)" => "value";
    = |machine, args| {
        let (x, from, to) = (args.array(0)?, args.ints(1)?, args.ints(2)?);
        ops::moveaxis(&mut machine.host.cx, x, &from, &to).map(wrap)
    };

    /// The number of an axis of `ndim`, counted from the first; a negative one is counted from behind.
    fn normalize_axis_index(axis, ndim)
        ex "normalize_axis_index(-1, 3)" => "2";
        fails "normalize_axis_index(-4, 3)" => "index";
    = |_, args| {
        let (axis, ndim) = (args.int(0)?, args.int(1)?);
        let axis = shape::axis(axis, usize::try_from(ndim).unwrap_or(0))?;
        Ok(Value::int(axis as i64))
    };

    /// New axes of length 1, at these places of the result.
    fn expand_dims(x, axis)
        ex "expand_dims([1, 2], 1)" => "[[1]\n [2]]";
        ex "expand_dims([1, 2], (0, 2)).shape" => "(1, 2, 1)";
        fails "expand_dims([1, 2], 3)" => "index";
    = |machine, args| {
        let (x, axes) = (args.array(0)?, args.ints(1)?);
        ops::expand_dims(&mut machine.host.cx, x, &axes).map(wrap)
    };

    /// Without axes of length 1: the ones named, or all.
    fn squeeze(x, axis = none)
        ex "squeeze([[[0], [1], [2]]])" => "[0 1 2]";
        ex "squeeze([[[0], [1]]], axis=0).shape" => "(2, 1)";
        fails "squeeze([[1, 2]], axis=1)" => "shape";
    = |machine, args| {
        let (x, axes) = (args.array(0)?, args.optional_ints(1)?);
        ops::squeeze(&mut machine.host.cx, x, axes.as_deref()).map(wrap)
    };

    /// x stretched to a shape that it broadcasts to.
    fn broadcast_to(x, shape)
        ex "broadcast_to([1, 2], (2, 2))" => "[[1 2]\n [1 2]]";
        fails "broadcast_to([1, 2], (2, 3))" => "shape";
    = |machine, args| {
        let (x, shape) = (args.array(0)?, args.ints(1)?);
        let shape = ops::create::lengths(&shape)?;
        ops::broadcast_to(&mut machine.host.cx, x, &shape).map(wrap)
    };

    /// The elements in reverse order along some axes, or along all.
    fn flip(x, axis = none)
        ex "flip([1, 2, 3])" => "[3 2 1]";
        ex "flip([[1, 2], [3, 4]], axis=0)" => "[[3 4]\n [1 2]]";
        fails "flip([1, 2], axis=1)" => "index";
    = |machine, args| {
        let (x, axes) = (args.array(0)?, args.optional_ints(1)?);
        ops::flip(&mut machine.host.cx, x, axes.as_deref()).map(wrap)
    };

    /// Arrays one behind the other along an axis that they have.
    /// With `axis=none` all their elements stand in a row. The other axes must agree; the dtype is the common one.
    fn concatenate(arrays, axis = 0)
        also concat;
        ex "concatenate(([1, 2], [3]))" => "[1 2 3]";
        ex "concatenate(([[1], [2]], [[3], [4]]), axis=1)" => "[[1 3]\n [2 4]]";
        fails "concatenate(([[1, 2]], [[1, 2, 3]]))" => "shape";
        fails "concatenate(([1], [\"a\"]))" => "type";
        fails "concatenate([1, 2], [3, 4])" => "type";
        fails "concatenate(())" => "value";
    = |machine, args| {
        let (arrays, axis) = (arrays(machine, args, 0)?, args.optional_int(1).map_err(in_one_tuple)?);
        ops::concatenate(&mut machine.host.cx, arrays, axis).map(Value::Array)
    };

    /// Arrays of one shape along a new axis of the result.
    /// Tuples and records are stacked by `stack_leaves`.
    fn stack(arrays, axis = 0)
        ex "stack(([1, 2], [3, 4]))" => "[[1 2]\n [3 4]]";
        ex "stack(([1, 2], [3, 4]), axis=1)" => "[[1 3]\n [2 4]]";
        fails "stack(([1, 2], [3]))" => "shape";
        fails "stack(())" => "value";
    = |machine, args| {
        let (arrays, axis) = (arrays(machine, args, 0)?, args.int(1).map_err(in_one_tuple)?);
        ops::stack(&mut machine.host.cx, arrays, axis).map(Value::Array)
    };

    /// Arrays one below the other: vectors as rows, others along the first axis.
    fn vstack(arrays)
        also row_stack;
        ex "vstack(([1, 2], [3, 4]))" => "[[1 2]\n [3 4]]";
        fails "vstack(([1, 2], [3]))" => "shape";
    = |machine, args| {
        let arrays = arrays(machine, args, 0)?;
        let arrays = all_at_least(machine, arrays, 2)?;
        ops::concatenate(&mut machine.host.cx, arrays, Some(0)).map(Value::Array)
    };

    /// Arrays side by side: vectors in a row, others along the second axis.
    fn hstack(arrays)
        ex "hstack(([1, 2], [3, 4]))" => "[1 2 3 4]";
        ex "hstack(([[1], [2]], [[3], [4]]))" => "[[1 3]\n [2 4]]";
        fails "hstack(([[1], [2]], [[3]]))" => "shape";
    = |machine, args| {
        let arrays = arrays(machine, args, 0)?;
        let arrays = all_at_least(machine, arrays, 1)?;
        let axis = if arrays.first().is_some_and(|array| array.ndim() > 1) { 1 } else { 0 };
        ops::concatenate(&mut machine.host.cx, arrays, Some(axis)).map(Value::Array)
    };

    /// The indices of the elements that are true, or not 0, as one array for each axis: `x[nonzero(x)]` are these elements.
    fn nonzero(x)
        ex "nonzero([[3, 0, 0], [0, 4, 0], [5, 6, 0]])" => "([0 1 2 2], [0 1 0 1])";
        ex "x = [0, 5, 0, 7]; x[nonzero(x)]" => "[5 7]";
        fails "nonzero(3)" => "shape";
    = |machine, args| nonzero(machine, args);

    /// Elements of x where the condition holds, else of y; all three broadcast.
    /// Without x and y, where the condition holds or is not 0: what `nonzero` gives.
    fn where(condition, x = none, y = none)
        ex "where([1, -2, 3] > 0, \"yes\", \"no\")" => "['yes' 'no' 'yes']";
        ex "where((0..5) < 3, 0..5, 0)" => "[0 1 2 0 0]";
        ex "where([[0, 3], [4, 0]])" => "([0 1], [1 0])";
        fails "where([1, 0], 1, 2)" => "type";
        fails "where([true, false], 1)" => "type";
        fails "where([true, false], [1, 2, 3], 0)" => "shape";
        fails "where(true, 1, \"a\")" => "type";
    = |machine, args| {
        if args.is_none(1) && args.is_none(2) {
            return nonzero(machine, args);
        }
        let (condition, x, y) = (args.array(0)?, args.array(1)?, args.array(2)?);
        ops::select(&mut machine.host.cx, condition, x, y).map(wrap)
    };
}
