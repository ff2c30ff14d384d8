//! Builds the tree: the actions of the grammar.
//!
//! Every node is bounded in depth here, and long chains are kept flat, so that no later walk or drop can overflow the
//! stack. Where a rule is broken that the grammar does not express, the diagnostic is noted and building goes on; the
//! parser leaves such a statement out.

mod expressions;
mod statements;
mod words;

use crate::diagnostic::Diagnostic;
use crate::literal;
use crate::tree::*;

/// Nodes may nest this deep: three to a bracket, so that 256 brackets fit.
pub const MAX_DEPTH: u16 = 800;
/// A postfix chain has at most this many steps, an `if` this many arms.
pub const MAX_CHAIN: usize = 1000;

pub type E = Box<Expr>;

/// Something with the levels of expressions inside it.
pub struct Deep<T> {
    pub node: T,
    pub depth: u16,
}

/// An item to be.
pub enum Argument {
    Pos(E),
    Named(Name, E),
    Spread(E),
}

pub enum Unit {
    Stmt(Box<Deep<Stmt>>),
    Value(E),
}

pub struct Builder<'s> {
    pub source: &'s str,
    pub docs: &'s [(u32, Box<str>)],
    pub diagnostics: Vec<Diagnostic>,
    /// Literals of 2^63 that no minus has claimed.
    unclaimed: Vec<Span>,
    too_long: bool,
}

impl<'s> Builder<'s> {
    pub fn new(source: &'s str, docs: &'s [(u32, Box<str>)]) -> Builder<'s> {
        Builder { source, docs, diagnostics: Vec::new(), unclaimed: Vec::new(), too_long: false }
    }

    /// To be called when a statement is done, good or bad.
    pub fn finish_statement(&mut self) {
        self.diagnostics.extend(self.unclaimed.drain(..).map(literal::too_large));
        self.too_long = false;
    }

    fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn text(&self, span: Span) -> &'s str {
        span.text(self.source)
    }

    fn too_deep(&mut self, span: Span) {
        let message = format!("nested too deeply: expressions and blocks nest at most {MAX_DEPTH} deep");
        self.too_long(span, message, "name the parts and build the whole of them");
    }

    /// Notes once per statement that it is too deep or too long.
    fn too_long(&mut self, span: Span, message: String, help: &str) {
        if !std::mem::replace(&mut self.too_long, true) {
            self.error(Diagnostic::new(span, message).help(help));
        }
    }

    /// A node whose place is not known yet; `depth` is that of what is inside.
    pub fn shape(&self, kind: ExprKind, depth: u16) -> E {
        Box::new(Expr { span: Span::default(), depth: depth.saturating_add(1), kind })
    }

    pub fn placed(&mut self, mut shape: E, start: u32, end: u32) -> E {
        shape.span = Span { start, end };
        self.bounded(shape)
    }

    fn node(&mut self, span: Span, kind: ExprKind, depth: u16) -> E {
        let shape = self.shape(kind, depth);
        self.placed(shape, span.start, span.end)
    }

    /// A leaf in place of what is too deep.
    fn bounded(&mut self, expr: E) -> E {
        if expr.depth <= MAX_DEPTH {
            return expr;
        }
        self.too_deep(expr.span);
        Box::new(Expr { span: expr.span, depth: 1, kind: ExprKind::None })
    }
}
