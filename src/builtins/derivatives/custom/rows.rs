//! `custom_grad` in a batch: all rows of the arguments are arguments of a function of rows, with a rule for rows.

use super::{Custom, arrays};
use crate::builtins::structures::map_alike;
use crate::diagnostics::Result;
use crate::interp::{Machine, Value};
use crate::ops::reduce::{SUM, reduce};
use crate::tensor::{Array, Level, Lifted};
use crate::transform::batch;
use std::rc::Rc;

/// Leaves the batch of this level.
pub fn call(machine: &mut Machine, custom: &Rc<dyn Custom>, args: Vec<Value>, level: Level) -> Result<Value> {
    let captured = custom.captured(level.saturating_add(1));
    let captured = captured.and_then(|part| batch::rows_of(&Array::Lifted(part), level));
    let mut count = captured.and_then(|rows| rows.shape().first().copied()).unwrap_or(0);
    let mut batched = vec![];
    let mut rows = vec![];
    for arg in &args {
        let mut own = vec![];
        rows.push(arrays(machine, arg, &mut |_, array| {
            let found = batch::rows_of(&array, level);
            own.push(found.is_some());
            count = found.as_ref().and_then(|rows| rows.shape().first().copied()).unwrap_or(count);
            Ok(found.unwrap_or(array))
        })?);
        batched.push(own);
    }
    let inside: Rc<dyn Custom> = Rc::new(Rows { of: custom.clone(), level, count, batched });
    let result = super::call(machine, &inside, rows)?;
    arrays(machine, &result, &mut |_, array| Ok(batch::lift(level, array)))
}

/// On the rows of a batch.
struct Rows {
    of: Rc<dyn Custom>,
    level: Level,
    count: usize,
    /// Which leaves of which arguments have a row for each of the batch.
    batched: Vec<Vec<bool>>,
}

impl Rows {
    fn lifted(&self, machine: &mut Machine, args: &[Value]) -> Result<Vec<Value>> {
        let each = args.iter().zip(&self.batched).map(|(arg, batched)| {
            let mut batched = batched.iter();
            arrays(machine, arg, &mut |_, array| match batched.next() {
                Some(true) => Ok(batch::lift(self.level, array)),
                _ => Ok(array),
            })
        });
        each.collect()
    }

    /// Values that have rows as all rows.
    fn lowered(&self, machine: &mut Machine, value: &Value) -> Result<Value> {
        arrays(machine, value, &mut |machine, array| batch::lower(&mut machine.host.cx, &array, self.level, self.count))
    }

    fn in_batch<T>(&self, machine: &mut Machine, work: impl FnOnce(&mut Machine) -> Result<T>) -> Result<T> {
        let depth = machine.host.cx.modes.begin_rows(self.level, self.count);
        let result = work(machine);
        machine.host.cx.modes.end(depth);
        result
    }
}

impl Custom for Rows {
    fn run(&self, machine: &mut Machine, args: Vec<Value>) -> Result<Value> {
        let args = self.lifted(machine, &args)?;
        let result = self.in_batch(machine, |machine| self.of.run(machine, args))?;
        self.lowered(machine, &result)
    }

    fn pull(&self, machine: &mut Machine, args: &[Value], y: &Value, dy: Value) -> Result<Vec<Value>> {
        let args = self.lifted(machine, args)?;
        let mut row = |value: &Value| arrays(machine, value, &mut |_, array| Ok(batch::lift(self.level, array)));
        let (y, dy) = (row(y)?, row(&dy)?);
        let found = self.in_batch(machine, |machine| self.of.pull(machine, &args, &y, dy))?;
        let each = found.iter().zip(&self.batched).zip(&args).map(|((found, batched), arg)| {
            let mut batched = batched.iter();
            map_alike(machine, &[arg, found], &mut |machine, leaves| {
                let [leaf, found] = leaves else { return Ok(Value::None) };
                let batched = matches!(leaf, Value::Array(_)) && batched.next().copied().unwrap_or(false);
                let Value::Array(found) = found else { return Ok(Value::None) };
                let cx = &mut machine.host.cx;
                let rows = batch::lower(cx, found, self.level, self.count)?;
                // what is the same in all rows moves all of them
                let found = if batched { rows } else { reduce(cx, &SUM, rows, Some(&[0]), false)? };
                Ok(Value::Array(found))
            })
        });
        each.collect()
    }

    fn captured(&self, below: Level) -> Option<Lifted> {
        self.of.captured(below.min(self.level))
    }

    fn without_left(&self, array: &Array) -> Array {
        self.of.without_left(array)
    }
}
