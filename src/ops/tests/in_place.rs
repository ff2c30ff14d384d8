//! Results written on their operands never show in a value that somebody else holds.

use super::*;
use crate::context::Context;
use crate::devices::{Devices, Engine};
use crate::gpu::Choice;
use crate::ops::{self, apply, index::Index, table};
use crate::tensor::Device;
use crate::transform::placed;
use std::slice;

#[test]
fn shared_values_stay() {
    let mut cx = Context::default();
    let mut dice = Dice(3);
    let ops = [&ops::ADD, &ops::SUB, &ops::MUL, &ops::MAXIMUM, &ops::DIV, &ops::NEG, &ops::SQRT, &ops::EQ];
    // A pool of values that share buffers: results and views go back into it.
    let mut pool: Vec<(Array, Vec<Scalar>)> = Vec::new();
    for round in 0..4000 {
        if pool.len() < 4 || dice.below(8) == 0 {
            let dtype = dice.pick(&[DType::F64, DType::F64, DType::F32, DType::I64]);
            let array = Array::from(tensor(&mut dice, dtype, &[3, 3]));
            pool.push((array.clone(), elements(&array)));
        }
        let op = dice.pick(&ops);
        let arity = if op.entry.arity == ops::Arity::Exactly(1) { 1 } else { 2 };
        let mut inputs = Vec::new();
        for _ in 0..arity {
            let chosen = dice.below(pool.len());
            inputs.push(if dice.below(2) == 0 { pool.swap_remove(chosen).0 } else { pool[chosen].0.clone() });
            if pool.is_empty() {
                let array = Array::from(tensor(&mut dice, DType::F64, &[3, 3]));
                pool.push((array.clone(), elements(&array)));
            }
        }
        let result = apply(&mut cx, op, &mut inputs);
        for (array, before) in &pool {
            assert_elements(array, array.shape(), before, &format!("round {round}, {}", op.entry.name));
        }
        if let Ok(result) = result {
            let result = match dice.below(3) {
                0 => ops::transpose(&mut cx, result, None).unwrap(),
                1 => ops::flip(&mut cx, result, None).unwrap(),
                _ => result,
            };
            let values = elements(&result);
            pool.push((result, values));
        }
        if let Some((array, _)) = pool.last().cloned() {
            let mut target = array;
            let row = Index::At(dice.below(3) as i64);
            if ops::index::set(&mut cx, &mut target, slice::from_ref(&row), Array::Bool(true)).is_ok() {
                let values = elements(&target);
                pool.push((target, values));
            }
        }
        for (array, before) in &pool {
            assert_elements(array, array.shape(), before, &format!("round {round}, set"));
        }
        pool.truncate(12);
    }
}

#[test]
fn unshared_buffers_are_used_again() {
    let mut cx = Context::default();
    let values = Tensor::from_vec(vec![1.0, 2.0, 3.0], &[3]);
    let before = values.as_slice::<f64>().unwrap().as_ptr();
    let mut sum = Array::Tensor(values);
    for _ in 0..10 {
        sum = ops::apply2(&mut cx, &ops::ADD, sum, Array::Float(1.0)).unwrap();
        sum = ops::apply2(&mut cx, &ops::SUB, Array::Float(1.0), sum).unwrap();
        ops::index::set(&mut cx, &mut sum, &[Index::At(0)], Array::Int(5)).unwrap();
    }
    assert_eq!(sum.to_tensor().unwrap().as_slice::<f64>().unwrap().as_ptr(), before);
}

/// On a graphics card, too, what nobody else holds is written where it is, and what somebody else holds stays.
#[test]
fn values_on_a_card() {
    const LEN: usize = 1 << 20;
    fn head(cx: &mut Context, array: &Array) -> Vec<Scalar> {
        let first = Index::Slice { start: None, stop: Some(10), step: None };
        let found = ops::index::get(cx, array, &[first]).unwrap();
        elements(&crate::transform::concrete(cx, &found).unwrap())
    }
    let mut cx = Context { devices: Devices::new(Choice::Software, true), ..Context::default() };
    let Engine::Card(card) = placed::engine(&mut cx, Device::Gpu(0)).unwrap() else { panic!("software Vulkan") };
    let buffers = || (card.gpu.memory().live + card.gpu.memory().pooled) as usize / (4 * LEN);
    let ones = Array::Tensor(Tensor::from_vec(vec![1.0f32; LEN], &[LEN]));
    let mut target = ops::place::place(&mut cx, ones, Some(Device::Gpu(0))).unwrap();
    let places = |places: &[i64]| vec![Index::Array(Array::Tensor(Tensor::from_vec(places.to_vec(), &[places.len()])))];
    let slice = [Index::Slice { start: Some(0), stop: Some(2000), step: Some(2) }];
    for value in 0..4 {
        let value = || Array::Float(f64::from(value));
        ops::index::set(&mut cx, &mut target, &[Index::At(1)], value()).unwrap();
        ops::index::set(&mut cx, &mut target, &slice, value()).unwrap();
        ops::index::set(&mut cx, &mut target, &places(&[5, 7, 5]), value()).unwrap();
        ops::index::add(&mut cx, &mut target, &places(&[9, 9]), value(), false).unwrap();
    }
    assert_eq!(buffers(), 1, "it was copied");
    let expected = [3.0, 3.0, 3.0, 1.0, 3.0, 3.0, 3.0, 3.0, 3.0, 13.0].map(Scalar::F32);
    assert_eq!(head(&mut cx, &target), expected);

    let numbers = || Array::Tensor(Tensor::from_vec(vec![1.0f32; 3], &[3]));
    assert!(ops::index::set(&mut cx, &mut target, &places(&[0, 1]), numbers()).is_err());
    assert!(ops::index::set(&mut cx, &mut target, &slice, numbers()).is_err());
    cx.interrupt.raise();
    assert!(ops::index::set(&mut cx, &mut target, &[Index::At(1)], Array::Float(9.0)).is_err());
    assert!(ops::index::add(&mut cx, &mut target, &places(&[9, 9]), Array::Float(9.0), false).is_err());
    cx.interrupt.clear();
    assert_eq!(head(&mut cx, &target), expected, "what fails leaves the target");

    let held = target.clone();
    ops::index::set(&mut cx, &mut target, &[Index::At(0)], Array::Float(8.0)).unwrap();
    assert_eq!(buffers(), 2, "somebody else holds it");
    assert_eq!(head(&mut cx, &held), expected);
    assert_eq!(head(&mut cx, &target)[..2], [8.0, 3.0].map(Scalar::F32));
    // what waits reads it as it was
    let later = ops::apply2(&mut cx, &ops::ADD, held.clone(), Array::Float(1.0)).unwrap();
    let mut held = held;
    ops::index::set(&mut cx, &mut held, &slice, Array::Float(0.0)).unwrap();
    assert_eq!(head(&mut cx, &later), expected.map(|x| Scalar::F32(x.as_f64() as f32 + 1.0)));
}

#[test]
fn errors_leave_inputs() {
    let mut cx = Context::default();
    let mut dice = Dice(4);
    let mut failures = 0;
    for entry in table() {
        let arity = match entry.arity {
            ops::Arity::Exactly(count) => count,
            ops::Arity::AtLeast(count) => count + 1,
        };
        for _ in 0..60 {
            let mut inputs: Vec<Array> = (0..arity)
                .map(|_| {
                    let (dtype, shape) = (dice.pick(&DType::ALL), shape(&mut dice, 2));
                    Array::from(tensor(&mut dice, dtype, &shape))
                })
                .collect();
            let before: Vec<String> = inputs.iter().map(|input| format!("{input:?}")).collect();
            // Not through another handle: the inputs must be the only ones.
            let attrs = if matches!(entry.rule, ops::Rule::Whole(_)) && entry.name != "select" {
                ops::Attrs::Axis(0)
            } else {
                ops::Attrs::None
            };
            if apply(&mut cx, &ops::Op { entry, attrs }, &mut inputs).is_err() {
                let after: Vec<String> = inputs.iter().map(|input| format!("{input:?}")).collect();
                assert_eq!(before, after, "{}", entry.name);
                failures += 1;
            }
        }
    }
    assert!(failures > 500, "{failures}");
}

#[test]
fn failed_assignments_leave_the_target() {
    let mut cx = Context::default();
    let ints = || Array::Tensor(Tensor::from_vec(vec![1i64, 2, 3], &[3]));
    let mask = || Index::Array(Array::Tensor(Tensor::from_vec(vec![true, false, true], &[3])));
    let cases = [
        (vec![Index::At(3)], Array::Int(1), "error[index]: index 3 is out of bounds for axis 0 of size 3"),
        (vec![Index::At(0)], Array::Float(2.5), "error[value]: 2.5 does not fit i64 without loss"),
        (vec![mask()], Array::Float(f64::NAN), "error[value]: nan does not fit i64 without loss"),
        (vec![mask()], ints(), "error[shape]: cannot assign i64[3] to a part of i64[2]"),
        (vec![Index::At(0), Index::At(0)], Array::Int(1), "error[index]: too many indices: 2 for i64[3]"),
        (
            vec![Index::Array(Array::Tensor(Tensor::from_vec(vec![0i64, 5], &[2])))],
            Array::Int(1),
            "error[index]: index 5 is out of bounds for axis 0 of size 3",
        ),
        (vec![Index::At(0)], Array::from_text("a".into()), "error[type]: cannot assign str to elements of i64[3]"),
    ];
    for (index, value, expected) in cases {
        let mut target = ints();
        let error = ops::index::set(&mut cx, &mut target, &index, value).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_elements(&target, &[3], &[1, 2, 3].map(Scalar::I64), expected);
    }
}

#[test]
fn long_work_can_be_interrupted() {
    let mut cx = Context::default();
    let column = Array::Tensor(Tensor::from_vec(vec![1.0; 1100], &[1100, 1]));
    let row = Array::Tensor(Tensor::from_vec(vec![1.0; 1100], &[1100]));
    let mut inputs = [column, row];
    cx.interrupt.raise();
    // it is long, and waits
    let waiting = apply(&mut cx, &ops::ADD, &mut inputs.clone()).unwrap();
    let error = crate::transform::pending::settled(&mut cx, &waiting).unwrap_err();
    assert_eq!(error.kind().name(), "interrupted");
    assert_eq!(inputs.each_ref().map(Array::type_name), ["f64[1100, 1]", "f64[1100]"]);
    cx.interrupt.clear();
    assert_eq!(apply(&mut cx, &ops::ADD, &mut inputs).unwrap().type_name(), "f64[1100, 1100]");
}

#[test]
fn what_is_interrupted_leaves_its_inputs() {
    let mut cx = Context::default();
    cx.interrupt.raise();
    let numbers = || Array::Tensor(Tensor::from_vec(vec![3.0, 1.0, 2.0], &[3]));
    let one = || Array::Tensor(Tensor::from_vec(vec![5.0], &[1]));
    let mask = || Array::Tensor(Tensor::from_vec(vec![true, false, true], &[3]));
    // the only holder of a buffer that is read from behind
    let turned = || {
        Array::Tensor(Tensor::from_vec(vec![3.0, 1.0, 2.0], &[3]).view(
            [3].as_slice().into(),
            2,
            [-1].as_slice().into(),
        ))
    };
    let (none, axis) = (ops::Attrs::None, ops::Attrs::Axis(0));
    let cases = [
        ("append", &none, vec![turned(), Array::Scalar(Scalar::F64(4.0))]),
        ("sort", &none, vec![numbers()]),
        ("sort", &none, vec![turned()]),
        ("sort", &none, vec![Array::Tensor(Tensor::from_vec(vec!["b".into(), crate::tensor::Text::from("a")], &[2]))]),
        ("cumsum", &axis, vec![numbers()]),
        ("cumprod", &axis, vec![turned()]),
        ("select", &none, vec![mask(), one(), numbers()]),
        ("select", &none, vec![mask(), numbers(), one()]),
        ("select", &none, vec![mask(), one(), turned()]),
    ];
    for (name, attrs, mut inputs) in cases {
        let entry = table().find(|entry| entry.name == name).unwrap();
        let before = format!("{inputs:?}");
        let error = apply(&mut cx, &ops::Op { entry, attrs: attrs.clone() }, &mut inputs).unwrap_err();
        assert_eq!((error.kind().name(), format!("{inputs:?}")), ("interrupted", before), "{name}");
    }
    let shared = numbers();
    let mut longer = shared.clone();
    assert!(ops::append(&mut cx, &mut longer, Array::Float(4.0)).is_err());
    assert_elements(&longer, &[3], &[3.0, 1.0, 2.0].map(Scalar::F64), "append");

    let places = || [Index::Array(Array::Tensor(Tensor::from_vec(vec![0i64, 2, 0], &[3])))];
    for mut target in [numbers(), shared.clone(), turned()] {
        let before = format!("{target:?}");
        assert!(ops::index::set(&mut cx, &mut target, &places(), Array::Float(7.0)).is_err());
        assert!(ops::index::set(&mut cx, &mut target, &[Index::Array(mask())], Array::Float(7.0)).is_err());
        assert!(ops::index::add(&mut cx, &mut target, &places(), Array::Float(7.0), false).is_err());
        assert_eq!(format!("{target:?}"), before);
    }
}
