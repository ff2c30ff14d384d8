use super::lower::{Lowered, Step};
use super::numbers::{Numbers, value, word};
use super::*;
use crate::ops::{ADD, DIV, EXP, MUL, RELU, SIN, SUB, apply1, apply2, contract, reduce};
use crate::tensor::{DType, Shape, Tensor};
use crate::transform::trace::Recorder;

type Traced = fn(&mut Context, &[Array]) -> Result<Vec<Array>>;

fn traced(cx: &mut Context, inputs: &[Abstract], f: Traced) -> Graph {
    let recorder = Recorder::new(cx.modes.enter());
    let values: Vec<Array> = inputs.iter().map(|aval| recorder.input(aval.clone())).collect();
    let outputs = recorder.run(cx, |cx| f(cx, &values)).unwrap();
    recorder.finish(cx, &outputs).unwrap()
}

fn floats(shape: &[usize]) -> Abstract {
    Abstract::new(Shape::from_slice(shape), DType::F64)
}

/// What is done, one letter each: kernel, cluster, fold.
fn steps(lowered: &Lowered) -> String {
    let letter = |step: &Step| match step {
        Step::Kernel(_) => 'k',
        Step::Cluster(_) => 'c',
        Step::Fold(..) => 'f',
        Step::Product(..) => 'p',
    };
    lowered.steps.iter().map(letter).collect()
}

fn bits(array: &Array) -> Vec<u64> {
    array.to_tensor().unwrap().walk::<f64>().unwrap().map(f64::to_bits).collect()
}

fn sum(cx: &mut Context, x: &Array) -> Result<Array> {
    reduce::reduce(cx, &reduce::SUM, x.clone(), None, false)
}

#[test]
fn a_chain_and_the_reduction_behind_it_are_one_pass() {
    let cx = &mut Context::default();
    let graph = traced(cx, &[floats(&[2000])], |cx, x| {
        let double = apply2(cx, &MUL, x[0].clone(), Array::Float(2.0))?;
        let power = apply1(cx, &EXP, double)?;
        Ok(vec![sum(cx, &power)?])
    });
    assert_eq!(steps(&Lowered::of(&graph).unwrap()), "f");
}

#[test]
fn what_two_read_is_made_once() {
    let cx = &mut Context::default();
    // the exponential goes into a sum and into a product of matrices
    let graph = traced(cx, &[floats(&[50, 50])], |cx, x| {
        let power = apply1(cx, &EXP, x[0].clone())?;
        let total = sum(cx, &power)?;
        let product = contract::matmul(cx, power.clone(), power)?;
        Ok(vec![total, product])
    });
    let lowered = Lowered::of(&graph).unwrap();
    assert_eq!(steps(&lowered), "fk");
    let Step::Fold(cluster, fold) = &lowered.steps[0] else { panic!("{lowered:?}") };
    assert!(fold.kept && cluster.outs.len() == 1 && cluster.wiring.operands().count() == 1);
}

#[test]
fn statements_and_shapes_do_not_matter_but_broadcast_rows_do() {
    let cx = &mut Context::default();
    let graph = traced(cx, &[floats(&[40, 60]), floats(&[60])], |cx, x| {
        let row = apply1(cx, &SIN, x[1].clone())?;
        let moved = apply2(cx, &ADD, x[0].clone(), row)?;
        let scaled = apply2(cx, &DIV, moved, Array::Float(3.0))?;
        Ok(vec![apply1(cx, &EXP, scaled)?])
    });
    // the row is made before the rest, which is one pass
    assert_eq!(steps(&Lowered::of(&graph).unwrap()), "kc");
}

#[test]
fn kernels_give_what_operations_give() {
    let cx = &mut Context::default();
    let graph = traced(cx, &[floats(&[30, 50]), floats(&[])], |cx, x| {
        let scaled = apply2(cx, &MUL, x[0].clone(), x[1].clone())?;
        let waves = apply1(cx, &SIN, scaled.clone())?;
        let rows = reduce::reduce(cx, &reduce::SUM, waves.clone(), Some(&[0]), false)?;
        let moved = apply2(cx, &SUB, waves, rows)?;
        let total = sum(cx, &moved)?;
        Ok(vec![moved, scaled, total])
    });
    let x = Array::Tensor(Tensor::from_vec((0..1500).map(|i| f64::from(i) * 0.01).collect(), &[30, 50]));
    let inputs = vec![x, Array::Scalar(crate::tensor::Scalar::F64(1.5))];
    let by_kernels = graph.run(cx, &inputs).unwrap();
    let by_operations: Result<Vec<Array>> = {
        let found = graph.interpret(cx, inputs).unwrap();
        found.iter().map(|value| pending::settled(cx, value)).collect()
    };
    for (number, (a, b)) in by_kernels.iter().zip(&by_operations.unwrap()).enumerate() {
        assert!(bits(a) == bits(b), "result {number}");
    }
}

#[test]
fn bias_and_activation_are_part_of_a_product() {
    // one part, parts of whole rows, parts of columns, nothing to sum
    for [rows, inner, columns] in [[3, 5, 400], [1024, 64, 64], [64, 256, 512], [40, 0, 50]] {
        let cx = &mut Context::default();
        let graph = traced(cx, &[floats(&[rows, inner]), floats(&[inner, columns]), floats(&[columns])], |cx, x| {
            let product = contract::matmul(cx, x[0].clone(), x[1].clone())?;
            let moved = apply2(cx, &ADD, product, x[2].clone())?;
            let scaled = apply2(cx, &MUL, moved.clone(), Array::Float(0.5))?;
            let active = apply1(cx, &RELU, scaled)?;
            Ok(vec![active])
        });
        assert_eq!(steps(&Lowered::of(&graph).unwrap()), "p");
        let random = |count: usize| (0..count).map(|i| ((i * 7919) % 1013) as f64 / 1013.0 - 0.5).collect::<Vec<f64>>();
        let tensor = |shape: &[usize]| Array::Tensor(Tensor::from_vec(random(shape.iter().product()), shape));
        let inputs = vec![tensor(&[rows, inner]), tensor(&[inner, columns]), tensor(&[columns])];
        let found = graph.run(cx, &inputs).unwrap().pop().unwrap();
        let expected = graph.interpret(cx, inputs).unwrap().pop().unwrap();
        let expected = pending::settled(cx, &expected).unwrap();
        assert!(bits(&found) == bits(&expected), "{rows} {inner} {columns}");
    }
}

#[test]
fn buffers_are_used_again() {
    let cx = &mut Context::default();
    const LEN: usize = 1 << 16;
    // a chain that cannot be one pass, of values that die one after the other
    let graph = traced(cx, &[floats(&[LEN])], |cx, x| {
        let mut y = x[0].clone();
        for _ in 0..10 {
            let shift = sum(cx, &y)?;
            let moved = apply2(cx, &SUB, y, shift)?;
            y = apply1(cx, &SIN, moved)?;
        }
        Ok(vec![y])
    });
    let x = Array::Tensor(Tensor::from_vec(vec![0.5; LEN], &[LEN]));
    // room for two buffers: one is written on, and must not be counted twice for long
    cx.limit_memory(17 * LEN);
    graph.run(cx, &[x]).unwrap();
}

#[test]
fn single_numbers_are_words() {
    let cx = &mut Context::default();
    let weak = Abstract { weak: true, ..floats(&[]) };
    let graph = traced(cx, &[floats(&[]), weak], |cx, x| {
        let sum = apply2(cx, &ADD, x[0].clone(), x[1].clone())?;
        let wave = apply1(cx, &SIN, sum)?;
        Ok(vec![apply2(cx, &MUL, wave, Array::Int(3))?])
    });
    let numbers = Numbers::of(&graph).unwrap();
    let inputs = [Array::Scalar(crate::tensor::Scalar::F64(0.5)), Array::Float(0.25)];
    let mut words = numbers.words();
    for (to, input) in words.iter_mut().zip(&inputs) {
        *to = word(input).unwrap();
    }
    assert!(numbers.run(&mut words));
    let found = graph.interpret(cx, inputs.to_vec()).unwrap();
    let of = graph.results[0].element_type();
    assert!(value(of, numbers.output(&words, 0)).unwrap().is_identical(&found[0]));
}

#[test]
fn integers_that_overflow_are_left_to_the_graph() {
    let cx = &mut Context::default();
    let weak = Abstract { weak: true, ..Abstract::new(Shape::new(), DType::I64) };
    let graph = traced(cx, &[weak], |cx, x| Ok(vec![apply2(cx, &ADD, x[0].clone(), Array::Int(1))?]));
    let numbers = Numbers::of(&graph).unwrap();
    let mut words = numbers.words();
    words[0] = word(&Array::Int(41)).unwrap();
    assert!(numbers.run(&mut words) && numbers.output(&words, 0) == 42);
    words[0] = word(&Array::Int(i64::MAX)).unwrap();
    assert!(!numbers.run(&mut words));
}
