//! What goes wrong on the device: out of memory, a lost device, a call the graphics library refuses.
//!
//! By itself the library panics on such errors. Here they are caught or noted, and become errors of ours; nothing may
//! get past this file.

use crate::diagnostics::{Error, Kind, Result};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Errors that nobody was waiting for, noted until the next look. Clones note the same.
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
            let destroyed = reason == wgpu::DeviceLostReason::Destroyed;
            noted.state().lost.get_or_insert(if destroyed { "it was given up".to_string() } else { message });
        });
    }

    /// The error that has been noted, once; that of a lost device for good.
    pub fn check(&self) -> Result<()> {
        self.check_lost()?;
        let error = self.state().error.take();
        match error {
            Some(error) => Err(translated(error, || "the last operations".to_string())),
            None => Ok(()),
        }
    }

    /// Is the device gone?
    pub fn is_lost(&self) -> bool {
        self.state().lost.is_some()
    }

    /// The error of a lost device, for whatever depends on what was there.
    pub fn check_lost(&self) -> Result<()> {
        match &self.state().lost {
            None => Ok(()),
            Some(reason) => Err(Error::new(Kind::Device, format!("the GPU was lost: {}", first_line(reason)))
                .help("the values there are gone; it is opened anew when something is placed on it")),
        }
    }

    /// Runs `work`, and gives the error it caused on the device. `what` is said in the message, as "a kernel".
    pub fn caught<T>(&self, device: &wgpu::Device, what: impl Fn() -> String, work: impl FnOnce() -> T) -> Result<T> {
        let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
        let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let result = work();
        // The last one opened closes first.
        let errors = [validation, internal, memory].map(|scope| pollster::block_on(scope.pop()));
        // A lost device makes things that are none, and calls it no error.
        self.check_lost()?;
        match errors.into_iter().flatten().next() {
            Some(error) => Err(translated(error, what)),
            None => Ok(result),
        }
    }

    /// Waits for the device, as long as `how` says. Is what was waited for done?
    pub fn polled(&self, device: &wgpu::Device, how: wgpu::PollType) -> Result<bool> {
        match survived(|| device.poll(how)) {
            Ok(Ok(_)) => Ok(true),
            Ok(Err(wgpu::PollError::Timeout)) => Ok(false),
            // A lost device takes no commands, so that there is nothing to wait for. It may tell us only now.
            Ok(Err(error)) => {
                drop(survived(|| device.poll(wgpu::PollType::Poll)));
                self.check_lost()?;
                Err(waiting_failed(&error.to_string()))
            }
            Err(said) => {
                self.check_lost()?;
                Err(waiting_failed(&said))
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a call of the graphics library that panics when the device is lost. The error is what it said.
fn survived<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    // It has let go of all its locks when it panics, and a lost device is used no more.
    panic::catch_unwind(AssertUnwindSafe(call)).map_err(|said| {
        let text = said.downcast_ref::<String>().map(String::as_str);
        text.or(said.downcast_ref::<&str>().copied()).unwrap_or("for an unknown reason").to_string()
    })
}

#[cold]
fn waiting_failed(reason: &str) -> Error {
    Error::new(Kind::Device, format!("waiting for the graphics device failed: {}", first_line(reason)))
}

#[cold]
fn translated(error: wgpu::Error, what: impl Fn() -> String) -> Error {
    match error {
        wgpu::Error::OutOfMemory { .. } => {
            Error::new(Kind::Memory, format!("the graphics device has no memory left for {}", what()))
                .help("`x @ cpu` moves a value to main memory")
        }
        other => Error::new(Kind::Device, format!("the graphics driver refused {}: {other}", what())),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_of_the_library_are_no_panics_of_ours() {
        assert_eq!(survived(|| 3), Ok(3));
        assert_eq!(survived(|| panic!("gone")), Err::<(), _>("gone".to_string()));
        let reasons = ["out of memory".to_string()];
        assert_eq!(survived(|| panic!("lost: {}", reasons[0])), Err::<(), _>("lost: out of memory".to_string()));
    }
}
