//! What a mask chooses, against one element at a time.

use super::*;
use crate::tensor::walk::coordinates;

/// The numbers of the elements of a mask that hold, and how many they are.
fn numbers_of(gpu: &Gpu, mask: &View) -> View {
    let counts = gpu.counts(mask).expect("counts");
    let count = numbers(&gpu.read(&counts.last()).expect("a count"))[0];
    gpu.numbers(mask, &counts, count as usize).expect("numbers")
}

fn check(gpu: &Gpu, (tensor, view): &(Tensor, View), (mask, holds): &(Tensor, View)) {
    let what = format!("{}{:?} by {:?}", tensor.dtype(), tensor.shape(), mask.shape());
    let ndim = mask.ndim();
    let found = numbers_of(gpu, holds);
    let chosen: Vec<usize> =
        numbers(mask).iter().enumerate().filter_map(|(number, &truth)| (truth != 0.0).then_some(number)).collect();
    assert_eq!(
        numbers(&gpu.read(&found).expect("numbers")),
        chosen.iter().map(|&x| x as f64).collect::<Vec<_>>(),
        "{what}"
    );
    let indices = gpu.indices(mask.shape(), &found).and_then(|view| gpu.read(&view)).expect("indices");
    assert_eq!((indices.shape(), indices.dtype()), ([chosen.len(), ndim].as_slice(), DType::I32), "{what}");
    let expected: Vec<f64> =
        chosen.iter().flat_map(|&number| coordinates(number, mask.shape())).map(|x| x as f64).collect();
    assert_eq!(numbers(&indices), expected, "{what}");
    let rows = gpu.rows(view, ndim, &found).and_then(|view| gpu.read(&view)).expect("rows");
    let shape: Vec<usize> = [chosen.len()].into_iter().chain(tensor.shape()[ndim..].iter().copied()).collect();
    assert_eq!((rows.shape(), rows.dtype()), (shape.as_slice(), tensor.dtype()), "{what}");
    let row: usize = tensor.shape()[ndim..].iter().product();
    let all = numbers(tensor);
    let expected: Vec<f64> =
        chosen.iter().flat_map(|&number| &all[number * row..(number + 1) * row]).copied().collect();
    assert_eq!(numbers(&rows), expected, "{what}");
}

#[test]
fn small_ones() {
    let gpu = gpu();
    let mut dice = Dice(61);
    for round in 0..80 {
        let shape = dice.shape(4, usize::from(round % 6 != 0));
        let ndim = dice.below(shape.len() + 1);
        let pair = dice.pair(&gpu, DTYPES[round % 4], &shape);
        check(&gpu, &pair, &dice.pair(&gpu, DType::Bool, &shape[..ndim]));
    }
}

#[test]
fn lengths_around_the_ends_of_parts() {
    let gpu = gpu();
    let mut dice = Dice(62);
    for len in [0, 1, 3, 4, 5, 64, 65, 256, 257, 4095, 4096, 4097, 20_000] {
        for dtype in DTYPES {
            let pair = dice.pair(&gpu, dtype, &[len]);
            check(&gpu, &pair, &dice.pair(&gpu, DType::Bool, &[len]));
        }
        let pair = dice.pair(&gpu, DTYPES[len % 4], &[len, 3]);
        check(&gpu, &pair, &dice.pair(&gpu, DType::Bool, &[len]));
        for all in [true, false] {
            let mask = Tensor::from_vec(vec![all; len], &[len]);
            let view = gpu.upload(&mask).expect("an upload");
            check(&gpu, &pair, &(mask, view));
        }
    }
}

#[test]
fn masks_that_repeat_elements() {
    let gpu = gpu();
    let mut dice = Dice(63);
    let pair = dice.pair(&gpu, DType::U8, &[3, 700]);
    let row = dice.tensor(DType::Bool, &[700]);
    let view = gpu.upload(&row).expect("an upload").with_layout(smallvec![3, 700], 0, smallvec![0, 1]);
    check(&gpu, &pair, &(row.stretched(smallvec![3, 700]), view));
}

#[test]
fn other_values_are_no_masks() {
    let gpu = gpu();
    let ones = gpu.fill(Scalar::I32(1), &[3]).expect("a fill");
    assert!(gpu.counts(&ones).is_err());
    let mask = gpu.fill(Scalar::Bool(true), &[3]).expect("a fill");
    let counts = gpu.counts(&mask).expect("counts");
    assert!(gpu.numbers(&ones, &counts, 3).is_err());
    assert!(gpu.numbers(&mask, &counts.last(), 3).is_err());
    assert!(gpu.rows(&mask, 2, &counts).is_err());
}
