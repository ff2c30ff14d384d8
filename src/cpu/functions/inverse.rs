//! Inverse trigonometric functions.
//!
//! atan of a quotient turns by 0, π/4 or π/2 so that |t| <= tan(π/8) (Cephes), with one division in all. asin is a
//! polynomial up to 1/2, and beyond it π/2 - 2 asin(sqrt((1 - x) / 2)). The polynomials are minimax.

use super::parts::polynomial;
use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

const TAN_PI_8: f64 = 0.41421356237309503;
const TAN_3_PI_8: f64 = 2.414213562373095;
// What the constants lack.
const FRAC_PI_4_LOW: f64 = 3.061616997868383e-17;
const FRAC_PI_2_LOW: f64 = 6.123233995736766e-17;
const PI_LOW: f64 = 1.2246467991473532e-16;

// (atan(t)/t - 1) / t², of z = t²; relative errors 2^-59 and 2^-30
const ATAN: [f64; 11] = [
    -0.333333333333332,
    0.19999999999953239,
    -0.14285714280158993,
    0.11111110781460667,
    -0.09090897696830136,
    0.07692059071661451,
    -0.06663090374901985,
    0.05847784896285639,
    -0.05038812450416518,
    0.03805151308613989,
    -0.017892345524430867,
];
const ATAN_F32: [f64; 5] =
    [-0.3333331534379635, 0.19998478617769946, -0.14243629453994092, 0.1059428227084663, -0.060788709626667055];
// (asin(x)/x - 1) / x², of z = x² <= 1/4; relative errors 2^-59 and 2^-31
const ASIN: [f64; 13] = [
    0.16666666666666763,
    0.0749999999997009,
    0.04464285717529356,
    0.030381942674954737,
    0.022372215914152907,
    0.01735159536653054,
    0.013981019981868558,
    0.011397282315848531,
    0.010789376019460272,
    0.0036719948275326444,
    0.02179107487555525,
    -0.021117282083728473,
    0.03270249114405088,
];
const ASIN_F32: [f64; 6] = [
    0.1666665985344211,
    0.07500512114367858,
    0.04451547233270469,
    0.03181981928592969,
    0.01439378398146082,
    0.03757820076195581,
];

/// The angle from 0 to π/2 of y, x >= 0, not both infinite. Their sum may not overflow, and not both may be subnormal.
#[inline(always)]
fn angle<const N: usize>(y: f64, x: f64, coefficients: &[f64; N]) -> f64 {
    let (flat, middle) = (y <= TAN_PI_8 * x, y < TAN_3_PI_8 * x);
    let above = if flat {
        y
    } else if middle {
        y - x
    } else {
        -x
    };
    let below = if flat {
        x
    } else if middle {
        y + x
    } else {
        y
    };
    let turn = if flat {
        0.0
    } else if middle {
        FRAC_PI_4
    } else {
        FRAC_PI_2
    };
    let turn_low = if flat {
        0.0
    } else if middle {
        FRAC_PI_4_LOW
    } else {
        FRAC_PI_2_LOW
    };
    let t = above / if below == 0.0 { 1.0 } else { below };
    let z = t * t;
    turn + (t + (t * (z * polynomial(z, coefficients)) + turn_low))
}

/// Within 1.9 ulp.
#[inline(always)]
pub fn atan(x: f64) -> f64 {
    angle(x.abs(), 1.0, &ATAN).copysign(x)
}

#[inline(always)]
pub fn atan_f32(x: f32) -> f32 {
    (angle(f64::from(x.abs()), 1.0, &ATAN_F32) as f32).copysign(x)
}

#[inline(always)]
fn atan2_of<const N: usize>(y: f64, x: f64, coefficients: &[f64; N]) -> f64 {
    const LARGE: f64 = 1e300;
    const SMALL: f64 = 1e-290;
    const UP: f64 = f64::from_bits((1023 + 600) << 52);
    let (up, along) = (y.abs(), x.abs());
    // Multiples have the same angle. A quarter is zero beside a large number where its last bits are lost.
    let factor = if (up > LARGE) | (along > LARGE) {
        0.25
    } else if (up < SMALL) & (along < SMALL) {
        UP
    } else {
        1.0
    };
    let diagonal = (up == f64::INFINITY) & (along == f64::INFINITY);
    let up = if diagonal { 1.0 } else { up * factor };
    let along = if diagonal { 1.0 } else { along * factor };
    let right = angle(up, along, coefficients);
    let left = PI - (right - PI_LOW);
    // Of a zero, too, the sign counts.
    let result = if 1.0_f64.copysign(x) < 0.0 { left } else { right };
    let result = result.copysign(y);
    if x.is_nan() | y.is_nan() { f64::NAN } else { result }
}

/// The angle of the point (x, y), with C99's signs of zeros. Within 2.1 ulp.
#[inline(always)]
pub fn atan2(y: f64, x: f64) -> f64 {
    atan2_of(y, x, &ATAN)
}

#[inline(always)]
pub fn atan2_f32(y: f32, x: f32) -> f32 {
    atan2_of(f64::from(y), f64::from(x), &ATAN_F32) as f32
}

/// asin of min(|x|, sqrt((1 - |x|) / 2)), as that root and the rest, and whether |x| was the smaller.
#[inline(always)]
fn half_angle<const N: usize>(x: f64, coefficients: &[f64; N]) -> (f64, f64, bool) {
    let near = x.abs() < 0.5;
    let z = if near { x * x } else { 0.5 - 0.5 * x.abs() };
    let root = if near { x.abs() } else { z.sqrt() };
    (root, root * (z * polynomial(z, coefficients)), near)
}

#[inline(always)]
fn asin_of<const N: usize>(x: f64, coefficients: &[f64; N]) -> f64 {
    let (root, rest, near) = half_angle(x, coefficients);
    let far = FRAC_PI_2 - (2.0 * root - (FRAC_PI_2_LOW - 2.0 * rest));
    (if near { root + rest } else { far }).copysign(x)
}

/// Within 1.8 ulp.
#[inline(always)]
pub fn asin(x: f64) -> f64 {
    asin_of(x, &ASIN)
}

#[inline(always)]
pub fn asin_f32(x: f32) -> f32 {
    asin_of(f64::from(x), &ASIN_F32) as f32
}

#[inline(always)]
fn acos_of<const N: usize>(x: f64, coefficients: &[f64; N]) -> f64 {
    let (root, rest, near) = half_angle(x, coefficients);
    let middle = FRAC_PI_2 - (root.copysign(x) - (FRAC_PI_2_LOW - rest.copysign(x)));
    let half = root + rest;
    let left = PI - (2.0 * root - (PI_LOW - 2.0 * rest));
    let far = if x < 0.0 { left } else { 2.0 * half };
    if near { middle } else { far }
}

/// Within 1.3 ulp.
#[inline(always)]
pub fn acos(x: f64) -> f64 {
    acos_of(x, &ASIN)
}

#[inline(always)]
pub fn acos_f32(x: f32) -> f32 {
    acos_of(f64::from(x), &ASIN_F32) as f32
}
