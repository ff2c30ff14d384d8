//! Products of vectors and matrices.

use super::Args;
use super::args::ints;
use super::declare::builtins;
use crate::diagnostics::{Error, Result};
use crate::interp::Value;
use crate::ops;
use crate::ops::{contract, einsum};
use crate::tensor::Array;

/// What `tensordot` sums over.
const AXES: &str = "a number of axes, or a pair: those of a and those of b";

/// Operands with a list of integers behind each, and perhaps one more list for the result, in letters.
fn by_numbers(args: &Args) -> Result<(String, Vec<Array>)> {
    let given = std::iter::once(args.get(0).clone()).chain(args.rest(1)).collect::<Vec<Value>>();
    let letters = |value: &Value| -> Result<String> {
        let numbers = ints(value).ok_or_else(|| args.wrong(1, "a list of integers behind every operand"))?;
        let letter = |number: &i64| {
            let letter = u8::try_from(*number).ok().and_then(|number| b'A'.checked_add(number)).map(char::from);
            let letter = letter.filter(|_| *number < 26);
            letter
                .ok_or_else(|| Error::value(format!("the indices of `einsum` are numbers from 0 to 25, not {number}")))
        };
        numbers.iter().map(letter).collect()
    };
    let (mut parts, mut operands) = (Vec::new(), Vec::new());
    let (pairs, rest) = given.as_chunks::<2>();
    if pairs.is_empty() {
        return Err(args.wrong(0, "a string, or an operand with a list of integers behind it"));
    }
    for [operand, list] in pairs {
        operands.push(operand.as_array().ok_or_else(|| args.wrong(0, "a string or numbers"))?);
        parts.push(letters(list)?);
    }
    let mut notation = parts.join(",");
    if let [result] = rest {
        notation = notation + "->" + &letters(result)?;
    }
    Ok((notation, operands))
}

builtins! {
    elements Settled;

    /// The product of numbers, vectors or matrices, as in NumPy.
    /// A number times anything is `*`; of vectors it is the inner product, of matrices `a @ b`; of more axes it sums
    /// over the last of a and the last but one of b.
    fn dot(a, b)
        ex "dot([[1, 2], [3, 4]], [[1, 2], [3, 4]])" => "[[ 7 10]\n [15 22]]";
        ex "dot([1, 2], [3, 4])" => "11";
        fails "dot([1, 2], [1, 2, 3])" => "shape";
        fails "dot(\"a\", [1])" => "type";
    = |machine, args| {
        let (a, b) = (args.number(0)?, args.number(1)?);
        contract::dot(&mut machine.host.cx, a, b).map(Value::Array)
    };

    /// The product of matrices, which is `a @ b`.
    /// Matrices lie in the last two axes; the others broadcast. A vector counts as a row on the left and as a column on
    /// the right.
    fn matmul(a, b)
        ex "matmul([[1, 2], [3, 4]], [1, 1])" => "[3 7]";
        fails "matmul([[1, 2]], [[1, 2]])" => "shape";
        fails "matmul(2, [1])" => "shape";
    = |machine, args| {
        let (a, b) = (args.number(0)?, args.number(1)?);
        contract::matmul(&mut machine.host.cx, a, b).map(Value::Array)
    };

    /// The sum of products over the last axis of both.
    fn inner(a, b)
        ex "inner([1, 2, 3], [0, 1, 0])" => "2";
        ex "inner([[1, 2], [3, 4]], [1, 1])" => "[3 7]";
        fails "inner([1, 2], [1, 2, 3])" => "shape";
    = |machine, args| {
        let (a, b) = (args.number(0)?, args.number(1)?);
        let cx = &mut machine.host.cx;
        if b.ndim() < 2 {
            return contract::dot(cx, a, b).map(Value::Array);
        }
        let last = b.ndim() as i64 - 1;
        let turned = ops::swapaxes(cx, b, last, last - 1)?;
        contract::dot(cx, a, turned).map(Value::Array)
    };

    /// Sums of products in index notation.
    /// Every operand has a letter for each axis, behind `->` stand those of the result; a letter that is not there is
    /// summed over. One that an operand has twice runs along its diagonal. `...` stands for further axes, which
    /// broadcast. Without `->` the result has the letters that occur once, in alphabetical order. Instead of letters,
    /// integers may stand behind every operand, and behind the last those of the result.
    fn einsum(subscripts, *operands)
        ex "einsum(\"ij,jk->ik\", [[1, 2], [3, 4]], [[5, 6], [7, 8]])" => "[[19 22]\n [43 50]]";
        ex "einsum(\"ii\", [[1, 2], [3, 4]])" => "5";
        ex "einsum(\"...j->...\", [[1, 2], [3, 4]])" => "[3 7]";
        ex "einsum([[1, 2], [3, 4]], [0, 1], [1, 0])" => "[[1 3]\n [2 4]]";
        fails "einsum(\"ij,jk\", [[1, 2]])" => "value";
        fails "einsum(\"ij\", [1, 2])" => "value";
        fails "einsum(\"i,i\", [1, 2], [1, 2, 3])" => "shape";
        fails "einsum(\"i->j\", [1, 2])" => "value";
        fails "einsum([1, 2], [99])" => "value";
    = |machine, args| {
        if !matches!(args.get(0), Value::Str(_)) {
            let (notation, operands) = by_numbers(args)?;
            return einsum::einsum(&mut machine.host.cx, &notation, operands).map(Value::Array);
        }
        let operands = args.rest(1);
        let wrong = || args.wrong(1, "numbers");
        let operands = operands.iter().map(|operand| operand.as_array().ok_or_else(wrong)).collect::<Result<_>>()?;
        einsum::einsum(&mut machine.host.cx, args.text(0)?, operands).map(Value::Array)
    };

    /// The sum of products over some axes of both: the last `axes` of a with the first of b, or those that a pair names.
    /// The other axes of a stand before those of b.
    fn tensordot(a, b, axes = 2)
        ex "tensordot(ones((3, 4, 5)), ones((4, 5, 2))).shape" => "(3, 2)";
        ex "tensordot([[1, 2], [3, 4]], [10, 100], axes=(0, 0))" => "[310 420]";
        ex "tensordot([[1, 2], [3, 4]], [[1, 0], [0, 1]], axes=[[0, 1], [0, 1]])" => "5";
        fails "tensordot([1, 2], [1, 2, 3], axes=1)" => "shape";
        fails "tensordot([1, 2], [1, 2], axes=3)" => "value";
    = |machine, args| {
        let (a, b) = (args.number(0)?, args.number(1)?);
        let [left, right] = match args.get(2) {
            pair @ (Value::Tuple(_) | Value::Array(Array::Tensor(_))) => match machine.items(pair)?.as_slice() {
                [left, right] => [ints(left), ints(right)].map(|axes| axes.ok_or_else(|| args.wrong(2, AXES))),
                _ => return Err(args.wrong(2, AXES)),
            },
            _ => {
                let count = args.int(2)?;
                let most = a.ndim().min(b.ndim());
                if !usize::try_from(count).is_ok_and(|count| count <= most) {
                    let (a, b) = (a.type_name(), b.type_name());
                    return Err(Error::value(format!("`tensordot` over {count} axes of {a} and {b}")));
                }
                let first = a.ndim() as i64 - count;
                [(first..first + count).collect(), (0..count).collect()].map(Ok)
            }
        };
        einsum::tensordot(&mut machine.host.cx, a, b, [&left?, &right?]).map(Value::Array)
    };

    /// Every element of a times every element of b: a matrix, whatever their shapes.
    fn outer(a, b)
        ex "outer([1, 2], [1, 10, 100])" => "[[  1  10 100]\n [  2  20 200]]";
        fails "outer([1], \"a\")" => "type";
    = |machine, args| {
        let (a, b) = (args.number(0)?, args.number(1)?);
        let cx = &mut machine.host.cx;
        let column = ops::reshape(cx, a, &[-1, 1])?;
        let row = ops::ravel(cx, b)?;
        ops::apply2(cx, &ops::MUL, column, row).map(Value::Array)
    };
}
