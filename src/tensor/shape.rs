//! Shapes: sizes, strides, axes and broadcasting.

use crate::diagnostics::{Error, Result};
use smallvec::SmallVec;

/// Axes a tensor may have at most.
pub const MAX_NDIM: usize = 32;

/// The length of every axis.
pub type Shape = SmallVec<[usize; 4]>;
/// Steps in the buffer from one element to the next along every axis, in elements.
pub type Strides = SmallVec<[isize; 4]>;
/// Numbers of axes.
pub type Axes = SmallVec<[usize; 4]>;

/// The shape as a value. As `Shape::from_slice`, without a call for one axis or two.
#[inline]
pub fn copy(shape: &[usize]) -> Shape {
    match *shape {
        [a] => Shape::from_buf_and_len([a, 0, 0, 0], 1),
        [a, b] => Shape::from_buf_and_len([a, b, 0, 0], 2),
        _ => Shape::from_slice(shape),
    }
}

/// Equality without a call: most shapes are short.
#[inline]
pub fn same(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

/// Elements of a tensor of this shape; `usize::MAX` where that is more than can be counted.
pub fn size(shape: &[usize]) -> usize {
    if shape.contains(&0) { 0 } else { shape.iter().fold(1, |size, &len| size.saturating_mul(len)) }
}

/// Row-major strides.
pub fn contiguous(shape: &[usize]) -> Strides {
    let mut strides: Strides = smallvec::smallvec![0; shape.len()];
    let mut step: isize = 1;
    for (stride, &len) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step = step.saturating_mul(isize::try_from(len.max(1)).unwrap_or(isize::MAX));
    }
    strides
}

/// `[2, 3]`
pub fn text(shape: &[usize]) -> String {
    format!("{shape:?}")
}

/// An axis counted from the end when negative, as an axis of `ndim`.
pub fn axis(axis: i64, ndim: usize) -> Result<usize> {
    let from_start = if axis < 0 { axis.saturating_add(ndim as i64) } else { axis };
    match usize::try_from(from_start) {
        Ok(found) if found < ndim => Ok(found),
        _ => {
            let axes = if ndim == 1 { "axis" } else { "axes" };
            Err(Error::index(format!("there is no axis {axis}: the value has {ndim} {axes}")))
        }
    }
}

/// Several axes, none of them twice.
pub fn axes(wanted: &[i64], ndim: usize) -> Result<Axes> {
    let mut found = Axes::new();
    for &number in wanted {
        let number = axis(number, ndim)?;
        if found.contains(&number) {
            return Err(Error::value(format!("axis {number} is named twice")));
        }
        found.push(number);
    }
    Ok(found)
}

/// Errors when a tensor would have too many axes.
pub fn check_ndim(ndim: usize) -> Result<()> {
    if ndim <= MAX_NDIM {
        Ok(())
    } else {
        Err(Error::shape(format!("a tensor has at most {MAX_NDIM} axes; this one would have {ndim}")))
    }
}

/// The shape two shapes broadcast to. On failure the axis of the result, counted from the end, and the two lengths.
pub fn broadcast(a: &[usize], b: &[usize]) -> Result<Shape, Mismatch> {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let mut result = Shape::from_slice(long);
    let added = long.len() - short.len();
    for (axis, &len) in short.iter().enumerate() {
        let there = &mut result[added + axis];
        if *there == 1 {
            *there = len;
        } else if len != 1 && len != *there {
            let from_end = axis as i64 - short.len() as i64;
            let at = |shape: &[usize]| shape[(shape.len() as i64 + from_end) as usize];
            return Err(Mismatch { axis: from_end, left: at(a), right: at(b) });
        }
    }
    Ok(result)
}

/// The axis where two shapes do not broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Counted from the end: the last is -1.
    pub axis: i64,
    pub left: usize,
    pub right: usize,
}
