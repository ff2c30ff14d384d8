//! The threads of a session.
//!
//! Work is cut into parts whose number and borders depend on the shapes alone: what comes out does not depend on how
//! many threads there are. Each thread has a stretch of neighbouring parts, the same ones whenever the same work comes again,
//! so that what is in the caches of its core is there for it; when these are done it takes what others have left. The threads are started when first needed; the
//! session's own works with them.

use rayon_core::{ThreadPool, ThreadPoolBuilder};
use std::cell::{Cell, OnceCell};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// So long the session's thread waits awake for the last parts of the others. It takes the time that others need to wake
/// up and to do a part: if it fell asleep meanwhile, they would be asleep again when it wakes up, and so forever.
const PATIENCE: Duration = Duration::from_micros(200);
/// So long the others stay awake for the next work, which in a loop comes sooner than they would wake up.
const LINGER: Duration = Duration::from_micros(300);
/// When the others are late it may be that somebody else wants their cores, which threads that wait awake are given last.
/// For so many times that there is work they sleep.
const CROWDED: usize = 100;
/// Turns of waiting between looks at the clock.
const TURNS: usize = 32;

/// More threads than a machine runs at once cost time and bring none. The number is not 0, which the compiler sees.
const MOST: NonZeroUsize = NonZeroUsize::new(64).unwrap();

#[derive(Debug)]
pub struct Workers {
    threads: NonZeroUsize,
    /// All threads but the session's own; none where the system gives none.
    others: OnceCell<Option<ThreadPool>>,
    /// How many pieces of work they have been given and not begun.
    open: Arc<AtomicUsize>,
    /// For so many times that there is work they do not linger.
    crowded: Cell<usize>,
}

impl Default for Workers {
    /// As many threads as the system runs at once for this process.
    fn default() -> Workers {
        Workers::new(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }
}

impl Workers {
    /// More than `MOST` only where the system runs as many at once.
    pub fn new(threads: NonZeroUsize) -> Workers {
        let most = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN).max(MOST);
        Workers { threads: threads.min(most), others: OnceCell::new(), open: Arc::default(), crowded: Cell::new(0) }
    }

    pub fn threads(&self) -> usize {
        self.threads.get()
    }

    /// Calls `work` with every part, on as many threads as there are. Each thread has a state of its own.
    pub fn each<S, I>(&self, parts: I, state: impl Fn() -> S + Sync, work: impl Fn(&mut S, I::Item) + Sync)
    where
        I: Iterator + Send,
        I::Item: Send,
    {
        let mut parts = parts.peekable();
        let Some(first) = parts.next() else { return };
        let others = if parts.peek().is_some() { self.others() } else { None };
        let Some(others) = others else {
            let mut state = state();
            run(&work, &mut state, first);
            return parts.for_each(|part| run(&work, &mut state, part));
        };
        let parts: Vec<_> = std::iter::once(first).chain(parts).map(|part| Mutex::new(Some(part))).collect();
        let threads = (others.current_num_threads() + 1).min(parts.len());
        self.fork(others, threads, &|thread| {
            let mut state = state();
            let (before, own) = parts.split_at(parts.len() * thread / threads);
            for part in own.iter().chain(before) {
                // a thread that panicked took its part with it
                let part = part.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(part) = part {
                    run(&work, &mut state, part);
                }
            }
        });
    }

    /// Calls `take` with the number of every thread, on that thread. It is one function for all kinds of work: they are
    /// many.
    fn fork(&self, others: &ThreadPool, threads: usize, take: &(dyn Fn(usize) + Sync)) {
        let busy = AtomicUsize::new(threads - 1);
        let linger = self.crowded.get() == 0;
        self.crowded.set(self.crowded.get().saturating_sub(1));
        self.open.fetch_add(threads - 1, Ordering::AcqRel);
        others.in_place_scope(|scope| {
            for number in 1..threads {
                let (busy, open) = (&busy, self.open.clone());
                scope.spawn(move |_| {
                    open.fetch_sub(1, Ordering::AcqRel);
                    take(number);
                    busy.fetch_sub(1, Ordering::Release);
                    // behind this work, which the session's thread need not wait for
                    if linger {
                        rayon_core::spawn(move || _ = stay_awake(LINGER, || open.load(Ordering::Acquire) > 0));
                    }
                });
            }
            take(0);
            // the scope waits for the others asleep, and waking up takes longer than most of them have left to do
            if !stay_awake(PATIENCE, || busy.load(Ordering::Acquire) == 0) {
                self.crowded.set(CROWDED);
            }
        });
    }

    fn others(&self) -> Option<&ThreadPool> {
        let build = || {
            let builder = ThreadPoolBuilder::new().num_threads(self.threads.get() - 1);
            // NonZero less one may be zero, which the builder would take for "as many as there are"
            (self.threads.get() > 1).then(|| builder.thread_name(|_| "nabla".to_string()).build().ok()).flatten()
        };
        self.others.get_or_init(build).as_ref()
    }
}

/// A part, by code that is there once for all the places above that call it.
#[inline(never)]
fn run<S, P>(work: &impl Fn(&mut S, P), state: &mut S, part: P) {
    work(state, part);
}

/// Waits until something is so, and no longer than this. Is it? Others that want the core may have it.
fn stay_awake(most: Duration, done: impl Fn() -> bool) -> bool {
    let mut start = None;
    while !done() && start.get_or_insert_with(Instant::now).elapsed() < most {
        for _ in 0..TURNS {
            if done() {
                return true;
            }
            std::hint::spin_loop();
        }
        thread::yield_now();
    }
    done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_once_with_any_number_of_threads() {
        for threads in 1..5 {
            let workers = Workers::new(NonZeroUsize::new(threads).unwrap());
            for count in [0, 1, 2, 1000] {
                let mut out = vec![0; count];
                workers.each(out.iter_mut().enumerate(), || 1, |one, (i, out)| *out += i + *one);
                assert_eq!(out, (1..=count).collect::<Vec<_>>(), "{threads} threads, {count} parts");
            }
        }
    }
}
