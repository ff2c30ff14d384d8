//! Arithmetic, element by element: what keeps the dtype, and functions for the operators.

use super::Args;
use super::declare::builtins;
use super::elementwise::{binary, each_owned, unary};
use crate::diagnostics::Result;
use crate::interp::{Machine, Value};
use crate::ops;
use nabla_grammar::tree::BinaryOp;
use std::mem;

/// What an operator makes of arguments 0 and 1.
fn operator(machine: &mut Machine, args: &mut Args, op: BinaryOp) -> Result<Value> {
    let mut operands = [args.take(0), args.take(1)];
    machine.binary(op, &mut operands).inspect_err(|_| {
        let [x, y] = &mut operands;
        *args.value_mut(0) = mem::take(x);
        *args.value_mut(1) = mem::take(y);
    })
}

builtins! {
    elements Waiting;

    /// The sum of x and y, element by element.
    /// A function for the operator `+`.
    fn add(x, y)
        ex "add([1, 2], 3)" => "[4 5]";
        ex "add(\"a\", \"b\")" => "ab";
        fails "add([1, 2], [1, 2, 3])" => "shape";
    = |machine, args| operator(machine, args, BinaryOp::Add);

    /// The difference of x and y.
    /// A function for the operator `-`.
    fn subtract(x, y)
        ex "subtract([1.5, 2], 1)" => "[0.5 1. ]";
    = |machine, args| operator(machine, args, BinaryOp::Sub);

    /// The product of x and y, element by element.
    /// A function for the operator `*`.
    fn multiply(x, y)
        ex "multiply(2.0, 4.0)" => "8.0";
    = |machine, args| operator(machine, args, BinaryOp::Mul);

    /// The true quotient of x and y.
    /// A function for the operator `/`.
    fn divide(x, y)
        also true_divide;
        ex "divide([1, 2], 2)" => "[0.5 1. ]";
    = |machine, args| operator(machine, args, BinaryOp::Div);

    /// The quotient of x and y, rounded down.
    /// A function for the operator `//`.
    fn floor_divide(x, y)
        ex "floor_divide(7, 3)" => "2";
        fails "floor_divide(1, 0)" => "value";
    = |machine, args| operator(machine, args, BinaryOp::FloorDiv);

    /// What floor division leaves; its sign is that of y.
    /// A function for the operator `%`. At its jumps the derivative is that behind them.
    fn remainder(x, y)
        also mod;
        ex "remainder([7, -7], 3)" => "[1 2]";
        fails "remainder(1, 0)" => "value";
    = |machine, args| operator(machine, args, BinaryOp::Rem);

    /// x to the power of y.
    /// A function for the operator `**`. The derivative of x ** 0 is 0 everywhere, that of 0 ** y too.
    fn power(x, y)
        also pow;
        ex "power(0..6, 3)" => "[  0   1   8  27  64 125]";
        fails "power([2], [-1])" => "value";
    = |machine, args| operator(machine, args, BinaryOp::Pow);

    /// The larger of x and y, element by element; nan wins.
    /// The largest element of one array is `max(x)`. Where both are equal, either has half of the derivative.
    fn maximum(x, y)
        ex "maximum([2, 3, 4], [1, 5, 2])" => "[2 5 4]";
        ex "maximum((w=[-1, 1], b=-2), 0)" => "(w=[0 1], b=0)";
        ex "grad(maximum)(1.0, 1.0)" => "0.5";
        fails "maximum([1, 2], [1, 2, 3])" => "shape";
        fails "maximum(1, \"a\")" => "type";
    = |machine, args| binary(machine, args, &ops::MAXIMUM);

    /// The smaller of x and y, element by element; nan wins.
    /// The smallest element of one array is `min(x)`. Where both are equal, either has half of the derivative.
    fn minimum(x, y)
        ex "minimum([2, 3, 4], [1, 5, 2])" => "[1 3 2]";
        fails "minimum([1, 2], [1, 2, 3])" => "shape";
    = |machine, args| binary(machine, args, &ops::MINIMUM);

    /// -x.
    fn negative(x)
        ex "negative([1.0, -1.0])" => "[-1.  1.]";
        fails "negative([true])" => "type";
    = |machine, args| unary(machine, args, &ops::NEG);

    /// +x, which is x.
    fn positive(x)
        ex "positive([1.0, -1.0])" => "[ 1. -1.]";
    = |machine, args| unary(machine, args, &ops::POS);

    /// The absolute value; the dtype is kept.
    /// At 0 its derivative is 0.
    fn abs(x)
        also absolute;
        ex "abs([-1.2, 1.2])" => "[1.2 1.2]";
        ex "grad(abs)(0.0)" => "0.0";
        ex "abs(-9223372036854775808 + 1)" => "9223372036854775807";
        fails "abs(-9223372036854775808)" => "overflow";
        fails "abs(\"a\")" => "type";
    = |machine, args| unary(machine, args, &ops::ABS);

    /// -1, 0 or 1, as x is below, at or above 0; nan stays nan.
    fn sign(x)
        ex "sign([-2.5, 0, 3])" => "[-1.  0.  1.]";
    = |machine, args| unary(machine, args, &ops::SIGN);

    /// x * x.
    fn square(x)
        ex "square([1, -2])" => "[1 4]";
        fails "square(9223372036854775807)" => "overflow";
    = |machine, args| unary(machine, args, &ops::SQUARE);

    /// Rounded down to a whole number; the dtype is kept.
    fn floor(x)
        ex "floor([-1.5, 1.5])" => "[-2.  1.]";
    = |machine, args| unary(machine, args, &ops::FLOOR);

    /// Rounded up to a whole number; the dtype is kept.
    fn ceil(x)
        ex "ceil([-1.7, 1.5])" => "[-1.  2.]";
    = |machine, args| unary(machine, args, &ops::CEIL);

    /// Cut towards 0 to a whole number; the dtype is kept.
    fn trunc(x)
        also fix;
        ex "trunc([-1.7, 1.7])" => "[-1.  1.]";
    = |machine, args| unary(machine, args, &ops::TRUNC);

    /// Rounded to the nearest whole number, halves to the even one; the dtype is kept.
    fn rint(x)
        ex "rint([0.5, 1.5, 2.5])" => "[0. 2. 2.]";
    = |machine, args| unary(machine, args, &ops::RINT);

    /// Rounded to so many decimals, halves to the even neighbour; the dtype is kept.
    /// Negative decimals round to tens, hundreds and so on.
    fn round(x, decimals = 0)
        also around;
        ex "round([0.37, 1.64], decimals=1)" => "[0.4 1.6]";
        ex "round([1, 2, 3, 11], -1)" => "[ 0  0  0 10]";
        fails "round(1.5, 0.5)" => "type";
        fails "round(1.5, 1000)" => "value";
    = |machine, args| {
        let decimals = args.int(1)?;
        each_owned(machine, args, &mut |machine, x| ops::math::round(&mut machine.host.cx, x, decimals))
    };

    /// x kept within bounds, of which either may be left out; nan stays nan.
    /// The bounds broadcast to x, and the dtype is the common one. A bound that x equals has half of the derivative.
    fn clip(x, min = none, max = none)
        ex "clip(0..6, 1, 4)" => "[1 1 2 3 4 4]";
        ex "clip([0.5, -2.0], min=0)" => "[0.5 0. ]";
        fails "clip([1, 2], [1, 2, 3])" => "shape";
    = |machine, args| {
        let bound = |number| if args.is_none(number) { Ok(None) } else { args.number(number).map(Some) };
        let (low, high) = (bound(1)?, bound(2)?);
        each_owned(machine, args, &mut |machine, x| ops::clip(&mut machine.host.cx, x, low.clone(), high.clone()))
    };

    /// The remainder of x / y with the sign of x; `x % y` has the sign of y.
    fn fmod(x, y)
        ex "fmod([-3, -2, 2, 3], 2)" => "[-1  0  0  1]";
        ex "fmod(5.5, -2)" => "1.5";
        fails "fmod([1, 2], 0)" => "value";
    = |machine, args| binary(machine, args, &ops::FMOD);

    /// The greatest common divisor of integers, without a sign.
    fn gcd(x, y)
        ex "gcd([12, 20, -9], 6)" => "[6 2 3]";
        fails "gcd(1.5, 2)" => "type";
    = |machine, args| binary(machine, args, &ops::GCD);

    /// The least common multiple of integers, without a sign; 0 if one of them is 0.
    fn lcm(x, y)
        ex "lcm([12, 20, 0], 8)" => "[24 40  0]";
        fails "lcm(1.5, 2)" => "type";
    = |machine, args| binary(machine, args, &ops::LCM);

    /// How many bits are set in the magnitude of an integer.
    fn bitwise_count(x)
        ex "bitwise_count([1023, -3, 0])" => "[10  2  0]";
        fails "bitwise_count(1.5)" => "type";
    = |machine, args| unary(machine, args, &ops::BIT_COUNT);

    /// The bits set in both x and y.
    /// Integers and truth values; a function for the operator `&`.
    fn bitwise_and(x, y)
        ex "bitwise_and([14, 3], 13)" => "[12  1]";
        fails "bitwise_and(1.5, 1)" => "type";
    = |machine, args| operator(machine, args, BinaryOp::BitAnd);

    /// The bits set in x or y.
    /// Integers and truth values; a function for the operator `|`.
    fn bitwise_or(x, y)
        ex "bitwise_or([33, 4], 1)" => "[33  5]";
    = |machine, args| operator(machine, args, BinaryOp::BitOr);

    /// The bits set in just one of x and y.
    /// Integers and truth values; a function for the operator `^`.
    fn bitwise_xor(x, y)
        ex "bitwise_xor([31, 3], 5)" => "[26  6]";
    = |machine, args| operator(machine, args, BinaryOp::BitXor);

    /// All bits turned around.
    /// Integers and truth values; a function for the operator `~`.
    fn bitwise_invert(x)
        also invert;
        also bitwise_not;
        ex "invert(u8(13))" => "242";
    = |machine, args| unary(machine, args, &ops::BIT_NOT);

    /// The bits of x moved up by y places.
    /// Integers and truth values; a function for the operator `<<`.
    fn left_shift(x, y)
        also bitwise_left_shift;
        ex "left_shift(5, [1, 2, 3])" => "[10 20 40]";
    = |machine, args| operator(machine, args, BinaryOp::Shl);

    /// The bits of x moved down by y places.
    /// Integers and truth values; a function for the operator `>>`.
    fn right_shift(x, y)
        also bitwise_right_shift;
        ex "right_shift(10, [1, 2, 3])" => "[5 2 1]";
    = |machine, args| operator(machine, args, BinaryOp::Shr);
}
