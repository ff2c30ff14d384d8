//! Factors of matrices that are found in a fixed number of steps: Cholesky and QR.

use super::scale::scaled;
use super::{Made, Real, Stack, with_real};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::Tensor;
use faer::linalg::solvers::{Llt, Qr};
use faer::{Mat, Side};

/// Lower triangular `L` with `L L^T = a`; only the lower triangle of `a` is read.
pub fn cholesky(cx: &Context, a: &Tensor) -> Result<Tensor> {
    with_real!(a, T => cholesky_of::<T>(cx, a))
}

fn cholesky_of<T: Real>(cx: &Context, a: &Tensor) -> Result<Tensor> {
    let stack = Stack::<T>::of(cx, a, 3)?;
    let mut found = Made::new(stack.shape(&[stack.rows, stack.rows]));
    for number in stack.numbers([&found.shape]) {
        cx.check()?;
        let refused = || stack.refused(number, "is not positive definite");
        let factor = Llt::new(stack.matrix(number).as_ref(), Side::Lower).map_err(|_| refused())?;
        // a pivot that is nan is no error to the crate
        if factor.L().diagonal().column_vector().iter().any(|x| !x.is_finite()) {
            return Err(refused());
        }
        found.push(factor.L());
    }
    Ok(found.finish())
}

/// `q` with orthonormal columns and upper triangular `r` with `q r = a`. `complete` makes `q` square. Of a matrix with
/// elements that are nan or infinite both are nan.
pub fn qr(cx: &Context, a: &Tensor, complete: bool) -> Result<[Tensor; 2]> {
    with_real!(a, T => qr_of::<T>(cx, a, complete))
}

fn qr_of<T: Real>(cx: &Context, a: &Tensor, complete: bool) -> Result<[Tensor; 2]> {
    let stack = Stack::<T>::of(cx, a, 7)?;
    let (rows, columns) = (stack.rows, stack.columns);
    let inner = if complete { rows } else { rows.min(columns) };
    let mut q = Made::new(stack.shape(&[rows, inner]));
    let mut r = Made::new(stack.shape(&[inner, columns]));
    for number in stack.numbers([&q.shape, &r.shape]) {
        cx.check()?;
        let Ok(matrix) = stack.finite_matrix(number) else {
            q.push(Mat::full(rows, inner, T::NAN).as_ref());
            r.push(Mat::from_fn(inner, columns, |i, j| if i > j { T::zero() } else { T::NAN }).as_ref());
            continue;
        };
        let (matrix, unit) = scaled(matrix);
        let factors = Qr::new(matrix.as_ref());
        q.push(if complete { factors.compute_Q() } else { factors.compute_thin_Q() }.as_ref());
        let upper = factors.thin_R();
        r.push(Mat::from_fn(upper.nrows(), columns, |i, j| upper[(i, j)] * unit).as_ref());
        r.push(Mat::zeros(inner - upper.nrows(), columns).as_ref());
    }
    Ok([q.finish(), r.finish()])
}
