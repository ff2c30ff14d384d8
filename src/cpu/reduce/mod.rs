//! Reductions: sums, products, extremes and truth over any axes.
//!
//! Elements are added in NumPy's order: axes sorted by stride and joined where they lie one behind the other; along an
//! innermost reduced axis pairwise (`fold`); else row after row. So the last digits are NumPy's, and do not depend on the
//! processor or the number of threads. Elements that lie in order go through `along`, others are gathered here.

mod along;
pub(in crate::cpu) mod fold;

pub use along::{Elements, Extent};

use super::mistyped;
use super::slices::{Slice, Typed};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Array, Data, Shape, Strides, Tensor, Walk, shape};
use along::{Given, along};
use fold::{All, Any, Fold, Max, Min, Product, Sum};
use smallvec::SmallVec;

/// Elements between two looks at the interrupt flag.
const STRETCH: usize = 1 << 18;

/// An axis of the input on the way through a reduction.
#[derive(Clone, Copy, Debug)]
struct Loop {
    len: usize,
    step: isize,
    /// Step in the output; zero along a reduced axis.
    out: usize,
}

/// The axes in the order of memory, outermost first, those joined that lie one behind the other.
fn loops(shape: &[usize], strides: &[isize], reduced: &[usize]) -> SmallVec<[Loop; 4]> {
    let mut all: SmallVec<[Loop; 4]> = SmallVec::new();
    let mut out = 1;
    for (axis, (&len, &step)) in shape.iter().zip(strides).enumerate().rev() {
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

/// The loops as three, if the elements lie one behind the other, the reduced axes beside each other, and the results in
/// the order of the elements.
fn extent_of(loops: &[Loop]) -> Option<Extent> {
    let mut extent = Extent { outer: 1, len: 1, inner: 1 };
    let mut step = 1;
    for one in loops.iter().rev() {
        if one.step != step {
            return None;
        }
        step *= one.len as isize;
        match one.out {
            0 if extent.outer > 1 || extent.len > 1 => return None,
            0 => extent.len = one.len,
            out if extent.len > 1 && extent.outer == 1 && out == extent.inner => extent.outer = one.len,
            1 if extent.len == 1 && extent.inner == 1 => extent.inner = one.len,
            _ => return None,
        }
    }
    // nothing is reduced
    if extent.len == 1 {
        (extent.outer, extent.inner) = (extent.outer * extent.inner, 1)
    }
    Some(extent)
}

/// How a reduction along `axes` of elements that lie in order looks; none where the reduced axes are not neighbours.
pub fn extent(shape: &[usize], axes: &[usize]) -> Option<Extent> {
    if shape.contains(&0) {
        return None;
    }
    extent_of(&loops(shape, &shape::contiguous(shape), axes))
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

/// Combines the elements of a tensor along `axes`; the results come in row-major order, as many as there is room for.
fn fold<T: Typed, F: Fold<T>>(cx: &Context, tensor: &Tensor, axes: &[usize], out: &mut [F::Out]) -> Result<()> {
    let values = Slice::of(tensor.data()).and_then(T::from_slice).ok_or_else(mistyped)?;
    out.fill(F::START);
    if tensor.size() == 0 {
        return Ok(());
    }
    let mut outer = loops(tensor.shape(), &tensor.strides(), axes);
    if let Some(extent) = extent_of(&outer)
        && let Some(values) = values.get(tensor.offset()..tensor.offset() + tensor.size())
    {
        return along::<T, F, _>(cx, &Given::InOrder(values), extent, out);
    }
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
            out[to] = F::run(cx.isa, out[to], items);
        } else {
            let mut walk = Walk::new(values, from, &shape, &strides);
            if let (true, [_]) = (F::HALVES, inner.as_slice()) {
                let extent = Extent { outer: 1, len: size, inner: 1 };
                let mut one = [F::START];
                along::<T, F, _>(cx, &Given::Walked(walk), extent, &mut one)?;
                out[to] = F::join(out[to], one[0]);
                since_check += size;
                continue;
            }
            let mut done = 0;
            while done < size {
                let count = stretch.min(period - done % period);
                scratch.clear();
                walk.fill(&mut scratch, count);
                out[to] = F::run(cx.isa, out[to], &scratch);
                done += count;
                since_check += count;
                if since_check > STRETCH {
                    cx.check()?;
                    since_check = 0;
                }
            }
        }
        since_check += size;
        if since_check > STRETCH {
            cx.check()?;
            since_check = 0;
        }
    }
    Ok(())
}

fn step_all<'a, T: Typed, F: Fold<T>>(out: impl Iterator<Item = &'a mut F::Out>, items: &[T]) {
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

/// A tensor of the results of a reduction, which `$work` writes.
macro_rules! by {
    ($how:expr, $type:ident, $shape:expr, $cx:expr, |$fold:ident, $results:ident| $work:expr) => {{
        macro_rules! with {
            ($by:ident) => {{
                type $fold = $by;
                let mut values = $cx.buffer::<<$by as Fold<$type>>::Out>(shape::size($shape));
                {
                    let $results = &mut values;
                    $work?;
                }
                Ok(Tensor::from_vec(values, $shape))
            }};
        }
        match $how {
            Reduction::Sum => with!(Sum),
            Reduction::Product => with!(Product),
            Reduction::Max => with!(Max),
            Reduction::Min => with!(Min),
            Reduction::Any => with!(Any),
            Reduction::All => with!(All),
        }
    }};
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
    let tensor = input.to_tensor().ok_or_else(mistyped)?;
    macro_rules! run {
        ($type:ident) => {
            by!(how, $type, out, cx, |F, results| fold::<$type, F>(cx, &tensor, axes, results))
        };
    }
    match tensor.data() {
        Data::Bool(_) => run!(bool),
        Data::U8(_) => run!(u8),
        Data::I32(_) => run!(i32),
        Data::I64(_) => run!(i64),
        Data::F32(_) => run!(f32),
        Data::F64(_) => run!(f64),
        Data::Str(_) => Err(mistyped()),
    }
}

/// Reduces elements in order to a tensor of `shape`.
pub fn elements<T, E: Elements<T>>(
    cx: &Context,
    how: Reduction,
    elements: &E,
    extent: Extent,
    shape: &[usize],
) -> Result<Tensor>
where
    T: Typed,
    Sum: Fold<T>,
    Product: Fold<T>,
    Max: Fold<T>,
    Min: Fold<T>,
{
    by!(how, T, shape, cx, |F, results| along::<T, F, E>(cx, elements, extent, results))
}
