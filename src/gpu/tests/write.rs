//! Parts written into places, against one element at a time.

use super::*;

/// Some of the elements of a value of this shape: where they lie in row-major order, and their numbers in order.
fn part(dice: &mut Dice, shape: &[usize]) -> (Layout, Vec<usize>) {
    let all = crate::tensor::shape::contiguous(shape);
    let mut layout = Layout { shape: smallvec![], offset: 0, strides: smallvec![] };
    for (&len, &step) in shape.iter().zip(&all) {
        let every = 1 + dice.below(2);
        let (first, count) = (dice.below(len), 1 + dice.below(len.div_ceil(every)));
        let count = count.min((len - first).div_ceil(every));
        let back = dice.below(2) == 1;
        layout.offset += step as usize * (first + if back { every * (count - 1) } else { 0 });
        layout.shape.push(count);
        layout.strides.push(step * every as isize * if back { -1 } else { 1 });
    }
    let places = crate::tensor::positions(layout.offset, &layout.shape, &layout.strides);
    (layout, places)
}

/// Elements with those of a part in their places.
fn naive(base: &[f64], part: &[f64], places: &[usize]) -> Vec<f64> {
    let mut all = base.to_vec();
    places.iter().zip(part).for_each(|(&place, &value)| all[place] = value);
    all
}

#[test]
fn parts_of_values_are_written() {
    let gpu = gpu();
    let mut dice = Dice(41);
    for round in 0..80 {
        let dtype = DTYPES[round % 4];
        let shape = dice.shape(4, 1);
        let (to, places) = part(&mut dice, &shape);
        let (base, onto) = dice.pair(&gpu, dtype, &shape);
        let held = onto.clone();
        let (value, from) = dice.pair(&gpu, dtype, &to.shape);
        let written = gpu.updated(&onto, &from, &to).and_then(|view| gpu.read(&view)).expect("an update");
        let expected = naive(&numbers(&base), &numbers(&value), &places);
        assert_eq!(numbers(&written), expected, "round {round}");
        let before = gpu.read(&held).expect("what was held");
        assert_eq!(numbers(&before), numbers(&base), "round {round}, what was held");
        // a number everywhere
        let one = gpu.fill(dice.tensor(dtype, &[]).scalar(0).expect("a number"), &[]).expect("a fill");
        let number = numbers(&gpu.read(&one).expect("a number"))[0];
        let written = gpu.updated(&onto, &one, &to).and_then(|view| gpu.read(&view)).expect("an update");
        let all = vec![number; places.len()];
        assert_eq!(numbers(&written), naive(&numbers(&base), &all, &places), "round {round}, {number}");
    }
}

/// Elements of one word are written by different invocations.
#[test]
fn long_values_of_bytes() {
    let gpu = gpu();
    let mut dice = Dice(42);
    for dtype in [DType::U8, DType::Bool] {
        for (first, every) in [(0, 1), (1, 2), (3, 5)] {
            let (base, onto) = (dice.tensor(dtype, &[10_001]), dice.tensor(dtype, &[10_001]));
            let count = (10_001usize - first).div_ceil(every);
            let value = dice.tensor(dtype, &[count]);
            let place = Layout { shape: smallvec![count], offset: first, strides: smallvec![every as isize] };
            let places: Vec<usize> = (0..count).map(|i| first + i * every).collect();
            let mut view = gpu.upload(&base).expect("an upload");
            for part in [&value, &onto.view(smallvec![count], 0, smallvec![1])] {
                let part = gpu.upload(part).expect("an upload");
                view = gpu.updated(&view, &part, &place).expect("an update");
            }
            let expected = naive(&numbers(&base), &numbers(&onto), &places);
            assert_eq!(numbers(&gpu.read(&view).expect("what was written")), expected);
        }
    }
}

#[test]
fn what_nobody_else_holds_is_written_in_place() {
    let gpu = gpu();
    for dtype in DTYPES {
        let mut dice = Dice(43);
        let base = dice.tensor(dtype, &[5, 3]);
        let row = gpu.upload(&dice.tensor(dtype, &[3])).expect("an upload");
        let place = Layout { shape: smallvec![3], offset: 6, strides: smallvec![1] };
        let alone = gpu.upload(&base).expect("an upload");
        let buffer = Rc::as_ptr(alone.buffer());
        let written = gpu.updated(&alone, &row, &place).expect("an update");
        assert_eq!(Rc::as_ptr(written.buffer()), buffer, "{dtype}: its own buffer");
        drop(alone);
        // a view of its last row holds the buffer, too
        let held = written.with_layout(smallvec![3], 12, smallvec![1]);
        let copied = gpu.updated(&written, &held, &place).expect("an update");
        assert_ne!(Rc::as_ptr(copied.buffer()), buffer, "{dtype}: somebody else's, too");
        let (written, copied) = (gpu.read(&written).expect("a read"), gpu.read(&copied).expect("a read"));
        let row = numbers(&gpu.read(&row).expect("a read"));
        let places = [6, 7, 8];
        assert_eq!(numbers(&written), naive(&numbers(&base), &row, &places));
        assert_eq!(numbers(&copied), naive(&numbers(&base), &numbers(&base)[12..], &places));
        // what begins in the middle of a buffer is copied
        let middle = gpu.upload(&base).expect("an upload");
        let middle = middle.with_layout(smallvec![4, 3], 3, smallvec![3, 1]);
        let one = gpu.upload(&dice.tensor(dtype, &[])).expect("an upload");
        let corner = Layout { shape: smallvec![], offset: 0, strides: smallvec![] };
        let written = gpu.updated(&middle, &one, &corner).and_then(|view| gpu.read(&view)).expect("an update");
        assert_eq!(numbers(&written)[1..], numbers(&base)[4..]);
    }
}

#[test]
fn values_are_put_together_of_parts() {
    let gpu = gpu();
    let mut dice = Dice(44);
    for dtype in DTYPES {
        let (a, left) = dice.pair(&gpu, dtype, &[3, 2]);
        let (b, right) = dice.pair(&gpu, dtype, &[3, 5]);
        let at =
            |columns: usize, offset: usize| Layout { shape: smallvec![3, columns], offset, strides: smallvec![7, 1] };
        let parts = [(left, at(2, 0)), (right, at(5, 2))];
        let whole = gpu.assembled(dtype, &[3, 7], &parts).and_then(|view| gpu.read(&view)).expect("a whole");
        let (a, b) = (numbers(&a), numbers(&b));
        let expected: Vec<f64> =
            (0..3).flat_map(|i| a[2 * i..2 * i + 2].iter().chain(&b[5 * i..5 * i + 5])).copied().collect();
        assert_eq!(numbers(&whole), expected, "{dtype}");
    }
}

#[test]
fn parts_out_of_a_value_are_errors() {
    let gpu = gpu();
    let base = gpu.fill(Scalar::I32(0), &[100]).expect("a fill");
    let one = gpu.fill(Scalar::I32(1), &[]).expect("a fill");
    let past = Layout { shape: smallvec![2], offset: 127, strides: smallvec![1] };
    assert!(gpu.updated(&base, &one, &past).is_err());
    let other = gpu.fill(Scalar::F32(1.0), &[]).expect("a fill");
    let first = Layout { shape: smallvec![2], offset: 0, strides: smallvec![1] };
    assert!(gpu.updated(&base, &other, &first).is_err());
}
