//! Clusters: what runs together of the operations that wait, and how engines run it.
//!
//! Nothing here may decide when something runs.

use super::pending::{Parts, Plain, done, inputs_mut, look, settle, settled, weight_of};
use crate::context::Context;
use crate::cpu;
use crate::cpu::cluster::{Folded, Key, Operand, Program, Step, Structure, Work};
use crate::diagnostics::Result;
use crate::ops::{Entry, Kernel, Rule, SELECT};
use crate::tensor::{Abstract, Array, DType, Device, ElementType, Lifted, Shape, Tensor};
use smallvec::{SmallVec, smallvec};
use std::ptr::from_ref;

/// What runs together: operations of one shape, in order, the one asked for last.
pub(super) struct Cluster {
    pub nodes: SmallVec<[Lifted; 4]>,
    /// The addresses of the nodes: few, so that a look at all of them finds one soonest.
    addresses: SmallVec<[usize; 8]>,
    pub shape: Shape,
    /// Where it runs.
    pub device: Option<Device>,
    /// The nodes somebody else needs, too, in order.
    pub outputs: SmallVec<[usize; 2]>,
}

/// The inputs of a cluster on the CPU, taken out of its nodes.
#[derive(Default)]
struct Wired {
    leaves: SmallVec<[Array; 4]>,
    types: SmallVec<[ElementType; 4]>,
    /// Is a leaf a number, which takes the dtype of what reads it?
    numbers: SmallVec<[bool; 4]>,
    nodes: SmallVec<[Node; 4]>,
    /// Of all nodes, one node after the other; a step is a node.
    operands: SmallVec<[Operand; 8]>,
}

struct Node {
    op: Plain,
    arity: usize,
}

impl Cluster {
    /// Inputs of another shape are settled first.
    pub fn of(cx: &mut Context, root: &Lifted) -> Result<Cluster> {
        let (shape, device) = (root.aval().shape.clone(), root.aval().device);
        let (nodes, addresses, outputs) = (SmallVec::new(), SmallVec::new(), SmallVec::new());
        let mut cluster = Cluster { nodes, addresses, shape, device, outputs };
        // a node is met twice: before its inputs and behind them
        let mut work: SmallVec<[(Lifted, bool); 8]> = smallvec![(root.clone(), false)];
        let mut others: SmallVec<[Lifted; 2]> = SmallVec::new();
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
            look(&node, |_, inputs| {
                for input in inputs {
                    let Array::Lifted(inner) = input else { continue };
                    match weight_of(inner).is_some() {
                        true if inner.aval().shape == cluster.shape => work.push((inner.clone(), false)),
                        true => others.push(inner.clone()),
                        false => {}
                    }
                }
            });
            others.drain(..).try_for_each(|other| settle(cx, &other).map(|_| ()))?;
        }
        let mut uses: SmallVec<[usize; 8]> = smallvec![0; cluster.nodes.len()];
        for node in &cluster.nodes {
            look(node, |_, inputs| {
                inputs.iter().filter_map(|input| cluster.inside(input)).for_each(|used| uses[used] += 1);
            });
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

    /// Errors when there is no memory for these outputs. Those of another device are that device's to watch.
    pub fn reserve(&self, cx: &Context, outputs: &[usize]) -> Result<()> {
        if self.device.is_some() {
            return Ok(());
        }
        let outputs = outputs.iter().filter_map(|&output| self.nodes.get(output)).map(Lifted::aval);
        let bytes =
            outputs.clone().fold(0, |sum: usize, out| sum.saturating_add(out.size().saturating_mul(out.dtype.size())));
        cx.reserve(bytes, 1, || outputs.map(Abstract::type_name).collect::<Vec<_>>().join(", "))
    }

    /// The results of the outputs, in order. The nodes wait on; those that ran on the CPU are without their inputs.
    pub fn results(&self, cx: &mut Context) -> Result<SmallVec<[Array; 1]>> {
        cx.kernels += 1;
        if let Some(device) = self.device {
            let parts: Result<Vec<Parts>> = self.nodes.iter().map(|node| self.parts(cx, node)).collect();
            return self.on_card(cx, device, parts?).map(SmallVec::from_vec);
        }
        let mut wired = self.take();
        let mut leaves = std::mem::take(&mut wired.leaves);
        let outputs = self.output_dtypes();
        let program = || self.program(&wired);
        let structure = self.structure(&wired, &outputs, &program);
        match cpu::cluster::run(cx, structure, &mut leaves, &self.shape) {
            Ok(results) => Ok(results.into_iter().map(|tensor| pooled(cx, tensor)).collect()),
            Err(error) => {
                self.give_back(&wired, &leaves);
                Err(error)
            }
        }
    }

    /// The last node, reduced on the CPU, and the results of the outputs that are made on the way: all, or all but the
    /// last. The nodes wait on.
    pub fn reduced(&self, cx: &mut Context, how: &Folded) -> Result<(Array, SmallVec<[Array; 1]>)> {
        cx.kernels += 1;
        let wired = self.take();
        let outputs = self.output_dtypes();
        let program = || self.program(&wired);
        let structure = self.structure(&wired, &outputs, &program);
        let result = cpu::cluster::run_reduced(cx, structure, &wired.leaves, &self.shape, how);
        self.give_back(&wired, &wired.leaves);
        let (reduced, others) = result?;
        Ok((pooled(cx, reduced), others.into_iter().map(|tensor| pooled(cx, tensor)).collect()))
    }

    fn output_dtypes(&self) -> SmallVec<[DType; 2]> {
        self.outputs.iter().map(|&output| self.nodes[output].aval().dtype).collect()
    }

    /// A node with its inputs; what comes from outside is settled.
    fn parts(&self, cx: &mut Context, node: &Lifted) -> Result<Parts> {
        let (op, mut inputs) =
            look(node, |op, inputs| (op.op(), SmallVec::<[Array; 3]>::from(inputs))).ok_or_else(cpu::mistyped)?;
        for input in inputs.iter_mut().filter(|input| self.inside(input).is_none()) {
            *input = settled(cx, input)?;
        }
        Ok((op, inputs))
    }

    /// Takes the inputs out of the nodes.
    fn take(&self) -> Wired {
        let mut wired = Wired::default();
        for node in &self.nodes {
            inputs_mut(node, |op, inputs| {
                wired.nodes.push(Node { op, arity: inputs.len() });
                for input in inputs.drain(..) {
                    let operand = match self.inside(&input) {
                        Some(node) => Operand::Step(node),
                        None => Operand::Input(wired.leaf(input)),
                    };
                    wired.operands.push(operand);
                }
            });
        }
        wired
    }

    /// Puts the inputs back where they were.
    fn give_back(&self, wired: &Wired, leaves: &[Array]) {
        let mut operands = wired.operands.iter().map(|operand| match *operand {
            Operand::Input(leaf) => leaves[leaf].clone(),
            Operand::Step(node) => Array::Lifted(self.nodes[node].clone()),
        });
        for (node, kind) in self.nodes.iter().zip(&wired.nodes) {
            inputs_mut(node, |_, inputs| inputs.extend(operands.by_ref().take(kind.arity)));
        }
    }

    /// The cluster as the CPU's engine knows it. The key says what `program` looks at, but for the types of leaves.
    fn structure<'a>(
        &self,
        wired: &'a Wired,
        outputs: &'a [DType],
        program: &'a dyn Fn() -> Result<Program>,
    ) -> Structure<'a> {
        let mut key = Key::new();
        // never 0
        key.push(self.nodes.len());
        key.push(self.outputs.len());
        key.extend(self.outputs.iter().copied());
        for node in &wired.nodes {
            key.extend([from_ref(node.op.entry).addr(), node.op.to.map_or(0, |to| 1 + to as usize), node.arity]);
        }
        key.extend(wired.operands.iter().map(|operand| match *operand {
            Operand::Input(leaf) => 2 * leaf,
            Operand::Step(node) => 2 * node + 1,
        }));
        Structure { key, types: &wired.types, outputs, steps: self.nodes.len(), program }
    }

    /// The operations as a program of the CPU.
    fn program(&self, wired: &Wired) -> Result<Program> {
        let mut program = Program::default();
        let mut steps: Vec<usize> = vec![];
        let mut rest = wired.operands.as_slice();
        for node in &wired.nodes {
            let (operands, behind) = rest.split_at(node.arity);
            let kinds: SmallVec<[ElementType; 3]> = operands.iter().map(|operand| self.kind(wired, *operand)).collect();
            steps.push(add(&mut program, wired, &steps, node, operands, &kinds)?);
            rest = behind;
        }
        program.outputs = self.outputs.iter().map(|&number| steps[number]).collect();
        Ok(program)
    }

    fn kind(&self, wired: &Wired, operand: Operand) -> ElementType {
        match operand {
            Operand::Input(leaf) => wired.types[leaf],
            Operand::Step(node) => self.nodes[node].aval().element_type(),
        }
    }

    /// The number of the node that an input is.
    pub(super) fn inside(&self, input: &Array) -> Option<usize> {
        let Array::Lifted(lifted) = input else { return None };
        let address = lifted.address();
        self.addresses.iter().position(|&known| known == address)
    }
}

fn pooled(cx: &Context, mut tensor: Tensor) -> Array {
    tensor.settle_in(&cx.pool);
    Array::from(tensor)
}

impl Wired {
    /// The number of a value from outside, which is there once; what waited has been settled.
    fn leaf(&mut self, input: Array) -> usize {
        let leaf = match &input {
            Array::Lifted(lifted) => done(lifted).unwrap_or(input),
            _ => input,
        };
        let known = self.leaves.iter().position(|other| match (other, &leaf) {
            (Array::Tensor(other), Array::Tensor(tensor)) => other.is_same(tensor),
            _ => false,
        });
        known.unwrap_or_else(|| {
            self.types.push(leaf.element_type());
            self.numbers.push(!matches!(leaf, Array::Tensor(_)));
            self.leaves.push(leaf);
            self.leaves.len() - 1
        })
    }
}

/// Adds an operation to a program whose nodes have become these steps; gives the number of its own.
fn add(
    program: &mut Program,
    wired: &Wired,
    steps: &[usize],
    node: &Node,
    operands: &[Operand],
    kinds: &[ElementType],
) -> Result<usize> {
    let (work, compute) = work(node.op, kinds)?;
    let mut converted = SmallVec::new();
    for (place, (operand, of)) in operands.iter().zip(kinds).enumerate() {
        // the condition of a choice is no number of it
        let wanted = match work {
            Work::Convert(_) => of.dtype,
            Work::Select if place == 0 => DType::Bool,
            _ => compute,
        };
        let (operand, number) = match *operand {
            Operand::Input(leaf) => (Operand::Input(leaf), wired.numbers[leaf]),
            Operand::Step(node) => (Operand::Step(steps[node]), false),
        };
        converted.push(match of.dtype == wanted || number {
            true => operand,
            false => Operand::Step(program.push(Step {
                work: Work::Convert(wanted),
                operands: SmallVec::from_slice(&[operand]),
                compute: of.dtype,
            })),
        });
    }
    Ok(program.push(Step { work, operands: converted, compute }))
}

/// How the CPU runs an operation, and the dtype it computes in.
fn work(op: Plain, kinds: &[ElementType]) -> Result<(Work, DType)> {
    if let Some(to) = op.to {
        let from = kinds.first().ok_or_else(cpu::mistyped)?.dtype;
        return Ok((Work::Convert(to), from));
    }
    let Rule::Elementwise(rule) = op.entry.rule else { return Err(cpu::mistyped()) };
    let types = rule(kinds).map_err(|_| cpu::mistyped())?;
    Ok(match op.entry.kernel {
        Kernel::Unary(loops) => (Work::Unary(loops(types.compute).ok_or_else(cpu::mistyped)?), types.compute),
        Kernel::Binary(loops) => (Work::Binary(loops(types.compute).ok_or_else(cpu::mistyped)?), types.compute),
        _ if is_select(op.entry) => (Work::Select, types.compute),
        _ => return Err(cpu::mistyped()),
    })
}

pub(super) fn is_select(entry: &Entry) -> bool {
    std::ptr::eq(entry, SELECT.entry)
}
