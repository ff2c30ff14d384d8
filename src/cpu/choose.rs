//! Random choices: some of the numbers below a limit, with or without putting them back.
//!
//! All work on rows along the last axis; what is chosen depends on the row's random numbers alone.

use super::mistyped;
use crate::context::Context;
use crate::diagnostics::{Error, Result};
use crate::tensor::{Tensor, shape};
use rustc_hash::FxHashMap;

/// Rows of this shape, each the start of a random order of the whole numbers below `population`, of which there are
/// enough: R. Durstenfeld's form of the shuffle of R. Fisher and F. Yates (CACM 7, 1964). Element `i` of a row is the
/// number at `i + ⌊b · (population - i) / 2⁶⁴⌋` of what is left, where `b` are its two words, the upper one first.
pub fn orders(cx: &Context, words: [&Tensor; 2], population: usize, shape: &[usize]) -> Result<Tensor> {
    let [upper, lower] = words.map(|words| words.to_vec::<i32>());
    let (upper, lower) = (upper.ok_or_else(mistyped)?, lower.ok_or_else(mistyped)?);
    let length = shape.last().copied().unwrap_or(0).max(1);
    let is_dense = population / 4 <= length;
    if is_dense {
        cx.reserve(population, size_of::<i64>(), || format!("{population} integers in order"))?;
    }
    let mut out = Vec::with_capacity(shape::size(shape));
    for (upper, lower) in upper.chunks(length).zip(lower.chunks(length)) {
        cx.check()?;
        let steps = upper.iter().zip(lower).enumerate().map(|(i, (&upper, &lower))| {
            let bits = u64::from(upper as u32) << 32 | u64::from(lower as u32);
            (i, i + ((u128::from(bits) * (population - i) as u128) >> 64) as usize)
        });
        if is_dense {
            let mut left: Vec<i64> = (0..population as i64).collect();
            steps.for_each(|(i, j)| left.swap(i, j));
            out.extend_from_slice(&left[..upper.len()]);
        } else {
            // places of which most stay as they are
            let mut moved: FxHashMap<usize, i64> = FxHashMap::default();
            out.extend(steps.map(|(i, j)| {
                let first = moved.get(&i).copied().unwrap_or(i as i64);
                moved.insert(j, first).unwrap_or(j as i64)
            }));
        }
    }
    Ok(Tensor::from_vec(out, shape))
}

/// For every uniform number of a row the index of the probability that it falls to, of the row of probabilities.
pub fn with_replacement(cx: &Context, probabilities: &Tensor, uniform: &Tensor) -> Result<Tensor> {
    let (weights, numbers, [ways, count]) = rows(probabilities, uniform)?;
    let mut out = Vec::with_capacity(numbers.len());
    for (weights, numbers) in weights.chunks(ways).zip(numbers.chunks(count)) {
        cx.check()?;
        let mut total = 0.0;
        let sums: Vec<f64> = weights
            .iter()
            .map(|weight| {
                total += weight;
                total
            })
            .collect();
        let last = weights.iter().rposition(|&weight| weight > 0.0).unwrap_or(0);
        out.extend(numbers.iter().map(|u| sums.partition_point(|&sum| sum <= u * total).min(last) as i64));
    }
    Ok(Tensor::from_vec(out, uniform.shape()))
}

/// `count` indices of every row, one after the other with the probabilities that are left: those for which exponential
/// numbers, each over its probability, are smallest, in their order. P. Efraimidis, P. Spirakis, "Weighted random
/// sampling with a reservoir", Information Processing Letters 97 (2006), whose keys are powers of these.
pub fn without_replacement(cx: &Context, probabilities: &Tensor, uniform: &Tensor, count: usize) -> Result<Tensor> {
    let (weights, numbers, [ways, _]) = rows(probabilities, uniform)?;
    let mut out: Vec<i64> = Vec::with_capacity(numbers.len() / ways * count);
    for (weights, numbers) in weights.chunks(ways).zip(numbers.chunks(ways)) {
        cx.check()?;
        let mut waits: Vec<(f64, i64)> = (0..)
            .zip(weights.iter().zip(numbers))
            .filter(|(_, (weight, _))| **weight > 0.0)
            .map(|(i, (weight, u))| (-libm::log1p(-u) / weight, i))
            .collect();
        if waits.len() < count {
            let message = format!("cannot choose {count} without replacement: {} of `p` above 0", waits.len());
            return Err(Error::value(message).help("with `replace=true` one may be chosen again"));
        }
        waits.sort_unstable_by(|(a, i), (b, j)| a.total_cmp(b).then(i.cmp(j)));
        out.extend(waits[..count].iter().map(|(_, i)| i));
    }
    let mut shape = shape::copy(uniform.shape());
    if let Some(last) = shape.last_mut() {
        *last = count;
    }
    Ok(Tensor::from_vec(out, &shape))
}

/// The elements of both, and the lengths of their rows, none of which is 0.
fn rows(probabilities: &Tensor, uniform: &Tensor) -> Result<(Vec<f64>, Vec<f64>, [usize; 2])> {
    let values = |tensor: &Tensor| tensor.to_vec::<f64>().ok_or_else(mistyped);
    let length = |tensor: &Tensor| tensor.shape().last().copied().unwrap_or(1).max(1);
    Ok((values(probabilities)?, values(uniform)?, [length(probabilities), length(uniform)]))
}
