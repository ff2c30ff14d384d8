//! How a program runs: which pairs of steps are joined, where each step writes, how long a tile is.
//!
//! A plan knows how its inputs lie, and neither where they are nor how long: it is kept for others that lie alike.

use super::bind::Lie;
use super::program::{Operand, Program, Step, Work};
use crate::cpu::joined::{self, Joined};
use crate::cpu::slices::Buffer;
use crate::cpu::{Binary, Unary, arithmetic, mistyped};
use crate::diagnostics::Result;
use crate::tensor::{DType, ElementType, Scalar};
use smallvec::SmallVec;
use std::ops::RangeFrom;
use std::sync::{Mutex, PoisonError};

/// Bytes of all tiles together: what a first-level cache holds with some room.
const TILES: usize = 24 << 10;
/// Elements of a tile at least and at most.
const SHORTEST: usize = 128;
const LONGEST: usize = 512;

/// A program made ready for inputs that lie in a certain way. It is run again with others.
pub struct Plan {
    /// Inputs whose elements lie in order.
    pub(super) leaves: Vec<usize>,
    /// Inputs that are copied into a register, tile by tile.
    pub(super) loads: Vec<(usize, Register)>,
    /// Inputs that fill a register with the same number everywhere.
    pub(super) constants: Vec<(usize, Register)>,
    pub(super) code: Vec<Instruction>,
    /// What the registers hold: one tile each.
    pub(super) registers: Vec<DType>,
    /// Elements of a tile.
    pub(super) tile: usize,
    /// The registers of the run before.
    pub(super) kept: Mutex<Option<Registers>>,
}

/// The number of one.
pub(super) type Register = usize;

/// What registers hold from one run to the next.
#[derive(Default)]
pub(super) struct Registers {
    pub values: Vec<Buffer>,
    /// What the constants are, as far as they are there.
    pub constants: Vec<Option<Scalar>>,
}

pub(super) struct Instruction {
    pub work: Work,
    pub compute: DType,
    pub operands: SmallVec<[Place; 3]>,
    pub to: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The input with this number, whose elements lie in order.
    Leaf(usize),
    /// The turned view with this number, of which the running part is at hand.
    Turned(usize),
    Register(Register),
    Output(usize),
}

impl Plan {
    /// For inputs of these types, which lie so, and results of these dtypes.
    pub(super) fn new(program: &Program, types: &[ElementType], lies: &[Lie], outputs: &[DType]) -> Result<Plan> {
        let mut plan = Plan {
            leaves: vec![],
            loads: vec![],
            constants: vec![],
            code: vec![],
            registers: vec![],
            tile: LONGEST,
            kept: Mutex::new(None),
        };
        let made = program.outputs.iter().map(|&step| program.steps.get(step).map(Step::dtype));
        if !made.eq(outputs.iter().copied().map(Some)) {
            return Err(mistyped());
        }
        let mut turned = 0..;
        let inputs: Vec<Option<Place>> = (0..)
            .zip(types.iter().zip(lies))
            .map(|(input, (of, lie))| plan.input(input, of.dtype, *lie, &mut turned))
            .collect();
        plan.steps(program, &inputs)?;
        plan.tile = plan.tile_of(types, outputs);
        Ok(plan)
    }

    /// Where an input is found; none of a number, which becomes a constant where it is used.
    fn input(&mut self, input: usize, dtype: DType, lie: Lie, turned: &mut RangeFrom<usize>) -> Option<Place> {
        Some(match lie {
            Lie::Number => return None,
            Lie::InOrder => {
                self.leaves.push(input);
                Place::Leaf(input)
            }
            Lie::Turned => Place::Turned(turned.next()?),
            Lie::Same => Place::Register(self.constant(input, dtype)),
            Lie::Row | Lie::Strided | Lie::Owned(_) => {
                let register = self.register(dtype);
                self.loads.push((input, register));
                Place::Register(register)
            }
        })
    }

    fn register(&mut self, dtype: DType) -> Register {
        self.registers.push(dtype);
        self.registers.len() - 1
    }

    fn constant(&mut self, input: usize, dtype: DType) -> Register {
        let register = self.register(dtype);
        self.constants.push((input, register));
        register
    }

    /// Instructions for the steps; registers are used again when what they hold is not needed any more.
    fn steps(&mut self, program: &Program, inputs: &[Option<Place>]) -> Result<()> {
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
        let mut free: Vec<Register> = vec![];
        for (number, step) in steps.iter().enumerate() {
            let Some(step) = step else { continue };
            let mut operands = SmallVec::new();
            for (at, operand) in step.operands.iter().enumerate() {
                operands.push(match *operand {
                    Operand::Step(used) => places[used].ok_or_else(mistyped)?,
                    Operand::Input(input) => match inputs.get(input).ok_or_else(mistyped)? {
                        Some(place) => *place,
                        None => {
                            let is_condition = matches!(step.work, Work::Select) && at == 0;
                            let dtype = if is_condition { DType::Bool } else { step.compute };
                            Place::Register(self.constant(input, dtype))
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
    fn tile_of(&self, types: &[ElementType], outputs: &[DType]) -> usize {
        let leaves = self.leaves.iter().filter_map(|&leaf| types.get(leaf)).map(|of| of.dtype);
        let all = self.registers.iter().copied().chain(outputs.iter().copied()).chain(leaves);
        let bytes: usize = all.map(DType::size).sum();
        (TILES / bytes.max(1)).clamp(SHORTEST, LONGEST) / 64 * 64
    }

    /// Registers to run with: those of the run before, where no other thread has them.
    pub(super) fn registers(&self) -> Registers {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.unwrap_or_else(|| Registers {
            values: self.registers.iter().map(|&dtype| Buffer::zeros(dtype, self.tile)).collect(),
            constants: vec![None; self.constants.len()],
        })
    }

    /// Leaves registers for the next run.
    pub(super) fn keep(&self, registers: Registers) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(registers);
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
