//! The frame that a loop works on, and where in the source it lies.

use super::super::super::code::*;
use super::super::super::tables::Loop;
use super::super::super::value::Value;
use super::super::registers::set;
use super::super::stack::{Position, Stacks};
use super::super::unwind::site;
use super::Trouble;
use crate::diagnostics::{Error, Kind};

/// The registers and far slots that a loop works on.
pub(super) struct Frame {
    regs: Vec<Value>,
    far: Vec<Value>,
    /// The registers that are carried; far slots come behind.
    numbers: Vec<Reg>,
    pub carried: Vec<Value>,
}

impl Frame {
    pub fn of(stacks: &Stacks, now: &Position, spec: &Loop) -> Frame {
        let code = &now.function.code;
        let regs = stacks.values[now.base..now.base + code.registers].to_vec();
        let far = stacks.far[now.far..now.far + code.far].to_vec();
        let numbers: Vec<Reg> = spec.carried_registers().map(|(reg, _)| reg).collect();
        let carried = numbers.iter().map(|&reg| regs[usize::from(reg)].clone()).chain(far.iter().cloned()).collect();
        Frame { regs, far, numbers, carried }
    }

    /// Registers with other carried values.
    pub fn with(&self, carried: &[Value]) -> Vec<Value> {
        let mut regs = self.regs.clone();
        for (&reg, value) in self.numbers.iter().zip(carried) {
            regs[usize::from(reg)] = value.clone();
        }
        regs
    }

    pub fn far_with(&self, carried: &[Value]) -> Vec<Value> {
        carried[self.numbers.len()..].to_vec()
    }

    /// The carried values among registers and far slots; a far slot that had no value has none for the next turn.
    pub fn carried_of(&self, regs: &[Value], far: &[Value]) -> Vec<Value> {
        let regs = self.numbers.iter().map(|&reg| regs[usize::from(reg)].clone());
        let far = far.iter().zip(&self.far);
        regs.chain(far.map(|(after, before)| if before.is_undefined() { Value::Undefined } else { after.clone() }))
            .collect()
    }

    pub fn put(&self, stacks: &mut Stacks, now: &Position, values: Vec<Value>) {
        let mut values = values.into_iter();
        for (&reg, value) in self.numbers.iter().zip(values.by_ref()) {
            set(&mut stacks.values[now.base + usize::from(reg)], value);
        }
        for (slot, value) in stacks.far[now.far..].iter_mut().zip(values) {
            *slot = value;
        }
    }
}

/// Where a turn may leave its loop, and by which word.
pub(super) fn leaves(code: &Code, spec: &Loop) -> Option<(usize, &'static str)> {
    (spec.start as usize..spec.next as usize).find_map(|at| match code.instrs[at] {
        Instr::Return { .. } => Some((at, "return")),
        instr if instr.target().is_some_and(|to| !(spec.start..=spec.next).contains(&to)) => Some((at, "break")),
        _ => None,
    })
}

/// The error of a turn that does not leave what it found.
#[cold]
pub(super) fn apart(trouble: Trouble, spec: &Loop, code: &Code) -> Error {
    let (number, before, after) = match trouble {
        Trouble::Error(error) => return error,
        Trouble::Apart(number, before, after) => (number, before, after),
    };
    let found = spec.carried_registers().nth(number);
    let name = found.and_then(|(reg, _)| code.names.get(usize::from(reg)));
    let name = name.map_or("what is carried".into(), |name| format!("`{name}`"));
    let span = found.map_or(spec.body, |(_, at)| site(code, at as usize).span);
    Error::new(Kind::Graph, format!("the turns of a loop differ: {name} is {before} before a turn, {after} after it"))
        .at(&code.source, spec.head)
        .label(spec.head, before)
        .label(span, after)
        .help(
            "one turn stands for all: give it the structure, shape and dtype before the loop that it has behind a turn",
        )
}

impl Loop {
    /// The registers that are carried, but for those that the loop itself moves on.
    fn carried_registers(&self) -> impl Iterator<Item = (Reg, u32)> + '_ {
        let iteration = |reg: Reg| self.entry.is_some() && (reg == self.iteration || reg == self.iteration + 1);
        self.carried.iter().copied().filter(move |&(reg, _)| !iteration(reg) && Some(reg) != self.list)
    }
}
