//! The registers of a frame, and how values get into them.
//!
//! Scalars are written and copied field by field: a wide load right behind narrow stores stalls the processor.

use super::super::code::{Reg, WINDOW};
use super::super::value::Value;
use crate::tensor::Array;

/// The registers of the running frame: exactly as many as an 8-bit operand can name.
pub(super) type Window = [Value; WINDOW];

/// Writes a register; nothing is released in the common case of a scalar over a scalar.
#[inline(always)]
pub(super) fn set(slot: &mut Value, value: Value) {
    if slot.is_plain() { std::mem::forget(std::mem::replace(slot, value)) } else { release(slot, value) }
}

#[cold]
#[inline(never)]
fn release(slot: &mut Value, value: Value) {
    *slot = value;
}

#[inline(always)]
pub(super) fn set_int(slot: &mut Value, value: i64) {
    if slot.weak_int().is_some()
        && let Value::Array(Array::Int(old)) = slot
    {
        *old = value;
    } else {
        set(slot, Value::int(value));
    }
}

#[inline(always)]
pub(super) fn set_float(slot: &mut Value, value: f64) {
    if slot.weak_float().is_some()
        && let Value::Array(Array::Float(old)) = slot
    {
        *old = value;
    } else {
        set(slot, Value::float(value));
    }
}

/// A weak float and a weak whole number, in either order.
#[inline(never)]
pub(super) fn mixed(x: &Value, y: &Value) -> Option<(f64, f64)> {
    match (x.weak_float(), y.weak_float()) {
        (Some(x), None) => Some((x, y.weak_int()? as f64)),
        (None, Some(y)) => Some((x.weak_int()? as f64, y)),
        _ => None,
    }
}

/// Copies a value into a register; `heap` learns that it may be more than a number.
#[inline(always)]
pub(super) fn load(slot: &mut Value, value: &Value, heap: &mut bool) {
    if let Some(value) = value.weak_float() {
        set_float(slot, value);
    } else if let Some(value) = value.weak_int() {
        set_int(slot, value);
    } else {
        *heap = true;
        load_slow(slot, value);
    }
}

#[inline(never)]
fn load_slow(slot: &mut Value, value: &Value) {
    set(slot, value.clone());
}

/// Copies a register.
#[inline(always)]
pub(super) fn copy(regs: &mut Window, d: Reg, a: Reg) {
    if let Some(value) = regs[a as usize].weak_float() {
        set_float(&mut regs[d as usize], value);
    } else if let Some(value) = regs[a as usize].weak_int() {
        set_int(&mut regs[d as usize], value);
    } else {
        copy_slow(regs, d, a);
    }
}

#[inline(never)]
fn copy_slow(regs: &mut Window, d: Reg, a: Reg) {
    let value = regs[a as usize].clone();
    set(&mut regs[d as usize], value);
}

/// Moves a value that is not read again: a scalar may as well stay.
#[inline(always)]
pub(super) fn shift(slot: &mut Value, value: &mut Value) {
    if let Some(value) = value.weak_float() {
        set_float(slot, value);
    } else if let Some(value) = value.weak_int() {
        set_int(slot, value);
    } else {
        shift_slow(slot, value);
    }
}

#[inline(never)]
pub(super) fn shift_slow(slot: &mut Value, value: &mut Value) {
    set(slot, std::mem::take(value));
}

/// The number in a register, to be assigned as an element.
#[inline(always)]
pub(super) fn element(regs: &Window, reg: Reg) -> Option<Array> {
    let value = &regs[reg as usize];
    if let Some(value) = value.weak_float() {
        return Some(Array::Float(value));
    }
    match value {
        Value::Array(Array::Int(value)) => Some(Array::Int(*value)),
        Value::Array(Array::Scalar(value)) => Some(Array::Scalar(*value)),
        _ => None,
    }
}
