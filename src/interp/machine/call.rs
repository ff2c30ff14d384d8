//! Calls: arguments to parameters, and what is called besides functions of the language.

use super::super::code::{Code, Reg};
use super::super::derived::Derived;
use super::super::function::Function;
use super::super::tables::ArgKind;
use super::super::value::Value;
use super::Machine;
use super::operator::{operand_array, wrap};
use super::place::on_device;
use super::registers::{Window, set};
use super::stack::{Position, Stacks};
use super::unwind::site;
use crate::builtins::{self, Args, Elements};
use crate::diagnostics::suggest::nearest;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops;
use crate::tensor::{Array, DType};
use crate::transform::pending;
use nabla_grammar::tree::Span;
use std::rc::Rc;

/// The arguments of a call, in the registers behind the callee.
#[derive(Clone, Copy)]
pub(super) struct Given {
    pub count: usize,
    /// The entry of `Code::call_shapes`, if they are not all plain.
    pub shape: Option<u32>,
    /// Leading entries of that shape without an argument.
    pub skipped: usize,
}

/// Arguments sorted by how they were given.
#[derive(Default)]
pub struct Arguments {
    pub positional: Vec<Value>,
    pub named: Vec<(Rc<str>, Value)>,
}

/// A receiver that was only the way to its callee is no argument.
#[inline]
pub(super) fn drop_missing_receiver(regs: &mut Window, a: Reg, given: Given) -> Given {
    let first = usize::from(a) + 1;
    if given.count == 0 || !regs[first].is_undefined() {
        return given;
    }
    regs[first..first + given.count].rotate_left(1);
    Given { count: given.count - 1, skipped: 1, ..given }
}

impl Machine {
    /// Begins the frame of a call: the registers behind the callee become the first of the called function. On error
    /// nothing has begun.
    #[inline(always)]
    pub(super) fn enter(
        &mut self,
        stacks: &mut Stacks,
        now: &mut Position,
        callee: Rc<Function>,
        a: Reg,
        given: Given,
    ) -> Result<()> {
        self.turns = self.turns.wrapping_add(1);
        if self.host.cx.interrupt.is_raised() || self.turns & 0xfff == 0 {
            self.host.cx.check()?;
        }
        let code = &callee.code;
        if code.far > 0 {
            let slots = stacks.far.len() + code.far;
            self.host.cx.reserve(slots, size_of::<Value>(), || "what these calls hold".into())?;
        }
        stacks.check_depth()?;
        let base = now.base + usize::from(a) + 1;
        let far = stacks.make_room(base, code);
        let params = code.params.len();
        if given.shape.is_some() || given.count != params || !code.plain {
            let regs = &mut stacks.values[base..];
            if let Err(error) = self.arrange(&now.function.code, &callee, regs, given) {
                stacks.far.truncate(far);
                return Err(error);
            }
        }
        for slot in &mut stacks.values[base + params..base + code.variables] {
            set(slot, Value::Undefined);
        }
        if self.host.cx.wants_place() && code.source.library {
            self.note_place(&now.function.code, now.pc);
        }
        stacks.enter(now, callee, base, far);
        Ok(())
    }

    /// Calls the value of a global that is no function of the language, or has none.
    #[inline(never)]
    pub(super) fn call_global(
        &mut self,
        regs: &mut Window,
        a: Reg,
        slot: u32,
        given: Given,
        caller: &Code,
        pc: usize,
    ) -> Result<()> {
        let callee = self.globals[slot as usize].clone();
        let name = self.modules.slot_name(slot);
        if callee.is_undefined() {
            // a call begins with the name of what it calls
            let start = site(caller, pc - 1).span.start;
            let span = Span { start, end: start + name.len() as u32 };
            let rest = caller.source.text.get(span.end as usize..).unwrap_or("");
            return Err(self.unknown_name(slot, rest).at(&caller.source, span));
        }
        let hides = !callee.is_callable() && builtins::find(&name).is_some();
        set(&mut regs[a as usize], callee);
        self.call_other(regs, a, given, caller).map_err(|mut error| {
            if hides {
                error.details_mut().help =
                    vec![format!("`{name}` is a variable here; `builtin.{name}` is the function")];
            }
            error
        })
    }

    /// Puts arguments that do not simply stand in order into the registers of their parameters.
    #[inline(never)]
    fn arrange(&mut self, caller: &Code, callee: &Function, regs: &mut [Value], given: Given) -> Result<()> {
        let args = self.gather(caller, &mut regs[..given.count], given)?;
        for (slot, arg) in regs.iter_mut().zip(bind(callee, args)?) {
            set(slot, arg);
        }
        Ok(())
    }

    /// Takes arguments from their registers.
    fn gather(&mut self, caller: &Code, regs: &mut [Value], given: Given) -> Result<Arguments> {
        let values = regs.iter_mut().map(std::mem::take);
        let Some(shape) = given.shape else { return Ok(Arguments { positional: values.collect(), named: vec![] }) };
        let kinds = &caller.tables.call_shapes[shape as usize].args[given.skipped..];
        let mut args = Arguments::default();
        for (kind, value) in kinds.iter().zip(values) {
            match kind {
                ArgKind::Pos => args.positional.push(value),
                ArgKind::Named(name) => args.named.push((name.clone(), value)),
                ArgKind::Spread => match value {
                    Value::Record(record) => args.named.extend(Rc::unwrap_or_clone(record).take()),
                    other => args.positional.extend(self.items(&other)?),
                },
            }
        }
        if let Some((name, _)) = args.named.iter().enumerate().find_map(|(i, (name, value))| {
            args.named[..i].iter().any(|(other, _)| other == name).then_some((name, value))
        }) {
            return Err(Error::ty(format!("argument `{name}` is given twice")));
        }
        Ok(args)
    }

    /// Calls what is not a function of the language. The result replaces the callee. On error the arguments are put
    /// back: a global may depend on them.
    #[inline(never)]
    pub(super) fn call_other(&mut self, regs: &mut Window, a: Reg, given: Given, caller: &Code) -> Result<()> {
        self.note_place(caller, self.at);
        let result = self.call_row(regs, a, given, caller);
        if result.is_err() {
            let first = usize::from(a) + 1;
            regs[first..first + given.skipped + given.count].rotate_right(given.skipped);
        }
        result
    }

    fn call_row(&mut self, regs: &mut Window, a: Reg, given: Given, caller: &Code) -> Result<()> {
        let a = usize::from(a);
        let row = a + 1..a + 1 + given.count;
        let callee = std::mem::take(&mut regs[a]);
        if let Value::Builtin(builtin) = &callee {
            self.prepare(builtin, &mut regs[row.clone()])?;
        }
        if let (Value::Builtin(builtin), None) = (&callee, given.shape) {
            self.check_dtype(builtin, &regs[row.clone()], &[])?;
        }
        if let (Value::Builtin(builtin), None) = (&callee, given.shape)
            && let Some(mut args) = Args::from_row(builtin, &mut regs[row.clone()])
        {
            return match (builtin.run)(self, &mut args).and_then(|value| self.made_by(builtin, &args, value)) {
                Ok(value) => {
                    set(&mut regs[a], value);
                    Ok(())
                }
                Err(error) => {
                    give_back(&mut regs[row], args.into_positional());
                    Err(error)
                }
            };
        }
        let args = self.gather(caller, &mut regs[row.clone()], given)?;
        let result = match &callee {
            Value::Builtin(builtin) => match self.call_builtin(builtin, args.positional, args.named) {
                Ok(value) => Ok(value),
                Err((error, given_back)) => {
                    give_back(&mut regs[row], given_back);
                    Err(error)
                }
            },
            Value::Derived(derived) => self.call_derived(derived, args),
            other if args.named.is_empty() => self.call_plain(other, args.positional),
            other => Err(Error::ty(format!("{} takes no named arguments", other.describe()))),
        };
        set(&mut regs[a], result?);
        Ok(())
    }

    /// Brings the arguments of a builtin into the form that it takes.
    #[inline]
    fn prepare(&mut self, builtin: &'static builtins::Builtin, args: &mut [Value]) -> Result<()> {
        if builtin.effect && self.host.cx.modes.is_tracing() {
            return Err(effect_in_graph(builtin.name));
        }
        if !args.iter().any(|arg| matches!(arg, Value::Array(Array::Lifted(_)) | Value::Tuple(_) | Value::Record(_))) {
            return Ok(());
        }
        for arg in args {
            match (builtin.elements, &*arg) {
                (Elements::AtHand, arg_value) => {
                    let at_hand = self.at_hand(arg_value).map_err(|error| looks(builtin.name, error))?;
                    *arg = at_hand;
                }
                (Elements::Settled, Value::Array(array @ Array::Lifted(_))) => {
                    *arg = Value::Array(pending::settled(&mut self.host.cx, array)?);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Errors where a builtin is told to make something of a dtype that the place of new values, or the device that it is
    /// told, does not have.
    #[inline]
    fn check_dtype(
        &self,
        builtin: &'static builtins::Builtin,
        positional: &[Value],
        named: &[(Rc<str>, Value)],
    ) -> Result<()> {
        if !builtin.creates {
            return Ok(());
        }
        let given = |wanted: &str| {
            let by_place = builtin.param(wanted).and_then(|at| positional.get(at));
            by_place.or_else(|| named.iter().find(|(name, _)| **name == *wanted).map(|(_, value)| value))
        };
        let home = match given("device") {
            Some(Value::Device(device)) => Some(*device),
            _ => self.host.cx.devices.home,
        };
        match given("dtype") {
            Some(Value::DType(dtype)) => ops::place::check_dtype(*dtype, home),
            _ => Ok(()),
        }
    }

    /// Calls a builtin; on error also gives the positional arguments back, as far as it left them alone.
    pub fn call_builtin(
        &mut self,
        builtin: &'static builtins::Builtin,
        mut positional: Vec<Value>,
        named: Vec<(Rc<str>, Value)>,
    ) -> std::result::Result<Value, (Error, Vec<Value>)> {
        if let Err(error) = self.prepare(builtin, &mut positional) {
            return Err((error, positional));
        }
        if let Err(error) = self.check_dtype(builtin, &positional, &named) {
            return Err((error, positional));
        }
        let mut args = Args::bind(builtin, positional, named)?;
        let result = (builtin.run)(self, &mut args).and_then(|value| self.made_by(builtin, &args, value));
        result.map_err(|error| (error, args.into_positional()))
    }

    /// The result of a builtin; what it made lives on the device that it was told, or where new values do.
    #[inline]
    fn made_by(&mut self, builtin: &'static builtins::Builtin, args: &Args, value: Value) -> Result<Value> {
        if builtin.creates { self.at_its_place(builtin, args, value) } else { Ok(value) }
    }

    fn at_its_place(&mut self, builtin: &'static builtins::Builtin, args: &Args, value: Value) -> Result<Value> {
        let Some(at) = builtin.param("device") else { return self.at_home(value) };
        match args.get(at) {
            Value::None => self.at_home(value),
            Value::Device(device) => self.place_on(value, *device),
            _ => Err(args.wrong(at, "a device")),
        }
    }

    /// Calls what a builtin was given, from inside the builtin.
    pub fn call(&mut self, callee: &Value, positional: Vec<Value>) -> Result<Value> {
        let args = Arguments { positional, named: vec![] };
        match callee {
            Value::Function(function) => {
                let bound = bind(function, args)?;
                let result = self.run_with(function.clone(), bound).map_err(|mut error| {
                    error.details_mut().inside.get_or_insert_with(|| function.code.name.to_string());
                    error
                })?;
                self.settle(result)
            }
            Value::Builtin(builtin) => {
                self.call_builtin(builtin, args.positional, args.named).map_err(|(error, _)| error)
            }
            Value::Derived(derived) => self.call_derived(derived, args),
            other => self.call_plain(other, args.positional),
        }
    }

    /// Named arguments go by the parameters of what it was made of.
    fn call_derived(&mut self, derived: &Rc<Derived>, args: Arguments) -> Result<Value> {
        let mut positional = args.positional;
        match (derived.parameter(), args.named.as_slice()) {
            (_, []) => {}
            (Some(name), [(given, value)]) if **given == *name && positional.is_empty() => {
                positional.push(value.clone())
            }
            (Some(name), _) => return Err(Error::ty(format!("this function takes one argument, `{name}`"))),
            (None, _) => positional = by_name(derived, Arguments { positional, named: args.named })?,
        }
        self.nest()?;
        let result = (derived.run)(self, derived, positional);
        self.nesting -= 1;
        result
    }

    /// Calls a dtype, which casts.
    fn call_plain(&mut self, callee: &Value, mut args: Vec<Value>) -> Result<Value> {
        match callee {
            Value::DType(dtype) => match (args.pop(), args.is_empty()) {
                (Some(value), true) => self.cast(value, *dtype),
                _ => Err(Error::ty(format!("`{}(x)` takes one value", dtype.name()))),
            },
            Value::Device(device) => match (args.pop(), args.is_empty()) {
                (Some(f), true) if f.is_callable() => Ok(on_device(*device, f)),
                _ => Err(Error::ty(format!("`{device}` takes a function, which then computes there"))
                    .help(format!("`x @ {device}` places a value"))),
            },
            other => {
                let error = Error::ty(format!("{} cannot be called", other.describe()));
                Err(match other {
                    Value::Array(_) => error.help("for a product write `*`; an index stands in `[...]`"),
                    _ => error,
                })
            }
        }
    }

    /// `f32(x)`: a cast; of text to a number it is parsed.
    pub fn cast(&mut self, value: Value, dtype: DType) -> Result<Value> {
        self.map_leaves(value, &mut |machine, leaf| {
            if let (Value::Str(text), true) = (&leaf, dtype != DType::Str) {
                return parse_number(text, dtype);
            }
            if dtype == DType::Str && leaf.as_array().is_none_or(|array| array.ndim() == 0) {
                let leaf = machine.at_hand(&leaf)?;
                return Ok(Value::str(machine.host.text(&leaf)));
            }
            match operand_array(&leaf) {
                Some(array) => ops::cast::cast_as_asked(&mut machine.host.cx, array, dtype).map(wrap),
                None => Err(Error::ty(format!("cannot make {} of {}", dtype.name(), leaf.describe()))
                    .operand(0, leaf.type_name())),
            }
        })
    }
}

/// An error of a builtin that looks at elements which are not known yet.
#[cold]
fn looks(name: &str, mut error: Error) -> Error {
    if error.kind() == Kind::Graph {
        let message = &mut error.details_mut().message;
        *message = format!("`{name}` looks at its argument: {message}");
    }
    error
}

#[cold]
fn effect_in_graph(name: &str) -> Error {
    let error = Error::new(
        Kind::Graph,
        format!("`{name}` inside a graph would run once, when the graph is made, and never again"),
    );
    match name {
        "print" => error.help("`debug(x, \"name\")` prints at every run; or give it as a result, and print it outside"),
        "load" | "loadtxt" | "read_csv" | "read_text" | "input" | "env" | "clock" => {
            error.help("do it outside, and pass the value in")
        }
        _ => error.help("do it outside the function that is traced"),
    }
}

#[cold]
fn give_back(row: &mut [Value], args: Vec<Value>) {
    for (slot, arg) in row.iter_mut().zip(args) {
        *slot = arg;
    }
}

/// `f64("3.5")`
fn parse_number(text: &str, dtype: DType) -> Result<Value> {
    use crate::tensor::{Array, Scalar};
    let trimmed = text.trim();
    let bad = || Error::value(format!("{text:?} is no {}", dtype.name())).operand(0, "str");
    let scalar = match dtype {
        DType::Bool => match trimmed {
            "true" | "True" => Scalar::Bool(true),
            "false" | "False" => Scalar::Bool(false),
            _ => return Err(bad()),
        },
        DType::F32 => Scalar::F32(trimmed.replace('_', "").parse().map_err(|_| bad())?),
        DType::F64 => Scalar::F64(trimmed.replace('_', "").parse().map_err(|_| bad())?),
        _ => {
            let value: i64 = trimmed.replace('_', "").parse().map_err(|_| bad())?;
            Scalar::I64(value)
                .fit(dtype)
                .ok_or_else(|| Error::overflow(format!("{value} does not fit {}", dtype.name())))?
        }
    };
    Ok(Value::Array(Array::Scalar(scalar)))
}

/// The arguments of a derived function in order, by the parameters of what it was made of.
fn by_name(derived: &Derived, args: Arguments) -> Result<Vec<Value>> {
    let Value::Function(function) = derived.innermost() else {
        return Err(Error::ty(format!("{} takes no named arguments", derived.innermost().describe())));
    };
    let mut positional = bind(function, args)?;
    // the items of a `*rest` are arguments again; what is left out stays without a value, and gets its default
    let params = &function.code.params;
    if let Some(star) = params.iter().position(|param| param.star) {
        let by_name_alone = positional.split_off(star + 1);
        if let Some((param, _)) = params[star + 1..].iter().zip(by_name_alone).find(|(_, value)| !value.is_undefined())
        {
            let message =
                format!("`{}` stands behind `*` and cannot be given to a function made of another", param.name);
            return Err(Error::ty(message).help("give it inside, as in `graph(|x| f(x, c=2))`"));
        }
        if let Some(Value::Tuple(items)) = positional.pop() {
            positional.extend(items.0.iter().cloned());
        }
    }
    while positional.last().is_some_and(Value::is_undefined) {
        positional.pop();
    }
    Ok(positional)
}

/// Gives each parameter of a function its argument; those left to their default have no value yet.
fn bind(function: &Function, args: Arguments) -> Result<Vec<Value>> {
    let code = &function.code;
    let wrong = |message: String| {
        let name = if code.name.is_empty() { "fn" } else { &code.name };
        let signature = function.signature();
        Err(Error::ty(message).help(format!("the signature is {name}{}", signature.trim_start_matches("fn"))))
    };
    let name = if code.name.is_empty() { "this function".to_string() } else { format!("`{}`", code.name) };
    let star = code.params.iter().position(|param| param.star);
    let places = star.unwrap_or(code.params.len());
    let given = args.positional.len();
    if star.is_none() && given > places {
        let counted = if places == 1 { "1 argument".to_string() } else { format!("{places} arguments") };
        let error = wrong(format!("{name} takes {counted}, {given} are given"));
        return error;
    }
    let mut bound: Vec<Value> = vec![Value::Undefined; code.params.len()];
    let mut positional = args.positional.into_iter();
    for (slot, value) in bound[..places].iter_mut().zip(&mut positional) {
        *slot = value;
    }
    if let Some(star) = star {
        bound[star] = Value::tuple(positional.collect());
    }
    for (key, value) in args.named {
        let Some(at) = code.params.iter().position(|param| param.name == key && !param.star) else {
            let near = nearest(&key, code.params.iter().map(|param| &*param.name));
            let error = wrong(format!("{name} has no parameter `{key}`"));
            return error.map_err(|error: Error| match near {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error,
            });
        };
        if !bound[at].is_undefined() {
            return wrong(format!("parameter `{key}` of {name} is given twice"));
        }
        bound[at] = value;
    }
    for (param, value) in code.params.iter().zip(&bound) {
        if value.is_undefined() && !param.has_default && !param.star {
            return wrong(format!("parameter `{}` of {name} is missing", param.name));
        }
    }
    Ok(bound)
}
