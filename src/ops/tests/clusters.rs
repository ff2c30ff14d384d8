//! Chains that run as one cluster give what their operations give one at a time, to the bit.

use super::*;
use crate::context::Context;
use crate::ops::{self, Op, apply, cast, now};
use crate::transform::concrete;

/// Elements from which on operations wait.
const LONG: usize = 1100;

fn operations() -> Vec<Op> {
    let element_wise: [&Op; 21] = [
        &ops::ADD,
        &ops::SUB,
        &ops::MUL,
        &ops::DIV,
        &ops::FLOOR_DIV,
        &ops::POW,
        &ops::MAXIMUM,
        &ops::NEG,
        &ops::ABS,
        &ops::SQRT,
        &ops::EXP,
        &ops::LT,
        &ops::EQ,
        &ops::ISNAN,
        &ops::LOGICAL_AND,
        &ops::LOGICAL_NOT,
        &ops::BIT_OR,
        &ops::SQUARE,
        &ops::RELU,
        &ops::SELECT,
        &ops::SELECT,
    ];
    element_wise.into_iter().cloned().chain([cast::op(DType::F32), cast::op(DType::F64)]).collect()
}

fn long(dice: &mut Dice) -> Array {
    let dtype = dice.pick(&NUMBERS);
    match dice.below(6) {
        0 => Array::Float(dice.pick(&[0.5, -2.0, f64::NAN])),
        1 => Array::Int(dice.pick(&[0, 1, -1, 2])),
        2 => Array::Bool(true),
        3 => Array::from(Tensor::owner(data(dice, dtype, LONG), Shape::from_slice(&[1, LONG]))),
        4 => Array::from(Tensor::owner(data(dice, dtype, 2), Shape::from_slice(&[2, 1]))),
        _ => Array::from(Tensor::owner(data(dice, dtype, 2 * LONG), Shape::from_slice(&[2, LONG]))),
    }
}

#[test]
fn clusters_give_what_single_operations_give() {
    let mut cx = Context::default();
    let mut dice = Dice(11);
    let ops = operations();
    let (mut fused, mut refused) = (0, 0);
    for round in 0..300 {
        // each value as it may wait, and as it is
        let mut values: Vec<(Array, Array)> = (0..4).map(|_| long(&mut dice)).map(|x| (x.clone(), x)).collect();
        for _ in 0..8 {
            let op = &ops[dice.below(ops.len())];
            let ops::Arity::Exactly(arity) = op.entry.arity else { continue };
            let chosen: Vec<usize> = (0..arity).map(|_| dice.below(values.len())).collect();
            let mut waiting: Vec<Array> = chosen.iter().map(|&at| values[at].0.clone()).collect();
            let mut plain: Vec<Array> = chosen.iter().map(|&at| values[at].1.clone()).collect();
            match (apply(&mut cx, op, &mut waiting), now(&mut cx, op, &mut plain)) {
                (Ok(waiting), Ok(plain)) => {
                    assert_eq!(waiting.aval(), plain.aval(), "round {round}, {}", op.entry.name);
                    fused += usize::from(waiting.is_lifted());
                    values.push((waiting, plain));
                }
                (Err(waiting), Err(plain)) => {
                    assert_eq!(waiting.to_string(), plain.to_string(), "round {round}");
                    refused += 1;
                }
                (waiting, plain) => {
                    panic!("round {round}, {}: {:?} and {:?}", op.entry.name, waiting.err(), plain.err())
                }
            }
        }
        // the last ones first: they take the others with them
        for (waiting, plain) in values.iter().rev() {
            let found = concrete(&mut cx, waiting).unwrap();
            assert_elements(&found, plain.shape(), &elements(plain), &format!("round {round}"));
        }
    }
    assert!(fused > 500 && refused > 100, "{fused} waited, {refused} were refused");
}

#[test]
fn truth_values_count_in_long_chains() {
    let mut cx = Context::default();
    let x = Array::Tensor(Tensor::from_vec(vec![1.0; LONG], &[LONG]));
    let truth = apply(&mut cx, &ops::GT, &mut [x, Array::Int(0)]).unwrap();
    assert!(truth.is_lifted());
    let count = apply(&mut cx, &ops::MUL, &mut [truth, Array::Int(1)]).unwrap();
    assert_eq!(elements(&concrete(&mut cx, &count).unwrap()), vec![Scalar::I64(1); LONG]);
}

#[test]
fn the_buffer_of_an_input_that_nobody_holds_is_used_again() {
    let mut cx = Context::default();
    let numbers: Vec<f64> = (0..LONG).map(|i| i as f64).collect();
    for shared in [false, true] {
        let tensor = Tensor::from_vec(numbers.clone(), &[LONG]);
        let buffer = tensor.as_slice::<f64>().unwrap().as_ptr();
        let x = Array::Tensor(tensor);
        let held = shared.then(|| x.clone());
        // it is read twice
        let square = apply(&mut cx, &ops::MUL, &mut [x.clone(), x]).unwrap();
        let more = apply(&mut cx, &ops::ADD, &mut [square, Array::Float(0.5)]).unwrap();
        let result = concrete(&mut cx, &more).unwrap().to_tensor().unwrap();
        let expected: Vec<f64> = numbers.iter().map(|x| x * x + 0.5).collect();
        assert_eq!(result.as_slice::<f64>().unwrap(), expected);
        assert_eq!(result.as_slice::<f64>().unwrap().as_ptr() == buffer, !shared);
        if let Some(held) = held {
            assert_eq!(held.to_tensor().unwrap().as_slice::<f64>().unwrap(), numbers);
        }
    }
}
