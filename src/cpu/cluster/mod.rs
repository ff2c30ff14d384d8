//! Clusters: chains of element-wise operations as one pass over the elements.
//!
//! A cluster is a small program over tiles that stay in the first-level cache: every step is one of the loops that also
//! run alone, so that results are the same to the bit. Strided and broadcast inputs are read where they are. The buffer
//! of an input that nobody else holds becomes that of a result. Long ones are cut into parts for all threads.

mod plan;
mod program;
mod tile;

pub use program::{Operand, Program, Step, Work};

use super::slices::SliceMut;
use super::{Typed, mistyped, reduce};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Array, DType, Data, Tensor, shape};
use plan::Plan;
use tile::Tiles;

/// Elements of a part, which one thread runs at a time.
const PART: usize = 1 << 15;
/// Elements times steps below which threads are not worth waking.
const SHORT: usize = 1 << 17;

/// Runs a program over inputs that broadcast to `shape`. The memory has been checked. Inputs whose buffers nobody else
/// holds may be taken out and written on; if they are `kept`, on an error they are as they were.
pub fn run(cx: &Context, program: &Program, inputs: &mut [Array], shape: &[usize], kept: bool) -> Result<Vec<Tensor>> {
    let size = shape::size(shape);
    let mut outs: Vec<Data> = vec![];
    let mut owns: Vec<Option<usize>> = vec![None; inputs.len()];
    for (number, &step) in program.outputs.iter().enumerate() {
        let dtype = program.steps.get(step).ok_or_else(mistyped)?.dtype();
        let mut free = inputs.iter_mut().zip(&mut owns).filter(|(_, own)| own.is_none());
        let taken = free.find_map(|(input, own)| {
            let data = buffer(input, dtype, shape)?;
            *own = Some(number);
            Some(data)
        });
        outs.push(taken.map_or_else(|| fresh(cx, dtype, size), Ok)?);
    }
    let plan = Plan::new(cx.isa, program, inputs, &owns, shape, true)?;
    let part = match plan.chunk() {
        Some(chunk) => chunk,
        None if size.saturating_mul(program.steps.len()) < SHORT => size.max(1),
        None => PART,
    };
    let mut parts: Vec<(usize, Vec<SliceMut>)> = (0..size).step_by(part).map(|start| (start, vec![])).collect();
    for out in &mut outs {
        let pieces = SliceMut::of(out).ok_or_else(mistyped)?.pieces(part);
        parts.iter_mut().zip(pieces).for_each(|((_, outs), piece)| outs.push(piece));
    }
    let state = || Tiles::new(&plan);
    let work = |tiles: &mut Tiles, (start, mut outs): (usize, Vec<SliceMut>)| tiles.run(start, &mut outs);
    if kept && owns.iter().any(Option::is_some) {
        // half a result must not be seen
        cx.workers.each(parts.into_iter(), state, work);
    } else {
        cx.share(parts.into_iter(), state, work)?;
    }
    plan.done()?;
    Ok(outs.into_iter().map(|data| Tensor::owner(data, shape::copy(shape))).collect())
}

/// A reduction behind a cluster.
pub struct Folded<'a> {
    pub how: reduce::Reduction,
    pub extent: reduce::Extent,
    /// Of the result.
    pub shape: &'a [usize],
}

/// As `run` of a program with one output, which is reduced and not made itself.
pub fn run_reduced(cx: &Context, program: &Program, inputs: &[Array], shape: &[usize], how: &Folded) -> Result<Tensor> {
    let plan = Plan::new(cx.isa, program, inputs, &vec![None; inputs.len()], shape, false)?;
    let &[output] = program.outputs.as_slice() else { return Err(mistyped()) };
    macro_rules! run {
        ($type:ident) => {
            reduce::elements::<$type, _>(cx, how.how, &Computed(&plan), how.extent, how.shape)?
        };
    }
    let result = match program.steps.get(output).ok_or_else(mistyped)?.dtype() {
        DType::Bool => run!(bool),
        DType::U8 => run!(u8),
        DType::I32 => run!(i32),
        DType::I64 => run!(i64),
        DType::F32 => run!(f32),
        DType::F64 => run!(f64),
        DType::Str => return Err(mistyped()),
    };
    plan.done()?;
    Ok(result)
}

/// The elements that a program with one output makes.
struct Computed<'p, 'a>(&'p Plan<'a>);

impl<T: Typed> reduce::Elements<T> for Computed<'_, '_> {
    type State<'s>
        = (Tiles<'s>, Vec<T>)
    where
        Self: 's;

    fn state(&self) -> Self::State<'_> {
        (Tiles::new(self.0), vec![])
    }

    fn get<'e, 's: 'e>(&'s self, (tiles, scratch): &'e mut Self::State<'s>, start: usize, count: usize) -> &'e [T] {
        scratch.resize(count, T::default());
        tiles.run(start, &mut [T::to_slice_mut(scratch)]);
        scratch
    }
}

fn fresh(cx: &Context, dtype: DType, count: usize) -> Result<Data> {
    Ok(match dtype {
        DType::Bool => Data::Bool(cx.buffer(count)),
        DType::U8 => Data::U8(cx.buffer(count)),
        DType::I32 => Data::I32(cx.buffer(count)),
        DType::I64 => Data::I64(cx.buffer(count)),
        DType::F32 => Data::F32(cx.buffer(count)),
        DType::F64 => Data::F64(cx.buffer(count)),
        DType::Str => return Err(mistyped()),
    })
}

/// The buffer of an input that nobody else holds, if its elements lie as those of a result.
fn buffer(input: &mut Array, dtype: DType, shape: &[usize]) -> Option<Data> {
    let Array::Tensor(tensor) = input else { return None };
    if tensor.dtype() != dtype || !shape::same(tensor.shape(), shape) || !tensor.is_unique() {
        return None;
    }
    let (data, _) = tensor.owned_mut()?;
    let data = std::mem::replace(data, Data::zeros(dtype, 0));
    *input = Array::default();
    Some(data)
}
