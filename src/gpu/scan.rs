//! Running sums and products along axes.
//!
//! Every part of a row is reduced, the results are scanned in turn, and then every part is scanned behind the result of
//! those before it (G. Blelloch, "Prefix sums and their applications", 1990). Integers are exact: the first result that
//! does not fit `i32` is a fault. Products of `f32` keep their powers of two apart, since the product of a part may leave
//! the range of `f32` where no result does.

use super::device::Gpu;
use super::fault::Site;
use super::kernel::{Access, Kernel, Words, value_type};
use super::layout::{Layout, Place, countable};
use super::reduce::{Combine, LANE_SPAN, Made, PLAIN, Reduction, Stage};
use super::transfer::unsupported;
use super::view::View;
use crate::diagnostics::Result;
use crate::tensor::shape::Shape;
use crate::tensor::{DType, Scalar};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// `f32` of `f32`, else `i32`.
    Sum,
    /// As `Sum`.
    Product,
}

/// Counts, which fit 32 bits.
const COUNT: Combine = Combine { join: "a + b", ..PLAIN };

/// Elements that one workgroup scans.
const GROUP_SPAN: usize = 1 << 12;

impl Running {
    fn combine(self, of: DType) -> Combine {
        match (self, of) {
            // Of nothing -0, to which 0 and -0 may be added.
            (Running::Sum, DType::F32) => {
                Combine { neutral: "bitcast<f32>(0x80000000u)", ..Reduction::Sum.combine(of) }
            }
            (Running::Product, DType::F32) => Combine {
                kind: "vec2<u32>",
                words: 2,
                neutral: "vec2<u32>(0x3f800000u, 0u)",
                lift: "parted(x)",
                join: "times(a, b)",
                finish: "whole(x)",
                out: DType::F32,
                joining: include_str!("wgsl/parted.wgsl"),
                ..PLAIN
            },
            (Running::Sum, _) => Reduction::Sum.combine(of),
            (Running::Product, _) => Reduction::Prod.combine(of),
        }
    }

    fn name(self) -> &'static str {
        if self == Running::Sum { "running sum" } else { "running product" }
    }
}

impl Gpu {
    /// Every element joined with those before it along an axis, in the shape of `x`. `fault` is the caller's number for
    /// integers that do not fit.
    pub fn running(&self, how: Running, x: &View, axis: usize, fault: u32) -> Result<View> {
        let site = Site::Overflow { id: fault, name: how.name() };
        self.scanned(&how.combine(x.dtype()), x, &[axis], site)
    }

    /// How many elements of a mask hold, up to and with every element in row-major order: an `i32` for each, and of no
    /// elements a 0.
    pub fn counts(&self, mask: &View) -> Result<View> {
        if mask.dtype() != DType::Bool {
            return Err(unsupported(mask.dtype()));
        }
        if mask.size() == 0 {
            return self.fill(Scalar::I32(0), &[1]);
        }
        let axes: Vec<usize> = (0..mask.shape().len()).collect();
        self.scanned(&COUNT, mask, &axes, Site::Overflow { id: super::NO_ID, name: "count" })
    }

    /// Scans along axes, in row-major order of these.
    fn scanned(&self, combine: &Combine, x: &View, axes: &[usize], site: Site) -> Result<View> {
        if x.dtype().size() > 4 {
            return Err(unsupported(x.dtype()));
        }
        countable(x.shape())?;
        let y = self.fresh(combine.out, x.shape())?;
        let (from, to) = (Stage::of(x, axes)?, Stage::of(&y, axes)?);
        if x.size() > 0 {
            self.scan(combine, &from, &to, Some(site))?;
        }
        Ok(y)
    }

    /// One scan, with those of its parts. Without a site it is of partial results.
    fn scan(&self, combine: &Combine, from: &Stage, to: &Stage, site: Option<Site>) -> Result<()> {
        let by_lane = from.by_lane();
        let span = if by_lane { LANE_SPAN } else { GROUP_SPAN };
        let (results, elements) = (from.results(), from.elements());
        let parts = elements.div_ceil(span);
        let before = match parts {
            1 => None,
            _ => {
                let totals = self.stage(combine, from, span, Made::Parts(parts))?;
                let sums = self.fresh(DType::I32, totals.shape())?;
                let (totals, sums_of) =
                    (Stage::of_parts(&totals, results, parts), Stage::of_parts(&sums, results, parts));
                self.scan(combine, &totals, &sums_of, None)?;
                Some(sums)
            }
        };
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        from.declare(self, &mut kernel, &mut words, combine)?;
        let mut views = from.views();
        let start = match &before {
            Some(sums) => {
                kernel.buffer("before", &format!("array<{}>", combine.kind), Access::Read);
                views.push(sums);
                "if part > 0u { return before[result * parts() + part - 1u]; }"
            }
            None => "",
        };
        views.extend(to.views());
        let (stored, finish) = match site {
            Some(_) => (value_type(combine.out), combine.finish),
            None => (combine.kind, "x"),
        };
        kernel.buffer("y", &format!("array<{stored}>"), Access::Write);
        let faults = combine.faults && site.is_some();
        if let Some(site) = site.filter(|_| faults) {
            self.arm(&mut kernel, &mut words, site);
        }
        kernel.push(if finish == "x" { "" } else { combine.finishing });
        let numbers = [("results", results), ("elements", elements), ("parts", parts), ("span", span)];
        kernel.constants(&mut words, &numbers);
        kernel.push(&format!(
            "fn finish(x: Acc) -> {stored} {{ return {finish}; }}
fn start(result: u32, part: u32) -> Acc {{ {start} return neutral(); }}
"
        ));
        let both = |(lens, place): &(Shape, Place), other: &(Shape, Place)| {
            Layout::new(lens, [place.clone(), other.1.clone()])
        };
        both(&from.kept, &to.kept).declare("outer", &mut kernel, &mut words);
        both(&from.reduced, &to.reduced).declare("inner", &mut kernel, &mut words);
        let (items, work) = ((results * parts) as u64, elements.min(span) as u64 + 1);
        match by_lane {
            true => {
                kernel.push(include_str!("wgsl/scan_lane.wgsl"));
                self.launch_items(kernel, &views, faults, words, items, 2 * work)
            }
            false => {
                kernel.push(include_str!("wgsl/scan_group.wgsl"));
                // The runs, besides the elements.
                self.launch(kernel, &views, faults, words, items, 2 * work + 2048)
            }
        }
    }
}
