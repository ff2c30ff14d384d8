//! Clusters: chains of element-wise operations as one pass over the elements.
//!
//! A cluster is a small program over tiles that stay in the first-level cache: every step is one of the loops that also
//! run alone, so that results are the same to the bit. Strided and broadcast inputs are read where they are. The buffer
//! of an input that nobody else holds becomes that of a result.

use super::convert::To;
use super::loops::{Map1, Map2, Number, Run};
use super::{Binary, Isa, Unary, mistyped};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Array, DType, Data, Element, Scalar, Strides, Tensor, Walk, shape, walk, with_data};
use smallvec::SmallVec;

/// Elements of a tile.
const TILE: usize = 256;
/// Elements between two looks at the interrupt flag.
const STRETCH: usize = 1 << 18;

/// Steps in order; each reads inputs and results of steps before it.
#[derive(Default)]
pub struct Program {
    pub steps: Vec<Step>,
    /// Steps whose results are wanted, in rising order.
    pub outputs: Vec<usize>,
}

pub struct Step {
    pub work: Work,
    pub operands: SmallVec<[Operand; 3]>,
    /// The dtype of the operands; the condition of a choice is a truth value.
    pub compute: DType,
}

#[derive(Clone, Copy)]
pub enum Work {
    Unary(&'static Unary),
    Binary(&'static Binary),
    /// Where the first operand holds the second, else the third.
    Select,
    Convert(DType),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    Input(usize),
    Step(usize),
}

impl Program {
    /// Adds a step; gives its number.
    pub fn push(&mut self, step: Step) -> usize {
        self.steps.push(step);
        self.steps.len() - 1
    }
}

impl Step {
    fn dtype(&self) -> DType {
        match self.work {
            Work::Unary(
                Unary::TestU8(_) | Unary::TestI32(_) | Unary::TestI64(_) | Unary::TestF32(_) | Unary::TestF64(_),
            )
            | Work::Binary(
                Binary::TestU8(_) | Binary::TestI32(_) | Binary::TestI64(_) | Binary::TestF32(_) | Binary::TestF64(_),
            ) => DType::Bool,
            Work::Convert(dtype) => dtype,
            _ => self.compute,
        }
    }
}

/// An input on its way through the tiles.
enum Leaf<'a> {
    Same(Scalar),
    /// Elements in order, from this place of the buffer on.
    Each(&'a Data, usize),
    /// Elements in another layout, copied tile by tile.
    Strided(&'a Tensor, Strides, Data),
    /// What was in the buffer of a result.
    Own(usize, Data),
}

/// Runs a program over inputs that broadcast to `shape`. The memory has been checked.
pub fn run(cx: &Context, program: &Program, mut inputs: Vec<Array>, shape: &[usize]) -> Result<Vec<Tensor>> {
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
        outs.push(taken.unwrap_or_else(|| Data::zeros(dtype, size)));
    }
    let mut leaves: Vec<Leaf> = vec![];
    for (input, own) in inputs.iter().zip(owns) {
        leaves.push(match (input, own) {
            (_, Some(own)) => Leaf::Own(own, Data::zeros(outs[own].dtype(), TILE)),
            (Array::Tensor(tensor), _) if shape::same(tensor.shape(), shape) && tensor.is_contiguous() => {
                Leaf::Each(tensor.data(), tensor.offset())
            }
            (Array::Tensor(tensor), _) => {
                let strides = walk::stretch(tensor.shape(), &tensor.strides(), shape);
                Leaf::Strided(tensor, strides, Data::zeros(tensor.dtype(), TILE))
            }
            (scalar, _) => Leaf::Same(scalar.as_scalar().ok_or_else(mistyped)?),
        });
    }
    let mut tiles: Vec<Data> = program.steps.iter().map(|step| Data::zeros(step.dtype(), TILE)).collect();
    for start in (0..size).step_by(TILE) {
        if start > 0 && start.is_multiple_of(STRETCH) {
            cx.check()?;
        }
        let count = TILE.min(size - start);
        for leaf in &mut leaves {
            leaf.load(&outs, shape, start, count);
        }
        for (number, step) in program.steps.iter().enumerate() {
            let (before, rest) = tiles.split_at_mut(number);
            let out = rest.first_mut().ok_or_else(mistyped)?;
            step.run(out, &Operands { leaves: &leaves, tiles: before, start, count, isa: cx.isa })
                .ok_or_else(mistyped)?;
        }
        for (out, &step) in outs.iter_mut().zip(&program.outputs) {
            copy(out, start, &tiles[step], 0, count);
        }
    }
    drop(leaves);
    Ok(outs.into_iter().map(|data| Tensor::owner(data, shape::copy(shape))).collect())
}

/// The buffer of an input that nobody else holds, if its elements lie as those of a result.
fn buffer(input: &mut Array, dtype: DType, shape: &[usize]) -> Option<Data> {
    let Array::Tensor(tensor) = input else { return None };
    if tensor.dtype() != dtype || !shape::same(tensor.shape(), shape) || !tensor.is_unique() {
        return None;
    }
    let (data, _) = tensor.owned_mut()?;
    Some(std::mem::replace(data, Data::zeros(dtype, 0)))
}

/// Copies elements between buffers of one dtype; others are left alone.
fn copy(to: &mut Data, at: usize, from: &Data, start: usize, count: usize) {
    fn typed<T: Element>(to: &mut Data, at: usize, from: &[T], start: usize, count: usize) {
        let (Some(to), Some(from)) = (T::of_mut(to), from.get(start..start + count)) else { return };
        if let Some(to) = to.get_mut(at..at + count) {
            to.clone_from_slice(from);
        }
    }
    with_data!(from, values => typed(to, at, values, start, count));
}

impl Leaf<'_> {
    /// Makes the tile from `start` on ready to be read.
    fn load(&mut self, outs: &[Data], shape: &[usize], start: usize, count: usize) {
        fn fill<T: Element>(tile: &mut Data, walk: Walk<T>, start: usize, count: usize) {
            if let Some(tile) = T::of_mut(tile) {
                tile.clear();
                walk.starting_at(start).fill(tile, count);
            }
        }
        match self {
            Leaf::Same(_) | Leaf::Each(..) => {}
            Leaf::Own(own, tile) => copy(tile, 0, &outs[*own], start, count),
            Leaf::Strided(tensor, strides, tile) => with_data!(tensor.data(), values => {
                fill(tile, Walk::new(values, tensor.offset(), shape, strides), start, count)
            }),
        }
    }

    fn run<T: Number>(&self, start: usize, count: usize) -> Option<Run<'_, T>> {
        Some(match self {
            Leaf::Same(scalar) => Run::Same(T::of_scalar(*scalar)),
            Leaf::Each(data, offset) => Run::Each(T::of(data)?.get(offset + start..offset + start + count)?),
            Leaf::Strided(_, _, tile) | Leaf::Own(_, tile) => Run::Each(T::of(tile)?.get(..count)?),
        })
    }
}

/// What a step may read of the running tile.
struct Operands<'a> {
    leaves: &'a [Leaf<'a>],
    /// Results of the steps before.
    tiles: &'a [Data],
    start: usize,
    count: usize,
    isa: Isa,
}

impl Operands<'_> {
    fn get<T: Number>(&self, operand: Operand) -> Option<Run<'_, T>> {
        match operand {
            Operand::Input(number) => self.leaves.get(number)?.run(self.start, self.count),
            Operand::Step(number) => Some(Run::Each(T::of(self.tiles.get(number)?)?.get(..self.count)?)),
        }
    }
}

impl Step {
    /// None where a dtype is not the one the step was made for.
    fn run(&self, out: &mut Data, operands: &Operands) -> Option<()> {
        macro_rules! run {
            ($loops:ident $value:ident $function:ident: $($variant:ident $from:ident $to:ident;)+) => {
                match $value {
                    $($loops::$variant(map) => $function::<$from, $to>(map, out, operands, &self.operands),)+
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
                    DType::Bool => $function::<bool $(, $more)?>(out, operands, &self.operands),
                    DType::U8 => $function::<u8 $(, $more)?>(out, operands, &self.operands),
                    DType::I32 => $function::<i32 $(, $more)?>(out, operands, &self.operands),
                    DType::I64 => $function::<i64 $(, $more)?>(out, operands, &self.operands),
                    DType::F32 => $function::<f32 $(, $more)?>(out, operands, &self.operands),
                    DType::F64 => $function::<f64 $(, $more)?>(out, operands, &self.operands),
                    DType::Str => None,
                }
            };
        }
        match self.work {
            Work::Unary(loops) => variants!(Unary loops unary),
            Work::Binary(loops) => variants!(Binary loops binary),
            Work::Select => numbers!(self.compute, select),
            Work::Convert(DType::F32) => numbers!(self.compute, convert, f32),
            Work::Convert(DType::F64) => numbers!(self.compute, convert, f64),
            Work::Convert(_) => None,
        }
    }
}

fn unary<T: Number, R: Number>(map: &Map1<T, R>, out: &mut Data, operands: &Operands, of: &[Operand]) -> Option<()> {
    let out = R::of_mut(out)?.get_mut(..operands.count)?;
    match operands.get::<T>(*of.first()?)? {
        Run::Each(a) => (map.fresh)(operands.isa, out, a),
        Run::Same(a) => out.fill((map.one)(a)),
    }
    Some(())
}

fn binary<T: Number, R: Number>(map: &Map2<T, R>, out: &mut Data, operands: &Operands, of: &[Operand]) -> Option<()> {
    let &[a, b] = of else { return None };
    let out = R::of_mut(out)?.get_mut(..operands.count)?;
    (map.fresh)(out, operands.get::<T>(a)?, operands.get::<T>(b)?);
    Some(())
}

fn select<T: Number>(out: &mut Data, operands: &Operands, of: &[Operand]) -> Option<()> {
    let &[condition, a, b] = of else { return None };
    let out = T::of_mut(out)?.get_mut(..operands.count)?;
    let (condition, a, b) = (operands.get::<bool>(condition)?, operands.get::<T>(a)?, operands.get::<T>(b)?);
    for (i, out) in out.iter_mut().enumerate() {
        *out = if condition.at(i)? { a.at(i)? } else { b.at(i)? };
    }
    Some(())
}

fn convert<T: Number + To<R>, R: Number>(out: &mut Data, operands: &Operands, of: &[Operand]) -> Option<()> {
    let out = R::of_mut(out)?.get_mut(..operands.count)?;
    match operands.get::<T>(*of.first()?)? {
        Run::Each(values) => out.iter_mut().zip(values).for_each(|(out, &value)| *out = value.to()),
        Run::Same(value) => out.fill(value.to()),
    }
    Some(())
}
