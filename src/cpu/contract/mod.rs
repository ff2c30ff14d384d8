//! Contractions: batches of matrix products over strided operands.
//!
//! Axes are gathered into one row and one column axis where strides allow it, so that transposed operands are read
//! where they are; else the operand is copied once. `plan` chooses the kernel and cuts the work into parts. A
//! contraction never reads what its result's buffer held before.

mod few;
mod fours;
mod library;
mod matrix;
mod plan;
#[cfg(test)]
mod tests;
mod vector;

use super::{copy, mistyped};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::isa::Isa;
use crate::tensor::{Axes, DType, Shape, Strides, Tensor, shape};
use matrix::{Block, Factor, Matrix};
pub use plan::Behind;
use plan::Stack;

/// One side of a contraction.
pub struct Operand<'a> {
    pub tensor: &'a Tensor,
    /// Axes shared with the other side and kept.
    pub batch: &'a [usize],
    /// Axes multiplied with those of the other side and summed.
    pub contract: &'a [usize],
}

macro_rules! floats {
    ($($type:ident: $product:ident;)+) => {$(
        impl Factor for $type {
            const WEIGHT: u32 = 0;
            const PRODUCT: fn(Isa, Matrix<$type>, Matrix<$type>, Block<$type>) = library::$product;
            #[inline(always)]
            fn add_product(sum: $type, a: $type, b: $type) -> $type {
                sum + a * b
            }
            #[inline(always)]
            fn add(a: $type, b: $type) -> $type {
                a + b
            }
        }
    )+};
}

macro_rules! integers {
    ($($type:ident: $columns:literal;)+) => {$(
        impl Factor for $type {
            const WEIGHT: u32 = 4;
            const PRODUCT: fn(Isa, Matrix<$type>, Matrix<$type>, Block<$type>) = fours::product::<$type, $columns>;
            #[inline(always)]
            fn add_product(sum: $type, a: $type, b: $type) -> $type {
                sum.wrapping_add(a.wrapping_mul(b))
            }
            #[inline(always)]
            fn add(a: $type, b: $type) -> $type {
                a.wrapping_add(b)
            }
        }
    )+};
}

floats! {
    f32: f32s;
    f64: f64s;
}

integers! {
    u8: 64;
    i32: 32;
    i64: 16;
}

impl Factor for bool {
    const WEIGHT: u32 = 4;
    const PRODUCT: fn(Isa, Matrix<bool>, Matrix<bool>, Block<bool>) = fours::product::<bool, 64>;
    #[inline(always)]
    fn add_product(sum: bool, a: bool, b: bool) -> bool {
        sum | (a & b)
    }
    #[inline(always)]
    fn add(a: bool, b: bool) -> bool {
        a | b
    }
}

/// An operand whose axes are gathered.
struct Gathered {
    tensor: Tensor,
    batch: Strides,
    /// Length and step of the axes kept, and of those summed.
    free: (usize, isize),
    summed: (usize, isize),
}

/// Multiplies and sums over the axes named on both sides. The result has the batch axes, then the left side's other
/// axes, then the right side's: its shape is `out`. What is `behind` works on its parts as soon as they are there.
pub fn contract(
    cx: &Context,
    left: &Operand,
    right: &Operand,
    out: &[usize],
    behind: Option<&dyn Behind>,
) -> Result<Tensor> {
    Ok(match left.tensor.dtype() {
        DType::Bool => Tensor::from_vec(product::<bool>(cx, left, right, out, behind)?, out),
        DType::U8 => Tensor::from_vec(product::<u8>(cx, left, right, out, behind)?, out),
        DType::I32 => Tensor::from_vec(product::<i32>(cx, left, right, out, behind)?, out),
        DType::I64 => Tensor::from_vec(product::<i64>(cx, left, right, out, behind)?, out),
        DType::F32 => Tensor::from_vec(product::<f32>(cx, left, right, out, behind)?, out),
        DType::F64 => Tensor::from_vec(product::<f64>(cx, left, right, out, behind)?, out),
        DType::Str => return Err(mistyped()),
    })
}

fn product<T: Factor>(
    cx: &Context,
    left: &Operand,
    right: &Operand,
    out: &[usize],
    behind: Option<&dyn Behind>,
) -> Result<Vec<T>> {
    let mut result = cx.buffer(shape::size(out));
    // beyond, no length is zero, so that products of lengths are those of elements there are
    if result.is_empty() || left.contract.iter().any(|&axis| left.tensor.shape()[axis] == 0) {
        result.fill(T::default());
        if let (Some(behind), false) = (behind, result.is_empty()) {
            behind.run(0, T::to_slice_mut(&mut result));
        }
        return Ok(result);
    }
    if let (Some(a), Some(b), [1], [0]) = (plain(left), plain(right), left.contract, right.contract) {
        let alone = |first| Stack { first, steps: Strides::new() };
        plan::multiply(cx, &alone(a), &alone(b), &[], &mut result, behind)?;
        return Ok(result);
    }
    let (left_sums, right_sums) = aligned(left, right);
    let (mut a, mut b) = (gather(cx, left, &left_sums)?, gather(cx, right, &right_sums)?);
    let batch = &out[..left.batch.len()];
    if !few::suits(a.free.0, a.summed.0, b.free.0) {
        (a, b) = (vectors_in_order(cx, a, batch)?, vectors_in_order(cx, b, batch)?);
    }
    let (batch, left_steps, right_steps) = plan::joined(batch, &a.batch, &b.batch);
    let first = Matrix {
        values: T::of(a.tensor.data()).ok_or_else(mistyped)?,
        start: a.tensor.offset(),
        rows: a.free.0,
        columns: a.summed.0,
        row_step: a.free.1,
        column_step: a.summed.1,
    };
    let left = Stack { first, steps: left_steps };
    let first = Matrix {
        values: T::of(b.tensor.data()).ok_or_else(mistyped)?,
        start: b.tensor.offset(),
        rows: b.summed.0,
        columns: b.free.0,
        row_step: b.summed.1,
        column_step: b.free.1,
    };
    plan::multiply(cx, &left, &Stack { first, steps: right_steps }, &batch, &mut result, behind)?;
    Ok(result)
}

/// A matrix in row-major order, which needs no gathering: most are, and small ones are many.
fn plain<'a, T: Factor>(operand: &Operand<'a>) -> Option<Matrix<'a, T>> {
    let &[rows, columns] = operand.tensor.shape() else { return None };
    let values = operand.tensor.as_slice()?;
    let matrix = Matrix { values, start: 0, rows, columns, row_step: columns as isize, column_step: 1 };
    operand.batch.is_empty().then_some(matrix)
}

/// The axes that are summed, in the order in which those of the larger side lie in memory.
fn aligned(left: &Operand, right: &Operand) -> (Axes, Axes) {
    let larger = if left.tensor.size() >= right.tensor.size() { left } else { right };
    let strides = larger.tensor.strides();
    let mut order: Axes = (0..larger.contract.len()).collect();
    order.sort_by_key(|&pair| std::cmp::Reverse(strides[larger.contract[pair]].unsigned_abs()));
    let ordered = |axes: &[usize]| order.iter().map(|&pair| axes[pair]).collect();
    (ordered(left.contract), ordered(right.contract))
}

/// Brings an operand's axes together, `summed` among them; copies it if its strides do not allow that.
fn gather(cx: &Context, operand: &Operand, summed: &[usize]) -> Result<Gathered> {
    let Operand { tensor, batch, .. } = operand;
    let free: Axes = (0..tensor.ndim()).filter(|axis| !batch.contains(axis) && !summed.contains(axis)).collect();
    let strides = tensor.strides();
    if let (Some(kept), Some(summed)) = (joined(tensor, &strides, &free), joined(tensor, &strides, summed)) {
        let batch = batch.iter().map(|&axis| strides[axis]).collect();
        return Ok(Gathered { tensor: (*tensor).clone(), batch, free: kept, summed });
    }
    let order = || batch.iter().chain(&free).chain(summed);
    let lengths: Shape = order().map(|&axis| tensor.shape()[axis]).collect();
    let steps: Strides = order().map(|&axis| strides[axis]).collect();
    let copy = copy::in_order(cx, &tensor.view(lengths, tensor.offset(), steps))?;
    let strides = copy.strides();
    let all = |axes: std::ops::Range<usize>| joined(&copy, &strides, &axes.collect::<Axes>()).unwrap_or((1, 1));
    let (kept, summed) = (all(batch.len()..batch.len() + free.len()), all(batch.len() + free.len()..copy.ndim()));
    let batch = strides.iter().take(batch.len()).copied().collect();
    Ok(Gathered { tensor: copy, batch, free: kept, summed })
}

/// Vectors of a batch with their elements one behind the other: all parts of the work read them as slices. Matrices,
/// and vectors that lie so, are as they were.
fn vectors_in_order(cx: &Context, side: Gathered, batch: &[usize]) -> Result<Gathered> {
    let (len, step) = side.summed;
    if side.free.0 != 1 || len == 1 || step == 1 {
        return Ok(side);
    }
    // one that is repeated is copied once
    let once = batch.iter().zip(&side.batch).map(|(&len, &step)| if step == 0 { 1 } else { len });
    let lengths: Shape = once.chain([len]).collect();
    let steps: Strides = side.batch.iter().copied().chain([step]).collect();
    let tensor = copy::in_order(cx, &side.tensor.view(lengths, side.tensor.offset(), steps))?;
    let strides = tensor.strides();
    let batch = side.batch.iter().zip(&strides).map(|(&step, &new)| if step == 0 { 0 } else { new }).collect();
    Ok(Gathered { tensor, batch, summed: (len, 1), ..side })
}

/// Length and step of several axes as one, if they follow each other so.
fn joined(tensor: &Tensor, strides: &[isize], axes: &[usize]) -> Option<(usize, isize)> {
    let mut whole: Option<(usize, isize)> = None;
    for &axis in axes {
        let (len, step) = (tensor.shape()[axis], strides[axis]);
        whole = match whole {
            _ if len == 1 => whole,
            None => Some((len, step)),
            Some((outer, outer_step)) if outer_step == step.saturating_mul(len as isize) => {
                // axes of repeated elements may be longer than can be counted
                Some((outer.checked_mul(len)?, step))
            }
            Some(_) => return None,
        };
    }
    Some(whole.unwrap_or((1, 1)))
}
