//! Reductions against naive ones.

use super::*;
use crate::diagnostics::Kind;
use crate::gpu::{Cluster, NO_ID, Reduction};

const ALL: [Reduction; 8] = [
    Reduction::Sum,
    Reduction::Max,
    Reduction::Min,
    Reduction::Prod,
    Reduction::Any,
    Reduction::All,
    Reduction::Argmax,
    Reduction::Argmin,
];

fn naive(how: Reduction, values: &[f64], dtype: DType) -> f64 {
    let (least, most) = match dtype {
        DType::F32 => (f64::NEG_INFINITY, f64::INFINITY),
        DType::I32 => (i32::MIN.into(), i32::MAX.into()),
        DType::U8 => (0.0, 255.0),
        _ => (0.0, 1.0),
    };
    let nan = values.iter().any(|x| x.is_nan());
    match how {
        Reduction::Sum => values.iter().sum(),
        Reduction::Prod => values.iter().product(),
        Reduction::Max | Reduction::Min if nan => f64::NAN,
        Reduction::Max => values.iter().fold(least, |a, &b| a.max(b)),
        Reduction::Min => values.iter().fold(most, |a, &b| a.min(b)),
        Reduction::Any => f64::from(u8::from(values.iter().any(|&x| x != 0.0))),
        Reduction::Argmax | Reduction::Argmin => place(how == Reduction::Argmax, values),
        Reduction::All => f64::from(u8::from(values.iter().all(|&x| x != 0.0))),
    }
}

/// Of equal extremes the first; NaN wins.
fn place(largest: bool, values: &[f64]) -> f64 {
    let beats = |x: f64, best: f64| (if largest { x > best } else { x < best }) || x.is_nan() && !best.is_nan();
    (1..values.len()).fold(0, |best, at| if beats(values[at], values[best]) { at } else { best }) as f64
}

/// The values of each group of a reduction, in the order of the results.
fn groups(tensor: &Tensor, axes: &[usize]) -> Vec<Vec<f64>> {
    let kept: Vec<usize> = (0..tensor.ndim()).filter(|axis| !axes.contains(axis)).collect();
    let pick = |axes: &[usize]| axes.iter().map(|&axis| tensor.shape()[axis]).collect::<Vec<_>>();
    let order: Vec<usize> = kept.iter().chain(axes).copied().collect();
    let strides = order.iter().map(|&axis| tensor.strides()[axis]).collect();
    let moved = tensor.view(pick(&order).as_slice().into(), tensor.offset(), strides);
    let length: usize = pick(axes).iter().product();
    let count: usize = pick(&kept).iter().product();
    let all = numbers(&moved);
    (0..count).map(|i| all[i * length..(i + 1) * length].to_vec()).collect()
}

fn check(gpu: &Gpu, how: Reduction, (tensor, view): &(Tensor, View), axes: &[usize]) {
    let out: Vec<usize> =
        (0..tensor.ndim()).filter(|axis| !axes.contains(axis)).map(|axis| tensor.shape()[axis]).collect();
    let result = gpu.reduce(how, view, axes, &out, NO_ID).and_then(|view| gpu.read(&view)).expect("a reduction");
    let what = format!("{how:?} of {}{:?} over {axes:?}", tensor.dtype(), tensor.shape());
    assert_eq!(result.shape(), out, "{what}");
    for (found, values) in numbers(&result).iter().zip(groups(tensor, axes)) {
        let exact = naive(how, &values, tensor.dtype());
        let terms: f64 = if how == Reduction::Prod { exact.abs() } else { values.iter().map(|x| x.abs()).sum() };
        let eps = if tensor.dtype() == DType::F32 { 2f64.powi(-24) } else { 0.0 };
        let inexact = matches!(how, Reduction::Sum | Reduction::Prod);
        let bound = if inexact { 8.0 * (values.len() as f64).sqrt() * eps * terms } else { 0.0 };
        let same = (found - exact).abs() <= bound || *found == exact || found.is_nan() && exact.is_nan();
        assert!(same, "{what}: {found}, not {exact}");
    }
}

#[test]
fn small_ones() {
    let gpu = gpu();
    let mut dice = Dice(11);
    for round in 0..90 {
        let dtype = DTYPES[round % 4];
        let shape = dice.shape(4, usize::from(round % 7 != 0));
        let axes: Vec<usize> = (0..shape.len()).filter(|_| dice.below(2) == 0).collect();
        let how = ALL[dice.below(ALL.len())];
        if how == Reduction::Prod && dtype != DType::F32 {
            // Small factors, or the product does not fit.
            let values = (0..shape.iter().product()).map(|_| [1, -1, 2, 1, 1][dice.below(5)]).collect::<Vec<i32>>();
            if values.iter().filter(|x| **x == 2).count() < 31 {
                let tensor = Tensor::from_vec(values, &shape);
                let view = gpu.upload(&tensor).expect("an upload");
                check(&gpu, how, &(tensor, view), &axes);
            }
            continue;
        }
        check(&gpu, how, &dice.pair(&gpu, dtype, &shape), &axes);
    }
}

#[test]
fn large_ones() {
    let gpu = gpu();
    let mut dice = Dice(12);
    let cases: [(&[usize], &[usize]); 7] = [
        (&[300_000], &[0]),
        (&[3, 40_000], &[1]),
        (&[40_000, 3], &[0]),
        (&[2000, 150], &[0]),
        (&[1500, 80], &[1]),
        (&[5000, 40], &[1]),
        (&[40, 50, 60], &[0, 2]),
    ];
    for (number, (shape, axes)) in cases.into_iter().enumerate() {
        let pair = dice.pair(&gpu, DType::F32, shape);
        check(&gpu, Reduction::Sum, &pair, axes);
        check(&gpu, [Reduction::Max, Reduction::Min][number % 2], &pair, axes);
        check(&gpu, [Reduction::Argmax, Reduction::Argmin][number % 2], &pair, axes);
        let pair = dice.pair(&gpu, DTYPES[number % 3 + 1], shape);
        check(&gpu, Reduction::Sum, &pair, axes);
        check(&gpu, [Reduction::Any, Reduction::All][number % 2], &pair, axes);
        check(&gpu, [Reduction::Argmin, Reduction::Argmax][number % 2], &pair, axes);
    }
}

#[test]
fn nan_wins() {
    let gpu = gpu();
    for at in [0, 5, 700] {
        let mut values: Vec<f32> = (0..1000).map(|x| x as f32).collect();
        values[at] = f32::NAN;
        values[300] = f32::INFINITY;
        let tensor = Tensor::from_vec(values, &[1000]);
        let pair = (tensor.clone(), gpu.upload(&tensor).expect("an upload"));
        for how in ALL {
            check(&gpu, how, &pair, &[0]);
        }
    }
}

#[test]
fn integers_that_do_not_fit_are_faults() {
    let gpu = gpu();
    let most = |values: Vec<i32>, how: Reduction| {
        let count = values.len();
        let view = gpu.upload(&Tensor::from_vec(values, &[count])).expect("an upload");
        gpu.reduce(how, &view, &[0], &[], NO_ID).and_then(|view| gpu.read(&view)).map(|tensor| numbers(&tensor)[0])
    };
    // Partial sums may leave the range.
    let there_and_back = [vec![i32::MAX; 400], vec![-i32::MAX; 400]].concat();
    assert_eq!(most(there_and_back, Reduction::Sum).expect("a sum"), 0.0);
    assert_eq!(most(vec![i32::MIN], Reduction::Prod).expect("a product"), f64::from(i32::MIN));
    assert_eq!(most(vec![1 << 20, 1 << 20, 1 << 20, 0], Reduction::Prod).expect("a product"), 0.0);
    assert_eq!(most(vec![1 << 16, 1 << 15, -1], Reduction::Prod).expect("a product"), f64::from(i32::MIN));
    for (values, how) in [(vec![i32::MAX, 1], Reduction::Sum), (vec![1 << 16, 1 << 15], Reduction::Prod)] {
        let error = most(values, how).expect_err("too large");
        assert_eq!(error.kind(), Kind::Overflow, "{error}");
    }
    gpu.wait().expect("nothing is left");
}

/// A view that repeats its elements may have more of them than a kernel counts.
#[test]
fn endless_views_are_errors() {
    let gpu = gpu();
    let one = gpu.fill(Scalar::F32(1.0), &[1]).expect("a fill");
    let endless = one.with_layout([1 << 40].as_slice().into(), 0, [0].as_slice().into());
    let Err(error) = gpu.reduce(Reduction::Sum, &endless, &[0], &[], NO_ID) else { panic!("2^40 elements were added") };
    assert_eq!(error.kind(), Kind::Memory);
    let many = one.with_layout([1 << 22].as_slice().into(), 0, [0].as_slice().into());
    let sum = gpu.reduce(Reduction::Sum, &many, &[0], &[], NO_ID).and_then(|view| gpu.read(&view)).expect("a sum");
    assert_eq!(numbers(&sum), [f64::from(1 << 22)]);
}

/// What is made as it is reduced gives the bits of what was made before, and is written where it is kept.
#[test]
fn what_is_made_on_the_way() {
    let gpu = gpu();
    let mut dice = Dice(33);
    let program = Program {
        inputs: vec![DType::F32; 2],
        steps: vec![
            step("a * b", &[Operand::Input(0), Operand::Input(1)], DType::F32),
            step("nb_exp(a)", &[Operand::Step(0)], DType::F32),
            step("a > 1.0", &[Operand::Step(1)], DType::Bool),
        ],
        outputs: vec![],
    };
    let cases: [(&[usize], &[usize], &[usize]); 6] = [
        (&[40, 50], &[1], &[40]),
        (&[40, 50], &[0], &[50]),
        (&[70_000], &[0], &[]),
        (&[3, 2000, 4], &[1], &[3, 4]),
        (&[5, 0], &[1], &[5]),
        (&[2000, 3], &[1], &[2000]),
    ];
    for (shape, axes, out) in cases {
        let x = dice.pair(&gpu, DType::F32, shape);
        let row = dice.pair(&gpu, DType::F32, &shape[shape.len() - 1..]);
        let inputs = [Input::View(&x.1), Input::View(&row.1)];
        for (how, outputs) in [
            (Reduction::Sum, vec![1]),
            (Reduction::Max, vec![0, 1]),
            (Reduction::Sum, vec![1, 1]),
            (Reduction::Any, vec![0, 2]),
            // truth is written by a kernel of its own
            (Reduction::Prod, vec![2, 1]),
        ] {
            let program = Program { outputs, ..program.clone() };
            let made = gpu.cluster(&program, &inputs, shape).expect("a cluster");
            let apart = gpu.reduce(how, &made[made.len() - 1], axes, out, 0).expect("a reduction");
            let cluster = Cluster::new(&program, &inputs, shape);
            let (together, kept) = gpu.reduce_made(how, &cluster, axes, out, 0).expect("a reduction");
            assert_eq!(kept.len(), made.len() - 1);
            for (found, expected) in std::iter::once((&together, &apart)).chain(kept.iter().zip(&made)) {
                let (found, expected) = (gpu.read(found).expect("elements"), gpu.read(expected).expect("elements"));
                assert_same(&found, &expected, &format!("{how:?} of {shape:?} over {axes:?}"));
            }
        }
    }
}
