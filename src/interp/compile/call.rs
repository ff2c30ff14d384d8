//! Calls and pipes.

use super::super::code::*;
use super::super::tables::*;
use super::Compiler;
use crate::diagnostics::{Kind, Result};
use nabla_grammar::tree::*;

/// Arguments a call may spell out; more go through a spread.
pub(super) const MAX_ARGS: usize = 64;

impl<'t> Compiler<'_, 't> {
    /// Calls what is in `callee`, which has `given` arguments behind it already, with these arguments; result to `d`.
    pub(super) fn call(
        &mut self,
        callee: Reg,
        given: usize,
        items: &'t [Item],
        span: Span,
        given_spans: &[Span],
        d: Reg,
    ) -> Result<()> {
        let count = given + items.len();
        if count > MAX_ARGS {
            return Err(self
                .error(Kind::Syntax, format!("more than {MAX_ARGS} arguments"), span)
                .help("gather them in a tuple and spread it: `f(...args)`"));
        }
        let mut spans = given_spans.to_vec();
        let mut args = vec![ArgKind::Pos; given];
        for item in items {
            let e = match item {
                Item::Pos(e) => {
                    args.push(ArgKind::Pos);
                    e
                }
                Item::Named(name, e) => {
                    args.push(ArgKind::Named((*name.text).into()));
                    e
                }
                Item::Spread(e) => {
                    args.push(ArgKind::Spread);
                    e
                }
            };
            self.fresh(e)?;
            spans.push(e.span);
        }
        self.emit_call(callee, args, count, span, &spans);
        if d != callee {
            self.b.emit(Instr::Move { d, a: callee }, span);
        }
        Ok(())
    }

    fn emit_call(&mut self, a: Reg, args: Vec<ArgKind>, count: usize, span: Span, spans: &[Span]) {
        if args.iter().all(|arg| matches!(arg, ArgKind::Pos)) {
            self.b.emit_with(Instr::Call { a, count: count as u8 }, span, spans);
        } else {
            self.b.tables.call_shapes.push(CallShape { args });
            let shape = self.b.tables.call_shapes.len() as u32 - 1;
            self.b.emit_with(Instr::CallWith { a, count: count as u8, shape }, span, spans);
        }
    }

    /// `f(x)` where `f` is a global: it is not loaded first.
    pub(super) fn call_global(&mut self, slot: u32, items: &'t [Item], span: Span, d: Reg) -> Result<()> {
        let a = self.b.row_from(d, span)?;
        let mut spans = vec![];
        for item in items {
            if let Item::Pos(e) = item {
                self.fresh(e)?;
                spans.push(e.span);
            }
        }
        self.b.emit_with(Instr::CallGlobal { a, count: items.len() as u8, slot }, span, &spans);
        if d != a {
            self.b.emit(Instr::Move { d, a }, span);
        }
        Ok(())
    }

    /// `x |> f |> g(2)` is `g(f(x), 2)`.
    pub(super) fn pipe(&mut self, first: &'t Expr, rest: &'t [Operand], d: Reg) -> Result<()> {
        let value = self.b.temp(first.span)?;
        self.expr(first, value)?;
        let mut from = first.span;
        for Operand { right, .. } in rest {
            let span = from.to(right.span);
            let mark = self.b.top;
            match &right.kind {
                ExprKind::Postfix { base, suffixes } if piped_call(suffixes).is_some() => {
                    self.pipe_call(value, base, suffixes, span, from)?;
                }
                _ => {
                    let callee = self.b.temps(2, span)?;
                    self.expr(right, callee)?;
                    self.b.emit(Instr::Move { d: callee + 1, a: value }, span);
                    self.b.note_passed_on(value, callee + 1);
                    self.call(callee, 1, &[], span, &[from], value)?;
                }
            }
            self.b.top = mark;
            from = span;
        }
        self.b.emit(Instr::Move { d, a: value }, from);
        Ok(())
    }

    /// The value in `value` becomes the first argument of the call that ends `base suffixes`.
    fn pipe_call(&mut self, value: Reg, base: &'t Expr, suffixes: &'t [Suffix], span: Span, from: Span) -> Result<()> {
        let callee = self.b.temps(2, span)?;
        let (last, before) = match suffixes.split_last() {
            Some(split) => split,
            None => return Ok(()),
        };
        match &last.kind {
            SuffixKind::Call(items) => {
                self.postfix(base, before, callee, base.span)?;
                self.b.emit(Instr::Move { d: callee + 1, a: value }, span);
                self.b.note_passed_on(value, callee + 1);
                self.call(callee, 1, items, span, &[from], value)
            }
            SuffixKind::Method(name, items) => {
                // `x |> m.f(a)`: `f` is a member of `m`
                self.postfix(base, before, callee, base.span)?;
                let k = self.b.name_constant(&name.text);
                self.b.emit_with(Instr::Field { d: callee, a: callee, name: k }, name.span, &[base.span]);
                self.b.emit(Instr::Move { d: callee + 1, a: value }, span);
                self.b.note_passed_on(value, callee + 1);
                self.call(callee, 1, items, span, &[from], value)
            }
            _ => Ok(()),
        }
    }
}

fn piped_call(suffixes: &[Suffix]) -> Option<()> {
    matches!(suffixes.last()?.kind, SuffixKind::Call(_) | SuffixKind::Method(..)).then_some(())
}
