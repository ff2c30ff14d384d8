//! exp, expm1, exp2 and the logistic function.
//!
//! x = k ln 2 + r with |r| <= ln 2 / 2 (Cody and Waite: k times the first part of ln 2 is exact), a minimax polynomial
//! for exp(r), and 2^k by the bits of the exponent; in two factors, so that results below the normal ones are rounded
//! once.

use super::parts::{LN2_HIGH, LN2_LOW, clamp, exact_sum, exact_sum_ordered, nearest, polynomial, power_of_two, scale};
use std::f64::consts::{LN_2, LOG2_E};

// (exp(r) - 1 - r - r²/2) / r³; relative error of expm1 2^-55
const EXP: [f64; 9] = [
    0.1666666666666668,
    0.041666666666619355,
    0.008333333333318958,
    0.0013888888920805626,
    0.0001984126989437937,
    2.4801515927991293e-05,
    2.755723506311386e-06,
    2.7622410511991973e-07,
    2.5112391399546304e-08,
];
// (2^r - 1) / r for |r| <= 1/2; errors relative to r 2^-56 and 2^-32
const EXP2: [f64; 11] = [
    LN_2,
    0.24022650695910097,
    0.05550410866482166,
    0.009618129107606713,
    0.0013333558146395666,
    0.00015403530442029974,
    1.5252733853633112e-05,
    1.3215442409130093e-06,
    1.0178051573101346e-07,
    7.072621632492858e-09,
    4.45669980268705e-10,
];
const EXP2_F32: [f64; 7] = [
    0.6931471805536366,
    0.24022650923644176,
    0.05550410929369137,
    0.009618056385038133,
    0.0013333453886955034,
    0.00015461562151024026,
    1.5310257872598882e-05,
];

/// exp(r) - 1 as a large and a small part, and k: the low bits, and as a number.
#[inline(always)]
fn reduced<const N: usize>(x: f64, low: f64, coefficients: &[f64; N]) -> (f64, f64, u64, f64) {
    let (k, bits) = nearest(x * LOG2_E);
    let high = x - k * LN2_HIGH;
    let low = k * LN2_LOW - low;
    let r = high - low;
    (high, r * r * (0.5 + r * polynomial(r, coefficients)) - low, bits, k)
}

/// Within 0.76 ulp.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    exp_of_sum(clamp(x, -746.0, 710.0), 0.0)
}

/// 1 + high + rest, rounded nearly once.
#[inline(always)]
fn one_and(high: f64, rest: f64) -> f64 {
    let (sum, lost) = exact_sum_ordered(1.0, high);
    sum + (lost + rest)
}

/// exp(x + low) for |x| < 1000 and low far smaller.
#[inline(always)]
pub(super) fn exp_of_sum(x: f64, low: f64) -> f64 {
    let (high, rest, k, _) = reduced(x, low, &EXP);
    scale(one_and(high, rest), k)
}

#[inline(always)]
pub fn exp_f32(x: f32) -> f32 {
    exp_near(f64::from(x)) as f32
}

/// exp to 33 bits, where that is no f64 beyond the normal ones; otherwise beyond f32's range.
#[inline(always)]
pub(super) fn exp_near(x: f64) -> f64 {
    exp2_near(x * LOG2_E)
}

/// The same of 2^x.
#[inline(always)]
pub(super) fn exp2_near(x: f64) -> f64 {
    let x = clamp(x, -1000.0, 1000.0);
    let (k, bits) = nearest(x);
    let r = x - k;
    (1.0 + r * polynomial(r, &EXP2_F32)) * power_of_two(bits, 0)
}

/// exp(x) / 4, for -700 <= x <= 710.5: the result is a number where exp(x) overflows.
#[inline(always)]
pub(super) fn quarter_exp(x: f64) -> f64 {
    let (high, rest, k, _) = reduced(x, 0.0, &EXP);
    one_and(high, rest) * power_of_two(k, -2)
}

/// Within 1.2 ulp.
#[inline(always)]
pub fn expm1(x: f64) -> f64 {
    let (near, quarter, is_near) = expm1_in_two_ways(clamp(x, -40.0, 710.0));
    (if is_near { near } else { 4.0 * quarter }).copysign(x)
}

/// expm1(x) where |x| < ln 2 / 2, a quarter of it elsewhere, and which of both it is, for -40 <= x <= 710.5. The
/// quarter is 2^k (1 + p) - 1, where both sums keep their rounding errors; it is a number where exp(x) overflows.
#[inline(always)]
pub(super) fn expm1_in_two_ways(x: f64) -> (f64, f64, bool) {
    let (high, rest, bits, k) = reduced(x, 0.0, &EXP);
    let p = high + rest;
    let rest = (high - p) + rest;
    let (sum, error) = exact_sum_ordered(1.0, p);
    let power = power_of_two(bits, -2);
    let (whole, lost) = exact_sum(sum * power, -0.25);
    (p, whole + (lost + (error + rest) * power), k == 0.0)
}

#[inline(always)]
pub fn expm1_f32(x: f32) -> f32 {
    (expm1_near(f64::from(x)) as f32).copysign(x)
}

/// expm1 to 32 bits, or beyond f32's range.
#[inline(always)]
pub(super) fn expm1_near(x: f64) -> f64 {
    let x = clamp(x * LOG2_E, -60.0, 1000.0);
    let (k, bits) = nearest(x);
    let r = x - k;
    let power = power_of_two(bits, 0);
    (power - 1.0) + power * (r * polynomial(r, &EXP2_F32))
}

/// Within 1.32 ulp; exact for whole numbers.
#[inline(always)]
pub fn exp2(x: f64) -> f64 {
    let x = clamp(x, -1080.0, 1025.0);
    let (k, bits) = nearest(x);
    let r = x - k;
    scale(1.0 + r * polynomial(r, &EXP2), bits)
}

#[inline(always)]
pub fn exp2_f32(x: f32) -> f32 {
    exp2_near(f64::from(x)) as f32
}

/// 2^x within 1.32 ulp, for |x| < 1000.
#[inline(always)]
pub(super) fn exp2_normal(x: f64) -> f64 {
    let (k, bits) = nearest(x);
    let r = x - k;
    (1.0 + r * polynomial(r, &EXP2)) * power_of_two(bits, 0)
}

/// 1 / (1 + exp(-x)), by exp(-|x|), which never overflows. Within 2.21 ulp.
#[inline(always)]
pub fn sigmoid(x: f64) -> f64 {
    let power = exp(-x.abs());
    (if x < 0.0 { power } else { 1.0 }) / (1.0 + power)
}

#[inline(always)]
pub fn sigmoid_f32(x: f32) -> f32 {
    (1.0 / (1.0 + exp_near(-f64::from(x)))) as f32
}
