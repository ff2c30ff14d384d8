//! Functions that a builtin makes of others: `grad(f)`, `vmap(f)`. What they do when they are called is the builtin's.

use super::machine::Machine;
use super::value::Value;
use crate::builtins::Builtin;
use crate::diagnostics::Result;
use std::any::Any;
use std::rc::Rc;

pub struct Derived {
    /// The builtin that made it.
    pub name: &'static str,
    /// What it was made of.
    pub of: Value,
    pub run: fn(&mut Machine, &Rc<Derived>, Vec<Value>) -> Result<Value>,
    /// What else it needs, for `run`.
    pub state: Box<dyn State>,
}

/// What a builtin keeps in the function that it makes.
pub trait State: Any {
    /// The values in it that the function may read when it is called.
    fn values(&self) -> Vec<Value> {
        vec![]
    }

    /// The one parameter of the function, if it has not those of what it was made of.
    fn parameter(&self) -> Option<&'static str> {
        None
    }

    /// What `g.name(...)` calls, with the function as its first argument, where the name means something of its own here.
    fn method(&self, name: &str) -> Option<&'static Builtin> {
        _ = name;
        None
    }

    /// Takes the values in it out, so that what holds a function that holds a function... is freed flat.
    fn take_values(&mut self) -> Vec<Value> {
        vec![]
    }
}

impl Derived {
    /// The state, for the builtin that made it.
    pub fn state<T: State>(&self) -> Option<&T> {
        (&*self.state as &dyn Any).downcast_ref()
    }

    /// The one parameter of the function, if it has not those of the function that was made into others first.
    pub fn parameter(&self) -> Option<&'static str> {
        let mut derived = self;
        loop {
            match (derived.state.parameter(), &derived.of) {
                (None, Value::Derived(inner)) => derived = inner,
                (parameter, _) => return parameter,
            }
        }
    }

    /// The function that was made into others first.
    pub fn innermost(&self) -> &Value {
        let mut of = &self.of;
        while let Value::Derived(inner) = of {
            of = &inner.of;
        }
        of
    }

    /// The values that it holds.
    pub(super) fn take_values(mut self) -> Vec<Value> {
        let mut values = self.state.take_values();
        values.push(self.of);
        values
    }
}
