//! Commands that wait to be submitted together.
//!
//! Submitting costs more than recording, so commands gather here until somebody waits, until there are many, or until
//! they are much work: a submit cannot be interrupted. How much is much is measured, for cards differ a thousandfold. The
//! words of all commands share one uniform buffer; it may be written anew for every batch, since the queue writes it
//! between the two.

use super::pipeline::Pipeline;
use super::trouble::Trouble;
use super::watch::Watch;
use crate::diagnostics::{Error, Kind, Result};
use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// Commands of a batch.
const MOST: usize = 128;
/// Bytes of the buffer of words.
const WORD_BYTES: usize = 256 << 10;
/// Bytes written by the host that are kept at most.
const WRITTEN: u64 = 64 << 20;
/// Between two looks whether to go on waiting.
const PATIENCE: Duration = Duration::from_millis(20);
/// Submits on their way at most.
const IN_FLIGHT: usize = 8;
/// How long a submit should take at most.
const LONG: Duration = Duration::from_millis(100);
/// A wait that was shorter may have begun when the work was done.
const TELLING: Duration = Duration::from_millis(2);
/// Elementary steps of a submit: a measure that goes wrong stays within.
const ENOUGH: RangeInclusive<u64> = 1 << 20..=1 << 36;

struct Command {
    pipeline: wgpu::ComputePipeline,
    group: wgpu::BindGroup,
    grid: (u32, u32),
}

pub struct Batch {
    device: wgpu::Device,
    queue: wgpu::Queue,
    commands: Vec<Command>,
    words: Vec<u8>,
    word_buffer: wgpu::Buffer,
    /// Offsets into the buffer of words are multiples of this.
    alignment: usize,
    /// Elementary steps of all commands, and how many are enough.
    work: u64,
    enough: u64,
    /// Counts batches, from 1.
    number: u64,
    /// Commands recorded so far.
    dispatches: u64,
    /// Bytes that the host wrote since the last submit: until then they are kept.
    written: u64,
    in_flight: VecDeque<Submit>,
    /// When the device was last seen to have done a submit.
    done: Instant,
    trouble: Trouble,
    watch: Watch,
}

/// Commands on their way.
struct Submit {
    index: wgpu::SubmissionIndex,
    work: u64,
    since: Instant,
}

impl Batch {
    /// `enough` is a first guess at how many steps a submit may have.
    pub fn new(device: wgpu::Device, queue: wgpu::Queue, enough: u64, trouble: Trouble, watch: Watch) -> Batch {
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let size = WORD_BYTES as u64;
        let word_buffer =
            device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false });
        let alignment = device.limits().min_uniform_buffer_offset_alignment.max(16) as usize;
        let (commands, words, in_flight) = (Vec::new(), Vec::new(), VecDeque::new());
        Batch {
            device,
            queue,
            commands,
            words,
            word_buffer,
            alignment,
            work: 0,
            enough,
            number: 1,
            dispatches: 0,
            written: 0,
            in_flight,
            done: Instant::now(),
            trouble,
            watch,
        }
    }

    /// The batch that is being recorded.
    pub fn number(&self) -> u64 {
        self.number
    }

    pub fn submits(&self) -> u64 {
        self.number - 1
    }

    pub fn dispatches(&self) -> u64 {
        self.dispatches
    }

    /// Steps that one command should not exceed.
    pub fn enough(&self) -> u64 {
        self.enough
    }

    /// Adds a run of a kernel on these buffers with these words.
    pub fn record(
        &mut self,
        pipeline: &Pipeline,
        buffers: &[&wgpu::Buffer],
        words: &[u32],
        grid: (u32, u32),
        work: u64,
    ) -> Result<()> {
        let bytes: &[u8] = bytemuck::cast_slice(words);
        let most = WORD_BYTES.min(self.device.limits().max_uniform_buffer_binding_size as usize);
        if bytes.len() > most {
            return Err(Error::new(Kind::Device, "an operation on too many views for this graphics device"));
        }
        if self.words.len() + bytes.len() > WORD_BYTES
            || self.commands.len() >= MOST
            || self.work.saturating_add(work) > self.enough
        {
            self.submit()?;
        }
        let offset = self.words.len();
        self.words.extend_from_slice(bytes);
        self.words.resize(self.words.len().next_multiple_of(self.alignment), 0);
        let words = wgpu::BufferBinding {
            buffer: &self.word_buffer,
            offset: offset as u64,
            size: NonZeroU64::new(bytes.len() as u64),
        };
        let bindings = std::iter::once(wgpu::BindingResource::Buffer(words))
            .chain(buffers.iter().map(|buffer| buffer.as_entire_binding()));
        let entries: Vec<_> =
            (0..).zip(bindings).map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource }).collect();
        let descriptor = wgpu::BindGroupDescriptor { label: None, layout: &pipeline.layout, entries: &entries };
        let group = self.device.create_bind_group(&descriptor);
        self.commands.push(Command { pipeline: pipeline.raw.clone(), group, grid });
        self.work = self.work.saturating_add(work);
        self.dispatches += 1;
        Ok(())
    }

    /// Submits what has been recorded, if anything has.
    pub fn submit(&mut self) -> Result<()> {
        if self.commands.is_empty() { Ok(()) } else { self.submit_with(|_| ()) }
    }

    /// Submits what has been recorded, and the copies that `last` adds.
    pub fn submit_with(&mut self, last: impl FnOnce(&mut wgpu::CommandEncoder)) -> Result<()> {
        if !self.words.is_empty() {
            // The host's writes come ahead of the commands of the submit, behind those of the submit before.
            self.words.resize(self.words.len().min(WORD_BYTES), 0);
            self.queue.write_buffer(&self.word_buffer, 0, &self.words);
        }
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        if !self.commands.is_empty() {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            for Command { pipeline, group, grid } in self.commands.drain(..) {
                pass.set_pipeline(&pipeline);
                pass.set_bind_group(0, &group, &[]);
                pass.dispatch_workgroups(grid.0, grid.1, 1);
            }
        }
        last(&mut encoder);
        let (work, since) = (self.work, Instant::now());
        let index = self.queue.submit([encoder.finish()]);
        // Some drivers, that of Mesa for the CPU among them, do the work within the call, or some of it.
        self.measured(work, since.elapsed(), self.enough / 2..=self.enough);
        self.in_flight.push_back(Submit { index, work, since });
        self.words.clear();
        self.work = 0;
        self.written = 0;
        self.number += 1;
        while self.are_too_many()
            && let Some(oldest) = self.in_flight.pop_front()
        {
            self.wait_for(oldest)?;
        }
        Ok(())
    }

    /// Is more on its way than an interrupted program may wait for? One submit is enough to keep a card at work.
    fn are_too_many(&self) -> bool {
        let work = self.in_flight.iter().fold(0, |sum: u64, submit| sum.saturating_add(submit.work));
        self.in_flight.len() > IN_FLIGHT || (self.in_flight.len() > 1 && work > self.enough)
    }

    /// Waits until all that was submitted is done.
    pub fn drain(&mut self) -> Result<()> {
        while let Some(oldest) = self.in_flight.pop_front() {
            self.wait_for(oldest)?;
        }
        Ok(())
    }

    /// Notes that the host wrote so many bytes to buffers.
    pub fn wrote(&mut self, bytes: u64) -> Result<()> {
        self.written += bytes;
        if self.written > WRITTEN {
            self.submit_with(|_| ())?;
            self.drain()?;
        }
        Ok(())
    }

    fn wait_for(&mut self, submit: Submit) -> Result<()> {
        let began = Instant::now();
        loop {
            let (submission_index, timeout) = (Some(submit.index.clone()), Some(PATIENCE));
            if self.trouble.polled(&self.device, wgpu::PollType::Wait { submission_index, timeout })? {
                break;
            }
            self.watch.check()?;
        }
        let now = Instant::now();
        let twice = self.enough.saturating_mul(2);
        if now - began < TELLING {
            // It took no longer than that.
            self.measured(submit.work, now - submit.since, self.enough..=twice);
        } else {
            self.measured(submit.work, now - submit.since.max(self.done), self.enough / 2..=twice);
        }
        self.done = now;
        Ok(())
    }

    /// So many steps took so long: the next submits are of as many as should take `LONG`, within a range.
    fn measured(&mut self, work: u64, took: Duration, range: RangeInclusive<u64>) {
        // One with few steps tells what it cost to start it, and to compile its kernels.
        if work > self.enough / 16 {
            self.enough = fitting(work, took).clamp(*range.start(), *range.end()).clamp(*ENOUGH.start(), *ENOUGH.end());
        }
    }
}

/// The steps that take `LONG` where so many took so long.
fn fitting(work: u64, took: Duration) -> u64 {
    // What is too large for 64 bits becomes the largest number.
    (work as f64 * (LONG.as_secs_f64() / took.as_secs_f64())) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn submits_fit_the_card() {
        assert_eq!(fitting(1000, LONG), 1000);
        assert_eq!(fitting(1000, LONG * 4), 250);
        assert_eq!(fitting(1000, LONG / 4), 4000);
        assert_eq!(fitting(1000, Duration::ZERO), u64::MAX);
        assert_eq!(fitting(0, LONG), 0);
    }
}
