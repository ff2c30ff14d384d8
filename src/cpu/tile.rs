//! Running element-wise loops over tensors.
//!
//! Strided and broadcast operands are copied into a small tile first, so that loops over slices are all there are.

use super::loops::{Map1, Map2, Number, Run};
use super::mistyped;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Array, Element, Scalar, Tensor, Text, Walk, shape};

/// Elements of a tile when operands have to be copied into one; it stays in the first-level cache.
const TILE: usize = 1024;
/// Elements between two looks at the interrupt flag.
const STRETCH: usize = 1 << 18;

/// Values of an integer operand that an operation does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refuses {
    Zero,
    Negative,
}

/// An operand on its way through the loops, seen in the shape of the result.
enum Feed<'a, T> {
    Same(T),
    Each(&'a [T]),
    /// Boxed, so that the common forms stay small.
    Tiles(Box<(Walk<'a, T>, Vec<T>)>),
}

impl<'a, T: Number> Feed<'a, T> {
    #[inline]
    fn new(operand: &'a Array, shape: &[usize]) -> Result<Feed<'a, T>> {
        let tensor = match operand {
            Array::Tensor(tensor) => tensor,
            scalar => return scalar.as_scalar().map(|x| Feed::Same(T::of_scalar(x))).ok_or_else(mistyped),
        };
        if shape::same(tensor.shape(), shape)
            && let Some(slice) = tensor.as_slice()
        {
            return Ok(Feed::Each(slice));
        }
        Feed::strided(tensor.walk_as(shape).ok_or_else(mistyped)?)
    }

    #[inline(never)]
    fn strided(walk: Walk<'a, T>) -> Result<Feed<'a, T>> {
        Ok(match (walk.slice(), walk.same()) {
            (Some(slice), _) => Feed::Each(slice),
            (None, Some(&value)) => Feed::Same(value),
            (None, None) => Feed::Tiles(Box::new((walk, Vec::with_capacity(TILE)))),
        })
    }

    fn step(&self) -> usize {
        if matches!(self, Feed::Tiles(..)) { TILE } else { STRETCH }
    }

    /// The elements from `start` on; called with stretches one behind the other.
    fn run(&mut self, start: usize, count: usize) -> Run<'_, T> {
        match self {
            Feed::Same(value) => Run::Same(*value),
            Feed::Each(slice) => Run::Each(&slice[start..start + count]),
            Feed::Tiles(tiles) => {
                let (walk, tile) = &mut **tiles;
                tile.clear();
                walk.fill(tile, count);
                Run::Each(tile)
            }
        }
    }
}

/// Calls `work` for the stretches of `out`, looking at the interrupt flag between them.
fn stretches<R>(cx: &Context, out: &mut [R], step: usize, mut work: impl FnMut(&mut [R], usize)) -> Result<()> {
    for (number, tile) in out.chunks_mut(step).enumerate() {
        let start = number * step;
        if start > 0 && start.is_multiple_of(STRETCH) {
            cx.check()?;
        }
        work(tile, start);
    }
    Ok(())
}

/// A buffer for results. Large ones come zeroed from the system; for small ones that would cost more than the work.
fn buffer<R: Number>(shape: &[usize]) -> Vec<R> {
    let size = shape::size(shape);
    if size > TILE {
        return vec![R::default(); size];
    }
    let mut out = Vec::with_capacity(size);
    out.resize(size, R::default());
    out
}

/// A new tensor of `shape`, which `a` broadcasts to. The memory has been checked.
pub fn unary<T: Number, R: Number>(cx: &Context, map: &Map1<T, R>, shape: &[usize], a: &Array) -> Result<Tensor> {
    let mut a = Feed::<T>::new(a, shape)?;
    let mut out = buffer(shape);
    let step = a.step();
    stretches(cx, &mut out, step, |tile, start| match a.run(start, tile.len()) {
        Run::Each(a) => (map.fresh)(cx.isa, tile, a),
        Run::Same(a) => tile.fill((map.one)(a)),
    })?;
    Ok(Tensor::from_vec(out, shape))
}

/// A new `str` tensor or truth values, from every pair of texts.
pub fn text<R: Element>(shape: &[usize], work: impl Fn(&str, &str) -> R, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let a = a.walk_as::<Text>(shape).ok_or_else(mistyped)?;
    let b = b.walk_as::<Text>(shape).ok_or_else(mistyped)?;
    Ok(Tensor::from_vec(a.zip(b).map(|(a, b)| work(&a, &b)).collect(), shape))
}

/// Bytes of all texts of a `str` tensor that is broadcast to `shape`.
pub fn text_bytes(shape: &[usize], texts: &Tensor) -> Result<usize> {
    let texts = texts.walk_as::<Text>(shape).ok_or_else(mistyped)?;
    Ok(texts.fold(0, |bytes, text| text.len().saturating_add(bytes)))
}

/// Where in logical order the first element lies that is refused, and what it is. The operand is of this type, or a
/// scalar that is converted to it.
pub fn refused<T: Number + PartialOrd>(refuses: Refuses, operand: &Array) -> Result<Option<(usize, Scalar)>> {
    let bad = |value: &T| match refuses {
        Refuses::Zero => *value == T::default(),
        Refuses::Negative => *value < T::default(),
    };
    let found = match operand {
        Array::Tensor(tensor) => match tensor.as_slice::<T>() {
            Some(values) => values.iter().copied().enumerate().find(|(_, value)| bad(value)),
            None => tensor.walk::<T>().ok_or_else(mistyped)?.enumerate().find(|(_, value)| bad(value)),
        },
        scalar => Some((0, T::of_scalar(scalar.as_scalar().ok_or_else(mistyped)?))).filter(|(_, value)| bad(value)),
    };
    Ok(found.map(|(at, value)| (at, value.to_scalar())))
}

/// A new tensor of `shape`, which `a` and `b` broadcast to. The memory has been checked.
pub fn binary<T: Number, R: Number>(
    cx: &Context,
    map: &Map2<T, R>,
    shape: &[usize],
    a: &Array,
    b: &Array,
) -> Result<Tensor> {
    let (mut a, mut b) = (Feed::<T>::new(a, shape)?, Feed::<T>::new(b, shape)?);
    let mut out = buffer(shape);
    let step = a.step().min(b.step());
    stretches(cx, &mut out, step, |tile, start| {
        (map.fresh)(tile, a.run(start, tile.len()), b.run(start, tile.len()));
    })?;
    Ok(Tensor::from_vec(out, shape))
}

/// Writes the result on `own`, the elements of one operand in `shape`, which `other` broadcasts to. It cannot be
/// interrupted: half a result must not be seen.
pub fn binary_in_place<T: Number>(
    own: &mut [T],
    shape: &[usize],
    work: fn(&mut [T], Run<T>),
    other: &Array,
) -> Result<()> {
    let mut other = Feed::<T>::new(other, shape)?;
    let step = other.step();
    for (number, tile) in own.chunks_mut(step).enumerate() {
        work(tile, other.run(number * step, tile.len()));
    }
    Ok(())
}
