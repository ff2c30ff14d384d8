//! Powers: exp(y log(x)), with the logarithm in two parts of together 64 bits or more.

use super::exponential::{exp_near, exp_of_sum};
use super::parts::{
    LN2_HIGH, LN2_LOW, clamp, exact_product, exact_sum, exact_sum_ordered, mantissa_and_exponent, polynomial,
};
use std::f64::consts::LN_2;

// (log((1 + s) / (1 - s)) / s - 2 - 2 s²/3) / s⁴, of z = s²; error of the logarithm 2^-73
const LOG_POWER: [f64; 8] = [
    0.3999999999999998,
    0.2857142857144515,
    0.22222222217527351,
    0.181818188714394,
    0.1538455679382628,
    0.13336320404119517,
    0.11674757604946012,
    0.11989522759477894,
];
// (log((1 + s) / (1 - s)) / s - 2) / s², of z = s²; error of the logarithm 2^-44
const LOG_POWER_F32: [f64; 5] =
    [0.6666666667581984, 0.39999995614838435, 0.2857210995542546, 0.22176153256521236, 0.19584690429671145];

/// log(x) of a positive number: with s = (m - 1) / (m + 1), log(m) = 2s + s³ (2/3 + z P(z)), z = s².
#[inline(always)]
fn log_in_two(x: f64) -> (f64, f64) {
    const TWO_THIRDS: f64 = 2.0 / 3.0;
    const TWO_THIRDS_LOW: f64 = 3.700743415417188e-17;
    let (m, k, _) = mantissa_and_exponent(x);
    let f = m - 1.0;
    let (below, below_low) = exact_sum_ordered(1.0, m);
    let inverse = 1.0 / below;
    let s = f * inverse;
    let (back, back_low) = exact_product(s, below);
    let s_low = (((f - back) - back_low) - s * below_low) * inverse;
    let (z, z_low) = exact_product(s, s);
    let z_low = z_low + 2.0 * s * s_low;
    let (cube, cube_low) = exact_product(s, z);
    let cube_low = cube_low + (s * z_low + s_low * z);
    let (series, series_low) = exact_sum_ordered(TWO_THIRDS, z * polynomial(z, &LOG_POWER));
    let series_low = series_low + TWO_THIRDS_LOW;
    let (rest, rest_low) = exact_product(cube, series);
    let rest_low = rest_low + (cube * series_low + cube_low * series);
    let (sum, lost) = exact_sum(k * LN2_HIGH, 2.0 * s);
    let (sum, lost_too) = exact_sum(sum, rest);
    let low = lost_too + (lost + (k * LN2_LOW + (2.0 * s_low + rest_low)));
    exact_sum_ordered(sum, low)
}

/// The sign and the special cases of C99's pow; `power` is |x|^y where both are numbers other than zero.
#[inline(always)]
fn with_special_cases(x: f64, y: f64, power: f64) -> f64 {
    /// All floats from here on are whole.
    const WHOLE: f64 = 4503599627370496.0;
    let whole = |size: f64| (size + WHOLE) - WHOLE == size || size >= WHOLE;
    let (size, exponent) = (x.abs(), y.abs());
    let odd = whole(exponent) && !whole(0.5 * exponent);
    let power = if size == 0.0 { if y < 0.0 { f64::INFINITY } else { 0.0 } } else { power };
    let power = if size == f64::INFINITY { if y < 0.0 { 0.0 } else { f64::INFINITY } } else { power };
    let power = if odd { power.copysign(x) } else { power };
    let power = if x < 0.0 && size < f64::INFINITY && !whole(exponent) { f64::NAN } else { power };
    let power = if x.is_nan() || y.is_nan() { f64::NAN } else { power };
    if x == 1.0 || y == 0.0 { 1.0 } else { power }
}

/// C99's pow; the square exactly as x * x.
#[inline(always)]
pub fn pow(x: f64, y: f64) -> f64 {
    /// A larger exponent gives the same result for every x.
    const LARGE: f64 = 36893488147419103232.0;
    let (log, log_low) = log_in_two(x.abs());
    let exponent = clamp(y, -LARGE, LARGE);
    let (product, lost) = exact_product(exponent, log);
    let within = product.abs() < 800.0;
    let lost = if within { lost + exponent * log_low } else { 0.0 };
    let power = exp_of_sum(clamp(product, -746.0, 710.0), lost);
    if y == 2.0 { x * x } else { with_special_cases(x, y, power) }
}

#[inline(always)]
pub fn pow_f32(x: f32, y: f32) -> f32 {
    let (x, y) = (f64::from(x), f64::from(y));
    let (m, k, _) = mantissa_and_exponent(x.abs());
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let log = k * LN_2 + s * (2.0 + z * polynomial(z, &LOG_POWER_F32));
    let power = exp_near(y * log);
    (if y == 2.0 { x * x } else { with_special_cases(x, y, power) }) as f32
}
