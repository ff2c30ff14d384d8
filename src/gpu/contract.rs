//! Contraction: products summed over axes that two operands share, as StableHLO's `dot_general`.
//!
//! Operands are read through their strides. Only where the axes of one role do not follow each other in memory is an
//! operand copied first. Long sums are done in chunks, one run of a kernel each, which add to the results before them.

use super::device::Gpu;
use super::kernel::{Kernel, Words, value_type};
use super::layout::countable;
use super::program::malformed;
use super::transfer::unsupported;
use super::view::View;
use crate::diagnostics::Result;
use crate::tensor::DType;
use crate::tensor::shape::{self, Axes, Shape, Strides};

/// An operand, and the parts its axes play. The others are free.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub view: &'a View,
    /// Kept, in the order of the other side's.
    pub batch: &'a [usize],
    /// Multiplied and summed, in the order of the other side's.
    pub contract: &'a [usize],
}

/// An operand with one axis of each kind.
struct Matrix {
    view: View,
    /// Lengths and strides: batch, free, summed.
    lens: [usize; 3],
    strides: [isize; 3],
}

/// How the work is laid out.
enum Plan {
    /// A workgroup computes a square of results.
    Tile,
    /// A workgroup computes one result.
    Group,
    /// An invocation computes one result.
    Lane,
}

/// The edge of a square of results.
const EDGE: usize = 64;

impl Side<'_> {
    /// Axes by kind: batch, free, summed. None if an axis does not exist.
    fn axes(&self) -> Option<[Axes; 3]> {
        let ndim = self.view.shape().len();
        let named = || self.batch.iter().chain(self.contract);
        let free = (0..ndim).filter(|axis| !named().any(|other| other == axis)).collect();
        let exist = named().all(|&axis| axis < ndim);
        exist.then(|| [Axes::from_slice(self.batch), free, Axes::from_slice(self.contract)])
    }

    /// With the axes of each kind joined.
    fn matrix(&self, gpu: &Gpu) -> Result<Matrix> {
        let axes = self.axes().ok_or_else(malformed)?;
        let part = |axes: &Axes| -> (Shape, Strides) {
            axes.iter().map(|&axis| (self.view.shape()[axis], self.view.strides()[axis])).unzip()
        };
        let parts = axes.each_ref().map(part);
        let lens = parts.each_ref().map(|(lens, _)| shape::size(lens));
        if let [Some(batch), Some(free), Some(summed)] = parts.each_ref().map(|(lens, strides)| joined(lens, strides)) {
            return Ok(Matrix { view: self.view.clone(), lens, strides: [batch, free, summed] });
        }
        let all: Shape = parts.iter().flat_map(|(lens, _)| lens.iter().copied()).collect();
        let steps: Strides = parts.iter().flat_map(|(_, strides)| strides.iter().copied()).collect();
        let view = gpu.compact(&self.view.with_layout(all, self.view.offset(), steps))?;
        let strides = shape::contiguous(&lens);
        Ok(Matrix { view, lens, strides: [strides[0], strides[1], strides[2]] })
    }
}

impl Gpu {
    /// The contraction of two sides of one dtype, `f32` or `i32`. `out` has the batch axes, then the free axes of `a`,
    /// then those of `b`. Sums of `i32` wrap.
    pub fn contract(&self, a: &Side, b: &Side, out: &[usize]) -> Result<View> {
        let dtype = a.view.dtype();
        if !matches!(dtype, DType::F32 | DType::I32) {
            return Err(unsupported(dtype));
        }
        countable(a.view.shape())?;
        countable(b.view.shape())?;
        let (a, b) = (a.matrix(self)?, b.matrix(self)?);
        let ([batch, rows, depth], [_, columns, _]) = (a.lens, b.lens);
        let results = shape::size(&[batch, rows, columns]);
        if b.view.dtype() != dtype || b.lens[0] != batch || b.lens[2] != depth || shape::size(out) != results {
            return Err(malformed());
        }
        if results == 0 || depth == 0 {
            let zero =
                if dtype == DType::F32 { crate::tensor::Scalar::F32(0.0) } else { crate::tensor::Scalar::I32(0) };
            return self.fill(zero, out);
        }
        let y = self.fresh(dtype, out)?;
        let plan = plan(dtype, &a, &b);
        let (text, chunk) = match plan {
            Plan::Tile => (include_str!("wgsl/contract_tile.wgsl"), 1 << 14),
            Plan::Group => {
                (concat!(include_str!("wgsl/contract_places.wgsl"), include_str!("wgsl/contract_group.wgsl")), 1 << 18)
            }
            Plan::Lane => {
                (concat!(include_str!("wgsl/contract_places.wgsl"), include_str!("wgsl/contract_lane.wgsl")), 1 << 14)
            }
        };
        for start in (0..depth).step_by(chunk) {
            let end = depth.min(start + chunk);
            let (kernel, words) = written(dtype, [&a, &b], start..end, text);
            let (views, length) = ([&a.view, &b.view, &y], (end - start) as u64);
            match plan {
                Plan::Tile => {
                    let tiles = (batch * rows.div_ceil(EDGE) * columns.div_ceil(EDGE)) as u64;
                    self.launch(kernel, &views, false, words, tiles, length * (EDGE * EDGE) as u64)?;
                }
                Plan::Group => self.launch(kernel, &views, false, words, results as u64, length + 512)?,
                Plan::Lane => self.launch_items(kernel, &views, false, words, results as u64, length)?,
            }
        }
        Ok(y)
    }
}

fn plan(dtype: DType, a: &Matrix, b: &Matrix) -> Plan {
    let ([batch, rows, depth], [_, columns, _]) = (a.lens, b.lens);
    // The larger side should be read in the order it lies.
    let larger = if rows >= columns { a } else { b };
    let along = larger.strides[2].unsigned_abs() <= 1 && larger.strides[1].unsigned_abs() > 1;
    if dtype == DType::F32 && rows.min(columns) >= EDGE / 4 && rows.max(columns) >= EDGE / 2 && depth >= 8 {
        Plan::Tile
    } else if dtype == DType::F32 && depth >= 128 && (along || batch * rows * columns <= 1024) {
        Plan::Group
    } else {
        Plan::Lane
    }
}

/// A kernel that sums over this range.
fn written(dtype: DType, sides: [&Matrix; 2], range: std::ops::Range<usize>, text: &str) -> (Kernel, Words) {
    let (mut kernel, mut words) = (Kernel::new(), Words::new());
    kernel.input("a", dtype);
    kernel.input("b", dtype);
    kernel.output("y", dtype);
    kernel.push(&format!("alias Value = {};\n", value_type(dtype)));
    let mut constant = |name: &str, value: u32| {
        let word = words.word(value);
        kernel.push(&format!("fn {name}() -> u32 {{ return {word}; }}\n"));
    };
    let [a, b] = sides;
    constant("batches", a.lens[0] as u32);
    constant("rows", a.lens[1] as u32);
    constant("columns", b.lens[1] as u32);
    constant("first", range.start as u32);
    constant("end", range.end as u32);
    for (name, side) in [("a", a), ("b", b)] {
        constant(&format!("{name}_offset"), side.view.offset() as u32);
        for (kind, stride) in ["batch", "free", "inner"].iter().zip(side.strides) {
            // Steps back are sums modulo 2^32.
            constant(&format!("{name}_{kind}"), stride as u32);
        }
        // Neighbours read neighbours: along the sum, or along the free axis.
        let along = side.strides[2].unsigned_abs() <= side.strides[1].unsigned_abs();
        constant(&format!("{name}_along"), u32::from(along));
    }
    kernel.push(text);
    (kernel, words)
}

/// The stride of several axes as one; none if they do not follow each other.
fn joined(lens: &[usize], strides: &[isize]) -> Option<isize> {
    let mut axes = lens.iter().zip(strides).filter(|(len, _)| **len != 1);
    let Some((_, &first)) = axes.next() else { return Some(0) };
    axes.try_fold(first, |outer, (&len, &inner)| (outer == inner.wrapping_mul(len as isize)).then_some(inner))
}
