//! New tensors: lengths and digits as NumPy's, and what is refused.

use crate::sample::numbers;
use nabla::context::Context;
use nabla::diagnostics::Kind;
use nabla::ops::create::{arange, eye, full, linspace, ones, zeros};
use nabla::tensor::{Array, DType, Scalar, Tensor};

/// Start, stop and step; how many NumPy 2.4 makes of them, and the last.
#[rustfmt::skip]
const ARANGE: &[(&[f64; 3], usize, f64)] = &[
    (&[0.0, 1.0, 0.1], 10, 0.9),
    (&[0.0, 1.0, 0.3333333333333333], 3, 0.6666666666666666),
    (&[1.0, 0.0, -0.1], 10, 0.1000000000000002),
    (&[0.5, 3.0, 0.25], 10, 2.75),
    (&[0.0, 5.5, 1.0], 6, 5.0),
    (&[1.0, 2.0, 0.05], 20, 1.9500000000000008),
    (&[-1.0, 1.0, 0.2], 10, 0.7999999999999996),
    (&[0.0, 0.0, 1.0], 0, 0.0),
    (&[3.0, 1.0, 1.0], 0, 0.0),
    (&[1.0, 1.3, 0.1], 4, 1.3000000000000003),
];

/// Start, stop, how many, with the end or without it; the last two that NumPy 2.4 gives.
#[rustfmt::skip]
const LINSPACE: &[(f64, f64, i64, bool, f64, f64)] = &[
    (0.0, 1.0, 50, true, 0.9795918367346939, 1.0),
    (0.0, 1.0, 50, false, 0.96, 0.98),
    (-1.0, 1.0, 7, true, 0.6666666666666665, 1.0),
    (1.0, 2.0, 1, true, 1.0, 1.0),
    (2.0, 1.0, 5, true, 1.25, 1.0),
    (0.1, 0.7, 7, true, 0.6, 0.7),
    (0.0, 5e-324, 4, true, 5e-324, 5e-324),
    (1.0, 10.0, 10, false, 8.2, 9.1),
];

#[test]
fn arange_counts_as_numpy() {
    let mut cx = Context::default();
    for &(limits, count, last) in ARANGE {
        let made = arange(&mut cx, limits.map(Array::Float), None).expect("numbers");
        let made = numbers(&made);
        assert_eq!((made.len(), made.last().copied().unwrap_or(0.0)), (count, last), "{limits:?}");
    }
    let integers = |cx: &mut Context, limits: [i64; 3]| arange(cx, limits.map(Array::Int), None).expect("numbers");
    assert_eq!(
        integers(&mut cx, [2, 11, 3]).to_tensor().expect("elements at hand").to_vec::<i64>(),
        Some(vec![2, 5, 8])
    );
    assert_eq!(
        integers(&mut cx, [2, -5, -3]).to_tensor().expect("elements at hand").to_vec::<i64>(),
        Some(vec![2, -1, -4])
    );
    assert_eq!(integers(&mut cx, [2, 2, -3]).size(), 0);
    let wide = integers(&mut cx, [i64::MIN, i64::MAX, i64::MAX]);
    assert_eq!(wide.to_tensor().expect("elements at hand").to_vec::<i64>(), Some(vec![i64::MIN, -1, i64::MAX - 1]));
}

#[test]
fn arange_takes_the_dtype_of_its_limits() {
    let mut cx = Context::default();
    let typed = [Array::Scalar(Scalar::F32(0.0)), Array::Float(1.0), Array::Float(0.1)];
    let made = arange(&mut cx, typed, None).expect("numbers");
    assert_eq!((made.dtype(), made.size()), (DType::F32, 10));
    let made = arange(&mut cx, [0, 3, 1].map(Array::Int), Some(DType::F32)).expect("numbers");
    assert_eq!(made.to_tensor().expect("elements at hand").to_vec::<f32>(), Some(vec![0.0, 1.0, 2.0]));
    let made = arange(&mut cx, [0, 3, 1].map(Array::Int), Some(DType::U8)).expect("numbers");
    assert_eq!(made.to_tensor().expect("elements at hand").to_vec::<u8>(), Some(vec![0, 1, 2]));
    let error = arange(&mut cx, [0, 300, 1].map(Array::Int), Some(DType::U8)).expect_err("256 is no u8");
    assert_eq!(error.kind(), Kind::Overflow);
}

#[test]
fn linspace_has_the_digits_of_numpy() {
    let mut cx = Context::default();
    for &(start, stop, count, endpoint, before, last) in LINSPACE {
        let made =
            numbers(&linspace(&mut cx, [start, stop].map(Array::Float), count, endpoint, None).expect("numbers"));
        assert_eq!(made.len(), count as usize);
        assert_eq!(
            (made[made.len().saturating_sub(2)], made[made.len() - 1]),
            (before, last),
            "{start} {stop} {count}"
        );
    }
    assert_eq!(linspace(&mut cx, [0.0, 1.0].map(Array::Float), 0, true, None).expect("nothing").shape(), [0]);
    let whole = linspace(&mut cx, [0.0, -5.0].map(Array::Float), 3, true, Some(DType::I64)).expect("numbers");
    assert_eq!(whole.to_tensor().expect("elements at hand").to_vec::<i64>(), Some(vec![0, -3, -5]));
}

#[test]
fn filled_tensors() {
    let mut cx = Context::default();
    assert_eq!(zeros(&mut cx, &[2, 0], DType::I32).expect("zeros").type_name(), "i32[2, 0]");
    assert_eq!(numbers(&zeros(&mut cx, &[2, 2], DType::U8).expect("zeros")), [0.0; 4]);
    assert_eq!(numbers(&ones(&mut cx, &[3], DType::Bool).expect("ones")), [1.0; 3]);
    assert_eq!(full(&mut cx, &[], Array::Float(2.5), None).expect("a number").as_scalar(), Some(Scalar::F64(2.5)));
    let row = Array::from(Tensor::from_vec(vec![1i64, 2], &[2]));
    assert_eq!(numbers(&full(&mut cx, &[2, 2], row, None).expect("rows")), [1.0, 2.0, 1.0, 2.0]);
    assert_eq!(full(&mut cx, &[2], Array::from_text("a".into()), None).expect("text").type_name(), "str[2]");
    assert_eq!(numbers(&eye(&mut cx, 2, Some(3), 1, DType::F32).expect("a matrix")), [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(numbers(&eye(&mut cx, 2, None, -1, DType::F32).expect("a matrix")), [0.0, 0.0, 1.0, 0.0]);
    assert_eq!(numbers(&eye(&mut cx, 2, None, i64::MIN, DType::F64).expect("a matrix")), [0.0; 4]);
}

#[test]
fn impossible_sizes_are_refused() {
    let mut cx = Context::default();
    cx.limits.memory = 1_000_000;
    for shape in [[1 << 50, 1].as_slice(), &[i64::MAX, i64::MAX], &[1_000, 1_000]] {
        assert_eq!(zeros(&mut cx, shape, DType::F64).expect_err("too large").kind(), Kind::Memory);
        assert_eq!(ones(&mut cx, shape, DType::F64).expect_err("too large").kind(), Kind::Memory);
    }
    assert_eq!(zeros(&mut cx, &[-1], DType::F64).expect_err("negative").kind(), Kind::Value);
    assert_eq!(eye(&mut cx, 1 << 40, None, 0, DType::F64).expect_err("too large").kind(), Kind::Memory);
    assert_eq!(
        linspace(&mut cx, [0.0, 1.0].map(Array::Float), -1, true, None).expect_err("negative").kind(),
        Kind::Value
    );
    assert_eq!(
        linspace(&mut cx, [0.0, 1.0].map(Array::Float), i64::MAX, true, None).expect_err("too large").kind(),
        Kind::Memory
    );
    let limits = |values: [f64; 3]| values.map(Array::Float);
    assert_eq!(arange(&mut cx, limits([0.0, 1e300, 1e-300]), None).expect_err("too large").kind(), Kind::Memory);
    assert_eq!(arange(&mut cx, limits([0.0, 1.0, 0.0]), None).expect_err("no step").kind(), Kind::Value);
    assert_eq!(arange(&mut cx, limits([0.0, f64::NAN, 1.0]), None).expect_err("nan").kind(), Kind::Value);
    let far = [i64::MIN, i64::MAX, 1].map(Array::Int);
    assert_eq!(arange(&mut cx, far, None).expect_err("too large").kind(), Kind::Memory);
}
