//! Actions for statements, functions, types and patterns.

// What the grammar hands over stands in boxes, to keep the symbols of the parser small.
#![allow(clippy::boxed_local, clippy::vec_box)]

use super::{Builder, Deep, E, MAX_DEPTH};
use crate::check;
use crate::diagnostic::Diagnostic;
use crate::tree::*;

impl Builder<'_> {
    pub fn stmt(&self, node: StmtKind, depth: u16) -> Box<Deep<StmtKind>> {
        Box::new(Deep { node, depth })
    }

    pub fn end(&self, mut body: Deep<Vec<Stmt>>, quiet: bool) -> Deep<Vec<Stmt>> {
        if let Some(last) = body.node.last_mut() {
            last.quiet = quiet;
        }
        body
    }

    pub fn next(&self, body: Deep<Vec<Stmt>>, quiet: bool, stmt: Box<Deep<Stmt>>) -> Deep<Vec<Stmt>> {
        let mut body = self.end(body, quiet);
        body.node.push(stmt.node);
        body.depth = body.depth.max(stmt.depth);
        body
    }

    pub fn expr_stmt(&mut self, expr: E) -> Box<Deep<StmtKind>> {
        let depth = expr.depth;
        if matches!(expr.kind, ExprKind::Block(_)) {
            let brace = Span { end: expr.span.start + 1, ..expr.span };
            let help = "a block stands on the line of its `if`, `while`, `for`, `fn` or `@`; a record is `(a=1, b=2)`";
            self.error(Diagnostic::new(brace, "a statement does not start with `{`").help(help));
        }
        self.stmt(StmtKind::Expr(*expr), depth)
    }

    pub fn assign(&mut self, target: E, value: E) -> Box<Deep<StmtKind>> {
        let depth = target.depth.max(value.depth);
        let node = match check::target(*target, self.source) {
            Ok(target) => StmtKind::Assign { target, value: *value },
            Err(diagnostic) => {
                self.error(*diagnostic);
                StmtKind::Expr(*value)
            }
        };
        self.stmt(node, depth)
    }

    pub fn aug_assign(&mut self, target: E, op_span: Span, value: E) -> Box<Deep<StmtKind>> {
        let depth = target.depth.max(value.depth);
        let op = self.binary_op(Span { end: op_span.end.saturating_sub(1), ..op_span });
        let target_span = target.span;
        let node = match check::target(*target, self.source) {
            Ok(target @ Target::Place { .. }) => StmtKind::AugAssign { op, op_span, target, value: *value },
            Ok(Target::Tuple(..)) => {
                let message = format!("`{}` changes one place, not a tuple of them", self.text(op_span));
                self.error(Diagnostic::new(target_span, message).help("write one statement for each"));
                StmtKind::Expr(*value)
            }
            Err(diagnostic) => {
                self.error(*diagnostic);
                StmtKind::Expr(*value)
            }
        };
        self.stmt(node, depth)
    }

    pub fn return_stmt(&self, value: Option<E>) -> Box<Deep<StmtKind>> {
        let depth = value.as_ref().map_or(0, |e| e.depth);
        self.stmt(StmtKind::Return(value.map(|e| *e)), depth)
    }

    pub fn while_stmt(&mut self, cond: E, body: Deep<Block>) -> Box<Deep<StmtKind>> {
        let depth = cond.depth.max(body.depth);
        self.nested(cond.span, StmtKind::While { cond: *cond, body: body.node }, depth)
    }

    pub fn for_stmt(&mut self, pattern: Pattern, iter: E, body: Deep<Block>) -> Box<Deep<StmtKind>> {
        let depth = iter.depth.max(body.depth);
        self.nested(iter.span, StmtKind::For { pattern, iter: *iter, body: body.node }, depth)
    }

    /// A statement that holds a block is a level of its own.
    fn nested(&mut self, span: Span, node: StmtKind, depth: u16) -> Box<Deep<StmtKind>> {
        if depth < MAX_DEPTH {
            return self.stmt(node, depth + 1);
        }
        self.too_deep(span);
        self.stmt(StmtKind::Break, 0)
    }

    pub fn fn_stmt(&mut self, start: u32, decorators: Vec<E>, def: Box<Deep<FnDef>>) -> Box<Deep<StmtKind>> {
        let depth = decorators.iter().map(|e| e.depth).max().unwrap_or(0).max(def.depth);
        let mut def = def.node;
        def.doc = self.doc(start).or(def.doc);
        def.decorators = decorators.into_iter().map(|e| *e).collect();
        self.nested(def.name.span, StmtKind::Fn(Box::new(def)), depth)
    }

    fn doc(&self, start: u32) -> Option<Box<str>> {
        let at = self.docs.binary_search_by_key(&start, |doc| doc.0).ok()?;
        self.docs.get(at).map(|doc| doc.1.clone())
    }

    pub fn fn_def(
        &mut self,
        start: u32,
        name: Name,
        params: Vec<Box<Deep<Param>>>,
        ret: Option<Box<Deep<Type>>>,
        body: E,
    ) -> Box<Deep<FnDef>> {
        let (params, depth) = self.params(params);
        let (ret, ret_depth) = ret.map_or((None, 0), |ret| (Some(ret.node), ret.depth));
        let depth = depth.max(ret_depth).max(body.depth);
        let doc = self.doc(start);
        Box::new(Deep { node: FnDef { doc, decorators: Vec::new(), name, params, ret, body: *body }, depth })
    }

    pub(super) fn params(&mut self, params: Vec<Box<Deep<Param>>>) -> (Vec<Param>, u16) {
        let depth = params.iter().map(|param| param.depth).max().unwrap_or(0);
        let params: Vec<Param> = params.into_iter().map(|param| param.node).collect();
        check::params(&params, &mut self.diagnostics);
        (params, depth)
    }

    pub fn param(
        &self,
        start: u32,
        pattern: Pattern,
        ty: Option<Box<Deep<Type>>>,
        default: Option<E>,
        end: u32,
    ) -> Box<Deep<Param>> {
        let (ty, depth) = ty.map_or((None, 0), |ty| (Some(ty.node), ty.depth));
        let depth = default.as_ref().map_or(0, |e| e.depth).max(depth);
        let span = Span { start, end };
        Box::new(Deep { node: Param { span, star: false, pattern, ty, default: default.map(|e| *e) }, depth })
    }

    pub fn star_param(&self, start: u32, name: Name, end: u32) -> Box<Deep<Param>> {
        let span = Span { start, end };
        let node = Param { span, star: true, pattern: Pattern::Name(name), ty: None, default: None };
        Box::new(Deep { node, depth: 0 })
    }

    pub fn type_(
        &self,
        start: u32,
        dtype: Option<Name>,
        dims: Option<Vec<Dim>>,
        device: Option<E>,
        end: u32,
    ) -> Box<Deep<Type>> {
        let depth = device.as_ref().map_or(0, |e| e.depth);
        Box::new(Deep { node: Type { span: Span { start, end }, dtype, dims, device: device.map(|e| *e) }, depth })
    }

    pub fn pattern(&mut self, start: u32, (mut patterns, comma): (Vec<Pattern>, bool), end: u32) -> Pattern {
        let span = Span { start, end };
        if patterns.is_empty() {
            self.error(Diagnostic::new(span, "`()` binds no name").help("`_` stands for a value that is not used"));
        }
        if patterns.len() == 1 && !comma { patterns.remove(0) } else { Pattern::Tuple(patterns, span) }
    }
}
