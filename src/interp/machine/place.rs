//! Devices: placing values, and where new ones are made.

use super::super::code::Reg;
use super::super::derived::{Derived, State};
use super::super::value::Value;
use super::Machine;
use super::operator::wrap;
use super::registers::Window;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops;
use crate::tensor::{Array, Device};
use crate::transform::waiting;
use std::rc::Rc;

/// A function that makes new values on a device while it runs.
pub(super) fn on_device(device: Device, f: Value) -> Value {
    Value::Derived(Rc::new(Derived { name: "on_device", of: f, run: run_on_device, state: Box::new(Home(device)) }))
}

struct Home(Device);

impl State for Home {}

fn run_on_device(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    let device = derived.state::<Home>().map(|home| home.0);
    let before = std::mem::replace(&mut machine.host.cx.devices.home, device);
    let result = machine.call(&derived.of, args);
    machine.host.cx.devices.home = before;
    result
}

impl Machine {
    /// `x @ gpu`: every array of a structure; numbers that were written out, text and functions stay as they are.
    pub fn place_on(&mut self, value: Value, device: Device) -> Result<Value> {
        if matches!(&value, Value::Array(array) if array.is_weak()) {
            return Err(Error::ty("a bare number cannot be placed on a device")
                .help("`@` binds tighter than `+`: write `(x + 1) @ gpu`")
                .help("a number of a dtype can be placed: `f64(x) @ gpu`"));
        }
        if !matches!(value, Value::Array(_) | Value::Range(_) | Value::Tuple(_) | Value::Record(_)) {
            return Err(
                Error::ty(format!("{} cannot be placed on a device", value.describe())).operand(0, value.type_name())
            );
        }
        self.map_leaves(value, &mut |machine, leaf| match leaf.as_array() {
            Some(array) => ops::place::place(&mut machine.host.cx, array, Some(device)).map(wrap),
            None => Ok(leaf),
        })
    }

    /// A new value, where new values are made.
    #[inline]
    pub fn at_home(&mut self, value: Value) -> Result<Value> {
        match value {
            Value::Array(array) if self.host.cx.devices.home.is_some() && !array.is_weak() => {
                ops::place::at_home(&mut self.host.cx, array).map(wrap)
            }
            other => Ok(other),
        }
    }

    /// Begins a block in which new values are made on the device in a register; gives what was before.
    pub(super) fn enter_home(&mut self, device: &Value) -> Result<Value> {
        let home = match device {
            Value::Device(device) => Some(*device),
            other => {
                return Err(Error::ty(format!("`@` before a block takes a device, this is {}", other.describe()))
                    .operand(0, other.type_name()));
            }
        };
        let before = self.home();
        self.host.cx.devices.home = home;
        Ok(before)
    }

    /// Where new values are made; none where they follow what they meet.
    pub(super) fn home(&self) -> Value {
        self.host.cx.devices.home.map_or(Value::None, Value::Device)
    }

    pub(super) fn set_home(&mut self, home: &Value) {
        self.host.cx.devices.home = match home {
            Value::Device(device) => Some(*device),
            _ => None,
        };
    }

    /// Everything that a part of the program asked for is done, and what went wrong in it is known.
    pub(super) fn finish_part(&mut self, regs: &mut Window, reg: Reg) -> Result<()> {
        waiting::settle_all(&mut self.host.cx)?;
        self.lower_what_arrived(&mut regs[usize::from(reg)])?;
        let cx = &mut self.host.cx;
        let batched = cx.modes.make_sources();
        cx.devices.look_for_faults().map_err(|mut error| {
            // it may be one of some rows: a `try` of the function must not decide that it is one of all
            error.details_mut().recorded |= batched;
            error
        })
    }
}

/// Errors where a value is not on the device that is stated, as written.
pub(super) fn check_device(what: &str, array: &Array, stated: &str) -> Result<()> {
    let found = array.device().to_string();
    let wanted = if stated == "gpu[0]" { "gpu" } else { stated };
    if array.is_weak() || found == wanted {
        return Ok(());
    }
    let message = format!("{what} is on {found}, stated is {wanted}");
    Err(Error::new(Kind::Device, message).help(format!("`x @ {wanted}` places it")))
}
