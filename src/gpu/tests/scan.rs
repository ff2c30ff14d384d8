//! Running sums and products against naive ones.

use super::*;
use crate::diagnostics::Kind;
use crate::gpu::{NO_ID, Running};
use crate::tensor::walk::coordinates;

/// The results in `f64`, and of each its bound: a sum or product of `f32` is rounded at every step of a chain or a tree,
/// and no result is behind more steps than it has elements. The error of a sum is compared with the sum of sizes.
fn naive(how: Running, tensor: &Tensor, axis: usize) -> (Vec<f64>, Vec<f64>) {
    let (shape, all) = (tensor.shape(), numbers(tensor));
    let eps = if tensor.dtype() == DType::F32 { 2f64.powi(-24) } else { 0.0 };
    let step: usize = shape[axis + 1..].iter().product();
    let (mut results, mut sizes) = (all.clone(), all.iter().map(|x| x.abs()).collect::<Vec<f64>>());
    let mut bounds = vec![0.0; all.len()];
    for number in 0..all.len() {
        let at = coordinates(number, shape)[axis];
        if at > 0 {
            let join = |a: f64, b: f64| if how == Running::Sum { a + b } else { a * b };
            results[number] = join(results[number - step], results[number]);
            sizes[number] = join(sizes[number - step], sizes[number]);
        }
        // Sums of random signs: the square root; 16 is more than the standard deviations that are seen.
        bounds[number] = 16.0 * (at as f64).sqrt() * eps * sizes[number];
    }
    (results, bounds)
}

fn check(gpu: &Gpu, how: Running, (tensor, view): &(Tensor, View), axis: usize) {
    let result = gpu.running(how, view, axis, NO_ID).and_then(|view| gpu.read(&view)).expect("a scan");
    let what = format!("{how:?} of {}{:?} along {axis}", tensor.dtype(), tensor.shape());
    assert_eq!(result.shape(), tensor.shape(), "{what}");
    assert_eq!(result.dtype(), if tensor.dtype() == DType::F32 { DType::F32 } else { DType::I32 }, "{what}");
    let (exact, bounds) = naive(how, tensor, axis);
    for (number, found) in numbers(&result).into_iter().enumerate() {
        let (exact, bound) = (exact[number], bounds[number]);
        let same = (found - exact).abs() <= bound || found == exact || found.is_nan() && exact.is_nan();
        assert!(same, "{what}, {number}: {found}, not {exact}");
    }
}

/// Factors whose products stay in range.
fn factors(dice: &mut Dice, dtype: DType, shape: &[usize]) -> Tensor {
    let count = shape.iter().product();
    match dtype {
        DType::F32 => Tensor::from_vec((0..count).map(|_| 1.0 + dice.float() / 64.0).collect(), shape),
        DType::I32 => Tensor::from_vec((0..count).map(|_| [1, -1, 1][dice.below(3)]).collect(), shape),
        DType::U8 => {
            Tensor::from_vec((0..count).map(|i| [1, 1, 2][i % 3 * usize::from(i < 60)]).collect::<Vec<u8>>(), shape)
        }
        _ => dice.tensor(dtype, shape),
    }
}

#[test]
fn small_ones() {
    let gpu = gpu();
    let mut dice = Dice(51);
    for round in 0..120 {
        let dtype = DTYPES[round % 4];
        let mut shape = dice.shape(3, usize::from(round % 9 != 0));
        shape.push(dice.below(7));
        let axis = dice.below(shape.len());
        check(&gpu, Running::Sum, &dice.pair(&gpu, dtype, &shape), axis);
        let tensor = factors(&mut dice, dtype, &shape);
        let view = gpu.upload(&tensor).expect("an upload");
        check(&gpu, Running::Product, &(tensor, view), axis);
    }
}

#[test]
fn lengths_around_the_ends_of_parts() {
    let gpu = gpu();
    let mut dice = Dice(52);
    for len in [1, 2, 63, 64, 65, 255, 256, 257, 1023, 1024, 1025, 4095, 4096, 4097, 8192, 8193, 70_001] {
        for dtype in DTYPES {
            check(&gpu, Running::Sum, &dice.pair(&gpu, dtype, &[len]), 0);
            let tensor = factors(&mut dice, dtype, &[len]);
            let view = gpu.upload(&tensor).expect("an upload");
            check(&gpu, Running::Product, &(tensor, view), 0);
        }
        // every second row: by invocations where there are many
        let dtype = DTYPES[len % 4];
        check(&gpu, Running::Sum, &dice.pair(&gpu, dtype, &[len, 3]), 0);
        check(&gpu, Running::Sum, &dice.pair(&gpu, dtype, &[2, len]), 1);
        if len < 3000 {
            check(&gpu, Running::Sum, &dice.pair(&gpu, dtype, &[len, 1030]), 0);
        }
    }
}

/// More parts than one workgroup scans.
#[test]
fn parts_of_parts() {
    let gpu = gpu();
    let len = 4096 * 4096 / 8 + 4097 * 300;
    let ones = gpu.fill(Scalar::I32(1), &[1]).expect("a fill");
    let many = ones.with_layout(smallvec![len], 0, smallvec![0]);
    let found = gpu.running(Running::Sum, &many, 0, NO_ID).and_then(|view| gpu.read(&view)).expect("a scan");
    let all = found.to_vec::<i32>().expect("i32");
    assert!((1..).zip(&all).all(|(expected, &found)| expected == found));
}

#[test]
fn views_that_repeat_elements() {
    let gpu = gpu();
    let tensor = Tensor::from_vec(vec![0.5f32, -2.0, 4.0], &[3, 1]);
    let view = gpu.upload(&tensor).expect("an upload");
    let pair = (tensor.stretched(smallvec![3, 5000]), view.with_layout(smallvec![3, 5000], 0, smallvec![1, 0]));
    check(&gpu, Running::Sum, &pair, 0);
    check(&gpu, Running::Sum, &pair, 1);
}

#[test]
fn special_values() {
    let gpu = gpu();
    let (inf, nan) = (f32::INFINITY, f32::NAN);
    let of = |how: Running, values: &[f32]| {
        let view = gpu.upload(&Tensor::from_vec(values.to_vec(), &[values.len()])).expect("an upload");
        let found = gpu.running(how, &view, 0, NO_ID).and_then(|view| gpu.read(&view)).expect("a scan");
        found.to_vec::<f32>().expect("f32")
    };
    let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    // The first element stays what it is.
    assert_eq!(bits(&of(Running::Sum, &[-0.0, -0.0, 0.0])), bits(&[-0.0, -0.0, 0.0]));
    assert_eq!(bits(&of(Running::Product, &[-0.0, 2.0, -1.0])), bits(&[-0.0, -0.0, 0.0]));
    let found = of(Running::Sum, &[1.0, inf, 1.0, -inf, 1.0]);
    assert!(found[..3] == [1.0, inf, inf] && found[3].is_nan() && found[4].is_nan());
    let found = of(Running::Product, &[2.0, -inf, 3.0, 0.0, 1.0]);
    assert!(found[..3] == [2.0, -inf, -inf] && found[3].is_nan() && found[4].is_nan());
    assert_eq!(of(Running::Product, &[1e30, 1e30, 1.0]), [1e30, inf, inf]);
    assert_eq!(of(Running::Product, &[-1e-30, 1e-30, 1.0]), [-1e-30, 0.0, 0.0]);
    // Behind the end of a part, NaN comes from nothing behind it.
    for at in [5, 300, 5000] {
        let mut values = vec![1.0; 9000];
        values[at] = nan;
        for how in [Running::Sum, Running::Product] {
            let found = of(how, &values);
            assert!(found.iter().enumerate().all(|(i, x)| x.is_nan() == (i >= at)), "{how:?}, {at}");
        }
    }
    // The product of a part leaves the range of f32, that of all does not.
    let values = [vec![0.5; 9000], vec![2.0; 9000]].concat();
    let found = of(Running::Product, &values);
    assert_eq!((found[100], found[8999], found[17_899], found[17_999]), (0.5f32.powi(101), 0.0, 0.5f32.powi(100), 1.0));
}

#[test]
fn integers_that_do_not_fit_are_faults() {
    let gpu = gpu();
    let of = |how: Running, values: Vec<i32>, id: u32| {
        let view = gpu.upload(&Tensor::from_vec(values.clone(), &[values.len()])).expect("an upload");
        gpu.running(how, &view, 0, id).and_then(|view| gpu.read(&view))
    };
    // Joined in another order they would not fit.
    let up_and_down: Vec<i32> = (0..9000).map(|i| if i % 2 == 0 { i32::MAX } else { -i32::MAX }).collect();
    assert_eq!(numbers(&of(Running::Sum, up_and_down, 1).expect("a scan"))[8999], 0.0);
    let last = [vec![i32::MAX - 8191], vec![1; 8191]].concat();
    assert_eq!(numbers(&of(Running::Sum, last.clone(), 1).expect("a scan"))[8191], f64::from(i32::MAX));
    let least = of(Running::Product, vec![1 << 16, 1 << 15, -1], 1);
    assert!(least.is_err(), "2^31 comes before its negative");
    assert_eq!(
        numbers(&of(Running::Product, vec![1 << 16, -1, 1 << 15, 0, 5], 1).expect("a scan"))[2..],
        [f64::from(i32::MIN), 0.0, 0.0]
    );
    gpu.take_fault();
    let cases = [
        (Running::Sum, [last, vec![1]].concat(), "running sum"),
        (Running::Sum, vec![i32::MIN, -1, 1], "running sum"),
        (Running::Product, [vec![2; 31], vec![0]].concat(), "running product"),
    ];
    for (number, (how, values, name)) in cases.into_iter().enumerate() {
        let error = of(how, values, number as u32).expect_err("too large");
        assert_eq!(error.kind(), Kind::Overflow);
        assert_eq!(error.message(), format!("the {name} does not fit i32, the widest integer of the graphics device"));
        assert_eq!(gpu.take_fault(), Some(number as u32));
    }
    gpu.wait().expect("nothing is left");
}
