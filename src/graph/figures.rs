//! Figures of a compiled function: how often it was traced and why, how often it ran, and what its last run took.

use std::collections::VecDeque;

/// Traces that are remembered with their reasons.
const KEPT: usize = 64;

#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// The function's; empty where it has none.
    pub name: String,
    pub calls: u64,
    /// How often it was traced.
    pub traces: u64,
    /// The last of them, oldest first.
    pub last: VecDeque<Traced>,
    /// Kernels that its last run started, clusters of element-wise operations being one.
    pub kernels: u64,
    /// The most bytes of buffers that its last run had in use at a time, what was in use before not counted.
    pub bytes: usize,
}

/// One trace.
#[derive(Clone, Debug)]
pub struct Traced {
    /// Why what was there did not do.
    pub reason: String,
    /// Operations that were recorded.
    pub recorded: usize,
    /// Operations that were left when it was simplified.
    pub nodes: usize,
}

impl Figures {
    pub fn add(&mut self, traced: Traced) {
        self.traces += 1;
        if self.last.len() >= KEPT {
            self.last.pop_front();
        }
        self.last.push_back(traced);
    }
}
