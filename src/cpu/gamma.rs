//! How a gamma number moves with its shape.
//!
//! A number that was accepted or refused is no smooth function of the shape, but its place in the distribution is: at one
//! place P of the distribution function P(a, x), dx/da = -∂P/∂a / ∂P/∂x (M. Figurnov, S. Mohamed, A. Mnih, "Implicit
//! reparameterization gradients", NeurIPS 2018). It must never need x itself, which may be too small for a float.

use super::mistyped;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::Tensor;

/// Elements between two looks at the interrupt flag.
const STRETCH: usize = 1 << 10;

/// From this shape on the formula of Wilson and Hilferty is as exact as the sums, which grow long.
const LARGE: f64 = 1e6;

/// `log_slope` of every element, made finite: times a number that is too small for a float it is 0, as it should.
/// So it is at shape 0, where all numbers are 0. The memory has been checked.
pub fn log_slopes(cx: &Context, a: &Tensor, y: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let (a, y) = (a.walk_as::<f64>(shape).ok_or_else(mistyped)?, y.walk_as::<f64>(shape).ok_or_else(mistyped)?);
    let mut values = Vec::with_capacity(a.len());
    for (number, (a, y)) in a.zip(y).enumerate() {
        if number % STRETCH == 0 {
            cx.check()?;
        }
        let slope = if a == 0.0 { f64::MAX } else { log_slope(a, y) };
        values.push(slope.min(f64::MAX));
    }
    Ok(Tensor::from_vec(values, shape))
}

/// d ln x / da at the same place of the distribution, of `y` = ln x.
///
/// With u = xᵃ e⁻ˣ / Γ(a), the derivative of P by ln x: below the mean P = u S / a, S the series of DLMF 8.7.1; above it
/// 1 - P = u F, F the continued fraction of DLMF 8.9.2. Both are summed with their derivatives by a.
pub fn log_slope(a: f64, y: f64) -> f64 {
    if !(a > 0.0 && a.is_finite() && y < f64::INFINITY) {
        return f64::NAN;
    }
    let x = libm::exp(y);
    if a >= LARGE {
        return large(a, y);
    }
    if x < a + 1.0 {
        let (sum, slope) = series(a, x);
        return -(sum * (y - digamma(a + 1.0)) + slope) / a;
    }
    let (value, slope) = fraction(a, x);
    (y - digamma(a)) * value + slope
}

/// x = a w³, w = 1 - 1 / 9a + z / 3√a, with z normal: E. Wilson, M. Hilferty, "The distribution of chi-square" (1931).
fn large(a: f64, y: f64) -> f64 {
    let ratio = libm::expm1((y - libm::log(a)) / 3.0);
    let z = 3.0 * a.sqrt() * (ratio + 1.0 / (9.0 * a));
    1.0 / a + 3.0 * (1.0 / (9.0 * a * a) - z / (6.0 * a * a.sqrt())) / (1.0 + ratio)
}

/// Σ xⁿ / ((a + 1) ... (a + n)), and its derivative by a.
fn series(a: f64, x: f64) -> (f64, f64) {
    let (mut term, mut logarithmic, mut n) = (1.0, 0.0, a);
    let (mut sum, mut slope) = (1.0, 0.0);
    while term * (1.0 - logarithmic) > f64::EPSILON * sum {
        n += 1.0;
        term *= x / n;
        logarithmic -= 1.0 / n;
        sum += term;
        slope += term * logarithmic;
    }
    (sum, slope)
}

/// 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...)) by W. Lentz's method, and its derivative by a.
fn fraction(a: f64, x: f64) -> (f64, f64) {
    let first = x + 1.0 - a;
    let (mut value, mut value_slope) = (first, -1.0);
    let (mut c, mut c_slope) = (first, -1.0);
    let (mut d, mut d_slope) = (0.0, 0.0);
    let mut i = 0.0;
    loop {
        i += 1.0;
        let (upper, upper_slope) = (i * (a - i), i);
        let lower = first + 2.0 * i;
        d_slope = -1.0 + upper_slope * d + upper * d_slope;
        d = 1.0 / (lower + upper * d);
        d_slope *= -d * d;
        c_slope = -1.0 + upper_slope / c - upper * c_slope / (c * c);
        c = lower + upper / c;
        let (factor, factor_slope) = (c * d, c_slope * d + c * d_slope);
        value_slope = value_slope * factor + value * factor_slope;
        value *= factor;
        let is_still = |change: f64| change.abs() < 4.0 * f64::EPSILON;
        // whatever it is made of, it ends
        if is_still(factor - 1.0) && is_still(factor_slope) || i > 1e5 {
            return (1.0 / value, -value_slope / (value * value));
        }
    }
}

/// The derivative of ln Γ: the recurrence of DLMF 5.5.2 up to 10, from there on the asymptotic series of DLMF 5.11.2.
fn digamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 10.0 {
        below += 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32_760.0, 1.0 / 12.0];
    let tail = series.iter().rev().fold(0.0, |sum, term| (sum + term) * square);
    libm::log(x) - 0.5 / x - tail - below
}

#[cfg(test)]
mod tests {
    use super::{LARGE, digamma, large, log_slope};

    #[test]
    fn known_values_of_digamma() {
        // -γ, -γ - 2 ln 2, and 1/2 + ... + 1/11 more
        for (x, expected) in
            [(1.0, -0.577_215_664_901_532_9), (0.5, -1.963_510_026_021_423_4), (12.0, 2.442_661_679_975_812)]
        {
            assert!((digamma(x) - expected).abs() < 1e-14, "{x}");
        }
    }

    /// Of the smallest numbers P is xᵃ / Γ(a + 1).
    #[test]
    fn the_smallest_numbers() {
        for (a, y) in [(0.5, -800.0), (1e-3, -1e5), (2.0, -60.0)] {
            let expected = -(y - digamma(a + 1.0)) / a;
            assert!((log_slope(a, y) / expected - 1.0).abs() < 1e-13, "{a} {y}");
        }
    }

    #[test]
    fn both_formulas_meet() {
        let a = LARGE * 0.999;
        for z in [-4.0, -1.0, 0.0, 0.5, 3.0] {
            let y = libm::log(a) + libm::log1p(z / a.sqrt());
            let (summed, formula) = (log_slope(a, y), large(a, y));
            assert!((summed / formula - 1.0).abs() < 1e-8, "{z}: {summed} and {formula}");
        }
    }
}
