//! Element-wise operations: every layout and broadcast gives what the scalars give one by one.

use super::*;
use crate::context::Context;
use crate::ops::{self, Kernel, Op, Rule, apply, table};

/// All element-wise entries of this many inputs.
fn entries(arity: ops::Arity) -> Vec<&'static ops::Entry> {
    table().filter(|entry| matches!(entry.rule, Rule::Elementwise(_)) && entry.arity == arity).collect()
}

fn op(entry: &'static ops::Entry) -> Op {
    Op { entry, attrs: ops::Attrs::None }
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = table().map(|entry| entry.name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count > 50);
}

#[test]
fn tensors_agree_with_scalars() {
    let mut cx = Context::default();
    let mut dice = Dice(1);
    let mut compared = 0;
    for entry in entries(ops::Arity::Exactly(1)).into_iter().chain(entries(ops::Arity::Exactly(2))) {
        let arity = if matches!(entry.kernel, Kernel::Unary(_)) { 1 } else { 2 };
        for round in 0..120 {
            let result_shape = shape(&mut dice, 4);
            let inputs: Vec<Array> = (0..arity)
                .map(|_| {
                    let skipped = dice.below(result_shape.len() + 1) * usize::from(arity == 2 && dice.below(3) == 0);
                    let mut own = result_shape[skipped..].to_vec();
                    for len in &mut own {
                        if arity == 2 && dice.below(4) == 0 {
                            *len = 1;
                        }
                    }
                    let dtype = dice.pick(&NUMBERS);
                    Array::from(tensor(&mut dice, dtype, &own))
                })
                .collect();
            let mut given = inputs.clone();
            let result = apply(&mut cx, &op(entry), &mut given);
            let out_shape = inputs.iter().fold(Shape::new(), |shape, input| {
                crate::tensor::shape::broadcast(&shape, input.shape()).expect("shapes that broadcast")
            });
            let columns: Vec<Vec<Scalar>> = inputs.iter().map(|input| stretched(input, &out_shape)).collect();
            let count: usize = out_shape.iter().product();
            let mut expected = Vec::new();
            let mut failed = false;
            for number in 0..count {
                let mut one: Vec<Array> = columns.iter().map(|column| Array::Scalar(column[number])).collect();
                match apply(&mut cx, &op(entry), &mut one) {
                    Ok(value) => expected.push(value.as_scalar().expect("a number")),
                    Err(_) => failed = true,
                }
            }
            let what = format!("{} round {round} of {inputs:?}", entry.name);
            match result {
                Ok(result) if count > 0 => {
                    assert!(!failed, "{what}");
                    assert_elements(&result, &out_shape, &expected, &what);
                    compared += count;
                }
                Ok(result) => assert_eq!(result.shape(), out_shape.as_slice(), "{what}"),
                Err(_) if count > 0 => assert!(failed, "{what}"),
                Err(_) => {}
            }
        }
    }
    assert!(compared > 20_000, "{compared}");
}

#[test]
fn select_agrees_with_scalars() {
    let mut cx = Context::default();
    let mut dice = Dice(2);
    for round in 0..300 {
        let shape = shape(&mut dice, 3);
        let condition = Array::from(tensor(&mut dice, DType::Bool, &shape));
        let (left, right) = (dice.pick(&NUMBERS), dice.pick(&NUMBERS));
        let a = Array::from(tensor(&mut dice, left, &shape));
        let b = Array::from(tensor(&mut dice, right, &shape[shape.len().min(1)..]));
        let result = ops::select(&mut cx, condition.clone(), a.clone(), b.clone()).expect("a result");
        let dtype = left.promote(right).expect("numbers");
        assert_eq!(result.dtype(), dtype);
        let columns = [stretched(&condition, &shape), stretched(&a, &shape), stretched(&b, &shape)];
        let expected: Vec<Scalar> = (0..columns[0].len())
            .map(|i| if columns[0][i] == Scalar::Bool(true) { columns[1][i] } else { columns[2][i] })
            .map(|chosen| ops::cast::as_dtype(chosen, dtype).expect("a number"))
            .collect();
        assert_elements(&result, &shape, &expected, &format!("round {round}"));
    }
}

#[test]
fn weak_scalars() {
    let mut cx = Context::default();
    let mut run = |op: &Op, inputs: &[Array]| apply(&mut cx, op, &mut inputs.to_vec());
    let text = |result: crate::diagnostics::Result<Array>| match result {
        Ok(array) => format!("{array:?}"),
        Err(error) => error.to_string(),
    };
    use Array::{Bool, Float, Int};
    let u8s = Array::Tensor(Tensor::from_vec(vec![1u8, 255], &[2]));
    let i64s = Array::Tensor(Tensor::from_vec(vec![1i64, -2], &[2]));
    let f32s = Array::Tensor(Tensor::from_vec(vec![1f32, 2.0], &[2]));
    let cases = [
        (&ops::ADD, vec![Bool(true), Bool(true)], "Int(2)"),
        (&ops::POW, vec![Int(2), Int(-1)], "Float(0.5)"),
        (&ops::POW, vec![Int(2), Int(62)], "Int(4611686018427387904)"),
        (&ops::POW, vec![Int(2), Int(63)], "error[overflow]: 2 ** 63 does not fit i64"),
        (&ops::POW, vec![Int(-1), Int(i64::MAX)], "Int(-1)"),
        (&ops::MUL, vec![Int(i64::MAX), Int(2)], "error[overflow]: 9223372036854775807 * 2 does not fit i64"),
        (&ops::NEG, vec![Int(i64::MIN)], "error[overflow]: -(-9223372036854775808) does not fit i64"),
        (&ops::SHL, vec![Int(1), Int(62)], "Int(4611686018427387904)"),
        (&ops::SHL, vec![Int(1), Int(63)], "error[overflow]: 1 << 63 does not fit i64"),
        (&ops::SHL, vec![Int(1), Int(-1)], "error[value]: negative shift count (-1)"),
        (&ops::DIV, vec![Int(1), Int(2)], "Float(0.5)"),
        (&ops::DIV, vec![Int(1), Int(0)], "Float(inf)"),
        (&ops::FLOOR_DIV, vec![Int(-7), Int(2)], "Int(-4)"),
        (&ops::FLOOR_DIV, vec![Int(1), Int(0)], "error[value]: integer division by zero"),
        (&ops::FLOOR_DIV, vec![Int(i64::MIN), Int(-1)], "error[overflow]: -9223372036854775808 // -1 does not fit i64"),
        (&ops::REM, vec![Int(i64::MIN), Int(-1)], "Int(0)"),
        (&ops::REM, vec![Float(-1.0), Float(3.0)], "Float(2.0)"),
        (&ops::SQRT, vec![Int(4)], "Float(2.0)"),
        (&ops::EQ, vec![Int(1), Float(1.0)], "Bool(true)"),
        (&ops::ADD, vec![Array::Scalar(Scalar::F32(1.5)), Float(1.0)], "Scalar(F32(2.5))"),
        (&ops::ADD, vec![Array::Scalar(Scalar::I64(i64::MAX)), Int(1)], "Scalar(I64(-9223372036854775808))"),
        (&ops::ADD, vec![u8s.clone(), Int(300)], "error[overflow]: 300 does not fit u8"),
        (&ops::POW, vec![i64s.clone(), Int(-1)], "error[value]: an integer tensor to a negative integer power (-1)"),
        (
            &ops::REM,
            vec![Int(1), Array::Tensor(Tensor::from_vec(vec![1i64, 0], &[2]))],
            "error[value]: integer division by zero at [1]",
        ),
        (
            &ops::SUB,
            vec![Array::Scalar(Scalar::Bool(true)), Bool(true)],
            "error[type]: `-` does not take bool and bool",
        ),
        (&ops::LOGICAL_AND, vec![Int(1), Bool(true)], "error[type]: `and` does not take i64 and bool"),
    ];
    for (op, inputs, expected) in cases {
        assert_eq!(text(run(op, &inputs)), expected, "{} {inputs:?}", op.entry.name);
    }
    let found = |result: crate::diagnostics::Result<Array>| result.map(|array| (array.type_name(), elements(&array)));
    let bools = |values: &[bool]| values.iter().map(|&x| Scalar::Bool(x)).collect::<Vec<_>>();
    assert_eq!(found(run(&ops::LT, &[u8s.clone(), Int(300)])).unwrap(), ("bool[2]".into(), bools(&[true, true])));
    assert_eq!(found(run(&ops::EQ, &[Int(-1), u8s])).unwrap(), ("bool[2]".into(), bools(&[false, false])));
    assert_eq!(run(&ops::MUL, &[i64s, Float(0.5)]).unwrap().type_name(), "f64[2]");
    assert_eq!(run(&ops::MUL, &[f32s, Float(0.5)]).unwrap().type_name(), "f32[2]");
}

#[test]
fn text() {
    let mut cx = Context::default();
    let words = Array::Tensor(Tensor::from_strs(&["a", "b", "c"], &[3]));
    let b = Array::from_text("b".into());
    let equal = ops::apply2(&mut cx, &ops::EQ, words.clone(), b.clone()).unwrap();
    assert_eq!(elements(&equal), [false, true, false].map(Scalar::Bool));
    let less = ops::apply2(&mut cx, &ops::LT, words.clone(), b.clone()).unwrap();
    assert_eq!(elements(&less), [true, false, false].map(Scalar::Bool));
    let joined = ops::apply2(&mut cx, &ops::ADD, words.clone(), b).unwrap();
    assert_eq!(
        joined.to_tensor().unwrap().to_vec::<crate::tensor::Text>().unwrap(),
        ["ab", "bb", "cb"].map(Into::into)
    );
    for op in [&ops::ADD, &ops::EQ, &ops::SUB] {
        assert_eq!(ops::apply2(&mut cx, op, words.clone(), Array::Int(1)).unwrap_err().kind().name(), "type");
    }
}

#[test]
fn shapes_that_do_not_broadcast() {
    let mut cx = Context::default();
    let mut inputs =
        [Array::Tensor(Tensor::from_vec(vec![0.0; 6], &[2, 3])), Array::Tensor(Tensor::from_vec(vec![0.0; 4], &[4]))];
    let error = apply(&mut cx, &ops::ADD, &mut inputs).unwrap_err();
    assert_eq!(
        error.to_string(),
        "error[shape]: cannot broadcast f64[2, 3] with f64[4] in `+`: the last axis has lengths 3 and 4"
    );
    assert_eq!(error.details().operands, [(0, "f64[2, 3]".to_string()), (1, "f64[4]".to_string())]);
    assert_eq!(inputs[0].type_name(), "f64[2, 3]");
}

#[test]
fn memory_is_checked() {
    let mut cx = Context::default();
    cx.limits.memory = 1000;
    let column = Array::Tensor(Tensor::from_vec(vec![0.0; 100], &[100, 1]));
    let row = Array::Tensor(Tensor::from_vec(vec![0.0; 100], &[100]));
    let error = ops::apply2(&mut cx, &ops::ADD, column, row).unwrap_err();
    assert_eq!(error.to_string(), "error[memory]: f64[100, 100] takes 80.0 kB; the limit is 1.0 kB");
}
