//! Decompositions against what they must satisfy: products by loops give the matrices back, bases are orthonormal.
//!
//! Bounds are those of backward stable algorithms: a small multiple of the size times the precision, times the norms of
//! what is multiplied. They do not grow with the condition of a matrix.

use crate::sample::{Sample, numbers};
use nabla::context::Context;
use nabla::diagnostics::Kind;
use nabla::ops::linalg::{Spectrum, cholesky, det, eig, eigh, inv, pinv, qr, slogdet, solve, svd};
use nabla::tensor::{Array, DType, Tensor};

#[derive(Clone, Debug)]
struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    fn from_fn(rows: usize, columns: usize, element: impl Fn(usize, usize) -> f64) -> Matrix {
        let values = (0..rows * columns).map(|i| element(i / columns, i % columns)).collect();
        Matrix { rows, columns, values }
    }

    fn identity(side: usize) -> Matrix {
        Matrix::from_fn(side, side, |i, j| f64::from(u8::from(i == j)))
    }

    fn diagonal(rows: usize, columns: usize, values: &[f64]) -> Matrix {
        Matrix::from_fn(rows, columns, |i, j| if i == j { values[i] } else { 0.0 })
    }

    fn at(&self, i: usize, j: usize) -> f64 {
        self.values[i * self.columns + j]
    }

    fn transposed(&self) -> Matrix {
        Matrix::from_fn(self.columns, self.rows, |i, j| self.at(j, i))
    }

    fn times(&self, other: &Matrix) -> Matrix {
        assert_eq!(self.columns, other.rows);
        Matrix::from_fn(self.rows, other.columns, |i, j| {
            (0..self.columns).map(|k| self.at(i, k) * other.at(k, j)).sum()
        })
    }

    fn norm(&self) -> f64 {
        self.values.iter().map(|x| x * x).sum::<f64>().sqrt()
    }

    /// Is it this other matrix, but for `scale` times a small multiple of the precision?
    fn is_near(&self, other: &Matrix, scale: f64, dtype: DType) {
        assert_eq!((self.rows, self.columns), (other.rows, other.columns));
        let epsilon = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let bound = 20.0 * (self.rows.max(self.columns) as f64 + 1.0) * epsilon * scale;
        let distance = Matrix::from_fn(self.rows, self.columns, |i, j| self.at(i, j) - other.at(i, j)).norm();
        assert!(distance <= bound, "{distance} > {bound}:\n{self:?}\n{other:?}");
    }

    fn has_orthonormal_columns(&self, dtype: DType) {
        self.transposed().times(self).is_near(&Matrix::identity(self.columns), (self.columns as f64).sqrt(), dtype);
    }
}

/// The matrices of a stack.
fn matrices(stack: &Array) -> Vec<Matrix> {
    let [batch @ .., rows, columns] = stack.shape() else { panic!("no matrices: {}", stack.type_name()) };
    let (values, rows, columns) = (numbers(stack), *rows, *columns);
    let size = rows * columns;
    let part = |i: usize| values[i * size..(i + 1) * size].to_vec();
    (0..batch.iter().product()).map(|i| Matrix { rows, columns, values: part(i) }).collect()
}

/// The vectors of a stack.
fn vectors(stack: &Array) -> Vec<Vec<f64>> {
    let [batch @ .., size] = stack.shape() else { panic!("no vectors: {}", stack.type_name()) };
    let values = numbers(stack);
    (0..batch.iter().product()).map(|i| values[i * size..(i + 1) * size].to_vec()).collect()
}

/// Runs a test on stacks of many shapes, layouts and dtypes; `square` makes rows and columns as many.
fn on_stacks(seed: u64, square: bool, test: impl Fn(&mut Context, &mut Sample, DType, &Array)) {
    let mut sample = Sample::new(seed);
    let mut cx = Context::default();
    for case in 0..120 {
        let most = if case % 20 == 0 { 45 } else { 6 };
        let rows = sample.below(most);
        let columns = if square { rows } else { sample.below(most) };
        let mut shape: Vec<usize> = (0..sample.below(3)).map(|_| sample.below(4)).collect();
        shape.extend([rows, columns]);
        let dtype = [DType::F32, DType::F64][case % 2];
        let stack = sample.array(dtype, &shape);
        test(&mut cx, &mut sample, dtype, &stack);
    }
}

fn stack_of(matrices: &[Matrix], shape: &[usize], dtype: DType) -> Array {
    let values: Vec<f64> = matrices.iter().flat_map(|matrix| matrix.values.iter().copied()).collect();
    Array::from(match dtype {
        DType::F32 => Tensor::from_vec(values.iter().map(|&x| x as f32).collect::<Vec<f32>>(), shape),
        _ => Tensor::from_vec(values, shape),
    })
}

/// The symmetric matrices with these lower triangles; what is above them is nan.
fn lower_triangles(stack: &Array, dtype: DType) -> (Vec<Matrix>, Array) {
    let whole: Vec<Matrix> =
        matrices(stack).iter().map(|a| Matrix::from_fn(a.rows, a.rows, |i, j| a.at(i.max(j), i.min(j)))).collect();
    let half = |a: &Matrix| Matrix::from_fn(a.rows, a.rows, |i, j| if i >= j { a.at(i, j) } else { f64::NAN });
    let halves: Vec<Matrix> = whole.iter().map(half).collect();
    (whole, stack_of(&halves, stack.shape(), dtype))
}

#[test]
fn solutions_solve() {
    on_stacks(11, true, |cx, sample, dtype, a| {
        let mut shape = a.shape().to_vec();
        let last = shape.len() - 1;
        shape[last] = sample.below(4);
        let b = sample.array(dtype, &shape);
        let x = solve(cx, a.clone(), b.clone()).expect("no sample is singular");
        let inverse = inv(cx, a.clone()).expect("no sample is singular");
        assert_eq!((x.shape(), x.dtype(), inverse.dtype()), (b.shape(), dtype, dtype));
        for (((a, b), x), inverse) in matrices(a).iter().zip(matrices(&b)).zip(matrices(&x)).zip(matrices(&inverse)) {
            a.times(&x).is_near(&b, a.norm() * x.norm(), dtype);
            a.times(&inverse).is_near(&Matrix::identity(a.rows), a.norm() * inverse.norm(), dtype);
        }
    });
}

#[test]
fn a_stretched_matrix_solves_as_copies_do() {
    let mut sample = Sample::new(12);
    let mut cx = Context::default();
    for dtype in [DType::F32, DType::F64] {
        let (a, b) = (sample.array(dtype, &[5, 5]), sample.array(dtype, &[3, 5, 2]));
        let together = solve(&mut cx, a.clone(), b.clone()).expect("a solution");
        for (matrix, x) in matrices(&b).iter().zip(matrices(&together)) {
            let alone = solve(&mut cx, a.clone(), stack_of(std::slice::from_ref(matrix), &[5, 2], dtype));
            assert_eq!(numbers(&alone.expect("a solution")), x.values);
        }
        let v = sample.array(dtype, &[5]);
        let vectors = solve(&mut cx, sample.array(dtype, &[2, 1, 5, 5]), v).expect("solutions");
        assert_eq!(vectors.shape(), [2, 1, 5]);
    }
}

/// By expansion along the first row.
fn determinant(a: &Matrix) -> f64 {
    let minor =
        |column: usize| Matrix::from_fn(a.rows - 1, a.rows - 1, |i, j| a.at(i + 1, if j < column { j } else { j + 1 }));
    if a.rows == 0 {
        return 1.0;
    }
    let term = |j: usize| if j.is_multiple_of(2) { a.at(0, j) } else { -a.at(0, j) } * determinant(&minor(j));
    (0..a.rows).map(term).sum()
}

#[test]
fn determinants_are_those_of_expansion() {
    on_stacks(13, true, |cx, _, dtype, a| {
        if a.shape()[a.ndim() - 1] > 6 {
            return;
        }
        let found = numbers(&det(cx, a.clone()).expect("determinants"));
        let logs = slogdet(cx, a.clone()).expect("logarithms");
        let (signs, logs) = (numbers(&logs[0]), numbers(&logs[1]));
        for (i, a) in matrices(a).iter().enumerate() {
            // Hadamard's bound is the scale of errors
            let scale = a.values.chunks(a.rows.max(1)).map(|row| row.iter().map(|x| x * x).sum::<f64>().sqrt());
            let number = |value: f64| Matrix { rows: 1, columns: 1, values: vec![value] };
            number(found[i]).is_near(&number(determinant(a)), 10.0 * scale.product::<f64>(), dtype);
            let relative = number(signs[i] * (logs[i] - found[i].abs().ln()).exp());
            relative.is_near(&number(found[i].signum()), 10.0 * (1.0 + logs[i].abs()), dtype);
        }
    });
}

#[test]
fn cholesky_factors_multiply_to_the_matrix() {
    on_stacks(14, true, |cx, _, dtype, a| {
        let definite: Vec<Matrix> = matrices(a)
            .iter()
            .map(|a| {
                let square = a.times(&a.transposed());
                let shift = 0.1 * square.norm() + 1e-3;
                Matrix::from_fn(a.rows, a.rows, |i, j| square.at(i, j) + if i == j { shift } else { 0.0 })
            })
            .collect();
        let stack = stack_of(&definite, a.shape(), dtype);
        let (whole, halves) = lower_triangles(&stack, dtype);
        let lower = cholesky(cx, halves, false).expect("factors");
        let upper = cholesky(cx, stack, true).expect("factors");
        for ((a, lower), upper) in whole.iter().zip(matrices(&lower)).zip(matrices(&upper)) {
            lower.times(&lower.transposed()).is_near(a, a.norm(), dtype);
            upper.transposed().times(&upper).is_near(a, a.norm(), dtype);
            assert!((0..a.rows).all(|i| (i + 1..a.rows).all(|j| lower.at(i, j) == 0.0 && upper.at(j, i) == 0.0)));
        }
    });
}

#[test]
fn qr_factors_multiply_to_the_matrix() {
    on_stacks(15, false, |cx, _, dtype, a| {
        for complete in [false, true] {
            let found = qr(cx, a.clone(), complete).expect("factors");
            for ((a, q), r) in matrices(a).iter().zip(matrices(&found[0])).zip(matrices(&found[1])) {
                assert_eq!(q.columns, if complete { a.rows } else { a.rows.min(a.columns) });
                q.times(&r).is_near(a, a.norm(), dtype);
                q.has_orthonormal_columns(dtype);
                assert!((0..r.rows).all(|i| (0..i.min(r.columns)).all(|j| r.at(i, j) == 0.0)));
            }
        }
    });
}

#[test]
fn symmetric_matrices_are_turned_into_diagonals() {
    on_stacks(16, true, |cx, _, dtype, a| {
        let (whole, halves) = lower_triangles(a, dtype);
        let found = eigh(cx, halves.clone(), true, false).expect("eigenvalues");
        let alone = eigh(cx, halves, false, false).expect("eigenvalues");
        for (((a, w), v), alone) in
            whole.iter().zip(vectors(&found[0])).zip(matrices(&found[1])).zip(vectors(&alone[0]))
        {
            v.has_orthonormal_columns(dtype);
            assert!(w.is_sorted(), "{w:?}");
            let diagonal = Matrix::diagonal(a.rows, a.rows, &w);
            a.times(&v).is_near(&v.times(&diagonal), a.norm(), dtype);
            Matrix::diagonal(a.rows, a.rows, &alone).is_near(&diagonal, a.norm(), dtype);
        }
    });
}

#[test]
fn singular_values_and_vectors_multiply_to_the_matrix() {
    on_stacks(17, false, |cx, _, dtype, a| {
        let alone = svd(cx, a.clone(), Spectrum { vectors: false, full: false }).expect("values");
        for full in [false, true] {
            let found = svd(cx, a.clone(), Spectrum { vectors: true, full }).expect("values and vectors");
            let parts = matrices(&found[0]).into_iter().zip(vectors(&found[1])).zip(matrices(&found[2]));
            for ((a, ((u, s), vh)), alone) in matrices(a).iter().zip(parts).zip(vectors(&alone[0])) {
                u.has_orthonormal_columns(dtype);
                vh.transposed().has_orthonormal_columns(dtype);
                assert!(s.iter().all(|&s| s >= 0.0) && s.is_sorted_by(|a, b| a >= b), "{s:?}");
                let diagonal = Matrix::diagonal(u.columns, vh.rows, &s);
                u.times(&diagonal).times(&vh).is_near(a, a.norm(), dtype);
                Matrix::diagonal(u.columns, vh.rows, &alone).is_near(&diagonal, a.norm(), dtype);
            }
        }
    });
}

#[test]
fn eigenvectors_are_only_stretched() {
    on_stacks(18, true, |cx, _, dtype, a| {
        // triangular matrices have real eigenvalues
        let triangles: Vec<Matrix> = matrices(a)
            .iter()
            .map(|a| Matrix::from_fn(a.rows, a.rows, |i, j| if i > j { 0.0 } else { a.at(i, j) }))
            .collect();
        let stack = stack_of(&triangles, a.shape(), dtype);
        let found = eig(cx, stack, true).expect("eigenvalues");
        for ((a, w), v) in triangles.iter().zip(vectors(&found[0])).zip(matrices(&found[1])) {
            a.times(&v).is_near(&v.times(&Matrix::diagonal(a.rows, a.rows, &w)), a.norm() * v.norm(), dtype);
            let lengths: Vec<f64> =
                v.transposed().values.chunks(a.rows.max(1)).map(|v| v.iter().map(|x| x * x).sum::<f64>()).collect();
            assert!(lengths.iter().all(|length| (length - 1.0).abs() < 1e-5), "{lengths:?}");
        }
    });
}

/// A square matrix of these rows.
fn square(rows: &[&[f64]]) -> Array {
    let side = rows.len();
    stack_of(&[Matrix::from_fn(side, side, |i, j| rows[i][j])], &[side, side], DType::F64)
}

/// LAPACK's `gebal` finds the eigenvalues of a triangle, whatever the order of its rows, without an iteration.
#[test]
fn eigenvalues_of_triangles_are_exact() {
    let mut sample = Sample::new(22);
    let mut cx = Context::default();
    for case in 0..40 {
        let side = 1 + sample.below(24);
        let values = numbers(&sample.array(DType::F64, &[side, side]));
        let mut order: Vec<usize> = (0..side).collect();
        if case % 4 >= 2 {
            (1..side).for_each(|i| order.swap(i, sample.below(i + 1)));
        }
        let above = case % 2 == 0;
        let element = |i: usize, j: usize| match if above { order[i] <= order[j] } else { order[i] >= order[j] } {
            true if i == j && case % 5 == 0 => 1.0,
            true => values[i * side + j],
            false => 0.0,
        };
        let a = Matrix::from_fn(side, side, element);
        let mut found = numbers(
            &eig(&mut cx, stack_of(std::slice::from_ref(&a), &[side, side], DType::F64), false).expect("all")[0],
        );
        let mut wanted: Vec<f64> = (0..side).map(|i| a.at(i, i)).collect();
        found.sort_by(f64::total_cmp);
        wanted.sort_by(f64::total_cmp);
        assert_eq!(found, wanted);
    }
}

/// `d^-1 a d` has the eigenvalues of `a`, and with `d` of powers of two it is made without rounding.
#[test]
fn scales_of_rows_do_not_move_eigenvalues() {
    let mut sample = Sample::new(23);
    let mut cx = Context::default();
    for _ in 0..40 {
        let side = 2 + sample.below(6);
        let half = Matrix { rows: side, columns: side, values: numbers(&sample.array(DType::F64, &[side, side])) };
        let a = Matrix::from_fn(side, side, |i, j| half.at(i.max(j), i.min(j)));
        let powers: Vec<i32> = (0..side).map(|_| sample.below(200) as i32 - 100).collect();
        let unbalanced = Matrix::from_fn(side, side, |i, j| a.at(i, j) * 2f64.powi(powers[j] - powers[i]));
        let wanted = numbers(
            &eigh(&mut cx, stack_of(std::slice::from_ref(&a), &[side, side], DType::F64), false, false).expect("all")
                [0],
        );
        let found = eig(&mut cx, stack_of(&[unbalanced], &[side, side], DType::F64), true).expect("real ones");
        let (values, columns) = (numbers(&found[0]), &matrices(&found[1])[0]);
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        Matrix::diagonal(side, side, &sorted).is_near(&Matrix::diagonal(side, side, &wanted), a.norm(), DType::F64);
        // back in the scale of `a`
        let turned = Matrix::from_fn(side, side, |i, j| columns.at(i, j) * 2f64.powi(powers[i]));
        for (j, value) in values.iter().enumerate() {
            let vector = Matrix::from_fn(side, 1, |i, _| turned.at(i, j));
            let stretched = Matrix::from_fn(side, 1, |i, _| value * vector.at(i, 0));
            a.times(&vector).is_near(&stretched, a.norm() * vector.norm(), DType::F64);
        }
    }
}

#[test]
fn numbers_near_the_ends_of_the_range_are_worked_with() {
    let mut cx = Context::default();
    let near = |found: f64, wanted: f64| assert!((found / wanted - 1.0).abs() < 1e-13, "{found} {wanted}");
    let apart =
        square(&[&[1e200, 0.0, 0.0, 0.0], &[0.0, 1e200, 0.0, 0.0], &[0.0, 0.0, 1e-200, 0.0], &[0.0, 0.0, 0.0, 1e-200]]);
    near(numbers(&det(&mut cx, apart).expect("one"))[0], 1.0);
    let least = square(&[&[5e-324, 0.0], &[0.0, 1.0]]);
    assert_eq!(numbers(&det(&mut cx, least).expect("one")), [5e-324]);
    // a unit of subnormal numbers is 5e-324, so that these have 14 digits
    let small = square(&[&[1e-310, 2e-310], &[3e-310, 4e-310]]);
    let found = slogdet(&mut cx, small).expect("both");
    assert_eq!(numbers(&found[0]), [-1.0]);
    near(numbers(&found[1])[0], 2.0 * 1e-310f64.ln() + 2f64.ln());
    let a = square(&[&[2e-310, 1e-310], &[1e-310, 3e-310]]);
    let b = Array::from(Tensor::from_vec(vec![1e-310, 2e-310], &[2]));
    let x = numbers(&solve(&mut cx, a, b).expect("a solution"));
    near(x[0], 0.2);
    near(x[1], 0.6);
    for unit in [1e-310, 1e-200, 1e300] {
        let a = square(&[&[unit, unit], &[unit, 2.0 * unit]]);
        let found = qr(&mut cx, a, false).expect("factors");
        let r = numbers(&found[1]);
        near(r[0].abs(), 2f64.sqrt() * unit);
        near(r[3].abs(), 0.5f64.sqrt() * unit);
    }
}

#[test]
fn long_stacks_without_elements_take_no_time() {
    let mut cx = Context::default();
    let stretched = |cx: &mut Context, shape: &[usize]| {
        nabla::ops::broadcast_to(cx, Array::Float(1.0), shape).expect("an array without elements")
    };
    const MANY: usize = 3_000_000_000_000;
    let a = stretched(&mut cx, &[MANY, 0]);
    assert_eq!(qr(&mut cx, a.clone(), false).expect("factors")[0].shape(), [MANY, 0]);
    assert_eq!(pinv(&mut cx, a, None).expect("a pseudo-inverse").shape(), [0, MANY]);
    let stack = stretched(&mut cx, &[MANY, 0, 0]);
    assert_eq!(eig(&mut cx, stack.clone(), true).expect("none")[0].shape(), [MANY, 0]);
    assert_eq!(inv(&mut cx, stack).expect("none").shape(), [MANY, 0, 0]);
}

/// R. Penrose, "A generalized inverse for matrices" (1955): four equations that have one solution.
#[test]
fn pseudo_inverses_satisfy_penrose() {
    on_stacks(19, false, |cx, _, dtype, a| {
        let found = pinv(cx, a.clone(), None).expect("pseudo-inverses");
        for (a, p) in matrices(a).iter().zip(matrices(&found)) {
            let condition = a.norm() * p.norm();
            let (ap, pa) = (a.times(&p), p.times(a));
            ap.times(a).is_near(a, a.norm() * (1.0 + condition), dtype);
            pa.times(&p).is_near(&p, p.norm() * (1.0 + condition), dtype);
            ap.is_near(&ap.transposed(), 1.0 + condition, dtype);
            pa.is_near(&pa.transposed(), 1.0 + condition, dtype);
        }
    });
}

#[test]
fn limits_hold() {
    let mut sample = Sample::new(20);
    let mut cx = Context::default();
    let a = sample.array(DType::F64, &[2, 20, 20]);
    cx.limits.memory = 10_000;
    assert_eq!(inv(&mut cx, a.clone()).expect_err("too large").kind(), Kind::Memory);
    assert_eq!(qr(&mut cx, a.clone(), false).expect_err("too large").kind(), Kind::Memory);
    cx.limits.memory = 1 << 20;
    cx.interrupt.raise();
    assert_eq!(inv(&mut cx, a.clone()).expect_err("interrupted").kind(), Kind::Interrupted);
    assert_eq!(eigh(&mut cx, a, true, false).expect_err("interrupted").kind(), Kind::Interrupted);
}

/// Numbers at the edges of what there is, and matrices full of zeros and ones, of every rank.
#[test]
fn no_element_makes_it_hang_or_panic() {
    const FINITE: &[f64] = &[0.0, -0.0, 1.0, -1.0, 5e-324, f64::MIN_POSITIVE, 1e-160, 1e160, f64::MAX, f64::MIN];
    const ALL: &[f64] = &[0.0, 1.0, -1.0, f64::MAX, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let mut sample = Sample::new(21);
    let mut cx = Context::default();
    for case in 0..600 {
        let most = if case % 50 == 0 { 40 } else { 5 };
        let (rows, columns) = (1 + sample.below(most), 1 + sample.below(most));
        let numbers = [&[0.0, 1.0][..], &[0.0, 1.0, -1.0], FINITE, ALL][case % 4];
        let dtype = [DType::F32, DType::F64][case / 4 % 2];
        let mut values: Vec<f64> = (0..rows * columns).map(|_| numbers[sample.below(numbers.len())]).collect();
        let mut squares: Vec<f64> = (0..rows * rows).map(|_| numbers[sample.below(numbers.len())]).collect();
        if case % 3 == 0 {
            // ones above the diagonal: defective matrices
            (0..rows).for_each(|i| squares[i * rows..i * rows + i].fill(0.0));
        }
        if dtype == DType::F32 {
            let narrow = |x: &mut f64| *x = if x.is_finite() { x.clamp(-3e38, 3e38) } else { *x };
            values.iter_mut().chain(&mut squares).for_each(narrow);
        }
        let any = stack_of(&[Matrix { rows, columns, values }], &[rows, columns], dtype);
        let square = stack_of(&[Matrix { rows, columns: rows, values: squares }], &[rows, rows], dtype);
        let several = [
            qr(&mut cx, any.clone(), false),
            qr(&mut cx, any.clone(), true),
            svd(&mut cx, any.clone(), Spectrum { vectors: true, full: true }),
            svd(&mut cx, any.clone(), Spectrum { vectors: true, full: false }),
            svd(&mut cx, any.clone(), Spectrum { vectors: false, full: false }),
            slogdet(&mut cx, square.clone()),
            eigh(&mut cx, square.clone(), true, false),
            eigh(&mut cx, square.clone(), false, true),
            eig(&mut cx, square.clone(), true),
            eig(&mut cx, square.clone(), false),
        ];
        let single = [
            pinv(&mut cx, any.clone(), None),
            det(&mut cx, square.clone()),
            inv(&mut cx, square.clone()),
            cholesky(&mut cx, square.clone(), false),
            solve(&mut cx, square, any),
        ];
        let errors = several.into_iter().filter_map(Result::err).chain(single.into_iter().filter_map(Result::err));
        for error in errors {
            assert_eq!(error.kind(), Kind::Value, "{}", error.message());
            let is_finite = numbers != ALL;
            let unfound = error.message().contains("does not converge");
            assert!(!(is_finite && unfound), "{}", error.message());
        }
    }
}
