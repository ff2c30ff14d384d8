//! Functions of real numbers.

use super::Args;
use super::declare::builtins;
use super::elementwise::{binary, each_owned, unary};
use crate::diagnostics::Result;
use crate::interp::{Machine, Value};
use crate::ops;
use crate::tensor::Array;
use std::f64::consts::PI;

fn scaled(machine: &mut Machine, args: &mut Args, factor: f64) -> Result<Value> {
    each_owned(machine, args, &mut |machine, x| ops::apply2(&mut machine.host.cx, &ops::MUL, x, Array::Float(factor)))
}

builtins! {
    elements Waiting;

    /// The exponential e ** x, element by element.
    /// Integers and truth values go to `f64` first.
    fn exp(x)
        ex "exp([0, 1])" => "[1.         2.71828183]";
        ex "exp((a=0.0, b=(1.0, \"text\")))" => "(a=1.0, b=(2.718281828459045, 'text'))";
        fails "exp(\"a\")" => "type";
    = |machine, args| unary(machine, args, &ops::EXP);

    /// exp(x) - 1, exact for small x too.
    /// Integers and truth values go to `f64` first.
    fn expm1(x)
        ex "expm1(1e-10)" => "1.00000000005e-10";
    = |machine, args| unary(machine, args, &ops::EXPM1);

    /// 2 ** x of real numbers.
    /// Integers and truth values go to `f64` first.
    fn exp2(x)
        ex "exp2([2, 3])" => "[4. 8.]";
    = |machine, args| unary(machine, args, &ops::EXP2);

    /// The natural logarithm.
    /// -inf at 0, nan below. Integers and truth values go to `f64` first.
    fn log(x)
        ex "log([1, e, e ** 2, 0])" => "[  0.   1.   2. -inf]";
        fails "log(\"10\")" => "type";
    = |machine, args| unary(machine, args, &ops::LOG);

    /// log(1 + x), exact for small x too.
    /// Integers and truth values go to `f64` first.
    fn log1p(x)
        ex "log1p([0, 1])" => "[0.         0.69314718]";
    = |machine, args| unary(machine, args, &ops::LOG1P);

    /// The logarithm to base 2.
    /// Integers and truth values go to `f64` first.
    fn log2(x)
        ex "log2([1, 8])" => "[0. 3.]";
    = |machine, args| unary(machine, args, &ops::LOG2);

    /// The logarithm to base 10.
    /// Integers and truth values go to `f64` first.
    fn log10(x)
        ex "log10([1, 1000])" => "[0. 3.]";
    = |machine, args| unary(machine, args, &ops::LOG10);

    /// The square root.
    /// nan below 0. Integers and truth values go to `f64` first.
    fn sqrt(x)
        ex "sqrt([1, 4, 9])" => "[1. 2. 3.]";
        ex "sqrt(-1)" => "nan";
        fails "sqrt(\"4\")" => "type";
    = |machine, args| unary(machine, args, &ops::SQRT);

    /// The cube root.
    /// Integers and truth values go to `f64` first.
    fn cbrt(x)
        ex "cbrt([8, -27])" => "[ 2. -3.]";
    = |machine, args| unary(machine, args, &ops::CBRT);

    /// The sine of an angle in radians.
    /// Integers and truth values go to `f64` first.
    fn sin(x)
        ex "sin(pi / 2)" => "1.0";
        fails "sin(\"0\")" => "type";
    = |machine, args| unary(machine, args, &ops::SIN);

    /// The cosine of an angle in radians.
    /// Integers and truth values go to `f64` first.
    fn cos(x)
        ex "cos([0, pi])" => "[ 1. -1.]";
    = |machine, args| unary(machine, args, &ops::COS);

    /// The tangent of an angle in radians.
    /// Integers and truth values go to `f64` first.
    fn tan(x)
        ex "tan(0)" => "0.0";
    = |machine, args| unary(machine, args, &ops::TAN);

    /// The angle, from -pi/2 to pi/2, whose sine is x; nan outside -1 to 1.
    /// Integers and truth values go to `f64` first.
    fn asin(x)
        also arcsin;
        ex "asin(1)" => "1.5707963267948966";
    = |machine, args| unary(machine, args, &ops::ASIN);

    /// The angle, from 0 to pi, whose cosine is x; nan outside -1 to 1.
    /// Integers and truth values go to `f64` first.
    fn acos(x)
        also arccos;
        ex "acos([1, -1])" => "[0.         3.14159265]";
    = |machine, args| unary(machine, args, &ops::ACOS);

    /// The angle, from -pi/2 to pi/2, whose tangent is x.
    /// Integers and truth values go to `f64` first.
    fn atan(x)
        also arctan;
        ex "atan([0, 1])" => "[0.         0.78539816]";
    = |machine, args| unary(machine, args, &ops::ATAN);

    /// The angle, from -pi to pi, of the point with abscissa x and ordinate y.
    /// Integers and truth values go to `f64` first.
    fn atan2(y, x)
        also arctan2;
        ex "atan2([1, -1], [0, 0]) * 180 / pi" => "[ 90. -90.]";
        fails "atan2([1, 2], [1, 2, 3])" => "shape";
    = |machine, args| binary(machine, args, &ops::ATAN2);

    /// sqrt(x ** 2 + y ** 2) without overflow on the way.
    /// Integers and truth values go to `f64` first. At the origin its derivatives are 0.
    fn hypot(x, y)
        ex "hypot(3, [4, 0])" => "[5. 3.]";
        fails "hypot(1)" => "type";
    = |machine, args| binary(machine, args, &ops::HYPOT);

    /// log(exp(x) + exp(y)) without overflow on the way.
    /// Integers and truth values go to `f64` first.
    fn logaddexp(x, y)
        ex "logaddexp(1000, 1000)" => "1000.6931471805599";
        ex "logaddexp(-inf, [1, 2])" => "[1. 2.]";
    = |machine, args| binary(machine, args, &ops::LOGADDEXP);

    /// The magnitude of x with the sign of y, which -0.0 has, too.
    /// Integers and truth values go to `f64` first.
    fn copysign(x, y)
        ex "copysign([1, 2], -0.0)" => "[-1. -2.]";
    = |machine, args| binary(machine, args, &ops::COPYSIGN);

    /// The next number that the dtype has from x towards y.
    /// Integers and truth values go to `f64` first.
    fn nextafter(x, y)
        ex "nextafter(1.0, 2.0) - 1" => "2.220446049250313e-16";
        ex "nextafter(0, [1, -1])" => "[ 5.e-324 -5.e-324]";
    = |machine, args| binary(machine, args, &ops::NEXTAFTER);

    /// The hyperbolic sine.
    /// Integers and truth values go to `f64` first.
    fn sinh(x)
        ex "sinh(0)" => "0.0";
    = |machine, args| unary(machine, args, &ops::SINH);

    /// The hyperbolic cosine.
    /// Integers and truth values go to `f64` first.
    fn cosh(x)
        ex "cosh(0)" => "1.0";
    = |machine, args| unary(machine, args, &ops::COSH);

    /// The hyperbolic tangent.
    /// Integers and truth values go to `f64` first.
    fn tanh(x)
        ex "tanh([-inf, 0, inf])" => "[-1.  0.  1.]";
    = |machine, args| unary(machine, args, &ops::TANH);

    /// The inverse of the hyperbolic sine.
    /// Integers and truth values go to `f64` first.
    fn asinh(x)
        also arcsinh;
        ex "asinh(0)" => "0.0";
    = |machine, args| unary(machine, args, &ops::ASINH);

    /// The inverse of the hyperbolic cosine; nan below 1.
    /// Integers and truth values go to `f64` first.
    fn acosh(x)
        also arccosh;
        ex "acosh(1)" => "0.0";
    = |machine, args| unary(machine, args, &ops::ACOSH);

    /// The inverse of the hyperbolic tangent; nan outside -1 to 1.
    /// Integers and truth values go to `f64` first.
    fn atanh(x)
        also arctanh;
        ex "atanh([0, -0.5])" => "[ 0.         -0.54930614]";
    = |machine, args| unary(machine, args, &ops::ATANH);

    /// 1 / x.
    /// Integers and truth values go to `f64` first.
    fn reciprocal(x)
        ex "reciprocal([1, 2])" => "[1.  0.5]";
    = |machine, args| unary(machine, args, &ops::RECIPROCAL);

    /// The logistic function 1 / (1 + exp(-x)).
    /// Integers and truth values go to `f64` first.
    fn sigmoid(x)
        ex "sigmoid([-inf, 0, inf])" => "[0.  0.5 1. ]";
    = |machine, args| unary(machine, args, &ops::SIGMOID);

    /// The error function.
    /// Integers and truth values go to `f64` first.
    fn erf(x)
        ex "erf([-inf, 0, inf])" => "[-1.  0.  1.]";
    = |machine, args| unary(machine, args, &ops::ERF);

    /// x where it is positive, else 0; the dtype is kept.
    /// nan stays nan. At 0 its derivative is 0.
    fn relu(x)
        ex "relu([-1.5, 0, 2])" => "[0. 0. 2.]";
        fails "relu(\"a\")" => "type";
    = |machine, args| unary(machine, args, &ops::RELU);

    /// Degrees as radians: x * pi / 180.
    fn deg2rad(x)
        also radians;
        ex "deg2rad(180)" => "3.141592653589793";
    = |machine, args| scaled(machine, args, PI / 180.0);

    /// Radians as degrees: x * 180 / pi.
    fn rad2deg(x)
        also degrees;
        ex "rad2deg(pi)" => "180.0";
    = |machine, args| scaled(machine, args, 180.0 / PI);
}
