//! Eigenvalues and singular values, which are found by iteration.

use super::balance::Balance;
use super::scale::{Exponents, Product, scaled, squares_in_range};
use super::system::determinant;
use super::{Made, Real, Stack, with_real};
use crate::context::Context;
use crate::diagnostics::{Error, Result};
use crate::tensor::Tensor;
use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, EvdParams, evd_real, evd_scratch};
use faer::linalg::solvers::{SelfAdjointEigen, Svd};
use faer::{Auto, Mat, Par, Side};

/// What of a spectrum is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spectrum {
    /// The vectors, too, and not only the values.
    pub vectors: bool,
    /// All vectors that a basis of the whole space has, and not only those that belong to a value.
    pub full: bool,
}

impl<T: Real> Stack<'_, T> {
    /// A matrix of finite numbers, scaled.
    fn scaled(&self, number: usize, matrix: Mat<T>) -> Result<(Mat<T>, T)> {
        self.finite(number, matrix).map(scaled)
    }

    /// The error of an iteration that finds no end.
    #[cold]
    fn unfound(&self, number: usize, what: &str) -> Error {
        self.refused(number, &format!("has {what} that were not found: the iteration does not converge"))
    }
}

/// Of symmetric matrices, whose lower triangle is read: eigenvalues in ascending order, and orthonormal eigenvectors in
/// the columns of a matrix.
pub fn eigh(cx: &Context, a: &Tensor, vectors: bool) -> Result<Vec<Tensor>> {
    with_real!(a, T => eigh_of::<T>(cx, a, vectors))
}

fn eigh_of<T: Real>(cx: &Context, a: &Tensor, vectors: bool) -> Result<Vec<Tensor>> {
    let stack = Stack::<T>::of(cx, a, 6)?;
    let side = stack.rows;
    let mut values = Made::new(stack.shape(&[side]));
    let mut columns = Made::new(stack.shape(&[side, if vectors { side } else { 0 }]));
    for number in stack.numbers([&values.shape]) {
        cx.check()?;
        let mut matrix = stack.matrix(number);
        // what stands above the diagonal does not count, even if it is nan
        for column in 0..side {
            for row in 0..column {
                matrix[(row, column)] = matrix[(column, row)];
            }
        }
        let (matrix, unit) = stack.scaled(number, matrix)?;
        let unfound = |_| stack.unfound(number, "eigenvalues");
        if vectors {
            let found = SelfAdjointEigen::new(matrix.as_ref(), Side::Lower).map_err(unfound)?;
            values.values.extend(found.S().column_vector().iter().map(|&value| value * unit));
            columns.push(found.U());
        } else {
            let found = matrix.self_adjoint_eigenvalues(Side::Lower).map_err(unfound)?;
            values.values.extend(found.into_iter().map(|value| value * unit));
        }
    }
    Ok(if vectors { vec![values.finish(), columns.finish()] } else { vec![values.finish()] })
}

/// Singular values in descending order; with the vectors `u`, the values and `vh` with `u * s @ vh = a`.
pub fn svd(cx: &Context, a: &Tensor, Spectrum { vectors, full }: Spectrum) -> Result<Vec<Tensor>> {
    with_real!(a, T => svd_of::<T>(cx, a, vectors, full))
}

fn svd_of<T: Real>(cx: &Context, a: &Tensor, vectors: bool, full: bool) -> Result<Vec<Tensor>> {
    let stack = Stack::<T>::of(cx, a, if full { 8 } else { 6 })?;
    let (rows, columns) = (stack.rows, stack.columns);
    let inner = rows.min(columns);
    let (left, right) = if full { (rows, columns) } else { (inner, inner) };
    let mut values = Made::new(stack.shape(&[inner]));
    if !vectors {
        for number in stack.numbers([&values.shape]) {
            cx.check()?;
            let (matrix, unit) = stack.scaled(number, stack.matrix(number))?;
            let found = matrix.singular_values().map_err(|_| stack.unfound(number, "singular values"))?;
            values.values.extend(found.into_iter().map(|value| value * unit));
        }
        return Ok(vec![values.finish()]);
    }
    let mut u = Made::new(stack.shape(&[rows, left]));
    let mut vh = Made::new(stack.shape(&[right, columns]));
    for number in stack.numbers([&u.shape, &values.shape, &vh.shape]) {
        cx.check()?;
        if inner == 0 {
            u.push(Mat::identity(rows, left).as_ref());
            vh.push(Mat::identity(right, columns).as_ref());
            continue;
        }
        let (matrix, unit) = stack.scaled(number, stack.matrix(number))?;
        let found = if full { Svd::new(matrix.as_ref()) } else { Svd::new_thin(matrix.as_ref()) };
        let found = found.map_err(|_| stack.unfound(number, "singular values"))?;
        u.push(found.U());
        values.values.extend(found.S().column_vector().iter().map(|&value| value * unit));
        vh.push(found.V().transpose());
    }
    Ok(vec![u.finish(), values.finish(), vh.finish()])
}

/// The adjugate, which is the determinant times the inverse and is there for singular matrices, too: with
/// `a = u diag(s) v^T` it is `det(u) det(v) v diag(p) u^T`, where each of `p` is the product of all other `s`.
pub fn adjugate(cx: &Context, a: &Tensor) -> Result<Tensor> {
    with_real!(a, T => adjugate_of::<T>(cx, a, |_, parts| parts.adjugate()))
}

/// How the adjugate moves when the matrix moves by `e`, which is linear in `e`: with `p = u^T e v` it is
/// `det(u) det(v) v m u^T`, where `m` is `-p_ij g_ij` off the diagonal, the sum of all `p_jj g_ij` on it, and `g_ij` is
/// the product of all singular values but the two. Nothing is divided, so singular matrices are like others. It is the
/// derivative of `det(a) a^-1`, written in the singular values.
pub fn adjugate_slope(cx: &Context, a: &Tensor, e: &Tensor) -> Result<Tensor> {
    with_real!(a, T => {
        let moves = Stack::<T>::of(cx, e, 3)?;
        adjugate_of::<T>(cx, a, |number, parts| parts.adjugate_slope(moves.matrix(number)))
    })
}

/// A matrix in its singular values, with what products of these need.
struct Parts<T> {
    left: Mat<T>,
    values: Vec<f64>,
    right: Mat<T>,
    /// For each value the product of those behind it.
    after: Vec<Product>,
    /// The product of the determinants of both sides.
    sign: Product,
    /// By which the matrix was divided.
    exponents: Option<Exponents>,
}

impl<T: Real> Parts<T> {
    /// Of the diagonal matrix of the values.
    fn adjugate(&self) -> Mat<T> {
        let side = self.values.len();
        let mut found = Mat::zeros(side, side);
        let mut before = self.sign;
        for i in 0..side {
            found[(i, i)] = T::rounded(before.with(self.after[i]).value());
            before = before.times(self.values[i]);
        }
        found
    }

    fn adjugate_slope(&self, mut moved: Mat<T>) -> Mat<T> {
        if let Some(exponents) = &self.exponents {
            exponents.divide(&mut moved);
        }
        let p = self.left.transpose() * moved * &self.right;
        let side = self.values.len();
        let mut found = Mat::<T>::zeros(side, side);
        let mut before = self.sign;
        for i in 0..side {
            let mut product = before;
            for j in i + 1..side {
                let others = T::rounded(product.with(self.after[j]).value());
                found[(i, j)] = -p[(i, j)] * others;
                found[(j, i)] = -p[(j, i)] * others;
                found[(i, i)] += p[(j, j)] * others;
                found[(j, j)] += p[(i, i)] * others;
                product = product.times(self.values[j]);
            }
            before = before.times(self.values[i]);
        }
        found
    }
}

/// `v m u^T` of every matrix, where `middle` gives `m` for its number and parts; nan where elements are not finite.
fn adjugate_of<T: Real>(cx: &Context, a: &Tensor, middle: impl Fn(usize, &Parts<T>) -> Mat<T>) -> Result<Tensor> {
    let stack = Stack::<T>::of(cx, a, 9)?;
    let side = stack.rows;
    let mut found = Made::new(stack.shape(&[side, side]));
    for number in stack.numbers([&found.shape]) {
        cx.check()?;
        let Ok(mut matrix) = stack.finite_matrix(number) else {
            found.push(Mat::full(side, side, T::rounded(f64::NAN)).as_ref());
            continue;
        };
        let exponents = Exponents::taken_from(&mut matrix, squares_in_range::<T>());
        let svd = Svd::new(matrix.as_ref()).map_err(|_| stack.unfound(number, "singular values"))?;
        let values: Vec<f64> = svd.S().column_vector().iter().map(|value| value.widened()).collect();
        let mut after = vec![Product::ONE; side];
        for i in (1..side).rev() {
            after[i - 1] = after[i].times(values[i]);
        }
        let sign = determinant(svd.U()).with(determinant(svd.V()));
        let (left, right) = (svd.U().to_owned(), svd.V().to_owned());
        let parts = Parts { left, values, right, after, sign, exponents };
        let adjugate = &parts.right * middle(number, &parts) * parts.left.transpose();
        let adjugate = match &parts.exponents {
            Some(exponents) => exponents.divide_adjugate(&adjugate),
            None => adjugate,
        };
        found.push(adjugate.as_ref());
    }
    Ok(found.finish())
}

/// The pseudo-inverse `v diag(1 / s) u^T`, where singular values up to the cutoff of the matrix, times the largest,
/// count as zero.
pub fn pinv(cx: &Context, a: &Tensor, cutoffs: &Tensor) -> Result<Tensor> {
    with_real!(a, T => pinv_of::<T>(cx, a, cutoffs))
}

fn pinv_of<T: Real>(cx: &Context, a: &Tensor, cutoffs: &Tensor) -> Result<Tensor> {
    let stack = Stack::<T>::of(cx, a, 8)?;
    let cutoffs = cutoffs.walk::<T>().ok_or_else(crate::cpu::mistyped)?;
    let mut found = Made::new(stack.shape(&[stack.columns, stack.rows]));
    for (number, cutoff) in stack.numbers([&found.shape]).zip(cutoffs) {
        cx.check()?;
        let (matrix, unit) = stack.scaled(number, stack.matrix(number))?;
        let parts = Svd::new_thin(matrix.as_ref()).map_err(|_| stack.unfound(number, "singular values"))?;
        let values = parts.S().column_vector();
        let mut scaled = parts.V().to_owned();
        for (i, &value) in values.iter().enumerate() {
            let factor = if value > values[0] * cutoff { T::one() / value / unit } else { T::zero() };
            scaled.col_mut(i).iter_mut().for_each(|x| *x *= factor);
        }
        found.push((scaled * parts.U().transpose()).as_ref());
    }
    Ok(found.finish())
}

/// Eigenvalues of any square matrices, and eigenvectors of length one in the columns of a matrix. Complex ones are an
/// error. On the way to vectors of length one are much longer ones, for which `f32` has no room: all is done in `f64`.
pub fn eig(cx: &Context, a: &Tensor, vectors: bool) -> Result<Vec<Tensor>> {
    with_real!(a, T => eig_of::<T>(cx, a, vectors))
}

fn eig_of<T: Real>(cx: &Context, a: &Tensor, vectors: bool) -> Result<Vec<Tensor>> {
    let stack = Stack::<T>::of(cx, a, 20)?;
    let side = stack.rows;
    let mut params = <EvdParams as Auto<f64>>::auto();
    params.schur.recommended_deflation_window = deflation_window;
    let wanted = if vectors { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
    let scratch = evd_scratch::<f64>(side, ComputeEigenvectors::No, wanted, Par::Seq, params.into());
    let mut memory = MemBuffer::new(scratch);
    let mut values = Made::new(stack.shape(&[side]));
    let mut columns = Made::new(stack.shape(&[side, if vectors { side } else { 0 }]));
    for number in stack.numbers([&values.shape]) {
        cx.check()?;
        let matrix = stack.finite_matrix(number)?;
        let mut matrix = Mat::from_fn(side, side, |i, j| matrix[(i, j)].widened());
        let balance = Balance::taken_from(&mut matrix);
        let (matrix, unit) = scaled(matrix);
        let (mut real, mut imaginary) = (Diag::zeros(side), Diag::zeros(side));
        let mut found = Mat::zeros(side, side);
        evd_real(
            matrix.as_ref(),
            real.as_mut(),
            imaginary.as_mut(),
            None,
            vectors.then(|| found.as_mut()),
            Par::Seq,
            MemStack::new(&mut memory),
            params.into(),
        )
        .map_err(|_| stack.unfound(number, "eigenvalues"))?;
        if imaginary.column_vector().iter().any(|&part| part != 0.0) {
            return Err(stack
                .refused(number, "has complex eigenvalues, and there are no complex numbers yet")
                .help("`linalg.eigh(a)` is for symmetric matrices, whose eigenvalues are real"));
        }
        values.values.extend(real.column_vector().iter().map(|&value| T::rounded(value * unit)));
        if !vectors {
            continue;
        }
        let found = balance.vectors(&found);
        let lengths: Vec<f64> = found.col_iter().map(|column| column.norm_l2()).collect();
        if lengths.iter().any(|length| !length.is_finite()) {
            return Err(stack.refused(number, "has eigenvectors that were not found: numbers on the way overflow"));
        }
        columns.push(Mat::from_fn(side, side, |i, j| T::rounded(found[(i, j)] / lengths[j])).as_ref());
    }
    Ok(if vectors { vec![values.finish(), columns.finish()] } else { vec![values.finish()] })
}

/// Rows and columns that are searched for eigenvalues at once: the numbers of LAPACK's `iparmq`. Without its feature
/// `std` the crate has others between 150 and 590, with which it takes three times as long.
extern "C" fn deflation_window(side: usize, _: usize) -> usize {
    match side {
        0..30 => 2,
        30..60 => 4,
        60..150 => 10,
        150..590 => (side as f64 / (side as f64).log2()) as usize,
        590..3000 => 96,
        3000..6000 => 192,
        _ => 384,
    }
}
