//! Compiled kernels, by their text.
//!
//! The cache is bounded: when it is full, the half that was used least recently goes.

use super::kernel::Access;
use super::trouble::Trouble;
use crate::diagnostics::Result;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// Kernels kept.
const MOST: usize = 512;

#[derive(Clone)]
pub struct Pipeline {
    pub raw: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

struct Entry {
    pipeline: Pipeline,
    used: u64,
}

#[derive(Default)]
pub struct Pipelines {
    entries: FxHashMap<String, Entry>,
    clock: u64,
    /// Kernels compiled so far.
    pub compiled: u64,
}

impl Pipelines {
    /// The kernel of this text, compiled if it is new.
    pub fn get(&mut self, device: &wgpu::Device, trouble: &Trouble, text: &str, access: &[Access]) -> Result<Pipeline> {
        self.clock += 1;
        if let Some(entry) = self.entries.get_mut(text) {
            entry.used = self.clock;
            return Ok(entry.pipeline.clone());
        }
        let pipeline = trouble.caught(device, || "a kernel".to_string(), || compile(device, text, access))?;
        self.compiled += 1;
        if self.entries.len() >= MOST {
            let mut used: Vec<u64> = self.entries.values().map(|entry| entry.used).collect();
            let (_, middle, _) = used.select_nth_unstable(MOST / 2);
            let middle = *middle;
            self.entries.retain(|_, entry| entry.used >= middle);
        }
        self.entries.insert(text.to_string(), Entry { pipeline: pipeline.clone(), used: self.clock });
        Ok(pipeline)
    }
}

fn compile(device: &wgpu::Device, text: &str, access: &[Access]) -> Pipeline {
    let descriptor =
        wgpu::ShaderModuleDescriptor { label: None, source: wgpu::ShaderSource::Wgsl(Cow::Borrowed(text)) };
    let module = if cfg!(debug_assertions) {
        device.create_shader_module(descriptor)
    } else {
        // SAFETY: the kernels keep within their buffers by themselves: every view is checked against its buffer before
        // it is bound, indices from data are compared with the length of their axis, and all loops end.
        unsafe { device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked()) }
    };
    let words = (0, wgpu::BufferBindingType::Uniform);
    let buffers = (1..)
        .zip(access)
        .map(|(binding, &access)| (binding, wgpu::BufferBindingType::Storage { read_only: access == Access::Read }));
    let entries: Vec<_> = std::iter::once(words)
        .chain(buffers)
        .map(|(binding, ty)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
            count: None,
        })
        .collect();
    let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
    let whole = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(&layout)],
        immediate_size: 0,
    });
    let raw = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: Some(&whole),
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions {
            zero_initialize_workgroup_memory: false,
            ..Default::default()
        },
        cache: None,
    });
    Pipeline { raw, layout }
}
