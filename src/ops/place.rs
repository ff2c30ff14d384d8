//! Placing values on devices.
//!
//! A value without a place is on the CPU and follows what it meets; one with a place stays there, and so does what is
//! computed from it. Operations never move a value that has a place: only `place` does.

use super::{Abstract, Arity, Attrs, Derivative, Entry, Op, Term, apply1, rows};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::{Array, DType, Device};
use crate::transform::placed;
use smallvec::{SmallVec, smallvec};

pub static PLACE: Entry = Entry::whole("place", "@", Arity::Exactly(1), rule, |cx, _, inputs, out| match inputs {
    [input] => placed::place(cx, input, &out),
    _ => Err(cpu::mistyped()),
})
.derivative(Derivative::Linear(1))
.transposed(transposed)
.batched(|cx, op, inputs, _, _| match inputs {
    [x] => rows::one(cx, op, x),
    _ => Err(cpu::mistyped()),
});

pub(super) static TABLE: &[&Entry] = &[&PLACE];

/// `x` on a device, in a dtype that the device has; without a device on the CPU, to follow what it meets. Integers that
/// do not fit are an `overflow` error. A number that was written out stays what it is.
pub fn place(cx: &mut Context, x: Array, device: Option<Device>) -> Result<Array> {
    if x.is_weak() || x.place() == device {
        return Ok(x);
    }
    let dtype = on_device(x.dtype(), device);
    apply1(cx, &Op { entry: &PLACE, attrs: Attrs::Place(device, dtype) }, x)
}

/// A new value where new values are made.
pub fn at_home(cx: &mut Context, x: Array) -> Result<Array> {
    match cx.devices.home {
        Some(device) if x.place().is_none() && x.dtype() != DType::Str => place(cx, x, Some(device)),
        _ => Ok(x),
    }
}

/// The dtype that values of this one have on a device.
pub fn on_device(dtype: DType, device: Option<Device>) -> DType {
    if let Some(Device::Gpu(_)) = device { on_gpu(dtype) } else { dtype }
}

/// The same of graphics cards, which have no numbers of 64 bits.
pub fn on_gpu(dtype: DType) -> DType {
    match dtype {
        DType::F64 => DType::F32,
        DType::I64 => DType::I32,
        other => other,
    }
}

/// Errors where a program asks for a dtype that a device does not have.
pub fn check_dtype(dtype: DType, device: Option<Device>) -> Result<()> {
    let there = on_device(dtype, device);
    if there == dtype {
        return Ok(());
    }
    Err(Error::ty(format!("a GPU has no {dtype}"))
        .help(format!("it computes in {there}; the CPU has {dtype}: `x @ cpu`")))
}

/// The device where inputs come together; none where no input has a place.
pub(crate) fn common(op: &Op, inputs: impl Iterator<Item = (Option<Device>, String)>) -> Result<Option<Device>> {
    let mut found: Option<(usize, Device, String)> = None;
    for (number, (device, name)) in inputs.enumerate() {
        let Some(device) = device else { continue };
        match &found {
            Some((first, other, first_name)) if *other != device => {
                let message = format!("`{}` of a value on {other} and one on {device}", op.entry.symbol);
                return Err(Error::new(Kind::Device, message)
                    .operand(*first, first_name)
                    .operand(number, name)
                    .help(format!("values do not move by themselves: `x @ {other}` moves one")));
            }
            Some(_) => {}
            None => found = Some((number, device, name)),
        }
    }
    Ok(found.map(|(_, device, _)| device))
}

fn rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    match (&op.attrs, inputs) {
        (Attrs::Place(Some(Device::Gpu(_)), _), [x]) if x.dtype == DType::Str => {
            Err(Error::ty("a GPU holds numbers, no text").operand(0, x.type_name()))
        }
        (Attrs::Place(device, dtype), [x]) => Ok(Abstract { dtype: *dtype, weak: false, device: *device, ..x.clone() }),
        _ => Err(cpu::mistyped()),
    }
}

/// Cotangents go back to where the value came from.
fn transposed(cx: &mut Context, _: &Op, terms: &[Term], ct: &[Option<Array>]) -> Result<SmallVec<[Option<Array>; 2]>> {
    let ([x], [Some(ct)]) = (terms, ct) else { return Ok(smallvec![None]) };
    let like = x.aval();
    let back = Op { entry: &PLACE, attrs: Attrs::Place(like.device, like.dtype) };
    Ok(smallvec![Some(apply1(cx, &back, ct.clone())?)])
}
