//! Errors on their way up: their place, who catches them, the calls that led there.

use super::super::code::Code;
use super::super::tables::Site;
use super::super::value::{Fields, Value};
use super::Machine;
use super::registers::set;
use super::stack::{Position, Stacks};
use crate::diagnostics::error::{Call, TRAIL_ENDS};
use crate::diagnostics::{Error, Result, line_column};
use crate::transform::waiting;

impl Machine {
    /// Finds the handler of an error and goes on there, or leaves all frames.
    pub(super) fn raise(&mut self, stacks: &mut Stacks, now: &mut Position, mut error: Error) -> Result<()> {
        self.give_back(&stacks.values[now.base..]);
        if now.function.code.source.library && error.details().place.is_none() {
            // its operands mean nothing to who called the library
            error.details_mut().operands.clear();
            error.details_mut().instead = None;
            error.details_mut().blame_caller = true;
        }
        if !error.details().blame_caller {
            place(&mut error, &now.function.code, now.pc - 1);
        }
        if let Some(name) = error.details_mut().inside.take() {
            trail(&mut error, &name, &now.function.code, now.pc - 1);
        }
        loop {
            let code = &now.function.code;
            let at = now.pc as u32 - 1;
            let handler = code.tables.handlers.iter().find(|handler| (handler.start..handler.end).contains(&at));
            if handler.is_some() && error.catchable() {
                error = self.first_of(error);
            }
            if let (Some(handler), true) = (handler, error.catchable()) {
                if let Some(d) = handler.d {
                    set(&mut stacks.values[now.base + usize::from(d)], caught(&error));
                }
                now.heap = true;
                now.pc = handler.target as usize;
                return Ok(());
            }
            let name = code.name.clone();
            if !stacks.leave(now) {
                if error.catchable() {
                    error = self.first_of(error);
                }
                error.details_mut().blame_caller = false;
                place(&mut error, &now.function.code, now.pc - 1);
                return Err(error);
            }
            let (code, at) = (&now.function.code, now.pc - 1);
            if code.source.library {
                continue;
            }
            if std::mem::take(&mut error.details_mut().blame_caller) {
                place(&mut error, code, at);
            } else {
                trail(&mut error, &name, code, at);
            }
        }
    }

    /// What went wrong first: this, or what a graphics card found before. What was asked for and is not done is no part
    /// of what goes on.
    fn first_of(&mut self, error: Error) -> Error {
        let cx = &mut self.host.cx;
        let fault = waiting::run_at_risk(cx).and_then(|()| cx.devices.look_for_faults());
        waiting::forget(cx);
        fault.err().unwrap_or(error)
    }
}

pub(super) fn site(code: &Code, at: usize) -> &Site {
    &code.places[code.place_of[at] as usize]
}

/// The source text behind the place of an instruction.
pub(super) fn behind(code: &Code, at: usize) -> &str {
    code.source.text.get(site(code, at).span.end as usize..).unwrap_or("")
}

/// Says where an error arose, and labels the operands it speaks of.
fn place(error: &mut Error, code: &Code, at: usize) {
    if error.details().place.is_some() {
        return;
    }
    let site = site(code, at);
    let details = error.details_mut();
    details.place = Some(crate::diagnostics::error::Place { source: code.source.clone(), span: site.span });
    if let Some(advice) = details.instead.take().and_then(|template| with_names(template, &code.source.text, site)) {
        details.help = vec![advice];
    }
    for (number, text) in std::mem::take(&mut details.operands) {
        if let Some(&span) = site.operands.get(number) {
            details.labels.push((span, text));
        }
    }
}

/// An advice with the names of operands in it; none where an operand is no plain name.
fn with_names(mut template: String, text: &str, site: &Site) -> Option<String> {
    for (number, hole) in ["{0}", "{1}"].into_iter().enumerate() {
        let span = site.operands.get(number)?;
        let name = text.get(span.start as usize..span.end as usize)?;
        if !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
            return None;
        }
        template = template.replace(hole, name);
    }
    Some(template)
}

fn trail(error: &mut Error, name: &str, code: &Code, at: usize) {
    let details = error.details_mut();
    let place = crate::diagnostics::error::Place { source: code.source.clone(), span: site(code, at).span };
    let function = if name.is_empty() { "a function without name" } else { name }.to_string();
    if details.trail.len() >= 2 * TRAIL_ENDS {
        details.trail.remove(TRAIL_ENDS);
        details.trail_left_out += 1;
    }
    details.trail.push(Call { function, place });
}

/// What `catch err` gets: a record of the kind, the message and the line.
fn caught(error: &Error) -> Value {
    let details = error.details();
    let mut fields = Fields::default();
    fields.insert("kind".into(), Value::str(details.kind.name()));
    fields.insert("message".into(), Value::str(details.message.clone()));
    let line = details.place.as_ref().map(|place| line_column(&place.source.text, place.span.start as usize).0);
    fields.insert("line".into(), line.map_or(Value::None, |line| Value::int(line as i64)));
    Value::record(fields)
}
