//! Functions of real numbers without branches, which compile to loops over vectors.
//!
//! They use `+ - * / sqrt` and bits alone: never a fused multiplication, a table, a call or a conversion between floats
//! and integers. Both ways of a choice are computed before it, and conditions are joined by `&` and `|`. So no loop has
//! a branch, and results are the same bits on every machine and with every instruction set.
//!
//! Special values are those of C99 and NumPy. The errors stated are bounds of what was measured with mpmath, at
//! 300,000 or more arguments for each function. Those of `f32` compute in `f64` with shorter polynomials; their errors
//! are below 0.52 ulp, but for `logaddexp` where its terms nearly cancel: there it is within 0.52 ulp of the larger
//! term. The polynomials are printed by `tests/data/functions/make_polynomials.py`.

pub mod error;
pub mod exponential;
pub mod hyperbolic;
pub mod inverse;
pub mod logarithm;
mod parts;
pub mod power;
pub mod root;
pub mod trigonometric;

#[cfg(test)]
mod tests;

/// Functions of real numbers, by dtype: `Real::exp(a)`.
pub trait Real: Copy {
    fn exp(self) -> Self;
    fn exp2(self) -> Self;
    fn expm1(self) -> Self;
    fn log(self) -> Self;
    fn log1p(self) -> Self;
    fn log2(self) -> Self;
    fn log10(self) -> Self;
    /// 1 / (1 + exp(-x)).
    fn sigmoid(self) -> Self;
    fn sinh(self) -> Self;
    fn cosh(self) -> Self;
    fn tanh(self) -> Self;
    fn asinh(self) -> Self;
    fn acosh(self) -> Self;
    fn atanh(self) -> Self;
    fn asin(self) -> Self;
    fn acos(self) -> Self;
    fn atan(self) -> Self;
    fn cbrt(self) -> Self;
    fn erf(self) -> Self;
    /// The angle of the point with the abscissa `x` and the ordinate `self`.
    fn atan2(self, x: Self) -> Self;
    fn hypot(self, other: Self) -> Self;
    fn logaddexp(self, other: Self) -> Self;
    fn pow(self, exponent: Self) -> Self;

    /// Whether `sin_fast`, `cos_fast` and `tan_fast` do not reach there.
    fn angle_is_rare(self) -> bool;
    fn sin_fast(self) -> Self;
    fn cos_fast(self) -> Self;
    fn tan_fast(self) -> Self;
    fn sin_slow(self) -> Self;
    fn cos_slow(self) -> Self;
    fn tan_slow(self) -> Self;

    #[inline(always)]
    fn sin(self) -> Self {
        if self.angle_is_rare() { self.sin_slow() } else { self.sin_fast() }
    }
    #[inline(always)]
    fn cos(self) -> Self {
        if self.angle_is_rare() { self.cos_slow() } else { self.cos_fast() }
    }
    #[inline(always)]
    fn tan(self) -> Self {
        if self.angle_is_rare() { self.tan_slow() } else { self.tan_fast() }
    }
}

macro_rules! real {
    ($type:ident { $($method:ident($($operand:ident),*) -> $result:ty = $function:path;)+ }) => {
        impl Real for $type {
            $(
                #[inline(always)]
                fn $method(self $(, $operand: $type)*) -> $result {
                    $function(self $(, $operand)*)
                }
            )+
        }
    };
}

real!(f64 {
    exp() -> f64 = exponential::exp;
    exp2() -> f64 = exponential::exp2;
    expm1() -> f64 = exponential::expm1;
    log() -> f64 = logarithm::log;
    log1p() -> f64 = logarithm::log1p;
    log2() -> f64 = logarithm::log2;
    log10() -> f64 = logarithm::log10;
    sigmoid() -> f64 = exponential::sigmoid;
    sinh() -> f64 = hyperbolic::sinh;
    cosh() -> f64 = hyperbolic::cosh;
    tanh() -> f64 = hyperbolic::tanh;
    asinh() -> f64 = hyperbolic::asinh;
    acosh() -> f64 = hyperbolic::acosh;
    atanh() -> f64 = hyperbolic::atanh;
    asin() -> f64 = inverse::asin;
    acos() -> f64 = inverse::acos;
    atan() -> f64 = inverse::atan;
    cbrt() -> f64 = root::cbrt;
    erf() -> f64 = error::erf;
    atan2(x) -> f64 = inverse::atan2;
    hypot(other) -> f64 = root::hypot;
    logaddexp(other) -> f64 = logarithm::logaddexp;
    pow(exponent) -> f64 = power::pow;
    angle_is_rare() -> bool = trigonometric::is_rare;
    sin_fast() -> f64 = trigonometric::sin_fast;
    cos_fast() -> f64 = trigonometric::cos_fast;
    tan_fast() -> f64 = trigonometric::tan_fast;
    sin_slow() -> f64 = libm::sin;
    cos_slow() -> f64 = libm::cos;
    tan_slow() -> f64 = libm::tan;
});

real!(f32 {
    exp() -> f32 = exponential::exp_f32;
    exp2() -> f32 = exponential::exp2_f32;
    expm1() -> f32 = exponential::expm1_f32;
    log() -> f32 = logarithm::log_f32;
    log1p() -> f32 = logarithm::log1p_f32;
    log2() -> f32 = logarithm::log2_f32;
    log10() -> f32 = logarithm::log10_f32;
    sigmoid() -> f32 = exponential::sigmoid_f32;
    sinh() -> f32 = hyperbolic::sinh_f32;
    cosh() -> f32 = hyperbolic::cosh_f32;
    tanh() -> f32 = hyperbolic::tanh_f32;
    asinh() -> f32 = hyperbolic::asinh_f32;
    acosh() -> f32 = hyperbolic::acosh_f32;
    atanh() -> f32 = hyperbolic::atanh_f32;
    asin() -> f32 = inverse::asin_f32;
    acos() -> f32 = inverse::acos_f32;
    atan() -> f32 = inverse::atan_f32;
    cbrt() -> f32 = root::cbrt_f32;
    erf() -> f32 = error::erf_f32;
    atan2(x) -> f32 = inverse::atan2_f32;
    hypot(other) -> f32 = root::hypot_f32;
    logaddexp(other) -> f32 = logarithm::logaddexp_f32;
    pow(exponent) -> f32 = power::pow_f32;
    angle_is_rare() -> bool = trigonometric::is_rare_f32;
    sin_fast() -> f32 = trigonometric::sin_fast_f32;
    cos_fast() -> f32 = trigonometric::cos_fast_f32;
    tan_fast() -> f32 = trigonometric::tan_fast_f32;
    sin_slow() -> f32 = trigonometric::sin_slow_f32;
    cos_slow() -> f32 = trigonometric::cos_slow_f32;
    tan_slow() -> f32 = trigonometric::tan_slow_f32;
});
