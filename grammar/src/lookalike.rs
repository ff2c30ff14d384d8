//! Characters that are no words of the language, and what was meant by them.

use crate::diagnostic::Diagnostic;
use crate::tree::Span;
use unicode_ident::{is_xid_continue, is_xid_start};

/// Characters that look like or mean something the language spells otherwise.
const SPELLINGS: &[(&str, &str)] = &[
    ("“”„‟«»″", "\""),
    ("‘’‚‛′", "'"),
    ("−–—‐‑‒﹣－", "-"),
    ("×·⋅∗∙•＊", "*"),
    ("÷∕⁄／", "/"),
    ("＋", "+"),
    ("＝", "="),
    ("≤⩽", "<="),
    ("≥⩾", ">="),
    ("≠", "!="),
    ("≡", "=="),
    ("＜", "<"),
    ("＞", ">"),
    ("∧", "and"),
    ("∨", "or"),
    ("¬", "not"),
    ("∈", "in"),
    ("∉", "not in"),
    ("→⇒↦⟶", "->"),
    ("…", "..."),
    ("（", "("),
    ("）", ")"),
    ("【［⟦", "["),
    ("】］⟧", "]"),
    ("｛", "{"),
    ("｝", "}"),
    ("，、", ","),
    ("：", ":"),
    ("；", ";"),
    ("｜∣", "|"),
    ("˜∼", "~"),
    ("ˆ", "^"),
    ("∞", "inf"),
    ("√", "sqrt(x)"),
    ("∑Σ", "sum(x)"),
    ("²", "** 2"),
    ("³", "** 3"),
    ("⊗", "@"),
];

fn hint(c: char) -> Option<String> {
    let spelling = SPELLINGS.iter().find(|(chars, _)| chars.contains(c))?.1;
    Some(match c {
        '→' | '⇒' | '↦' | '⟶' => {
            "a function without a name is written `|x| ...`, a result type `-> f32`".into()
        }
        _ => format!("write `{spelling}`"),
    })
}

fn describe(c: char) -> String {
    match c {
        _ if c.is_control() => format!("unexpected control character U+{:04X}", c as u32),
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            format!("unexpected invisible character U+{:04X}", c as u32)
        }
        _ if c.is_whitespace() => format!("unexpected blank U+{:04X}", c as u32),
        _ => format!("unexpected character `{c}`"),
    }
}

/// A character no word starts with.
pub fn unexpected(source: &str, span: Span) -> Diagnostic {
    let rest = source.get(span.start as usize..).unwrap_or("");
    let c = rest.chars().next().unwrap_or(' ');
    let diagnostic = Diagnostic::new(span, describe(c));
    match c {
        '!' => diagnostic.help("negation is `not x`; two values differ if `a != b`"),
        '?' => diagnostic.help("a choice is written `if c { a } else { b }`"),
        '$' => diagnostic.help("names have no mark: write `x`"),
        '\\' => diagnostic
            .help("a line goes on after an operator, `,`, `=` and inside brackets; an unnamed function is `|x| ...`"),
        '`' => diagnostic.help("a string is written `\"...\"`, with values in it `f\"x = {x}\"`"),
        _ => match hint(c) {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        },
    }
}

/// What is wrong with a name of letters beyond ASCII, if anything is.
pub fn bad_name(name: &str, span: Span) -> Option<Diagnostic> {
    let allowed = |at: usize, c: char| if at == 0 { c == '_' || is_xid_start(c) } else { is_xid_continue(c) };
    let (at, c) = name.char_indices().find(|&(at, c)| !allowed(at, c) || hint(c).is_some() && !c.is_alphabetic())?;
    let start = span.start as usize + at;
    let diagnostic = Diagnostic::new(Span::new(start, start + c.len_utf8()), describe(c));
    Some(match hint(c) {
        Some(help) => diagnostic.help(help),
        None if is_xid_continue(c) => diagnostic.help("a name starts with a letter or `_`"),
        None => diagnostic.help("a name holds letters, digits and `_`"),
    })
}
