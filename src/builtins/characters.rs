//! Strings by their characters: what they are made of, counting and finding, filling up to a width.

use super::Args;
use super::declare::builtins;
use super::strings::{each_text, map_text, stripped, within_memory};
use crate::diagnostics::{Error, Result};
use crate::interp::{Machine, Value};

/// Is there a character, and does the test hold for all?
fn all(args: &Args, test: fn(char) -> bool) -> Result<Value> {
    each_text(args, |text| !text.is_empty() && text.chars().all(test))
}

/// Is there a letter with two cases, and are all such letters of one?
fn cased(args: &Args, other: fn(char) -> bool) -> Result<Value> {
    each_text(args, |text| text.chars().any(|c| c.is_lowercase() || c.is_uppercase()) && !text.chars().any(other))
}

/// Words begin with a capital letter, all others are small.
fn titled(text: &str) -> String {
    let mut inside = false;
    let mut titled = String::with_capacity(text.len());
    for c in text.chars() {
        if inside {
            titled.extend(c.to_lowercase());
        } else {
            titled.extend(c.to_uppercase());
        }
        inside = c.is_alphabetic();
    }
    titled
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars.flat_map(char::to_lowercase)).collect()
}

fn swapped(text: &str) -> String {
    let swap =
        |c: char| -> String { if c.is_uppercase() { c.to_lowercase().collect() } else { c.to_uppercase().collect() } };
    text.chars().map(swap).collect()
}

/// Texts filled up to a width; `left` says how many of the missing characters come ahead.
fn filled(machine: &Machine, args: &Args, left: impl Fn(usize) -> usize) -> Result<Value> {
    let (width, filling) = (args.int(1)?, args.text(2)?);
    let mut chars = filling.chars();
    let (Some(filling), None) = (chars.next(), chars.next()) else {
        return Err(Error::value(format!("`fillchar` is one character, not {filling:?}")));
    };
    let width = usize::try_from(width).unwrap_or(0);
    within_memory(machine, args, |text| text.len().saturating_add(width.saturating_mul(filling.len_utf8())))?;
    map_text(args, |text| {
        let missing = width.saturating_sub(text.chars().count());
        let ahead = left(missing);
        let fill = |count| std::iter::repeat_n(filling, count);
        fill(ahead).chain(text.chars()).chain(fill(missing - ahead)).collect()
    })
}

/// Where a string last holds another, counted in characters.
fn last(text: &str, part: &str) -> i64 {
    text.rfind(part).and_then(|at| text.get(..at)).map_or(-1, |before| before.chars().count() as i64)
}

builtins! {
    elements AtHand;

    /// A string with a capital first letter and small ones behind it.
    fn capitalize(text)
        ex "capitalize([\"aBc\", \"éa\"])" => "['Abc' 'Éa']";
        fails "capitalize(1)" => "type";
    = |_, args| map_text(args, capitalized);

    /// A string whose words begin with a capital letter; all others are small.
    fn title(text)
        ex "title(\"a small ARRAY language\")" => "A Small Array Language";
        fails "title(1)" => "type";
    = |_, args| map_text(args, titled);

    /// A string with small letters made capital ones, and the other way around.
    fn swapcase(text)
        ex "swapcase(\"aBc\")" => "AbC";
        fails "swapcase(1)" => "type";
    = |_, args| map_text(args, swapped);

    /// A string without blanks, tabs and line ends at its beginning, or without the characters of `chars`.
    fn lstrip(text, chars = none)
        ex "lstrip(\"--a-\", \"-\")" => "a-";
        fails "lstrip(1)" => "type";
    = |_, args| stripped(args, true, false);

    /// A string without blanks, tabs and line ends at its end, or without the characters of `chars`.
    fn rstrip(text, chars = none)
        ex "rstrip([\"a  \", \"b\"])" => "['a' 'b']";
        fails "rstrip(1)" => "type";
    = |_, args| stripped(args, false, true);

    /// How many characters a string has; of one string `len` says the same.
    fn str_len(text)
        ex "str_len([\"a\", \"naïve\", \"\"])" => "[1 5 0]";
        fails "str_len(1)" => "type";
    = |_, args| each_text(args, |text| text.chars().count() as i64);

    /// How often a string holds another, side by side.
    fn count(text, part)
        ex "count([\"banana\", \"ann\"], \"an\")" => "[2 1]";
        fails "count(\"abc\", 1)" => "type";
    = |_, args| {
        let part = args.text(1)?;
        // the empty string stands ahead of every character and at the end
        each_text(args, |text| match part {
            "" => text.chars().count() as i64 + 1,
            part => text.matches(part).count() as i64,
        })
    };

    /// Where a string last holds another, counted in characters; -1 if it does not.
    fn rfind(text, part)
        ex "rfind(\"banana\", \"an\")" => "3";
        fails "rfind(\"abc\", 1)" => "type";
    = |_, args| {
        let part = args.text(1)?;
        each_text(args, |text| last(text, part))
    };

    /// A string filled up to a width, ahead of it.
    fn rjust(text, width, fillchar = " ")
        ex "rjust([\"1\", \"22\"], 3, \"0\")" => "['001' '022']";
        fails "rjust(\"a\", 3, \"\")" => "value";
    = |machine, args| filled(machine, args, |missing| missing);

    /// A string filled up to a width, behind it.
    fn ljust(text, width, fillchar = " ")
        ex "ljust(\"a\", 3, \".\")" => "a..";
        fails "ljust(\"a\", 3, \"ab\")" => "value";
    = |machine, args| filled(machine, args, |_| 0);

    /// A string filled up to a width on both sides.
    fn center(text, width, fillchar = " ")
        ex "center(\"ab\", 6, \"-\")" => "--ab--";
        fails "center(1, 3)" => "type";
    = |machine, args| {
        // of an odd number of blanks the left gets more where the width is odd, as in Python
        let odd = args.int(1)? & 1 == 1;
        filled(machine, args, |missing| missing / 2 + usize::from(odd && missing % 2 == 1))
    };

    /// A number as text, filled up with zeros to a width, behind its sign.
    fn zfill(text, width)
        ex "zfill([\"7\", \"-7\"], 3)" => "['007' '-07']";
        fails "zfill(7, 3)" => "type";
    = |machine, args| {
        let width = usize::try_from(args.int(1)?).unwrap_or(0);
        within_memory(machine, args, |text| text.len().saturating_add(width))?;
        map_text(args, |text| {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            let sign = &text[..text.len() - digits.len()];
            format!("{sign}{}{digits}", "0".repeat(width.saturating_sub(text.chars().count())))
        })
    };

    /// Is a string made of letters, at least one?
    fn isalpha(text)
        ex "isalpha([\"abc\", \"a1\", \"\"])" => "[ True False False]";
        fails "isalpha(1)" => "type";
    = |_, args| all(args, char::is_alphabetic);

    /// Is a string made of letters and digits, at least one?
    fn isalnum(text)
        ex "isalnum([\"a1\", \"a b\"])" => "[ True False]";
        fails "isalnum(1)" => "type";
    = |_, args| all(args, char::is_alphanumeric);

    /// Is a string made of the digits 0 to 9, at least one?
    fn isdigit(text)
        also isdecimal;
        ex "isdigit([\"12\", \"1.5\"])" => "[ True False]";
        fails "isdigit(1)" => "type";
    = |_, args| all(args, |c| c.is_ascii_digit());

    /// Is a string made of characters that stand for numbers, at least one? Fractions and Roman numerals are such.
    fn isnumeric(text)
        ex "isnumeric([\"12\", \"½\", \"a\"])" => "[ True  True False]";
        fails "isnumeric(1)" => "type";
    = |_, args| all(args, char::is_numeric);

    /// Is a string made of blanks, tabs and line ends, at least one?
    fn isspace(text)
        ex "isspace([\" \\t\", \"a\"])" => "[ True False]";
        fails "isspace(1)" => "type";
    = |_, args| all(args, char::is_whitespace);

    /// Has a string letters, and are all of them small?
    fn islower(text)
        ex "islower([\"ab1\", \"aB\", \"1\"])" => "[ True False False]";
        fails "islower(1)" => "type";
    = |_, args| cased(args, char::is_uppercase);

    /// Has a string letters, and are all of them capital?
    fn isupper(text)
        ex "isupper([\"AB1\", \"aB\", \"1\"])" => "[ True False False]";
        fails "isupper(1)" => "type";
    = |_, args| cased(args, char::is_lowercase);

    /// Has a string letters, and do just its words begin with capital ones?
    fn istitle(text)
        ex "istitle([\"Ab Cd\", \"Ab cd\"])" => "[ True False]";
        fails "istitle(1)" => "type";
    = |_, args| each_text(args, |text| text.chars().any(char::is_alphabetic) && titled(text) == text);
}
