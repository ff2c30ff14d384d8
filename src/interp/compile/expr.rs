//! Expressions: names, operators, conditions of short-circuit, everything that is neither a call nor control flow.

use super::super::code::*;
use super::super::tables::Branch;
use super::super::value::Value;
use super::Compiler;
use super::builder::{Patch, Place};
use crate::diagnostics::{Kind, Result};
use nabla_grammar::tree::*;

impl<'t> Compiler<'_, 't> {
    /// Computes an expression into a register of its own choice: a variable's where it is one, else the next free one.
    pub(super) fn operand(&mut self, expr: &'t Expr) -> Result<Reg> {
        match &expr.kind {
            ExprKind::Name(name) => {
                if let Some(Place::Reg(reg)) = self.resolve_inside(name) {
                    self.check_assigned(name, reg, expr.span);
                    return Ok(reg);
                }
            }
            ExprKind::Paren(inner) => return self.operand(inner),
            _ => {
                if let Some(reg) = self.literal_number(expr).and_then(|value| self.b.loop_constant(&value)) {
                    return Ok(reg);
                }
            }
        }
        let d = self.b.temp(expr.span)?;
        self.expr(expr, d)?;
        Ok(d)
    }

    /// Computes an expression into the next free register.
    pub(super) fn fresh(&mut self, expr: &'t Expr) -> Result<Reg> {
        let d = self.b.temp(expr.span)?;
        self.expr(expr, d)?;
        Ok(d)
    }

    /// An operand that stays what it was while `later` is computed.
    pub(super) fn steady_operand(&mut self, expr: &'t Expr, later: &[&'t Expr]) -> Result<Reg> {
        if later.iter().any(|e| may_assign(e)) { self.fresh(expr) } else { self.operand(expr) }
    }

    /// Computes an expression into `d`, written by its last instruction alone.
    pub(super) fn expr(&mut self, expr: &'t Expr, d: Reg) -> Result<()> {
        if self.b.is_crowded() {
            return self.with_room(expr, d);
        }
        let mark = self.b.top;
        self.expr_kind(expr, d)?;
        self.b.top = mark;
        Ok(())
    }

    /// Moves the intermediate values held to far slots while a deep expression is computed.
    fn with_room(&mut self, expr: &'t Expr, d: Reg) -> Result<()> {
        let ((a, count), span) = (self.b.held(), expr.span);
        let slot = self.b.far_slots(count + 1);
        self.b.emit(Instr::Spill { a, count: count as u8, slot }, span);
        let top = std::mem::replace(&mut self.b.top, a as usize);
        let aside = self.b.set_aside(a, slot);
        let value = self.b.temp(span)?;
        self.expr(expr, value)?;
        let result = slot + count as u32;
        self.b.emit(Instr::SetFar { a: value, slot: result }, span);
        self.b.take_back(aside);
        self.b.top = top;
        self.b.emit(Instr::Unspill { a, count: count as u8, slot }, span);
        self.b.emit(Instr::GetFar { d, slot: result }, span);
        Ok(())
    }

    fn expr_kind(&mut self, expr: &'t Expr, d: Reg) -> Result<()> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::None | ExprKind::Str(_) => {
                self.literal(expr, d)
            }
            ExprKind::Imag(_) => self.not_yet("c128", span),
            ExprKind::FString(parts) => self.fstring(parts, d, span),
            ExprKind::Name(name) => self.load(name, d, span),
            ExprKind::Paren(inner) => self.expr(inner, d),
            ExprKind::Unary { op, operand, .. } => self.unary(*op, operand, expr, d),
            ExprKind::Binary { first, rest } => self.binary(first, rest, expr, d),
            ExprKind::Compare { first, rest } => self.compare(first, rest, d, span),
            ExprKind::Range { start, end } => {
                let a = self.steady_operand(start, &[end])?;
                let b = self.operand(end)?;
                self.b.emit_with(Instr::Range { d, a, b }, span, &[start.span, end.span]);
                Ok(())
            }
            ExprKind::Lambda(lambda) => self.lambda(lambda, d, span),
            ExprKind::Postfix { base, suffixes } => self.postfix(base, suffixes, d, span),
            ExprKind::Tuple { items, .. } => self.tuple(items, d, span),
            ExprKind::Record(items) => self.record(items, d, span),
            ExprKind::Array(items) => self.array(items, expr, d),
            ExprKind::Comprehension { body, clauses } => self.comprehension(body, clauses, d, span),
            ExprKind::If { arms, otherwise } => self.if_expr(arms, otherwise.as_ref(), d, span),
            ExprKind::Try { body, name, handler } => self.try_expr(body, name.as_ref(), handler, d, span),
            ExprKind::Block(block) => self.block(block, d),
            ExprKind::On { device, body } => self.on_device(device, body, d),
        }
    }

    /// Emits the error of a part of the language that has no meaning yet.
    pub(super) fn not_yet(&mut self, what: &str, span: Span) -> Result<()> {
        let what = self.b.name_constant(what);
        self.b.emit(Instr::NotYet { what }, span);
        Ok(())
    }

    /// Errors at run time if a variable may lack a value here.
    fn check_assigned(&mut self, name: &str, reg: Reg, span: Span) {
        if self.b.is_variable(reg) && !self.b.assigned.contains(name) {
            let name = self.b.name_constant(name);
            self.b.emit(Instr::Check { a: reg, name }, span);
        }
    }

    pub(super) fn load(&mut self, name: &str, d: Reg, span: Span) -> Result<()> {
        let place = self.resolve(name);
        self.load_place(place, name, d, span);
        Ok(())
    }

    pub(super) fn load_place(&mut self, place: Place, name: &str, d: Reg, span: Span) {
        match place {
            Place::Reg(a) => {
                self.check_assigned(name, a, span);
                if a != d {
                    self.b.emit(Instr::Copy { d, a }, span);
                }
            }
            Place::Far(slot) => {
                self.b.emit(Instr::GetFar { d, slot }, span);
                if !self.b.assigned.contains(name) {
                    let name = self.b.name_constant(name);
                    self.b.emit(Instr::Check { a: d, name }, span);
                }
            }
            Place::Capture(index) => {
                self.b.emit(Instr::GetCapture { d, index }, span);
                let name = self.b.name_constant(name);
                self.b.emit(Instr::Check { a: d, name }, span);
            }
            Place::Sibling(index) => {
                self.b.emit(Instr::Sibling { d, index }, span);
            }
            Place::Myself => {
                self.b.emit(Instr::Myself { d }, span);
            }
            Place::Global(slot) => {
                self.b.emit(Instr::GetGlobal { d, slot }, span);
                self.b.note_loaded(d, slot);
            }
        }
    }

    fn unary(&mut self, op: UnaryOp, operand: &'t Expr, expr: &'t Expr, d: Reg) -> Result<()> {
        if let Some(value) = self.literal_number(expr) {
            let k = self.b.constant(value);
            self.b.emit(Instr::Const { d, k }, expr.span);
            return Ok(());
        }
        if op == UnaryOp::Nabla {
            // `∇f` is `grad(f)`, whatever `grad` has become
            let callee = self.b.temps(2, expr.span)?;
            self.load_builtin("grad", callee, expr.span);
            self.expr(operand, callee + 1)?;
            self.b.emit_with(Instr::Call { a: callee, count: 1 }, expr.span, &[operand.span]);
            self.b.emit(Instr::Move { d, a: callee }, expr.span);
            return Ok(());
        }
        let a = self.operand(operand)?;
        let instr = match op {
            UnaryOp::Neg => Instr::Neg { d, a },
            UnaryOp::Pos => Instr::Pos { d, a },
            UnaryOp::BitNot => Instr::BitNot { d, a },
            UnaryOp::Not | UnaryOp::Nabla => Instr::Not { d, a },
        };
        self.b.emit_with(instr, expr.span, &[operand.span]);
        Ok(())
    }

    pub(super) fn load_builtin(&mut self, name: &str, d: Reg, span: Span) {
        match self.names.builtin(name) {
            Some(value) => {
                let k = self.b.constant(value);
                self.b.emit(Instr::Const { d, k }, span);
            }
            None => {
                let slot = self.names.slot(name);
                self.b.emit(Instr::GetGlobal { d, slot }, span);
            }
        }
    }

    fn binary(&mut self, first: &'t Expr, rest: &'t [Operand], whole: &'t Expr, d: Reg) -> Result<()> {
        match rest[0].op {
            BinaryOp::Pipe => return self.pipe(first, rest, d),
            BinaryOp::And | BinaryOp::Or => return self.short_circuit(first, rest, d, whole.span),
            _ => {}
        }
        let mark = self.b.top;
        if let (Some(value), [Operand { op: BinaryOp::Mul, op_span, right }]) = (self.small_int(first), rest)
            && self.small_int(right).is_none()
        {
            // `2 * x` is `x * 2`
            let a = self.operand(right)?;
            self.b.emit_with(Instr::MulInt { d, a, value }, *op_span, &[right.span, first.span]);
            self.b.top = mark;
            return Ok(());
        }
        let mut left = self.steady_operand(first, &rest.iter().map(|operand| &operand.right).collect::<Vec<_>>())?;
        let mut span = first.span;
        let acc = if rest.len() > 1 { Some(self.b.temp(whole.span)?) } else { None };
        let above = self.b.top;
        for (i, Operand { op, op_span, right }) in rest.iter().enumerate() {
            let target = match acc {
                Some(acc) if i + 1 < rest.len() => acc,
                _ => d,
            };
            let spans = [span, right.span];
            let instr = self.arithmetic(*op, target, left, right)?;
            self.b.emit_sum(instr, *op_span, &spans);
            self.b.top = above;
            left = target;
            span = span.to(right.span);
        }
        self.b.top = mark;
        Ok(())
    }

    /// The instruction for `d = a op right`; computes `right` unless it fits into the instruction.
    pub(super) fn arithmetic(&mut self, op: BinaryOp, d: Reg, a: Reg, right: &'t Expr) -> Result<Instr> {
        Ok(match (op, self.small_int(right)) {
            (BinaryOp::Add, Some(value)) => Instr::AddInt { d, a, value },
            (BinaryOp::Sub, Some(value)) => Instr::SubInt { d, a, value },
            (BinaryOp::Mul, Some(value)) => Instr::MulInt { d, a, value },
            _ => {
                let b = self.operand(right)?;
                match op {
                    BinaryOp::Add => Instr::Add { d, a, b },
                    BinaryOp::Sub => Instr::Sub { d, a, b },
                    BinaryOp::Mul => Instr::Mul { d, a, b },
                    BinaryOp::Div => Instr::Div { d, a, b },
                    op => Instr::Binary { op, d, a, b },
                }
            }
        })
    }

    /// `a and b and ...`: a scalar on the left decides alone where it can.
    fn short_circuit(&mut self, first: &'t Expr, rest: &'t [Operand], d: Reg, span: Span) -> Result<()> {
        let acc = self.b.temp(span)?;
        self.expr(first, acc)?;
        let mut ends: Vec<Patch> = vec![];
        let mut branches = vec![];
        let mut left_span = first.span;
        for Operand { op, op_span, right } in rest {
            let or = *op == BinaryOp::Or;
            branches.push((self.b.here(), right.span));
            ends.push(self.b.jump_with(Instr::ShortCircuit { a: acc, sense: or, to: 0 }, *op_span, &[left_span]));
            let mark = self.b.top;
            let assigned = self.b.assigned.clone();
            let b = self.operand(right)?;
            self.b.assigned = assigned;
            self.b.emit_with(Instr::Both { or, d: acc, a: acc, b }, *op_span, &[left_span, right.span]);
            self.b.top = mark;
            left_span = left_span.to(right.span);
        }
        self.b.land_all(ends);
        self.meet_here(branches);
        self.b.emit(Instr::Move { d, a: acc }, span);
        Ok(())
    }

    /// Notes where the ways of short-circuits meet.
    fn meet_here(&mut self, branches: Vec<(u32, Span)>) {
        let join = Some(self.b.here());
        for (start, then) in branches {
            let (end, live) = (start + 1, vec![]);
            self.b.tables.branches.push(Branch { start, end, join, then, otherwise: None, live, decides: false });
        }
    }

    /// `a < b < c` is `a < b and b < c`, with `b` computed once.
    fn compare(&mut self, first: &'t Expr, rest: &'t [Comparison], d: Reg, span: Span) -> Result<()> {
        let rights: Vec<&Expr> = rest.iter().map(|comparison| &comparison.right).collect();
        let mut left = self.steady_operand(first, &rights)?;
        let mut left_span = first.span;
        if let [Comparison { op, op_span, right }] = rest {
            let b = self.operand(right)?;
            self.b.emit_with(Instr::Compare { op: *op, d, a: left, b }, *op_span, &[first.span, right.span]);
            return Ok(());
        }
        let acc = self.b.temps(2, span)?;
        let mut ends: Vec<Patch> = vec![];
        let mut branches = vec![];
        let assigned = self.b.assigned.clone();
        for (i, Comparison { op, op_span, right }) in rest.iter().enumerate() {
            let b = if i + 1 < rest.len() { self.fresh(right)? } else { self.operand(right)? };
            let target = if i == 0 { acc } else { acc + 1 };
            self.b.emit_with(Instr::Compare { op: *op, d: target, a: left, b }, *op_span, &[left_span, right.span]);
            if i > 0 {
                self.b.emit(Instr::Both { or: false, d: acc, a: acc, b: acc + 1 }, *op_span);
            }
            if i + 1 < rest.len() {
                branches.push((self.b.here(), rest[i + 1].right.span));
                ends.push(self.b.jump(Instr::ShortCircuit { a: acc, sense: false, to: 0 }, *op_span));
            }
            left = b;
            left_span = right.span;
        }
        self.b.assigned = assigned;
        self.b.land_all(ends);
        self.meet_here(branches);
        self.b.emit(Instr::Move { d, a: acc }, span);
        Ok(())
    }

    /// Jumps when the condition equals `sense`; goes on when it does not.
    pub(super) fn cond_jump(&mut self, cond: &'t Expr, sense: bool, jumps: &mut Vec<Patch>) -> Result<()> {
        let mark = self.b.top;
        match &cond.kind {
            ExprKind::Paren(inner) => self.cond_jump(inner, sense, jumps)?,
            ExprKind::Unary { op: UnaryOp::Not, operand, .. } => self.cond_jump(operand, !sense, jumps)?,
            ExprKind::Binary { first, rest } if matches!(rest[0].op, BinaryOp::And | BinaryOp::Or) => {
                // `decided`: the value of one part that settles the whole
                let decided = rest[0].op == BinaryOp::Or;
                let parts: Vec<&Expr> = std::iter::once(&**first).chain(rest.iter().map(|part| &part.right)).collect();
                let (last, before) =
                    parts.split_last().ok_or_else(|| self.error(Kind::Internal, "empty condition", cond.span))?;
                let mut settled = vec![];
                let assigned = self.b.assigned.clone();
                for part in before {
                    let jumps: &mut Vec<Patch> = if decided == sense { &mut *jumps } else { &mut settled };
                    self.cond_jump(part, decided, jumps)?;
                }
                self.cond_jump(last, sense, jumps)?;
                self.b.assigned = assigned;
                self.b.land_all(settled);
            }
            ExprKind::Compare { first, rest } if rest.len() == 1 && jump_compare(rest[0].op).is_some() => {
                let Comparison { op, op_span, right } = &rest[0];
                let spans = [first.span, right.span];
                let a = self.steady_operand(first, &[right])?;
                let instr = match (op, self.small_int(right).and_then(|value| i8::try_from(value).ok())) {
                    (CompareOp::Lt, Some(value)) => Instr::JumpLtInt { sense, a, value, to: 0 },
                    (CompareOp::Le, Some(value)) => Instr::JumpLeInt { sense, a, value, to: 0 },
                    (CompareOp::Eq, Some(value)) => Instr::JumpEqInt { sense, a, value, to: 0 },
                    (CompareOp::Ne, Some(value)) => Instr::JumpEqInt { sense: !sense, a, value, to: 0 },
                    _ => {
                        let b = self.operand(right)?;
                        match op {
                            CompareOp::Lt => Instr::JumpLt { sense, a, b, to: 0 },
                            CompareOp::Le => Instr::JumpLe { sense, a, b, to: 0 },
                            CompareOp::Gt => Instr::JumpLt { sense, a: b, b: a, to: 0 },
                            CompareOp::Ge => Instr::JumpLe { sense, a: b, b: a, to: 0 },
                            CompareOp::Ne => Instr::JumpEq { sense: !sense, a, b, to: 0 },
                            _ => Instr::JumpEq { sense, a, b, to: 0 },
                        }
                    }
                };
                let swapped = matches!(op, CompareOp::Gt | CompareOp::Ge);
                let spans = if swapped { [spans[1], spans[0]] } else { spans };
                jumps.push(self.b.jump_with(instr, *op_span, &spans));
            }
            _ => {
                let a = self.operand(cond)?;
                jumps.push(self.b.jump_with(Instr::JumpIf { a, sense, to: 0 }, cond.span, &[cond.span]));
            }
        }
        self.b.top = mark;
        Ok(())
    }

    /// A whole number small enough to stand in an instruction.
    fn small_int(&self, expr: &Expr) -> Option<i32> {
        match self.literal_number(expr) {
            Some(Value::Array(crate::tensor::Array::Int(value))) => i32::try_from(value).ok(),
            _ => None,
        }
    }
}

/// Comparisons with an instruction that compares and jumps.
fn jump_compare(op: CompareOp) -> Option<CompareOp> {
    (!matches!(op, CompareOp::In | CompareOp::NotIn)).then_some(op)
}

/// May computing it assign a variable? Only blocks hold statements.
pub(super) fn may_assign(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Imag(_) | ExprKind::Bool(_) | ExprKind::None => false,
        ExprKind::Str(_) | ExprKind::Name(_) | ExprKind::Lambda(_) => false,
        ExprKind::FString(parts) => parts.iter().any(|part| match part {
            FPart::Text(_) => false,
            FPart::Value { value, .. } => may_assign(value),
        }),
        ExprKind::Paren(e) => may_assign(e),
        ExprKind::Unary { operand, .. } => may_assign(operand),
        ExprKind::Binary { first, rest } => may_assign(first) || rest.iter().any(|o| may_assign(&o.right)),
        ExprKind::Compare { first, rest } => may_assign(first) || rest.iter().any(|o| may_assign(&o.right)),
        ExprKind::Range { start, end } => may_assign(start) || may_assign(end),
        ExprKind::Postfix { base, suffixes } => may_assign(base) || suffixes.iter().any(suffix_may_assign),
        ExprKind::Tuple { items, .. } | ExprKind::Record(items) | ExprKind::Array(items) => {
            items.iter().any(item_may_assign)
        }
        ExprKind::Comprehension { body, clauses } => {
            may_assign(body)
                || clauses.iter().any(|clause| match clause {
                    Clause::For { iter, .. } => may_assign(iter),
                    Clause::If(e) => may_assign(e),
                })
        }
        ExprKind::If { .. } | ExprKind::Try { .. } | ExprKind::Block(_) | ExprKind::On { .. } => true,
    }
}

pub(super) fn suffix_may_assign(suffix: &Suffix) -> bool {
    match &suffix.kind {
        SuffixKind::Field(_) => false,
        SuffixKind::Method(_, items) | SuffixKind::Call(items) => items.iter().any(item_may_assign),
        SuffixKind::Index(subscripts) => subscripts.iter().any(|subscript| match subscript {
            Subscript::At(e) => may_assign(e),
            Subscript::Rest(_) => false,
            Subscript::Slice { start, stop, step, .. } => [start, stop, step].into_iter().flatten().any(may_assign),
        }),
    }
}

fn item_may_assign(item: &Item) -> bool {
    match item {
        Item::Pos(e) | Item::Named(_, e) | Item::Spread(e) => may_assign(e),
    }
}
