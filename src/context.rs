//! What an operation may see of its session: limits, the interrupt flag, the clock of a timeout, memory, threads.
//!
//! Every operation gets a `Context`; there is no global state. It must never hold names of the program.

use crate::devices::Devices;
use crate::diagnostics::{Error, Kind, Result};
use crate::isa::Isa;
use crate::memory::{self, System};
use crate::output::Sink;
use crate::tensor::show::PrintOptions;
use crate::tensor::{Element, Pool};
use crate::transform::Modes;
use crate::workers::Workers;
#[cfg(test)]
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Bounds a session keeps, so that a program can fail without taking the machine with it.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes that all values together may take. Small ones are not counted.
    pub memory: usize,
    /// Nested calls.
    pub depth: usize,
    /// When the program has to be done.
    pub deadline: Option<Instant>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { memory: memory::physical(), depth: 10_000, deadline: None }
    }
}

/// Stops a running program from another thread or a signal handler.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
    pub fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where a session is in its stream of random numbers; `ops::random` defines the stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RandomState {
    pub seed: u64,
    /// How many draws have been made.
    pub draws: u64,
}

impl RandomState {
    /// The start of the stream of this seed.
    pub fn seeded(seed: u64) -> RandomState {
        RandomState { seed, draws: 0 }
    }
}

#[derive(Debug)]
pub struct Context {
    pub limits: Limits,
    pub interrupt: Interrupt,
    pub random: RandomState,
    pub system: System,
    pub pool: Pool,
    pub workers: Workers,
    /// What kernels are run with.
    pub isa: Isa,
    pub modes: Modes,
    pub devices: Devices,
    /// How many kernels were started so far, clusters of operations being one.
    pub kernels: u64,
    /// Where operations print.
    pub output: Sink,
    /// How values are printed.
    pub print: PrintOptions,
}

impl Default for Context {
    fn default() -> Context {
        let limits = Limits::default();
        let pool = Pool::bounded(limits.memory / POOLED);
        Context {
            limits,
            pool,
            interrupt: Interrupt::default(),
            random: RandomState::default(),
            system: System::default(),
            workers: Workers::default(),
            isa: Isa::default(),
            modes: Modes::default(),
            devices: Devices::default(),
            kernels: 0,
            output: Sink::default(),
            print: PrintOptions::default(),
        }
    }
}

/// The share of the memory, as one part of so many, that free buffers may keep.
const POOLED: usize = 16;

impl Context {
    /// Errors when the program was interrupted or its time is up. Called on loop turns, calls and between kernel tiles.
    pub fn check(&self) -> Result<()> {
        check(&self.interrupt, self.limits.deadline)
    }

    /// Bounds the memory of all values and of the buffers kept for new ones.
    pub fn limit_memory(&mut self, bytes: usize) {
        self.limits.memory = bytes;
        self.pool.set_bound(bytes / POOLED);
    }

    /// Calls `work` with every part, on all threads; each has a state of its own. Parts must not take longer than a
    /// look at the interrupt flag may wait; after an interruption the rest of them is left out.
    pub fn share<S, I>(
        &self,
        parts: I,
        state: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, I::Item) + Sync,
    ) -> Result<()>
    where
        I: Iterator + Send,
        I::Item: Send,
    {
        let (interrupt, deadline) = (&self.interrupt, self.limits.deadline);
        self.workers.each(parts, state, |state, part| {
            if check(interrupt, deadline).is_ok() {
                work(state, part);
            }
        });
        self.check()
    }

    /// A buffer of `count` elements that hold anything. The memory has been checked.
    pub fn buffer<T: Element + Copy>(&self, count: usize) -> Vec<T> {
        self.pool.take(count)
    }

    /// Does somebody want to know which line is running?
    #[inline]
    pub fn wants_place(&self) -> bool {
        self.modes.is_tracing() || self.devices.any_open()
    }

    /// Errors when `count` elements of `width` bytes are more than a value may take. `what` is said in the message,
    /// as `f64[1000, 1000]`.
    pub fn reserve(&self, count: usize, width: usize, what: impl FnOnce() -> String) -> Result<()> {
        let bytes = count.saturating_mul(width);
        let limit = self.limits.memory;
        let used = self.pool.used();
        let refused = if bytes > limit {
            format!("the limit is {}", readable(limit))
        } else if bytes > limit.saturating_sub(used) {
            format!("{} of the limit of {} are in use", readable(used), readable(limit))
        } else if !self.system.has(bytes) && !self.has_without_pool(bytes) {
            "the system has not as much left".to_string()
        } else {
            return Ok(());
        };
        let size = if bytes == usize::MAX { "more than 16 EB".to_string() } else { readable(bytes) };
        Err(Error::new(Kind::Memory, format!("{} takes {size}; {refused}", what())))
    }

    /// Has the system as much left when free buffers are given back to it?
    #[cold]
    fn has_without_pool(&self, bytes: usize) -> bool {
        self.pool.clear();
        self.system.has(bytes)
    }
}

#[cfg(test)]
impl Context {
    /// One that computes with so many threads, or with one.
    pub fn with_threads(threads: usize) -> Context {
        let threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
        Context { workers: Workers::new(threads), ..Context::default() }
    }
}

/// Errors when a program was interrupted or its time is up.
pub fn check(interrupt: &Interrupt, deadline: Option<Instant>) -> Result<()> {
    if interrupt.is_raised() {
        return Err(Error::new(Kind::Interrupted, "interrupted"));
    }
    match deadline {
        Some(deadline) if Instant::now() >= deadline => {
            Err(Error::new(Kind::Interrupted, "the time limit is reached").limit())
        }
        _ => Ok(()),
    }
}

/// `1536` as `1.5 kB`; decimal prefixes.
pub fn readable(bytes: usize) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 100.0 {
        format!("{value:.0} {}", units[unit])
    } else {
        format!("{value:.1} {}", units[unit])
    }
}
