//! Clusters: chains of element-wise operations as one pass over the elements.
//!
//! A cluster is a small program over tiles that stay in the first-level cache: every step is one of the loops that also
//! run alone, so that results are the same to the bit. Strided and broadcast inputs are read where they are. The buffer
//! of an input that nobody else holds becomes that of a result. Long ones are cut into parts for all threads.

mod bind;
mod cache;
mod plan;
mod program;
mod tile;

pub use cache::Plans;
pub use program::{Key, Operand, Program, Step, Structure, Work};

use super::slices::SliceMut;
use super::{Typed, mistyped, reduce};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Array, DType, Data, ElementType, Tensor, shape};
use bind::{Bound, Input, Lie};
use plan::Plan;
use smallvec::{SmallVec, smallvec};
use std::rc::Rc;
use tile::Tiles;

/// Elements of a part, which one thread runs at a time.
const PART: usize = 1 << 15;
/// Elements times steps below which threads are not worth waking.
const SHORT: usize = 1 << 17;
/// Elements times steps up to which a run may not be interrupted: some tenths of a second.
const UNDISTURBED: usize = 1 << 28;

/// Runs a program over inputs that broadcast to `shape`. The memory has been checked. Inputs whose buffers nobody else
/// holds may be taken out and written on, unless that takes long: what is written on cannot be given back, and so must
/// not be interrupted. On an error inputs are as they were.
pub fn run(cx: &Context, structure: Structure, inputs: &mut [Array], shape: &[usize]) -> Result<SmallVec<[Tensor; 1]>> {
    let size = shape::size(shape);
    let work = size.saturating_mul(structure.steps);
    let mut outs: SmallVec<[Data; 2]> = SmallVec::new();
    let mut owns: SmallVec<[Option<usize>; 4]> = smallvec![None; inputs.len()];
    for (number, &dtype) in structure.outputs.iter().enumerate() {
        let mut free = inputs.iter_mut().zip(&mut owns).filter(|(_, own)| work <= UNDISTURBED && own.is_none());
        let taken = free.find_map(|(input, own)| {
            let data = buffer(input, dtype, shape)?;
            *own = Some(number);
            Some(data)
        });
        outs.push(taken.map_or_else(|| fresh(cx, dtype, size), Ok)?);
    }
    let in_place = owns.iter().any(Option::is_some);
    let (inputs, chunk) = bind::inputs(inputs, &owns, shape, true)?;
    let plan = plan(cx, structure, &inputs)?;
    let bound = Bound::new(cx.isa, &plan, &inputs, shape);
    let part = match chunk {
        Some(chunk) => chunk,
        None if work < SHORT => size.max(1),
        None => PART,
    };
    if part >= size {
        if !in_place {
            cx.check()?;
        }
        let pieces: Option<SmallVec<[SliceMut; 2]>> = outs.iter_mut().map(SliceMut::of).collect();
        Tiles::new(&bound, size).run(0, &mut pieces.ok_or_else(mistyped)?);
    } else {
        type Pieces<'a> = SmallVec<[SliceMut<'a>; 2]>;
        let starts = (0..size).step_by(part);
        let mut parts: Vec<(usize, Pieces)> = starts.map(|start| (start, Pieces::new())).collect();
        for out in &mut outs {
            let pieces = SliceMut::of(out).ok_or_else(mistyped)?.pieces(part);
            parts.iter_mut().zip(pieces).for_each(|((_, outs), piece)| outs.push(piece));
        }
        let state = || Tiles::new(&bound, part);
        let work = |tiles: &mut Tiles, (start, mut outs): (usize, Pieces)| tiles.run(start, &mut outs);
        if in_place {
            // half a result must not be seen
            cx.workers.each(parts.into_iter(), state, work);
        } else {
            cx.share(parts.into_iter(), state, work)?;
        }
    }
    bound.done()?;
    Ok(outs.into_iter().map(|data| Tensor::owner(data, shape::copy(shape))).collect())
}

/// Runs one operation on tensors, or tensors and scalars, in the dtype `compute`; the rest as `run`.
pub fn run_step(cx: &Context, work: Work, compute: DType, inputs: &mut [Array], shape: &[usize]) -> Result<Tensor> {
    let types: SmallVec<[ElementType; 2]> = inputs.iter().map(Array::element_type).collect();
    let scalars: SmallVec<[bool; 2]> = inputs.iter().map(|input| !matches!(input, Array::Tensor(_))).collect();
    let program = || {
        let mut program = Program::default();
        let operands = types.iter().zip(&scalars).enumerate().map(|(number, (of, scalar))| {
            let operands = smallvec![Operand::Input(number)];
            match *scalar || of.dtype == compute {
                true => Operand::Input(number),
                false => {
                    Operand::Step(program.push(Step { work: Work::Convert(compute), operands, compute: of.dtype }))
                }
            }
        });
        let operands = operands.collect();
        let step = program.push(Step { work, operands, compute });
        program.outputs.push(step);
        Ok(program)
    };
    let structure = Structure {
        key: Key::from_slice(&[0, work.number(), compute as usize]),
        types: &types,
        outputs: &[work.dtype(compute)],
        steps: 1,
        program: &program,
    };
    run(cx, structure, inputs, shape)?.pop().ok_or_else(mistyped)
}

/// The plan of a structure for inputs that lie as these do.
fn plan(cx: &Context, structure: Structure, inputs: &[Input]) -> Result<Rc<Plan>> {
    let Structure { mut key, types, outputs, program, .. } = structure;
    let lies: SmallVec<[Lie; 4]> = inputs.iter().map(Input::lie).collect();
    key.extend(lies.iter().zip(types).map(|(lie, of)| lie.word(*of)));
    cx.modes.plans.get(&key, || Plan::new(&program()?, types, &lies, outputs))
}

/// A reduction behind a cluster.
pub struct Folded<'a> {
    pub how: reduce::Reduction,
    pub extent: reduce::Extent,
    /// Of the result.
    pub shape: &'a [usize],
}

/// As `run` of a program with one output, which is reduced and not made itself. Inputs are only read.
pub fn run_reduced(
    cx: &Context,
    structure: Structure,
    inputs: &[Array],
    shape: &[usize],
    how: &Folded,
) -> Result<Tensor> {
    let &[dtype] = structure.outputs else { return Err(mistyped()) };
    let owns: SmallVec<[Option<usize>; 4]> = smallvec![None; inputs.len()];
    let (inputs, _) = bind::inputs(inputs, &owns, shape, false)?;
    let plan = plan(cx, structure, &inputs)?;
    let bound = Bound::new(cx.isa, &plan, &inputs, shape);
    macro_rules! run {
        ($type:ident) => {
            reduce::elements::<$type, _>(cx, how.how, &Computed(&bound), how.extent, how.shape)?
        };
    }
    let result = match dtype {
        DType::Bool => run!(bool),
        DType::U8 => run!(u8),
        DType::I32 => run!(i32),
        DType::I64 => run!(i64),
        DType::F32 => run!(f32),
        DType::F64 => run!(f64),
        DType::Str => return Err(mistyped()),
    };
    bound.done()?;
    Ok(result)
}

/// The elements that a program with one output makes.
struct Computed<'a>(&'a Bound<'a>);

impl<T: Typed> reduce::Elements<T> for Computed<'_> {
    type State<'s>
        = (Tiles<'s>, Vec<T>)
    where
        Self: 's;

    fn state(&self) -> Self::State<'_> {
        (Tiles::new(self.0, 0), vec![])
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
