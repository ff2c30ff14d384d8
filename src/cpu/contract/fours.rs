//! Products of matrices of integers, which wrap: rows in fours, whose sums stay in registers.
//!
//! Both sides are first brought into the order in which they are read, a stretch of the summed axis at a time: four
//! rows of the left side next to each other, a panel of columns of the right side that is one or two registers wide.

use super::matrix::{Block, Factor, Matrix};
use crate::cpu::versioned::versioned;

/// Elements of the summed axis that are dealt with at a time: a panel of them stays in the first cache.
const DEPTH: usize = 256;
/// Rows of the left side that are brought into order at a time: they stay in the second cache.
const HEIGHT: usize = 128;

versioned! {
    /// `out = a b`, panel after panel of `W` columns.
    pub fn product[T: Factor, const W: usize]<T, W>(a: Matrix<T>, b: Matrix<T>, out: Block<T>) {
        let mut out = out;
        let most = a.columns.min(DEPTH);
        let mut fours = vec![[T::default(); 4]; a.rows.min(HEIGHT).div_ceil(4) * most];
        let mut panel = vec![[T::default(); W]; most];
        for start in (0..a.columns).step_by(DEPTH) {
            let depth = most.min(a.columns - start);
            for top in (0..a.rows).step_by(HEIGHT) {
                let rows = HEIGHT.min(a.rows - top);
                gather_fours(&a.some_rows(top, rows).some_columns(start, depth), &mut fours);
                for column in (0..b.columns).step_by(W) {
                    let width = W.min(b.columns - column);
                    gather_panel(&b.some_rows(start, depth).some_columns(column, width), &mut panel);
                    for (four, row) in fours.chunks_exact(depth).zip((top..top + rows).step_by(4)) {
                        let sums = multiply(four, &panel[..depth]);
                        for (i, sums) in (row..top + rows).zip(&sums) {
                            let out = &mut out.row(i)[column..column + width];
                            if start == 0 {
                                out.copy_from_slice(&sums[..width]);
                            } else {
                                out.iter_mut().zip(sums).for_each(|(out, &sum)| *out = T::add(*out, sum));
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Four rows of the left side times a panel.
#[inline(always)]
fn multiply<T: Factor, const W: usize>(four: &[[T; 4]], panel: &[[T; W]]) -> [[T; W]; 4] {
    let [mut s0, mut s1, mut s2, mut s3] = [[T::default(); W]; 4];
    for (&[a0, a1, a2, a3], row) in four.iter().zip(panel) {
        add_scaled(&mut s0, a0, row);
        add_scaled(&mut s1, a1, row);
        add_scaled(&mut s2, a2, row);
        add_scaled(&mut s3, a3, row);
    }
    [s0, s1, s2, s3]
}

#[inline(always)]
fn add_scaled<T: Factor, const W: usize>(sums: &mut [T; W], factor: T, row: &[T; W]) {
    for n in 0..W {
        sums[n] = T::add_product(sums[n], factor, row[n]);
    }
}

/// Rows in fours, `a.columns` entries for each; rows beyond the last are zero.
#[inline(always)]
fn gather_fours<T: Factor>(a: &Matrix<T>, fours: &mut [[T; 4]]) {
    for (row, four) in (0..a.rows).step_by(4).zip(fours.chunks_exact_mut(a.columns)) {
        for n in 0..4 {
            match a.row((row + n).min(a.rows - 1)) {
                _ if row + n >= a.rows => four.iter_mut().for_each(|four| four[n] = T::default()),
                Some(values) => four.iter_mut().zip(values).for_each(|(four, &x)| four[n] = x),
                None => four.iter_mut().enumerate().for_each(|(k, four)| four[n] = a.at(row + n, k)),
            }
        }
    }
}

/// All columns of `b`; beyond them the panel holds anything.
#[inline(always)]
fn gather_panel<T: Factor, const W: usize>(b: &Matrix<T>, panel: &mut [[T; W]]) {
    for (k, row) in panel.iter_mut().enumerate().take(b.rows) {
        match b.row(k) {
            Some(values) => row[..b.columns].copy_from_slice(values),
            None => row.iter_mut().enumerate().take(b.columns).for_each(|(j, out)| *out = b.at(k, j)),
        }
    }
}
