//! Arrays of every shape and layout to test with, the same at every run.

use nabla::tensor::{Array, DType, Data, Tensor};

/// Numbers from SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014).
pub struct Sample(u64);

impl Sample {
    pub fn new(seed: u64) -> Sample {
        Sample(seed)
    }

    /// A number below `range`.
    pub fn below(&mut self, range: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 32) as usize % range
    }

    pub fn number(&mut self) -> f64 {
        let scale = [1e-3, 1.0, 1e3][self.below(3)];
        (self.below(20_001) as f64 - 10_000.0) / 9_973.0 * scale
    }

    pub fn shape(&mut self, most: usize) -> Vec<usize> {
        let ndim = self.below(5);
        let shortest = usize::from(self.below(12) > 0);
        (0..ndim).map(|_| shortest + self.below(most)).collect()
    }

    fn data(&mut self, dtype: DType, count: usize) -> Data {
        let mut all = |range: usize| -> Vec<usize> { (0..count).map(|_| self.below(range)).collect() };
        match dtype {
            DType::Bool => Data::Bool(all(5).iter().map(|&x| x > 1).collect()),
            DType::U8 => Data::U8(all(256).iter().map(|&x| x as u8).collect()),
            DType::I32 => Data::I32(all(2001).iter().map(|&x| x as i32 - 1000).collect()),
            DType::I64 => Data::I64(all(2001).iter().map(|&x| x as i64 - 1000).collect()),
            DType::F32 => Data::F32((0..count).map(|_| self.number() as f32).collect()),
            _ => Data::F64((0..count).map(|_| self.number()).collect()),
        }
    }

    /// A value of this shape: an owner, or a view with axes in another order, steps and reversed axes.
    pub fn array(&mut self, dtype: DType, shape: &[usize]) -> Array {
        let mut order: Vec<usize> = (0..shape.len()).collect();
        let mut steps = vec![1isize; shape.len()];
        if self.below(2) == 0 {
            for (axis, step) in steps.iter_mut().enumerate() {
                order.swap(axis, self.below(shape.len()));
                *step = [1, 1, 2, 3, -1, -2][self.below(6)];
            }
        }
        let mut buffer = vec![0; shape.len()];
        for (axis, &place) in order.iter().enumerate() {
            buffer[place] = shape[axis] * steps[axis].unsigned_abs();
        }
        let owner = Tensor::owner(self.data(dtype, buffer.iter().product()), buffer.iter().copied().collect());
        let strides = owner.strides();
        let mut offset = 0;
        let mut view = Vec::new();
        for (axis, &place) in order.iter().enumerate() {
            view.push(strides[place] * steps[axis]);
            if steps[axis] < 0 && owner.size() > 0 {
                offset += strides[place] * steps[axis].abs() * (shape[axis] as isize - 1);
            }
        }
        Array::from(owner.view(shape.iter().copied().collect(), offset as usize, view.into_iter().collect()))
    }
}

/// The elements in logical order.
pub fn numbers(array: &Array) -> Vec<f64> {
    let array = nabla::transform::concrete(&mut Default::default(), array).expect("elements");
    let tensor = array.to_tensor().expect("elements at hand");
    (0..tensor.size()).map(|i| tensor.scalar(i).expect("a number").as_f64()).collect()
}

/// All indices of a shape in row-major order.
pub fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![Vec::new()], |all, &len| {
        all.iter().flat_map(|index| (0..len).map(|i| [index.as_slice(), &[i]].concat())).collect()
    })
}

/// The number of the element with this index.
pub fn number(index: &[usize], shape: &[usize]) -> usize {
    index.iter().zip(shape).fold(0, |number, (&i, &len)| number * len + i)
}
