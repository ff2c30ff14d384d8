//! Contraction: products summed over axes that two operands share, as StableHLO's `dot_general`, and element-wise steps
//! on its results before they are written.
//!
//! Operands are read through their strides. Only where the axes of one role do not follow each other in memory is an
//! operand copied first. Where results are few, or sums long, several workgroups share a sum: what they add up goes to a
//! buffer of its own, whose parts a second kernel adds, always in the same order. No text depends on lengths.

mod matrix;
mod plan;

use super::cluster::Cluster;
use super::device::Gpu;
use super::kernel::{Access, Kernel, LANES, Words, value_type};
use super::layout::countable;
use super::program::{Input, Program, malformed};
use super::transfer::unsupported;
use super::view::View;
use crate::diagnostics::Result;
use crate::tensor::{DType, shape};
use matrix::Matrix;
pub use matrix::Side;
use plan::{By, Plan};

/// Can a card multiply and sum values of this dtype?
pub fn contracts(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::I32)
}

/// A contraction under way.
struct Work<'a> {
    sides: [Matrix; 2],
    plan: Plan,
    behind: &'a Cluster<'a>,
    dtype: DType,
}

impl Gpu {
    /// The outputs of a program that reads the contraction of two sides of one dtype, `f32` or `i32`, as its input
    /// `Made`. The contraction has the batch axes, then the free axes of `a`, then those of `b`: the shape of the program's
    /// elements. Sums of `i32` wrap.
    pub fn contract(&self, a: &Side, b: &Side, behind: &Cluster) -> Result<Vec<View>> {
        let dtype = a.view.dtype();
        if !contracts(dtype) {
            return Err(unsupported(dtype));
        }
        countable(a.view.shape())?;
        countable(b.view.shape())?;
        behind.check(Some(dtype))?;
        if behind.is_packed() {
            // an invocation has no whole words of these results
            let program = Program::same(dtype);
            let alone = Cluster::new(&program, &[Input::Made], behind.shape);
            let made = self.contract(a, b, &alone)?.pop().ok_or_else(malformed)?;
            let inputs: Vec<Input> = behind.inputs.iter().map(|input| input.made_as(&made)).collect();
            return self.compute(&Cluster { inputs: &inputs, ..*behind });
        }
        let sides = [a.matrix(self)?, b.matrix(self)?];
        let [[batch, rows, depth], [other, columns, terms]] = sides.each_ref().map(|side| side.lens);
        let results = shape::size(&[batch, rows, columns]);
        if b.view.dtype() != dtype || other != batch || terms != depth || shape::size(behind.shape) != results {
            return Err(malformed());
        }
        let outputs = behind.fresh(self)?;
        if results == 0 {
            return Ok(outputs);
        }
        let plan = Plan::of(&sides[0], &sides[1]);
        let work = Work { sides, plan, behind, dtype };
        if plan.parts == 1 {
            work.launch(self, &outputs.iter().collect::<Vec<&View>>(), true)?;
            return Ok(outputs);
        }
        let partial = self.fresh(dtype, &[plan.parts, results])?;
        if plan.parts > 0 {
            work.launch(self, &[&partial], false)?;
        }
        work.add_parts(self, &partial, &outputs)?;
        Ok(outputs)
    }
}

impl Work<'_> {
    fn results(&self) -> usize {
        self.sides[0].lens[0] * self.sides[0].lens[1] * self.sides[1].lens[1]
    }

    /// Multiplies and sums, to the outputs where each sum is `whole`, else to its parts.
    fn launch(&self, gpu: &Gpu, to: &[&View], whole: bool) -> Result<()> {
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        let [a, b] = &self.sides;
        let (quads, depth) = match self.plan.by {
            By::Tile { quads, .. } => (quads, a.lens[2]),
            By::Row { quads: true, .. } => ([true; 2], a.lens[2] / 4),
            By::Row { quads: false, .. } => ([false; 2], a.lens[2]),
        };
        kernel.push(&format!("alias Value = {};\n", value_type(self.dtype)));
        kernel.constants(
            &mut words,
            &[
                ("batches", a.lens[0]),
                ("rows", a.lens[1]),
                ("columns", b.lens[1]),
                ("depth", depth),
                ("span", self.plan.span),
                ("parts", self.plan.parts),
            ],
        );
        for ((name, side), quads) in [("a", a), ("b", b)].into_iter().zip(quads) {
            declare(&mut kernel, &mut words, name, side, quads, self.dtype);
        }
        let mut views = vec![&a.view, &b.view];
        if whole {
            self.declare_behind(gpu, &mut kernel, &mut words, &mut views)?;
        } else {
            kernel.output("partial", self.dtype);
            kernel.push(include_str!("wgsl/contract_part.wgsl"));
        }
        views.extend(to);
        let faults = whole && self.behind.may_fault();
        let steps = if whole { self.behind.work() } else { 1 };
        let Plan { by, span, parts } = self.plan;
        match by {
            By::Tile { edge, .. } => {
                kernel.push(&format!("const EDGE = {edge}u;\n"));
                for (name, quads) in ["a", "b"].iter().zip(quads) {
                    let text = if quads {
                        include_str!("wgsl/contract_quads.wgsl")
                    } else {
                        include_str!("wgsl/contract_singles.wgsl")
                    };
                    kernel.push(&text.replace("SIDE", name));
                }
                kernel.push(include_str!("wgsl/contract_tile.wgsl"));
                let [batch, rows, _] = a.lens;
                let tiles = batch * rows.div_ceil(edge) * b.lens[1].div_ceil(edge);
                // what lies in registers and workgroup memory is multiplied four times as fast as a kernel steps elsewhere
                let work = (edge * edge) as u64 * (span as u64 / 4 + steps);
                gpu.launch(kernel, &views, faults, words, (tiles * parts) as u64, work)
            }
            By::Row { along, turned, quads } => {
                kernel.constants(&mut words, &[("along", along), ("turned", usize::from(turned))]);
                kernel.push(if quads {
                    "alias Terms = vec4<Value>;\nfn joined(x: Terms) -> Value { return (x.x + x.y) + (x.z + x.w); }\n"
                } else {
                    "alias Terms = Value;\nfn joined(x: Terms) -> Value { return x; }\n"
                });
                kernel.push(include_str!("wgsl/contract_row.wgsl"));
                let groups = (self.results() * along).div_ceil(LANES as usize) * parts;
                let each = span.div_ceil(along) as u64 * if quads { 4 } else { 1 };
                gpu.launch(kernel, &views, faults, words, groups as u64, u64::from(LANES) * (each + steps) + 512)
            }
        }
    }

    /// Adds the parts of every sum, of which there may be none.
    fn add_parts(&self, gpu: &Gpu, partial: &View, outputs: &[View]) -> Result<()> {
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        kernel.push(&format!("alias Value = {};\n", value_type(self.dtype)));
        kernel.constants(&mut words, &[("results", self.results()), ("parts", self.plan.parts)]);
        kernel.input("partial", self.dtype);
        let mut views = vec![partial];
        self.declare_behind(gpu, &mut kernel, &mut words, &mut views)?;
        views.extend(outputs);
        kernel.push(include_str!("wgsl/contract_parts.wgsl"));
        let work = self.plan.parts as u64 + self.behind.work();
        gpu.launch_items(kernel, &views, self.behind.may_fault(), words, self.results() as u64, work)
    }

    /// Declares `keep(part, i, value)`, which makes the outputs of a result and writes them.
    fn declare_behind<'v>(
        &'v self,
        gpu: &Gpu,
        kernel: &mut Kernel,
        words: &mut Words,
        views: &mut Vec<&'v View>,
    ) -> Result<()> {
        self.behind.declare(gpu, kernel, words, "")?;
        if self.behind.may_fault() {
            gpu.0.faults.declare_buffer(kernel);
        }
        views.extend(self.behind.views());
        let stores = self.behind.stores("i");
        kernel.push(&format!(
            "fn keep(part: u32, i: u32, value: Value) {{\n    let made = element(i, value);\n{stores}}}\n"
        ));
        Ok(())
    }
}

/// Declares how a side is read: its buffer, and its strides in elements or quads.
fn declare(kernel: &mut Kernel, words: &mut Words, name: &str, side: &Matrix, quads: bool, dtype: DType) {
    let along = side.lies_along_sum();
    let mut strides = side.strides;
    let mut offset = side.view.offset();
    if quads {
        kernel.buffer(name, &format!("array<vec4<{}>>", value_type(dtype)), Access::Read);
        kernel.push(&format!("fn {name}_at(i: u32) -> vec4<Value> {{ return {name}[i]; }}\n"));
        offset /= 4;
        for (kind, stride) in strides.iter_mut().enumerate() {
            // the next quad along the axis on which they lie
            *stride = if kind == if along { 2 } else { 1 } { 1 } else { *stride / 4 };
        }
    } else {
        kernel.input(name, dtype);
    }
    // steps back are sums modulo 2^32
    let [batch, free, inner] = strides.map(|stride| stride as usize);
    let along = usize::from(along);
    let named = ["offset", "batch", "free", "inner", "along"].map(|what| format!("{name}_{what}"));
    let all = [offset, batch, free, inner, along];
    let words_of: Vec<(&str, usize)> = named.iter().map(String::as_str).zip(all).collect();
    kernel.constants(words, &words_of);
}
