//! What tensors, tuples, records, ranges and strings have in common: a length, items, an end to append to.

use super::Args;
use super::declare::builtins;
use crate::diagnostics::{Error, Result};
use crate::interp::{Machine, Value, operand_array};
use crate::ops;
use crate::ops::index::{self, Index};
use crate::tensor::{Array, Tensor, shape};
use crate::transform;
use std::rc::Rc;

/// What a tuple of so many items takes, all told.
const TUPLE_OVERHEAD: usize = 64;

/// Puts a value behind the end of argument 0, in place if nobody else holds it. On error the argument is as it was.
fn append(machine: &mut Machine, args: &mut Args) -> Result<()> {
    let value = args.get(1).clone();
    let cx = &mut machine.host.cx;
    match args.value_mut(0) {
        Value::Array(xs) => match operand_array(&value) {
            Some(value) => ops::append(cx, xs, value),
            None => Err(args
                .wrong(1, "numbers or text, as an array holds them")
                .help("a tuple holds anything: start with `()`")),
        },
        Value::Tuple(items) => {
            // growing doubles: looking at powers of two is enough
            if items.0.len().is_power_of_two() {
                let count = items.0.len().saturating_mul(2);
                cx.reserve(count, size_of::<Value>(), || format!("a tuple of {count} items"))?;
            }
            Rc::make_mut(items).0.push(value);
            Ok(())
        }
        Value::Record(fields) => match value {
            Value::Record(more) => {
                Rc::make_mut(fields).0.extend(more.0.iter().map(|(name, value)| (name.clone(), value.clone())));
                Ok(())
            }
            _ => Err(args.wrong(1, "a record of the new fields")),
        },
        Value::Range(_) => {
            *args.value_mut(0) = Value::Array(args.array(0)?);
            append(machine, args)
        }
        Value::Str(_) => Err(args.wrong(0, "an array, a tuple or a record").help("strings are joined by `+`")),
        _ => Err(args.wrong(0, "an array, a tuple or a record")),
    }
}

fn miscounted(args: &Args, truths: usize, items: usize) -> Error {
    Error::shape(format!("{truths} truth values for {items} items"))
        .operand(0, args.get(0).type_name())
        .operand(1, args.get(1).type_name())
}

/// The elements of argument 1 along the axis of argument 2 for which the truth values hold.
fn compress(machine: &mut Machine, args: &Args, truth: Vec<bool>) -> Result<Array> {
    let cx = &mut machine.host.cx;
    let array = args.array(1)?;
    let (array, axis) = match args.optional_int(2)? {
        Some(axis) => {
            let axis = shape::axis(axis, array.ndim())?;
            (array, axis)
        }
        None => (ops::ravel(cx, array)?, 0),
    };
    let len = array.shape()[axis];
    if truth.len() > len {
        return Err(miscounted(args, truth.len(), len));
    }
    cx.reserve(truth.len(), size_of::<i64>(), || format!("the numbers of {} items", truth.len()))?;
    // a graph and a batch know how many numbers there are
    let kept: Vec<i64> = (0..).zip(truth).filter_map(|(at, keep)| keep.then_some(at)).collect();
    let count = kept.len();
    let mut index = vec![Index::Slice { start: None, stop: None, step: None }; axis];
    index.push(Index::Array(Array::Tensor(Tensor::from_vec(kept, &[count]))));
    index::get(cx, &array, &index)
}

/// Tuples of the items at each place of several sequences of one length.
fn zip(machine: &mut Machine, sequences: &[Value]) -> Result<Value> {
    let mut columns = Vec::with_capacity(sequences.len());
    for (number, sequence) in sequences.iter().enumerate() {
        let column = machine.items(sequence)?;
        let first = columns.first().map_or(column.len(), Vec::len);
        if column.len() != first {
            let message = format!("cannot zip sequences of lengths {first} and {}", column.len());
            return Err(Error::shape(message)
                .operand(0, sequences[0].type_name())
                .operand(number, sequence.type_name())
                .help("cut the longer one: `xs[:n]`"));
        }
        columns.push(column);
    }
    let count = columns.first().map_or(0, Vec::len);
    let width = TUPLE_OVERHEAD + size_of::<Value>() * columns.len();
    machine.host.cx.reserve(count, width, || format!("a tuple of {count} tuples"))?;
    let mut columns: Vec<_> = columns.into_iter().map(Vec::into_iter).collect();
    let rows = (0..count).map(|_| Value::tuple(columns.iter_mut().filter_map(Iterator::next).collect()));
    Ok(Value::tuple(rows.collect()))
}

builtins! {
    elements Settled;

    /// The length of the first axis of an array, or the number of items, fields or characters.
    fn len(x)
        ex "len([[1, 2, 3], [4, 5, 6]])" => "2";
        ex "(len(\"naïve\"), len((1, \"a\")), len((w=1)), len(2..5))" => "(5, 2, 1, 3)";
        fails "len(3)" => "type";
    = |_, args| {
        let count = match args.get(0) {
            Value::Array(array) if array.ndim() > 0 => array.shape()[0],
            Value::Str(text) => text.chars().count(),
            Value::Tuple(items) => items.0.len(),
            Value::Record(fields) => fields.0.len(),
            Value::Range(range) => range.len(),
            _ => return Err(args.wrong(0, "an array with axes, a tuple, a record or a string")),
        };
        Ok(Value::int(count as i64))
    };

    /// A value behind the last row of an array or item of a tuple, or new fields behind those of a record.
    /// `xs = append(xs, value)` takes amortised constant time where nobody else holds `xs`. The rows of an array keep
    /// their shape; `[]` takes shape and dtype of its first value.
    fn append(xs, value)
        ex "append([1, 2], 3)" => "[1 2 3]";
        ex "xs = []; for i in 0..3 { xs = append(xs, [i, i * i]) }; xs" => "[[0 0]\n [1 1]\n [2 4]]";
        ex "append((1, \"a\"), sin)" => "(1, 'a', fn sin(x))";
        ex "append((w=1), (b=2))" => "(w=1, b=2)";
        fails "append([[1, 2]], [1, 2, 3])" => "shape";
        fails "append([1, 2], (1, 2))" => "type";
        fails "append(3, 4)" => "type";
    = |machine, args| {
        append(machine, args)?;
        Ok(args.take(0))
    };

    /// The items of a sequence where the condition, one bool for each, is true.
    /// Elements of an array along an axis, or, with `axis=none`, of all in a row; items of a tuple, characters of a
    /// string. The condition may be shorter than the array: what lies behind it is left out.
    fn compress(condition, xs, axis = none)
        ex "compress([true, false, true], [[1, 2], [3, 4], [5, 6]], axis=0)" => "[[1 2]\n [5 6]]";
        ex "compress([false, true], [[1, 2], [3, 4], [5, 6]])" => "[2]";
        ex "compress([false, true], (1, \"a\"))" => "('a',)";
        fails "compress([true, false, true], [1, 2])" => "shape";
        fails "compress([true], (1, 2))" => "shape";
        fails "compress([1, 0], [1, 2])" => "type";
    = |machine, args| {
        let condition = args.array(0)?;
        let condition = transform::concrete(&mut machine.host.cx, &condition)?;
        let condition = condition.to_tensor().ok_or_else(|| args.wrong(0, "an array of truth values"))?;
        let xs = args.get(1).clone();
        let truth = match condition.walk::<bool>() {
            Some(truth) if condition.ndim() == 1 => truth.collect(),
            // the value of `[]` has no truth values
            None if condition.shape() == [0] => vec![],
            _ => return Err(args.wrong(0, "an array of truth values with one axis")),
        };
        if let Value::Array(_) | Value::Range(_) = xs {
            return compress(machine, args, truth).map(Value::Array);
        }
        let items = machine.items(&xs)?;
        if truth.len() != items.len() {
            return Err(miscounted(args, truth.len(), items.len()));
        }
        let kept = items.into_iter().zip(&truth).filter(|(_, keep)| **keep).map(|(item, _)| item);
        match xs {
            Value::Str(_) => {
                let kept: Vec<Value> = kept.collect();
                Ok(Value::str(kept.iter().filter_map(Value::as_str).collect::<String>()))
            }
            _ => Ok(Value::tuple(kept.collect())),
        }
    };

    /// Tuples of the items at each place of several sequences, for loops over all of them.
    /// The sequences must have one length: nothing is dropped in silence.
    fn zip(*sequences)
        ex "for (x, y) in zip([1, 2], (\"a\", \"b\")) { print(x, y) }" => "1 a\n2 b";
        ex "zip(0..2, [0.5, 1.5])" => "((0, 0.5), (1, 1.5))";
        fails "zip([1, 2], [1, 2, 3])" => "shape";
        fails "zip(3)" => "type";
    = |machine, args| {
        let sequences = args.rest(0);
        zip(machine, &sequences)
    };

    /// Pairs of a number that counts from `start`, and an item.
    fn enumerate(xs, start = 0)
        ex "for (i, x) in enumerate([\"a\", \"b\"]) { print(i, x) }" => "0 a\n1 b";
        ex "enumerate((2.5,), start=1)" => "((1, 2.5),)";
        fails "enumerate(3)" => "type";
    = |machine, args| {
        let start = args.int(1)?;
        let items = Value::tuple(machine.items(args.get(0))?);
        let Value::Tuple(counted) = &items else { return Ok(items) };
        let end = start.checked_add(counted.0.len() as i64);
        let end = end.ok_or_else(|| Error::overflow("the count does not fit i64"))?;
        zip(machine, &[Value::range(start, end), items])
    };
}
