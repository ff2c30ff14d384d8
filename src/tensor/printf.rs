//! The `%` formats of C and Python for numbers and text, as `savetxt` takes them: `%d`, `%.18e`, `%-8s`.
//!
//! `%[flags][width][.precision]type`, as in Python's documentation ("printf-style String Formatting"), with the types
//! `d i u o x X e E f F g G s` and `%%`. There is no `%r`, `%a`, `%c`, and no `*` in place of a number.

use super::format::{self, Spec};
use super::show::{self, PrintOptions};
use super::{Array, Scalar, Text};
use crate::diagnostics::{Error, Result};
use std::fmt::Write;

/// Widths and precisions come from programs: more than this is refused.
const MOST: usize = 10_000;

/// Text with places for values.
#[derive(Debug)]
pub struct Format {
    /// Each place with the text ahead of it.
    places: Vec<(String, Conversion)>,
    /// Behind the last place.
    rest: String,
}

#[derive(Debug)]
struct Conversion {
    /// As written, for messages.
    text: String,
    left: bool,
    zeros: bool,
    alternate: bool,
    plus: &'static str,
    width: usize,
    precision: Option<usize>,
    kind: char,
    /// The same for floats.
    float: Option<Spec>,
}

/// What is formatted.
pub enum Item<'a> {
    Number(Scalar),
    Text(&'a Text),
}

/// Reads a format. A value error names what is wrong with it.
pub fn parse(text: &str) -> Result<Format> {
    let mut format = Format { places: Vec::new(), rest: String::new() };
    let mut left = text;
    while let Some((ahead, behind)) = left.split_once('%') {
        format.rest.push_str(ahead);
        if let Some(behind) = behind.strip_prefix('%') {
            format.rest.push('%');
            left = behind;
            continue;
        }
        let (conversion, behind) = Conversion::parse(behind)?;
        format.places.push((std::mem::take(&mut format.rest), conversion));
        left = behind;
    }
    format.rest.push_str(left);
    Ok(format)
}

impl Format {
    /// How many values it takes.
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// Appends the text of values, one for each place.
    pub fn write<'a>(&self, out: &mut String, values: impl Iterator<Item = Item<'a>>) -> Result<()> {
        for ((ahead, conversion), value) in self.places.iter().zip(values) {
            out.push_str(ahead);
            conversion.write(out, &value)?;
        }
        out.push_str(&self.rest);
        Ok(())
    }
}

impl Conversion {
    /// Reads what stands behind a `%`; also gives what is left.
    fn parse(text: &str) -> Result<(Conversion, &str)> {
        let bad = |why: &str| {
            let shown: String = text.chars().take(20).collect();
            Error::value(format!("bad format `%{shown}`: {why}"))
        };
        let behind_flags = text.trim_start_matches(['-', '+', ' ', '#', '0']);
        let flags = &text[..text.len() - behind_flags.len()];
        let (width, behind) = number(behind_flags).ok_or_else(|| bad(&format!("the width is above {MOST}")))?;
        let (precision, behind) = match behind.strip_prefix('.') {
            None => (None, behind),
            Some(digits) => {
                let wrong = || bad(&format!("the precision is above {MOST}"));
                let (precision, behind) = number(digits).ok_or_else(wrong)?;
                (Some(precision), behind)
            }
        };
        // lengths of C's integers mean nothing, as in Python
        let behind = behind.trim_start_matches(['h', 'l', 'L']);
        let Some(kind) = behind.chars().next() else { return Err(bad("the type is missing")) };
        if !"diuoxXeEfFgGs".contains(kind) {
            return Err(bad(&format!("there is no type `{kind}` here")));
        }
        let (left, zeros) = (flags.contains('-'), flags.contains('0') && !flags.contains('-'));
        let alternate = flags.contains('#');
        let plus = match () {
            () if flags.contains('+') => "+",
            () if flags.contains(' ') => " ",
            () => "",
        };
        let float = if "eEfFgG".contains(kind) {
            let align = if left { "<" } else { "" };
            let (alternate, zeros) = (if alternate { "#" } else { "" }, if zeros { "0" } else { "" });
            let width = if width > 0 { width.to_string() } else { String::new() };
            let precision = precision.unwrap_or(6);
            Some(format::parse(&format!("{align}{plus}{alternate}{zeros}{width}.{precision}{kind}"))?)
        } else {
            None
        };
        let behind = &behind[kind.len_utf8()..];
        let written = text[..text.len() - behind.len()].to_string();
        Ok((Conversion { text: written, left, zeros, alternate, plus, width, precision, kind, float }, behind))
    }

    fn write(&self, out: &mut String, item: &Item) -> Result<()> {
        match (self.kind, item) {
            ('s', item) => {
                let text = match item {
                    Item::Text(text) => text.to_string(),
                    Item::Number(scalar) => show::show(&Array::Scalar(*scalar), &PrintOptions::default()),
                };
                let text: String = text.chars().take(self.precision.unwrap_or(usize::MAX)).collect();
                self.pad(out, "", &text, false);
                Ok(())
            }
            (_, Item::Text(text)) => {
                let error = Error::ty(format!("`%{}` does not format text: {:?}", self.text, &**text));
                Err(error.help("`%s` formats text"))
            }
            ('d' | 'i' | 'u', Item::Number(scalar)) => {
                let (negative, digits) = self.whole(*scalar)?;
                self.integer(out, negative, "", digits);
                Ok(())
            }
            ('o' | 'x' | 'X', Item::Number(scalar)) => {
                let number = scalar.as_i64().filter(|_| scalar.dtype().is_integer()).ok_or_else(|| {
                    Error::ty(format!("`%{}` formats integers alone, not {}", self.text, scalar.dtype()))
                })?;
                let size = number.unsigned_abs();
                let (prefix, digits) = match self.kind {
                    'o' => ("0o", format!("{size:o}")),
                    'x' => ("0x", format!("{size:x}")),
                    _ => ("0X", format!("{size:X}")),
                };
                self.integer(out, number < 0, if self.alternate { prefix } else { "" }, digits);
                Ok(())
            }
            (_, Item::Number(scalar)) => {
                let Some(spec) = &self.float else { return Ok(()) };
                out.push_str(&format::format_float(scalar.as_f64(), spec)?);
                Ok(())
            }
        }
    }

    /// Sign and digits of the whole part.
    fn whole(&self, scalar: Scalar) -> Result<(bool, String)> {
        if let Some(number) = scalar.as_i64() {
            return Ok((number < 0, number.unsigned_abs().to_string()));
        }
        let number = scalar.as_f64().trunc();
        if !number.is_finite() {
            let shown = show::show(&Array::Scalar(scalar), &PrintOptions::default());
            let error = Error::value(format!("`%{}` does not format {shown}", self.text));
            return Err(error.help("`%g` does"));
        }
        Ok((number < 0.0, format!("{:.0}", number.abs())))
    }

    /// A precision is the fewest digits.
    fn integer(&self, out: &mut String, negative: bool, prefix: &str, digits: String) {
        let least = self.precision.unwrap_or(0);
        let sign = if negative { "-" } else { self.plus };
        self.pad(out, &format!("{sign}{prefix}"), &format!("{digits:0>least$}"), self.zeros);
    }

    fn pad(&self, out: &mut String, prefix: &str, digits: &str, zeros: bool) {
        let missing = self.width.saturating_sub(prefix.len() + digits.chars().count());
        // a `String` takes every write
        _ = match (self.left, zeros) {
            (true, _) => write!(out, "{prefix}{digits}{:missing$}", ""),
            (false, true) => write!(out, "{prefix}{:0>missing$}{digits}", ""),
            (false, false) => write!(out, "{:missing$}{prefix}{digits}", ""),
        };
    }
}

/// The number that a text starts with, or zero, and the rest; none if it is too large.
fn number(text: &str) -> Option<(usize, &str)> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - rest.len()];
    let value = if digits.is_empty() { 0 } else { digits.parse().ok().filter(|&value| value <= MOST)? };
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(format: &str, values: &[Scalar]) -> std::result::Result<String, String> {
        let mut out = String::new();
        let written = parse(format).and_then(|format| format.write(&mut out, values.iter().map(|&x| Item::Number(x))));
        written.map(|()| out).map_err(|error| error.to_string())
    }

    /// Expectations are what CPython 3.11 prints.
    #[test]
    fn numbers_format_as_in_python() {
        let (int, float) = (Scalar::I64, Scalar::F64);
        for (format, value, expected) in [
            ("%010f", float(f64::INFINITY), "0000000inf"),
            ("%08.2f", float(f64::NAN), "00000nan"),
            ("%F", float(f64::NAN), "NAN"),
            ("%08.2f", float(-1.5), "-0001.50"),
            ("%-9.2e|", float(1.5), "1.50e+00 |"),
            ("%g", float(1e-5), "1e-05"),
            ("%.18e", float(0.1), "1.000000000000000056e-01"),
            ("%06.3d", int(-5), "-00005"),
            ("%-06d|", int(5), "5     |"),
            ("%#X", int(255), "0XFF"),
            ("%#o", int(8), "0o10"),
            ("%x", int(-255), "-ff"),
            ("%#.4x", int(5), "0x0005"),
            ("%#010x", int(5), "0x00000005"),
            ("%d", float(1e20), "100000000000000000000"),
            ("%d", float(-2.9), "-2"),
            ("%d", float(-0.5), "0"),
            ("%+ d", int(5), "+5"),
            ("% d", int(5), " 5"),
            ("%ld", int(5), "5"),
            ("%5d%%", int(3), "    3%"),
            ("%e", int(3), "3.000000e+00"),
            ("%d", Scalar::Bool(true), "1"),
            ("%6s|", Scalar::Bool(true), "  True|"),
            ("%s", Scalar::F32(0.1), "0.1"),
            ("%.2s", float(1.25), "1."),
        ] {
            assert_eq!(formatted(format, &[value]).as_deref(), Ok(expected), "{format}");
        }
        assert_eq!(formatted("a%db%gc", &[int(1), float(0.5)]).as_deref(), Ok("a1b0.5c"));
    }

    #[test]
    fn bad_formats_say_what_is_wrong() {
        let one = Scalar::F64(1.5);
        for (format, expected) in [
            ("%", "error[value]: bad format `%`: the type is missing"),
            ("%5", "error[value]: bad format `%5`: the type is missing"),
            ("%r", "error[value]: bad format `%r`: there is no type `r` here"),
            ("%*d", "error[value]: bad format `%*d`: there is no type `*` here"),
            ("%99999d", "error[value]: bad format `%99999d`: the width is above 10000"),
            ("%.99999f", "error[value]: bad format `%.99999f`: the precision is above 10000"),
            ("%x", "error[type]: `%x` formats integers alone, not f64"),
        ] {
            assert_eq!(formatted(format, &[one]), Err(expected.to_string()));
        }
        assert!(formatted("%d", &[Scalar::F64(f64::NAN)]).is_err_and(|error| error.starts_with("error[value]")));
    }
}
