//! Values that are no buffers at hand: work that waits, and tracers of transforms.
//!
//! All that is known here is what the value looks like and who is in charge of it. What stands behind it is private to
//! the file of its mode; nothing in this room may look at it.

use super::Abstract;
use std::any::Any;
use std::fmt;
use std::rc::{Rc, Weak};

/// Who is in charge of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An element-wise operation that has not run yet.
    Pending,
    /// A value committed to a device.
    Placed,
    /// A value with its tangent.
    Dual,
    /// A tangent in a linear program that is being recorded.
    Linear,
    /// A row of a batch, for all rows at once.
    Batched,
    /// A value of a graph that is being recorded.
    Traced,
}

/// The number of the transform that a tracer belongs to; inner ones have higher numbers. Values that no transform made
/// are at level 0.
pub type Level = u64;

/// A value that some mode is in charge of.
#[derive(Clone)]
pub struct Lifted(Rc<Inner>);

struct Inner {
    aval: Abstract,
    mode: Mode,
    level: Level,
    body: Box<dyn Any>,
}

impl Lifted {
    pub fn new(aval: Abstract, mode: Mode, level: Level, body: impl Any) -> Lifted {
        Lifted(Rc::new(Inner { aval, mode, level, body: Box::new(body) }))
    }

    #[inline]
    pub fn aval(&self) -> &Abstract {
        &self.0.aval
    }
    #[inline]
    pub fn mode(&self) -> Mode {
        self.0.mode
    }
    #[inline]
    pub fn level(&self) -> Level {
        self.0.level
    }

    /// What stands behind it, for the mode that made it.
    pub fn body<T: Any>(&self) -> Option<&T> {
        self.0.body.downcast_ref()
    }

    /// How many hold it.
    pub fn holders(&self) -> usize {
        Rc::strong_count(&self.0)
    }

    /// Is it the very same value?
    pub fn is_same(&self, other: &Lifted) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// A number that no other value alive has.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    pub fn downgrade(&self) -> WeakLifted {
        WeakLifted(Rc::downgrade(&self.0))
    }
}

/// A value that may be gone.
#[derive(Clone)]
pub struct WeakLifted(Weak<Inner>);

impl WeakLifted {
    pub fn upgrade(&self) -> Option<Lifted> {
        self.0.upgrade().map(Lifted)
    }

    /// Does anybody hold it still?
    pub fn is_alive(&self) -> bool {
        self.0.strong_count() > 0
    }
}

impl fmt::Debug for Lifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.0.aval.type_name(), self.0.mode)
    }
}

impl fmt::Debug for WeakLifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakLifted")
    }
}
