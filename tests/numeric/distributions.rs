//! The module `random` against the distributions themselves: moments, distribution functions, counts.
//!
//! Seeds are fixed, so a test passes always or never. The bounds let a fair sample fail less than once in 8000 times.

use crate::random::distance;
use crate::sample::numbers;
use crate::special::{beta_cdf, gamma_cdf, log_choose, normal_cdf};
use nabla::session::Output;
use nabla::{Session, Source, Value};
use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::io;
use std::sync::Arc;

const COUNT: usize = 20_000;

pub struct Silent;

impl Output for Silent {
    fn text(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The elements of the value of some code.
pub fn drawn(code: &str) -> Vec<f64> {
    let mut session = Session::new(Box::new(Silent));
    session.seed(20);
    session.eval(Arc::new(Source::new("<test>", format!("drawn = {code}")))).unwrap_or_else(|errors| {
        panic!("{code}: {}", errors[0]);
    });
    match session.get("drawn") {
        Some(Value::Array(array)) => numbers(&array),
        _ => panic!("{code} is no array"),
    }
}

fn sample(call: &str) -> Vec<f64> {
    let comma = if call.ends_with('(') { "" } else { ", " };
    let sample = drawn(&format!("random.{call}{comma}size={COUNT})"));
    assert_eq!(sample.len(), COUNT);
    sample
}

/// Mean and variance within five standard errors, that of the variance from the sample's fourth moment.
fn assert_moments(call: &str, sample: &[f64], mean: f64, variance: f64) {
    let count = sample.len() as f64;
    let average = |f: &dyn Fn(f64) -> f64| sample.iter().map(|&x| f(x)).sum::<f64>() / count;
    let found = average(&|x| x - mean);
    assert!(found.abs() <= 5.0 * (variance / count).sqrt(), "{call}: the mean is {found} off {mean}");
    let spread = average(&|x| (x - mean).powi(2));
    let error = ((average(&|x| (x - mean).powi(4)) - spread * spread) / count).sqrt();
    assert!((spread - variance).abs() <= 5.0 * error, "{call}: the variance is {spread} and not {variance}");
}

/// As above, and Kolmogorov and Smirnov's distance, whose 99.988 % point is 2.2 / √n.
fn assert_continuous(call: &str, moments: Option<(f64, f64)>, cdf: impl Fn(f64) -> f64) {
    let sample = sample(call);
    if let Some((mean, variance)) = moments {
        assert_moments(call, &sample, mean, variance);
    }
    let distance = distance(sample, cdf);
    assert!(distance < 2.2 / (COUNT as f64).sqrt(), "{call}: the distance is {distance}");
}

/// Pearson's statistic of counts with their probabilities, in bins of at least 10 expected ones. The bound is the point
/// of E. Wilson and M. Hilferty (1931) that four standard deviations of a normal number reach.
fn assert_counts(what: &str, outcomes: impl Iterator<Item = i64>, probabilities: impl Iterator<Item = (i64, f64)>) {
    let mut counts: BTreeMap<i64, f64> = BTreeMap::new();
    let mut total = 0.0;
    for outcome in outcomes {
        *counts.entry(outcome).or_default() += 1.0;
        total += 1.0;
    }
    let (mut statistic, mut bins, mut found, mut expected) = (0.0, 0.0, 0.0, 0.0);
    let (mut all_found, mut all_expected) = (0.0, 0.0);
    for (outcome, probability) in probabilities {
        found += counts.remove(&outcome).unwrap_or(0.0);
        expected += probability * total;
        if expected >= 10.0 {
            statistic += (found - expected) * (found - expected) / expected;
            (bins, all_found, all_expected) = (bins + 1.0, all_found + found, all_expected + expected);
            (found, expected) = (0.0, 0.0);
        }
    }
    let (tail, beyond) = (total - all_expected, total - all_found);
    assert!(tail > -1e-6 * total, "{what}: the probabilities sum to more than 1");
    if tail >= 10.0 {
        statistic += (beyond - tail) * (beyond - tail) / tail;
        bins += 1.0;
    } else {
        assert!(beyond < 40.0, "{what}: {beyond} outcomes where {tail} are expected");
    }
    let degrees: f64 = bins - 1.0;
    let ninth = 2.0 / (9.0 * degrees);
    let bound = degrees * (1.0 - ninth + 4.0 * ninth.sqrt()).powi(3);
    assert!(degrees >= 1.0 && statistic < bound, "{what}: {statistic} with {degrees} degrees of freedom, over {bound}");
}

fn assert_discrete(call: &str, mean: f64, variance: f64, probability: impl Fn(f64) -> f64) {
    let sample = sample(call);
    assert_moments(call, &sample, mean, variance);
    let (first, last) = ((mean - 9.0 * variance.sqrt()).max(0.0) as i64, (mean + 40.0 * variance.sqrt() + 40.0) as i64);
    let probabilities = (first..=last).map(|k| (k, probability(k as f64)));
    assert_counts(call, sample.into_iter().map(|x| x as i64), probabilities);
}

#[test]
fn gammas() {
    for a in [0.05, 0.5, 1.0, 1.5, 4.0, 100.0, 10_000.0] {
        assert_continuous(&format!("standard_gamma({a}"), Some((a, a)), |x| gamma_cdf(a, x));
    }
    assert_continuous("gamma(2.5, 3", Some((7.5, 22.5)), |x| gamma_cdf(2.5, x / 3.0));
    assert_continuous("chisquare(3", Some((3.0, 6.0)), |x| gamma_cdf(1.5, x / 2.0));
    // Of so small a shape half of the numbers are too small for floats; the others are compared.
    let floor = gamma_cdf(1e-3, 1e-300);
    let shown: Vec<f64> = sample("standard_gamma(1e-3").into_iter().filter(|&x| x > 1e-300).collect();
    let count = shown.len() as f64;
    assert!((count / COUNT as f64 - (1.0 - floor)).abs() < 5.0 * (0.25 / COUNT as f64).sqrt());
    assert!(distance(shown, |x| (gamma_cdf(1e-3, x) - floor) / (1.0 - floor)) < 2.2 / count.sqrt());
    let huge: Vec<f64> = sample("standard_gamma(1e12").iter().map(|x| (x - 1e12) / 1e6).collect();
    assert_moments("standard_gamma(1e12)", &huge, 0.0, 1.0);
}

#[test]
fn ratios_of_gammas() {
    for (a, b) in [(0.05, 0.1), (0.5, 0.5), (1.0, 3.0), (2.0, 2.0), (30.0, 500.0)] {
        let total = a + b;
        let moments = (a / total, a * b / (total * total * (total + 1.0)));
        assert_continuous(&format!("beta({a}, {b}"), Some(moments), |x| beta_cdf(a, b, x));
    }
    assert_continuous("f(4, 12", Some((1.2, 2.0 * 144.0 * 14.0 / (4.0 * 100.0 * 8.0))), |x| {
        beta_cdf(2.0, 6.0, 4.0 * x / (4.0 * x + 12.0))
    });
    for df in [1.0, 3.0, 30.0] {
        let moments = (df > 4.0).then(|| (0.0, df / (df - 2.0)));
        assert_continuous(&format!("standard_t({df}"), moments, |t| {
            let tail = 0.5 * beta_cdf(df / 2.0, 0.5, df / (df + t * t));
            if t < 0.0 { tail } else { 1.0 - tail }
        });
    }
    // A share of Dirichlet's distribution is a beta number.
    let shares = drawn(&format!("random.dirichlet([0.5, 1, 2.5], size={COUNT})"));
    assert!(shares.chunks(3).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-15 * 4.0));
    for (i, a) in [0.5, 1.0, 2.5].into_iter().enumerate() {
        let share = shares.chunks(3).map(|row| row[i]).collect();
        assert!(distance(share, |x| beta_cdf(a, 4.0 - a, x)) < 2.2 / (COUNT as f64).sqrt());
    }
}

#[test]
fn formulas_of_uniform_numbers() {
    let unit = |x: f64| x.clamp(0.0, 1.0);
    assert_continuous("random(", Some((0.5, 1.0 / 12.0)), unit);
    assert_continuous("uniform(-2, 6", Some((2.0, 64.0 / 12.0)), |x| unit((x + 2.0) / 8.0));
    assert_continuous("exponential(3", Some((3.0, 9.0)), |x| -libm::expm1(-x / 3.0));
    assert_continuous("standard_exponential(", Some((1.0, 1.0)), |x| -libm::expm1(-x));
    assert_continuous("laplace(1, 2", Some((1.0, 8.0)), |x| {
        let tail = 0.5 * libm::exp(-(x - 1.0).abs() / 2.0);
        if x < 1.0 { tail } else { 1.0 - tail }
    });
    assert_continuous("logistic(1, 2", Some((1.0, 4.0 * PI * PI / 3.0)), |x| 1.0 / (1.0 + libm::exp(-(x - 1.0) / 2.0)));
    let euler = 0.577_215_664_901_532_9;
    assert_continuous("gumbel(1, 2", Some((1.0 + 2.0 * euler, 4.0 * PI * PI / 6.0)), |x| {
        libm::exp(-libm::exp(-(x - 1.0) / 2.0))
    });
    for a in [0.5, 2.0, 20.0] {
        let moment = |k: f64| libm::tgamma(1.0 + k / a);
        let moments = (a > 1.0).then(|| (moment(1.0), moment(2.0) - moment(1.0).powi(2)));
        assert_continuous(&format!("weibull({a}"), moments, |x| -libm::expm1(-x.powf(a)));
        assert_continuous(&format!("power({a}"), Some((a / (a + 1.0), a / ((a + 1.0).powi(2) * (a + 2.0)))), |x| {
            unit(x).powf(a)
        });
        assert_continuous(&format!("pareto({a}"), None, |x| 1.0 - (1.0 + x).powf(-a));
    }
    assert_continuous("rayleigh(2", Some((2.0 * (PI / 2.0).sqrt(), (2.0 - PI / 2.0) * 4.0)), |x| {
        -libm::expm1(-x * x / 8.0)
    });
    for (left, mode, right) in [(0.0, 1.0, 4.0), (-1.0, -1.0, 2.0), (0.0, 3.0, 3.0)] {
        let mean = (left + mode + right) / 3.0;
        let squares: f64 = left * left + mode * mode + right * right - left * mode - left * right - mode * right;
        let call = format!("triangular({left}, {mode}, {right}");
        assert_continuous(&call, Some((mean, squares / 18.0)), |x| {
            if x < mode {
                (x - left).powi(2) / ((right - left) * (mode - left))
            } else {
                1.0 - (right - x).powi(2) / ((right - left) * f64::max(right - mode, f64::MIN_POSITIVE))
            }
        });
    }
}

#[test]
fn formulas_of_normal_numbers() {
    assert_continuous("normal(3, 2", Some((3.0, 4.0)), |x| normal_cdf((x - 3.0) / 2.0));
    assert_continuous("standard_normal(", Some((0.0, 1.0)), normal_cdf);
    let (mean, variance) = (libm::exp(0.625), libm::expm1(0.25) * libm::exp(1.25));
    assert_continuous("lognormal(0.5, 0.5", Some((mean, variance)), |x| normal_cdf((libm::log(x) - 0.5) / 0.5));
    assert_continuous("standard_cauchy(", None, |x| 0.5 + libm::atan(x) / PI);
}

#[test]
fn poisson_numbers() {
    for mean in [0.1, 1.0, 5.0, 9.99, 10.0, 30.0, 1000.0, 10_000.0] {
        assert_discrete(&format!("poisson({mean}"), mean, mean, |k| {
            libm::exp(k * libm::log(mean) - mean - libm::lgamma(k + 1.0))
        });
    }
    for mean in [1e9, 1e13, 1e17] {
        let sample: Vec<f64> = sample(&format!("poisson({mean}")).iter().map(|x| (x - mean) / mean.sqrt()).collect();
        assert_moments(&format!("poisson({mean})"), &sample, 0.0, 1.0);
        assert!(distance(sample, normal_cdf) < 2.2 / (COUNT as f64).sqrt());
    }
}

#[test]
fn binomial_numbers() {
    let cases =
        [(1.0, 0.3), (10.0, 0.05), (20.0, 0.5), (40.0, 0.75), (1000.0, 0.001), (1000.0, 0.4), (1e5, 0.97), (50.0, 0.2)];
    for (n, p) in cases {
        assert_discrete(&format!("binomial({n:.0}, {p}"), n * p, n * p * (1.0 - p), |k| {
            if k > n { 0.0 } else { libm::exp(log_choose(n, k) + k * libm::log(p) + (n - k) * libm::log1p(-p)) }
        });
    }
    for (n, p) in [(1e15, 0.3), (1e18, 0.5), (1e15, 1e-14)] {
        let (mean, variance): (f64, f64) = (n * p, n * p * (1.0 - p));
        let call = format!("binomial({n:.0}, {p}");
        let sample: Vec<f64> = sample(&call).iter().map(|x| (x - mean) / variance.sqrt()).collect();
        assert_moments(&call, &sample, 0.0, 1.0);
    }
    assert!(sample("binomial(7, 0").iter().all(|&x| x == 0.0) && sample("binomial(7, 1").iter().all(|&x| x == 7.0));
}

#[test]
fn waiting_times() {
    for p in [0.9, 0.3, 0.01] {
        assert_discrete(&format!("geometric({p}"), 1.0 / p, (1.0 - p) / (p * p), |k| {
            if k < 1.0 { 0.0 } else { (1.0 - p).powf(k - 1.0) * p }
        });
    }
    for (n, p) in [(1.0, 0.5), (3.5, 0.2), (100.0, 0.6)] {
        let mean = n * (1.0 - p) / p;
        assert_discrete(&format!("negative_binomial({n}, {p}"), mean, mean / p, |k| {
            let ways = libm::lgamma(k + n) - libm::lgamma(k + 1.0) - libm::lgamma(n);
            libm::exp(ways + n * libm::log(p) + k * libm::log1p(-p))
        });
    }
}

#[test]
fn good_ones_among_those_drawn() {
    for (good, bad, n) in [(10.0, 30.0, 5.0), (3.0, 4.0, 6.0), (1000.0, 500.0, 400.0), (1e9, 1e9, 1000.0)] {
        let all: f64 = good + bad;
        let (mean, share) = (n * good / all, good / all);
        let variance = n * share * (1.0 - share) * (all - n) / (all - 1.0);
        assert_discrete(&format!("hypergeometric({good:.0}, {bad:.0}, {n:.0}"), mean, variance, |k| {
            let is_possible = k <= good.min(n) && n - k <= bad;
            // of very many it is the binomial distribution: sums of logarithms of factorials have lost all digits there
            let log = if all > 1e8 {
                log_choose(n, k) + n * libm::log(0.5)
            } else {
                log_choose(good, k) + log_choose(bad, n - k) - log_choose(all, n)
            };
            if is_possible { libm::exp(log) } else { 0.0 }
        });
    }
    assert!(sample("hypergeometric(7, 0, 3").iter().all(|&x| x == 3.0));
    assert!(sample("hypergeometric(7, 5, 12").iter().all(|&x| x == 7.0));
}

#[test]
fn series_of_powers() {
    for p in [0.05, 0.5, 0.95] {
        let log = libm::log1p(-p);
        let variance = -p * (p + log) / ((1.0 - p) * (1.0 - p) * log * log);
        assert_discrete(&format!("logseries({p}"), -p / ((1.0 - p) * log), variance, |k| {
            if k < 1.0 { 0.0 } else { -libm::exp(k * libm::log(p)) / (k * log) }
        });
    }
    for a in [1.01, 1.5, 4.0, 8.0] {
        // the sum of all by the formula of Euler and Maclaurin
        let last = 1000.0f64;
        let sum: f64 = (1..1000).map(|k| f64::from(k).powf(-a)).sum();
        let sum = sum + last.powf(1.0 - a) / (a - 1.0) + 0.5 * last.powf(-a) + a / 12.0 * last.powf(-a - 1.0);
        // those that do not fit i64 are not drawn
        let sum = sum - 2f64.powf(63.0 * (1.0 - a)) / (a - 1.0);
        let found = sample(&format!("zipf({a}"));
        assert_counts(
            &format!("zipf({a})"),
            found.iter().map(|&x| x as i64),
            (1..2000).map(|k| (k, (k as f64).powf(-a) / sum)),
        );
    }
    assert!(sample("zipf(1e300").iter().all(|&x| x == 1.0));
}

#[test]
fn angles() {
    for kappa in [0.0, 5e-6, 0.5, 4.0, 100.0] {
        let steps = 20_000;
        let at = |i: usize| 2.0 * PI * i as f64 / steps as f64 - PI;
        let mut sums = vec![0.0];
        for i in 0..steps {
            let density = |x: f64| libm::exp(kappa * (libm::cos(x) - 1.0));
            sums.push(sums[i] + 0.5 * (density(at(i)) + density(at(i + 1))));
        }
        assert_continuous(&format!("vonmises(0, {kappa}"), None, |x| {
            let place = ((x + PI) / (2.0 * PI) * steps as f64).clamp(0.0, steps as f64 - 1.0);
            let i = place.floor() as usize;
            (sums[i] + (sums[i + 1] - sums[i]) * (place - i as f64)) / sums[steps]
        });
    }
    let narrow: Vec<f64> = sample("vonmises(0, 1e8").iter().map(|x| x * 1e4).collect();
    assert!(distance(narrow, normal_cdf) < 2.2 / (COUNT as f64).sqrt());
    assert!(sample("vonmises(3, 2").iter().all(|x| x.abs() <= PI));
}

#[test]
fn inverse_gaussians() {
    for (mean, scale) in [(1.0, 1.0), (3.0, 0.5), (0.2, 50.0)] {
        let call = format!("wald({mean}, {scale}");
        let moments = (scale >= 1.0).then(|| (mean, mean * mean * mean / scale));
        assert_continuous(&call, moments, |x: f64| {
            let root = (scale / x).sqrt();
            let reflected = normal_cdf(-root * (x / mean + 1.0));
            let second = if reflected > 0.0 { libm::exp(2.0 * scale / mean + libm::log(reflected)) } else { 0.0 };
            normal_cdf(root * (x / mean - 1.0)) + second
        });
    }
}

#[test]
fn noncentral_numbers() {
    for (df, nonc) in [(0.5, 2.0), (3.0, 6.0)] {
        assert_continuous(
            &format!("noncentral_chisquare({df}, {nonc}"),
            Some((df + nonc, 2.0 * (df + 2.0 * nonc))),
            |x| {
                let weight = |j: f64| libm::exp(j * libm::log(nonc / 2.0) - nonc / 2.0 - libm::lgamma(j + 1.0));
                (0..25).map(|j| weight(j.into()) * gamma_cdf(df / 2.0 + f64::from(j), x / 2.0)).sum()
            },
        );
    }
    let (num, den, nonc) = (3.0, 20.0, 4.0);
    let mean = den * (num + nonc) / (num * (den - 2.0));
    let spread: f64 = (num + nonc) * (num + nonc) + (num + 2.0 * nonc) * (den - 2.0);
    let variance = 2.0 * spread / ((den - 2.0) * (den - 2.0) * (den - 4.0)) * (den / num) * (den / num);
    assert_moments("noncentral_f", &sample("noncentral_f(3, 20, 4"), mean, variance);
}

#[test]
fn normal_vectors() {
    for method in ["cholesky", "eigh"] {
        let code =
            format!("random.multivariate_normal([1, -2], [[4, 1.5], [1.5, 1]], size={COUNT}, method=\"{method}\")");
        let pairs = drawn(&code);
        for (a, b) in [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, -2.0)] {
            let (mean, variance): (f64, f64) = (a - 2.0 * b, 4.0 * a * a + 3.0 * a * b + b * b);
            let along = pairs.chunks(2).map(|pair| (a * pair[0] + b * pair[1] - mean) / variance.sqrt()).collect();
            assert!(distance(along, normal_cdf) < 2.2 / (COUNT as f64).sqrt(), "{method}: {a}, {b}");
        }
    }
    let line = drawn("random.multivariate_normal([0, 0], [[1, 2], [2, 4]], size=100, method=\"eigh\")");
    assert!(line.chunks(2).all(|pair| (pair[1] - 2.0 * pair[0]).abs() < 1e-7));
}

#[test]
fn integers_between_arrays() {
    let sample = drawn(&format!("random.integers([[-3], [10]], 17, size=(2, {COUNT}))"));
    let (first, second) = sample.split_at(COUNT);
    assert_counts("-3..17", first.iter().map(|&x| x as i64), (-3..17).map(|k| (k, 1.0 / 20.0)));
    assert_counts("10..17", second.iter().map(|&x| x as i64), (10..17).map(|k| (k, 1.0 / 7.0)));
    let ends = drawn("random.integers([0, 5], [1, 6], size=(1000, 2), endpoint=true)");
    assert!([0.0, 1.0, 5.0, 6.0].iter().all(|end| ends.contains(end)) && ends.len() == 2000);
    assert!(
        drawn("random.integers([-9223372036854775808], 9223372036854775807, size=1000)").iter().any(|&x| x < -9e18)
    );
}

#[test]
fn choices_have_their_probabilities() {
    let p = [0.1, 0.0, 0.4, 0.5];
    let with = sample("choice(4, p=[0.1, 0, 0.4, 0.5]");
    assert_counts("choice", with.iter().map(|&x| x as i64), (0..4).map(|i| (i, p[i as usize])));
    // One after the other, of those that are left.
    let p = [0.1, 0.2, 0.3, 0.4];
    let pairs = drawn(&format!("vmap(|_| random.choice(4, 2, replace=false, p={p:?}))(zeros({COUNT}))"));
    let expected = (0..16i64).map(|pair| {
        let (first, second) = ((pair / 4) as usize, (pair % 4) as usize);
        (pair, if first == second { 0.0 } else { p[first] * p[second] / (1.0 - p[first]) })
    });
    assert_counts("pairs", pairs.chunks(2).map(|pair| (pair[0] * 4.0 + pair[1]) as i64), expected);
}

#[test]
fn all_orders_are_alike() {
    for (code, items) in [
        (format!("vmap(|_| random.permutation(4))(zeros({COUNT}))"), 4),
        (format!("random.permuted(broadcast_to(0..4, ({COUNT}, 4)), axis=1)"), 4),
        // A choice of few among many does not write them all down.
        (format!("vmap(|_| random.choice(30, 2, replace=false))(zeros({COUNT}))"), 2),
    ] {
        let (limit, is_all) = if items == 4 { (4, true) } else { (30, false) };
        let rows = drawn(&code);
        let outcomes = rows.chunks(items).map(|row| row.iter().fold(0, |number, &x| number * limit + x as i64));
        let digits = |mut number: i64| {
            (0..items)
                .map(|_| {
                    let digit = number % limit;
                    number /= limit;
                    digit
                })
                .collect::<Vec<i64>>()
        };
        let is_order = |number: &i64| {
            let mut found = digits(*number);
            found.sort_unstable();
            found.windows(2).all(|pair| pair[0] != pair[1])
        };
        let orders = if is_all { 24.0 } else { 30.0 * 29.0 };
        let all = (0..limit.pow(items as u32)).filter(is_order).map(|number| (number, 1.0 / orders));
        assert_counts(&code, outcomes, all);
    }
}

#[test]
fn multinomial_counts() {
    let rows = drawn(&format!("random.multinomial(12, [0.2, 0, 0.3, 0.5], size={COUNT})"));
    assert!(rows.chunks(4).all(|row| row.iter().sum::<f64>() == 12.0 && row[1] == 0.0));
    for (i, p) in [(0, 0.2f64), (2, 0.3), (3, 0.5)] {
        let probability = |k: f64| libm::exp(log_choose(12.0, k) + k * p.ln() + (12.0 - k) * (1.0 - p).ln());
        let counts = rows.chunks(4).map(|row| row[i] as i64);
        assert_counts("multinomial", counts, (0..=12).map(|k| (k, probability(k as f64))));
    }
}

const SAMPLED: &[&str] = &[
    "standard_gamma([0.5, 3.0], size=(50, 2))",
    "poisson([3.0, 300.0], size=(50, 2))",
    "binomial(1000, [0.001, 0.3], size=(50, 2))",
    "negative_binomial(3, 0.25, size=(50, 2))",
    "geometric([0.5, 0.01], size=(50, 2))",
    "hypergeometric(20, [5, 300], 10, size=(50, 2))",
    "logseries([0.5, 0.99], size=(50, 2))",
    "zipf([1.5, 3], size=(50, 2))",
    "vonmises(1.0, [0.5, 30], size=(50, 2))",
    "wald(2.0, [0.5, 30], size=(50, 2))",
    "noncentral_chisquare(2.0, [0.5, 30], size=(50, 2))",
    "integers([0, 10], 100, size=(50, 2))",
    "beta(2.0, [3.0, 0.1], size=(50, 2))",
    "normal([0, 10], 3.0, size=(50, 2))",
    "permutation(100)",
    "choice(100, 60, replace=false)",
    "choice(3, 60, p=[0.25, 0.25, 0.5])",
    "multinomial(100, [0.25, 0.25, 0.5])",
    "multivariate_normal([0.0, 1.0], [[1.0, 0.5], [0.5, 1.0]], size=2)",
];

#[test]
fn a_graph_draws_what_its_function_draws() {
    for call in SAMPLED {
        let eager = drawn(&format!("(|x| random.{call} + x)(0)"));
        assert_eq!(drawn(&format!("graph(|x| random.{call} + x)(0)")), eager, "{call}");
    }
}

#[test]
fn an_element_depends_on_its_number_and_parameters_alone() {
    for call in SAMPLED.iter().filter(|call| call.contains("size=(50, 2)")) {
        let (all, few) = (drawn(&format!("random.{call}")), drawn(&format!("random.{}", call.replace("50", "7"))));
        assert_eq!(all[..14], few, "{call}");
    }
    assert_eq!(drawn("random.gamma([1.0, 2.0, 3.0])")[2], drawn("random.gamma([7.0, 0.1, 3.0])")[2]);
    let many = drawn("random.choice(1000, 900, replace=false)");
    assert_eq!(many[..5], drawn("random.choice(1000, 5, replace=false)"), "both ways to shuffle give one order");
}

/// A gamma number moves with its shape so that it stays at its place in the distribution: P(a, x) + dx · density = P(a + da,
/// x + dx). Differences of the distribution function are exact to about 10⁻⁹, and the bound is on what they are of.
#[test]
fn gammas_move_with_their_shape() {
    for a in [0.1, 0.7, 1.0, 3.0, 50.0, 2000.0] {
        let values = drawn(&format!("random.standard_gamma(full(300, {a:?}))"));
        let slopes = drawn(&format!("grad(|a| sum(random.standard_gamma(a)))(full(300, {a:?}))"));
        for (x, slope) in values.into_iter().zip(slopes).filter(|(x, _)| *x > 1e-30) {
            let h = 1e-5 * a;
            let moved = (gamma_cdf(a + h, x) - gamma_cdf(a - h, x)) / (2.0 * h);
            let density = libm::exp((a - 1.0) * libm::log(x) - x - libm::lgamma(a));
            assert!((moved + density * slope).abs() < 1e-6 * (density * slope) + 1e-9, "{a}, {x}: {slope}");
        }
    }
}

/// The mean of slopes is the slope of the mean, within five standard errors; and so it is of their slopes.
#[test]
fn means_of_slopes_are_slopes_of_means() {
    // I₁(2) / I₀(2)
    let mean_cosine = 0.697_774_657_964_008;
    let first: [(&str, f64, f64); 8] = [
        // a / (a + b)
        ("random.beta(a, 3.0)", 2.0, 3.0 / 25.0),
        ("random.gamma(a, 2.0)", 1.5, 2.0),
        ("random.wald(a, 3.0)", 2.0, 1.0),
        ("random.wald(2.0, a)", 3.0, 0.0),
        ("random.noncentral_chisquare(a, 4.0)", 3.0, 1.0),
        ("random.noncentral_chisquare(3.0, a)", 4.0, 1.0),
        ("cos(random.vonmises(0.0, a))", 2.0, 1.0 - mean_cosine / 2.0 - mean_cosine * mean_cosine),
        // n (d + λ) / ((n - 2) d) of d above and n below the line
        ("random.noncentral_f(2.0, 12.0, a)", 3.0, 12.0 / 20.0),
    ];
    let second: [(&str, f64, f64); 4] = [
        ("random.gamma(a, 2.0)", 1.5, 0.0),
        ("random.gamma(a, 1.0) ** 2", 1.5, 2.0),
        ("random.wald(a, 3.0)", 2.0, 0.0),
        // the variance is m³ / s
        ("random.wald(a, 3.0) ** 2", 2.0, 6.0 * 2.0 / 3.0 + 2.0),
    ];
    let check = |code: String, expected: f64| {
        let slopes = drawn(&code);
        let mean = slopes.iter().sum::<f64>() / COUNT as f64;
        let variance = slopes.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / COUNT as f64;
        let error = (variance / COUNT as f64).sqrt();
        assert!((mean - expected).abs() < 5.0 * error && error < 0.5, "{code}: {mean} and not {expected}");
    };
    for (call, a, expected) in first {
        check(format!("grad(|a| sum({call}))(full({COUNT}, {a:?}))"), expected);
    }
    for (call, a, expected) in second {
        let redrawn = format!("|a| {{ seed(3); sum({call}) }}");
        check(format!("jvp(grad({redrawn}), full({COUNT}, {a:?}), ones({COUNT}))[1]"), expected);
    }
}

/// The numbers come from a program of its own, written in Python from the descriptions of the stream and the papers.
#[test]
fn the_stream_is_as_described() {
    for (code, expected) in STREAM {
        let found = drawn(&format!("random.{code}"));
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.into_iter().zip(*expected) {
            // the logarithms of the two need not be rounded alike
            assert!((found - expected).abs() <= 1e-14 * expected.abs(), "{code}: {found} is not {expected}");
        }
    }
}

const STREAM: &[(&str, &[f64])] = &[
    ("geometric([0.5, 0.1, 0.001])", &[2.0, 19.0, 2052.0]),
    ("integers([0, 5, -10**12], [10, 1000, 10**12])", &[4.0, 146.0, -743297282111.0]),
    ("permutation(8)", &[0.0, 5.0, 6.0, 1.0, 4.0, 7.0, 3.0, 2.0]),
    ("choice(1000, 4, replace=false)", &[17.0, 659.0, 764.0, 459.0]),
    ("gamma([0.5, 2.0, 1000.0])", &[2.1450888210322314, 1.5144724231169806, 962.9985363360383]),
    ("poisson([0.5, 9, 10, 50, 50, 50, 50, 1000])", &[0.0, 6.0, 6.0, 53.0, 67.0, 54.0, 48.0, 973.0]),
    ("binomial([10, 100, 100], [0.3, 0.3, 0.7])", &[3.0, 24.0, 76.0]),
    ("negative_binomial([0.5, 3, 10], [0.5, 0.1, 0.2])", &[2.0, 24.0, 34.0]),
    ("choice(4, 4, p=[0.1, 0.2, 0.3, 0.4], replace=false)", &[1.0, 2.0, 0.0, 3.0]),
    ("choice(4, 8, p=[0.1, 0.2, 0.3, 0.4])", &[2.0, 1.0, 1.0, 3.0, 3.0, 2.0, 0.0, 0.0]),
];
