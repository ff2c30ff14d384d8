//! Tensors to the device and back.
//!
//! Reading is one copy, one submit and one wait; the fault word comes along with the values.

use super::batch::Batch;
use super::device::Gpu;
use super::fault;
use super::kernel::is_packed;
use super::program::{Input, Program};
use super::view::View;
use crate::context::readable;
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::{DType, Data, Device, Scalar, Tensor, shape, type_name};
use std::borrow::Cow;
use std::sync::mpsc;

/// A buffer to read through that is larger than this is not kept.
const KEEP: u64 = 64 << 20;
/// The host writes so many bytes at a time: the graphics library copies them first, and where there is no memory for the
/// copy it gives up the device.
const PIECE: usize = 16 << 20;

impl Gpu {
    /// The copy of the tensor's elements in this dtype that is there already, if they are what they were.
    pub fn uploaded(&self, tensor: &Tensor, dtype: DType) -> Option<View> {
        self.0.uploads.borrow_mut().find(tensor, dtype)
    }

    /// Keeps a copy of the tensor's elements for `uploaded`.
    pub fn keep_upload(&self, tensor: &Tensor, view: &View) {
        self.0.uploads.borrow_mut().keep(tensor, view);
    }

    /// A copy of the tensor's elements on the device, in order.
    pub fn upload(&self, tensor: &Tensor) -> Result<View> {
        let view = self.fresh(tensor.dtype(), tensor.shape())?;
        let ordered = tensor.in_order();
        let range = ordered.offset()..ordered.offset() + ordered.size();
        let bytes: Cow<'_, [u8]> = match ordered.data() {
            Data::F32(values) => Cow::Borrowed(bytemuck::cast_slice(values.get(range).unwrap_or_default())),
            Data::I32(values) => Cow::Borrowed(bytemuck::cast_slice(values.get(range).unwrap_or_default())),
            Data::U8(values) => Cow::Borrowed(values.get(range).unwrap_or_default()),
            Data::Bool(values) => values.get(range).unwrap_or_default().iter().map(|&x| u8::from(x)).collect(),
            _ => return Err(unsupported(tensor.dtype())),
        };
        let mut batch = self.0.batch.borrow_mut();
        // The host writes ahead of all commands that wait; some of them may still read this memory.
        if view.buffer().last_used() == batch.number() {
            batch.submit()?;
        }
        let mut write = |start: usize, words: &[u8]| {
            self.0.queue.write_buffer(view.buffer().raw(), start as u64, words);
            batch.wrote(words.len() as u64)
        };
        // Writes are of whole words.
        let whole = bytes.len() & !3;
        let (words, rest) = bytes.split_at(whole);
        for (number, piece) in words.chunks(PIECE).enumerate() {
            write(number * PIECE, piece)?;
        }
        if !rest.is_empty() {
            let mut last = [0; 4];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            write(whole, &last)?;
        }
        self.0.trouble.check()?;
        #[cfg(test)]
        {
            self.0.uploads.borrow_mut().made += 1;
        }
        Ok(view)
    }

    /// Waits for the view's elements. A fault that a kernel has found since the last look is given instead.
    pub fn read(&self, view: &View) -> Result<Tensor> {
        let aligned = !is_packed(view.dtype()) || view.offset().is_multiple_of(4);
        if !view.is_contiguous() || !aligned {
            return self.read(&self.compact(view)?);
        }
        self.check(view)?;
        let (count, width) = (view.size(), view.dtype().size());
        let data = self.finish(view, (view.offset() * width) as u64, (count * width) as u64, |bytes| {
            Ok(match view.dtype() {
                DType::F32 => Data::F32(bytemuck::pod_collect_to_vec(bytes)),
                DType::I32 => Data::I32(bytemuck::pod_collect_to_vec(bytes)),
                DType::U8 => Data::U8(bytes.to_vec()),
                DType::Bool => Data::Bool(bytes.iter().map(|&x| x != 0).collect()),
                other => return Err(unsupported(other)),
            })
        })?;
        Ok(Tensor::owner(data, shape::copy(view.shape())))
    }

    /// Submits what is recorded and waits until all is done. A fault that was found since the last look is given.
    pub fn wait(&self) -> Result<()> {
        let none = self.fresh(DType::F32, &[0])?;
        self.finish(&none, 0, 0, |_| Ok(()))
    }

    /// The view's elements in order: itself, or a copy.
    pub fn compact(&self, view: &View) -> Result<View> {
        self.converted(view, view.dtype(), "a")
    }

    /// A tensor of one value.
    pub fn fill(&self, value: Scalar, shape: &[usize]) -> Result<View> {
        self.single(&Program::same(value.dtype()), &[Input::Scalar(value)], shape)
    }

    /// Submits, copies `bytes` of the view's buffer from `start` on, waits, and gives them to `decode`.
    fn finish<T>(&self, view: &View, start: u64, bytes: u64, decode: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
        let engine = &*self.0;
        engine.trouble.check()?;
        let copied = bytes.next_multiple_of(4);
        let armed = engine.faults.armed();
        let total = copied + if armed { fault::BYTES } else { 0 };
        if total == 0 {
            self.drain()?;
            engine.trouble.check()?;
            return decode(&[]);
        }
        let staging = self.staging(total)?;
        let mut batch = engine.batch.borrow_mut();
        batch.submit_with(|encoder| {
            if copied > 0 {
                encoder.copy_buffer_to_buffer(view.buffer().raw(), start, &staging, 0, copied);
            }
            if armed {
                encoder.copy_buffer_to_buffer(engine.faults.buffer(), 0, &staging, copied, fault::BYTES);
            }
        })?;
        let result = self.mapped(&mut batch, &staging, total, |all| {
            let (values, word) = all.split_at(copied as usize);
            if armed {
                let words: Vec<u32> = bytemuck::pod_collect_to_vec(word);
                engine.faults.judge(&engine.queue, words.try_into().unwrap_or_default())?;
            }
            decode(values.get(..bytes as usize).unwrap_or_default())
        });
        // One that failed may still be mapped.
        if result.is_ok() && staging.size() <= KEEP {
            engine.staging.replace(Some(staging));
        }
        result
    }

    /// Waits for the submits, and shows the first bytes of a buffer that the host can read.
    fn mapped<T>(
        &self,
        batch: &mut Batch,
        staging: &wgpu::Buffer,
        bytes: u64,
        show: impl FnOnce(&[u8]) -> Result<T>,
    ) -> Result<T> {
        let (sender, receiver) = mpsc::channel();
        staging.map_async(wgpu::MapMode::Read, ..bytes, move |mapped| {
            // Nobody listens any more if waiting failed.
            let _ = sender.send(mapped);
        });
        batch.drain()?;
        self.0.trouble.check()?;
        let failed =
            |reason: String| Error::new(Kind::Device, format!("reading from the graphics device failed: {reason}"));
        match receiver.try_recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(error) => return Err(failed(error.to_string())),
        }
        let result = match staging.get_mapped_range(..bytes) {
            Ok(range) => show(&range),
            Err(error) => Err(failed(error.to_string())),
        };
        staging.unmap();
        result
    }

    /// A buffer of at least so many bytes that the host can read.
    fn staging(&self, bytes: u64) -> Result<wgpu::Buffer> {
        if let Some(kept) = self.0.staging.take().filter(|kept| kept.size() >= bytes) {
            return Ok(kept);
        }
        let size = if bytes <= KEEP { bytes.next_power_of_two() } else { bytes };
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
        let device = &self.0.device;
        let what = || format!("reading {}", readable(size as usize));
        self.where_there_is_room(|| self.0.trouble.caught(device, what, || device.create_buffer(&descriptor)))
    }
}

#[cold]
pub(super) fn unsupported(dtype: DType) -> Error {
    Error::new(Kind::Internal, format!("{} reached the graphics device", type_name(dtype, &[], Device::Cpu)))
}
