//! Device buffers, kept for reuse when they are dropped.
//!
//! A buffer may be handed out again while commands recorded before still read it: one queue runs all commands in order.
//! Only writes from the host overtake recorded commands; so every buffer knows the batch that used it last. Buffers in
//! use and buffers kept together never take more than the bound.

use super::trouble::Trouble;
use crate::context::readable;
use crate::diagnostics::{Error, Kind, Result};
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The smallest buffer.
const SMALLEST: u64 = 256;
/// From here on sizes come in eighths of a power of two, so that large buffers waste little.
const FINE: u64 = 1 << 20;

/// What to do where there is no memory.
const WAYS_OUT: &str = "`x @ cpu` moves a value to main memory; NABLA_GPU_MEMORY sets the bound";

/// A buffer on the device. Its memory goes back to the pool when it is dropped.
pub struct Buffer {
    raw: wgpu::Buffer,
    bytes: u64,
    /// The number of the batch that used it last.
    batch: Cell<u64>,
    pool: Rc<Pool>,
}

impl Buffer {
    pub fn raw(&self) -> &wgpu::Buffer {
        &self.raw
    }
    /// What may be read and written: at least what was asked for.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
    pub fn is_of(&self, pool: &Rc<Pool>) -> bool {
        Rc::ptr_eq(&self.pool, pool)
    }
    pub fn check_lost(&self) -> Result<()> {
        self.pool.trouble.check_lost()
    }
    pub fn used_in(&self, batch: u64) {
        self.batch.set(batch);
    }
    pub fn last_used(&self) -> u64 {
        self.batch.get()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.pool.put_back(self.raw.clone(), self.bytes, self.batch.get());
    }
}

struct Free {
    raw: wgpu::Buffer,
    batch: u64,
}

pub struct Pool {
    device: wgpu::Device,
    trouble: Trouble,
    /// Bytes of the largest buffer.
    largest: u64,
    /// Bytes kept at most.
    keep: u64,
    /// Bytes in use and kept at most.
    most: Cell<u64>,
    free: RefCell<FxHashMap<u64, Vec<Free>>>,
    live: Cell<u64>,
    pooled: Cell<u64>,
}

impl Pool {
    pub fn new(device: wgpu::Device, trouble: Trouble, largest: u64, keep: u64) -> Pool {
        let free = RefCell::default();
        let (most, live, pooled) = (Cell::new(u64::MAX), Cell::new(0), Cell::new(0));
        Pool { device, trouble, largest, keep, most, free, live, pooled }
    }

    /// Bounds what is in use and what is kept, together.
    pub fn set_most(&self, bytes: u64) {
        self.most.set(bytes);
    }

    /// Bytes that are left of the bound, if those that are kept are given up.
    pub fn room(&self) -> u64 {
        self.most.get().saturating_sub(self.live.get())
    }

    /// A buffer of at least so many bytes, with any content. `what` is said in errors, as `f32[1000, 1000]`.
    pub fn take(self: &Rc<Pool>, bytes: u64, what: impl Fn() -> String) -> Result<Buffer> {
        if !self.could_hold(bytes) {
            let (size, most) = (shown(bytes), shown(self.largest));
            let message = format!("{} takes {size}; a buffer of this graphics device holds {most}", what());
            return Err(Error::new(Kind::Memory, message).help("compute it in parts, or on the CPU: `x @ cpu`"));
        }
        let size = class(bytes).min(self.largest);
        let kept = self.free.borrow_mut().get_mut(&size).and_then(Vec::pop);
        let Free { raw, batch } = match kept {
            Some(free) => {
                self.pooled.set(self.pooled.get() - size);
                free
            }
            None => Free { raw: self.create(size, what)?, batch: 0 },
        };
        self.live.set(self.live.get() + size);
        Ok(Buffer { raw, bytes: size, batch: Cell::new(batch), pool: self.clone() })
    }

    fn create(&self, size: u64, what: impl Fn() -> String) -> Result<wgpu::Buffer> {
        self.trouble.check()?;
        if size > self.most.get().saturating_sub(self.live.get() + self.pooled.get()) {
            let message = format!("{} takes {}; {} are in use", what(), shown(size), self.shares());
            return Err(Error::new(Kind::Memory, message).help(WAYS_OUT));
        }
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
        let name = || format!("{}, which takes {}; {} are in use", what(), shown(size), self.shares());
        self.trouble.caught(&self.device, name, || self.device.create_buffer(&descriptor))
    }

    /// `12 MB of the 64 MB that values on the GPU may take`, or what is in use alone where nothing bounds it.
    fn shares(&self) -> String {
        let live = shown(self.live.get());
        match self.most.get() {
            u64::MAX => live,
            most => format!("{live} of the {} that values on the GPU may take", shown(most)),
        }
    }

    fn put_back(&self, raw: wgpu::Buffer, size: u64, batch: u64) {
        self.live.set(self.live.get() - size);
        let room = self.most.get().saturating_sub(self.live.get());
        if self.pooled.get() + size <= self.keep.min(room) {
            self.pooled.set(self.pooled.get() + size);
            self.free.borrow_mut().entry(size).or_default().push(Free { raw, batch });
        }
    }

    /// Gives all that is kept back to the driver, which frees it once no command uses it any more.
    pub fn clear(&self) {
        self.free.borrow_mut().clear();
        self.pooled.set(0);
    }

    /// Is there a buffer of so many bytes, if there is memory?
    pub fn could_hold(&self, bytes: u64) -> bool {
        bytes <= self.largest
    }

    /// Bytes in use, and bytes kept for reuse.
    pub fn usage(&self) -> (u64, u64) {
        (self.live.get(), self.pooled.get())
    }
}

/// The size class of a buffer. Bytes are at most those of the largest buffer, so nothing overflows.
fn class(bytes: u64) -> u64 {
    let whole = bytes.max(SMALLEST).next_power_of_two();
    if whole <= FINE { whole } else { bytes.next_multiple_of(whole / 16) }
}

fn shown(bytes: u64) -> String {
    readable(usize::try_from(bytes).unwrap_or(usize::MAX))
}
