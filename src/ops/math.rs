//! Functions of real numbers. All but floats go to `f64` first.

use super::Partial::Of;
use super::table::elementwise;
use super::{DIV, MUL, NEG, RINT, SQUARE, SUB, apply1, apply2};
use crate::context::Context;
use crate::cpu::math as loops;
use crate::diagnostics::{Error, Result};
use crate::tensor::Array;

elementwise! {
    EXP "exp" "exp" Unary real loops::exp, moves [Of(|_, _, y| Ok(y.clone()))],
        wgsl [float "nb_exp(a)"];
    EXPM1 "expm1" "expm1" Unary real loops::expm1,
        wgsl [float "nb_expm1(a)"];
    EXP2 "exp2" "exp2" Unary real loops::exp2;
    LOG "log" "log" Unary real loops::log, moves [Of(|cx, x, _| apply1(cx, &RECIPROCAL, x[0].clone()))],
        wgsl [float "nb_log(a)"];
    LOG1P "log1p" "log1p" Unary real loops::log1p,
        wgsl [float "nb_log1p(a)"];
    LOG2 "log2" "log2" Unary real loops::log2;
    LOG10 "log10" "log10" Unary real loops::log10;
    SQRT "sqrt" "sqrt" Unary real loops::sqrt, moves [Of(|cx, _, y| apply2(cx, &DIV, Array::Float(0.5), y.clone()))],
        wgsl [float "nb_sqrt(a)"];
    CBRT "cbrt" "cbrt" Unary real loops::cbrt;
    SIN "sin" "sin" Unary real loops::sin, moves [Of(|cx, x, _| apply1(cx, &COS, x[0].clone()))],
        wgsl [float "nb_sin(a)"];
    COS "cos" "cos" Unary real loops::cos, moves [Of(minus_sine)],
        wgsl [float "nb_cos(a)"];
    TAN "tan" "tan" Unary real loops::tan;
    ASIN "asin" "asin" Unary real loops::asin;
    ACOS "acos" "acos" Unary real loops::acos;
    ATAN "atan" "atan" Unary real loops::atan;
    SINH "sinh" "sinh" Unary real loops::sinh;
    COSH "cosh" "cosh" Unary real loops::cosh;
    TANH "tanh" "tanh" Unary real loops::tanh, moves [Of(one_less_square)],
        wgsl [float "nb_tanh(a)"];
    ASINH "asinh" "asinh" Unary real loops::asinh;
    ACOSH "acosh" "acosh" Unary real loops::acosh;
    ATANH "atanh" "atanh" Unary real loops::atanh;
    RECIPROCAL "reciprocal" "reciprocal" Unary real loops::reciprocal, moves [Of(minus_square)],
        wgsl [float "1.0 / a"];
    SIGMOID "sigmoid" "sigmoid" Unary real loops::sigmoid,
        wgsl [float "1.0 / (1.0 + nb_exp(-a))"];
    ERF "erf" "erf" Unary real loops::erf;
    ATAN2 "atan2" "atan2" Binary real loops::atan2;
    HYPOT "hypot" "hypot" Binary real loops::hypot;
}

fn minus_sine(cx: &mut Context, x: &[Array], _: &Array) -> Result<Array> {
    let sine = apply1(cx, &SIN, x[0].clone())?;
    apply1(cx, &NEG, sine)
}

/// d(1 / x) / dx = -(1 / x)²
fn minus_square(cx: &mut Context, _: &[Array], y: &Array) -> Result<Array> {
    let square = apply1(cx, &SQUARE, y.clone())?;
    apply1(cx, &NEG, square)
}

/// d tanh(x) / dx = 1 - tanh(x)²
fn one_less_square(cx: &mut Context, _: &[Array], y: &Array) -> Result<Array> {
    let square = apply1(cx, &SQUARE, y.clone())?;
    apply2(cx, &SUB, Array::Int(1), square)
}

/// Rounded to so many decimals, halves to the even neighbour. Negative decimals round to tens, hundreds, ...; the dtype
/// is kept. As NumPy: scaled, rounded, scaled back.
pub fn round(cx: &mut Context, x: Array, decimals: i64) -> Result<Array> {
    let dtype = x.dtype();
    if decimals == 0 || (decimals > 0 && !dtype.is_float()) {
        return apply1(cx, &RINT, x);
    }
    let power = i32::try_from(decimals.saturating_abs()).unwrap_or(i32::MAX);
    let scale = Array::Float(10f64.powi(power));
    if decimals < 0 && !dtype.is_float() {
        let weak = x.is_weak();
        let tens = apply2(cx, &DIV, x, scale.clone())?;
        let tens = apply1(cx, &RINT, tens)?;
        let rounded = apply2(cx, &MUL, tens, scale)?;
        let result = super::cast(cx, rounded, dtype)?;
        return match result.as_scalar() {
            Some(scalar) if weak => Ok(Array::weaken(scalar)),
            _ => Ok(result),
        };
    }
    let (there, back) = if decimals > 0 { (&MUL, &DIV) } else { (&DIV, &MUL) };
    if !scale.as_scalar().is_some_and(|scale| scale.as_f64().is_finite()) {
        return Err(Error::value(format!("{decimals} decimals are more than a number has")));
    }
    let scaled = apply2(cx, there, x, scale.clone())?;
    let whole = apply1(cx, &RINT, scaled)?;
    apply2(cx, back, whole, scale)
}
