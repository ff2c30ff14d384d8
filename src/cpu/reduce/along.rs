//! Reductions of elements that lie in order, along neighbouring axes, on all threads.
//!
//! The elements are those of a buffer, or are made when they are needed, part by part: so a chain of element-wise
//! operations with a reduction behind it makes no tensor. What is combined with what depends on the shape alone.

use super::fold::{self, Fold, half};
use crate::context::Context;
use crate::cpu::Typed;
use crate::cpu::versioned::prefetch;
use crate::diagnostics::Result;
use crate::isa::Isa;
use crate::tensor::Walk;

/// Elements that are made at a time.
const BLOCK: usize = 2048;
/// Elements of a part, which one thread runs at a time.
const PART: usize = 1 << 16;
/// Elements of a row of results, about, that one thread takes at a time.
const WIDE: usize = 384;
/// Elements between two looks at the interrupt flag in a run that is not cut.
const STRETCH: usize = 1 << 22;

/// The axes of a tensor as three: those outside of the reduced ones, these, and those inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub outer: usize,
    pub len: usize,
    pub inner: usize,
}

/// Elements by their number in order. A reduction asks for all of them, each once: they may leave something behind when
/// they are made.
pub trait Elements<T>: Sync {
    /// What a thread needs to make them.
    type State<'s>
    where
        Self: 's;
    fn state(&self) -> Self::State<'_>;
    /// `count` elements from `start` on; those from `next` on are probably wanted next.
    fn get<'e, 's: 'e>(&'s self, state: &'e mut Self::State<'s>, start: usize, count: usize, next: usize) -> &'e [T];
    /// Says that these are wanted soon.
    fn ask(&self, _start: usize, _count: usize) {}
}

/// Elements that are there: one behind the other in a buffer, or those of a view, by its walk from the start on.
pub enum Given<'a, T> {
    InOrder(&'a [T]),
    Walked(Walk<'a, T>),
}

impl<T: Typed> Elements<T> for Given<'_, T> {
    type State<'s>
        = Vec<T>
    where
        Self: 's;
    fn state(&self) -> Vec<T> {
        vec![]
    }
    fn get<'e, 's: 'e>(&'s self, scratch: &'e mut Vec<T>, start: usize, count: usize, _: usize) -> &'e [T] {
        match self {
            // no panic: `Extent` is that of the buffer
            Given::InOrder(values) => &values[start..start + count],
            Given::Walked(walk) => {
                scratch.resize(count, T::default());
                walk.at(start).copy_to(scratch);
                scratch
            }
        }
    }
    fn ask(&self, start: usize, count: usize) {
        if let Given::InOrder(values) = self
            && let Some(next) = values.get(start..start + count)
        {
            prefetch(next);
        }
    }
}

/// Combines along the middle axis; the results are in order.
pub fn along<T: Typed, F: Fold<T>, E: Elements<T>>(
    cx: &Context,
    elements: &E,
    extent: Extent,
    out: &mut [F::Out],
) -> Result<()> {
    out.fill(F::START);
    match extent {
        Extent { outer: 0, .. } | Extent { len: 0, .. } | Extent { inner: 0, .. } => Ok(()),
        Extent { outer, len, inner: 1 } if len > PART && (outer < 8 || len > STRETCH) => {
            long_rows::<T, F, E>(cx, elements, len, out)
        }
        Extent { len, inner: 1, .. } => short_rows::<T, F, E>(cx, elements, len, out),
        Extent { outer, len, inner } => columns::<T, F, E>(cx, elements, (outer, len, inner), out),
    }
}

/// Few rows, each of which is work for all threads.
fn long_rows<T: Typed, F: Fold<T>, E: Elements<T>>(
    cx: &Context,
    elements: &E,
    len: usize,
    out: &mut [F::Out],
) -> Result<()> {
    for (row, out) in out.iter_mut().enumerate() {
        let start = row * len;
        if !F::HALVES {
            let mut state = elements.state();
            for at in (0..len).step_by(STRETCH) {
                cx.check()?;
                *out = in_order::<T, F, E>(cx.isa, elements, &mut state, start + at, STRETCH.min(len - at), *out);
            }
            continue;
        }
        let mut parts = vec![];
        cut(start, len, &mut parts);
        let mut sums = vec![F::START; parts.len()];
        let isa = cx.isa;
        cx.share(
            parts.into_iter().zip(&mut sums),
            || elements.state(),
            |state, ((start, len), sum)| *sum = halves::<T, F, E>(isa, elements, state, start, len),
        )?;
        *out = F::join(*out, joined::<T, F>(len, &mut sums.into_iter()));
    }
    Ok(())
}

/// The parts of a run, in order, as halving it gives them.
fn cut(start: usize, len: usize, parts: &mut Vec<(usize, usize)>) {
    if len <= PART {
        parts.push((start, len));
    } else {
        cut(start, half(len), parts);
        cut(start + half(len), len - half(len), parts);
    }
}

/// What the parts of a run, in order, come to.
fn joined<T: Typed, F: Fold<T>>(len: usize, parts: &mut impl Iterator<Item = F::Out>) -> F::Out {
    if len <= PART {
        return parts.next().unwrap_or(F::START);
    }
    let left = joined::<T, F>(half(len), parts);
    F::join(left, joined::<T, F>(len - half(len), parts))
}

/// A run in halves, down to what is made at a time.
fn halves<'s, T: Typed, F: Fold<T>, E: Elements<T>>(
    isa: Isa,
    elements: &'s E,
    state: &mut E::State<'s>,
    start: usize,
    len: usize,
) -> F::Out {
    if len <= BLOCK {
        return F::part(isa, elements.get(state, start, len, start + len));
    }
    let left = halves::<T, F, E>(isa, elements, state, start, half(len));
    F::join(left, halves::<T, F, E>(isa, elements, state, start + half(len), len - half(len)))
}

/// A run from its start on.
fn in_order<'s, T: Typed, F: Fold<T>, E: Elements<T>>(
    isa: Isa,
    elements: &'s E,
    state: &mut E::State<'s>,
    start: usize,
    len: usize,
    so_far: F::Out,
) -> F::Out {
    let blocks = (0..len).step_by(BLOCK);
    blocks.fold(so_far, |so_far, at| {
        let next = start + at + BLOCK;
        F::run(isa, so_far, elements.get(state, start + at, BLOCK.min(len - at), next))
    })
}

/// Many rows: each belongs to one thread.
fn short_rows<T: Typed, F: Fold<T>, E: Elements<T>>(
    cx: &Context,
    elements: &E,
    len: usize,
    out: &mut [F::Out],
) -> Result<()> {
    let (isa, group, at_once) = (cx.isa, (PART / len).max(1), (BLOCK / len).max(1));
    cx.share(
        out.chunks_mut(group).enumerate(),
        || elements.state(),
        |state, (number, out)| {
            for (i, out) in out.chunks_mut(at_once).enumerate() {
                let start = (number * group + i * at_once) * len;
                match out {
                    [out] if F::HALVES => *out = F::join(*out, halves::<T, F, E>(isa, elements, state, start, len)),
                    [out] => *out = in_order::<T, F, E>(isa, elements, state, start, len, *out),
                    out => {
                        let count = out.len() * len;
                        let rows = elements.get(state, start, count, start + count).chunks_exact(len);
                        out.iter_mut().zip(rows).for_each(|(out, row)| *out = F::run(isa, *out, row));
                    }
                }
            }
        },
    )
}

/// Row after row, each element with those above it.
fn columns<T: Typed, F: Fold<T>, E: Elements<T>>(
    cx: &Context,
    elements: &E,
    (outer, len, inner): (usize, usize, usize),
    out: &mut [F::Out],
) -> Result<()> {
    let isa = cx.isa;
    if outer > 1 && len * inner <= PART {
        // many small blocks
        let group = (PART / (len * inner)).max(1);
        return cx.share(
            out.chunks_mut(group * inner).enumerate(),
            || elements.state(),
            |state, (number, out)| {
                for (i, out) in out.chunks_mut(inner).enumerate() {
                    let start = (number * group + i) * len * inner;
                    block::<T, F, E>(isa, elements, state, start, (len, inner), out);
                }
            },
        );
    }
    let pieces = (inner / WIDE).max(1).next_power_of_two();
    let width = inner.div_ceil(pieces);
    // between stretches of rows the flag is looked at
    let rows = (STRETCH / width).max(1);
    for first in (0..len).step_by(rows) {
        let rows = rows.min(len - first);
        let parts = out.chunks_mut(inner).enumerate().flat_map(|(block, out)| {
            let start = (block * len + first) * inner;
            out.chunks_mut(width).enumerate().map(move |(piece, out)| (start + piece * width, out))
        });
        cx.share(
            parts,
            || elements.state(),
            |state, (start, out)| block::<T, F, E>(isa, elements, state, start, (rows, inner), out),
        )?;
    }
    Ok(())
}

/// The columns of a block from `start` on, as many as there are results.
fn block<'s, T: Typed, F: Fold<T>, E: Elements<T>>(
    isa: Isa,
    elements: &'s E,
    state: &mut E::State<'s>,
    start: usize,
    (len, inner): (usize, usize),
    out: &mut [F::Out],
) {
    // whole rows lie one behind the other
    let at_once = if out.len() == inner { (BLOCK / inner).max(1) } else { 1 };
    for row in (0..len).step_by(at_once) {
        let rows = at_once.min(len - row);
        elements.ask(start + (row + 2 * at_once) * inner, rows * out.len());
        let next = start + (row + at_once) * inner;
        let items = elements.get(state, start + row * inner, rows * out.len(), next);
        items.chunks_exact(out.len()).for_each(|items| fold::rows::<T, F>(isa, out, items));
    }
}
