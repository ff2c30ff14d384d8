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
    pub fn bind(builtin: &'static Builtin, positional: Vec<Value>, named: Vec<(Rc<str>, Value)>) -> Result<Args> {
        let params = builtin.params;
        let rest = params.iter().position(|param| param.rest);
        let places = rest.unwrap_or(params.len());
        let given = positional.len();
        let wrong = |message: String| Error::ty(message).help(format!("the signature is {}", builtin.signature()));
        if rest.is_none() && given > places {
            let counted = if places == 1 { "1 argument".to_string() } else { format!("{places} arguments") };
            return Err(wrong(format!("`{}` takes {counted}, {given} are given", builtin.name)));
        }
        let mut values: SmallVec<[Value; 6]> = SmallVec::with_capacity(params.len());
        let mut positional = positional.into_iter();
        values.extend(positional.by_ref().take(places));
        values.resize(params.len(), Value::Undefined);
        if let Some(rest) = rest {
            values[rest] = Value::tuple(positional.collect());
        }
        for (name, value) in named {
            let Some(at) = params.iter().position(|param| *param.name == *name && !param.rest) else {
                let error = wrong(format!("`{}` has no parameter `{name}`", builtin.name));
                return Err(match nearest(&name, params.iter().map(|param| param.name)) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error,
                });
            };
            if !values[at].is_undefined() {
                return Err(wrong(format!("parameter `{name}` of `{}` is given twice", builtin.name)));
            }
            values[at] = value;
        }
        for (param, value) in params.iter().zip(&mut values) {
            if value.is_undefined() {
                match param.default {
                    Some(text) => *value = default(text),
                    None => {
                        return Err(wrong(format!("parameter `{}` of `{}` is missing", param.name, builtin.name)));
                    }
                }
            }
        }
        Ok(Args { builtin, values, positional: given.min(places) })
    }

    /// The positional arguments, for the variables they came from.
    pub fn into_positional(mut self) -> Vec<Value> {
        self.values.truncate(self.positional);
        self.values.into_vec()
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
        Error::ty(format!("`{}` of `{}` has to be {wanted}, this is {}", param.name, self.builtin.name, value.describe()))
            .operand(number, value.type_name())
            .help(format!("the signature is {}", self.builtin.signature()))
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
            _ => Err(self.wrong(number, "a dtype")),
        }
    }

    /// Whole numbers: one, or several in a tuple or a tensor of one axis. A shape, axes.
    pub fn ints(&self, number: usize) -> Result<SmallVec<[i64; 4]>> {
        let wrong = || self.wrong(number, "a whole number or a tuple of them");
        match &self.values[number] {
            Value::Tuple(tuple) => tuple.0.iter().map(|item| item.as_int().ok_or_else(wrong)).collect(),
            Value::Array(Array::Tensor(tensor)) if tensor.ndim() == 1 => (0..tensor.size())
                .map(|i| tensor.scalar(i).and_then(|scalar| scalar.as_i64()).ok_or_else(wrong))
                .collect(),
            value => Ok(SmallVec::from_slice(&[value.as_int().ok_or_else(wrong)?])),
        }
    }

    /// The same, or none.
    pub fn optional_ints(&self, number: usize) -> Result<Option<SmallVec<[i64; 4]>>> {
        if self.is_none(number) { Ok(None) } else { self.ints(number).map(Some) }
    }

    /// The items of a `*rest`, taken out.
    pub fn rest(&mut self, number: usize) -> Vec<Value> {
        match self.take(number) {
            Value::Tuple(tuple) => Rc::unwrap_or_clone(tuple).take(),
            _ => vec![],
        }
    }
}

/// A default as written in a declaration: a literal.
fn default(text: &'static str) -> Value {
    match text {
        "none" => Value::None,
        "true" => Value::bool(true),
        "false" => Value::bool(false),
        _ => {
            if let Some(quoted) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
                return Value::str(quoted.replace("\\n", "\n"));
            }
            match (text.parse::<i64>(), text.parse::<f64>()) {
                (Ok(value), _) => Value::int(value),
                (_, Ok(value)) => Value::float(value),
                _ => super::predefined(text).unwrap_or(Value::None),
            }
        }
    }
}
