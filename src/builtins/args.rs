//! The arguments of a builtin, bound to its parameters, and how it reads them.

use super::Builtin;
use crate::diagnostics::suggest::nearest;
use crate::diagnostics::{Error, Result};
use crate::interp::{Value, operand_array};
use crate::tensor::{Array, DType};
use smallvec::SmallVec;
use std::rc::Rc;

/// One value per parameter, in the order of the declaration. A `*rest` is a tuple.
pub struct Args {
    builtin: &'static Builtin,
    values: SmallVec<[Value; 6]>,
    /// How many came by position.
    positional: usize,
}

impl Args {
    /// Takes plain positional arguments from where they lie; none if it is not that simple, and then nothing is taken.
    pub fn from_row(builtin: &'static Builtin, row: &mut [Value]) -> Option<Args> {
        let params = builtin.params;
        let fits = row.len() <= params.len()
            && !params.iter().any(|param| param.rest)
            && params[row.len()..].iter().all(|param| param.default.is_some());
        if !fits {
            return None;
        }
        let mut values: SmallVec<[Value; 6]> = row.iter_mut().map(std::mem::take).collect();
        values.extend(params[row.len()..].iter().filter_map(|param| param.default).map(default));
        Some(Args { builtin, values, positional: row.len() })
    }

    /// Gives every parameter its argument. On error the positional arguments come back: variables may depend on them.
    pub fn bind(
        builtin: &'static Builtin,
        positional: Vec<Value>,
        named: Vec<(Rc<str>, Value)>,
    ) -> Result<Args, (Error, Vec<Value>)> {
        let params = builtin.params;
        let rest = params.iter().position(|param| param.rest);
        let places = rest.unwrap_or(params.len());
        let given = positional.len();
        if rest.is_none() && given > places {
            let counted = if places == 1 { "1 argument".to_string() } else { format!("{places} arguments") };
            let error = wrong_call(builtin, format!("`{}` takes {counted}, {given} are given", builtin.name));
            return Err((error, positional));
        }
        let mut values: SmallVec<[Value; 6]> = SmallVec::with_capacity(params.len());
        let mut positional = positional.into_iter();
        values.extend(positional.by_ref().take(places));
        values.resize(params.len(), Value::Undefined);
        if let Some(rest) = rest {
            values[rest] = Value::tuple(positional.collect());
        }
        let mut args = Args { builtin, values, positional: given };
        match args.bind_named(named).and_then(|()| args.bind_defaults()) {
            Ok(()) => Ok(args),
            Err(error) => Err((error, args.into_positional())),
        }
    }

    fn bind_named(&mut self, named: Vec<(Rc<str>, Value)>) -> Result<()> {
        let params = self.builtin.params;
        for (name, value) in named {
            let Some(at) = params.iter().position(|param| *param.name == *name) else {
                let error = wrong_call(self.builtin, format!("`{}` has no parameter `{name}`", self.builtin.name));
                return Err(match nearest(&name, params.iter().map(|param| param.name)) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error,
                });
            };
            let empty = matches!(&self.values[at], Value::Tuple(items) if items.0.is_empty());
            if !(self.values[at].is_undefined() || params[at].rest && empty) {
                let message = format!("parameter `{name}` of `{}` is given twice", self.builtin.name);
                return Err(wrong_call(self.builtin, message));
            }
            self.values[at] = if params[at].rest { Value::tuple(vec![value]) } else { value };
        }
        Ok(())
    }

    fn bind_defaults(&mut self) -> Result<()> {
        for (param, value) in self.builtin.params.iter().zip(&mut self.values) {
            if value.is_undefined() {
                match param.default {
                    Some(text) => *value = default(text),
                    None => {
                        let message = format!("parameter `{}` of `{}` is missing", param.name, self.builtin.name);
                        return Err(wrong_call(self.builtin, message));
                    }
                }
            }
        }
        Ok(())
    }

    /// The positional arguments, for the variables they came from.
    pub fn into_positional(self) -> Vec<Value> {
        let mut given: Vec<Value> = Vec::with_capacity(self.positional);
        for (param, value) in self.builtin.params.iter().zip(self.values) {
            match value {
                Value::Tuple(items) if param.rest => given.extend(items.0.iter().cloned()),
                value => given.push(value),
            }
            if param.rest {
                break;
            }
        }
        given.truncate(self.positional);
        given
    }

    pub fn get(&self, number: usize) -> &Value {
        &self.values[number]
    }

    /// Takes an argument out, so that it may be worked on in place. Only what cannot fail any more may follow, or the
    /// value must be put back.
    pub fn take(&mut self, number: usize) -> Value {
        std::mem::take(&mut self.values[number])
    }

    pub fn value_mut(&mut self, number: usize) -> &mut Value {
        &mut self.values[number]
    }

    pub fn is_none(&self, number: usize) -> bool {
        matches!(self.values[number], Value::None)
    }

    /// The error of an argument that is not what it has to be.
    pub fn wrong(&self, number: usize, wanted: &str) -> Error {
        let (param, value) = (&self.builtin.params[number], &self.values[number]);
        if let Some(error) = value.unknown() {
            return error;
        }
        let wrong = |of: &str| {
            let message = format!("`{}`{of} has to be {wanted}, this is {}", param.name, value.describe());
            Error::ty(message).operand(number, value.type_name())
        };
        // what only the standard library calls is nothing to whoever called the library
        if self.builtin.name.starts_with('_') {
            return wrong("");
        }
        wrong(&format!(" of `{}`", self.builtin.name)).help(format!("the signature is {}", self.builtin.signature()))
    }

    /// Numbers.
    pub fn number(&self, number: usize) -> Result<Array> {
        let value = &self.values[number];
        value.as_array().ok_or_else(|| {
            let error = self.wrong(number, "numbers");
            match value {
                Value::Tuple(items) if items.0.iter().all(|item| item.as_array().is_some()) => {
                    error.help("`array(x)` makes an array of the numbers of a tuple")
                }
                _ => error,
            }
        })
    }

    /// Numbers, or text as a `str` array.
    pub fn array(&self, number: usize) -> Result<Array> {
        operand_array(&self.values[number]).ok_or_else(|| self.wrong(number, "an array"))
    }

    pub fn int(&self, number: usize) -> Result<i64> {
        self.values[number].as_int().ok_or_else(|| self.wrong(number, "a whole number"))
    }

    pub fn optional_int(&self, number: usize) -> Result<Option<i64>> {
        if self.is_none(number) { Ok(None) } else { self.int(number).map(Some) }
    }

    pub fn float(&self, number: usize) -> Result<f64> {
        let scalar = match &self.values[number] {
            Value::Array(array) => array.as_scalar(),
            _ => None,
        };
        scalar.map(|scalar| scalar.as_f64()).ok_or_else(|| self.wrong(number, "a number"))
    }

    pub fn bool(&self, number: usize) -> Result<bool> {
        match &self.values[number] {
            Value::Array(array) => array.as_scalar().and_then(|scalar| scalar.as_bool()),
            _ => None,
        }
        .ok_or_else(|| self.wrong(number, "true or false"))
    }

    pub fn text(&self, number: usize) -> Result<&str> {
        match &self.values[number] {
            Value::Str(text) => Ok(text),
            _ => Err(self.wrong(number, "a string")),
        }
    }

    /// A dtype; none where it may be left out and was.
    pub fn dtype(&self, number: usize) -> Result<Option<DType>> {
        match &self.values[number] {
            Value::None => Ok(None),
            Value::DType(dtype) => Ok(Some(*dtype)),
            Value::Array(_) => {
                Err(self.wrong(number, "a dtype").help("several lengths stand in a tuple: `zeros((2, 3))`"))
            }
            _ => Err(self.wrong(number, "a dtype")),
        }
    }

    /// Whole numbers: one, or several in a tuple or a tensor of one axis. A shape, axes.
    pub fn ints(&self, number: usize) -> Result<SmallVec<[i64; 4]>> {
        ints(&self.values[number]).ok_or_else(|| self.wrong(number, "a whole number or a tuple of them"))
    }

    /// Whole numbers of a `*rest`: each an argument, or all in one tuple or tensor.
    pub fn rest_ints(&self, number: usize) -> Result<SmallVec<[i64; 4]>> {
        let wrong = || self.wrong(number, "whole numbers or a tuple of them");
        match &self.values[number] {
            Value::Tuple(items) => match items.0.as_slice() {
                [one] => ints(one).ok_or_else(wrong),
                several => several.iter().map(|item| item.as_int().ok_or_else(wrong)).collect(),
            },
            _ => Err(wrong()),
        }
    }

    /// As `ints`, or none.
    pub fn optional_ints(&self, number: usize) -> Result<Option<SmallVec<[i64; 4]>>> {
        if self.is_none(number) { Ok(None) } else { self.ints(number).map(Some) }
    }

    /// The items of a `*rest`.
    pub fn rest(&self, number: usize) -> Vec<Value> {
        match &self.values[number] {
            Value::Tuple(items) => items.0.clone(),
            _ => vec![],
        }
    }
}

/// The error of a call that does not fit the signature.
#[cold]
fn wrong_call(builtin: &Builtin, message: String) -> Error {
    Error::ty(message).help(format!("the signature is {}", builtin.signature()))
}

/// One whole number, or those in a tuple or a tensor of one axis.
pub(super) fn ints(value: &Value) -> Option<SmallVec<[i64; 4]>> {
    match value {
        Value::Tuple(tuple) => tuple.0.iter().map(Value::as_int).collect(),
        Value::Array(Array::Tensor(tensor))
            if tensor.ndim() == 1 && (tensor.dtype().is_integer() || tensor.size() == 0) =>
        {
            (0..tensor.size()).map(|i| tensor.scalar(i)?.as_i64()).collect()
        }
        value => Some(SmallVec::from_slice(&[value.as_int()?])),
    }
}

/// A default as written in a declaration: a literal or a name.
fn default(text: &'static str) -> Value {
    match text {
        "none" => Value::None,
        "true" => Value::bool(true),
        "false" => Value::bool(false),
        _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => match (text.parse(), text.parse()) {
            (Ok(value), _) => Value::int(value),
            (_, Ok(value)) => Value::float(value),
            _ => Value::None,
        },
        _ => match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(quoted) => Value::str(quoted.replace("\\n", "\n")),
            None => super::predefined(text).unwrap_or(Value::None),
        },
    }
}
