//! Reductions over axes, in stages.
//!
//! A stage turns many elements of a group into few partial results, always in the same order, until one is left. What the
//! first stage reads may be made as it is read, by a program of element-wise steps. Sums
//! of `f32` are of short runs and then of trees, so that their error grows slowly. Sums and products of integers are
//! exact: what does not fit `i32` in the end is a fault.

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
}

/// How partial results are made and joined, as expressions.
struct Combine {
    /// The type of a partial result, and the words it takes.
    kind: &'static str,
    words: usize,
    neutral: &'static str,
    /// From `x`, an f32 or an i32.
    lift: &'static str,
    /// From `a` and `b`.
    join: &'static str,
    /// An f32 or i32 from `x`.
    finish: &'static str,
    /// Functions that `join` calls, but for those of the prelude.
    joining: &'static str,
    /// Functions that `finish` calls; they look for an overflow.
    finishing: &'static str,
}

/// Partial results that are the values themselves.
const PLAIN: Combine =
    Combine { kind: "i32", words: 1, neutral: "0", lift: "x", join: "a", finish: "x", joining: "", finishing: "" };

/// Elements that one workgroup, and one invocation, reduces in a stage.
const GROUP_SPAN: usize = 1 << 14;
const LANE_SPAN: usize = 1 << 10;
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

    fn combine(self, of: DType) -> Combine {
        let real = Combine { kind: "f32", ..PLAIN };
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
            (Reduction::Sum, false) => Combine {
                kind: "vec2<u32>",
                words: 2,
                neutral: "vec2<u32>(0u, 0u)",
                lift: "vec2<u32>(bitcast<u32>(x), 0u - (bitcast<u32>(x) >> 31u))",
                join: "vec2<u32>(a.x + b.x, a.y + b.y + u32(a.x + b.x < a.x))",
                finish: "narrow(x)",
                joining: "",
                finishing: include_str!("wgsl/narrow.wgsl"),
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
            },
        }
    }
}

/// What a reduction of elements of this dtype comes to.
struct Task<'a> {
    how: Reduction,
    dtype: DType,
    /// The shape of the result.
    out: &'a [usize],
    fault: u32,
}

/// What the elements of a stage are read from.
enum From<'a> {
    View(&'a View),
    /// The last output of a program; the others are written to these views.
    Made(&'a Cluster<'a>, &'a [View]),
    /// Partial results.
    Parts(&'a View),
}

/// What a stage reduces: for every result, a number of elements.
struct Stage<'a> {
    from: From<'a>,
    kept: (Shape, Place),
    reduced: (Shape, Place),
}

impl Stage<'_> {
    fn results(&self) -> usize {
        shape::size(&self.kept.0)
    }
    fn elements(&self) -> usize {
        shape::size(&self.reduced.0)
    }

    /// Is it better to reduce every group by one invocation than by a workgroup? Neighbours should read neighbours.
    fn by_lane(&self) -> bool {
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
        let lies = Place { offset: x.offset(), strides: Strides::from_slice(x.strides()) };
        self.reduced(&Task { how, dtype: x.dtype(), out, fault }, From::View(x), (x.shape(), &lies), axes)
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
        let outputs = cluster.fresh(self)?;
        let lies = Place { offset: 0, strides: shape::contiguous(shape) };
        let made = From::Made(&cluster, &outputs);
        let result = self.reduced(&Task { how, dtype, out, fault }, made, (shape, &lies), axes)?;
        Ok((result, outputs))
    }

    /// Reduces elements of a shape that lie so.
    fn reduced(&self, task: &Task, from: From, (shape, lies): (&[usize], &Place), axes: &[usize]) -> Result<View> {
        let Task { how, dtype, out, .. } = *task;
        if dtype.size() > 4 {
            return Err(unsupported(dtype));
        }
        countable(shape)?;
        let kept: Axes = (0..shape.len()).filter(|axis| !axes.contains(axis)).collect();
        let part = |axes: &[usize], offset: usize| -> Option<(Shape, Place)> {
            let lens = axes.iter().map(|&axis| shape.get(axis).copied()).collect::<Option<Shape>>()?;
            let strides = axes.iter().map(|&axis| lies.strides.get(axis).copied()).collect::<Option<Strides>>()?;
            Some((lens, Place { offset, strides }))
        };
        let kept = part(&kept, lies.offset).ok_or_else(malformed)?;
        let reduced = part(axes, 0).ok_or_else(malformed)?;
        let results = shape::size(out);
        if shape::size(&kept.0) != results {
            return Err(malformed());
        }
        if results == 0 || shape::size(&reduced.0) == 0 {
            return self.fill(how.neutral(dtype), out);
        }
        let combine = how.combine(dtype);
        let mut stage = Stage { from, kept, reduced };
        let mut partial;
        let whole = loop {
            let (view, parts) = self.stage(task, &combine, &stage)?;
            if parts == 1 {
                break view;
            }
            partial = view;
            stage = Stage {
                from: From::Parts(&partial),
                kept: (smallvec![results], Place { offset: 0, strides: smallvec![parts as isize] }),
                reduced: (smallvec![parts], Place { offset: 0, strides: smallvec![1] }),
            };
        };
        // computed as `i32`
        match how.dtype(dtype) {
            DType::Bool => self.converted(&whole, DType::Bool, "a != 0"),
            DType::U8 => self.converted(&whole, DType::U8, "bitcast<u32>(a)"),
            _ => Ok(whole),
        }
    }

    /// One stage; its results, or partial results and how many there are of each result.
    fn stage(&self, task: &Task, combine: &Combine, stage: &Stage) -> Result<(View, usize)> {
        let Task { how, dtype, out, fault } = *task;
        let by_lane = stage.by_lane();
        let (span, text) = if by_lane {
            (LANE_SPAN, include_str!("wgsl/reduce_lane.wgsl"))
        } else {
            (GROUP_SPAN, include_str!("wgsl/reduce_group.wgsl"))
        };
        let (results, elements) = (stage.results(), stage.elements());
        let parts = elements.div_ceil(span);
        let last = parts == 1;
        let value = if combine.kind == "f32" { DType::F32 } else { DType::I32 };
        let to = match last {
            true => self.fresh(value, out)?,
            false => self.fresh(DType::I32, &[results, parts, combine.words])?,
        };
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        let Combine { kind, neutral, lift, join, finish, joining, finishing, .. } = combine;
        let stored = if last { value_type(value) } else { kind };
        let from = if dtype == DType::F32 { "f32" } else { "i32" };
        let lifting = format!("fn lift(x: {from}) -> Acc {{ return {lift}; }}\n");
        let mut views: Vec<&View> = Vec::new();
        let mut steps = 1;
        let mut checked = false;
        let term = match stage.from {
            From::View(view) => {
                views.push(view);
                kernel.input("x", dtype);
                kernel.push(&prelude::needed([*joining].into_iter()));
                kernel.push(&lifting);
                format!("return lift({from}(x_at(i)));")
            }
            From::Made(cluster, outputs) => {
                views.extend(cluster.views().chain(outputs));
                cluster.declare(self, &mut kernel, &mut words, joining)?;
                checked = cluster.may_fault();
                kernel.push(&lifting);
                steps += cluster.work();
                let (stores, last) = (cluster.stores(), cluster.written);
                format!("let made = element(i);\n{stores}    return lift({from}(made.y{last}));")
            }
            From::Parts(view) => {
                views.push(view);
                kernel.buffer("x", &format!("array<{kind}>"), Access::Read);
                kernel.push(&prelude::needed([*joining].into_iter()));
                "return x[i];".to_string()
            }
        };
        views.push(&to);
        kernel.buffer("y", &format!("array<{stored}>"), Access::Write);
        kernel.push(joining);
        let overflows = last && !finishing.is_empty();
        if overflows {
            self.arm(&mut kernel, &mut words, Site::Overflow { id: fault, name: how.name() });
            kernel.push(finishing);
        } else if checked {
            self.0.faults.declare_buffer(&mut kernel);
        }
        let faults = overflows || checked;
        let made = if last { finish } else { "x" };
        let [results_word, elements_word, parts_word, span_word] =
            [results, elements, parts, span].map(|number| words.word(number as u32));
        kernel.push(&format!(
            "alias Acc = {kind};
fn neutral() -> Acc {{ return {neutral}; }}
fn join(a: Acc, b: Acc) -> Acc {{ return {join}; }}
fn finish(x: Acc) -> {stored} {{ return {made}; }}
fn term(i: u32) -> Acc {{ {term} }}
fn results() -> u32 {{ return {results_word}; }}
fn elements() -> u32 {{ return {elements_word}; }}
fn parts() -> u32 {{ return {parts_word}; }}
fn span() -> u32 {{ return {span_word}; }}
"
        ));
        Layout::new(&stage.kept.0, [stage.kept.1.clone()]).declare("outer", &mut kernel, &mut words);
        Layout::new(&stage.reduced.0, [stage.reduced.1.clone()]).declare("inner", &mut kernel, &mut words);
        kernel.push(text);
        let (items, work) = ((results * parts) as u64, elements.min(span) as u64 * steps + 1);
        match by_lane {
            true => self.launch_items(kernel, &views, faults, words, items, work)?,
            // The tree, besides the elements.
            false => self.launch(kernel, &views, faults, words, items, work + 512)?,
        }
        Ok((to, parts))
    }
}
