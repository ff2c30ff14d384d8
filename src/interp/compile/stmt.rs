//! Statements: assignment above all.

use super::super::code::*;
use super::super::scope::import_name;
use super::super::tables::*;
use super::Compiler;
use super::builder::Place;
use super::expr::{may_assign, suffix_may_assign};
use crate::diagnostics::{Kind, Result};
use nabla_grammar::tree::*;

impl<'t> Compiler<'_, 't> {
    /// A statement of the top level: an expression shows its value.
    pub(super) fn top_statement(&mut self, stmt: &'t Stmt) -> Result<()> {
        match &stmt.kind {
            StmtKind::Expr(e) if !stmt.quiet => {
                let a = self.operand(e)?;
                self.b.emit(Instr::Show { a }, e.span);
                Ok(())
            }
            StmtKind::Return(_) => Err(self.error(Kind::Syntax, "`return` outside a function", stmt.span)),
            _ => self.stmt(stmt),
        }
    }

    pub(super) fn stmt(&mut self, stmt: &'t Stmt) -> Result<()> {
        let mark = self.b.top;
        self.stmt_kind(stmt)?;
        self.b.top = mark;
        Ok(())
    }

    fn stmt_kind(&mut self, stmt: &'t Stmt) -> Result<()> {
        match &stmt.kind {
            StmtKind::Expr(e) => match &e.kind {
                ExprKind::If { arms, otherwise } => self.arms(arms, otherwise.as_ref(), None, e.span),
                ExprKind::Block(block) => self.run_block(block),
                _ => self.operand(e).map(|_| ()),
            },
            StmtKind::Assign { target, value } => self.assign(target, value),
            StmtKind::AugAssign { op, op_span, target, value } => self.aug_assign(*op, *op_span, target, value),
            StmtKind::Return(value) => {
                if self.b.top_level {
                    return Err(self.error(Kind::Syntax, "`return` outside a function", stmt.span));
                }
                match value {
                    Some(e) => {
                        let a = self.operand(e)?;
                        self.return_value(a, e.span);
                    }
                    None => {
                        let d = self.b.temp(stmt.span)?;
                        self.b.emit(Instr::None { d }, stmt.span);
                        self.return_value(d, stmt.span);
                    }
                }
                Ok(())
            }
            StmtKind::Break => self.break_or_continue(true, stmt.span),
            StmtKind::Continue => self.break_or_continue(false, stmt.span),
            StmtKind::While { cond, body } => self.while_loop(cond, body, stmt.span),
            StmtKind::For { pattern, iter, body } => self.for_loop(pattern, iter, body),
            StmtKind::Import(import) => self.import(import, stmt.span),
            StmtKind::Fn(def) => self.fn_statement(def, stmt.span),
        }
    }

    /// Returns a value, checked against the stated type if there is one.
    pub(super) fn return_value(&mut self, a: Reg, span: Span) {
        if self.b.tables.ret.is_some() {
            self.b.emit(Instr::CheckReturn { a }, span);
        }
        if self.b.tries > 0 {
            self.b.emit(Instr::Finish { a }, span);
        }
        if let Some(&slot) = self.b.homes.first() {
            self.b.emit(Instr::LeaveHome { slot }, span);
        }
        self.b.emit(Instr::Return { a }, span);
    }

    fn assign(&mut self, target: &'t Target, value: &'t Expr) -> Result<()> {
        if let Some(name) = plain_name(target) {
            return self.assign_value(name, value);
        }
        // a tuple on the right is taken apart without being made, if the pieces are as many
        if let (Target::Tuple(targets, _), ExprKind::Tuple { items, .. }) = (target, &value.kind) {
            let plain = items.iter().all(|item| matches!(item, Item::Pos(_)));
            if plain && targets.len() == items.len() {
                return self.assign_each(targets, items);
            }
        }
        // the subscripts of the target come later, and may assign what the value is
        let a = if target_may_assign(target) { self.fresh(value)? } else { self.operand(value)? };
        self.assign_reg(target, a)
    }

    /// `a, b = x, y`: all values first, then the targets from left to right.
    fn assign_each(&mut self, targets: &'t [Target], items: &'t [Item]) -> Result<()> {
        let first = self.b.top;
        let names: Vec<Option<&Name>> = targets.iter().map(plain_name).collect();
        for (i, item) in items.iter().enumerate() {
            let Item::Pos(e) = item else { continue };
            match names[i] {
                // nothing is computed behind the last value: it may go straight to its name
                Some(name) if i + 1 == items.len() && distinct(&names) => {
                    self.assign_value(name, e)?;
                    return targets[..i]
                        .iter()
                        .enumerate()
                        .try_for_each(|(i, t)| self.assign_reg(t, (first + i) as Reg));
                }
                _ => {
                    self.fresh(e)?;
                }
            }
        }
        targets.iter().enumerate().try_for_each(|(i, t)| self.assign_reg(t, (first + i) as Reg))
    }

    /// `name = value`, computed in place where the name is a register.
    fn assign_value(&mut self, name: &'t Name, value: &'t Expr) -> Result<()> {
        match self.resolve(&name.text) {
            Place::Reg(d) => {
                self.expr(value, d)?;
                self.b.assigned.insert((*name.text).into());
            }
            Place::Global(slot) => {
                let a = self.fresh(value)?;
                self.b.lend(slot);
                self.names.bind(slot);
                self.b.emit(Instr::SetGlobal { a, slot }, name.span.to(value.span));
            }
            _ => {
                let a = self.fresh(value)?;
                self.assign_name(name, a)?;
            }
        }
        Ok(())
    }

    /// Gives a name the value of a register.
    pub(super) fn assign_name(&mut self, name: &'t Name, a: Reg) -> Result<()> {
        match self.resolve(&name.text) {
            Place::Reg(d) => {
                self.b.emit(Instr::Copy { d, a }, name.span);
            }
            Place::Far(slot) => {
                self.b.emit(Instr::SetFar { a, slot }, name.span);
            }
            Place::Global(slot) => {
                self.names.bind(slot);
                self.b.emit(Instr::SetGlobal { a, slot }, name.span);
            }
            Place::Capture(_) | Place::Sibling(_) | Place::Myself => {
                // every assigned name is local
                return Err(self.error(Kind::Internal, "assignment to a captured name", name.span));
            }
        }
        self.b.assigned.insert((*name.text).into());
        Ok(())
    }

    /// Assigns a computed value to any target.
    fn assign_reg(&mut self, target: &'t Target, a: Reg) -> Result<()> {
        match target {
            Target::Place { name, path, .. } if path.is_empty() => self.assign_name(name, a),
            Target::Place { name, path, span } => {
                let mark = self.b.top;
                let (path, operands) = self.path(name, path)?;
                let instr = match self.b.tables.paths[path as usize] {
                    Path { root: Root::Reg(d), ref steps, .. }
                        if let [Step::Index { first: b, spec, .. }] = steps.as_slice()
                            && spec.as_slice() == [SubSpec::At] =>
                    {
                        Instr::SetIndex { d, b: *b, a, path }
                    }
                    _ => Instr::SetPath { a, path },
                };
                self.b.emit_with(instr, *span, &operands);
                self.b.top = mark;
                Ok(())
            }
            Target::Tuple(targets, span) => {
                if targets.len() > 64 {
                    return Err(self.error(Kind::Syntax, "more than 64 targets", *span));
                }
                let mark = self.b.top;
                let d = self.b.temps(targets.len(), *span)?;
                self.b.emit_with(Instr::Unpack { d, a, count: targets.len() as u8 }, *span, &[*span]);
                for (i, target) in targets.iter().enumerate() {
                    self.assign_reg(target, d + i as Reg)?;
                }
                self.b.top = mark;
                Ok(())
            }
        }
    }

    fn aug_assign(&mut self, op: BinaryOp, op_span: Span, target: &'t Target, value: &'t Expr) -> Result<()> {
        let Target::Place { name, path, span } = target else {
            return Err(self.error(Kind::Syntax, "a tuple cannot be the target of this operator", op_span));
        };
        let spans = [*span, value.span];
        if path.is_empty() {
            let place = self.resolve(&name.text);
            if let Place::Reg(d) = place {
                if !self.b.assigned.contains(&*name.text) && self.b.is_variable(d) {
                    let k = self.b.name_constant(&name.text);
                    self.b.emit(Instr::Check { a: d, name: k }, name.span);
                }
                let mut a = d;
                if may_assign(value) {
                    a = self.b.temp(*span)?;
                    self.b.emit(Instr::Copy { d: a, a: d }, *span);
                }
                let instr = self.arithmetic(op, d, a, value)?;
                self.b.emit_sum(instr, op_span, &spans);
                self.b.assigned.insert((*name.text).into());
                return Ok(());
            }
            let a = self.b.temp(*span)?;
            self.load_place(place, &name.text, a, name.span);
            let instr = self.arithmetic(op, a, a, value)?;
            self.b.emit_sum(instr, op_span, &spans);
            if let Place::Global(slot) = place {
                self.b.lend(slot);
            }
            return self.assign_name(name, a);
        }
        let (path, _) = self.path(name, path)?;
        let a = self.operand(value)?;
        self.b.emit_with(Instr::AugPath { op, a, path }, op_span, &spans);
        Ok(())
    }

    fn import(&mut self, import: &'t Import, span: Span) -> Result<()> {
        let names = import.names.as_ref().map(|names| names.iter().map(|(n, _)| ((*n.text).into(), n.span)).collect());
        let count = import.names.as_ref().map_or(1, |names| names.len());
        self.b.tables.imports.push(ImportSpec { path: import.path.clone(), names });
        let number = self.b.tables.imports.len() as u32 - 1;
        let d = self.b.temps(count, span)?;
        self.b.emit(Instr::Import { d, import: number }, span);
        match &import.names {
            Some(names) => names
                .iter()
                .enumerate()
                .try_for_each(|(i, (name, alias))| self.assign_name(alias.as_ref().unwrap_or(name), d + i as Reg)),
            None => {
                let text = import_name(import);
                if !nabla_grammar::is_name(text) {
                    return Err(self
                        .error(Kind::Syntax, format!("`{text}` cannot be a name"), span)
                        .help("give the module one: `import \"...\" as name`"));
                }
                match self.resolve(text) {
                    Place::Reg(to) => {
                        self.b.emit(Instr::Copy { d: to, a: d }, span);
                    }
                    Place::Far(slot) => {
                        self.b.emit(Instr::SetFar { a: d, slot }, span);
                    }
                    Place::Global(slot) => {
                        self.names.bind(slot);
                        self.b.emit(Instr::SetGlobal { a: d, slot }, span);
                    }
                    _ => {}
                }
                self.b.assigned.insert(text.into());
                Ok(())
            }
        }
    }
}

/// May computing its subscripts assign a variable?
fn target_may_assign(target: &Target) -> bool {
    match target {
        Target::Place { path, .. } => path.iter().any(suffix_may_assign),
        Target::Tuple(targets, _) => targets.iter().any(target_may_assign),
    }
}

fn plain_name(target: &Target) -> Option<&Name> {
    match target {
        Target::Place { name, path, .. } if path.is_empty() => Some(name),
        _ => None,
    }
}

/// Are all of them names, and no two the same?
fn distinct(names: &[Option<&Name>]) -> bool {
    names.iter().enumerate().all(|(i, name)| match name {
        Some(name) => !names[..i].iter().flatten().any(|other| other.text == name.text),
        None => false,
    })
}
