//! What is computed twice from the same is computed once.

use crate::graph::draft::{Change, Draft};
use crate::graph::{Node, Operand};
use crate::ops::Attrs;
use crate::ops::barrier::BARRIER;
use crate::ops::slice::Cut;
use crate::tensor::Array;
use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};
use std::ptr::from_ref;

pub fn run(draft: &mut Draft) {
    let mut seen: FxHashMap<u64, SmallVec<[usize; 1]>> = FxHashMap::default();
    let mut number = 0;
    draft.rewrite(|draft, node| {
        let at = number;
        number += 1;
        if node.inputs.is_empty() || node.op.has_effect() || std::ptr::eq(node.op.entry, &BARRIER) {
            return Change::Keep;
        }
        let alike = seen.entry(hash(node)).or_default();
        match alike.iter().find(|&&other| draft.nodes.get(other).is_some_and(|other| is_same(other, node))) {
            Some(&other) => Change::Values((0..node.outs.len()).map(|out| Operand::Node(other, out)).collect()),
            None => {
                alike.push(at);
                Change::Keep
            }
        }
    });
}

fn hash(node: &Node) -> u64 {
    let mut hasher = FxHasher::default();
    from_ref(node.op.entry).addr().hash(&mut hasher);
    for input in &node.inputs {
        match input {
            Operand::Input(number) => (0, *number, 0).hash(&mut hasher),
            Operand::Node(number, result) => (1, *number, *result).hash(&mut hasher),
            Operand::Const(Array::Tensor(tensor)) => (2, tensor.address(), 0).hash(&mut hasher),
            Operand::Const(number) => number.as_scalar().map(|number| number.as_f64().to_bits()).hash(&mut hasher),
        }
    }
    // those of which a long graph may have many that differ in nothing else
    match &node.op.attrs {
        Attrs::Shape(lengths) => lengths.hash(&mut hasher),
        Attrs::Axes(axes) => axes.hash(&mut hasher),
        Attrs::Slice(slice) => slice.cuts.iter().for_each(|cut| match *cut {
            Cut::At(position) => (0, position).hash(&mut hasher),
            Cut::Span { start, step, count } => (1, start, step, count).hash(&mut hasher),
            Cut::New => 2.hash(&mut hasher),
        }),
        _ => {}
    }
    hasher.finish()
}

fn is_same(x: &Node, y: &Node) -> bool {
    std::ptr::eq(x.op.entry, y.op.entry)
        && x.inputs.len() == y.inputs.len()
        && x.inputs.iter().zip(&y.inputs).all(|(x, y)| match (x, y) {
            (Operand::Input(x), Operand::Input(y)) => x == y,
            (Operand::Node(x, i), Operand::Node(y, j)) => (x, i) == (y, j),
            (Operand::Const(x), Operand::Const(y)) => x.is_identical(y),
            _ => false,
        })
        && x.op.attrs == y.op.attrs
        && x.outs == y.outs
}
