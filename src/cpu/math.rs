//! Functions of real numbers.

use super::loops::{binary_loops, unary_loops};

unary_loops! {
    exp closed { f32 f64 => |a| a.exp(); }
    expm1 closed { f32 f64 => |a| a.exp_m1(); }
    exp2 closed { f32 f64 => |a| a.exp2(); }
    log closed { f32 f64 => |a| a.ln(); }
    log1p closed { f32 f64 => |a| a.ln_1p(); }
    log2 closed { f32 f64 => |a| a.log2(); }
    log10 closed { f32 f64 => |a| a.log10(); }
    sqrt closed { f32 f64 => |a| a.sqrt(); }
    cbrt closed { f32 f64 => |a| a.cbrt(); }
    sin closed { f32 f64 => |a| a.sin(); }
    cos closed { f32 f64 => |a| a.cos(); }
    tan closed { f32 f64 => |a| a.tan(); }
    asin closed { f32 f64 => |a| a.asin(); }
    acos closed { f32 f64 => |a| a.acos(); }
    atan closed { f32 f64 => |a| a.atan(); }
    sinh closed { f32 f64 => |a| a.sinh(); }
    cosh closed { f32 f64 => |a| a.cosh(); }
    tanh closed { f32 f64 => |a| a.tanh(); }
    asinh closed { f32 => |a| libm::asinhf(a); f64 => |a| libm::asinh(a); }
    acosh closed { f32 => |a| libm::acoshf(a); f64 => |a| libm::acosh(a); }
    atanh closed { f32 => |a| libm::atanhf(a); f64 => |a| libm::atanh(a); }
    reciprocal closed { f32 f64 => |a| 1.0 / a; }
    sigmoid closed { f32 f64 => |a| 1.0 / (1.0 + (-a).exp()); }
    /// The error function.
    erf closed { f32 => |a| libm::erff(a); f64 => |a| libm::erf(a); }
}

/// From the larger one and the distance; NaN of NaN.
macro_rules! log_of_sum {
    ($a:expr, $b:expr, $of_equals:expr) => {{
        let (a, b) = ($a, $b);
        let distance = a - b;
        if a == b {
            a + $of_equals
        } else if distance > 0.0 {
            a + (-distance).exp().ln_1p()
        } else if distance < 0.0 {
            b + distance.exp().ln_1p()
        } else {
            distance
        }
    }};
}

binary_loops! {
    atan2 closed { f32 f64 => |a, b| a.atan2(b); }
    /// log(exp(a) + exp(b)) without overflow; exact for infinities that are equal.
    logaddexp closed {
        f32 => |a, b| log_of_sum!(a, b, std::f32::consts::LN_2);
        f64 => |a, b| log_of_sum!(a, b, std::f64::consts::LN_2);
    }
    copysign closed { f32 f64 => |a, b| a.copysign(b); }
    nextafter closed {
        f32 => |a, b| libm::nextafterf(a, b);
        f64 => |a, b| libm::nextafter(a, b);
    }
    hypot closed { f32 f64 => |a, b| a.hypot(b); }
}
