//! The engine on software Vulkan, against naive computations on the CPU.

mod chosen;
mod cluster;
mod contract;
mod draw;
mod gather;
mod memory;
mod prelude;
mod reduce;
mod scan;
mod scatter;
mod transfer;
mod write;

use super::{Choice, Cluster, Gpu, Input, Operand, Program, Side, Step, View, Watch};
use crate::diagnostics::Result;
use crate::tensor::{DType, Data, Layout, Scalar, Tensor};
use smallvec::smallvec;
use std::rc::Rc;

/// The device of the tests. A machine without the software driver fails them: they are never skipped in silence.
fn gpu() -> Gpu {
    match Gpu::open(&Choice::Software, 0, Watch::default()) {
        Ok(gpu) => gpu,
        Err(reason) => panic!("the tests need software Vulkan (Debian: mesa-vulkan-drivers): {reason}"),
    }
}

/// A product with nothing behind it.
fn contracted(gpu: &Gpu, a: &Side, b: &Side, out: &[usize]) -> Result<View> {
    let program = Program::same(a.view.dtype());
    let mut views = gpu.contract(a, b, &Cluster::new(&program, &[Input::Made], out))?;
    Ok(views.remove(0))
}

/// Numbers that look random: a linear congruential generator.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// In [-2, 2), in steps that `f32` holds.
    fn float(&mut self) -> f32 {
        (self.next() % 4096) as f32 / 1024.0 - 2.0
    }

    /// A shape of at most `ndim` axes with lengths from `least` to 5.
    fn shape(&mut self, ndim: usize, least: usize) -> Vec<usize> {
        (0..self.below(ndim + 1)).map(|_| least + self.below(6 - least)).collect()
    }

    fn tensor(&mut self, dtype: DType, shape: &[usize]) -> Tensor {
        let count = shape.iter().product();
        match dtype {
            DType::F32 => Tensor::from_vec((0..count).map(|_| self.float()).collect(), shape),
            DType::I32 => Tensor::from_vec((0..count).map(|_| self.below(200) as i32 - 100).collect(), shape),
            DType::U8 => Tensor::from_vec((0..count).map(|_| self.next() as u8).collect(), shape),
            DType::Bool => Tensor::from_vec((0..count).map(|_| self.below(2) == 1).collect(), shape),
            other => panic!("{other} is not for the device"),
        }
    }

    /// A tensor on both sides, transposed, reversed and cut at random in the same way.
    fn pair(&mut self, gpu: &Gpu, dtype: DType, shape: &[usize]) -> (Tensor, View) {
        let mut order: Vec<usize> = (0..shape.len()).collect();
        for axis in (1..shape.len()).rev() {
            order.swap(axis, self.below(axis + 1));
        }
        let cuts: Vec<(usize, usize, bool)> =
            shape.iter().map(|_| (self.below(2), 1 + self.below(2), self.below(2) == 1)).collect();
        let mut whole = vec![0; shape.len()];
        for (&axis, place) in order.iter().zip(0..) {
            whole[place] = cuts[axis].0 + shape[axis] * cuts[axis].1;
        }
        let tensor = self.tensor(dtype, &whole);
        let all = crate::tensor::shape::contiguous(&whole);
        let (mut offset, mut strides) = (0isize, vec![0isize; shape.len()]);
        for (&axis, &step) in order.iter().zip(&all) {
            let (skip, every, back) = cuts[axis];
            strides[axis] = step * every as isize;
            offset += step * skip as isize;
            if back && shape[axis] > 0 {
                offset += strides[axis] * (shape[axis] as isize - 1);
                strides[axis] = -strides[axis];
            }
        }
        let view = gpu.upload(&tensor).expect("an upload");
        let (cut, steps) = (crate::tensor::Shape::from_slice(shape), crate::tensor::Strides::from_slice(&strides));
        (tensor.view(cut.clone(), offset as usize, steps.clone()), view.with_layout(cut, offset as usize, steps))
    }
}

fn step(wgsl: &'static str, operands: &[Operand], dtype: DType) -> Step {
    Step { wgsl: wgsl.into(), operands: operands.iter().copied().collect(), dtype }
}

/// One step over inputs of these dtypes.
fn simple(wgsl: &'static str, inputs: &[DType], dtype: DType) -> Program {
    let operands: Vec<Operand> = (0..inputs.len()).map(Operand::Input).collect();
    Program { inputs: inputs.to_vec(), steps: vec![step(wgsl, &operands, dtype)], outputs: vec![0] }
}

/// Elements in logical order, as f64.
fn numbers(tensor: &Tensor) -> Vec<f64> {
    (0..tensor.size()).map(|number| tensor.scalar(number).map_or(f64::NAN, Scalar::as_f64)).collect()
}

/// Equal to the bit, in shape and dtype too.
fn assert_same(found: &Tensor, expected: &Tensor, what: &str) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    match (found.to_data(), expected.to_data()) {
        (Data::F32(a), Data::F32(b)) => {
            let bits = |all: &[f32]| all.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&a), bits(&b), "{what}");
        }
        (Data::I32(a), Data::I32(b)) => assert_eq!(a, b, "{what}"),
        (Data::U8(a), Data::U8(b)) => assert_eq!(a, b, "{what}"),
        (Data::Bool(a), Data::Bool(b)) => assert_eq!(a, b, "{what}"),
        (a, b) => panic!("{what}: {} and {}", a.dtype(), b.dtype()),
    }
}

const DTYPES: [DType; 4] = [DType::F32, DType::I32, DType::U8, DType::Bool];
