//! An opened device, and how kernels get to run on it.

use super::adapter::{self, Adapter, Choice};
use super::batch::Batch;
use super::fault::{self, Faults, Site};
use super::kernel::{Kernel, LANES, Words};
use super::pipeline::Pipelines;
use super::pool::Pool;
use super::trouble::Trouble;
use super::uploads::Uploads;
use super::view::View;
use super::watch::Watch;
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::shape;
use crate::tensor::{DType, Device, type_name};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// Steps of the first submits; later ones are measured.
const WORK_SOFTWARE: u64 = 1 << 25;
const WORK_HARDWARE: u64 = 1 << 32;
/// Bytes of dropped buffers that are kept, and of copies of tensors of the host.
const KEEP_SOFTWARE: u64 = 256 << 20;
const KEEP_HARDWARE: u64 = 2 << 30;

/// An opened device. Clones are the same device.
#[derive(Clone)]
pub struct Gpu(pub(super) Rc<Engine>);

pub(super) struct Engine {
    pub adapter: Adapter,
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub limits: wgpu::Limits,
    pub pool: Rc<Pool>,
    pub batch: RefCell<Batch>,
    pipelines: RefCell<Pipelines>,
    pub faults: Faults,
    pub trouble: Trouble,
    pub uploads: RefCell<Uploads>,
    /// What stops a wait.
    watch: Watch,
    /// The buffer that results were last read through.
    pub staging: RefCell<Option<wgpu::Buffer>>,
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gpu({})", self.0.adapter.name)
    }
}

/// Bytes on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// In use.
    pub live: u64,
    /// Kept for reuse.
    pub pooled: u64,
}

impl Gpu {
    /// Opens an adapter, by its number under this choice. The error says why there is none.
    pub fn open(choice: &Choice, number: u32, watch: Watch) -> Result<Gpu, String> {
        let found = adapter::found(choice);
        let count = found.len();
        let Some((raw, about)) = found.into_iter().nth(number as usize) else {
            let reason = if count == 1 { "there is one GPU".to_string() } else { format!("there are {count} GPUs") };
            return Err(if count == 0 { choice.nothing_found() } else { reason });
        };
        let limits = raw.limits();
        let descriptor = wgpu::DeviceDescriptor { required_limits: limits.clone(), ..Default::default() };
        let (device, queue) = pollster::block_on(raw.request_device(&descriptor))
            .map_err(|error| format!("{} cannot be opened: {error}", about.name))?;
        let trouble = Trouble::default();
        trouble.watch(&device);
        let (work, keep) =
            if about.is_software() { (WORK_SOFTWARE, KEEP_SOFTWARE) } else { (WORK_HARDWARE, KEEP_HARDWARE) };
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let word = wgpu::BufferDescriptor { label: None, size: fault::BYTES, usage, mapped_at_creation: false };
        let first = || {
            let faults = Faults::new(device.create_buffer(&word));
            (faults, Batch::new(device.clone(), queue.clone(), work, trouble.clone(), watch.clone()))
        };
        let (faults, batch) = trouble
            .caught(&device, || "its first buffers".to_string(), first)
            .map_err(|error| error.message().to_string())?;
        let pool = Rc::new(Pool::new(device.clone(), trouble.clone(), about.memory & !3, keep));
        Ok(Gpu(Rc::new(Engine {
            adapter: about,
            device,
            queue,
            limits,
            pool,
            batch: RefCell::new(batch),
            pipelines: RefCell::default(),
            faults,
            trouble,
            uploads: RefCell::new(Uploads::new(keep)),
            watch,
            staging: RefCell::default(),
        })))
    }

    /// Computes it on the CPU?
    pub fn is_software(&self) -> bool {
        self.0.adapter.is_software()
    }

    /// Bounds what is in use and what is kept for reuse, together.
    pub fn limit_memory(&self, bytes: u64) {
        self.0.pool.set_most(bytes);
    }

    /// Bytes that are left of the bound, if free buffers are given up.
    pub fn room(&self) -> u64 {
        self.0.pool.room()
    }

    /// Kernels compiled so far.
    pub fn compiled(&self) -> u64 {
        self.0.pipelines.borrow().compiled
    }

    /// Is the device gone? Then every use of it is an error.
    pub fn is_lost(&self) -> bool {
        self.0.trouble.is_lost()
    }

    /// Lets go of copies of tensors that are gone or were written.
    pub fn tidy(&self) {
        self.0.uploads.borrow_mut().tidy();
    }

    /// Copies of tensors made so far.
    #[cfg(test)]
    pub fn uploads_made(&self) -> u64 {
        self.0.uploads.borrow().made
    }

    /// Loses the device, as a driver may.
    #[cfg(test)]
    pub fn lose(&self) {
        self.0.device.destroy();
    }

    pub fn memory(&self) -> Memory {
        let (live, pooled) = self.0.pool.usage();
        Memory { live, pooled }
    }

    /// Submits to the device so far.
    pub fn submits(&self) -> u64 {
        self.0.batch.borrow().submits()
    }

    /// Runs of kernels that were recorded so far.
    pub fn dispatches(&self) -> u64 {
        self.0.batch.borrow().dispatches()
    }

    /// Is there an operation that may have found a fault, which nobody looked at yet?
    pub fn may_fault(&self) -> bool {
        self.0.faults.armed()
    }

    /// Are there so many such operations that somebody should look?
    pub fn has_many_sites(&self) -> bool {
        self.0.faults.many()
    }

    /// Buffers that one kernel may use.
    pub fn most_buffers(&self) -> usize {
        self.0.limits.max_storage_buffers_per_shader_stage as usize
    }

    /// The caller's number of the operation whose fault `read` or `wait` last reported, once.
    pub fn take_fault(&self) -> Option<u32> {
        self.0.faults.take()
    }

    /// A tensor with any content, for a kernel to write.
    pub(super) fn fresh(&self, dtype: DType, shape: &[usize]) -> Result<View> {
        let bytes = (shape::size(shape) as u64).saturating_mul(dtype.size() as u64);
        let take = || self.0.pool.take(bytes, || type_name(dtype, shape, Device::Gpu(0)));
        let buffer = if self.0.pool.could_hold(bytes) { self.where_there_is_room(take)? } else { take()? };
        Ok(View::whole(Rc::new(buffer), dtype, shape))
    }

    /// Runs `take`; where there is no memory, once more when all is given back that can be.
    pub(super) fn where_there_is_room<T>(&self, take: impl Fn() -> Result<T>) -> Result<T> {
        match take() {
            // What is kept for later, or used by commands that wait, may be what is missing now.
            Err(error) if error.kind() == Kind::Memory => {
                self.0.uploads.borrow_mut().clear();
                self.0.pool.clear();
                self.drain()?;
                take()
            }
            result => result,
        }
    }

    /// Submits what is recorded and waits until all is done.
    pub(super) fn drain(&self) -> Result<()> {
        let mut batch = self.0.batch.borrow_mut();
        batch.submit()?;
        batch.drain()
    }

    /// Errors when a view is another device's, or reaches out of its buffer.
    pub(super) fn check(&self, view: &View) -> Result<()> {
        if !view.buffer().is_of(&self.0.pool) {
            view.check_lost()?;
            return Err(Error::new(Kind::Internal, "a view of another graphics device"));
        }
        view.check()
    }

    /// Declares in a kernel what it needs to raise a fault.
    pub(super) fn arm(&self, kernel: &mut Kernel, words: &mut Words, site: Site) {
        self.0.faults.declare(kernel, words, site);
    }

    /// Runs a kernel on `blocks` workgroups. `views` are its buffers in order of binding, without that of faults, which
    /// is the last where `faults` holds. `work` are the elementary steps of one block.
    pub(super) fn launch(
        &self,
        mut kernel: Kernel,
        views: &[&View],
        faults: bool,
        words: Words,
        blocks: u64,
        work: u64,
    ) -> Result<()> {
        let engine = &*self.0;
        let bound = views.len() + usize::from(faults);
        if bound != kernel.access().len() {
            return Err(Error::new(Kind::Internal, "a kernel got the wrong number of buffers"));
        }
        let most = engine.limits.max_storage_buffers_per_shader_stage as usize;
        if bound > most {
            let message = format!("a kernel of {bound} buffers; this graphics device takes {most}");
            return Err(Error::new(Kind::Device, message));
        }
        for view in views {
            self.check(view)?;
        }
        let (text, access) = kernel.finish(&words);
        let pipeline = engine.pipelines.borrow_mut().get(&engine.device, &engine.trouble, text, access)?;
        let mut batch = engine.batch.borrow_mut();
        let widest = u64::from(engine.limits.max_compute_workgroups_per_dimension);
        let piece = (batch.enough() / work.max(1)).clamp(1, widest * widest);
        let mut buffers: Vec<&wgpu::Buffer> = views.iter().map(|view| view.buffer().raw()).collect();
        if faults {
            buffers.push(engine.faults.buffer());
        }
        let mut first = 0;
        while first < blocks {
            engine.watch.check()?;
            let left = blocks - first;
            let count = if piece >= left { left } else { piece - if piece > widest { piece % widest } else { 0 } };
            // A grid of several rows is full, unless it is the last: then kernels see that its end is past the work.
            let row = count.min(widest);
            let mut words = words.clone();
            words.set_grid(first as u32, row as u32);
            let grid = (row as u32, count.div_ceil(row) as u32);
            batch.record(&pipeline, &buffers, &words.padded(), grid, count.saturating_mul(work))?;
            for view in views {
                view.buffer().used_in(batch.number());
            }
            first += count;
        }
        Ok(())
    }

    /// Runs a kernel of one invocation for every item.
    pub(super) fn launch_items(
        &self,
        kernel: Kernel,
        views: &[&View],
        faults: bool,
        words: Words,
        items: u64,
        work: u64,
    ) -> Result<()> {
        let lanes = u64::from(LANES);
        self.launch(kernel, views, faults, words, items.div_ceil(lanes), work.saturating_mul(lanes))
    }
}
