//! Products of a matrix and a vector: a dot product for each row, or a sum of scaled columns, whichever reads the
//! matrix as it lies in memory.
//!
//! Every sum is made in an order that depends on the shape alone, and rounded after each step, so that the results are
//! the same to the bit with every instruction set.

use super::matrix::{Factor, Matrix};
use crate::cpu::versioned::versioned;
use crate::isa::Isa;
use std::borrow::Cow;

/// So many scaled columns are added in one pass over the result.
const COLUMNS: usize = 8;
/// Elements of the result that are computed before the next ones, so that they stay in the first cache.
const STRIP: usize = 2048;

/// `out = a x`. `x` has one column.
pub fn product<T: Factor>(isa: Isa, a: Matrix<T>, x: Matrix<T>, out: &mut [T]) {
    let x = in_order(x.transposed());
    if by_columns(&a) {
        return scaled_columns(isa, a.transposed(), &x, out);
    }
    dots(isa, a, &x, out)
}

/// Is the product with this matrix a sum of its scaled columns?
pub fn by_columns<T>(a: &Matrix<T>) -> bool {
    a.rows > 1 && a.row_step == 1 && a.column_step != 1
}

/// The elements of a row. Copied are those of a matrix whose last row is a part by itself: vectors lie in order.
fn in_order<'a, T: Factor>(x: Matrix<'a, T>) -> Cow<'a, [T]> {
    match x.row(0) {
        Some(row) => Cow::Borrowed(row),
        None => Cow::Owned((0..x.columns).map(|k| x.at(0, k)).collect()),
    }
}

versioned! {
    fn dots[T: Factor]<T>(a: Matrix<T>, x: &[T], out: &mut [T]) {
        let short = (a.row_step == a.columns as isize && a.column_step == 1).then(|| a.values.get(a.start..)).flatten();
        if let Some(values) = short {
            match a.columns {
                1 => return short_rows::<T, 1>(values, x, out),
                2 => return short_rows::<T, 2>(values, x, out),
                3 => return short_rows::<T, 3>(values, x, out),
                4 => return short_rows::<T, 4>(values, x, out),
                5 => return short_rows::<T, 5>(values, x, out),
                6 => return short_rows::<T, 6>(values, x, out),
                7 => return short_rows::<T, 7>(values, x, out),
                8 => return short_rows::<T, 8>(values, x, out),
                _ => {}
            }
        }
        // four registers of the largest set full
        let (whole, _) = out.as_chunks_mut::<4>();
        let mut done = 0;
        for out in whole {
            let [Some(a0), Some(a1), Some(a2), Some(a3)] = std::array::from_fn(|n| a.row(done + n)) else { break };
            *out = match size_of::<T>() {
                8 => four_dots::<T, 8>([a0, a1, a2, a3], x),
                4 => four_dots::<T, 16>([a0, a1, a2, a3], x),
                _ => four_dots::<T, 64>([a0, a1, a2, a3], x),
            };
            done += 4;
        }
        let mut copy = Vec::new();
        for (i, out) in out.iter_mut().enumerate().skip(done) {
            let row = match a.row(i) {
                Some(row) => row,
                None => {
                    copy.clear();
                    copy.extend((0..a.columns).map(|k| a.at(i, k)));
                    &copy
                }
            };
            *out = match size_of::<T>() {
                8 => dot::<T, 8>(row, x),
                4 => dot::<T, 16>(row, x),
                _ => dot::<T, 64>(row, x),
            };
        }
    }

    /// `columns` has the columns as its rows, each of which lies in order.
    fn scaled_columns[T: Factor]<T>(columns: Matrix<T>, x: &[T], out: &mut [T]) {
        for (number, out) in out.chunks_mut(STRIP).enumerate() {
            let columns = columns.some_columns(number * STRIP, out.len());
            out.fill(T::default());
            let (eights, rest) = x.as_chunks::<COLUMNS>();
            for (number, factors) in eights.iter().enumerate() {
                add_columns(&columns, number * COLUMNS, factors, out);
            }
            for (number, &factor) in rest.iter().enumerate() {
                add_columns(&columns, eights.len() * COLUMNS + number, &[factor], out);
            }
        }
    }
}

#[inline(always)]
fn add_columns<T: Factor, const N: usize>(columns: &Matrix<T>, first: usize, factors: &[T; N], out: &mut [T]) {
    let len = out.len();
    let columns: [&[T]; N] = std::array::from_fn(|n| columns.row(first + n).unwrap_or_default());
    if columns.iter().any(|column| column.len() != len) {
        return;
    }
    for (j, out) in out.iter_mut().enumerate() {
        for n in 0..N {
            *out = T::add_product(*out, factors[n], columns[n][j]);
        }
    }
}

/// Rows of `N` elements, one behind the other.
#[inline(always)]
fn short_rows<T: Factor, const N: usize>(values: &[T], x: &[T], out: &mut [T]) {
    let Some(x) = x.first_chunk::<N>() else { return };
    for (out, row) in out.iter_mut().zip(values.as_chunks::<N>().0) {
        let mut sum = T::default();
        for n in 0..N {
            sum = T::add_product(sum, row[n], x[n]);
        }
        *out = sum;
    }
}

/// The dot products of four rows, each in `L` partial sums: memory brings several rows at once sooner than one.
#[inline(always)]
fn four_dots<T: Factor, const L: usize>([a0, a1, a2, a3]: [&[T]; 4], x: &[T]) -> [T; 4] {
    let [mut s0, mut s1, mut s2, mut s3] = [[T::default(); L]; 4];
    let ((a0, rest0), (a1, rest1)) = (a0.as_chunks::<L>(), a1.as_chunks::<L>());
    let ((a2, rest2), (a3, rest3)) = (a2.as_chunks::<L>(), a3.as_chunks::<L>());
    let (x, x_rest) = x.as_chunks::<L>();
    for ((((x, a0), a1), a2), a3) in x.iter().zip(a0).zip(a1).zip(a2).zip(a3) {
        add_products(&mut s0, a0, x);
        add_products(&mut s1, a1, x);
        add_products(&mut s2, a2, x);
        add_products(&mut s3, a3, x);
    }
    [total(s0, rest0, x_rest), total(s1, rest1, x_rest), total(s2, rest2, x_rest), total(s3, rest3, x_rest)]
}

/// The sum of partial sums and of the products that are left over.
#[inline(always)]
fn total<T: Factor, const L: usize>(mut sums: [T; L], a: &[T], b: &[T]) -> T {
    let ((left, left_rest), (right, right_rest)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    let mut more = [T::default(); 4];
    for (a, b) in left.iter().zip(right) {
        add_products(&mut more, a, b);
    }
    for ((sum, &a), &b) in sums.iter_mut().zip(left_rest).zip(right_rest) {
        *sum = T::add_product(*sum, a, b);
    }
    // halves are added until one number is left
    let mut half = L / 2;
    while half > 0 {
        for n in 0..half {
            sums[n] = T::add(sums[n], sums[n + half]);
        }
        half /= 2;
    }
    T::add(sums[0], T::add(T::add(more[0], more[2]), T::add(more[1], more[3])))
}

/// In `4 L` partial sums. Each `L` of them are a variable of their own, which the compiler keeps in registers.
#[inline(always)]
fn dot<T: Factor, const L: usize>(a: &[T], b: &[T]) -> T {
    let ((left, left_rest), (right, right_rest)) = (a.as_chunks::<L>(), b.as_chunks::<L>());
    let ((left, left_more), (right, right_more)) = (left.as_chunks::<4>(), right.as_chunks::<4>());
    let [mut s0, mut s1, mut s2, mut s3] = [[T::default(); L]; 4];
    for ([a0, a1, a2, a3], [b0, b1, b2, b3]) in left.iter().zip(right) {
        add_products(&mut s0, a0, b0);
        add_products(&mut s1, a1, b1);
        add_products(&mut s2, a2, b2);
        add_products(&mut s3, a3, b3);
    }
    for (a, b) in left_more.iter().zip(right_more) {
        add_products(&mut s0, a, b);
    }
    for n in 0..L {
        s0[n] = T::add(T::add(s0[n], s1[n]), T::add(s2[n], s3[n]));
    }
    total(s0, left_rest, right_rest)
}

#[inline(always)]
fn add_products<T: Factor, const L: usize>(sums: &mut [T; L], a: &[T; L], b: &[T; L]) {
    for n in 0..L {
        sums[n] = T::add_product(sums[n], a[n], b[n]);
    }
}
