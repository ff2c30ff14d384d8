//! Systems of linear equations, and determinants, by LU with partial pivoting.

use super::scale::{Exponents, Product, in_range};
use super::{Made, Real, Stack, with_real};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Shape, Tensor};
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::lu::partial_pivoting::factor::{lu_in_place, lu_in_place_scratch};
use faer::linalg::lu::partial_pivoting::solve::{solve_in_place, solve_in_place_scratch};
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::perm::PermRef;
use faer::{Mat, MatRef, Par};
use std::f64::consts::LN_2;

/// The factors of one square matrix after the other, with memory for all of them: matrices may be many and small.
struct Lu<T> {
    /// `U`, and below its diagonal `L`, whose diagonal is one.
    factors: Mat<T>,
    /// Which row of the matrix each row of the factors was, and back.
    order: [Vec<usize>; 2],
    exchanges: usize,
    /// The rows and columns were divided by these powers of two.
    exponents: Option<Exponents>,
    memory: MemBuffer,
}

impl<T: Real> Lu<T> {
    /// For matrices of so many rows, and as many right sides.
    fn new(rows: usize, right_sides: usize) -> Lu<T> {
        let needs = StackReq::any_of(&[
            lu_in_place_scratch::<usize, T>(rows, rows, Par::Seq, Default::default()),
            solve_in_place_scratch::<usize, T>(rows, right_sides, Par::Seq),
        ]);
        let order = [vec![0; rows], vec![0; rows]];
        Lu { factors: Mat::zeros(rows, rows), order, exchanges: 0, exponents: None, memory: MemBuffer::new(needs) }
    }

    fn factor(&mut self, matrix: Mat<T>) {
        self.factors = matrix;
        self.exponents = Exponents::taken_from(&mut self.factors, in_range::<T>());
        let [forward, backward] = &mut self.order;
        let stack = MemStack::new(&mut self.memory);
        let (found, _) = lu_in_place(self.factors.as_mut(), forward, backward, Par::Seq, stack, Default::default());
        self.exchanges = found.transposition_count;
    }

    /// The diagonal of `U`. What stands behind a zero was divided by it.
    fn pivots(&self) -> impl Iterator<Item = T> {
        self.factors.diagonal().column_vector().iter().copied()
    }

    /// 1, or -1 where the rows were exchanged an odd number of times.
    fn sign(&self) -> T {
        if self.exchanges.is_multiple_of(2) { T::one() } else { -T::one() }
    }

    fn determinant(&self) -> Product {
        let mut product = Product::ONE.times(self.sign().widened());
        for pivot in self.pivots() {
            product = product.times(pivot.widened());
            if pivot == T::zero() {
                break;
            }
        }
        product.shifted(self.exponents.as_ref().map_or(0, Exponents::sum))
    }

    fn solve(&mut self, x: &mut Mat<T>) {
        if let Some(exponents) = &self.exponents {
            exponents.divide_right_sides(x);
        }
        let (factors, [forward, backward]) = (self.factors.as_ref(), &self.order);
        let order = PermRef::new_checked(forward, backward, forward.len());
        solve_in_place(factors, factors, order, x.as_mut(), Par::Seq, MemStack::new(&mut self.memory));
        if let Some(exponents) = &self.exponents {
            exponents.divide_solutions(x);
        }
    }
}

/// `x` with `a x = b`, for stacks of one length.
pub fn solve(cx: &Context, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    with_real!(a, T => solve_of::<T>(cx, a, b))
}

fn solve_of<T: Real>(cx: &Context, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let (left, right) = (Stack::<T>::of(cx, a, 5)?, Stack::<T>::of(cx, b, 2)?);
    let mut found = Made::new(Shape::from_slice(b.shape()));
    let mut lu = Lu::new(left.rows, right.columns);
    let mut factored = None;
    for number in left.numbers([&found.shape]) {
        cx.check()?;
        // one matrix stretched along the stack is factored once
        let start = Some(left.start(number));
        if factored != start {
            lu.factor(left.matrix(number));
            factored = start;
        }
        if lu.pivots().any(|pivot| pivot == T::zero()) {
            return Err(left
                .refused(number, "is singular")
                .help("`linalg.lstsq(a, b)` and `linalg.pinv(a)` take singular matrices, too"));
        }
        let mut x = right.matrix(number);
        lu.solve(&mut x);
        found.push(x.as_ref());
    }
    Ok(found.finish())
}

/// The determinant.
pub fn det(cx: &Context, a: &Tensor) -> Result<Tensor> {
    with_real!(a, T => det_of::<T>(cx, a))
}

fn det_of<T: Real>(cx: &Context, a: &Tensor) -> Result<Tensor> {
    let stack = Stack::<T>::of(cx, a, 4)?;
    let mut found = Made::new(stack.shape(&[]));
    let mut lu = Lu::new(stack.rows, 0);
    for number in stack.numbers([&found.shape]) {
        cx.check()?;
        lu.factor(stack.matrix(number));
        found.values.push(T::rounded(lu.determinant().value()));
    }
    Ok(found.finish())
}

/// The determinant of one matrix.
pub(super) fn determinant<T: Real>(matrix: MatRef<'_, T>) -> Product {
    let mut lu = Lu::new(matrix.nrows(), 0);
    lu.factor(matrix.to_owned());
    lu.determinant()
}

/// The sign of the determinant, and the logarithm of its magnitude.
pub fn slogdet(cx: &Context, a: &Tensor) -> Result<[Tensor; 2]> {
    with_real!(a, T => slogdet_of::<T>(cx, a))
}

fn slogdet_of<T: Real>(cx: &Context, a: &Tensor) -> Result<[Tensor; 2]> {
    let stack = Stack::<T>::of(cx, a, 4)?;
    let (mut signs, mut logs) = (Made::new(stack.shape(&[])), Made::new(stack.shape(&[])));
    let mut lu = Lu::new(stack.rows, 0);
    for number in stack.numbers([&signs.shape]) {
        cx.check()?;
        lu.factor(stack.matrix(number));
        let (mut sign, mut log) = (lu.sign(), T::zero());
        for pivot in lu.pivots() {
            log += if pivot < T::zero() { -pivot } else { pivot }.ln();
            if pivot < T::zero() {
                sign = -sign;
            } else if pivot == T::zero() {
                sign = T::zero();
                break;
            }
        }
        if let Some(exponents) = &lu.exponents {
            log += T::rounded(exponents.sum() as f64 * LN_2);
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
    for number in left.numbers([&found.shape]) {
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
