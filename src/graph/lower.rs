//! Lowering: a graph as kernels of the CPU's engine, in order, found out once.
//!
//! Element-wise operations of one shape become clusters as they do where they wait (`transform::pending`), a reduction
//! behind one runs in its pass, everything else is a kernel of its own. It must never depend on elements: what a graph's
//! inputs are is known, what they hold is not.

use super::{Graph, Node, Operand};
use crate::cpu::cluster::{Key, Operand as Wire};
use crate::cpu::reduce::{Extent, Reduction, extent};
use crate::diagnostics::error::Place;
use crate::ops::{Attrs, Kernel, Op};
use crate::tensor::{Abstract, Array, DType, ElementType, Shape};
use crate::transform::pending::{CLUSTER, LONG, Plain, can_fuse};
use crate::transform::wiring::Wiring;
use smallvec::{SmallVec, smallvec};

/// So many operations on short values are no cluster: alone they are done sooner.
const FEW: usize = 2;

#[derive(Debug)]
pub(super) struct Lowered {
    pub steps: Vec<Step>,
    /// How many values are computed.
    pub slots: usize,
    pub outputs: Vec<Read>,
}

/// What is done at once.
#[derive(Debug)]
pub(super) enum Step {
    Kernel(Launch),
    Cluster(Cluster),
    /// A cluster whose last operation is reduced as it is made.
    Fold(Cluster, Fold),
    Product(Box<Product>),
}

/// A contraction, and a cluster on its parts when they are there: bias and activation.
#[derive(Debug)]
pub(super) struct Product {
    pub launch: Launch,
    pub cluster: Cluster,
    /// The input of the cluster that is the contraction.
    pub own: usize,
}

/// One operation.
#[derive(Debug)]
pub(super) struct Launch {
    pub op: Op,
    pub inputs: SmallVec<[Read; 2]>,
    pub outs: SmallVec<[(usize, Abstract); 1]>,
    pub place: Option<Place>,
}

/// Element-wise operations of one shape.
#[derive(Debug, Default)]
pub(super) struct Cluster {
    pub wiring: Wiring,
    pub key: Key,
    pub inputs: SmallVec<[Read; 4]>,
    pub shape: Shape,
    /// The operations whose results are wanted, and where these go.
    pub wanted: SmallVec<[usize; 2]>,
    pub dtypes: SmallVec<[DType; 2]>,
    pub outs: SmallVec<[usize; 2]>,
    pub place: Option<Place>,
}

#[derive(Debug)]
pub(super) struct Fold {
    pub how: Reduction,
    pub extent: Extent,
    pub out: Abstract,
    pub slot: usize,
    /// Is what is reduced wanted, too?
    pub kept: bool,
}

/// Where a kernel finds an input.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub from: Source,
    /// Nobody reads it later.
    pub last: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Source {
    Input(usize),
    Slot(usize),
    Const(Array),
}

impl Step {
    fn reads(&self) -> impl Iterator<Item = &Read> {
        let (of_kernel, of_cluster) = match self {
            Step::Kernel(launch) => (&launch.inputs[..], &[][..]),
            Step::Cluster(cluster) | Step::Fold(cluster, _) => (&[][..], &cluster.inputs[..]),
            Step::Product(product) => (&product.launch.inputs[..], &product.cluster.inputs[..]),
        };
        of_kernel.iter().chain(of_cluster)
    }
}

impl Launch {
    /// The input of a cluster that is this contraction, where the cluster's one result can take its place.
    fn joins(&self, cluster: &Cluster, reads: &[u32]) -> Option<usize> {
        let ([(slot, out)], [dtype], [_]) = (self.outs.as_slice(), cluster.dtypes.as_slice(), cluster.outs.as_slice())
        else {
            return None;
        };
        let fits = matches!(self.op.attrs, Attrs::Contract(_))
            && out.dtype.is_float()
            && out.dtype == *dtype
            && out.shape == cluster.shape
            && reads.get(*slot) == Some(&1);
        let own = cluster.inputs.iter().position(|read| matches!(read.from, Source::Slot(from) if from == *slot));
        own.filter(|_| fits)
    }
}

impl Source {
    fn is(&self, other: &Source) -> bool {
        match (self, other) {
            (Source::Input(a), Source::Input(b)) | (Source::Slot(a), Source::Slot(b)) => a == b,
            (Source::Const(Array::Tensor(a)), Source::Const(Array::Tensor(b))) => a.is_same(b),
            _ => false,
        }
    }
}

/// What is known of a result while kernels are found.
#[derive(Clone, Copy)]
enum Value {
    /// It runs when somebody needs it; so many operations wait behind it.
    Waits(usize),
    Slot(usize),
    /// It was a part of a cluster, and nobody else needs it.
    Gone,
}

struct Lowering<'g> {
    graph: &'g Graph,
    values: Vec<SmallVec<[Value; 1]>>,
    steps: Vec<Step>,
    slots: usize,
}

impl Lowered {
    /// None where it is not for the CPU alone: values that were placed move with operations.
    pub fn of(graph: &Graph) -> Option<Lowered> {
        let placed = |aval: &Abstract| aval.device.is_some();
        if graph.inputs.iter().chain(graph.nodes.iter().flat_map(|node| &node.outs)).any(placed) {
            return None;
        }
        let mut lowering = Lowering { graph, values: vec![], steps: vec![], slots: 0 };
        for (number, node) in graph.nodes.iter().enumerate() {
            lowering.add(number, node)?;
        }
        for output in &graph.outputs {
            lowering.demand(output)?;
        }
        let outputs: Option<Vec<Read>> = graph.outputs.iter().map(|output| lowering.read(output)).collect();
        let mut lowered = Lowered { steps: lowering.steps, slots: lowering.slots, outputs: outputs? };
        lowered.join_products();
        lowered.mark(graph.inputs.len());
        Some(lowered)
    }

    /// Makes one step of a contraction and the cluster that follows and alone reads it.
    fn join_products(&mut self) {
        let mut reads = vec![0; self.slots];
        let outputs = self.outputs.iter();
        for read in self.steps.iter().flat_map(Step::reads).chain(outputs) {
            if let Source::Slot(slot) = read.from {
                reads[slot] += 1;
            }
        }
        let mut joined: Vec<Step> = Vec::with_capacity(self.steps.len());
        for step in std::mem::take(&mut self.steps) {
            let own = match (&step, joined.last()) {
                (Step::Cluster(cluster), Some(Step::Kernel(launch))) => launch.joins(cluster, &reads),
                _ => None,
            };
            match (own, step, joined.pop()) {
                (Some(own), Step::Cluster(mut cluster), Some(Step::Kernel(launch))) => {
                    // it is there when its part of the cluster runs
                    cluster.inputs[own].from = Source::Const(Array::default());
                    joined.push(Step::Product(Box::new(Product { launch, cluster, own })));
                }
                (_, step, before) => {
                    joined.extend(before);
                    joined.push(step);
                }
            }
        }
        self.steps = joined;
    }

    /// Marks who reads a value last.
    fn mark(&mut self, inputs: usize) {
        let mut seen = [vec![false; inputs], vec![false; self.slots]];
        let mut visit = |read: &mut Read| {
            let seen = match read.from {
                Source::Input(number) => &mut seen[0][number],
                Source::Slot(number) => &mut seen[1][number],
                Source::Const(_) => return,
            };
            read.last = !std::mem::replace(seen, true);
        };
        self.outputs.iter_mut().rev().for_each(&mut visit);
        for step in self.steps.iter_mut().rev() {
            match step {
                Step::Kernel(launch) => launch.inputs.iter_mut().rev().for_each(&mut visit),
                Step::Cluster(cluster) | Step::Fold(cluster, _) => cluster.inputs.iter_mut().rev().for_each(&mut visit),
                Step::Product(product) => {
                    product.cluster.inputs.iter_mut().rev().for_each(&mut visit);
                    product.launch.inputs.iter_mut().rev().for_each(&mut visit);
                }
            }
        }
    }
}

impl Lowering<'_> {
    fn add(&mut self, number: usize, node: &Node) -> Option<()> {
        let kinds: SmallVec<[ElementType; 3]> = node.inputs.iter().map(|input| self.kind(input)).collect();
        let is_long_enough = node.outs.first().is_some_and(|out| out.size() > 1);
        if is_long_enough && can_fuse(&node.op, &kinds) {
            return self.wait(node);
        }
        if let (Kernel::Reduce(how), [input]) = (&node.op.entry.kernel, node.inputs.as_slice())
            && let Some(Value::Waits(_)) = self.value(input)
            && let Some(fold) = self.fold(*how, node, input)
        {
            self.values.push(smallvec![Value::Slot(fold.slot)]);
            return self.cluster(input, Some((number, fold)));
        }
        for input in &node.inputs {
            self.demand(input)?;
        }
        self.launch(node)
    }

    fn launch(&mut self, node: &Node) -> Option<()> {
        let outs: SmallVec<[(usize, Abstract); 1]> = node.outs.iter().map(|out| (self.slot(), out.clone())).collect();
        self.values.push(outs.iter().map(|(slot, _)| Value::Slot(*slot)).collect());
        self.alone(node, outs)
    }

    /// An operation as a kernel of its own.
    fn alone(&mut self, node: &Node, outs: SmallVec<[(usize, Abstract); 1]>) -> Option<()> {
        let inputs: Option<SmallVec<[Read; 2]>> = node.inputs.iter().map(|input| self.read(input)).collect();
        let (op, place) = (node.op.clone(), node.place.clone());
        self.steps.push(Step::Kernel(Launch { op, inputs: inputs?, outs, place }));
        Some(())
    }

    fn wait(&mut self, node: &Node) -> Option<()> {
        let mut weight = 1;
        for input in &node.inputs {
            if let Some(Value::Waits(waiting)) = self.value(input) {
                if weight + waiting > CLUSTER {
                    self.demand(input)?;
                } else {
                    weight += waiting;
                }
            }
        }
        self.values.push(smallvec![Value::Waits(weight)]);
        Some(())
    }

    /// A reduction in the pass of what it reduces, if it can be.
    fn fold(&mut self, how: Reduction, node: &Node, input: &Operand) -> Option<Fold> {
        let Attrs::Reduce { axes, .. } = &node.op.attrs else { return None };
        let extent = extent(&self.aval(input)?.shape, axes)?;
        Some(Fold { how, extent, out: node.outs.first()?.clone(), slot: self.slot(), kept: false })
    }

    fn slot(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }

    fn value(&self, operand: &Operand) -> Option<Value> {
        match *operand {
            Operand::Node(number, result) => self.values.get(number)?.get(result).copied(),
            _ => None,
        }
    }

    fn aval(&self, operand: &Operand) -> Option<&Abstract> {
        match operand {
            Operand::Input(number) => self.graph.inputs.get(*number),
            Operand::Node(number, result) => self.graph.nodes.get(*number)?.outs.get(*result),
            Operand::Const(_) => None,
        }
    }

    fn kind(&self, operand: &Operand) -> ElementType {
        match (operand, self.aval(operand)) {
            (Operand::Const(array), _) => array.element_type(),
            (_, Some(aval)) => aval.element_type(),
            (_, None) => ElementType::typed(DType::Str),
        }
    }

    fn is_number(&self, operand: &Operand) -> bool {
        match operand {
            Operand::Const(array) => array.ndim() == 0,
            _ => self.aval(operand).is_some_and(|aval| aval.shape.is_empty()),
        }
    }

    fn read(&self, operand: &Operand) -> Option<Read> {
        let from = match operand {
            Operand::Input(number) => Source::Input(*number),
            Operand::Const(array) => Source::Const(array.clone()),
            Operand::Node(..) => match self.value(operand)? {
                Value::Slot(slot) => Source::Slot(slot),
                _ => return None,
            },
        };
        Some(Read { from, last: false })
    }

    /// Makes a value that waits.
    fn demand(&mut self, operand: &Operand) -> Option<()> {
        match self.value(operand) {
            Some(Value::Waits(_)) => self.cluster(operand, None),
            _ => Some(()),
        }
    }

    /// What waits behind a value and has its shape, in order, that value last. Inputs of another shape are made first.
    fn members(&mut self, root: usize) -> Option<SmallVec<[usize; 8]>> {
        let graph = self.graph;
        let shape = &graph.nodes.get(root)?.outs.first()?.shape;
        let mut members: SmallVec<[usize; 8]> = smallvec![];
        // a node is met twice: before its inputs and behind them
        let mut work: SmallVec<[(usize, bool); 8]> = smallvec![(root, false)];
        while let Some((number, inputs_done)) = work.pop() {
            if members.contains(&number) {
                continue;
            }
            if inputs_done {
                members.push(number);
                continue;
            }
            work.push((number, true));
            for input in &graph.nodes[number].inputs {
                let (Some(Value::Waits(_)), Operand::Node(inner, _)) = (self.value(input), input) else { continue };
                if graph.nodes[*inner].outs.first().is_some_and(|out| out.shape == *shape) {
                    work.push((*inner, false));
                } else {
                    // this nests no deeper than operations wait behind each other, which is bounded
                    self.demand(input)?;
                }
            }
        }
        Some(members)
    }

    /// Makes a value that waits, with what waits behind it; a fold is that of the node with this number.
    fn cluster(&mut self, root: &Operand, fold: Option<(usize, Fold)>) -> Option<()> {
        let Operand::Node(root, _) = *root else { return None };
        let members = self.members(root)?;
        let graph = self.graph;
        let Node { outs, place, .. } = graph.nodes.get(root)?;
        if outs.first()?.size() < LONG && members.len() <= FEW {
            return self.one_by_one(&members, fold);
        }
        let place_of = |operand: &Operand| match operand {
            Operand::Node(number, _) => members.iter().position(|member| member == number),
            _ => None,
        };
        let mut inside: SmallVec<[u32; 8]> = smallvec![0; members.len()];
        for &member in &members {
            graph.nodes[member].inputs.iter().filter_map(place_of).for_each(|at| inside[at] += 1);
        }
        *inside.last_mut()? += u32::from(fold.is_some());
        let (shape, place) = (outs.first()?.shape.clone(), place.clone());
        let mut cluster = Cluster { shape, place, ..Cluster::default() };
        for (at, &member) in members.iter().enumerate() {
            let node = &graph.nodes[member];
            let out = node.outs.first()?;
            let mut operands: SmallVec<[Wire; 3]> = smallvec![];
            for input in &node.inputs {
                operands.push(match place_of(input) {
                    Some(step) => Wire::Step(step),
                    None => Wire::Input(self.leaf(&mut cluster, input)?),
                });
            }
            cluster.wiring.node(Plain::of(&node.op)?, out.element_type(), &operands);
            let is_wanted = graph.uses[member][0] > inside[at];
            let value = if is_wanted { Value::Slot(self.slot()) } else { Value::Gone };
            self.values[member] = smallvec![value];
            if let Value::Slot(slot) = value {
                cluster.outs.push(slot);
            }
            // the last is made in any case
            if is_wanted || at + 1 == members.len() {
                cluster.wanted.push(at);
                cluster.dtypes.push(out.dtype);
            }
        }
        cluster.key = cluster.wiring.key(&cluster.wanted);
        self.steps.push(match fold {
            Some((_, fold)) => {
                let kept = cluster.outs.len() == cluster.wanted.len();
                Step::Fold(cluster, Fold { kept, ..fold })
            }
            None => Step::Cluster(cluster),
        });
        Some(())
    }

    /// The same by a kernel for each operation.
    fn one_by_one(&mut self, members: &[usize], fold: Option<(usize, Fold)>) -> Option<()> {
        let graph = self.graph;
        for &member in members {
            let node = &graph.nodes[member];
            let slot = self.slot();
            self.values[member] = smallvec![Value::Slot(slot)];
            self.alone(node, smallvec![(slot, node.outs.first()?.clone())])?;
        }
        match fold {
            Some((number, fold)) => self.alone(&graph.nodes[number], smallvec![(fold.slot, fold.out)]),
            None => Some(()),
        }
    }

    /// The number of a value that a cluster reads, which is there once.
    fn leaf(&self, cluster: &mut Cluster, operand: &Operand) -> Option<usize> {
        let read = self.read(operand)?;
        if let Some(known) = cluster.inputs.iter().position(|other| other.from.is(&read.from)) {
            return Some(known);
        }
        cluster.inputs.push(read);
        Some(cluster.wiring.leaf(self.kind(operand), self.is_number(operand)))
    }
}
