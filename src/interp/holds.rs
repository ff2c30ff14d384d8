//! Which arrays functions hold: those that they, and what they call, captured.

use super::value::Value;
use crate::tensor::Array;
use rustc_hash::FxHashSet;
use std::rc::Rc;

/// Does a function in a value hold an array of this kind? Arrays of the value itself do not count.
pub fn holds(value: &Value, kind: &dyn Fn(&Array) -> bool) -> bool {
    let mut seen: FxHashSet<usize> = FxHashSet::default();
    // with each whether it stands in a function
    let mut work = vec![(value.clone(), false)];
    while let Some((value, inside)) = work.pop() {
        match &value {
            Value::Array(array) if inside && kind(array) => return true,
            // what a structure holds may stand in a function as well as outside of one
            Value::Tuple(items) if seen.insert(Rc::as_ptr(items).addr() + usize::from(inside)) => {
                work.extend(items.0.iter().map(|item| (item.clone(), inside)));
            }
            Value::Record(record) if seen.insert(Rc::as_ptr(record).addr() + usize::from(inside)) => {
                work.extend(record.0.values().map(|item| (item.clone(), inside)));
            }
            Value::Function(function) if seen.insert(Rc::as_ptr(&function.env).addr()) => {
                work.extend(function.env.captures.iter().map(|item| (item.clone(), true)));
            }
            Value::Derived(derived) if seen.insert(Rc::as_ptr(derived).addr()) => {
                work.push((derived.of.clone(), true));
                work.extend(derived.state.values().into_iter().map(|item| (item, true)));
            }
            _ => {}
        }
    }
    false
}
