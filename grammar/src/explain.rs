//! From a parser's error to a sentence: what is missing or wrong, and where.
//!
//! The parser says which word it could not take and which it could have; the words around it say what was meant. Each
//! rule below knows one mistake; the first that recognises its own explains the error.

use crate::diagnostic::Diagnostic;
use crate::foreign;
use crate::layout::{End, Layout, Statement};
use crate::scene::{Scene, shorten};
use crate::token::{Tok, Token};
use crate::tree::Span;
use lalrpop_util::ParseError;
use std::convert::Infallible;

/// What is wrong with the statement.
pub fn explain(
    source: &str,
    layout: &Layout,
    statement: &Statement,
    error: ParseError<u32, Tok, Infallible>,
) -> Diagnostic {
    let tokens = layout.tokens.get(statement.tokens.clone()).unwrap_or(&[]);
    let (at, expected) = match error {
        ParseError::UnrecognizedToken { token: (start, kind, _), expected } => {
            // An empty word may stand before the one that starts at the same place.
            let first = tokens.partition_point(|token| token.start < start);
            let later = tokens.iter().skip(first).position(|token| token.kind == kind).unwrap_or(0);
            (first + later, expected)
        }
        ParseError::UnrecognizedEof { expected, .. } => (tokens.len(), expected),
        _ => (tokens.len(), Vec::new()),
    };
    let scene = Scene { source, tokens, at, has_line_before: statement.tokens.start > 0, expected };
    if scene.kind() == Some(Tok::Error)
        && let Ok(problem) = layout.problems.binary_search_by_key(&scene.span().start, |problem| problem.0)
        && let Some((_, diagnostic)) = layout.problems.get(problem)
    {
        return foreign::hint(&scene).unwrap_or_else(|| diagnostic.clone());
    }
    let mut diagnostic = scene.explain();
    if let (End::Input { open }, true) = (statement.end, at == tokens.len()) {
        diagnostic.incomplete = open || scene.expects("nl") || scene.expects("catch");
    }
    diagnostic
}

impl Scene<'_> {
    fn explain(&self) -> Diagnostic {
        foreign::hint(self)
            .or_else(|| self.at_start())
            .or_else(|| self.wrong_bracket())
            .or_else(|| self.block_missing())
            .or_else(|| self.function_header())
            .or_else(|| self.loop_header())
            .or_else(|| self.value_missing())
            .or_else(|| self.name_missing())
            .or_else(|| self.bracket_open())
            .or_else(|| self.run_on())
            .unwrap_or_else(|| self.unexpected())
    }

    /// No statement starts with this word.
    fn at_start(&self) -> Option<Diagnostic> {
        let kind = self.kind().filter(|_| self.starts_statement() && self.expects_value())?;
        let word = self.text();
        let line_before = self.has_line_before || self.at > 0;
        Some(match kind {
            Tok::Else => self
                .error("`else` has no `if` before it")
                .help("it stands behind the `}` of its `if`, or on the next line"),
            Tok::Catch => self.error("`catch` has no `try` before it"),
            Tok::Pipe | Tok::Dot => self.error(format!("nothing stands left of `{word}`")),
            kind if (kind.is_infix() || matches!(kind, Tok::Eq | Tok::Aug | Tok::Comma)) && line_before => self
                .error(format!("a statement cannot start with `{word}`"))
                .help(format!("statements end at a line's end; end the line before with `{word}` to continue it")),
            kind if kind.is_infix() || matches!(kind, Tok::Eq | Tok::Aug) => {
                self.error(format!("a statement cannot start with `{word}`"))
            }
            _ => return None,
        })
    }

    /// A closing bracket without its opening one.
    fn wrong_bracket(&self) -> Option<Diagnostic> {
        let kind = self.kind().filter(|kind| kind.is_closer())?;
        let opening = match kind {
            Tok::RParen => "(",
            Tok::RBrack => "[",
            _ => "{",
        };
        let word = self.text();
        match self.opener() {
            None => Some(self.error(format!("unexpected `{word}`: no `{opening}` is open"))),
            Some(opener) if opener.kind.closer() == Some(kind) => None,
            Some(opener) => {
                let open = opener.span().text(self.source);
                let message = format!("`{word}` does not close the `{open}` opened before it");
                Some(self.error(message).label(opener.span(), "opened here"))
            }
        }
    }

    /// `if`, `while`, `for`, `else`, `try`, `catch` without a block, `try` without `catch`, `@ gpu` without anything.
    fn block_missing(&self) -> Option<Diagnostic> {
        if self.expects("catch") && !self.expects_value() {
            return Some(self.error("`try` needs a `catch`").help("write `try { ... } catch err { ... }`"));
        }
        if self.expects("fn") && self.expects("@") && !self.expects_value() {
            let message = "`@` with a device needs a function or a block behind it";
            return Some(self.error(message).help("write `@ gpu { ... }`, on one line, or `@ gpu fn f(x) = ...`"));
        }
        let (index, block) = self.keyword(&[Tok::If, Tok::While, Tok::For, Tok::Else, Tok::Try, Tok::Catch])?;
        let word = self.text_at(index);
        let keyword = self.kind_at(index)?;
        if index + 1 < self.at
            && block
            && self.kind_at(index + 1) == Some(Tok::LBrace)
            && self.expects("{")
            && !self.expects_value()
        {
            return Some(self.error(format!("expected a condition between `{word}` and its block")));
        }
        let comprehension = self.opener().is_some_and(|opener| opener.kind == Tok::LBrack);
        let done = self.follows_value() || matches!(keyword, Tok::Else | Tok::Try | Tok::Catch) && index + 1 == self.at;
        let waits = self.is_over() || self.kind()?.starts_value() || self.kind()?.is_statement();
        if block || comprehension || !done || !waits || keyword == Tok::For && !self.in_follows(index) {
            return None;
        }
        let help = match keyword {
            Tok::Else => "write `else { ... }` or `else if c { ... }`".to_string(),
            Tok::Try => "write `try { ... } catch err { ... }`".to_string(),
            _ => format!("write `{word} ... {{`, with the `{{` on the same line"),
        };
        let place = Span { start: self.before(1)?.end, end: self.before(1)?.end };
        let span = if self.is_over() { place } else { self.span() };
        let message = format!("`{word}` needs a block: put `{{` on the same line");
        Some(Diagnostic::new(span, message).label(self.tokens.get(index)?.span(), "this one").help(help))
    }

    fn in_follows(&self, index: usize) -> bool {
        self.tokens.iter().take(self.at).skip(index).any(|token| token.kind == Tok::In)
    }

    /// `fn` without a name, parameters or a body.
    fn function_header(&self) -> Option<Diagnostic> {
        let (index, block) = self.keyword(&[Tok::Fn])?;
        let behind = self.at - index;
        let help = "functions are written `fn f(x) = ...` or `fn f(x) { ... }`";
        let message = match behind {
            _ if block => return None,
            1 => format!("expected a name after `fn`, found {}", self.found()),
            2 => format!("expected `(` after the function's name, found {}", self.found()),
            _ if self.expects("->") || self.expects("{") && self.expects("=") => {
                format!("the function `{}` needs a body: `= ...` or `{{ ... }}`", self.text_at(index + 1))
            }
            _ => return None,
        };
        Some(self.error(message).help(help))
    }

    /// This bracket holds the names of a `for`.
    fn behind_for(&self, opener: Token) -> bool {
        let index = self.tokens.partition_point(|token| token.start < opener.start);
        index.checked_sub(1).is_some_and(|before| self.kind_at(before) == Some(Tok::For))
    }

    /// `for` without a name or `in`.
    fn loop_header(&self) -> Option<Diagnostic> {
        let found = self.found();
        let help = "write `for x in xs { ... }`";
        if self.opener().is_some_and(|opener| self.behind_for(opener)) && !self.expects_value() {
            return Some(
                self.error(format!("expected a name in the parentheses, found {found}"))
                    .help("write `for i in 0..n { ... }`"),
            );
        }
        let (index, _) = self.keyword(&[Tok::For])?;
        if self.expects("in") && !self.expects("+") && !self.in_follows(index) {
            return Some(self.error(format!("expected `in` after the name of a `for`, found {found}")).help(help));
        }
        (index + 1 == self.at).then(|| self.error(format!("expected a name after `for`, found {found}")).help(help))
    }

    /// An operator, a comma, `=` or a bracket that an expression should follow.
    fn value_missing(&self) -> Option<Diagnostic> {
        let previous = self.previous().filter(|_| self.expects_value() && !self.starts_statement())?;
        let before = self.before_text(1);
        let found = self.found();
        let kind = self.kind();
        if let Some(kind) = kind
            && (kind.is_statement() || kind == Tok::For)
        {
            let diagnostic =
                self.error(format!("`{}` is a statement and cannot stand inside an expression", self.text()));
            return Some(match kind {
                Tok::Fn => diagnostic.help("a function inside an expression is written `|x| ...`"),
                Tok::For => diagnostic.help("an array is built by `[... for x in xs]`"),
                _ => diagnostic,
            });
        }
        if kind == Some(Tok::Not) {
            return Some(
                self.error(format!("`not` binds looser than `{before}`")).help("put it in parentheses: `(not x)`"),
            );
        }
        if matches!(kind, Some(Tok::Bar | Tok::BarBar)) && !self.expects("|") {
            return Some(
                self.error(format!("a function is no operand of `{before}`"))
                    .help("put it in parentheses: `(|x| ...)`"),
            );
        }
        if previous == Tok::Colon && self.is_over() {
            return None;
        }
        if matches!(previous, Tok::LParen | Tok::LBrack) && (self.is_over() || kind == Some(Tok::Eq)) {
            return None;
        }
        if matches!(previous, Tok::LBrack) && kind == Some(Tok::RBrack) {
            return Some(self.error("expected an index between `[` and `]`").help("all elements are `a[:]`"));
        }
        if kind == Some(Tok::Comma) {
            return Some(self.error(format!("expected an expression between `{before}` and `,`")));
        }
        let after = match previous {
            Tok::Nl | Tok::Placeholder => return None,
            Tok::Dots => "`...` stands before a value to spread".to_string(),
            Tok::If | Tok::While => format!("expected a condition after `{before}`, found {found}"),
            _ => format!("expected an expression after `{before}`, found {found}"),
        };
        let diagnostic = self.error(after);
        Some(match kind {
            Some(kind) if is_reserved(kind) => diagnostic.help(format!("`{}` is a reserved word", self.text())),
            Some(Tok::Eq) if is_reserved(previous) => diagnostic.help(format!("`{before}` is a reserved word")),
            Some(Tok::Nl) | None if previous == Tok::Return => {
                diagnostic.help("a value stands on the line of its `return`")
            }
            _ => diagnostic,
        })
    }

    /// `.`, `import`, `as`, `∇` and the like, which a name should follow.
    fn name_missing(&self) -> Option<Diagnostic> {
        if !self.expects("name") || self.expects_value() && !self.expects(".") {
            return None;
        }
        let found = self.found();
        let before = self.before_text(1);
        let diagnostic = match self.previous()? {
            Tok::Import => self
                .error(format!("expected a module after `import`, found {found}"))
                .help("write `import nn` or `import \"model.nab\" as model`"),
            Tok::Dot | Tok::As | Tok::Catch | Tok::At | Tok::Star | Tok::Arrow | Tok::Colon => {
                self.error(format!("expected a name after `{before}`, found {found}"))
            }
            Tok::LParen | Tok::Comma if self.kind() == Some(Tok::LParen) => {
                self.error("a parameter is a name").help("take a tuple apart in the body: `a, b = p`")
            }
            Tok::LParen | Tok::Comma | Tok::Bar | Tok::LBrack if !self.is_over() => {
                self.error(format!("expected a name, found {found}"))
            }
            _ => return None,
        };
        Some(match self.kind() {
            Some(kind) if is_reserved(kind) => diagnostic.help(format!("`{}` is a reserved word", self.text())),
            _ => diagnostic,
        })
    }

    /// A bracket or the bar of a function that nothing closes.
    fn bracket_open(&self) -> Option<Diagnostic> {
        if self.expects("|") && !self.expects_value() && !self.expects("+") && self.is_over() {
            return Some(
                self.error("missing `|` behind the parameters of a function").help("an unnamed function is `|x| ...`"),
            );
        }
        let opener = self.opener()?;
        let ended = self.kind().is_none() || self.kind() == Some(Tok::Nl) && opener.kind != Tok::LBrace;
        let (open, close) = match opener.kind {
            Tok::LParen => ("(", ")"),
            Tok::LBrack => ("[", "]"),
            _ => ("{", "}"),
        };
        if ended {
            let message = format!("missing `{close}` for the `{open}` opened here");
            return Some(self.error(message).label(opener.span(), "opened here"));
        }
        matches!(self.kind(), Some(Tok::Semi | Tok::SemiEnd)).then(|| {
            self.error(format!("unexpected `;` inside `{open}`"))
                .label(opener.span(), "opened here")
                .help(format!("items stand apart by `,`; is a `{close}` missing?"))
        })
    }

    /// One thing too many: a value behind a value, a second `=` or `..`.
    fn run_on(&self) -> Option<Diagnostic> {
        let kind = self.kind()?;
        let word = shorten(self.text());
        if matches!(self.previous(), Some(Tok::Break | Tok::Continue)) {
            return Some(self.error(format!("`{}` takes no value", self.before_text(1))));
        }
        if !self.follows_value() {
            return None;
        }
        let in_parens = self.in_parens();
        Some(match kind {
            Tok::DotDot => self.error("`..` does not chain").help("steps are `arange(a, b, step)`, or `xs[::step]`"),
            Tok::Else | Tok::Catch => {
                let opening = if kind == Tok::Else { "if" } else { "try" };
                self.error(format!("`{word}` has no `{opening}` before it"))
            }
            Tok::Eq if self.keyword(&[Tok::If, Tok::While]).is_some_and(|(_, block)| !block) => {
                self.error("assignment is not an expression").help("compare with `==`")
            }
            Tok::Eq if self.expects("|") && !self.expects("+") => {
                self.error("a function without a name has no defaults").help("write `fn f(x = 2) = ...`")
            }
            Tok::Eq if self.opener().is_some_and(|opener| opener.kind == Tok::LBrack) => {
                self.error("unexpected `=` in square brackets").help("compare with `==`; a record is `(a=1)`")
            }
            Tok::Eq | Tok::Aug => {
                self.error("assignment is not an expression").help("assign on a line of its own; compare with `==`")
            }
            Tok::Colon if self.opener().is_some_and(|opener| opener.kind == Tok::LBrack) => {
                self.error("unexpected `:`").help("a slice is `start:stop` or `start:stop:step`")
            }
            Tok::Colon if in_parens => {
                self.error("unexpected `:`").help("an argument or a field is named by `=`: `(a=1)`")
            }
            kind if self.expects("|>") && !self.expects("+") && kind.is_infix() => self
                .error(format!("right of `|>` stands a name, a call or a function, not an operand of `{word}`"))
                .help(format!("put parentheses around the pipe: `(x |> f) {word} ...`")),
            Tok::LBrace if !in_parens => {
                self.error("unexpected `{`").help("blocks belong to `if`, `while`, `for`, `try`, `fn` and `@`")
            }
            Tok::Str | Tok::FStr if matches!(self.previous(), Some(Tok::Str | Tok::FStr)) => {
                self.error("two strings side by side").help("`+` joins strings, a comma parts items")
            }
            Tok::Number if word.starts_with('.') => {
                self.error(format!("unexpected `{word}`")).help("`.` stands before a name; an element is `x[5]`")
            }
            kind if in_parens && kind.starts_value() => self.missing_comma(),
            Tok::Name if self.previous() == Some(Tok::Number) => self
                .error(format!("unexpected `{word}` after a number"))
                .help(format!("a product is written out: `{} * {word}`", self.before_text(1))),
            kind if self.in_placeholder() && kind.starts_value() => self
                .error(format!("unexpected `{word}` after `{}`", shorten(self.before_text(1))))
                .help("a placeholder holds one expression"),
            Tok::Name if matches!(self.previous(), Some(Tok::FStr)) && self.touches() => self
                .error(format!("unexpected `{word}` behind a string"))
                .help("a placeholder does not hold its own quote: use the other kind inside"),
            kind if kind.starts_value() || kind.is_statement() || kind == Tok::For => {
                let help = match self.previous() {
                    Some(Tok::RBrace) => "after a closing `}` comes a new line or `;`",
                    _ => "end the statement with a new line or `;`",
                };
                self.error(format!("unexpected `{word}` after `{}`", shorten(self.before_text(1)))).help(help)
            }
            _ => return None,
        })
    }

    /// On a later line the bracket itself may be what is missing.
    fn missing_comma(&self) -> Diagnostic {
        let diagnostic = self.error(format!("missing comma before `{}`", shorten(self.text())));
        let Some(opener) = self.opener() else { return diagnostic };
        let between = Span { start: opener.end, end: self.span().start };
        match (between.text(self.source).contains('\n'), opener.kind) {
            (false, _) => diagnostic.help("items stand apart by `,`"),
            (true, kind) => {
                let close = if kind == Tok::LParen { ")" } else { "]" };
                let help = format!("items stand apart by `,`; or is a `{close}` missing?");
                diagnostic.label(opener.span(), "inside the bracket opened here").help(help)
            }
        }
    }

    fn unexpected(&self) -> Diagnostic {
        let found = self.found();
        let expected: Vec<String> = self.expected.iter().filter_map(|terminal| readable(terminal)).collect();
        match expected.as_slice() {
            [] => self.error(format!("unexpected {found}")),
            [one] => self.error(format!("expected {one}, found {found}")),
            [rest @ .., last] if rest.len() < 4 => {
                self.error(format!("expected {} or {last}, found {found}", rest.join(", ")))
            }
            _ => self.error(format!("unexpected {found}")),
        }
    }
}

/// A terminal of the grammar in words; none for those that stand for a class.
fn readable(terminal: &str) -> Option<String> {
    match terminal.trim_matches('"') {
        "nl" | ";" | ";nl" | "placeholder" | "last" => None,
        word @ ("name" | "number") => Some(format!("a {word}")),
        "string" | "f-string" => Some("a string".into()),
        "op=" | "cmp" | "shift" | "slash" => Some("an operator".into()),
        word => Some(format!("`{word}`")),
    }
}

fn is_reserved(kind: Tok) -> bool {
    use Tok::*;
    kind.is_statement()
        || matches!(kind, If | Else | For | In | As | And | Or | Not | Try | Catch | True | False | NoneLit)
}
