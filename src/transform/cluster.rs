//! Clusters: what runs together of the operations that wait, and how engines run it.
//!
//! Nothing here may decide when something runs.

use super::pending::{Parts, inputs_of, settle, settled, weight_of};
use crate::context::Context;
use crate::cpu;
use crate::cpu::cluster::{Folded, Operand, Program, Step, Work};
use crate::diagnostics::Result;
use crate::ops::{Attrs, Kernel, Op, Rule, SELECT};
use crate::tensor::{Abstract, Array, DType, Device, ElementType, Lifted, Mode, Shape};
use smallvec::SmallVec;

/// What runs together: operations of one shape, in order, the one asked for last.
pub(super) struct Cluster {
    pub nodes: Vec<Lifted>,
    /// The addresses of the nodes: few, so that a look at all of them finds one soonest.
    addresses: Vec<usize>,
    pub shape: Shape,
    /// Where it runs.
    pub device: Option<Device>,
    /// The nodes somebody else needs, too.
    pub outputs: Vec<usize>,
}

impl Cluster {
    /// Inputs of another shape are settled first.
    pub fn of(cx: &mut Context, root: &Lifted) -> Result<Cluster> {
        let (shape, device) = (root.aval().shape.clone(), root.aval().device);
        let mut cluster = Cluster { nodes: vec![], addresses: vec![], shape, device, outputs: vec![] };
        // a node is met twice: before its inputs and behind them
        let mut work = vec![(root.clone(), false)];
        while let Some((node, inputs_done)) = work.pop() {
            let address = node.address();
            if cluster.addresses.contains(&address) {
                continue;
            }
            if inputs_done {
                cluster.addresses.push(address);
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
        let mut uses = vec![0; cluster.nodes.len()];
        for node in &cluster.nodes {
            inputs_of(node).iter().filter_map(|input| cluster.inside(input)).for_each(|used| uses[used] += 1);
        }
        for (number, node) in cluster.nodes.iter().enumerate() {
            // one of its holders is this list
            let inside = uses[number] + 1;
            if node.address() == root.address() || node.holders() > inside {
                cluster.outputs.push(number);
            }
        }
        Ok(cluster)
    }

    /// Errors when there is no memory for the outputs. Those of another device are that device's to watch.
    pub fn reserve(&self, cx: &Context) -> Result<()> {
        if self.device.is_some() {
            return Ok(());
        }
        let outputs = self.outputs.iter().filter_map(|&output| self.nodes.get(output)).map(Lifted::aval);
        let bytes =
            outputs.clone().fold(0, |sum: usize, out| sum.saturating_add(out.size().saturating_mul(out.dtype.size())));
        cx.reserve(bytes, 1, || outputs.map(Abstract::type_name).collect::<Vec<_>>().join(", "))
    }

    /// The results of the outputs.
    pub fn results(&self, cx: &mut Context, mut parts: Vec<Parts>) -> Result<Vec<Array>> {
        self.settle_inputs(cx, &mut parts)?;
        if let Some(device) = self.device {
            return self.on_card(cx, device, parts);
        }
        let (program, mut leaves) = self.program(parts)?;
        let mut tensors = cpu::cluster::run(cx, &program, &mut leaves, &self.shape, false)?;
        tensors.iter_mut().for_each(|tensor| tensor.settle_in(&cx.pool));
        Ok(tensors.into_iter().map(Array::from).collect())
    }

    /// The last node, reduced on the CPU without being made itself. It is the only output.
    pub fn reduced(&self, cx: &mut Context, mut parts: Vec<Parts>, how: &Folded) -> Result<Array> {
        self.settle_inputs(cx, &mut parts)?;
        let (program, leaves) = self.program(parts)?;
        let mut tensor = cpu::cluster::run_reduced(cx, &program, &leaves, &self.shape, how)?;
        tensor.settle_in(&cx.pool);
        Ok(Array::from(tensor))
    }

    /// What comes from outside is settled.
    fn settle_inputs(&self, cx: &mut Context, parts: &mut [Parts]) -> Result<()> {
        for (_, inputs) in parts {
            for input in inputs {
                if let Array::Lifted(lifted) = input
                    && !self.addresses.contains(&lifted.address())
                {
                    *input = settled(cx, input)?;
                }
            }
        }
        Ok(())
    }

    /// The operations as a program of the CPU, and what goes into it.
    fn program(&self, parts: Vec<Parts>) -> Result<(Program, Vec<Array>)> {
        let mut program = Program::default();
        let mut leaves: Vec<Array> = vec![];
        let mut numbers: Vec<usize> = vec![];
        for (op, inputs) in parts {
            numbers.push(self.add(&mut program, &mut leaves, &numbers, &op, inputs)?);
        }
        program.outputs = self.outputs.iter().map(|&number| numbers[number]).collect();
        Ok((program, leaves))
    }

    /// The number of the node that an input is.
    pub(super) fn inside(&self, input: &Array) -> Option<usize> {
        match input {
            Array::Lifted(lifted) => self.number_of(lifted),
            _ => None,
        }
    }

    fn number_of(&self, lifted: &Lifted) -> Option<usize> {
        let address = lifted.address();
        self.addresses.iter().position(|&known| known == address)
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
                    let number = self.number_of(lifted).ok_or_else(cpu::mistyped)?;
                    Operand::Step(numbers[number])
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
        _ if is_select(op) => (Work::Select, types.compute),
        _ => return Err(cpu::mistyped()),
    })
}

pub(super) fn is_select(op: &Op) -> bool {
    std::ptr::eq(op.entry, SELECT.entry)
}
