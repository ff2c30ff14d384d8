//! Distribution functions to compare samples with.

/// The incomplete gamma function P(a, x): the series of DLMF 8.7.1 below the mean, the continued fraction of DLMF 8.9.2,
/// by W. Lentz's method, above.
pub fn gamma_cdf(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let scale = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * f64::EPSILON {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return sum * scale;
    }
    let terms = (1..).map(|i| {
        let i = f64::from(i);
        (i * (a - i), x - a + 2.0 * i + 1.0)
    });
    1.0 - scale / fraction(x - a + 1.0, terms)
}

/// The incomplete beta function I(x; a, b): the continued fraction of DLMF 8.17.22.
pub fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return f64::from(x >= 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_cdf(b, a, 1.0 - x);
    }
    let log_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let scale = libm::exp(a * libm::log(x) + b * libm::log1p(-x) - log_beta) / a;
    let terms = (1..).map(|i| {
        let m = f64::from(i / 2);
        let numerator = match i % 2 {
            0 => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            _ => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        };
        (numerator, 1.0)
    });
    scale / fraction(1.0, terms)
}

/// b₀ + a₁ / (b₁ + a₂ / (b₂ + ...)), of the pairs (a, b).
fn fraction(first: f64, terms: impl Iterator<Item = (f64, f64)>) -> f64 {
    let tiny = 1e-300;
    let (mut value, mut c, mut d) = (first, first, 0.0);
    for (a, b) in terms.take(100_000) {
        d = 1.0 / (b + a * d + tiny);
        c = b + a / c + tiny;
        value *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / 2f64.sqrt())
}

/// ln of the ways to choose `k` of `n`.
pub fn log_choose(n: f64, k: f64) -> f64 {
    libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0)
}
