//! Element-wise operations that wait: chains of them run as one pass over the elements, a cluster.
//!
//! Values never change, so nobody can see that one waits; `settle` runs it, together with what it waits for. The machine
//! settles everything at the end of a statement, so that errors, memory and time belong to the line that asked. Short
//! values never wait: for them the bookkeeping would cost more than the work. The depth of what waits is bounded.

use crate::context::Context;
use crate::cpu;
use crate::cpu::cluster::{Operand, Program, Step, Work};
use crate::diagnostics::{Error, Result};
use crate::ops::{Attrs, Kernel, Op, Rule, now};
use crate::tensor::{Abstract, Array, DType, ElementType, Lifted, Mode, WeakLifted, shape};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::cell::RefCell;

/// Elements from which on an operation waits.
const LONG: usize = 512;
/// Operations of a cluster.
const CLUSTER: usize = 48;
/// Entries from which on the list of what waits is cleared of what does not any more.
const CROWD: usize = 256;

/// All that may be waiting, oldest first.
#[derive(Default)]
pub(crate) struct Waiting(Vec<WeakLifted>);

struct Pending(RefCell<State>);

// Values live in the box of their mode: its size is that of the larger one in any case.
#[allow(clippy::large_enum_variant)]
enum State {
    Waits {
        op: Op,
        inputs: SmallVec<[Array; 3]>,
        weight: usize,
    },
    Done(Array),
    /// It is running, or nobody held it when its cluster ran.
    Gone,
    Failed(Error),
}

/// May this operation wait? It is element-wise, computes in floats or truth values, and is long.
#[inline]
pub fn is_worth_it(op: &Op, inputs: &[Array]) -> bool {
    inputs.iter().any(|input| matches!(input, Array::Tensor(tensor) if tensor.size() >= LONG)) && can_fuse(op, inputs)
}

/// Integers have guards, and a range that weak numbers must fit: they do not wait. What the rule refuses is refused
/// where it runs.
fn can_fuse(op: &Op, inputs: &[Array]) -> bool {
    let kinds: SmallVec<[ElementType; 3]> = inputs.iter().map(Array::element_type).collect();
    match (&op.attrs, &op.entry.rule, kinds.as_slice()) {
        (Attrs::DType(to), _, [from]) => to.is_float() && from.dtype != DType::Str,
        (_, Rule::Elementwise(rule), kinds) => {
            rule(kinds).is_ok_and(|types| types.compute.is_float() || types.compute == DType::Bool)
        }
        _ => false,
    }
}

/// Puts an operation off. Errors of types and shapes are raised at once.
pub fn wait(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Array> {
    let avals: SmallVec<[Abstract; 3]> = inputs.iter().map(Array::aval).collect();
    let out = op.infer(&avals)?;
    cx.reserve(out.size(), out.dtype.size(), || out.type_name())?;
    let mut weight = 1;
    for input in inputs.iter_mut() {
        let Some(waiting) = weight_of(input) else { continue };
        if weight + waiting > CLUSTER {
            *input = settled(cx, input)?;
        } else {
            weight += waiting;
        }
    }
    let inputs = inputs.iter_mut().map(std::mem::take).collect();
    let state = State::Waits { op: op.clone(), inputs, weight };
    let lifted = Lifted::new(out, Mode::Pending, 0, Pending(RefCell::new(state)));
    let waiting = &mut cx.modes.waiting.0;
    if waiting.len() >= CROWD && waiting.len().is_power_of_two() {
        waiting.retain(WeakLifted::is_alive);
    }
    waiting.push(lifted.downgrade());
    Ok(Array::Lifted(lifted))
}

/// How many operations wait behind a value; none if it does not wait.
fn weight_of(array: &Array) -> Option<usize> {
    let Array::Lifted(lifted) = array else { return None };
    match &*lifted.body::<Pending>()?.0.borrow() {
        State::Waits { weight, .. } => Some(*weight),
        _ => None,
    }
}

/// An operation on values of which some wait.
pub(super) fn run(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Array> {
    let long = inputs.iter().any(|input| input.size() >= LONG);
    if long && can_fuse(op, inputs) {
        return wait(cx, op, inputs);
    }
    let mut settled = settled_all(cx, inputs)?;
    now(cx, op, &mut settled)
}

fn settled_all(cx: &mut Context, inputs: &[Array]) -> Result<SmallVec<[Array; 3]>> {
    inputs.iter().map(|input| settled(cx, input)).collect()
}

/// The value itself, or what it waited for.
pub fn settled(cx: &mut Context, array: &Array) -> Result<Array> {
    match array {
        Array::Lifted(lifted) if lifted.mode() == Mode::Pending => settle(cx, lifted),
        other => Ok(other.clone()),
    }
}

/// Runs all that waits and that somebody holds.
pub fn settle_all(cx: &mut Context) -> Result<()> {
    while let Some(weak) = cx.modes.waiting.0.pop() {
        if let Some(lifted) = weak.upgrade() {
            settle(cx, &lifted)?;
        }
    }
    Ok(())
}

/// Does anything wait?
#[inline]
pub fn any(cx: &Context) -> bool {
    !cx.modes.waiting.0.is_empty()
}

/// What a value waits for.
pub(super) fn settle(cx: &mut Context, lifted: &Lifted) -> Result<Array> {
    let pending = lifted.body::<Pending>().ok_or_else(cpu::mistyped)?;
    match &*pending.0.borrow() {
        State::Waits { .. } => {}
        State::Done(array) => return Ok(array.clone()),
        State::Failed(error) => return Err(error.clone()),
        State::Gone => return Err(cpu::mistyped()),
    }
    Cluster::of(cx, lifted)?.run(cx)?;
    match &*pending.0.borrow() {
        State::Done(array) => Ok(array.clone()),
        _ => Err(cpu::mistyped()),
    }
}

/// What runs together: operations of one shape, in order, the one asked for last.
struct Cluster {
    nodes: Vec<Lifted>,
    number_of: FxHashMap<usize, usize>,
    shape: shape::Shape,
    /// The nodes somebody else needs, too.
    outputs: Vec<usize>,
}

/// A waiting operation without its inputs.
type Parts = (Op, SmallVec<[Array; 3]>);

impl Cluster {
    /// Inputs of another shape are settled first.
    fn of(cx: &mut Context, root: &Lifted) -> Result<Cluster> {
        let shape = root.aval().shape.clone();
        let mut cluster = Cluster { nodes: vec![], number_of: FxHashMap::default(), shape, outputs: vec![] };
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

    fn run(self, cx: &mut Context) -> Result<()> {
        let parts: Vec<Parts> = self.nodes.iter().map(take).collect::<Result<_>>()?;
        let results = self.results(cx, parts);
        for (i, node) in self.nodes.iter().enumerate() {
            let found = self.outputs.iter().position(|&number| number == i);
            let state = match (&results, found) {
                (Ok(results), Some(at)) => State::Done(results.get(at).cloned().ok_or_else(cpu::mistyped)?),
                (Ok(_), None) => State::Gone,
                (Err(error), _) => State::Failed(error.clone()),
            };
            if let Some(pending) = node.body::<Pending>() {
                *pending.0.borrow_mut() = state;
            }
        }
        results.map(|_| ())
    }

    fn results(&self, cx: &mut Context, mut parts: Vec<Parts>) -> Result<Vec<Array>> {
        for (_, inputs) in &mut parts {
            for input in inputs {
                if let Array::Lifted(lifted) = input
                    && !self.number_of.contains_key(&lifted.address())
                {
                    *input = settled(cx, input)?;
                }
            }
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

fn inputs_of(node: &Lifted) -> SmallVec<[Array; 3]> {
    match node.body::<Pending>().map(|pending| pending.0.borrow()).as_deref() {
        Some(State::Waits { inputs, .. }) => inputs.clone(),
        _ => SmallVec::new(),
    }
}

fn take(node: &Lifted) -> Result<Parts> {
    let pending = node.body::<Pending>().ok_or_else(cpu::mistyped)?;
    match std::mem::replace(&mut *pending.0.borrow_mut(), State::Gone) {
        State::Waits { op, inputs, .. } => Ok((op, inputs)),
        _ => Err(cpu::mistyped()),
    }
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
