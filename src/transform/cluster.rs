//! Clusters: what runs together of the operations that wait, and how engines run it.
//!
//! Nothing here may decide when something runs.

use super::pending::{Parts, inputs_of, settle, settled, weight_of};
use super::placed;
use crate::context::Context;
use crate::cpu;
use crate::cpu::cluster::{Operand, Program, Step, Work};
use crate::devices::{Card, Engine};
use crate::diagnostics::Result;
use crate::gpu;
use crate::ops::place::on_device;
use crate::ops::{Attrs, Kernel, OnGpu, Op, Rule, now};
use crate::tensor::{Array, DType, Device, ElementType, Lifted, Mode, Scalar, Shape};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::borrow::Cow;

/// What runs together: operations of one shape, in order, the one asked for last.
pub(super) struct Cluster {
    nodes: Vec<Lifted>,
    number_of: FxHashMap<usize, usize>,
    shape: Shape,
    /// Where it runs.
    device: Option<Device>,
    /// The nodes somebody else needs, too.
    outputs: Vec<usize>,
}

impl Cluster {
    /// Inputs of another shape are settled first.
    pub fn of(cx: &mut Context, root: &Lifted) -> Result<Cluster> {
        let (shape, device) = (root.aval().shape.clone(), root.aval().device);
        let mut cluster = Cluster { nodes: vec![], number_of: FxHashMap::default(), shape, device, outputs: vec![] };
        let mut uses: FxHashMap<usize, usize> = FxHashMap::default();
        // a node is met twice: before its inputs and behind them
        let mut work = vec![(root.clone(), false)];
        while let Some((node, inputs_done)) = work.pop() {
            let address = node.address();
            if cluster.number_of.contains_key(&address) {
                continue;
            }
            if inputs_done {
                cluster.number_of.insert(address, cluster.nodes.len());
                cluster.nodes.push(node);
                continue;
            }
            work.push((node.clone(), true));
            for input in inputs_of(&node) {
                let Array::Lifted(inner) = &input else { continue };
                match inner.mode() == Mode::Pending && weight_of(&input).is_some() {
                    true if inner.aval().shape == cluster.shape => work.push((inner.clone(), false)),
                    true => {
                        settle(cx, inner)?;
                    }
                    false => {}
                }
            }
        }
        for node in &cluster.nodes {
            for input in inputs_of(node) {
                if let Array::Lifted(inner) = &input {
                    *uses.entry(inner.address()).or_default() += 1;
                }
            }
        }
        for (number, node) in cluster.nodes.iter().enumerate() {
            // one of its holders is this list
            let inside = uses.get(&node.address()).copied().unwrap_or(0) + 1;
            if node.address() == root.address() || node.holders() > inside {
                cluster.outputs.push(number);
            }
        }
        Ok(cluster)
    }

    /// In order.
    pub fn nodes(&self) -> &[Lifted] {
        &self.nodes
    }

    /// The numbers of the nodes whose results somebody needs.
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// The results of the outputs.
    pub fn results(&self, cx: &mut Context, mut parts: Vec<Parts>) -> Result<Vec<Array>> {
        for (_, inputs) in &mut parts {
            for input in inputs {
                if let Array::Lifted(lifted) = input
                    && !self.number_of.contains_key(&lifted.address())
                {
                    *input = settled(cx, input)?;
                }
            }
        }
        if let Some(device) = self.device {
            return self.on_card(cx, device, parts);
        }
        if let [(op, inputs)] = parts.as_mut_slice() {
            return Ok(vec![now(cx, op, inputs)?]);
        }
        let mut program = Program::default();
        let mut leaves: Vec<Array> = vec![];
        let mut numbers: Vec<usize> = vec![];
        for (op, inputs) in parts {
            numbers.push(self.add(&mut program, &mut leaves, &numbers, &op, inputs)?);
        }
        program.outputs = self.outputs.iter().map(|&number| numbers[number]).collect();
        let tensors = cpu::cluster::run(cx, &program, leaves, &self.shape)?;
        Ok(tensors.into_iter().map(Array::from).collect())
    }

    /// The same on a graphics card.
    fn on_card(&self, cx: &mut Context, device: Device, parts: Vec<Parts>) -> Result<Vec<Array>> {
        let Engine::Card(card) = cx.devices.engine(device)? else { return Err(cpu::mistyped()) };
        let program = gpu::Program { inputs: vec![], steps: vec![], outputs: vec![] };
        let mut made = OnCard { program, inputs: vec![] };
        let mut known: FxHashMap<usize, gpu::Operand> = FxHashMap::default();
        let mut numbers: Vec<usize> = vec![];
        for (node, (op, inputs)) in self.nodes.iter().zip(parts) {
            let kinds: SmallVec<[ElementType; 3]> = inputs.iter().map(Array::element_type).collect();
            let (text, compute) = text(&op, &kinds)?;
            let mut operands: SmallVec<[gpu::Operand; 3]> = SmallVec::new();
            for (place, input) in inputs.iter().enumerate() {
                let dtype = wanted(&op, place, compute);
                let address = match input {
                    Array::Lifted(lifted) => Some(lifted.address()),
                    _ => None,
                };
                let inside = address.and_then(|address| self.number_of.get(&address));
                let operand = match (inside, address.and_then(|address| known.get(&address))) {
                    (Some(&number), _) => gpu::Operand::Step(numbers[number]),
                    (None, Some(&operand)) => operand,
                    (None, None) if input.is_weak() => {
                        let scalar = input.as_scalar().ok_or_else(cpu::mistyped)?;
                        operands.push(made.input(CardInput::Scalar(scalar), dtype));
                        continue;
                    }
                    (None, None) => {
                        let view = placed::view(cx, input, &card)?;
                        let operand = made.input(CardInput::View(view), input.dtype());
                        known.extend(address.map(|address| (address, operand)));
                        operand
                    }
                };
                operands.push(match convert(input.dtype(), dtype).ok_or_else(cpu::mistyped)? {
                    "a" => operand,
                    text => gpu::Operand::Step(made.step(text, &[operand], dtype)),
                });
            }
            let text = text.ok_or_else(cpu::mistyped)?;
            numbers.push(made.step(text, &operands, node.aval().dtype));
        }
        made.program.outputs = self.outputs.iter().map(|&number| numbers[number]).collect();
        let views = made.run(&card, &self.shape)?;
        Ok(views.into_iter().map(|view| placed::on_card(device, view)).collect())
    }

    /// Adds an operation to the program; gives the number of its step.
    fn add(
        &self,
        program: &mut Program,
        leaves: &mut Vec<Array>,
        numbers: &[usize],
        op: &Op,
        inputs: SmallVec<[Array; 3]>,
    ) -> Result<usize> {
        let kinds: SmallVec<[ElementType; 3]> = inputs.iter().map(Array::element_type).collect();
        let (work, compute) = work(op, &kinds)?;
        let mut operands = SmallVec::new();
        for (place, input) in inputs.into_iter().enumerate() {
            // the condition of a choice is no number of it
            let wanted = match work {
                Work::Convert(_) => input.dtype(),
                Work::Select if place == 0 => DType::Bool,
                _ => compute,
            };
            let dtype = input.dtype();
            let scalar = input.ndim() == 0 && !input.is_lifted() && !matches!(input, Array::Tensor(_));
            let operand = match &input {
                Array::Lifted(lifted) => {
                    let number = self.number_of.get(&lifted.address()).ok_or_else(cpu::mistyped)?;
                    Operand::Step(numbers[*number])
                }
                _ => Operand::Input(leaf(leaves, input)),
            };
            operands.push(match dtype == wanted || scalar {
                true => operand,
                false => Operand::Step(program.push(Step {
                    work: Work::Convert(wanted),
                    operands: SmallVec::from_slice(&[operand]),
                    compute: dtype,
                })),
            });
        }
        Ok(program.push(Step { work, operands, compute }))
    }
}

/// A value from outside among the inputs of a program, once.
fn leaf(leaves: &mut Vec<Array>, array: Array) -> usize {
    let known = leaves.iter().position(|other| match (other, &array) {
        (Array::Tensor(other), Array::Tensor(tensor)) => other.is_same(tensor),
        _ => false,
    });
    known.unwrap_or_else(|| {
        leaves.push(array);
        leaves.len() - 1
    })
}

/// How the CPU runs an operation, and the dtype it computes in.
fn work(op: &Op, kinds: &[ElementType]) -> Result<(Work, DType)> {
    if let Attrs::DType(dtype) = op.attrs {
        let from = kinds.first().ok_or_else(cpu::mistyped)?.dtype;
        return Ok((Work::Convert(dtype), from));
    }
    let Rule::Elementwise(rule) = op.entry.rule else { return Err(cpu::mistyped()) };
    let types = rule(kinds).map_err(|_| cpu::mistyped())?;
    Ok(match op.entry.kernel {
        Kernel::Unary(loops) => (Work::Unary(loops(types.compute).ok_or_else(cpu::mistyped)?), types.compute),
        Kernel::Binary(loops) => (Work::Binary(loops(types.compute).ok_or_else(cpu::mistyped)?), types.compute),
        _ => (Work::Select, types.compute),
    })
}

/// Has the card text for this operation on values of these dtypes?
pub(super) fn is_on_card(op: &Op, inputs: &[Array]) -> bool {
    let kinds: SmallVec<[ElementType; 3]> = inputs.iter().map(Array::element_type).collect();
    let Ok((text, compute)) = text(op, &kinds) else { return false };
    let converts = |(place, kind): (usize, &ElementType)| {
        kind.weak || convert(kind.dtype, wanted(op, place, compute)).is_some() || matches!(op.attrs, Attrs::DType(_))
    };
    text.is_some() && kinds.iter().enumerate().all(converts)
}

/// The expression of an operation on a card, and the dtype it computes in.
fn text(op: &Op, kinds: &[ElementType]) -> Result<(Option<&'static str>, DType)> {
    let on_card = |dtype| on_device(dtype, Some(Device::Gpu(0)));
    if let (Attrs::DType(to), [from]) = (&op.attrs, kinds) {
        return Ok((convert(from.dtype, on_card(*to)), from.dtype));
    }
    let Rule::Elementwise(rule) = op.entry.rule else { return Err(cpu::mistyped()) };
    let compute = on_card(rule(kinds).map_err(|_| cpu::mistyped())?.compute);
    match &op.entry.gpu {
        OnGpu::Wgsl(wgsl) => Ok((wgsl.of(compute), compute)),
        _ => Ok((None, compute)),
    }
}

/// The dtype in which an operation takes an operand.
fn wanted(op: &Op, place: usize, compute: DType) -> DType {
    // the condition of a choice is no number of it
    if place == 0 && op.entry.arity == crate::ops::Arity::Exactly(3) { DType::Bool } else { compute }
}

/// A conversion that cannot fail, on a card.
fn convert(from: DType, to: DType) -> Option<&'static str> {
    Some(match (from, to) {
        (from, to) if from == to => "a",
        (DType::Bool | DType::U8 | DType::I32, DType::F32) => "f32(a)",
        (DType::Bool | DType::U8, DType::I32) => "i32(a)",
        (DType::Bool, DType::U8) => "u32(a)",
        (DType::F32, DType::Bool) => "!(a == 0.0)",
        (DType::U8 | DType::I32, DType::Bool) => "a != 0",
        _ => return None,
    })
}

/// A program for a card in the making.
struct OnCard {
    program: gpu::Program,
    inputs: Vec<CardInput>,
}

enum CardInput {
    View(gpu::View),
    Scalar(Scalar),
}

impl OnCard {
    fn input(&mut self, input: CardInput, dtype: DType) -> gpu::Operand {
        self.inputs.push(input);
        self.program.inputs.push(dtype);
        gpu::Operand::Input(self.inputs.len() - 1)
    }

    fn step(&mut self, text: &'static str, operands: &[gpu::Operand], dtype: DType) -> usize {
        let (wgsl, operands) = (Cow::Borrowed(text), SmallVec::from_slice(operands));
        self.program.steps.push(gpu::Step { wgsl, operands, dtype });
        self.program.steps.len() - 1
    }

    fn run(&self, card: &Card, shape: &[usize]) -> Result<Vec<gpu::View>> {
        let inputs: Vec<gpu::Input> = self
            .inputs
            .iter()
            .map(|input| match input {
                CardInput::View(view) => gpu::Input::View(view),
                CardInput::Scalar(scalar) => gpu::Input::Scalar(*scalar),
            })
            .collect();
        card.gpu.cluster(&self.program, &inputs, shape)
    }
}
