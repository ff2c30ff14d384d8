//! Operations against naive references: random shapes, layouts, dtypes and special values.

mod card;
mod clusters;
mod elementwise;
mod in_place;
mod indexing;
mod numpy;
mod shapes;
mod slots;

use crate::tensor::shape::{Shape, Strides};
use crate::tensor::{Array, DType, Data, Scalar, Tensor, walk};

/// Deterministic numbers (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// From 0 up to, not including, `end`.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const NUMBERS: [DType; 6] = [DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64];

fn data(dice: &mut Dice, dtype: DType, count: usize) -> Data {
    const FLOATS: [f64; 12] =
        [0.0, -0.0, 1.0, -1.5, 2.5, 7.0, -3.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-40, 1e30];
    const INTEGERS: [i64; 10] = [0, 1, -1, 2, 7, -7, 100, i64::MAX, i64::MIN, 12345678901];
    match dtype {
        DType::Bool => Data::Bool((0..count).map(|_| dice.below(2) == 1).collect()),
        DType::U8 => Data::U8((0..count).map(|_| dice.pick(&[0, 1, 2, 7, 100, 255])).collect()),
        DType::I32 => Data::I32((0..count).map(|_| dice.pick(&[0, 1, -1, 3, -8, i32::MAX, i32::MIN])).collect()),
        DType::I64 => Data::I64((0..count).map(|_| dice.pick(&INTEGERS)).collect()),
        DType::F32 => Data::F32((0..count).map(|_| dice.pick(&FLOATS) as f32).collect()),
        DType::F64 => Data::F64((0..count).map(|_| dice.pick(&FLOATS)).collect()),
        DType::Str => Data::Str((0..count).map(|_| dice.pick(&["", "a", "b", "nabla", "∇"]).into()).collect()),
    }
}

fn shape(dice: &mut Dice, max_ndim: usize) -> Vec<usize> {
    let ndim = dice.below(max_ndim + 1);
    (0..ndim).map(|_| dice.pick(&[0, 1, 1, 2, 3, 3, 5])).collect()
}

/// A tensor of this shape in a random layout: an owner, or a view that is transposed, stepped, reversed or stretched.
fn tensor(dice: &mut Dice, dtype: DType, shape: &[usize]) -> Tensor {
    let mut steps = Vec::new();
    let mut lens: Vec<usize> = Vec::new();
    for &len in shape {
        let step = dice.pick(&[1isize, 1, 1, -1, 2, -2, 0]);
        lens.push(if step == 0 { 1 } else { len * step.unsigned_abs() });
        steps.push(step);
    }
    let mut order: Vec<usize> = (0..shape.len()).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, dice.below(i + 1));
    }
    let buffer: Vec<usize> = order.iter().map(|&axis| lens[axis]).collect();
    let owner = Tensor::owner(data(dice, dtype, buffer.iter().product()), Shape::from_slice(&buffer));
    if dice.below(3) == 0 {
        return Tensor::owner(data(dice, dtype, shape.iter().product()), Shape::from_slice(shape));
    }
    let strides = owner.strides();
    let mut result = Strides::from_slice(&vec![0; shape.len()]);
    let mut offset = 0isize;
    for (place, &axis) in order.iter().enumerate() {
        result[axis] = strides[place] * steps[axis];
        if steps[axis] < 0 && shape[axis] > 0 {
            offset -= result[axis] * (shape[axis] as isize - 1);
        }
    }
    owner.view(Shape::from_slice(shape), if shape.contains(&0) { 0 } else { offset as usize }, result)
}

/// The elements in logical order, read one by one.
fn elements(array: &Array) -> Vec<Scalar> {
    let tensor = array.to_tensor().expect("elements at hand");
    (0..tensor.size()).map(|number| tensor.scalar(number).expect("a number")).collect()
}

/// The elements as if broadcast to `target`, read one by one.
fn stretched(array: &Array, target: &[usize]) -> Vec<Scalar> {
    let tensor = array.to_tensor().expect("elements at hand");
    let added = target.len() - tensor.ndim();
    let count: usize = target.iter().product();
    (0..count)
        .map(|number| {
            let index = walk::coordinates(number, target);
            let own = tensor.shape().iter().zip(&index[added..]);
            let number = own.fold(0, |number, (&len, &i)| number * len + if len == 1 { 0 } else { i });
            tensor.scalar(number).expect("a number")
        })
        .collect()
}

/// Equal bit for bit, all NaNs alike.
fn same(a: Scalar, b: Scalar) -> bool {
    match (a, b) {
        (Scalar::F32(a), Scalar::F32(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
        (Scalar::F64(a), Scalar::F64(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
        (a, b) => a == b,
    }
}

fn assert_elements(result: &Array, shape: &[usize], expected: &[Scalar], what: &str) {
    assert_eq!(result.shape(), shape, "{what}");
    let found = elements(result);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (number, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!(same(*a, *b), "{what}: element {number} is {a:?}, not {b:?}");
    }
}
