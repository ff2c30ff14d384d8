//! Products of vectors and matrices.

use super::declare::builtins;
use crate::interp::Value;
use crate::ops;
use crate::ops::contract;

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
