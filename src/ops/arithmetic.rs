//! Operators on numbers: arithmetic, bits, logic; and the functions that keep the dtype.
//!
//! Types follow NEP 50; `/` is true division; `//` and `%` round down; integers in tensors wrap, weak ones must fit.

use super::Partial::{MinusOne, Of, One};
use super::cast::{cast, weaken};
use super::table::elementwise;
use super::{EQ, GT, Guard, ISFINITE, LOG, NE, Op, RECIPROCAL, Term, apply1, apply2, select};
use crate::context::Context;
use crate::cpu::functions::Real;
use crate::cpu::{self, Refuses, arithmetic as loops};
use crate::diagnostics::Result;
use crate::tensor::Array;
use smallvec::{SmallVec, smallvec};

elementwise! {
    ADD "add" "+" Binary add loops::add, exact |a, b| a.checked_add(b).map(Array::Int),
        moves [One, One], transposed add_transposed,
        wgsl [number "a + b", truth "a || b"];
    SUB "subtract" "-" Binary subtract loops::subtract, exact |a, b| a.checked_sub(b).map(Array::Int),
        moves [One, MinusOne], transposed subtract_transposed,
        wgsl [number "a - b"];
    MUL "multiply" "*" Binary multiply loops::multiply, exact |a, b| a.checked_mul(b).map(Array::Int),
        moves [Of(|_, x, _| Ok(x[1].clone())), Of(|_, x, _| Ok(x[0].clone()))],
        transposed multiply_transposed,
        wgsl [number "a * b", truth "a && b"];
    DIV "divide" "/" Binary real loops::divide,
        moves [Of(|cx, x, _| apply1(cx, &RECIPROCAL, x[1].clone())), Of(quotient_by_divisor)],
        transposed divide_transposed,
        wgsl [float "a / b"];
    FLOOR_DIV "floor_divide" "//" Binary counting loops::floor_divide, exact floor_divide, guard &BY_ZERO, moves flat,
        wgsl [float "nb_floor_divide(a, b)", integer "nb_floor_quotient(a, b)", byte "a / max(b, 1u)"];
    REM "remainder" "%" Binary counting loops::remainder, guard &BY_ZERO, moves [One, Of(remainder_by_divisor)],
        wgsl [float "nb_remainder(a, b)", integer "nb_floor_rest(a, b)", byte "a % max(b, 1u)"];
    POW "power" "**" Binary counting loops::power, exact power, guard &NEGATIVE_POWER,
        moves [Of(power_by_base), Of(power_by_exponent)],
        wgsl [float "nb_pow(a, b)", integer "nb_integer_pow(a, b)", byte "nb_byte_pow(a, b)"];
    BIT_AND "bitwise_and" "&" Binary bitwise loops::bit_and, moves flat,
        wgsl [integer "a & b", truth "a && b"];
    BIT_OR "bitwise_or" "|" Binary bitwise loops::bit_or, moves flat,
        wgsl [integer "a | b", truth "a || b"];
    BIT_XOR "bitwise_xor" "^" Binary bitwise loops::bit_xor, moves flat,
        wgsl [integer "a ^ b", truth "a != b"];
    SHL "left_shift" "<<" Binary shift loops::shift_left, exact shift_left, guard &NEGATIVE_SHIFT, moves flat,
        wgsl [integer "select(0, a << (u32(b) & 31u), u32(b) < 32u)", byte "select(0u, a << (b & 31u), b < 32u)"];
    SHR "right_shift" ">>" Binary shift loops::shift_right, guard &NEGATIVE_SHIFT, moves flat,
        wgsl [integer "a >> min(u32(b), 31u)", byte "a >> min(b, 31u)"];
    LOGICAL_AND "logical_and" "and" Binary logical loops::bit_and, moves flat,
        wgsl [truth "a && b"];
    LOGICAL_OR "logical_or" "or" Binary logical loops::bit_or, moves flat,
        wgsl [truth "a || b"];
    LOGICAL_NOT "logical_not" "not" Unary logical loops::bit_not, moves flat,
        wgsl [truth "!a"];
    MAXIMUM "maximum" "maximum" Binary any_number loops::maximum, moves [Of(|cx, x, y| larger(cx, &x[0], &x[1], y)), Of(|cx, x, y| larger(cx, &x[1], &x[0], y))],
        wgsl [float "nb_max(a, b)", integer "max(a, b)", truth "a || b"];
    MINIMUM "minimum" "minimum" Binary any_number loops::minimum, moves [Of(|cx, x, y| larger(cx, &x[1], &x[0], y)), Of(|cx, x, y| larger(cx, &x[0], &x[1], y))],
        wgsl [float "nb_min(a, b)", integer "min(a, b)", truth "a && b"];
    NEG "negative" "-" Unary signed loops::negate, exact |a, _| a.checked_neg().map(Array::Int),
        moves [MinusOne], transposed negative_transposed,
        wgsl [float "-a", integer "(a - a) - a"];
    POS "positive" "+" Unary signed loops::same, moves [One],
        wgsl [number "a"];
    /// The remainder with the sign of the dividend.
    FMOD "fmod" "fmod" Binary counting loops::fmod, guard &BY_ZERO, moves [One, Of(whole_quotient)],
        wgsl [float "nb_fmod(a, b)", integer "nb_rest(a, b)", byte "a % max(b, 1u)"];
    GCD "gcd" "gcd" Binary shift loops::gcd, exact common_divisor, moves flat,
        wgsl [integer "bitcast<i32>(nb_gcd(nb_size(a), nb_size(b)))", byte "nb_gcd(a, b)"];
    LCM "lcm" "lcm" Binary shift loops::lcm, exact common_multiple, moves flat,
        wgsl [integer "abs(bitcast<i32>(nb_lcm(nb_size(a), nb_size(b))))", byte "nb_lcm(a, b)"];
    BIT_COUNT "bitwise_count" "bitwise_count" Unary shift loops::bit_count, moves flat,
        wgsl [integer "countOneBits(abs(a))"];
    BIT_NOT "invert" "~" Unary bitwise loops::bit_not, moves flat,
        wgsl [integer "~a", truth "!a"];
    ABS "abs" "abs" Unary any_number loops::absolute, exact |a, _| a.checked_abs().map(Array::Int), moves [Of(|cx, x, _| apply1(cx, &SIGN, x[0].clone()))],
        wgsl [number "abs(a)", truth "a"];
    SIGN "sign" "sign" Unary signed loops::sign, moves flat,
        wgsl [float "select(sign(a), a, nb_is_nan(a))", integer "sign(a)", byte "min(a, 1u)"];
    SQUARE "square" "square" Unary counting loops::square, exact |a, _| a.checked_mul(a).map(Array::Int),
        moves [Of(|cx, x, _| apply2(cx, &MUL, x[0].clone(), Array::Int(2)))],
        wgsl [number "a * a"];
    FLOOR "floor" "floor" Unary any_number loops::floor, moves flat,
        wgsl [float "floor(a)", integer "a", truth "a"];
    CEIL "ceil" "ceil" Unary any_number loops::ceil, moves flat,
        wgsl [float "ceil(a)", integer "a", truth "a"];
    TRUNC "trunc" "trunc" Unary any_number loops::truncate, moves flat,
        wgsl [float "trunc(a)", integer "a", truth "a"];
    /// To whole numbers; `round` has decimals.
    RINT "rint" "round" Unary any_number loops::round, moves flat,
        wgsl [float "round(a)", integer "a", truth "a"];
    RELU "relu" "relu" Unary any_number loops::relu, moves [Of(|cx, _, y| holds(cx, &GT, y, &Array::Int(0), y))],
        wgsl [float "select(0.0, a, a > 0.0 || nb_is_nan(a))", integer "max(a, 0)", truth "a"];
}

static BY_ZERO: Guard = Guard {
    refuses: Refuses::Zero,
    message: "integer division by zero",
    help: "`/`, or a float on either side, gives inf or nan",
};

static NEGATIVE_POWER: Guard = Guard {
    refuses: Refuses::Negative,
    message: "an integer tensor to a negative integer power",
    help: "make one of them a float: `x ** -1.0`",
};

static NEGATIVE_SHIFT: Guard =
    Guard { refuses: Refuses::Negative, message: "negative shift count", help: "shift the other way" };

/// Rounds down.
fn floor_divide(a: i64, b: i64) -> Option<Array> {
    let quotient = a.checked_div(b)?;
    let down = a % b != 0 && (a < 0) != (b < 0);
    Some(Array::Int(quotient - i64::from(down)))
}

/// A negative power makes a float, the one that a power of floats is.
fn power(a: i64, b: i64) -> Option<Array> {
    if b < 0 {
        // as a float, a large exponent may lose its parity
        let exponent = if a == -1 { (b & 1) - 2 } else { b };
        return Some(Array::Float(Real::pow(a as f64, exponent as f64)));
    }
    match u32::try_from(b) {
        Ok(exponent) => a.checked_pow(exponent).map(Array::Int),
        Err(_) => match a {
            0 | 1 => Some(Array::Int(a)),
            -1 => Some(Array::Int(if b % 2 == 0 { 1 } else { -1 })),
            _ => None,
        },
    }
}

fn common_divisor(a: i64, b: i64) -> Option<Array> {
    i64::try_from(divisor(a, b)).ok().map(Array::Int)
}

fn common_multiple(a: i64, b: i64) -> Option<Array> {
    let multiple = (a.unsigned_abs() / divisor(a, b).max(1)).checked_mul(b.unsigned_abs())?;
    i64::try_from(multiple).ok().map(Array::Int)
}

/// Euclid's algorithm.
fn divisor(a: i64, b: i64) -> u64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The bits must not be lost.
fn shift_left(a: i64, b: i64) -> Option<Array> {
    let count = u64::try_from(b).ok()?;
    if a == 0 {
        return Some(Array::Int(0));
    }
    let shifted = a.checked_shl(u32::try_from(count).ok()?)?;
    (shifted >> count == a).then_some(Array::Int(shifted))
}

/// Minus how often the divisor is taken off: a whole number, which the quotient of both may round across.
fn whole_quotient(cx: &mut Context, x: &[Array], y: &Array) -> Result<Array> {
    let taken = apply2(cx, &SUB, x[0].clone(), y.clone())?;
    let quotient = apply2(cx, &DIV, taken, x[1].clone())?;
    let whole = apply1(cx, &RINT, quotient)?;
    apply1(cx, &NEG, whole)
}

type Cotangents = Result<SmallVec<[Option<Array>; 2]>>;

fn add_transposed(_: &mut Context, _: &Op, _: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let ct = ct.first().cloned().flatten();
    Ok(smallvec![ct.clone(), ct])
}

fn subtract_transposed(cx: &mut Context, _: &Op, _: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let Some(Some(ct)) = ct.first() else { return Ok(smallvec![None, None]) };
    Ok(smallvec![Some(ct.clone()), Some(apply1(cx, &NEG, ct.clone())?)])
}

fn negative_transposed(cx: &mut Context, _: &Op, _: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let Some(Some(ct)) = ct.first() else { return Ok(smallvec![None]) };
    Ok(smallvec![Some(apply1(cx, &NEG, ct.clone())?)])
}

fn multiply_transposed(cx: &mut Context, _: &Op, terms: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let Some(Some(ct)) = ct.first() else { return Ok(smallvec![None, None]) };
    Ok(match terms {
        [Term::Linear(_), Term::Known(factor)] => smallvec![Some(apply2(cx, &MUL, ct.clone(), factor.clone())?), None],
        [Term::Known(factor), Term::Linear(_)] => smallvec![None, Some(apply2(cx, &MUL, factor.clone(), ct.clone())?)],
        _ => return Err(cpu::mistyped()),
    })
}

fn divide_transposed(cx: &mut Context, _: &Op, terms: &[Term], ct: &[Option<Array>]) -> Cotangents {
    let Some(Some(ct)) = ct.first() else { return Ok(smallvec![None, None]) };
    match terms {
        [Term::Linear(_), Term::Known(by)] => Ok(smallvec![Some(apply2(cx, &DIV, ct.clone(), by.clone())?), None]),
        _ => Err(cpu::mistyped()),
    }
}

/// d(a / b) / db = -(a / b) / b
fn quotient_by_divisor(cx: &mut Context, x: &[Array], y: &Array) -> Result<Array> {
    let negative = apply1(cx, &NEG, y.clone())?;
    apply2(cx, &DIV, negative, x[1].clone())
}

/// d(a % b) / db = -floor(a / b)
fn remainder_by_divisor(cx: &mut Context, x: &[Array], _: &Array) -> Result<Array> {
    let quotient = apply2(cx, &FLOOR_DIV, x[0].clone(), x[1].clone())?;
    apply1(cx, &NEG, quotient)
}

/// How the larger of two moves with the first: 1 where it is larger, a half where both are the same.
fn larger(cx: &mut Context, a: &Array, b: &Array, y: &Array) -> Result<Array> {
    let more = holds(cx, &GT, a, b, y)?;
    let same = holds(cx, &EQ, a, b, y)?;
    let half = apply2(cx, &MUL, same, Array::Float(0.5))?;
    apply2(cx, &ADD, more, half)
}

/// 1 where a comparison holds, 0 elsewhere, in the type of `like`.
fn holds(cx: &mut Context, comparison: &Op, a: &Array, b: &Array, like: &Array) -> Result<Array> {
    let truth = apply2(cx, comparison, a.clone(), b.clone())?;
    let number = cast(cx, truth, like.dtype())?;
    if like.is_weak() { weaken(cx, number) } else { Ok(number) }
}

/// d(a ** b) / da = b * a ** (b - 1), and 0 where b is, whatever a is. There the power is replaced only where it is not
/// a finite number: elsewhere it is how the slope moves with b.
fn power_by_base(cx: &mut Context, x: &[Array], _: &Array) -> Result<Array> {
    let [mut base, exponent] = [x[0].clone(), x[1].clone()];
    let mut less = apply2(cx, &SUB, exponent.clone(), Array::Int(1))?;
    if !exponent.as_scalar().is_some_and(|exponent| exponent.as_f64() != 0.0) {
        let constant = apply2(cx, &EQ, exponent.clone(), Array::Int(0))?;
        let finite = apply1(cx, &ISFINITE, base.clone())?;
        let nonzero = apply2(cx, &NE, base.clone(), Array::Int(0))?;
        let regular = apply2(cx, &LOGICAL_AND, finite, nonzero)?;
        let singular = apply1(cx, &LOGICAL_NOT, regular)?;
        let replaced = apply2(cx, &LOGICAL_AND, constant, singular)?;
        base = select(cx, replaced.clone(), Array::Int(0), base)?;
        less = select(cx, replaced, Array::Int(1), less)?;
    }
    let power = apply2(cx, &POW, base, less)?;
    apply2(cx, &MUL, power, exponent)
}

/// d(a ** b) / db = a ** b * ln a, and 0 where a is.
fn power_by_exponent(cx: &mut Context, x: &[Array], y: &Array) -> Result<Array> {
    let positive = apply2(cx, &NE, x[0].clone(), Array::Int(0))?;
    let base = select(cx, positive, x[0].clone(), Array::Int(1))?;
    let log = apply1(cx, &LOG, base)?;
    apply2(cx, &MUL, y.clone(), log)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_powers_of_integers_are_those_of_floats() {
        let mut cx = Context::default();
        let mut power = |a: Array, b: Array| match apply2(&mut cx, &POW, a, b) {
            Ok(Array::Float(power)) => power,
            other => panic!("{other:?}"),
        };
        for (a, b) in (-20..=20).flat_map(|a| (-30..0).map(move |b| (a, b))) {
            let floats = power(Array::Float(a as f64), Array::Float(b as f64));
            assert_eq!(power(Array::Int(a), Array::Int(b)).to_bits(), floats.to_bits(), "{a} ** {b}");
        }
        for (b, expected) in [(i64::MIN, 1.0), (i64::MIN + 1, -1.0), (-2, 1.0), (-1, -1.0)] {
            assert_eq!(power(Array::Int(-1), Array::Int(b)), expected, "-1 ** {b}");
        }
    }
}
