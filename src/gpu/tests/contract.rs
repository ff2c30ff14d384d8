//! Contractions against naive ones.

use super::*;

fn elements(tensor: &Tensor, order: &[usize]) -> (Vec<usize>, Vec<f64>) {
    let lens: Vec<usize> = order.iter().map(|&axis| tensor.shape()[axis]).collect();
    let strides = order.iter().map(|&axis| tensor.strides()[axis]).collect();
    let moved = tensor.view(lens.as_slice().into(), tensor.offset(), strides);
    (lens, numbers(&moved))
}

/// The product as it is.
fn product(gpu: &Gpu, a: &Side, b: &Side, out: &[usize]) -> Tensor {
    gpu.read(&contracted(gpu, a, b, out).expect("a product")).expect("its elements")
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

/// A tensor on both sides that lies without gaps, its axes in the order of `shape` or the last two the other way round.
fn laid(dice: &mut Dice, gpu: &Gpu, dtype: DType, shape: &[usize], turned: bool) -> (Tensor, View) {
    let ndim = shape.len();
    let mut lies = shape.to_vec();
    if turned {
        lies.swap(ndim - 2, ndim - 1);
    }
    let tensor = dice.tensor(dtype, &lies);
    let view = gpu.upload(&tensor).expect("an upload");
    let mut strides = crate::tensor::shape::contiguous(&lies);
    if turned {
        strides.swap(ndim - 2, ndim - 1);
    }
    let shape = crate::tensor::Shape::from_slice(shape);
    (tensor.view(shape.clone(), 0, strides.clone()), view.with_layout(shape, 0, strides))
}

/// The same for all rows of a new first axis.
fn repeated((tensor, view): &(Tensor, View), count: usize) -> (Tensor, View) {
    let shape: crate::tensor::Shape = std::iter::once(count).chain(tensor.shape().iter().copied()).collect();
    let strides: crate::tensor::Strides = std::iter::once(0).chain(tensor.strides().iter().copied()).collect();
    let offset = tensor.offset();
    (tensor.view(shape.clone(), offset, strides.clone()), view.with_layout(shape, offset, strides))
}

/// Squares of both sizes that are full or not, sides that lie either way, read in quads or not, cut and reversed.
#[test]
fn around_the_edges_of_squares() {
    let gpu = gpu();
    let mut dice = Dice(25);
    let lengths = [8, 16, 31, 32, 33, 36, 60, 63, 64, 65, 68];
    let depths = [8, 15, 16, 17, 32, 33, 36, 64, 100];
    for round in 0..40 {
        let dtype = if round % 8 == 7 { DType::I32 } else { DType::F32 };
        let [rows, columns] = [(); 2].map(|()| lengths[dice.below(lengths.len())]);
        let depth = depths[dice.below(depths.len())];
        let (a, b) = if round % 4 == 3 {
            (dice.pair(&gpu, dtype, &[rows, depth]), dice.pair(&gpu, dtype, &[depth, columns]))
        } else {
            let [turned_a, turned_b] = [(); 2].map(|()| dice.below(2) == 1);
            (
                laid(&mut dice, &gpu, dtype, &[rows, depth], turned_a),
                laid(&mut dice, &gpu, dtype, &[depth, columns], turned_b),
            )
        };
        check(&gpu, &a, &b, [&[], &[]], [&[1], &[0]]);
    }
    // enough of them for large squares
    for (batch, rows, columns, depth) in [(1, 513, 516, 10), (66, 34, 33, 9), (66, 36, 40, 12)] {
        for turned in [false, true] {
            let a = laid(&mut dice, &gpu, DType::F32, &[batch, rows, depth], turned);
            let b = laid(&mut dice, &gpu, DType::F32, &[batch, depth, columns], !turned);
            check(&gpu, &a, &b, [&[0], &[0]], [&[2], &[1]]);
        }
    }
}

/// Products with vectors, and of few rows, along either axis; sums that several workgroups share.
#[test]
fn rows_and_columns() {
    let gpu = gpu();
    let mut dice = Dice(26);
    let sizes = [(1, 600, 40), (600, 1, 40), (5, 7, 1000), (7, 300, 2), (1, 3, 9000), (4000, 1, 31), (2, 2, 4096)];
    for (rows, columns, depth) in sizes {
        for number in 0..4 {
            let (turned_a, turned_b) = (number / 2 == 1, number % 2 == 1);
            let a = laid(&mut dice, &gpu, DType::F32, &[3, rows, depth], turned_a);
            let b = laid(&mut dice, &gpu, DType::F32, &[3, depth, columns], turned_b);
            check(&gpu, &a, &b, [&[0], &[0]], [&[2], &[1]]);
        }
    }
}

/// Sides of which all rows of a batch, or all terms of a sum, are the same.
#[test]
fn repeated_sides() {
    let gpu = gpu();
    let mut dice = Dice(27);
    for (rows, columns, depth) in [(40, 36, 20), (3, 1, 50), (33, 65, 64)] {
        let a = laid(&mut dice, &gpu, DType::F32, &[4, rows, depth], false);
        let b = repeated(&laid(&mut dice, &gpu, DType::F32, &[depth, columns], true), 4);
        check(&gpu, &a, &b, [&[0], &[0]], [&[2], &[1]]);
        let row = repeated(&laid(&mut dice, &gpu, DType::F32, &[1, columns], false), depth);
        check(&gpu, &a, &row, [&[], &[]], [&[2], &[0]]);
    }
}

/// The steps behind a product read it before it is written, whoever computes it; the product may be kept, too.
#[test]
fn steps_behind_are_as_steps_apart() {
    let gpu = gpu();
    let mut dice = Dice(28);
    let sizes = [(70, 66, 40), (513, 516, 9), (3, 5, 70), (1, 300, 64), (1, 1, 100_000), (32, 20, 5000), (6, 4, 0)];
    for (rows, columns, depth) in sizes {
        let a = laid(&mut dice, &gpu, DType::F32, &[rows, depth], false);
        let b = laid(&mut dice, &gpu, DType::F32, &[depth, columns], false);
        let (bias, column) = (dice.pair(&gpu, DType::F32, &[columns]), dice.pair(&gpu, DType::F32, &[rows, 1]));
        let program = Program {
            inputs: vec![DType::F32; 4],
            steps: vec![
                step("a", &[Operand::Input(1)], DType::F32),
                step("a + b * c", &[Operand::Step(0), Operand::Input(0), Operand::Input(3)], DType::F32),
                step("max(a - b, 0.0)", &[Operand::Step(1), Operand::Input(2)], DType::F32),
                step("a > 1.0", &[Operand::Step(2)], DType::Bool),
            ],
            outputs: vec![2, 0],
        };
        let out = [rows, columns];
        let (two, side) = (Scalar::F32(2.0), |view, axis: &'static [usize]| Side { view, batch: &[], contract: axis });
        let inputs = [Input::View(&bias.1), Input::Made, Input::View(&column.1), Input::Scalar(two)];
        for outputs in [vec![2, 0], vec![2], vec![3, 0]] {
            let program = Program { outputs, ..program.clone() };
            let behind = Cluster::new(&program, &inputs, &out);
            let together = gpu.contract(&side(&a.1, &[1]), &side(&b.1, &[0]), &behind).expect("a product");
            let same = Program::same(DType::F32);
            let alone = Cluster::new(&same, &[Input::Made], &out);
            let apart = gpu.contract(&side(&a.1, &[1]), &side(&b.1, &[0]), &alone).expect("a product");
            let inputs = [inputs[0], Input::View(&apart[0]), inputs[2], inputs[3]];
            let apart = gpu.cluster(&program, &inputs, &out).expect("the steps");
            for (found, expected) in together.iter().zip(&apart) {
                let (found, expected) = (gpu.read(found).expect("a result"), gpu.read(expected).expect("a result"));
                assert_same(&found, &expected, &format!("{rows} x {columns} x {depth}"));
            }
        }
    }
}

#[test]
fn another_shape_is_no_other_kernel() {
    let gpu = gpu();
    let mut dice = Dice(29);
    let mut multiply = |rows: usize, columns: usize, depth: usize| {
        let a = laid(&mut dice, &gpu, DType::F32, &[rows, depth], false);
        let b = laid(&mut dice, &gpu, DType::F32, &[depth, columns], false);
        check(&gpu, &a, &b, [&[], &[]], [&[1], &[0]]);
        gpu.compiled()
    };
    let squares = multiply(40, 48, 64);
    assert_eq!(multiply(100, 72, 16), squares);
    let rows = multiply(1, 50, 20);
    assert_eq!((multiply(1, 700, 1000), multiply(3, 5, 7)), (rows, rows));
}

#[test]
fn integers_wrap() {
    let gpu = gpu();
    for rows in [1, 40] {
        let a = gpu.upload(&Tensor::from_vec(vec![i32::MAX; rows * 24], &[rows, 24])).expect("an upload");
        let b = gpu.upload(&Tensor::from_vec(vec![3i32; 24 * 36], &[24, 36])).expect("an upload");
        let side = |view, axis: &'static [usize]| Side { view, batch: &[], contract: axis };
        let found = product(&gpu, &side(&a, &[1]), &side(&b, &[0]), &[rows, 36]);
        let expected = i32::MAX.wrapping_mul(3).wrapping_mul(24);
        assert_same(&found, &Tensor::from_vec(vec![expected; rows * 36], &[rows, 36]), "sums");
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
