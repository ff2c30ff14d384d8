//! Whether to go on: looked at between pieces of work, and while waiting for the device.

use crate::context::{self, Interrupt};
use crate::diagnostics::Result;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

/// Looks whether the program was told to stop, also while it waits for the device.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    pub interrupt: Interrupt,
    /// When the program has to be done.
    pub deadline: Rc<Cell<Option<Instant>>>,
}

impl Watch {
    pub fn check(&self) -> Result<()> {
        context::check(&self.interrupt, self.deadline.get())
    }
}
