//! Sorting, searching, running sums and places against loops over rows.

use crate::sample::{Sample, indices, number, numbers};
use nabla::context::Context;
use nabla::ops::cumulate::{CUMPROD, CUMSUM, cumulate};
use nabla::ops::index::{self, Index};
use nabla::ops::{self, sort};
use nabla::tensor::{Array, DType, Tensor};
use std::cmp::Ordering;

const DTYPES: [DType; 6] = [DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64];

/// The numbers of an array as rows along an axis: where each stands, and what it is.
fn rows(array: &Array, axis: usize) -> Vec<Vec<(usize, f64)>> {
    let shape = array.shape();
    let mut heads = shape.to_vec();
    heads[axis] = 1;
    let all = numbers(array);
    let row = |index: Vec<usize>| {
        let at = |i| {
            number(&index.iter().enumerate().map(|(a, &x)| if a == axis { i } else { x }).collect::<Vec<_>>(), shape)
        };
        (0..shape[axis]).map(|i| (at(i), all[at(i)])).collect()
    };
    if shape[axis] == 0 { Vec::new() } else { indices(&heads).into_iter().map(row).collect() }
}

/// NaN behind all numbers.
fn order(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan()
}

/// A value with at least one axis; floats hold NaN, infinities and both zeros now and then.
fn value(sample: &mut Sample, dtype: DType) -> (Array, usize) {
    let shape = loop {
        let shape = sample.shape(7);
        if !shape.is_empty() {
            break shape;
        }
    };
    let axis = sample.below(shape.len());
    let array = sample.array(dtype, &shape);
    if !dtype.is_float() || sample.below(3) > 0 {
        return (array, axis);
    }
    let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0];
    let mut values = numbers(&array);
    for value in &mut values {
        if sample.below(3) == 0 {
            *value = special[sample.below(5)];
        }
    }
    let tensor = Array::from(Tensor::from_vec(values, &shape));
    (ops::cast(&mut Context::default(), tensor, dtype).expect("floats"), axis)
}

#[test]
fn sorts_as_loops_do() {
    let mut sample = Sample::new(71);
    let mut cx = Context::default();
    for case in 0..600 {
        let (x, axis) = value(&mut sample, DTYPES[case % 6]);
        let (before, negative) = (numbers(&x), axis as i64 - x.ndim() as i64);
        let named = if sample.below(2) == 0 { axis as i64 } else { negative };
        let descending = sample.below(3) == 0;
        let sorted = sort::sort(&mut cx, x.clone(), named, descending).expect("a sort");
        let places = sort::argsort(&mut cx, x.clone(), named, descending).expect("an argsort");
        assert_eq!((sorted.dtype(), sorted.shape()), (x.dtype(), x.shape()));
        assert_eq!((places.dtype(), places.shape()), (DType::I64, x.shape()));
        let (sorted_rows, place_rows) = (rows(&sorted, axis), rows(&places, axis));
        for ((row, sorted), places) in rows(&x, axis).into_iter().zip(sorted_rows).zip(place_rows) {
            let mut expected: Vec<usize> = (0..row.len()).collect();
            expected.sort_by(|&i, &j| {
                let order = order(row[i].1, row[j].1);
                if descending { order.reverse() } else { order }
            });
            assert_eq!(places.iter().map(|place| place.1 as usize).collect::<Vec<_>>(), expected, "case {case}");
            for (found, &from) in sorted.iter().zip(&expected) {
                assert!(same(found.1, row[from].1), "case {case}: {sorted:?} of {row:?}");
            }
        }
        let taken = sort::take_along(&mut cx, &x, places, named).expect("places");
        assert!(numbers(&taken).into_iter().zip(numbers(&sorted)).all(|(a, b)| same(a, b)), "case {case}");
        assert!(numbers(&x).into_iter().zip(before).all(|(a, b)| same(a, b)), "case {case}: x is left alone");
    }
}

#[test]
fn searches_as_loops_do() {
    let mut sample = Sample::new(72);
    let mut cx = Context::default();
    for case in 0..300 {
        let len = sample.below(20);
        let row = sample.array(DTYPES[case % 6], &[len]);
        let sorted = sort::sort(&mut cx, row, 0, false).expect("a sort");
        let shape = sample.shape(5);
        let dtype = DTYPES[sample.below(6)];
        let x = sample.array(dtype, &shape);
        let behind = sample.below(2) == 0;
        let found = sort::searchsorted(&mut cx, sorted.clone(), x.clone(), behind).expect("a search");
        assert_eq!(found.shape(), x.shape());
        for (found, x) in numbers(&found).into_iter().zip(numbers(&x)) {
            let ahead = |&y: &f64| y < x || behind && y == x;
            assert_eq!(found as usize, numbers(&sorted).iter().filter(|y| ahead(y)).count(), "case {case}");
        }
    }
}

#[test]
fn runs_as_loops_do() {
    let mut sample = Sample::new(73);
    let mut cx = Context::default();
    for case in 0..600 {
        let dtype = DTYPES[case % 6];
        let shape = loop {
            let shape = sample.shape(6);
            if !shape.is_empty() {
                break shape;
            }
        };
        let axis = sample.below(shape.len());
        let x = sample.array(dtype, &shape);
        let products = sample.below(3) == 0;
        let y = cumulate(&mut cx, if products { &CUMPROD } else { &CUMSUM }, x.clone(), axis as i64).expect("a run");
        assert_eq!(y.dtype(), if dtype.is_float() { dtype } else { DType::I64 });
        assert_eq!(y.shape(), x.shape());
        for (row, found) in rows(&x, axis).into_iter().zip(rows(&y, axis)) {
            // a run is made in order, in its dtype: so to the last digit, and integers wrap
            let mut single = if products { 1.0f32 } else { 0.0 };
            let mut double = f64::from(single);
            let mut whole = i64::from(products);
            for (number, ((_, x), (_, y))) in row.into_iter().zip(found).enumerate() {
                let (a, b) = (x as f32, x as i64);
                (single, double, whole) = match (products, number) {
                    (true, _) => (single * a, double * x, whole.wrapping_mul(b)),
                    // -0.0 alone stays so
                    (false, 0) => (a, x, b),
                    (false, _) => (single + a, double + x, whole.wrapping_add(b)),
                };
                let expected = match dtype {
                    DType::F32 => f64::from(single),
                    DType::F64 => double,
                    _ => whole as f64,
                };
                assert_eq!(y, expected, "case {case}");
            }
        }
    }
}

/// `+=` and `=` through index arrays that repeat.
#[test]
fn writes_through_indices_as_loops_do() {
    let mut sample = Sample::new(74);
    let mut cx = Context::default();
    for case in 0..400 {
        let dtype = DTYPES[1 + case % 5];
        let shape: Vec<usize> = (0..1 + sample.below(3)).map(|_| 1 + sample.below(4)).collect();
        let x = sample.array(dtype, &shape);
        let pointed = 1 + sample.below(shape.len());
        let points: Vec<usize> = (0..sample.below(3)).map(|_| 1 + sample.below(4)).collect();
        let count: usize = points.iter().product();
        let mut pointers = Vec::new();
        for &len in &shape[..pointed] {
            pointers.push((0..count).map(|_| sample.below(len)).collect::<Vec<usize>>());
        }
        let index: Vec<Index> = pointers
            .iter()
            .zip(&shape)
            .map(|(along, &len)| {
                let signed = |&i: &usize| i as i64 - if i % 2 == 0 { len as i64 } else { 0 };
                Index::Array(Array::from(Tensor::from_vec(along.iter().map(signed).collect::<Vec<i64>>(), &points)))
            })
            .collect();
        let rest = shape[pointed..].to_vec();
        let place = [points.clone(), rest.clone()].concat();
        let value = if sample.below(3) == 0 { sample.array(dtype, &[]) } else { sample.array(dtype, &place) };
        let adds = sample.below(2) == 0;
        let mut target = x.clone();
        let subtracts = adds && sample.below(2) == 0;
        let written = match adds {
            true => index::add(&mut cx, &mut target, &index, value.clone(), subtracts),
            false => index::set(&mut cx, &mut target, &index, value.clone()),
        };
        written.expect("it is written");
        let mut expected = numbers(&x);
        let values = numbers(&value);
        for (at, spot) in indices(&place).iter().enumerate() {
            let point = number(&spot[..points.len()], &points);
            let full: Vec<usize> =
                pointers.iter().map(|along| along[point]).chain(spot[points.len()..].iter().copied()).collect();
            let (cell, value) = (&mut expected[number(&full, &shape)], values[at % values.len()]);
            *cell = match (adds, dtype) {
                (false, _) => value,
                (true, DType::U8) if subtracts => f64::from((*cell as u8).wrapping_sub(value as u8)),
                (true, DType::U8) => f64::from((*cell as u8).wrapping_add(value as u8)),
                (true, DType::F32) if subtracts => f64::from(*cell as f32 - value as f32),
                (true, DType::F32) => f64::from(*cell as f32 + value as f32),
                (true, _) if subtracts => *cell - value,
                (true, _) => *cell + value,
            };
        }
        assert_eq!(numbers(&target), expected, "case {case}");
        assert_eq!(target.dtype(), dtype);
    }
}

#[test]
fn places_of_what_is_true() {
    let mut sample = Sample::new(75);
    let mut cx = Context::default();
    for case in 0..200 {
        let shape = sample.shape(5);
        let x = sample.array(DTYPES[case % 6], &shape);
        let found = sort::argwhere(&mut cx, x.clone()).expect("places");
        let expected: Vec<Vec<usize>> =
            indices(&shape).into_iter().zip(numbers(&x)).filter(|(_, x)| *x != 0.0).map(|(index, _)| index).collect();
        assert_eq!(found.shape(), [expected.len(), shape.len()]);
        assert_eq!(numbers(&found), expected.concat().into_iter().map(|i| i as f64).collect::<Vec<_>>(), "case {case}");
    }
}
