//! What to differentiate by: `wrt`, parameters by number or name.

use crate::builtins::Args;
use crate::diagnostics::suggest::nearest;
use crate::diagnostics::{Error, Result};
use crate::interp::{State, Value};
use crate::tensor::DType;

/// Arguments by number, and whether they stand in a tuple.
#[derive(Clone)]
pub struct Wrt {
    pub numbers: Vec<usize>,
    pub several: bool,
}

impl State for Wrt {}

impl Wrt {
    /// Reads it from an argument; the function is argument 0.
    pub fn read(args: &Args, number: usize) -> Result<Wrt> {
        let wrt = match args.get(number) {
            Value::Tuple(items) => {
                let numbers =
                    items.0.iter().map(|item| parameter(args, number, item)).collect::<Result<Vec<usize>>>()?;
                Wrt { numbers, several: true }
            }
            one => Wrt { numbers: vec![parameter(args, number, one)?], several: false },
        };
        match wrt.numbers.iter().enumerate().find(|(at, number)| wrt.numbers[..*at].contains(number)) {
            Some((_, twice)) => Err(Error::value(format!("`wrt` names parameter {twice} twice"))),
            None if wrt.numbers.is_empty() => Err(args.wrong(number, "one parameter at least")),
            None => Ok(wrt),
        }
    }

    /// The arguments to differentiate by, with their numbers.
    pub fn arguments<'a>(&self, args: &'a [Value]) -> Result<Vec<(usize, &'a Value)>> {
        self.numbers.iter().map(|&number| Ok((number, argument(args, number)?))).collect()
    }

    /// One value for each of them as one: a tuple where `wrt` is one.
    pub fn joined(&self, mut values: Vec<Value>) -> Value {
        if self.several { Value::tuple(values) } else { values.pop().unwrap_or_default() }
    }

    /// The parts of a value of their form, as a direction has it.
    pub fn parts(&self, what: &str, value: &Value) -> Result<Vec<Value>> {
        if !self.several {
            return Ok(vec![value.clone()]);
        }
        let count = self.numbers.len();
        match value {
            Value::Tuple(items) if items.0.len() == count => Ok(items.0.clone()),
            other => Err(Error::ty(format!("{what} is {}, `wrt` needs a tuple of {count}", other.describe()))),
        }
    }
}

fn argument(args: &[Value], number: usize) -> Result<&Value> {
    args.get(number).filter(|arg| !arg.is_undefined()).ok_or_else(|| {
        Error::ty(format!("there is no argument {number} to differentiate by"))
            .help("what is differentiated by has to be given, also where it has a default")
    })
}

/// The parameters of a function, as far as they are known, with whether each gathers arguments.
fn parameters(of: &Value) -> Option<Vec<(&str, bool)>> {
    let of = match of {
        Value::Derived(derived) => match derived.parameter() {
            Some(name) => return Some(vec![(name, false)]),
            None => derived.innermost(),
        },
        of => of,
    };
    match of {
        Value::Function(function) => {
            Some(function.code.params.iter().map(|param| (&*param.name, param.star)).collect())
        }
        Value::Builtin(builtin) => Some(builtin.params.iter().map(|param| (param.name, param.rest)).collect()),
        _ => None,
    }
}

/// The number of a parameter, given by number or by name.
fn parameter(args: &Args, number: usize, value: &Value) -> Result<usize> {
    let params = parameters(args.get(0));
    let Some(name) = value.as_str() else {
        let at = value.as_int().and_then(|at| usize::try_from(at).ok());
        let at = at.ok_or_else(|| no_parameter(args, number, value))?;
        return match params {
            Some(params) if at >= params.len() && !params.iter().any(|(_, gathers)| *gathers) => {
                Err(unknown(format!("the function has no parameter {at}"), args, &params))
            }
            _ => Ok(at),
        };
    };
    let params = params.unwrap_or_default();
    match params.iter().position(|(other, _)| *other == name) {
        Some(at) if params[at].1 => Err(Error::value(format!("`{name}` gathers arguments"))
            .help("name those to differentiate by, by number")
            .operand(0, args.get(0).type_name())),
        Some(at) => Ok(at),
        None => {
            let error = unknown(format!("the function has no parameter `{name}`"), args, &params);
            Err(match nearest(name, params.iter().map(|(other, _)| *other)) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error,
            })
        }
    }
}

/// The error of what names no parameter: often the point at which a derivative is wanted.
#[cold]
fn no_parameter(args: &Args, number: usize, value: &Value) -> Error {
    let error = args.wrong(number, "the number or the name of a parameter, or a tuple of them");
    match value {
        Value::Array(array) if array.dtype() == DType::Str => {
            error.help("several names stand in a tuple: `(\"x\", \"y\")`")
        }
        // of those that take no argument of f themselves
        Value::Array(_) if number == 1 => error.help("it gives a function, to be called: `grad(f)(x)`"),
        _ => error,
    }
}

#[cold]
fn unknown(message: String, args: &Args, params: &[(&str, bool)]) -> Error {
    let error = Error::value(message).operand(0, args.get(0).type_name());
    let names: Vec<String> = params.iter().map(|(name, _)| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => error.help("it has no parameters"),
        [one] => error.help(format!("its one parameter is {one}, number 0")),
        [first, rest @ ..] => error.help(format!("its parameters are {first}, {}, counted from 0", rest.join(", "))),
    }
}
