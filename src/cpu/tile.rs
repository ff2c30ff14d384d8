//! Running element-wise loops over short tensors; long ones are clusters.
//!
//! Strided and broadcast operands are copied first, so that loops over slices are all there are.

use super::loops::{Map1, Map2, Number, Run};
use super::{Typed, mistyped};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Array, Element, Scalar, Tensor, Text, Walk, shape};
use smallvec::SmallVec;

/// Elements below which the loops for every form of operand are faster than those of the best instruction set, which
/// take slices alone.
pub const SHORT: usize = 64;

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
    Copy(Box<SmallVec<[T; 16]>>),
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
        Ok(Feed::strided(tensor.walk_as(shape).ok_or_else(mistyped)?))
    }

    #[inline(never)]
    fn strided(mut walk: Walk<'a, T>) -> Feed<'a, T> {
        match (walk.slice(), walk.same()) {
            (Some(slice), _) => Feed::Each(slice),
            (None, Some(&value)) => Feed::Same(value),
            (None, None) => {
                let mut copy = SmallVec::from_elem(T::default(), walk.len());
                walk.copy_to(&mut copy);
                Feed::Copy(Box::new(copy))
            }
        }
    }

    fn run(&self) -> Run<'_, T> {
        match self {
            Feed::Same(value) => Run::Same(*value),
            Feed::Each(slice) => Run::Each(slice),
            Feed::Copy(copy) => Run::Each(copy),
        }
    }
}

/// A new tensor of `shape`, which `a` broadcasts to. The memory has been checked.
pub fn unary<T: Typed, R: Typed>(cx: &Context, map: &Map1<T, R>, shape: &[usize], a: &Array) -> Result<Tensor> {
    let a = Feed::<T>::new(a, shape)?;
    let mut out = cx.buffer(shape::size(shape));
    match a.run() {
        Run::Each(a) => (map.fresh)(cx.isa, &mut out, a),
        Run::Same(a) => out.fill((map.one)(a)),
    }
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
pub fn binary<T: Typed, R: Typed>(
    cx: &Context,
    map: &Map2<T, R>,
    shape: &[usize],
    a: &Array,
    b: &Array,
) -> Result<Tensor> {
    let (a, b) = (Feed::<T>::new(a, shape)?, Feed::<T>::new(b, shape)?);
    let size = shape::size(shape);
    if size < SHORT {
        let mut out = Vec::with_capacity(size);
        out.resize(size, R::default());
        (map.short)(&mut out, a.run(), b.run());
        return Ok(Tensor::from_vec(out, shape));
    }
    let mut out = cx.buffer(size);
    (map.fresh)(cx.isa, &mut out, &a.run().each(size), &b.run().each(size));
    Ok(Tensor::from_vec(out, shape))
}

/// Writes the result on `own`, the elements of one operand in `shape`, which `other` broadcasts to.
pub fn binary_in_place<T: Typed>(
    own: &mut [T],
    shape: &[usize],
    work: fn(&mut [T], Run<T>),
    other: &Array,
) -> Result<()> {
    work(own, Feed::<T>::new(other, shape)?.run());
    Ok(())
}
