//! A reduction behind a cluster, in the same pass: what is reduced needs no memory, and what others need of the cluster is
//! written on the way.
//!
//! In which order elements are made is up to the reduction, whose bits are those of a separate run.

use super::bind::{self, Bound, Inputs};
use super::program::Structure;
use super::tile::Tiles;
use super::{fresh, plan};
use crate::context::Context;
use crate::cpu::slices::{Buffer, SliceMut, Typed};
use crate::cpu::{mistyped, reduce};
use crate::diagnostics::Result;
use crate::tensor::{Array, DType, Data, Tensor, shape};
use smallvec::{SmallVec, smallvec};
use std::sync::{Mutex, PoisonError};

/// Elements of a stretch of an output.
const STRETCH: usize = 1 << 12;

/// A reduction behind a cluster.
pub struct Folded<'a> {
    pub how: reduce::Reduction,
    pub extent: reduce::Extent,
    /// Of the result.
    pub shape: &'a [usize],
    /// Is what is reduced wanted, too?
    pub kept: bool,
}

/// As `run`, with the last output reduced, which is made only where it is kept. Gives the reduction and the outputs that
/// are made. Inputs are only read.
pub fn run_reduced(
    cx: &Context,
    structure: Structure,
    inputs: &[Array],
    shape: &[usize],
    how: &Folded,
) -> Result<(Tensor, SmallVec<[Tensor; 1]>)> {
    let (&last, others) = structure.outputs.split_last().ok_or_else(mistyped)?;
    let made = if how.kept { structure.outputs } else { others };
    let mut outs = made.iter().map(|&dtype| fresh(cx, dtype, shape::size(shape))).collect::<Result<Vec<Data>>>()?;
    let owns: SmallVec<[Option<usize>; 4]> = smallvec![None; inputs.len()];
    let mut read = Inputs::new();
    bind::inputs(&mut read, inputs, &owns, shape, false)?;
    let plan = plan(cx, structure, &read)?;
    let bound = Bound::new(cx.isa, &plan, &read, shape);
    let computed = Computed { bound: &bound, others, beside: Beside::new(&mut outs)? };
    macro_rules! run {
        ($type:ident) => {
            reduce::elements::<$type, _>(cx, how.how, &computed, how.extent, how.shape)?
        };
    }
    let result = match last {
        DType::Bool => run!(bool),
        DType::U8 => run!(u8),
        DType::I32 => run!(i32),
        DType::I64 => run!(i64),
        DType::F32 => run!(f32),
        DType::F64 => run!(f64),
        DType::Str => return Err(mistyped()),
    };
    drop(computed);
    bound.done()?;
    Ok((result, outs.into_iter().map(|data| Tensor::owner(data, shape::copy(shape))).collect()))
}

/// The elements of the last output of a program. Whoever asks for all of them, each once, makes the others with them.
struct Computed<'a> {
    bound: &'a Bound<'a>,
    /// The dtypes of the other outputs.
    others: &'a [DType],
    beside: Beside<'a>,
}

impl<T: Typed> reduce::Elements<T> for Computed<'_> {
    type State<'s>
        = (Tiles<'s>, Vec<T>, SmallVec<[Buffer; 2]>)
    where
        Self: 's;

    fn state(&self) -> Self::State<'_> {
        let others = self.others.iter().map(|&dtype| Buffer::zeros(dtype, 0)).collect();
        (Tiles::new(self.bound, 0), vec![], others)
    }

    fn get<'e, 's: 'e>(&'s self, state: &'e mut Self::State<'s>, start: usize, count: usize, next: usize) -> &'e [T] {
        let (tiles, last, others) = state;
        last.resize(count, T::default());
        let mut outs: SmallVec<[SliceMut; 2]> = SmallVec::new();
        for other in others {
            other.resize(count);
            outs.push(other.as_slice_mut());
        }
        outs.push(T::to_slice_mut(last));
        tiles.run(start, &mut outs, next);
        self.beside.write(start, count, &outs);
        drop(outs);
        last
    }
}

/// Outputs that are written beside a reduction, in stretches: threads take turns where theirs meet.
struct Beside<'a>(Vec<Mutex<SmallVec<[SliceMut<'a>; 1]>>>);

impl<'a> Beside<'a> {
    fn new(outs: &'a mut [Data]) -> Result<Beside<'a>> {
        let mut stretches: Vec<SmallVec<[SliceMut; 1]>> = vec![];
        for out in outs {
            let pieces = SliceMut::of(out).ok_or_else(mistyped)?.pieces(STRETCH);
            stretches.resize_with(pieces.len(), SmallVec::new);
            stretches.iter_mut().zip(pieces).for_each(|(stretch, piece)| stretch.push(piece));
        }
        Ok(Beside(stretches.into_iter().map(Mutex::new).collect()))
    }

    /// Takes over `count` elements of each output, from the one numbered `start` on.
    fn write(&self, start: usize, count: usize, from: &[SliceMut]) {
        let mut done = 0;
        while done < count {
            let (number, at) = ((start + done) / STRETCH, (start + done) % STRETCH);
            let Some(stretch) = self.0.get(number) else { return };
            let run = (STRETCH - at).min(count - done);
            // a thread that panicked left its stretch as it was
            let mut stretch = stretch.lock().unwrap_or_else(PoisonError::into_inner);
            for (to, from) in stretch.iter_mut().zip(from) {
                if let (Some(mut to), Some(from)) = (to.part_mut(at, run), from.as_slice().part(done, run)) {
                    to.copy_from(from);
                }
            }
            done += run;
        }
    }
}
