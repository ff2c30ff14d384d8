//! The devices a session computes on: which there are, and how a program reaches them.
//!
//! A graphics card is opened when a program first places something on it. Without one `gpu` means the CPU, with the
//! dtypes of a GPU, and one notice says so. Nothing here may know operations, or who asks.

use crate::context::{Interrupt, Limits};
use crate::diagnostics::error::Place;
use crate::diagnostics::{Error, Kind, Result};
use crate::gpu::{self, Adapter, Choice, Gpu, View, Watch};
use crate::memory;
use crate::tensor::{Device, Tensor};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

#[derive(Debug, Default)]
pub struct Devices {
    /// Which graphics cards count.
    choice: Choice,
    /// It is an error where there is none.
    strict: bool,
    /// Bytes that values on each graphics card may take, if something else than the card's own memory is to bound them.
    pub memory: Option<usize>,
    /// The same of a card that is software: its memory is that of the CPU, and at most what is left of it at first.
    host_memory: Option<usize>,
    /// Where new tensors are made; none: on the CPU, and they follow what they meet.
    pub home: Option<Device>,
    opened: BTreeMap<u32, Engine>,
    /// What stops a wait for a card.
    watch: Watch,
    notices: Vec<String>,
}

/// What computes for a device.
#[derive(Clone, Debug)]
pub enum Engine {
    /// The CPU.
    Host,
    Card(Card),
}

/// An opened graphics card.
#[derive(Clone, Debug)]
pub struct Card {
    pub gpu: Gpu,
    /// The lines of operations whose faults are not known yet, by number.
    lines: Rc<RefCell<Vec<Option<Place>>>>,
}

impl Card {
    /// A number for an operation that may find a fault on the card, from its line.
    pub fn mark(&self, line: Option<Place>) -> Result<u32> {
        if self.gpu.has_many_sites() {
            self.wait()?;
        }
        let mut lines = self.lines.borrow_mut();
        lines.push(line);
        Ok(u32::try_from(lines.len() - 1).unwrap_or(gpu::NO_ID))
    }

    /// Waits for the elements. Faults found on the card come as errors at the line of their operation.
    pub fn read(&self, view: &View) -> Result<Tensor> {
        let read = self.gpu.read(view);
        self.judged(read)
    }

    /// Waits for all that was asked of the card.
    pub fn wait(&self) -> Result<()> {
        let waited = self.gpu.wait();
        self.judged(waited)
    }

    fn judged<T>(&self, result: Result<T>) -> Result<T> {
        // a read that failed before anybody looked for faults leaves them for the next one
        let lines = if self.gpu.may_fault() { self.lines.borrow().clone() } else { self.lines.take() };
        result.map_err(|mut error| {
            let fault = self.gpu.take_fault().and_then(|number| lines.get(number as usize).cloned().flatten());
            if let Some(place) = fault {
                error.details_mut().place = Some(place);
            }
            error
        })
    }
}

/// What is told of a device.
pub struct About {
    pub device: Device,
    pub name: String,
    /// `discrete`, `integrated`, `virtual`, `software`; `cpu`.
    pub kind: &'static str,
    pub driver: String,
    /// Bytes: of the CPU all, of a graphics card those of the largest value.
    pub memory: u64,
}

impl Devices {
    pub fn new(choice: Choice, strict: bool) -> Devices {
        Devices { choice, strict, ..Devices::default() }
    }

    /// The CPU, then the graphics cards there are.
    pub fn list(&self) -> Vec<About> {
        let cpu = About {
            device: Device::Cpu,
            name: processor(),
            kind: "cpu",
            driver: String::new(),
            memory: memory::physical() as u64,
        };
        let cards = self.adapters().into_iter().zip(0..).map(|(adapter, number)| About {
            device: Device::Gpu(number),
            name: adapter.name,
            kind: adapter.kind,
            driver: format!("{}, {}", adapter.backend, adapter.driver),
            memory: adapter.memory,
        });
        std::iter::once(cpu).chain(cards).collect()
    }

    /// What stops a wait, and bounds memory, from here on.
    pub fn obey(&mut self, interrupt: &Interrupt, limits: &Limits) {
        if self.opened.is_empty() {
            self.watch.interrupt = interrupt.clone();
        }
        self.watch.deadline.set(limits.deadline);
        self.host_memory = Some(limits.memory);
    }

    /// What computes for a device; a graphics card is opened now if it is not, or if it was lost.
    pub fn engine(&mut self, device: Device) -> Result<Engine> {
        let Device::Gpu(number) = device else { return Ok(Engine::Host) };
        match self.opened.get(&number) {
            Some(Engine::Card(card)) if card.gpu.is_lost() => {}
            Some(engine) => {
                if let Engine::Card(card) = engine {
                    card.gpu.tidy();
                }
                return Ok(engine.clone());
            }
            None => {}
        }
        let engine = match Gpu::open(&self.choice, number, self.watch.clone()) {
            Ok(gpu) => {
                let left = || self.host_memory.into_iter().fold(memory::left(), usize::min);
                let most = self.memory.or_else(|| gpu.is_software().then(left));
                gpu.limit_memory(most.map_or(u64::MAX, |bytes| bytes as u64));
                Engine::Card(Card { gpu, lines: Rc::default() })
            }
            Err(reason) if self.strict || !self.adapters().is_empty() => {
                return Err(Error::new(Kind::Device, format!("there is no `{device}`: {reason}"))
                    .help("`devices()` lists what there is"));
            }
            Err(reason) => {
                if !self.opened.values().any(|engine| matches!(engine, Engine::Host)) {
                    self.notices.push(format!(
                        "there is no GPU ({reason}): `gpu` means the CPU here, with the dtypes of a GPU"
                    ));
                }
                Engine::Host
            }
        };
        self.opened.insert(number, engine.clone());
        Ok(engine)
    }

    /// The graphics cards there are.
    fn adapters(&self) -> Vec<Adapter> {
        gpu::adapters(&self.choice)
    }

    /// Waits for all that was asked of graphics cards. One that is known to be lost does nothing any more.
    pub fn wait(&self) -> Result<()> {
        self.opened.values().try_for_each(|engine| match engine {
            Engine::Card(card) if !card.gpu.is_lost() => card.wait(),
            _ => Ok(()),
        })
    }

    /// Waits for graphics cards on which something may have gone wrong, to know it.
    pub fn look_for_faults(&self) -> Result<()> {
        self.opened.values().try_for_each(|engine| match engine {
            Engine::Card(card) if card.gpu.may_fault() && !card.gpu.is_lost() => card.wait(),
            _ => Ok(()),
        })
    }

    /// The graphics cards in use.
    pub fn cards(&self) -> impl Iterator<Item = &Card> {
        self.opened.values().filter_map(|engine| match engine {
            Engine::Card(card) => Some(card),
            Engine::Host => None,
        })
    }

    /// Is a graphics card in use?
    #[inline]
    pub fn any_open(&self) -> bool {
        !self.opened.is_empty()
    }

    /// What the user should know, since it was last asked for.
    pub fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }
}

/// The processor's name, where the system tells it.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or(std::env::consts::ARCH, |(_, name)| name.trim()).to_string()
}
