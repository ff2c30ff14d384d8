//! sin, cos and tan.
//!
//! x = n π/2 + r with |r| <= π/4 (Cody and Waite in three parts, r in two), then FreeBSD's k_sin.c and k_cos.c with
//! minimax polynomials of their own. The reduction reaches to `FAR`; beyond it the functions here are wrong, and
//! `is_rare` tells who must call the slow ones, libm's.

use super::parts::{exact_sum, nearest, polynomial};
use std::f64::consts::{FRAC_2_PI, FRAC_PI_2};

/// Up to here n has at most 16 bits.
const FAR: f64 = 1e5;
/// The same for f32, where 20 bits are enough.
const FAR_F32: f32 = 9e5;

// π/2, of 36, 36 and 53 bits
const FIRST: f64 = 1.5707963267923333;
const SECOND: f64 = 2.5633441515839558e-12;
const THIRD: f64 = 1.0562999066987428e-23;
// and of 33 and 53
const FIRST_F32: f64 = 1.5707963267341256;
const SECOND_F32: f64 = 6.077100506506192e-11;

// (sin(r)/r - 1) / r², of z = r²; relative errors of sin(r) 2^-58 and 2^-37
const SIN: [f64; 6] = [
    -0.16666666666666632,
    0.008333333333322316,
    -0.00019841269829725774,
    2.7557313662248616e-06,
    -2.505075329319033e-08,
    1.5896506543708576e-10,
];
const SIN_F32: [f64; 4] = [-0.16666666641427597, 0.008333329362387632, -0.0001983932716724491, 2.718237555771059e-06];
// (cos(r) - 1 + z/2) / z²; errors of cos(r) 2^-64 and 2^-33
const COS: [f64; 6] = [
    0.0416666666666666,
    -0.0013888888888873992,
    2.48015872893959e-05,
    -2.7557314326298985e-07,
    2.0875719594204898e-09,
    -1.135945048625148e-11,
];
const COS_F32: [f64; 3] = [0.041666646748557794, -0.00138873614839097, 2.443773398197494e-05];

/// r in two parts, and n in the low bits.
#[inline(always)]
fn reduced(x: f64) -> (f64, f64, u64) {
    let (n, bits) = nearest(x * FRAC_2_PI);
    let (high, lost) = exact_sum(x - n * FIRST, -n * SECOND);
    let low = lost - n * THIRD;
    let r = high + low;
    // Zero keeps its sign.
    if n == 0.0 { (x, 0.0, bits) } else { (r, (high - r) + low, bits) }
}

#[inline(always)]
fn kernel_sin(r: f64, low: f64) -> f64 {
    let [first, rest @ ..] = &SIN;
    let z = r * r;
    let cube = z * r;
    r - ((z * (0.5 * low - cube * polynomial(z, rest)) - low) - cube * first)
}

#[inline(always)]
fn kernel_cos(r: f64, low: f64) -> f64 {
    let z = r * r;
    let half = 0.5 * z;
    let top = 1.0 - half;
    top + (((1.0 - top) - half) + (z * z * polynomial(z, &COS) - r * low))
}

/// Negative where the second bit of n is set.
#[inline(always)]
fn signed(x: f64, n: u64) -> f64 {
    f64::from_bits(x.to_bits() ^ ((n & 2) << 62))
}

/// Where the fast functions do not reach.
#[inline(always)]
pub fn is_rare(x: f64) -> bool {
    x.abs() > FAR
}

/// Within 0.8 ulp, for |x| <= 1e5.
#[inline(always)]
pub fn sin_fast(x: f64) -> f64 {
    let (r, low, n) = reduced(x);
    let (sin, cos) = (kernel_sin(r, low), kernel_cos(r, low));
    signed(if n & 1 == 0 { sin } else { cos }, n)
}

/// Within 0.8 ulp, for |x| <= 1e5.
#[inline(always)]
pub fn cos_fast(x: f64) -> f64 {
    let (r, low, n) = reduced(x);
    let (sin, cos) = (kernel_sin(r, low), kernel_cos(r, low));
    signed(if n & 1 == 0 { cos } else { sin }, n.wrapping_add(1))
}

/// Within 2.2 ulp, for |x| <= 1e5.
#[inline(always)]
pub fn tan_fast(x: f64) -> f64 {
    let (r, low, n) = reduced(x);
    let (sin, cos) = (kernel_sin(r, low), kernel_cos(r, low));
    if n & 1 == 0 { sin / cos } else { -cos / sin }
}

/// sin and cos of 2π `turns`, for |turns| <= 2^40, each within 1.5 ulp.
#[inline(always)]
pub fn sincos_turns(turns: f64) -> (f64, f64) {
    let quarters = 4.0 * turns;
    let (n, bits) = nearest(quarters);
    let r = (quarters - n) * FRAC_PI_2;
    let (sin, cos) = (kernel_sin(r, 0.0), kernel_cos(r, 0.0));
    let even = bits & 1 == 0;
    (signed(if even { sin } else { cos }, bits), signed(if even { cos } else { sin }, bits.wrapping_add(1)))
}

/// sin(r), cos(r) to 33 bits, and n in the low bits.
#[inline(always)]
fn near(x: f32) -> (f64, f64, u64) {
    let x = f64::from(x);
    let (n, bits) = nearest(x * FRAC_2_PI);
    let r = if n == 0.0 { x } else { (x - n * FIRST_F32) - n * SECOND_F32 };
    let z = r * r;
    (r * (1.0 + z * polynomial(z, &SIN_F32)), 1.0 - z * (0.5 - z * polynomial(z, &COS_F32)), bits)
}

#[inline(always)]
pub fn is_rare_f32(x: f32) -> bool {
    x.abs() > FAR_F32
}

#[inline(always)]
pub fn sin_fast_f32(x: f32) -> f32 {
    let (sin, cos, n) = near(x);
    signed(if n & 1 == 0 { sin } else { cos }, n) as f32
}

#[inline(always)]
pub fn cos_fast_f32(x: f32) -> f32 {
    let (sin, cos, n) = near(x);
    signed(if n & 1 == 0 { cos } else { sin }, n.wrapping_add(1)) as f32
}

#[inline(always)]
pub fn tan_fast_f32(x: f32) -> f32 {
    let (sin, cos, n) = near(x);
    (if n & 1 == 0 { sin / cos } else { -cos / sin }) as f32
}

// libm's own for f32 are less exact.

pub fn sin_slow_f32(x: f32) -> f32 {
    libm::sin(f64::from(x)) as f32
}

pub fn cos_slow_f32(x: f32) -> f32 {
    libm::cos(f64::from(x)) as f32
}

pub fn tan_slow_f32(x: f32) -> f32 {
    libm::tan(f64::from(x)) as f32
}
