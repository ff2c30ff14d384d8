//! The items of an array as words of one column, with the digits, exponents and widths that NumPy 2 gives them.
//!
//! All items together decide the form and the width. Sees slices alone; knows no tensor and no layout.

use super::digits::{Decimal, Real};
use std::fmt::Display;

/// Floats: the shortest digits that tell each from its neighbours, at most `precision` behind the point.
/// `suppress` shows small numbers without exponents.
pub fn floats<F: Real>(items: &[F], precision: usize, suppress: bool) -> Vec<String> {
    let finite: Vec<F> = items.iter().copied().filter(|x| x.finite()).collect();
    if wants_exponents(&finite, suppress) {
        scientific(items, &finite, precision)
    } else {
        positional(items, precision)
    }
}

/// Does an array with these finite items show exponents?
fn wants_exponents<F: Real>(finite: &[F], suppress: bool) -> bool {
    let mut magnitudes = finite.iter().map(|x| x.magnitude()).filter(|&x| x > F::ZERO);
    let Some(first) = magnitudes.next() else { return false };
    let (least, most) = magnitudes
        .fold((first, first), |(least, most), x| (if x < least { x } else { least }, if x > most { x } else { most }));
    most >= F::LARGE || !suppress && (least < F::SMALL || most.dwarfs(least))
}

/// `1.5`, `2.`: points below each other, blanks for the zeros left out behind.
fn positional<F: Real>(items: &[F], precision: usize) -> Vec<String> {
    let decimal = |x| {
        let shortest = Decimal::shortest(x);
        if shortest.places() > precision { Decimal::rounded_at(x, precision).trim() } else { shortest }
    };
    let decimals: Vec<Option<Decimal>> = items.iter().map(|&x| x.finite().then(|| decimal(x))).collect();
    let places = decimals.iter().flatten().map(Decimal::places).max().unwrap_or(0);
    let word = |(decimal, &x): (&Option<Decimal>, &F)| match decimal {
        None => alone(x),
        Some(decimal) => {
            let (ahead, behind) = decimal.positional();
            format!("{}{ahead}.{behind:places$}", decimal.sign())
        }
    };
    right_aligned(decimals.iter().zip(items).map(word).collect())
}

/// `1.50e-05`: mantissas and exponents of one length. Digits past an item's shortest are those of its exact value.
fn scientific<F: Real>(items: &[F], finite: &[F], precision: usize) -> Vec<String> {
    let (mut count, mut exponent) = (1, 2);
    for &x in finite {
        let mut decimal = Decimal::shortest(x);
        if decimal.digits.len() > precision.saturating_add(1) {
            decimal = Decimal::rounded(x, precision + 1).trim();
        }
        count = count.max(decimal.digits.len());
        exponent = exponent.max(decimal.exponent.unsigned_abs().to_string().len());
    }
    let word = |x: F| {
        if !x.finite() {
            return alone(x);
        }
        let shortest = Decimal::shortest(x);
        let decimal = if shortest.digits.len() == count { shortest } else { Decimal::rounded(x, count) };
        let (first, others) = decimal.mantissa();
        format!("{}{first}.{others}{}", decimal.sign(), decimal.written_exponent(exponent))
    };
    right_aligned(items.iter().map(|&x| word(x)).collect())
}

/// A float by itself: `3.0`, `0.1`, `1e+16`, `nan`, `inf`.
pub fn alone<F: Real>(x: F) -> String {
    let value = x.wide();
    if value.is_nan() {
        return "nan".to_string();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_string();
    }
    let decimal = Decimal::shortest(x);
    if value == 0.0 || (1e-4..F::LARGE_ALONE).contains(&value.abs()) {
        let (ahead, behind) = decimal.positional();
        format!("{}{ahead}.{behind:0<1}", decimal.sign())
    } else {
        let (first, others) = decimal.mantissa();
        let point = if others.is_empty() { "" } else { "." };
        format!("{}{first}{point}{others}{}", decimal.sign(), decimal.written_exponent(2))
    }
}

pub fn integers<I: Display>(items: &[I]) -> Vec<String> {
    right_aligned(items.iter().map(I::to_string).collect())
}

pub fn bools(items: &[bool]) -> Vec<String> {
    // One width, no matter which of the two are there.
    items.iter().map(|&x| if x { " True" } else { "False" }.to_string()).collect()
}

pub fn right_aligned(mut words: Vec<String>) -> Vec<String> {
    let length = |word: &String| word.chars().count();
    let width = words.iter().map(length).max().unwrap_or(0);
    for word in &mut words {
        let blanks = width - length(word);
        if blanks > 0 {
            word.insert_str(0, &" ".repeat(blanks));
        }
    }
    words
}

/// A string as Python's `repr` quotes it: `'a'`, `"it's"`, `'\n'`.
pub fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\\' => out.push_str("\\\\"),
            _ if c == quote => out.extend(['\\', c]),
            _ if printable(c) => out.push(c),
            _ => out.push_str(&match u32::from(c) {
                code @ 0..=0xff => format!("\\x{code:02x}"),
                code @ 0x100..=0xffff => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
        }
    }
    out.push(quote);
    out
}

fn printable(c: char) -> bool {
    // Rust knows which characters print, through the escapes of a string; behind a letter it leaves combining marks be.
    c == '"' || c == '\'' || format!("a{c}").escape_debug().count() == 2
}
