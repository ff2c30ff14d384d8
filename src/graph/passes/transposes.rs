//! Transposes become part of the contractions that read them or that they are of: which axes belong together is free.

use crate::graph::draft::{Change, Draft};
use crate::graph::{Node, Operand};
use crate::ops::contract::{CONTRACT, Dimensions};
use crate::ops::{Attrs, Op, TRANSPOSE};
use crate::tensor::Axes;

pub fn run(draft: &mut Draft) {
    let reads = draft.reads();
    draft.rewrite(|draft, node| {
        let found = match &node.op.attrs {
            Attrs::Contract(dimensions) => of_inputs(draft, node, dimensions),
            Attrs::Axes(order) if is_transpose(node) => of_result(draft, node, order, &reads),
            _ => None,
        };
        Change::node(found)
    });
}

fn is_transpose(node: &Node) -> bool {
    std::ptr::eq(node.op.entry, &TRANSPOSE)
}

fn with(node: &Node, dimensions: Dimensions) -> Node {
    Node { op: Op { entry: &CONTRACT, attrs: Attrs::Contract(dimensions) }, ..node.clone() }
}

/// A contraction of what its sides are transposes of.
fn of_inputs(draft: &Draft, node: &Node, dimensions: &Dimensions) -> Option<Node> {
    let mut inputs = node.inputs.clone();
    let mut dimensions = dimensions.clone();
    let mut changed = false;
    for (side, input) in inputs.iter_mut().enumerate().take(2) {
        let Some(made_by) = draft.made_by(input).filter(|node| is_transpose(node)) else { continue };
        let (Attrs::Axes(order), Some(source)) = (&made_by.op.attrs, made_by.inputs.first()) else { continue };
        let [batch, contract] = [&dimensions.batch[side], &dimensions.contract[side]];
        // the axes of this side alone stand in the result in their order
        let own = (0..order.len()).filter(|axis| !batch.contains(axis) && !contract.contains(axis));
        if !own.map(|axis| order[axis]).is_sorted() {
            continue;
        }
        let moved = |axes: &Axes| axes.iter().map(|&axis| order[axis]).collect();
        (dimensions.batch[side], dimensions.contract[side]) = (moved(batch), moved(contract));
        *input = source.clone();
        changed = true;
    }
    changed.then(|| Node { inputs, ..with(node, dimensions) })
}

/// A transpose that brings the right side's axes ahead of the left side's is the contraction the other way round. Only
/// where nobody else reads the contraction: it must not be done twice.
fn of_result(draft: &Draft, node: &Node, order: &Axes, reads: &[u32]) -> Option<Node> {
    let operand = node.inputs.first()?;
    let product = draft.made_by(operand)?;
    let Attrs::Contract(dimensions) = &product.op.attrs else { return None };
    if !matches!(operand, Operand::Node(number, _) if reads.get(*number) == Some(&1)) {
        return None;
    }
    let [left, right] = product.inputs.as_slice() else { return None };
    let batches = dimensions.batch[0].len();
    let own = draft.aval(left)?.shape.len() - batches - dimensions.contract[0].len();
    let swapped = (0..batches).chain(batches + own..order.len()).chain(batches..batches + own);
    if !swapped.eq(order.iter().copied()) {
        return None;
    }
    let turned = |[a, b]: &[Axes; 2]| [b.clone(), a.clone()];
    let dimensions = Dimensions { batch: turned(&dimensions.batch), contract: turned(&dimensions.contract) };
    let inputs = [right.clone(), left.clone()].into_iter().collect();
    Some(Node { inputs, ..with(node, dimensions) })
}
