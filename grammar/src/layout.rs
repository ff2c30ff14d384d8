//! Lines: newlines become statement ends or vanish, comments step aside, and the words part into top-level statements.
//!
//! The layout alone knows what a newline means; the grammar sees only `Nl` and `;` inside braces. Nothing here fails:
//! a word that is none becomes `Tok::Error`, with its diagnostic in `problems`.

use crate::diagnostic::Diagnostic;
use crate::lookalike;
use crate::token::{Tok, Token};
use crate::tree::{Comment, Span};
use logos::Logos;
use std::ops::Range;
use unicode_ident::is_xid_start;

/// Brackets may nest this deep.
pub const MAX_BRACKETS: usize = 264;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    Program,
    /// A leading `|>` or `.name` applies to the last value.
    Continuing,
    /// The inside of an f-string's placeholder.
    Placeholder,
}

/// What stands behind a top-level statement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Line,
    Semi,
    /// The end of the input. `open`: another line would go on with the statement, whatever its words.
    Input {
        open: bool,
    },
}

#[derive(Debug)]
pub struct Statement {
    pub tokens: Range<usize>,
    pub quiet: bool,
    pub end: End,
}

#[derive(Debug, Default)]
pub struct Layout {
    pub tokens: Vec<Token>,
    pub statements: Vec<Statement>,
    pub comments: Vec<Comment>,
    /// Documentation, by the start of the word below it; in order.
    pub docs: Vec<(u32, Box<str>)>,
    /// What is wrong with the `Error` tokens, by their start; in order.
    pub problems: Vec<(u32, Diagnostic)>,
    /// The text ends in documentation that waits for its function.
    pub dangling_doc: bool,
}

/// How far the statement being read has come, in one list of statements.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Fresh,
    /// Only `@ device` so far: a newline before `fn` or `@` does not end it.
    Decorators,
    Plain,
}

struct Level {
    bracket: Tok,
    phase: Phase,
}

struct Reader<'s> {
    source: &'s str,
    mode: Mode,
    out: Layout,
    /// Where the current top-level statement starts among the tokens.
    start: usize,
    brackets: Vec<Level>,
    /// The phase of the top-level statement.
    phase: Phase,
    /// The first newline since the last word.
    newline: Option<Span>,
    line_is_blank: bool,
    doc: String,
}

/// Cuts `source[range]` into words and statements.
pub fn layout(source: &str, range: Range<usize>, mode: Mode) -> Layout {
    let mut reader = Reader {
        source,
        mode,
        out: Layout::default(),
        start: 0,
        brackets: Vec::new(),
        phase: Phase::Fresh,
        newline: None,
        line_is_blank: true,
        doc: String::new(),
    };
    let text = source.get(range.clone()).unwrap_or("");
    if mode == Mode::Placeholder {
        reader.push(Span::new(range.start, range.start), Tok::Placeholder);
    }
    for (kind, at) in Tok::lexer(text).spanned() {
        let span = Span::new(range.start + at.start, range.start + at.end);
        match kind {
            Ok(Tok::Newline) => reader.newline(span),
            Ok(Tok::Comment) => reader.comment(span),
            kind => reader.word(span, kind.unwrap_or(Tok::Error)),
        }
    }
    reader.finish()
}

impl Reader<'_> {
    fn newline(&mut self, span: Span) {
        if self.line_is_blank {
            self.doc.clear();
        }
        self.line_is_blank = true;
        self.newline.get_or_insert(span);
        self.silence();
    }

    /// A `;` that ends its line silences the statement before it.
    fn silence(&mut self) {
        if self.start == self.out.tokens.len()
            && let Some(last) = self.out.statements.last_mut().filter(|last| last.end == End::Semi)
        {
            last.quiet = true;
        }
    }

    fn comment(&mut self, span: Span) {
        self.out.comments.push(Comment { span });
        if let Some(text) =
            span.text(self.source).strip_prefix("##").filter(|t| self.line_is_blank && !t.starts_with('#'))
        {
            if !self.doc.is_empty() {
                self.doc.push('\n');
            }
            self.doc.push_str(text.strip_prefix(' ').unwrap_or(text).trim_end());
        }
        self.line_is_blank = false;
    }

    fn word(&mut self, span: Span, kind: Tok) {
        let first = self.out.tokens.is_empty();
        if self.newline.take().is_some() || first {
            self.line_start(span, kind);
            if !self.doc.is_empty() {
                self.out.docs.push((span.start, std::mem::take(&mut self.doc).into()));
            }
            if first && self.mode == Mode::Continuing && self.continues_value(span, kind) {
                self.push(Span { end: span.start, ..span }, Tok::Last);
            }
        }
        self.line_is_blank = false;
        match kind {
            Tok::Semi if self.brackets.is_empty() && self.mode != Mode::Placeholder => {
                if self.start == self.out.tokens.len() {
                    self.problem(span, Diagnostic::new(span, "unexpected `;`: no statement stands before it"));
                }
                self.close(End::Semi);
            }
            _ => match complaint(self.source, span, kind) {
                Some(diagnostic) => self.problem(span, diagnostic),
                None => self.push(span, kind),
            },
        }
    }

    /// `|>` and `.name` apply to the value before them, on the same line or not.
    fn continues_value(&self, span: Span, kind: Tok) -> bool {
        let rest = self.source.get(span.end as usize..).unwrap_or("");
        kind == Tok::Pipe || kind == Tok::Dot && rest.starts_with(|c| c == '_' || is_xid_start(c))
    }

    /// Decides what the newline before this word means.
    fn line_start(&mut self, span: Span, kind: Tok) {
        let Some(last) = self.out.tokens.get(self.start..).and_then(<[Token]>::last).copied() else { return };
        let (bracket, phase) = match self.brackets.last() {
            Some(level) => (level.bracket, level.phase),
            None => (Tok::LBrace, self.phase),
        };
        if bracket != Tok::LBrace {
            if kind.is_statement() {
                // No bracket but a brace holds statements: the one before was left open.
                while self.brackets.pop_if(|level| level.bracket != Tok::LBrace).is_some() {}
                self.end_statement(last);
            } else if matches!(kind, Tok::LBrack | Tok::LParen) && last.kind.ends_value() {
                let word = span.text(self.source);
                let diagnostic = Diagnostic::new(span, format!("missing comma before this `{word}`"))
                    .label(last.span(), "the item before it")
                    .help("inside brackets a new line does not end an item");
                self.problem(span, diagnostic);
            }
        } else if last.kind == Tok::Semi {
            if let Some(last) = self.out.tokens.last_mut() {
                last.kind = Tok::SemiEnd;
            }
        } else if !(last.kind.continues()
            || self.continues_value(span, kind)
            || matches!(kind, Tok::Else | Tok::Catch | Tok::RBrace)
            || phase == Phase::Decorators && matches!(kind, Tok::Fn | Tok::At))
        {
            self.end_statement(last);
        }
    }

    fn end_statement(&mut self, last: Token) {
        if self.brackets.is_empty() {
            self.close(End::Line);
        } else {
            self.push(Span { start: last.end, end: last.end }, Tok::Nl);
        }
    }

    /// Ends the top-level statement.
    fn close(&mut self, end: End) {
        let tokens = self.start..self.out.tokens.len();
        if !tokens.is_empty() {
            self.start = tokens.end;
            self.out.statements.push(Statement { tokens, quiet: false, end });
        }
        self.phase = Phase::Fresh;
    }

    fn problem(&mut self, span: Span, diagnostic: Diagnostic) {
        self.out.problems.push((span.start, diagnostic));
        self.push(span, Tok::Error);
    }

    fn push(&mut self, span: Span, kind: Tok) {
        let phase = self.brackets.last_mut().map_or(&mut self.phase, |level| &mut level.phase);
        *phase = match (*phase, kind) {
            (_, Tok::Nl | Tok::Semi) => Phase::Fresh,
            (Phase::Fresh, Tok::At) => Phase::Decorators,
            (Phase::Decorators, kind) if kind != Tok::LBrace && kind != Tok::Fn => Phase::Decorators,
            _ => Phase::Plain,
        };
        if kind.closer().is_some() {
            self.brackets.push(Level { bracket: kind, phase: Phase::Fresh });
            if self.brackets.len() == MAX_BRACKETS {
                let text = "nested too deeply: 256 brackets within each other are allowed".to_string();
                return self.problem(span, Diagnostic::new(span, text));
            }
        } else if kind.is_closer() {
            self.close_bracket(kind);
        }
        self.out.tokens.push(Token { start: span.start, end: span.end, kind });
    }

    /// Closes the matching bracket and all inside it; without one, a bracket of the wrong kind.
    fn close_bracket(&mut self, kind: Tok) {
        let matching = self.brackets.iter().rposition(|level| level.bracket.closer() == Some(kind));
        match (matching, self.brackets.last()) {
            (Some(at), _) => self.brackets.truncate(at),
            (None, Some(level)) if level.bracket != Tok::LBrace => drop(self.brackets.pop()),
            _ => {}
        }
    }

    fn finish(mut self) -> Layout {
        self.silence();
        self.out.dangling_doc = !self.doc.is_empty();
        let last = self.out.tokens.get(self.start..).and_then(<[Token]>::last);
        let in_parens = self.brackets.last().is_some_and(|level| level.bracket != Tok::LBrace);
        let phase = self.brackets.last().map_or(self.phase, |level| level.phase);
        let goes_on = |last: &Token| last.kind.continues() || matches!(last.kind, Tok::Semi | Tok::SemiEnd);
        let open = in_parens || phase == Phase::Decorators || last.is_some_and(goes_on);
        self.close(End::Input { open });
        self.out
    }
}

/// What is wrong with a word by itself.
fn complaint(source: &str, span: Span, kind: Tok) -> Option<Diagnostic> {
    let text = span.text(source);
    match kind {
        Tok::Error => Some(lookalike::unexpected(source, span)),
        Tok::Name if !text.is_ascii() => lookalike::bad_name(text, span),
        Tok::OpenStr => Some(Diagnostic::new(span, "unterminated string").help(format!(
            "a string ends on its line, with `{}`",
            text.trim_start_matches('f').get(..1).unwrap_or("\"")
        ))),
        Tok::TripleStr => Some(
            Diagnostic::new(span, "strings have no triple quotes")
                .help("write `\"...\"` with `\\n` for a new line; text that explains code stands behind `#`"),
        ),
        _ => None,
    }
}
