//! Which graphics cards there are, and in which order they are numbered.
//!
//! Nothing here opens a device, and a machine without a driver simply has no adapters.

use std::cmp::Reverse;

/// Which card to take: the meaning of the environment variable `NABLA_GPU`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The best first: discrete, integrated, virtual, software.
    #[default]
    Best,
    /// Those whose name has this part, in any case.
    Name(String),
    /// The one with this number in the order of `Best`.
    Index(usize),
    /// Those that compute on the CPU.
    Software,
    Off,
}

impl Choice {
    pub fn parse(text: &str) -> Choice {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "" => Choice::Best,
            "off" => Choice::Off,
            "software" => Choice::Software,
            lower => match lower.parse() {
                Ok(number) => Choice::Index(number),
                Err(_) => Choice::Name(text.to_string()),
            },
        }
    }

    /// Why there is no adapter under this choice.
    pub(super) fn nothing_found(&self) -> String {
        match self {
            Choice::Best => "no graphics driver".to_string(),
            Choice::Off => "NABLA_GPU=off turns it off".to_string(),
            Choice::Software => "NABLA_GPU=software asks for a software driver, and there is none".to_string(),
            Choice::Name(part) => format!("NABLA_GPU={part} names no adapter there is"),
            Choice::Index(number) => format!("NABLA_GPU={number} names no adapter there is"),
        }
    }
}

/// A graphics card, or a driver that computes on the CPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    pub name: String,
    pub driver: String,
    /// `vulkan`, `metal`, `dx12`.
    pub backend: String,
    /// `discrete`, `integrated`, `virtual`, `software`.
    pub kind: &'static str,
    /// Bytes of the largest buffer.
    pub memory: u64,
}

impl Adapter {
    pub fn is_software(&self) -> bool {
        self.kind == SOFTWARE
    }

    fn of(adapter: &wgpu::Adapter) -> Adapter {
        let info = adapter.get_info();
        let limits = adapter.limits();
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => "discrete",
            wgpu::DeviceType::IntegratedGpu => "integrated",
            wgpu::DeviceType::VirtualGpu | wgpu::DeviceType::Other => "virtual",
            wgpu::DeviceType::Cpu => SOFTWARE,
        };
        Adapter {
            name: info.name,
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_string(),
            backend: info.backend.to_string(),
            kind,
            memory: limits.max_buffer_size.min(limits.max_storage_buffer_binding_size).min(COUNTABLE),
        }
    }
}

/// Kernels count elements and bytes in 32 bits, and some of them beyond the last one.
const COUNTABLE: u64 = (1 << 31) - 1;

const SOFTWARE: &str = "software";

/// Every adapter there is, in the order of `gpu[0]`, `gpu[1]`, ... under this choice.
pub fn adapters(choice: &Choice) -> Vec<Adapter> {
    found(choice).into_iter().map(|(_, adapter)| adapter).collect()
}

/// The adapters, as the graphics library has them and as we describe them.
pub(super) fn found(choice: &Choice) -> Vec<(wgpu::Adapter, Adapter)> {
    if *choice == Choice::Off {
        return Vec::new();
    }
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
    // The driver's own validation is for those who write drivers; it prints and it is slow.
    descriptor.flags = wgpu::InstanceFlags::empty();
    let instance = wgpu::Instance::new(descriptor);
    let all = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let mut all: Vec<_> = all.into_iter().map(|adapter| (Adapter::of(&adapter), adapter)).collect();
    // Several interfaces may offer the same card: the first keeps it.
    let owners: Vec<(String, String)> =
        all.iter().map(|(about, _)| (about.name.clone(), about.backend.clone())).collect();
    all.retain(|(about, _)| {
        owners.iter().find(|owner| owner.0 == about.name).is_some_and(|owner| owner.1 == about.backend)
    });
    all.sort_by_key(|(about, _)| {
        Reverse(["software", "virtual", "integrated", "discrete"].iter().position(|kind| *kind == about.kind))
    });
    let all = all.into_iter().map(|(about, adapter)| (adapter, about));
    match choice {
        Choice::Best => all.collect(),
        Choice::Off => Vec::new(),
        Choice::Index(number) => all.skip(*number).take(1).collect(),
        Choice::Software => all.filter(|(_, about)| about.is_software()).collect(),
        Choice::Name(part) => {
            let part = part.to_lowercase();
            all.filter(|(_, about)| about.name.to_lowercase().contains(&part)).collect()
        }
    }
}
