//! Where a statement went wrong: the word the parser could not take and what stands around it.
//!
//! Questions only; `explain` and `foreign` find the answers.

use crate::diagnostic::Diagnostic;
use crate::token::{Tok, Token};
use crate::tree::Span;

/// A statement and the word in it that the parser could not take.
pub struct Scene<'a> {
    pub source: &'a str,
    pub tokens: &'a [Token],
    /// The index of the word; past the last one where the statement ended too early.
    pub at: usize,
    /// A statement stands before this one.
    pub has_line_before: bool,
    /// The terminals of the grammar the parser could have taken.
    pub expected: Vec<String>,
}

impl<'a> Scene<'a> {
    pub fn kind_at(&self, index: usize) -> Option<Tok> {
        self.tokens.get(index).map(|token| token.kind)
    }

    pub fn text_at(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| token.span().text(self.source))
    }

    /// The word the parser could not take; none at the end of the statement.
    pub fn kind(&self) -> Option<Tok> {
        self.kind_at(self.at)
    }

    pub fn text(&self) -> &'a str {
        self.text_at(self.at)
    }

    /// The word `back` places before it.
    pub fn before(&self, back: usize) -> Option<Token> {
        self.tokens.get(self.at.checked_sub(back)?).copied()
    }

    pub fn before_text(&self, back: usize) -> &'a str {
        self.before(back).map_or("", |token| token.span().text(self.source))
    }

    pub fn previous(&self) -> Option<Tok> {
        self.before(1).map(|token| token.kind)
    }

    /// The word and the one before it stand side by side.
    pub fn touches(&self) -> bool {
        self.before(1).is_some_and(|token| token.end == self.span().start)
    }

    pub fn span(&self) -> Span {
        match (self.tokens.get(self.at), self.tokens.last()) {
            (Some(token), _) => token.span(),
            (None, Some(last)) => Span { start: last.end, end: last.end },
            (None, None) => Span::default(),
        }
    }

    pub fn expects(&self, terminal: &str) -> bool {
        self.expected.iter().any(|expected| expected.trim_matches('"') == terminal)
    }

    /// The parser wanted an expression.
    pub fn expects_value(&self) -> bool {
        self.expects("f-string")
    }

    /// The statement or the line is over.
    pub fn is_over(&self) -> bool {
        matches!(self.kind(), None | Some(Tok::Nl | Tok::Semi | Tok::SemiEnd))
    }

    pub fn starts_statement(&self) -> bool {
        match self.previous() {
            None | Some(Tok::Nl | Tok::Semi | Tok::SemiEnd) => true,
            Some(Tok::LBrace) => !self.is_over(),
            _ => false,
        }
    }

    /// A value stands before the word.
    pub fn follows_value(&self) -> bool {
        self.previous().is_some_and(Tok::ends_value)
    }

    /// The innermost bracket open before the word.
    pub fn opener(&self) -> Option<Token> {
        let mut closed = 0usize;
        for token in self.tokens.iter().take(self.at).rev() {
            if token.kind.is_closer() {
                closed += 1;
            } else if token.kind.closer().is_some() {
                match closed.checked_sub(1) {
                    Some(rest) => closed = rest,
                    None => return Some(*token),
                }
            }
        }
        None
    }

    pub fn in_placeholder(&self) -> bool {
        self.kind_at(0) == Some(Tok::Placeholder)
    }

    pub fn in_parens(&self) -> bool {
        self.opener().is_some_and(|opener| opener.kind != Tok::LBrace)
    }

    /// The nearest of these words before this one, in the same brackets and the same statement; with it, whether a
    /// block in braces stands between.
    pub fn keyword(&self, kinds: &[Tok]) -> Option<(usize, bool)> {
        let mut closed = 0usize;
        let mut block = false;
        for (index, token) in self.tokens.iter().enumerate().take(self.at).rev() {
            match token.kind {
                kind if kind.is_closer() => {
                    block |= kind == Tok::RBrace && closed == 0;
                    closed += 1;
                }
                kind if kind.closer().is_some() => closed = closed.checked_sub(1)?,
                Tok::Nl | Tok::Semi | Tok::SemiEnd if closed == 0 => return None,
                kind if closed == 0 && kinds.contains(&kind) => return Some((index, block)),
                _ => {}
            }
        }
        None
    }

    /// What the parser met, in words.
    pub fn found(&self) -> String {
        match self.kind() {
            None if self.in_placeholder() => "the end of the placeholder".into(),
            None if self.opener().is_some() => "the end of the input".into(),
            None | Some(Tok::Nl) => "the end of the line".into(),
            Some(_) => format!("`{}`", shorten(self.text())),
        }
    }

    pub fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.span(), message)
    }
}

/// A word for a message: long ones are cut.
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(24) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_string(),
    }
}
