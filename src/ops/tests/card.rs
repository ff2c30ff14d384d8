//! Element-wise operations on a graphics card (software Vulkan) against the CPU: all there are, on every dtype that a card
//! has and the rule allows, with special values and random ones.

use super::{Dice, assert_elements, elements};
use crate::context::Context;
use crate::cpu::Refuses;
use crate::devices::Devices;
use crate::diagnostics::Result;
use crate::gpu::Choice;
use crate::ops::place::{on_gpu, place};
use crate::ops::{Arity, Attrs, Entry, FLOOR_DIV, OnGpu, Op, REM, Rule, SHL, SUB, apply, cast, table};
use crate::tensor::{Array, DType, Data, Device, ElementType, Scalar, Shape, Tensor};
use crate::transform::concrete;
use crate::transform::waiting::settle_all;

const DTYPES: [DType; 4] = [DType::F32, DType::I32, DType::U8, DType::Bool];

/// How far off a float may be, in units in the last place of the CPU's.
const ULPS: f64 = 4.0;

/// Random elements behind the special ones.
const RANDOM: usize = 3000;

/// A session whose card is the software driver: on a machine without one placing is an error.
fn context() -> Context {
    Context { devices: Devices::new(Choice::Software, true), ..Context::default() }
}

/// Of floats none that devices may take for 0.
fn special(dtype: DType) -> Vec<f64> {
    const FLOATS: [f32; 23] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        1.5,
        -2.5,
        2.0,
        3.0,
        -7.0,
        0.1,
        1e-30,
        -1e-30,
        1e30,
        16777216.0,
        -16777216.0,
        f32::MIN_POSITIVE,
        f32::MAX,
        f32::MIN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    const INTEGERS: [i32; 20] =
        [0, 1, -1, 2, -2, 3, 7, -7, 12, -18, 31, 32, 33, 100, 65536, -65537, 46341, i32::MAX, i32::MIN, i32::MIN + 1];
    const BYTES: [u8; 15] = [0, 1, 2, 3, 7, 8, 9, 12, 18, 31, 32, 100, 127, 128, 255];
    match dtype {
        DType::F32 => FLOATS.map(f64::from).to_vec(),
        DType::I32 => INTEGERS.map(f64::from).to_vec(),
        DType::U8 => BYTES.map(f64::from).to_vec(),
        _ => vec![0.0, 1.0],
    }
}

/// Of all sizes, or small.
fn random(dice: &mut Dice, dtype: DType) -> f64 {
    let (bits, small) = (dice.next() as u32, dice.below(2) == 0);
    match dtype {
        DType::F32 if !small && !f32::from_bits(bits).is_subnormal() => f64::from(f32::from_bits(bits)),
        DType::F32 => (f64::from(bits >> 8) / 8_388_608.0 - 1.0) * dice.pick(&[1.0, 10.0, 100.0]),
        DType::I32 if small => f64::from(bits % 100) - 50.0,
        DType::I32 => f64::from(bits as i32),
        DType::U8 => f64::from(bits as u8),
        _ => f64::from(bits & 1),
    }
}

fn tensor(dtype: DType, values: &[f64]) -> Array {
    let data = match dtype {
        DType::F32 => Data::F32(values.iter().map(|&x| x as f32).collect()),
        DType::I32 => Data::I32(values.iter().map(|&x| x as i32).collect()),
        DType::U8 => Data::U8(values.iter().map(|&x| x as u8).collect()),
        _ => Data::Bool(values.iter().map(|&x| x != 0.0).collect()),
    };
    Array::from(Tensor::owner(data, Shape::from_slice(&[values.len()])))
}

/// Rows of operands: all combinations of special values, and random ones.
fn rows(dice: &mut Dice, dtypes: &[DType]) -> Vec<Vec<f64>> {
    let mut rows = vec![vec![]];
    for &dtype in dtypes {
        let special = special(dtype);
        rows = rows.iter().flat_map(|row| special.iter().map(move |&x| [&row[..], &[x]].concat())).collect();
    }
    rows.extend((0..RANDOM).map(|_| dtypes.iter().map(|&dtype| random(dice, dtype)).collect()));
    rows
}

fn on_cpu(cx: &mut Context, op: &Op, inputs: &[Array]) -> Result<Array> {
    let result = apply(cx, op, &mut inputs.to_vec())?;
    concrete(cx, &result)
}

fn on_card(cx: &mut Context, op: &Op, inputs: &[Array]) -> Result<Array> {
    let mut placed = vec![];
    for input in inputs {
        placed.push(place(cx, input.clone(), Some(Device::Gpu(0)))?);
    }
    let result = apply(cx, op, &mut placed)?;
    concrete(cx, &result)
}

/// How far off a number is, in units in the last place; infinitely where something else than a size is wrong. What
/// devices may take for 0 counts as 0, with its sign.
fn error(found: Scalar, expected: Scalar, terms: f64) -> f64 {
    let (Scalar::F32(found), Scalar::F32(expected)) = (found, expected) else {
        return if found == expected { 0.0 } else { f64::INFINITY };
    };
    let tiny = |x: f32| x.abs() < f32::MIN_POSITIVE;
    if found == expected || (found.is_nan() && expected.is_nan()) || (tiny(found) && tiny(expected)) {
        let same_sign = found.is_sign_negative() == expected.is_sign_negative() || found.is_nan();
        return if same_sign || expected != 0.0 { 0.0 } else { f64::INFINITY };
    }
    if !found.is_finite() || !expected.is_finite() {
        return f64::INFINITY;
    }
    let exponent = f64::from(expected).abs().max(terms).log2().floor().max(-126.0);
    (f64::from(found) - f64::from(expected)).abs() / (exponent - 23.0).exp2()
}

/// The size of what nearly cancels in a result: errors are measured by it.
fn terms(entry: &Entry, row: &[f64]) -> f64 {
    match (entry.name, row) {
        // The larger number and the logarithm of what the other one adds.
        ("logaddexp", [a, b]) if a.is_finite() && b.is_finite() => a.max(*b).abs(),
        _ => 0.0,
    }
}

/// Every element-wise operation with these dtypes, if it takes them.
fn check(cx: &mut Context, dice: &mut Dice, entry: &'static Entry, dtypes: &[DType], failed: &mut Vec<String>) {
    let Rule::Elementwise(rule) = entry.rule else { panic!("{}: no rule for elements", entry.name) };
    let kinds: Vec<ElementType> = dtypes.iter().map(|&dtype| ElementType { dtype, weak: false }).collect();
    let Ok(types) = rule(&kinds) else { return };
    let compute = on_gpu(types.compute);
    let mut rows = rows(dice, dtypes);
    if let (Some(guard), true) = (entry.guard, compute.is_integer()) {
        rows.retain(|row| match guard.refuses {
            Refuses::Zero => row[1] != 0.0,
            Refuses::Negative => row[1] >= 0.0,
        });
    }
    let column = |number: usize| rows.iter().map(|row: &Vec<f64>| row[number]).collect::<Vec<f64>>();
    let inputs: Vec<Array> = (0..dtypes.len()).map(|number| tensor(dtypes[number], &column(number))).collect();
    let op = Op { entry, attrs: Attrs::None };
    // The CPU computes with what a card would.
    let mut plain = inputs.clone();
    if compute != types.compute {
        for input in &mut plain {
            *input = cast(cx, input.clone(), compute).expect("a cast");
        }
    }
    let expected = on_cpu(cx, &op, &plain).expect("a result of the CPU");
    let what = format!("{} of {dtypes:?}", entry.name);
    let found = match on_card(cx, &op, &inputs) {
        Ok(found) => found,
        Err(error) => return failed.push(format!("{what}: {}", error.message())),
    };
    assert_eq!(found.dtype(), expected.dtype(), "{what}");
    let each = elements(&found).into_iter().zip(elements(&expected)).zip(&rows);
    let each = each.map(|((found, expected), row)| (error(found, expected, terms(entry, row)), found, expected, row));
    let (error, found, expected, row) = each.max_by(|a, b| a.0.total_cmp(&b.0)).expect("some elements");
    if error > ULPS {
        failed.push(format!("{what}: of {row:?} it is {found:?}, not {expected:?}: {error} ulp"));
    }
}

#[test]
fn every_operation_gives_what_the_cpu_gives() {
    let (mut cx, mut dice, mut failed) = (context(), Dice(7), vec![]);
    let mut seen = 0;
    for entry in table().filter(|entry| matches!(entry.gpu, OnGpu::Wgsl(_))) {
        let Arity::Exactly(arity) = entry.arity else { panic!("{}", entry.name) };
        for dtype in DTYPES {
            let mut dtypes = vec![dtype; arity];
            if arity == 3 {
                dtypes[0] = DType::Bool;
            }
            check(&mut cx, &mut dice, entry, &dtypes, &mut failed);
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen}");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// What is refused for its value is a fault, told when somebody reads, as the CPU tells it.
#[test]
fn refused_values_are_told_as_on_the_cpu() {
    let mut cx = context();
    let shaped = |dtype: DType, shape: &[usize], values: &[f64]| match tensor(dtype, values) {
        Array::Tensor(tensor) => Array::Tensor(tensor.reshaped(Shape::from_slice(shape))),
        other => other,
    };
    let mut seen = 0;
    for entry in table().filter(|entry| entry.guard.is_some()) {
        let guard = entry.guard.expect("a guard");
        let zero = guard.refuses == Refuses::Zero;
        let bad = if zero { 0.0 } else { -3.0 };
        let op = Op { entry, attrs: Attrs::None };
        let six = [5.0, 7.0, 1.0, 2.0, 4.0, 9.0];
        let mut cases = vec![
            [shaped(DType::I32, &[2, 3], &six), shaped(DType::I32, &[2, 3], &[1.0, 2.0, 3.0, 4.0, bad, 6.0])],
            [shaped(DType::I32, &[2, 1, 3], &six), shaped(DType::I32, &[2, 1], &[1.0, bad])],
            [shaped(DType::I32, &[6], &six), shaped(DType::I32, &[], &[bad])],
            [shaped(DType::U8, &[6], &six), shaped(DType::I32, &[6], &[1.0, 1.0, bad, 1.0, 1.0, 1.0])],
            [shaped(DType::I32, &[6], &six), Array::Int(bad as i64)],
            [Array::Int(1), shaped(DType::I32, &[2], &[bad, 1.0])],
        ];
        if zero {
            cases.push([shaped(DType::U8, &[3], &six[..3]), shaped(DType::U8, &[3], &[1.0, 0.0, 2.0])]);
            cases.push([shaped(DType::Bool, &[2], &[1.0, 1.0]), shaped(DType::Bool, &[2], &[1.0, 0.0])]);
        }
        for inputs in cases {
            let names: Vec<String> = inputs.iter().map(Array::type_name).collect();
            let what = format!("{} of {}", entry.name, names.join(" and "));
            let Err(expected) = on_cpu(&mut cx, &op, &inputs) else { panic!("{what} is taken by the CPU") };
            let Err(found) = on_card(&mut cx, &op, &inputs) else { panic!("{what} is taken by the card") };
            assert_eq!((found.kind(), found.message()), (expected.kind(), expected.message()), "{what}");
            assert_eq!(found.details().help, expected.details().help, "{what}");
            seen += 1;
        }
    }
    assert_eq!(seen, 6 * 6 + 3 * 2);
    // The card goes on.
    let [a, b] = [[7.0, -7.0], [2.0, 2.0]].map(|values| tensor(DType::I32, &values));
    let quotient = on_card(&mut cx, &FLOOR_DIV, &[a, b]).expect("a quotient");
    assert_eq!(elements(&quotient), [Scalar::I32(3), Scalar::I32(-4)]);
}

/// Operations that may fail wait and run with those around them.
#[test]
fn faults_rise_from_inside_a_cluster() {
    let mut cx = context();
    let x = place(&mut cx, tensor(DType::I32, &[8.0, 9.0, 10.0, 11.0]), Some(Device::Gpu(0))).expect("a place");
    let mut steps = |shift: i64| -> Result<(Array, u64)> {
        let before = cx.kernels;
        let less = apply(&mut cx, &SUB, &mut [x.clone(), Array::Int(shift)])?;
        let rest = apply(&mut cx, &REM, &mut [x.clone(), less])?;
        let shifted = apply(&mut cx, &SHL, &mut [rest, x.clone()])?;
        let result = concrete(&mut cx, &shifted)?;
        Ok((result, cx.kernels - before))
    };
    let expected = [0, 1 << 9, 1 << 10, 3 << 11].map(Scalar::I32);
    let (result, kernels) = steps(7).expect("a result");
    assert_eq!((elements(&result).as_slice(), kernels), (expected.as_slice(), 1));
    assert_eq!(steps(10).expect_err("a division by zero").message(), "integer division by zero at [2]");
    assert_eq!(elements(&steps(7).expect("the card goes on").0), expected);
}

/// What may fail runs though nobody holds it, once: in a chain it is part of the one kernel.
#[test]
fn faults_need_no_reader() {
    let mut cx = context();
    let x = place(&mut cx, tensor(DType::I32, &[3.0, 0.0]), Some(Device::Gpu(0))).expect("a place");
    drop(apply(&mut cx, &FLOOR_DIV, &mut [Array::Int(6), x.clone()]).expect("a quotient"));
    let Err(error) = settle_all(&mut cx).and_then(|()| cx.devices.look_for_faults()) else { panic!("6 / 0") };
    assert_eq!(error.message(), "integer division by zero at [1]");
    let quotient = apply(&mut cx, &FLOOR_DIV, &mut [x.clone(), Array::Int(1)]).expect("a quotient");
    let rest = apply(&mut cx, &REM, &mut [quotient, x.clone()]).expect("a rest");
    let less = apply(&mut cx, &SUB, &mut [rest, x]).expect("a difference");
    let before = cx.kernels;
    settle_all(&mut cx).expect("a launch");
    assert_eq!(cx.kernels - before, 1);
    assert!(cx.devices.look_for_faults().is_err());
    drop(less);
}

/// What a cast has no room for is a fault; all else is as on the CPU.
#[test]
fn casts_are_checked() {
    let (mut cx, mut dice) = (context(), Dice(3));
    for from in DTYPES {
        for to in DTYPES {
            let op = cast::op(to);
            let (mut kept, mut refused) = (vec![], 0);
            for value in rows(&mut dice, &[from]).into_iter().map(|row| row[0]).take(200) {
                let x = [tensor(from, &[1.0, value])];
                match on_cpu(&mut cx, &op, &x) {
                    Ok(_) => kept.push(value),
                    Err(expected) if refused < 10 => {
                        let what = format!("{value:e} of {from} in {to}");
                        let Err(found) = on_card(&mut cx, &op, &x) else { panic!("{what} is taken") };
                        assert_eq!((found.kind(), found.message()), (expected.kind(), expected.message()), "{what}");
                        refused += 1;
                    }
                    Err(_) => {}
                }
            }
            kept.extend(if from == DType::F32 { vec![-0.99, 255.99, 0.5] } else { vec![] });
            let x = [tensor(from, &kept)];
            let expected = on_cpu(&mut cx, &op, &x).expect("a cast");
            let found = on_card(&mut cx, &op, &x).expect("a cast");
            assert_elements(&found, &[kept.len()], &elements(&expected), &format!("{from} to {to}"));
            let narrows = matches!((from, to), (DType::F32, DType::I32 | DType::U8) | (DType::I32, DType::U8));
            assert_eq!(refused > 0, narrows, "{from} to {to}");
        }
    }
}
