//! Element-wise operations that wait: chains of them run as one pass over the elements, a cluster.
//!
//! Values never change, so nobody can see that one waits; `settle` runs it, together with what it waits for. How long
//! things wait is the business of `waiting`. Short values never do: for them the bookkeeping would cost more than the work.
//! The depth of what waits is bounded. On a graphics card a contraction waits, too: what is element-wise behind it runs in
//! its kernel.

use super::cluster::Cluster;
use super::waiting;
use crate::context::Context;
use crate::cpu;
use crate::cpu::cluster::Folded;
use crate::cpu::reduce::Reduction;
use crate::diagnostics::error::Place;
use crate::diagnostics::{Error, Kind, Result};
use crate::gpu;
use crate::ops::cast::CAST;
use crate::ops::{Attrs, Entry, Kernel, Op, Outputs, Rule, now_all};
use crate::tensor::{Abstract, Array, DType, ElementType, Lifted, Mode};
use rustc_hash::FxHashSet;
use smallvec::{SmallVec, smallvec};
use std::cell::RefCell;

/// Elements from which on an operation waits, or runs as a cluster of its own.
pub const LONG: usize = 1024;
/// Operations of a cluster.
pub const CLUSTER: usize = 48;

struct Pending(RefCell<State>);

enum State {
    Waits {
        op: Plain,
        inputs: SmallVec<[Array; 3]>,
        weight: usize,
        /// The line that asked, where the operation may fail late.
        line: Option<Place>,
        /// The statement that asked.
        statement: u64,
        /// Was there a contraction among what it waits for?
        behind_product: bool,
    },
    /// A contraction on a graphics card, of inputs that are there.
    Product(Op, SmallVec<[Array; 3]>),
    Done(Array),
    /// Nobody held it when its cluster ran.
    Gone,
}

/// An element-wise operation, which has no attributes but the dtype of a conversion.
#[derive(Clone, Copy, Debug)]
pub struct Plain {
    pub entry: &'static Entry,
    pub to: Option<DType>,
}

impl Plain {
    pub fn of(op: &Op) -> Option<Plain> {
        let to = match op.attrs {
            Attrs::None => None,
            Attrs::DType(to) => Some(to),
            _ => return None,
        };
        Some(Plain { entry: op.entry, to })
    }

    pub fn op(self) -> Op {
        Op { entry: self.entry, attrs: self.to.map_or(Attrs::None, Attrs::DType) }
    }
}

/// May this operation wait? It is element-wise, computes in floats or truth values, and is long.
#[inline]
pub fn is_worth_it(op: &Op, inputs: &[Array]) -> bool {
    inputs.iter().any(|input| matches!(input, Array::Tensor(tensor) if tensor.size() >= LONG))
        && can_fuse(op, &kinds(inputs))
}

fn kinds(inputs: &[Array]) -> SmallVec<[ElementType; 3]> {
    inputs.iter().map(Array::element_type).collect()
}

/// Integers have guards, and a range that weak numbers must fit: they do not wait. What the rule refuses is refused
/// where it runs.
pub fn can_fuse(op: &Op, kinds: &[ElementType]) -> bool {
    match (&op.attrs, &op.entry.rule, kinds) {
        (Attrs::DType(to), _, [from]) => std::ptr::eq(op.entry, &CAST) && to.is_float() && from.dtype != DType::Str,
        (Attrs::None, Rule::Elementwise(rule), kinds) => {
            rule(kinds).is_ok_and(|types| types.compute.is_float() || types.compute == DType::Bool)
        }
        _ => false,
    }
}

/// Puts an operation off. Errors of types and shapes are raised at once.
pub fn wait(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Array> {
    put_off(cx, op, inputs, None).map(Array::Lifted)
}

/// The same of one on a card that may fail for its values.
pub(super) fn wait_at_risk(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Array> {
    let line = cx.modes.place.clone();
    let lifted = put_off(cx, op, inputs, line)?;
    cx.modes.waiting.push_at_risk(lifted.clone());
    Ok(Array::Lifted(lifted))
}

fn put_off(cx: &mut Context, op: &Op, inputs: &mut [Array], line: Option<Place>) -> Result<Lifted> {
    let out = op.infer_of(inputs)?;
    let behind_product = inputs.iter().any(|input| matches!(input, Array::Lifted(lifted) if leads_to_product(lifted)));
    let most = match out.device {
        None => {
            cx.reserve(out.size(), out.dtype.size(), || out.type_name())?;
            CLUSTER
        }
        // memory of another device is that device's to watch
        Some(_) => waiting::TOGETHER + CLUSTER,
    };
    let weight_of_input = |input: &Array| if let Array::Lifted(lifted) = input { weight_of(lifted) } else { None };
    let mut weight = 1 + inputs.iter().filter_map(weight_of_input).sum::<usize>();
    while weight > most {
        // some may have run meanwhile, others were counted twice
        weight = 1 + weighed(inputs);
        if weight > most
            && let Some(heaviest) = inputs.iter_mut().max_by_key(|input| weight_of_input(input))
        {
            *heaviest = settled(cx, heaviest)?;
        }
    }
    if out.device.is_some() {
        waiting::count(cx, op, inputs, &out, behind_product);
    }
    let op = Plain::of(op).ok_or_else(cpu::mistyped)?;
    let inputs = inputs.iter_mut().map(std::mem::take).collect();
    let statement = cx.modes.waiting.statement();
    let state = State::Waits { op, inputs, weight, line, statement, behind_product };
    Ok(begun(cx, out, state))
}

/// Puts a contraction on a graphics card off, whose result is known. What its inputs wait for runs now.
pub(super) fn wait_product(cx: &mut Context, op: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    for input in inputs.iter_mut() {
        *input = settled(cx, input)?;
    }
    let inputs = inputs.iter_mut().map(std::mem::take).collect();
    cx.modes.waiting.must_run();
    Ok(Array::Lifted(begun(cx, out, State::Product(op.clone(), inputs))))
}

/// A value that waits.
fn begun(cx: &mut Context, out: Abstract, state: State) -> Lifted {
    let lifted = Lifted::new(out, Mode::Pending, 0, Pending(RefCell::new(state)));
    cx.modes.waiting.push(&lifted);
    lifted
}

/// How many operations wait behind a value; none if it does not wait.
pub(crate) fn weight_of(lifted: &Lifted) -> Option<usize> {
    match &*lifted.body::<Pending>()?.0.borrow() {
        State::Waits { weight, .. } => Some(*weight),
        State::Product(..) => Some(1),
        _ => None,
    }
}

/// Is it a contraction that waits, or is there, or was there, one among what it waits for?
pub(super) fn leads_to_product(lifted: &Lifted) -> bool {
    lifted.body::<Pending>().is_some_and(|pending| match &*pending.0.borrow() {
        State::Waits { behind_product, .. } => *behind_product,
        State::Product(..) => true,
        _ => false,
    })
}

/// The statement that asked for an element-wise operation that waits.
pub(super) fn statement(lifted: &Lifted) -> Option<u64> {
    match &*lifted.body::<Pending>()?.0.borrow() {
        State::Waits { statement, .. } => Some(*statement),
        _ => None,
    }
}

/// A contraction that waits, and its inputs; none if it is no such.
pub(super) fn product(lifted: &Lifted) -> Option<Parts> {
    match &*lifted.body::<Pending>()?.0.borrow() {
        State::Product(op, inputs) => Some((op.clone(), inputs.clone())),
        _ => None,
    }
}

/// How many operations wait behind these values.
fn weighed(values: &[Array]) -> usize {
    let mut work: Vec<Array> = values.to_vec();
    let mut seen = FxHashSet::default();
    while let Some(value) = work.pop() {
        if let Array::Lifted(node) = value
            && weight_of(&node).is_some()
            && seen.insert(node.address())
        {
            look(&node, |_, inputs| work.extend(inputs.iter().cloned()));
        }
    }
    seen.len()
}

/// What a value that waited has become.
pub(super) fn done(lifted: &Lifted) -> Option<Array> {
    match &*lifted.body::<Pending>()?.0.borrow() {
        State::Done(array) => Some(array.clone()),
        _ => None,
    }
}

/// An operation on values of which some wait.
pub(super) fn run_on_waiting(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Outputs> {
    if let (Kernel::Reduce(how), [Array::Lifted(input)]) = (&op.entry.kernel, &*inputs)
        && let Some(result) = reduced(cx, op, *how, input)?
    {
        return Ok(smallvec![result]);
    }
    let long = inputs.iter().any(|input| input.size() >= LONG);
    if long && can_fuse(op, &kinds(inputs)) {
        return Ok(smallvec![wait(cx, op, inputs)?]);
    }
    // they are the operation's own from here on, which may work on them in place
    for input in inputs.iter_mut() {
        if matches!(input, Array::Lifted(_)) {
            *input = settled(cx, input)?;
        }
    }
    now_all(cx, op, inputs)
}

/// The value itself, or what it waited for.
pub fn settled(cx: &mut Context, array: &Array) -> Result<Array> {
    match array {
        Array::Lifted(lifted) if lifted.mode() == Mode::Pending => settle(cx, lifted),
        other => Ok(other.clone()),
    }
}

/// Can it not be had any more, because nobody held it when its cluster ran?
pub fn is_gone(array: &Array) -> bool {
    let Array::Lifted(lifted) = array else { return false };
    lifted.body::<Pending>().is_some_and(|pending| matches!(*pending.0.borrow(), State::Gone))
}

/// The value itself, or what it waited for, if that has run.
pub fn arrived(_: &mut Context, array: &Array) -> Result<Array> {
    Ok(if let Array::Lifted(lifted) = array { done(lifted) } else { None }.unwrap_or_else(|| array.clone()))
}

/// What a value waits for. If it fails, or is interrupted, the value goes on waiting.
pub(super) fn settle(cx: &mut Context, lifted: &Lifted) -> Result<Array> {
    if weight_of(lifted).is_some()
        && let Err(error) = run(cx, lifted, true)
    {
        // it may be the fault of what ran along, or there may be memory for one after the other
        if lifted.aval().device.is_none() || !is_for_want(&error) {
            return Err(error);
        }
        waiting::one_by_one(cx, Some(lifted))?;
        run(cx, lifted, false)?;
    }
    done(lifted).ok_or_else(cpu::mistyped)
}

/// Is it an error for want of memory, or of a device?
fn is_for_want(error: &Error) -> bool {
    matches!(error.kind(), Kind::Memory | Kind::Device)
}

/// Runs a value and what it waits for as one, on a card together with what waits `along`, if that is wanted.
pub(super) fn run(cx: &mut Context, root: &Lifted, along: bool) -> Result<()> {
    if weight_of(root).is_none() {
        return Ok(());
    }
    cx.check()?;
    let cluster = Cluster::of(cx, root, along)?;
    cluster.reserve(cx, &cluster.outputs)?;
    let before = waiting::compiled(cx);
    let mut results = cluster.results(cx)?.into_iter();
    waiting::learn(cx, &cluster.nodes, before);
    for (number, node) in cluster.nodes.iter().enumerate() {
        set(
            node,
            match cluster.outputs.contains(&number) {
                true => State::Done(results.next().ok_or_else(cpu::mistyped)?),
                false => State::Gone,
            },
        );
    }
    Ok(())
}

fn set(node: &Lifted, state: State) {
    if let Some(pending) = node.body::<Pending>() {
        *pending.0.borrow_mut() = state;
    }
}

/// A reduction of what waits, together with it; none where the engine reduces none that it makes on the way. What others
/// need of it is made on the way, too; the rest goes on waiting, for those who might need it after all.
fn reduced(cx: &mut Context, op: &Op, how: Reduction, root: &Lifted) -> Result<Option<Array>> {
    let Attrs::Reduce { axes, .. } = &op.attrs else { return Err(cpu::mistyped()) };
    let shape = &root.aval().shape;
    if root.aval().device.is_some() || weight_of(root).is_none() {
        return Ok(None);
    }
    // the holders are who asks, and the arguments of a call
    let kept = root.holders() > 2;
    let Some(extent) = cpu::reduce::extent(shape, axes) else { return Ok(None) };
    cx.check()?;
    let cluster = Cluster::of(cx, root, false)?;
    let made = cluster.outputs.len() - usize::from(!kept);
    let out = op.infer(&[root.aval().clone()])?;
    cx.reserve(out.size(), out.dtype.size(), || out.type_name())?;
    cluster.reserve(cx, &cluster.outputs[..made])?;
    let (reduced, results) = cluster.reduced(cx, &Folded { how, extent, shape: &out.shape, kept })?;
    for (&number, result) in cluster.outputs.iter().zip(results) {
        set(&cluster.nodes[number], State::Done(result));
    }
    Ok(Some(reduced))
}

/// The same on a graphics card; none where one kernel cannot do it all. What a contraction makes is no part of it: its
/// kernel does what is element-wise behind it.
pub(super) fn reduced_on_card(cx: &mut Context, op: &Op, how: gpu::Reduction, root: &Lifted) -> Result<Option<Array>> {
    if weight_of(root).is_none() {
        return Ok(None);
    }
    let kept = root.holders() > 2 + cx.modes.waiting.holds(root);
    cx.check()?;
    let before = waiting::compiled(cx);
    let made = Cluster::of(cx, root, true).and_then(|cluster| {
        // the last node is what is reduced, unless another one that waits reads it
        let last = cluster.nodes.last().is_some_and(|last| last.is_same(root));
        let made = if last && cluster.product.is_none() { cluster.reduced_on_card(cx, op, how, kept)? } else { None };
        Ok(made.map(|made| (cluster, made)))
    });
    let (cluster, (reduced, results)) = match made {
        Ok(Some(made)) => made,
        // one after the other it may be possible
        Err(error) if is_for_want(&error) => return Ok(None),
        other => return other.map(|_| None),
    };
    waiting::learn(cx, &cluster.nodes, before);
    // what may fail has been looked at
    cx.modes.waiting.ran(&cluster.nodes);
    for (&number, result) in cluster.outputs.iter().zip(results) {
        set(&cluster.nodes[number], State::Done(result));
    }
    Ok(Some(reduced))
}

/// A waiting operation and its inputs.
pub(super) type Parts = (Op, SmallVec<[Array; 3]>);

/// Looks at an element-wise operation that waits; none if it does not.
pub(super) fn look<T>(node: &Lifted, look: impl FnOnce(Plain, &[Array]) -> T) -> Option<T> {
    match &*node.body::<Pending>()?.0.borrow() {
        State::Waits { op, inputs, .. } => Some(look(*op, inputs)),
        _ => None,
    }
}

/// The line that asked for an operation that waits on a card.
pub(super) fn line(node: &Lifted) -> Option<Place> {
    match &*node.body::<Pending>()?.0.borrow() {
        State::Waits { line, .. } => line.clone(),
        _ => None,
    }
}

/// The inputs of an operation that waits, for who is going to run it: these may be their only holders. It must give them
/// back if it does not come to that.
pub(super) fn inputs_mut<T>(node: &Lifted, change: impl FnOnce(Plain, &mut SmallVec<[Array; 3]>) -> T) -> Option<T> {
    match &mut *node.body::<Pending>()?.0.borrow_mut() {
        State::Waits { op, inputs, .. } => Some(change(*op, inputs)),
        _ => None,
    }
}

/// What stood in a variable before a value that waits was computed from it: the input at this address among all that is
/// waited for. None where it is no such value.
pub fn before(value: &Array, address: usize) -> Option<Array> {
    let mut work = vec![value.clone()];
    let mut seen = FxHashSet::default();
    while let Some(array) = work.pop() {
        match array {
            Array::Tensor(tensor) if tensor.address() == address => return Some(Array::Tensor(tensor)),
            Array::Lifted(lifted) if seen.insert(lifted.address()) => {
                look(&lifted, |_, inputs| work.extend(inputs.iter().cloned()));
            }
            _ => {}
        }
    }
    None
}
