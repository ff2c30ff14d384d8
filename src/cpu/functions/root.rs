//! Cube roots and the length of a vector.

use super::parts::{nearest, polynomial, power_of_two};

// The cube root of m in [1, 2); relative error 2^-22
const CBRT: [f64; 7] = [
    0.44714121822949393,
    0.9501000057042825,
    -0.6661794951698805,
    0.3853657474551579,
    -0.1444722082995248,
    0.03090458990041582,
    -0.0028596865390020858,
];

/// A root of 24 bits, whose square is exact, and one step of Halley's method, as in FreeBSD's s_cbrt.c. Within
/// 0.84 ulp.
#[inline(always)]
pub fn cbrt(x: f64) -> f64 {
    const CBRT_2: f64 = 1.2599210498948732;
    const CBRT_4: f64 = 1.5874010519681996;
    let size = x.abs();
    let tiny = size < f64::MIN_POSITIVE;
    let normal = if tiny { size * 18014398509481984.0 } else { size };
    let bits = normal.to_bits();
    let exponent = f64::from_bits((bits >> 52) | 0x4330_0000_0000_0000) - (4503599627370496.0 + 1023.0);
    let m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    // The exponent is 3 third + left, left from 0 to 2.
    let (third, third_bits) = nearest((exponent - 1.0) * (1.0 / 3.0));
    let left = exponent - 3.0 * third;
    let factor = if left == 0.0 {
        1.0
    } else if left == 1.0 {
        CBRT_2
    } else {
        CBRT_4
    };
    let scaled = m * if left == 0.0 {
        1.0
    } else if left == 1.0 {
        2.0
    } else {
        4.0
    };
    let root = f64::from_bits((polynomial(m, &CBRT) * factor).to_bits() & !0x1fff_ffff);
    let quotient = scaled / (root * root);
    let root = root + root * ((quotient - root) / (root + root + quotient));
    let result = root * power_of_two(third_bits, 0) * if tiny { 1.0 / 262144.0 } else { 1.0 };
    let result = result.copysign(x);
    if (size > 0.0) & (size < f64::INFINITY) { result } else { x }
}

#[inline(always)]
pub fn cbrt_f32(x: f32) -> f32 {
    cbrt(f64::from(x)) as f32
}

/// sqrt(a² + b²), the squares kept in range by a power of two. Within 1.2 ulp. An infinity wins over NaN.
#[inline(always)]
pub fn hypot(a: f64, b: f64) -> f64 {
    const UP: f64 = f64::from_bits((1023 + 600) << 52);
    const DOWN: f64 = f64::from_bits((1023 - 600) << 52);
    let (a, b) = (a.abs(), b.abs());
    let larger = if a > b { a } else { b };
    let (large, small) = (larger > 1e150, larger < 1e-140);
    let factor = if large {
        DOWN
    } else if small {
        UP
    } else {
        1.0
    };
    let back = if large {
        UP
    } else if small {
        DOWN
    } else {
        1.0
    };
    let (x, y) = (a * factor, b * factor);
    let result = (x * x + y * y).sqrt() * back;
    if (a == f64::INFINITY) | (b == f64::INFINITY) { f64::INFINITY } else { result }
}

#[inline(always)]
pub fn hypot_f32(a: f32, b: f32) -> f32 {
    let (x, y) = (f64::from(a), f64::from(b));
    let result = (x * x + y * y).sqrt() as f32;
    if (a.abs() == f32::INFINITY) | (b.abs() == f32::INFINITY) { f32::INFINITY } else { result }
}
