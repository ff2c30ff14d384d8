//! Clusters on a graphics card: programs of WGSL texts, as few as its limit of buffers allows. A contraction, or a
//! reduction, takes in the program behind it, or before it.

use super::cluster::{Cluster, is_select};
use super::pending::{self, Parts};
use super::placed;
use super::refusal::Refusal;
use crate::context::Context;
use crate::cpu;
use crate::devices::{Card, Engine};
use crate::diagnostics::Result;
use crate::diagnostics::error::Place;
use crate::gpu;
use crate::ops::place::on_gpu;
use crate::ops::{Attrs, OnGpu, Op, ProductKernel, Rule, fits, guard, no_fit};
use crate::tensor::{Array, DType, Device, ElementType, Scalar};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::borrow::Cow;

impl Cluster {
    /// The same on a graphics card: as one kernel, or as few as its limit of buffers allows.
    pub(super) fn on_card(&self, cx: &mut Context, device: Device, parts: Vec<Parts>) -> Result<Vec<Array>> {
        let Engine::Card(card) = placed::engine(cx, device)? else { return Err(cpu::mistyped()) };
        // the last operation that reads each result; those of outputs are read by others
        let mut last_use = vec![0; parts.len()];
        for (number, (_, inputs)) in parts.iter().enumerate() {
            inputs.iter().filter_map(|input| self.inside(input)).for_each(|used| last_use[used] = number);
        }
        self.outputs.iter().for_each(|&output| last_use[output] = usize::MAX);
        let mut done: Vec<Option<gpu::View>> = vec![None; parts.len()];
        let mut start = 0;
        while start < parts.len() {
            let mut piece = OnCard::default();
            let mut end = start;
            while end < parts.len() {
                let mut longer = piece.clone();
                self.add_on_card(cx, &card, &mut longer, end, &parts[end], &done)?;
                let kept = (start..=end).filter(|&node| last_use[node] > end).count();
                if end > start && longer.buffers() + kept > card.gpu.most_buffers() {
                    break;
                }
                piece = longer;
                end += 1;
            }
            let kept: Vec<usize> = (start..end).filter(|&node| last_use[node] >= end).collect();
            piece.program.outputs = kept.iter().map(|node| piece.steps[node]).collect();
            for (node, view) in kept.into_iter().zip(piece.run(&card, &self.shape)?) {
                done[node] = Some(view);
            }
            start = end;
        }
        let outputs = self.outputs.iter().map(|&output| done[output].take().ok_or_else(cpu::mistyped));
        outputs.map(|view| Ok(placed::on_card(device, view?))).collect()
    }

    /// The last node reduced, and the results of the outputs made on the way: all, or all but the last. None where that
    /// takes more buffers than a kernel may have.
    pub(super) fn reduced_on_card(
        &self,
        cx: &mut Context,
        op: &Op,
        how: gpu::Reduction,
        kept: bool,
    ) -> Result<Option<(Array, Vec<Array>)>> {
        let device = self.device.ok_or_else(cpu::mistyped)?;
        let Engine::Card(card) = placed::engine(cx, device)? else { return Err(cpu::mistyped()) };
        let (Attrs::Reduce { axes, .. }, Some(root)) = (&op.attrs, self.nodes.last()) else {
            return Err(cpu::mistyped());
        };
        let out = op.infer(&[root.aval().clone()])?;
        // the last node is the last of the outputs
        let made = &self.outputs[..self.outputs.len().saturating_sub(usize::from(!kept))];
        let mut piece = OnCard::default();
        for (number, node) in self.nodes.iter().enumerate() {
            let parts = self.parts(cx, node)?;
            self.add_on_card(cx, &card, &mut piece, number, &parts, &[])?;
        }
        // that of the result, and that of faults
        if piece.buffers() + made.len() + 2 > card.gpu.most_buffers() {
            return Ok(None);
        }
        cx.kernels += 1;
        // every node became a step
        piece.program.outputs = made.iter().map(|node| piece.steps[node]).collect();
        let mut last = piece.steps[&(self.nodes.len() - 1)];
        // a product of another statement is rounded before it is added up
        if root.aval().dtype == DType::F32 && pending::statement(root) != Some(cx.modes.waiting.statement()) {
            last = piece.step("a", &[gpu::Operand::Apart(last)], DType::F32);
        }
        piece.program.outputs.push(last);
        let fault = placed::overflow_mark(cx, &card, how, root.aval().dtype)?;
        let (inputs, checks) = (piece.inputs(), piece.checks(&card)?);
        let cluster = gpu::Cluster::new(&piece.program, &inputs, &self.shape).checked(&checks);
        let (reduced, results) = card.gpu.reduce_made(how, &cluster, axes, &out.shape, fault)?;
        let results = results.into_iter().map(|view| placed::on_card(device, view)).collect();
        Ok(Some((placed::on_card(device, reduced), results)))
    }

    /// Adds a node to a program for a card.
    fn add_on_card(
        &self,
        cx: &mut Context,
        card: &Card,
        piece: &mut OnCard,
        number: usize,
        (op, inputs): &Parts,
        done: &[Option<gpu::View>],
    ) -> Result<()> {
        if let OnGpu::Product(kernel) = op.entry.gpu {
            let sides: Result<SmallVec<[gpu::View; 2]>> =
                inputs.iter().map(|input| placed::view(cx, input, card)).collect();
            piece.product = Some(Product { kernel, op: op.clone(), sides: sides? });
            let dtype = self.nodes[number].aval().dtype;
            let made = piece.input(CardInput::Made, dtype);
            let step = piece.step("a", &[made], dtype);
            piece.steps.insert(number, step);
            return Ok(());
        }
        let statement = pending::statement(&self.nodes[number]);
        let (text, compute) = text(op, inputs)?;
        let compared = self.nodes[number].aval().dtype == DType::Bool;
        let integers = inputs.iter().all(|input| input.is_weak() || input.dtype().is_integer());
        let beyond = compared && integers && compute == DType::F32;
        let mut operands: SmallVec<[gpu::Operand; 3]> = SmallVec::new();
        for (place, input) in inputs.iter().enumerate() {
            let dtype = wanted(op, place, compute);
            if input.is_weak() {
                let scalar = input.as_scalar().ok_or_else(cpu::mistyped)?;
                let scalar = if beyond { clamped(scalar) } else { scalar };
                operands.push(piece.input(CardInput::Scalar(scalar), dtype));
                continue;
            }
            let operand = match self.inside(input) {
                Some(node) => match (piece.steps.get(&node), done.get(node)) {
                    // no statement is rounded in another way because others run along
                    (Some(&step), _)
                        if pending::statement(&self.nodes[node]).is_some_and(|made| Some(made) != statement) =>
                    {
                        gpu::Operand::Apart(step)
                    }
                    (Some(&step), _) => gpu::Operand::Step(step),
                    (None, Some(Some(view))) => piece.view(node + 1, view.clone(), input.dtype()),
                    _ => return Err(cpu::mistyped()),
                },
                None => {
                    let view = placed::view(cx, input, card)?;
                    let address = if let Array::Lifted(lifted) = input { lifted.address() } else { 0 };
                    // nodes have small numbers, addresses do not
                    piece.view(address, view, input.dtype())
                }
            };
            operands.push(match gpu::conversion(input.dtype(), dtype).ok_or_else(cpu::mistyped)? {
                "a" => operand,
                text => gpu::Operand::Step(piece.step(text, &[operand], dtype)),
            });
        }
        let step = piece.step(text.ok_or_else(cpu::mistyped)?, &operands, self.nodes[number].aval().dtype);
        piece.steps.insert(number, step);
        if let Some(refusal) = Refusal::of(op, inputs, compute) {
            let (wgsl, error) = (refusal.wgsl(), refusal.complaint(&self.shape));
            let check = gpu::Check { step, wgsl, id: gpu::NO_ID, error };
            piece.checks.push((check, pending::line(&self.nodes[number])));
        }
        Ok(())
    }
}

/// Can a card run this operation on these inputs, element by element? Numbers that have no room there, or that the
/// operation does not take, are errors.
pub(super) fn is_on_card(op: &Op, inputs: &[Array]) -> Result<bool> {
    let Ok((text, compute)) = text(op, inputs) else { return Ok(false) };
    if compute.is_integer() {
        let names = || inputs.iter().map(Array::type_name).collect();
        for input in inputs {
            if let Array::Int(value) = *input
                && !fits(value, compute)
            {
                return Err(no_fit(value, compute, names()));
            }
        }
        if let (true, [_, right]) = (text.is_some(), inputs)
            && right.is_weak()
        {
            guard::<i64>(op, right)?;
        }
    }
    let converts = |(place, input): (usize, &Array)| {
        let fits = input.is_weak() || gpu::conversion(input.dtype(), wanted(op, place, compute)).is_some();
        fits || matches!(op.attrs, Attrs::DType(_))
    };
    Ok(text.is_some() && inputs.iter().enumerate().all(converts))
}

/// May a card find a value that this operation does not take?
pub(super) fn may_fail(op: &Op, inputs: &[Array]) -> bool {
    text(op, inputs).is_ok_and(|(_, compute)| Refusal::of(op, inputs, compute).is_some())
}

/// Is it computed by a function of the prelude?
pub(super) fn is_function(op: &Op, inputs: &[Array]) -> bool {
    text(op, inputs).is_ok_and(|(text, _)| text.is_some_and(gpu::names_function))
}

/// The expression of an operation on a card, and the dtype it computes in.
fn text(op: &Op, inputs: &[Array]) -> Result<(Option<&'static str>, DType)> {
    let kinds: SmallVec<[ElementType; 3]> = inputs.iter().map(Array::element_type).collect();
    if let (Attrs::DType(to), [from]) = (&op.attrs, kinds.as_slice()) {
        let (from, to) = (from.dtype, on_gpu(*to));
        let checked = || gpu::checked_conversion(from, to).map(|(text, _)| text);
        return Ok((gpu::conversion(from, to).or_else(checked), from));
    }
    let Rule::Elementwise(rule) = op.entry.rule else { return Err(cpu::mistyped()) };
    let types = rule(&kinds).map_err(|_| cpu::mistyped())?;
    let mut compute = on_gpu(types.compute);
    // a number beyond all integers there are is compared as infinity
    let beyond = |input: &Array| matches!(*input, Array::Int(value) if compute.is_integer() && !fits(value, compute));
    if types.out == DType::Bool && inputs.iter().any(beyond) {
        compute = DType::F32;
    }
    match &op.entry.gpu {
        OnGpu::Wgsl(wgsl) => Ok((wgsl.of(compute), compute)),
        _ => Ok((None, compute)),
    }
}

/// A number that takes part in a comparison of integers in `f32`: it is beyond all of them.
fn clamped(number: Scalar) -> Scalar {
    match number.as_i64() {
        Some(value) if i32::try_from(value).is_err() => {
            Scalar::F32(if value < 0 { f32::NEG_INFINITY } else { f32::INFINITY })
        }
        // beyond `u8` alone
        Some(value) => Scalar::F32(value as f32),
        None => number,
    }
}

/// The dtype in which an operation takes an operand.
fn wanted(op: &Op, place: usize, compute: DType) -> DType {
    // the condition of a choice is no number of it
    if place == 0 && is_select(op.entry) { DType::Bool } else { compute }
}

/// A program for a card in the making.
#[derive(Clone)]
struct OnCard {
    program: gpu::Program,
    inputs: Vec<CardInput>,
    /// Values that are not taken, and the lines of those who might give them.
    checks: Vec<(gpu::Check, Option<Place>)>,
    /// The inputs that are views, by what they are views of.
    known: FxHashMap<usize, gpu::Operand>,
    /// The step that makes the result of a node.
    steps: FxHashMap<usize, usize>,
    /// What makes the input `Made`.
    product: Option<Product>,
}

/// A contraction, in whose kernel a program runs.
#[derive(Clone)]
struct Product {
    kernel: ProductKernel,
    op: Op,
    sides: SmallVec<[gpu::View; 2]>,
}

#[derive(Clone)]
enum CardInput {
    View(gpu::View),
    Scalar(Scalar),
    Made,
}

impl Default for OnCard {
    fn default() -> OnCard {
        let program = gpu::Program { inputs: vec![], steps: vec![], outputs: vec![] };
        OnCard {
            program,
            inputs: vec![],
            checks: vec![],
            known: FxHashMap::default(),
            steps: FxHashMap::default(),
            product: None,
        }
    }
}

impl OnCard {
    fn input(&mut self, input: CardInput, dtype: DType) -> gpu::Operand {
        self.inputs.push(input);
        self.program.inputs.push(dtype);
        gpu::Operand::Input(self.inputs.len() - 1)
    }

    /// A view among the inputs, once.
    fn view(&mut self, of: usize, view: gpu::View, dtype: DType) -> gpu::Operand {
        if let Some(&operand) = self.known.get(&of).filter(|_| of != 0) {
            return operand;
        }
        let operand = self.input(CardInput::View(view), dtype);
        self.known.insert(of, operand);
        operand
    }

    fn step(&mut self, text: &'static str, operands: &[gpu::Operand], dtype: DType) -> usize {
        let (wgsl, operands) = (Cow::Borrowed(text), SmallVec::from_slice(operands));
        self.program.steps.push(gpu::Step { wgsl, operands, dtype });
        self.program.steps.len() - 1
    }

    /// How many buffers it uses besides those of its outputs: one is that of faults.
    fn buffers(&self) -> usize {
        let sides = self.product.as_ref().map_or(0, |product| product.sides.len());
        let views = self.inputs.iter().filter(|input| matches!(input, CardInput::View(_))).count();
        sides + views + usize::from(!self.checks.is_empty())
    }

    fn inputs(&self) -> Vec<gpu::Input<'_>> {
        let inputs = self.inputs.iter().map(|input| match input {
            CardInput::View(view) => gpu::Input::View(view),
            CardInput::Scalar(scalar) => gpu::Input::Scalar(*scalar),
            CardInput::Made => gpu::Input::Made,
        });
        inputs.collect()
    }

    /// The checks, each with the number by which the card knows its line.
    fn checks(&self, card: &Card) -> Result<Vec<gpu::Check>> {
        let marked = |(check, line): &(gpu::Check, Option<Place>)| {
            Ok(gpu::Check { id: card.mark(line.clone())?, ..check.clone() })
        };
        self.checks.iter().map(marked).collect()
    }

    fn run(&self, card: &Card, shape: &[usize]) -> Result<Vec<gpu::View>> {
        let (inputs, checks) = (self.inputs(), self.checks(card)?);
        let cluster = gpu::Cluster::new(&self.program, &inputs, shape).checked(&checks);
        match &self.product {
            Some(Product { kernel, op, sides }) => kernel(&card.gpu, op, sides, &cluster),
            None => card.gpu.compute(&cluster),
        }
    }
}
