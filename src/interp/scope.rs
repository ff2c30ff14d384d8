//! Which names a function binds and which it takes from outside, found in one walk before it is compiled.
//!
//! A name assigned anywhere in a function is local to it. Blocks share their function's names; the variables of a
//! comprehension are its own. Nothing here decides where a value lies at run time.

use nabla_grammar::tree::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

/// What one function binds and needs.
#[derive(Default)]
pub struct Scope<'t> {
    /// Parameters, dimension names and assigned names, in order of appearance.
    pub locals: Vec<&'t str>,
    /// Names used but bound outside.
    pub free: Vec<&'t str>,
    /// The functions defined by `fn` alone directly in this one, and bound in no other way.
    pub functions: Vec<&'t FnDef>,
}

/// Scopes of a function and all that nest in it, by the address of their bodies.
#[derive(Default)]
pub struct Scopes<'t> {
    by_body: FxHashMap<*const Expr, Rc<Scope<'t>>>,
}

impl<'t> Scopes<'t> {
    pub fn of(&self, body: &Expr) -> Rc<Scope<'t>> {
        self.by_body.get(&std::ptr::from_ref(body)).cloned().unwrap_or_default()
    }

    /// Walks a top-level statement; its functions can then be asked for.
    pub fn add_statement(&mut self, stmt: &'t Stmt) {
        let mut walk = Walk {
            scopes: self,
            locals: Names::default(),
            used: Names::default(),
            shadowed: vec![],
            functions: vec![],
            other: FxHashSet::default(),
        };
        walk.stmt(stmt);
    }
}

/// A set that keeps the order of first appearance.
#[derive(Default)]
struct Names<'t> {
    order: Vec<&'t str>,
    set: FxHashSet<&'t str>,
}

impl<'t> Names<'t> {
    fn add(&mut self, name: &'t str) {
        if self.set.insert(name) {
            self.order.push(name);
        }
    }
}

struct Walk<'s, 't> {
    scopes: &'s mut Scopes<'t>,
    locals: Names<'t>,
    used: Names<'t>,
    /// Variables of the comprehensions around.
    shadowed: Vec<&'t str>,
    functions: Vec<&'t FnDef>,
    /// Names bound by anything else than `fn`.
    other: FxHashSet<&'t str>,
}

impl<'t> Walk<'_, 't> {
    fn bind(&mut self, name: &'t str) {
        if !self.shadowed.contains(&name) {
            self.locals.add(name);
            self.other.insert(name);
        }
    }

    fn name(&mut self, name: &'t str) {
        if !self.shadowed.contains(&name) {
            self.used.add(name);
        }
    }

    fn block(&mut self, block: &'t Block) {
        for stmt in &block.stmts {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &'t Stmt) {
        match &stmt.kind {
            StmtKind::Expr(e) | StmtKind::Return(Some(e)) => self.expr(e),
            StmtKind::Return(None) | StmtKind::Break | StmtKind::Continue => {}
            StmtKind::Assign { target, value } | StmtKind::AugAssign { target, value, .. } => {
                self.expr(value);
                self.target(target);
            }
            StmtKind::While { cond, body } => {
                self.expr(cond);
                self.block(body);
            }
            StmtKind::For { pattern, iter, body } => {
                self.expr(iter);
                self.pattern(pattern);
                self.block(body);
            }
            StmtKind::Import(import) => match &import.names {
                Some(names) => {
                    for (name, alias) in names {
                        self.bind(&alias.as_ref().unwrap_or(name).text);
                    }
                }
                None => self.bind(import_name(import)),
            },
            StmtKind::Fn(def) => {
                for decorator in &def.decorators {
                    self.expr(decorator);
                }
                if !self.shadowed.contains(&&*def.name.text) {
                    self.locals.add(&def.name.text);
                    // what a decorator makes of a function is a value like any other
                    if !def.decorators.is_empty() || self.functions.iter().any(|f| f.name.text == def.name.text) {
                        self.other.insert(&def.name.text);
                    }
                    self.functions.push(def);
                }
                self.function(&def.params, def.ret.as_ref(), &def.body);
            }
        }
    }

    fn target(&mut self, target: &'t Target) {
        match target {
            Target::Place { name, path, .. } => {
                self.bind(&name.text);
                self.suffixes(path);
            }
            Target::Tuple(targets, _) => targets.iter().for_each(|t| self.target(t)),
        }
    }

    fn pattern(&mut self, pattern: &'t Pattern) {
        pattern_names(pattern, &mut |name| self.bind(&name.text));
    }

    fn suffixes(&mut self, suffixes: &'t [Suffix]) {
        for suffix in suffixes {
            match &suffix.kind {
                SuffixKind::Field(_) => {}
                SuffixKind::Method(name, items) => {
                    // `x.f(a)` may mean the nearest function `f`
                    self.name(&name.text);
                    self.items(items);
                }
                SuffixKind::Call(items) => self.items(items),
                SuffixKind::Index(subscripts) => {
                    for subscript in subscripts {
                        match subscript {
                            Subscript::At(e) => self.expr(e),
                            Subscript::Rest(_) => {}
                            Subscript::Slice { start, stop, step, .. } => {
                                [start, stop, step].into_iter().flatten().for_each(|e| self.expr(e));
                            }
                        }
                    }
                }
            }
        }
    }

    fn items(&mut self, items: &'t [Item]) {
        for item in items {
            match item {
                Item::Pos(e) | Item::Named(_, e) | Item::Spread(e) => self.expr(e),
            }
        }
    }

    fn expr(&mut self, expr: &'t Expr) {
        match &expr.kind {
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Imag(_)
            | ExprKind::Bool(_)
            | ExprKind::None
            | ExprKind::Str(_) => {}
            ExprKind::FString(parts) => {
                for part in parts {
                    if let FPart::Value { value, .. } = part {
                        self.expr(value);
                    }
                }
            }
            ExprKind::Name(name) => self.name(name),
            ExprKind::Paren(e) => self.expr(e),
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::Binary { first, rest } => {
                self.expr(first);
                rest.iter().for_each(|operand| self.expr(&operand.right));
            }
            ExprKind::Compare { first, rest } => {
                self.expr(first);
                rest.iter().for_each(|operand| self.expr(&operand.right));
            }
            ExprKind::Range { start, end } => {
                self.expr(start);
                self.expr(end);
            }
            ExprKind::Lambda(lambda) => self.function(&lambda.params, None, &lambda.body),
            ExprKind::Postfix { base, suffixes } => {
                self.expr(base);
                self.suffixes(suffixes);
            }
            ExprKind::Tuple { items, .. } | ExprKind::Record(items) | ExprKind::Array(items) => self.items(items),
            ExprKind::Comprehension { body, clauses } => {
                let mark = self.shadowed.len();
                for clause in clauses {
                    match clause {
                        Clause::For { pattern, iter } => {
                            self.expr(iter);
                            pattern_names(pattern, &mut |name| self.shadowed.push(&name.text));
                        }
                        Clause::If(e) => self.expr(e),
                    }
                }
                self.expr(body);
                self.shadowed.truncate(mark);
            }
            ExprKind::If { arms, otherwise } => {
                for (cond, block) in arms {
                    self.expr(cond);
                    self.block(block);
                }
                otherwise.iter().for_each(|block| self.block(block));
            }
            ExprKind::Try { body, name, handler } => {
                self.block(body);
                if let Some(name) = name {
                    self.bind(&name.text);
                }
                self.block(handler);
            }
            ExprKind::Block(block) => self.block(block),
            ExprKind::On { device, body } => {
                self.expr(device);
                self.block(body);
            }
        }
    }

    /// Walks a function of its own; what it takes from outside is used here.
    fn function(&mut self, params: &'t [Param], ret: Option<&'t Type>, body: &'t Expr) {
        let mut inner = Walk {
            scopes: self.scopes,
            locals: Names::default(),
            used: Names::default(),
            shadowed: vec![],
            functions: vec![],
            other: FxHashSet::default(),
        };
        for param in params {
            if let Pattern::Name(name) = &param.pattern {
                inner.bind(&name.text);
            }
        }
        for param in params {
            if let Pattern::Tuple(..) = &param.pattern {
                inner.pattern(&param.pattern);
            }
            param.ty.iter().for_each(|ty| inner.ty(ty));
            param.default.iter().for_each(|e| inner.expr(e));
        }
        ret.iter().for_each(|ty| inner.ty(ty));
        inner.expr(body);
        let Walk { locals, used, mut functions, other, .. } = inner;
        functions.retain(|def| !other.contains(&*def.name.text));
        let free: Vec<&str> = used.order.into_iter().filter(|name| !locals.set.contains(name)).collect();
        free.iter().for_each(|name| self.name(name));
        self.scopes.by_body.insert(body, Rc::new(Scope { locals: locals.order, free, functions }));
    }

    /// Dimension names are variables of the function.
    fn ty(&mut self, ty: &'t Type) {
        for dim in ty.dims.iter().flatten() {
            if let Dim::Name(name) = dim {
                self.bind(&name.text);
            }
        }
    }
}

pub fn pattern_names<'t>(pattern: &'t Pattern, found: &mut impl FnMut(&'t Name)) {
    match pattern {
        Pattern::Name(name) => found(name),
        Pattern::Tuple(patterns, _) => patterns.iter().for_each(|p| pattern_names(p, found)),
    }
}

/// What `import path` binds: the alias, or the last part of the path without its ending.
pub fn import_name(import: &Import) -> &str {
    match (&import.alias, &import.path) {
        (Some(alias), _) => &alias.text,
        (None, ModulePath::Library(name)) => name.text.rsplit('.').next().unwrap_or(&name.text),
        (None, ModulePath::File(name)) => {
            let file = name.text.rsplit(['/', '\\']).next().unwrap_or(&name.text);
            file.strip_suffix(".nab").unwrap_or(file)
        }
    }
}
