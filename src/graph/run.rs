//! Running a graph: by its kernels where all inputs are at hand on the CPU, else operation by operation through `apply`,
//! so that transforms and other devices have their say.
//!
//! What is done here is done at every call of a compiled function: nothing that could have been found out when the graph
//! was made belongs here. It must never look at elements.

use super::lower::{Cluster, Fold, Launch, Lowered, Product, Read, Source, Step};
use super::{Graph, Operand};
use crate::context::Context;
use crate::cpu;
use crate::cpu::cluster::Folded;
use crate::diagnostics::error::Place;
use crate::diagnostics::{Error, Result};
use crate::ops::{Outputs, apply_all, contract, run_as};
use crate::tensor::{Abstract, Array, Device, shape, type_name};
use crate::transform::cluster::pooled;
use crate::transform::pending;
use smallvec::SmallVec;

impl Graph {
    /// Runs it on these inputs.
    pub fn run(&self, cx: &mut Context, inputs: &[Array]) -> Result<Vec<Array>> {
        self.run_on(cx, inputs.to_vec())
    }

    /// Runs it on inputs that are given away: what nobody else holds may be written on. A value is let go when it was
    /// read for the last time.
    pub fn run_on(&self, cx: &mut Context, mut inputs: Vec<Array>) -> Result<Vec<Array>> {
        match self.lowered(cx, &mut inputs)? {
            Some(lowered) => lowered.run(cx, inputs),
            None => self.interpret(cx, inputs),
        }
    }

    /// Its kernels, if these inputs are what it was made for, and at hand once what waits has run.
    fn lowered(&self, cx: &mut Context, inputs: &mut [Array]) -> Result<Option<&Lowered>> {
        // draws in a batch or a trace are made by these, and what prints may have to be silent
        if (cx.modes.make_sources() || cx.modes.is_hushed()) && self.has_effect() {
            return Ok(None);
        }
        let Some(lowered) = self.lowered.get_or_init(|| Lowered::of(self)) else { return Ok(None) };
        for (input, aval) in inputs.iter_mut().zip(&self.inputs) {
            if let Array::Lifted(lifted) = &*input {
                // what waits on a card may go on waiting
                let waits_elsewhere = input.place().is_some() && pending::weight_of(lifted).is_some();
                if waits_elsewhere || (lifted.level() > 0 && pending::weight_of(lifted).is_none()) {
                    return Ok(None);
                }
                *input = pending::settled(cx, input)?;
            }
            if matches!(input, Array::Lifted(_)) || !is_like(input, aval) {
                return Ok(None);
            }
        }
        Ok(Some(lowered))
    }

    /// Runs it operation by operation.
    pub(super) fn interpret(&self, cx: &mut Context, mut inputs: Vec<Array>) -> Result<Vec<Array>> {
        let mut values: Vec<SmallVec<[Array; 1]>> = Vec::with_capacity(self.nodes.len());
        let (mut left, mut inputs_left) = (self.uses.clone(), self.input_uses.clone());
        let mut read = |values: &mut [SmallVec<[Array; 1]>], operand: &Operand| {
            let (value, uses) = match operand {
                Operand::Const(array) => return Some(array.clone()),
                Operand::Input(number) => (inputs.get_mut(*number)?, inputs_left.get_mut(*number)?),
                Operand::Node(number, result) => {
                    (values.get_mut(*number)?.get_mut(*result)?, left.get_mut(*number)?.get_mut(*result)?)
                }
            };
            *uses = uses.saturating_sub(1);
            Some(if *uses == 0 { std::mem::take(value) } else { value.clone() })
        };
        for node in &self.nodes {
            cx.check()?;
            let taken: Option<SmallVec<[Array; 3]>> =
                node.inputs.iter().map(|input| read(&mut values, input)).collect();
            let mut taken = taken.ok_or_else(cpu::mistyped)?;
            enter(cx, &node.place);
            let results = apply_all(cx, &node.op, &mut taken).map_err(|error| placed(error, &node.place))?;
            values.push(results);
        }
        self.outputs.iter().map(|output| read(&mut values, output).ok_or_else(cpu::mistyped)).collect()
    }
}

fn is_like(array: &Array, aval: &Abstract) -> bool {
    let of = array.element_type();
    of.dtype == aval.dtype && of.weak == aval.weak && shape::same(array.shape(), &aval.shape)
}

/// Tells the session which line runs.
fn enter(cx: &mut Context, place: &Option<Place>) {
    if place.is_some() {
        cx.modes.place.clone_from(place);
    }
}

/// An error where the operation was written.
#[cold]
fn placed(mut error: Error, place: &Option<Place>) -> Error {
    if error.details().place.is_none() {
        error.details_mut().operands.clear();
        error.details_mut().place = place.clone();
    }
    error
}

/// What has been computed, and what was given.
struct Values {
    inputs: Vec<Array>,
    slots: Vec<Option<Array>>,
}

impl Values {
    fn read(&mut self, read: &Read) -> Result<Array> {
        Ok(match &read.from {
            Source::Const(array) => array.clone(),
            Source::Input(number) => {
                let input = self.inputs.get_mut(*number).ok_or_else(cpu::mistyped)?;
                if read.last { std::mem::take(input) } else { input.clone() }
            }
            Source::Slot(number) => {
                let slot = self.slots.get_mut(*number).ok_or_else(cpu::mistyped)?;
                let value = if read.last { slot.take() } else { slot.clone() };
                value.ok_or_else(cpu::mistyped)?
            }
        })
    }

    fn put(&mut self, slot: usize, value: Array) {
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(value);
        }
    }
}

impl Lowered {
    fn run(&self, cx: &mut Context, inputs: Vec<Array>) -> Result<Vec<Array>> {
        let mut values = Values { inputs, slots: vec![None; self.slots] };
        for step in &self.steps {
            cx.check()?;
            let (place, done) = match step {
                Step::Kernel(launch) => {
                    enter(cx, &launch.place);
                    (&launch.place, launch.run(cx, &mut values))
                }
                Step::Cluster(cluster) => {
                    enter(cx, &cluster.place);
                    (&cluster.place, cluster.run(cx, &mut values))
                }
                Step::Product(product) => {
                    enter(cx, &product.launch.place);
                    (&product.launch.place, product.run(cx, &mut values))
                }
                Step::Fold(cluster, fold) => {
                    enter(cx, &cluster.place);
                    (&cluster.place, cluster.fold(cx, &mut values, fold))
                }
            };
            done.map_err(|error| placed(error, place))?;
        }
        self.outputs.iter().map(|output| values.read(output)).collect()
    }
}

impl Launch {
    fn run(&self, cx: &mut Context, values: &mut Values) -> Result<()> {
        let inputs: Result<SmallVec<[Array; 3]>> = self.inputs.iter().map(|read| values.read(read)).collect();
        let known = self.outs.first().map(|(_, aval)| aval);
        let results: Outputs = run_as(cx, &self.op, &mut inputs?, known)?;
        for ((slot, _), result) in self.outs.iter().zip(results) {
            // what an operation makes of others may wait
            let result = pending::settled(cx, &result)?;
            values.put(*slot, result);
        }
        Ok(())
    }
}

impl Cluster {
    /// The inputs, once there is memory for so many of the wanted results.
    fn inputs(&self, cx: &Context, values: &mut Values, made: usize) -> Result<SmallVec<[Array; 4]>> {
        let names = || {
            let names = self.dtypes.iter().map(|&dtype| type_name(dtype, &self.shape, Device::Cpu));
            names.collect::<Vec<String>>().join(", ")
        };
        let size: usize = self.dtypes.iter().take(made).map(|dtype| dtype.size()).sum();
        cx.reserve(shape::size(&self.shape), size, names)?;
        self.inputs.iter().map(|read| values.read(read)).collect()
    }

    fn run(&self, cx: &mut Context, values: &mut Values) -> Result<()> {
        let mut inputs = self.inputs(cx, values, self.dtypes.len())?;
        cx.kernels += 1;
        let program = || self.wiring.program(&self.wanted);
        let structure = self.wiring.structure(self.key.clone(), &self.dtypes, &program);
        let results = cpu::cluster::run(cx, structure, &mut inputs, &self.shape)?;
        for (slot, result) in self.outs.iter().zip(results) {
            values.put(*slot, pooled(cx, result));
        }
        Ok(())
    }

    fn fold(&self, cx: &mut Context, values: &mut Values, fold: &Fold) -> Result<()> {
        let inputs = self.inputs(cx, values, self.outs.len())?;
        cx.kernels += 1;
        cx.reserve(fold.out.size(), fold.out.dtype.size(), || fold.out.type_name())?;
        let program = || self.wiring.program(&self.wanted);
        let structure = self.wiring.structure(self.key.clone(), &self.dtypes, &program);
        let Fold { how, extent, ref out, slot, kept } = *fold;
        let folded = Folded { how, extent, shape: &out.shape, kept };
        let (reduced, results) = cpu::cluster::run_reduced(cx, structure, &inputs, &self.shape, &folded)?;
        values.put(slot, pooled(cx, reduced));
        for (slot, result) in self.outs.iter().zip(results) {
            values.put(*slot, pooled(cx, result));
        }
        Ok(())
    }
}

impl Product {
    fn run(&self, cx: &mut Context, values: &mut Values) -> Result<()> {
        let Product { launch, cluster, own } = self;
        let (Some((_, product)), Some(&slot)) = (launch.outs.first(), cluster.outs.first()) else {
            return Err(cpu::mistyped());
        };
        cx.reserve(product.size(), product.dtype.size(), || product.type_name())?;
        let sides: Result<SmallVec<[Array; 2]>> = launch.inputs.iter().map(|read| values.read(read)).collect();
        let inputs: Result<SmallVec<[Array; 4]>> = cluster.inputs.iter().map(|read| values.read(read)).collect();
        let (sides, inputs) = (sides?, inputs?);
        cx.kernels += 1;
        let program = || cluster.wiring.program(&cluster.wanted);
        let structure = cluster.wiring.structure(cluster.key.clone(), &cluster.dtypes, &program);
        let context = &*cx;
        let result = cpu::cluster::behind(context, structure, &inputs, *own, &cluster.shape, |behind| {
            contract::then(context, &launch.op, &sides, product, Some(behind))
        })?;
        let Array::Tensor(result) = result else { return Err(cpu::mistyped()) };
        values.put(slot, pooled(cx, result));
        Ok(())
    }
}
