//! Random orders and choices: functions of random numbers, along the last axis.
//!
//! # The stream
//!
//! It must never change, as that of `ops::random`. An order takes the two draws that `ops::sample` describes, for every
//! element of the result its upper and its lower word. A choice by probabilities takes one draw of `rand`: for every
//! element of the result, or without replacement for every probability. `cpu::choose` says what is made of them.

use super::elementwise::adopt;
use super::sample::check_at_hand;
use super::{Abstract, Arity, Attrs, Derivative, Entry, Op, Outputs, apply, random, rows};
use crate::context::Context;
use crate::cpu;
use crate::cpu::choose::{orders, with_replacement, without_replacement};
use crate::diagnostics::{Error, Result};
use crate::tensor::{Array, DType};
use smallvec::smallvec;
use std::slice;

/// The start of a random order, of the words.
static ORDER: Entry = Entry::whole("order", "permutation", Arity::Exactly(2), order_rule, |cx, op, inputs, out| {
    let (Attrs::Count(population), [upper, lower]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let (upper, lower) = (adopt(cx, upper, DType::I32)?, adopt(cx, lower, DType::I32)?);
    orders(cx, [&upper, &lower], *population, &out.shape).map(Array::from)
})
.derivative(Derivative::Flat)
.batched(all_rows);

/// Of the probabilities and uniform numbers.
static CHOICE: Entry = Entry::whole("choice", "choice", Arity::Exactly(2), choice_rule, |cx, _, inputs, _| {
    let [p, uniform] = inputs else { return Err(cpu::mistyped()) };
    let (p, uniform) = (adopt(cx, p, DType::F64)?, adopt(cx, uniform, DType::F64)?);
    with_replacement(cx, &p, &uniform).map(Array::from)
})
.derivative(Derivative::Flat)
.batched(all_rows);

/// The same without replacement: so many, and as many uniform numbers as probabilities.
static DISTINCT: Entry = Entry::whole("distinct", "choice", Arity::Exactly(2), distinct_rule, |cx, op, inputs, _| {
    let (Attrs::Count(count), [p, uniform]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let (p, uniform) = (adopt(cx, p, DType::F64)?, adopt(cx, uniform, DType::F64)?);
    without_replacement(cx, &p, &uniform, *count).map(Array::from)
})
.derivative(Derivative::Flat)
.batched(all_rows);

pub(super) static TABLE: &[&Entry] = &[&ORDER, &CHOICE, &DISTINCT];

/// Different numbers of those below `population`, along the last axis of this shape.
pub fn order(cx: &mut Context, population: usize, shape: &[i64]) -> Result<Array> {
    if shape.last().is_some_and(|&count| count > population as i64) {
        let count = shape.last().copied().unwrap_or_default();
        let message = format!("cannot take {count} of {population} without replacement");
        return Err(Error::value(message).help("with `replace=true` one may be taken again"));
    }
    let mut words = random::words(cx, shape)?;
    apply(cx, &Op { entry: &ORDER, attrs: Attrs::Count(population) }, &mut words)
}

/// `count` indices of `p`, an array of probabilities along one axis.
pub fn choice(cx: &mut Context, p: Array, count: usize, replace: bool) -> Result<Array> {
    check_at_hand(cx, "choice", slice::from_ref(&p))?;
    let (entry, attrs, numbers) = match replace {
        true => (&CHOICE, Attrs::None, count),
        false => (&DISTINCT, Attrs::Count(count), p.size()),
    };
    let uniform = random::uniform_at_hand(cx, &[numbers.min(i64::MAX as usize) as i64])?;
    apply(cx, &Op { entry, attrs }, &mut [p, uniform])
}

/// A batch is rows in front.
fn all_rows(cx: &mut Context, op: &Op, inputs: &[Array], batched: &[bool], count: usize) -> Result<Outputs> {
    let mut all = vec![];
    for (input, &batched) in inputs.iter().zip(batched) {
        all.push(rows::all_rows(cx, input, batched, count)?);
    }
    Ok(smallvec![apply(cx, op, &mut all)?])
}

fn order_rule(_: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    match inputs {
        [upper, lower] if upper.shape == lower.shape && !upper.shape.is_empty() => {
            Ok(Abstract::new(upper.shape.clone(), DType::I64))
        }
        _ => Err(cpu::mistyped()),
    }
}

fn choice_rule(_: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let [p, uniform] = inputs else { return Err(cpu::mistyped()) };
    match (p.shape.split_last(), uniform.shape.split_last()) {
        (Some((1.., rows)), Some((_, others))) if rows == others => {
            Ok(Abstract::new(uniform.shape.clone(), DType::I64))
        }
        _ => {
            let names = [p.type_name(), uniform.type_name()];
            Err(Error::shape(format!("there is no choice by {} for {}", names[0], names[1])).operand(0, p.type_name()))
        }
    }
}

fn distinct_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let Attrs::Count(count) = op.attrs else { return Err(cpu::mistyped()) };
    let mut out = choice_rule(op, inputs)?;
    if inputs.first().map(|p| &p.shape) != Some(&out.shape) {
        return Err(cpu::mistyped());
    }
    if let Some(last) = out.shape.last_mut() {
        *last = count;
    }
    Ok(out)
}
