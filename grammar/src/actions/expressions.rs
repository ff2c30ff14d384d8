//! Actions for expressions, loosest first.

// What the grammar hands over stands in boxes, to keep the symbols of the parser small.
#![allow(clippy::boxed_local, clippy::vec_box)]

use super::{Argument, Builder, Deep, E, MAX_CHAIN};
use crate::check;
use crate::tree::*;

fn items(arguments: Vec<Argument>) -> Vec<Item> {
    let item = |argument| match argument {
        Argument::Pos(e) => Item::Pos(*e),
        Argument::Named(name, e) => Item::Named(name, *e),
        Argument::Spread(e) => Item::Spread(*e),
    };
    arguments.into_iter().map(item).collect()
}

fn deepest(items: &[Item]) -> u16 {
    items.iter().map(|item| check::value(item).depth).max().unwrap_or(0)
}

impl Builder<'_> {
    pub fn unary(&mut self, op: UnaryOp, op_span: Span, operand: E) -> E {
        if op == UnaryOp::Neg && matches!(operand.kind, ExprKind::Int(_)) {
            self.unclaimed.retain(|&span| span != operand.span);
        }
        let (span, depth) = (op_span.to(operand.span), operand.depth);
        self.node(span, ExprKind::Unary { op, op_span, operand }, depth)
    }

    pub fn nabla(&mut self, op_span: Span, operand: E) -> E {
        let depth = operand.depth;
        self.shape(ExprKind::Unary { op: UnaryOp::Nabla, op_span, operand }, depth)
    }

    pub fn binary(&mut self, mut left: E, (op_span, op): (Span, BinaryOp), right: E) -> E {
        let span = left.span.to(right.span);
        let below = right.depth;
        let operand = Operand { op, op_span, right: *right };
        if let ExprKind::Binary { rest, .. } = &mut left.kind
            && rest.first().is_some_and(|first| first.op.tier() == op.tier())
        {
            rest.push(operand);
            left.span = span;
            left.depth = left.depth.max(below + 1);
            return self.bounded(left);
        }
        let depth = left.depth.max(below);
        self.node(span, ExprKind::Binary { first: left, rest: vec![operand] }, depth)
    }

    pub fn compare(&mut self, first: E, rest: Vec<Box<Comparison>>) -> E {
        let rest: Vec<Comparison> = rest.into_iter().map(|comparison| *comparison).collect();
        let (depth, span) = rest.iter().fold((first.depth, first.span), |(depth, span), comparison| {
            (depth.max(comparison.right.depth), span.to(comparison.right.span))
        });
        self.node(span, ExprKind::Compare { first, rest }, depth)
    }

    pub fn range(&mut self, start: E, end: E) -> E {
        let (span, depth) = (start.span.to(end.span), start.depth.max(end.depth));
        self.node(span, ExprKind::Range { start, end }, depth)
    }

    pub fn lambda(&mut self, params: Vec<Box<Deep<Param>>>, body: E) -> E {
        let (params, depth) = self.params(params);
        let depth = depth.max(body.depth);
        self.shape(ExprKind::Lambda(Box::new(Lambda { params, body: *body })), depth)
    }

    pub fn suffix(&self, start: u32, step: Deep<SuffixKind>, end: u32) -> Box<Deep<Suffix>> {
        Box::new(Deep { depth: step.depth, node: Suffix { span: Span { start, end }, kind: step.node } })
    }

    pub fn call(&mut self, arguments: Vec<Argument>) -> Deep<SuffixKind> {
        let items = items(arguments);
        check::arguments(&items, &mut self.diagnostics);
        Deep { depth: deepest(&items), node: SuffixKind::Call(items) }
    }

    pub fn index(&mut self, subscripts: Vec<Box<Subscript>>) -> Deep<SuffixKind> {
        let depth = |e: &Option<Expr>| e.as_ref().map_or(0, |e| e.depth);
        let depth = subscripts.iter().map(|subscript| match &**subscript {
            Subscript::At(e) => e.depth,
            Subscript::Rest(_) => 0,
            Subscript::Slice { start, stop, step, .. } => depth(start).max(depth(stop)).max(depth(step)),
        });
        let depth = depth.max().unwrap_or(0);
        Deep { depth, node: SuffixKind::Index(subscripts.into_iter().map(|subscript| *subscript).collect()) }
    }

    pub fn slice(&self, l: u32, start: Option<E>, stop: Option<E>, step: Option<E>, r: u32) -> Box<Subscript> {
        let [start, stop, step] = [start, stop, step].map(|e| e.map(|e| *e));
        Box::new(Subscript::Slice { start, stop, step, span: Span { start: l, end: r } })
    }

    pub fn postfix(&mut self, mut base: E, step: Box<Deep<Suffix>>) -> E {
        let Deep { node: mut suffix, depth } = *step;
        let span = base.span.to(suffix.span);
        let ExprKind::Postfix { suffixes, .. } = &mut base.kind else {
            let depth = base.depth.max(depth);
            return self.node(span, ExprKind::Postfix { base, suffixes: vec![suffix] }, depth);
        };
        if let SuffixKind::Call(items) = &mut suffix.kind
            && let Some(field) = suffixes.pop_if(|last| matches!(last.kind, SuffixKind::Field(_)))
            && let SuffixKind::Field(name) = field.kind
        {
            suffix.kind = SuffixKind::Method(name, std::mem::take(items));
            suffix.span = field.span.to(suffix.span);
        }
        if suffixes.len() < MAX_CHAIN {
            suffixes.push(suffix);
            base.span = span;
            base.depth = base.depth.max(depth + 1);
        } else {
            let message = format!("this chain is too long: it has more than {MAX_CHAIN} steps");
            self.too_long(suffix.span, message, "name a value on the way and go on from it");
        }
        self.bounded(base)
    }

    pub fn bare_tuple(&mut self, first: E, rest: Vec<E>) -> E {
        let span = rest.last().map_or(first.span, |last| first.span.to(last.span));
        let items: Vec<Item> = std::iter::once(first).chain(rest).map(|e| Item::Pos(*e)).collect();
        let depth = deepest(&items);
        self.node(span, ExprKind::Tuple { items, bare: true }, depth)
    }

    pub fn parens(&mut self, (mut arguments, comma): (Vec<Argument>, bool)) -> E {
        if arguments.len() == 1
            && !comma
            && let Some(Argument::Pos(inner)) = arguments.pop_if(|argument| matches!(argument, Argument::Pos(_)))
        {
            let depth = inner.depth;
            return self.shape(ExprKind::Paren(inner), depth);
        }
        let items = items(arguments);
        let depth = deepest(&items);
        if items.iter().any(|item| matches!(item, Item::Named(..))) {
            check::record(&items, &mut self.diagnostics);
            return self.shape(ExprKind::Record(items), depth);
        }
        self.shape(ExprKind::Tuple { items, bare: false }, depth)
    }

    pub fn array(&mut self, elements: Vec<Argument>) -> E {
        let items = items(elements);
        let depth = deepest(&items);
        self.shape(ExprKind::Array(items), depth)
    }

    pub fn comprehension(&mut self, body: E, clauses: Vec<Box<Deep<Clause>>>) -> E {
        let depth = clauses.iter().map(|clause| clause.depth).max().unwrap_or(0).max(body.depth);
        let clauses = clauses.into_iter().map(|clause| clause.node).collect();
        self.shape(ExprKind::Comprehension { body, clauses }, depth)
    }

    pub fn arm(&mut self, mut arms: Deep<Vec<(Expr, Block)>>, cond: E, block: Deep<Block>) -> Deep<Vec<(Expr, Block)>> {
        if arms.node.len() < MAX_CHAIN {
            arms.depth = arms.depth.max(cond.depth).max(block.depth);
            arms.node.push((*cond, block.node));
        } else {
            let message = format!("this `if` is too long: it has more than {MAX_CHAIN} arms");
            self.too_long(cond.span, message, "look the value up in a record or an array");
        }
        arms
    }

    pub fn if_expr(&mut self, arms: Deep<Vec<(Expr, Block)>>, otherwise: Option<Deep<Block>>) -> E {
        let depth = otherwise.as_ref().map_or(0, |block| block.depth).max(arms.depth);
        self.shape(ExprKind::If { arms: arms.node, otherwise: otherwise.map(|block| block.node) }, depth)
    }

    pub fn try_expr(&mut self, body: Deep<Block>, name: Option<Name>, handler: Deep<Block>) -> E {
        let depth = body.depth.max(handler.depth);
        self.shape(ExprKind::Try { body: body.node, name, handler: handler.node }, depth)
    }

    pub fn on(&mut self, device: E, body: Deep<Block>) -> E {
        let depth = device.depth.max(body.depth);
        self.shape(ExprKind::On { device, body: body.node }, depth)
    }
}
