//! Functions of real numbers.

use super::Unary;
use super::functions::Real;
use super::loops::{Eval1, Map1, binary_loops, unary_loops};
use crate::tensor::DType;

unary_loops! {
    exp closed { f32 f64 => |a| Real::exp(a); }
    expm1 closed { f32 f64 => |a| Real::expm1(a); }
    exp2 closed { f32 f64 => |a| Real::exp2(a); }
    log closed { f32 f64 => |a| Real::log(a); }
    log1p closed { f32 f64 => |a| Real::log1p(a); }
    log2 closed { f32 f64 => |a| Real::log2(a); }
    log10 closed { f32 f64 => |a| Real::log10(a); }
    sqrt closed { f32 f64 => |a| a.sqrt(); }
    cbrt closed { f32 f64 => |a| Real::cbrt(a); }
    asin closed { f32 f64 => |a| Real::asin(a); }
    acos closed { f32 f64 => |a| Real::acos(a); }
    atan closed { f32 f64 => |a| Real::atan(a); }
    sinh closed { f32 f64 => |a| Real::sinh(a); }
    cosh closed { f32 f64 => |a| Real::cosh(a); }
    tanh closed { f32 f64 => |a| Real::tanh(a); }
    asinh closed { f32 f64 => |a| Real::asinh(a); }
    acosh closed { f32 f64 => |a| Real::acosh(a); }
    atanh closed { f32 f64 => |a| Real::atanh(a); }
    reciprocal closed { f32 f64 => |a| 1.0 / a; }
    sigmoid closed { f32 f64 => |a| Real::sigmoid(a); }
    /// The error function.
    erf closed { f32 f64 => |a| Real::erf(a); }
}

/// Functions with a fast form for all but huge angles.
macro_rules! angles {
    ($($name:ident $fast:ident)+) => {$(
        pub fn $name(dtype: DType) -> Option<&'static Unary> {
            struct F;
            impl<T: Real> Eval1<T> for F {
                type Out = T;
                #[inline(always)]
                fn eval(a: T) -> T {
                    Real::$name(a)
                }
                const HAS_FAST: bool = true;
                #[inline(always)]
                fn fast(a: T) -> T {
                    Real::$fast(a)
                }
                #[inline(always)]
                fn is_rare(a: T) -> bool {
                    Real::angle_is_rare(a)
                }
            }
            static F32: Unary = Unary::F32(Map1::new::<F>());
            static F64: Unary = Unary::F64(Map1::new::<F>());
            match dtype {
                DType::F32 => Some(&F32),
                DType::F64 => Some(&F64),
                _ => None,
            }
        }
    )+};
}

angles! {
    sin sin_fast
    cos cos_fast
    tan tan_fast
}

binary_loops! {
    atan2 closed { f32 f64 => |a, b| Real::atan2(a, b); }
    /// log(exp(a) + exp(b)) without overflow; exact for infinities that are equal.
    logaddexp closed { f32 f64 => |a, b| Real::logaddexp(a, b); }
    copysign closed { f32 f64 => |a, b| a.copysign(b); }
    nextafter closed {
        f32 => |a, b| libm::nextafterf(a, b);
        f64 => |a, b| libm::nextafter(a, b);
    }
    hypot closed { f32 f64 => |a, b| Real::hypot(a, b); }
}
