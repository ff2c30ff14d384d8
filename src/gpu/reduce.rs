//! Reductions over axes, in stages.
//!
//! A stage turns many elements of a group into few partial results, always in the same order, until one is left. What the
//! first stage reads may be made as it is read, by a program of element-wise steps. Sums
//! of `f32` are of short runs and then of trees, so that their error grows slowly. Sums and products of integers are
//! exact: what does not fit `i32` in the end is a fault. The place of an extreme is found with the extreme: of equal
//! ones the first counts, whatever order they are joined in.

use super::cluster::Cluster;
use super::device::Gpu;
use super::fault::Site;
use super::kernel::{Access, Kernel, Words, value_type};
use super::layout::{Layout, Place, countable};
use super::prelude;
use super::program::malformed;
use super::transfer::unsupported;
use super::view::View;
use crate::diagnostics::Result;
use crate::tensor::shape::{self, Axes, Shape, Strides};
use crate::tensor::{DType, Scalar};
use smallvec::smallvec;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    Sum,
    Max,
    Min,
    Prod,
    Any,
    All,
    /// The place of the largest element along the axes, in row-major order; NaN wins.
    Argmax,
    Argmin,
}

/// How partial results are made and joined, as expressions.
pub(super) struct Combine {
    /// The type of a partial result, and the words it takes.
    pub kind: &'static str,
    pub words: usize,
    pub neutral: &'static str,
    /// From `x`, an f32 or an i32, which is element number `i` of its group.
    pub lift: &'static str,
    /// From `a` and `b`, which is behind it.
    pub join: &'static str,
    /// A result, an f32 or i32, from `x`.
    pub finish: &'static str,
    pub out: DType,
    /// Functions that `lift` and `join` call, but for those of the prelude.
    pub joining: &'static str,
    /// Functions that `finish` calls.
    pub finishing: &'static str,
    /// Do these look for an overflow?
    pub faults: bool,
}

/// Partial results that are the values themselves.
pub(super) const PLAIN: Combine = Combine {
    kind: "i32",
    words: 1,
    neutral: "0",
    lift: "x",
    join: "a",
    finish: "x",
    out: DType::I32,
    joining: "",
    finishing: "",
    faults: false,
};

/// Elements that one workgroup, and one invocation, reduces in a stage.
const GROUP_SPAN: usize = 1 << 14;
pub(super) const LANE_SPAN: usize = 1 << 10;
/// So few elements are never worth a workgroup.
const FEW: usize = 64;
/// From so many results on there are invocations enough without.
const MANY: usize = 1 << 10;

impl Reduction {
    /// May the result have no room in its dtype?
    pub fn may_overflow(self, of: DType) -> bool {
        matches!(self, Reduction::Sum | Reduction::Prod) && of != DType::F32
    }

    fn dtype(self, of: DType) -> DType {
        match self {
            Reduction::Sum | Reduction::Prod if of != DType::F32 => DType::I32,
            Reduction::Argmax | Reduction::Argmin => DType::I32,
            Reduction::Any | Reduction::All => DType::Bool,
            _ => of,
        }
    }

    fn name(self) -> &'static str {
        if self == Reduction::Prod { "product" } else { "sum" }
    }

    /// The result without elements.
    fn neutral(self, of: DType) -> Scalar {
        match (self, self.dtype(of)) {
            (Reduction::Sum, DType::F32) => Scalar::F32(0.0),
            (Reduction::Prod, DType::F32) => Scalar::F32(1.0),
            (Reduction::Max, DType::F32) => Scalar::F32(f32::NEG_INFINITY),
            (Reduction::Min, DType::F32) => Scalar::F32(f32::INFINITY),
            (Reduction::Max, DType::I32) => Scalar::I32(i32::MIN),
            (Reduction::Min, DType::I32) => Scalar::I32(i32::MAX),
            (Reduction::Max, DType::U8) => Scalar::U8(0),
            (Reduction::Min, DType::U8) => Scalar::U8(u8::MAX),
            (how, DType::Bool) => Scalar::Bool(matches!(how, Reduction::Min | Reduction::All)),
            (how, _) => Scalar::I32(i32::from(how == Reduction::Prod)),
        }
    }

    pub(super) fn combine(self, of: DType) -> Combine {
        let real = Combine { kind: "f32", out: DType::F32, ..PLAIN };
        let place = Combine {
            kind: "vec2<u32>",
            words: 2,
            neutral: "vec2<u32>(0u, 0xffffffffu)",
            join: "ahead(a, b)",
            finish: "bitcast<i32>(x.y)",
            joining: include_str!("wgsl/ahead.wgsl"),
            ..PLAIN
        };
        match (self, of == DType::F32) {
            (Reduction::Sum, true) => Combine { neutral: "0.0", join: "a + b", ..real },
            (Reduction::Prod, true) => Combine { neutral: "1.0", join: "a * b", ..real },
            (Reduction::Max, true) => Combine { neutral: "-nb_inf()", join: "nb_max(a, b)", ..real },
            (Reduction::Min, true) => Combine { neutral: "nb_inf()", join: "nb_min(a, b)", ..real },
            (Reduction::Max, false) => Combine { neutral: "i32(-2147483648)", join: "max(a, b)", ..PLAIN },
            (Reduction::Min, false) => Combine { neutral: "2147483647", join: "min(a, b)", ..PLAIN },
            // NaN holds: it is not equal to 0.
            (Reduction::Any, _) => Combine { lift: "i32(!(x == 0))", join: "a | b", ..PLAIN },
            (Reduction::All, _) => Combine { neutral: "1", lift: "i32(!(x == 0))", join: "a & b", ..PLAIN },
            (Reduction::Argmax, true) => Combine { lift: "vec2<u32>(rank_of_float(bitcast<u32>(x)), i)", ..place },
            (Reduction::Argmin, true) => {
                Combine { lift: "vec2<u32>(rank_of_float(bitcast<u32>(x) ^ 0x80000000u), i)", ..place }
            }
            (Reduction::Argmax, false) => Combine { lift: "vec2<u32>(rank(x), i)", ..place },
            (Reduction::Argmin, false) => Combine { lift: "vec2<u32>(~rank(x), i)", ..place },
            (Reduction::Sum, false) => Combine {
                kind: "vec2<u32>",
                words: 2,
                neutral: "vec2<u32>(0u, 0u)",
                lift: "vec2<u32>(bitcast<u32>(x), 0u - (bitcast<u32>(x) >> 31u))",
                join: "vec2<u32>(a.x + b.x, a.y + b.y + u32(a.x + b.x < a.x))",
                finish: "narrow(x)",
                finishing: include_str!("wgsl/narrow.wgsl"),
                faults: true,
                ..PLAIN
            },
            (Reduction::Prod, false) => Combine {
                kind: "vec2<u32>",
                words: 2,
                neutral: "vec2<u32>(1u, 0u)",
                lift: "vec2<u32>(bitcast<u32>(abs(x)), bitcast<u32>(x) >> 31u)",
                join: "times(a, b)",
                finish: "signed(x)",
                joining: include_str!("wgsl/product.wgsl"),
                finishing: include_str!("wgsl/signed.wgsl"),
                faults: true,
                ..PLAIN
            },
        }
    }
}

/// What the elements of a stage are read from.
#[derive(Clone, Copy)]
pub(super) enum From<'a> {
    View(&'a View),
    /// The last output of a program; the others are written to these views.
    Made(&'a Cluster<'a>, &'a [View], DType),
    /// Partial results.
    Parts(&'a View),
}

/// What a stage reduces: for every result, a number of elements.
pub(super) struct Stage<'a> {
    from: From<'a>,
    pub kept: (Shape, Place),
    pub reduced: (Shape, Place),
}

/// Which results a stage makes.
pub(super) enum Made<'a> {
    /// Of this shape, with the caller's number for those that do not fit.
    Whole(&'a [usize], Site),
    /// Partial ones: of every result so many.
    Parts(usize),
}

impl<'a> Stage<'a> {
    /// These axes of a view, for all others.
    pub fn of(x: &'a View, axes: &[usize]) -> Result<Stage<'a>> {
        let lies = Place { offset: x.offset(), strides: Strides::from_slice(x.strides()) };
        Stage::lying(From::View(x), (x.shape(), &lies), axes)
    }

    /// These axes of elements that lie so, for all others.
    fn lying(from: From<'a>, (shape, lies): (&[usize], &Place), axes: &[usize]) -> Result<Stage<'a>> {
        let kept: Axes = (0..shape.len()).filter(|axis| !axes.contains(axis)).collect();
        let part = |axes: &[usize], offset: usize| -> Option<(Shape, Place)> {
            let lens = axes.iter().map(|&axis| shape.get(axis).copied()).collect::<Option<Shape>>()?;
            let strides = axes.iter().map(|&axis| lies.strides.get(axis).copied()).collect::<Option<Strides>>()?;
            Some((lens, Place { offset, strides }))
        };
        let kept = part(&kept, lies.offset).ok_or_else(malformed)?;
        let reduced = part(axes, 0).ok_or_else(malformed)?;
        Ok(Stage { from, kept, reduced })
    }

    /// Partial results, so many of each result.
    pub fn of_parts(from: &'a View, results: usize, parts: usize) -> Stage<'a> {
        let kept = (smallvec![results], Place { offset: 0, strides: smallvec![parts as isize] });
        let reduced = (smallvec![parts], Place { offset: 0, strides: smallvec![1] });
        Stage { from: From::Parts(from), kept, reduced }
    }

    /// The buffers that `declare` declares.
    pub fn views(&self) -> Vec<&'a View> {
        match self.from {
            From::View(view) | From::Parts(view) => vec![view],
            From::Made(cluster, outputs, _) => cluster.views().chain(outputs).collect(),
        }
    }

    /// May an element be a fault as it is made?
    fn may_fault(&self) -> bool {
        matches!(self.from, From::Made(cluster, ..) if cluster.may_fault())
    }

    /// The elementary steps of an element.
    fn work(&self) -> u64 {
        if let From::Made(cluster, ..) = self.from { 1 + cluster.work() } else { 1 }
    }

    pub fn results(&self) -> usize {
        shape::size(&self.kept.0)
    }
    pub fn elements(&self) -> usize {
        shape::size(&self.reduced.0)
    }

    /// Declares what is read: `term(position, number)`, with the functions that join such.
    pub fn declare(&self, gpu: &Gpu, kernel: &mut Kernel, words: &mut Words, combine: &Combine) -> Result<()> {
        let Combine { kind, neutral, lift, join, joining, .. } = combine;
        kernel.push(&format!("alias Acc = {kind};\n"));
        let lifted = |kernel: &mut Kernel, dtype: DType, value: &str| {
            let from = if dtype == DType::F32 { "f32" } else { "i32" };
            kernel.push(&format!("fn lift(x: {from}, i: u32) -> Acc {{ return {lift}; }}\n"));
            format!("return lift({from}({value}), i);")
        };
        let term = match self.from {
            From::View(view) => {
                kernel.input("x", view.dtype());
                kernel.push(&prelude::needed([*joining].into_iter()));
                lifted(kernel, view.dtype(), "x_at(at)")
            }
            From::Made(cluster, _, dtype) => {
                cluster.declare(gpu, kernel, words, joining)?;
                let (stores, last) = (cluster.stores("at"), cluster.written);
                let lifted = lifted(kernel, dtype, &format!("made.y{last}"));
                format!("let made = element(at);\n{stores}    {lifted}")
            }
            From::Parts(_) => {
                kernel.buffer("x", &format!("array<{kind}>"), Access::Read);
                kernel.push(&prelude::needed([*joining].into_iter()));
                "return x[at];".to_string()
            }
        };
        kernel.push(joining);
        kernel.push(&format!(
            "fn neutral() -> Acc {{ return {neutral}; }}
fn join(a: Acc, b: Acc) -> Acc {{ return {join}; }}
fn term(at: u32, i: u32) -> Acc {{ {term} }}
"
        ));
        Ok(())
    }

    /// Is it better to reduce every group by one invocation than by a workgroup? Neighbours should read neighbours.
    pub fn by_lane(&self) -> bool {
        let step = |(lens, place): &(Shape, Place)| {
            let steps = lens.iter().zip(&place.strides).filter(|&(&len, &stride)| len > 1 && stride != 0);
            steps.map(|(_, stride)| stride.unsigned_abs()).min().unwrap_or(usize::MAX)
        };
        self.elements() <= FEW || (self.results() >= MANY && step(&self.kept) < step(&self.reduced))
    }
}

impl Gpu {
    /// Reduces over axes. `out` is the shape of the result, with or without the reduced axes; `fault` the caller's number
    /// for integers that do not fit.
    pub fn reduce(&self, how: Reduction, x: &View, axes: &[usize], out: &[usize], fault: u32) -> Result<View> {
        if x.dtype().size() > 4 {
            return Err(unsupported(x.dtype()));
        }
        countable(x.shape())?;
        self.reduced(how, x.dtype(), Stage::of(x, &sorted(axes))?, out, fault)
    }

    /// Reduces the last output of a program as it is made. Gives the result, and the other outputs.
    pub fn reduce_made(
        &self,
        how: Reduction,
        cluster: &Cluster,
        axes: &[usize],
        out: &[usize],
        fault: u32,
    ) -> Result<(View, Vec<View>)> {
        let Cluster { program, shape, .. } = *cluster;
        let most = program.outputs.len().checked_sub(1).ok_or_else(malformed)?;
        let cluster = Cluster { written: most, ..*cluster };
        cluster.check(None)?;
        if cluster.is_packed() || shape::size(shape) == 0 {
            // an invocation has no whole words of the others
            let mut outputs = self.compute(&Cluster { written: program.outputs.len(), ..cluster })?;
            let last = outputs.pop().ok_or_else(malformed)?;
            return Ok((self.reduce(how, &last, axes, out, fault)?, outputs));
        }
        // checked: outputs are steps
        let dtype = program.steps[program.outputs[most]].dtype;
        countable(shape)?;
        let outputs = cluster.fresh(self)?;
        let lies = Place { offset: 0, strides: shape::contiguous(shape) };
        let stage = Stage::lying(From::Made(&cluster, &outputs, dtype), (shape, &lies), &sorted(axes))?;
        let result = self.reduced(how, dtype, stage, out, fault)?;
        Ok((result, outputs))
    }

    /// Reduces elements of this dtype, stage after stage.
    fn reduced(&self, how: Reduction, dtype: DType, stage: Stage, out: &[usize], fault: u32) -> Result<View> {
        let results = shape::size(out);
        if stage.results() != results {
            return Err(malformed());
        }
        if results == 0 || stage.elements() == 0 {
            return self.fill(how.neutral(dtype), out);
        }
        let combine = how.combine(dtype);
        let mut stage = stage;
        let mut partial;
        let whole = loop {
            let span = if stage.by_lane() { LANE_SPAN } else { GROUP_SPAN };
            let parts = stage.elements().div_ceil(span);
            if parts == 1 {
                let site = Site::Overflow { id: fault, name: how.name() };
                break self.stage(&combine, &stage, span, Made::Whole(out, site))?;
            }
            partial = self.stage(&combine, &stage, span, Made::Parts(parts))?;
            stage = Stage::of_parts(&partial, results, parts);
        };
        // computed as `i32`
        match how.dtype(dtype) {
            DType::Bool => self.converted(&whole, DType::Bool, "a != 0"),
            DType::U8 => self.converted(&whole, DType::U8, "bitcast<u32>(a)"),
            _ => Ok(whole),
        }
    }

    /// One stage: every part of a group has so many elements.
    pub(super) fn stage(&self, combine: &Combine, stage: &Stage, span: usize, made: Made) -> Result<View> {
        let by_lane = stage.by_lane();
        let (results, elements) = (stage.results(), stage.elements());
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        let (parts, to, stored, finish, site) = match made {
            Made::Whole(out, site) => {
                let to = self.fresh(combine.out, out)?;
                (1, to, value_type(combine.out), combine.finish, combine.faults.then_some(site))
            }
            Made::Parts(parts) => {
                (parts, self.fresh(DType::I32, &[results, parts, combine.words])?, combine.kind, "x", None)
            }
        };
        stage.declare(self, &mut kernel, &mut words, combine)?;
        kernel.buffer("y", &format!("array<{stored}>"), Access::Write);
        let faults = site.is_some() || stage.may_fault();
        match site {
            Some(site) => self.arm(&mut kernel, &mut words, site),
            None if faults => self.0.faults.declare_buffer(&mut kernel),
            None => {}
        }
        kernel.push(if finish == "x" { "" } else { combine.finishing });
        kernel.push(&format!("fn finish(x: Acc) -> {stored} {{ return {finish}; }}\n"));
        let numbers = [("results", results), ("elements", elements), ("parts", parts), ("span", span)];
        kernel.constants(&mut words, &numbers);
        Layout::new(&stage.kept.0, [stage.kept.1.clone()]).declare("outer", &mut kernel, &mut words);
        Layout::new(&stage.reduced.0, [stage.reduced.1.clone()]).declare("inner", &mut kernel, &mut words);
        kernel.push(match by_lane {
            true => include_str!("wgsl/reduce_lane.wgsl"),
            false => include_str!("wgsl/reduce_group.wgsl"),
        });
        let (items, work) = ((results * parts) as u64, elements.min(span) as u64 * stage.work() + 1);
        let mut views = stage.views();
        views.push(&to);
        match by_lane {
            true => self.launch_items(kernel, &views, faults, words, items, work)?,
            // The tree, besides the elements.
            false => self.launch(kernel, &views, faults, words, items, work + 512)?,
        }
        Ok(to)
    }
}

/// Axes in order: of elements that are equal that counts which comes first in row-major order.
fn sorted(axes: &[usize]) -> Axes {
    let mut axes = Axes::from_slice(axes);
    axes.sort_unstable();
    axes
}
