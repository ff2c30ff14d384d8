//! Functions of real numbers. All but floats go to `f64` first.

use super::Partial::{Of, One};
use super::table::elementwise;
use super::{ADD, DIV, EQ, MUL, NEG, Op, RINT, SQUARE, SUB, apply1, apply2, select};
use crate::context::Context;
use crate::cpu::math as loops;
use crate::diagnostics::{Error, Result};
use crate::tensor::Array;
use std::f64::consts::{FRAC_2_SQRT_PI, LN_2, LN_10};

elementwise! {
    EXP "exp" "exp" Unary real loops::exp, moves [Of(|_, _, y| Ok(y.clone()))],
        wgsl [float "nb_exp(a)"];
    EXPM1 "expm1" "expm1" Unary real loops::expm1, moves [Of(|cx, _, y| apply2(cx, &ADD, y.clone(), Array::Int(1)))],
        wgsl [float "nb_expm1(a)"];
    EXP2 "exp2" "exp2" Unary real loops::exp2, moves [Of(|cx, _, y| apply2(cx, &MUL, y.clone(), Array::Float(LN_2)))],
        wgsl [float "nb_exp2(a)"];
    LOG "log" "log" Unary real loops::log, moves [Of(|cx, x, _| apply1(cx, &RECIPROCAL, x[0].clone()))],
        wgsl [float "nb_log(a)"];
    LOG1P "log1p" "log1p" Unary real loops::log1p, moves [Of(|cx, x, _| one_over(cx, &ADD, &x[0], 1))],
        wgsl [float "nb_log1p(a)"];
    LOG2 "log2" "log2" Unary real loops::log2, moves [Of(|cx, x, _| apply2(cx, &DIV, Array::Float(1.0 / LN_2), x[0].clone()))],
        wgsl [float "nb_log2(a)"];
    LOG10 "log10" "log10" Unary real loops::log10, moves [Of(|cx, x, _| apply2(cx, &DIV, Array::Float(1.0 / LN_10), x[0].clone()))],
        wgsl [float "nb_log10(a)"];
    SQRT "sqrt" "sqrt" Unary real loops::sqrt, moves [Of(|cx, _, y| apply2(cx, &DIV, Array::Float(0.5), y.clone()))],
        wgsl [float "nb_sqrt(a)"];
    CBRT "cbrt" "cbrt" Unary real loops::cbrt, moves [Of(cube_root_slope)],
        wgsl [float "nb_cbrt(a)"];
    SIN "sin" "sin" Unary real loops::sin, moves [Of(|cx, x, _| apply1(cx, &COS, x[0].clone()))],
        wgsl [float "nb_sin(a)"];
    COS "cos" "cos" Unary real loops::cos, moves [Of(minus_sine)],
        wgsl [float "nb_cos(a)"];
    TAN "tan" "tan" Unary real loops::tan, moves [Of(|cx, _, y| square_and_one(cx, y))],
        wgsl [float "nb_tan(a)"];
    ASIN "asin" "asin" Unary real loops::asin, moves [Of(arc_sine_slope)],
        wgsl [float "nb_asin(a)"];
    ACOS "acos" "acos" Unary real loops::acos, moves [Of(arc_cosine_slope)],
        wgsl [float "nb_acos(a)"];
    ATAN "atan" "atan" Unary real loops::atan, moves [Of(arc_tangent_slope)],
        wgsl [float "nb_atan(a)"];
    SINH "sinh" "sinh" Unary real loops::sinh, moves [Of(|cx, x, _| apply1(cx, &COSH, x[0].clone()))],
        wgsl [float "nb_sinh(a)"];
    COSH "cosh" "cosh" Unary real loops::cosh, moves [Of(|cx, x, _| apply1(cx, &SINH, x[0].clone()))],
        wgsl [float "nb_cosh(a)"];
    TANH "tanh" "tanh" Unary real loops::tanh, moves [Of(one_less_square)],
        wgsl [float "nb_tanh(a)"];
    ASINH "asinh" "asinh" Unary real loops::asinh, moves [Of(area_sine_slope)],
        wgsl [float "nb_asinh(a)"];
    ACOSH "acosh" "acosh" Unary real loops::acosh, moves [Of(area_cosine_slope)],
        wgsl [float "nb_acosh(a)"];
    ATANH "atanh" "atanh" Unary real loops::atanh, moves [Of(area_tangent_slope)],
        wgsl [float "nb_atanh(a)"];
    RECIPROCAL "reciprocal" "reciprocal" Unary real loops::reciprocal, moves [Of(minus_square)],
        wgsl [float "1.0 / a"];
    SIGMOID "sigmoid" "sigmoid" Unary real loops::sigmoid, moves [Of(logistic_slope)],
        wgsl [float "1.0 / (1.0 + nb_exp(-a))"];
    ERF "erf" "erf" Unary real loops::erf, moves [Of(error_function_slope)],
        wgsl [float "nb_erf(a)"];
    ATAN2 "atan2" "atan2" Binary real loops::atan2, moves [Of(|cx, x, _| over_square_of_distance(cx, x[1].clone(), x)), Of(|cx, x, _| { let y = apply1(cx, &NEG, x[0].clone())?; over_square_of_distance(cx, y, x) })],
        wgsl [float "nb_atan2(a, b)"];
    /// log(exp(a) + exp(b))
    LOGADDEXP "logaddexp" "logaddexp" Binary real loops::logaddexp, moves [Of(|cx, x, _| share(cx, &x[0], &x[1])), Of(|cx, x, _| share(cx, &x[1], &x[0]))],
        wgsl [float "nb_logaddexp(a, b)"];
    /// The magnitude of the first with the sign of the second.
    COPYSIGN "copysign" "copysign" Binary real loops::copysign, moves [Of(same_sign), Of(|_, _, _| Ok(Array::Float(0.0)))],
        wgsl [float "bitcast<f32>((bitcast<u32>(a) & 0x7fffffffu) | (bitcast<u32>(b) & 0x80000000u))"];
    /// The next number from the first towards the second.
    NEXTAFTER "nextafter" "nextafter" Binary real loops::nextafter, moves [One, Of(|_, _, _| Ok(Array::Float(0.0)))],
        wgsl [float "nb_nextafter(a, b)"];
    HYPOT "hypot" "hypot" Binary real loops::hypot, moves [Of(|cx, x, y| over_distance(cx, &x[0], y)), Of(|cx, x, y| over_distance(cx, &x[1], y))],
        wgsl [float "nb_hypot(a, b)"];
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

/// 1 / (x + number), or with another operation.
fn one_over(cx: &mut Context, op: &Op, x: &Array, number: i64) -> Result<Array> {
    let sum = apply2(cx, op, x.clone(), Array::Int(number))?;
    apply1(cx, &RECIPROCAL, sum)
}

/// x² + 1
fn square_and_one(cx: &mut Context, x: &Array) -> Result<Array> {
    let square = apply1(cx, &SQUARE, x.clone())?;
    apply2(cx, &ADD, square, Array::Int(1))
}

/// d arctan x / dx = 1 / (x² + 1)
fn arc_tangent_slope(cx: &mut Context, x: &[Array], _: &Array) -> Result<Array> {
    let sum = square_and_one(cx, &x[0])?;
    apply1(cx, &RECIPROCAL, sum)
}

/// d arsinh x / dx = 1 / √(x² + 1), without the square, which may overflow.
fn area_sine_slope(cx: &mut Context, x: &[Array], _: &Array) -> Result<Array> {
    let root = apply2(cx, &HYPOT, x[0].clone(), Array::Int(1))?;
    apply1(cx, &RECIPROCAL, root)
}

/// d arcosh x / dx = 1 / (√(x - 1) √(x + 1)), which keeps its digits where x is near 1.
fn area_cosine_slope(cx: &mut Context, x: &[Array], _: &Array) -> Result<Array> {
    let less = apply2(cx, &SUB, x[0].clone(), Array::Int(1))?;
    let more = apply2(cx, &ADD, x[0].clone(), Array::Int(1))?;
    let (less, more) = (apply1(cx, &SQRT, less)?, apply1(cx, &SQRT, more)?);
    let root = apply2(cx, &MUL, less, more)?;
    apply1(cx, &RECIPROCAL, root)
}

/// (1 - x) (1 + x), which keeps its digits where x is near 1.
fn one_less_square_of(cx: &mut Context, x: &Array) -> Result<Array> {
    let less = apply2(cx, &SUB, Array::Int(1), x.clone())?;
    let more = apply2(cx, &ADD, Array::Int(1), x.clone())?;
    apply2(cx, &MUL, less, more)
}

/// d ∛x / dx = 1 / (3 ∛x²)
fn cube_root_slope(cx: &mut Context, _: &[Array], y: &Array) -> Result<Array> {
    let square = apply1(cx, &SQUARE, y.clone())?;
    apply2(cx, &DIV, Array::Float(1.0 / 3.0), square)
}

/// d asin(x) / dx = 1 / √(1 - x²)
fn arc_sine_slope(cx: &mut Context, x: &[Array], _: &Array) -> Result<Array> {
    let difference = one_less_square_of(cx, &x[0])?;
    let root = apply1(cx, &SQRT, difference)?;
    apply1(cx, &RECIPROCAL, root)
}

fn arc_cosine_slope(cx: &mut Context, x: &[Array], y: &Array) -> Result<Array> {
    let slope = arc_sine_slope(cx, x, y)?;
    apply1(cx, &NEG, slope)
}

/// d artanh(x) / dx = 1 / (1 - x²)
fn area_tangent_slope(cx: &mut Context, x: &[Array], _: &Array) -> Result<Array> {
    let difference = one_less_square_of(cx, &x[0])?;
    apply1(cx, &RECIPROCAL, difference)
}

/// dσ(x) / dx = σ(x) (1 - σ(x))
fn logistic_slope(cx: &mut Context, _: &[Array], y: &Array) -> Result<Array> {
    let rest = apply2(cx, &SUB, Array::Int(1), y.clone())?;
    apply2(cx, &MUL, y.clone(), rest)
}

/// d erf(x) / dx = 2/√π · exp(-x²)
fn error_function_slope(cx: &mut Context, x: &[Array], _: &Array) -> Result<Array> {
    let square = apply1(cx, &SQUARE, x[0].clone())?;
    let negative = apply1(cx, &NEG, square)?;
    let bell = apply1(cx, &EXP, negative)?;
    apply2(cx, &MUL, bell, Array::Float(FRAC_2_SQRT_PI))
}

/// A coordinate over the square of the distance from the origin.
fn over_square_of_distance(cx: &mut Context, coordinate: Array, x: &[Array]) -> Result<Array> {
    let squares = [apply1(cx, &SQUARE, x[0].clone())?, apply1(cx, &SQUARE, x[1].clone())?];
    let [a, b] = squares;
    let sum = apply2(cx, &ADD, a, b)?;
    apply2(cx, &DIV, coordinate, sum)
}

/// A coordinate over the distance from the origin; at the origin 0, which is one of the subgradients there.
fn over_distance(cx: &mut Context, coordinate: &Array, distance: &Array) -> Result<Array> {
    let at_origin = apply2(cx, &EQ, distance.clone(), Array::Int(0))?;
    let divisor = select(cx, at_origin.clone(), Array::Int(1), distance.clone())?;
    let quotient = apply2(cx, &DIV, coordinate.clone(), divisor)?;
    select(cx, at_origin, Array::Int(0), quotient)
}

/// exp(x) / (exp(x) + exp(y)) = σ(x - y)
fn share(cx: &mut Context, x: &Array, y: &Array) -> Result<Array> {
    let ahead = apply2(cx, &SUB, x.clone(), y.clone())?;
    apply1(cx, &SIGMOID, ahead)
}

/// 1 where both have one sign, else -1.
fn same_sign(cx: &mut Context, x: &[Array], _: &Array) -> Result<Array> {
    let sign = apply2(cx, &COPYSIGN, Array::Float(1.0), x[0].clone())?;
    let wanted = apply2(cx, &COPYSIGN, Array::Float(1.0), x[1].clone())?;
    apply2(cx, &MUL, sign, wanted)
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
