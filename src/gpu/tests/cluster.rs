//! Fused kernels against the same steps one element at a time.

use super::*;
use crate::diagnostics::Kind;

/// An axis of an input now and then has length one, or is missing.
fn broadcasting(dice: &mut Dice, shape: &[usize]) -> Vec<usize> {
    let missing = if dice.below(3) == 0 { dice.below(shape.len() + 1) } else { 0 };
    shape[missing..].iter().map(|&len| if dice.below(4) == 0 { 1 } else { len }).collect()
}

#[test]
fn several_steps_and_outputs() {
    let gpu = gpu();
    let mut dice = Dice(3);
    use Operand::{Input as In, Step as At};
    let program = Program {
        inputs: vec![DType::F32, DType::F32, DType::I32, DType::U8, DType::Bool],
        steps: vec![
            step("a * b", &[In(0), In(1)], DType::F32),
            step("a < b", &[At(0), In(1)], DType::Bool),
            step("select(b, a, c)", &[At(0), In(0), In(4)], DType::F32),
            step("a + i32(b)", &[In(2), In(3)], DType::I32),
            step("a * 3u + 200u", &[In(3)], DType::U8),
            step("a && !b", &[At(1), In(4)], DType::Bool),
        ],
        outputs: vec![2, 3, 4, 5, 1],
    };
    for round in 0..40 {
        let shape = dice.shape(4, if round % 8 == 0 { 0 } else { 1 });
        let pairs: Vec<(Tensor, View)> = program
            .inputs
            .iter()
            .map(|&dtype| {
                let own = broadcasting(&mut dice, &shape);
                dice.pair(&gpu, dtype, &own)
            })
            .collect();
        let inputs: Vec<Input> = pairs.iter().map(|(_, view)| Input::View(view)).collect();
        let found = gpu.cluster(&program, &inputs, &shape).expect("a kernel");
        let columns: Vec<Tensor> =
            pairs.iter().map(|(tensor, _)| tensor.stretched(shape.as_slice().into()).in_order()).collect();
        let floats = |number: usize| columns[number].to_vec::<f32>().expect("f32");
        let (a, b) = (floats(0), floats(1));
        let c = columns[2].to_vec::<i32>().expect("i32");
        let d = columns[3].to_vec::<u8>().expect("u8");
        let e = columns[4].to_vec::<bool>().expect("bool");
        let each = 0..a.len();
        let less: Vec<bool> = each.clone().map(|i| a[i] * b[i] < b[i]).collect();
        let expected = [
            Tensor::from_vec(
                each.clone().map(|i| if e[i] { a[i] * b[i] } else { a[i] }).map(|x| x + 0.0).collect(),
                &shape,
            ),
            Tensor::from_vec(each.clone().map(|i| c[i] + i32::from(d[i])).collect(), &shape),
            Tensor::from_vec(each.clone().map(|i| d[i].wrapping_mul(3).wrapping_add(200)).collect(), &shape),
            Tensor::from_vec(each.map(|i| less[i] && !e[i]).collect(), &shape),
            Tensor::from_vec(less, &shape),
        ];
        for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let mut found = gpu.read(found).expect("a read");
            if let Some((_, values)) = found.as_mut_slice::<f32>() {
                // Signs of zero aside.
                values.iter_mut().for_each(|x| *x += 0.0);
            }
            assert_same(&found, expected, &format!("round {round}, {shape:?}, output {number}"));
        }
    }
}

#[test]
fn scalars_travel_beside_the_kernel() {
    let gpu = gpu();
    let x = gpu.upload(&Tensor::from_vec(vec![1.0f32, 2.0, 3.0], &[3])).expect("an upload");
    let program = simple("a * b", &[DType::F32; 2], DType::F32);
    for scalar in [Scalar::F32(0.5), Scalar::F64(1e300), Scalar::I64(-3), Scalar::F32(f32::NAN)] {
        let found = gpu.cluster(&program, &[Input::View(&x), Input::Scalar(scalar)], &[3]).expect("a kernel");
        let found: Vec<f32> = gpu.read(&found[0]).expect("a read").to_vec().expect("f32");
        let factor = scalar.as_f64() as f32;
        assert!(
            found.iter().zip([1.0, 2.0, 3.0]).all(|(x, y)| *x == y * factor || factor.is_nan() && x.is_nan()),
            "{found:?}"
        );
    }
    let program = simple("a", &[DType::I32], DType::I32);
    let Err(error) = gpu.cluster(&program, &[Input::Scalar(Scalar::I64(1 << 40))], &[3]) else { panic!("2^40 as i32") };
    assert_eq!(error.kind(), Kind::Overflow);
}

/// Compilers fold these to 0 where they are told nothing else.
#[test]
fn infinity_and_nan_pass_through() {
    let gpu = gpu();
    let values = vec![f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1.0, -0.0, 3e38];
    let x = gpu.upload(&Tensor::from_vec(values.clone(), &[6])).expect("an upload");
    let twice = |wgsl| Program {
        inputs: vec![DType::F32],
        steps: vec![step(wgsl, &[Operand::Input(0), Operand::Input(0)], DType::F32)],
        outputs: vec![0],
    };
    type Case = (&'static str, fn(f32) -> f32);
    let cases: [Case; 3] = [("a - b", |x| x - x), ("a / b", |x| x / x), ("a * b", |x| x * x)];
    for (wgsl, exact) in cases {
        let found = gpu.cluster(&twice(wgsl), &[Input::View(&x)], &[6]).expect("a kernel");
        let found: Vec<f32> = gpu.read(&found[0]).expect("a read").to_vec().expect("f32");
        for (found, x) in found.iter().zip(&values) {
            let exact = exact(*x);
            assert!(*found == exact || found.is_nan() && exact.is_nan(), "{wgsl} at {x}: {found}, not {exact}");
        }
    }
}

#[test]
fn more_groups_than_a_row_of_the_grid() {
    let gpu = gpu();
    // 65,535 groups of 256 elements make a row.
    let count = 65_535 * 256 + 300_001;
    let ones = gpu.fill(Scalar::U8(1), &[1]).expect("a fill");
    let program = simple("i32(a) + b", &[DType::U8, DType::I32], DType::I32);
    let whole =
        gpu.cluster(&program, &[Input::View(&ones), Input::Scalar(Scalar::I32(6))], &[count]).expect("a kernel");
    let found: Vec<i32> = gpu.read(&whole[0]).expect("a read").to_vec().expect("i32");
    assert!(found.iter().all(|&x| x == 7));
}

#[test]
fn wrong_programs_are_errors() {
    let gpu = gpu();
    let x = gpu.fill(Scalar::F32(1.0), &[4]).expect("a fill");
    let view = || Input::View(&x);
    let error = |program: &Program, inputs: &[Input], shape: &[usize]| match gpu.cluster(program, inputs, shape) {
        Err(error) => error.kind(),
        Ok(_) => panic!("a wrong program runs"),
    };
    let add = simple("a + b", &[DType::F32; 2], DType::F32);
    assert_eq!(error(&add, &[view()], &[4]), Kind::Internal);
    assert_eq!(error(&add, &[view(), view()], &[5]), Kind::Internal);
    assert_eq!(error(&simple("a + 1", &[DType::I32], DType::I32), &[view()], &[4]), Kind::Internal);
    assert_eq!(error(&simple("a +", &[DType::F32], DType::F32), &[view()], &[4]), Kind::Device);
    assert_eq!(error(&simple("a", &[DType::F64], DType::F64), &[view()], &[4]), Kind::Internal);
    let most = gpu.cluster(&simple("a", &[DType::F32], DType::F32), &[view()], &[4]).expect("the device goes on");
    gpu.read(&most[0]).expect("a read");
    let many = Program {
        inputs: vec![DType::F32; 40],
        steps: (0..40).map(|i| step("a", &[Operand::Input(i)], DType::F32)).collect(),
        outputs: vec![39],
    };
    let inputs: Vec<Input> = (0..40).map(|_| view()).collect();
    assert_eq!(error(&many, &inputs, &[4]), Kind::Device);
}
