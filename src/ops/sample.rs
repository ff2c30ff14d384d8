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

use super::cast::place;
use super::elementwise::adopt;
use super::types::broadcast_all;
use super::{
    ADD, Abstract, Arity, Attrs, Batch, DIV, Derivative, Entry, MUL, Op, Partial, SQRT, SQUARE, SUB, WholeKernel,
    WholeRule, apply, apply1, apply2, random,
};
use crate::context::Context;
use crate::cpu;
use crate::cpu::gamma;
use crate::cpu::sample::{Stream, fill};
use crate::devices::Engine;
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::{Array, DType, Element, Tensor, Walk};
use crate::transform::placed;

const fn entry(name: &'static str, parameters: usize, rule: WholeRule, kernel: WholeKernel) -> Entry {
    Entry { batch: Batch::Elementwise, ..Entry::whole(name, name, Arity::Exactly(parameters + 2), rule, kernel) }
}

/// The logarithm of a gamma number of scale 1: of its shape.
pub static LOG_GAMMA: Entry = Entry {
    symbol: "gamma",
    derivative: Derivative::Elementwise(&[Partial::Of(|cx, x, y| match x {
        [a, ..] => apply2(cx, &Op { entry: &LOG_GAMMA_SLOPE, attrs: Attrs::None }, a.clone(), y.clone()),
        _ => Err(cpu::mistyped()),
    })]),
    ..floats("log_gamma", 1, |cx, _, inputs, out| one(cx, inputs, &out, Stream::log_gamma))
};
/// How it moves with the shape, at its place in the distribution: of the shape and the logarithm.
static LOG_GAMMA_SLOPE: Entry = Entry {
    derivative: Derivative::Elementwise(&[
        Partial::Of(|cx, x, _| {
            apply(cx, &Op { entry: &LOG_GAMMA_SLOPE_BY_SHAPE, attrs: Attrs::None }, &mut x.to_vec())
        }),
        Partial::Of(|cx, x, _| apply(cx, &Op { entry: &LOG_GAMMA_SLOPE_BY_LOG, attrs: Attrs::None }, &mut x.to_vec())),
    ]),
    ..slope("log_gamma_slope", 2, |cx, _, inputs, out| slopes(cx, inputs, &out, |[a, y]| gamma::log_slope(a, y)))
};
static LOG_GAMMA_SLOPE_BY_SHAPE: Entry = slope("log_gamma_slope_by_shape", 2, |cx, _, inputs, out| {
    slopes(cx, inputs, &out, |[a, y]| gamma::log_slope_by_shape(a, y))
});
static LOG_GAMMA_SLOPE_BY_LOG: Entry = slope("log_gamma_slope_by_log", 2, |cx, _, inputs, out| {
    slopes(cx, inputs, &out, |[a, y]| gamma::log_slope_by_log(a, y))
});
/// Of its mean.
pub static POISSON: Entry = counts("poisson", 1, |cx, _, inputs, out| one(cx, inputs, &out, Stream::poisson));
/// Of the trials, whole numbers, and the probability of a success.
pub static BINOMIAL: Entry = counts("binomial", 2, |cx, _, inputs, out| two(cx, inputs, &out, Stream::binomial));
/// Of the successes and the probability of one.
pub static NEGATIVE_BINOMIAL: Entry =
    counts("negative_binomial", 2, |cx, _, inputs, out| two(cx, inputs, &out, Stream::negative_binomial));
/// Of the probability of a success.
pub static GEOMETRIC: Entry = counts("geometric", 1, |cx, _, inputs, out| one(cx, inputs, &out, Stream::geometric));
/// Of the good ones, the bad ones and how many of them are drawn.
pub static HYPERGEOMETRIC: Entry = counts("hypergeometric", 3, |cx, _, inputs, out| {
    check_draws(cx, inputs, &out)?;
    three(cx, inputs, &out, Stream::hypergeometric)
});
/// Of its parameter.
pub static LOGSERIES: Entry = counts("logseries", 1, |cx, _, inputs, out| one(cx, inputs, &out, Stream::logseries));
/// Of the exponent.
pub static ZIPF: Entry = counts("zipf", 1, |cx, _, inputs, out| one(cx, inputs, &out, Stream::zipf));
/// Of the lower limit and the upper one, which is not drawn itself.
pub static INTEGERS: Entry = counts("integers", 2, |cx, _, inputs, out| {
    check_limits(cx, inputs, &out, |low, high| low < high)?;
    two(cx, inputs, &out, |stream, low, high: i64| stream.integer(low, high - 1))
});
/// Of the lower limit and the upper one, both of which are drawn.
pub static INTEGERS_TO: Entry = Entry {
    symbol: "integers",
    ..counts("integers_to", 2, |cx, _, inputs, out| {
        check_limits(cx, inputs, &out, |low, high| low <= high)?;
        two(cx, inputs, &out, Stream::integer)
    })
};
/// Of the concentration around the angle 0.
pub static VONMISES: Entry = floats("vonmises", 1, |cx, _, inputs, out| one(cx, inputs, &out, Stream::vonmises))
    .derivative(Derivative::Elementwise(&[Partial::Of(|cx, x, y| {
        slope_of(cx, &VONMISES_SLOPE, x.get(..1).unwrap_or_default(), y)
    })]));
static VONMISES_SLOPE: Entry =
    slope("vonmises_slope", 2, |cx, _, inputs, out| slopes(cx, inputs, &out, cpu::slopes::vonmises));
/// Of the mean and the scale.
pub static WALD: Entry = floats("wald", 2, |cx, _, inputs, out| two(cx, inputs, &out, Stream::wald))
    .derivative(Derivative::Elementwise(&[Partial::Of(wald_by_mean), Partial::Of(wald_by_scale)]));
/// Mills' ratio M of a normal number.
static MILLS: Entry = slope("mills", 1, |cx, _, inputs, out| slopes(cx, inputs, &out, |[v]| cpu::slopes::mills(v)))
    .derivative(Derivative::Elementwise(&[Partial::Of(|cx, x, _| {
        apply1(cx, &Op { entry: &MILLS_SLOPE, attrs: Attrs::None }, x[0].clone())
    })]));
/// v M - 1, how Mills' ratio moves, and this by M + v dM/dv.
static MILLS_SLOPE: Entry =
    slope("mills_slope", 1, |cx, _, inputs, out| slopes(cx, inputs, &out, |[v]| cpu::slopes::mills_slope(v)))
        .derivative(Derivative::Elementwise(&[Partial::Of(|cx, x, y| {
            let ratio = apply1(cx, &Op { entry: &MILLS, attrs: Attrs::None }, x[0].clone())?;
            let product = apply2(cx, &MUL, x[0].clone(), y.clone())?;
            apply2(cx, &ADD, ratio, product)
        })]));
/// Of the degrees of freedom and the noncentrality.
pub static NONCENTRAL: Entry =
    floats("noncentral_chisquare", 2, |cx, _, inputs, out| two(cx, inputs, &out, Stream::noncentral_chisquare))
        .derivative(Derivative::Elementwise(&[
            Partial::Of(|cx, x, y| slope_of(cx, &NONCENTRAL_BY_FREEDOM, x.get(..2).unwrap_or_default(), y)),
            Partial::Of(|cx, x, y| slope_of(cx, &NONCENTRAL_BY_NONCENTRALITY, x.get(..2).unwrap_or_default(), y)),
        ]));
static NONCENTRAL_BY_FREEDOM: Entry = slope("noncentral_by_freedom", 3, |cx, _, inputs, out| {
    slopes(cx, inputs, &out, cpu::slopes::noncentral_by_freedom)
});
static NONCENTRAL_BY_NONCENTRALITY: Entry = slope("noncentral_by_noncentrality", 3, |cx, _, inputs, out| {
    slopes(cx, inputs, &out, cpu::slopes::noncentral_by_noncentrality)
});

pub(super) static TABLE: &[&Entry] = &[
    &LOG_GAMMA,
    &LOG_GAMMA_SLOPE,
    &LOG_GAMMA_SLOPE_BY_SHAPE,
    &LOG_GAMMA_SLOPE_BY_LOG,
    &POISSON,
    &BINOMIAL,
    &NEGATIVE_BINOMIAL,
    &GEOMETRIC,
    &HYPERGEOMETRIC,
    &LOGSERIES,
    &ZIPF,
    &INTEGERS,
    &INTEGERS_TO,
    &VONMISES,
    &VONMISES_SLOPE,
    &WALD,
    &MILLS,
    &MILLS_SLOPE,
    &NONCENTRAL,
    &NONCENTRAL_BY_FREEDOM,
    &NONCENTRAL_BY_NONCENTRALITY,
];

const fn slope(name: &'static str, numbers: usize, kernel: WholeKernel) -> Entry {
    let whole = Entry::whole(name, "slope of random numbers", Arity::Exactly(numbers), float, kernel);
    Entry { batch: Batch::Elementwise, ..whole }
}

const fn floats(name: &'static str, parameters: usize, kernel: WholeKernel) -> Entry {
    entry(name, parameters, float, kernel)
}

const fn counts(name: &'static str, parameters: usize, kernel: WholeKernel) -> Entry {
    entry(name, parameters, whole, kernel).derivative(Derivative::Flat)
}

/// Numbers of this shape, which the parameters broadcast to. They are made on the CPU.
pub fn sample(cx: &mut Context, entry: &'static Entry, shape: &[i64], parameters: &[Array]) -> Result<Array> {
    check_at_hand(cx, entry.symbol, parameters)?;
    let mut inputs = parameters.to_vec();
    inputs.extend(random::words(cx, shape)?);
    apply(cx, &Op { entry, attrs: Attrs::None }, &mut inputs)
}

/// Errors where a parameter is on a graphics card, which does not draw such numbers.
pub(super) fn check_at_hand(cx: &mut Context, what: &str, parameters: &[Array]) -> Result<()> {
    for parameter in parameters {
        if let Some(device) = parameter.place()
            && let Engine::Card(_) = placed::engine(cx, device)?
        {
            let message = format!("a GPU has no `{what}` of {} yet", parameter.type_name());
            return Err(Error::new(Kind::Device, message).help(
                "parameters stay on the CPU, or come back with `x @ cpu`; what is drawn goes where new values do",
            ));
        }
    }
    Ok(())
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

fn slopes<const N: usize>(cx: &Context, inputs: &[Array], out: &Abstract, of: fn([f64; N]) -> f64) -> Result<Array> {
    let tensors = inputs.iter().map(|input| adopt(cx, input, DType::F64)).collect::<Result<Vec<Tensor>>>()?;
    let tensors: [&Tensor; N] = tensors.iter().collect::<Vec<_>>().try_into().map_err(|_| cpu::mistyped())?;
    cpu::slopes::each(cx, of, tensors, &out.shape).map(Array::from)
}

/// A number from the parameters of a draw and what was drawn: a partial derivative.
fn slope_of(cx: &mut Context, entry: &'static Entry, parameters: &[Array], y: &Array) -> Result<Array> {
    let mut inputs = parameters.to_vec();
    inputs.push(y.clone());
    apply(cx, &Op { entry, attrs: Attrs::None }, &mut inputs)
}

/// With M of (x + m) √(s / x) / m, for mean m and scale s, the distribution function of J. Folks, R. Chhikara, "The inverse
/// Gaussian distribution and its statistical application" (1978) gives dx/dm = 2 x √(s x) M / m².
fn wald_by_mean(cx: &mut Context, inputs: &[Array], x: &Array) -> Result<Array> {
    let [mean, scale, ..] = inputs else { return Err(cpu::mistyped()) };
    let ratio = apply2(cx, &DIV, scale.clone(), x.clone())?;
    let root = apply1(cx, &SQRT, ratio)?;
    let sum = apply2(cx, &ADD, x.clone(), mean.clone())?;
    let relative = apply2(cx, &DIV, sum, mean.clone())?;
    let distance = apply2(cx, &MUL, relative, root.clone())?;
    let mills = apply1(cx, &Op { entry: &MILLS, attrs: Attrs::None }, distance)?;
    let share = apply2(cx, &DIV, x.clone(), mean.clone())?;
    let square = apply1(cx, &SQUARE, share)?;
    let product = apply2(cx, &MUL, square, root)?;
    let product = apply2(cx, &MUL, product, mills)?;
    apply2(cx, &MUL, product, Array::Float(2.0))
}

/// Scaled numbers are numbers of scaled parameters: m dx/dm + s dx/ds = x.
fn wald_by_scale(cx: &mut Context, inputs: &[Array], x: &Array) -> Result<Array> {
    let [mean, scale, ..] = inputs else { return Err(cpu::mistyped()) };
    let by_mean = wald_by_mean(cx, inputs, x)?;
    let part = apply2(cx, &MUL, mean.clone(), by_mean)?;
    let rest = apply2(cx, &SUB, x.clone(), part)?;
    apply2(cx, &DIV, rest, scale.clone())
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

fn three<T: Element>(
    cx: &Context,
    inputs: &[Array],
    out: &Abstract,
    draw: impl Fn(&mut Stream, i64, i64, i64) -> T,
) -> Result<Array> {
    let [parameters @ .., first, second] = inputs else { return Err(cpu::mistyped()) };
    let [first, second] = keys(cx, first, second)?;
    let values = at_hand(cx, parameters)?;
    let mut walks = walks(&values, &out.shape)?;
    fill(cx, [&first, &second], &out.shape, |stream| {
        let [a, b, c] = walks.each_mut().map(Iterator::next);
        Some(draw(stream, a?, b?, c?))
    })
    .map(Array::from)
}

/// Integers that are parameters.
fn at_hand<const N: usize>(cx: &Context, parameters: &[Array]) -> Result<[Tensor; N]> {
    let tensors =
        parameters.iter().map(|parameter| adopt(cx, parameter, DType::I64)).collect::<Result<Vec<Tensor>>>()?;
    tensors.try_into().map_err(|_| cpu::mistyped())
}

/// As if broadcast to a shape.
fn walks<'t, const N: usize>(tensors: &'t [Tensor; N], shape: &[usize]) -> Result<[Walk<'t, i64>; N]> {
    let walks = tensors.iter().map(|tensor| tensor.walk_as::<i64>(shape).ok_or_else(cpu::mistyped));
    walks.collect::<Result<Vec<_>>>()?.try_into().map_err(|_| cpu::mistyped())
}

/// Errors unless something lies between every lower limit and its upper one.
fn check_limits(cx: &Context, inputs: &[Array], out: &Abstract, has: impl Fn(i64, i64) -> bool) -> Result<()> {
    let limits: [Tensor; 2] = at_hand(cx, inputs.get(..2).unwrap_or_default())?;
    let [lows, highs] = walks(&limits, &out.shape)?;
    match lows.zip(highs).enumerate().find(|(_, (low, high))| !has(*low, *high)) {
        Some((number, (low, high))) => Err(no_integers(low, high, &place(number, &out.shape))),
        None => Ok(()),
    }
}

/// So many are at most there to be drawn from, as in NumPy: beyond them inversion takes too long.
const MOST_TO_DRAW: i64 = 1_000_000_000;

/// Errors unless there are as many as are drawn.
fn check_draws(cx: &Context, inputs: &[Array], out: &Abstract) -> Result<()> {
    let numbers: [Tensor; 3] = at_hand(cx, inputs.get(..3).unwrap_or_default())?;
    let [goods, bads, counts] = walks(&numbers, &out.shape)?;
    for (number, ((good, bad), count)) in goods.zip(bads).zip(counts).enumerate() {
        let place = || place(number, &out.shape);
        if good > MOST_TO_DRAW || bad > MOST_TO_DRAW {
            let message =
                format!("`ngood` and `nbad` have to be at most {MOST_TO_DRAW}, not {good} and {bad}{}", place());
            return Err(Error::value(message).help("of so many `random.binomial` draws nearly the same"));
        }
        if count > good + bad {
            let message = format!("`nsample` has to be at most `ngood + nbad`, {}, not {count}{}", good + bad, place());
            return Err(Error::value(message));
        }
    }
    Ok(())
}

/// The error of limits with nothing between them.
#[cold]
pub fn no_integers(low: i64, high: i64, place: &str) -> Error {
    if low > high {
        return Error::value(format!("no integers lie from `low`, {low}, to `high`, {high}{place}"));
    }
    let message = format!("no integers lie from `low`, {low}, up to but not including `high`, {high}{place}");
    Error::value(message).help("`endpoint=true` draws `high`, too")
}
