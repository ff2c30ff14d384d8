//! Random draws.
//!
//! # The stream
//!
//! It is the same on every machine and engine, and must never change. A session has a seed of 64 bits and counts its
//! draws: every call of `rand`, `randn` or `randint` is one draw and has the number of draws before it. Element `i` of a
//! draw (in row-major order) depends on the seed, the number of the draw and `i` alone. Philox 4x32-10 with the key
//! (seed, low word first) and the counter (`i / 2` in two words, the draw's number in two words, low words first) gives
//! four words; the first two are the 64 bits of the even element, low word first, the others those of the odd one.
//! From the bits `b`:
//!
//! - `rand`: ⌊b / 2¹¹⌋ · 2⁻⁵³ in `f64`, ⌊b / 2⁴⁰⌋ · 2⁻²⁴ in `f32`, which is the former rounded down;
//! - `randint`: low + ⌊b · (high - low) / 2⁶⁴⌋. No value is more likely than another by more than 2⁻⁶⁴;
//! - `randn`: with u = (b + ½) / 2⁶⁴ of the even element and v = b / 2⁶⁴ of the odd one, √(-2 ln u) · cos 2πv for the
//!   even and √(-2 ln u) · sin 2πv for the odd element (Box and Muller). For u ≥ ½ the logarithm is that of one less the
//!   exact distance to 1, so that single precision loses nothing near 1. Computed in `f64`, on engines without it in
//!   `f32`; for `f32` rounded.
//!
//! The members of the module `random` are made of these draws, by formulas in `stdlib/random.nab` and as `ops::sample` and
//! `ops::choose` say.

use super::place::{on_device, place};
use super::{Abstract, Arity, Attrs, Derivative, Entry, Op, apply, cast, create, now};
use crate::context::{Context, RandomState};
use crate::cpu;
use crate::cpu::random::Draw;
use crate::devices::Engine;
use crate::diagnostics::{Error, Result};
use crate::gpu;
use crate::tensor::{Array, DType, Device, Tensor};
use crate::transform::placed;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// In [0, 1).
    Uniform,
    /// Mean 0, variance 1.
    Normal,
    /// `low` and the `range - 1` integers above it.
    Integers { low: i64, range: u64 },
}

const fn entry(name: &'static str) -> Entry {
    Entry::whole(name, name, Arity::Exactly(0), rule, kernel).derivative(Derivative::Flat)
}

static RAND: Entry = entry("rand");
static RANDN: Entry = entry("randn");
static RANDINT: Entry = entry("randint");

pub(super) static TABLE: &[&Entry] = &[&RAND, &RANDN, &RANDINT];

/// Uniform numbers in [0, 1), `f64` or `f32`.
pub fn rand(cx: &mut Context, shape: &[i64], dtype: DType) -> Result<Array> {
    draw(cx, &RAND, shape, float(dtype)?, Distribution::Uniform)
}

/// Standard normal numbers, `f64` or `f32`.
pub fn randn(cx: &mut Context, shape: &[i64], dtype: DType) -> Result<Array> {
    draw(cx, &RANDN, shape, float(dtype)?, Distribution::Normal)
}

/// Integers from `low` up to but not including `high`, all of which `dtype` has.
pub fn randint(cx: &mut Context, low: i64, high: i64, shape: &[i64], dtype: DType) -> Result<Array> {
    if low >= high {
        let message = format!("randint needs a lower limit below the upper one, not {low} and {high}");
        return Err(Error::value(message).help("the upper limit is not drawn itself"));
    }
    let (first, last) = integers(dtype)?;
    for (name, limit, number) in [("low", low, low), ("high", high, high - 1)] {
        if !(first..=last).contains(&number) {
            let message = format!("`{name}` is out of bounds for {dtype}, which has {first} to {last}: it is {limit}");
            return Err(Error::value(message).help("`high` itself is not drawn"));
        }
    }
    let range = high.abs_diff(low);
    let drawn = draw(cx, &RANDINT, shape, DType::I64, Distribution::Integers { low, range })?;
    cast(cx, drawn, dtype)
}

/// Two words for every element, at hand whatever the device of new values is.
pub(super) fn words(cx: &mut Context, shape: &[i64]) -> Result<[Array; 2]> {
    let all = Distribution::Integers { low: i64::from(i32::MIN), range: 1 << 32 };
    let mut word = || {
        let drawn = draw_on(cx, None, &RANDINT, shape, DType::I64, all)?;
        cast(cx, drawn, DType::I32)
    };
    Ok([word()?, word()?])
}

/// As `rand`, at hand whatever the device of new values is.
pub(super) fn uniform_at_hand(cx: &mut Context, shape: &[i64]) -> Result<Array> {
    draw_on(cx, None, &RAND, shape, DType::F64, Distribution::Uniform)
}

/// The dtype of numbers that are floats.
pub fn float(dtype: DType) -> Result<DType> {
    match dtype {
        DType::F32 | DType::F64 => Ok(dtype),
        _ => Err(Error::ty(format!("the numbers of this distribution are f32 or f64, not {dtype}"))
            .help("`randint` and `random.integers` draw integers")),
    }
}

/// The least and the largest of the integers of a dtype.
pub fn integers(dtype: DType) -> Result<(i64, i64)> {
    match dtype {
        DType::Bool => Ok((0, 1)),
        DType::U8 => Ok((0, u8::MAX.into())),
        DType::I32 => Ok((i32::MIN.into(), i32::MAX.into())),
        DType::I64 => Ok((i64::MIN, i64::MAX)),
        DType::F32 | DType::F64 | DType::Str => Err(Error::ty(format!("random integers are no {dtype}"))
            .help("`rand` and `random.uniform` draw floats; integers are i64, i32, u8 or bool")),
    }
}

fn draw(
    cx: &mut Context,
    entry: &'static Entry,
    shape: &[i64],
    dtype: DType,
    distribution: Distribution,
) -> Result<Array> {
    let home = cx.devices.home;
    draw_on(cx, home, entry, shape, dtype, distribution)
}

fn draw_on(
    cx: &mut Context,
    home: Option<Device>,
    entry: &'static Entry,
    shape: &[i64],
    dtype: DType,
    distribution: Distribution,
) -> Result<Array> {
    let out = Abstract { device: home, ..Abstract::new(create::lengths(shape)?, on_device(dtype, home)) };
    apply(cx, &Op { entry, attrs: Attrs::Draw(distribution, out) }, &mut [])
}

fn rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    match (&op.attrs, inputs) {
        (Attrs::Draw(_, out), []) => Ok(out.clone()),
        _ => Err(cpu::mistyped()),
    }
}

/// The next draw of the session.
fn kernel(cx: &mut Context, op: &Op, _: &mut [Array], out: Abstract) -> Result<Array> {
    let Attrs::Draw(distribution, _) = &op.attrs else { return Err(cpu::mistyped()) };
    let RandomState { seed, draws } = cx.random;
    if let Some(device) = out.device {
        return kernel_on(cx, device, op, *distribution, out);
    }
    let draw = Draw { seed, number: draws };
    let (count, shape) = (out.size(), out.shape.as_slice());
    let drawn = match (distribution, out.dtype) {
        (Distribution::Uniform, DType::F32) => Tensor::from_vec(draw.uniform_single(cx, count)?, shape),
        (Distribution::Uniform, _) => Tensor::from_vec(draw.uniform(cx, count)?, shape),
        (Distribution::Normal, DType::F32) => Tensor::from_vec(draw.normal_single(cx, count)?, shape),
        (Distribution::Normal, _) => Tensor::from_vec(draw.normal(cx, count)?, shape),
        (Distribution::Integers { low, range }, _) => Tensor::from_vec(draw.integers(cx, *low, *range, count)?, shape),
    };
    cx.random.draws = draws.wrapping_add(1);
    Ok(drawn.into())
}

/// The next draw, on a device.
fn kernel_on(cx: &mut Context, device: Device, op: &Op, distribution: Distribution, out: Abstract) -> Result<Array> {
    let RandomState { seed, draws } = cx.random;
    if let Engine::Card(card) = placed::engine(cx, device)? {
        let what = match distribution {
            Distribution::Uniform => gpu::Draw::Uniform,
            Distribution::Normal => gpu::Draw::Normal,
            Distribution::Integers { low, range } => gpu::Draw::Integers { low, range },
        };
        let view = card.gpu.draw(seed, draws, what, &out.shape)?;
        cx.random.draws = draws.wrapping_add(1);
        return Ok(placed::on_card(device, view));
    }
    let plain = Attrs::Draw(distribution, Abstract { device: None, ..out });
    let drawn = now(cx, &Op { entry: op.entry, attrs: plain }, &mut [])?;
    place(cx, drawn, Some(device))
}
