//! Functions of real numbers.

use super::functions::Real;
use super::loops::{binary_loops, unary_loops};

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
    sin closed { f32 f64 => |a| Real::sin(a); }
    cos closed { f32 f64 => |a| Real::cos(a); }
    tan closed { f32 f64 => |a| Real::tan(a); }
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
