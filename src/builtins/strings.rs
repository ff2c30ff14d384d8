//! Strings. What maps a string to a value also maps every element of a `str` array.

use super::declare::builtins;
use super::{Args, shapes};
use crate::diagnostics::{Error, Result};
use crate::interp::{Machine, Value};
use crate::tensor::{Array, Element, TEXT_OVERHEAD, Tensor, Text};

/// What a function says of a string, or of every element of a `str` array.
pub(super) fn each_text<T: Element>(args: &Args, f: impl Fn(&str) -> T) -> Result<Value> {
    match args.get(0) {
        // what is said of one string is no element of an array
        Value::Str(text) => match f(text).scalar() {
            Some(scalar) => Ok(Value::Array(Array::weaken(scalar))),
            None => Err(args.wrong(0, "a string")),
        },
        Value::Array(Array::Tensor(tensor)) => match tensor.walk::<Text>() {
            Some(texts) => {
                let said = texts.map(|text| f(&text)).collect();
                Ok(Value::Array(Array::from(Tensor::from_vec(said, tensor.shape()))))
            }
            None => Err(args.wrong(0, "a string")),
        },
        _ => Err(args.wrong(0, "a string")),
    }
}

/// The string that a function makes of a string, or of every element of a `str` array.
pub(super) fn map_text(args: &Args, f: impl Fn(&str) -> String) -> Result<Value> {
    match args.get(0) {
        Value::Str(text) => Ok(Value::str(f(text))),
        _ => each_text(args, |text| Text::from(f(text))),
    }
}

/// Strings without blanks, or without the characters of argument 1, at their beginning and at their end.
pub(super) fn stripped(args: &Args, start: bool, end: bool) -> Result<Value> {
    let chars = if args.is_none(1) { None } else { Some(args.text(1)?) };
    let goes = |c: char| chars.map_or(c.is_whitespace(), |chars| chars.contains(c));
    map_text(args, |text| {
        let text = if start { text.trim_start_matches(goes) } else { text };
        if end { text.trim_end_matches(goes).into() } else { text.into() }
    })
}

/// A `str` array of parts; the memory is checked.
fn texts<'t>(
    machine: &mut Machine,
    text: &str,
    parts: impl Fn() -> Box<dyn Iterator<Item = &'t str> + 't>,
) -> Result<Value> {
    let count = parts().count();
    let bytes = text.len().saturating_add(count.saturating_mul(TEXT_OVERHEAD));
    machine.host.cx.reserve(bytes, 1, || format!("str[{count}]"))?;
    let parts: Vec<Text> = parts().map(Text::from).collect();
    Ok(Value::Array(Array::Tensor(Tensor::from_vec(parts, &[count]))))
}

/// Checks the memory of what becomes of every string of argument 0, from its size in bytes.
pub(super) fn within_memory(machine: &Machine, args: &Args, size: impl Fn(&str) -> usize) -> Result<()> {
    let total = match args.get(0) {
        Value::Str(text) => size(text),
        Value::Array(Array::Tensor(tensor)) => {
            tensor.walk::<Text>().into_iter().flatten().fold(0, |total, text| size(&text).saturating_add(total))
        }
        _ => 0,
    };
    machine.host.cx.reserve(total, 1, || "the strings".into())
}

builtins! {
    elements AtHand;

    /// The parts of a string between separators, as a `str` array; or the parts of an array, as a tuple.
    /// Without a separator a string is split at blanks, tabs and line ends, however many, and none are left at the edges.
    /// For an array `sep` says into how many equal parts it is cut along the axis, or the places before which it is cut.
    fn split(x, sep = none, axis = 0)
        elements Settled;
        ex "split(\"a,b,,c\", \",\")" => "['a' 'b' '' 'c']";
        ex "\" one  two \".split()" => "['one' 'two']";
        ex "split(0..6, 3)" => "([0 1], [2 3], [4 5])";
        ex "split([[1, 2, 3], [4, 5, 6]], [1], axis=1)" => "([[1]\n  [4]], [[2 3]\n         [5 6]])";
        fails "split(\"abc\", \"\")" => "value";
        fails "split(1)" => "type";
        fails "split(0..6, 4)" => "shape";
        fails "split(0..6, [2], axis=1)" => "index";
    = |machine, args| {
        let Value::Str(text) = args.get(0) else { return shapes::split(machine, args) };
        if args.is_none(1) {
            return texts(machine, text, || Box::new(text.split_whitespace()));
        }
        let sep = args.text(1)?;
        if sep.is_empty() {
            let error = Error::value("the separator of `split` is empty");
            return Err(error.help("the characters are `[c for c in text]`"));
        }
        texts(machine, text, || Box::new(text.split(sep)))
    };

    /// The lines of a string without their ends, as a `str` array.
    fn lines(text)
        ex "lines(\"one\\ntwo\\n\")" => "['one' 'two']";
        fails "lines(1)" => "type";
    = |machine, args| {
        let text = args.text(0)?;
        texts(machine, text, || Box::new(text.lines()))
    };

    /// The strings of a sequence as one, with `sep` between them.
    fn join(xs, sep = "")
        ex "join([\"a\", \"b\", \"c\"], \", \")" => "a, b, c";
        ex "(\"x\", \"y\").join()" => "xy";
        fails "join([1, 2], \", \")" => "type";
        fails "\", \".join([\"a\", \"b\"])" => "type";
    = |machine, args| {
        if matches!(args.get(0), Value::Str(_)) && !matches!(args.get(1), Value::Str(_)) {
            return Err(args.wrong(1, "a string").help("the strings come first: `words.join(\", \")`"));
        }
        let (items, sep) = (machine.items(args.get(0))?, args.text(1)?);
        let parts: Vec<&str> = items
            .iter()
            .map(|item| item.as_str().or_else(|| element_text(item)))
            .collect::<Option<_>>()
            .ok_or_else(|| args.wrong(0, "strings").help("`[str(x) for x in xs]` makes strings of anything"))?;
        let total = parts.iter().fold(0usize, |total, part| total.saturating_add(part.len()).saturating_add(sep.len()));
        machine.host.cx.reserve(total, 1, || "this string".into())?;
        Ok(Value::str(parts.join(sep)))
    };

    /// A string without blanks, tabs and line ends at its edges, or without the characters of `chars`.
    fn strip(text, chars = none)
        ex "strip(\"  abc \\n\") + \"|\"" => "abc|";
        ex "strip([\"--a\", \"b--\"], \"-\")" => "['a' 'b']";
        fails "strip(1)" => "type";
    = |_, args| stripped(args, true, true);

    /// A string with every `old` made `new`.
    fn replace(text, old, new)
        ex "replace(\"a-b-c\", \"-\", \"+\")" => "a+b+c";
        fails "replace(\"a\", \"a\", 1)" => "type";
    = |machine, args| {
        let (old, new) = (args.text(1)?, args.text(2)?);
        within_memory(machine, args, |text| {
            text.matches(old).count().saturating_mul(new.len()).saturating_add(text.len())
        })?;
        map_text(args, |text| text.replace(old, new))
    };

    /// A string in capital letters.
    fn upper(text)
        ex "upper(\"naïve\")" => "NAÏVE";
        fails "upper(1)" => "type";
    = |_, args| map_text(args, str::to_uppercase);

    /// A string in small letters.
    fn lower(text)
        ex "lower([\"A\", \"bC\"])" => "['a' 'bc']";
        fails "lower(1)" => "type";
    = |_, args| map_text(args, str::to_lowercase);

    /// Does a string begin with another?
    fn starts_with(text, prefix)
        also startswith;
        ex "starts_with(\"nabla\", \"na\")" => "True";
        fails "starts_with(\"nabla\", 1)" => "type";
    = |_, args| {
        let prefix = args.text(1)?;
        each_text(args, |text| text.starts_with(prefix))
    };

    /// Does a string end with another?
    fn ends_with(text, suffix)
        also endswith;
        ex "ends_with([\"a.nab\", \"b.txt\"], \".nab\")" => "[ True False]";
        fails "ends_with(1, \"a\")" => "type";
    = |_, args| {
        let suffix = args.text(1)?;
        each_text(args, |text| text.ends_with(suffix))
    };

    /// Where a string first holds another, counted in characters; -1 if it does not.
    fn find(text, part)
        ex "find(\"naïve\", \"ve\")" => "3";
        ex "find([\"abc\", \"cab\"], \"b\")" => "[1 2]";
        fails "find(\"abc\", 1)" => "type";
    = |_, args| {
        let part = args.text(1)?;
        each_text(args, |text| match text.find(part) {
            Some(at) => text.get(..at).map_or(0, |before| before.chars().count()) as i64,
            None => -1,
        })
    };

    /// The text of a value by Python's format mini-language, as in an f-string.
    /// Of an array every element is formatted, and laid out as `print` does.
    fn format(x, spec = "")
        ex "format(pi, \".3f\")" => "3.142";
        ex "format([1.5, 22.25], \".1f\")" => "[ 1.5 22.2]";
        ex "format(\"abc\", \">5\") + \"|\"" => "  abc|";
        fails "format(1, \".q\")" => "value";
        fails "format(sin, \".3f\")" => "value";
    = |machine, args| match args.text(1)? {
        "" => Ok(Value::str(machine.host.text(args.get(0)))),
        spec => machine.format_with(args.get(0), spec),
    };
}

/// The text of an element of a `str` array.
fn element_text(item: &Value) -> Option<&str> {
    match item {
        Value::Array(array) => array.as_text().map(|text| &**text),
        _ => None,
    }
}
