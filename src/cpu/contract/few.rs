//! Products of very small matrices, and of any number of very short rows, for which every call and every copy would
//! cost more than the arithmetic.

use super::matrix::{Factor, Matrix};
use crate::cpu::versioned::versioned;

/// Is a product of this shape computed here? Long sums are not: each is made of terms one after the other.
#[inline]
pub fn suits(rows: usize, inner: usize, columns: usize) -> bool {
    let all = rows.saturating_mul(inner).saturating_mul(columns);
    inner <= 32 && all <= 512 || inner <= 8 && (2..=8).contains(&columns)
}

versioned! {
    /// `out = a b`
    pub fn product[T: Factor]<T>(a: Matrix<T>, b: Matrix<T>, out: &mut [T]) {
        if b.column_step == 1 {
            match b.columns {
                1 => return rows_of::<T, 1>(a, b, out),
                2 => return rows_of::<T, 2>(a, b, out),
                3 => return rows_of::<T, 3>(a, b, out),
                4 => return rows_of::<T, 4>(a, b, out),
                5 => return rows_of::<T, 5>(a, b, out),
                6 => return rows_of::<T, 6>(a, b, out),
                7 => return rows_of::<T, 7>(a, b, out),
                8 => return rows_of::<T, 8>(a, b, out),
                _ => {}
            }
        }
        for (i, out) in out.chunks_exact_mut(b.columns).enumerate() {
            out.fill(T::default());
            for k in 0..a.columns {
                let factor = a.at(i, k);
                match b.row(k) {
                    Some(row) => {
                        for (out, &x) in out.iter_mut().zip(row) {
                            *out = T::add_product(*out, factor, x);
                        }
                    }
                    None => {
                        for (j, out) in out.iter_mut().enumerate() {
                            *out = T::add_product(*out, factor, b.at(k, j));
                        }
                    }
                }
            }
        }
    }
}

/// `b` has `N` columns that lie next to each other.
#[inline(always)]
fn rows_of<T: Factor, const N: usize>(a: Matrix<T>, b: Matrix<T>, out: &mut [T]) {
    for (i, out) in out.as_chunks_mut::<N>().0.iter_mut().enumerate() {
        let mut sums = [T::default(); N];
        for k in 0..a.columns {
            let factor = a.at(i, k);
            if let Some(row) = b.row(k).and_then(|row| row.first_chunk::<N>()) {
                for n in 0..N {
                    sums[n] = T::add_product(sums[n], factor, row[n]);
                }
            }
        }
        *out = sums;
    }
}
