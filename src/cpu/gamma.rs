//! How a gamma number moves with its shape, at its place in the distribution, as `slopes` explains; and how that moves.
//!
//! It must never need the number itself, which may be too small for a float.

/// From this shape on the formula of Wilson and Hilferty is as exact as the sums, which grow long.
const LARGE: f64 = 1e6;

/// d ln x / da at the same place of the distribution, of `y` = ln x. At shape 0, where all numbers are 0, infinite.
///
/// With u = xᵃ e⁻ˣ / Γ(a), the derivative of P by ln x: below the mean P = u S / a, S the series of DLMF 8.7.1; above it
/// 1 - P = u F, F the continued fraction of DLMF 8.9.2. Both are summed with their derivatives by a.
pub fn log_slope(a: f64, y: f64) -> f64 {
    Place::of(a, y).slope(a, y)
}

/// The derivative of `log_slope` by the shape.
pub fn log_slope_by_shape(a: f64, y: f64) -> f64 {
    Place::of(a, y).slope_by_shape(a, y)
}

/// The derivative of `log_slope` by `y`.
pub fn log_slope_by_log(a: f64, y: f64) -> f64 {
    Place::of(a, y).slope_by_log(a, y)
}

/// A number with its first and second derivative by the shape.
#[derive(Clone, Copy, Debug)]
struct Jet {
    value: f64,
    slope: f64,
    curve: f64,
}

impl Jet {
    fn times(self, other: Jet) -> Jet {
        Jet {
            value: self.value * other.value,
            slope: self.slope * other.value + self.value * other.slope,
            curve: self.curve * other.value + 2.0 * self.slope * other.slope + self.value * other.curve,
        }
    }

    fn plus(self, other: Jet) -> Jet {
        Jet { value: self.value + other.value, slope: self.slope + other.slope, curve: self.curve + other.curve }
    }

    fn reciprocal(self) -> Jet {
        let value = 1.0 / self.value;
        let slope = -self.slope * value * value;
        Jet { value, slope, curve: -(self.curve * value + 2.0 * self.slope * slope) * value }
    }
}

/// Where a gamma number lies, with what is known there.
enum Place {
    /// There is none.
    Nowhere,
    /// The shape is 0.
    Zero,
    /// Below the mean, with S.
    Below(Jet),
    /// Above it, with F.
    Above(Jet),
    /// The shape is large, with ∛(x / a), which is 1 - 1 / 9a + z / 3√a with z normal: E. Wilson, M. Hilferty, "The
    /// distribution of chi-square" (1931).
    Far(f64),
}

impl Place {
    fn of(a: f64, y: f64) -> Place {
        if a == 0.0 && !y.is_nan() {
            return Place::Zero;
        }
        if !(a > 0.0 && a.is_finite() && y < f64::INFINITY) {
            return Place::Nowhere;
        }
        let x = libm::exp(y);
        if a >= LARGE {
            Place::Far(libm::exp((y - libm::log(a)) / 3.0))
        } else if x < a + 1.0 {
            Place::Below(series(a, x))
        } else {
            Place::Above(fraction(a, x))
        }
    }
    fn slope(&self, a: f64, y: f64) -> f64 {
        match self {
            Place::Nowhere => f64::NAN,
            Place::Zero => f64::INFINITY,
            Place::Below(sum) => -(sum.value * (y - digamma(a + 1.0)) + sum.slope) / a,
            Place::Above(rest) => (y - digamma(a)) * rest.value + rest.slope,
            Place::Far(root) => (1.0 / (6.0 * a * a) + 1.5 / a) / root - 0.5 / a,
        }
    }

    fn slope_by_shape(&self, a: f64, y: f64) -> f64 {
        match self {
            Place::Nowhere => f64::NAN,
            Place::Zero => -f64::INFINITY,
            Place::Below(sum) => {
                let ahead = y - digamma(a + 1.0);
                let moved = sum.slope * ahead - sum.value * trigamma(a + 1.0) + sum.curve;
                ((sum.value * ahead + sum.slope) / a - moved) / a
            }
            Place::Above(rest) => (y - digamma(a)) * rest.slope + rest.curve - trigamma(a) * rest.value,
            Place::Far(root) => 0.5 / (a * a) - (1.0 / (a * a) + 5.0 / (18.0 * a * a * a)) / root,
        }
    }

    /// From the density by ln x, whose logarithm is a y - eʸ - ln Γ(a).
    fn slope_by_log(&self, a: f64, y: f64) -> f64 {
        match self {
            Place::Nowhere => f64::NAN,
            Place::Zero => -f64::INFINITY,
            Place::Far(root) => -(0.5 / a + 1.0 / (18.0 * a * a)) / root,
            _ => digamma(a) - y - self.slope(a, y) * (a - libm::exp(y)),
        }
    }
}

/// Σ xⁿ / ((a + 1) ... (a + n))
fn series(a: f64, x: f64) -> Jet {
    let (mut term, mut logarithmic, mut squares, mut n) = (1.0, 0.0, 0.0, a);
    let mut sum = Jet { value: 1.0, slope: 0.0, curve: 0.0 };
    while term * (1.0 - logarithmic) * (1.0 - logarithmic) > f64::EPSILON * sum.value {
        n += 1.0;
        term *= x / n;
        logarithmic -= 1.0 / n;
        squares += 1.0 / (n * n);
        let bend = logarithmic * logarithmic + squares;
        sum = sum.plus(Jet { value: term, slope: term * logarithmic, curve: term * bend });
    }
    sum
}

/// 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...)) by W. Lentz's method.
fn fraction(a: f64, x: f64) -> Jet {
    let first = Jet { value: x + 1.0 - a, slope: -1.0, curve: 0.0 };
    let (mut value, mut c) = (first, first);
    let mut d = Jet { value: 0.0, slope: 0.0, curve: 0.0 };
    let mut i = 0.0;
    loop {
        i += 1.0;
        let upper = Jet { value: i * (a - i), slope: i, curve: 0.0 };
        let lower = Jet { value: first.value + 2.0 * i, ..first };
        d = lower.plus(upper.times(d)).reciprocal();
        c = lower.plus(upper.times(c.reciprocal()));
        let factor = c.times(d);
        value = value.times(factor);
        let is_still = |change: f64| change.abs() < 4.0 * f64::EPSILON;
        // whatever it is made of, it ends
        if [factor.value - 1.0, factor.slope, factor.curve].into_iter().all(is_still) || i > 1e5 {
            return value.reciprocal();
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

/// The derivative of `digamma`, by those of both formulas.
fn trigamma(mut x: f64) -> f64 {
    let mut below = 0.0;
    while x < 10.0 {
        below += 1.0 / (x * x);
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = [1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2730.0, 7.0 / 6.0];
    let tail = series.iter().rev().fold(0.0, |sum, term| (sum + term) * square);
    (1.0 + 0.5 / x + tail) / x + below
}

#[cfg(test)]
mod tests {
    use super::{LARGE, Place, digamma, log_slope, log_slope_by_log, log_slope_by_shape, trigamma};

    #[test]
    fn known_values_of_digamma() {
        // -γ, -γ - 2 ln 2, and 1/2 + ... + 1/11 more
        for (x, expected) in
            [(1.0, -0.577_215_664_901_532_9), (0.5, -1.963_510_026_021_423_4), (12.0, 2.442_661_679_975_812)]
        {
            assert!((digamma(x) - expected).abs() < 1e-14, "{x}");
        }
        // π² / 6, π² / 2, and π² / 6 less 1 + ... + 1 / 11²
        for (x, expected) in
            [(1.0, 1.644_934_066_848_226_4), (0.5, 4.934_802_200_544_679), (12.0, 0.086_901_872_871_768_38)]
        {
            assert!((trigamma(x) - expected).abs() < 1e-14, "{x}");
        }
    }

    /// By mpmath: shape, logarithm of the number, slope, its derivatives by both.
    #[test]
    fn known_slopes() {
        let known = [
            (0.5, -0.3, 2.201_949_278_891_868, -3.212_214_077_021_427_4, -1.133_240_518_647_292),
            (0.5, 1.2, 0.908_295_902_127_232_3, -1.112_669_506_289_706_3, -0.602_009_381_580_156_7),
            (2.5, 0.1, 0.623_794_501_637_566_1, -0.158_172_112_035_636_28, -0.266_930_071_383_342),
            (2.5, 1.5, 0.314_787_100_612_602_84, -0.065_054_450_169_371_7, -0.173_033_202_587_353),
            (30.0, 3.2, 0.037_003_751_893_436_74, -0.000_644_344_307_282_968_2, -0.017_878_763_385_498_278),
            (30.0, 3.6, 0.030_297_436_349_052_416, -0.000_493_783_843_951_303_3, -0.015_652_279_241_016_007),
            (0.01, -40.0, 3_943.911_454_213_132_4, -394_229.024_068_481_93, -99.999_999_999_999_99),
            (1e4, 9.2, 0.000_100_519_584_933_847_71, -5.034_808_629_330_142e-9, -5.017_317_396_639_854e-5),
            (2e3, 7.7, 0.000_475_674_353_369_323_64, -1.169_745_031_373_588_4e-7, -0.000_241_764_974_505_442),
        ];
        for (a, y, slope, by_shape, by_log) in known {
            let near = |found: f64, expected: f64, within: f64| {
                assert!((found / expected - 1.0).abs() < within, "{a} {y}: {found} for {expected}");
            };
            near(log_slope(a, y), slope, 1e-12);
            near(log_slope_by_shape(a, y), by_shape, 1e-9);
            near(log_slope_by_log(a, y), by_log, 1e-9);
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
            let far = Place::Far(libm::exp((y - libm::log(a)) / 3.0));
            let near = |summed: f64, formula: f64, within: f64| {
                assert!((summed / formula - 1.0).abs() < within, "{z}: {summed} and {formula}");
            };
            near(log_slope(a, y), far.slope(a, y), 1e-8);
            near(log_slope_by_shape(a, y), far.slope_by_shape(a, y), 1e-4);
            near(log_slope_by_log(a, y), far.slope_by_log(a, y), 1e-6);
        }
    }
}
