//! Tuples and records as maps and as trees.

use super::declare::builtins;
use crate::diagnostics::{Error, Result};
use crate::interp::structure::{check_alike, check_depth, check_size};
use crate::interp::{Fields, Machine, Value, operand_array};
use crate::ops;
use crate::tensor::{Array, DType, Tensor};

/// A function of the leaves that stand at one place of several structures.
pub type LeavesFn<'f> = &'f mut dyn FnMut(&mut Machine, &[&Value]) -> Result<Value>;

/// A structure with what `f` makes of the leaves, text and functions included. All have one structure; a value that is
/// none stands at every leaf of the others.
pub fn map_alike(machine: &mut Machine, values: &[&Value], f: LeavesFn) -> Result<Value> {
    if let Some(first) = values.iter().find(|value| is_structure(value)) {
        for other in values {
            check_size(&machine.host.cx, other)?;
            check_alike(first, other, &mut String::new(), 0)?;
        }
    }
    map_inside(machine, values, f, 0)
}

fn map_inside(machine: &mut Machine, values: &[&Value], f: LeavesFn, depth: usize) -> Result<Value> {
    check_depth(depth)?;
    // a structure may hold itself many times over: walking it can take long
    machine.host.cx.check()?;
    let inner = |child: &dyn Fn(&Value) -> Option<Value>| -> Result<Vec<Value>> {
        let children =
            values.iter().map(|value| if is_structure(value) { child(value) } else { Some((*value).clone()) });
        children.collect::<Option<_>>().ok_or_else(|| Error::ty("the structures differ"))
    };
    match values.iter().find(|value| is_structure(value)) {
        Some(Value::Tuple(tuple)) => {
            let mut mapped = Vec::with_capacity(tuple.0.len());
            for i in 0..tuple.0.len() {
                let children = inner(&|value| match value {
                    Value::Tuple(items) => items.0.get(i).cloned(),
                    _ => None,
                })?;
                mapped.push(map_inside(machine, &children.iter().collect::<Vec<_>>(), f, depth + 1)?);
            }
            Ok(Value::tuple(mapped))
        }
        Some(Value::Record(record)) => {
            let mut mapped = Fields::default();
            for name in record.0.keys() {
                let children = inner(&|value| match value {
                    Value::Record(fields) => fields.0.get(name).cloned(),
                    _ => None,
                })?;
                let value = map_inside(machine, &children.iter().collect::<Vec<_>>(), f, depth + 1)?;
                mapped.insert(name.clone(), value);
            }
            Ok(Value::record(mapped))
        }
        _ => f(machine, values),
    }
}

fn is_structure(value: &Value) -> bool {
    matches!(value, Value::Tuple(_) | Value::Record(_))
}

fn is_numeric(value: &Value) -> bool {
    match value {
        Value::Array(array) => array.dtype() != DType::Str,
        other => matches!(other, Value::Range(_)),
    }
}

builtins! {
    elements Settled;

    /// The names of a record's fields, or of what a module holds, as a `str` array.
    fn keys(record)
        ex "keys((w=1, b=2))" => "['w' 'b']";
        ex "for name in keys((w=1, b=2)) { print(name) }" => "w\nb";
        fails "keys((1, 2))" => "type";
    = |_, args| {
        let names: Vec<&str> = match args.get(0) {
            Value::Record(record) => record.0.keys().map(|name| &**name).collect(),
            Value::Module(module) => {
                let names = module.member_names();
                let names: Vec<&str> = names.iter().map(|name| &**name).collect();
                return Ok(Value::Array(Array::Tensor(Tensor::from_strs(&names, &[names.len()]))));
            }
            _ => return Err(args.wrong(0, "a record")),
        };
        Ok(Value::Array(Array::Tensor(Tensor::from_strs(&names, &[names.len()]))))
    };

    /// The values of a record's fields, as a tuple.
    fn values(record)
        ex "values((w=[1, 2], b=\"text\"))" => "([1 2], 'text')";
        fails "values([1, 2])" => "type";
    = |_, args| match args.get(0) {
        Value::Record(record) => Ok(Value::tuple(record.0.values().cloned().collect())),
        _ => Err(args.wrong(0, "a record")),
    };

    /// The numeric leaves of a structure, as a tuple, in order.
    /// Text, functions and `none` are left out. With further structures, which must be alike, it gives a tuple of what
    /// stands at each place; a value that is no structure stands at all of them.
    fn leaves(p, *others)
        ex "leaves((w=[1, 2], opt=(lr=0.5, name=\"sgd\")))" => "([1 2], 0.5)";
        ex "leaves((a=1, b=2), (a=10, b=20))" => "((1, 10), (2, 20))";
        fails "leaves((a=1), (b=1))" => "type";
    = |machine, args| {
        let others = args.rest(1);
        let structures: Vec<&Value> = std::iter::once(args.get(0)).chain(&others).collect();
        let mut found = Vec::new();
        map_alike(machine, &structures, &mut |_, leaves| {
            if leaves.iter().all(|leaf| is_numeric(leaf)) {
                found.push(match leaves {
                    [one] => (*one).clone(),
                    several => Value::tuple(several.iter().map(|leaf| (*leaf).clone()).collect()),
                });
            }
            Ok(Value::None)
        })?;
        Ok(Value::tuple(found))
    };

    /// A structure with other numeric leaves: those of a tuple, in the order of `leaves(p)`.
    /// Text, functions and `none` stay as they are.
    fn with_leaves(p, values)
        ex "with_leaves((w=[1, 2], name=\"sgd\", b=3), (0, 1))" => "(w=0, name='sgd', b=1)";
        fails "with_leaves((1, 2), (1,))" => "value";
    = |machine, args| {
        let Value::Tuple(given) = args.get(1) else { return Err(args.wrong(1, "a tuple")) };
        let mut next = given.0.iter();
        let mut count = 0;
        let rebuilt = map_alike(machine, &[args.get(0)], &mut |_, leaves| match leaves {
            [leaf] if is_numeric(leaf) => {
                count += 1;
                Ok(next.next().cloned().unwrap_or_default())
            }
            _ => Ok(leaves.first().map_or(Value::None, |leaf| (*leaf).clone())),
        })?;
        if count != given.0.len() {
            return Err(Error::value(format!("the structure has {count} numeric leaves, {} are given", given.0.len()))
                .operand(0, args.get(0).type_name()));
        }
        Ok(rebuilt)
    };

    /// Structures that are alike as one, its leaves stacked along a new first axis.
    /// Numbers and text are stacked; other leaves must be the same in all. Items that are no structures are stacked
    /// themselves.
    fn stack_leaves(items)
        ex "stack_leaves(((x=1, y=[1, 2]), (x=2, y=[3, 4])))" => "(x=[1 2], y=[[1 2]\n             [3 4]])";
        ex "stack_leaves((1, 2, 3))" => "[1 2 3]";
        fails "stack_leaves(((x=1), (y=1)))" => "type";
        fails "stack_leaves((sin, cos))" => "type";
    = |machine, args| {
        let items = machine.items(args.get(0))?;
        let structures: Vec<&Value> = items.iter().collect();
        if structures.is_empty() {
            return machine.stack(vec![]);
        }
        map_alike(machine, &structures, &mut |machine, leaves| {
            if leaves.iter().all(|leaf| operand_array(leaf).is_some()) {
                return machine.stack(leaves.iter().map(|leaf| (*leaf).clone()).collect());
            }
            let Some((&first, others)) = leaves.split_first() else { return Ok(Value::None) };
            for other in others {
                if !machine.equal(first, other)? {
                    return Err(Error::ty(format!("cannot stack {} and {}", first.describe(), other.describe()))
                        .help("numbers and text are stacked; other leaves must be the same in all items"));
                }
            }
            Ok(first.clone())
        })
    };

    /// An array of the items of a tuple, if they are all numbers or all text; else the tuple itself.
    /// What `map` makes of its results. The items must then have one shape.
    fn collect(items)
        ex "collect((1, 2.5))" => "[1.  2.5]";
        ex "collect((1, \"a\", sin))" => "(1, 'a', fn sin(x))";
        fails "collect(([1], [1, 2]))" => "shape";
    = |machine, args| {
        let items = match args.get(0) {
            Value::Tuple(items) => items.0.as_slice(),
            other => return Ok(other.clone()),
        };
        let text = |item: &Value| operand_array(item).map(|array| array.dtype() == DType::Str);
        let kinds: Option<Vec<bool>> = items.iter().map(text).collect();
        match kinds {
            Some(kinds) if kinds.iter().all(|kind| Some(kind) == kinds.first()) => machine.stack(items.to_vec()),
            _ => Ok(args.take(0)),
        }
    };

    /// Zeros of the shape and dtype of x, or of every numeric leaf of a structure.
    fn zeros_like(x, dtype = none, device = none)
        also empty_like;
        creates true;
        ex "zeros_like([1.5, 2.5])" => "[0. 0.]";
        ex "zeros_like((w=[1, 2], name=\"sgd\"))" => "(w=[0 0], name='sgd')";
        fails "zeros_like(sin)" => "type";
    = |machine, args| {
        let dtype = args.dtype(1)?;
        alike(machine, args, None, dtype)
    };

    /// Ones of the shape and dtype of x, or of every numeric leaf of a structure.
    fn ones_like(x, dtype = none, device = none)
        creates true;
        ex "ones_like([[1.5, 2.5]])" => "[[1. 1.]]";
    = |machine, args| {
        let dtype = args.dtype(1)?;
        alike(machine, args, Some(Array::Int(1)), dtype)
    };

    /// `fill_value`, cast to the dtype of x, in its shape; of a structure for every numeric leaf.
    /// The value may be an array that broadcasts to the shape.
    fn full_like(x, fill_value, dtype = none, device = none)
        creates true;
        ex "full_like([1.0, 2.0, 3.0], 7)" => "[7. 7. 7.]";
        ex "full_like(0..3, 0.5, dtype=f64)" => "[0.5 0.5 0.5]";
        fails "full_like([1, 2], [1, 2, 3])" => "shape";
    = |machine, args| {
        let (value, dtype) = (args.number(1)?, args.dtype(2)?);
        alike(machine, args, Some(value), dtype)
    };
}

/// The value, or zeros, in the shape of every leaf of argument 0. Weak scalars stay weak.
fn alike(machine: &mut Machine, args: &super::Args, value: Option<Array>, dtype: Option<DType>) -> Result<Value> {
    if !is_structure(args.get(0)) {
        args.number(0)?;
    }
    machine.map_leaves(args.get(0).clone(), &mut |machine, leaf| {
        let Some(array) = leaf.as_array() else { return Ok(leaf) };
        let shape: Vec<i64> = array.shape().iter().map(|&len| len as i64).collect();
        let (cx, asked) = (&mut machine.host.cx, dtype.unwrap_or(array.dtype()));
        let full = match value.clone() {
            Some(value) => ops::create::full(cx, &shape, value, Some(asked))?,
            None => ops::create::zeros(cx, &shape, asked)?,
        };
        let full = match array.place() {
            Some(device) => ops::place::place(&mut machine.host.cx, full, Some(device))?,
            None => full,
        };
        Ok(Value::Array(match full.as_scalar() {
            Some(scalar) if array.is_weak() && dtype.is_none() => Array::weaken(scalar),
            _ => full,
        }))
    })
}
