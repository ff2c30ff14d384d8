//! A `while` on a value that is known only later: its condition and a turn become the graphs of one operation.

use super::super::super::code::*;
use super::super::super::function::Function;
use super::super::super::tables::Loop;
use super::super::super::value::Value;
use super::super::Machine;
use super::super::carry::with_arrays;
use super::super::stack::{Position, Stacks};
use super::super::stage::part;
use super::super::unwind::site;
use super::frame::{Frame, apart, leaves};
use super::{put_back, without_demand};
use crate::diagnostics::{Error, Kind, Result};
use crate::graph::while_loop::{Parts, while_loop};
use std::rc::Rc;

impl Machine {
    /// Records the `while` in whose condition the jump before `now.pc` stands, and goes on behind it. Turns that ran
    /// before are done.
    pub(in super::super) fn stage_while(&mut self, stacks: &mut Stacks, now: &mut Position, spec: &Loop) -> Result<()> {
        let code = now.function.code.clone();
        let in_graph = self.host.cx.modes.is_in_graph();
        if let Some((at, word)) = leaves(&code, spec) {
            let why =
                if in_graph { "is known only when the graph runs" } else { "may differ from row to row of `vmap`" };
            return Err(Error::new(Kind::Graph, format!("`{word}` inside a `while` whose end {why}"))
                .at(&code.source, site(&code, at).span)
                .help("make it a part of the condition: `going = true; while going and ... { ... }`"));
        }
        let env = now.function.env.clone();
        let body = Rc::new(Function { code: Rc::new(part(&code, spec.start as usize, spec.next)), env: env.clone() });
        let condition = Rc::new(Function { code: Rc::new(decision(&code, spec)), env });
        let frame = Frame::of(stacks, now, spec);
        let explained = |error: Error| match in_graph {
            true => error.help("a turn of a `while` is recorded when a graph is made: this is an error of it"),
            false => error,
        };
        let found = self.settled_turn(&frame.carried, None, false, &mut |machine, recorder, carried, _| {
            let (regs, far) = (frame.with(carried), frame.far_with(carried));
            let (regs, far) =
                machine.run_part(&body, &regs, &far, spec.start as usize, Some(recorder)).map_err(explained)?;
            Ok((frame.carried_of(&regs, &far), Value::None))
        });
        let turn = found.map_err(|trouble| apart(trouble, spec, &code))?;
        let wanted = self.in_carried_types(&turn)?;

        let level = self.host.cx.modes.enter();
        let sibling = turn.recorder.sibling(level);
        let mut tracers = sibling.inputs().into_iter();
        let mut at = 0;
        let replaced: Vec<Value> = frame
            .carried
            .iter()
            .map(|value| {
                with_arrays(
                    value,
                    &mut std::iter::from_fn(|| {
                        at += 1;
                        Some(turn.carried.iter().any(|(number, _)| *number == at - 1).then(|| tracers.next()).flatten())
                    }),
                )
            })
            .collect();
        let (regs, far) = (frame.with(&replaced), frame.far_with(&replaced));
        let (regs, _) = self
            .run_part(&condition, &regs, &far, spec.next as usize, Some(&sibling))
            .map_err(|error| without_demand(error, level))?;
        let holds = regs
            .last()
            .and_then(Value::as_array)
            .ok_or_else(|| Error::new(Kind::Internal, "a condition without a value"))?;
        for array in wanted.iter().filter(|array| !turn.recorder.made(array)) {
            sibling.capture(array);
        }
        sibling.capture(&holds);
        turn.recorder.take_inputs_of(&sibling);
        let captured = sibling.captured();
        let cx = &mut self.host.cx;
        let (condition, body) = (sibling.finish(cx, &[holds])?, turn.recorder.finish(cx, &wanted)?);
        if condition.draws() {
            return Err(Error::new(Kind::Graph, "a random draw in the condition of a `while` that is part of a graph")
                .at(&code.source, spec.head)
                .help("draw before the loop and at the end of its turns"));
        }
        let carried = turn.first.len();
        let given = turn.first.iter().cloned().chain(captured).collect();
        let results = while_loop(cx, Parts { condition, body, carried }, given)?.into_vec();
        let values = put_back(&frame.carried, &turn.carried, results);
        frame.put(stacks, now, values);
        now.pc = spec.end as usize;
        now.heap = true;
        Ok(())
    }
}

/// The condition of a `while` as code of its own, which leaves a truth value in its last register.
fn decision(code: &Rc<Code>, spec: &Loop) -> Code {
    let mut part = Code::clone(code);
    let (end, d) = (spec.end as usize, code.registers as Reg);
    part.instrs.truncate(end);
    part.kills.truncate(end);
    part.place_of.truncate(end);
    // ways that do not go on come here
    part.instrs.push(Instr::Bool { d, value: false });
    part.instrs.push(Instr::Jump { to: spec.end + 3 });
    part.instrs.push(Instr::Bool { d, value: true });
    part.instrs.push(Instr::Return { a: d });
    let place = part.place_of.get(spec.next as usize).copied().unwrap_or(0);
    part.kills.resize(end + 4, 0);
    part.place_of.resize(end + 4, place);
    for instr in &mut part.instrs[spec.next as usize..end] {
        if let Some(to) = instr.target_mut()
            && *to == spec.start
        {
            *to = spec.end + 2;
        }
    }
    for branch in &mut part.tables.branches {
        if branch.decides && branch.start == spec.next && branch.end == spec.end {
            branch.join = Some(spec.end + 3);
            branch.live = vec![d];
        }
    }
    part.registers += 1;
    part.tables.handlers.retain(|handler| handler.start >= spec.next && handler.end <= spec.end);
    part.whole = Some(code.whole.clone().unwrap_or_else(|| code.clone()));
    part
}
