//! How a program runs: which pairs of steps are joined, where each step writes, how long a tile is.

use super::program::{Operand, Program, Step, Work};
use crate::cpu::copy::Turned;
use crate::cpu::joined::{self, Joined};
use crate::cpu::slices::Slice;
use crate::cpu::{Binary, Unary, arithmetic, mistyped};
use crate::diagnostics::Result;
use crate::isa::Isa;
use crate::tensor::{Array, DType, Scalar, Strides, shape, walk};
use smallvec::SmallVec;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes of all tiles together: what a first-level cache holds with some room.
const TILES: usize = 24 << 10;
/// Elements of a tile at least and at most.
const SHORTEST: usize = 128;
const LONGEST: usize = 512;

/// A program made ready for inputs of one shape. Threads share it.
pub(super) struct Plan<'a> {
    pub isa: Isa,
    pub shape: &'a [usize],
    /// Inputs whose elements lie in order.
    pub leaves: Vec<Slice<'a>>,
    /// Inputs that are copied into a register, tile by tile.
    pub loads: Vec<Load<'a>>,
    pub code: Vec<Instruction>,
    /// Inputs of which a whole part is copied: views that are read in tiles of their own.
    pub turned: Vec<(Slice<'a>, Turned)>,
    /// What the registers hold: one tile each.
    pub registers: Vec<DType>,
    /// Registers that hold the same number everywhere.
    pub constants: Vec<(usize, Scalar)>,
    /// Elements of a tile.
    pub tile: usize,
    /// Set where an instruction met a dtype that it was not made for.
    pub failed: AtomicBool,
}

pub(super) struct Instruction {
    pub work: Work,
    pub compute: DType,
    pub operands: SmallVec<[Place; 3]>,
    pub to: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Leaf(usize),
    /// Of the running part.
    Turned(usize),
    Register(usize),
    Output(usize),
}

pub(super) struct Load<'a> {
    pub from: Source<'a>,
    pub register: usize,
}

pub(super) enum Source<'a> {
    /// A view in another layout.
    Strided { values: Slice<'a>, offset: usize, strides: Strides },
    /// The same row again and again.
    Row(Slice<'a>),
    /// What is in the buffer of this output, which was that of an input.
    Output(usize),
}

impl<'a> Plan<'a> {
    /// `owns` says of every input whether its buffer has become that of an output. Only where it is run in `parts` from
    /// multiples of `chunk` on are views turned.
    pub fn new(
        isa: Isa,
        program: &Program,
        inputs: &'a [Array],
        owns: &[Option<usize>],
        shape: &'a [usize],
        parts: bool,
    ) -> Result<Plan<'a>> {
        let mut plan = Plan {
            isa,
            shape,
            leaves: vec![],
            loads: vec![],
            turned: vec![],
            code: vec![],
            registers: vec![],
            constants: vec![],
            tile: LONGEST,
            failed: AtomicBool::new(false),
        };
        let mut of_inputs = Vec::with_capacity(inputs.len());
        for (input, own) in inputs.iter().zip(owns) {
            of_inputs.push(plan.input(program, input, *own, parts)?);
        }
        plan.steps(program, inputs, &of_inputs)?;
        plan.tile = plan.tile_of(program);
        Ok(plan)
    }

    /// How many elements a part must have, if it matters.
    pub fn chunk(&self) -> Option<usize> {
        self.turned.first().map(|(_, turned)| turned.chunk())
    }

    /// An error if an instruction failed.
    pub fn done(&self) -> Result<()> {
        if self.failed.load(Ordering::Relaxed) { Err(mistyped()) } else { Ok(()) }
    }

    /// Where an input lies; none of a number, which becomes a constant where it is used.
    fn input(&mut self, program: &Program, input: &'a Array, own: Option<usize>, parts: bool) -> Result<Option<Place>> {
        if let Some(output) = own {
            let step = program.outputs.get(output).and_then(|&step| program.steps.get(step)).ok_or_else(mistyped)?;
            let register = self.register(step.dtype());
            self.loads.push(Load { from: Source::Output(output), register });
            return Ok(Some(Place::Register(register)));
        }
        let Array::Tensor(tensor) = input else { return Ok(None) };
        let values = Slice::of(tensor.data()).ok_or_else(mistyped)?;
        if shape::same(tensor.shape(), self.shape) && tensor.is_contiguous() {
            let start = if tensor.size() == 0 { 0 } else { tensor.offset() };
            self.leaves.push(values.part(start, tensor.size()).ok_or_else(mistyped)?);
            return Ok(Some(Place::Leaf(self.leaves.len() - 1)));
        }
        let strides = walk::stretch(tensor.shape(), &tensor.strides(), self.shape);
        if strides.iter().all(|&step| step == 0)
            && let Some(scalar) = tensor.scalar(0)
        {
            let register = self.register(tensor.dtype());
            self.constants.push((register, scalar));
            return Ok(Some(Place::Register(register)));
        }
        if parts
            && let Some(turned) = values.turned(tensor.offset(), self.shape, &strides)
            && self.chunk().is_none_or(|chunk| chunk == turned.chunk())
        {
            self.turned.push((values, turned));
            return Ok(Some(Place::Turned(self.turned.len() - 1)));
        }
        let register = self.register(tensor.dtype());
        if let Some((1, outer)) = strides.split_last()
            && outer.iter().all(|&step| step == 0)
            && let Some(row) = values.part(tensor.offset(), self.shape.last().copied().unwrap_or(0))
        {
            self.loads.push(Load { from: Source::Row(row), register });
            return Ok(Some(Place::Register(register)));
        }
        self.loads.push(Load { from: Source::Strided { values, offset: tensor.offset(), strides }, register });
        Ok(Some(Place::Register(register)))
    }

    fn register(&mut self, dtype: DType) -> usize {
        self.registers.push(dtype);
        self.registers.len() - 1
    }

    /// Instructions for the steps; registers are used again when what they hold is not needed any more.
    fn steps(&mut self, program: &Program, inputs: &[Array], of_inputs: &[Option<Place>]) -> Result<()> {
        let steps = join(program);
        let mut last_use = vec![0; steps.len()];
        for (number, step) in steps.iter().enumerate() {
            for operand in step.iter().flat_map(|step| &step.operands) {
                if let Operand::Step(used) = *operand {
                    last_use[used] = number;
                }
            }
        }
        let mut places: Vec<Option<Place>> = vec![None; steps.len()];
        let mut free: Vec<usize> = vec![];
        for (number, step) in steps.iter().enumerate() {
            let Some(step) = step else { continue };
            let mut operands = SmallVec::new();
            for (at, operand) in step.operands.iter().enumerate() {
                operands.push(match *operand {
                    Operand::Step(used) => places[used].ok_or_else(mistyped)?,
                    Operand::Input(input) => match of_inputs.get(input).ok_or_else(mistyped)? {
                        Some(place) => *place,
                        None => {
                            let is_condition = matches!(step.work, Work::Select) && at == 0;
                            let dtype = if is_condition { DType::Bool } else { step.compute };
                            let scalar = inputs.get(input).and_then(Array::as_scalar).ok_or_else(mistyped)?;
                            let register = self.register(dtype);
                            self.constants.push((register, scalar));
                            Place::Register(register)
                        }
                    },
                });
            }
            let to = match program.outputs.iter().position(|&output| output == number) {
                Some(output) => Place::Output(output),
                None => {
                    let dtype = step.dtype();
                    let known = free.iter().position(|&register| self.registers[register] == dtype);
                    Place::Register(known.map_or_else(|| self.register(dtype), |at| free.swap_remove(at)))
                }
            };
            places[number] = Some(to);
            for operand in &step.operands {
                if let Operand::Step(used) = *operand
                    && last_use[used] == number
                    && let Some(Place::Register(register)) = places[used]
                    && !free.contains(&register)
                {
                    free.push(register);
                }
            }
            self.code.push(Instruction { work: step.work, compute: step.compute, operands, to });
        }
        Ok(())
    }

    /// As long as all that a tile needs fits the cache.
    fn tile_of(&self, program: &Program) -> usize {
        let outputs = program.outputs.iter().filter_map(|&step| program.steps.get(step)).map(Step::dtype);
        let leaves = self.leaves.iter().map(|leaf| leaf.dtype());
        let bytes: usize = self.registers.iter().copied().chain(outputs).chain(leaves).map(DType::size).sum();
        let tile = (TILES / bytes.max(1)).clamp(SHORTEST, LONGEST) / 64 * 64;
        tile.min(shape::size(self.shape).max(1))
    }
}

/// The steps, with pairs of them joined; the first of a pair is left out.
fn join(program: &Program) -> Vec<Option<Step>> {
    let mut uses = vec![0; program.steps.len()];
    for operand in program.steps.iter().flat_map(|step| &step.operands) {
        if let Operand::Step(used) = *operand {
            uses[used] += 1;
        }
    }
    // what is wanted itself cannot be left out
    program.outputs.iter().for_each(|&output| uses[output] += 2);
    let mut steps: Vec<Option<Step>> = vec![];
    for step in &program.steps {
        let joined = pair(&steps, &uses, step).map(|(product, step)| {
            steps[product] = None;
            step
        });
        steps.push(Some(joined.unwrap_or_else(|| step.clone())));
    }
    steps
}

/// A step and one before it that nobody else needs: the number of that one, and both in one.
fn pair(steps: &[Option<Step>], uses: &[usize], step: &Step) -> Option<(usize, Step)> {
    of_product(steps, uses, step).or_else(|| of_difference(steps, uses, step))
}

/// The square of a difference.
fn of_difference(steps: &[Option<Step>], uses: &[usize], step: &Step) -> Option<(usize, Step)> {
    let [a, b] = factors(step)?;
    let Operand::Step(number) = a else { return None };
    let difference = steps[number].as_ref()?;
    let Work::Binary(loops) = difference.work else { return None };
    if a != b || uses[number] != step.operands.len() || !is(arithmetic::subtract, step.compute, loops) {
        return None;
    }
    let work = Work::Binary(joined::square_of_difference(step.compute)?);
    Some((number, Step { work, operands: difference.operands.clone(), compute: step.compute }))
}

/// Is an operation on this dtype the one of these loops?
fn is(known: fn(DType) -> Option<&'static Binary>, dtype: DType, loops: &'static Binary) -> bool {
    known(dtype).is_some_and(|known| std::ptr::eq(known, loops))
}

/// A sum or difference with a product.
fn of_product(steps: &[Option<Step>], uses: &[usize], step: &Step) -> Option<(usize, Step)> {
    let Work::Binary(loops) = step.work else { return None };
    let sum = is(arithmetic::add, step.compute, loops);
    let difference = is(arithmetic::subtract, step.compute, loops);
    if !sum && !difference {
        return None;
    }
    let &[a, b] = step.operands.as_slice() else { return None };
    for (operand, other, is_left) in [(a, b, true), (b, a, false)] {
        let Operand::Step(number) = operand else { continue };
        if uses[number] != 1 {
            continue;
        }
        let Some(factors) = steps[number].as_ref().and_then(factors) else { continue };
        let how: fn(DType) -> Option<&'static Joined> = match (sum, is_left) {
            (true, _) => joined::product_plus,
            (false, true) => joined::product_minus,
            (false, false) => joined::minus_product,
        };
        let work = Work::Joined(how(step.compute)?);
        let operands = factors.into_iter().chain([other]).collect();
        return Some((number, Step { work, operands, compute: step.compute }));
    }
    None
}

/// The factors of a product or a square.
fn factors(step: &Step) -> Option<[Operand; 2]> {
    let is_square =
        |loops: &'static Unary| arithmetic::square(step.compute).is_some_and(|known| std::ptr::eq(known, loops));
    match (step.work, step.operands.as_slice()) {
        (Work::Binary(loops), &[a, b]) if is(arithmetic::multiply, step.compute, loops) => Some([a, b]),
        (Work::Unary(loops), &[a]) if is_square(loops) => Some([a, a]),
        _ => None,
    }
}
