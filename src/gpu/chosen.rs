//! Choosing by a mask: what is chosen, and where it is.
//!
//! How many elements of a mask hold decides the shape of the result, so somebody reads that count between `counts` and
//! `numbers`. The order is that of the mask, whatever order kernels run in.

use super::device::Gpu;
use super::kernel::{Access, Kernel, Words};
use super::layout::{Layout, Place, countable};
use super::program::malformed;
use super::transfer::unsupported;
use super::view::View;
use crate::diagnostics::Result;
use crate::tensor::DType;
use crate::tensor::shape::{Shape, Strides};
use std::fmt::Write;

impl Gpu {
    /// The numbers, in row-major order, of the elements of a mask that hold: `i32`, `count` of them. `counts` are those of
    /// the mask, and `count` is the last of them.
    pub fn numbers(&self, mask: &View, counts: &View, count: usize) -> Result<View> {
        let y = self.fresh(DType::I32, &[count])?;
        if count == 0 {
            return Ok(y);
        }
        let total = mask.size();
        if mask.dtype() != DType::Bool || counts.size() != total || count > total {
            return Err(malformed());
        }
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        kernel.input("x", mask.dtype());
        kernel.buffer("counts", "array<u32>", Access::Read);
        kernel.buffer("y", "array<u32>", Access::Write);
        let place = Place::of(mask, mask.shape()).ok_or_else(malformed)?;
        Layout::new(mask.shape(), [place]).declare("locate", &mut kernel, &mut words);
        kernel.constants(&mut words, &[("total", total)]);
        kernel.push(include_str!("wgsl/numbers.wgsl"));
        self.launch_items(kernel, &[mask, counts, &y], false, words, total as u64, 4)?;
        Ok(y)
    }

    /// The rows of `x` of these numbers: rows are counted in row-major order over its first axes, as many as a mask has.
    pub fn rows(&self, x: &View, ndim: usize, numbers: &View) -> Result<View> {
        if x.dtype().size() > 4 {
            return Err(unsupported(x.dtype()));
        }
        let (Some((outer, inner)), Some((steps, rest))) =
            (x.shape().split_at_checked(ndim), x.strides().split_at_checked(ndim))
        else {
            return Err(malformed());
        };
        let mut out = Shape::from_slice(&[numbers.size()]);
        out.extend_from_slice(inner);
        countable(&out)?;
        let y = self.fresh(x.dtype(), &out)?;
        if y.size() == 0 {
            return Ok(y);
        }
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        kernel.input("x", x.dtype());
        kernel.buffer("numbers", "array<u32>", Access::Read);
        kernel.output("y", x.dtype());
        let element = Place { offset: x.offset(), strides: [&[0], rest].concat().into() };
        let mut once = Strides::from_elem(0, out.len());
        once[0] = 1;
        let number = Place { offset: 0, strides: once };
        Layout::new(&out, [element, number]).declare("locate", &mut kernel, &mut words);
        let row = Place { offset: 0, strides: Strides::from_slice(steps) };
        Layout::new(outer, [row]).declare("locate_row", &mut kernel, &mut words);
        kernel.push(
            "const bad = false;
fn pointed(at: array<u32, 2>) -> u32 { return locate_row(numbers[at[1]])[0]; }
",
        );
        self.read_pointed(kernel, words, &[x, numbers, &y], false)?;
        Ok(y)
    }

    /// The indices into `shape` of elements of these numbers, one row each: `i32`.
    pub fn indices(&self, shape: &[usize], numbers: &View) -> Result<View> {
        let (count, ndim) = (numbers.size(), shape.len());
        let y = self.fresh(DType::I32, &[count, ndim])?;
        if y.size() == 0 {
            return Ok(y);
        }
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        kernel.buffer("numbers", "array<u32>", Access::Read);
        kernel.buffer("y", "array<u32>", Access::Write);
        let mut text = String::from("fn write_row(row: u32, number: u32) {\n    var rest = number;\n");
        for (axis, &len) in shape.iter().enumerate().rev() {
            let len = words.word(len as u32);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "    y[row * {ndim}u + {axis}u] = rest % {len};\n    rest = rest / {len};");
        }
        text.push_str("}\n");
        kernel.push(&text);
        kernel.constants(&mut words, &[("total", count)]);
        kernel.push(include_str!("wgsl/indices.wgsl"));
        self.launch_items(kernel, &[numbers, &y], false, words, count as u64, 2 * ndim as u64)?;
        Ok(y)
    }
}
