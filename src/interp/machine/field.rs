//! `x.name`: fields of records, members of modules, properties of tensors.

use super::super::code::Reg;
use super::super::module::Module;
use super::super::value::Value;
use super::Machine;
use super::index::no_field;
use super::operator::operand_array;
use super::registers::Window;
use crate::builtins;
use crate::diagnostics::python_hints;
use crate::diagnostics::suggest::nearest;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops;
use crate::tensor::Array;

const PROPERTIES: [&str; 6] = ["T", "shape", "ndim", "size", "dtype", "device"];

impl Machine {
    pub fn field(&mut self, x: &Value, name: &Value) -> Result<Value> {
        let name = name.as_str().unwrap_or_default();
        match x {
            Value::Record(record) => match record.0.get(name) {
                Some(value) => Ok(value.clone()),
                None => Err(no_field(name, record.0.keys().map(|key| &**key)).operand(0, x.type_name())),
            },
            Value::Module(module) => match module.member(name) {
                Some(slot) => match &self.globals[slot as usize] {
                    // what `builtin` has of the standard library is loaded when it is asked for
                    Value::Undefined if self.modules.is_builtin(module) => match self.of_library(name)? {
                        Some(value) => {
                            self.globals[slot as usize] = value.clone();
                            Ok(value)
                        }
                        None => Err(no_value(module, name)),
                    },
                    Value::Undefined => Err(no_value(module, name)),
                    value => Ok(value.clone()),
                },
                None => {
                    let names = module.member_names();
                    let error = Error::new(Kind::Name, format!("module `{}` has no `{name}`", module.name));
                    if builtins::find(name).is_some() {
                        return Err(error.help(format!("it is a builtin: write `{name}` alone")));
                    }
                    if &*module.name == "random"
                        && let Some(hint) = python_hints::hint_for_draw(name)
                    {
                        return Err(error.help(hint));
                    }
                    Err(match nearest(name, names.iter().map(|name| &**name)) {
                        Some(near) => error.help(format!("did you mean `{near}`?")),
                        None => error,
                    })
                }
            },
            // a string is a `str` array without axes
            _ => match operand_array(x) {
                Some(array) => self.property(array, name),
                None => Err(no_property(x, name)),
            },
        }
    }

    fn property(&mut self, array: Array, name: &str) -> Result<Value> {
        Ok(match name {
            "T" => Value::Array(ops::transpose(&mut self.host.cx, array, None)?),
            "shape" => Value::tuple(array.shape().iter().map(|&size| Value::int(size as i64)).collect()),
            "ndim" => Value::int(array.ndim() as i64),
            "size" => Value::int(array.size() as i64),
            "dtype" => Value::DType(array.dtype()),
            "device" => Value::Device(array.device()),
            _ => return Err(no_property(&Value::Array(array), name)),
        })
    }

    /// The callee of `receiver.name(...)`, if it is a field of the receiver: then the receiver is no argument. It is one
    /// where the callee is a method of a function that a builtin made.
    pub(super) fn method(&mut self, regs: &mut Window, a: Reg, name: &Value) -> Result<bool> {
        let receiver = &regs[a as usize + 1];
        if let Value::Derived(derived) = receiver
            && let Some(builtin) = derived.state.method(name.as_str().unwrap_or_default())
        {
            regs[a as usize] = Value::Builtin(builtin);
            return Ok(true);
        }
        let has = match receiver {
            Value::Record(record) => record.0.contains_key(name.as_str().unwrap_or_default()),
            Value::Module(_) => true,
            _ => false,
        };
        if !has {
            return Ok(false);
        }
        let receiver = receiver.clone();
        regs[a as usize] = self.field(&receiver, name)?;
        regs[a as usize + 1] = Value::Undefined;
        Ok(true)
    }
}

#[cold]
fn no_value(module: &Module, name: &str) -> Error {
    Error::new(Kind::Name, format!("`{}.{name}` has no value yet", module.name))
}

#[cold]
fn no_property(x: &Value, name: &str) -> Error {
    let error = Error::new(Kind::Name, format!("{} has no property `{name}`", x.describe())).operand(0, x.type_name());
    if let Some(hint) = python_hints::hint_for_name(name) {
        return error.help(hint);
    }
    match nearest(name, PROPERTIES) {
        Some(near) => error.help(format!("did you mean `.{near}`?")),
        None => error.help(format!("if `{name}` is a function, call it: `x.{name}()`")),
    }
}
