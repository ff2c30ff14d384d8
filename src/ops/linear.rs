//! What rules of derivatives share: bringing tangents into the form of a result, and cotangents back.

use super::cast::{op as cast_op, weaken};
use super::place::place;
use super::reduce::{SUM, reduce};
use super::{Abstract, apply1, broadcast_to, create, reshape};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Array, Scalar};
use smallvec::SmallVec;

/// A tangent in the dtype and shape of the result that it moves.
pub fn align(cx: &mut Context, tangent: Array, like: &Abstract) -> Result<Array> {
    let aval = tangent.aval();
    let tangent = match (like.weak, aval.weak) {
        (false, true) => apply1(cx, &cast_op(like.dtype), tangent)?,
        (false, false) if aval.dtype != like.dtype => apply1(cx, &cast_op(like.dtype), tangent)?,
        _ => tangent,
    };
    if aval.shape == like.shape { Ok(tangent) } else { broadcast_to(cx, tangent, &like.shape) }
}

/// A cotangent in the type of the value it belongs to, which had this form before it was cast, and where that is.
pub fn cast_back(cx: &mut Context, ct: Array, like: &Abstract) -> Result<Array> {
    if like.weak {
        return weaken(cx, ct);
    }
    let typed = if ct.dtype() == like.dtype && !ct.is_weak() { ct } else { apply1(cx, &cast_op(like.dtype), ct)? };
    place(cx, typed, like.device)
}

/// Summed over the axes along which a value of this shape was stretched.
pub fn sum_to(cx: &mut Context, ct: Array, shape: &[usize]) -> Result<Array> {
    if ct.shape() == shape {
        return Ok(ct);
    }
    let added = ct.ndim().saturating_sub(shape.len());
    let stretched = |axis: usize| axis < added || shape[axis - added] == 1 && ct.shape()[axis] != 1;
    let axes: SmallVec<[i64; 4]> = (0..ct.ndim()).filter(|&axis| stretched(axis)).map(|axis| axis as i64).collect();
    let summed = reduce(cx, &SUM, ct, Some(&axes), true)?;
    reshape(cx, summed, &lengths(shape))
}

/// Zeros in the form of a value.
pub fn zeros(cx: &mut Context, like: &Abstract) -> Result<Array> {
    if like.weak {
        return Ok(Array::Float(0.0));
    }
    create::same_everywhere(cx, Scalar::Bool(false), like)
}

/// A shape as a program writes it.
pub fn lengths(shape: &[usize]) -> SmallVec<[i64; 4]> {
    shape.iter().map(|&len| len as i64).collect()
}
