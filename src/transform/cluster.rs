//! Clusters: what runs together of the operations that wait, and how engines run it.
//!
//! Nothing here may decide when something runs.

use super::pending::{Parts, done, inputs_mut, leads_to_product, look, product, run, settled, weight_of};
use super::wiring::Wiring;
use crate::context::Context;
use crate::cpu;
use crate::cpu::cluster::{Folded, Operand};
use crate::diagnostics::Result;
use crate::ops::{Entry, SELECT};
use crate::tensor::{Abstract, Array, DType, Device, Lifted, Shape, Tensor};
use smallvec::{SmallVec, smallvec};

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
    /// The address of the node that is a contraction on a graphics card; there is one at most.
    pub product: Option<usize>,
}

/// The inputs of a cluster on the CPU, taken out of its nodes, and how they are read.
#[derive(Default)]
struct Wired {
    leaves: SmallVec<[Array; 4]>,
    wiring: Wiring,
}

impl Cluster {
    /// A value and what it waits for; inputs of another shape run first. On a card all of this shape that waits
    /// behind its statement may run along, so that nothing is an output because another one still needs it. Behind a
    /// contraction nothing does: of two, one runs first, and would take along what the other one has here.
    pub fn of(cx: &mut Context, root: &Lifted, along: bool) -> Result<Cluster> {
        let (shape, device) = (root.aval().shape.clone(), root.aval().device);
        let (nodes, addresses, outputs) = (SmallVec::new(), SmallVec::new(), SmallVec::new());
        let product = product(root).map(|_| root.address());
        let mut cluster = Cluster { nodes, addresses, shape, device, outputs, product };
        // a node is met twice: before its inputs and behind them
        let mut work: SmallVec<[(Lifted, bool); 8]> = smallvec![(root.clone(), false)];
        if along && device.is_some() && !leads_to_product(root) {
            let along = cx.modes.waiting.company().filter(|node| node.aval().shape == cluster.shape);
            work.extend(along.filter(|node| node.aval().device == device).map(|node| (node, false)));
        }
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
                        true if inner.aval().shape == cluster.shape && cluster.admits(inner) => {
                            work.push((inner.clone(), false));
                        }
                        true => others.push(inner.clone()),
                        false => {}
                    }
                }
            });
            // who asked for all this deals with what fails
            others.drain(..).try_for_each(|other| run(cx, &other, along))?;
        }
        let mut uses: SmallVec<[usize; 8]> = smallvec![0; cluster.nodes.len()];
        for node in &cluster.nodes {
            look(node, |_, inputs| {
                inputs.iter().filter_map(|input| cluster.inside(input)).for_each(|used| uses[used] += 1);
            });
        }
        for (number, node) in cluster.nodes.iter().enumerate() {
            // one of its holders is this list, another one may be that of all that waits
            let inside = uses[number] + 1 + cx.modes.waiting.holds(node);
            if node.address() == root.address() || node.holders() > inside {
                cluster.outputs.push(number);
            }
        }
        Ok(cluster)
    }

    /// May this node belong to it? Of contractions the first one met does.
    fn admits(&mut self, node: &Lifted) -> bool {
        product(node).is_none() || *self.product.get_or_insert(node.address()) == node.address()
    }

    /// Errors when there is no memory for these outputs. Those of another device are that device's to watch.
    pub fn reserve(&self, cx: &Context, outputs: &[usize]) -> Result<()> {
        if self.device.is_some() {
            return Ok(());
        }
        let outputs = outputs.iter().filter_map(|&output| self.nodes.get(output)).map(Lifted::aval);
        let bytes = outputs.clone().fold(0, |sum: usize, out| sum.saturating_add(out.bytes()));
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
        let outputs = self.output_dtypes();
        let program = || wired.wiring.program(&self.outputs);
        let structure = wired.wiring.structure(wired.wiring.key(&self.outputs), &outputs, &program);
        match cpu::cluster::run(cx, structure, &mut wired.leaves, &self.shape) {
            Ok(results) => Ok(results.into_iter().map(|tensor| pooled(cx, tensor)).collect()),
            Err(error) => {
                self.give_back(&wired);
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
        let program = || wired.wiring.program(&self.outputs);
        let structure = wired.wiring.structure(wired.wiring.key(&self.outputs), &outputs, &program);
        let result = cpu::cluster::run_reduced(cx, structure, &wired.leaves, &self.shape, how);
        self.give_back(&wired);
        let (reduced, others) = result?;
        Ok((pooled(cx, reduced), others.into_iter().map(|tensor| pooled(cx, tensor)).collect()))
    }

    fn output_dtypes(&self) -> SmallVec<[DType; 2]> {
        self.outputs.iter().map(|&output| self.nodes[output].aval().dtype).collect()
    }

    /// A node with its inputs; what comes from outside is settled.
    pub(super) fn parts(&self, cx: &mut Context, node: &Lifted) -> Result<Parts> {
        let element_wise = look(node, |op, inputs| (op.op(), SmallVec::<[Array; 3]>::from(inputs)));
        let (op, mut inputs) = element_wise.or_else(|| product(node)).ok_or_else(cpu::mistyped)?;
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
                let mut operands: SmallVec<[Operand; 3]> = SmallVec::new();
                for input in inputs.drain(..) {
                    operands.push(match self.inside(&input) {
                        Some(node) => Operand::Step(node),
                        None => Operand::Input(wired.leaf(input)),
                    });
                }
                wired.wiring.node(op, node.aval().element_type(), &operands);
            });
        }
        wired
    }

    /// Puts the inputs back where they were.
    fn give_back(&self, wired: &Wired) {
        for (node, operands) in self.nodes.iter().zip(wired.wiring.operands()) {
            let operands = operands.iter().map(|operand| match *operand {
                Operand::Input(leaf) => wired.leaves[leaf].clone(),
                Operand::Step(node) => Array::Lifted(self.nodes[node].clone()),
            });
            inputs_mut(node, |_, inputs| inputs.extend(operands));
        }
    }

    /// The number of the node that an input is.
    pub(super) fn inside(&self, input: &Array) -> Option<usize> {
        let Array::Lifted(lifted) = input else { return None };
        let address = lifted.address();
        self.addresses.iter().position(|&known| known == address)
    }
}

/// A result, whose buffer goes back to the pool of the session.
pub fn pooled(cx: &Context, mut tensor: Tensor) -> Array {
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
            self.wiring.leaf(leaf.element_type(), !matches!(leaf, Array::Tensor(_)));
            self.leaves.push(leaf);
            self.leaves.len() - 1
        })
    }
}

/// Is it the choice between two?
pub fn is_select(entry: &Entry) -> bool {
    std::ptr::eq(entry, SELECT.entry)
}
