//! Systems of linear equations, and determinants, by LU with partial pivoting.

use super::{Made, Real, Stack, with_real};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Shape, Tensor};
use faer::linalg::solvers::{PartialPivLu, Solve};
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{Mat, MatRef, Par};

/// `x` with `a x = b`, for stacks of one length.
pub fn solve(cx: &Context, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    with_real!(a, T => solve_of::<T>(cx, a, b))
}

fn solve_of<T: Real>(cx: &Context, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (left, right) = (Stack::<T>::of(cx, a, 5)?, Stack::<T>::of(cx, b, 2)?);
    let mut found = Made::new(Shape::from_slice(b.shape()));
    let mut factors: Option<(isize, PartialPivLu<T>)> = None;
    for number in 0..left.len() {
        cx.check()?;
        // one matrix stretched along the stack is factored once
        let start = left.start(number);
        let lu = match factors.take().filter(|(known, _)| *known == start) {
            Some((_, lu)) => lu,
            None => PartialPivLu::new(left.matrix(number).as_ref()),
        };
        if pivots(&lu).any(|pivot| pivot == T::zero()) {
            return Err(left
                .refused(number, "is singular")
                .help("`linalg.lstsq(a, b)` and `linalg.pinv(a)` take singular matrices, too"));
        }
        let mut x = right.matrix(number);
        lu.solve_in_place(&mut x);
        found.push(x.as_ref());
        factors = Some((start, lu));
    }
    Ok(found.finish())
}

fn pivots<T: Real>(lu: &PartialPivLu<T>) -> impl Iterator<Item = T> {
    lu.U().diagonal().column_vector().iter().copied()
}

/// 1, or -1 where the rows were exchanged an odd number of times.
fn sign_of_exchanges<T: Real>(lu: &PartialPivLu<T>) -> T {
    let (order, _) = lu.P().arrays();
    let mut seen = vec![false; order.len()];
    let mut sign = T::one();
    for first in 0..order.len() {
        // a cycle of n rows takes n - 1 exchanges
        let mut at = order[first];
        while !seen[first] && at != first {
            seen[at] = true;
            sign = -sign;
            at = order[at];
        }
    }
    sign
}

/// The determinant.
pub fn det(cx: &Context, a: &Tensor) -> Result<Tensor> {
    with_real!(a, T => det_of::<T>(cx, a))
}

fn det_of<T: Real>(cx: &Context, a: &Tensor) -> Result<Tensor> {
    let stack = Stack::<T>::of(cx, a, 4)?;
    let mut found = Made::new(stack.shape(&[]));
    for number in 0..stack.len() {
        cx.check()?;
        found.values.push(determinant(stack.matrix(number).as_ref()));
    }
    Ok(found.finish())
}

/// The determinant of one matrix.
pub(super) fn determinant<T: Real>(matrix: MatRef<'_, T>) -> T {
    let lu = PartialPivLu::new(matrix);
    let mut product = sign_of_exchanges(&lu);
    for pivot in pivots(&lu) {
        product *= pivot;
        // what stands behind a zero was divided by it
        if pivot == T::zero() {
            break;
        }
    }
    product
}

/// The sign of the determinant, and the logarithm of its magnitude.
pub fn slogdet(cx: &Context, a: &Tensor) -> Result<[Tensor; 2]> {
    with_real!(a, T => slogdet_of::<T>(cx, a))
}

fn slogdet_of<T: Real>(cx: &Context, a: &Tensor) -> Result<[Tensor; 2]> {
    let stack = Stack::<T>::of(cx, a, 4)?;
    let (mut signs, mut logs) = (Made::new(stack.shape(&[])), Made::new(stack.shape(&[])));
    for number in 0..stack.len() {
        cx.check()?;
        let lu = PartialPivLu::new(stack.matrix(number).as_ref());
        let (mut sign, mut log) = (sign_of_exchanges(&lu), T::zero());
        for pivot in pivots(&lu) {
            log += if pivot < T::zero() { -pivot } else { pivot }.ln();
            if pivot < T::zero() {
                sign = -sign;
            } else if pivot == T::zero() {
                sign = T::zero();
                break;
            }
        }
        signs.values.push(sign);
        logs.values.push(log);
    }
    Ok([signs.finish(), logs.finish()])
}

/// `x` with `t x = b`, where `t` is one triangle of `a`, the lower or the upper one; the other is not read. A zero on
/// the diagonal gives infinities and nan, as a division does.
pub fn triangular_solve(cx: &Context, a: &Tensor, b: &Tensor, lower: bool) -> Result<Tensor> {
    with_real!(a, T => triangular_solve_of::<T>(cx, a, b, lower))
}

fn triangular_solve_of<T: Real>(cx: &Context, a: &Tensor, b: &Tensor, lower: bool) -> Result<Tensor> {
    let (left, right) = (Stack::<T>::of(cx, a, 2)?, Stack::<T>::of(cx, b, 2)?);
    let mut found = Made::new(Shape::from_slice(b.shape()));
    for number in 0..left.len() {
        cx.check()?;
        let (triangle, mut x): (Mat<T>, Mat<T>) = (left.matrix(number), right.matrix(number));
        match lower {
            true => solve_lower_triangular_in_place(triangle.as_ref(), x.as_mut(), Par::Seq),
            false => solve_upper_triangular_in_place(triangle.as_ref(), x.as_mut(), Par::Seq),
        }
        found.push(x.as_ref());
    }
    Ok(found.finish())
}
