//! Powers: exp(y log(x)), with the logarithm in two parts of together 64 bits or more.

use super::exponential::{exp_of_sum, exp2_near};
use super::parts::{LN2_HIGH, LN2_LOW, Split, clamp, exact_sum, normal_parts, parts, polynomial};
use std::f64::consts::LOG2_E;
use std::ops::Mul;

// (log((1 + s) / (1 - s)) / s - 2 - 2 s²/3) / s⁴, of z = s²; error of the logarithm 2^-73
const LOG_POWER: [f64; 7] = [
    0.4000000000000226,
    0.2857142857009648,
    0.2222222252049257,
    0.18181784315725738,
    0.15386759767934466,
    0.13256759468017712,
    0.13196883189075231,
];
// (log((1 + s) / (1 - s)) / s - 2) / s², of z = s²; error of the logarithm 2^-44
const LOG_POWER_F32: [f64; 5] =
    [0.6666666667581984, 0.39999995614838435, 0.2857210995542546, 0.22176153256521236, 0.19584690429671145];

/// log(x) of a positive number: with s = (m - 1) / (m + 1), log(m) = 2s + s³ (2/3 + z P(z)), z = s².
#[inline(always)]
fn log_in_two(x: f64) -> Split {
    const TWO_THIRDS: f64 = 2.0 / 3.0;
    const TWO_THIRDS_LOW: f64 = 3.700743415417188e-17;
    let (m, k) = parts(x);
    let f = m - 1.0;
    let sum = 1.0 + m;
    let inverse = 1.0 / sum;
    let below = Split::new(sum, 0.0).head;
    let below_rest = m - (below - 1.0);
    let head = Split::new(f * inverse, 0.0).head;
    let s = Split { head, tail: ((f - head * below) - head * below_rest) * inverse };
    let z = s.times(s);
    let square = z.head + z.tail;
    let more = square * polynomial(square, &LOG_POWER);
    let head = Split::new(TWO_THIRDS + more, 0.0).head;
    let series = Split { head, tail: ((TWO_THIRDS - head) + more) + TWO_THIRDS_LOW };
    let (rest, rest_low) = s.times(z).product(series);
    let (sum, lost) = exact_sum(k * LN2_HIGH, 2.0 * s.head);
    let (sum, lost_too) = exact_sum(sum, rest);
    Split::new(sum, lost_too + (lost + (k * LN2_LOW + (2.0 * s.tail + rest_low))))
}

/// The sign and the special cases of C99's pow; `power` is |x|^y where both are numbers other than zero.
#[inline(always)]
fn with_special_cases(x: f64, y: f64, power: f64) -> f64 {
    /// All floats from here on are whole.
    const WHOLE: f64 = 4503599627370496.0;
    let whole = |size: f64| ((size + WHOLE) - WHOLE == size) | (size >= WHOLE);
    let (size, exponent) = (x.abs(), y.abs());
    let is_whole = whole(exponent);
    let odd = is_whole & !whole(0.5 * exponent);
    let limit = if (size < 1.0) == (y < 0.0) { f64::INFINITY } else { 0.0 };
    let power = if (size == 0.0) | (size == f64::INFINITY) { limit } else { power };
    let with_sign = power.copysign(x);
    let power = if odd { with_sign } else { power };
    let power = if (x < 0.0) & (size < f64::INFINITY) & !is_whole { f64::NAN } else { power };
    let power = if x.is_nan() | y.is_nan() { f64::NAN } else { power };
    if (x == 1.0) | (y == 0.0) { 1.0 } else { power }
}

/// x^y where y is 1 or 2, exactly rounded: by far the commonest powers, and every engine computes them so.
#[inline(always)]
pub fn brief_pow<T: Copy + Mul<Output = T> + PartialEq + From<u8>>(x: T, y: T) -> T {
    if y == T::from(2) { x * x } else { x }
}

/// Is it one that `brief_pow` takes?
#[inline(always)]
pub fn is_brief<T: PartialEq + From<u8>>(y: T) -> bool {
    (y == T::from(2)) | (y == T::from(1))
}

/// C99's pow, within 0.8 ulp.
#[inline(always)]
pub fn pow(x: f64, y: f64) -> f64 {
    /// A larger exponent gives the same result for every x.
    const LARGE: f64 = 36893488147419103232.0;
    let exponent = Split::new(clamp(y, -LARGE, LARGE), 0.0);
    let (high, low) = exponent.product(log_in_two(x.abs()));
    let low = if high.abs() < 800.0 { low } else { 0.0 };
    let power = exp_of_sum(clamp(high, -746.0, 710.0), low);
    let power = with_special_cases(x, y, power);
    if is_brief(y) { brief_pow(x, y) } else { power }
}

#[inline(always)]
pub fn pow_f32(x: f32, y: f32) -> f32 {
    let (x, y) = (f64::from(x), f64::from(y));
    let (m, k, _) = normal_parts(x.abs());
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let log = k + s * (2.0 + z * polynomial(z, &LOG_POWER_F32)) * LOG2_E;
    // Infinity times zero would be NaN.
    let power = exp2_near(clamp(y, -1e300, 1e300) * log);
    let power = with_special_cases(x, y, power);
    (if is_brief(y) { brief_pow(x, y) } else { power }) as f32
}
