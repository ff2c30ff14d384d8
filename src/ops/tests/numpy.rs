//! Promotion and arithmetic as NumPy wrote them down in `numpy.txt`.

use super::*;
use crate::context::Context;
use crate::ops::{self, Attrs, Op, apply, table};

const TABLE: &str = include_str!("numpy.txt");

/// The lines of one section: operation, dtype and words.
fn lines(section: &str) -> impl Iterator<Item = (&'static str, DType, Vec<&'static str>)> {
    TABLE.lines().filter_map(move |line| {
        let (head, words) = line.strip_prefix(section)?.split_once(": ")?;
        let (op, dtype) = head.trim().split_once(' ').unwrap_or(("", head.trim()));
        Some((op, DType::from_name(dtype)?, words.split(' ').collect()))
    })
}

fn op(name: &str) -> Op {
    let entry = table().find(|entry| entry.name == name).unwrap_or_else(|| panic!("no op `{name}`"));
    Op { entry, attrs: Attrs::None }
}

fn ones(dtype: DType) -> Array {
    let data = match dtype {
        DType::Bool => Data::Bool(vec![true; 2]),
        DType::U8 => Data::U8(vec![1; 2]),
        DType::I32 => Data::I32(vec![1; 2]),
        DType::I64 => Data::I64(vec![1; 2]),
        DType::F32 => Data::F32(vec![1.0; 2]),
        _ => Data::F64(vec![1.0; 2]),
    };
    Array::Tensor(Tensor::owner(data, Shape::from_slice(&[2])))
}

fn type_of(result: crate::diagnostics::Result<Array>) -> &'static str {
    result.map_or("-", |array| array.dtype().name())
}

#[test]
fn promotion() {
    let mut cx = Context::default();
    let mut compared = 0;
    for (name, left, expected) in lines("types ") {
        let op = op(name);
        let weak = [Array::Bool(true), Array::Int(1), Array::Float(1.0)];
        let rights = NUMBERS.into_iter().map(ones).chain(weak);
        assert_eq!(expected.len(), 9);
        for (right, expected) in rights.zip(expected) {
            // The dtypes that Nabla does not have.
            let expected = match expected {
                "int8" => "i64",
                "float16" => "f64",
                same => same,
            };
            let what = format!("{name} of {left} and {right:?}");
            let found = type_of(apply(&mut cx, &op, &mut [ones(left), right.clone()]));
            assert_eq!(found, expected, "{what}");
            // Typed scalars are as good as tensors.
            let scalar = |array: &Array| match array {
                Array::Tensor(tensor) => Array::Scalar(tensor.scalar(0).expect("a number")),
                weak => weak.clone(),
            };
            let (one, other) = (scalar(&ones(left)), scalar(&right));
            assert_eq!(type_of(apply(&mut cx, &op, &mut [one, other.clone()])), expected, "{what}");
            assert_eq!(type_of(apply(&mut cx, &op, &mut [ones(left), other])), expected, "{what}");
            assert_eq!(type_of(apply(&mut cx, &op, &mut [right, ones(left)])), expected, "{what}, turned");
            compared += 1;
        }
    }
    assert!(compared > 1000, "{compared}");
}

fn number(word: &str, dtype: DType) -> Scalar {
    match dtype {
        DType::Bool => Scalar::Bool(word == "true"),
        DType::F32 => Scalar::F32(word.parse::<f64>().expect("a number") as f32),
        DType::F64 => Scalar::F64(word.parse().expect("a number")),
        _ => ops::cast::as_dtype(Scalar::I64(word.parse().expect("an integer")), dtype).expect("a number"),
    }
}

#[test]
fn values() {
    let mut cx = Context::default();
    let specials: Vec<(DType, Vec<Scalar>)> = lines("special ")
        .map(|(_, dtype, words)| (dtype, words.iter().map(|word| number(word, dtype)).collect()))
        .collect();
    let mut compared = 0;
    for (name, dtype, words) in lines("values ") {
        let op = op(name);
        let (_, values) = specials.iter().find(|(found, _)| *found == dtype).expect("special values");
        let pairs = values.iter().flat_map(|a| values.iter().map(move |b| (*a, *b)));
        assert_eq!(words.len(), values.len() * values.len());
        for ((a, b), word) in pairs.zip(words) {
            let what = format!("{name} of {a:?} and {b:?}");
            let row = |x: Scalar| ops::stack_values(&mut Context::default(), vec![Array::Scalar(x); 3]).unwrap();
            let many = apply(&mut cx, &op, &mut [row(a), row(b)]);
            let one = apply(&mut cx, &op, &mut [Array::Scalar(a), Array::Scalar(b)]);
            if word == "-" {
                assert!(many.is_err() && one.is_err(), "{what}");
                continue;
            }
            let (many, one) = (many.unwrap(), one.unwrap().as_scalar().expect("a number"));
            let expected = number(word, one.dtype());
            // Which of two zeros is the larger, NumPy leaves to the processor.
            let either = ["maximum", "minimum"].contains(&name) && one.as_f64() == 0.0;
            assert!(same(one, expected) || (either && one == expected), "{what}: {one:?}, not {word}");
            assert!(elements(&many).into_iter().all(|x| same(x, one)), "{what}: {many:?}");
            compared += 1;
        }
    }
    assert!(compared > 3000, "{compared}");
}
