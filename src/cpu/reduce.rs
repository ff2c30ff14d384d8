//! Reductions: sums, products, extremes and truth over any axes.
//!
//! Elements are added in NumPy's order: axes sorted by stride and joined where they lie one behind the other; along an
//! innermost reduced axis pairwise, in blocks of 128 with eight partial sums; else row after row. So the last digits
//! are NumPy's, and do not depend on the processor.

use super::{Number, mistyped};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Array, DType, Element, Shape, Strides, Tensor, Walk, shape};
use smallvec::SmallVec;

/// Elements between two looks at the interrupt flag.
const STRETCH: usize = 1 << 18;

/// How elements are combined.
pub trait Fold<T: Copy> {
    type Out: Element + Copy;
    /// What nothing is combined to.
    const START: Self::Out;
    fn step(so_far: Self::Out, x: T) -> Self::Out;
    fn run(so_far: Self::Out, items: &[T]) -> Self::Out {
        items.iter().fold(so_far, |so_far, &x| Self::step(so_far, x))
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
            #[inline]
            fn step(so_far: $type, x: $type) -> $type {
                so_far + x
            }
            fn run(so_far: $type, items: &[$type]) -> $type {
                so_far + pairwise(items, -0.0, |a, b| a + b)
            }
        }
        impl Fold<$type> for Product {
            type Out = $type;
            const START: $type = 1.0;
            #[inline]
            fn step(so_far: $type, x: $type) -> $type {
                so_far * x
            }
        }
        extreme!($type, -$type::INFINITY, $type::INFINITY);
    )+};
}

macro_rules! integers {
    ($($type:ident)+) => {$(
        impl Fold<$type> for Sum {
            type Out = i64;
            const START: i64 = 0;
            #[inline]
            fn step(so_far: i64, x: $type) -> i64 {
                so_far.wrapping_add(i64::from(x))
            }
        }
        impl Fold<$type> for Product {
            type Out = i64;
            const START: i64 = 1;
            #[inline]
            fn step(so_far: i64, x: $type) -> i64 {
                so_far.wrapping_mul(i64::from(x))
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
            #[inline]
            fn step(so_far: $type, x: $type) -> $type {
                if so_far $keeps x || is_nan(so_far) { so_far } else { x }
            }
            fn run(so_far: $type, items: &[$type]) -> $type {
                lanes(so_far, items, Self::step)
            }
        }
    };
}

floats!(f32 f64);
integers!(bool u8 i32 i64);
extreme!(bool, false, true);
extreme!(u8, u8::MIN, u8::MAX);
extreme!(i32, i32::MIN, i32::MAX);
extreme!(i64, i64::MIN, i64::MAX);

impl<T: Number> Fold<T> for Any {
    type Out = bool;
    const START: bool = false;
    #[inline]
    fn step(so_far: bool, x: T) -> bool {
        so_far || x != T::default()
    }
}

impl<T: Number> Fold<T> for All {
    type Out = bool;
    const START: bool = true;
    #[inline]
    fn step(so_far: bool, x: T) -> bool {
        so_far && x != T::default()
    }
}

#[inline]
fn is_nan<T: PartialOrd>(x: T) -> bool {
    x.partial_cmp(&x).is_none()
}

/// NumPy's pairwise sum. `zero` changes nothing when it is added.
fn pairwise<T: Copy>(items: &[T], zero: T, add: impl Fn(T, T) -> T + Copy) -> T {
    if items.len() > 128 {
        let half = items.len() / 2;
        // The depth is the logarithm of the length.
        let (left, right) = items.split_at(half - half % 8);
        return add(pairwise(left, zero, add), pairwise(right, zero, add));
    }
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

/// Combines in eight lanes, for functions that do not mind the order.
fn lanes<T: Copy>(so_far: T, items: &[T], step: impl Fn(T, T) -> T) -> T {
    let (blocks, rest) = items.as_chunks::<8>();
    let mut best = [so_far; 8];
    for block in blocks {
        for (best, &x) in best.iter_mut().zip(block) {
            *best = step(*best, x);
        }
    }
    best.iter().chain(rest).fold(so_far, |so_far, &x| step(so_far, x))
}

/// An axis of the input on the way through a reduction.
#[derive(Clone, Copy, Debug)]
struct Loop {
    len: usize,
    step: isize,
    /// Step in the output; zero along a reduced axis.
    out: usize,
}

/// The axes in the order of memory, outermost first, those joined that lie one behind the other.
fn loops(tensor: &Tensor, reduced: &[usize]) -> SmallVec<[Loop; 4]> {
    let mut all: SmallVec<[Loop; 4]> = SmallVec::new();
    let mut out = 1;
    for (axis, (&len, &step)) in tensor.shape().iter().zip(&tensor.strides()).enumerate().rev() {
        let kept = !reduced.contains(&axis);
        if len != 1 {
            all.push(Loop { len, step, out: if kept { out } else { 0 } });
        }
        if kept {
            out *= len;
        }
    }
    all.reverse();
    all.sort_by_key(|one| std::cmp::Reverse(one.step.unsigned_abs()));
    let mut joined: SmallVec<[Loop; 4]> = SmallVec::new();
    for inner in all {
        match joined.last_mut() {
            Some(outer) if outer.step == inner.step * inner.len as isize && outer.out == inner.out * inner.len => {
                *outer = Loop { len: outer.len * inner.len, ..inner };
            }
            _ => joined.push(inner),
        }
    }
    joined
}

/// NumPy gathers this many elements, at most, of reduced axes that do not lie one behind the other.
const BUFFER: usize = 8192;

/// How many elements of the innermost axes, all of them reduced, are added pairwise at once, and after how many such a
/// stretch ends in any case: whole inner axes as far as they fit the buffer, and as many of them as fit it.
fn stretch(inner: &[Loop]) -> (usize, usize) {
    let (mut whole, mut rest) = (1, inner);
    while let [outer @ .., one] = rest
        && (whole == 1 || whole * one.len <= BUFFER)
    {
        whole *= one.len;
        rest = outer;
    }
    match rest.last() {
        None => (whole, whole),
        Some(next) => ((BUFFER / whole).max(1) * whole, next.len * whole),
    }
}

/// Combines the elements along `axes`; `count` is the number of results, which come in row-major order.
fn fold<T: Number, F: Fold<T>>(cx: &Context, tensor: &Tensor, axes: &[usize], count: usize) -> Result<Vec<F::Out>> {
    let values = T::of(tensor.data()).ok_or_else(mistyped)?;
    let mut out = vec![F::START; count];
    if tensor.size() == 0 {
        return Ok(out);
    }
    let mut outer = loops(tensor, axes);
    let reduced = outer.iter().rev().take_while(|one| one.out == 0).count();
    let inner: SmallVec<[Loop; 4]> = outer.drain(outer.len() - reduced.max(1).min(outer.len())..).collect();
    let shape: Shape = inner.iter().map(|one| one.len).collect();
    let strides: Strides = inner.iter().map(|one| one.step).collect();
    let (stretch, period) = stretch(&inner);
    let size = shape::size(&shape);
    let mut scratch = Vec::new();
    let mut since_check = 0;
    for (from, to) in Odometer::new(&outer, tensor.offset()) {
        // Views keep within their buffer, so that every position met here does, too.
        let direct = match inner.as_slice() {
            [] => Some(&values[from..from + 1]),
            [one] if one.step == 1 => Some(&values[from..from + one.len]),
            _ => None,
        };
        if reduced == 0 {
            let items = direct.unwrap_or_else(|| {
                scratch.clear();
                Walk::new(values, from, &shape, &strides).fill(&mut scratch, size);
                &scratch
            });
            match inner.last().map_or(1, |one| one.out) {
                1 => step_all::<T, F>(out[to..].iter_mut(), items),
                step => step_all::<T, F>(out[to..].iter_mut().step_by(step), items),
            }
        } else if let Some(items) = direct {
            out[to] = F::run(out[to], items);
        } else {
            let mut walk = Walk::new(values, from, &shape, &strides);
            let mut done = 0;
            while done < size {
                let count = stretch.min(period - done % period);
                scratch.clear();
                walk.fill(&mut scratch, count);
                out[to] = F::run(out[to], &scratch);
                done += count;
            }
        }
        since_check += size;
        if since_check > STRETCH {
            cx.check()?;
            since_check = 0;
        }
    }
    Ok(out)
}

fn step_all<'a, T: Number, F: Fold<T>>(out: impl Iterator<Item = &'a mut F::Out>, items: &[T]) {
    for (out, &x) in out.zip(items) {
        *out = F::step(*out, x);
    }
}

/// All positions of the outer axes: in the buffer, and in the output.
struct Odometer<'a> {
    axes: &'a [Loop],
    at: SmallVec<[usize; 4]>,
    next: Option<(isize, usize)>,
}

impl Odometer<'_> {
    fn new(axes: &[Loop], offset: usize) -> Odometer<'_> {
        Odometer { axes, at: smallvec::smallvec![0; axes.len()], next: Some((offset as isize, 0)) }
    }

    fn after(&mut self, (mut from, mut to): (isize, usize)) -> Option<(isize, usize)> {
        for (at, axis) in self.at.iter_mut().zip(self.axes).rev() {
            *at += 1;
            from += axis.step;
            to += axis.out;
            if *at < axis.len {
                return Some((from, to));
            }
            *at = 0;
            from -= axis.step * axis.len as isize;
            to -= axis.out * axis.len;
        }
        None
    }
}

impl Iterator for Odometer<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let (from, to) = self.next?;
        self.next = self.after((from, to));
        Some((from as usize, to))
    }
}

/// Which reduction, in the terms of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    Sum,
    Product,
    Max,
    Min,
    Any,
    All,
}

/// Reduces along `axes` to a tensor of `shape`, the input's with those axes left out or of length one.
pub fn reduce(cx: &Context, how: Reduction, input: &Array, axes: &[usize], out: &[usize]) -> Result<Tensor> {
    match how {
        Reduction::Sum => reduce_by::<Sum>(cx, input, axes, out),
        Reduction::Product => reduce_by::<Product>(cx, input, axes, out),
        Reduction::Max => reduce_by::<Max>(cx, input, axes, out),
        Reduction::Min => reduce_by::<Min>(cx, input, axes, out),
        Reduction::Any => reduce_by::<Any>(cx, input, axes, out),
        Reduction::All => reduce_by::<All>(cx, input, axes, out),
    }
}

fn reduce_by<F>(cx: &Context, input: &Array, axes: &[usize], out: &[usize]) -> Result<Tensor>
where
    F: Fold<bool> + Fold<u8> + Fold<i32> + Fold<i64> + Fold<f32> + Fold<f64>,
{
    let tensor = input.to_tensor().ok_or_else(mistyped)?;
    let count = shape::size(out);
    Ok(match tensor.dtype() {
        DType::Bool => Tensor::from_vec(fold::<bool, F>(cx, &tensor, axes, count)?, out),
        DType::U8 => Tensor::from_vec(fold::<u8, F>(cx, &tensor, axes, count)?, out),
        DType::I32 => Tensor::from_vec(fold::<i32, F>(cx, &tensor, axes, count)?, out),
        DType::I64 => Tensor::from_vec(fold::<i64, F>(cx, &tensor, axes, count)?, out),
        DType::F32 => Tensor::from_vec(fold::<f32, F>(cx, &tensor, axes, count)?, out),
        DType::F64 => Tensor::from_vec(fold::<f64, F>(cx, &tensor, axes, count)?, out),
        DType::Str => return Err(mistyped()),
    })
}
