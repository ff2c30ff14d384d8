//! How elements are combined: sums, products, extremes and truth.
//!
//! Sums are NumPy's: pairwise in blocks of 128 with eight partial sums. The order depends on the number of elements alone,
//! never on the processor.

use crate::cpu::Typed;
use crate::cpu::versioned::versioned;
use crate::isa::Isa;
use crate::tensor::Element;

/// A way to combine elements.
pub trait Fold<T: Copy> {
    type Out: Element + Copy + Send + Sync;
    /// What nothing is combined to.
    const START: Self::Out;
    /// May a long run be combined in halves, each by itself?
    const HALVES: bool = true;
    fn step(so_far: Self::Out, x: T) -> Self::Out;
    fn join(a: Self::Out, b: Self::Out) -> Self::Out;
    /// The elements of a run.
    fn part(isa: Isa, items: &[T]) -> Self::Out;
    /// The same, behind what there is so far.
    fn run(isa: Isa, so_far: Self::Out, items: &[T]) -> Self::Out {
        Self::join(so_far, Self::part(isa, items))
    }
}

pub struct Sum;
pub struct Product;
pub struct Max;
pub struct Min;
pub struct Any;
pub struct All;

macro_rules! floats {
    ($($type:ident)+) => {$(
        impl Fold<$type> for Sum {
            type Out = $type;
            const START: $type = 0.0;
            #[inline(always)]
            fn step(so_far: $type, x: $type) -> $type {
                so_far + x
            }
            #[inline(always)]
            fn join(a: $type, b: $type) -> $type {
                a + b
            }
            fn part(isa: Isa, items: &[$type]) -> $type {
                if items.len() > BLOCK {
                    let (left, right) = items.split_at(half(items.len()));
                    return Self::part(isa, left) + Self::part(isa, right);
                }
                block(isa, items, -0.0, |a, b| a + b)
            }
        }
        impl Fold<$type> for Product {
            type Out = $type;
            const START: $type = 1.0;
            const HALVES: bool = false;
            #[inline(always)]
            fn step(so_far: $type, x: $type) -> $type {
                so_far * x
            }
            fn join(a: $type, b: $type) -> $type {
                a * b
            }
            fn part(isa: Isa, items: &[$type]) -> $type {
                <Self as Fold<$type>>::run(isa, <Self as Fold<$type>>::START, items)
            }
            fn run(_: Isa, so_far: $type, items: &[$type]) -> $type {
                items.iter().fold(so_far, |so_far, &x| so_far * x)
            }
        }
        extreme!($type, -$type::INFINITY, $type::INFINITY);
    )+};
}

macro_rules! integers {
    ($($type:ident: $sum:expr;)+) => {$(
        impl Fold<$type> for Sum {
            type Out = i64;
            const START: i64 = 0;
            #[inline(always)]
            fn step(so_far: i64, x: $type) -> i64 {
                so_far.wrapping_add(i64::from(x))
            }
            fn join(a: i64, b: i64) -> i64 {
                a.wrapping_add(b)
            }
            fn part(isa: Isa, items: &[$type]) -> i64 {
                $sum(isa, items)
            }
        }
        impl Fold<$type> for Product {
            type Out = i64;
            const START: i64 = 1;
            #[inline(always)]
            fn step(so_far: i64, x: $type) -> i64 {
                so_far.wrapping_mul(i64::from(x))
            }
            fn join(a: i64, b: i64) -> i64 {
                a.wrapping_mul(b)
            }
            fn part(_: Isa, items: &[$type]) -> i64 {
                items.iter().fold(1, |so_far, &x| Self::step(so_far, x))
            }
        }
    )+};
}

/// `Max` and `Min`; NaN wins.
macro_rules! extreme {
    ($type:ident, $least:expr, $most:expr) => {
        extreme!($type, Max, >=, $least);
        extreme!($type, Min, <=, $most);
    };
    ($type:ident, $fold:ident, $keeps:tt, $start:expr) => {
        impl Fold<$type> for $fold {
            type Out = $type;
            const START: $type = $start;
            #[inline(always)]
            fn step(so_far: $type, x: $type) -> $type {
                if so_far $keeps x || is_nan(so_far) { so_far } else { x }
            }
            fn join(a: $type, b: $type) -> $type {
                Self::step(a, b)
            }
            fn part(isa: Isa, items: &[$type]) -> $type {
                lanes(isa, items, $start, Self::step)
            }
        }
    };
}

floats!(f32 f64);
integers! {
    bool: |isa, items| counted(isa, items) as i64;
    u8: summed;
    i32: summed;
    i64: summed;
}
extreme!(bool, false, true);
extreme!(u8, u8::MIN, u8::MAX);
extreme!(i32, i32::MIN, i32::MAX);
extreme!(i64, i64::MIN, i64::MAX);

macro_rules! truth {
    ($fold:ident, $start:expr, $join:tt) => {
        impl<T: Typed> Fold<T> for $fold {
            type Out = bool;
            const START: bool = $start;
            #[inline(always)]
            fn step(so_far: bool, x: T) -> bool {
                so_far $join (x != T::default())
            }
            fn join(a: bool, b: bool) -> bool {
                a $join b
            }
            fn part(isa: Isa, items: &[T]) -> bool {
                let holds = |items: &[T]| flags(isa, items, $start, |so_far, x| so_far $join (x != T::default()));
                // the answer may be known early
                match $start {
                    true => items.chunks(EARLY).all(holds),
                    false => items.chunks(EARLY).any(holds),
                }
            }
        }
    };
}

truth!(Any, false, |);
truth!(All, true, &);

/// Elements between two looks at whether the answer is known.
const EARLY: usize = 4096;
/// Elements that are added in eight partial sums.
pub const BLOCK: usize = 128;

/// Where NumPy's pairwise sum cuts a run.
#[inline]
pub fn half(len: usize) -> usize {
    let half = len / 2;
    half - half % 8
}

#[inline(always)]
pub fn is_nan<T: PartialOrd>(x: T) -> bool {
    x.partial_cmp(&x).is_none()
}

versioned! {
    /// A block of a pairwise sum. `zero` changes nothing when it is added.
    fn block[T: Copy, A: Fn(T, T) -> T]<T, A>(items: &[T], zero: T, add: A) -> T {
        let (blocks, rest) = items.as_chunks::<8>();
        let start = match blocks.split_first() {
            None => zero,
            Some((first, blocks)) => {
                let mut sums = *first;
                for block in blocks {
                    for (sum, &x) in sums.iter_mut().zip(block) {
                        *sum = add(*sum, x);
                    }
                }
                let [a, b, c, d, e, f, g, h] = sums;
                add(add(add(a, b), add(c, d)), add(add(e, f), add(g, h)))
            }
        };
        rest.iter().fold(start, |sum, &x| add(sum, x))
    }

    /// Combines in lanes, for functions that do not mind the order.
    fn lanes[T: Copy, S: Fn(T, T) -> T]<T, S>(items: &[T], start: T, step: S) -> T {
        let (blocks, rest) = items.as_chunks::<32>();
        let mut best = [start; 32];
        for block in blocks {
            for (best, &x) in best.iter_mut().zip(block) {
                *best = step(*best, x);
            }
        }
        best.iter().chain(rest).fold(start, |so_far, &x| step(so_far, x))
    }

    fn flags[T: Copy, S: Fn(bool, T) -> bool]<T, S>(items: &[T], start: bool, step: S) -> bool {
        items.iter().fold(start, |so_far, &x| step(so_far, x))
    }

    fn summed[T: Copy + Into<i64>]<T>(items: &[T]) -> i64 {
        items.iter().fold(0, |sum: i64, &x| sum.wrapping_add(x.into()))
    }

    /// In bytes first, which have room for so many.
    pub fn counted(items: &[bool]) -> usize {
        let count = |items: &[bool]| usize::from(items.iter().fold(0u8, |count, &x| count + u8::from(x)));
        items.chunks(128).map(count).sum()
    }

    /// Combines a row of elements with a row of results, element by element.
    pub fn rows[T: Copy, F: Fold<T>]<T, F>(so_far: &mut [F::Out], items: &[T]) {
        for (so_far, &x) in so_far.iter_mut().zip(items) {
            *so_far = F::step(*so_far, x);
        }
    }
}
