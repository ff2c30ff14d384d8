//! Hyperbolic functions and their inverses, from exp, expm1 and log1p; all but cosh and acosh by |x|, with its sign.

use super::exponential::{exp_near, exp2_normal, expm1_in_two_ways, expm1_near, quarter_exp};
use super::logarithm::{log_near, log1p};
use super::parts::{clamp, polynomial};
use std::f64::consts::{LN_2, LOG2_E};

/// Here exp(x) / 2 overflows.
const LARGE: f64 = 710.5;
/// Here x² may overflow.
const LARGE_SQUARE: f64 = 1e150;
/// Up to here sinh(x) is x.
const SMALL: f64 = 1e-9;
/// Up to here two terms of a series are enough for f32.
const SMALL_F32: f64 = 1e-3;

// (tanh(x)/x - 1) / x² = P(z)/Q(z), of z = x² <= 0.39; error of tanh 2^-58
const TANH_ABOVE: [f64; 3] = [-0.3333333333333333, -0.020498786236636767, -0.000199177446743119];
const TANH_BELOW: [f64; 4] = [1.0, 0.4614963587099068, 0.023291313919535702, 0.00020653309825468497];

/// (m + m / (m + 1)) / 2 with m = expm1(|x|), or a quarter of m. Within 2.2 ulp.
#[inline(always)]
pub fn sinh(x: f64) -> f64 {
    let (m, quarter, is_near) = expm1_in_two_ways(clamp(x.abs(), 0.0, LARGE));
    let half = if is_near { 0.5 * m } else { 2.0 * quarter };
    let more = half / (2.0 * half + 1.0);
    let result = if half > 1e20 { half } else { half + more };
    if x.abs() < SMALL { x } else { result.copysign(x) }
}

#[inline(always)]
pub fn sinh_f32(x: f32) -> f32 {
    let m = expm1_near(f64::from(x.abs()));
    ((0.5 * (m + m / (m + 1.0))) as f32).copysign(x)
}

/// (e + 1 / e) / 2 with e = exp(|x|). Within 1.2 ulp.
#[inline(always)]
pub fn cosh(x: f64) -> f64 {
    let quarter = quarter_exp(clamp(x.abs(), 0.0, LARGE));
    2.0 * quarter + 0.125 / quarter
}

#[inline(always)]
pub fn cosh_f32(x: f32) -> f32 {
    let e = exp_near(f64::from(x.abs()));
    (0.5 * (e + 1.0 / e)) as f32
}

/// 1 - 2 / (exp(2x) + 1), and a rational function up to 0.625; they share the division, as only one is needed. Within
/// 1.6 ulp.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    let size = x.abs();
    let z = size * size;
    let near = size < 0.625;
    // Beyond 22 the result is 1. Where the exponent's rounding would be felt, the power no longer is.
    let power = exp2_normal((if size > 25.0 { 25.0 } else { size }) * (2.0 * LOG2_E));
    let (above, below) = (z * polynomial(z, &TANH_ABOVE), polynomial(z, &TANH_BELOW));
    let above = if near { above } else { -2.0 };
    let below = if near { below } else { power + 1.0 };
    let quotient = above / below;
    let factor = if near { size } else { 1.0 };
    (factor + factor * quotient).copysign(x)
}

#[inline(always)]
pub fn tanh_f32(x: f32) -> f32 {
    let m = expm1_near(clamp(2.0 * f64::from(x.abs()), 0.0, 50.0));
    ((m / (m + 2.0)) as f32).copysign(x)
}

/// log1p(x + x² / (1 + sqrt(1 + x²))). Within 2 ulp.
#[inline(always)]
pub fn asinh(x: f64) -> f64 {
    let size = x.abs();
    let far = size > LARGE_SQUARE;
    let square = size * size;
    let distance = size + square / (1.0 + (1.0 + square).sqrt());
    let distance = if far { size } else { distance };
    (log1p(distance) + if far { LN_2 } else { 0.0 }).copysign(x)
}

#[inline(always)]
pub fn asinh_f32(x: f32) -> f32 {
    let size = f64::from(x.abs());
    let square = size * size;
    let near = size - size * square * (1.0 / 6.0);
    let far = log_near(size + (square + 1.0).sqrt());
    ((if size < SMALL_F32 { near } else { far }) as f32).copysign(x)
}

/// log1p(t + sqrt(2t + t²)) with t = x - 1. Within 2.2 ulp.
#[inline(always)]
pub fn acosh(x: f64) -> f64 {
    let far = x > LARGE_SQUARE;
    let t = x - 1.0;
    let distance = t + (2.0 * t + t * t).sqrt();
    let distance = if far { x } else { distance };
    let result = log1p(distance) + if far { LN_2 } else { 0.0 };
    if x < 1.0 { f64::NAN } else { result }
}

#[inline(always)]
pub fn acosh_f32(x: f32) -> f32 {
    let x = f64::from(x);
    let result = log_near(x + (x * x - 1.0).sqrt());
    (if x < 1.0 { f64::NAN } else { result }) as f32
}

/// log1p(2x / (1 - x)) / 2. Within 2.2 ulp.
#[inline(always)]
pub fn atanh(x: f64) -> f64 {
    let size = x.abs();
    (0.5 * log1p(2.0 * size / (1.0 - size))).copysign(x)
}

#[inline(always)]
pub fn atanh_f32(x: f32) -> f32 {
    let size = f64::from(x.abs());
    let near = size + size * size * size * (1.0 / 3.0);
    let far = 0.5 * log_near((1.0 + size) / (1.0 - size));
    ((if size < SMALL_F32 { near } else { far }) as f32).copysign(x)
}
