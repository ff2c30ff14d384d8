//! Random numbers that are drawn by trying until one is accepted: functions of parameters and of random words.
//!
//! # The stream
//!
//! It must never change, as that of `ops::random`, on which it stands. A call makes two draws of `randint` from -2³¹ up to
//! but not including 2³¹: the first and the second word of a key for every element. The element takes its bits from
//! Philox 4x32-10 with this key and the counters (0, 0, 0, 2³² - 1), (1, 0, 0, 2³² - 1), ...: each gives twice 64 bits, low
//! words first, and `cpu::sample` says what is made of them. A uniform number is (⌊b / 2¹²⌋ + ½) · 2⁻⁵².
//!
//! The words are inputs like the parameters. So these operations draw nothing themselves: a batch, a graph and a
//! derivative see element-wise functions.

use super::elementwise::adopt;
use super::types::broadcast_all;
use super::{
    Abstract, Arity, Attrs, Batch, Derivative, Entry, Op, Partial, WholeKernel, WholeRule, apply, apply2, random,
};
use crate::context::Context;
use crate::cpu;
use crate::cpu::sample::{Stream, fill};
use crate::diagnostics::{Error, Result};
use crate::tensor::{Array, DType, Element, Tensor};

const fn entry(name: &'static str, parameters: usize, rule: WholeRule, kernel: WholeKernel) -> Entry {
    Entry { batch: Batch::Elementwise, ..Entry::whole(name, name, Arity::Exactly(parameters + 2), rule, kernel) }
}

/// The logarithm of a gamma number of scale 1: of its shape.
pub static LOG_GAMMA: Entry =
    entry("log_gamma", 1, float, |cx, _, inputs, out| one(cx, inputs, &out, Stream::log_gamma)).derivative(
        Derivative::Elementwise(&[Partial::Of(|cx, x, y| match x {
            [a, ..] => apply2(cx, &Op { entry: &LOG_GAMMA_SLOPE, attrs: Attrs::None }, a.clone(), y.clone()),
            _ => Err(cpu::mistyped()),
        })]),
    );
/// How it moves with the shape, at its place in the distribution.
static LOG_GAMMA_SLOPE: Entry = Entry {
    batch: Batch::Elementwise,
    ..Entry::whole("log_gamma_slope", "log_gamma", Arity::Exactly(2), float, |cx, _, inputs, out| match inputs {
        [a, y] => {
            let (a, y) = (adopt(cx, a, DType::F64)?, adopt(cx, y, DType::F64)?);
            cpu::gamma::log_slopes(cx, &a, &y, &out.shape).map(Array::from)
        }
        _ => Err(cpu::mistyped()),
    })
};
/// Of its mean.
pub static POISSON: Entry = counts("poisson", 1, |cx, _, inputs, out| one(cx, inputs, &out, Stream::poisson));
/// Of the trials, whole numbers, and the probability of a success.
pub static BINOMIAL: Entry = counts("binomial", 2, |cx, _, inputs, out| two(cx, inputs, &out, Stream::binomial));
/// Of the successes and the probability of one.
pub static NEGATIVE_BINOMIAL: Entry =
    counts("negative_binomial", 2, |cx, _, inputs, out| two(cx, inputs, &out, Stream::negative_binomial));
/// Of the probability of a success.
pub static GEOMETRIC: Entry = counts("geometric", 1, |cx, _, inputs, out| one(cx, inputs, &out, Stream::geometric));
/// Of the lower limit and the upper one, which is not drawn itself.
pub static INTEGERS: Entry = counts("integers", 2, |cx, _, inputs, out| {
    if let [low, high, ..] = &*inputs {
        check_limits(cx, low, high, &out)?;
    }
    two(cx, inputs, &out, Stream::integer)
});

pub(super) static TABLE: &[&Entry] =
    &[&LOG_GAMMA, &LOG_GAMMA_SLOPE, &POISSON, &BINOMIAL, &NEGATIVE_BINOMIAL, &GEOMETRIC, &INTEGERS];

const fn counts(name: &'static str, parameters: usize, kernel: WholeKernel) -> Entry {
    entry(name, parameters, whole, kernel).derivative(Derivative::Flat)
}

/// Numbers of this shape, which the parameters broadcast to. They are made on the CPU.
pub fn sample(cx: &mut Context, entry: &'static Entry, shape: &[i64], parameters: &[Array]) -> Result<Array> {
    let mut inputs = parameters.to_vec();
    inputs.extend(random::words(cx, shape)?);
    apply(cx, &Op { entry, attrs: Attrs::None }, &mut inputs)
}

fn float(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    typed(op, inputs, DType::F64)
}

fn whole(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    typed(op, inputs, DType::I64)
}

fn typed(op: &Op, inputs: &[Abstract], dtype: DType) -> Result<Abstract> {
    let shapes: Vec<&[usize]> = inputs.iter().map(|input| input.shape.as_slice()).collect();
    let names = || inputs.iter().map(Abstract::type_name).collect();
    Ok(Abstract::new(broadcast_all(op.entry, &shapes, names)?, dtype))
}

fn keys(cx: &Context, first: &Array, second: &Array) -> Result<[Tensor; 2]> {
    Ok([adopt(cx, first, DType::I32)?, adopt(cx, second, DType::I32)?])
}

/// A number for every element from its one parameter.
fn one<A: Element, T: Element>(
    cx: &Context,
    inputs: &[Array],
    out: &Abstract,
    draw: impl Fn(&mut Stream, A) -> T,
) -> Result<Array> {
    let [parameter, first, second] = inputs else { return Err(cpu::mistyped()) };
    let [first, second] = keys(cx, first, second)?;
    let parameter = adopt(cx, parameter, A::DTYPE)?;
    let mut values = parameter.walk_as::<A>(&out.shape).ok_or_else(cpu::mistyped)?;
    fill(cx, [&first, &second], &out.shape, |stream| Some(draw(stream, values.next()?))).map(Array::from)
}

fn two<A: Element, B: Element, T: Element>(
    cx: &Context,
    inputs: &[Array],
    out: &Abstract,
    draw: impl Fn(&mut Stream, A, B) -> T,
) -> Result<Array> {
    let [left, right, first, second] = inputs else { return Err(cpu::mistyped()) };
    let [first, second] = keys(cx, first, second)?;
    let (left, right) = (adopt(cx, left, A::DTYPE)?, adopt(cx, right, B::DTYPE)?);
    let mut lefts = left.walk_as::<A>(&out.shape).ok_or_else(cpu::mistyped)?;
    let mut rights = right.walk_as::<B>(&out.shape).ok_or_else(cpu::mistyped)?;
    fill(cx, [&first, &second], &out.shape, |stream| Some(draw(stream, lefts.next()?, rights.next()?))).map(Array::from)
}

/// Errors unless every lower limit is below its upper one.
fn check_limits(cx: &Context, low: &Array, high: &Array, out: &Abstract) -> Result<()> {
    let (low, high) = (adopt(cx, low, DType::I64)?, adopt(cx, high, DType::I64)?);
    let lows = low.walk_as::<i64>(&out.shape).ok_or_else(cpu::mistyped)?;
    let highs = high.walk_as::<i64>(&out.shape).ok_or_else(cpu::mistyped)?;
    match lows.zip(highs).enumerate().find(|(_, (low, high))| low >= high) {
        Some((number, (low, high))) => Err(no_integers(low, high, &super::cast::place(number, &out.shape))),
        None => Ok(()),
    }
}

/// The error of limits with nothing between them.
#[cold]
pub fn no_integers(low: i64, high: i64, place: &str) -> Error {
    let message = format!("no integers lie from `low`, {low}, up to but not including `high`, {high}{place}");
    Error::value(message).help("`endpoint=true` draws `high`, too")
}
