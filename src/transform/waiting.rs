//! How long what waits may wait: to the end of its statement, so that errors, memory and time belong to the line that
//! asked. On a graphics card, where they do not anyway, chains of operations that cannot fail go on waiting behind it, and
//! run as one kernel when somebody reads, or when they are long enough.
//!
//! Nothing here may change what a program computes, or let it take more memory than statement by statement, but for little.

use super::card;
use super::pending::{CLUSTER, look, settle, weight_of};
use super::placed;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::ops::Op;
use crate::tensor::{Abstract, Array, Lifted, WeakLifted};
use rustc_hash::FxHashMap;

/// Entries from which on the list of what waits is cleared of what does not any more.
const CROWD: usize = 256;
/// Bytes that may be taken for what waits behind its statement, more than it would take at the end of it: so many, and no
/// more than this part of the memory there is.
const SPARE: usize = 128 << 20;
const PART: u64 = 16;
/// What computes a function counts as so many operations: to compile many of them together takes long, and gains little.
const FUNCTION: usize = 8;

/// All that may be waiting.
#[derive(Default)]
pub(crate) struct Waiting {
    /// What this statement asked for, oldest first.
    all: Vec<WeakLifted>,
    /// Those on a card that may fail for their values: they run even if nobody else holds them.
    at_risk: Vec<Lifted>,
    /// What statements before asked for, on cards.
    behind: Vec<WeakLifted>,
    /// Of what waits on cards, since all last ran.
    load: Load,
}

/// What it takes to wait.
#[derive(Default)]
struct Load {
    operations: usize,
    /// Bytes of all that is read, at most, and of the largest thing that is.
    read: usize,
    largest: usize,
    /// There is something that must not wait behind its statement.
    due: bool,
}

impl Waiting {
    /// Adds what has begun to wait.
    pub(super) fn push(&mut self, lifted: &Lifted) {
        if self.all.len() >= CROWD && self.all.len().is_power_of_two() {
            self.all.retain(WeakLifted::is_alive);
        }
        self.all.push(lifted.downgrade());
    }

    /// The same of what may fail for its values.
    pub(super) fn push_at_risk(&mut self, lifted: Lifted) {
        self.load.due = true;
        // what has run is held by others alone
        self.at_risk.retain(|held| weight_of(held).is_some());
        self.at_risk.push(lifted);
    }

    /// What waits runs at the end of the statement.
    pub(super) fn must_run(&mut self) {
        self.load.due = true;
    }

    /// An operation on a card waits for these inputs; `spare` is memory that it may take more than it must.
    fn count(&mut self, weight: usize, inputs: &[Array], out: &Abstract, spare: usize) {
        self.load.operations += weight;
        for input in inputs {
            if let Array::Lifted(lifted) = input
                && weight_of(lifted).is_none()
            {
                let bytes = placed::bytes(lifted);
                self.load.read = self.load.read.saturating_add(bytes);
                self.load.largest = self.load.largest.max(bytes);
            }
        }
        // where there may be no memory for what is made, that is an error here and now
        self.load.due |= bytes(out) > self.load.largest.max(spare);
    }

    /// How often the list of what may fail holds a value.
    pub(super) fn holds(&self, node: &Lifted) -> usize {
        self.at_risk.iter().filter(|held| held.address() == node.address()).count()
    }

    /// What runs together with a value on a card, if it is of the same shape.
    pub(super) fn company(&self) -> impl Iterator<Item = Lifted> {
        self.behind.iter().filter_map(WeakLifted::upgrade).filter(|lifted| weight_of(lifted).is_some())
    }

    /// Does what is held for it alone take little more than what will be made of it, and that, made at once, little more
    /// than one by one?
    fn holds_little(&self, spare: usize) -> bool {
        let mut met = Met::default();
        let roots = self.all.iter().chain(&self.behind).filter_map(WeakLifted::upgrade);
        for root in roots.filter(|root| root.aval().device.is_some()) {
            met.uses(&root);
        }
        while let Some(node) = met.unseen.pop() {
            look(&node, |_, inputs| {
                for input in inputs {
                    if let Array::Lifted(lifted) = input {
                        *met.uses(lifted) += 1;
                    }
                }
            });
        }
        let (mut made, mut largest, mut held) = (0_usize, 0, 0_usize);
        for (value, uses) in met.values.values() {
            // one of its holders is this list
            let others = value.holders() > uses + 1;
            match weight_of(value).is_some() {
                true if others => {
                    let bytes = bytes(value.aval());
                    (made, largest) = (made.saturating_add(bytes), largest.max(bytes));
                }
                false if !others => held = held.saturating_add(placed::bytes(value)),
                _ => {}
            }
        }
        held <= made.saturating_add(spare) && made <= largest.saturating_add(spare)
    }

    /// Lets nothing run together with others any more that waits behind its statement: something of it cannot. Was there any?
    pub(super) fn part_company(&mut self) -> bool {
        !std::mem::take(&mut self.behind).is_empty()
    }

    /// What has run waits no more.
    pub(super) fn ran(&mut self, nodes: &[Lifted]) {
        self.at_risk.retain(|held| !nodes.iter().any(|node| node.is_same(held)));
    }
}

/// Values that wait, and what they read.
#[derive(Default)]
struct Met {
    /// By address; how often each one is read.
    values: FxHashMap<usize, (Lifted, usize)>,
    unseen: Vec<Lifted>,
}

impl Met {
    /// How often a value is read.
    fn uses(&mut self, value: &Lifted) -> &mut usize {
        let entry = self.values.entry(value.address()).or_insert_with(|| {
            if weight_of(value).is_some() {
                self.unseen.push(value.clone());
            }
            (value.clone(), 0)
        });
        &mut entry.1
    }
}

/// Memory of a card that may be taken beyond what must.
fn spare(cx: &Context) -> usize {
    usize::try_from(cx.devices.bound() / PART).map_or(SPARE, |part| SPARE.min(part))
}

/// An operation on a card begins to wait for these inputs.
pub(super) fn count(cx: &mut Context, op: &Op, inputs: &[Array], out: &Abstract) {
    let (weight, spare) = (if card::is_function(op, inputs) { FUNCTION } else { 1 }, spare(cx));
    cx.modes.waiting.count(weight, inputs, out, spare);
}

/// May what waits on cards wait for the next statement?
fn may_wait(cx: &Context) -> bool {
    let (load, spare) = (&cx.modes.waiting.load, spare(cx));
    !load.due && load.operations < CLUSTER && (load.read <= spare || cx.modes.waiting.holds_little(spare))
}

fn bytes(aval: &Abstract) -> usize {
    aval.size().saturating_mul(aval.dtype.size())
}

/// Does anything wait that this statement asked for?
#[inline]
pub fn any(cx: &Context) -> bool {
    !cx.modes.waiting.all.is_empty()
}

/// Runs what may not go on waiting at the end of a statement.
pub fn end_statement(cx: &mut Context) -> Result<()> {
    if !may_wait(cx) {
        return settle_all(cx);
    }
    while let Some(weak) = cx.modes.waiting.all.pop() {
        let Some(lifted) = weak.upgrade().filter(|lifted| weight_of(lifted).is_some()) else { continue };
        match lifted.aval().device {
            Some(_) => cx.modes.waiting.behind.push(weak),
            None => drop(settle(cx, &lifted)?),
        }
    }
    Ok(())
}

/// Runs all that waits and that somebody holds, or that may fail.
pub fn settle_all(cx: &mut Context) -> Result<()> {
    while let Some(weak) = cx.modes.waiting.all.pop().or_else(|| cx.modes.waiting.behind.pop()) {
        if let Some(lifted) = weak.upgrade()
            && weight_of(&lifted).is_some()
        {
            settle(cx, &lifted)?;
        }
    }
    cx.modes.waiting.at_risk.clear();
    cx.modes.waiting.load = Load::default();
    Ok(())
}

/// What is computed here waits until somebody asks for it, and not for the end of the statement.
pub(super) fn unasked<T>(cx: &mut Context, compute: impl FnOnce(&mut Context) -> Result<T>) -> Result<T> {
    let before = (cx.modes.waiting.all.len(), cx.modes.waiting.at_risk.len());
    let result = compute(cx);
    cx.modes.waiting.all.truncate(before.0);
    cx.modes.waiting.at_risk.truncate(before.1);
    result
}

/// Runs what may fail on a card, though nobody may hold it: what it finds is known at the next look.
pub fn run_at_risk(cx: &mut Context) -> Result<()> {
    for lifted in std::mem::take(&mut cx.modes.waiting.at_risk) {
        if weight_of(&lifted).is_some() {
            settle(cx, &lifted)?;
        }
    }
    Ok(())
}

/// Forgets what this statement asked for: it runs when somebody needs it, if ever.
pub fn forget(cx: &mut Context) {
    let waiting = &mut cx.modes.waiting;
    waiting.all.clear();
    waiting.at_risk.clear();
    waiting.load.due = false;
}
