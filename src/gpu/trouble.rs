//! What goes wrong on the device: out of memory, a lost device, a call the graphics library refuses.
//!
//! By itself the library panics on such errors. Here they are caught or noted, and become errors of ours; nothing may
//! get past this file.

use crate::diagnostics::{Error, Kind, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Errors that nobody was waiting for, noted until the next look.
#[derive(Clone, Default)]
pub struct Trouble(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// The device is gone, for this reason.
    lost: Option<String>,
    error: Option<wgpu::Error>,
}

impl Trouble {
    /// Notes what happens to this device from now on.
    pub fn watch(&self, device: &wgpu::Device) {
        let noted = self.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            noted.state().error.get_or_insert(error);
        }));
        let noted = self.clone();
        device.set_device_lost_callback(move |reason, message| {
            if reason != wgpu::DeviceLostReason::Destroyed {
                noted.state().lost.get_or_insert(message);
            }
        });
    }

    /// The error that has been noted, once; that of a lost device for good.
    pub fn check(&self) -> Result<()> {
        let mut state = self.state();
        if let Some(reason) = &state.lost {
            return Err(Error::new(Kind::Device, format!("the graphics device was lost: {}", first_line(reason))));
        }
        match state.error.take() {
            Some(error) => Err(translated(error, || "the last operations".to_string())),
            None => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs `work`, and gives the error it caused on the device. `what` is said in the message, as "a buffer of 4.0 GB".
pub fn caught<T>(device: &wgpu::Device, what: impl Fn() -> String, work: impl FnOnce() -> T) -> Result<T> {
    let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let result = work();
    // The last one opened closes first.
    let errors =
        [pollster::block_on(validation.pop()), pollster::block_on(internal.pop()), pollster::block_on(memory.pop())];
    match errors.into_iter().flatten().next() {
        Some(error) => Err(translated(error, what)),
        None => Ok(result),
    }
}

#[cold]
fn translated(error: wgpu::Error, what: impl Fn() -> String) -> Error {
    match error {
        wgpu::Error::OutOfMemory { .. } => {
            Error::new(Kind::Memory, format!("the graphics device has no memory left for {}", what()))
        }
        other => Error::new(Kind::Device, format!("the graphics driver refused {}: {other}", what())),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}
