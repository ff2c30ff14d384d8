//! Shapes, joins and casts.

use super::*;
use crate::context::Context;
use crate::ops;

fn f64s(values: &[f64], shape: &[usize]) -> Array {
    Array::Tensor(Tensor::from_vec(values.to_vec(), shape))
}

#[test]
fn reshape_keeps_the_order() {
    let mut cx = Context::default();
    let mut dice = Dice(7);
    for _ in 0..500 {
        let shape = shape(&mut dice, 4);
        let x = Array::from(tensor(&mut dice, DType::I32, &shape));
        let values = elements(&x);
        let flat = ops::reshape(&mut cx, x.clone(), &[-1]);
        if values.is_empty() {
            assert!(flat.is_ok());
            continue;
        }
        let flat = flat.unwrap();
        assert_elements(&flat, &[values.len()], &values, "ravel");
        let lengths: Vec<i64> = shape.iter().map(|&len| len as i64).collect();
        let back = ops::reshape(&mut cx, flat, &lengths).unwrap();
        assert_elements(&back, &shape, &values, "back");
        let turned = ops::transpose(&mut cx, x.clone(), None).unwrap();
        let again = ops::transpose(&mut cx, turned, None).unwrap();
        assert_elements(&again, &shape, &values, "turned twice");
        let flipped = ops::flip(&mut cx, x, None).unwrap();
        let reversed: Vec<Scalar> = values.iter().rev().copied().collect();
        assert_elements(&flipped, &shape, &reversed, "flipped");
    }
}

#[test]
fn axes_move() {
    let mut cx = Context::default();
    let x = Array::Tensor(Tensor::from_vec((0..24i64).collect(), &[2, 3, 4]));
    let moved = ops::moveaxis(&mut cx, x.clone(), &[0], &[-1]).unwrap();
    assert_eq!(moved.shape(), [3, 4, 2]);
    assert_eq!(elements(&moved)[..3], [0, 12, 1].map(Scalar::I64));
    assert_eq!(ops::swapaxes(&mut cx, x.clone(), 0, 2).unwrap().shape(), [4, 3, 2]);
    assert_eq!(ops::transpose(&mut cx, x.clone(), Some(&[1, 0, 2])).unwrap().shape(), [3, 2, 4]);
    let wide = ops::expand_dims(&mut cx, x.clone(), &[0, -1]).unwrap();
    assert_eq!(wide.shape(), [1, 2, 3, 4, 1]);
    assert_eq!(ops::squeeze(&mut cx, wide.clone(), None).unwrap().shape(), [2, 3, 4]);
    assert_eq!(ops::squeeze(&mut cx, wide, Some(&[0])).unwrap().shape(), [2, 3, 4, 1]);
    assert_eq!(ops::broadcast_to(&mut cx, x.clone(), &[5, 2, 3, 4]).unwrap().shape(), [5, 2, 3, 4]);
    for error in [
        ops::transpose(&mut cx, x.clone(), Some(&[0, 0, 1])).unwrap_err(),
        ops::transpose(&mut cx, x.clone(), Some(&[0, 1])).unwrap_err(),
        ops::squeeze(&mut cx, x.clone(), Some(&[0])).unwrap_err(),
        ops::reshape(&mut cx, x.clone(), &[5, -1]).unwrap_err(),
        ops::reshape(&mut cx, x.clone(), &[-1, -1]).unwrap_err(),
        ops::reshape(&mut cx, x.clone(), &[i64::MAX, i64::MAX]).unwrap_err(),
        ops::broadcast_to(&mut cx, x.clone(), &[2, 3, 1]).unwrap_err(),
        ops::broadcast_to(&mut cx, Array::Int(1), &[usize::MAX, usize::MAX]).unwrap_err(),
        ops::expand_dims(&mut cx, x.clone(), &[9]).unwrap_err(),
        ops::flip(&mut cx, x, Some(&[i64::MIN])).unwrap_err(),
    ] {
        assert!(["shape", "value", "index", "memory"].contains(&error.kind().name()), "{error}");
    }
}

#[test]
fn joins() {
    let mut cx = Context::default();
    let mut dice = Dice(8);
    for round in 0..300 {
        let mut shape = shape(&mut dice, 3);
        shape.push(2);
        let axis = dice.below(shape.len());
        let parts: Vec<Array> = (0..1 + dice.below(3))
            .map(|_| {
                shape[axis] = dice.below(3);
                Array::from(tensor(&mut dice, DType::I64, &shape))
            })
            .collect();
        let joined = ops::concatenate(&mut cx, parts.clone(), Some(axis as i64)).unwrap();
        let mut start = 0;
        for part in &parts {
            let len = part.shape()[axis];
            let mut index: Vec<ops::index::Index> =
                (0..axis).map(|_| ops::index::Index::Slice { start: None, stop: None, step: None }).collect();
            let (from, to) = (start as i64, (start + len) as i64);
            index.push(ops::index::Index::Slice { start: Some(from), stop: Some(to), step: None });
            let found = ops::index::get(&mut cx, &joined, &index).unwrap();
            assert_elements(&found, part.shape(), &elements(part), &format!("round {round}"));
            start += len;
        }
        assert_eq!(joined.shape()[axis], start);
    }
    let rows = vec![f64s(&[1.0, 2.0], &[2]), f64s(&[3.0, 4.0], &[2])];
    let columns = ops::stack(&mut cx, rows, 1).unwrap();
    assert_elements(&columns, &[2, 2], &[1.0, 3.0, 2.0, 4.0].map(Scalar::F64), "stack");
}

#[test]
fn literals() {
    let mut cx = Context::default();
    let mut literal = |values: &[Array]| match ops::stack_values(&mut cx, values.to_vec()) {
        Ok(array) => array.type_name(),
        Err(error) => error.to_string(),
    };
    use Array::{Bool, Float, Int};
    let i64s = |n: usize| Array::Tensor(Tensor::from_vec(vec![0i64; n], &[n]));
    let typed = |scalar| Array::Scalar(scalar);
    assert_eq!(literal(&[]), "f64[0]");
    assert_eq!(literal(&[Int(1), Int(2)]), "i64[2]");
    assert_eq!(literal(&[Int(1), Float(2.0)]), "f64[2]");
    assert_eq!(literal(&[Bool(true), Bool(false)]), "bool[2]");
    assert_eq!(literal(&[Bool(true), Int(3)]), "i64[2]");
    assert_eq!(literal(&[typed(Scalar::F32(1.0)), Float(2.0)]), "f32[2]");
    assert_eq!(literal(&[typed(Scalar::U8(1)), Int(2)]), "u8[2]");
    assert_eq!(literal(&[typed(Scalar::U8(1)), Int(256)]), "error[overflow]: 256 does not fit u8");
    assert_eq!(literal(&[typed(Scalar::I64(1)), Float(2.5)]), "f64[2]");
    assert_eq!(literal(&[i64s(3), f64s(&[1.0; 3], &[3])]), "f64[2, 3]");
    assert_eq!(literal(&[Array::from_text("a".into()), Array::from_text("b".into())]), "str[2]");
    assert_eq!(
        literal(&[i64s(2), i64s(1)]),
        "error[shape]: the rows of an array must have one shape: row 0 is i64[2], row 1 is i64[1]"
    );
    assert_eq!(
        literal(&[Int(1), Array::from_text("b".into())]),
        "error[type]: an array of i64 and str: text and numbers do not mix"
    );
}

#[test]
fn append_grows() {
    let mut cx = Context::default();
    let mut xs = f64s(&[], &[0]);
    for i in 0..1000 {
        ops::append(&mut cx, &mut xs, Array::Int(i)).unwrap();
    }
    assert_eq!(xs.type_name(), "i64[1000]");
    assert_eq!(elements(&xs)[999], Scalar::I64(999));
    let shared = xs.clone();
    ops::append(&mut cx, &mut xs, Array::Float(0.5)).unwrap();
    assert_eq!((xs.type_name(), shared.type_name()), ("f64[1001]".to_string(), "i64[1000]".to_string()));
    let mut rows = f64s(&[], &[0]);
    ops::append(&mut cx, &mut rows, f64s(&[1.0, 2.0], &[2])).unwrap();
    ops::append(&mut cx, &mut rows, f64s(&[3.0, 4.0], &[2])).unwrap();
    assert_elements(&rows, &[2, 2], &[1.0, 2.0, 3.0, 4.0].map(Scalar::F64), "rows");
    let error = ops::append(&mut cx, &mut rows, Array::Int(1)).unwrap_err();
    assert_eq!(error.to_string(), "error[shape]: cannot append i64 to f64[2, 2]: its rows are f64[2]");
    assert_eq!(rows.type_name(), "f64[2, 2]");
    assert_eq!(ops::append(&mut cx, &mut Array::Int(1), Array::Int(1)).unwrap_err().kind().name(), "type");
}

#[test]
fn casts_are_checked() {
    let mut cx = Context::default();
    let mut cast = |x: Array, dtype| match ops::cast(&mut cx, x, dtype) {
        Ok(array) => format!("{} {:?}", array.type_name(), elements(&array)),
        Err(error) => error.to_string(),
    };
    assert_eq!(cast(Array::Int(300), DType::U8), "error[overflow]: 300 does not fit u8");
    assert_eq!(cast(Array::Float(f64::NAN), DType::I64), "error[value]: nan does not fit i64");
    assert_eq!(cast(Array::Float(2.7), DType::I64), "i64 [I64(2)]");
    assert_eq!(cast(Array::Float(-0.5), DType::U8), "u8 [U8(0)]");
    assert_eq!(cast(Array::Float(9.3e18), DType::I64), "error[overflow]: 9.3e18 does not fit i64");
    assert_eq!(cast(Array::Int(i64::MAX), DType::I64), "i64 [I64(9223372036854775807)]");
    assert_eq!(cast(Array::Int(2), DType::Bool), "bool [Bool(true)]");
    let grid = f64s(&[1.0, 2.0, 3.0, 256.0], &[2, 2]);
    assert_eq!(cast(grid.clone(), DType::U8), "error[overflow]: 256.0 at [1, 1] does not fit u8");
    assert_eq!(cast(grid, DType::I32), "i32[2, 2] [I32(1), I32(2), I32(3), I32(256)]");
    let words = Array::Tensor(Tensor::from_strs(&["1.5", " 2 "], &[2]));
    assert_eq!(cast(words.clone(), DType::F64), "f64[2] [F64(1.5), F64(2.0)]");
    assert_eq!(cast(words, DType::I64), "error[value]: \"1.5\" at [0] is no i64");
}

#[test]
fn scalars_fit_without_loss() {
    assert_eq!(Scalar::F64(0.1).fit(DType::F32), Some(Scalar::F32(0.1)));
    assert_eq!(Scalar::F64(1e300).fit(DType::F32), None);
    assert_eq!(Scalar::F64(f64::INFINITY).fit(DType::F32), Some(Scalar::F32(f32::INFINITY)));
    assert_eq!(Scalar::I64((1 << 53) + 1).fit(DType::F64), None);
    assert_eq!(Scalar::I64(i64::MAX).fit(DType::F64), None);
    assert_eq!(Scalar::I64(1 << 62).fit(DType::F64), Some(Scalar::F64((1i64 << 62) as f64)));
    assert_eq!(Scalar::F64(9223372036854775808.0).fit(DType::I64), None);
    assert_eq!(Scalar::F64(-9223372036854775808.0).fit(DType::I64), Some(Scalar::I64(i64::MIN)));
    assert_eq!(Scalar::F64(f64::NAN).fit(DType::I64), None);
    assert_eq!(Scalar::I64(1).fit(DType::Bool), Some(Scalar::Bool(true)));
    assert_eq!(Scalar::I64(2).fit(DType::Bool), None);
}

#[test]
fn empty_values_of_huge_lengths() {
    let mut cx = Context::default();
    let long = 1usize << 62;
    let empty = || Array::Tensor(Tensor::from_vec::<f64>(Vec::new(), &[long, 4, 0]));
    let sum = ops::apply2(&mut cx, &ops::ADD, empty(), Array::Float(1.0)).unwrap();
    assert_eq!(sum.shape(), [long, 4, 0]);
    let turned = ops::transpose(&mut cx, empty(), None).unwrap();
    let sum = ops::apply2(&mut cx, &ops::ADD, turned.clone(), turned).unwrap();
    assert_eq!(sum.shape(), [0, 4, long]);
    assert_eq!(ops::flip(&mut cx, empty(), None).unwrap().shape(), [long, 4, 0]);
    let rows = [ops::index::Index::At(-1)];
    assert_eq!(ops::index::get(&mut cx, &empty(), &rows).unwrap().shape(), [4, 0]);
    let mut target = empty();
    ops::index::set(&mut cx, &mut target, &rows, Array::Int(1)).unwrap();
    let pointers = [ops::index::Index::Array(Array::Tensor(Tensor::from_vec(vec![1i64, -1], &[2])))];
    assert_eq!(ops::index::get(&mut cx, &empty(), &pointers).unwrap().shape(), [2, 4, 0]);
    ops::index::set(&mut cx, &mut target, &pointers, Array::Int(1)).unwrap();
    let joined = ops::concatenate(&mut cx, vec![empty(), empty()], Some(2)).unwrap();
    assert_eq!(joined.shape(), [long, 4, 0]);
    let cast = ops::cast(&mut cx, empty(), DType::U8).unwrap();
    assert_eq!(ops::reshape(&mut cx, cast, &[0, 3]).unwrap().shape(), [0, 3]);
}
