//! Arithmetic, bits and logic of two numbers, and of one.

use super::Binary;
use super::functions::Real;
use super::functions::power::{brief_pow, is_brief};
use super::loops::{Eval2, Map2, binary_loops, unary_loops};
use crate::tensor::{DType, Text};
use std::ops::Mul;

/// The quotient rounded down, computed from the exact remainder as Python and NumPy do.
macro_rules! floor_quotient {
    ($a:expr, $b:expr) => {{
        let (a, b) = ($a, $b);
        let rest = a % b;
        let mut quotient = (a - rest) / b;
        if rest != 0.0 && (b < 0.0) != (rest < 0.0) {
            quotient -= 1.0;
        }
        if b == 0.0 {
            a / b
        } else if quotient == 0.0 {
            // A zero with the sign of the true quotient.
            if (a / b).is_sign_negative() { -0.0 } else { 0.0 }
        } else {
            let floor = quotient.floor();
            if quotient - floor > 0.5 { floor + 1.0 } else { floor }
        }
    }};
}

/// The remainder with the sign of the divisor.
macro_rules! floor_modulus {
    ($a:expr, $b:expr) => {{
        let (a, b) = ($a, $b);
        let rest = a % b;
        if rest == 0.0 {
            if b.is_sign_negative() { -0.0 } else { 0.0 }
        } else if (b < 0.0) != (rest < 0.0) {
            rest + b
        } else {
            rest
        }
    }};
}

/// By repeated squaring; wraps. A negative exponent never comes here.
macro_rules! integer_power {
    ($a:expr, $b:expr) => {{
        let (mut base, mut exponent, mut result) = ($a, $b, 1);
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = base.wrapping_mul(result);
            }
            base = base.wrapping_mul(base);
            exponent >>= 1;
        }
        result
    }};
}

/// Euclid's algorithm, without a sign.
macro_rules! common_divisor {
    ($a:expr, $b:expr) => {{
        let (mut a, mut b) = ($a, $b);
        while b != 0 {
            (a, b) = (b, if b == 1 { 0 } else { a.wrapping_rem(b) });
        }
        if a < 1 && a != 0 { a.wrapping_neg() } else { a }
    }};
}

binary_loops! {
    /// Integers wrap; truth values: or; text is joined.
    add closed text(|a, b| Text::from([a, b].concat())) {
        bool => |a, b| a | b;
        u8 i32 i64 => |a, b| a.wrapping_add(b);
        f32 f64 => |a, b| a + b;
    }
    subtract closed {
        u8 i32 i64 => |a, b| a.wrapping_sub(b);
        f32 f64 => |a, b| a - b;
    }
    /// Truth values: and.
    multiply closed {
        bool => |a, b| a & b;
        u8 i32 i64 => |a, b| a.wrapping_mul(b);
        f32 f64 => |a, b| a * b;
    }
    divide closed {
        f32 f64 => |a, b| a / b;
    }
    /// Rounds down, as Python's. By zero an integer is not taken.
    floor_divide closed {
        u8 => |a, b| a.checked_div(b).unwrap_or(0);
        i32 i64 => |a, b| {
            if b == 0 { 0 } else {
                let down = a.wrapping_rem(b) != 0 && (a < 0) != (b < 0);
                a.wrapping_div(b) - if down { 1 } else { 0 }
            }
        };
        f32 f64 => |a, b| floor_quotient!(a, b);
    }
    /// Has the sign of the divisor, as Python's. By zero an integer is not taken.
    remainder closed {
        u8 => |a, b| a.checked_rem(b).unwrap_or(0);
        i32 i64 => |a, b| {
            if b == 0 { 0 } else {
                let rest = a.wrapping_rem(b);
                if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
            }
        };
        f32 f64 => |a, b| floor_modulus!(a, b);
    }
    /// They wrap; negative powers are not taken.
    power_of_integers closed {
        u8 => |a, b| integer_power!(a, b);
        i32 i64 => |a, b| integer_power!(a, b);
    }
    /// The remainder with the sign of the dividend.
    fmod closed {
        u8 => |a, b| a % b;
        i32 i64 => |a, b| a.wrapping_rem(b);
        f32 f64 => |a, b| a % b;
    }
    /// The greatest common divisor; wraps where it is the magnitude of the least integer.
    gcd closed {
        u8 i32 i64 => |a, b| common_divisor!(a, b);
    }
    /// The least common multiple; wraps.
    lcm closed {
        u8 => |a, b| if a == 0 || b == 0 { 0 } else { (a / common_divisor!(a, b)).wrapping_mul(b) };
        i32 i64 => |a, b| if a == 0 || b == 0 { 0 } else { a.wrapping_div(common_divisor!(a, b)).wrapping_mul(b).wrapping_abs() };
    }
    bit_and closed {
        bool u8 i32 i64 => |a, b| a & b;
    }
    bit_or closed {
        bool u8 i32 i64 => |a, b| a | b;
    }
    bit_xor closed {
        bool u8 i32 i64 => |a, b| a ^ b;
    }
    /// Bits shifted out are lost.
    shift_left closed {
        u8 => |a, b| a.checked_shl(u32::from(b)).unwrap_or(0);
        i32 i64 => |a, b| u32::try_from(b).ok().and_then(|b| a.checked_shl(b)).unwrap_or(0);
    }
    /// The sign is kept.
    shift_right closed {
        u8 => |a, b| a.checked_shr(u32::from(b)).unwrap_or(0);
        i32 i64 => |a, b| u32::try_from(b).ok().and_then(|b| a.checked_shr(b)).unwrap_or(if a < 0 { -1 } else { 0 });
    }
    /// NaN wins.
    maximum closed {
        bool => |a, b| a | b;
        u8 i32 i64 => |a, b| a.max(b);
        f32 f64 => |a, b| if a >= b || a.is_nan() { a } else { b };
    }
    /// NaN wins.
    minimum closed {
        bool => |a, b| a & b;
        u8 i32 i64 => |a, b| a.min(b);
        f32 f64 => |a, b| if a <= b || a.is_nan() { a } else { b };
    }
}

unary_loops! {
    negate closed {
        u8 i32 i64 => |a| a.wrapping_neg();
        f32 f64 => |a| -a;
    }
    same closed {
        u8 i32 i64 f32 f64 => |a| a;
    }
    bit_not closed {
        bool u8 i32 i64 => |a| !a;
    }
    /// The bits that are set in the magnitude.
    bit_count closed {
        u8 => |a| a.count_ones() as u8;
        i32 => |a| a.unsigned_abs().count_ones() as i32;
        i64 => |a| i64::from(a.unsigned_abs().count_ones());
    }
    absolute closed {
        bool u8 => |a| a;
        i32 i64 => |a| a.wrapping_abs();
        f32 f64 => |a| a.abs();
    }
    /// -1, 0 or 1; NaN of NaN.
    sign closed {
        u8 => |a| u8::from(a > 0);
        i32 i64 => |a| a.signum();
        f32 f64 => |a| if a > 0.0 { 1.0 } else if a < 0.0 { -1.0 } else if a == 0.0 { 0.0 } else { a };
    }
    square closed {
        u8 i32 i64 => |a| a.wrapping_mul(a);
        f32 f64 => |a| a * a;
    }
    floor closed {
        bool u8 i32 i64 => |a| a;
        f32 f64 => |a| a.floor();
    }
    ceil closed {
        bool u8 i32 i64 => |a| a;
        f32 f64 => |a| a.ceil();
    }
    truncate closed {
        bool u8 i32 i64 => |a| a;
        f32 f64 => |a| a.trunc();
    }
    /// To the nearest whole number, halves to the even one.
    round closed {
        bool u8 i32 i64 => |a| a;
        f32 f64 => |a| a.round_ties_even();
    }
    /// NaN of NaN.
    relu closed {
        bool u8 => |a| a;
        i32 i64 => |a| a.max(0);
        f32 f64 => |a| if a > 0.0 || a.is_nan() { a } else { 0.0 };
    }
}

/// Powers; of integers as `power_of_integers`.
pub fn power(dtype: DType) -> Option<&'static Binary> {
    struct F;
    impl<T: Real + Mul<Output = T> + PartialEq + From<u8>> Eval2<T> for F {
        type Out = T;
        #[inline(always)]
        fn eval(a: T, b: T) -> T {
            Real::pow(a, b)
        }
        const HAS_BRIEF: bool = true;
        #[inline(always)]
        fn is_brief(b: T) -> bool {
            is_brief(b)
        }
        #[inline(always)]
        fn brief(a: T, b: T) -> T {
            brief_pow(a, b)
        }
    }
    static F32: Binary = Binary::F32(Map2::closed::<F>());
    static F64: Binary = Binary::F64(Map2::closed::<F>());
    match dtype {
        DType::F32 => Some(&F32),
        DType::F64 => Some(&F64),
        _ => power_of_integers(dtype),
    }
}
