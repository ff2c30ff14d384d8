//! Logarithms.
//!
//! x = m 2^k with m from sqrt(1/2) to sqrt(2); f = m - 1, s = f / (2 + f), and log(m) = f - f²/2 + s (f²/2 + R(s²)),
//! where R is a minimax polynomial: the scheme of FreeBSD's e_log.c, with its sums in two parts for the bases 2 and 10.

use super::exponential;
use super::parts::{LN2_HIGH, LN2_LOW, clamp, exact_sum, normal_parts, parts, polynomial};
use std::f64::consts::{LN_2, LOG2_E, LOG10_2, LOG10_E};

// (log((1 + s) / (1 - s)) / s - 2) / s², of z = s²; errors of the logarithm 2^-59 and 2^-30
const LOG: [f64; 7] = [
    0.6666666666666735,
    0.39999999999413205,
    0.2857142874274747,
    0.22222198533181664,
    0.18183566556237266,
    0.1531398981312358,
    0.1479659275557702,
];
const LOG_F32: [f64; 3] = [0.6666677653312575, 0.39977521111728687, 0.2987231964336493];

/// f - f²/2 is the first part of log(1 + f); the second is small.
#[inline(always)]
fn rest<const N: usize>(f: f64, half_square: f64, coefficients: &[f64; N]) -> (f64, f64) {
    let s = f / (2.0 + f);
    let z = s * s;
    (s, s * (half_square + z * polynomial(z, coefficients)))
}

/// The limits and errors of a logarithm.
#[inline(always)]
fn guarded(x: f64, result: f64) -> f64 {
    let of_positive = if x == f64::INFINITY { x } else { result };
    let of_others = if x == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    if x > 0.0 { of_positive } else { of_others }
}

/// Within 0.83 ulp.
#[inline(always)]
pub fn log(x: f64) -> f64 {
    let (m, k) = parts(x);
    let f = m - 1.0;
    let half_square = 0.5 * f * f;
    let (_, rest) = rest(f, half_square, &LOG);
    guarded(x, k * LN2_HIGH - ((half_square - (rest + k * LN2_LOW)) - f))
}

/// The logarithm to 30 bits of a normal number.
#[inline(always)]
pub(super) fn log_near(x: f64) -> f64 {
    let (m, k, _) = normal_parts(x);
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    guarded(x, k * LN_2 + s * (2.0 + z * polynomial(z, &LOG_F32)))
}

#[inline(always)]
pub fn log_f32(x: f32) -> f32 {
    log_near(f64::from(x)) as f32
}

/// log(m) in two parts, the first of 21 bits, so that its product with another of 21 is exact; and k.
#[inline(always)]
fn log_in_parts(x: f64) -> (f64, f64, f64) {
    let (m, k) = parts(x);
    let f = m - 1.0;
    let half_square = 0.5 * f * f;
    let (_, rest) = rest(f, half_square, &LOG);
    let high = f64::from_bits((f - half_square).to_bits() & !0xffff_ffff);
    (high, ((f - high) - half_square) + rest, k)
}

/// Within 0.8 ulp; exact for powers of two.
#[inline(always)]
pub fn log2(x: f64) -> f64 {
    // 1 / ln 2
    const HIGH: f64 = 1.4426946640014648;
    const LOW: f64 = 3.768874985636099e-07;
    let (high, low, k) = log_in_parts(x);
    let first = high * HIGH;
    let second = (low + high) * LOW + low * HIGH;
    let sum = k + first;
    guarded(x, sum + (((k - sum) + first) + second))
}

#[inline(always)]
pub fn log2_f32(x: f32) -> f32 {
    let x = f64::from(x);
    let (m, k, _) = normal_parts(x);
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    guarded(x, k + s * (2.0 + z * polynomial(z, &LOG_F32)) * LOG2_E) as f32
}

/// Within 0.8 ulp.
#[inline(always)]
pub fn log10(x: f64) -> f64 {
    // 1 / ln 10
    const HIGH: f64 = 0.4342944622039795;
    const LOW: f64 = 1.9699272335463627e-08;
    // log10 of 2; the first part times k is exact.
    const OF_2_HIGH: f64 = 0.30102999560767785;
    const OF_2_LOW: f64 = 5.630334806675098e-11;
    let (high, low, k) = log_in_parts(x);
    let first = high * HIGH;
    let second = k * OF_2_LOW + ((low + high) * LOW + low * HIGH);
    let of_power = k * OF_2_HIGH;
    let sum = of_power + first;
    guarded(x, sum + (((of_power - sum) + first) + second))
}

#[inline(always)]
pub fn log10_f32(x: f32) -> f32 {
    let x = f64::from(x);
    let (m, k, _) = normal_parts(x);
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    guarded(x, k * LOG10_2 + s * (2.0 + z * polynomial(z, &LOG_F32)) * LOG10_E) as f32
}

/// Within 0.85 ulp: the logarithm of 1 + x, and what that sum lost.
#[inline(always)]
pub fn log1p(x: f64) -> f64 {
    let (sum, lost) = exact_sum(1.0, x);
    let (m, k, inverse_power) = normal_parts(sum);
    let near = k == 0.0;
    let lost = lost * inverse_power;
    let lost = if near | (x > 1e18) { 0.0 } else { lost };
    let f = if near { x } else { m - 1.0 };
    let half_square = 0.5 * f * f;
    let (s, rest) = rest(f, half_square, &LOG);
    // 1 / (1 + f) = (1 - s) / (1 + s)
    let correction = lost * (1.0 - 2.0 * (s - s * s));
    let result = k * LN2_HIGH - ((half_square - (rest + (k * LN2_LOW + correction))) - f);
    guarded(sum, result.copysign(x))
}

#[inline(always)]
pub fn log1p_f32(x: f32) -> f32 {
    log1p_near(f64::from(x)) as f32
}

/// log1p to 30 bits.
#[inline(always)]
fn log1p_near(x: f64) -> f64 {
    let sum = 1.0 + x;
    let (m, k, _) = normal_parts(sum);
    let f = if k == 0.0 { x } else { m - 1.0 };
    let s = f / (2.0 + f);
    let z = s * s;
    guarded(sum, (k * LN_2 + s * (2.0 + z * polynomial(z, &LOG_F32))).copysign(x))
}

/// log(exp(a) + exp(b)) from the larger one and the distance; exact for infinities that are equal. Within 2.6 ulp of
/// the larger of |result| and |max(a, b)|: where these nearly cancel, digits are lost.
#[inline(always)]
pub fn logaddexp(a: f64, b: f64) -> f64 {
    let (distance, lost) = exact_sum(a, -b);
    let larger = if distance > 0.0 { a } else { b };
    // exp(distance + lost), or its inverse
    let lost = if distance > 0.0 { -lost } else { lost };
    let lost = if distance.abs() < 800.0 { lost } else { 0.0 };
    let ratio = exponential::exp_of_sum(clamp(-distance.abs(), -746.0, 0.0), lost);
    let result = larger + log1p(ratio);
    if a == b { a + LN_2 } else { result }
}

#[inline(always)]
pub fn logaddexp_f32(a: f32, b: f32) -> f32 {
    let (a, b) = (f64::from(a), f64::from(b));
    let distance = a - b;
    let larger = if distance > 0.0 { a } else { b };
    let result = larger + log1p_near(exponential::exp_near(-distance.abs()));
    (if a == b { a + LN_2 } else { result }) as f32
}
