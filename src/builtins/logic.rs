//! Comparisons, logic and tests; the results are truth values.

use super::Args;
use super::declare::builtins;
use super::elementwise::{each_owned, pairs, unary};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::interp::{Machine, Value, operand_array};
use crate::ops::{self, Op};
use crate::tensor::{Array, DType};

/// Text is compared too; tuples and records leaf by leaf.
fn compare(machine: &mut Machine, args: &mut Args, op: &Op) -> Result<Value> {
    match (operand_array(args.get(0)), operand_array(args.get(1))) {
        (Some(x), Some(y)) => ops::apply2(&mut machine.host.cx, op, x, y).map(Value::Array),
        _ => pairs(machine, args, &mut |machine, x, y| ops::apply2(&mut machine.host.cx, op, x, y)),
    }
}

fn logical(machine: &mut Machine, args: &mut Args, op: &Op) -> Result<Value> {
    pairs(machine, args, &mut |machine, x, y| {
        let cx = &mut machine.host.cx;
        let (x, y) = (truth(cx, x)?, truth(cx, y)?);
        ops::apply2(cx, op, x, y)
    })
}

/// Not 0.
fn truth(cx: &mut Context, x: Array) -> Result<Array> {
    match x.dtype() {
        // text is refused by the operation that follows
        DType::Bool | DType::Str => Ok(x),
        _ => ops::cast(cx, x, DType::Bool),
    }
}

builtins! {
    elements Settled;

    /// Where x equals y, element by element.
    /// Numbers with numbers, text with text; `==` also takes structures as a whole.
    fn equal(x, y)
        ex "equal([1, 2], [1, 3])" => "[ True False]";
        ex "equal([\"a\", \"b\"], \"a\")" => "[ True False]";
        fails "equal([1, 2], [1, 2, 3])" => "shape";
    = |machine, args| compare(machine, args, &ops::EQ);

    /// Where x differs from y.
    /// Numbers with numbers, text with text; a function for the operator `!=`.
    fn not_equal(x, y)
        ex "not_equal([1, 2], [1, 3])" => "[False  True]";
    = |machine, args| compare(machine, args, &ops::NE);

    /// Where x is smaller than y.
    /// Numbers with numbers, text with text; a function for the operator `<`.
    fn less(x, y)
        ex "less([4, 2, 1], 2)" => "[False False  True]";
    = |machine, args| compare(machine, args, &ops::LT);

    /// Where x is at most y.
    /// Numbers with numbers, text with text; a function for the operator `<=`.
    fn less_equal(x, y)
        ex "less_equal([4, 2, 1], 2)" => "[False  True  True]";
    = |machine, args| compare(machine, args, &ops::LE);

    /// Where x is larger than y.
    /// Numbers with numbers, text with text; a function for the operator `>`.
    fn greater(x, y)
        ex "greater([4, 2, 1], 2)" => "[ True False False]";
    = |machine, args| compare(machine, args, &ops::GT);

    /// Where x is at least y.
    /// Numbers with numbers, text with text; a function for the operator `>=`.
    fn greater_equal(x, y)
        ex "greater_equal([4, 2, 1], 2)" => "[ True  True False]";
    = |machine, args| compare(machine, args, &ops::GE);

    /// Where both x and y are true.
    /// Numbers count as true where they are not 0.
    fn logical_and(x, y)
        ex "logical_and([true, false], [1, 1])" => "[ True False]";
        fails "logical_and([true, true], [true, true, true])" => "shape";
    = |machine, args| logical(machine, args, &ops::LOGICAL_AND);

    /// Where x or y is true, or both.
    /// Numbers count as true where they are not 0.
    fn logical_or(x, y)
        ex "logical_or([true, false], false)" => "[ True False]";
    = |machine, args| logical(machine, args, &ops::LOGICAL_OR);

    /// Where just one of x and y is true.
    /// Numbers count as true where they are not 0.
    fn logical_xor(x, y)
        ex "logical_xor([true, true, false], [true, false, false])" => "[False  True False]";
    = |machine, args| logical(machine, args, &ops::BIT_XOR);

    /// Where x is not true.
    /// Numbers count as true where they are not 0.
    fn logical_not(x)
        ex "logical_not([true, false, 0, 1])" => "[False  True  True False]";
        fails "logical_not(\"a\")" => "type";
    = |machine, args| {
        each_owned(machine, args, &mut |machine, x| {
            let truth = truth(&mut machine.host.cx, x)?;
            ops::apply1(&mut machine.host.cx, &ops::LOGICAL_NOT, truth)
        })
    };

    /// Where the sign of x is set, as it is in -0.0, too.
    fn signbit(x)
        ex "signbit([-1.5, -0.0, 0.0, 3.0])" => "[ True  True False False]";
        fails "signbit(\"a\")" => "type";
    = |machine, args| unary(machine, args, &ops::SIGNBIT);

    /// Where x is nan.
    fn isnan(x)
        ex "isnan([1.0, nan])" => "[False  True]";
        fails "isnan(\"a\")" => "type";
    = |machine, args| unary(machine, args, &ops::ISNAN);

    /// Where x is infinite, with either sign.
    fn isinf(x)
        ex "isinf([inf, -inf, 1.0, nan])" => "[ True  True False False]";
    = |machine, args| unary(machine, args, &ops::ISINF);

    /// Where x is neither infinite nor nan.
    fn isfinite(x)
        ex "isfinite([inf, 1.0, nan])" => "[False  True False]";
    = |machine, args| unary(machine, args, &ops::ISFINITE);
}
