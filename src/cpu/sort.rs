//! Sorting along the last axis, and searching in what is sorted.
//!
//! NaN stands behind all numbers. Equal elements keep their order, so that a result does not depend on the method.

use super::mistyped;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Element, Shape, Tensor, shape, with_data};
use std::cmp::Ordering;

/// Elements sorted between two looks at the interrupt flag.
const STRETCH: usize = 1 << 22;

/// NaN, which is unlike itself, comes last.
fn order<T: PartialOrd>(a: &T, b: &T) -> Ordering {
    a.partial_cmp(b).unwrap_or_else(|| is_nan(a).cmp(&is_nan(b)))
}

fn is_nan<T: PartialOrd>(x: &T) -> bool {
    x.partial_cmp(x).is_none()
}

/// Sorts one row. Parts come first, so that the flag is looked at; the sort then finds them in order and merges them.
fn sort_row<T>(cx: &Context, row: &mut [T], order: impl Fn(&T, &T) -> Ordering + Copy) -> Result<()> {
    for part in row.chunks_mut(STRETCH) {
        cx.check()?;
        part.sort_by(order);
    }
    if row.len() > STRETCH {
        row.sort_by(order);
    }
    Ok(())
}

/// The elements of every row in rising order. Written in place if nobody else holds the buffer.
pub fn sort(cx: &Context, mut tensor: Tensor) -> Result<Tensor> {
    fn typed<T: PartialOrd>(cx: &Context, values: &mut [T], len: usize) -> Result<()> {
        values.chunks_exact_mut(len.max(1)).try_for_each(|row| sort_row(cx, row, order))
    }
    tensor.make_owned();
    let (data, shape) = tensor.owned_mut().ok_or_else(mistyped)?;
    let len = shape.last().copied().unwrap_or(1);
    with_data!(data, values => typed(cx, values, len))?;
    Ok(tensor)
}

/// For every row the numbers of its elements in rising order.
pub fn argsort(cx: &Context, tensor: &Tensor) -> Result<Tensor> {
    fn typed<T: Element + PartialOrd>(cx: &Context, values: &[T], len: usize) -> Result<Vec<i64>> {
        let mut numbers = Vec::with_capacity(values.len());
        // where there are no elements, rows may be of any length
        let mut pairs: Vec<(T, i64)> = Vec::with_capacity(len.min(values.len()));
        for row in values.chunks_exact(len.max(1)) {
            pairs.clear();
            pairs.extend(row.iter().cloned().zip(0..));
            sort_row(cx, &mut pairs, |a, b| order(&a.0, &b.0))?;
            numbers.extend(pairs.iter().map(|(_, number)| number));
        }
        Ok(numbers)
    }
    let tensor = tensor.in_order();
    let len = tensor.shape().last().copied().unwrap_or(1);
    let numbers = with_data!(tensor.data(), values => typed(cx, row_major(&tensor, values)?, len))?;
    Ok(Tensor::from_vec(numbers, tensor.shape()))
}

/// The elements of a tensor that are in order in its buffer.
fn row_major<'t, T: Element>(tensor: &'t Tensor, _: &[T]) -> Result<&'t [T]> {
    tensor.as_slice::<T>().ok_or_else(mistyped)
}

/// Where the elements of `x` would stand in `sorted`: ahead of the elements that equal them, or behind these. The first
/// `stacked` axes of both are alike; behind them `sorted` has one axis.
pub fn search(cx: &Context, sorted: &Tensor, x: &Tensor, stacked: usize, behind: bool) -> Result<Tensor> {
    fn typed<T: Element + PartialOrd>(
        cx: &Context,
        sorted: &[T],
        x: &[T],
        (rows, behind): (usize, bool),
    ) -> Result<Vec<i64>> {
        let (len, count) = (sorted.len() / rows.max(1), x.len() / rows.max(1));
        let mut places = Vec::with_capacity(x.len());
        for row in 0..rows {
            let sorted = &sorted[row * len..(row + 1) * len];
            for part in x[row * count..(row + 1) * count].chunks(STRETCH) {
                cx.check()?;
                places.extend(part.iter().map(|x| {
                    let stands_before = |item: &T| match order(item, x) {
                        Ordering::Less => true,
                        Ordering::Equal => behind,
                        Ordering::Greater => false,
                    };
                    sorted.partition_point(stands_before) as i64
                }));
            }
        }
        Ok(places)
    }
    let (sorted, x) = (sorted.in_order(), x.in_order());
    let rows = shape::size(x.shape().get(..stacked).ok_or_else(mistyped)?);
    let places = with_data!(x.data(), values => {
        let values = row_major(&x, values)?;
        typed(cx, row_major(&sorted, values)?, values, (rows, behind))
    })?;
    Ok(Tensor::from_vec(places, x.shape()))
}

/// The index of every element of a mask that holds, one row each, in row-major order.
pub fn indices(cx: &Context, mask: &Tensor) -> Result<Tensor> {
    let mask = mask.in_order();
    let holds = mask.as_slice::<bool>().ok_or_else(mistyped)?;
    let found = holds.iter().filter(|holds| **holds).count();
    let ndim = mask.ndim();
    cx.reserve(found.saturating_mul(ndim), size_of::<i64>(), || format!("the indices of {found} elements"))?;
    let mut rows: Vec<i64> = Vec::with_capacity(found * ndim);
    let mut row = Shape::from_elem(0, ndim);
    for (number, _) in holds.iter().enumerate().filter(|(_, holds)| **holds) {
        let mut rest = number;
        for (index, &len) in row.iter_mut().zip(mask.shape()).rev() {
            *index = rest % len.max(1);
            rest /= len.max(1);
        }
        rows.extend(row.iter().map(|&index| index as i64));
    }
    Ok(Tensor::from_vec(rows, &[found, ndim]))
}
