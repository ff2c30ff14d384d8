//! Values with a place: committed to a device, where what is computed from them stays.
//!
//! On a graphics card element-wise operations wait, to be fused, and all others are recorded for it; nothing waits for
//! the card until elements are read. A device that the CPU stands in for is the CPU with its dtypes.

use super::{card, concrete, pending, waiting};
use crate::context::Context;
use crate::cpu;
use crate::devices::{Card, Engine};
use crate::diagnostics::{Error, Kind, Result};
use crate::gpu::{self, View};
use crate::ops::place::{PLACE, common, on_device, on_gpu, place as place_op};
use crate::ops::{Attrs, Kernel, OnGpu, Op, Outputs, Rule, apply_all, cast};
use crate::tensor::{Abstract, Array, DType, Device, ElementType, Layout, Lifted, Mode, Scalar};
use smallvec::{SmallVec, smallvec};
use std::mem;

/// Where the elements are.
enum Placed {
    /// On the CPU.
    Host(Array),
    Card(View),
}

fn on_host(device: Device, array: Array) -> Array {
    let aval = Abstract { device: Some(device), weak: false, ..array.aval() };
    Array::Lifted(Lifted::new(aval, Mode::Placed, 0, Placed::Host(array)))
}

/// What computes for a device.
pub fn engine(cx: &mut Context, device: Device) -> Result<Engine> {
    cx.check()?;
    cx.devices.obey(&cx.interrupt, &cx.limits);
    cx.devices.engine(device)
}

/// A value on a graphics card.
pub fn on_card(device: Device, view: View) -> Array {
    let aval = Abstract { device: Some(device), ..Abstract::new(view.shape().into(), view.dtype()) };
    Array::Lifted(Lifted::new(aval, Mode::Placed, 0, Placed::Card(view)))
}

/// Brings a value, wherever it is, to where `out` says, in the dtype it says.
pub fn place(cx: &mut Context, input: &Array, out: &Abstract) -> Result<Array> {
    let at_hand = concrete(cx, input)?;
    let Some(device) = out.device else {
        let typed = cast(cx, at_hand, out.dtype)?;
        return concrete(cx, &typed);
    };
    match engine(cx, device)? {
        Engine::Host => Ok(on_host(device, cast(cx, at_hand, out.dtype)?)),
        Engine::Card(card) => {
            let uploaded = with_room(cx, |cx| uploaded(cx, at_hand.clone(), out.dtype, &card));
            Ok(on_card(device, uploaded?))
        }
    }
}

/// Runs `work` for a card; where there is no memory, once more when what waits there has run: it may hold some.
fn with_room<T>(cx: &mut Context, mut work: impl FnMut(&mut Context) -> Result<T>) -> Result<T> {
    match work(cx) {
        Err(error) if error.kind() == Kind::Memory && waiting::any_behind(cx) => {
            waiting::one_by_one(cx, None)?;
            work(cx)
        }
        result => result,
    }
}

/// The elements of a value at hand in the memory of a card: those that were brought there before, if they are the same.
fn uploaded(cx: &mut Context, input: Array, dtype: DType, card: &Card) -> Result<View> {
    let tensor = if let Array::Tensor(tensor) = &input { Some(tensor.clone()) } else { None };
    if let Some(view) = tensor.as_ref().and_then(|tensor| card.gpu.uploaded(tensor, dtype)) {
        return Ok(view);
    }
    let typed = cast(cx, input, dtype)?;
    let typed = concrete(cx, &typed)?;
    // a number goes along with the commands: writing it would have to wait for those before
    if let Array::Scalar(scalar) = typed {
        return card.gpu.fill(scalar, &[]);
    }
    let view = card.gpu.upload(&typed.to_tensor().ok_or_else(cpu::mistyped)?)?;
    if let Some(tensor) = tensor {
        card.gpu.keep_upload(&tensor, &view);
    }
    Ok(view)
}

/// Looks at a value that is on a card, or has arrived there; none if it is not.
fn look_on_card<T>(lifted: &Lifted, look: impl FnOnce(&View) -> T) -> Option<T> {
    let done = pending::done(lifted);
    let there = if let Some(Array::Lifted(done)) = &done { done } else { lifted };
    match there.body::<Placed>() {
        Some(Placed::Card(view)) => Some(look(view)),
        _ => None,
    }
}

/// Bytes on a card that a value holds, if it is there.
pub(super) fn bytes(lifted: &Lifted) -> usize {
    look_on_card(lifted, View::bytes_held).map_or(0, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// Errors where a value was on a card that is gone.
fn check_lost(input: &Array) -> Result<()> {
    let Array::Lifted(lifted) = input else { return Ok(()) };
    look_on_card(lifted, View::check_lost).unwrap_or(Ok(()))
}

/// The elements of a value with a place.
pub(super) fn elements(cx: &mut Context, lifted: &Lifted) -> Result<Array> {
    match lifted.body::<Placed>() {
        Some(Placed::Host(array)) => Ok(array.clone()),
        Some(Placed::Card(view)) => match engine(cx, lifted.aval().device.unwrap_or_default())? {
            Engine::Card(card) => card.read(view).map(Array::from),
            Engine::Host => Err(view.check_lost().err().unwrap_or_else(cpu::mistyped)),
        },
        None => Err(cpu::mistyped()),
    }
}

/// Runs an operation with the inputs that follow what they meet brought to the device of those that have a place; none
/// where all are there.
pub(super) fn run_together(cx: &mut Context, op: &Op, inputs: &mut [Array]) -> Result<Option<Outputs>> {
    if std::ptr::eq(op.entry, &PLACE) || inputs.iter().all(|input| input.place().is_none()) {
        return Ok(None);
    }
    let device = common(op, inputs.iter().map(|input| (input.place(), input.type_name())))?;
    let is_there = |input: &Array| input.is_weak() || input.place() == device;
    if inputs.iter().all(is_there) {
        return Ok(None);
    }
    // errors speak of the inputs as they are
    if let Rule::Elementwise(_) = op.entry.rule {
        op.infer_all(&inputs.iter().map(Array::aval).collect::<SmallVec<[Abstract; 3]>>())?;
    }
    let mut brought: SmallVec<[Array; 3]> = SmallVec::new();
    for input in inputs.iter() {
        brought.push(if is_there(input) { Array::default() } else { place_op(cx, input.clone(), device)? });
    }
    // those that are there change hands, and come back if it fails
    let there: SmallVec<[usize; 3]> = (0..inputs.len()).filter(|&at| is_there(&inputs[at])).collect();
    let mut swap = |brought: &mut [Array]| there.iter().for_each(|&at| mem::swap(&mut inputs[at], &mut brought[at]));
    swap(&mut brought);
    let result = super::run(cx, op, &mut brought);
    if result.is_err() {
        swap(&mut brought);
    }
    result.map(Some)
}

/// An operation on values of this device.
pub(super) fn run(cx: &mut Context, op: &Op, inputs: &mut [Array], device: Device) -> Result<Outputs> {
    if let (true, [input]) = (std::ptr::eq(op.entry, &PLACE), &*inputs) {
        let out = op.infer(&[input.aval()])?;
        return Ok(smallvec![place(cx, input, &out)?]);
    }
    if op.attrs == Attrs::Weak {
        let plain = inputs.iter().map(|input| concrete(cx, input)).collect::<Result<SmallVec<[Array; 1]>>>();
        return apply_all(cx, op, &mut plain?);
    }
    match engine(cx, device)? {
        Engine::Host => run_on_host(cx, op, inputs, device),
        Engine::Card(card) => Ok(smallvec![with_room(cx, |cx| run_on_card(cx, op, inputs, device, &card))?]),
    }
}

/// The CPU stands in: results get the dtypes of the device.
fn run_on_host(cx: &mut Context, op: &Op, inputs: &[Array], device: Device) -> Result<Outputs> {
    let plain = |input: &Array| match input {
        Array::Lifted(lifted) => match lifted.body::<Placed>() {
            Some(Placed::Host(array)) => Ok(array.clone()),
            // the card was there once
            Some(Placed::Card(view)) => Err(view.check_lost().err().unwrap_or_else(cpu::mistyped)),
            None => Ok(input.clone()),
        },
        _ => Ok(input.clone()),
    };
    let mut plain = inputs.iter().map(plain).collect::<Result<SmallVec<[Array; 3]>>>()?;
    if let (Device::Gpu(_), Rule::Elementwise(rule)) = (device, &op.entry.rule) {
        let kinds: SmallVec<[ElementType; 3]> = plain.iter().map(Array::element_type).collect();
        // what would be computed in `f64` is computed in `f32`
        if rule(&kinds).is_ok_and(|types| types.compute == DType::F64) {
            // truth values stay: they are the same in both, and `where` needs them
            for input in plain.iter_mut().filter(|input| !input.is_weak() && input.dtype() != DType::Bool) {
                *input = cast(cx, input.clone(), DType::F32)?;
            }
        }
    }
    let mut results = Outputs::new();
    // errors speak of the inputs as they are
    let as_they_are = |error| {
        let avals: SmallVec<[Abstract; 3]> = inputs.iter().map(Array::aval).collect();
        op.infer_all(&avals).err().unwrap_or(error)
    };
    for result in apply_all(cx, op, &mut plain).map_err(as_they_are)? {
        if result.is_weak() {
            results.push(result);
            continue;
        }
        let dtype = on_device(result.dtype(), Some(device));
        results.push(on_host(device, cast(cx, result, dtype)?));
    }
    Ok(results)
}

fn run_on_card(cx: &mut Context, op: &Op, inputs: &mut [Array], device: Device, card: &Card) -> Result<Array> {
    match (&op.entry.gpu, &op.entry.kernel) {
        (OnGpu::Wgsl(_) | OnGpu::Convert, _) => {
            inferred(op, inputs)?;
            if !card::is_on_card(op, inputs)? {
                return Err(missing(op, inputs));
            }
            inputs.iter().try_for_each(check_lost)?;
            match card::may_fail(op, inputs) {
                true => pending::wait_at_risk(cx, op, inputs),
                false => pending::wait(cx, op, inputs),
            }
        }
        (OnGpu::Look, Kernel::Look(layout)) => {
            inferred(op, inputs)?;
            let view = view(cx, inputs.first().ok_or_else(cpu::mistyped)?, card)?;
            let seen = Layout { shape: view.shape().into(), offset: view.offset(), strides: view.strides().into() };
            let looked = layout(op, &seen);
            Ok(on_card(device, view.with_layout(looked.shape, looked.offset, looked.strides)))
        }
        (OnGpu::Product(_), _) => {
            let out = inferred(op, inputs)?;
            if !gpu::contracts(out.dtype) {
                return Err(missing(op, inputs));
            }
            pending::wait_product(cx, op, inputs, out)
        }
        (OnGpu::Reduce(how), _) => {
            let out = inferred(op, inputs)?;
            let (Attrs::Reduce { axes, .. }, [input]) = (&op.attrs, &*inputs) else { return Err(cpu::mistyped()) };
            if let Array::Lifted(lifted) = input
                && let Some(result) = pending::reduced_on_card(cx, op, *how, lifted)?
            {
                return Ok(result);
            }
            cx.kernels += 1;
            let view = view(cx, input, card)?;
            let fault = overflow_mark(cx, card, *how, view.dtype())?;
            Ok(on_card(device, card.gpu.reduce(*how, &view, axes, &out.shape, fault)?))
        }
        (OnGpu::Whole(kernel), _) => {
            let out = inferred(op, inputs)?;
            cx.kernels += 1;
            let views = views(cx, inputs, card)?;
            let taken = let_go(inputs);
            let made = kernel(&card.gpu, op, &views, &out, &mut || card.mark(cx.modes.place.clone()));
            if let Ok(Some(view)) = made {
                return Ok(on_card(device, view));
            }
            for at in taken {
                inputs[at] = on_card(device, views[at].clone());
            }
            made.and_then(|_| Err(missing(op, inputs)))
        }
        (OnGpu::Chosen(kernel), _) => {
            cx.kernels += 1;
            let views = views(cx, inputs, card)?;
            let mask = views.last().ok_or_else(cpu::mistyped)?;
            let counts = card.gpu.counts(mask)?;
            let count = card.read(&counts.last())?.scalar(0).and_then(Scalar::as_i64).ok_or_else(cpu::mistyped)?;
            let numbers = card.gpu.numbers(mask, &counts, count as usize)?;
            Ok(on_card(device, kernel(&card.gpu, &views, &numbers)?))
        }
        _ => Err(missing(op, inputs)),
    }
}

/// The number by which a reduction to `i32` is known that may not fit.
pub(super) fn overflow_mark(cx: &Context, card: &Card, how: gpu::Reduction, of: DType) -> Result<u32> {
    if how.may_overflow(of) { card.mark(cx.modes.place.clone()) } else { Ok(gpu::NO_ID) }
}

/// Lets go of the inputs that nobody else holds, so that their views may be the only holders of their buffers; which
/// these were.
fn let_go(inputs: &mut [Array]) -> SmallVec<[usize; 3]> {
    let alone = |input: &Array| matches!(input, Array::Lifted(lifted) if lifted.holders() == 1);
    let taken: SmallVec<[usize; 3]> = (0..inputs.len()).filter(|&at| alone(&inputs[at])).collect();
    taken.iter().for_each(|&at| inputs[at] = Array::default());
    taken
}

fn inferred(op: &Op, inputs: &[Array]) -> Result<Abstract> {
    op.infer(&inputs.iter().map(Array::aval).collect::<SmallVec<[Abstract; 3]>>())
}

/// Inputs as the card has them. What waited is run, and is the operation's own from here on.
fn views(cx: &mut Context, inputs: &mut [Array], card: &Card) -> Result<SmallVec<[View; 3]>> {
    let mut views = SmallVec::new();
    for input in inputs {
        *input = pending::settled(cx, input)?;
        views.push(view(cx, input, card)?);
    }
    Ok(views)
}

/// A value as the card has it; numbers that were written out go there.
pub(super) fn view(cx: &mut Context, input: &Array, card: &Card) -> Result<View> {
    let settled = pending::settled(cx, input)?;
    if let Array::Lifted(lifted) = &settled
        && let Some(Placed::Card(view)) = lifted.body::<Placed>()
    {
        return Ok(view.clone());
    }
    let plain = concrete(cx, &settled)?;
    let dtype = on_gpu(plain.dtype());
    uploaded(cx, plain, dtype, card)
}

#[cold]
fn missing(op: &Op, inputs: &[Array]) -> Error {
    let names: Vec<String> = inputs.iter().map(Array::type_name).collect();
    Error::new(Kind::Device, format!("a GPU has no `{}` of {} yet", op.entry.symbol, names.join(" and ")))
        .help("`x @ cpu` brings a value back")
}

/// The error of whoever needs a number that is not at hand.
#[cold]
pub(super) fn elsewhere(lifted: &Lifted) -> Error {
    let device = lifted.aval().device.unwrap_or_default();
    Error::new(Kind::Device, format!("this number has to be at hand, and is on {device}"))
        .help("`item(x)` reads it where it is")
}
