//! Sums of products in index notation: `einsum`, as NumPy writes it, made of contractions, and `tensordot`.
//!
//! Operands are joined two at a time, in an order that takes few multiplications; an index that no other operand and
//! not the result has is summed at once.

mod order;

use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Result};
use crate::ops::contract::{Dimensions, contract};
use crate::ops::index::{self, Index};
use crate::ops::reduce::{ANY, SUM, reduce};
use crate::ops::{MUL, apply2, cast, create, moveaxis, reshape, transpose};
use crate::tensor::shape::{self, Axes};
use crate::tensor::{Array, DType, ElementType, promote};
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// A letter of the notation, or an axis that `...` stands for, counted from the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Dots(std::cmp::Reverse<usize>),
    Letter(char),
}

/// An operand with a label for each axis.
struct Term {
    array: Array,
    labels: Vec<Label>,
}

impl Term {
    fn axis(&self, label: Label) -> Option<usize> {
        self.labels.iter().position(|&own| own == label)
    }
    fn length(&self, label: Label) -> Option<usize> {
        self.axis(label).map(|axis| self.array.shape()[axis])
    }
}

/// `einsum("ij,jk->ik", a, b)`
pub fn einsum(cx: &mut Context, notation: &str, operands: Vec<Array>) -> Result<Array> {
    let common = operands.iter().map(Array::element_type).collect::<Vec<ElementType>>();
    let dtype = match promote(&common) {
        Some(ElementType { dtype: DType::Str, .. }) => return Err(Error::ty("`einsum` does not take text")),
        Some(found) => found.dtype,
        None if operands.is_empty() => return Err(Error::value("`einsum` needs at least one operand")),
        None => return Err(Error::ty("`einsum` does not take text and numbers together")),
    };
    let (mut terms, wanted) = parse(notation, operands)?;
    for term in &mut terms {
        term.array = cast(cx, term.array.clone(), dtype)?;
        take_diagonals(cx, term)?;
    }
    drop_stretched(cx, &mut terms)?;
    if let Some(missing) = wanted.iter().find(|&&label| terms.iter().all(|term| term.axis(label).is_none())) {
        return Err(wrong(notation, &format!("the result has {}, which no operand has", shown(*missing))));
    }
    for number in 0..terms.len() {
        let needed = needed(&terms, &[number], &wanted);
        sum_out(cx, &mut terms[number], &needed)?;
    }
    let labels: Vec<Vec<Label>> = terms.iter().map(|term| term.labels.clone()).collect();
    for (first, second) in order::pairs(&labels, &wanted, &lengths(&terms)) {
        cx.check()?;
        let needed = needed(&terms, &[first, second], &wanted);
        // the later one is taken out first, so that the other stays in its place
        let b = terms.remove(second);
        let a = terms.remove(first);
        terms.push(product(cx, a, b, &needed)?);
    }
    let term = terms.pop().ok_or_else(cpu::mistyped)?;
    let order: SmallVec<[i64; 4]> =
        wanted.iter().filter_map(|&label| term.axis(label)).map(|axis| axis as i64).collect();
    transpose(cx, term.array, Some(&order))
}

/// The axes named, of `a` and of `b`, multiplied and summed in pairs; the others of `a` stand before those of `b`.
pub fn tensordot(cx: &mut Context, a: Array, b: Array, axes: [&[i64]; 2]) -> Result<Array> {
    let name = |number: usize, error: Error, x: &Array| error.operand(number, x.type_name());
    let left = shape::axes(axes[0], a.ndim()).map_err(|error| name(0, error, &a))?;
    let right = shape::axes(axes[1], b.ndim()).map_err(|error| name(1, error, &b))?;
    if left.len() != right.len() {
        let message = format!("`tensordot` sums over pairs of axes, not {} of a and {} of b", left.len(), right.len());
        return Err(Error::value(message));
    }
    for (&i, &j) in left.iter().zip(&right) {
        let (m, n) = (a.shape()[i], b.shape()[j]);
        if m != n {
            let message = format!("`tensordot`: axis {i} of a has length {m}, axis {j} of b has length {n}");
            return Err(Error::shape(message).operand(0, a.type_name()).operand(1, b.type_name()));
        }
    }
    let Some(ElementType { dtype, .. }) =
        promote(&[a.element_type(), b.element_type()]).filter(|t| t.dtype != DType::Str)
    else {
        let message = format!("`tensordot` does not take {} and {}", a.type_name(), b.type_name());
        return Err(Error::ty(message).operand(0, a.type_name()).operand(1, b.type_name()));
    };
    let (a, b) = (cast(cx, a, dtype)?, cast(cx, b, dtype)?);
    contract(cx, a, b, Dimensions { contract: [left, right], ..Default::default() })
}

/// The operands with their labels, and those of the result.
fn parse(notation: &str, operands: Vec<Array>) -> Result<(Vec<Term>, Vec<Label>)> {
    let text: String = notation.chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match text.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (text.as_str(), None),
    };
    let parts: Vec<&str> = left.split(',').collect();
    if parts.len() != operands.len() {
        let given = operands.len();
        let are = if given == 1 { "is" } else { "are" };
        let message = format!("it names {} operands, {given} {are} given", parts.len());
        return Err(wrong(notation, &message));
    }
    let mut terms = Vec::with_capacity(operands.len());
    for (number, (part, array)) in parts.iter().zip(operands).enumerate() {
        let labels = labels(notation, part, array.ndim()).map_err(|error| error.operand(number, array.type_name()))?;
        terms.push(Term { array, labels });
    }
    let dots = terms.iter().flat_map(|term| &term.labels).filter(|label| matches!(label, Label::Dots(_)));
    let dots = dots.collect::<std::collections::BTreeSet<_>>().len();
    let wanted = match right {
        Some(right) => {
            let wanted = labels_with(notation, right, dots)?;
            if let Some((_, twice)) = wanted.iter().enumerate().find(|(at, label)| wanted[..*at].contains(label)) {
                return Err(wrong(notation, &format!("the result has {} twice", shown(*twice))));
            }
            wanted
        }
        None => {
            let mut count: BTreeMap<Label, usize> = BTreeMap::new();
            terms.iter().flat_map(|term| &term.labels).for_each(|&label| *count.entry(label).or_default() += 1);
            // letters that occur once, in alphabetical order, behind the axes of `...`
            let kept = count.into_iter().filter(|&(label, count)| count == 1 || matches!(label, Label::Dots(_)));
            kept.map(|(label, _)| label).collect()
        }
    };
    Ok((terms, wanted))
}

/// The labels of an operand with so many axes.
fn labels(notation: &str, part: &str, ndim: usize) -> Result<Vec<Label>> {
    let letters = part.replacen("...", "", 1).chars().count();
    let dots = if part.contains("...") { ndim.checked_sub(letters) } else { Some(0) };
    let labels = labels_with(notation, part, dots.unwrap_or(0))?;
    if dots.is_none() || labels.len() != ndim {
        let axes = if ndim == 1 { "axis" } else { "axes" };
        let message = format!("`{part}` has {letters} indices, its operand has {ndim} {axes}");
        return Err(wrong(notation, &message));
    }
    Ok(labels)
}

/// Labels, where `...` stands for so many axes.
fn labels_with(notation: &str, part: &str, dots: usize) -> Result<Vec<Label>> {
    let letter = |c: char| match c.is_alphabetic() {
        true => Ok(Label::Letter(c)),
        false => Err(wrong(notation, &format!("`{c}` is no index: letters are"))),
    };
    let Some((before, behind)) = part.split_once("...") else { return part.chars().map(letter).collect() };
    let mut labels = before.chars().map(letter).collect::<Result<Vec<Label>>>()?;
    labels.extend((0..dots).rev().map(|from_last| Label::Dots(std::cmp::Reverse(from_last))));
    for c in behind.chars() {
        labels.push(letter(c)?);
    }
    Ok(labels)
}

fn shown(label: Label) -> String {
    match label {
        Label::Letter(letter) => format!("`{letter}`"),
        Label::Dots(_) => "`...`".to_string(),
    }
}

#[cold]
fn wrong(notation: &str, message: &str) -> Error {
    Error::value(format!("`einsum` cannot read \"{notation}\": {message}"))
        .help("as in `einsum(\"ij,jk->ik\", a, b)`: a letter for each axis, `...` for further ones")
}

/// An index that an operand has twice runs along its diagonal.
fn take_diagonals(cx: &mut Context, term: &mut Term) -> Result<()> {
    while let Some((second, label)) =
        term.labels.iter().copied().enumerate().find(|&(at, label)| term.labels[..at].contains(&label))
    {
        let Some(first) = term.axis(label) else { break };
        let (m, n) = (term.array.shape()[first], term.array.shape()[second]);
        if m != n {
            return Err(unequal(label, m, n).operand(0, term.array.type_name()));
        }
        let last = term.array.ndim() as i64 - 1;
        let moved = moveaxis(cx, term.array.clone(), &[first as i64, second as i64], &[last - 1, last])?;
        let along = Array::from_range(0, m as i64);
        let index = [Index::Rest, Index::Array(along.clone()), Index::Array(along)];
        term.array = index::get(cx, &moved, &index)?;
        term.labels.remove(second);
        term.labels.remove(first);
        term.labels.push(label);
    }
    Ok(())
}

#[cold]
fn unequal(label: Label, m: usize, n: usize) -> Error {
    Error::shape(format!("`einsum`: index {} has lengths {m} and {n}", shown(label)))
}

/// An axis of length 1 goes where another operand has the index with another length: it is broadcast.
fn drop_stretched(cx: &mut Context, terms: &mut [Term]) -> Result<()> {
    let mut lengths: BTreeMap<Label, usize> = BTreeMap::new();
    for term in terms.iter() {
        for (&label, &len) in term.labels.iter().zip(term.array.shape()) {
            match lengths.get(&label).copied() {
                Some(before) if before != len && before != 1 && len != 1 => return Err(unequal(label, before, len)),
                Some(before) if before != 1 => {}
                _ => _ = lengths.insert(label, len),
            }
        }
    }
    for term in terms {
        let stretched = |(label, len): (&Label, usize)| len == 1 && lengths.get(label).is_some_and(|&len| len != 1);
        let goes: Vec<bool> = term.labels.iter().zip(term.array.shape().iter().copied()).map(stretched).collect();
        if goes.contains(&true) {
            let kept = term.array.shape().iter().zip(&goes).filter(|(_, goes)| !**goes);
            let shape: SmallVec<[i64; 4]> = kept.map(|(&len, _)| len as i64).collect();
            term.array = reshape(cx, term.array.clone(), &shape)?;
            let mut goes = goes.into_iter();
            term.labels.retain(|_| !goes.next().unwrap_or(false));
        }
    }
    Ok(())
}

/// The labels that the result and the terms other than these have.
fn needed(terms: &[Term], except: &[usize], wanted: &[Label]) -> Vec<Label> {
    let others = terms.iter().enumerate().filter(|(number, _)| !except.contains(number));
    others.flat_map(|(_, term)| &term.labels).chain(wanted).copied().collect()
}

fn sum_out(cx: &mut Context, term: &mut Term, needed: &[Label]) -> Result<()> {
    let axes: SmallVec<[i64; 4]> = term
        .labels
        .iter()
        .enumerate()
        .filter(|(_, label)| !needed.contains(label))
        .map(|(axis, _)| axis as i64)
        .collect();
    if !axes.is_empty() {
        let dtype = term.array.dtype();
        let own = match dtype {
            DType::F32 | DType::F64 | DType::I64 => Some(&SUM),
            DType::Bool => Some(&ANY),
            _ => None,
        };
        term.array = if let Some(entry) = own {
            reduce(cx, entry, term.array.clone(), Some(&axes), false)?
        } else {
            // a product with ones stays in the dtype, and wraps in it: a cast of the sum would be refused
            let axes: Axes = axes.iter().map(|&axis| axis as usize).collect();
            let lengths: SmallVec<[i64; 4]> = axes.iter().map(|&axis| term.array.shape()[axis] as i64).collect();
            let ones = create::ones(cx, &lengths, dtype)?;
            let all = (0..axes.len()).collect();
            contract(cx, term.array.clone(), ones, Dimensions { contract: [axes, all], ..Default::default() })?
        };
        term.labels.retain(|label| needed.contains(label));
    }
    Ok(())
}

/// The length of every index.
fn lengths(terms: &[Term]) -> BTreeMap<Label, usize> {
    terms.iter().flat_map(|term| term.labels.iter().copied().zip(term.array.shape().iter().copied())).collect()
}

/// Joins two terms; what nobody needs any more is summed.
fn product(cx: &mut Context, a: Term, b: Term, needed: &[Label]) -> Result<Term> {
    let shared: Vec<Label> = a.labels.iter().copied().filter(|&label| b.axis(label).is_some()).collect();
    let (kept, summed): (Vec<Label>, Vec<Label>) = shared.into_iter().partition(|label| needed.contains(label));
    let free = |term: &Term| -> Vec<Label> {
        term.labels.iter().copied().filter(|label| !kept.contains(label) && !summed.contains(label)).collect()
    };
    let (left, right) = (free(&a), free(&b));
    let labels: Vec<Label> = kept.iter().chain(&left).chain(&right).copied().collect();
    let array = if summed.is_empty() {
        let a = aligned(cx, &a, &labels)?;
        let b = aligned(cx, &b, &labels)?;
        apply2(cx, &MUL, a, b)?
    } else {
        let axes =
            |term: &Term, labels: &[Label]| labels.iter().filter_map(|&label| term.axis(label)).collect::<Axes>();
        let dimensions =
            Dimensions { batch: [axes(&a, &kept), axes(&b, &kept)], contract: [axes(&a, &summed), axes(&b, &summed)] };
        contract(cx, a.array, b.array, dimensions)?
    };
    Ok(Term { array, labels })
}

/// The array with its axes in this order, and axes of length 1 for labels that it has not.
fn aligned(cx: &mut Context, term: &Term, labels: &[Label]) -> Result<Array> {
    let order: SmallVec<[i64; 4]> =
        labels.iter().filter_map(|&label| term.axis(label)).map(|axis| axis as i64).collect();
    let shape: SmallVec<[i64; 4]> = labels.iter().map(|&label| term.length(label).unwrap_or(1) as i64).collect();
    let turned = transpose(cx, term.array.clone(), Some(&order))?;
    reshape(cx, turned, &shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    #[test]
    fn sums_stay_in_their_dtype() {
        let mut cx = Context::default();
        let mut rows = |x: Tensor| einsum(&mut cx, "ij->i", vec![x.into()]).ok().and_then(|sums| sums.to_tensor());
        let truths = rows(Tensor::from_vec(vec![true, true, false, false], &[2, 2])).expect("truth values");
        assert_eq!(truths.as_slice::<bool>(), Some([true, false].as_slice()));
        let bytes = rows(Tensor::from_vec(vec![200u8, 100, 1, 2], &[2, 2])).expect("bytes");
        assert_eq!(bytes.as_slice::<u8>(), Some([44, 3].as_slice()));
        let wide = rows(Tensor::from_vec(vec![i32::MAX, 1, 1, 2], &[2, 2])).expect("integers");
        assert_eq!(wide.as_slice::<i32>(), Some([i32::MIN, 3].as_slice()));
    }
}
