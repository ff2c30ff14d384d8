//! Writing and adding where integers point to, against one element at a time.

use super::gather::Case;
use super::*;
use crate::diagnostics::Kind;
use crate::gpu::Scatter;

/// All elements with values in these places, one after the other.
fn naive(how: Scatter, dtype: DType, base: &[f64], values: &[f64], places: &[usize]) -> Vec<f64> {
    let mut all = base.to_vec();
    for (&place, &value) in places.iter().zip(values) {
        all[place] = match (how, dtype) {
            (Scatter::Replace, _) => value,
            (_, DType::Bool) => all[place].max(value),
            (_, DType::U8) => (all[place] + value) % 256.0,
            // These add up exactly.
            _ => all[place] + value,
        };
    }
    all
}

const BOTH: [Scatter; 2] = [Scatter::Replace, Scatter::Add];

fn whole(shape: &[usize]) -> Layout {
    Layout::contiguous(shape.into())
}

#[test]
fn scatters_of_all_kinds() {
    let gpu = gpu();
    let mut dice = Dice(32);
    for round in 0..160 {
        let (how, dtype) = (BOTH[round % 2], DTYPES[round / 2 % 4]);
        let case = Case::new(&gpu, &mut dice);
        let (tensor, view) = dice.pair(&gpu, dtype, &case.result());
        let (base, onto) = dice.pair(&gpu, dtype, &case.shape);
        let held = onto.clone();
        let (views, fault) = (case.views(), (case.axes.as_slice(), 1));
        let pointing = (views.as_slice(), case.axes.as_slice(), case.at);
        let result = gpu.scatter(how, &onto, &view, &whole(&case.shape), pointing, fault);
        let found = result.and_then(|view| gpu.read(&view)).expect("a scatter");
        let expected = naive(how, dtype, &numbers(&base), &numbers(&tensor), &case.sources());
        assert_eq!(numbers(&found), expected, "round {round}");
        let before = gpu.read(&held).expect("what was held");
        assert_eq!(numbers(&before), numbers(&base), "round {round}, what was held");
        // into a part of a larger value, and a number everywhere
        let larger: Vec<usize> = case.shape.iter().map(|len| 2 * len + 1).collect();
        let base = dice.tensor(dtype, &larger);
        let steps = crate::tensor::shape::contiguous(&larger);
        let to = Layout {
            shape: case.shape.as_slice().into(),
            offset: steps.iter().zip(&larger).map(|(&step, len)| step as usize * (len - 1)).sum(),
            strides: steps.iter().map(|step| -2 * step).collect(),
        };
        let all = crate::tensor::positions(to.offset, &to.shape, &to.strides);
        let places: Vec<usize> = case.sources().iter().map(|&source| all[source]).collect();
        let one = dice.tensor(dtype, &[]);
        let value = vec![numbers(&one)[0]; places.len()];
        let onto = gpu.upload(&base).expect("an upload");
        let buffer = Rc::as_ptr(onto.buffer());
        let one = gpu.upload(&one).expect("an upload");
        let result = gpu.scatter(how, &onto, &one, &to, pointing, fault).expect("a scatter");
        assert_eq!(Rc::as_ptr(result.buffer()), buffer, "round {round}: nobody else holds it");
        let found = gpu.read(&result).expect("a scatter");
        assert_eq!(numbers(&found), naive(how, dtype, &numbers(&base), &value, &places), "round {round}");
    }
}

/// More points to one cell than one run of a kernel adds; more cells than points, and fewer.
#[test]
fn many_points_to_one_cell() {
    let gpu = gpu();
    let count = 70_000;
    let indices: Vec<i32> = (0..count).map(|i| if i % 10 == 0 { i as i32 / 10 % 5 } else { -1 }).collect();
    let index = [gpu.upload(&Tensor::from_vec(indices, &[count])).expect("an upload")];
    let ones = gpu.fill(Scalar::F32(1.0), &[count, 2]).expect("a fill");
    let order: Vec<i32> = (0..count as i32).collect();
    let order = gpu.upload(&Tensor::from_vec(order, &[count, 1])).expect("an upload");
    for cells in [6, 100_000] {
        let zeros = gpu.fill(Scalar::F32(0.0), &[cells, 2]).expect("a fill");
        let result = gpu.scatter(Scatter::Add, &zeros, &ones, &whole(&[cells, 2]), (&index, &[0], 0), (&[], 1));
        let found = numbers(&result.and_then(|view| gpu.read(&view)).expect("a scatter"));
        let expected = [1400.0, 1400.0, 1400.0, 1400.0, 1400.0, 63000.0];
        let of = |cell: usize| expected[if cell == cells - 1 { 5 } else { cell }];
        assert!((0..5).chain([cells - 1]).all(|cell| found[2 * cell..2 * cell + 2] == [of(cell); 2]), "{cells}");
        assert_eq!(found.iter().sum::<f64>(), 140_000.0, "{cells}");
        let zeros = gpu.fill(Scalar::I32(0), &[cells, 2]).expect("a fill");
        let result = gpu.scatter(Scatter::Replace, &zeros, &order, &whole(&[cells, 2]), (&index, &[0], 0), (&[], 1));
        let found = numbers(&result.and_then(|view| gpu.read(&view)).expect("a scatter"));
        assert_eq!(
            found[..10],
            [69950.0, 69950.0, 69960.0, 69960.0, 69970.0, 69970.0, 69980.0, 69980.0, 69990.0, 69990.0]
        );
        assert_eq!(found[2 * cells - 2..], [69999.0; 2], "{cells}");
    }
}

/// Points that fill a block of the sort, and one less and one more.
#[test]
fn numbers_of_points_around_the_ends_of_blocks() {
    let gpu = gpu();
    let mut dice = Dice(33);
    for count in [1, 2, 3, 255, 256, 257, 511, 512, 513, 1024, 1025, 5000] {
        for (how, dtype) in BOTH.into_iter().flat_map(|how| DTYPES.map(|dtype| (how, dtype))) {
            let cells = [7, 1000][count % 2];
            let places: Vec<usize> = (0..count).map(|_| dice.below(cells)).collect();
            let indices = places.iter().map(|&place| place as i32).collect::<Vec<i32>>();
            let index = [gpu.upload(&Tensor::from_vec(indices, &[count])).expect("an upload")];
            let (value, from) = dice.pair(&gpu, dtype, &[count]);
            let (base, onto) = dice.pair(&gpu, dtype, &[cells]);
            let result = gpu.scatter(how, &onto, &from, &whole(&[cells]), (&index, &[0], 0), (&[], 1));
            let found = result.and_then(|view| gpu.read(&view)).expect("a scatter");
            let expected = naive(how, dtype, &numbers(&base), &numbers(&value), &places);
            assert_eq!(numbers(&found), expected, "{how:?} of {count} of {dtype} to {cells}");
        }
    }
}

/// As on the CPU, a wrong index leaves all elements as they were.
#[test]
fn nothing_is_written_where_an_index_is_out_of_bounds() {
    let gpu = gpu();
    for how in BOTH {
        for (number, to) in [3, -4, i32::MIN, i32::MAX].into_iter().enumerate() {
            let x = gpu.upload(&Tensor::from_vec(vec![1.0f32, 2.0, 3.0], &[3])).expect("an upload");
            let index = [gpu.upload(&Tensor::from_vec(vec![0, to, 1], &[3])).expect("an upload")];
            let value = gpu.fill(Scalar::F32(9.0), &[]).expect("a fill");
            let id = 60 + number as u32;
            let y = gpu.scatter(how, &x, &value, &whole(&[3]), (&index, &[0], 0), (&[7], id)).expect("a scatter");
            let error = gpu.wait().expect_err("an index out of bounds");
            assert_eq!(error.kind(), Kind::Index);
            assert_eq!(error.message(), format!("index {to} is out of bounds for axis 7 of size 3"));
            assert_eq!(gpu.take_fault(), Some(id));
            assert_eq!(numbers(&gpu.read(&y).expect("the values")), [1.0, 2.0, 3.0]);
        }
    }
}

#[test]
fn nothing_to_write() {
    let gpu = gpu();
    for how in BOTH {
        let x = gpu.upload(&Tensor::from_vec(vec![1, 2, 3], &[3])).expect("an upload");
        let none = [gpu.upload(&Tensor::from_vec(Vec::<i32>::new(), &[0])).expect("an upload")];
        let value = gpu.fill(Scalar::I32(9), &[]).expect("a fill");
        let y = gpu.scatter(how, &x, &value, &whole(&[3]), (&none, &[0], 0), (&[0], 1));
        assert_eq!(numbers(&y.and_then(|view| gpu.read(&view)).expect("a scatter")), [1.0, 2.0, 3.0]);
        // wrong even where there is nothing to write
        let empty = gpu.fill(Scalar::I32(0), &[3, 0]).expect("a fill");
        let five = [gpu.upload(&Tensor::from_vec(vec![5], &[1])).expect("an upload")];
        gpu.scatter(how, &empty, &value, &whole(&[3, 0]), (&five, &[0], 0), (&[0], 1)).expect("a scatter");
        assert_eq!(gpu.wait().expect_err("an index out of bounds").kind(), Kind::Index);
    }
}
