//! Actions for words: names, numbers, strings and operators.

use super::{Builder, E};
use crate::diagnostic::Diagnostic;
use crate::literal::{self, Number, Piece};
use crate::parse;
use crate::tree::*;

impl Builder<'_> {
    pub fn name(&self, start: u32, end: u32) -> Name {
        let span = Span { start, end };
        Name { text: self.text(span).into(), span }
    }

    /// A dotted name, without any blanks in it.
    pub fn dotted(&self, start: u32, end: u32) -> Name {
        let span = Span { start, end };
        Name { text: self.text(span).split_whitespace().collect::<String>().into(), span }
    }

    pub fn string(&mut self, start: u32, end: u32) -> Box<str> {
        let span = Span { start: start + 1, end: end.saturating_sub(1) };
        match literal::unescape(self.text(span), span.start as usize) {
            Ok(text) => text.into(),
            Err(diagnostic) => {
                self.error(diagnostic);
                "".into()
            }
        }
    }

    pub fn fstring(&mut self, span: Span) -> E {
        let inside = Span { start: span.start + 2, end: span.end.saturating_sub(1) };
        let mut parts = Vec::new();
        let mut depth = 0;
        match literal::pieces(self.text(inside), inside.start as usize) {
            Err(diagnostic) => self.error(diagnostic),
            Ok(pieces) => {
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => parts.push(FPart::Text(text.into())),
                        Piece::Value { value, spec } => {
                            if let Some(value) = parse::placeholder(self, value) {
                                depth = value.depth.max(depth);
                                parts.push(FPart::Value { value: *value, spec: spec.map(Into::into) });
                            }
                        }
                    }
                }
            }
        }
        self.shape(ExprKind::FString(parts), depth)
    }

    pub fn number(&mut self, span: Span) -> E {
        let node = match literal::number(self.text(span), span) {
            Ok(Number::Int(value)) => {
                if value > i64::MAX as u64 {
                    self.unclaimed.push(span);
                }
                ExprKind::Int(value)
            }
            Ok(Number::Float(value)) => ExprKind::Float(value),
            Ok(Number::Imag(value)) => ExprKind::Imag(value),
            Err(diagnostic) => {
                self.error(diagnostic);
                ExprKind::None
            }
        };
        self.shape(node, 0)
    }

    pub fn dim(&mut self, span: Span) -> Dim {
        match literal::number(self.text(span), span) {
            Ok(Number::Int(value)) if value <= i64::MAX as u64 => return Dim::Size(value, span),
            Ok(Number::Int(_)) => self.error(literal::too_large(span)),
            Ok(_) => self.error(Diagnostic::new(span, "a size is a whole number")),
            Err(diagnostic) => self.error(diagnostic),
        }
        Dim::Rest(span)
    }

    pub fn binary_op(&self, span: Span) -> BinaryOp {
        // The lexer made the token of an operator's spelling.
        BinaryOp::from_spelling(self.text(span)).unwrap_or(BinaryOp::Add)
    }

    pub fn compare_op(&self, span: Span) -> CompareOp {
        CompareOp::from_spelling(self.text(span)).unwrap_or(CompareOp::Eq)
    }
}
