//! Reading elements that integers point to.
//!
//! Indices are data, so they are compared with the length of their axis before anything is read. The first one out of
//! bounds becomes a fault; nothing is read for it.

use super::device::Gpu;
use super::fault::Site;
use super::kernel::{Kernel, Words, is_packed};
use super::layout::{Layout, Place, countable};
use super::program::malformed;
use super::transfer::unsupported;
use super::view::View;
use crate::diagnostics::Result;
use crate::tensor::shape::{self, Axes, Shape, Strides};
use crate::tensor::{DType, walk};
use std::fmt::Write;

/// Index arrays and the axes they point along.
pub(super) struct Pointers<'a> {
    pub indices: &'a [View],
    pub axes: &'a [usize],
    /// The shape that the arrays broadcast to.
    pub points: Shape,
    /// The other axes, and where among them those of the points stand in a result.
    pub rest: Axes,
    pub at: usize,
}

impl<'a> Pointers<'a> {
    /// Checks that the arrays are `i32` and fit a value of this shape.
    pub fn new(shape: &[usize], indices: &'a [View], axes: &'a [usize], at: usize) -> Result<Pointers<'a>> {
        if let Some(wrong) = indices.iter().find(|index| index.dtype() != DType::I32) {
            return Err(unsupported(wrong.dtype()));
        }
        let mut points = Shape::new();
        for index in indices {
            points = shape::broadcast(&points, index.shape()).map_err(|_| malformed())?;
        }
        countable(&points)?;
        let rest: Axes = (0..shape.len()).filter(|axis| !axes.contains(axis)).collect();
        let exist = axes.iter().all(|&axis| axis < shape.len());
        let fits = exist && indices.len() == axes.len() && rest.len() + axes.len() == shape.len() && at <= rest.len();
        if fits { Ok(Pointers { indices, axes, points, rest, at }) } else { Err(malformed()) }
    }

    /// The shape of a result of elements of `shape`.
    pub fn result(&self, shape: &[usize]) -> Shape {
        let mut result: Shape = self.rest.iter().map(|&axis| shape[axis]).collect();
        result.insert_many(self.at, self.points.iter().copied());
        result
    }

    /// Strides over a result of a view with these strides; none along the points.
    fn rest_strides(&self, strides: &[isize]) -> Strides {
        let mut result: Strides = self.rest.iter().map(|&axis| strides[axis]).collect();
        result.insert_many(self.at, self.points.iter().map(|_| 0));
        result
    }

    /// Strides over a result of an index array; none along the rest.
    fn index_strides(&self, index: &View) -> Strides {
        let before = std::iter::repeat_n(0, self.at);
        let after = std::iter::repeat_n(0, self.rest.len() - self.at);
        before.chain(walk::stretch(index.shape(), index.strides(), &self.points)).chain(after).collect()
    }

    /// Where the arrays' elements for every element of a result lie.
    fn places(&self) -> impl Iterator<Item = Place> {
        self.indices.iter().map(|index| Place { offset: index.offset(), strides: self.index_strides(index) })
    }

    /// What to say of an index out of bounds; `names` are the axes as the program counts them.
    pub fn site(&self, shape: &[usize], names: &[usize], id: u32) -> Site {
        let name = |(number, &axis): (usize, &usize)| (names.get(number).copied().unwrap_or(axis), shape[axis]);
        Site::Index { id, axes: self.axes.iter().enumerate().map(name).collect() }
    }

    /// Declares the arrays, and `pointed(at)`: the sum over the arrays of index times step. Their elements lie at
    /// `at[first]` and behind. It raises a fault and sets `bad` where an index is out of bounds.
    pub fn declare(&self, kernel: &mut Kernel, words: &mut Words, lens: &[usize], steps: &[u32], first: usize) {
        for number in 0..self.indices.len() {
            kernel.input(&format!("index{number}"), DType::I32);
        }
        let mut text = format!(
            "var<private> bad: bool = false;\nfn pointed(at: array<u32, {}>) -> u32 {{\n    var sum = 0u;\n",
            first + self.indices.len()
        );
        for (number, (&len, &step)) in lens.iter().zip(steps).enumerate() {
            let (len, step) = (words.word(len as u32), words.word(step));
            let at = first + number;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "    sum += within({number}u, index{number}_at(at[{at}]), {len}) * {step};");
        }
        text.push_str("    return sum;\n}\n");
        kernel.push(&text);
        kernel.push(include_str!("wgsl/within.wgsl"));
    }
}

impl Gpu {
    /// The elements of `x` that index arrays point to, along `axes`. The arrays broadcast to one shape, whose axes
    /// stand in the result ahead of the other axes from number `at` on. For an index out of bounds: the axes as the
    /// program counts them, and the caller's number.
    pub fn gather(
        &self,
        x: &View,
        indices: &[View],
        axes: &[usize],
        at: usize,
        out: &[usize],
        (names, fault): (&[usize], u32),
    ) -> Result<View> {
        let dtype = x.dtype();
        axes.iter().filter_map(|&axis| x.shape().get(axis)).try_for_each(|&len| countable(&[len]))?;
        if dtype.size() > 4 {
            return Err(unsupported(dtype));
        }
        let pointers = Pointers::new(x.shape(), indices, axes, at)?;
        if pointers.result(x.shape()).as_slice() != out {
            return Err(malformed());
        }
        let y = self.fresh(dtype, out)?;
        let count = shape::size(out);
        if count == 0 && shape::size(&pointers.points) == 0 {
            return Ok(y);
        }
        if count == 0 {
            // Indices are wrong even where they point to nothing.
            self.cells(&pointers, x.shape(), (names, fault))?;
            return Ok(y);
        }
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        kernel.input("x", dtype);
        let lens: Shape = axes.iter().map(|&axis| x.shape()[axis]).collect();
        // Steps back are sums modulo 2^32.
        let steps: Vec<u32> = axes.iter().map(|&axis| x.strides()[axis] as u32).collect();
        pointers.declare(&mut kernel, &mut words, &lens, &steps, 1);
        kernel.output("y", dtype);
        let rest = Place { offset: x.offset(), strides: pointers.rest_strides(x.strides()) };
        Layout::new(out, std::iter::once(rest).chain(pointers.places())).declare("locate", &mut kernel, &mut words);
        self.arm(&mut kernel, &mut words, pointers.site(x.shape(), names, fault));
        let views: Vec<&View> = std::iter::once(x).chain(indices).chain([&y]).collect();
        self.read_pointed(kernel, words, &views, true)?;
        Ok(y)
    }

    /// Makes every element of the last view: that of `x` at `at[0] + pointed(at)`, where `at` is `locate` of its number.
    /// Nothing is read where `pointed` finds it `bad`.
    pub(super) fn read_pointed(
        &self,
        mut kernel: Kernel,
        mut words: Words,
        views: &[&View],
        faults: bool,
    ) -> Result<()> {
        let (dtype, count) = views.last().map(|y| (y.dtype(), y.size())).ok_or_else(malformed)?;
        kernel.constants(&mut words, &[("total", count)]);
        let packed = is_packed(dtype);
        let (text, each) = match packed {
            true => (include_str!("wgsl/gather_packed.wgsl"), 4),
            false => (include_str!("wgsl/gather.wgsl"), 1),
        };
        kernel.push(if dtype == DType::Bool {
            "fn bits(i: u32) -> u32 { return u32(x_at(i)); }\n"
        } else if packed {
            "fn bits(i: u32) -> u32 { return x_at(i); }\n"
        } else {
            ""
        });
        kernel.push(text);
        let work = (each * views.len()) as u64;
        self.launch_items(kernel, views, faults, words, count.div_ceil(each) as u64, work)
    }
}
