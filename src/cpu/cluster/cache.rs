//! The plans of the clusters that ran last, by their structure: a loop makes its plans once.
//!
//! A key says all that a plan depends on. It must never depend on the values of numbers, nor on lengths of axes.

use super::plan::Plan;
use crate::diagnostics::Result;
use rustc_hash::FxHasher;
use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// How many plans are kept.
const KEPT: usize = 64;

/// The plans of a session.
#[derive(Default)]
pub struct Plans(RefCell<Vec<Known>>);

struct Known {
    /// Of the key: nearly all others are told by it.
    hash: u64,
    key: Box<[usize]>,
    plan: Rc<Plan>,
}

impl Plans {
    /// The plan for a key, made if there is none.
    pub(super) fn get(&self, key: &[usize], make: impl FnOnce() -> Result<Plan>) -> Result<Rc<Plan>> {
        let mut hasher = FxHasher::default();
        key.hash(&mut hasher);
        let hash = hasher.finish();
        // the one used last comes first
        let mut known = self.0.borrow_mut();
        if let Some(at) = known.iter().position(|known| known.hash == hash && *known.key == *key) {
            known[..=at].rotate_right(1);
            return Ok(known[0].plan.clone());
        }
        let plan = Rc::new(make()?);
        known.truncate(KEPT - 1);
        known.insert(0, Known { hash, key: key.into(), plan: plan.clone() });
        Ok(plan)
    }
}

#[cfg(test)]
impl Plans {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.borrow().len()
    }
}

impl fmt::Debug for Plans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} plans", self.0.borrow().len())
    }
}
