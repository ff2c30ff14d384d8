//! How random numbers move with the parameters of their distribution, where they stay at their place in it: at one place P
//! of the distribution function P(a, x), dx/da = -∂P/∂a / ∂P/∂x (M. Figurnov, S. Mohamed, A. Mnih, "Implicit
//! reparameterization gradients", NeurIPS 2018). Nothing here may depend on how a number was drawn.

use super::{gamma, mistyped};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Tensor, Walk};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2, PI};

/// Such a number of every element, made finite: times a number that is too small for a float it is 0, as it should. The
/// memory has been checked.
pub fn each<const N: usize>(
    cx: &Context,
    f: fn([f64; N]) -> f64,
    inputs: [&Tensor; N],
    shape: &[usize],
) -> Result<Tensor> {
    let walks = inputs.into_iter().map(|input| input.walk_as::<f64>(shape).ok_or_else(mistyped));
    let mut walks: Vec<Walk<f64>> = walks.collect::<Result<_>>()?;
    let count = walks.first().map_or(0, ExactSizeIterator::len);
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        cx.check()?;
        let mut numbers = [f64::NAN; N];
        for (number, walk) in numbers.iter_mut().zip(&mut walks) {
            *number = walk.next().ok_or_else(mistyped)?;
        }
        values.push(f(numbers).clamp(-f64::MAX, f64::MAX));
    }
    Ok(Tensor::from_vec(values, shape))
}

/// Mills' ratio of a normal number, (1 - Φ(v)) / φ(v): the continued fraction of DLMF 7.9.1 where it is short.
pub fn mills(v: f64) -> f64 {
    if v < 3.0 {
        return FRAC_PI_2.sqrt() * libm::exp(v * v / 2.0) * libm::erfc(v * FRAC_1_SQRT_2);
    }
    1.0 / (v + 1.0 / mills_tail(v))
}

/// Its derivative, v M - 1. Where v is large the two are nearly alike, and the continued fraction gives the difference.
pub fn mills_slope(v: f64) -> f64 {
    if v < 3.0 {
        return v * mills(v) - 1.0;
    }
    -mills(v) / mills_tail(v)
}

/// v + 2 / (v + 3 / (v + ...)): with it M is 1 / (v + 1 / tail).
fn mills_tail(v: f64) -> f64 {
    (2..=60).rev().fold(v, |below, n| v + f64::from(n) / below)
}

/// The derivative of a noncentral chi-square number by its degrees of freedom.
pub fn noncentral_by_freedom([freedom, noncentrality, x]: [f64; 3]) -> f64 {
    if x == 0.0 {
        return 0.0;
    }
    let (half, log) = (x / 2.0, libm::log(x / 2.0));
    half * mixed(freedom / 2.0, noncentrality, half, |shape| gamma::log_slope(shape, log))
}

/// The same by the noncentrality, from dP/dλ = -p(x; n + 2).
pub fn noncentral_by_noncentrality([freedom, noncentrality, x]: [f64; 3]) -> f64 {
    let half = x / 2.0;
    mixed(freedom / 2.0, noncentrality, half, |shape| half / shape)
}

/// The number is twice a gamma number, whose shape is `shape` and a Poisson number j more: the mean of what `f` gives of the
/// shapes, each weighed with its probability and its density at `half`. Weights follow from their neighbours, from the
/// largest one on.
fn mixed(shape: f64, noncentrality: f64, half: f64, f: impl Fn(f64) -> f64) -> f64 {
    let product = noncentrality / 2.0 * half;
    let middle = (shape + 1.0) / 2.0;
    let mode = ((middle * middle - shape + product).max(0.0).sqrt() - middle).max(0.0).floor();
    if !mode.is_finite() {
        return f64::NAN;
    }
    // the weights of so many are of those very near
    if mode > 1e8 {
        return f(shape + mode);
    }
    let (mut sum, mut weights) = (f(shape + mode), 1.0);
    let (mut weight, mut j) = (1.0, mode);
    while weight > f64::EPSILON * 0.01 * weights {
        weight *= product / ((j + 1.0) * (shape + j));
        j += 1.0;
        sum += weight * f(shape + j);
        weights += weight;
    }
    (weight, j) = (1.0, mode);
    while j > 0.0 && weight > f64::EPSILON * 0.01 * weights {
        j -= 1.0;
        weight *= (j + 1.0) * (shape + j) / product;
        sum += weight * f(shape + j);
        weights += weight;
    }
    sum / weights
}

/// Above this concentration angles are drawn as normal numbers.
const CONCENTRATED: f64 = 1e6;

/// The derivative of von Mises' angle by the concentration: with A = I₁ / I₀ the integral of (A - cos t) exp(κ cos t) from
/// 0 to the angle, or that of its negative from there to π, over the density. The one of the two is taken in which nothing
/// cancels.
pub fn vonmises([concentration, angle]: [f64; 2]) -> f64 {
    if concentration > CONCENTRATED {
        return -angle / (2.0 * concentration);
    }
    let (mean, cosine) = (mean_cosine(concentration), libm::cos(angle));
    let weighed = |t: f64| (libm::cos(t) - mean) * libm::exp(concentration * (libm::cos(t) - cosine));
    let size = angle.abs().min(PI);
    let slope = if cosine >= mean {
        -integral(weighed, 0.0, size)
    } else {
        // beyond this the density is less than 10⁻²⁰ of that at the angle
        integral(weighed, size, libm::acos((cosine - 46.0 / concentration).max(-1.0)))
    };
    if angle < 0.0 { -slope } else { slope }
}

/// I₁(κ) / I₀(κ): the continued fraction of DLMF 10.33.1, or the quotient of the series of DLMF 10.40.1.
fn mean_cosine(concentration: f64) -> f64 {
    if concentration > 1000.0 {
        let inverse = 1.0 / concentration;
        let series = [-0.5, -0.125, -0.125, -25.0 / 128.0, -13.0 / 32.0, -1073.0 / 1024.0];
        return 1.0 + series.iter().rev().fold(0.0, |sum, term| (sum + term) * inverse);
    }
    let length = 100 + concentration as i32;
    (1..=length).rev().fold(0.0, |below, n| concentration / (2.0 * f64::from(n) + concentration * below))
}

/// The integral of a smooth function: H. Takahasi, M. Mori, "Double exponential formulas for numerical integration" (1974).
fn integral(f: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    const STEP: f64 = 1.0 / 16.0;
    let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
    let sum: f64 = (-52..=52)
        .map(|i| {
            let u = f64::from(i) * STEP;
            let v = FRAC_PI_2 * libm::sinh(u);
            let density = FRAC_PI_2 * libm::cosh(u) / (libm::cosh(v) * libm::cosh(v));
            density * f(middle + half * libm::tanh(v))
        })
        .sum();
    half * STEP * sum
}

/// Against values of mpmath: those of the distribution functions, differentiated.
#[cfg(test)]
mod tests {
    use super::{mills, mills_slope, noncentral_by_freedom, noncentral_by_noncentrality, vonmises};

    fn near(what: &str, found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-12, "{what}: {found} for {expected}");
    }

    #[test]
    fn mills_ratio() {
        let known = [
            (-2.0, 18.100_247_711_126_15),
            (0.0, 1.253_314_137_315_500_3),
            (0.5, 0.876_364_456_453_692_3),
            (2.9, 0.313_448_658_286_231_8),
            (3.1, 0.296_191_247_991_527),
            (10.0, 0.099_028_596_471_731_92),
            (100.0, 0.009_999_000_299_850_105),
        ];
        known.iter().for_each(|&(v, expected)| near(&format!("{v}"), mills(v), expected));
        let known = [
            (-2.0, -37.200_495_422_252_3),
            (0.5, -0.561_817_771_773_153_8),
            (2.9, -0.090_998_890_969_927_86),
            (3.1, -0.081_807_131_226_266_23),
            (10.0, -0.009_714_035_282_680_786),
            (100.0, -9.997_001_498_950_944e-5),
            (1e6, -9.999_999_999_97e-13),
        ];
        known.iter().for_each(|&(v, expected)| near(&format!("slope at {v}"), mills_slope(v), expected));
    }

    #[test]
    fn noncentral_numbers() {
        let known = [
            ([3.0, 2.0, 4.0], 1.022_805_456_265_96, 0.924_129_282_665_683_5),
            ([1.0, 5.0, 0.5], 0.582_142_552_505_418_7, 0.290_543_607_294_853_6),
            ([0.5, 0.1, 3.0], 3.105_623_097_040_145, 4.862_916_158_120_056),
            ([10.0, 20.0, 45.0], 1.138_425_670_476_574, 1.288_520_532_438_592),
        ];
        for (numbers, by_freedom, by_noncentrality) in known {
            near(&format!("{numbers:?}"), noncentral_by_freedom(numbers), by_freedom);
            near(&format!("{numbers:?}"), noncentral_by_noncentrality(numbers), by_noncentrality);
        }
        // without noncentrality it is a chi-square number
        near("central", noncentral_by_noncentrality([3.0, 0.0, 4.0]), 4.0 / 3.0);
    }

    #[test]
    fn angles() {
        let known = [
            ([0.0, 1.0], -0.841_470_984_807_896_5),
            ([0.5, 1.0], -0.708_948_056_125_627_8),
            ([2.0, 0.3], -0.091_612_670_799_011_56),
            ([2.0, -2.5], 0.806_203_927_898_224_7),
            ([4.0, 3.0], -0.256_468_142_117_721_3),
            ([30.0, 0.1], -0.001_682_483_740_413_416),
            ([30.0, 1.5], -0.031_565_749_049_448_79),
            ([100.0, 0.05], -0.000_250_683_975_527_581_2),
        ];
        known.iter().for_each(|&(numbers, expected)| near(&format!("{numbers:?}"), vonmises(numbers), expected));
        // where the angles begin to be drawn as normal numbers
        let (within, beyond) = (vonmises([1e6, 1e-3]), vonmises([1e6 + 1.0, 1e-3]));
        assert!((within / beyond - 1.0).abs() < 1e-5, "{within} and {beyond}");
    }
}
