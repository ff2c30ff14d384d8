//! Habits of other languages, each with what is written here instead.

use crate::diagnostic::Diagnostic;
use crate::scene::Scene;
use crate::token::Tok;

const FUNCTION: &str = "functions are written `fn f(x) = ...` or `fn f(x) { ... }`";
const LAMBDA: &str = "a function without a name is written `|x| x + 1`";
const BRACES: &str = "blocks stand in braces: `if c { ... }`, `for x in xs { ... }`";
const NO_KEYWORD: &str = "names need no keyword: `x = 1`";
const PRINT: &str = "write `print(x)`";
const NO_CLASS: &str = "there are no classes: a record holds the fields, `(a=1, b=2)`, and functions take it";
const NO_TYPE: &str = "a name takes its type from its value: `x = 3`, or `f32(3)` for a certain one";
const CHOICE: &str = "a choice is written `if c { a } else { b }`";
const RECORD: &str = "a record is written `(a=1, b=2)`; its keys may be strings: `p[\"w\"] = 1`";
const CATCH: &str = "errors are caught by `try { ... } catch err { ... }`";
const RAISE: &str = "an error is raised by `error(\"why\")`";
const IMPORT: &str = "names are imported by `import m (x, y)`";
const LOOP: &str = "loops are `while c { ... }` and `for x in xs { ... }`";

/// Words that start a statement elsewhere.
const STARTS: &[(&[&str], &str)] = &[
    (&["def", "function", "func", "fun", "define", "proc", "sub"], FUNCTION),
    (&["let", "var", "const", "val", "auto", "local", "mut", "set"], NO_KEYWORD),
    (&["int", "float", "double", "long", "char", "bool", "string"], NO_TYPE),
    (&["print", "println", "puts", "echo", "printf", "disp"], PRINT),
    (&["class", "struct", "interface", "enum", "record", "type"], NO_CLASS),
    (&["from", "use", "using", "include", "require"], IMPORT),
    (&["elif", "elsif", "elseif"], "a further condition is written `else if c { ... }`"),
    (&["switch", "match", "case", "when"], "cases are written `if a { ... } else if b { ... } else { ... }`"),
    (&["loop", "repeat", "do", "until", "foreach"], LOOP),
    (&["unless"], "write `if not c { ... }`"),
    (&["except", "finally", "rescue"], CATCH),
    (&["raise", "throw"], RAISE),
    (&["del", "delete"], "names are not deleted; `x = none` lets go of a value"),
    (&["global", "nonlocal"], "a name assigned in a function is local to it: return the value instead"),
    (&["with"], "there is no `with`: files are read and written whole"),
    (&["assert"], "write `assert(c, \"why\")`"),
    (&["yield", "async", "await"], "there are no generators: `map`, `scan` and `[... for x in xs]` build arrays"),
    (&["begin", "then", "end"], BRACES),
];

/// Words that stand behind a value elsewhere.
const BEHIND: &[(&[&str], &str)] = &[
    (&["elif", "elsif", "elseif"], "a further condition is written `else if c { ... }`"),
    (&["except", "finally", "rescue"], CATCH),
    (&["then", "do", "begin", "end"], BRACES),
    (&["is"], "values are compared with `==`; `type(x)` tells a type"),
    (&["mod"], "the remainder is `a % b`"),
    (&["div"], "whole division is `a // b`"),
    (&["xor"], "exclusive or is `a != b` of bools, `a ^ b` of integers"),
    (&["AND"], "write `and`"),
    (&["OR"], "write `or`"),
    (&["eq"], "write `==`"),
    (&["ne"], "write `!=`"),
    (&["to", "upto", "until"], "a range is written `a..b`; it ends before `b`"),
    (&["step", "by"], "steps are `arange(a, b, step)`"),
    (&["unless"], CHOICE),
];

fn look_up(table: &[(&[&str], &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(words, _)| words.contains(&word)).map(|row| row.1)
}

/// Recognises another language's way to say something.
pub fn hint(scene: &Scene) -> Option<Diagnostic> {
    statement_word(scene)
        .or_else(|| infix_word(scene))
        .or_else(|| operator(scene))
        .or_else(|| colon(scene))
        .or_else(|| shape(scene))
}

/// `def f`, `let x`, `print x`: a name at the start of a statement that another word follows.
fn statement_word(scene: &Scene) -> Option<Diagnostic> {
    let word = scene.before(1).filter(|token| token.kind == Tok::Name)?;
    let text = word.span().text(scene.source);
    if text == "lambda" && !scene.is_over() {
        return Some(Diagnostic::new(word.span(), "there is no `lambda`").help(LAMBDA));
    }
    let starts = match scene.before(2).map(|token| token.kind) {
        None | Some(Tok::Nl | Tok::Semi | Tok::SemiEnd | Tok::LBrace | Tok::RBrace) => true,
        Some(_) => false,
    };
    let next = scene.kind()?;
    if !starts || !(next.starts_value() || matches!(next, Tok::Colon | Tok::Error | Tok::Import | Tok::For)) {
        return None;
    }
    let help = look_up(STARTS, text)?;
    let message = match text {
        "print" | "assert" => format!("`{text}` takes its arguments in parentheses"),
        _ => format!("there is no `{text}` statement"),
    };
    Some(Diagnostic::new(word.span(), message).help(help))
}

/// `a is b`, `if c then`, `} elif`: a name behind a value.
fn infix_word(scene: &Scene) -> Option<Diagnostic> {
    if !scene.follows_value() {
        return None;
    }
    let word = scene.text();
    if let (Some(Tok::Name), Some(help)) = (scene.kind(), look_up(BEHIND, word)) {
        return Some(scene.error(format!("there is no `{word}`")).help(help));
    }
    let in_parens = scene.in_parens();
    match scene.kind()? {
        Tok::If if !scene.starts_statement() && scene.previous() != Some(Tok::RBrace) => {
            Some(scene.error("unexpected `if` after a value").help(CHOICE))
        }
        Tok::For if in_parens => {
            Some(scene.error("a comprehension stands in square brackets").help("write `[... for x in xs]`"))
        }
        Tok::Comma if scene.keyword(&[Tok::Import]).is_some() => {
            Some(scene.error("one `import` names one module").help("write one `import` for each"))
        }
        Tok::Str | Tok::FStr
            if scene.touches() && matches!(scene.before_text(1), "r" | "b" | "u" | "F" | "R" | "fr" | "rf") =>
        {
            Some(
                scene
                    .error("unknown kind of string")
                    .help("strings are `\"...\"` and `f\"...\"`; a backslash is `\\\\`"),
            )
        }
        _ => None,
    }
}

/// Operators spelled otherwise.
fn operator(scene: &Scene) -> Option<Diagnostic> {
    let kind = scene.kind();
    let text = scene.text();
    let before = if scene.touches() { scene.before_text(1) } else { "" };
    let rest = scene.source.get(scene.span().end as usize..).unwrap_or("");
    let pair = |spelled: &str, help: &str| {
        let start = scene.before(1).map_or(scene.span(), |token| token.span());
        Some(Diagnostic::new(start.to(scene.span()), format!("there is no `{spelled}`")).help(help))
    };
    match (before, text) {
        ("&", "&") => return pair("&&", "write `a and b`"),
        ("<", ">") => return pair("<>", "write `a != b`"),
        ("==", "=") => return pair("===", "write `a == b`"),
        ("!=", "=") => return pair("!==", "write `a != b`"),
        ("=", ">") if scene.keyword(&[Tok::Fn]).is_some() => return pair("=>", FUNCTION),
        ("=", ">") => return pair("=>", LAMBDA),
        ("..", "=") => return pair("..=", "`a..b` ends before `b`; write `a..b + 1`"),
        _ if steps(scene) => {
            let sign = scene.before_text(1);
            let span = scene.before(2)?.span().to(scene.before(1)?.span());
            let message = format!("there is no `{sign}{sign}`");
            return Some(Diagnostic::new(span, message).help(format!("write `x {sign}= 1`")));
        }
        _ => {}
    }
    match kind? {
        Tok::BarBar if scene.expects("|") && !scene.expects("+") => {
            Some(scene.error("`||` is one word here").help("part the bars: `|x| |y| x + y`"))
        }
        Tok::BarBar if scene.follows_value() => {
            Some(scene.error("there is no `||` between values").help("write `a or b`"))
        }
        Tok::Arrow if scene.follows_value() => Some(scene.error("unexpected `->`").help(LAMBDA)),
        Tok::Colon if rest.starts_with(':') && !scene.in_parens() => {
            Some(scene.error("there is no `::`").help("a part of a module or a value is `m.x`"))
        }
        Tok::Dots if scene.follows_value() => Some(scene.error("unexpected `...`").help("a range is written `a..b`")),
        Tok::Colon if rest.starts_with('=') => Some(scene.error("there is no `:=`").help("assign with `x = 1`")),
        Tok::Star | Tok::Pow if matches!(scene.previous(), Some(Tok::LParen | Tok::Comma)) && scene.expects_value() => {
            let word = if text == "*" { "an argument list" } else { "the keywords of a call" };
            Some(
                scene
                    .error(format!("`{text}` does not spread {word}"))
                    .help("write `f(...xs)`, or name each: `f(k=p.k)`"),
            )
        }
        Tok::Pow if scene.expects("*") => {
            Some(scene.error("a function does not gather keywords").help("take a record: `fn f(x, options)`"))
        }
        Tok::Error if text == "!" && scene.in_placeholder() => {
            Some(scene.error("a placeholder has no conversion").help("a format stands behind a colon: `{x:.3f}`"))
        }
        Tok::Error if text == "!" && !scene.follows_value() => {
            Some(scene.error("there is no `!` before a value").help("write `not x`"))
        }
        Tok::Error if text == "?" => Some(scene.error("there is no `?`").help(CHOICE)),
        kind if kind.starts_value() && comments_with_slashes(scene) => {
            Some(scene.error(format!("unexpected `{text}`")).help("`//` divides; a comment starts with `#`"))
        }
        Tok::Slash if scene.starts_statement() && (text == "//" || rest.starts_with('*')) => {
            Some(scene.error(format!("a statement cannot start with `{text}`")).help("a comment starts with `#`"))
        }
        _ => None,
    }
}

/// `x++` and `x--`, at the end of a statement or a bracket.
fn steps(scene: &Scene) -> bool {
    let (Some(last), Some(first)) = (scene.before(1), scene.before(2)) else { return false };
    let sign = matches!(last.kind, Tok::Plus | Tok::Minus) && first.kind == last.kind && first.end == last.start;
    let ended = scene.is_over() || scene.kind().is_some_and(Tok::is_closer);
    sign && ended && scene.before(3).is_some_and(|token| token.kind.ends_value())
}

/// A `//` stands before, on the same line and outside any string.
fn comments_with_slashes(scene: &Scene) -> bool {
    let line_start = scene.source.get(..scene.span().start as usize).and_then(|text| text.rfind('\n')).unwrap_or(0);
    let on_line = |index: &usize| scene.tokens.get(*index).is_some_and(|token| token.start as usize >= line_start);
    scene.follows_value() && (0..scene.at).rev().take_while(on_line).any(|index| scene.text_at(index) == "//")
}

/// Colons of Python's blocks, dicts and annotations.
fn colon(scene: &Scene) -> Option<Diagnostic> {
    if scene.kind() != Some(Tok::Colon) {
        return None;
    }
    let previous = scene.previous()?;
    let opener = scene.opener().map(|opener| opener.kind);
    if matches!(previous, Tok::Else | Tok::Try | Tok::Catch) {
        return Some(scene.error(format!("unexpected `:` after `{}`", scene.before_text(1))).help(BRACES));
    }
    if let Some((index, false)) = scene.keyword(&[Tok::If, Tok::While, Tok::For, Tok::Fn]) {
        let help = match scene.kind_at(index) {
            Some(Tok::Fn) => FUNCTION,
            Some(Tok::For) if previous == Tok::Number => "a range is written `a..b`; it ends before `b`",
            _ => BRACES,
        };
        return Some(scene.error("unexpected `:`").help(help));
    }
    if opener == Some(Tok::LBrace) && matches!(previous, Tok::Str | Tok::Name | Tok::Number | Tok::FStr) {
        return Some(scene.error("unexpected `:` in braces").help(RECORD));
    }
    match (opener, previous) {
        (None, Tok::Name) if look_up(STARTS, scene.before_text(1)).is_none() => {
            Some(scene.error("unexpected `:` after a name").help(NO_TYPE))
        }
        _ => None,
    }
}

/// A head of a function without `fn`, as `f(x) { ... }`.
fn shape(scene: &Scene) -> Option<Diagnostic> {
    let is_head = scene.kind() == Some(Tok::LBrace)
        && scene.previous() == Some(Tok::RParen)
        && scene.opener().is_none()
        && scene.kind_at(0) == Some(Tok::Name)
        && scene.kind_at(1) == Some(Tok::LParen);
    let help = look_up(STARTS, scene.text_at(0)).unwrap_or(FUNCTION);
    is_head.then(|| scene.error("unexpected `{` behind a call").help(help))
}
