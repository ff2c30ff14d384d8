//! Every function against correctly rounded results (`tests/data/functions`), and those of f32 against those of f64.

use super::{Real, trigonometric::sincos_turns};
use std::f64::consts::{FRAC_PI_4, TAU};
use std::fmt::Debug;
use std::path::Path;

/// What the tests need to know of a dtype.
trait Checked: Real + PartialEq + Debug + Into<f64> {
    fn of_hex(digits: &str) -> Option<Self>;
    /// Of the same bits, or both NaN.
    fn is_same(self, other: Self) -> bool;
    /// The distance of neighbours in the binade of a finite number.
    fn ulp(self) -> f64;
}

impl Checked for f64 {
    fn of_hex(digits: &str) -> Option<f64> {
        (digits.len() == 16).then(|| f64::from_bits(u64::from_str_radix(digits, 16).unwrap()))
    }
    fn is_same(self, other: f64) -> bool {
        self.to_bits() == other.to_bits() || self.is_nan() && other.is_nan()
    }
    fn ulp(self) -> f64 {
        let exponent = ((self.to_bits() >> 52) & 0x7ff).max(1) as i32;
        libm::ldexp(1.0, exponent - 1075)
    }
}

impl Checked for f32 {
    fn of_hex(digits: &str) -> Option<f32> {
        (digits.len() == 8).then(|| f32::from_bits(u32::from_str_radix(digits, 16).unwrap()))
    }
    fn is_same(self, other: f32) -> bool {
        self.to_bits() == other.to_bits() || self.is_nan() && other.is_nan()
    }
    fn ulp(self) -> f64 {
        let exponent = ((self.to_bits() >> 23) & 0xff).max(1) as i32;
        libm::ldexp(1.0, exponent - 150)
    }
}

enum Function<T> {
    One(fn(T) -> T),
    Two(fn(T, T) -> T),
}
use Function::{One, Two};

/// The functions of a dtype, with the largest errors allowed in ulps of f64 and of f32.
fn functions<T: Checked>() -> Vec<(&'static str, Function<T>, [f64; 2])> {
    vec![
        ("exp", One(T::exp), [0.76, 0.52]),
        ("exp2", One(T::exp2), [1.32, 0.52]),
        ("expm1", One(T::expm1), [1.2, 0.52]),
        ("log", One(T::log), [0.83, 0.52]),
        ("log1p", One(T::log1p), [0.85, 0.52]),
        ("log2", One(T::log2), [0.8, 0.52]),
        ("log10", One(T::log10), [0.8, 0.52]),
        ("sigmoid", One(T::sigmoid), [2.21, 0.52]),
        ("sinh", One(T::sinh), [2.2, 0.52]),
        ("cosh", One(T::cosh), [1.2, 0.52]),
        ("tanh", One(T::tanh), [1.6, 0.52]),
        ("asinh", One(T::asinh), [2.0, 0.52]),
        ("acosh", One(T::acosh), [2.2, 0.52]),
        ("atanh", One(T::atanh), [2.2, 0.52]),
        ("sin", One(T::sin), [0.8, 0.52]),
        ("cos", One(T::cos), [0.8, 0.52]),
        ("tan", One(T::tan), [2.2, 0.52]),
        ("asin", One(T::asin), [1.8, 0.52]),
        ("acos", One(T::acos), [1.3, 0.52]),
        ("atan", One(T::atan), [1.9, 0.52]),
        ("cbrt", One(T::cbrt), [0.84, 0.52]),
        ("erf", One(T::erf), [1.3, 0.52]),
        ("atan2", Two(T::atan2), [2.1, 0.52]),
        ("hypot", Two(T::hypot), [1.2, 0.52]),
        ("logaddexp", Two(T::logaddexp), [2.6, 0.52]),
        ("pow", Two(T::pow), [0.8, 0.52]),
    ]
}

/// Compares with a file of lines `argument [argument] result rest`; those of another dtype are passed over.
fn check<T: Checked>(name: &str, function: &Function<T>, allowed: f64) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/functions/{name}.txt"));
    let (mut largest, mut lines) = (0.0_f64, 0);
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [arguments @ .., result, rest] = fields.as_slice() else { panic!("{name}: {line}") };
        let Some(arguments) = arguments.iter().map(|x| T::of_hex(x)).collect::<Option<Vec<T>>>() else { continue };
        let found = match (function, arguments.as_slice()) {
            (One(f), [a]) => f(*a),
            (Two(f), [a, b]) => f(*a, *b),
            _ => panic!("{name}: {line}"),
        };
        lines += 1;
        if *result == "nan" {
            assert!(found.into().is_nan(), "{name} {arguments:?} is {found:?}");
            continue;
        }
        let expected = T::of_hex(result).unwrap();
        if found.is_same(expected) {
            largest = largest.max(rest.parse::<f64>().unwrap().abs());
            continue;
        }
        let error = (found.into() - expected.into()) / expected.ulp() - rest.parse::<f64>().unwrap();
        assert!(
            expected.into() != 0.0 && expected.into().is_finite() && error.abs() <= allowed,
            "{name} {arguments:?} is {found:?}, not {expected:?}: {error} ulp"
        );
        largest = largest.max(error.abs());
    }
    assert!(lines > 100, "{name}: {lines} lines");
    println!("{name}: {largest:.3} ulp of {allowed} in {lines} lines");
}

#[test]
fn functions_of_f64_are_as_exact_as_said() {
    for (name, function, [allowed, _]) in functions::<f64>() {
        check(name, &function, allowed);
    }
}

#[test]
fn functions_of_f32_are_as_exact_as_said() {
    for (name, function, [_, allowed]) in functions::<f32>() {
        check(name, &function, allowed);
    }
}

/// A million bit patterns over all of f32.
#[test]
fn functions_of_f32_agree_with_those_of_f64_everywhere() {
    const STEP: usize = 4099;
    for ((name, short, [_, allowed]), (_, long, _)) in functions::<f32>().into_iter().zip(functions::<f64>()) {
        let (One(short), One(long)) = (short, long) else { continue };
        let mut largest = 0.0_f64;
        for bits in (0..=u32::MAX).step_by(STEP) {
            let x = f32::from_bits(bits);
            let (found, exact) = (short(x), long(f64::from(x)));
            let rounded = exact as f32;
            if found.is_same(rounded) {
                continue;
            }
            let error = (f64::from(found) - exact) / rounded.ulp();
            assert!(rounded != 0.0 && error.abs() <= allowed, "{name}({x:e}) is {found:e}, not {rounded:e}");
            largest = largest.max(error.abs());
        }
        println!("{name}: {largest:.3} ulp where not rounded correctly");
    }
}

/// Angles by mpmath, where a product of a coordinate would be subnormal.
#[test]
fn angles_of_tiny_points() {
    let cases: [(f64, f64, f64); 9] = [
        (5e-324, 1e-323, 0.4636476090008061),
        (5e-324, 5e-324, FRAC_PI_4),
        (1e-323, 5e-324, 1.1071487177940904),
        (1.5e-323, 3.5e-323, 0.40489178628508343),
        (5e-324, -1e-323, 2.677945044588987),
        (3e-323, -1.5e-323, 2.0344439357957027),
        (-2e-310, 3e-312, -1.5557974516430444),
        (1e-291, 2e-291, 0.4636476090008061),
        (5e-324, 1e-300, 4.940656458412465e-24),
    ];
    for (y, x, expected) in cases {
        let found = Real::atan2(y, x);
        assert!((found - expected).abs() <= 2.1 * expected.ulp(), "{y:e} {x:e}: {found:e}");
    }
}

#[test]
fn sine_and_cosine_of_turns() {
    assert_eq!([0.0, 0.25, 0.5, 0.75].map(sincos_turns), [(0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0)]);
    for i in 0..4096 {
        let turns = f64::from(i) / 4096.0;
        let (sin, cos) = sincos_turns(turns);
        let (expected_sin, expected_cos) = libm::sincos(TAU * turns);
        assert!((sin - expected_sin).abs() < 8e-16 && (cos - expected_cos).abs() < 8e-16, "{turns}: {sin} {cos}");
    }
}
