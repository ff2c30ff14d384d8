//! Writing, and adding, values to the elements that integers point to: adding is the transpose of gathering.
//!
//! Nobody knows the order of atomic operations. So the points are sorted by the cell they point to, and within one by
//! their own order: then the last of each cell writes its values, or the first adds up those of all. Nothing is written
//! where any point is out of bounds.

use super::device::Gpu;
use super::gather::Pointers;
use super::kernel::{Access, Kernel, Words, value_type};
use super::layout::{Layout, Place, countable};
use super::program::malformed;
use super::transfer::unsupported;
use super::view::View;
use crate::diagnostics::Result;
use crate::tensor::shape::{self, Shape, Strides};
use crate::tensor::{DType, Layout as Where};

/// Points that one run adds to an element at most.
const RUN: usize = 1 << 15;
/// Elements that a workgroup sorts.
const BLOCK: usize = 512;
/// Elementary steps of writing an element, and of finding where to add.
const WORK: u64 = 8;
const SEARCH: u64 = 40;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scatter {
    /// Of several values for one place the last counts.
    Replace,
    /// All values for one place are added to what is there, one after the other. Integers wrap; of truth values it is `or`.
    Add,
}

/// The cells that points belong to, and the points, both in the order of the cells.
pub(super) struct Cells {
    cells: View,
    order: View,
}

/// Where values go: a part of the elements of a buffer, and the values' own places.
struct Target<'a> {
    pointers: &'a Pointers<'a>,
    to: &'a Where,
    value: &'a View,
    from: Place,
}

impl Target<'_> {
    /// The lengths of the axes that are pointed along, and of the others.
    fn lens(&self) -> (Shape, Shape) {
        let lens = |axes: &[usize]| axes.iter().map(|&axis| self.to.shape[axis]).collect();
        (lens(self.pointers.axes), lens(&self.pointers.rest))
    }

    /// Declares the buffers, and where elements are: `locate(rest)` in the target and in the values, to which
    /// `locate_cell(cell)` and `locate_point(point)` are added.
    fn declare(&self, kernel: &mut Kernel, words: &mut Words, dtype: DType) {
        let Target { pointers, to, value, from } = self;
        kernel.input("value", value.dtype());
        declare_cells(kernel, Access::Read);
        kernel.target("y", dtype);
        let (pointed, others) = self.lens();
        let steps = |axes: &[usize]| -> Strides { axes.iter().map(|&axis| to.strides[axis]).collect() };
        // in the values the axes of the points stand between the others
        let ahead = pointers.at..pointers.at + pointers.points.len();
        let along = Strides::from_slice(&from.strides[ahead.clone()]);
        let besides = from.strides.iter().enumerate().filter(|(axis, _)| !ahead.contains(axis));
        let rest = [
            Place { offset: to.offset, strides: steps(&pointers.rest) },
            Place { offset: from.offset, strides: besides.map(|(_, &step)| step).collect() },
        ];
        Layout::new(&others, rest).declare("locate", kernel, words);
        let cell = Place { offset: 0, strides: steps(pointers.axes) };
        Layout::new(&pointed, [cell]).declare("locate_cell", kernel, words);
        let point = Place { offset: 0, strides: along };
        Layout::new(&pointers.points, [point]).declare("locate_point", kernel, words);
        let (points, rest) = (shape::size(&pointers.points), shape::size(&others));
        kernel.constants(words, &[("points", points), ("rest", rest)]);
    }
}

impl Gpu {
    /// `x` with `value` written, or added, where index arrays point: they point into a part of its elements, counted in
    /// row-major order, along `axes` of it, and `value` broadcasts to the shape that a gather from there gives. Of the
    /// dtype of `x`, in its buffer where nobody else holds that. For an index out of bounds: the axes as the program
    /// counts them, and the caller's number.
    pub fn scatter(
        &self,
        how: Scatter,
        x: &View,
        value: &View,
        to: &Where,
        (indices, axes, at): (&[View], &[usize], usize),
        (names, fault): (&[usize], u32),
    ) -> Result<View> {
        if x.dtype().size() > 4 {
            return Err(unsupported(x.dtype()));
        }
        let pointers = Pointers::new(&to.shape, indices, axes, at)?;
        let result = pointers.result(&to.shape);
        countable(&result)?;
        let from = Place::of(value, &result).ok_or_else(malformed)?;
        let points = shape::size(&pointers.points);
        if value.dtype() != x.dtype() || to.shape.len() != to.strides.len() {
            return Err(malformed());
        }
        if points == 0 {
            return Ok(x.clone());
        }
        let found = self.cells(&pointers, &to.shape, (names, fault))?;
        let count = shape::size(&result);
        if count == 0 || x.size() == 0 {
            return Ok(x.clone());
        }
        self.sort(&found)?;
        let target = Target { pointers: &pointers, to, value, from };
        match how {
            Scatter::Replace => self.put(&target, &found, x, count as u64),
            Scatter::Add => self.add(&target, &found, x, (points, count / points)),
        }
    }

    /// The number of the cell every point belongs to, among the axes that are pointed along.
    pub(super) fn cells(&self, pointers: &Pointers, shape: &[usize], (names, fault): (&[usize], u32)) -> Result<Cells> {
        let points = shape::size(&pointers.points);
        // Sorting wants a power of two.
        let padded = points.next_power_of_two();
        let found = Cells { cells: self.fresh(DType::I32, &[padded])?, order: self.fresh(DType::I32, &[padded])? };
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        let lens: Shape = pointers.axes.iter().map(|&axis| shape[axis]).collect();
        let steps: Vec<u32> = shape::contiguous(&lens).iter().map(|&step| step as u32).collect();
        pointers.declare(&mut kernel, &mut words, &lens, &steps, 0);
        declare_cells(&mut kernel, Access::Write);
        self.arm(&mut kernel, &mut words, pointers.site(shape, names, fault));
        let places = pointers.indices.iter().map(|index| Place::of(index, &pointers.points));
        let places = places.collect::<Option<Vec<Place>>>().ok_or_else(malformed)?;
        Layout::new(&pointers.points, places).declare("locate", &mut kernel, &mut words);
        kernel.constants(&mut words, &[("points", points), ("padded", padded)]);
        kernel.push(include_str!("wgsl/cells.wgsl"));
        let views: Vec<&View> = pointers.indices.iter().chain([&found.cells, &found.order]).collect();
        self.launch_items(kernel, &views, true, words, padded as u64, 4)?;
        Ok(found)
    }

    /// Sorts by cell, and by point within one: a bitonic network (K. Batcher, "Sorting networks and their applications",
    /// 1968). Steps between elements of one block are done by a workgroup, all those of some runs at once.
    fn sort(&self, found: &Cells) -> Result<()> {
        let padded = found.cells.size();
        let (views, blocks) = ([&found.cells, &found.order], padded.div_ceil(BLOCK) as u64);
        let within = |first: usize, last: usize| {
            let (mut kernel, mut words) = (Kernel::new(), Words::new());
            declare_cells(&mut kernel, Access::Write);
            kernel.constants(&mut words, &[("padded", padded), ("first_run", first), ("last_run", last)]);
            kernel.push(include_str!("wgsl/sort_block.wgsl"));
            self.launch(kernel, &views, false, words, blocks, 4 * BLOCK as u64 * 45)
        };
        within(2, padded.min(BLOCK))?;
        let mut run = 2 * BLOCK;
        while run <= padded {
            let mut step = run / 2;
            while step >= BLOCK {
                let (mut kernel, mut words) = (Kernel::new(), Words::new());
                declare_cells(&mut kernel, Access::Write);
                kernel.constants(&mut words, &[("pairs", padded / 2), ("run", run), ("step", step)]);
                kernel.push(include_str!("wgsl/sort.wgsl"));
                self.launch_items(kernel, &views, false, words, (padded / 2) as u64, 4)?;
                step /= 2;
            }
            within(run, run)?;
            run *= 2;
        }
        Ok(())
    }

    /// Writes the values of the last point of every cell, of `count` that there are in all.
    fn put(&self, target: &Target, found: &Cells, x: &View, count: u64) -> Result<View> {
        let y = self.writable(x, self.at_once(count, WORK))?;
        self.check_part(&y, target.to)?;
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        target.declare(&mut kernel, &mut words, y.dtype());
        kernel.push(include_str!("wgsl/put.wgsl"));
        let views = [target.value, &found.cells, &found.order, &y];
        self.launch_items(kernel, &views, false, words, count, WORK)?;
        Ok(y)
    }

    /// Adds the values of the points of every cell: of so many points, each with so many values. A run adds at most `RUN`
    /// of a cell to each of its elements, which are shared out by cell or by point, whichever are fewer.
    fn add(&self, target: &Target, found: &Cells, x: &View, (points, rest): (usize, usize)) -> Result<View> {
        let cells = shape::size(&target.lens().0);
        let (slots, by) = match cells < points {
            true => (cells, include_str!("wgsl/slot_of_cell.wgsl")),
            false => (points, include_str!("wgsl/slot_of_point.wgsl")),
        };
        let items = (slots * rest) as u64;
        let work = SEARCH + (points.min(RUN) / slots) as u64;
        let y = self.writable(x, points <= RUN && self.at_once(items, work))?;
        self.check_part(&y, target.to)?;
        for first in (0..points).step_by(RUN) {
            let (mut kernel, mut words) = (Kernel::new(), Words::new());
            target.declare(&mut kernel, &mut words, y.dtype());
            let kind = value_type(y.dtype());
            let sum = match y.dtype() {
                DType::Bool => "a || b",
                DType::U8 => "(a + b) & 0xffu",
                _ => "a + b",
            };
            kernel.push(&format!("fn add(a: {kind}, b: {kind}) -> {kind} {{ return {sum}; }}\n"));
            kernel.constants(&mut words, &[("slots", slots), ("first", first), ("most", RUN)]);
            kernel.push(by);
            kernel.push(include_str!("wgsl/add_up.wgsl"));
            let views = [target.value, &found.cells, &found.order, &y];
            self.launch_items(kernel, &views, false, words, items, work)?;
        }
        Ok(y)
    }
}

fn declare_cells(kernel: &mut Kernel, access: Access) {
    kernel.buffer("cells", "array<u32>", access);
    kernel.buffer("order", "array<u32>", access);
}
