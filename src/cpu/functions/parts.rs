//! What the functions are built of: polynomials, powers of two, sums and products without an error.
//!
//! All of it compiles to loops over vectors on every x86-64: no branches, no calls, and no conversions between integers
//! and floats, which the older instruction sets lack. Nothing here may be contracted: the exact sums rely on it.

/// ln 2, of 33 bits and the rest: a whole number below 2^20 times the first is exact.
pub const LN2_HIGH: f64 = 0.6931471804855391;
pub const LN2_LOW: f64 = 7.440617110012397e-11;

/// Added to a small number it leaves the nearest whole number in the low bits; those are twelve zeros here.
const SHIFTER: f64 = 6755399441055744.0;

/// The coefficient of the lowest power first. Horner's rule on pairs: half the steps wait for each other.
#[inline(always)]
pub fn polynomial<const N: usize>(x: f64, coefficients: &[f64; N]) -> f64 {
    let square = x * x;
    let pairs = coefficients.chunks(2).rev().map(|pair| match pair {
        [a, b] => a + b * x,
        [a, ..] => *a,
        [] => 0.0,
    });
    pairs.reduce(|sum, pair| sum * square + pair).unwrap_or(0.0)
}

/// NaN stays NaN.
#[inline(always)]
pub fn clamp(x: f64, low: f64, high: f64) -> f64 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// The nearest whole number, for |x| < 2^51, and an integer that agrees with it in its low twelve bits.
#[inline(always)]
pub fn nearest(x: f64) -> (f64, u64) {
    let shifted = x + SHIFTER;
    (shifted - SHIFTER, shifted.to_bits())
}

/// 2^(k + shift), if it is a normal number.
#[inline(always)]
pub fn power_of_two(k: u64, shift: i64) -> f64 {
    f64::from_bits(k.wrapping_add_signed(1023 + shift) << 52)
}

/// `x` times 2^k, rounded once, for k from -1080 to 1030 and x near 1.
#[inline(always)]
pub fn scale(x: f64, k: u64) -> f64 {
    let biased = k.wrapping_add(2046) & 0xfff;
    let half = biased >> 1;
    x * f64::from_bits(half << 52) * f64::from_bits((biased - half) << 52)
}

/// The sum and its rounding error (Knuth).
#[inline(always)]
pub fn exact_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// The same where |a| >= |b| (Dekker).
#[inline(always)]
pub fn exact_sum_ordered(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    (sum, (a - sum) + b)
}

/// A number of some 78 bits: a head of at most 26, so that products of heads are exact, and a tail.
#[derive(Clone, Copy)]
pub struct Split {
    pub head: f64,
    pub tail: f64,
}

impl Split {
    /// `x + low`, with low far smaller.
    #[inline(always)]
    pub fn new(x: f64, low: f64) -> Split {
        let head = f64::from_bits(x.to_bits() & !0x7ff_ffff);
        Split { head, tail: (x - head) + low }
    }

    /// The product as an exact one and a rest.
    #[inline(always)]
    pub fn product(self, other: Split) -> (f64, f64) {
        (self.head * other.head, self.head * other.tail + self.tail * (other.head + other.tail))
    }

    #[inline(always)]
    pub fn times(self, other: Split) -> Split {
        let (high, low) = self.product(other);
        Split::new(high, low)
    }
}

/// 2^52: the floats from here to its double are the whole numbers, with the number in the low bits.
const WHOLE: f64 = 4503599627370496.0;
/// Carries the numbers below the normal ones among them.
const LIFT: f64 = 18014398509481984.0;
const LIFT_BITS: f64 = 54.0;

/// `x` = m 2^k with m in [sqrt(1/2), sqrt(2)): m, k, and 2^-k in case k < 1023. For normal x > 0.
#[inline(always)]
pub fn normal_parts(x: f64) -> (f64, f64, f64) {
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const ONE: u64 = 1023 << 52;
    let shifted = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    let biased = shifted >> 52;
    let m = f64::from_bits((shifted & 0x000f_ffff_ffff_ffff) + SQRT_HALF);
    let k = f64::from_bits(biased | WHOLE.to_bits()) - (WHOLE + 1023.0);
    (m, k, f64::from_bits(2046_u64.wrapping_sub(biased) << 52))
}

/// m and k of every x > 0.
#[inline(always)]
pub fn parts(x: f64) -> (f64, f64) {
    let tiny = x < f64::MIN_POSITIVE;
    let (m, k, _) = normal_parts(if tiny { x * LIFT } else { x });
    (m, if tiny { k - LIFT_BITS } else { k })
}
