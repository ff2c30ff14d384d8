//! From source text to tree: each top-level statement is parsed on its own, so that one error does not hide the next.

use crate::actions::{Builder, E, Unit};
use crate::diagnostic::Diagnostic;
use crate::explain::explain;
use crate::grammar::UnitParser;
use crate::layout::{Layout, Mode, Statement, layout};
use crate::token::Tok;
use crate::tree::*;
use std::ops::Range;

/// After so many errors the rest is not read.
const MAX_ERRORS: usize = 100;

/// What a text says, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The top-level statements, without those that have an error.
    pub stmts: Vec<Stmt>,
    pub comments: Vec<Comment>,
    /// In the order of their places.
    pub diagnostics: Vec<Diagnostic>,
    /// There is nothing but documentation that waits for its function.
    waiting: bool,
}

impl Parsed {
    /// The text is right as far as it goes, and more of it is needed.
    pub fn is_incomplete(&self) -> bool {
        match self.diagnostics.as_slice() {
            [] => self.waiting,
            diagnostics => diagnostics.iter().all(|diagnostic| diagnostic.incomplete),
        }
    }
}

/// Parses a program.
pub fn parse(source: &str) -> Parsed {
    program(source, Mode::Program)
}

/// Parses input that may go on from the last value: a leading `|>` or `.name` applies to the name `_`.
pub fn parse_continuing(source: &str) -> Parsed {
    program(source, Mode::Continuing)
}

fn program(source: &str, mode: Mode) -> Parsed {
    if u32::try_from(source.len()).is_err() {
        let diagnostic = Diagnostic::new(Span::default(), "this source is too large: a file holds less than 4 GiB");
        return Parsed { diagnostics: vec![diagnostic], ..Parsed::default() };
    }
    let start = source.len() - source.trim_start_matches('\u{feff}').len();
    let layout = layout(source, start.min(3)..source.len(), mode);
    let mut builder = Builder::new(source, &layout.docs);
    let mut stmts = Vec::with_capacity(layout.statements.len());
    let mut failed = false;
    for statement in &layout.statements {
        let first = layout.tokens.get(statement.tokens.start).map(|token| token.kind);
        if failed && first == Some(Tok::LBrace) {
            // The block of a header that was no good: it belongs to that error.
            continue;
        }
        let errors = builder.diagnostics.len();
        let unit = unit(&mut builder, &layout, statement);
        builder.finish_statement();
        if let Some(Unit::Stmt(stmt)) = unit.filter(|_| builder.diagnostics.len() == errors) {
            stmts.push(Stmt { quiet: statement.quiet, ..stmt.node });
        }
        failed = builder.diagnostics.len() > errors;
        if builder.diagnostics.len() > MAX_ERRORS {
            break;
        }
    }
    let mut diagnostics = builder.diagnostics;
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    let waiting = layout.dangling_doc && layout.statements.is_empty();
    Parsed { stmts, comments: layout.comments, diagnostics, waiting }
}

/// Parses the value of an f-string's placeholder.
pub fn placeholder(builder: &mut Builder, value: Span) -> Option<E> {
    let range: Range<usize> = value.start as usize..value.end as usize;
    let layout = layout(builder.source, range, Mode::Placeholder);
    let errors = builder.diagnostics.len();
    let unit = layout.statements.first().and_then(|statement| unit(builder, &layout, statement));
    // The string is closed: no further line can mend what is inside.
    builder.diagnostics.iter_mut().skip(errors).for_each(|diagnostic| diagnostic.incomplete = false);
    match unit? {
        Unit::Value(value) => Some(value),
        Unit::Stmt(_) => None,
    }
}

fn unit(builder: &mut Builder, layout: &Layout, statement: &Statement) -> Option<Unit> {
    let tokens = layout.tokens.get(statement.tokens.clone()).unwrap_or(&[]);
    let result = UnitParser::new().parse(builder, tokens.iter().map(|token| (token.start, token.kind, token.end)));
    match result {
        Ok(unit) => Some(unit),
        Err(error) => {
            builder.diagnostics.push(explain(builder.source, layout, statement, error));
            None
        }
    }
}
