//! Operations on the matrices in the last two axes: systems of equations, determinants and decompositions.
//!
//! All of them take stacks of matrices, so a batch is one more axis in front. Their elements are `f32` or `f64`: the
//! functions here make floats of other numbers first. Tangents are made of products and of systems with known
//! matrices, both of which are linear and can be carried back; so all derivatives nest.
//! Formulas: M. Giles, "An extended collection of matrix derivative results for forward and reverse mode algorithmic
//! differentiation" (2008); M. Seeger et al., "Auto-differentiating linear algebra" (2017); others where they stand.

mod determinant;
mod factor;
mod pinv;
mod spectral;
mod system;

pub use crate::cpu::linalg::Spectrum;
pub use determinant::{det, slogdet};
pub use factor::{cholesky, qr};
pub use pinv::pinv;
pub use spectral::{eig, eigh, svd};
pub use system::{inv, solve};

use super::contract::matmul;
use super::index::{self, Index};
use super::reduce::{SUM, floats, reduce};
use super::{
    ADD, Abstract, DIV, Entry, GE, MUL, NEG, Op, Outputs, SUB, apply_all, apply1, apply2, create, expand_dims, select,
    swapaxes,
};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Result};
use crate::tensor::{Array, DType};
use smallvec::SmallVec;

pub(super) static TABLE: &[&Entry] = &[
    &system::SOLVE,
    &system::TRIANGULAR_SOLVE,
    &determinant::DET,
    &determinant::SLOGDET,
    &determinant::ADJUGATE,
    determinant::ADJUGATE_SLOPE.entry,
    &factor::CHOLESKY,
    &factor::QR,
    &spectral::EIGH,
    &spectral::EIG,
    &spectral::SVD,
    &pinv::PINV,
];

/// One triangle of a matrix, its diagonal included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triangle {
    Lower,
    Upper,
}

impl Triangle {
    fn transposed(self) -> Triangle {
        match self {
            Triangle::Lower => Triangle::Upper,
            Triangle::Upper => Triangle::Lower,
        }
    }
}

type Tangents = Result<SmallVec<[Option<Array>; 1]>>;
type Cotangents = Result<SmallVec<[Option<Array>; 2]>>;

/// The axes ahead of the matrices, and the lengths of a matrix; an error where there are no two axes.
fn matrices<'a>(name: &str, x: &'a Abstract) -> Result<(&'a [usize], [usize; 2])> {
    match x.shape.as_slice() {
        [batch @ .., rows, columns] => Ok((batch, [*rows, *columns])),
        _ => Err(Error::shape(format!("`{name}` takes matrices, this is {}", x.type_name()))
            .operand(0, x.type_name())
            .help("matrices lie in the last two axes: `reshape(x, (1, -1))` makes one of a vector")),
    }
}

/// The same of square matrices; `help` tells what to do with others.
fn square<'a>(name: &str, x: &'a Abstract, help: &str) -> Result<(&'a [usize], usize)> {
    let (batch, [rows, columns]) = matrices(name, x)?;
    if rows == columns {
        return Ok((batch, rows));
    }
    Err(Error::shape(format!("`{name}` takes square matrices, this is {}", x.type_name()))
        .operand(0, x.type_name())
        .help(help.to_string()))
}

/// The advice for functions that have no counterpart for other matrices.
const SQUARE: &str = "the last two axes must have one length";

/// The one input of an operation, in floats.
fn one_float(x: &[Abstract]) -> Result<&Abstract> {
    match x {
        [x] if x.dtype.is_float() => Ok(x),
        _ => Err(cpu::mistyped()),
    }
}

/// The rows of a batch are one more axis of the stack.
fn stacked(cx: &mut Context, op: &Op, inputs: &[Array], _: &[bool], _: usize) -> Result<Outputs> {
    apply_all(cx, op, &mut SmallVec::<[Array; 1]>::from(inputs))
}

/// The operation on one value that gives several.
fn many(cx: &mut Context, op: &Op, x: Array) -> Result<Outputs> {
    apply_all(cx, op, &mut [x])
}

fn add(cx: &mut Context, a: Array, b: Array) -> Result<Array> {
    apply2(cx, &ADD, a, b)
}

fn sub(cx: &mut Context, a: Array, b: Array) -> Result<Array> {
    apply2(cx, &SUB, a, b)
}

fn mul(cx: &mut Context, a: Array, b: Array) -> Result<Array> {
    apply2(cx, &MUL, a, b)
}

fn div(cx: &mut Context, a: Array, b: Array) -> Result<Array> {
    apply2(cx, &DIV, a, b)
}

fn negative(cx: &mut Context, a: Array) -> Result<Array> {
    apply1(cx, &NEG, a)
}

fn product(cx: &mut Context, a: &Array, b: &Array) -> Result<Array> {
    matmul(cx, a.clone(), b.clone())
}

fn transposed(cx: &mut Context, x: &Array) -> Result<Array> {
    swapaxes(cx, x.clone(), -1, -2)
}

/// The sum of all elements of each matrix.
fn total(cx: &mut Context, x: Array) -> Result<Array> {
    reduce(cx, &SUM, x, Some(&[-2, -1]), false)
}

/// A number for each matrix as a matrix of one element.
fn as_matrices(cx: &mut Context, x: Array) -> Result<Array> {
    expand_dims(cx, x, &[-2, -1])
}

/// A vector for each matrix as a row, and as a column.
fn as_row(cx: &mut Context, x: &Array) -> Result<Array> {
    expand_dims(cx, x.clone(), &[-2])
}

fn as_column(cx: &mut Context, x: &Array) -> Result<Array> {
    expand_dims(cx, x.clone(), &[-1])
}

/// The identity of so many rows, in the dtype of `like`.
fn identity(cx: &mut Context, side: usize, like: &Array) -> Result<Array> {
    create::eye(cx, side as i64, None, 0, like.dtype())
}

/// The diagonal of square matrices.
fn diagonal(cx: &mut Context, x: &Array) -> Result<Array> {
    let side = x.shape().last().copied().unwrap_or(0);
    let ones = identity(cx, side, x)?;
    let kept = mul(cx, x.clone(), ones)?;
    reduce(cx, &SUM, kept, Some(&[-1]), false)
}

/// One triangle of matrices, with zeros in the place of the rest. `strict` leaves the diagonal out, too.
fn triangle(cx: &mut Context, x: &Array, which: Triangle, strict: bool) -> Result<Array> {
    let [.., rows, columns] = *x.shape() else { return Err(cpu::mistyped()) };
    let numbers = |cx: &mut Context, count: usize| {
        create::arange(cx, [Array::Int(0), Array::Int(count as i64), Array::Int(1)], Some(DType::I64))
    };
    let row = numbers(cx, rows)?;
    let row = as_column(cx, &row)?;
    let column = numbers(cx, columns)?;
    let (larger, smaller) = match which {
        Triangle::Lower => (row, column),
        Triangle::Upper => (column, row),
    };
    let smaller = if strict { add(cx, smaller, Array::Int(1))? } else { smaller };
    let inside = apply2(cx, &GE, larger, smaller)?;
    select(cx, inside, x.clone(), Array::Float(0.0))
}

/// The symmetric matrices with the lower triangles of these; `name` is who asks.
pub fn mirrored(cx: &mut Context, name: &str, a: Array) -> Result<Array> {
    let a = floats(cx, name, a)?;
    square(name, &a.aval(), SQUARE)?;
    symmetric(cx, &a)
}

/// A symmetric matrix of which the lower triangle is read, or how it moves.
fn symmetric(cx: &mut Context, x: &Array) -> Result<Array> {
    let lower = triangle(cx, x, Triangle::Lower, false)?;
    let strict = triangle(cx, x, Triangle::Lower, true)?;
    let upper = transposed(cx, &strict)?;
    add(cx, lower, upper)
}

/// The first `count` columns of matrices, and of these the first `count` rows if `square`.
fn leading(cx: &mut Context, x: &Array, count: usize, square: bool) -> Result<Array> {
    let first = Index::Slice { start: None, stop: Some(count as i64), step: None };
    let all = Index::Slice { start: None, stop: None, step: None };
    index::get(cx, x, &[Index::Rest, if square { first.clone() } else { all }, first])
}
