//! What rules of batches share. A batched input has the rows of the batch along its first axis.

use super::linear::lengths;
use super::{Outputs, apply1, broadcast_to, reshape, transpose};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Array, Axes, Shape};
use smallvec::{SmallVec, smallvec};

/// The one input of an operation, all rows of it: stretched along a new first axis where it is the same for all.
pub fn all_rows(cx: &mut Context, x: &Array, batched: bool, rows: usize) -> Result<Array> {
    if batched {
        return Ok(x.clone());
    }
    let shape: Shape = std::iter::once(rows).chain(x.shape().iter().copied()).collect();
    broadcast_to(cx, x.clone(), &shape)
}

/// A batched value whose rows have so many axes, new ones of length one ahead of their own.
pub fn with_ndim(cx: &mut Context, x: &Array, ndim: usize) -> Result<Array> {
    let Some((&rows, row)) = x.shape().split_first() else { return Ok(x.clone()) };
    let missing = ndim.saturating_sub(row.len());
    if missing == 0 {
        return Ok(x.clone());
    }
    let mut shape: SmallVec<[i64; 4]> = smallvec![rows as i64];
    shape.extend(std::iter::repeat_n(1, missing));
    shape.extend(lengths(row));
    reshape(cx, x.clone(), &shape)
}

/// The axes of a row, counted in the batch.
pub fn shifted(axes: &[usize]) -> Axes {
    axes.iter().map(|&axis| axis + 1).collect()
}

/// With this axis first.
pub fn rows_first(cx: &mut Context, x: Array, axis: usize) -> Result<Array> {
    if axis == 0 {
        return Ok(x);
    }
    let order: SmallVec<[i64; 4]> =
        std::iter::once(axis).chain((0..x.ndim()).filter(|&other| other != axis)).map(|axis| axis as i64).collect();
    transpose(cx, x, Some(&order))
}

/// The result of an operation of one input that is batched.
pub fn one(cx: &mut Context, op: &super::Op, x: &Array) -> Result<Outputs> {
    Ok(smallvec![apply1(cx, op, x.clone())?])
}
