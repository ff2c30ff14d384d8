//! Numbers, escapes and the pieces of f-strings: from their spelling to what they say.

use crate::diagnostic::Diagnostic;
use crate::token::Tok;
use crate::tree::Span;
use logos::Logos;
use unicode_ident::is_xid_continue;

#[derive(Debug, PartialEq)]
pub enum Number {
    /// At most 2^63.
    Int(u64),
    Float(f64),
    Imag(f64),
}

/// The length in bytes of the number that `text` starts with, and of any letters and digits that stick to it.
///
/// A point belongs to the number unless another point, a letter or `_` follows: `1..5` is a range, `1.max(2)` a call;
/// but `1.e5` and `1.j` are numbers.
pub fn number_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(b' ');
    let digits = |mut i: usize| {
        while at(i).is_ascii_digit() || at(i) == b'_' {
            i += 1;
        }
        i
    };
    let has_exponent = |i: usize| {
        matches!(at(i), b'e' | b'E')
            && (at(i + 1).is_ascii_digit() || matches!(at(i + 1), b'+' | b'-') && at(i + 2).is_ascii_digit())
    };
    let in_word = |i: usize| text.get(i..).and_then(|rest| rest.chars().next()).is_some_and(is_xid_continue);
    let mut end = digits(0);
    if at(end) == b'.' {
        let next = end + 1;
        let is_call = at(next) == b'.' || in_word(next) && !at(next).is_ascii_digit();
        if !is_call || has_exponent(next) || at(next) == b'j' && !in_word(next + 1) {
            end = digits(next);
        }
    }
    if has_exponent(end) {
        end = digits(end + 2);
    }
    let rest = text.get(end..).unwrap_or("");
    end + rest.find(|c: char| !is_xid_continue(c)).unwrap_or(rest.len())
}

/// The value of a number's spelling.
pub fn number(text: &str, span: Span) -> Result<Number, Diagnostic> {
    if text.len() < 19 && text.bytes().all(|c| c.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0')) {
        return integer(text.parse(), span);
    }
    let error = |message: String| Diagnostic::new(span, message);
    let is_hex = text.starts_with("0x") || text.starts_with("0X");
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_digit(if is_hex { 16 } else { 10 }));
    let lone =
        |(at, _): (usize, &str)| !is_digit(text[..at].chars().next_back()) || !is_digit(text[at + 1..].chars().next());
    if text.match_indices('_').any(lone) {
        return Err(error("`_` in a number stands between two digits".into()));
    }
    let spelled: String = text.chars().filter(|&c| c != '_').collect();
    for (prefixes, radix, kind) in
        [(["0x", "0X"], 16, "hexadecimal"), (["0b", "0B"], 2, "binary"), (["0o", "0O"], 8, "octal")]
    {
        if let Some(digits) = prefixes.iter().find_map(|prefix| spelled.strip_prefix(prefix)) {
            return match digits.chars().find(|c| !c.is_digit(radix)) {
                _ if digits.is_empty() => Err(error(format!("a {kind} number needs digits behind `{text}`"))),
                Some(c) => Err(error(format!("`{c}` is no {kind} digit"))),
                None => integer(u64::from_str_radix(digits, radix), span),
            };
        }
    }
    let body = spelled.strip_suffix('j').unwrap_or(&spelled);
    if body.bytes().all(|c| c.is_ascii_digit()) && body.len() == spelled.len() {
        if body.len() > 1 && body.starts_with('0') && body.bytes().any(|c| c != b'0') {
            let decimal = body.trim_start_matches('0');
            return Err(error("a whole number does not start with `0`".into()).help(format!("write `{decimal}`")));
        }
        return integer(body.parse(), span);
    }
    match body.parse::<f64>() {
        Ok(value) if body.len() < spelled.len() => Ok(Number::Imag(value)),
        Ok(value) => Ok(Number::Float(value)),
        Err(_) => {
            let (digits, word) = text.split_at(text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len()));
            Err(error(format!("`{text}` is no number"))
                .help(format!("a name does not start with a digit, and a product is written out: `{digits} * {word}`")))
        }
    }
}

fn integer(value: Result<u64, std::num::ParseIntError>, span: Span) -> Result<Number, Diagnostic> {
    match value {
        Ok(value) if value <= 1 << 63 => Ok(Number::Int(value)),
        _ => Err(too_large(span)),
    }
}

pub fn too_large(span: Span) -> Diagnostic {
    Diagnostic::new(span, "integer literal does not fit i64")
        .help("i64 holds -9223372036854775808 to 9223372036854775807; with a point it is a float")
}

/// The text of a string's inside, escapes decoded. `start` is where `raw` stands in the source.
pub fn unescape(raw: &str, start: usize) -> Result<String, Diagnostic> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at(at);
        text.push_str(plain);
        let (c, len) = escaped(escape, start + raw.len() - escape.len())?;
        text.push(c);
        rest = escape.get(len..).unwrap_or("");
    }
    text.push_str(rest);
    Ok(text)
}

/// The character an escape stands for, and the escape's length. `text` starts with the backslash, at `start`.
fn escaped(text: &str, start: usize) -> Result<(char, usize), Diagnostic> {
    let letter = text.chars().nth(1).unwrap_or('\\');
    let c = match letter {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '0' => '\0',
        '\\' | '"' | '\'' => letter,
        'u' => return code_point(text, start),
        _ => {
            let span = Span::new(start, start + (1 + letter.len_utf8()).min(text.len()));
            return Err(Diagnostic::new(span, format!("unknown escape `\\{letter}`"))
                .help("escapes are `\\n \\t \\r \\0 \\\\ \\\" \\'` and `\\u{..}`; a backslash is `\\\\`"));
        }
    };
    Ok((c, 2))
}

fn code_point(text: &str, start: usize) -> Result<(char, usize), Diagnostic> {
    let digits = text.strip_prefix("\\u{").and_then(|rest| rest.split_once('}')).map(|(digits, _)| digits);
    let value = digits.filter(|d| d.len() <= 6).and_then(|d| u32::from_str_radix(d, 16).ok()).and_then(char::from_u32);
    match (digits, value) {
        (Some(digits), Some(c)) => Ok((c, digits.len() + 4)),
        (digits, _) => {
            let len = digits.map_or(2, |d| d.len() + 4);
            Err(Diagnostic::new(Span::new(start, start + len), "bad character code")
                .help("write the code in hexadecimal between braces, as in `\\u{e9}`; the last one is `\\u{10ffff}`"))
        }
    }
}

/// A piece of an f-string, its placeholders still text.
#[derive(Debug, PartialEq)]
pub enum Piece<'s> {
    Text(String),
    Value { value: Span, spec: Option<&'s str> },
}

/// The pieces of an f-string's inside. `start` is where `raw` stands in the source.
pub fn pieces(raw: &str, start: usize) -> Result<Vec<Piece<'_>>, Diagnostic> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = raw;
    while let Some(at) = rest.find(['\\', '{', '}']) {
        let (plain, special) = rest.split_at(at);
        text.push_str(plain);
        let here = start + raw.len() - special.len();
        let len = if special.starts_with('\\') {
            let (c, len) = escaped(special, here)?;
            text.push(c);
            len
        } else if special.starts_with("{{") || special.starts_with("}}") {
            text.push_str(&special[..1]);
            2
        } else if special.starts_with('}') {
            return Err(Diagnostic::new(Span::new(here, here + 1), "this `}` closes no placeholder")
                .help("write `}}` for a brace in the text"));
        } else {
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            let (piece, len) = placeholder(special, here)?;
            pieces.push(piece);
            len
        };
        rest = special.get(len..).unwrap_or("");
    }
    text.push_str(rest);
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

/// The placeholder that `text` starts with, and its length. Its value ends at the first `:` or `}` outside brackets.
fn placeholder(text: &str, start: usize) -> Result<(Piece<'_>, usize), Diagnostic> {
    let inside = text.get(1..).unwrap_or("");
    let mut depth = 0usize;
    for (token, range) in Tok::lexer(inside).spanned() {
        let value = Span::new(start + 1, start + 1 + range.start);
        let ends = depth == 0 && matches!(token, Ok(Tok::RBrace | Tok::Colon));
        if ends && inside[..range.start].trim().is_empty() {
            return Err(Diagnostic::new(Span::new(start, start + range.end + 1), "this placeholder holds nothing")
                .help("write `{{` and `}}` for braces in the text"));
        }
        match token {
            Ok(Tok::LParen | Tok::LBrack | Tok::LBrace) => depth += 1,
            Ok(Tok::RBrace) if depth == 0 => return Ok((Piece::Value { value, spec: None }, range.end + 1)),
            Ok(Tok::RParen | Tok::RBrack | Tok::RBrace) => depth = depth.saturating_sub(1),
            Ok(Tok::Colon) if depth == 0 => {
                let spec = &inside[range.end..];
                if let Some((spec, _)) = spec.split_once('}').filter(|(spec, _)| !spec.contains('{')) {
                    return Ok((Piece::Value { value, spec: Some(spec) }, range.end + spec.len() + 2));
                }
                let at = start + 1 + range.start;
                let message =
                    if spec.contains('{') { "a format holds no placeholder" } else { "this format has no end" };
                return Err(Diagnostic::new(Span::new(at, at + 1), message)
                    .help("a format is plain text up to the `}`, as in `{x:.3f}`"));
            }
            _ => {}
        }
    }
    Err(Diagnostic::new(Span::new(start, start + 1), "missing `}` for the placeholder opened here")
        .help("write `{{` for a brace in the text; inside a placeholder use the other kind of quote"))
}
