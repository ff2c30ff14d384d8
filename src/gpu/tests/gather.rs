//! Reading where integers point to, against one element at a time.

use super::*;
use crate::diagnostics::Kind;
use crate::tensor::walk::coordinates;

/// A case: a value's shape, the axes pointed along, the points' shape, index arrays.
pub(super) struct Case {
    pub shape: Vec<usize>,
    pub axes: Vec<usize>,
    pub at: usize,
    points: Vec<usize>,
    indices: Vec<(Tensor, View)>,
}

impl Case {
    pub fn new(gpu: &Gpu, dice: &mut Dice) -> Case {
        let mut shape = dice.shape(4, 1);
        shape.push(1 + dice.below(5));
        let mut axes: Vec<usize> = (0..shape.len()).filter(|_| dice.below(2) == 0).collect();
        if axes.is_empty() {
            axes.push(dice.below(shape.len()));
        }
        let least = usize::from(dice.below(8) != 0);
        let points = dice.shape(2, least);
        let last = axes.len() - 1;
        let indices = axes.iter().enumerate().map(|(number, &axis)| {
            // The last has all axes, the others broadcast.
            let own: Vec<usize> =
                points.iter().map(|&len| if number < last && dice.below(2) == 0 { 1 } else { len }).collect();
            let len = shape[axis] as i32;
            let values: Vec<i32> =
                (0..own.iter().product()).map(|_| dice.below(2 * len as usize) as i32 - len).collect();
            let tensor = Tensor::from_vec(values, &own);
            let view = gpu.upload(&tensor).expect("an upload");
            (tensor, view)
        });
        let indices = indices.collect();
        Case { at: dice.below(shape.len() - axes.len() + 1), shape, axes, points, indices }
    }

    pub fn result(&self) -> Vec<usize> {
        let mut result: Vec<usize> =
            (0..self.shape.len()).filter(|axis| !self.axes.contains(axis)).map(|axis| self.shape[axis]).collect();
        result.splice(self.at..self.at, self.points.iter().copied());
        result
    }

    /// For every element of a result, the element of the value in row-major order.
    pub fn sources(&self) -> Vec<usize> {
        let result = self.result();
        let count: usize = result.iter().product();
        let strides = crate::tensor::shape::contiguous(&self.shape);
        let stretched: Vec<Vec<i32>> = self
            .indices
            .iter()
            .map(|(tensor, _)| tensor.stretched(self.points.as_slice().into()).to_vec::<i32>().expect("i32"))
            .collect();
        (0..count)
            .map(|number| {
                let place = coordinates(number, &result);
                let point = place[self.at..self.at + self.points.len()]
                    .iter()
                    .zip(&self.points)
                    .fold(0, |sum, (i, len)| sum * len + i);
                let mut rest = place[..self.at].iter().chain(&place[self.at + self.points.len()..]);
                (0..self.shape.len())
                    .map(|axis| {
                        let index = match self.axes.iter().position(|other| *other == axis) {
                            Some(array) => stretched[array][point].rem_euclid(self.shape[axis] as i32) as usize,
                            None => *rest.next().expect("an axis of the rest"),
                        };
                        index * strides[axis] as usize
                    })
                    .sum()
            })
            .collect()
    }

    pub fn views(&self) -> Vec<View> {
        self.indices.iter().map(|(_, view)| view.clone()).collect()
    }
}

#[test]
fn gathers() {
    let gpu = gpu();
    let mut dice = Dice(31);
    for round in 0..60 {
        let case = Case::new(&gpu, &mut dice);
        let (tensor, view) = dice.pair(&gpu, DTYPES[round % 4], &case.shape);
        let result = gpu.gather(&view, &case.views(), &case.axes, case.at, &case.result(), (&[], 1));
        let found = result.and_then(|view| gpu.read(&view)).expect("a gather");
        let all = numbers(&tensor);
        let expected: Vec<f64> = case.sources().iter().map(|&source| all[source]).collect();
        assert_eq!(numbers(&found), expected, "round {round}");
    }
}

#[test]
fn indices_out_of_bounds_are_faults() {
    let gpu = gpu();
    let x = gpu.upload(&Tensor::from_vec(vec![1.0f32, 2.0, 3.0], &[3])).expect("an upload");
    let pointing = |to: i32| gpu.upload(&Tensor::from_vec(vec![0, to], &[2])).expect("an upload");
    for (number, to) in [3, -4, i32::MIN, i32::MAX].into_iter().enumerate() {
        let id = 40 + number as u32;
        let view = gpu.gather(&x, &[pointing(to)], &[0], 0, &[2], (&[], id)).expect("a gather is only recorded");
        // A later fault is not told: the first one wins.
        gpu.gather(&x, &[pointing(9)], &[0], 0, &[2], (&[], 7)).expect("a gather");
        let error = gpu.read(&view).expect_err("an index out of bounds");
        assert_eq!(error.kind(), Kind::Index);
        assert_eq!(error.message(), format!("index {to} is out of bounds for axis 0 of size 3"));
        assert_eq!(gpu.take_fault(), Some(id));
        assert_eq!(gpu.take_fault(), None);
        gpu.wait().expect("it has been told");
        let good = gpu
            .gather(&x, &[pointing(-3)], &[0], 0, &[2], (&[], 1))
            .and_then(|view| gpu.read(&view))
            .expect("a gather");
        assert_eq!(numbers(&good), [1.0, 1.0]);
    }
    let empty = gpu.fill(Scalar::F32(0.0), &[3, 0]).expect("a fill");
    gpu.gather(&empty, &[pointing(5)], &[0], 0, &[2, 0], (&[], 50)).expect("a gather");
    assert_eq!(gpu.wait().expect_err("an index out of bounds").kind(), Kind::Index);
    gpu.gather(&empty, &[pointing(0)], &[1], 0, &[2, 3], (&[], 51)).expect("a gather");
    assert_eq!(gpu.wait().expect_err("an index into nothing").kind(), Kind::Index);
}
