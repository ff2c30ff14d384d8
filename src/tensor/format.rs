//! Python's format mini-language for numbers, strings and booleans: `f"{x:>10.2f}"`.
//!
//! `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`, as in Python's documentation ("Format
//! Specification Mini-Language"). Two departures: a boolean formats as text unless a number's type is asked for, and
//! there are no locales (`n` is `d` or `g`).

use super::show::digits::{Decimal, Real};
use super::show::{self, PrintOptions};
use super::{Array, Data, Scalar};
use crate::diagnostics::{Error, Result};

/// Widths and precisions come from programs: more than this is refused.
const MOST: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Align {
    Left,
    Right,
    Centre,
    /// Padding between sign and digits.
    Inside,
}

/// A format specification.
#[derive(Clone, Debug)]
pub struct Spec {
    text: String,
    fill: Option<char>,
    align: Option<Align>,
    sign: Option<char>,
    no_negative_zero: bool,
    alternate: bool,
    zeros: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<usize>,
    kind: Option<char>,
}

/// Reads a specification. A value error names what is wrong with it; whether its type suits a value shows later.
pub fn parse(text: &str) -> Result<Spec> {
    let mut spec = Spec {
        text: text.to_string(),
        fill: None,
        align: None,
        sign: None,
        no_negative_zero: false,
        alternate: false,
        zeros: false,
        width: 0,
        grouping: None,
        precision: None,
        kind: None,
    };
    let mut rest = text;
    let mut first_two = text.chars();
    let (first, second) = (first_two.next(), first_two.next());
    if let (Some(fill), Some(align)) = (first, second.and_then(alignment)) {
        spec.fill = Some(fill);
        spec.align = Some(align);
        rest = first_two.as_str();
    } else if let Some(align) = first.and_then(alignment) {
        spec.align = Some(align);
        rest = &rest[1..];
    }
    spec.sign = take(&mut rest, &['+', '-', ' ']);
    spec.no_negative_zero = take(&mut rest, &['z']).is_some();
    spec.alternate = take(&mut rest, &['#']).is_some();
    spec.zeros = take(&mut rest, &['0']).is_some();
    spec.width = take_number(&mut rest).transpose().map_err(|()| spec.bad(&too_large("width")))?.unwrap_or(0);
    spec.grouping = take(&mut rest, &[',', '_']);
    if take(&mut rest, &['.']).is_some() {
        let number = take_number(&mut rest).ok_or_else(|| spec.bad("a number must follow the point"))?;
        spec.precision = Some(number.map_err(|()| spec.bad(&too_large("precision")))?);
    }
    let mut kind = rest.chars();
    spec.kind = kind.next();
    if !kind.as_str().is_empty() {
        return Err(spec.bad(&format!("`{rest}` is not understood")));
    }
    match spec.kind {
        Some(kind) if !"bcdeEfFgGnosxX%".contains(kind) => Err(spec.bad(&format!("there is no type `{kind}`"))),
        _ => Ok(spec),
    }
}

fn alignment(c: char) -> Option<Align> {
    Some(match c {
        '<' => Align::Left,
        '>' => Align::Right,
        '^' => Align::Centre,
        '=' => Align::Inside,
        _ => return None,
    })
}

/// Takes one of these ASCII characters from the front.
fn take(rest: &mut &str, wanted: &[char]) -> Option<char> {
    let c = rest.chars().next().filter(|c| wanted.contains(c))?;
    *rest = &rest[1..];
    Some(c)
}

/// Takes digits from the front; the inner error means that the number is too large.
fn take_number(rest: &mut &str) -> Option<Result<usize, ()>> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, others) = rest.split_at(end);
    *rest = others;
    (end > 0).then(|| digits.parse().ok().filter(|&number| number <= MOST).ok_or(()))
}

fn too_large(what: &str) -> String {
    format!("the {what} is above {MOST}")
}

/// A number in the pieces that padding and grouping treat apart.
struct Pieces {
    sign: &'static str,
    prefix: &'static str,
    /// What grouping and zeros apply to.
    digits: String,
    rest: String,
}

impl Spec {
    /// Nothing is asked for: the value shows as it does anyway.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    #[cold]
    fn bad(&self, why: &str) -> Error {
        Error::value(format!("bad format `{}`: {why}", self.text))
    }

    /// Errors when something is asked for that this sort of value does not have.
    fn forbid(&self, asked: bool, what: &str, value: &str) -> Result<()> {
        if asked { Err(self.bad(&format!("{what} does not apply to {value}"))) } else { Ok(()) }
    }

    fn sign_of(&self, negative: bool) -> &'static str {
        match self.sign {
            _ if negative => "-",
            Some('+') => "+",
            Some(' ') => " ",
            _ => "",
        }
    }

    fn fill(&self) -> char {
        self.fill.unwrap_or(if self.zeros { '0' } else { ' ' })
    }

    fn pad(&self, text: &str, align: Align) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        let left = match align {
            Align::Left => 0,
            Align::Centre => missing / 2,
            Align::Right | Align::Inside => missing,
        };
        let fill = |count: usize| std::iter::repeat_n(self.fill(), count);
        fill(left).chain(text.chars()).chain(fill(missing - left)).collect()
    }

    fn number(&self, pieces: Pieces) -> String {
        let Pieces { sign, prefix, digits, rest } = pieces;
        let align = self.align.unwrap_or(if self.zeros { Align::Inside } else { Align::Right });
        let others = sign.len() + prefix.len() + rest.len();
        let inside = align == Align::Inside;
        let least = if inside && self.fill() == '0' { self.width.saturating_sub(others) } else { 0 };
        let group = if matches!(self.kind, Some('b' | 'o' | 'x' | 'X')) { 4 } else { 3 };
        // The zeros ahead of `nan` and `inf` are not grouped.
        let separator = if digits.is_empty() { None } else { self.grouping };
        let digits = grouped(digits, separator, group, least);
        if inside {
            let missing = self.width.saturating_sub(others + digits.len());
            let fill: String = std::iter::repeat_n(self.fill(), missing).collect();
            format!("{sign}{prefix}{fill}{digits}{rest}")
        } else {
            self.pad(&format!("{sign}{prefix}{digits}{rest}"), align)
        }
    }
}

/// Puts a separator between groups of digits, and zeros in front until the text is `least` long.
fn grouped(mut digits: String, separator: Option<char>, group: usize, least: usize) -> String {
    let length = |count: usize| if separator.is_some() { count + count.saturating_sub(1) / group } else { count };
    let mut count = digits.len();
    while length(count) < least {
        count += 1;
    }
    digits.insert_str(0, &"0".repeat(count - digits.len()));
    let Some(separator) = separator else { return digits };
    let mut out = String::with_capacity(length(count));
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (count - i).is_multiple_of(group) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

/// Formats an integer: types `b c d n o x X` and none; those of floats convert it first.
pub fn format_int(value: i64, spec: &Spec) -> Result<String> {
    if matches!(spec.kind, Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%')) {
        return format_float(value as f64, spec);
    }
    let what = "an integer";
    spec.forbid(spec.kind == Some('s'), "type `s`", what)?;
    spec.forbid(spec.precision.is_some(), "a precision", what)?;
    spec.forbid(spec.no_negative_zero, "`z`", what)?;
    let forbidden = match spec.kind {
        Some('b' | 'o' | 'x' | 'X') => spec.grouping == Some(','),
        Some('n' | 'c') => spec.grouping.is_some(),
        _ => false,
    };
    spec.forbid(forbidden, "this grouping", "this type")?;
    if spec.kind == Some('c') {
        return format_character(value, spec);
    }
    let size = value.unsigned_abs();
    let (prefix, digits) = match spec.kind {
        Some('b') => ("0b", format!("{size:b}")),
        Some('o') => ("0o", format!("{size:o}")),
        Some('x') => ("0x", format!("{size:x}")),
        Some('X') => ("0X", format!("{size:X}")),
        _ => ("", size.to_string()),
    };
    let prefix = if spec.alternate { prefix } else { "" };
    Ok(spec.number(Pieces { sign: spec.sign_of(value < 0), prefix, digits, rest: String::new() }))
}

/// `c`: the character with this code.
fn format_character(value: i64, spec: &Spec) -> Result<String> {
    spec.forbid(spec.sign.is_some(), "a sign", "type `c`")?;
    spec.forbid(spec.alternate, "`#`", "type `c`")?;
    let character = u32::try_from(value).ok().and_then(char::from_u32);
    let character = character.ok_or_else(|| spec.bad(&format!("{value} is not the code of a character")))?;
    Ok(spec.pad(&character.to_string(), spec.align.unwrap_or(Align::Right)))
}

/// Formats a float: types `e E f F g G n %` and none.
pub fn format_float(value: f64, spec: &Spec) -> Result<String> {
    if let Some(kind @ ('b' | 'c' | 'd' | 'o' | 's' | 'x' | 'X')) = spec.kind {
        let error = spec.bad(&format!("type `{kind}` does not apply to a float"));
        return Err(if kind == 'd' {
            error.help("`.0f` shows a float without digits behind the point")
        } else {
            error
        });
    }
    spec.forbid(spec.kind == Some('n') && spec.grouping.is_some(), "grouping", "type `n`")?;
    let value = if spec.kind == Some('%') { value * 100.0 } else { value };
    let mut pieces = if value.is_finite() {
        finite(value, spec)
    } else {
        let negative = value == f64::NEG_INFINITY;
        let rest = if value.is_nan() { "nan" } else { "inf" }.to_string();
        Pieces { sign: spec.sign_of(negative), prefix: "", digits: String::new(), rest }
    };
    match spec.kind {
        Some('E' | 'F' | 'G') => pieces.rest.make_ascii_uppercase(),
        Some('%') => pieces.rest.push('%'),
        _ => {}
    }
    Ok(spec.number(pieces))
}

/// Formats an `f32`: without a type and precision its own shortest digits show, not those of the `f64` it equals.
pub fn format_single(value: f32, spec: &Spec) -> Result<String> {
    let own = spec.kind.is_none() && spec.precision.is_none() && value.is_finite();
    let wide = if own { value.to_string().parse().unwrap_or(value.wide()) } else { value.wide() };
    format_float(wide, spec)
}

fn finite(value: f64, spec: &Spec) -> Pieces {
    let precision = spec.precision.unwrap_or(6);
    let (decimal, digits, mut rest) = match spec.kind {
        Some('f' | 'F' | '%') => {
            let decimal = Decimal::rounded_at(value, precision);
            let (ahead, behind) = decimal.positional();
            (decimal, ahead, format!("{behind:0<precision$}"))
        }
        Some('e' | 'E') => {
            let decimal = Decimal::rounded(value, precision + 1);
            return exponential(decimal, spec);
        }
        kind => {
            let decimal = match (kind, spec.precision) {
                (None, None) => Decimal::shortest(value),
                _ => Decimal::rounded(value, precision),
            };
            // Without a type at least one digit stands behind the point.
            let bare = kind.is_none();
            let most = if bare && spec.precision.is_none() { 16 } else { precision.max(1) as i32 - i32::from(bare) };
            let decimal = if spec.alternate { decimal } else { decimal.trim() };
            if decimal.exponent < -4 || decimal.exponent >= most {
                return exponential(decimal, spec);
            }
            let (ahead, mut behind) = decimal.positional();
            if bare && behind.is_empty() {
                behind.push('0');
            }
            (decimal, ahead, behind)
        }
    };
    if !rest.is_empty() || spec.alternate {
        rest.insert(0, '.');
    }
    Pieces { sign: sign(&decimal, spec), prefix: "", digits, rest }
}

fn exponential(decimal: Decimal, spec: &Spec) -> Pieces {
    let (first, others) = decimal.mantissa();
    let point = if others.is_empty() && !spec.alternate { "" } else { "." };
    let rest = format!("{point}{others}{}", decimal.written_exponent(2));
    Pieces { sign: sign(&decimal, spec), prefix: "", digits: first.to_string(), rest }
}

fn sign(decimal: &Decimal, spec: &Spec) -> &'static str {
    let zero = decimal.digits.bytes().all(|digit| digit == b'0');
    spec.sign_of(decimal.negative && !(zero && spec.no_negative_zero))
}

/// Formats a string: type `s` or none; a precision cuts it.
pub fn format_str(value: &str, spec: &Spec) -> Result<String> {
    let what = "a string";
    if let Some(kind) = spec.kind.filter(|&kind| kind != 's') {
        return Err(spec.bad(&format!("type `{kind}` does not apply to {what}")));
    }
    spec.forbid(spec.sign.is_some(), "a sign", what)?;
    spec.forbid(spec.no_negative_zero, "`z`", what)?;
    spec.forbid(spec.alternate, "`#`", what)?;
    spec.forbid(spec.align == Some(Align::Inside), "`=`", what)?;
    spec.forbid(spec.grouping.is_some(), "grouping", what)?;
    let end = spec.precision.and_then(|count| value.char_indices().nth(count)).map_or(value.len(), |(end, _)| end);
    Ok(spec.pad(&value[..end], spec.align.unwrap_or(Align::Left)))
}

/// Formats a boolean: `True` or `False` with no type or `s`, else 1 or 0.
pub fn format_bool(value: bool, spec: &Spec) -> Result<String> {
    match spec.kind {
        None | Some('s') => format_str(if value { "True" } else { "False" }, spec),
        _ => format_int(i64::from(value), spec),
    }
}

/// Formats a value of any shape: each element by `spec`, then laid out as `show` does, in columns of one width.
pub fn format_array(array: &Array, spec: &Spec, options: &PrintOptions) -> Result<String> {
    match array {
        _ if spec.is_empty() => Ok(show::show(array, options)),
        Array::Tensor(tensor) if tensor.ndim() > 0 => {
            let (axes, items) = show::shown(tensor, options);
            Ok(show::layout(&axes, &words(items, spec)?, options))
        }
        _ => match (array.as_scalar(), array.as_text()) {
            (Some(Scalar::Bool(x)), _) => format_bool(x, spec),
            (Some(Scalar::U8(x)), _) => format_int(x.into(), spec),
            (Some(Scalar::I32(x)), _) => format_int(x.into(), spec),
            (Some(Scalar::I64(x)), _) => format_int(x, spec),
            (Some(Scalar::F32(x)), _) => format_single(x, spec),
            (Some(Scalar::F64(x)), _) => format_float(x, spec),
            (None, text) => format_str(text.map_or("", |text| text), spec),
        },
    }
}

fn words(items: Data, spec: &Spec) -> Result<Vec<String>> {
    let numbers: Result<Vec<String>> = match items {
        Data::Bool(items) => items.iter().map(|&x| format_bool(x, spec)).collect(),
        Data::U8(items) => items.iter().map(|&x| format_int(x.into(), spec)).collect(),
        Data::I32(items) => items.iter().map(|&x| format_int(x.into(), spec)).collect(),
        Data::I64(items) => items.iter().map(|&x| format_int(x, spec)).collect(),
        Data::F32(items) => items.iter().map(|&x| format_single(x, spec)).collect(),
        Data::F64(items) => items.iter().map(|&x| format_float(x, spec)).collect(),
        Data::Str(items) => return items.iter().map(|text| Ok(show::quoted(&format_str(text, spec)?))).collect(),
    };
    numbers.map(show::right_aligned)
}
