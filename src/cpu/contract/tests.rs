//! Every kernel against loops over all indices, in every layout, with any number of threads and every instruction set.

use super::{Factor, Operand, contract};
use crate::context::{Context, Limits};
use crate::diagnostics::Kind;
use crate::isa::Isa;
use crate::tensor::{Shape, Strides, Tensor};

/// A session whose pool has buffers full of NaN or other values.
fn session<T: Factor>(threads: usize, isa: Isa, stale: T, count: usize) -> Context {
    let cx = Context { isa, ..Context::with_threads(threads) };
    let mut old = Tensor::from_vec(vec![stale; count], &[count]);
    old.settle_in(&cx.pool);
    cx
}

/// A matrix in one of seven layouts, and its elements in order.
fn matrix<T: Factor>(layout: usize, rows: usize, columns: usize, mut value: impl FnMut() -> T) -> (Tensor, Vec<T>) {
    let (r, c) = (rows as isize, columns as isize);
    // steps, in a buffer with room for them
    let (steps, start, size) = match layout {
        0 => ([c, 1], 0, r * c),
        1 => ([1, r], 0, r * c),
        2 => ([-c, 1], (r - 1) * c, r * c),
        3 => ([-c, -1], r * c - 1, r * c),
        4 => ([2 * c, 2], 1, 2 * r * c),
        5 => ([0, 1], 0, c),
        _ => ([3, -3 * r], 3 * r * (c - 1), 3 * r * c),
    };
    let buffer: Vec<T> = (0..size.max(1)).map(|_| value()).collect();
    let mut values = Vec::new();
    for i in 0..r {
        values.extend((0..c).map(|j| buffer[(start + i * steps[0] + j * steps[1]) as usize]));
    }
    let owner = Tensor::from_vec(buffer, &[size.max(1) as usize]);
    let shape = Shape::from_slice(&[rows, columns]);
    (owner.view(shape, start as usize, Strides::from_slice(&steps)), values)
}

fn times(cx: &Context, a: &Tensor, b: &Tensor) -> Tensor {
    let out = [a.shape()[0], b.shape()[1]];
    let left = Operand { tensor: a, batch: &[], contract: &[1] };
    contract(cx, &left, &Operand { tensor: b, batch: &[], contract: &[0] }, &out, None).expect("a product")
}

/// Sums in the order of the summed axis, and for floats the sums of magnitudes.
fn by_loops<T: Factor>(a: &[T], b: &[T], [rows, inner, columns]: [usize; 3]) -> Vec<(T, f64)> {
    let size = |x: T| x.to_scalar().as_f64().abs();
    let mut out = vec![(T::default(), 0.0); rows * columns];
    for i in 0..rows {
        for k in 0..inner {
            let x = a[i * inner + k];
            for (out, &y) in out[i * columns..(i + 1) * columns].iter_mut().zip(&b[k * columns..(k + 1) * columns]) {
                *out = (T::add_product(out.0, x, y), out.1 + size(x) * size(y));
            }
        }
    }
    out
}

/// Shapes at the borders of what each kernel does at a time.
const SHAPES: [[usize; 3]; 36] = [
    [1, 1, 1],
    [2, 2, 2],
    [3, 3, 3],
    [8, 8, 8],
    [2, 32, 8],
    [2, 33, 8],
    [7, 5, 9],
    [1, 33, 1],
    [1, 67, 1],
    [1, 519, 1],
    [70, 3, 1],
    [70, 8, 1],
    [70, 9, 1],
    [70, 33, 1],
    [1, 33, 70],
    [1, 3, 700],
    [5, 600, 1],
    [1, 600, 5],
    [3, 5, 63],
    [4, 256, 16],
    [5, 257, 33],
    [9, 300, 65],
    [129, 10, 70],
    [131, 30, 129],
    [60, 60, 60],
    [61, 63, 300],
    [500, 40, 7],
    [7, 40, 500],
    [140, 130, 141],
    [5, 70_001, 6],
    [5, 9001, 6],
    [3001, 5, 7],
    [1, (1 << 20) + 5, 1],
    [1100, 1000, 1],
    [40, 27_001, 1],
    [1, 70, 17_000],
];

fn check<T: Factor>(mut value: impl FnMut() -> T, stale: T, epsilon: f64) {
    for (number, shape) in SHAPES.into_iter().enumerate() {
        let [rows, inner, columns] = shape;
        // those of integers are cut sooner
        if epsilon == 0.0 && rows.min(columns) > 1 && rows * inner * columns > 400_000 {
            continue;
        }
        let layouts: &[[usize; 2]] = match rows * inner * columns {
            0..1000 => &[[0, 0], [1, 1], [2, 0], [0, 2], [3, 4], [4, 3], [5, 6], [6, 5]],
            1000..50_000 => &[[0, 0], [0, 1], [1, 0], [1, 1], [6, 3], [5, 4]],
            _ if number % 2 == 0 => &[[0, 0], [1, 3]],
            _ => &[[0, 1], [6, 0]],
        };
        for &[left, right] in layouts {
            let (a, a_values) = matrix(left, rows, inner, &mut value);
            let (b, b_values) = matrix(right, inner, columns, &mut value);
            let found = times(&session(2, Isa::best(), stale, rows * columns), &a, &b);
            let expected = by_loops(&a_values, &b_values, shape);
            for (found, (sum, size)) in found.as_slice::<T>().expect("in order").iter().zip(expected) {
                let distance = (found.to_scalar().as_f64() - sum.to_scalar().as_f64()).abs();
                let bound = 4.0 * (inner as f64).sqrt() * epsilon * size;
                assert!(*found == sum || distance <= bound, "{shape:?} {left} {right}: {found:?} {sum:?}");
            }
            let same = |threads, isa| {
                let again = times(&session(threads, isa, stale, rows * columns), &a, &b);
                assert!(again.as_slice::<T>() == found.as_slice::<T>(), "{shape:?} {threads} {isa:?}");
            };
            same(1, Isa::best());
            same(3, Isa::best());
            if epsilon == 0.0 || rows == 1 || columns == 1 || super::few::suits(rows, inner, columns) {
                Isa::all().into_iter().for_each(|isa| same(2, isa));
            }
        }
    }
}

/// Numbers from a linear congruential generator (D. Knuth, The Art of Computer Programming 2, 3.3.4).
fn dice() -> impl FnMut() -> u64 {
    let mut state = 1u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state
    }
}

#[test]
fn floats() {
    let mut next = dice();
    check(|| (next() >> 40) as f32 / 1e7 - 0.8, f32::NAN, f64::from(f32::EPSILON));
    let mut next = dice();
    check(|| (next() >> 20) as f64 / 1e13 - 0.8, f64::NAN, f64::EPSILON);
}

#[test]
fn integers_wrap() {
    let mut next = dice();
    check(|| (next() >> 50) as u8, 77, 0.0);
    let mut next = dice();
    check(|| (next() >> 30) as i32, 77, 0.0);
    let mut next = dice();
    check(|| next() as i64, 77, 0.0);
    let mut next = dice();
    check(|| next() >> 61 == 0, true, 0.0);
}

#[test]
fn nan_and_infinity_reach_their_rows_and_columns_alone() {
    for shape in [[4, 4, 4], [40, 30, 50], [140, 130, 141], [50, 40, 1], [1, 40, 50], [5, 70_001, 6]] {
        let [rows, inner, columns] = shape;
        let mut a = vec![1.0; rows * inner];
        let mut b = vec![0.5; inner * columns];
        a[inner - 1] = f64::NAN;
        b[columns - 1] = f64::INFINITY;
        let product = times(
            &session(2, Isa::best(), f64::NAN, rows * columns),
            &Tensor::from_vec(a, &[rows, inner]),
            &Tensor::from_vec(b, &[inner, columns]),
        );
        for (number, &x) in product.as_slice::<f64>().expect("in order").iter().enumerate() {
            match (number / columns, number % columns) {
                (0, _) => assert!(x.is_nan(), "{shape:?}"),
                (_, column) if column == columns - 1 => assert_eq!(x, f64::INFINITY),
                _ => assert_eq!(x, 0.5 * inner as f64),
            }
        }
    }
}

#[test]
fn nothing_to_sum_is_zero_and_nothing_to_write_is_fine() {
    for shape in [[3, 0, 2], [0, 3, 2], [3, 2, 0], [0, 0, 0], [2000, 0, 2000]] {
        let [rows, inner, columns] = shape;
        let cx = session(2, Isa::best(), f64::NAN, rows * columns);
        let zeros = |rows: usize, columns: usize| Tensor::from_vec(vec![0.0; rows * columns], &[rows, columns]);
        let product = times(&cx, &zeros(rows, inner), &zeros(inner, columns));
        assert_eq!(product.shape(), [rows, columns]);
        assert!(product.as_slice::<f64>().expect("in order").iter().all(|&x| x == 0.0));
    }
}

#[test]
fn batches() {
    // groups of small products, single ones, and some that are cut themselves
    for (count, shape) in
        [(5000, [4, 4, 4]), (700, [9, 10, 9]), (3, [60, 60, 60]), (900, [1, 40, 11]), (2, [60, 9000, 1])]
    {
        let [rows, inner, columns] = shape;
        let mut next = dice();
        let values: Vec<i64> = (0..count * rows * inner).map(|_| (next() >> 32) as i64).collect();
        let others: Vec<i64> = (0..inner * columns * 2).map(|_| (next() >> 32) as i64).collect();
        let a = Tensor::from_vec(values.clone(), &[count, rows, inner]);
        // the second matrix in turn, from the last to the first, and one for all
        let (size, last) = (rows * inner, (count - 1) * rows * inner);
        let steps = [-(size as isize), inner as isize, 1];
        let turned = a.view(Shape::from_slice(&[count, rows, inner]), last, Strides::from_slice(&steps));
        let b = Tensor::from_vec(others.clone(), &[2, inner, columns]);
        let steps = [0, columns as isize, 1];
        let b = b.view(Shape::from_slice(&[count, inner, columns]), inner * columns, Strides::from_slice(&steps));
        for threads in [1, 2, 3] {
            let cx = session(threads, Isa::best(), 5i64, count * rows * columns);
            let left = Operand { tensor: &turned, batch: &[0], contract: &[2] };
            let right = Operand { tensor: &b, batch: &[0], contract: &[1] };
            let product = contract(&cx, &left, &right, &[count, rows, columns], None).expect("a product");
            let found = product.as_slice::<i64>().expect("in order");
            for (number, found) in found.chunks(rows * columns).enumerate() {
                let a = &values[(count - 1 - number) * size..][..size];
                let expected = by_loops(a, &others[inner * columns..], shape);
                assert!(found.iter().copied().eq(expected.into_iter().map(|(sum, _)| sum)), "{shape:?} {number}");
            }
        }
    }
}

#[test]
fn summed_axes_in_any_order() {
    // [5, 4, 3] and [3, 4, 6] over two axes, which follow each other in memory on neither side as they are named
    let mut next = dice();
    let a: Vec<i32> = (0..60).map(|_| (next() >> 40) as i32).collect();
    let b: Vec<i32> = (0..72).map(|_| (next() >> 40) as i32).collect();
    let (left, right) = (Tensor::from_vec(a.clone(), &[5, 4, 3]), Tensor::from_vec(b.clone(), &[3, 4, 6]));
    for (left_axes, right_axes) in [([2, 1], [0, 1]), ([1, 2], [1, 0])] {
        let left = Operand { tensor: &left, batch: &[], contract: &left_axes };
        let right = Operand { tensor: &right, batch: &[], contract: &right_axes };
        let product = contract(&Context::default(), &left, &right, &[5, 6], None).expect("a product");
        for (number, &found) in product.as_slice::<i32>().expect("in order").iter().enumerate() {
            let (i, j) = (number / 6, number % 6);
            let terms = (0..4).flat_map(|k| (0..3).map(move |l| (k, l)));
            let sum = terms
                .fold(0i32, |sum, (k, l)| sum.wrapping_add(a[i * 12 + k * 3 + l].wrapping_mul(b[l * 24 + k * 6 + j])));
            assert_eq!(found, sum);
        }
    }
}

#[test]
fn columns_as_vectors() {
    // those of the second matrix are one, repeated
    let (count, len) = (40, 3001);
    let mut next = dice();
    let a: Vec<i64> = (0..len * count).map(|_| (next() >> 32) as i64).collect();
    let b: Vec<i64> = (0..len * 2).map(|_| (next() >> 32) as i64).collect();
    let turned = |values: &[i64], steps: [isize; 2]| {
        let owner = Tensor::from_vec(values.to_vec(), &[values.len()]);
        owner.view(Shape::from_slice(&[count, len]), 0, Strides::from_slice(&steps))
    };
    let (left, right) = (turned(&a, [1, count as isize]), turned(&b, [0, 2]));
    for threads in [1, 2] {
        let cx = session(threads, Isa::best(), 5i64, count);
        let side = |tensor| Operand { tensor, batch: &[0], contract: &[1] };
        let found = contract(&cx, &side(&left), &side(&right), &[count], None).expect("products");
        let sum = |i: usize| (0..len).fold(0i64, |sum, k| sum.wrapping_add(a[k * count + i].wrapping_mul(b[k * 2])));
        assert!(found.as_slice::<i64>().expect("in order").iter().copied().eq((0..count).map(sum)));
    }
}

#[test]
fn memory_is_reserved_for_vectors_that_are_copied_alone() {
    let len = 1 << 18;
    let limits = Limits { memory: 1 << 20, ..Limits::default() };
    let cx = Context { limits, ..Context::default() };
    let owner = Tensor::from_vec(vec![1.0; 2 * len], &[2 * len]);
    let view = |step| owner.view(Shape::from_slice(&[len]), 0, Strides::from_slice(&[step]));
    let side = |tensor| Operand { tensor, batch: &[], contract: &[0] };
    let (whole, strided) = (view(1), view(2));
    let found = contract(&cx, &side(&whole), &side(&whole), &[], None).expect("a product");
    assert_eq!(found.as_slice::<f64>(), Some([len as f64].as_slice()));
    let error = contract(&cx, &side(&whole), &side(&strided), &[], None).expect_err("too much memory");
    assert_eq!(error.kind(), Kind::Memory);
}

#[test]
fn empty_tensors_with_axes_beyond_count() {
    const FAR: usize = 1 << 40;
    let cx = Context::default();
    let empty = |shape: &[usize]| Tensor::from_vec(Vec::<f64>::new(), shape);
    let (left, right) = (empty(&[0, FAR, FAR]), empty(&[0, 3]));
    let side = |tensor| Operand { tensor, batch: &[0], contract: &[] };
    let found = contract(&cx, &side(&left), &side(&right), &[0, FAR, FAR, 3], None).expect("a product");
    assert_eq!(found.shape(), [0, FAR, FAR, 3]);
    let both = empty(&[FAR, FAR, 0, 2]);
    let side = Operand { tensor: &both, batch: &[], contract: &[0, 1, 2] };
    let found = contract(&cx, &side, &side, &[2, 2], None).expect("a product");
    assert_eq!(found.as_slice::<f64>(), Some([0.0; 4].as_slice()));
}
