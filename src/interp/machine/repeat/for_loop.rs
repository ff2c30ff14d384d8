//! A `for` while a graph is made: long ones are recorded as one operation, others run turn by turn.

use super::super::super::code::*;
use super::super::super::function::Function;
use super::super::super::tables::Loop;
use super::super::super::value::Value;
use super::super::operator::{operand_array, wrap};
use super::super::registers::set;
use super::super::stack::{Position, Stacks};
use super::super::stage::part;
use super::super::{Machine, Pause};
use super::frame::{Frame, apart, leaves};
use super::{MODERATE, PEELED, SHORT, Source, Trouble, one_for_all};
use crate::diagnostics::{Error, Kind, Result};
use crate::ops;
use crate::ops::index::{self, Index};
use crate::tensor::{Array, DType};
use std::rc::Rc;

impl Machine {
    /// A `for` begins while operations are recorded.
    #[cold]
    pub(in super::super) fn begin(&mut self) -> Result<()> {
        if !self.host.cx.modes.is_in_graph() {
            return Ok(());
        }
        self.pause = Some(Pause::Loop);
        Err(Error::new(Kind::Graph, "a loop that may be recorded"))
    }

    /// Records the `for` that begins before `now.pc` as one operation if it is long, and goes on behind it; else its
    /// turns run one by one.
    pub(in super::super) fn stage_for(&mut self, stacks: &mut Stacks, now: &mut Position) -> Result<()> {
        let at = now.pc as u32 - 1;
        let code = now.function.code.clone();
        let Some(spec) = code.tables.loops.iter().find(|spec| spec.entry == Some(at)) else {
            return Err(Error::new(Kind::Internal, "a loop without a description"));
        };
        now.heap = true;
        now.pc = spec.next as usize;
        if leaves(&code, spec).is_some() {
            return Ok(());
        }
        let body = Rc::new(Function {
            code: Rc::new(part(&code, spec.start as usize, spec.next)),
            env: now.function.env.clone(),
        });
        let home = self.host.cx.devices.home;
        let Some((_, whole)) = self.ahead(stacks, now, spec) else { return Ok(()) };
        // which turn fails decides what is caught
        let handlers = &code.tables.handlers;
        if handlers.iter().any(|handler| handler.start < spec.end && spec.start < handler.end) {
            if whole <= MODERATE {
                return Ok(());
            }
            let error = Error::new(Kind::Graph, "`try` in or around a long loop that is part of a graph")
                .help("what fails is known only when the graph runs: choose with `where` or `if` instead");
            return Err(self.too_long(error.into(), spec, &code, whole));
        }
        for _ in 0..=PEELED {
            let Some((source, count)) = self.ahead(stacks, now, spec) else { return Ok(()) };
            if count <= SHORT {
                return Ok(());
            }
            let trouble = match self.record_for(stacks, now, spec, &body, &source, count) {
                Ok(true) => {
                    now.pc = spec.end as usize;
                    return Ok(());
                }
                Ok(false) => return Ok(()),
                Err(trouble) => trouble,
            };
            if let Trouble::Error(error) = &trouble
                && !error.is_of_program()
                && error.kind() != Kind::Overflow
            {
                return Err(error.clone());
            }
            self.take_back(home);
            let recorded = self.host.cx.modes.operations();
            self.peel(stacks, now, spec, &body, &source)?;
            if self.host.cx.modes.operations() == recorded {
                // it works on what is known
                return Ok(());
            }
            if count > MODERATE && !matches!(trouble, Trouble::Apart(..)) {
                return Err(self.too_long(trouble, spec, &code, whole));
            }
        }
        match self.ahead(stacks, now, spec) {
            Some((source, count)) if count > MODERATE => {
                match self.record_for(stacks, now, spec, &body, &source, count) {
                    Err(trouble) => Err(self.too_long(trouble, spec, &code, whole)),
                    Ok(_) => {
                        now.pc = spec.end as usize;
                        Ok(())
                    }
                }
            }
            _ => Ok(()),
        }
    }

    /// The items that a loop still goes through, and how many they are; none of what is not of one form.
    fn ahead(&self, stacks: &Stacks, now: &Position, spec: &Loop) -> Option<(Source, usize)> {
        let at = now.base + usize::from(spec.iteration);
        let second = stacks.values[at + 1].weak_int()?;
        match &stacks.values[at] {
            Value::Array(Array::Int(next)) => {
                Some((Source::Numbers(*next), usize::try_from(second.saturating_sub(*next)).unwrap_or(0)))
            }
            Value::Array(array) if array.ndim() > 0 && array.dtype() != DType::Str => {
                let next = usize::try_from(second).ok()?;
                Some((Source::Rows(array.clone(), next), array.shape()[0].saturating_sub(next)))
            }
            _ => None,
        }
    }

    /// Runs one turn in the frame.
    fn peel(
        &mut self,
        stacks: &mut Stacks,
        now: &mut Position,
        spec: &Loop,
        body: &Rc<Function>,
        source: &Source,
    ) -> Result<()> {
        let a = now.base + usize::from(spec.iteration);
        let item = match source {
            Source::Numbers(next) => {
                stacks.values[a] = Value::int(next + 1);
                Value::int(*next)
            }
            Source::Rows(array, next) => {
                stacks.values[a + 1] = Value::int(*next as i64 + 1);
                wrap(index::get(&mut self.host.cx, array, &[Index::At(*next as i64)])?)
            }
        };
        set(&mut stacks.values[a + 2], item);
        let code = &body.code;
        let regs = stacks.values[now.base..now.base + code.registers].to_vec();
        let far = stacks.far[now.far..now.far + code.far].to_vec();
        let (regs, far) = self.run_part(body, &regs, &far, spec.start as usize, None)?;
        for (slot, value) in stacks.values[now.base..].iter_mut().zip(regs) {
            set(slot, value);
        }
        for (slot, value) in stacks.far[now.far..].iter_mut().zip(far) {
            *slot = value;
        }
        Ok(())
    }

    /// Makes one operation of all turns ahead. False if they work on what is known, and may as well run.
    fn record_for(
        &mut self,
        stacks: &mut Stacks,
        now: &Position,
        spec: &Loop,
        body: &Rc<Function>,
        source: &Source,
        count: usize,
    ) -> Result<bool, Trouble> {
        let frame = Frame::of(stacks, now, spec);
        let item = usize::from(spec.iteration) + 2;
        let turn = self.settled_turn(&frame.carried, Some(source), true, &mut |machine, recorder, carried, row| {
            let mut regs = frame.with(carried);
            set(&mut regs[item], row.unwrap_or_default());
            if let Some(list) = spec.list {
                set(&mut regs[usize::from(list)], Value::tuple(vec![]));
            }
            let far = frame.far_with(carried);
            let (regs, far) = machine.run_part(body, &regs, &far, spec.start as usize, Some(recorder))?;
            let output = spec.list.map(|list| regs[usize::from(list)].clone());
            Ok((frame.carried_of(&regs, &far), output.unwrap_or(Value::None)))
        })?;
        let output = match (&turn.output, spec.list) {
            (_, None) => Value::None,
            (Value::Tuple(items), _) if let [item] = items.0.as_slice() => match item.as_array() {
                Some(item) if item.dtype() != DType::Str => {
                    let list = spec.list.map(|list| &stacks.values[now.base + usize::from(list)]);
                    let before: Vec<Array> = match list {
                        Some(Value::Array(before)) => vec![before.clone()],
                        Some(Value::Tuple(items)) => items.0.iter().filter_map(operand_array).collect(),
                        _ => vec![],
                    };
                    Value::Array(self.beside(&turn, &before, item)?)
                }
                _ => return Err(Error::ty(format!("an array holds numbers; this is {}", item.describe())).into()),
            },
            (rows @ Value::Array(_), _) => rows.clone(),
            _ => return Err(Error::new(Kind::Graph, "the number of items that a turn adds is not one").into()),
        };
        let nested = matches!(turn.output, Value::Array(_));
        let Some((carried, output)) = self.repeated(turn, &frame.carried, source, count, &output)? else {
            return Ok(false);
        };
        let list = match (spec.list, output) {
            (Some(list), Value::Array(rows)) => {
                let before = stacks.values[now.base + usize::from(list)].clone();
                Some((list, self.lengthened(before, rows, nested)?))
            }
            _ => None,
        };
        frame.put(stacks, now, carried);
        if let Some((list, value)) = list {
            set(&mut stacks.values[now.base + usize::from(list)], value);
        }
        Ok(true)
    }

    /// A list of values of one form, or an array of them, with rows behind it, which are in the dtype of all.
    pub(super) fn lengthened(&mut self, list: Value, rows: Array, nested: bool) -> Result<Value> {
        let cx = &mut self.host.cx;
        let rows = match rows.shape() {
            // every turn gave rows itself
            [count, inner, rest @ ..] if nested => {
                let shape: Vec<i64> =
                    std::iter::once(count * inner).chain(rest.iter().copied()).map(|len| len as i64).collect();
                ops::reshape(cx, rows, &shape)?
            }
            _ => rows,
        };
        let before = match list {
            Value::Array(before) => before,
            Value::Tuple(items) if !items.0.is_empty() => {
                let mut first = vec![];
                for item in items.0.iter().filter_map(operand_array) {
                    first.push(ops::cast(cx, item, rows.dtype())?);
                }
                ops::stack_values(cx, first)?
            }
            _ => return self.at_home(wrap(rows)),
        };
        let joined = ops::concatenate(cx, vec![before, rows], Some(0))?;
        self.at_home(wrap(joined))
    }

    /// The error of a loop that is too long to be unrolled.
    #[cold]
    fn too_long(&self, trouble: Trouble, spec: &Loop, code: &Code, count: usize) -> Error {
        one_for_all(apart(trouble, spec, code), count)
    }
}
