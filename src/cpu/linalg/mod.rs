//! Decompositions of matrices, by the crate faer, on one thread: one matrix of a stack after the other.
//!
//! What a matrix needs of memory is checked before the first one, and the interrupt flag is looked at before each. No
//! element, be it nan or infinite, may make a decomposition hang or panic.

mod balance;
mod factor;
mod scale;
mod spectral;
mod system;

pub use factor::{cholesky, qr};
pub use spectral::{Spectrum, adjugate, adjugate_slope, eig, eigh, pinv, svd};
pub use system::{det, slogdet, solve, triangular_solve};

use crate::context::Context;
use crate::diagnostics::{Error, Result};
use crate::tensor::{Device, Element, Shape, Strides, Tensor, shape, type_name, walk};
use faer::traits::RealField;
use faer::{Mat, MatRef};
use std::ops::Range;

/// `f32` and `f64`.
pub trait Real: RealField + Element + Copy {
    const NAN: Self;
    fn ln(self) -> Self;
    fn is_finite(self) -> bool;
    fn widened(self) -> f64;
    fn rounded(value: f64) -> Self;
}

macro_rules! reals {
    ($($type:ty)+) => {$(
        impl Real for $type {
            const NAN: $type = <$type>::NAN;
            fn ln(self) -> $type {
                <$type>::ln(self)
            }
            fn is_finite(self) -> bool {
                <$type>::is_finite(self)
            }
            fn widened(self) -> f64 {
                self.into()
            }
            fn rounded(value: f64) -> $type {
                value as $type
            }
        }
    )+};
}

reals!(f32 f64);

/// Runs `$body` with `$real` being the type of the elements of a tensor.
macro_rules! with_real {
    ($tensor:expr, $real:ident => $body:expr) => {
        match $tensor.dtype() {
            $crate::tensor::DType::F32 => {
                type $real = f32;
                $body
            }
            $crate::tensor::DType::F64 => {
                type $real = f64;
                $body
            }
            _ => Err($crate::cpu::mistyped()),
        }
    };
}
use with_real;

/// The matrices in the last two axes of a tensor, wherever its elements lie.
struct Stack<'a, T> {
    values: &'a [T],
    offset: usize,
    /// The axes ahead of the matrices.
    batch: Shape,
    batch_strides: Strides,
    rows: usize,
    columns: usize,
    row_stride: isize,
    column_stride: isize,
}

impl<'a, T: Real> Stack<'a, T> {
    /// Checks that there is memory to work on one matrix, which takes so many times its elements.
    fn of(cx: &Context, tensor: &'a Tensor, copies: usize) -> Result<Stack<'a, T>> {
        let strides = tensor.strides();
        let (Some(values), [batch @ .., rows, columns], [batch_strides @ .., row_stride, column_stride]) =
            (T::of(tensor.data()), tensor.shape(), strides.as_slice())
        else {
            return Err(super::mistyped());
        };
        let elements = rows.max(columns).saturating_mul(rows.min(columns).saturating_mul(copies));
        cx.reserve(elements, size_of::<T>(), || {
            format!("the decomposition of a matrix {}", shape::text(&[*rows, *columns]))
        })?;
        Ok(Stack {
            values,
            offset: tensor.offset(),
            batch: Shape::from_slice(batch),
            batch_strides: Strides::from_slice(batch_strides),
            rows: *rows,
            columns: *columns,
            row_stride: *row_stride,
            column_stride: *column_stride,
        })
    }

    /// The numbers of the matrices; none if all that is made of them is empty, as stacks without elements may be long.
    fn numbers<const N: usize>(&self, made: [&[usize]; N]) -> Range<usize> {
        let is_empty = made.into_iter().all(|shape| shape.contains(&0));
        0..if is_empty { 0 } else { shape::size(&self.batch) }
    }

    /// Where the first element of a matrix lies: the same for two only if they are one.
    fn start(&self, number: usize) -> isize {
        let index = walk::coordinates(number, &self.batch);
        let steps: isize = index.iter().zip(&self.batch_strides).map(|(&i, &stride)| i as isize * stride).sum();
        self.offset as isize + steps
    }

    fn matrix(&self, number: usize) -> Mat<T> {
        let start = self.start(number);
        Mat::from_fn(self.rows, self.columns, |i, j| {
            self.values[(start + i as isize * self.row_stride + j as isize * self.column_stride) as usize]
        })
    }

    /// A matrix of numbers that are neither nan nor infinite.
    fn finite_matrix(&self, number: usize) -> Result<Mat<T>> {
        self.finite(number, self.matrix(number))
    }

    /// The matrix, unless some of its numbers are nan or infinite.
    fn finite(&self, number: usize, matrix: Mat<T>) -> Result<Mat<T>> {
        let is_finite = matrix.col_iter().all(|column| column.iter().all(|x| x.is_finite()));
        if is_finite { Ok(matrix) } else { Err(self.refused(number, "has elements that are nan or infinite")) }
    }

    /// The error of a matrix: what is wrong with it, and which it is.
    #[cold]
    fn refused(&self, number: usize, what: &str) -> Error {
        let which = match walk::coordinates(number, &self.batch).as_slice() {
            [] => "the matrix".to_string(),
            [only] => format!("matrix {only} of the stack"),
            several => format!("the matrix at {several:?} of the stack"),
        };
        let shape = self.shape(&[self.rows, self.columns]);
        Error::value(format!("{which} {what}")).operand(0, type_name(T::DTYPE, &shape, Device::Cpu))
    }

    /// The shape of a stack as large, of items of this shape.
    fn shape(&self, item: &[usize]) -> Shape {
        self.batch.iter().chain(item).copied().collect()
    }
}

/// A stack in the making, in row-major order.
struct Made<T> {
    values: Vec<T>,
    shape: Shape,
}

impl<T: Real> Made<T> {
    /// The memory of it has been checked.
    fn new(shape: Shape) -> Made<T> {
        Made { values: Vec::with_capacity(shape::size(&shape)), shape }
    }

    fn push(&mut self, matrix: MatRef<'_, T>) {
        // rows without elements may be many
        if matrix.ncols() == 0 {
            return;
        }
        for row in matrix.row_iter() {
            self.values.extend(row.iter().copied());
        }
    }

    fn finish(self) -> Tensor {
        Tensor::from_vec(self.values, &self.shape)
    }
}
