//! How long what waits may wait: to the end of its statement, so that errors, memory and time belong to the line that
//! asked. On a graphics card, where work is done late anyway, chains of operations that cannot fail go on waiting behind
//! it, and run as one kernel when somebody reads, or when they are long enough.
//!
//! Nothing here may change what a program computes. What waits behind its statement must not take much more memory than it
//! would when it has run, and it must have room; then an error of memory belongs to the line, too.

use super::card;
use super::pending::{leads_to_product, look, run, settle, statement, weight_of};
use super::placed;
use crate::context::Context;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::Op;
use crate::tensor::{Abstract, Array, Lifted, WeakLifted};
use rustc_hash::FxHashMap;

/// So many operations that wait behind their statements run. If it can be they run at the place where others ran before, so
/// that the turns of a loop come to one kernel.
pub(super) const TOGETHER: usize = 64;
/// What computes a function counts as so many: to compile many of them together takes long, and gains little.
const FUNCTION: usize = 8;
/// Bytes that may be held for what waits behind its statement, more than it would take when it has run.
const SPARE: usize = 128 << 20;
/// New kernels of several statements in a row after which they do not wait any more, for so many statements at first.
const NEW: u32 = 3;
const REST: u64 = 256;
/// How often that number doubles at most.
const LEVELS: u32 = 6;
/// Entries from which on the list of what waits is cleared of what does not any more.
const CROWD: usize = 256;

/// All that may be waiting.
#[derive(Default)]
pub(crate) struct Waiting {
    /// What this statement asked for, oldest first.
    all: Vec<WeakLifted>,
    /// Those on a card that may fail for their values: they run even if nobody else holds them.
    at_risk: Vec<Lifted>,
    /// What statements before asked for, on cards, oldest first.
    behind: Vec<WeakLifted>,
    /// Of what waits on cards.
    load: Load,
    trust: Trust,
    /// Counts statements.
    statement: u64,
    /// Where what waited was last cut.
    cut: usize,
    /// The address of a value whose variable is about to get another one.
    replaced: usize,
}

/// What it takes to wait.
#[derive(Default)]
struct Load {
    operations: usize,
    /// How many they were when the place was last passed where others ran before.
    passed: usize,
    /// Bytes of all that would be made, at most.
    made: u64,
    /// Bytes of all that is read, at most, and of the largest thing that is.
    read: usize,
    largest: usize,
    /// There is something that must not wait behind its statement.
    due: bool,
}

/// Does it pay to let statements wait? Kernels that are new every time take longer to compile than they save.
#[derive(Default)]
struct Trust {
    new: u32,
    level: u32,
    /// Statements until it is tried again.
    rest: u64,
}

impl Trust {
    fn learn(&mut self, is_new: bool) {
        if !is_new {
            (self.new, self.level) = (0, self.level.saturating_sub(1));
            return;
        }
        self.new += 1;
        if self.new >= NEW || self.level > 0 {
            self.rest = REST << self.level;
            (self.new, self.level) = (0, LEVELS.min(self.level + 1));
        }
    }
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
        self.must_run();
        // what has run is held by others alone
        self.at_risk.retain(|held| weight_of(held).is_some());
        self.at_risk.push(lifted);
    }

    /// What waits runs at the end of the statement.
    pub(super) fn must_run(&mut self) {
        self.load.due = true;
    }

    /// The number of this statement.
    pub(super) fn statement(&self) -> u64 {
        self.statement
    }

    /// How many holders of a value count for nothing: the list of what may fail, and a variable about to get another one.
    pub(super) fn holds(&self, node: &Lifted) -> usize {
        let address = node.address();
        let listed = self.at_risk.iter().filter(|held| held.address() == address).count();
        listed + usize::from(self.replaced == address)
    }

    /// What waits on cards behind its statement.
    pub(super) fn company(&self) -> impl Iterator<Item = Lifted> {
        self.behind.iter().filter_map(WeakLifted::upgrade).filter(|lifted| weight_of(lifted).is_some())
    }

    /// What has run waits no more.
    pub(super) fn ran(&mut self, nodes: &[Lifted]) {
        self.at_risk.retain(|held| !nodes.iter().any(|node| node.is_same(held)));
    }

    /// Does what is held for it alone take little more than what will be made of it, and that, made at once, little more
    /// than one by one?
    fn holds_little(&self) -> bool {
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
            let others = value.holders() > uses + 1 + self.holds(value);
            match weight_of(value).is_some() {
                true if others => {
                    let bytes = value.aval().bytes();
                    (made, largest) = (made.saturating_add(bytes), largest.max(bytes));
                }
                false if !others => held = held.saturating_add(placed::bytes(value)),
                _ => {}
            }
        }
        held <= made.saturating_add(SPARE) && made <= largest.saturating_add(SPARE)
    }

    /// May what waits on cards wait for the next statement? `at` is where this one stands.
    fn may_wait(&mut self, at: usize) -> bool {
        if self.load.due {
            return false;
        }
        if self.trust.rest > 0 {
            self.trust.rest -= 1;
            return false;
        }
        let operations = self.load.operations;
        let turn = if at == self.cut { operations - std::mem::replace(&mut self.load.passed, operations) } else { 0 };
        if operations >= TOGETHER || operations + turn > TOGETHER {
            self.cut = at;
            return false;
        }
        let is_light = self.load.read <= SPARE || self.holds_little();
        if !is_light {
            self.cut = at;
        }
        is_light
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

/// An operation on a card begins to wait for these inputs, a contraction among them or not.
pub(super) fn count(cx: &mut Context, op: &Op, inputs: &[Array], out: &Abstract, behind_product: bool) {
    let room = cx.devices.cards().map(|card| card.gpu.room()).min().unwrap_or(u64::MAX);
    let load = &mut cx.modes.waiting.load;
    load.operations += if card::is_function(op, inputs) { FUNCTION } else { 1 };
    for input in inputs {
        if let Array::Lifted(lifted) = input
            && weight_of(lifted).is_none()
        {
            let bytes = placed::bytes(lifted);
            load.read = load.read.saturating_add(bytes);
            load.largest = load.largest.max(bytes);
        }
    }
    let bytes = out.bytes();
    load.made = load.made.saturating_add(bytes as u64);
    // sums of many products would hold them all; where there may be no room, that is an error here and now
    load.due |= behind_product || bytes > load.largest.max(SPARE) || load.made > room;
}

/// Kernels compiled so far.
pub(super) fn compiled(cx: &Context) -> u64 {
    cx.devices.cards().map(|card| card.gpu.compiled()).sum()
}

/// These have run on a card, where so many kernels were compiled before.
pub(super) fn learn(cx: &mut Context, nodes: &[Lifted], before: u64) {
    if nodes.iter().all(|node| node.aval().device.is_none()) {
        return;
    }
    let is_new = compiled(cx) > before;
    let mut statements = nodes.iter().filter_map(statement);
    let first = statements.next();
    let waiting = &mut cx.modes.waiting;
    if statements.any(|other| Some(other) != first) {
        waiting.trust.learn(is_new);
    }
}

/// A value is about to be replaced in its variable by what this statement computes.
pub fn replacing(cx: &mut Context, old: &Array) {
    if let Array::Lifted(lifted) = old {
        cx.modes.waiting.replaced = lifted.address();
    }
}

/// May anything wait that this statement asked for?
#[inline]
pub fn any(cx: &Context) -> bool {
    !cx.modes.waiting.all.is_empty()
}

/// Does anything wait that statements before asked for?
pub fn any_behind(cx: &Context) -> bool {
    cx.modes.waiting.company().next().is_some()
}

/// Runs what may not go on waiting at the end of the statement that stands here: any number, the same for the same statement.
pub fn end_statement(cx: &mut Context, at: usize) -> Result<()> {
    let waiting = &mut cx.modes.waiting;
    waiting.statement += 1;
    let result = if waiting.load.operations > 0 && waiting.may_wait(at) { leave_behind(cx) } else { settle_due(cx) };
    cx.modes.waiting.replaced = 0;
    result
}

/// Lets what waits on cards wait behind its statement.
fn leave_behind(cx: &mut Context) -> Result<()> {
    let all = std::mem::take(&mut cx.modes.waiting.all);
    let mut due = vec![];
    for weak in all {
        let Some(lifted) = weak.upgrade().filter(|lifted| weight_of(lifted).is_some()) else { continue };
        let may_stay = lifted.aval().device.is_some() && !leads_to_product(&lifted);
        if may_stay { cx.modes.waiting.behind.push(weak) } else { due.push(weak) }
    }
    // the last one takes along what it waits for
    for lifted in due.iter().rev().filter_map(WeakLifted::upgrade) {
        settle_if_waiting(cx, &lifted)?;
    }
    if !any_behind(cx) {
        (cx.modes.waiting.behind, cx.modes.waiting.load) = Default::default();
    }
    Ok(())
}

/// Runs all that waits and that somebody holds, or that may fail. What statements before asked for and cannot be had goes on
/// waiting: it is an error for who reads it.
pub fn settle_due(cx: &mut Context) -> Result<()> {
    settle_each(cx, unless_catchable)
}

/// The same where all errors are to be known, but for those of devices: what is lost is no part of what is asked here.
pub fn settle_all(cx: &mut Context) -> Result<()> {
    settle_each(cx, |error| if error.kind() == Kind::Device { Ok(()) } else { Err(error) })
}

fn settle_each(cx: &mut Context, judge: impl Fn(Error) -> Result<()>) -> Result<()> {
    while let Some(weak) = cx.modes.waiting.all.pop() {
        if let Some(lifted) = weak.upgrade() {
            settle_if_waiting(cx, &lifted)?;
        }
    }
    while let Some(weak) = cx.modes.waiting.behind.pop() {
        if let Some(lifted) = weak.upgrade()
            && let Err(error) = settle_if_waiting(cx, &lifted)
        {
            judge(error)?;
            // all there was has been tried
            cx.modes.waiting.behind.clear();
        }
    }
    cx.modes.waiting.at_risk.clear();
    cx.modes.waiting.load = Load::default();
    Ok(())
}

fn unless_catchable(error: Error) -> Result<()> {
    if error.catchable() { Ok(()) } else { Err(error) }
}

fn settle_if_waiting(cx: &mut Context, lifted: &Lifted) -> Result<()> {
    // besides the variable that gets another value nobody but who asks here holds it
    let is_gone = cx.modes.waiting.replaced == lifted.address() && lifted.holders() == 2;
    if weight_of(lifted).is_some() && !is_gone { settle(cx, lifted).map(|_| ()) } else { Ok(()) }
}

/// Runs what waits on cards, and this value, statement by statement, as if nothing had waited for the next one. What fails
/// goes on waiting.
pub(super) fn one_by_one(cx: &mut Context, asked: Option<&Lifted>) -> Result<()> {
    let waiting = &cx.modes.waiting;
    let mut all: Vec<(u64, WeakLifted)> = vec![];
    let asked = asked.map(Lifted::downgrade);
    for weak in waiting.behind.iter().chain(&waiting.all).chain(&asked).rev() {
        let on_card = weak.upgrade().filter(|lifted| lifted.aval().device.is_some());
        all.extend(on_card.map(|lifted| (statement(&lifted).unwrap_or(waiting.statement), weak.clone())));
    }
    // in a statement the last one is first, and takes along what it waits for
    all.sort_by_key(|(statement, _)| *statement);
    for lifted in all.iter().filter_map(|(_, weak)| weak.upgrade()) {
        run(cx, &lifted, false).or_else(unless_catchable)?;
    }
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

/// Forgets what this statement asked for: it runs when somebody needs it, if ever.
pub fn forget(cx: &mut Context) {
    let waiting = &mut cx.modes.waiting;
    waiting.all.clear();
    waiting.at_risk.clear();
    waiting.load.due = false;
}

/// Runs what may fail on a card, though nobody may hold it: what it finds is known at the next look.
pub fn run_at_risk(cx: &mut Context) -> Result<()> {
    while let Some(lifted) = cx.modes.waiting.at_risk.first().cloned() {
        let result = settle_if_waiting(cx, &lifted);
        cx.modes.waiting.at_risk.retain(|held| !held.is_same(&lifted));
        result?;
    }
    Ok(())
}
