//! Running a plan, tile by tile, on one thread.

use super::bind::{Bound, Input};
use super::plan::{Instruction, Place, Registers};
use super::program::Work;
use crate::cpu::convert::To;
use crate::cpu::joined::Joined;
use crate::cpu::loops::{Map1, Map2, Map3};
use crate::cpu::slices::{AnyWalk, Buffer, Slice, SliceMut, Typed};
use crate::cpu::versioned::versioned;
use crate::cpu::{Binary, Unary};
use crate::tensor::DType;
use smallvec::{SmallVec, smallvec};
use std::mem;

/// What one thread holds while it runs a plan.
pub(super) struct Tiles<'a> {
    bound: &'a Bound<'a>,
    registers: Registers,
    /// What stands for a register in the running tile: a part of a row that lies in order.
    direct: SmallVec<[Option<Slice<'a>>; 8]>,
    /// The turned views in the running part.
    turned: Vec<Buffer>,
}

impl<'a> Tiles<'a> {
    /// For runs of at most `longest` elements.
    pub fn new(bound: &'a Bound<'a>, longest: usize) -> Tiles<'a> {
        let plan = bound.plan;
        let mut registers = plan.registers();
        for (&(input, register), held) in plan.constants.iter().zip(&mut registers.constants) {
            let Some(scalar) = bound.number(input) else { continue };
            if held.is_some_and(|held| held.is_identical(scalar)) {
                continue;
            }
            if let Some(register) = registers.values.get_mut(register) {
                register.as_slice_mut().fill(scalar);
                *held = Some(scalar);
            }
        }
        let turned = bound.turned().map(|(from, _)| Buffer::zeros(from.dtype(), longest)).collect();
        Tiles { bound, direct: smallvec![None; plan.registers.len()], registers, turned }
    }

    /// Makes the elements from `start` on of all outputs, as many as the pieces of these hold. Those from `next` on are
    /// probably wanted next.
    pub fn run(&mut self, start: usize, outs: &mut [SliceMut], next: usize) {
        let bound = self.bound;
        let plan = bound.plan;
        let len = outs.first().map_or(0, SliceMut::len);
        let mut walks: SmallVec<[(AnyWalk, usize); 2]> = SmallVec::new();
        for &(input, register) in &plan.loads {
            if let Some(Input::Strided(view)) = bound.inputs.get(input) {
                walks.push((view.values.walk(view.offset, bound.shape, &view.strides, start), register));
            }
        }
        for ((from, turned), to) in bound.turned().zip(&mut self.turned) {
            match to.as_slice_mut().first(len) {
                Some(mut to) => to.copy_from_turned(from, turned, start),
                None => bound.fail(),
            }
        }
        for at in (0..len).step_by(plan.tile) {
            let count = plan.tile.min(len - at);
            match len - at - count {
                0 => bound.ask(next, plan.tile.min(len)),
                rest => bound.ask(start + at + count, plan.tile.min(rest)),
            }
            let done = self.load(&mut walks, outs, start, at, count).and_then(|()| {
                plan.code.iter().try_for_each(|instruction| self.step(instruction, outs, start, at, count))
            });
            if done.is_none() {
                bound.fail();
            }
        }
    }

    /// Fills the registers of what does not lie in order.
    fn load(
        &mut self,
        walks: &mut [(AnyWalk, usize)],
        outs: &[SliceMut],
        start: usize,
        at: usize,
        count: usize,
    ) -> Option<()> {
        for (walk, register) in walks {
            self.registers.values.get_mut(*register)?.as_slice_mut().part_mut(0, count)?.copy_from_walk(walk);
        }
        for &(input, number) in &self.bound.plan.loads {
            let mut register = self.registers.values.get_mut(number)?.as_slice_mut();
            match *self.bound.inputs.get(input)? {
                Input::Owned(output) => {
                    register.part_mut(0, count)?.copy_from(outs.get(output)?.as_slice().part(at, count)?);
                }
                Input::Row(row) => {
                    let mut from = (start + at) % row.len().max(1);
                    let direct = self.direct.get_mut(number)?;
                    *direct = row.part(from, count);
                    let mut done = if direct.is_some() { count } else { 0 };
                    while done < count {
                        let run = (row.len() - from).min(count - done);
                        register.part_mut(done, run)?.copy_from(row.part(from, run)?);
                        (done, from) = (done + run, 0);
                    }
                }
                _ => {}
            }
        }
        Some(())
    }

    fn seen<'s, 'o>(&'s self, outs: &'s [SliceMut<'o>], start: usize, at: usize, count: usize) -> Seen<'s, 'o> {
        let Tiles { bound, registers, direct, turned } = self;
        Seen { bound, registers: &registers.values, direct, turned, outs, start, at, count }
    }

    fn step(
        &mut self,
        instruction: &Instruction,
        outs: &mut [SliceMut],
        start: usize,
        at: usize,
        count: usize,
    ) -> Option<()> {
        // what is written is taken out meanwhile, so that the others can be read
        match instruction.to {
            Place::Register(register) => {
                let mut to = mem::replace(self.registers.values.get_mut(register)?, Buffer::empty());
                let seen = self.seen(outs, start, at, count);
                let done = to.as_slice_mut().part_mut(0, count).and_then(|part| instruction.run(part, &seen));
                *self.registers.values.get_mut(register)? = to;
                done
            }
            Place::Output(output) => {
                let mut to = mem::replace(outs.get_mut(output)?, SliceMut::empty());
                let seen = self.seen(outs, start, at, count);
                let done = to.part_mut(at, count).and_then(|part| instruction.run(part, &seen));
                *outs.get_mut(output)? = to;
                done
            }
            Place::Leaf(_) | Place::Turned(_) => None,
        }
    }
}

impl Drop for Tiles<'_> {
    fn drop(&mut self) {
        self.bound.plan.keep(mem::take(&mut self.registers));
    }
}

/// What an instruction may read of the running tile.
struct Seen<'s, 'o> {
    bound: &'s Bound<'s>,
    registers: &'s [Buffer],
    direct: &'s [Option<Slice<'s>>],
    turned: &'s [Buffer],
    outs: &'s [SliceMut<'o>],
    start: usize,
    at: usize,
    count: usize,
}

impl Seen<'_, '_> {
    #[inline]
    fn get<T: Typed>(&self, place: Place) -> Option<&[T]> {
        let slice = match place {
            Place::Leaf(leaf) => self.bound.in_order(leaf, self.start + self.at, self.count),
            Place::Turned(turned) => self.turned.get(turned)?.as_slice().part(self.at, self.count),
            Place::Register(register) => match self.direct.get(register)? {
                Some(row) => Some(*row),
                None => self.registers.get(register)?.as_slice().part(0, self.count),
            },
            Place::Output(output) => self.outs.get(output)?.as_slice().part(self.at, self.count),
        };
        T::from_slice(slice?)
    }
}

impl Instruction {
    /// None where a dtype is not the one it was made for.
    fn run(&self, out: SliceMut, seen: &Seen) -> Option<()> {
        macro_rules! run {
            ($loops:ident $value:ident $function:ident: $($variant:ident $from:ident $to:ident;)+) => {
                match $value {
                    $($loops::$variant(map) => $function::<$from, $to>(map, out, seen, &self.operands),)+
                    #[allow(unreachable_patterns)]
                    _ => None,
                }
            };
        }
        macro_rules! variants {
            ($loops:ident $value:ident $function:ident) => {
                run! { $loops $value $function:
                    Bool bool bool; U8 u8 u8; I32 i32 i32; I64 i64 i64; F32 f32 f32; F64 f64 f64;
                    TestU8 u8 bool; TestI32 i32 bool; TestI64 i64 bool; TestF32 f32 bool; TestF64 f64 bool;
                }
            };
        }
        macro_rules! numbers {
            ($dtype:expr, $function:ident $(, $more:ident)?) => {
                match $dtype {
                    DType::Bool => $function::<bool $(, $more)?>(out, seen, &self.operands),
                    DType::U8 => $function::<u8 $(, $more)?>(out, seen, &self.operands),
                    DType::I32 => $function::<i32 $(, $more)?>(out, seen, &self.operands),
                    DType::I64 => $function::<i64 $(, $more)?>(out, seen, &self.operands),
                    DType::F32 => $function::<f32 $(, $more)?>(out, seen, &self.operands),
                    DType::F64 => $function::<f64 $(, $more)?>(out, seen, &self.operands),
                    DType::Str => None,
                }
            };
        }
        match self.work {
            Work::Unary(loops) => variants!(Unary loops unary),
            Work::Binary(loops) => variants!(Binary loops binary),
            Work::Joined(Joined::F32(map)) => ternary(map, out, seen, &self.operands),
            Work::Joined(Joined::F64(map)) => ternary(map, out, seen, &self.operands),
            Work::Select => numbers!(self.compute, select),
            Work::Convert(DType::Bool) => numbers!(self.compute, convert, bool),
            Work::Convert(DType::U8) => numbers!(self.compute, convert, u8),
            Work::Convert(DType::I32) => numbers!(self.compute, convert, i32),
            Work::Convert(DType::I64) => numbers!(self.compute, convert, i64),
            Work::Convert(DType::F32) => numbers!(self.compute, convert, f32),
            Work::Convert(DType::F64) => numbers!(self.compute, convert, f64),
            Work::Convert(DType::Str) => None,
        }
    }
}

fn unary<T: Typed, R: Typed>(map: &Map1<T, R>, out: SliceMut, seen: &Seen, of: &[Place]) -> Option<()> {
    (map.fresh)(seen.bound.isa, R::from_slice_mut(out)?, seen.get(*of.first()?)?);
    Some(())
}

fn binary<T: Typed, R: Typed>(map: &Map2<T, R>, out: SliceMut, seen: &Seen, of: &[Place]) -> Option<()> {
    let &[a, b] = of else { return None };
    (map.fresh)(seen.bound.isa, R::from_slice_mut(out)?, seen.get(a)?, seen.get(b)?);
    Some(())
}

fn ternary<T: Typed>(map: &Map3<T>, out: SliceMut, seen: &Seen, of: &[Place]) -> Option<()> {
    let &[a, b, c] = of else { return None };
    (map.fresh)(seen.bound.isa, T::from_slice_mut(out)?, seen.get(a)?, seen.get(b)?, seen.get(c)?);
    Some(())
}

fn select<T: Typed>(out: SliceMut, seen: &Seen, of: &[Place]) -> Option<()> {
    let &[condition, a, b] = of else { return None };
    choose(seen.bound.isa, T::from_slice_mut(out)?, seen.get(condition)?, seen.get(a)?, seen.get(b)?);
    Some(())
}

fn convert<T: Typed + To<R>, R: Typed>(out: SliceMut, seen: &Seen, of: &[Place]) -> Option<()> {
    converted(seen.bound.isa, R::from_slice_mut(out)?, seen.get::<T>(*of.first()?)?);
    Some(())
}

versioned! {
    fn choose[T: Copy]<T>(out: &mut [T], condition: &[bool], a: &[T], b: &[T]) {
        for (((out, &condition), &a), &b) in out.iter_mut().zip(condition).zip(a).zip(b) {
            *out = if condition { a } else { b };
        }
    }

    fn converted[T: Copy + To<R>, R]<T, R>(out: &mut [R], values: &[T]) {
        for (out, &value) in out.iter_mut().zip(values) {
            *out = value.to();
        }
    }
}
