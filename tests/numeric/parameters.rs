//! The module `random` at the ends of what its parameters may be, and what it says beyond them.

use crate::distributions::{Silent, drawn};
use nabla::gpu::Choice;
use nabla::{Error, Session, Source};
use std::sync::Arc;

fn run(session: &mut Session, code: &str) -> Result<(), Error> {
    let source = Arc::new(Source::new("<test>", code));
    session.eval(source).map(drop).map_err(|mut errors| errors.remove(0))
}

fn session() -> Session {
    Session::new(Box::new(Silent))
}

/// The kind of an error, and its message.
fn failure(code: &str) -> (String, String) {
    match run(&mut session(), code) {
        Err(error) => (error.kind().name().to_string(), error.message().to_string()),
        Ok(()) => panic!("{code} does not fail"),
    }
}

#[test]
fn errors_name_the_parameter() {
    for (call, kind, message) in [
        ("normal((1, 2))", "type", "`loc` has to be numbers, this is a tuple"),
        ("beta(1, \"a\")", "type", "`b` has to be numbers, this is a string"),
        ("uniform([3], [1])", "value", "`high - low` has to be 0 or more, and finite, not -2.0 at [0]"),
        (
            "uniform(u8([5]), u8([3]), size=(1000,))",
            "value",
            "`high - low` has to be 0 or more, and finite, not -2.0 at [0]",
        ),
        ("uniform(-1e308, 1e308, size=3)", "value", "`high - low` has to be 0 or more, and finite, not inf"),
        ("triangular(u8([5]), 3, 9)", "value", "`mode - left` has to be 0 or more, not -2.0 at [0]"),
        ("dirichlet([])", "value", "`alpha` is empty: it has to hold a number at least"),
        ("dirichlet(1.0)", "type", "`alpha` has to be an array of numbers, this is f64"),
        ("dirichlet(\"ab\")", "type", "`alpha` has to be numbers, this is a string"),
        ("multinomial(3, [])", "value", "`pvals` is empty: it has to hold a number at least"),
        ("gamma(inf)", "value", "`shape` has to be 0 or more, and finite, not inf"),
        ("standard_t(inf)", "value", "`df` has to be more than 0, and finite, not inf"),
        ("random(3, dtype=i64)", "type", "the numbers of this distribution are f32 or f64, not i64"),
        ("integers(0, 300, dtype=u8)", "value", "`high` is out of bounds for u8, which has 0 to 255: it is 300"),
        ("integers(-1, 3, dtype=u8)", "value", "`low` is out of bounds for u8, which has 0 to 255: it is -1"),
        ("integers([0], 300, dtype=u8)", "value", "`high` has to lie between 0 and 256, not 300"),
        ("integers(5, dtype=str)", "type", "random integers are no str"),
        ("integers([5], dtype=f32)", "type", "random integers are no f32"),
        ("integers(3, 2, endpoint=true)", "value", "no integers lie from `low`, 3, to `high`, 2"),
        ("hypergeometric(2, 3, [5, 6])", "value", "`nsample` has to be at most `ngood + nbad`, 5, not 6 at [1]"),
        (
            "hypergeometric(2 * 10 ** 9, 3, 5)",
            "value",
            "`ngood` and `nbad` have to be at most 1000000000, not 2000000000 and 3",
        ),
        (
            "multivariate_normal([0, 0], eye(2), method=\"svd\")",
            "value",
            "`method` is \"cholesky\" or \"eigh\", not \"svd\"",
        ),
    ] {
        assert_eq!(failure(&format!("random.{call}")), (kind.to_string(), message.to_string()), "{call}");
    }
    let (kind, message) = failure("grad(grad(grad(|a| random.gamma(a))))(2.0)");
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("value", "the derivative of `slope of random numbers` is not yet available")
    );
}

#[test]
fn integers_reach_the_ends_of_their_dtype() {
    let (least, most) = ("-9223372036854775808", "9223372036854775807");
    let all = drawn(&format!("random.integers({least}, {most}, size=2000, endpoint=true)"));
    assert!(all.iter().any(|&x| x < -9e18) && all.iter().any(|&x| x > 9e18));
    assert_eq!(drawn(&format!("random.integers({most}, {most}, endpoint=true) == {most}")), [1.0]);
    assert_eq!(drawn(&format!("random.integers([{most}], {most}, endpoint=true) == {most}")), [1.0]);
    for call in ["integers(256, size=5000, dtype=u8)", "integers([0], 256, size=5000, dtype=u8)"] {
        let bytes = drawn(&format!("random.{call}"));
        assert!(bytes.contains(&0.0) && bytes.contains(&255.0), "{call}");
    }
    let coins = drawn("random.integers(2, size=100, dtype=bool)");
    assert!(coins.contains(&0.0) && coins.contains(&1.0));
}

#[test]
fn a_batch_of_limits() {
    let rows = drawn("vmap(|a| random.integers(a, size=1000))([3, 5])");
    let largest = |row: &[f64]| row.iter().copied().fold(0.0, f64::max);
    assert_eq!((largest(&rows[..1000]), largest(&rows[1000..])), (2.0, 4.0));
    assert_eq!(drawn("vmap(|a| random.integers(a))([1, 1])"), [0.0, 0.0]);
}

#[test]
fn the_smallest_shapes() {
    let shares = drawn("random.dirichlet([1e-310, 1e-310], size=200)");
    let firsts: f64 = shares.chunks(2).map(|row| row[0]).sum();
    assert!(shares.iter().all(|&x| x == 0.0 || x == 1.0) && (60.0..140.0).contains(&firsts), "{firsts}");
    assert!(drawn("random.beta(1e-310, 1e-310, size=200)").iter().all(|&x| x == 0.0 || x == 1.0));
    assert_eq!(drawn("grad(|a| random.gamma(a))(0.0)"), [0.0]);
    assert_eq!(drawn("grad(|a| random.gamma(a))(1e-310)"), [0.0]);
    assert_eq!(drawn("random.gamma([0.0, 0.0])"), [0.0, 0.0]);
}

/// A choice takes memory beyond its result, and that is looked at before.
#[test]
fn choices_keep_to_the_limit_of_memory() {
    for call in [
        "choice(100000, 2, p=full(100000, 1e-5), replace=false)",
        "choice(10 ** 6, 40000, replace=false)",
        "choice(100001, 30000, replace=false)",
    ] {
        let mut session = session();
        session.limits_mut().memory = 800_000;
        let error = run(&mut session, &format!("random.{call}")).expect_err(call);
        assert_eq!(error.kind().name(), "memory", "{call}: {}", error.message());
    }
}

/// Every member of the module where new values are made on a GPU. What a card does not draw says so.
#[test]
fn numbers_of_a_graphics_card() {
    let mut session = session();
    session.set_devices(Choice::Software, true);
    let drawn = [
        "random(3)",
        "standard_normal(3)",
        "standard_exponential(3)",
        "standard_gamma(2, 3)",
        "uniform(0, 1, 3)",
        "normal([0, 1], 2)",
        "choice([1.0, 2.0], 3)",
        "choice(4, 3)",
        "choice([[1, 2], [3, 4]], (2, 2), axis=1)",
        "permutation(5)",
        "permutation([1, 2, 3])",
        "shuffle([1, 2, 3])",
        "permuted([[1, 2, 3]])",
        "permuted([[1, 2], [3, 4]], axis=1)",
        "permuted([[1, 2], [3, 4]], axis=0)",
        "exponential([1, 2])",
        "gamma(2, 3, size=2)",
        "beta(2, 3)",
        "binomial(2, 0.5, 3)",
        "negative_binomial(2, 0.5, 3)",
        "geometric(0.5, 3)",
        "hypergeometric(2, 5, 3, 3)",
        "logseries(0.9, 3)",
        "zipf(2, 3)",
        "poisson(2, 3)",
        "chisquare(2, 3)",
        "noncentral_chisquare(2, 3, 3)",
        "f(2, 3, 3)",
        "noncentral_f(2, 3, 4, 3)",
        "standard_t(2, 3)",
        "standard_cauchy(3)",
        "lognormal([0, 1], 3)",
        "laplace(0, 3, 3)",
        "logistic(0, 3, 3)",
        "gumbel(0, 3, 3)",
        "weibull(0.3, 3)",
        "pareto(3, 3)",
        "power(3, 3)",
        "rayleigh(3, 3)",
        "vonmises(3, 3, 3)",
        "wald(3, 3, 3)",
        "triangular(0, 1, 3, 3)",
        "integers(5, size=3)",
    ];
    for call in drawn {
        let code = format!("x = @ gpu {{ random.{call} }}; assert(x.device == gpu)");
        run(&mut session, &code).unwrap_or_else(|error| panic!("{call}: {}", error.message()));
    }
    for (call, what) in [
        ("choice(2, 3, p=[0.5, 0.5])", "`choice` of f32[2]"),
        ("gamma([2.0, 3.0])", "`gamma` of f32[2]"),
        ("beta([2.0], 3)", "`gamma` of f32[1]"),
        ("dirichlet([2.0, 3.0])", "`gamma` of f32[2]"),
        ("integers([5, 6])", "`integers` of i32[2]"),
        ("wald([5.0], 6)", "`wald` of f32[1]"),
        ("multinomial(9, [0.5, 0.5])", "`binomial` of f32"),
        ("multivariate_normal([0, 1], [[1, 0], [0, 1]])", "`linalg.cholesky` of "),
    ] {
        let error = run(&mut session, &format!("@ gpu {{ random.{call} }}")).expect_err(call);
        let message = error.message();
        assert!(
            message.starts_with(&format!("a GPU has no {what}")) && message.matches("gpu").count() == 1,
            "{message}"
        );
    }
}
