//! Chains that run as one cluster give what their operations give one at a time, to the bit.

use super::*;
use crate::context::Context;
use crate::ops::{self, Op, apply, cast, now};
use crate::transform::{concrete, pending};

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

/// Runs an operation on values as they may wait, and on the same as they are.
fn both(cx: &mut Context, op: &Op, inputs: &[&(Array, Array)]) -> (Array, Array) {
    let mut waiting: Vec<Array> = inputs.iter().map(|input| input.0.clone()).collect();
    let mut plain: Vec<Array> = inputs.iter().map(|input| input.1.clone()).collect();
    (apply(cx, op, &mut waiting).unwrap(), now(cx, op, &mut plain).unwrap())
}

/// An operand that broadcasts to the shape, in one of the ways in which inputs lie.
fn operand(dice: &mut Dice, shape: &[usize]) -> Array {
    let dtype = dice.pick(&[DType::F64, DType::F64, DType::F32, DType::Bool, DType::I64]);
    let [rows, columns] = *shape else { panic!("two axes") };
    match dice.below(10) {
        0 => Array::Float(dice.pick(&[0.5, -2.0, 3.0])),
        1 => Array::Scalar(Scalar::F32(dice.pick(&[0.25, 1e30]))),
        2 => Array::from(tensor(dice, dtype, &[columns])),
        3 => Array::from(tensor(dice, dtype, &[rows, 1])),
        4 => Array::from(tensor(dice, dtype, &[1, 1])),
        5 => {
            let turned = Tensor::owner(data(dice, dtype, rows * columns), [columns, rows].as_slice().into());
            Array::from(turned.view(shape.into(), 0, [1, rows as isize].as_slice().into()))
        }
        6 => Array::from(tensor(dice, dtype, shape)),
        _ => Array::from(Tensor::owner(data(dice, dtype, rows * columns), shape.into())),
    }
}

#[test]
fn a_plan_fits_all_inputs_that_lie_alike() {
    let mut cx = Context::with_threads(2);
    let mut dice = Dice(31);
    for round in 0..600 {
        let shape = [dice.pick(&[33, 40, 300]), dice.pick(&[40, 41, 64])];
        let mut first =
            Array::from(Tensor::owner(data(&mut dice, DType::F64, shape[0] * shape[1]), shape.as_slice().into()));
        let others = [operand(&mut dice, &shape), operand(&mut dice, &shape)].map(|x| (x.clone(), x));
        let plain = Array::from(first.to_tensor().unwrap().in_buffer());
        let product = both(&mut cx, &ops::MUL, &[&(std::mem::take(&mut first), plain), &others[0]]);
        let sum = both(&mut cx, &ops::ADD, &[&product, &others[1]]);
        let square = both(&mut cx, &ops::SQUARE, &[&sum]);
        let last = both(&mut cx, &ops::LT, &[&others[0], &square]);
        // in half of the rounds the first is the only holder of its buffer, and written on
        let held = (round % 2 == 0).then_some((product, sum));
        for (waiting, plain) in [&last, &square].into_iter().chain(held.iter().flat_map(|(a, b)| [a, b])) {
            let found = concrete(&mut cx, waiting).unwrap();
            assert_elements(&found, plain.shape(), &elements(plain), &format!("round {round}"));
        }
    }
    assert_eq!(cx.modes.plans.count(), 64);
}

/// `x * a + b` of a long vector.
fn scaled(cx: &mut Context, x: Array, a: Array, b: Array) -> Vec<Scalar> {
    let product = apply(cx, &ops::MUL, &mut [x, a]).unwrap();
    let sum = apply(cx, &ops::ADD, &mut [product, b]).unwrap();
    elements(&concrete(cx, &sum).unwrap())
}

#[test]
fn plans_are_made_once_for_a_structure() {
    let mut cx = Context::default();
    let long = |value: f64, count: usize| Array::Tensor(Tensor::from_vec(vec![value; count], &[count]));
    // other numbers, values and lengths: the same plan
    for (value, a, b, count) in [(1.0, 2.0, 3.0, 1100), (4.0, -0.5, 0.0, 5000), (1.0, 2.0, -0.0, 200_000)] {
        let found = scaled(&mut cx, long(value, count), Array::Float(a), Array::Float(b));
        assert_eq!(found, vec![Scalar::F64(value * a + b); count]);
    }
    assert_eq!(cx.modes.plans.count(), 1);
    // whatever else differs makes another one
    let x = || long(3.0, 1100);
    let held = x();
    let single = Array::Tensor(Tensor::from_vec(vec![3.0f32; 1100], &[1100]));
    let row = || Array::Tensor(Tensor::from_vec(vec![3.0; 1100], &[1, 1100]));
    let steps = Array::Tensor(Tensor::from_vec(vec![3.0; 2200], &[2200]).view(
        [1100].as_slice().into(),
        0,
        [2].as_slice().into(),
    ));
    let scalar = |x: f64| Array::Scalar(Scalar::F64(x));
    let others = [
        // somebody else holds the buffer
        (held.clone(), Array::Float(2.0), Array::Float(1.0), 7.0),
        (x(), Array::Int(2), Array::Float(1.0), 7.0),
        (x(), scalar(2.0), Array::Float(1.0), 7.0),
        (x(), Array::Scalar(Scalar::F32(2.0)), scalar(1.0), 7.0),
        (x(), held.clone(), Array::Float(1.0), 10.0),
        (held.clone(), held.clone(), Array::Float(1.0), 10.0),
        (held.clone(), held.clone(), held.clone(), 12.0),
        (held.clone(), Array::Float(2.0), held.clone(), 9.0),
        (steps.clone(), Array::Float(2.0), held.clone(), 9.0),
        (row(), Array::Float(2.0), held.clone(), 9.0),
        (single.clone(), scalar(2.0), Array::Bool(true), 7.0),
    ];
    for (number, (x, a, b, expected)) in others.into_iter().enumerate() {
        let found = scaled(&mut cx, x, a, b);
        assert!(found.iter().all(|&x| x == Scalar::F64(expected) || x == Scalar::F32(expected as f32)), "{number}");
        assert_eq!(cx.modes.plans.count(), number + 2);
    }
    // the same steps in another order, or with other outputs
    for minus in [false, true] {
        let before = cx.modes.plans.count();
        let product = apply(&mut cx, &ops::MUL, &mut [held.clone(), Array::Float(2.0)]).unwrap();
        let mut inputs = [product.clone(), Array::Float(1.0)];
        if minus {
            inputs.reverse();
        }
        let sum = apply(&mut cx, &ops::SUB, &mut inputs).unwrap();
        let found = elements(&concrete(&mut cx, &sum).unwrap());
        assert_eq!(found, vec![Scalar::F64(if minus { -5.0 } else { 5.0 }); 1100]);
        assert_eq!(elements(&concrete(&mut cx, &product).unwrap()), vec![Scalar::F64(6.0); 1100]);
        assert_eq!(cx.modes.plans.count(), before + 1);
    }
}

#[test]
fn only_the_last_plans_are_kept() {
    let mut cx = Context::default();
    let x = Array::Tensor(Tensor::from_vec((0..LONG).map(|i| i as f64 * 0.5).collect(), &[LONG]));
    let ops = [&ops::ADD, &ops::SUB, &ops::MAXIMUM, &ops::MINIMUM];
    for round in 0..2 {
        for number in 0..256 {
            let mut value = x.clone();
            let mut expected = x.clone();
            for place in 0..4 {
                let op = ops[number >> (2 * place) & 3];
                value = apply(&mut cx, op, &mut [value, Array::Float(place as f64 - 1.5)]).unwrap();
                expected = now(&mut cx, op, &mut [expected, Array::Float(place as f64 - 1.5)]).unwrap();
            }
            let found = concrete(&mut cx, &value).unwrap();
            assert_elements(&found, &[LONG], &elements(&expected), &format!("round {round}, {number}"));
            assert!(cx.modes.plans.count() <= 64);
        }
    }
    assert_eq!(cx.modes.plans.count(), 64);
}

#[test]
fn reductions_make_what_others_need_on_the_way() {
    use crate::cpu::reduce::Reduction;
    let mut dice = Dice(8);
    for round in 0..60 {
        let mut cx = Context::with_threads(1 + round % 3);
        let shape = dice.pick(&[[1, 300_000], [300, 700], [70_000, 3], [3, 5000], [2, 1_100_000 / 2]]);
        let count = shape[0] * shape[1];
        let dtype = dice.pick(&[DType::F64, DType::F32]);
        let numbers: Vec<f64> = (0..count).map(|i| (i as f64 * 0.37).sin()).collect();
        let x = Array::from(Tensor::owner(Data::F64(numbers), shape.as_slice().into()));
        let x = cast(&mut cx, x, dtype).unwrap();
        let x = concrete(&mut cx, &x).unwrap();
        let difference = both(&mut cx, &ops::SUB, &[&(x.clone(), x.clone()), &(Array::Float(0.3), Array::Float(0.3))]);
        let truth = both(&mut cx, &ops::GT, &[&difference, &(Array::Int(0), Array::Int(0))]);
        let chosen = both(&mut cx, &ops::MUL, &[&truth, &difference]);
        let square = both(&mut cx, &ops::SQUARE, &[&chosen]);
        let axes = dice.pick(&[&[0][..], &[1], &[0, 1]]).into();
        let entry = dice.pick(&[&ops::reduce::SUM, &ops::reduce::MAX, &ops::reduce::PROD]);
        let op = Op { entry, attrs: ops::Attrs::Reduce { axes, keepdims: dice.below(2) == 0 } };
        // others hold what is reduced, too: more than who calls, and its caller
        let held = (round % 4 == 0).then(|| [square.clone(), square.clone()]);
        let expected = now(&mut cx, &op, &mut [square.1.clone()]).unwrap();
        let found = apply(&mut cx, &op, &mut [square.0]).unwrap();
        assert!(matches!(op.entry.kernel, ops::Kernel::Reduce(Reduction::Sum | Reduction::Max | Reduction::Product)));
        let what = format!("round {round}, {} of {shape:?}", entry.name);
        assert_elements(&found, expected.shape(), &elements(&expected), &what);
        let waits = |value: &Array| matches!(value, Array::Lifted(lifted) if pending::weight_of(lifted).is_some());
        // `chosen` is needed by nobody but who asks here
        for (waiting, plain) in [&difference, &truth, &chosen].into_iter().chain(held.iter().flatten()) {
            assert!(waiting.is_lifted() && !waits(waiting), "{what}");
            let found = concrete(&mut cx, waiting).unwrap();
            assert_elements(&found, plain.shape(), &elements(plain), &what);
        }
    }
}
