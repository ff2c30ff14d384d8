//! Prints a tree in parentheses, for tests: `x + 1` is `(+ x 1)`. Parentheses of the source are not shown.

use crate::tree::*;
use std::fmt::Write;

/// The statements side by side; a `;` behind one says that its value is not shown.
pub fn to_sexpr(source: &str, stmts: &[Stmt]) -> String {
    let mut printer = Printer { source, out: String::new() };
    printer.list(stmts, |p, stmt| p.stmt(stmt));
    printer.out
}

struct Printer<'s> {
    source: &'s str,
    out: String,
}

impl Printer<'_> {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// The parts with blanks between them.
    fn list<T>(&mut self, parts: &[T], print: impl Fn(&mut Self, &T)) {
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                self.put(" ");
            }
            print(self, part);
        }
    }

    /// Each part with a blank before it.
    fn behind<T>(&mut self, parts: &[T], print: impl Fn(&mut Self, &T)) {
        for part in parts {
            self.put(" ");
            print(self, part);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Expr(e) => self.expr(e),
            StmtKind::Assign { target, value } => self.assign("", target, value),
            StmtKind::AugAssign { op, target, value, .. } => self.assign(op.spelling(), target, value),
            StmtKind::Return(value) => {
                self.put("(return");
                self.behind(value.as_slice(), |p, e| p.expr(e));
                self.put(")");
            }
            StmtKind::Break => self.put("(break)"),
            StmtKind::Continue => self.put("(continue)"),
            StmtKind::While { cond, body } => {
                self.put("(while ");
                self.expr(cond);
                self.put(" ");
                self.block(body);
                self.put(")");
            }
            StmtKind::For { pattern, iter, body } => {
                self.put("(for ");
                self.pattern(pattern);
                self.put(" ");
                self.expr(iter);
                self.put(" ");
                self.block(body);
                self.put(")");
            }
            StmtKind::Import(import) => self.import(import),
            StmtKind::Fn(def) => self.fn_def(def),
        }
        if stmt.quiet {
            self.put(";");
        }
    }

    fn assign(&mut self, op: &str, target: &Target, value: &Expr) {
        let _ = write!(self.out, "({op}= ");
        self.target(target);
        self.put(" ");
        self.expr(value);
        self.put(")");
    }

    fn target(&mut self, target: &Target) {
        match target {
            Target::Place { name, path, .. } => self.postfix(path, |p| p.put(&name.text)),
            Target::Tuple(targets, _) => {
                self.put("(tup");
                self.behind(targets, |p, target| p.target(target));
                self.put(")");
            }
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Name(name) => self.put(&name.text),
            Pattern::Tuple(patterns, _) => {
                self.put("(tup");
                self.behind(patterns, |p, pattern| p.pattern(pattern));
                self.put(")");
            }
        }
    }

    fn import(&mut self, import: &Import) {
        self.put("(import ");
        match &import.path {
            ModulePath::Library(name) => self.put(&name.text),
            ModulePath::File(name) => self.put(name.span.text(self.source)),
        }
        let alias = |p: &mut Self, alias: &Option<Name>| {
            if let Some(alias) = alias {
                p.put(" as ");
                p.put(&alias.text);
            }
        };
        alias(self, &import.alias);
        if let Some(names) = &import.names {
            self.put(" (");
            self.list(names, |p, (name, as_name)| {
                p.put(&name.text);
                alias(p, as_name);
            });
            self.put(")");
        }
        self.put(")");
    }

    fn fn_def(&mut self, def: &FnDef) {
        self.put("(");
        if let Some(doc) = &def.doc {
            let _ = write!(self.out, "doc:{} ", doc.replace('\n', "/"));
        }
        for decorator in &def.decorators {
            self.put("@");
            self.expr(decorator);
            self.put(" ");
        }
        let _ = write!(self.out, "fn {} (", def.name.text);
        self.list(&def.params, |p, param| p.param(param));
        self.put(") ");
        if let Some(ret) = &def.ret {
            self.put("->");
            self.type_(ret);
            self.put(" ");
        }
        self.expr(&def.body);
        self.put(")");
    }

    fn param(&mut self, param: &Param) {
        if param.star {
            self.put("*");
        }
        self.pattern(&param.pattern);
        if let Some(ty) = &param.ty {
            self.put(":");
            self.type_(ty);
        }
        if let Some(default) = &param.default {
            self.put("=");
            self.expr(default);
        }
    }

    fn type_(&mut self, ty: &Type) {
        if let Some(dtype) = &ty.dtype {
            self.put(&dtype.text);
        }
        if let Some(dims) = &ty.dims {
            self.put("[");
            self.list(dims, |p, dim| match dim {
                Dim::Rest(_) => p.put("..."),
                Dim::Size(size, _) => p.put(&size.to_string()),
                Dim::Name(name) => p.put(&name.text),
            });
            self.put("]");
        }
        if let Some(device) = &ty.device {
            self.put("@");
            self.expr(device);
        }
    }

    fn block(&mut self, block: &Block) {
        self.put("(do");
        self.behind(&block.stmts, |p, stmt| p.stmt(stmt));
        self.put(")");
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Pos(e) => self.expr(e),
            Item::Named(name, e) => {
                self.put(&name.text);
                self.put("=");
                self.expr(e);
            }
            Item::Spread(e) => {
                self.put("...");
                self.expr(e);
            }
        }
    }

    fn node(&mut self, name: &str, items: &[Item]) {
        self.put("(");
        self.put(name);
        self.behind(items, |p, item| p.item(item));
        self.put(")");
    }

    /// `(name a b)`
    fn fixed(&mut self, name: &str, parts: &[&Expr]) {
        self.put("(");
        self.put(name);
        self.behind(parts, |p, e| p.expr(e));
        self.put(")");
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Int(value) => self.put(&value.to_string()),
            ExprKind::Float(value) => self.put(&format!("{value:?}")),
            ExprKind::Imag(value) => self.put(&format!("{value}j")),
            ExprKind::Bool(value) => self.put(&value.to_string()),
            ExprKind::None => self.put("none"),
            ExprKind::Str(_) | ExprKind::FString(_) => self.put(expr.span.text(self.source)),
            ExprKind::Name(text) => self.put(text),
            ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Unary { op, operand, .. } => self.fixed(op.sexpr_name(), &[operand]),
            ExprKind::Binary { first, rest } => self.binary(first, rest),
            ExprKind::Compare { first, rest } => {
                self.put("(cmp ");
                self.expr(first);
                self.behind(rest, |p, comparison| {
                    p.put(comparison.op.spelling());
                    p.put(" ");
                    p.expr(&comparison.right);
                });
                self.put(")");
            }
            ExprKind::Range { start, end } => self.fixed("..", &[start, end]),
            ExprKind::Lambda(lambda) => {
                self.put("(lam (");
                self.list(&lambda.params, |p, param| p.param(param));
                self.put(") ");
                self.expr(&lambda.body);
                self.put(")");
            }
            ExprKind::Postfix { base, suffixes } => self.postfix(suffixes, |p| p.expr(base)),
            ExprKind::Tuple { items, .. } => self.node("tup", items),
            ExprKind::Record(items) => self.node("rec", items),
            ExprKind::Array(items) => self.node("arr", items),
            ExprKind::Comprehension { body, clauses } => {
                self.put("(comp ");
                self.expr(body);
                self.behind(clauses, |p, clause| p.clause(clause));
                self.put(")");
            }
            ExprKind::If { arms, otherwise } => self.if_expr(arms, otherwise),
            ExprKind::Try { body, name, handler } => {
                self.put("(try ");
                self.block(body);
                let _ = write!(self.out, " {} ", name.as_ref().map_or("_", |name| &name.text));
                self.block(handler);
                self.put(")");
            }
            ExprKind::Block(block) => self.block(block),
            ExprKind::On { device, body } => {
                self.put("(on ");
                self.expr(device);
                self.put(" ");
                self.block(body);
                self.put(")");
            }
        }
    }

    /// Left-associative: the last operator stands outermost.
    fn binary(&mut self, first: &Expr, rest: &[Operand]) {
        for operand in rest.iter().rev() {
            let _ = write!(self.out, "({} ", operand.op.spelling());
        }
        self.expr(first);
        for operand in rest {
            self.put(" ");
            self.expr(&operand.right);
            self.put(")");
        }
    }

    /// The last step stands outermost.
    fn postfix(&mut self, suffixes: &[Suffix], base: impl FnOnce(&mut Self)) {
        for suffix in suffixes.iter().rev() {
            match &suffix.kind {
                SuffixKind::Field(_) => self.put("(. "),
                SuffixKind::Method(name, _) => {
                    let _ = write!(self.out, "(.{} ", name.text);
                }
                SuffixKind::Call(_) => self.put("(call "),
                SuffixKind::Index(_) => self.put("(idx "),
            }
        }
        base(self);
        for suffix in suffixes {
            match &suffix.kind {
                SuffixKind::Field(name) => {
                    self.put(" ");
                    self.put(&name.text);
                }
                SuffixKind::Method(_, items) | SuffixKind::Call(items) => self.behind(items, |p, item| p.item(item)),
                SuffixKind::Index(subscripts) => self.behind(subscripts, |p, subscript| p.subscript(subscript)),
            }
            self.put(")");
        }
    }

    fn subscript(&mut self, subscript: &Subscript) {
        match subscript {
            Subscript::At(e) => self.expr(e),
            Subscript::Rest(_) => self.put("..."),
            Subscript::Slice { start, stop, step, .. } => {
                self.put("(:");
                self.behind(&[start, stop, step], |p, part| match part {
                    Some(e) => p.expr(e),
                    None => p.put("_"),
                });
                self.put(")");
            }
        }
    }

    fn clause(&mut self, clause: &Clause) {
        match clause {
            Clause::For { pattern, iter } => {
                self.put("(for ");
                self.pattern(pattern);
                self.put(" ");
                self.expr(iter);
                self.put(")");
            }
            Clause::If(cond) => self.fixed("if", &[cond]),
        }
    }

    /// An `else if` is an `if` inside the `else`.
    fn if_expr(&mut self, arms: &[(Expr, Block)], otherwise: &Option<Block>) {
        for (i, (cond, block)) in arms.iter().enumerate() {
            self.put(if i > 0 { " (do (if " } else { "(if " });
            self.expr(cond);
            self.put(" ");
            self.block(block);
        }
        if let Some(block) = otherwise {
            self.put(" ");
            self.block(block);
        }
        self.put(")");
        self.put(&"))".repeat(arms.len().saturating_sub(1)));
    }
}
