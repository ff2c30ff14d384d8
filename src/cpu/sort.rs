//! Sorting along the last axis.
//!
//! NaN stands behind all numbers. Equal elements keep their order, so that a result does not depend on the method.

use super::copy::{self, CHUNK};
use super::mistyped;
use super::radix::{self, Crew, Key, NUMBERED, Word};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{DType, Tensor, Text};
use std::cmp::Ordering;

/// Elements compared between two looks at the interrupt flag.
const STRETCH: usize = 1 << 22;
/// Elements of a row from which on all threads sort it together.
const LONG: usize = 1 << 18;

/// Sorts one row by comparing. Parts come first, so that the flag is looked at; the sort then finds them in order and
/// merges them.
pub(super) fn sort_row<T>(cx: &Context, row: &mut [T], order: impl Fn(&T, &T) -> Ordering + Copy) -> Result<()> {
    for part in row.chunks_mut(STRETCH) {
        cx.check()?;
        part.sort_by(order);
    }
    if row.len() > STRETCH {
        row.sort_by(order);
    }
    Ok(())
}

/// The elements of every row in rising order. Written in place if nobody else holds the buffer; else the memory of the
/// result has been checked.
pub fn sort(cx: &Context, mut tensor: Tensor) -> Result<Tensor> {
    if !tensor.is_contiguous() || tensor.dtype() == DType::Str {
        copy::own(cx, &mut tensor)?;
    }
    match tensor.dtype() {
        DType::Bool => sort_numbers::<bool>(cx, tensor),
        DType::U8 => sort_numbers::<u8>(cx, tensor),
        DType::I32 => sort_numbers::<i32>(cx, tensor),
        DType::I64 => sort_numbers::<i64>(cx, tensor),
        DType::F32 => sort_numbers::<f32>(cx, tensor),
        DType::F64 => sort_numbers::<f64>(cx, tensor),
        DType::Str => {
            let len = last_length(&tensor);
            reserve(cx, len / 2, size_of::<Text>(), len)?;
            let (_, texts) = tensor.as_mut_slice::<Text>().ok_or_else(mistyped)?;
            texts.chunks_exact_mut(len.max(1)).try_for_each(|row| sort_row(cx, row, Text::cmp))?;
            Ok(tensor)
        }
    }
}

fn sort_numbers<T: Key>(cx: &Context, mut tensor: Tensor) -> Result<Tensor> {
    let len = last_length(&tensor);
    if let Some((_, values)) = tensor.as_mut_slice::<T>() {
        sort_rows(cx, None, values, len)?;
        return Ok(tensor);
    }
    let from = tensor.as_slice::<T>().ok_or_else(mistyped)?;
    let mut out = cx.buffer::<T>(from.len());
    sort_rows(cx, Some(from), &mut out, len)?;
    Ok(Tensor::from_vec(out, tensor.shape()))
}

/// Sorts the rows of `from`, or else those of `out` themselves, into `out`.
fn sort_rows<T: Key>(cx: &Context, from: Option<&[T]>, out: &mut [T], len: usize) -> Result<()> {
    let part = move |start: usize, count: usize| from.map(|from| &from[start..start + count]);
    with_space::<T::Word>(cx, out.len(), len, |space| {
        let isa = cx.isa;
        match space {
            Space::Shared(words) => {
                for (number, row) in out.chunks_exact_mut(len).enumerate() {
                    radix::sort(Crew { cx: Some(cx), isa }, part(number * len, len), row, words)?;
                }
                Ok(())
            }
            Space::Own(rows) => {
                let scratch = || vec![T::Word::default(); len];
                cx.share(out.chunks_mut(rows * len).enumerate(), scratch, |words, (number, out)| {
                    for (at, row) in out.chunks_exact_mut(len).enumerate() {
                        let from = part((number * rows + at) * len, len);
                        // one thread by itself is never interrupted
                        _ = radix::sort(Crew { cx: None, isa }, from, row, words);
                    }
                })
            }
        }
    })
}

/// For every row the numbers of its elements in rising order.
pub fn argsort(cx: &Context, tensor: &Tensor) -> Result<Tensor> {
    let tensor = copy::in_order(cx, tensor)?;
    let numbers = match tensor.dtype() {
        DType::Bool => argsort_rows::<bool>(cx, &tensor),
        DType::U8 => argsort_rows::<u8>(cx, &tensor),
        DType::I32 => argsort_rows::<i32>(cx, &tensor),
        DType::I64 => argsort_rows::<i64>(cx, &tensor),
        DType::F32 => argsort_rows::<f32>(cx, &tensor),
        DType::F64 => argsort_rows::<f64>(cx, &tensor),
        DType::Str => {
            let texts = tensor.as_slice::<Text>().ok_or_else(mistyped)?;
            let mut out = cx.buffer::<i64>(texts.len());
            argsort_compared(cx, texts, &mut out, last_length(&tensor), Text::cmp)?;
            Ok(out)
        }
    };
    Ok(Tensor::from_vec(numbers?, tensor.shape()))
}

fn argsort_rows<T: Key>(cx: &Context, tensor: &Tensor) -> Result<Vec<i64>> {
    let values = tensor.as_slice::<T>().ok_or_else(mistyped)?;
    let len = last_length(tensor);
    let mut out = cx.buffer::<i64>(values.len());
    if len > NUMBERED {
        argsort_compared(cx, values, &mut out, len, |a, b| a.key().cmp(&b.key()))?;
        return Ok(out);
    }
    with_space::<u64>(cx, values.len(), len, |space| {
        let isa = cx.isa;
        match space {
            Space::Shared(words) => {
                for (row, out) in values.chunks_exact(len).zip(out.chunks_exact_mut(len)) {
                    radix::argsort(Crew { cx: Some(cx), isa }, row, out, words)?;
                }
                Ok(())
            }
            Space::Own(rows) => {
                let parts = values.chunks(rows * len).zip(out.chunks_mut(rows * len));
                cx.share(
                    parts,
                    || vec![0; len],
                    |words, (rows, out)| {
                        for (row, out) in rows.chunks_exact(len).zip(out.chunks_exact_mut(len)) {
                            // one thread by itself is never interrupted
                            _ = radix::argsort(Crew { cx: None, isa }, row, out, words);
                        }
                    },
                )
            }
        }
    })?;
    Ok(out)
}

fn argsort_compared<T: Clone>(
    cx: &Context,
    values: &[T],
    out: &mut [i64],
    len: usize,
    order: impl Fn(&T, &T) -> Ordering + Copy,
) -> Result<()> {
    // the pairs, and half of them again for the sort
    reserve(cx, len + len / 2, size_of::<(T, i64)>(), len)?;
    let mut pairs: Vec<(T, i64)> = Vec::with_capacity(len);
    for (row, out) in values.chunks_exact(len.max(1)).zip(out.chunks_exact_mut(len.max(1))) {
        pairs.clear();
        pairs.extend(row.iter().cloned().zip(0..));
        sort_row(cx, &mut pairs, |a, b| order(&a.0, &b.0))?;
        out.iter_mut().zip(&pairs).for_each(|(out, (_, number))| *out = *number);
    }
    Ok(())
}

/// Where the words of rows are sorted.
enum Space<'a, W> {
    /// All threads sort one row after the other in these.
    Shared(&'a mut [W]),
    /// Every thread sorts so many rows at a time, in space of its own.
    Own(usize),
}

/// Finds the space for rows of `len` words; `total` are the words of all rows. Rows of nothing are sorted.
fn with_space<W: Word>(
    cx: &Context,
    total: usize,
    len: usize,
    sort: impl FnOnce(Space<W>) -> Result<()>,
) -> Result<()> {
    if total == 0 {
        return Ok(());
    }
    if len < LONG && total > len {
        reserve(cx, 2 * len * cx.workers.threads(), size_of::<W>(), len)?;
        return sort(Space::Own((CHUNK / 4 / len).max(1)));
    }
    reserve(cx, 2 * len, size_of::<W>(), len)?;
    let mut words = cx.buffer::<W::Held>(len);
    let done = sort(Space::Shared(W::of(&mut words)));
    copy::give_back(cx, words);
    done
}

fn reserve(cx: &Context, count: usize, width: usize, len: usize) -> Result<()> {
    cx.reserve(count, width, || format!("sorting {len} elements"))
}

fn last_length(tensor: &Tensor) -> usize {
    tensor.shape().last().copied().unwrap_or(1)
}
