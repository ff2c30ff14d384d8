//! Copies on the device of tensors that live on the host, kept so that a loop does not send the same elements again.
//!
//! A copy is known by the stamp of the elements, where they lie and the dtype they have on the device; it goes when the
//! elements go or are written. Nothing here may keep a tensor alive, or keep anybody from writing to it.

use super::view::View;
use crate::tensor::{DType, Layout, Stamp, Tensor};

/// Copies kept at most.
const MOST: usize = 64;

/// A copy, and what it is of.
struct Kept {
    stamp: Stamp,
    layout: Layout,
    dtype: DType,
    view: View,
}

pub struct Uploads {
    /// Those used last come last.
    kept: Vec<Kept>,
    /// Bytes kept at most.
    most: u64,
    /// Copies made so far.
    #[cfg(test)]
    pub made: u64,
}

impl Uploads {
    pub fn new(most: u64) -> Uploads {
        Uploads {
            kept: Vec::new(),
            most,
            #[cfg(test)]
            made: 0,
        }
    }

    /// The copy of a tensor in this dtype, if it is here.
    pub fn find(&mut self, tensor: &Tensor, dtype: DType) -> Option<View> {
        if self.kept.is_empty() {
            return None;
        }
        let (stamp, layout) = (tensor.stamp(), tensor.layout());
        let is_it = |kept: &Kept| kept.dtype == dtype && kept.stamp.is_same(&stamp) && kept.layout == layout;
        let found = self.kept.iter().rposition(is_it)?;
        let found = self.kept.remove(found);
        let view = found.view.clone();
        self.kept.push(found);
        Some(view)
    }

    /// Keeps the copy of a tensor in place of those that were not used for longest.
    pub fn keep(&mut self, tensor: &Tensor, view: &View) {
        let bytes = view.buffer().bytes();
        if bytes > self.most {
            return;
        }
        let mut room = self.most - bytes;
        let recent = self.kept.iter().rev().take(MOST - 1).take_while(|kept| {
            let left = room.checked_sub(kept.view.buffer().bytes());
            room = left.unwrap_or_default();
            left.is_some()
        });
        let recent = recent.count();
        self.kept.drain(..self.kept.len() - recent);
        let (stamp, layout) = (tensor.stamp(), tensor.layout());
        self.kept.push(Kept { stamp, layout, dtype: view.dtype(), view: view.clone() });
    }

    /// Lets go of the copies of what is gone or was written.
    pub fn tidy(&mut self) {
        self.kept.retain(|kept| kept.stamp.is_good());
    }

    /// Lets go of all.
    pub fn clear(&mut self) {
        self.kept.clear();
    }
}
