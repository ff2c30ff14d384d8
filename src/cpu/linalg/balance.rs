//! Balancing, which makes eigenvalues of badly scaled matrices accurate and leaves those of triangular ones exact.
//!
//! B. N. Parlett and C. Reinsch, "Balancing a matrix for calculation of eigenvalues and eigenvectors" (1969), as in
//! LAPACK's `gebal` and `gebak`. Rows and columns are exchanged and scaled by powers of two: what stays within the
//! range of floats must not be rounded.

use super::scale::{exponent, shifted};
use faer::Mat;

/// What was done to a matrix `a`: with the permutation `p` of `order` and `d = diag(2^exponents)` the balanced matrix is
/// `d^-1 p^T a p d`.
pub(super) struct Balance {
    /// Which row and column of the matrix each one is now.
    order: Vec<usize>,
    exponents: Vec<i32>,
}

/// With exponents up to this, squares of scaled vectors do not overflow.
const LARGEST: i32 = 500;

/// With exponents up to this, elements do not overflow.
const MOST: i32 = 1000;

impl Balance {
    pub fn taken_from(a: &mut Mat<f64>) -> Balance {
        let side = a.nrows();
        let mut found = Balance { order: (0..side).collect(), exponents: vec![0; side] };
        let (mut low, mut high) = (0, side);
        // a row with nothing beside the diagonal has its eigenvalue there: it goes to the end
        while let Some(row) = (0..high).rev().find(|&i| (0..high).all(|j| i == j || a[(i, j)] == 0.0)) {
            high -= 1;
            found.exchange(a, row, high);
        }
        // such a column goes to the front
        while let Some(column) = (low..high).find(|&j| (low..high).all(|i| i == j || a[(i, j)] == 0.0)) {
            found.exchange(a, column, low);
            low += 1;
        }
        found.scale(a, low, high);
        found
    }

    fn exchange(&mut self, a: &mut Mat<f64>, i: usize, j: usize) {
        self.order.swap(i, j);
        for k in 0..a.nrows() {
            (a[(i, k)], a[(j, k)]) = (a[(j, k)], a[(i, k)]);
        }
        for k in 0..a.nrows() {
            (a[(k, i)], a[(k, j)]) = (a[(k, j)], a[(k, i)]);
        }
    }

    /// Makes the norms of each row and its column about equal, beside the diagonal.
    fn scale(&mut self, a: &mut Mat<f64>, low: usize, high: usize) {
        let side = a.nrows();
        let mut goes_on = true;
        while goes_on {
            goes_on = false;
            for i in low..high {
                let beside = || (low..high).filter(|&j| j != i);
                let column: f64 = beside().map(|j| a[(j, i)].abs()).sum();
                let row: f64 = beside().map(|j| a[(i, j)].abs()).sum();
                let (Some(in_column), Some(in_row)) = (exponent(column), exponent(row)) else { continue };
                // the whole row and column, of which some is beside the part that is balanced, stay within the range
                let room = |largest: f64| (MOST - exponent(largest).unwrap_or(MOST)).max(0);
                let most = room(a.col(i).norm_max()).min(LARGEST - self.exponents[i]);
                let least = -room(a.row(i).norm_max()).min(LARGEST + self.exponents[i]);
                let by = ((in_row - in_column) / 2).clamp(least, most);
                let after = shifted(column, by.into()) + shifted(row, (-by).into());
                // each step makes the sum of all norms smaller by a share of it: there is an end
                if by == 0 || after >= 0.95 * (column + row) {
                    continue;
                }
                goes_on = true;
                self.exponents[i] += by;
                // the element on the diagonal stays
                for k in (0..side).filter(|&k| k != i) {
                    a[(k, i)] = shifted(a[(k, i)], by.into());
                    a[(i, k)] = shifted(a[(i, k)], (-by).into());
                }
            }
        }
    }

    /// The eigenvectors of the matrix, of those of the balanced one, each times a number of no matter.
    pub fn vectors(&self, balanced: &Mat<f64>) -> Mat<f64> {
        let mut found = Mat::zeros(balanced.nrows(), balanced.ncols());
        for j in 0..balanced.ncols() {
            let largest = balanced.col(j).norm_max();
            for (i, (&row, &exponent)) in self.order.iter().zip(&self.exponents).enumerate() {
                found[(row, j)] = shifted(balanced[(i, j)] / largest, exponent.into());
            }
        }
        found
    }
}
