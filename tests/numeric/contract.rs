//! Products against loops over all indices, and the errors of shapes that do not fit.

use crate::sample::{Sample, indices, number, numbers};
use nabla::context::Context;
use nabla::diagnostics::{Error, Kind};
use nabla::ops::contract::{Dimensions, contract, dot, matmul};
use nabla::tensor::{Array, Axes, DType, Tensor};

const DTYPES: [DType; 6] = [DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64];

/// The index of a batch axis list in an operand where lengths of one repeat.
fn stretched(batch: &[usize], own: &[usize]) -> Vec<usize> {
    let start = batch.len() - own.len();
    batch[start..].iter().zip(own).map(|(&i, &len)| i.min(len - 1)).collect()
}

/// `sum over k of a[.., i, k] * b[.., k, j]`, and the sum of the magnitudes.
fn by_loops(a: &Array, b: &Array, shape: &[usize]) -> Vec<(f64, f64)> {
    let (left, right) = (numbers(a), numbers(b));
    let (a, b) = (a.shape(), b.shape());
    let inner = a[a.len() - 1];
    let term = |index: &[usize], k: usize| {
        let mut rest = index.to_vec();
        let column = if b.len() > 1 { rest.pop() } else { None };
        let row = if a.len() > 1 { rest.pop() } else { None };
        let mut left_index = stretched(&rest, &a[..a.len().saturating_sub(2)]);
        left_index.extend(row);
        left_index.push(k);
        let mut right_index = stretched(&rest, &b[..b.len().saturating_sub(2)]);
        right_index.push(k);
        right_index.extend(column);
        left[number(&left_index, a)] * right[number(&right_index, b)]
    };
    let sums = |index: &Vec<usize>| {
        (0..inner).map(|k| term(index, k)).fold((0.0, 0.0), |(sum, size), x| (sum + x, size + x.abs()))
    };
    indices(shape).iter().map(sums).collect()
}

/// The value as the integer dtype wraps it.
fn wrapped(value: f64, dtype: DType) -> f64 {
    match dtype {
        DType::Bool => f64::from(u8::from(value != 0.0)),
        DType::U8 => f64::from(value as i64 as u8),
        DType::I32 => f64::from(value as i64 as i32),
        _ => value,
    }
}

fn agrees(product: &Array, expected: &[(f64, f64)], inner: usize) {
    let dtype = product.dtype();
    let epsilon = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    for (found, &(sum, size)) in numbers(product).into_iter().zip(expected) {
        let bound = if dtype.is_float() { 8.0 * (inner as f64 + 1.0).sqrt() * epsilon * size } else { 0.0 };
        assert!((found - wrapped(sum, dtype)).abs() <= bound, "{found} {sum} {}", product.type_name());
    }
}

#[test]
fn matmul_agrees_with_loops() {
    let mut sample = Sample::new(3);
    let mut cx = Context::default();
    for case in 0..600 {
        let most = if case % 10 == 0 { 24 } else { 5 };
        let shortest = usize::from(sample.below(10) > 0);
        let mut length = || shortest + sample.below(most);
        let (rows, inner, columns) = (length(), length(), length());
        let batch = [1 + sample.below(3), 1 + sample.below(3)];
        let mut side = |matrix: [usize; 2], vector: usize| match sample.below(4) {
            0 => vec![vector],
            axes => {
                let own = batch[3 - axes..].iter().map(|&len| if sample.below(3) == 0 { 1 } else { len });
                own.chain(matrix).collect()
            }
        };
        let (left, right) = (side([rows, inner], inner), side([inner, columns], inner));
        let dtype = DTYPES[case % DTYPES.len()];
        let (a, b) = (sample.array(dtype, &left), sample.array(dtype, &right));
        let product = matmul(&mut cx, a.clone(), b.clone()).expect("a product");
        assert_eq!(product.dtype(), dtype);
        let mut shape: Vec<usize> = Vec::new();
        let (left_batch, right_batch) = (left.len().saturating_sub(2), right.len().saturating_sub(2));
        for axis in 0..left_batch.max(right_batch) {
            let own = |shape: &[usize], count: usize| {
                (axis + count).checked_sub(left_batch.max(right_batch)).map_or(1, |axis| shape[axis])
            };
            shape.push(own(&left, left_batch).max(own(&right, right_batch)));
        }
        shape.extend((left.len() > 1).then_some(rows));
        shape.extend((right.len() > 1).then_some(columns));
        assert_eq!(product.shape(), shape, "{left:?} {right:?}");
        agrees(&product, &by_loops(&a, &b, &shape), inner);
    }
}

#[test]
fn large_products_agree_with_loops() {
    let mut sample = Sample::new(4);
    let mut cx = Context::default();
    for (dtype, left, right) in [
        (DType::F64, [70, 90], [90, 65]),
        (DType::F32, [70, 90], [90, 65]),
        (DType::I32, [70, 90], [90, 65]),
        (DType::F64, [300, 200], [200, 1]),
        (DType::F64, [1, 200], [200, 300]),
    ] {
        for _ in 0..8 {
            let (a, b) = (sample.array(dtype, &left), sample.array(dtype, &right));
            let product = matmul(&mut cx, a.clone(), b.clone()).expect("a product");
            agrees(&product, &by_loops(&a, &b, &[left[0], right[1]]), left[1]);
        }
    }
}

#[test]
fn dot_sums_over_the_last_axis_and_the_last_but_one() {
    let mut sample = Sample::new(5);
    let mut cx = Context::default();
    let (a, b) = (sample.array(DType::F64, &[2, 3, 4]), sample.array(DType::F64, &[5, 4, 2]));
    let product = dot(&mut cx, a.clone(), b.clone()).expect("a product");
    assert_eq!(product.shape(), [2, 3, 5, 2]);
    let (left, right) = (numbers(&a), numbers(&b));
    for (index, found) in indices(&[2, 3, 5, 2]).iter().zip(numbers(&product)) {
        let term = |k| {
            left[number(&[index[0], index[1], k], &[2, 3, 4])] * right[number(&[index[2], k, index[3]], &[5, 4, 2])]
        };
        let (sum, size) = (0..4).map(term).fold((0.0, 0.0), |(sum, size): (f64, f64), x| (sum + x, size + x.abs()));
        assert!((found - sum).abs() <= 16.0 * f64::EPSILON * size);
    }
    let scaled = dot(&mut cx, Array::Int(2), a).expect("a product");
    assert_eq!(scaled.shape(), [2, 3, 4]);
}

#[test]
fn several_axes_are_contracted() {
    let mut sample = Sample::new(6);
    let mut cx = Context::default();
    for _ in 0..50 {
        let (a, b) = (sample.array(DType::I64, &[3, 2, 4, 5]), sample.array(DType::I64, &[5, 2, 6, 3]));
        let axes = Axes::from_slice;
        let dimensions = Dimensions { batch: [axes(&[1]), axes(&[1])], contract: [axes(&[0, 3]), axes(&[3, 0])] };
        let product = contract(&mut cx, a.clone(), b.clone(), dimensions).expect("a product");
        assert_eq!(product.shape(), [2, 4, 6]);
        let (left, right) = (numbers(&a), numbers(&b));
        for (index, found) in indices(&[2, 4, 6]).iter().zip(numbers(&product)) {
            let (n, i, j) = (index[0], index[1], index[2]);
            let term = |k: usize, l: usize| {
                left[number(&[k, n, i, l], &[3, 2, 4, 5])] * right[number(&[l, n, j, k], &[5, 2, 6, 3])]
            };
            let sum: f64 = (0..3).flat_map(|k| (0..5).map(move |l| (k, l))).map(|(k, l)| term(k, l)).sum();
            assert_eq!(found, sum);
        }
    }
}

#[test]
fn dtypes_are_promoted() {
    let mut cx = Context::default();
    let integers = Array::from(Tensor::from_vec(vec![1i64, 2], &[2]));
    let floats = Array::from(Tensor::from_vec(vec![0.5f32, 0.25], &[2]));
    let product = matmul(&mut cx, integers.clone(), floats).expect("a product");
    assert_eq!((product.dtype(), numbers(&product)[0]), (DType::F64, 1.0));
    let text = Array::from(Tensor::from_strs(&["a", "b"], &[2]));
    assert_eq!(matmul(&mut cx, integers, text).expect_err("text").kind(), Kind::Type);
}

fn failure(left: &[usize], right: &[usize]) -> Error {
    let zeros = |shape: &[usize]| Array::from(Tensor::from_vec(vec![0.0; shape.iter().product()], shape));
    matmul(&mut Context::default(), zeros(left), zeros(right)).expect_err("shapes that do not fit")
}

#[test]
fn errors_say_what_would_fit() {
    let error = failure(&[2, 3], &[2, 3]);
    assert_eq!(error.kind(), Kind::Shape);
    assert_eq!(error.message(), "cannot multiply [2, 3] by [2, 3]: inner dimensions 3 and 2 differ");
    assert_eq!(error.details().help, ["the product with the second operand transposed (`.T`) would be [2, 2]"]);
    assert_eq!(error.details().instead.as_deref(), Some("{0} @ {1}.T would be [2, 2]"));
    assert_eq!(error.details().operands, [(0, "f64[2, 3]".to_string()), (1, "f64[2, 3]".to_string())]);
    let help = |left: &[usize], right: &[usize]| failure(left, right).details().help.concat();
    assert_eq!(help(&[3, 2], &[3, 4]), "the product with the first operand transposed (`.T`) would be [2, 4]");
    assert_eq!(help(&[3], &[2, 3]), "the product with the second operand transposed (`.T`) would be [2]");
    assert_eq!(help(&[3, 4], &[2, 3]), "the product in the other order would be [2, 4]");
    assert!(help(&[3, 4], &[5, 6]).contains("must have one length"));
    assert!(failure(&[2, 3, 4], &[5, 4, 1]).message().ends_with("batch lengths 2 and 5 differ"));
    assert!(failure(&[2], &[3]).message().contains("inner dimensions 2 and 3 differ"));
    let number = matmul(&mut Context::default(), Array::Int(2), Array::Int(3)).expect_err("numbers");
    assert_eq!(number.kind(), Kind::Shape);
}
