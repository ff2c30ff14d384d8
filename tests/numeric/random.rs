//! The documented random stream, and the distributions drawn from it.

use crate::sample::numbers;
use nabla::context::{Context, RandomState};
use nabla::diagnostics::Kind;
use nabla::ops::random::{rand, randint, randn};
use nabla::tensor::{DType, Tensor};

const COUNT: i64 = 100_000;

fn seeded(seed: u64) -> Context {
    Context { random: RandomState::seeded(seed), ..Context::default() }
}

/// Computed by a program of its own from the description in `ops::random`.
#[test]
fn the_stream_is_as_described() {
    let mut cx = seeded(0x0123_4567_89ab_cdef);
    let first = numbers(&rand(&mut cx, &[2, 2], DType::F64).expect("a draw"));
    assert_eq!(first, [0.7716779885161604, 0.4785919173342834, 0.32125935090679314, 0.6976601032995406]);
    let second = numbers(&rand(&mut cx, &[4], DType::F64).expect("a draw"));
    assert_eq!(second, [0.4221270261283435, 0.02174374540616153, 0.5571074904738671, 0.19249983774892865]);
    let third = numbers(&randint(&mut cx, -5, 6, &[4], DType::I64).expect("a draw"));
    assert_eq!(third, [-3.0, -5.0, -1.0, 1.0]);
    let fourth = numbers(&randn(&mut cx, &[2], DType::F64).expect("a draw"));
    for (found, expected) in fourth.into_iter().zip([1.53463244002252, -0.6114239730210214]) {
        assert!((found - expected).abs() < 4.0 * f64::EPSILON);
    }
    assert_eq!(cx.random, RandomState { seed: 0x0123_4567_89ab_cdef, draws: 4 });
}

#[test]
fn an_element_depends_on_its_number_alone() {
    let draw = |count: i64| numbers(&randn(&mut seeded(7), &[count], DType::F64).expect("a draw"));
    let all = draw(200_001);
    for count in [1, 2, 3, 65_537, 131_072] {
        assert_eq!(draw(count), all[..count as usize]);
    }
}

#[test]
fn single_precision_is_the_same_stream() {
    let (wide, single) = (
        numbers(&rand(&mut seeded(3), &[COUNT], DType::F64).expect("a draw")),
        numbers(&rand(&mut seeded(3), &[COUNT], DType::F32).expect("a draw")),
    );
    for (wide, single) in wide.into_iter().zip(single) {
        assert!((0.0..1.0).contains(&single) && single <= wide && wide - single < 2f64.powi(-24));
    }
    let wide = numbers(&randn(&mut seeded(3), &[COUNT], DType::F64).expect("a draw"));
    let single = numbers(&randn(&mut seeded(3), &[COUNT], DType::F32).expect("a draw"));
    assert!(wide.into_iter().zip(single).all(|(wide, single)| f64::from(wide as f32) == single));
}

/// Kolmogorov and Smirnov's distance between a sample and a distribution.
pub fn distance(mut sample: Vec<f64>, cumulative: impl Fn(f64) -> f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let count = sample.len() as f64;
    let gap = |(i, &x): (usize, &f64)| {
        let expected = cumulative(x);
        (expected - i as f64 / count).abs().max(((i + 1) as f64 / count - expected).abs())
    };
    sample.iter().enumerate().map(gap).fold(0.0, f64::max)
}

/// Of 1000 fair samples one is farther away than this.
fn critical(count: usize) -> f64 {
    1.95 / (count as f64).sqrt()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    values.sum::<f64>() / COUNT as f64
}

#[test]
fn uniform_numbers_are_uniform() {
    let mut cx = Context::default();
    for _ in 0..5 {
        let sample = numbers(&rand(&mut cx, &[COUNT], DType::F64).expect("a draw"));
        assert!(sample.iter().all(|x| (0.0..1.0).contains(x)));
        let neighbours = sample.windows(2).map(|pair| (pair[0] - 0.5) * (pair[1] - 0.5)).sum::<f64>() / COUNT as f64;
        assert!(neighbours.abs() < 4.0 / 12.0 / (COUNT as f64).sqrt());
        assert!(distance(sample, |x| x) < critical(COUNT as usize));
    }
}

#[test]
fn normal_numbers_are_normal() {
    let mut cx = Context::default();
    for dtype in [DType::F64, DType::F32] {
        let sample = numbers(&randn(&mut cx, &[COUNT], dtype).expect("a draw"));
        let tolerance = 4.0 / (COUNT as f64).sqrt();
        // Standard errors of the first four moments: 1, √2, √15, √96 over √n.
        assert!(mean(sample.iter().copied()).abs() < tolerance);
        assert!((mean(sample.iter().map(|x| x * x)) - 1.0).abs() < 1.5 * tolerance);
        assert!(mean(sample.iter().map(|x| x.powi(3))).abs() < 4.0 * tolerance);
        assert!((mean(sample.iter().map(|x| x.powi(4))) - 3.0).abs() < 10.0 * tolerance);
        assert!(distance(sample, |x| 0.5 * libm::erfc(-x / 2f64.sqrt())) < critical(COUNT as usize));
    }
}

#[test]
fn integers_are_even() {
    let mut cx = Context::default();
    let drawn = randint(&mut cx, -3, 4, &[COUNT], DType::I32).expect("a draw");
    assert_eq!(drawn.dtype(), DType::I32);
    let mut counts = [0.0; 7];
    for x in numbers(&drawn) {
        counts[(x + 3.0) as usize] += 1.0;
    }
    let expected = COUNT as f64 / 7.0;
    let chi_squared: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
    // The 99.9 % point with six degrees of freedom.
    assert!(chi_squared < 22.46);
    let whole = randint(&mut cx, i64::MIN, i64::MAX, &[1000], DType::I64)
        .expect("a draw")
        .to_tensor()
        .expect("elements at hand");
    let values = whole.as_slice::<i64>().map(<[i64]>::to_vec).unwrap_or_default();
    assert!(values.iter().any(|&x| x < i64::MIN / 2) && values.iter().any(|&x| x > i64::MAX / 2));
}

#[test]
fn bad_draws_are_refused_and_count_for_nothing() {
    let mut cx = Context::default();
    cx.limits.memory = 1_000_000;
    assert_eq!(randint(&mut cx, 3, 3, &[2], DType::I64).expect_err("no integer").kind(), Kind::Value);
    assert_eq!(rand(&mut cx, &[-2], DType::F64).expect_err("negative").kind(), Kind::Value);
    assert_eq!(rand(&mut cx, &[i64::MAX, 4], DType::F64).expect_err("too large").kind(), Kind::Memory);
    assert_eq!(rand(&mut cx, &[2], DType::I64).expect_err("no integers").kind(), Kind::Type);
    assert_eq!(cx.random.draws, 0);
    let nothing: Tensor = rand(&mut cx, &[0, 3], DType::F64).expect("nothing").to_tensor().expect("elements at hand");
    assert_eq!((nothing.shape(), cx.random.draws), ([0, 3].as_slice(), 1));
}
