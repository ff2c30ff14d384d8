//! Literals: numbers, strings, f-strings, tuples, records, arrays, comprehensions.

use super::super::code::*;
use super::super::value::Value;
use super::Compiler;
use crate::diagnostics::{Kind, Result};
use crate::tensor::{Array, Tensor};
use nabla_grammar::tree::*;

/// Values built at once from registers; longer ones grow in a list.
const AT_ONCE: usize = 16;

impl<'t> Compiler<'_, 't> {
    /// The number an expression plainly is: `2`, `-2.5`.
    pub(super) fn literal_number(&self, expr: &Expr) -> Option<Value> {
        match &expr.kind {
            ExprKind::Int(value) => i64::try_from(*value).ok().map(Value::int),
            ExprKind::Float(value) => Some(Value::float(*value)),
            ExprKind::Unary { op: UnaryOp::Neg, operand, .. } => match operand.kind {
                ExprKind::Int(value) => Some(Value::int((value as i64).wrapping_neg())),
                ExprKind::Float(value) => Some(Value::float(-value)),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn literal(&mut self, expr: &'t Expr, d: Reg) -> Result<()> {
        let instr = match &expr.kind {
            ExprKind::None => Instr::None { d },
            ExprKind::Bool(value) => Instr::Bool { d, value: *value },
            ExprKind::Str(text) => Instr::Const { d, k: self.b.constant(Value::str(&**text)) },
            _ => match self.literal_number(expr) {
                Some(Value::Array(Array::Int(value))) if i32::try_from(value).is_ok() => {
                    Instr::Int { d, value: value as i32 }
                }
                Some(value) => Instr::Const { d, k: self.b.constant(value) },
                None => return Err(self.error(Kind::Overflow, "integer literal does not fit i64", expr.span)),
            },
        };
        self.b.emit(instr, expr.span);
        Ok(())
    }

    pub(super) fn fstring(&mut self, parts: &'t [FPart], d: Reg, span: Span) -> Result<()> {
        if parts.len() > AT_ONCE {
            // join what a part of it gives, and go on
            let acc = self.b.temps(2, span)?;
            self.fstring(&parts[..AT_ONCE], acc, span)?;
            let mark = self.b.top;
            for chunk in parts[AT_ONCE..].chunks(AT_ONCE) {
                self.b.top = mark;
                self.fstring(chunk, acc + 1, span)?;
                self.b.emit(Instr::Join { d: acc, a: acc, count: 2 }, span);
            }
            self.b.emit(Instr::Move { d, a: acc }, span);
            return Ok(());
        }
        let first = self.b.temps(parts.len().max(1), span)?;
        for (i, part) in parts.iter().enumerate() {
            let reg = first + i as Reg;
            match part {
                FPart::Text(text) => {
                    let k = self.b.constant(Value::str(&**text));
                    self.b.emit(Instr::Const { d: reg, k }, span);
                }
                FPart::Value { value, spec } => {
                    self.expr(value, reg)?;
                    let spec = self.b.name_constant(spec.as_deref().unwrap_or(""));
                    self.b.emit_with(Instr::Format { d: reg, a: reg, spec }, value.span, &[value.span]);
                }
            }
        }
        self.b.emit(Instr::Join { d, a: first, count: parts.len() as u8 }, span);
        Ok(())
    }

    pub(super) fn tuple(&mut self, items: &'t [Item], d: Reg, span: Span) -> Result<()> {
        match plain_items(items) {
            Some(items) if items.len() <= AT_ONCE => {
                let a = self.in_a_row(&items, span)?;
                self.b.emit(Instr::Tuple { d, a, count: items.len() as u8 }, span);
            }
            _ => {
                let list = self.list(items, span)?;
                self.b.emit(Instr::Move { d, a: list }, span);
            }
        }
        Ok(())
    }

    pub(super) fn array(&mut self, items: &'t [Item], expr: &'t Expr, d: Reg) -> Result<()> {
        let span = expr.span;
        if let Some(value) = constant_array(items) {
            let k = self.b.constant(value);
            self.b.emit(Instr::Literal { d, k }, span);
            return Ok(());
        }
        match plain_items(items) {
            Some(items) if items.len() <= AT_ONCE => {
                let a = self.in_a_row(&items, span)?;
                let spans: Vec<Span> = items.iter().map(|item| item.span).collect();
                self.b.emit_with(Instr::Stack { d, a, count: items.len() as u8 }, span, &spans);
            }
            _ => {
                let list = self.list(items, span)?;
                self.b.emit(Instr::ListStack { d: list }, span);
                self.b.emit(Instr::Move { d, a: list }, span);
            }
        }
        Ok(())
    }

    /// Computes expressions into registers in a row.
    pub(super) fn in_a_row(&mut self, items: &[&'t Expr], span: Span) -> Result<Reg> {
        let first = self.b.top;
        for item in items {
            self.fresh(item)?;
        }
        if items.is_empty() {
            return self.b.temp(span);
        }
        Ok(first as Reg)
    }

    /// Computes items into a growing tuple.
    pub(super) fn list(&mut self, items: &'t [Item], span: Span) -> Result<Reg> {
        let list = self.b.temp(span)?;
        self.b.emit(Instr::ListNew { d: list }, span);
        for item in items {
            let mark = self.b.top;
            match item {
                Item::Pos(e) | Item::Named(_, e) => {
                    let a = self.operand(e)?;
                    self.b.emit(Instr::ListPush { d: list, a }, e.span);
                }
                Item::Spread(e) => {
                    let a = self.operand(e)?;
                    self.b.emit_with(Instr::ListSpread { d: list, a }, e.span, &[e.span]);
                }
            }
            self.b.top = mark;
        }
        Ok(list)
    }

    pub(super) fn record(&mut self, items: &'t [Item], d: Reg, span: Span) -> Result<()> {
        let named: Option<Vec<(&Name, &Expr)>> = items
            .iter()
            .map(|item| match item {
                Item::Named(name, e) => Some((name, e)),
                _ => None,
            })
            .collect();
        if let Some(named) = named.filter(|named| named.len() <= AT_ONCE) {
            let values: Vec<&Expr> = named.iter().map(|(_, e)| *e).collect();
            let a = self.in_a_row(&values, span)?;
            self.b.tables.record_shapes.push(named.iter().map(|(name, _)| (*name.text).into()).collect());
            let shape = self.b.tables.record_shapes.len() as u32 - 1;
            self.b.emit(Instr::Record { d, a, count: named.len() as u8, shape }, span);
            return Ok(());
        }
        let record = self.b.temp(span)?;
        self.b.emit(Instr::RecordNew { d: record }, span);
        for item in items {
            let mark = self.b.top;
            match item {
                Item::Named(name, e) => {
                    let a = self.operand(e)?;
                    let name = self.b.name_constant(&name.text);
                    self.b.emit(Instr::RecordPush { d: record, a, name }, e.span);
                }
                Item::Spread(e) | Item::Pos(e) => {
                    let a = self.operand(e)?;
                    self.b.emit_with(Instr::RecordSpread { d: record, a }, e.span, &[e.span]);
                }
            }
            self.b.top = mark;
        }
        self.b.emit(Instr::Move { d, a: record }, span);
        Ok(())
    }

    pub(super) fn comprehension(&mut self, body: &'t Expr, clauses: &'t [Clause], d: Reg, span: Span) -> Result<()> {
        let list = self.b.temp(span)?;
        self.b.emit(Instr::ListNew { d: list }, span);
        let (shadows, assigned) = (self.b.shadows.len(), self.b.assigned.clone());
        self.clauses(body, clauses, list)?;
        self.b.shadows.truncate(shadows);
        self.b.assigned = assigned;
        self.b.emit(Instr::ListStack { d: list }, span);
        self.b.emit(Instr::Move { d, a: list }, span);
        Ok(())
    }

    fn clauses(&mut self, body: &'t Expr, clauses: &'t [Clause], list: Reg) -> Result<()> {
        match clauses {
            [] => {
                let mark = self.b.top;
                let a = self.operand(body)?;
                self.b.emit(Instr::ListPush { d: list, a }, body.span);
                self.b.top = mark;
                Ok(())
            }
            [Clause::If(cond), rest @ ..] => {
                let mut over = vec![];
                self.loop_jump(cond, false, &mut over)?;
                self.clauses(body, rest, list)?;
                self.b.land_all(over);
                Ok(())
            }
            [Clause::For { pattern, iter }, rest @ ..] => self.for_each(iter, Some(list), body.span, |c, item| {
                c.bind_shadows(pattern, item)?;
                c.clauses(body, rest, list)
            }),
        }
    }
}

/// The expressions of items without a spread among them.
fn plain_items(items: &[Item]) -> Option<Vec<&Expr>> {
    items
        .iter()
        .map(|item| match item {
            Item::Pos(e) => Some(e),
            _ => None,
        })
        .collect()
}

/// A literal of plain numbers as the tensor it is; none where anything else is in it, or its rows disagree.
fn constant_array(items: &[Item]) -> Option<Value> {
    let mut numbers = Numbers::None;
    let mut shape = vec![];
    gather(items, 0, &mut shape, &mut numbers)?;
    let tensor = match numbers {
        Numbers::None => Tensor::from_vec::<f64>(vec![], &shape),
        Numbers::Bools(values) => Tensor::from_vec(values, &shape),
        Numbers::Ints(values) => Tensor::from_vec(values, &shape),
        Numbers::Floats(values) => Tensor::from_vec(values, &shape),
    };
    Some(Value::Array(Array::Tensor(tensor)))
}

enum Numbers {
    None,
    Bools(Vec<bool>),
    Ints(Vec<i64>),
    Floats(Vec<f64>),
}

fn gather(items: &[Item], level: usize, shape: &mut Vec<usize>, numbers: &mut Numbers) -> Option<()> {
    match shape.get(level) {
        Some(&size) if size != items.len() => return None,
        Some(_) => {}
        None if matches!(numbers, Numbers::None) => shape.push(items.len()),
        None => return None,
    }
    for item in items {
        let Item::Pos(expr) = item else { return None };
        if let ExprKind::Array(inner) = &expr.kind {
            gather(inner, level + 1, shape, numbers)?;
            continue;
        }
        if shape.len() != level + 1 {
            return None;
        }
        numbers.push(expr)?;
    }
    Some(())
}

impl Numbers {
    fn push(&mut self, expr: &Expr) -> Option<()> {
        let (negative, kind) = match &expr.kind {
            ExprKind::Unary { op: UnaryOp::Neg, operand, .. } => (true, &operand.kind),
            kind => (false, kind),
        };
        match (kind, &mut *self) {
            (ExprKind::Bool(value), Numbers::None) if !negative => *self = Numbers::Bools(vec![*value]),
            (ExprKind::Bool(value), Numbers::Bools(values)) if !negative => values.push(*value),
            (ExprKind::Int(value), _) => {
                let value = *value as i64;
                let value = if negative { value.wrapping_neg() } else { value };
                match self {
                    Numbers::None => *self = Numbers::Ints(vec![value]),
                    Numbers::Ints(values) => values.push(value),
                    Numbers::Floats(values) => values.push(value as f64),
                    Numbers::Bools(_) => return None,
                }
            }
            (ExprKind::Float(value), _) => {
                let value = if negative { -value } else { *value };
                match self {
                    Numbers::None => *self = Numbers::Floats(vec![value]),
                    Numbers::Floats(values) => values.push(value),
                    Numbers::Ints(values) => {
                        let mut floats: Vec<f64> = values.iter().map(|&v| v as f64).collect();
                        floats.push(value);
                        *self = Numbers::Floats(floats);
                    }
                    Numbers::Bools(_) => return None,
                }
            }
            _ => return None,
        }
        Some(())
    }
}
