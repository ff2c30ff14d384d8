//! Clusters: chains of element-wise operations as one pass over the elements.
//!
//! A cluster is a small program over tiles that stay in the first-level cache: every step is one of the loops that also
//! run alone, so that results are the same to the bit. Strided and broadcast inputs are read where they are. The buffer
//! of an input that nobody else holds becomes that of a result. Long ones are cut into parts for all threads.

mod bind;
mod cache;
mod plan;
mod program;
mod reduced;
mod tile;

pub use cache::Plans;
pub use program::{Key, Operand, Program, Step, Structure, Work};
pub use reduced::{Folded, run_reduced};

use super::contract::Behind;
use super::mistyped;
use super::slices::SliceMut;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Array, DType, Data, ElementType, Tensor, shape};
use bind::{Bound, Input, Inputs, Lie};
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
/// not be interrupted. When it is interrupted inputs are as they were.
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
    let mut read = Inputs::new();
    let chunk = bind::inputs(&mut read, inputs, &owns, shape, true)?;
    let plan = plan(cx, structure, &read)?;
    let bound = Bound::new(cx.isa, &plan, &read, shape);
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
        Tiles::new(&bound, size).run(0, &mut pieces.ok_or_else(mistyped)?, size);
    } else {
        type Pieces<'a> = SmallVec<[SliceMut<'a>; 2]>;
        let starts = (0..size).step_by(part);
        let mut parts: Vec<(usize, Pieces)> = starts.map(|start| (start, Pieces::new())).collect();
        for out in &mut outs {
            let pieces = SliceMut::of(out).ok_or_else(mistyped)?.pieces(part);
            parts.iter_mut().zip(pieces).for_each(|((_, outs), piece)| outs.push(piece));
        }
        let state = || Tiles::new(&bound, part);
        let work = |tiles: &mut Tiles, (start, mut outs): (usize, Pieces)| tiles.run(start, &mut outs, start + part);
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

/// A program with one result, which takes the place of the input numbered `own`: for who makes that input part by part.
struct Epilogue<'a>(&'a Bound<'a>);

impl Behind for Epilogue<'_> {
    fn run(&self, start: usize, elements: SliceMut) {
        let len = elements.len();
        Tiles::new(self.0, len).run(start, &mut [elements], start + len);
    }
}

/// Runs `make`, and on what it makes a program with one result; the input numbered `own` is what is made.
pub fn behind<T>(
    cx: &Context,
    structure: Structure,
    inputs: &[Array],
    own: usize,
    shape: &[usize],
    make: impl FnOnce(&dyn Behind) -> Result<T>,
) -> Result<T> {
    let owns: SmallVec<[Option<usize>; 4]> = (0..inputs.len()).map(|input| (input == own).then_some(0)).collect();
    let mut read = Inputs::new();
    bind::inputs(&mut read, inputs, &owns, shape, false)?;
    let plan = plan(cx, structure, &read)?;
    let bound = Bound::new(cx.isa, &plan, &read, shape);
    let made = make(&Epilogue(&bound))?;
    bound.done()?;
    Ok(made)
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
fn plan(cx: &Context, mut structure: Structure, inputs: &[Input]) -> Result<Rc<Plan>> {
    let Structure { types, outputs, program, .. } = structure;
    let key = &mut structure.key;
    let lies: SmallVec<[Lie; 4]> = inputs.iter().map(Input::lie).collect();
    key.extend(lies.iter().zip(types).map(|(lie, of)| lie.word(*of)));
    cx.modes.plans.get(key, || Plan::new(&program()?, types, &lies, outputs))
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
