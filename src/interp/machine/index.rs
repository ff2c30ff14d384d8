//! `x[...]`: elements of tensors, tuples, records, strings.

use super::super::tables::SubSpec;
use super::super::value::{Range, Value};
use super::Machine;
use super::operator::wrap;
use crate::diagnostics::suggest::nearest;
use crate::diagnostics::{Error, Result};
use crate::ops::index::{self, Index};
use crate::tensor::{Array, DType, Device, Tensor};
use std::rc::Rc;

/// A subscript with its values.
#[derive(Clone, Debug)]
pub enum Subscript {
    At(Value),
    Rest,
    Slice { start: Option<i64>, stop: Option<i64>, step: Option<i64> },
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.type_name())
    }
}

impl Machine {
    /// `x[i]`
    #[inline]
    pub(super) fn index(&mut self, x: &Value, i: &Value) -> Result<Value> {
        match (x, i) {
            (Value::Array(Array::Tensor(tensor)), Value::Array(Array::Int(at))) => {
                if let Some(element) = index::get_at(tensor, *at) {
                    return Ok(Value::Array(element));
                }
            }
            (Value::Tuple(tuple), i) => {
                if let Some(at) = i.as_int() {
                    return item(tuple.0.len(), at, "tuple").map(|at| tuple.0[at].clone());
                }
            }
            _ => {}
        }
        self.index_with(x, &[Subscript::At(i.clone())])
    }

    /// `x[i, a:b, ...]`, with the values in `regs` in order.
    pub(super) fn index_many(&mut self, x: &Value, spec: &[SubSpec], regs: &[Value]) -> Result<Value> {
        self.index_with(x, &subscripts(spec, regs)?)
    }

    pub(super) fn index_with(&mut self, x: &Value, subscripts: &[Subscript]) -> Result<Value> {
        match (x, subscripts) {
            (Value::Record(record), [Subscript::At(Value::Str(name))]) => match record.0.get(name.as_str()) {
                Some(value) => Ok(value.clone()),
                None => Err(no_field(name, record.0.keys().map(|key| &**key))),
            },
            // a record is a tuple with names
            (Value::Record(record), [Subscript::At(i)]) if i.as_int().is_some() => {
                let at = item(record.0.len(), i.as_int().unwrap_or(0), "record")?;
                Ok(record.0.get_index(at).map(|(_, value)| value.clone()).unwrap_or_default())
            }
            (Value::Record(_), _) => Err(Error::index("a record is indexed by a field's name, or by a whole number")
                .operand(0, x.type_name())
                .help("`r.name`, or `r[\"name\"]` where the name is computed")),
            (Value::Tuple(tuple), [Subscript::At(i)]) => {
                let at = whole(i, "tuple")?;
                item(tuple.0.len(), at, "tuple").map(|at| tuple.0[at].clone())
            }
            (Value::Tuple(tuple), [Subscript::Slice { start, stop, step }]) => {
                let at = positions(tuple.0.len(), *start, *stop, *step)?;
                Ok(Value::tuple(at.map(|i| tuple.0[i].clone()).collect()))
            }
            (Value::Str(text), [Subscript::At(i)]) => {
                let at = whole(i, "string")?;
                let at = item(text.chars().count(), at, "string")?;
                Ok(Value::str(text.chars().nth(at).map(String::from).unwrap_or_default()))
            }
            (Value::Str(text), [Subscript::Slice { start, stop, step }]) => {
                let chars: Vec<char> = text.chars().collect();
                let at = positions(chars.len(), *start, *stop, *step)?;
                Ok(Value::str(at.map(|i| chars[i]).collect::<String>()))
            }
            (Value::Range(range), [Subscript::At(i)]) if i.as_int().is_some() => {
                let at = i.as_int().unwrap_or(0);
                match range.get(at) {
                    Some(value) => Ok(Value::int(value)),
                    None => {
                        Err(Error::index(format!("index {at} is out of bounds for axis 0 of size {}", range.len())))
                    }
                }
            }
            (Value::Tuple(_) | Value::Str(_), _) => {
                Err(Error::index(format!("{} has one axis", x.describe())).operand(0, x.type_name()))
            }
            (Value::Device(Device::Gpu(_)), [Subscript::At(i)]) => {
                let number = u32::try_from(whole(i, "device")?).map_err(|_| Error::index("there is no such device"))?;
                Ok(Value::Device(Device::Gpu(number)))
            }
            _ => {
                let Some(array) = x.as_array() else {
                    return Err(Error::ty(format!("{} cannot be indexed", x.describe())).operand(0, x.type_name()));
                };
                let index = indices(subscripts)?;
                index::get(&mut self.host.cx, &array, &index).map(wrap)
            }
        }
    }
}

/// Subscripts of an instruction, with their values from registers.
pub fn subscripts(spec: &[SubSpec], regs: &[Value]) -> Result<Vec<Subscript>> {
    let mut values = regs.iter();
    let mut next = || values.next().cloned().unwrap_or_default();
    spec.iter()
        .map(|sub| {
            Ok(match *sub {
                SubSpec::At => Subscript::At(next()),
                SubSpec::Rest => Subscript::Rest,
                SubSpec::Slice { start, stop, step } => {
                    let mut part = |given: bool| if given { slice_bound(&next()) } else { Ok(None) };
                    Subscript::Slice { start: part(start)?, stop: part(stop)?, step: part(step)? }
                }
            })
        })
        .collect()
}

fn slice_bound(value: &Value) -> Result<Option<i64>> {
    match value {
        Value::None => Ok(None),
        value => value.as_int().map(Some).ok_or_else(|| {
            let wrong = || Error::index(format!("a slice goes between whole numbers, this is {}", value.describe()));
            value.unknown().unwrap_or_else(wrong)
        }),
    }
}

/// Subscripts of a tensor.
pub fn indices(subscripts: &[Subscript]) -> Result<Vec<Index>> {
    let mut index = vec![];
    for subscript in subscripts {
        match subscript {
            Subscript::Rest => index.push(Index::Rest),
            Subscript::Slice { start, stop, step } => {
                index.push(Index::Slice { start: *start, stop: *stop, step: *step });
            }
            // `a[(1, 2)]` is `a[1, 2]`
            Subscript::At(Value::Tuple(tuple)) if subscripts.len() == 1 => {
                for item in &tuple.0 {
                    index.push(one_index(item)?);
                }
            }
            Subscript::At(value) => index.push(one_index(value)?),
        }
    }
    Ok(index)
}

fn one_index(value: &Value) -> Result<Index> {
    match value {
        Value::None => Ok(Index::NewAxis),
        Value::Range(range) => Ok(Index::Array(Array::Tensor(numbers(**range)))),
        Value::Array(Array::Bool(truth)) => Ok(Index::Array(Array::Bool(*truth))),
        value => match (value.as_int(), value) {
            (Some(at), Value::Array(array)) if array.ndim() == 0 => Ok(Index::At(at)),
            (_, Value::Array(array)) if array.dtype().is_integer() || array.dtype() == DType::Bool => {
                Ok(Index::Array(array.clone()))
            }
            (_, Value::Array(array)) if array.size() == 0 => {
                Ok(Index::Array(Array::Tensor(Tensor::from_vec::<i64>(vec![], array.shape()))))
            }
            (_, value) => Err(Error::index(format!(
                "an index is a whole number, a slice or a mask, this is {}",
                value.describe()
            ))
            .help(match value {
                Value::Array(array) if array.dtype().is_float() => "`i64(x)` makes whole numbers of floats",
                _ => "a tensor's axes are counted from 0",
            })),
        },
    }
}

fn numbers(range: Range) -> Tensor {
    Tensor::from_vec((range.start..range.end).collect::<Vec<i64>>(), &[range.len()])
}

fn whole(value: &Value, what: &str) -> Result<i64> {
    value.as_int().ok_or_else(|| {
        if let Some(error) = value.unknown() {
            return error;
        }
        Error::index(format!("a {what} is indexed by a whole number, this is {}", value.describe()))
            .operand(1, value.type_name())
    })
}

/// The place of index `at` among `len` items, counted from the end if negative.
pub fn item(len: usize, at: i64, what: &str) -> Result<usize> {
    let place = if at < 0 { at + len as i64 } else { at };
    match usize::try_from(place) {
        Ok(place) if place < len => Ok(place),
        _ => Err(Error::index(format!("index {at} is out of bounds for a {what} of length {len}"))),
    }
}

/// The places a slice picks, in order, by Python's rules.
fn positions(
    len: usize,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
) -> Result<impl Iterator<Item = usize>> {
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Error::value("a slice cannot have the step 0"));
    }
    let len = len as i64;
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let clamp = |bound: i64| (if bound < 0 { bound.saturating_add(len) } else { bound }).clamp(low, high);
    let start = start.map_or(if step > 0 { low } else { high }, clamp);
    let stop = stop.map_or(if step > 0 { high } else { low }, clamp);
    let mut at = start;
    Ok(std::iter::from_fn(move || {
        let inside = if step > 0 { at < stop } else { at > stop };
        let place = inside.then_some(at as usize);
        at = at.saturating_add(step);
        place
    }))
}

/// A record lacks a field.
#[cold]
pub fn no_field<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Error {
    let names: Vec<&str> = names.collect();
    let error = Error::new(crate::diagnostics::Kind::Name, format!("there is no field `{name}`"));
    match nearest(name, names.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if names.is_empty() || names.len() > 12 => error,
        None => error.help(format!("the fields are {}", names.join(", "))),
    }
}

pub(super) fn rc_str(name: &Value) -> Rc<str> {
    name.as_str().unwrap_or_default().into()
}
