//! Printing, help, errors, and the world outside.

use super::declare::builtins;
use crate::devices::About;
use crate::diagnostics::suggest::nearest;
use crate::diagnostics::{Error, Kind, Result};
use crate::interp::{Fields, Machine, Value};
use crate::ops;
use crate::tensor::Array;
use crate::transform::waiting;
use std::time::{Duration, Instant};

/// What `help(x)` prints.
fn help(machine: &mut Machine, value: &Value) -> Result<String> {
    Ok(match value {
        Value::Builtin(builtin) => builtin.help(),
        Value::Function(function) => {
            let signature = machine.host.text(value);
            match &function.code.doc {
                Some(doc) => format!("{}\n\n{}", signature.trim_start_matches("fn "), indented(doc)),
                None => format!(
                    "{}\n\n    It has no documentation: `##` lines above a `fn` are.",
                    signature.trim_start_matches("fn ")
                ),
            }
        }
        Value::DType(dtype) => format!("{dtype}(x)\n\n    Casts x to the dtype {dtype}; of text it reads the value."),
        Value::Module(module) => {
            format!("module {}\n\n{}", module.name, names(module.member_names().iter().map(|name| &**name)))
        }
        Value::Str(name) => return named(machine, name),
        // it does what the function does
        Value::Derived(derived) if derived.name == "graph" => return help(machine, &derived.of),
        other => format!("{}\n\n    A value of type {}.", machine.host.text(other), other.type_name()),
    })
}

/// Help on a builtin, or on what the standard library gives, whose name is given as text: `sum`, `linalg.inv`.
fn named(machine: &mut Machine, name: &str) -> Result<String> {
    let value = match name.split_once('.') {
        Some((module, member)) => match machine.of_library(module)? {
            Some(module) => Some(machine.field(&module, &Value::str(member))?),
            None => None,
        },
        None => machine.of_library(name)?.or_else(|| super::predefined(name)),
    };
    match value {
        Some(value @ (Value::Builtin(_) | Value::DType(_) | Value::Function(_) | Value::Module(_))) => {
            help(machine, &value)
        }
        _ => {
            let error = Error::new(Kind::Name, format!("there is no builtin `{name}`"));
            Err(match nearest(name, super::names()) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help("`help()` lists all"),
            })
        }
    }
}

fn indented(doc: &str) -> String {
    let lines =
        doc.lines().map(|line| if line.trim().is_empty() { String::new() } else { format!("    {}", line.trim_end()) });
    lines.collect::<Vec<_>>().join("\n")
}

/// Names in lines.
fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let (mut text, mut column) = (String::new(), 0);
    for name in names {
        if column + name.len() + 1 > LINE {
            text.push('\n');
            column = 0;
        }
        text.push_str(if column == 0 { "    " } else { " " });
        text.push_str(name);
        column += name.len() + if column == 0 { 4 } else { 1 };
    }
    text
}

/// Columns of a line of names.
const LINE: usize = 75;

/// How often a sleeping program looks at the interrupt flag.
const NAP: Duration = Duration::from_millis(20);

builtins! {
    elements AtHand;

    /// Writes values, separated by `sep` and ended by `end`.
    /// Arrays look as NumPy prints them; with `oneline` each stands on one line.
    fn print(*values, sep = " ", end = "\n", oneline = false)
        effect true;
        ex "print(1, [1, 2], \"text\")" => "1 [1 2] text";
        ex "print([[1, 2], [3, 4]], oneline=true)" => "[[1 2] [3 4]]";
        fails "print(1, sep=2)" => "type";
    = |machine, args| {
        let values = args.rest(0);
        let (sep, end, oneline) = (args.text(1)?.to_string(), args.text(2)?.to_string(), args.bool(3)?);
        let before = machine.host.cx.print.oneline;
        machine.host.cx.print.oneline |= oneline;
        let texts: Vec<String> = values.iter().map(|value| machine.host.text(value)).collect();
        machine.host.cx.print.oneline = before;
        machine.host.write(&(texts.join(&sep) + &end))?;
        Ok(Value::None)
    };

    /// Changes how arrays are printed; what is left out stays as it is.
    /// `precision` is the most digits behind the point, `threshold` the number of elements from which an array is
    /// summarised, with `edgeitems` at each edge, `linewidth` the columns of a line; `suppress` shows small floats
    /// without exponents.
    fn print_options(precision = none, threshold = none, edgeitems = none, linewidth = none, suppress = none)
        also set_printoptions;
        effect true;
        ex "print_options(precision=4)\n[1.23456789]" => "[1.2346]";
        ex "print_options(threshold=5, edgeitems=1)\n0..10" => "[0 ... 9]";
        fails "print_options(precision=-1)" => "value";
        fails "print_options(suppress=1)" => "type";
    = |machine, args| {
        let mut options = machine.host.cx.print.clone();
        let fields = [
            ("precision", &mut options.precision),
            ("threshold", &mut options.threshold),
            ("edgeitems", &mut options.edgeitems),
            ("linewidth", &mut options.linewidth),
        ];
        for (number, (name, field)) in fields.into_iter().enumerate() {
            if let Some(value) = args.optional_int(number)? {
                let wrong = |_| Error::value(format!("`{name}` is 0 or more, not {value}"));
                *field = usize::try_from(value).map_err(wrong)?;
            }
        }
        if !args.is_none(4) {
            options.suppress = args.bool(4)?;
        }
        machine.host.cx.print = options;
        Ok(Value::None)
    };

    /// The type of a value, as text.
    fn type(x)
        elements Settled;
        ex "type([[1, 2]])" => "i64[1, 2]";
        ex "type((w=zeros((3, 2)), name=\"a\"))" => "(w: f64[3, 2], name: str)";
        ex "type(|x| x + 1)" => "fn(x)";
    = |_, args| Ok(Value::str(args.get(0).type_name()));

    /// Prints what there is to say of a function: its signature, documentation and examples.
    /// A builtin may be given by its name as text. Without an argument it lists all names.
    fn help(x = none)
        ex "## Twice x.\nfn double(x) = 2 * x\nhelp(double)" => "double(x)\n\n    Twice x.";
        fails "help(\"sinn\")" => "name";
    = |machine, args| {
        let text = match args.get(0).clone() {
            Value::None => {
                let mut all: Vec<&str> = super::names().collect();
                all.sort_unstable();
                format!("{}\n\n    `help(name)` tells more.", names(all.into_iter()))
            }
            value => help(machine, &value)?,
        };
        machine.host.write(&(text + "\n"))?;
        Ok(Value::None)
    };

    /// Seconds of a clock that never goes back.
    /// All that was asked for before is done when it looks, on every device.
    fn clock()
        effect true;
        ex "t = clock(); clock() >= t" => "True";
    = |machine, _| {
        waiting::settle_all(&mut machine.host.cx)?;
        machine.host.cx.devices.wait()?;
        Ok(Value::float(machine.host.started.elapsed().as_secs_f64()))
    };

    /// What there is to compute on: a tuple of records, the CPU first.
    /// `device` is the value to place things on; `kind` is `discrete`, `integrated`, `virtual` or `software` for a graphics
    /// card; `memory` is in bytes, for a graphics card those of the largest value.
    fn devices()
        effect true;
        ex "devices()[0].device" => "cpu";
        fails "devices(1)" => "type";
    = |machine, _| {
        let record = |about: About| {
            let mut fields = Fields::default();
            fields.insert("device".into(), Value::Device(about.device));
            fields.insert("name".into(), Value::str(about.name));
            fields.insert("kind".into(), Value::str(about.kind));
            fields.insert("driver".into(), Value::str(about.driver));
            fields.insert("memory".into(), Value::int(about.memory.try_into().unwrap_or(i64::MAX)));
            Value::record(fields)
        };
        Ok(Value::tuple(machine.host.cx.devices.list().into_iter().map(record).collect()))
    };

    /// The number, or the text, of an array with one element.
    /// The number gives way to the dtype of what it meets, as one that was written out.
    fn item(x)
        elements Settled;
        ex "item([[2.5]])" => "2.5";
        ex "(f32([1, 2]) * item([2.5])).dtype" => "f32";
        ex "graph(|x| item(sum(x)) + 1)([1.0, 2.0])" => "4.0";
        fails "item([1, 2])" => "value";
        fails "item(\"a\")" => "type";
    = |machine, args| {
        let array = args.number(0)?;
        if array.is_lifted() && array.size() == 1 {
            let cx = &mut machine.host.cx;
            let number = ops::reshape(cx, array, &[])?;
            return ops::cast::weaken(cx, number).map(Value::Array);
        }
        match (array.as_scalar(), array.as_text()) {
            (Some(scalar), _) => Ok(Value::Array(Array::weaken(scalar))),
            (None, Some(text)) => Ok(Value::str(&**text)),
            _ => Err(Error::value(format!("`item` takes an array of one element, this is {}", array.type_name()))
                .operand(0, array.type_name())),
        }
    };

    /// Ends the program with an exit status: 0 for success.
    fn exit(code = 0)
        effect true;
        ex "print(\"done\"); exit(0); print(\"never\")" => "done";
        fails "exit(\"now\")" => "type";
        fails "exit(10000000000)" => "value";
    = |_, args| {
        let code = args.int(0)?;
        match i32::try_from(code) {
            Ok(code) => Err(Error::exit(code)),
            Err(_) => Err(Error::value(format!("{code} is no exit status")).help("a status is 0 to 255")),
        }
    };

    /// A line that the user types, without its end; `none` at the end of the input.
    fn input(prompt = "")
        effect true;
        ex "name = input(\"Who? \"); f\"Hello, {name}\"" => "Hello, Ada";
        fails "input(1)" => "type";
    = |machine, args| {
        let prompt = args.text(0)?.to_string();
        Ok(machine.host.read_line(&prompt)?.map_or(Value::None, Value::str))
    };

    /// The value of an environment variable, or `default` where it is not set.
    fn env(name, default = none)
        effect true;
        ex "env(\"NABLA_NOT_SET\") == none" => "True";
        ex "env(\"NABLA_NOT_SET\", \"fallback\")" => "fallback";
        fails "env(1)" => "type";
    = |_, args| match std::env::var_os(args.text(0)?) {
        Some(value) => Ok(Value::str(value.to_string_lossy())),
        None => Ok(args.take(1)),
    };

    /// Waits for so many seconds. An interrupt ends it.
    fn sleep(s)
        effect true;
        ex "t = clock(); sleep(0.01); clock() - t >= 0.01" => "True";
        fails "sleep(-1)" => "value";
        fails "sleep(inf)" => "value";
    = |machine, args| {
        let seconds = args.float(0)?;
        let wait = Duration::try_from_secs_f64(seconds).ok();
        let end = wait.and_then(|wait| Instant::now().checked_add(wait));
        let end = end.ok_or_else(|| Error::value(format!("cannot sleep for {seconds} seconds")))?;
        machine.host.flush()?;
        loop {
            machine.host.cx.check()?;
            match end.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => std::thread::sleep(left.min(NAP)),
                _ => return Ok(Value::None),
            }
        }
    };

    /// Stops the program with an error.
    /// `kind` is what `err.kind` gives where it is caught: "error", or one of "type", "shape", "value", "index", "overflow",
    /// "device", "io", "memory", "graph" and "assert"; `help` is an advice that stands below the message.
    fn error(message, kind = "error", help = none)
        ex "try { error(\"too small\") } catch err { err.message }" => "too small";
        ex "try { error(\"too small\", kind=\"value\") } catch err { err.kind }" => "value";
        fails "error(\"too small\")" => "error";
        fails "error(\"a row is missing\", kind=\"shape\", help=\"add one\")" => "shape";
        fails "error(\"too small\", kind=\"internal\")" => "value";
        fails "error(1)" => "type";
    = |_, args| {
        let (message, name) = (args.text(0)?, args.text(1)?);
        let Some(kind) = Kind::RAISED.iter().find(|kind| kind.name() == name) else {
            let names: Vec<&str> = Kind::RAISED.iter().map(|kind| kind.name()).collect();
            return Err(Error::value(format!("a program raises no errors of the kind \"{name}\""))
                .help(format!("the kinds are {}", names.join(", "))));
        };
        let error = Error::new(*kind, message);
        Err(if args.is_none(2) { error } else { error.help(args.text(2)?) })
    };

    /// Stops with an error of kind `assert` unless the condition, one bool, holds.
    fn assert(condition, message = "the condition does not hold")
        ex "assert(1 + 1 == 2, \"arithmetic\")" => "";
        fails "assert(1 > 2, \"why\")" => "assert";
        fails "assert([true, true])" => "type";
    = |machine, args| {
        if machine.truth(args.get(0))? { Ok(Value::None) } else { Err(Error::new(Kind::Assert, args.text(1)?)) }
    };
}
