//! Control flow: blocks, `if`, loops, `try`.

use super::super::code::*;
use super::super::tables::*;
use super::Compiler;
use super::builder::{Patch, Place};
use crate::diagnostics::{Kind, Result};
use nabla_grammar::tree::*;

impl<'t> Compiler<'_, 't> {
    /// A block's value is that of its last statement if it is an expression, else none.
    pub(super) fn block(&mut self, block: &'t Block, d: Reg) -> Result<()> {
        let Some((last, before)) = block.stmts.split_last() else {
            self.b.emit(Instr::None { d }, block.span);
            return Ok(());
        };
        for stmt in before {
            self.stmt(stmt)?;
        }
        if let StmtKind::Expr(e) = &last.kind {
            return self.expr(e, d);
        }
        self.stmt(last)?;
        self.b.emit(Instr::None { d }, last.span);
        Ok(())
    }

    /// A block whose value nobody wants.
    pub(super) fn run_block(&mut self, block: &'t Block) -> Result<()> {
        block.stmts.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    pub(super) fn if_expr(
        &mut self,
        arms: &'t [(Expr, Block)],
        otherwise: Option<&'t Block>,
        d: Reg,
        span: Span,
    ) -> Result<()> {
        self.arms(arms, otherwise, Some(d), span)
    }

    /// The arms of an `if`, for their value in `d` or for their effects alone.
    pub(super) fn arms(
        &mut self,
        arms: &'t [(Expr, Block)],
        otherwise: Option<&'t Block>,
        d: Option<Reg>,
        span: Span,
    ) -> Result<()> {
        let mut ends = vec![];
        let mut branches = vec![];
        let mut after: Option<rustc_hash::FxHashSet<std::rc::Rc<str>>> = None;
        for (number, (cond, block)) in arms.iter().enumerate() {
            let mut next = vec![];
            let start = self.b.here();
            self.cond_jump(cond, false, &mut next)?;
            let otherwise = arms.get(number + 1).map(|(_, next)| next.span).or(otherwise.map(|block| block.span));
            let (end, then) = (self.b.here(), block.span);
            branches.push(Branch { start, end, join: None, then, otherwise, live: vec![], decides: false });
            let before = self.b.assigned.clone();
            self.arm(block, d)?;
            ends.push(self.b.jump(Instr::Jump { to: 0 }, block.span));
            let assigned = std::mem::replace(&mut self.b.assigned, before);
            after = Some(meet(after, assigned));
            self.b.land_all(next);
        }
        match otherwise {
            Some(block) => self.arm(block, d)?,
            None => {
                if let Some(d) = d {
                    self.b.emit(Instr::None { d }, span);
                }
            }
        }
        self.b.assigned = meet(after, std::mem::take(&mut self.b.assigned));
        self.b.land_all(ends);
        let join = Some(self.b.here());
        self.b.tables.branches.extend(branches.into_iter().map(|branch| Branch { join, ..branch }));
        Ok(())
    }

    fn arm(&mut self, block: &'t Block, d: Option<Reg>) -> Result<()> {
        match d {
            Some(d) => self.block(block, d),
            None => self.run_block(block),
        }
    }

    pub(super) fn while_loop(&mut self, cond: &'t Expr, body: &'t Block, span: Span) -> Result<()> {
        let mark = self.b.top;
        let entry = self.b.enter_loop(span)?;
        let assigned = self.b.assigned.clone();
        // the condition stands behind the body: one jump a turn
        let to_cond = self.b.jump(Instr::Jump { to: 0 }, cond.span);
        let start = self.b.here();
        self.run_block(body)?;
        let continues = self.b.loops.last_mut().map(|l| std::mem::take(&mut l.continues)).unwrap_or_default();
        self.b.land_all(continues);
        self.b.land(to_cond);
        self.b.assigned = assigned;
        let mut again = vec![];
        let next = self.b.here();
        self.loop_jump(cond, true, &mut again)?;
        again.into_iter().for_each(|patch| self.b.land_at(patch, start));
        let (end, head, body) = (self.b.here(), cond.span, body.span);
        let spec = Loop { entry: None, start, next, end, iteration: 0, list: None, head, body, carried: vec![] };
        self.b.tables.loops.push(spec);
        self.b.leave_loop(entry, span);
        self.b.top = mark;
        Ok(())
    }

    /// As `cond_jump`, for a condition that decides how often something runs.
    pub(super) fn loop_jump(&mut self, cond: &'t Expr, sense: bool, jumps: &mut Vec<Patch>) -> Result<()> {
        let start = self.b.here();
        self.cond_jump(cond, sense, jumps)?;
        let (end, then) = (self.b.here(), cond.span);
        let branch = Branch { start, end, join: None, then, otherwise: None, live: vec![], decides: true };
        self.b.tables.branches.push(branch);
        Ok(())
    }

    pub(super) fn for_loop(&mut self, pattern: &'t Pattern, iter: &'t Expr, body: &'t Block) -> Result<()> {
        self.for_each(iter, None, body.span, |c, item| {
            c.bind_pattern(pattern, item)?;
            c.run_block(body)
        })
    }

    /// A loop over the items of `iter`; `turn` gets the register of the item. That of a comprehension makes a list.
    pub(super) fn for_each(
        &mut self,
        iter: &'t Expr,
        list: Option<Reg>,
        body: Span,
        turn: impl FnOnce(&mut Self, Reg) -> Result<()>,
    ) -> Result<()> {
        let (mark, span) = (self.b.top, iter.span);
        let a = self.b.temps(3, span)?;
        let item = a + 2;
        match strip(iter) {
            // a plain range is counted, never made
            Expr { kind: ExprKind::Range { start, end }, .. } => {
                self.expr(start, a)?;
                self.expr(end, a + 1)?;
                self.b.emit_with(Instr::IterRange { a }, span, &[start.span, end.span]);
            }
            _ => {
                self.expr(iter, a)?;
                self.b.emit_with(Instr::IterNew { a }, span, &[span]);
            }
        }
        let entry = self.b.enter_loop(span)?;
        let assigned = self.b.assigned.clone();
        let begins = Some(self.b.here());
        let to_next = self.b.jump(Instr::Begin { to: 0 }, span);
        let start = self.b.here();
        turn(self, item)?;
        self.b.assigned = assigned;
        let continues = self.b.loops.last_mut().map(|l| std::mem::take(&mut l.continues)).unwrap_or_default();
        self.b.land_all(continues);
        self.b.land(to_next);
        let next = self.b.here();
        self.b.emit_with(Instr::IterNext { a, d: item, to: start }, span, &[span]);
        let (end, carried) = (self.b.here(), vec![]);
        let spec = Loop { entry: begins, start, next, end, iteration: a, list, head: span, body, carried };
        self.b.tables.loops.push(spec);
        self.b.leave_loop(entry, span);
        self.b.top = mark;
        Ok(())
    }

    pub(super) fn break_or_continue(&mut self, is_break: bool, span: Span) -> Result<()> {
        if self.b.loops.is_empty() {
            let word = if is_break { "break" } else { "continue" };
            return Err(self.error(Kind::Syntax, format!("`{word}` outside a loop"), span));
        }
        let (inside, tries) = self.b.loops.last().map_or((0, 0), |inner| (inner.homes, inner.tries));
        if self.b.tries > tries {
            let a = self.b.temp(span)?;
            self.b.emit(Instr::None { d: a }, span);
            self.b.emit(Instr::Finish { a }, span);
        }
        if let Some(&slot) = self.b.homes.get(inside) {
            self.b.emit(Instr::LeaveHome { slot }, span);
        }
        let jump = self.b.jump(Instr::Jump { to: 0 }, span);
        if let Some(inner) = self.b.loops.last_mut() {
            if is_break { inner.breaks.push(jump) } else { inner.continues.push(jump) }
        }
        Ok(())
    }

    /// `@ device { ... }`
    pub(super) fn on_device(&mut self, device: &'t Expr, body: &'t Block, d: Reg) -> Result<()> {
        let a = self.operand(device)?;
        let slot = self.b.far_slots(1);
        self.b.emit_with(Instr::EnterHome { a, slot }, device.span, &[device.span]);
        self.b.homes.push(slot);
        // a variable gets its value at the very end
        let value = if self.b.is_variable(d) { self.b.temp(body.span)? } else { d };
        self.block(body, value)?;
        self.b.homes.pop();
        self.b.emit(Instr::LeaveHome { slot }, body.span);
        if value != d {
            self.b.emit(Instr::Move { d, a: value }, body.span);
        }
        Ok(())
    }

    pub(super) fn try_expr(
        &mut self,
        body: &'t Block,
        name: Option<&'t Name>,
        handler: &'t Block,
        d: Reg,
        span: Span,
    ) -> Result<()> {
        let mark = self.b.top;
        // a variable gets its value at the very end: what the handler reads must be as it was
        let value = if self.b.is_variable(d) { self.b.temp(span)? } else { d };
        let home = self.b.far_slots(1);
        self.b.emit(Instr::SaveHome { slot: home }, span);
        let start = self.b.here();
        let assigned = self.b.assigned.clone();
        let floor = std::mem::replace(&mut self.b.floor, self.b.top);
        self.b.tries += 1;
        self.block(body, value)?;
        self.b.tries -= 1;
        self.b.floor = floor;
        self.b.emit(Instr::Finish { a: value }, body.span);
        let end = self.b.here();
        let over = self.b.jump(Instr::Jump { to: 0 }, span);
        let after_body = std::mem::replace(&mut self.b.assigned, assigned);
        let target = self.b.here();
        let caught = self.b.temp(span)?;
        self.b.tables.handlers.push(Handler { start, end, target, d: name.map(|_| caught) });
        self.b.emit(Instr::LeaveHome { slot: home }, span);
        if let Some(name) = name {
            self.assign_name(name, caught)?;
        }
        self.block(handler, value)?;
        let assigned = std::mem::take(&mut self.b.assigned);
        self.b.assigned = meet(Some(after_body), assigned);
        self.b.land(over);
        if value != d {
            self.b.emit(Instr::Move { d, a: value }, span);
        }
        self.b.top = mark;
        Ok(())
    }

    /// Binds a loop's pattern to names of the function.
    pub(super) fn bind_pattern(&mut self, pattern: &'t Pattern, item: Reg) -> Result<()> {
        match pattern {
            Pattern::Name(name) => self.assign_name(name, item),
            Pattern::Tuple(patterns, span) => {
                let mark = self.b.top;
                let d = self.b.temps(patterns.len(), *span)?;
                self.b.emit_with(Instr::Unpack { d, a: item, count: patterns.len() as u8 }, *span, &[*span]);
                for (i, pattern) in patterns.iter().enumerate() {
                    self.bind_pattern(pattern, d + i as Reg)?;
                }
                self.b.top = mark;
                Ok(())
            }
        }
    }

    /// Binds a comprehension's pattern to names of its own.
    pub(super) fn bind_shadows(&mut self, pattern: &'t Pattern, item: Reg) -> Result<()> {
        match pattern {
            Pattern::Name(name) => {
                self.b.shadows.push(((*name.text).into(), Place::Reg(item)));
                Ok(())
            }
            Pattern::Tuple(patterns, span) => {
                let d = self.b.temps(patterns.len(), *span)?;
                self.b.emit_with(Instr::Unpack { d, a: item, count: patterns.len() as u8 }, *span, &[*span]);
                patterns.iter().enumerate().try_for_each(|(i, p)| self.bind_shadows(p, d + i as Reg))
            }
        }
    }
}

/// What surely has a value where two ways meet.
fn meet(
    a: Option<rustc_hash::FxHashSet<std::rc::Rc<str>>>,
    b: rustc_hash::FxHashSet<std::rc::Rc<str>>,
) -> rustc_hash::FxHashSet<std::rc::Rc<str>> {
    match a {
        Some(a) => a.into_iter().filter(|name| b.contains(name)).collect(),
        None => b,
    }
}

fn strip(expr: &Expr) -> &Expr {
    let mut expr = expr;
    while let ExprKind::Paren(inner) = &expr.kind {
        expr = inner;
    }
    expr
}
