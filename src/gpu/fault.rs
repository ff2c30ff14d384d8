//! Faults: what a kernel finds wrong with the values it computes, told when somebody next waits for the device.
//!
//! The device has one fault word. The first invocation that finds an index out of bounds, a sum that does not fit, or a
//! divisor that is 0 writes the number of its site there; the host knows what each site would say. Of several faults at
//! a time it may be any.

use super::kernel::{Access, Kernel, Words};
use super::program::Complaint;
use crate::diagnostics::{Error, Result};
use std::cell::{Cell, RefCell};

/// The caller's number of an operation that the caller gave none.
pub const NO_ID: u32 = u32::MAX;

/// Bytes of the fault buffer: site, two words that it speaks of, unused.
pub const BYTES: u64 = 16;

/// Sites that wait to be looked at, at most.
const MANY: usize = 1 << 14;

/// A kernel on its way that may find a fault.
pub enum Site {
    /// Index arrays that point along axes of these numbers and lengths.
    Index { id: u32, axes: Vec<(usize, usize)> },
    /// A reduction to `i32`, by its name.
    Overflow { id: u32, name: &'static str },
    /// An element-wise operation that does not take every value.
    Refused { id: u32, error: Complaint },
}

impl Site {
    /// What the caller gave the operation to know it by.
    fn id(&self) -> u32 {
        match self {
            Site::Index { id, .. } | Site::Overflow { id, .. } | Site::Refused { id, .. } => *id,
        }
    }

    /// The error, from the two words that it speaks of.
    fn error(&self, first: u32, second: u32) -> Error {
        match self {
            Site::Index { axes, .. } => {
                let (axis, len) = axes.get(first as usize).copied().unwrap_or_default();
                Error::index(format!("index {} is out of bounds for axis {axis} of size {len}", second as i32))
            }
            Site::Overflow { name, .. } => {
                Error::overflow(format!("the {name} does not fit i32, the widest integer of the graphics device"))
                    .help("floats have more room: `f32(x)`; or bring the values back: `x @ cpu`")
            }
            Site::Refused { error, .. } => error(first as usize, second),
        }
    }
}

pub struct Faults {
    buffer: wgpu::Buffer,
    /// The sites since the last look.
    sites: RefCell<Vec<Site>>,
    found: Cell<Option<u32>>,
}

impl Faults {
    pub fn new(buffer: wgpu::Buffer) -> Faults {
        Faults { buffer, sites: RefCell::default(), found: Cell::new(None) }
    }

    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// May a kernel have found something since the last look?
    pub fn armed(&self) -> bool {
        !self.sites.borrow().is_empty()
    }

    /// Are there so many sites that they should be looked at?
    pub fn many(&self) -> bool {
        self.sites.borrow().len() >= MANY
    }

    /// Declares the fault buffer and `raise(array, index)` in a kernel of one site.
    pub fn declare(&self, kernel: &mut Kernel, words: &mut Words, site: Site) {
        self.declare_buffer(kernel);
        kernel.push("fn raise(array: u32, index: i32) { raise_at(");
        kernel.push(&self.site(words, site));
        kernel.push(", array, bitcast<u32>(index)); }\n");
    }

    /// Declares the fault buffer and `raise_at(site, first, second)` in a kernel.
    pub fn declare_buffer(&self, kernel: &mut Kernel) {
        kernel.buffer("fault", "array<atomic<u32>, 4>", Access::Write);
        kernel.push(include_str!("wgsl/raise.wgsl"));
    }

    /// The expression of the number of a site.
    pub fn site(&self, words: &mut Words, site: Site) -> String {
        let mut sites = self.sites.borrow_mut();
        sites.push(site);
        words.word(sites.len() as u32)
    }

    /// Judges the fault word as read from the device. Afterwards nothing is armed.
    pub fn judge(&self, queue: &wgpu::Queue, words: [u32; 4]) -> Result<()> {
        let sites = self.sites.take();
        let Some(number) = words[0].checked_sub(1) else { return Ok(()) };
        queue.write_buffer(&self.buffer, 0, &[0; BYTES as usize]);
        let Some(site) = sites.get(number as usize) else { return Ok(()) };
        self.found.set(Some(site.id()));
        Err(site.error(words[1], words[2]))
    }

    /// The caller's number of the fault found last, once.
    pub fn take(&self) -> Option<u32> {
        self.found.take()
    }
}
