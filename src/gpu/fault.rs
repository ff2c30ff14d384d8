//! Faults: what a kernel finds wrong with the values it computes, told when somebody next waits for the device.
//!
//! The device has one fault word. The first kernel that finds an index out of bounds, or a sum that does not fit,
//! writes the number of its site there; the host knows what each site would say.

use super::kernel::{Access, Kernel, Words};
use crate::diagnostics::{Error, Result};
use std::cell::{Cell, RefCell};

/// The caller's number of an operation that the caller gave none.
pub const NO_ID: u32 = u32::MAX;

/// Bytes of the fault buffer: site, array, index, unused.
pub const BYTES: u64 = 16;

/// Sites that wait to be looked at, at most.
const MANY: usize = 1 << 14;

/// A fault that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What the caller gave the operation to know it by.
    pub id: u32,
    pub message: String,
    overflow: bool,
}

impl Fault {
    pub fn error(&self) -> Error {
        if !self.overflow {
            return Error::index(&*self.message);
        }
        Error::overflow(&*self.message)
            .help("floats have more room: `sum(f32(x))`; or bring the values back: `x @ cpu`")
    }
}

/// A kernel on its way that may find a fault.
pub enum Site {
    /// Index arrays that point along axes of these numbers and lengths.
    Index { id: u32, axes: Vec<(usize, usize)> },
    /// A reduction to `i32`, by its name.
    Overflow { id: u32, name: &'static str },
}

impl Site {
    fn fault(&self, array: u32, index: i32) -> Fault {
        match self {
            Site::Index { id, axes } => {
                let (axis, len) = axes.get(array as usize).copied().unwrap_or_default();
                let message = format!("index {index} is out of bounds for axis {axis} of size {len}");
                Fault { id: *id, message, overflow: false }
            }
            Site::Overflow { id, name } => {
                let message = format!("the {name} does not fit i32, the widest integer of the graphics device");
                Fault { id: *id, message, overflow: true }
            }
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

    /// Declares the fault buffer and `raise(array, index)` in a kernel.
    pub fn declare(&self, kernel: &mut Kernel, words: &mut Words, site: Site) {
        let mut sites = self.sites.borrow_mut();
        sites.push(site);
        kernel.buffer("fault", "array<atomic<u32>, 4>", Access::Write);
        kernel.push("fn raise_site() -> u32 { return ");
        kernel.push(&words.word(sites.len() as u32));
        kernel.push("; }\n");
        kernel.push(include_str!("wgsl/raise.wgsl"));
    }

    /// Judges the fault word as read from the device. Afterwards nothing is armed.
    pub fn judge(&self, queue: &wgpu::Queue, words: [u32; 4]) -> Result<()> {
        let sites = self.sites.take();
        let Some(number) = words[0].checked_sub(1) else { return Ok(()) };
        queue.write_buffer(&self.buffer, 0, &[0; BYTES as usize]);
        let Some(site) = sites.get(number as usize) else { return Ok(()) };
        let fault = site.fault(words[1], words[2] as i32);
        self.found.set(Some(fault.id));
        Err(fault.error())
    }

    /// The caller's number of the fault found last, once.
    pub fn take(&self) -> Option<u32> {
        self.found.take()
    }
}
