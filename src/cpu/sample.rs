//! Random numbers that no fixed number of random bits gives: drawn by trying until one is accepted.
//!
//! Every element tries on a stream of its own, which its key starts, so that it depends on no other element. The
//! algorithms are written here and not taken from a crate, whose next version might draw other numbers: the stream is
//! described in `ops::sample`; it must never change.

use super::mistyped;
use super::random::{normal, philox};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Element, Tensor, shape};
use std::f64::consts::{LN_2, PI};

/// Elements between two looks at the interrupt flag.
const STRETCH: usize = 1 << 12;

/// From this mean on counts are drawn by rejection, below it by adding up probabilities.
const MANY: f64 = 10.0;

/// Probabilities that are too small to be met by a uniform number.
const NEVER: f64 = 1e-18;

/// Of smaller shapes the logarithm of a gamma number may be beyond all floats; they are taken for this one.
const LEAST_SHAPE: f64 = 2.1e-307;

/// The random bits of one element.
pub struct Stream {
    key: [u32; 2],
    block: u64,
    spare: Option<u64>,
}

impl Stream {
    fn new(key: [u32; 2]) -> Stream {
        Stream { key, block: 0, spare: None }
    }

    fn bits(&mut self) -> u64 {
        if let Some(bits) = self.spare.take() {
            return bits;
        }
        let counter = [self.block as u32, (self.block >> 32) as u32, 0, u32::MAX];
        self.block += 1;
        let [a, b, c, d] = philox(self.key, counter);
        self.spare = Some(u64::from(c) | u64::from(d) << 32);
        u64::from(a) | u64::from(b) << 32
    }

    /// Uniform between 0 and 1, both left out.
    fn unit(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) * 2f64.powi(-52)
    }

    fn normal(&mut self) -> f64 {
        let pair = [self.bits(), self.bits()];
        normal(pair)[0]
    }

    /// The logarithm of a number of the gamma distribution of scale 1. Without the logarithm small shapes would give
    /// zeros, whose ratios mean nothing.
    ///
    /// G. Marsaglia, W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000); a shape below 1 is
    /// reached from the next larger one by a power of a uniform number, as they say there.
    pub fn log_gamma(&mut self, a: f64) -> f64 {
        if a <= 0.0 || !a.is_finite() {
            // nan below 0
            return libm::log(a);
        }
        if a < 1.0 {
            return self.log_gamma(a + 1.0) + libm::log(self.unit()) / a.max(LEAST_SHAPE);
        }
        let d = a - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let (u, log_v) = (self.unit(), 3.0 * libm::log1p(c * x));
            let v = root * root * root;
            if u < 1.0 - 0.0331 * x * x * x * x || libm::log(u) < 0.5 * x * x + d * (1.0 - v + log_v) {
                return libm::log(d) + log_v;
            }
        }
    }

    /// W. Hörmann, "The transformed rejection method for generating Poisson random variables", Insurance: Mathematics and
    /// Economics 12 (1993), algorithm PTRS.
    pub fn poisson(&mut self, mean: f64) -> i64 {
        if mean.is_nan() || mean <= 0.0 {
            return 0;
        }
        if mean < MANY {
            return self.added_up(i64::MAX, libm::exp(-mean), |k| mean / k);
        }
        let mean = mean.min(MOST);
        let b = 0.931 + 2.53 * mean.sqrt();
        let a = -0.059 + 0.02483 * b;
        let (inverse_alpha, quick) = (1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2.0));
        loop {
            let (u, v) = (self.unit() - 0.5, self.unit());
            let side = 0.5 - u.abs();
            let k = ((2.0 * a / side + b) * u + mean + 0.43).floor();
            if side >= 0.07 && v <= quick {
                return k as i64;
            }
            if k < 0.0 || side < 0.013 && v > side {
                continue;
            }
            if libm::log(v * inverse_alpha / (a / (side * side) + b)) <= log_poisson(k, mean) {
                return k as i64;
            }
        }
    }

    /// W. Hörmann, "The generation of binomial random variates", Journal of Statistical Computation and Simulation 46
    /// (1993), algorithm BTRS.
    pub fn binomial(&mut self, n: i64, p: f64) -> i64 {
        if p > 0.5 {
            return n - self.binomial(n, 1.0 - p);
        }
        if n <= 0 || p.is_nan() || p <= 0.0 {
            return 0;
        }
        let (count, q) = (n as f64, 1.0 - p);
        if count * p < MANY {
            let odds = p / q;
            return self.added_up(n, libm::exp(count * libm::log1p(-p)), |k| odds * (count - k + 1.0) / k);
        }
        let spread = (count * p * q).sqrt();
        let b = 1.15 + 2.53 * spread;
        let a = -0.0873 + 0.0248 * b + 0.01 * p;
        let (center, quick, alpha) = (count * p + 0.5, 0.92 - 4.2 / b, (2.83 + 5.1 / b) * spread);
        let log_mode = log_binomial(((count + 1.0) * p).floor(), count, p);
        loop {
            let (u, v) = (self.unit() - 0.5, self.unit());
            let side = 0.5 - u.abs();
            let k = ((2.0 * a / side + b) * u + center).floor();
            if side >= 0.07 && v <= quick {
                return (k as i64).clamp(0, n);
            }
            if k < 0.0 || k > count {
                continue;
            }
            if libm::log(v * alpha / (a / (side * side) + b)) <= log_binomial(k, count, p) - log_mode {
                return (k as i64).min(n);
            }
        }
    }

    /// Of `n` drawn at once from `good` and `bad` ones, no more than there are, how many are good: by inversion, from the
    /// most likely count on to both sides, each probability from the one before by a factor.
    pub fn hypergeometric(&mut self, good: i64, bad: i64, n: i64) -> i64 {
        let (least, most) = ((n - bad).max(0), n.min(good));
        if least >= most {
            return least;
        }
        let [all, goods, bads, count] = [good + bad, good, bad, n].map(|count| count as f64);
        let mode = (((count + 1.0) * (goods + 1.0) / (all + 2.0)) as i64).clamp(least, most);
        let (k, p) = (mode as f64, count / all);
        let log = log_binomial(k, goods, p) + log_binomial(count - k, bads, p) - log_binomial(count, all, p);
        let ratio = |k: f64| (goods - k) * (count - k) / ((k + 1.0) * (bads - count + k + 1.0));
        let (mut up, mut upper) = (mode, libm::exp(log));
        let (mut down, mut lower) = (up, upper);
        let mut left = self.unit() - upper;
        while left > 0.0 && (up < most && upper > NEVER || down > least && lower > NEVER) {
            if up < most {
                upper *= ratio(up as f64);
                up += 1;
                left -= upper;
                if left <= 0.0 {
                    return up;
                }
            }
            if down > least {
                down -= 1;
                lower /= ratio(down as f64);
                left -= lower;
                if left <= 0.0 {
                    return down;
                }
            }
        }
        mode
    }

    /// A. Kemp, "Efficient generation of logarithmically distributed pseudo-random variables", Applied Statistics 30
    /// (1981), algorithm LK.
    pub fn logseries(&mut self, p: f64) -> i64 {
        let v = self.unit();
        if v >= p || p.is_nan() {
            return 1;
        }
        let q = -libm::expm1(libm::log1p(-p) * self.unit());
        if v <= q * q {
            return ((1.0 + libm::log(v) / libm::log(q)) as i64).max(1);
        }
        if v >= q { 1 } else { 2 }
    }

    /// L. Devroye, "Non-uniform random variate generation" (1986), X.6.1, for numbers that fit `i64`; logarithms keep what
    /// is near 1 apart.
    pub fn zipf(&mut self, a: f64) -> i64 {
        let excess = a - 1.0;
        // from here on all are 1
        if excess.is_nan() || excess <= 0.0 || excess > 1024.0 {
            return 1;
        }
        let beyond = libm::expm1(-excess * 63.0 * LN_2);
        loop {
            let (u, v) = (self.unit(), self.unit());
            let k = libm::exp(-libm::log1p(u * beyond) / excess).floor();
            if !(1.0..2f64.powi(63)).contains(&k) {
                continue;
            }
            let step = libm::expm1(excess * libm::log1p(1.0 / k));
            if v * k * step / libm::expm1(excess * LN_2) <= (1.0 + step) * libm::exp(-excess * LN_2) {
                return k as i64;
            }
        }
    }

    /// The angle from the middle, between -π and π. D. Best, N. Fisher, "Efficient simulation of the von Mises
    /// distribution", Applied Statistics 28 (1979); where they lose digits, what the distribution is near to.
    pub fn vonmises(&mut self, kappa: f64) -> f64 {
        if kappa.is_nan() || kappa < 1e-8 {
            return PI * (2.0 * self.unit() - 1.0);
        }
        if kappa > 1e6 {
            return self.normal() / kappa.sqrt();
        }
        let s = if kappa < 1e-5 {
            1.0 / kappa + kappa
        } else {
            let r = 1.0 + (1.0 + 4.0 * kappa * kappa).sqrt();
            let rho = (r - (2.0 * r).sqrt()) / (2.0 * kappa);
            (1.0 + rho * rho) / (2.0 * rho)
        };
        loop {
            let (z, v) = (libm::cos(PI * self.unit()), self.unit());
            let w = ((1.0 + s * z) / (s + z)).clamp(-1.0, 1.0);
            let y = kappa * (s - w);
            if y * (2.0 - y) >= v || libm::log(y / v) + 1.0 >= y {
                let angle = libm::acos(w);
                return if self.unit() < 0.5 { -angle } else { angle };
            }
        }
    }

    /// J. Michael, W. Schucany, R. Haas, "Generating random variates using transformations with multiple roots", The
    /// American Statistician 30 (1976). The smaller root is written so that nothing cancels.
    pub fn wald(&mut self, mean: f64, scale: f64) -> f64 {
        let z = self.normal();
        let spread = mean * z * z + 4.0 * scale;
        let root = z.abs() * (mean / spread).sqrt();
        let x = mean * (4.0 * scale / spread) / ((1.0 + root) * (1.0 + root));
        if self.unit() * (mean + x) <= mean { x } else { mean / x * mean }
    }

    /// A chi-square number with as many further degrees of freedom as twice a Poisson number.
    pub fn noncentral_chisquare(&mut self, df: f64, nonc: f64) -> f64 {
        let more = self.poisson(nonc / 2.0) as f64;
        2.0 * libm::exp(self.log_gamma(df / 2.0 + more))
    }

    /// The failures before success number `n`: Poisson numbers whose mean is drawn from a gamma distribution.
    pub fn negative_binomial(&mut self, n: f64, p: f64) -> i64 {
        let mean = libm::exp(self.log_gamma(n)) * (1.0 - p) / p;
        self.poisson(mean)
    }

    /// The trials until the first success, by inversion.
    pub fn geometric(&mut self, p: f64) -> i64 {
        ((libm::log(self.unit()) / libm::log1p(-p)).ceil() as i64).max(1)
    }

    /// From `low` up to `last`, which is not smaller.
    pub fn integer(&mut self, low: i64, last: i64) -> i64 {
        let scaled = (u128::from(self.bits()) * (u128::from(last.abs_diff(low)) + 1)) >> 64;
        low.wrapping_add_unsigned(scaled as u64)
    }

    /// The first count at which the probabilities exceed a uniform number; from that of 0 each follows from the one
    /// before by a factor.
    fn added_up(&mut self, most: i64, none: f64, factor: impl Fn(f64) -> f64) -> i64 {
        let (mut left, mut probability, mut k) = (self.unit(), none, 0);
        while left > probability && k < most {
            left -= probability;
            k += 1;
            let step = factor(k as f64);
            probability *= step;
            if step < 1.0 && probability < NEVER {
                break;
            }
        }
        k
    }
}

/// The largest mean of Poisson numbers that all fit `i64`: ten times its root away from the end.
pub const MOST: f64 = 9.223372006484771e18;

/// The logarithm of the probability of `k`, as are the two below: C. Loader, "Fast and accurate computation of binomial
/// probabilities" (2000). It loses nothing where the mean is large, as sums of logarithms of factorials do.
fn log_poisson(k: f64, mean: f64) -> f64 {
    if k == 0.0 { -mean } else { -stirling_error(k) - deviance(k, mean) - 0.5 * libm::log(2.0 * PI * k) }
}

fn log_binomial(k: f64, n: f64, p: f64) -> f64 {
    if k == 0.0 {
        return n * libm::log1p(-p);
    }
    if k == n {
        return n * libm::log(p);
    }
    let rest = n - k;
    stirling_error(n) - stirling_error(k) - stirling_error(rest) - deviance(k, n * p) - deviance(rest, n * (1.0 - p))
        + 0.5 * libm::log(n / (2.0 * PI * k * rest))
}

/// ln k! less Stirling's formula for it, of a whole number from 1 on.
fn stirling_error(k: f64) -> f64 {
    if k < 16.0 {
        return libm::lgamma(k + 1.0) - (k + 0.5) * libm::log(k) + k - 0.5 * libm::log(2.0 * PI);
    }
    let square = k * k;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / k
}

/// x ln (x / mean) + mean - x.
fn deviance(x: f64, mean: f64) -> f64 {
    let distance = x - mean;
    if distance.abs() >= 0.1 * (x + mean) {
        return x * libm::log(x / mean) - distance;
    }
    let ratio = distance / (x + mean);
    let (mut sum, mut term, mut odd) = (distance * ratio, 2.0 * x * ratio, 1.0);
    loop {
        term *= ratio * ratio;
        odd += 2.0;
        let next = sum + term / odd;
        if next == sum {
            return sum;
        }
        sum = next;
    }
}

/// An element for every key, whose words are `i32`. `draw` is asked in row-major order; none means that it met a dtype
/// that is not its own. The memory has been checked.
pub fn fill<T: Element>(
    cx: &Context,
    keys: [&Tensor; 2],
    shape: &[usize],
    mut draw: impl FnMut(&mut Stream) -> Option<T>,
) -> Result<Tensor> {
    let [first, second] = keys.map(|words| words.walk_as::<i32>(shape));
    let (first, second) = (first.ok_or_else(mistyped)?, second.ok_or_else(mistyped)?);
    let mut values = Vec::with_capacity(shape::size(shape));
    for (number, (first, second)) in first.zip(second).enumerate() {
        if number % STRETCH == 0 {
            cx.check()?;
        }
        let mut stream = Stream::new([first as u32, second as u32]);
        values.push(draw(&mut stream).ok_or_else(mistyped)?);
    }
    Ok(Tensor::from_vec(values, shape))
}
