//! `checkpoint(f)`: memory for time. What f did is not kept; on the way back f runs again, as it ran before.
//!
//! While it runs first, the linear programs around record nothing; a call stands for it there. When cotangents reach
//! the call, f runs on the same arguments and is recorded at the end of the program, which goes back through that. So
//! what f captured gets its cotangents like anything else.

use super::derived;
use crate::builtins::declare::builtins;
use crate::builtins::graphs::values_of;
use crate::builtins::structures::map_alike;
use crate::context::{Context, RandomState};
use crate::diagnostics::{Error, Kind, Result};
use crate::interp::{Derived, Machine, State, Value, globals_read, holds};
use crate::ops::barrier::barrier;
use crate::tensor::{Abstract, Array, Device};
use crate::transform::draws::Drawn;
use crate::transform::linear::{Call, Host, Tape};
use crate::transform::{Around, with_variables};
use std::rc::Rc;

struct Nothing;

impl State for Nothing {}

/// What a run depends on besides the function and its arguments.
struct Surroundings {
    around: Around,
    random: RandomState,
    home: Option<Device>,
    globals: Vec<(u32, Value)>,
}

impl Surroundings {
    fn of(machine: &Machine, f: &Value, args: &[Value]) -> Surroundings {
        let slots = globals_read(std::iter::once(f).chain(args), &machine.globals);
        let slots: Vec<u32> = slots.into_iter().filter(|&slot| !machine.modules.is_constant(slot)).collect();
        let values = values_of(machine, &slots);
        let cx = &machine.host.cx;
        Surroundings {
            around: cx.modes.around(),
            random: cx.random,
            home: cx.devices.home,
            globals: slots.into_iter().zip(values).collect(),
        }
    }

    /// Makes them those of what runs now, and gives what was there.
    fn enter(&self, machine: &mut Machine) -> Surroundings {
        let swap = |(slot, value): &(u32, Value)| {
            let there = machine.globals.get_mut(*slot as usize)?;
            Some((*slot, std::mem::replace(there, value.clone())))
        };
        let globals = self.globals.iter().filter_map(swap).collect();
        let cx: &mut Context = &mut machine.host.cx;
        let around = cx.modes.suspend();
        cx.modes.resume(self.around.clone());
        let random = std::mem::replace(&mut cx.random, self.random);
        let home = std::mem::replace(&mut cx.devices.home, self.home);
        Surroundings { around, random, home, globals }
    }
}

/// A function that ran without being recorded.
struct Run {
    f: Value,
    args: Vec<Value>,
    surroundings: Surroundings,
    /// What it drew while it was recorded into a graph.
    drawn: Drawn,
}

/// As one linear program knows it.
struct Rerun {
    of: Rc<Run>,
    /// What of its results moves.
    avals: Vec<Abstract>,
}

impl Call for Rerun {
    fn pull(&self, host: &mut dyn Host, tape: &Tape, outgoing: &[Option<Array>]) -> Result<Vec<(usize, Array)>> {
        let Some(machine) = host.any().downcast_mut::<Machine>() else {
            return Err(Error::new(Kind::Internal, "a call is carried back where nothing can be called"));
        };
        let before = self.of.surroundings.enter(machine);
        tape.resume();
        machine.host.cx.modes.draw_again(&self.of.drawn);
        let hushed = machine.host.cx.modes.hush(true);
        let result = again(machine, &self.of.args).and_then(|args| machine.call(&self.of.f, args));
        machine.host.cx.modes.hush(hushed);
        tape.pause();
        before.enter(machine);
        let mut variables = vec![];
        replace(machine, &result?, tape, &mut |variable| {
            variables.push(variable.clone());
            Ok(variable.clone())
        })?;
        let is_like = |(one, like): (&Array, &Abstract)| one.shape() == &*like.shape && one.dtype() == like.dtype;
        if variables.len() != self.avals.len() || !variables.iter().zip(&self.avals).all(is_like) {
            return Err(Error::value("a function under `checkpoint` gave another result when it ran again")
                .help("it has to do the same for the same arguments"));
        }
        let pairs = variables.iter().zip(outgoing);
        Ok(pairs.filter_map(|(variable, ct)| Some((tape.number(variable)?, ct.clone()?))).collect())
    }
}

/// Arguments as values of their own: where f is recorded into a graph a second time, that does not see that it has what
/// f does already, and keep it.
fn again(machine: &mut Machine, args: &[Value]) -> Result<Vec<Value>> {
    let mut again = vec![];
    for arg in args {
        again.push(map_alike(machine, &[arg], &mut |machine, leaves| match leaves {
            [Value::Array(array)] => barrier(&mut machine.host.cx, array).map(Value::Array),
            [leaf] => Ok((*leaf).clone()),
            _ => Ok(Value::None),
        })?);
    }
    Ok(again)
}

/// A value with other variables of a program in it.
fn replace(
    machine: &mut Machine,
    value: &Value,
    tape: &Tape,
    with: &mut dyn FnMut(&Array) -> Result<Array>,
) -> Result<Value> {
    map_alike(machine, &[value], &mut |_, leaves| match leaves {
        [Value::Array(array)] => with_variables(array, tape, with).map(Value::Array),
        [leaf] => Ok((*leaf).clone()),
        _ => Ok(Value::None),
    })
}

fn run_checkpoint(machine: &mut Machine, derived: &Rc<Derived>, args: Vec<Value>) -> Result<Value> {
    let recording = machine.host.cx.modes.recording();
    if recording.is_empty() {
        return machine.call(&derived.of, args);
    }
    let surroundings = Surroundings::of(machine, &derived.of, &args);
    recording.iter().for_each(Tape::pause);
    let (depth, drawn) = machine.host.cx.modes.begin_drawn();
    let result = machine.call(&derived.of, args.clone());
    machine.host.cx.modes.end_drawn(depth);
    recording.iter().for_each(Tape::resume);
    let mut result = result?;
    if holds(&result, &|array| matches!(array, Array::Lifted(lifted) if lifted.level() > 0)) {
        return Err(Error::ty("a function in the result of `checkpoint` holds a value that is differentiated by")
            .help("give the value itself as a result, and make the function of it outside"));
    }
    let of = Rc::new(Run { f: derived.of.clone(), args, surroundings, drawn });
    for tape in &recording {
        let mut avals = vec![];
        replace(machine, &result, tape, &mut |variable| {
            avals.push(variable.aval());
            Ok(variable.clone())
        })?;
        if avals.is_empty() {
            continue;
        }
        let rerun = Rerun { of: of.clone(), avals: avals.clone() };
        let mut fresh = tape.call(&machine.host.cx, &avals, Rc::new(rerun))?.into_iter();
        result = replace(machine, &result, tape, &mut |variable| Ok(fresh.next().unwrap_or_else(|| variable.clone())))?;
    }
    Ok(result)
}

builtins! {
    elements Settled;

    /// f itself, but a backward derivative keeps only its arguments and runs it again on the way back.
    /// What f does in between is not held in memory meanwhile: chains of checkpoints let deep programs fit. Values and
    /// derivatives are those of f: random draws are repeated, and what f captured is differentiated by, too. What it
    /// prints it prints twice, but for `debug`. So it is in the graph of a derivative, too; forward derivatives, and derivatives of
    /// a graph, run f as it is.
    fn checkpoint(f)
        ex "grad(checkpoint(|x| sin(x) ** 2))(0.0)" => "0.0";
        ex "grad(|w| { block = checkpoint(|x| x * w); block(block(3.0)) })(2.0)" => "12.0";
        fails "checkpoint(1)" => "type";
        fails "grad(|x| checkpoint(|x| |y| x * y)(x)(2.0))(1.0)" => "type";
    = |_, args| derived(args, "checkpoint", run_checkpoint, Nothing);
}
