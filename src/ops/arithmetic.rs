//! Operators on numbers: arithmetic, bits, logic; and the functions that keep the dtype.
//!
//! Types follow NEP 50; `/` is true division; `//` and `%` round down; integers in tensors wrap, weak ones must fit.

use super::Guard;
use super::table::elementwise;
use crate::cpu::{Refuses, arithmetic as loops};
use crate::tensor::Array;

elementwise! {
    ADD "add" "+" Binary add loops::add, exact |a, b| a.checked_add(b).map(Array::Int);
    SUB "subtract" "-" Binary subtract loops::subtract, exact |a, b| a.checked_sub(b).map(Array::Int);
    MUL "multiply" "*" Binary multiply loops::multiply, exact |a, b| a.checked_mul(b).map(Array::Int);
    DIV "divide" "/" Binary real loops::divide;
    FLOOR_DIV "floor_divide" "//" Binary counting loops::floor_divide, exact floor_divide, guard &BY_ZERO;
    REM "remainder" "%" Binary counting loops::remainder, guard &BY_ZERO;
    POW "power" "**" Binary counting loops::power, exact power, guard &NEGATIVE_POWER;
    BIT_AND "bitwise_and" "&" Binary bitwise loops::bit_and;
    BIT_OR "bitwise_or" "|" Binary bitwise loops::bit_or;
    BIT_XOR "bitwise_xor" "^" Binary bitwise loops::bit_xor;
    SHL "left_shift" "<<" Binary shift loops::shift_left, exact shift_left, guard &NEGATIVE_SHIFT;
    SHR "right_shift" ">>" Binary shift loops::shift_right, guard &NEGATIVE_SHIFT;
    LOGICAL_AND "logical_and" "and" Binary logical loops::bit_and;
    LOGICAL_OR "logical_or" "or" Binary logical loops::bit_or;
    LOGICAL_NOT "logical_not" "not" Unary logical loops::bit_not;
    MAXIMUM "maximum" "maximum" Binary any_number loops::maximum;
    MINIMUM "minimum" "minimum" Binary any_number loops::minimum;
    NEG "negative" "-" Unary signed loops::negate, exact |a, _| a.checked_neg().map(Array::Int);
    POS "positive" "+" Unary signed loops::same;
    BIT_NOT "invert" "~" Unary bitwise loops::bit_not;
    ABS "abs" "abs" Unary any_number loops::absolute, exact |a, _| a.checked_abs().map(Array::Int);
    SIGN "sign" "sign" Unary signed loops::sign;
    SQUARE "square" "square" Unary counting loops::square, exact |a, _| a.checked_mul(a).map(Array::Int);
    FLOOR "floor" "floor" Unary any_number loops::floor;
    CEIL "ceil" "ceil" Unary any_number loops::ceil;
    TRUNC "trunc" "trunc" Unary any_number loops::truncate;
    /// To whole numbers; `round` has decimals.
    RINT "rint" "round" Unary any_number loops::round;
    RELU "relu" "relu" Unary any_number loops::relu;
}

static BY_ZERO: Guard = Guard {
    refuses: Refuses::Zero,
    message: "integer division by zero",
    help: "`/`, or a float on either side, gives inf or nan",
};

static NEGATIVE_POWER: Guard = Guard {
    refuses: Refuses::Negative,
    message: "an integer tensor to a negative integer power",
    help: "make one of them a float: `f64(x) ** -1`",
};

static NEGATIVE_SHIFT: Guard =
    Guard { refuses: Refuses::Negative, message: "negative shift count", help: "shift the other way" };

/// Rounds down.
fn floor_divide(a: i64, b: i64) -> Option<Array> {
    let quotient = a.checked_div(b)?;
    let down = a % b != 0 && (a < 0) != (b < 0);
    Some(Array::Int(quotient - i64::from(down)))
}

/// A negative power makes a float.
fn power(a: i64, b: i64) -> Option<Array> {
    if b < 0 {
        return Some(Array::Float((a as f64).powf(b as f64)));
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

/// The bits must not be lost.
fn shift_left(a: i64, b: i64) -> Option<Array> {
    let count = u64::try_from(b).ok()?;
    if a == 0 {
        return Some(Array::Int(0));
    }
    let shifted = a.checked_shl(u32::try_from(count).ok()?)?;
    (shifted >> count == a).then_some(Array::Int(shifted))
}
