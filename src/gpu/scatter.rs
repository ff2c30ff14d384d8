//! Adding values to the elements that integers point to: the transpose of gathering.
//!
//! Floats are not added by atomic operations, whose order nobody knows. The points are sorted by the cell they point
//! to, then every element of the result adds up what belongs to it, in the order of the points.

use super::device::Gpu;
use super::gather::Pointers;
use super::kernel::{Access, Kernel, Words};
use super::layout::{Layout, Place};
use super::program::malformed;
use super::transfer::unsupported;
use super::view::View;
use crate::diagnostics::Result;
use crate::tensor::DType;
use crate::tensor::shape::{self, Shape, Strides};

/// Points that one run adds to an element at most.
const RUN: usize = 1 << 15;

/// Points that a workgroup sorts by itself.
const NEAR: usize = 512;

/// The cells that points belong to, and the points, both in the order of the cells.
pub(super) struct Cells {
    cells: View,
    order: View,
}

impl Gpu {
    /// `x` with the elements of `value` added where the index arrays point: `value` broadcasts to the shape that a gather
    /// from `x` gives. Only `f32`. For an index out of bounds: the axes as the program counts them, and the
    /// caller's number.
    pub fn scatter_add(
        &self,
        x: &View,
        value: &View,
        indices: &[View],
        axes: &[usize],
        at: usize,
        (names, fault): (&[usize], u32),
    ) -> Result<View> {
        if let Some(other) = [x, value].into_iter().find(|view| view.dtype() != DType::F32) {
            return Err(unsupported(other.dtype()));
        }
        let shape = x.shape();
        let pointers = Pointers::new(shape, indices, axes, at)?;
        let place = Place::of(value, &pointers.result(shape)).ok_or_else(malformed)?;
        let points = shape::size(&pointers.points);
        if points == 0 {
            return Ok(x.clone());
        }
        let found = self.cells(&pointers, shape, (names, fault))?;
        let y = self.compact(x)?;
        let count = shape::size(shape);
        if count == 0 {
            return Ok(y);
        }
        self.sort(&found)?;
        for first in (0..points).step_by(RUN) {
            self.add_up(&pointers, &found, value, &place, &y, first)?;
        }
        Ok(y)
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

    /// Sorts by cell, and by point within one: a bitonic network. Steps between neighbours are one kernel together.
    fn sort(&self, found: &Cells) -> Result<()> {
        let padded = found.cells.size();
        self.sort_within(found, 2, padded.min(NEAR))?;
        let mut run = 2 * NEAR;
        while run <= padded {
            let mut step = run / 2;
            while step >= NEAR {
                let (mut kernel, mut words) = (Kernel::new(), Words::new());
                declare_cells(&mut kernel, Access::Write);
                kernel.constants(&mut words, &[("pairs", padded / 2), ("run", run), ("step", step)]);
                kernel.push(include_str!("wgsl/sort.wgsl"));
                let views = [&found.cells, &found.order];
                self.launch_items(kernel, &views, false, words, (padded / 2) as u64, 4)?;
                step /= 2;
            }
            self.sort_within(found, run, run)?;
            run *= 2;
        }
        Ok(())
    }

    /// The steps among `NEAR` neighbours of runs of these lengths.
    fn sort_within(&self, found: &Cells, first: usize, last: usize) -> Result<()> {
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        declare_cells(&mut kernel, Access::Write);
        let total = found.cells.size();
        kernel.constants(&mut words, &[("total", total), ("first", first), ("last", last)]);
        kernel.push(include_str!("wgsl/sort_within.wgsl"));
        // steps of all runs, each of so many pairs
        let (groups, steps) = (total.div_ceil(NEAR), 45);
        self.launch(kernel, &[&found.cells, &found.order], false, words, groups as u64, steps * NEAR as u64)
    }

    /// Adds the points of every cell from its point number `first` on, at most `RUN` of them.
    fn add_up(
        &self,
        pointers: &Pointers,
        found: &Cells,
        value: &View,
        place: &Place,
        y: &View,
        first: usize,
    ) -> Result<()> {
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        kernel.input("value", DType::F32);
        declare_cells(&mut kernel, Access::Read);
        kernel.output("y", DType::F32);
        let shape = y.shape();
        let lens: Shape = pointers.axes.iter().map(|&axis| shape[axis]).collect();
        let none = || Strides::from_elem(0, shape.len());
        let (mut cell, mut rest) = (none(), none());
        for (&axis, &step) in pointers.axes.iter().zip(&shape::contiguous(&lens)) {
            cell[axis] = step;
        }
        // In the value the axes of the points stand between the others.
        let ahead = pointers.at..pointers.at + pointers.points.len();
        let others = place.strides.iter().enumerate().filter(|(axis, _)| !ahead.contains(axis));
        for (&axis, (_, &step)) in pointers.rest.iter().zip(others) {
            rest[axis] = step;
        }
        let along: Strides = place.strides.iter().skip(ahead.start).take(ahead.len()).copied().collect();
        let places = [Place { offset: 0, strides: cell }, Place { offset: place.offset, strides: rest }];
        Layout::new(shape, places).declare("locate", &mut kernel, &mut words);
        let points = Place { offset: 0, strides: along };
        Layout::new(&pointers.points, [points]).declare("locate_point", &mut kernel, &mut words);
        let (count, points) = (y.size(), shape::size(&pointers.points));
        kernel.constants(&mut words, &[("total", count), ("points", points), ("first", first), ("most", RUN)]);
        kernel.push(include_str!("wgsl/add_up.wgsl"));
        let each = points.min(RUN) * (value.size() / points).max(1) / count;
        self.launch_items(kernel, &[value, &found.cells, &found.order, y], false, words, count as u64, 40 + each as u64)
    }
}

fn declare_cells(kernel: &mut Kernel, access: Access) {
    kernel.buffer("cells", "array<u32>", access);
    kernel.buffer("order", "array<u32>", access);
}
