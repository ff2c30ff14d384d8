//! Contractions against naive ones.

use super::*;
use crate::gpu::{Cluster, Side};

fn elements(tensor: &Tensor, order: &[usize]) -> (Vec<usize>, Vec<f64>) {
    let lens: Vec<usize> = order.iter().map(|&axis| tensor.shape()[axis]).collect();
    let strides = order.iter().map(|&axis| tensor.strides()[axis]).collect();
    let moved = tensor.view(lens.as_slice().into(), tensor.offset(), strides);
    (lens, numbers(&moved))
}

/// The product as it is.
fn product(gpu: &Gpu, a: &Side, b: &Side, out: &[usize]) -> Tensor {
    let program = Program::same(a.view.dtype());
    let behind = Cluster::new(&program, &[Input::Made], out);
    let views = gpu.contract(a, b, &behind).expect("a product");
    gpu.read(&views[0]).expect("its elements")
}

/// Compares with sums in f64. Axes: batch and summed of both sides; the rest is free.
fn check(gpu: &Gpu, a: &(Tensor, View), b: &(Tensor, View), batch: [&[usize]; 2], summed: [&[usize]; 2]) {
    let free = |tensor: &Tensor, side: usize| -> Vec<usize> {
        (0..tensor.ndim()).filter(|axis| !batch[side].contains(axis) && !summed[side].contains(axis)).collect()
    };
    let free = [free(&a.0, 0), free(&b.0, 1)];
    let (lens, x) = elements(&a.0, &[batch[0], &free[0], summed[0]].concat());
    let (other, y) = elements(&b.0, &[batch[1], &free[1], summed[1]].concat());
    let (kept, size) = (batch[0].len(), |lens: &[usize]| lens.iter().product::<usize>());
    let out = [&lens[..kept + free[0].len()], &other[kept..kept + free[1].len()]].concat();
    let (batches, rows) = (size(&lens[..kept]), size(&lens[kept..kept + free[0].len()]));
    let (columns, depth) = (size(&other[kept..kept + free[1].len()]), size(&lens[kept + free[0].len()..]));
    let side = |view, side: usize| Side { view, batch: batch[side], contract: summed[side] };
    let found = product(gpu, &side(&a.1, 0), &side(&b.1, 1), &out);
    let what = format!("{:?} with {:?}, batch {batch:?}, summed {summed:?}", a.0.shape(), b.0.shape());
    assert_eq!(found.shape(), out, "{what}");
    let found = numbers(&found);
    let eps = if a.0.dtype() == DType::F32 { 2f64.powi(-24) } else { 0.0 };
    for (number, found) in found.iter().enumerate() {
        let (column, row, batch) = (number % columns, number / columns % rows, number / columns / rows);
        assert!(batch < batches);
        let products =
            (0..depth).map(|k| x[(batch * rows + row) * depth + k] * y[(batch * columns + column) * depth + k]);
        let (exact, terms) = products.fold((0.0, 0.0), |(sum, terms), product| (sum + product, terms + product.abs()));
        let bound = 8.0 * (depth as f64).sqrt() * eps * terms;
        assert!((found - exact).abs() <= bound, "{what}: {found}, not {exact}, at {number}");
    }
}

#[test]
fn matrices_and_vectors() {
    let gpu = gpu();
    let mut dice = Dice(21);
    let sizes = [
        (1, 1, 1),
        (3, 4, 5),
        (1, 300, 7),
        (70, 65, 33),
        (64, 128, 64),
        (17, 40, 200),
        (90, 1, 150),
        (1, 1, 70_000),
        (2, 20_000, 3),
    ];
    for (rows, columns, depth) in sizes {
        for dtype in [DType::F32, DType::I32] {
            let a = dice.pair(&gpu, dtype, &[rows, depth]);
            let b = dice.pair(&gpu, dtype, &[depth, columns]);
            check(&gpu, &a, &b, [&[], &[]], [&[1], &[0]]);
        }
    }
    let a = dice.pair(&gpu, DType::F32, &[200, 33]);
    let b = dice.pair(&gpu, DType::F32, &[200]);
    check(&gpu, &a, &b, [&[], &[]], [&[0], &[0]]);
    let b = dice.pair(&gpu, DType::F32, &[33]);
    check(&gpu, &a, &b, [&[], &[]], [&[1], &[0]]);
}

#[test]
fn many_axes() {
    let gpu = gpu();
    let mut dice = Dice(22);
    for _ in 0..6 {
        let a = dice.pair(&gpu, DType::F32, &[3, 4, 2, 5]);
        let b = dice.pair(&gpu, DType::F32, &[5, 3, 6, 4]);
        check(&gpu, &a, &b, [&[0], &[1]], [&[1, 3], &[3, 0]]);
        check(&gpu, &a, &b, [&[3, 0], &[0, 1]], [&[1], &[3]]);
        check(&gpu, &a, &b, [&[], &[]], [&[3], &[0]]);
        check(&gpu, &a, &b, [&[], &[]], [&[], &[]]);
    }
    let a = dice.pair(&gpu, DType::F32, &[3, 70, 40]);
    let b = dice.pair(&gpu, DType::F32, &[3, 40, 66]);
    check(&gpu, &a, &b, [&[0], &[0]], [&[2], &[1]]);
}

/// More terms than one run of a kernel sums.
#[test]
fn long_sums() {
    let gpu = gpu();
    let mut dice = Dice(23);
    for (rows, columns, depth) in [(32, 16, 20_000), (1, 2, 300_000), (300, 1, 17_000)] {
        let a = dice.pair(&gpu, DType::F32, &[depth, rows]);
        let b = dice.pair(&gpu, DType::F32, &[depth, columns]);
        check(&gpu, &a, &b, [&[], &[]], [&[0], &[0]]);
    }
}

#[test]
fn nothing_to_sum_and_nothing_to_give() {
    let gpu = gpu();
    let mut dice = Dice(24);
    for (rows, columns, depth) in [(3, 2, 0), (0, 4, 5), (3, 0, 0)] {
        let a = dice.pair(&gpu, DType::F32, &[rows, depth]);
        let b = dice.pair(&gpu, DType::F32, &[depth, columns]);
        check(&gpu, &a, &b, [&[], &[]], [&[1], &[0]]);
    }
}
