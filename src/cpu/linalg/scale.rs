//! Powers of two that keep numbers within the range of floats. They change exponents: what stays
//! within the range must not be rounded.

use super::Real;
use faer::Mat;
use std::ops::Range;

/// The matrix, divided by a power of two if its squares would overflow or vanish; and that number.
pub(super) fn scaled<T: Real>(matrix: Mat<T>) -> (Mat<T>, T) {
    let largest = matrix.norm_max();
    let low = T::sqrt_min_positive_impl() / T::epsilon_impl();
    let high = T::sqrt_max_positive_impl() * T::epsilon_impl();
    if largest == T::zero() || low <= largest && largest <= high {
        return (matrix, T::one());
    }
    let unit = T::rounded(exponent(largest.widened()).map_or(1.0, |exponent| f64::from(exponent).exp2()));
    (Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[(i, j)] / unit), unit)
}

/// What is added to the exponent in the bits of a float.
const BIAS: i32 = 1023;

/// The `e` with `2^e <= |x| < 2^(e + 1)`; none of zero, infinities and nan.
pub(super) fn exponent(x: f64) -> Option<i32> {
    let biased = |x: f64| (x.to_bits() >> 52 & 0x7ff) as i32;
    match biased(x) {
        0 if x == 0.0 => None,
        // of subnormal numbers
        0 => Some(biased(x * 64f64.exp2()) - BIAS - 64),
        0x7ff => None,
        found => Some(found - BIAS),
    }
}

/// `x * 2^exponent`, also where that power is no float.
pub(super) fn shifted(x: f64, exponent: i64) -> f64 {
    let power = |exponent: i64| f64::from_bits(((exponent + i64::from(BIAS)) as u64) << 52);
    if (-1022..=1023).contains(&exponent) {
        return x * power(exponent);
    }
    // beyond these all is zero or infinite
    let exponent = exponent.clamp(-2200, 2200);
    let third = exponent / 3;
    x * power(third) * power(third) * power(exponent - 2 * third)
}

/// The exponents of numbers that are far from the ends of the range of floats.
pub(super) fn in_range<T: Real>() -> Range<i32> {
    let most = most::<T>() - digits::<T>();
    -most..most
}

/// The exponents of numbers whose squares are so.
pub(super) fn squares_in_range<T: Real>() -> Range<i32> {
    let most = most::<T>() / 2 - digits::<T>();
    -most..most
}

fn most<T: Real>() -> i32 {
    exponent(T::max_positive_impl().widened()).unwrap_or(0)
}

fn digits<T: Real>() -> i32 {
    -exponent(T::epsilon_impl().widened()).unwrap_or(0)
}

/// A product in the making, whose parts may overflow or vanish where the whole does not: `mantissa * 2^exponent`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product {
    mantissa: f64,
    exponent: i64,
}

impl Product {
    pub const ONE: Product = Product { mantissa: 1.0, exponent: 0 };

    pub fn times(self, x: f64) -> Product {
        let (found, own) = (exponent(x).unwrap_or(0), self.exponent);
        let product = self.mantissa * shifted(x, -i64::from(found));
        let carry = exponent(product).unwrap_or(0);
        Product { mantissa: shifted(product, -i64::from(carry)), exponent: own + i64::from(found) + i64::from(carry) }
    }

    pub fn with(self, other: Product) -> Product {
        self.times(other.mantissa).shifted(other.exponent)
    }

    pub fn shifted(self, exponent: i64) -> Product {
        Product { exponent: self.exponent + exponent, ..self }
    }

    pub fn value(self) -> f64 {
        shifted(self.mantissa, self.exponent)
    }
}

/// Powers of two by which rows and columns of a matrix were divided, so that pivots have reciprocals and sums of few
/// elements do not overflow. Rows and columns in the middle of the range stay as they are.
pub(super) struct Exponents {
    rows: Vec<i32>,
    columns: Vec<i32>,
}

impl Exponents {
    /// Divides the matrix; none if all exponents are in `range`.
    pub fn taken_from<T: Real>(matrix: &mut Mat<T>, range: Range<i32>) -> Option<Exponents> {
        let is_safe = |x: &T| *x == T::zero() || exponent(x.widened()).is_none_or(|found| range.contains(&found));
        if matrix.col_iter().all(|column| column.iter().all(is_safe)) {
            return None;
        }
        let far = |largest: T| exponent(largest.widened()).filter(|found| !range.contains(found)).unwrap_or(0);
        let rows: Vec<i32> = matrix.row_iter().map(|row| far(row.norm_max())).collect();
        divide_rows(matrix, &rows);
        let columns: Vec<i32> = matrix.col_iter().map(|column| far(column.norm_max())).collect();
        divide_columns(matrix, &columns);
        Some(Exponents { rows, columns })
    }

    /// Divides another matrix in the same way.
    pub fn divide<T: Real>(&self, matrix: &mut Mat<T>) {
        divide_rows(matrix, &self.rows);
        divide_columns(matrix, &self.columns);
    }

    /// The exponent of what the determinant was divided by.
    pub fn sum(&self) -> i64 {
        self.rows.iter().chain(&self.columns).map(|&exponent| i64::from(exponent)).sum()
    }

    /// Of the adjugate of the divided matrix that of the matrix.
    pub fn divide_adjugate<T: Real>(&self, adjugate: &Mat<T>) -> Mat<T> {
        let sum = self.sum();
        Mat::from_fn(adjugate.nrows(), adjugate.ncols(), |i, j| {
            let exponent = sum - i64::from(self.columns[i]) - i64::from(self.rows[j]);
            T::rounded(shifted(adjugate[(i, j)].widened(), exponent))
        })
    }

    /// Right sides of the matrix as those of the divided one.
    pub fn divide_right_sides<T: Real>(&self, b: &mut Mat<T>) {
        divide_rows(b, &self.rows);
    }

    /// Solutions for the divided matrix as those for the matrix.
    pub fn divide_solutions<T: Real>(&self, x: &mut Mat<T>) {
        divide_rows(x, &self.columns);
    }
}

fn divide_rows<T: Real>(matrix: &mut Mat<T>, exponents: &[i32]) {
    for column in matrix.col_iter_mut() {
        for (x, &exponent) in column.iter_mut().zip(exponents) {
            *x = T::rounded(shifted(x.widened(), -i64::from(exponent)));
        }
    }
}

fn divide_columns<T: Real>(matrix: &mut Mat<T>, exponents: &[i32]) {
    for (column, &exponent) in matrix.col_iter_mut().zip(exponents) {
        column.iter_mut().for_each(|x| *x = T::rounded(shifted(x.widened(), -i64::from(exponent))));
    }
}
