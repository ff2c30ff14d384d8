//! Operations that change nothing, or that undo each other.
//!
//! Every rule here holds for all numbers: NaN, infinities and signed zeros among them. So `x + 0` stays, which makes 0
//! of -0. A value only takes the place of one of the same shape, dtype and place.

use crate::graph::draft::{Change, Draft};
use crate::graph::{Node, Operand};
use crate::ops::cast::CAST;
use crate::ops::place::PLACE;
use crate::ops::slice::SLICE;
use crate::ops::{
    ABS, ADD, Attrs, BIT_NOT, BROADCAST, CEIL, DIV, FLOOR, FLOOR_DIV, LOGICAL_NOT, MUL, NEG, Op, POS, RELU, RESHAPE,
    REVERSE, RINT, SUB, TRANSPOSE, TRUNC,
};
use crate::tensor::{Abstract, Array, DType, Scalar};
use std::ptr;

pub fn run(draft: &mut Draft) {
    draft.rewrite(|draft, node| {
        let [out] = node.outs.as_slice() else { return Change::Keep };
        let is_alike = |operand: &Operand| draft.aval(operand).as_ref() == Some(out);
        if let Some(same) = same(draft, node, out).filter(is_alike) {
            return Change::value(same);
        }
        // two that were joined may change nothing together
        let joined = joined(draft, node);
        match joined.as_ref().and_then(|joined| same(draft, joined, out)).filter(is_alike) {
            Some(same) => Change::value(same),
            None => Change::node(joined),
        }
    });
}

fn is(node: &Node, op: &Op) -> bool {
    ptr::eq(node.op.entry, op.entry)
}

/// The value that a node gives, where it is one that is there already.
fn same(draft: &Draft, node: &Node, out: &Abstract) -> Option<Operand> {
    match node.inputs.as_slice() {
        [x] => of_one(draft, node, x, out),
        [x, y] => of_two(node, x, y, out),
        _ => None,
    }
}

fn of_one(draft: &Draft, node: &Node, x: &Operand, out: &Abstract) -> Option<Operand> {
    let entry = node.op.entry;
    // the same operation before it
    let inner = draft.made_by(x).filter(|inner| ptr::eq(inner.op.entry, entry));
    let within = inner.and_then(|inner| inner.inputs.first());
    match &node.op.attrs {
        Attrs::None if is(node, &POS) => Some(x.clone()),
        // twice is not at all; weak integers have no opposite of the least one
        Attrs::None if [&NEG, &BIT_NOT, &LOGICAL_NOT].iter().any(|op| is(node, op)) => {
            within.filter(|_| !out.weak).cloned()
        }
        // twice is once
        Attrs::None if [&ABS, &RELU, &FLOOR, &CEIL, &TRUNC, &RINT].iter().any(|op| is(node, op)) => {
            inner.map(|_| x.clone())
        }
        Attrs::DType(to) if ptr::eq(entry, &CAST) => {
            let through = draft.aval(x)?.dtype;
            if through == *to {
                return Some(x.clone());
            }
            // there and back
            within.cloned().filter(|from| draft.aval(from).is_some_and(|from| is_exact(from.dtype, through)))
        }
        Attrs::Place(..) if ptr::eq(entry, &PLACE) => Some(x.clone()),
        // where they change no shape they change nothing
        Attrs::Shape(_) if ptr::eq(entry, &RESHAPE) || ptr::eq(entry, &BROADCAST) => Some(x.clone()),
        Attrs::Axes(order) if ptr::eq(entry, &TRANSPOSE) && order.iter().copied().eq(0..order.len()) => Some(x.clone()),
        Attrs::Axes(axes) if ptr::eq(entry, &REVERSE) => {
            if axes.iter().all(|&axis| out.shape.get(axis).is_none_or(|&len| len <= 1)) {
                return Some(x.clone());
            }
            within.filter(|_| inner.is_some_and(|inner| inner.op.attrs == node.op.attrs)).cloned()
        }
        Attrs::Slice(slice) if ptr::eq(entry, &SLICE) && slice.is_all(&draft.aval(x)?.shape) => Some(x.clone()),
        _ => None,
    }
}

/// Has the second dtype all numbers of the first?
fn is_exact(from: DType, to: DType) -> bool {
    use DType::*;
    match from {
        Bool => matches!(to, U8 | I32 | I64 | F32 | F64),
        U8 => matches!(to, I32 | I64 | F32 | F64),
        I32 => matches!(to, I64 | F64),
        F32 => to == F64,
        I64 | F64 | Str => false,
    }
}

fn of_two(node: &Node, x: &Operand, y: &Operand, out: &Abstract) -> Option<Operand> {
    let is_float = out.dtype.is_float();
    let one = |operand: &Operand| number(operand).is_some_and(|number| number == 1.0);
    // of floats only one of the zeros
    let zero = |operand: &Operand, negative: bool| {
        number(operand).is_some_and(|number| number == 0.0 && (!is_float || number.is_sign_negative() == negative))
    };
    let is_identity = |operand: &Operand| match node {
        node if is(node, &MUL) => one(operand),
        node if is(node, &ADD) => zero(operand, true),
        _ => false,
    };
    let right = is_identity(y)
        || is(node, &SUB) && zero(y, false)
        || is(node, &DIV) && one(y)
        || is(node, &FLOOR_DIV) && !is_float && one(y);
    match (right, is_identity(x)) {
        (true, _) => Some(x.clone()),
        (_, true) => Some(y.clone()),
        _ => None,
    }
}

/// A number without axes that is known; truth values are none.
fn number(operand: &Operand) -> Option<f64> {
    match operand {
        Operand::Const(array) if !matches!(array, Array::Tensor(_)) => match array.as_scalar()? {
            Scalar::Bool(_) => None,
            scalar => Some(scalar.as_f64()),
        },
        _ => None,
    }
}

/// Two looks at the same elements as one. A number that was written out has a dtype behind the first alone.
fn joined(draft: &Draft, node: &Node) -> Option<Node> {
    let entry = node.op.entry;
    let inner = draft.made_by(node.inputs.first()?).filter(|inner| ptr::eq(inner.op.entry, entry))?;
    if draft.aval(inner.inputs.first()?)?.weak {
        return None;
    }
    let attrs = match (&node.op.attrs, &inner.op.attrs) {
        (Attrs::Shape(_), Attrs::Shape(_)) if ptr::eq(entry, &RESHAPE) || ptr::eq(entry, &BROADCAST) => {
            node.op.attrs.clone()
        }
        (Attrs::Axes(last), Attrs::Axes(first)) if ptr::eq(entry, &TRANSPOSE) => {
            Attrs::Axes(last.iter().filter_map(|&axis| first.get(axis).copied()).collect())
        }
        _ => return None,
    };
    Some(Node { op: Op { entry, attrs }, inputs: inner.inputs.clone(), ..node.clone() })
}
