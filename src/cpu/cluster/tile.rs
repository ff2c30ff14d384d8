//! Running a plan, tile by tile, on one thread.

use super::plan::{Instruction, Place, Plan, Source};
use super::program::Work;
use crate::cpu::convert::To;
use crate::cpu::joined::Joined;
use crate::cpu::loops::{Map1, Map2, Map3};
use crate::cpu::slices::{AnyWalk, Slice, SliceMut, Typed};
use crate::cpu::versioned::versioned;
use crate::cpu::{Binary, Unary};
use crate::tensor::{DType, Data, shape};
use smallvec::SmallVec;
use std::mem;
use std::sync::atomic::Ordering;

/// What one thread holds while it runs a plan.
pub(super) struct Tiles<'a> {
    plan: &'a Plan<'a>,
    registers: Vec<Data>,
    /// What stands for a register in the running tile: a part of a row that lies in order.
    direct: Vec<Option<Slice<'a>>>,
    /// The turned views in the running part.
    turned: Vec<Data>,
}

impl<'a> Tiles<'a> {
    pub fn new(plan: &'a Plan<'a>) -> Tiles<'a> {
        let mut registers: Vec<Data> = plan.registers.iter().map(|&dtype| Data::zeros(dtype, plan.tile)).collect();
        for &(register, scalar) in &plan.constants {
            if let Some(mut register) = registers.get_mut(register).and_then(SliceMut::of) {
                register.fill(scalar);
            }
        }
        let part = plan.chunk().unwrap_or(0).min(shape::size(plan.shape));
        let turned = plan.turned.iter().map(|(from, _)| Data::zeros(from.dtype(), part)).collect();
        Tiles { plan, direct: vec![None; registers.len()], registers, turned }
    }

    /// Makes the elements from `start` on of all outputs, as many as the pieces of these hold.
    pub fn run(&mut self, start: usize, outs: &mut [SliceMut]) {
        let plan = self.plan;
        let len = outs.first().map_or(0, SliceMut::len);
        let mut walks: SmallVec<[(AnyWalk, usize); 2]> = SmallVec::new();
        for load in &plan.loads {
            if let Source::Strided { values, offset, strides } = &load.from {
                walks.push((values.walk(*offset, plan.shape, strides, start), load.register));
            }
        }
        for ((from, turned), to) in plan.turned.iter().zip(&mut self.turned) {
            let to = SliceMut::of(to).and_then(|to| to.first(len));
            match to {
                Some(mut to) => to.copy_from_turned(*from, turned, start),
                None => plan.failed.store(true, Ordering::Relaxed),
            }
        }
        for at in (0..len).step_by(plan.tile) {
            let count = plan.tile.min(len - at);
            let ahead = plan.tile.min(len - at - count);
            for leaf in &plan.leaves {
                if let Some(next) = leaf.part(start + at + count, ahead) {
                    next.prefetch();
                }
            }
            let done = self.load(&mut walks, outs, start, at, count).and_then(|()| {
                plan.code.iter().try_for_each(|instruction| self.step(instruction, outs, start, at, count))
            });
            if done.is_none() {
                plan.failed.store(true, Ordering::Relaxed);
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
            SliceMut::of(self.registers.get_mut(*register)?)?.part_mut(0, count)?.copy_from_walk(walk);
        }
        for load in &self.plan.loads {
            let mut register = SliceMut::of(self.registers.get_mut(load.register)?)?;
            match load.from {
                Source::Strided { .. } => {}
                Source::Output(output) => {
                    register.part_mut(0, count)?.copy_from(outs.get(output)?.as_slice().part(at, count)?);
                }
                Source::Row(row) => {
                    let mut from = (start + at) % row.len().max(1);
                    let direct = self.direct.get_mut(load.register)?;
                    *direct = row.part(from, count);
                    let mut done = if direct.is_some() { count } else { 0 };
                    while done < count {
                        let run = (row.len() - from).min(count - done);
                        register.part_mut(done, run)?.copy_from(row.part(from, run)?);
                        (done, from) = (done + run, 0);
                    }
                }
            }
        }
        Some(())
    }

    fn seen<'s, 'o>(&'s self, outs: &'s [SliceMut<'o>], start: usize, at: usize, count: usize) -> Seen<'s, 'o> {
        let Tiles { plan, registers, direct, turned } = self;
        Seen { plan, registers, direct, turned, outs, start, at, count }
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
                let mut to = mem::replace(self.registers.get_mut(register)?, Data::Bool(vec![]));
                let seen = self.seen(outs, start, at, count);
                let done = instruction.run(SliceMut::of(&mut to)?.part_mut(0, count)?, &seen);
                *self.registers.get_mut(register)? = to;
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

/// What an instruction may read of the running tile.
struct Seen<'s, 'o> {
    plan: &'s Plan<'s>,
    registers: &'s [Data],
    direct: &'s [Option<Slice<'s>>],
    turned: &'s [Data],
    outs: &'s [SliceMut<'o>],
    start: usize,
    at: usize,
    count: usize,
}

impl Seen<'_, '_> {
    #[inline]
    fn get<T: Typed>(&self, place: Place) -> Option<&[T]> {
        let slice = match place {
            Place::Leaf(leaf) => self.plan.leaves.get(leaf)?.part(self.start + self.at, self.count),
            Place::Turned(turned) => Slice::of(self.turned.get(turned)?)?.part(self.at, self.count),
            Place::Register(register) => match self.direct.get(register)? {
                Some(row) => Some(*row),
                None => Slice::of(self.registers.get(register)?)?.part(0, self.count),
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
    (map.fresh)(seen.plan.isa, R::from_slice_mut(out)?, seen.get(*of.first()?)?);
    Some(())
}

fn binary<T: Typed, R: Typed>(map: &Map2<T, R>, out: SliceMut, seen: &Seen, of: &[Place]) -> Option<()> {
    let &[a, b] = of else { return None };
    (map.fresh)(seen.plan.isa, R::from_slice_mut(out)?, seen.get(a)?, seen.get(b)?);
    Some(())
}

fn ternary<T: Typed>(map: &Map3<T>, out: SliceMut, seen: &Seen, of: &[Place]) -> Option<()> {
    let &[a, b, c] = of else { return None };
    (map.fresh)(seen.plan.isa, T::from_slice_mut(out)?, seen.get(a)?, seen.get(b)?, seen.get(c)?);
    Some(())
}

fn select<T: Typed>(out: SliceMut, seen: &Seen, of: &[Place]) -> Option<()> {
    let &[condition, a, b] = of else { return None };
    choose(seen.plan.isa, T::from_slice_mut(out)?, seen.get(condition)?, seen.get(a)?, seen.get(b)?);
    Some(())
}

fn convert<T: Typed + To<R>, R: Typed>(out: SliceMut, seen: &Seen, of: &[Place]) -> Option<()> {
    converted(seen.plan.isa, R::from_slice_mut(out)?, seen.get::<T>(*of.first()?)?);
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
