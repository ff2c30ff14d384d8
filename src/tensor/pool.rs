//! A pool of buffers: what tensors that are gone leave to those that come.
//!
//! The pages of a fresh buffer cost more than the arithmetic that fills it. A pool keeps buffers, with whatever they
//! hold, up to a bound, and counts the bytes of those in use; both together never take more than those in use once did, or
//! than what every program may have (`FREE`). It must never hand out a buffer twice.

use super::{Data, Element, with_data};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Buffers of fewer bytes are left to the system's allocator.
const LEAST: usize = 4096;
/// Buffers that a pool holds at most; a few sizes in turn are what loops need.
const ENTRIES: usize = 64;
/// What is held and what is in use may take so much in any case: small programs need buffers of many sizes in turn.
const FREE: usize = 32 << 20;

/// Shared by a session and the tensors that come from it.
#[derive(Clone, Debug, Default)]
pub struct Pool(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Oldest first.
    free: RefCell<Vec<Data>>,
    held: Cell<usize>,
    bound: Cell<usize>,
    used: Cell<usize>,
    /// The most bytes that were in use.
    peak: Cell<usize>,
    /// The same since the last `begin_peak`.
    recent: Cell<usize>,
}

/// A stretch of time over which the most bytes in use are wanted.
pub struct Peak {
    /// Bytes that were in use at its beginning.
    used: usize,
    /// The peak of the stretch around, so far.
    around: usize,
}

/// Where a buffer goes back to, and the bytes counted for it.
#[derive(Debug)]
pub struct Home {
    pool: Pool,
    bytes: usize,
}

impl Inner {
    /// So many bytes may be held.
    fn room(&self) -> usize {
        self.peak.get().max(FREE).saturating_sub(self.used.get())
    }
}

fn bytes(data: &Data) -> usize {
    with_data!(data, values => values.capacity().saturating_mul(data.dtype().size()))
}

impl Pool {
    /// A pool that keeps at most so many bytes.
    pub fn bounded(bytes: usize) -> Pool {
        let pool = Pool::default();
        pool.set_bound(bytes);
        pool
    }

    pub fn set_bound(&self, bytes: usize) {
        self.0.bound.set(bytes);
        self.shrink(bytes);
    }

    /// A buffer of `count` elements that hold anything.
    pub fn take<T: Element + Copy>(&self, count: usize) -> Vec<T> {
        self.take_free(count).unwrap_or_else(|| vec![T::default(); count])
    }

    /// A buffer of `count` elements that hold zero, whose pages the system may not have touched yet.
    pub fn take_zeros<T: Element + Copy>(&self, count: usize) -> Vec<T> {
        match self.take_free(count) {
            Some(mut values) => {
                values.fill(T::default());
                values
            }
            None => vec![T::default(); count],
        }
    }

    /// One that was in use before.
    fn take_free<T: Element + Copy>(&self, count: usize) -> Option<Vec<T>> {
        if count.saturating_mul(size_of::<T>()) < LEAST {
            return None;
        }
        let fits = |data: &Data| {
            let capacity = T::of(data).map_or(0, Vec::capacity);
            capacity >= count && capacity - count <= count / 4
        };
        let mut data = {
            let mut free = self.0.free.borrow_mut();
            let at = free.iter().rposition(fits)?;
            free.remove(at)
        };
        self.0.held.set(self.0.held.get().saturating_sub(bytes(&data)));
        let mut values = std::mem::take(T::of_mut(&mut data)?);
        values.resize(count, T::default());
        Some(values)
    }

    /// The bytes of the buffers in use that are counted.
    pub fn used(&self) -> usize {
        self.0.used.get()
    }

    /// Begins a stretch of time whose peak `end_peak` tells; stretches may lie in each other.
    pub fn begin_peak(&self) -> Peak {
        let used = self.0.used.get();
        Peak { used, around: self.0.recent.replace(used) }
    }

    /// The most bytes that were in use since, besides those that were then.
    pub fn end_peak(&self, peak: Peak) -> usize {
        let most = self.0.recent.get();
        self.0.recent.set(peak.around.max(most));
        most.saturating_sub(peak.used)
    }

    /// Gives all free buffers back to the system.
    pub fn clear(&self) {
        self.shrink(0);
    }

    fn shrink(&self, to: usize) {
        if self.0.held.get() <= to {
            return;
        }
        let mut free = self.0.free.borrow_mut();
        let mut held = self.0.held.get();
        let drop = free.iter().take_while(|data| {
            let over = held > to;
            held -= if over { bytes(data).min(held) } else { 0 };
            over
        });
        let drop = drop.count();
        free.drain(..drop);
        self.0.held.set(held);
    }

    /// The home of a buffer from now on; none for one that is not worth it.
    pub(super) fn home(&self, data: &Data) -> Option<Box<Home>> {
        let bytes = bytes(data);
        if bytes < LEAST || matches!(data, Data::Str(_)) {
            return None;
        }
        self.grow(bytes);
        Some(Box::new(Home { pool: self.clone(), bytes }))
    }

    /// So many more bytes are in use.
    fn grow(&self, bytes: usize) {
        self.0.used.set(self.0.used.get().saturating_add(bytes));
        self.0.peak.set(self.0.peak.get().max(self.0.used.get()));
        self.0.recent.set(self.0.recent.get().max(self.0.used.get()));
        self.shrink(self.0.room());
    }

    fn put(&self, data: Data) {
        let more = bytes(&data);
        let bound = self.0.bound.get().min(self.0.room());
        if more < LEAST || more > bound {
            return;
        }
        self.shrink(bound - more);
        let mut free = self.0.free.borrow_mut();
        if free.len() >= ENTRIES {
            let oldest = free.remove(0);
            self.0.held.set(self.0.held.get().saturating_sub(bytes(&oldest)));
        }
        self.0.held.set(self.0.held.get() + more);
        free.push(data);
    }
}

impl Home {
    /// Counts the bytes of the buffer anew.
    pub(super) fn count(&mut self, data: &Data) {
        let bytes = bytes(data);
        if bytes > self.bytes {
            self.pool.grow(bytes - self.bytes);
            self.bytes = bytes;
        }
    }

    /// Takes back the buffer of a tensor that is gone.
    pub(super) fn give_back(self, data: Data) {
        self.pool.0.used.set(self.pool.0.used.get().saturating_sub(self.bytes));
        self.pool.put(data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::{Scalar, Tensor};

    fn tensor(pool: &Pool, count: usize) -> Tensor {
        let mut tensor = Tensor::from_vec(pool.take::<f64>(count), &[count]);
        tensor.settle_in(pool);
        tensor
    }

    #[test]
    fn buffers_come_back_and_go_out_again() {
        let pool = Pool::bounded(1 << 20);
        let a = tensor(&pool, 1000);
        assert_eq!(pool.used(), 8000);
        let address = a.as_slice::<f64>().unwrap().as_ptr();
        let b = a.clone();
        drop(a);
        assert_eq!((pool.used(), b.scalar(3)), (8000, Some(Scalar::F64(0.0))));
        drop(b);
        assert_eq!(pool.used(), 0);
        assert_eq!(pool.take::<i64>(1000).len(), 1000);
        let c = pool.take::<f64>(900);
        assert_eq!((c.as_ptr(), c.len()), (address, 900));
        let other = pool.take::<f64>(900);
        assert_ne!(other.as_ptr(), address);
    }

    #[test]
    fn peaks_lie_in_each_other() {
        let pool = Pool::bounded(1 << 20);
        let kept = tensor(&pool, 1000);
        let outer = pool.begin_peak();
        drop(tensor(&pool, 3000));
        let inner = pool.begin_peak();
        let a = tensor(&pool, 1000);
        drop((tensor(&pool, 1000), a));
        assert_eq!(pool.end_peak(inner), 16_000);
        assert_eq!(pool.end_peak(outer), 24_000);
        drop(kept);
    }

    #[test]
    fn what_grows_is_counted_anew() {
        let pool = Pool::bounded(1 << 20);
        let mut a = tensor(&pool, 1000);
        if let Some((Data::F64(values), shape)) = a.owned_mut() {
            values.resize(5000, 0.0);
            shape[0] = 5000;
        }
        a.settle_in(&pool);
        assert!(pool.used() >= 40_000);
        drop(a);
        assert_eq!(pool.used(), 0);
    }

    #[test]
    fn the_bound_holds() {
        let (count, bytes) = (2_000_000, 16_000_000);
        let pool = Pool::bounded(40_000_000);
        let tensors: Vec<Tensor> = (0..4).map(|_| tensor(&pool, count)).collect();
        drop(tensors);
        assert!(pool.0.held.get() == 2 * bytes && pool.0.free.borrow().len() == 2);
        // made otherwise, and no more of them at a time than there were
        let other = || {
            let mut tensor = Tensor::from_vec(vec![0.0; count], &[count]);
            tensor.settle_in(&pool);
            tensor
        };
        for _ in 0..10 {
            let four = [other(), other(), other(), other()];
            assert_eq!((pool.used(), pool.0.held.get()), (4 * bytes, 0));
            drop(four);
            assert_eq!(pool.0.held.get(), 2 * bytes);
        }
        // more than the pool takes at all
        drop(tensor(&pool, 3 * count));
        assert!(pool.0.held.get() <= 40_000_000);
        pool.clear();
        assert_eq!((pool.0.held.get(), pool.0.free.borrow().len()), (0, 0));
        for _ in 0..100 {
            drop(Tensor::from_vec(pool.take::<u8>(5000), &[5000]));
        }
        assert_eq!(pool.used(), 0);
    }
}
