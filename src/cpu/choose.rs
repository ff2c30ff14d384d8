//! Random choices: some of the numbers below a limit, with or without putting them back.
//!
//! All work on rows along the last axis; what is chosen depends on the row's random numbers alone. Memory beyond that of
//! the result is checked here.

use super::mistyped;
use super::sort::sort_row;
use crate::context::Context;
use crate::diagnostics::{Error, Result};
use crate::tensor::{Tensor, shape};
use rustc_hash::FxHashMap;
use std::cmp::Ordering;

/// Elements between two looks at the interrupt flag.
const STRETCH: usize = 1 << 12;

/// Rows of this shape, each the start of a random order of the whole numbers below `population`, of which there are
/// enough: R. Durstenfeld's form of the shuffle of R. Fisher and F. Yates (CACM 7, 1964). Element `i` of a row is the
/// number at `i + ⌊b · (population - i) / 2⁶⁴⌋` of what is left, where `b` are its two words, the upper one first.
pub fn orders(cx: &Context, words: [&Tensor; 2], population: usize, shape: &[usize]) -> Result<Tensor> {
    let [upper, lower] = words.map(|words| words.walk::<i32>());
    let mut words = upper.ok_or_else(mistyped)?.zip(lower.ok_or_else(mistyped)?);
    let length = shape.last().copied().unwrap_or(0);
    let is_dense = population / 4 <= length;
    let (count, width) = if is_dense { (population, size_of::<i64>()) } else { (length, MOVED) };
    cx.reserve(count, width, || format!("{count} integers in order"))?;
    let mut out = Vec::with_capacity(shape::size(shape));
    for _ in 0..shape::size(shape).checked_div(length).unwrap_or(0) {
        let mut step = |i: usize| {
            if i.is_multiple_of(STRETCH) {
                cx.check()?;
            }
            let (upper, lower) = words.next().ok_or_else(mistyped)?;
            let bits = u64::from(upper as u32) << 32 | u64::from(lower as u32);
            Ok(i + ((u128::from(bits) * (population - i) as u128) >> 64) as usize)
        };
        if is_dense {
            let mut left: Vec<i64> = (0..population as i64).collect();
            for i in 0..length {
                left.swap(i, step(i)?);
            }
            out.extend_from_slice(&left[..length]);
        } else {
            // places of which most stay as they are
            let mut moved: FxHashMap<usize, i64> = FxHashMap::default();
            for i in 0..length {
                let (j, first) = (step(i)?, moved.get(&i).copied().unwrap_or(i as i64));
                out.push(moved.insert(j, first).unwrap_or(j as i64));
            }
        }
    }
    Ok(Tensor::from_vec(out, shape))
}

/// Bytes that an entry of a hash map may take: it doubles when it is seven eighths full, and then both tables are there.
const MOVED: usize = 4 * size_of::<(usize, i64)>();

/// For every uniform number of a row the index of the probability that it falls to, of the row of probabilities.
pub fn with_replacement(cx: &Context, probabilities: &Tensor, uniform: &Tensor) -> Result<Tensor> {
    let (weights, numbers) = (probabilities.walk::<f64>(), uniform.walk::<f64>());
    let (mut weights, mut numbers) = (weights.ok_or_else(mistyped)?, numbers.ok_or_else(mistyped)?);
    let (ways, count) = (last_length(probabilities), last_length(uniform));
    reserve(cx, ways, size_of::<f64>())?;
    let mut sums: Vec<f64> = Vec::with_capacity(ways);
    let mut out = Vec::with_capacity(uniform.size());
    for _ in 0..uniform.size().checked_div(count).unwrap_or(0) {
        let (mut total, mut last) = (0.0, 0);
        sums.clear();
        for (i, weight) in weights.by_ref().take(ways).enumerate() {
            if i.is_multiple_of(STRETCH) {
                cx.check()?;
            }
            if weight > 0.0 {
                last = i;
            }
            total += weight;
            sums.push(total);
        }
        for (i, u) in numbers.by_ref().take(count).enumerate() {
            if i.is_multiple_of(STRETCH) {
                cx.check()?;
            }
            out.push(sums.partition_point(|&sum| sum <= u * total).min(last) as i64);
        }
    }
    Ok(Tensor::from_vec(out, uniform.shape()))
}

/// `count` indices of every row, one after the other with the probabilities that are left: those for which exponential
/// numbers, each over its probability, are smallest, in their order. P. Efraimidis, P. Spirakis, "Weighted random
/// sampling with a reservoir", Information Processing Letters 97 (2006), whose keys are powers of these.
pub fn without_replacement(cx: &Context, probabilities: &Tensor, uniform: &Tensor, count: usize) -> Result<Tensor> {
    let (weights, numbers) = (probabilities.walk::<f64>(), uniform.walk::<f64>());
    let mut pairs = weights.ok_or_else(mistyped)?.zip(numbers.ok_or_else(mistyped)?);
    let ways = last_length(probabilities);
    // sorting takes half as much again
    reserve(cx, ways + ways / 2, size_of::<(f64, i64)>())?;
    let mut waits: Vec<(f64, i64)> = Vec::with_capacity(ways);
    let rows = uniform.size().checked_div(ways).unwrap_or(0);
    let mut out: Vec<i64> = Vec::with_capacity(rows * count);
    for _ in 0..rows {
        waits.clear();
        for (i, (weight, u)) in pairs.by_ref().take(ways).enumerate() {
            if i.is_multiple_of(STRETCH) {
                cx.check()?;
            }
            if weight > 0.0 {
                waits.push((-libm::log1p(-u) / weight, i as i64));
            }
        }
        if waits.len() < count {
            let message = format!("cannot choose {count} without replacement: {} of `p` above 0", waits.len());
            return Err(Error::value(message).help("with `replace=true` one may be chosen again"));
        }
        if count < waits.len() {
            waits.select_nth_unstable_by(count, sooner);
        }
        sort_row(cx, &mut waits[..count], sooner)?;
        out.extend(waits[..count].iter().map(|(_, i)| i));
    }
    let mut shape = shape::copy(uniform.shape());
    if let Some(last) = shape.last_mut() {
        *last = count;
    }
    Ok(Tensor::from_vec(out, &shape))
}

fn sooner((a, i): &(f64, i64), (b, j): &(f64, i64)) -> Ordering {
    a.total_cmp(b).then(i.cmp(j))
}

fn reserve(cx: &Context, count: usize, width: usize) -> Result<()> {
    cx.reserve(count, width, || "a choice by probabilities".to_string())
}

fn last_length(tensor: &Tensor) -> usize {
    tensor.shape().last().copied().unwrap_or(1)
}
