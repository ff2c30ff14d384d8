//! A value that is stretched to be read by an operation that stretches by itself is read as it is.
//!
//! Element-wise operations do; a contraction keeps the axes of one side that the other does not have, so that an axis
//! along which a side is only stretched becomes one of the other side alone.

use crate::graph::draft::{Change, Draft};
use crate::graph::{Node, Operand};
use crate::ops::contract::{CONTRACT, Dimensions};
use crate::ops::{Attrs, BROADCAST, Op, Rule};
use crate::tensor::{Abstract, Axes};
use smallvec::SmallVec;

pub fn run(draft: &mut Draft) {
    draft.rewrite(|draft, node| {
        let found = match (&node.op.attrs, &node.op.entry.rule) {
            (Attrs::None, Rule::Elementwise(_)) => elementwise(draft, node),
            (Attrs::Contract(dimensions), _) => contraction(draft, node, dimensions),
            _ => None,
        };
        Change::node(found)
    });
}

/// What a value was stretched from. A number that was written out has another type when it was stretched.
fn source<'d>(draft: &'d Draft, operand: &Operand) -> Option<(&'d Operand, Abstract)> {
    let made_by = draft.made_by(operand).filter(|node| std::ptr::eq(node.op.entry, &BROADCAST))?;
    let source = made_by.inputs.first()?;
    Some((source, draft.aval(source)?)).filter(|(_, aval)| !aval.weak)
}

fn elementwise(draft: &Draft, node: &Node) -> Option<Node> {
    // no result needs the elements that integers would be refused for
    if node.outs.iter().any(|out| out.size() == 0) {
        return None;
    }
    let mut inputs = node.inputs.clone();
    let mut avals: SmallVec<[Abstract; 3]> =
        inputs.iter().map(|input| draft.aval(input)).collect::<Option<SmallVec<_>>>()?;
    let mut changed = false;
    for number in 0..inputs.len() {
        let Some((source, aval)) = source(draft, &inputs[number]) else { continue };
        let stretched = std::mem::replace(&mut avals[number], aval);
        match node.op.infer_all(&avals) {
            Ok(outs) if outs == node.outs => {
                inputs[number] = source.clone();
                changed = true;
            }
            _ => avals[number] = stretched,
        }
    }
    changed.then(|| Node { inputs, ..node.clone() })
}

/// One axis of the result: the side that it comes from, the left where both have it, and the axis there.
type Origin = (usize, usize);

/// Where the axes of a result come from: batch axes, the left side's own, the right side's own.
fn origins(dimensions: &Dimensions, ndims: [usize; 2], both: impl Fn(usize) -> Origin) -> Vec<Origin> {
    let mut origins: Vec<Origin> = (0..dimensions.batch[0].len()).map(both).collect();
    for (side, ndim) in ndims.into_iter().enumerate() {
        let taken = |axis: &usize| dimensions.batch[side].contains(axis) || dimensions.contract[side].contains(axis);
        origins.extend((0..ndim).filter(|axis| !taken(axis)).map(|axis| (side, axis)));
    }
    origins
}

fn contraction(draft: &Draft, node: &Node, dimensions: &Dimensions) -> Option<Node> {
    let [left, right] = node.inputs.as_slice() else { return None };
    let ndims = [draft.aval(left)?.shape.len(), draft.aval(right)?.shape.len()];
    (0..2).find_map(|side| unstretched(draft, node, dimensions, ndims, side))
}

/// The contraction with what one side was stretched from. The new axes have to be the first, batch axes, and the axes of
/// the result have to keep their order.
fn unstretched(draft: &Draft, node: &Node, dimensions: &Dimensions, ndims: [usize; 2], side: usize) -> Option<Node> {
    let (source, aval) = source(draft, &node.inputs[side])?;
    let stretched = draft.aval(&node.inputs[side])?;
    let new = ndims[side] - aval.shape.len();
    if new == 0 || aval.shape[..] != stretched.shape[new..] {
        return None;
    }
    let kept: Vec<usize> = (0..dimensions.batch[side].len()).filter(|&at| dimensions.batch[side][at] >= new).collect();
    if dimensions.batch[side].len() - kept.len() != new || dimensions.contract[side].iter().any(|&axis| axis < new) {
        return None;
    }
    let moved = |of: usize, axis: usize| if of == side { axis - new } else { axis };
    let batch = [0, 1].map(|of| kept.iter().map(|&at| moved(of, dimensions.batch[of][at])).collect::<Axes>());
    let contract = [0, 1].map(|of| dimensions.contract[of].iter().map(|&axis| moved(of, axis)).collect::<Axes>());
    let found = Dimensions { batch, contract };
    // by the axes of the other side, which has all batch axes
    let other = 1 - side;
    let before = origins(dimensions, ndims, |at| (other, dimensions.batch[other][at]));
    let mut fewer = ndims;
    fewer[side] -= new;
    let after = origins(&found, fewer, |at| (other, found.batch[other][at]));
    let back = |(of, axis): Origin| (of, if of == side { axis + new } else { axis });
    if !after.into_iter().map(back).eq(before) {
        return None;
    }
    let mut inputs = node.inputs.clone();
    inputs[side] = source.clone();
    let op = Op { entry: &CONTRACT, attrs: Attrs::Contract(found) };
    Some(Node { op, inputs, ..node.clone() })
}
