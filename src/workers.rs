//! The threads of a session.
//!
//! Work is cut into parts whose number and borders depend on the shapes alone: what comes out does not depend on how many
//! threads there are. Each thread has a stretch of neighbouring parts, the same ones whenever the same work comes again,
//! so that what is in the caches of its core is there for it; when these are done it takes what others have left. The threads are started when first needed; the
//! session's own works with them.

use rayon_core::{ThreadPool, ThreadPoolBuilder};
use std::cell::OnceCell;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Turns that the session's thread waits awake for the last parts of the others: some tens of microseconds.
const PATIENCE: usize = 2000;

/// More threads than a machine runs at once cost time and bring none. The number is not 0, which the compiler sees.
const MOST: NonZeroUsize = NonZeroUsize::new(64).unwrap();

#[derive(Debug)]
pub struct Workers {
    threads: NonZeroUsize,
    /// All threads but the session's own; none where the system gives none.
    others: OnceCell<Option<ThreadPool>>,
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
        Workers { threads: threads.min(most), others: OnceCell::new() }
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
            work(&mut state, first);
            return parts.for_each(|part| work(&mut state, part));
        };
        let parts: Vec<_> = std::iter::once(first).chain(parts).map(|part| Mutex::new(Some(part))).collect();
        let threads = (others.current_num_threads() + 1).min(parts.len());
        let take = |thread: usize| {
            let mut state = state();
            let (before, own) = parts.split_at(parts.len() * thread / threads);
            for part in own.iter().chain(before) {
                // a thread that panicked took its part with it
                let part = part.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(part) = part {
                    work(&mut state, part);
                }
            }
        };
        let busy = AtomicUsize::new(threads - 1);
        others.in_place_scope(|scope| {
            for number in 1..threads {
                let (take, busy) = (&take, &busy);
                scope.spawn(move |_| {
                    take(number);
                    busy.fetch_sub(1, Ordering::Release);
                });
            }
            take(0);
            // the scope waits for the others asleep, and waking up takes longer than most of them have left to do
            let mut turns = 0;
            while turns < PATIENCE && busy.load(Ordering::Acquire) > 0 {
                std::hint::spin_loop();
                turns += 1;
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
