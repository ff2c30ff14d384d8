//! Fields, subscripts, method calls, and the places that assignment writes to.

use super::super::code::*;
use super::super::tables::*;
use super::Compiler;
use super::builder::Place;
use super::expr::may_assign;
use crate::diagnostics::{Kind, Result};
use nabla_grammar::tree::*;
use std::rc::Rc;

/// Places an indexing instruction's subscript values can take.
const MAX_SUBSCRIPTS: usize = 32;

impl<'t> Compiler<'_, 't> {
    /// `base.f(x)[0].T`
    pub(super) fn postfix(&mut self, base: &'t Expr, suffixes: &'t [Suffix], d: Reg, span: Span) -> Result<()> {
        let Some((last, before)) = suffixes.split_last() else { return self.expr(base, d) };
        let mark = self.b.top;
        if let ([Suffix { kind: SuffixKind::Call(items), span: call }], ExprKind::Name(name)) = (suffixes, &base.kind)
            && let Place::Global(slot) = self.resolve(name)
            && items.len() <= super::call::MAX_ARGS
            && items.iter().all(|item| matches!(item, Item::Pos(e) if !may_assign(e)))
        {
            self.call_global(slot, items, base.span.to(*call), d)?;
            self.b.top = mark;
            return Ok(());
        }
        // `f(x)`: the callee goes straight to where the call wants it
        let callee = self.b.row_from(d, span)?;
        let mut from = base.span;
        let mut left = if matches!(suffixes[0].kind, SuffixKind::Call(_)) {
            self.expr(base, callee)?;
            callee
        } else {
            let later = suffixes.iter().any(|suffix| !matches!(suffix.kind, SuffixKind::Field(_)));
            if later { self.steady_base(base, suffixes)? } else { self.operand(base)? }
        };
        for suffix in before {
            self.suffix(left, suffix, callee, from)?;
            left = callee;
            from = from.to(suffix.span);
        }
        self.suffix(left, last, d, from)?;
        self.b.top = mark;
        Ok(())
    }

    /// The object of a subscript or method, safe from what the subscripts may assign.
    fn steady_base(&mut self, base: &'t Expr, suffixes: &'t [Suffix]) -> Result<Reg> {
        let mut later = vec![];
        match suffixes.first().map(|suffix| &suffix.kind) {
            Some(SuffixKind::Method(_, items)) => {
                later.extend(items.iter().map(|item| match item {
                    Item::Pos(e) | Item::Named(_, e) | Item::Spread(e) => e,
                }));
            }
            Some(SuffixKind::Index(subscripts)) => {
                for subscript in subscripts {
                    match subscript {
                        Subscript::At(e) => later.push(e),
                        Subscript::Rest(_) => {}
                        Subscript::Slice { start, stop, step, .. } => {
                            later.extend([start, stop, step].into_iter().flatten());
                        }
                    }
                }
            }
            _ => {}
        }
        self.steady_operand(base, &later)
    }

    /// One step: from the value in `a` to `d`.
    fn suffix(&mut self, a: Reg, suffix: &'t Suffix, d: Reg, from: Span) -> Result<()> {
        let mark = self.b.top;
        let span = from.to(suffix.span);
        match &suffix.kind {
            SuffixKind::Field(name) => {
                let k = self.b.name_constant(&name.text);
                self.b.emit_with(Instr::Field { d, a, name: k }, name.span, &[from]);
            }
            SuffixKind::Call(items) => {
                let callee = self.row_at(a, span)?;
                self.call(callee, 0, items, span, &[], d)?;
            }
            SuffixKind::Method(name, items) => {
                let callee = self.b.temps(2, span)?;
                self.b.emit(Instr::Copy { d: callee + 1, a }, from);
                self.b.note_passed_on(a, callee + 1);
                self.method(callee, name, from)?;
                self.call(callee, 1, items, span, &[from], d)?;
            }
            SuffixKind::Index(subscripts) => match subscripts.as_slice() {
                [Subscript::At(e)] => {
                    let b = self.operand(e)?;
                    self.b.emit_with(Instr::Index { d, a, b }, span, &[from, e.span]);
                }
                _ => {
                    let (b, spec) = self.subscripts(subscripts, suffix.span)?;
                    self.b.tables.index_specs.push(spec);
                    let spec = self.b.tables.index_specs.len() as u32 - 1;
                    self.b.emit_with(Instr::IndexMany { d, a, b, spec }, span, &[from]);
                }
            },
        }
        self.b.top = mark;
        Ok(())
    }

    /// A register with free ones behind it that holds what `a` holds: `a` itself if it is the last one in use.
    fn row_at(&mut self, a: Reg, span: Span) -> Result<Reg> {
        if !self.b.is_variable(a) && a as usize + 1 == self.b.top {
            return Ok(a);
        }
        let callee = self.b.temp(span)?;
        self.b.emit(Instr::Copy { d: callee, a }, span);
        Ok(callee)
    }

    /// Finds what `receiver.name(...)` calls: a field of the receiver, else the nearest function of that name.
    fn method(&mut self, callee: Reg, name: &'t Name, receiver: Span) -> Result<()> {
        let k = self.b.name_constant(&name.text);
        self.b.emit_with(Instr::Method { a: callee, name: k }, name.span, &[receiver]);
        // skipped when the receiver has no such field
        let found = self.b.jump(Instr::Jump { to: 0 }, name.span);
        let mut callable = vec![];
        let inside = self.resolve_inside(&name.text);
        if let Some(place) = inside {
            match place {
                // it may lack a value yet
                Place::Reg(a) => {
                    self.b.emit(Instr::Copy { d: callee, a }, name.span);
                }
                Place::Far(slot) => {
                    self.b.emit(Instr::GetFar { d: callee, slot }, name.span);
                }
                place => self.load_place(place, &name.text, callee, name.span),
            }
            callable.push(self.b.jump(Instr::JumpCallable { a: callee, to: 0 }, name.span));
        }
        let slot = self.names.slot(&name.text);
        if self.names.builtin(&name.text).is_some_and(|value| value.is_callable()) {
            self.b.emit(Instr::GetFunction { d: callee, slot }, name.span);
            callable.push(self.b.jump(Instr::JumpCallable { a: callee, to: 0 }, name.span));
            self.load_builtin(&name.text, callee, name.span);
        } else {
            self.b.emit(Instr::GetGlobal { d: callee, slot }, name.span);
        }
        self.b.land_all(callable);
        self.b.land(found);
        Ok(())
    }

    /// Computes subscripts into registers in a row.
    fn subscripts(&mut self, subscripts: &'t [Subscript], span: Span) -> Result<(Reg, Vec<SubSpec>)> {
        if subscripts.len() > MAX_SUBSCRIPTS {
            return Err(self.error(Kind::Syntax, format!("more than {MAX_SUBSCRIPTS} subscripts"), span));
        }
        let first = self.b.top;
        let mut spec = vec![];
        for subscript in subscripts {
            spec.push(match subscript {
                Subscript::At(e) => {
                    self.fresh(e)?;
                    SubSpec::At
                }
                Subscript::Rest(_) => SubSpec::Rest,
                Subscript::Slice { start, stop, step, .. } => {
                    for e in [start, stop, step].into_iter().flatten() {
                        self.fresh(e)?;
                    }
                    SubSpec::Slice { start: start.is_some(), stop: stop.is_some(), step: step.is_some() }
                }
            });
        }
        Ok((first as Reg, spec))
    }

    /// The place `name.field[index]...`; its subscripts are computed here. Also gives the spans of the steps.
    pub(super) fn path(&mut self, name: &'t Name, suffixes: &'t [Suffix]) -> Result<(u32, Vec<Span>)> {
        let root = match self.resolve(&name.text) {
            Place::Reg(reg) => {
                if self.b.is_variable(reg) && !self.b.assigned.contains(&*name.text) {
                    let k = self.b.name_constant(&name.text);
                    self.b.emit(Instr::Check { a: reg, name: k }, name.span);
                }
                Root::Reg(reg)
            }
            Place::Far(slot) => Root::Far(slot),
            Place::Global(slot) => Root::Global(slot),
            Place::Capture(_) | Place::Sibling(_) | Place::Myself => {
                return Err(self.error(Kind::Internal, "assignment to a captured name", name.span));
            }
        };
        let mut steps = vec![];
        let mut spans = vec![name.span];
        for suffix in suffixes {
            spans.push(suffix.span);
            steps.push(match &suffix.kind {
                SuffixKind::Field(field) => Step::Field { name: (*field.text).into(), span: suffix.span },
                SuffixKind::Index(subscripts) => {
                    let (first, spec) = self.subscripts(subscripts, suffix.span)?;
                    Step::Index { first, spec, span: suffix.span }
                }
                _ => return Err(self.error(Kind::Syntax, "a call cannot be assigned to", suffix.span)),
            });
        }
        self.b.tables.paths.push(Path { root, name: Rc::from(&*name.text), steps });
        Ok((self.b.tables.paths.len() as u32 - 1, spans))
    }
}
