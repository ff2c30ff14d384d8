//! What the functions are built of: polynomials, powers of two, sums and products without an error.
//!
//! All of it compiles to loops over vectors on every x86-64: no branches, no calls, and no conversions between integers
//! and floats, which the older instruction sets lack. Nothing here may be contracted: the exact sums rely on it.

/// ln 2, of 33 bits and the rest: a whole number below 2^20 times the first is exact.
pub const LN2_HIGH: f64 = 0.6931471804855391;
pub const LN2_LOW: f64 = 7.440617110012397e-11;

/// Added to a small number it leaves the nearest whole number in the low bits; those are twelve zeros here.
const SHIFTER: f64 = 6755399441055744.0;

/// The coefficient of the lowest power first; Horner's rule.
#[inline(always)]
pub fn polynomial<const N: usize>(x: f64, coefficients: &[f64; N]) -> f64 {
    match coefficients.as_slice() {
        [rest @ .., last] => rest.iter().rev().fold(*last, |sum, c| sum * x + c),
        [] => 0.0,
    }
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

/// The product and its rounding error (Dekker, the halves cut off by a mask).
#[inline(always)]
pub fn exact_product(a: f64, b: f64) -> (f64, f64) {
    let (a_high, b_high) = (upper_half(a), upper_half(b));
    let (a_low, b_low) = (a - a_high, b - b_high);
    let product = a * b;
    (product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low)
}

#[inline(always)]
fn upper_half(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & !0x7ff_ffff)
}

/// `x` = m 2^k with m in [sqrt(1/2), sqrt(2)): m, k, and the bits of 2^-k in case k < 1023. For x > 0 and finite.
#[inline(always)]
pub fn mantissa_and_exponent(x: f64) -> (f64, f64, u64) {
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const ONE: u64 = 1023 << 52;
    let tiny = x < f64::MIN_POSITIVE;
    let x = if tiny { x * 18014398509481984.0 } else { x };
    let shifted = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    let biased = shifted >> 52;
    let m = f64::from_bits((shifted & 0x000f_ffff_ffff_ffff) + SQRT_HALF);
    // An integer below 2^52 as the low bits of 2^52 + it.
    let k = f64::from_bits(biased | 0x4330_0000_0000_0000)
        - if tiny { 4503599627370496.0 + 1077.0 } else { 4503599627370496.0 + 1023.0 };
    (m, k, 2046_u64.wrapping_sub(biased) << 52)
}
