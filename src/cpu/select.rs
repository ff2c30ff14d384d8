//! Choosing elements by truth values.

use super::copy::{self, CHUNK, Plain};
use super::mistyped;
use super::versioned::versioned;
use crate::context::Context;
use crate::cpu::reduce::fold::counted;
use crate::diagnostics::Result;
use crate::tensor::{Element, Shape, Tensor, Text, Walk, shape, with_numbers};

/// Elements chosen while they are in the first-level cache.
const STRETCH: usize = 2048;

/// `a` where the condition holds, else `b`, all broadcast to `shape` and of one dtype. Written on `b` if it has the
/// shape and nobody else holds its buffer; else the memory of the result has been checked.
pub fn select(cx: &Context, condition: &Tensor, a: &Tensor, b: Tensor, shape: &[usize]) -> Result<Tensor> {
    let b = if shape::same(b.shape(), shape) { b } else { b.stretched(Shape::from_slice(shape)) };
    with_numbers!(a.data(), values => numbers(cx, values, condition, a, b, shape), _texts => {
        texts(condition, a, b, shape)
    })
}

fn numbers<T: Plain>(
    cx: &Context,
    _: &[T],
    condition: &Tensor,
    a: &Tensor,
    mut b: Tensor,
    shape: &[usize],
) -> Result<Tensor> {
    let holds = Source::new(condition.walk_as::<bool>(shape).ok_or_else(mistyped)?);
    let a = Source::new(a.walk_as::<T>(shape).ok_or_else(mistyped)?);
    if let Some((_, out)) = b.as_mut_slice::<T>() {
        choose(cx, out, &holds, &a, None)?;
        return Ok(b);
    }
    let mut out = cx.buffer::<T>(shape::size(shape));
    let other = Source::new(b.walk::<T>().ok_or_else(mistyped)?);
    choose(cx, &mut out, &holds, &a, Some(&other))?;
    Ok(Tensor::from_vec(out, shape))
}

/// Writes `a` where the condition holds; where it does not, `b`, or what is there: then it cannot be interrupted, as
/// half a result must not be seen.
fn choose<T: Plain>(
    cx: &Context,
    out: &mut [T],
    holds: &Source<bool>,
    a: &Source<T>,
    b: Option<&Source<T>>,
) -> Result<()> {
    let isa = cx.isa;
    // what lies one behind the other is read where it is
    let length = STRETCH.min(out.len());
    let truths = if matches!(holds, Source::Each(_)) { 0 } else { length };
    let strided = [Some(a), b].into_iter().flatten().any(|source| matches!(source, Source::Strided(_)));
    let values = if strided { length } else { 0 };
    let scratch = || (vec![false; truths], vec![T::default(); values]);
    let work = |(truths, values): &mut (Vec<bool>, Vec<T>), (number, part): (usize, &mut [T])| {
        for (at, out) in part.chunks_mut(STRETCH).enumerate() {
            let start = number * CHUNK + at * STRETCH;
            match b {
                Some(Source::Same(b)) => out.fill(*b),
                Some(b) => out.copy_from_slice(b.read(start, values, out.len())),
                None => {}
            }
            let holds = holds.read(start, truths, out.len());
            match a {
                Source::Same(a) => write_same(isa, out, holds, *a),
                a => write(isa, out, holds, a.read(start, values, out.len())),
            }
        }
    };
    let parts = out.chunks_mut(CHUNK).enumerate();
    match b {
        Some(_) => cx.share(parts, scratch, work),
        None => {
            cx.workers.each(parts, scratch, work);
            Ok(())
        }
    }
}

versioned! {
    fn write[T: Plain]<T>(out: &mut [T], holds: &[bool], a: &[T]) {
        for ((out, &holds), &a) in out.iter_mut().zip(holds).zip(a) {
            *out = if holds { a } else { *out };
        }
    }

    fn write_same[T: Plain]<T>(out: &mut [T], holds: &[bool], a: T) {
        for (out, &holds) in out.iter_mut().zip(holds) {
            *out = if holds { a } else { *out };
        }
    }
}

/// Elements in the order of the result.
enum Source<'a, T> {
    Same(T),
    Each(&'a [T]),
    Strided(Walk<'a, T>),
}

impl<'a, T: Plain> Source<'a, T> {
    fn new(walk: Walk<'a, T>) -> Source<'a, T> {
        match (walk.slice(), walk.same()) {
            (Some(slice), _) => Source::Each(slice),
            (None, Some(&value)) => Source::Same(value),
            (None, None) => Source::Strided(walk),
        }
    }

    /// So many elements from `start` on, where they are or in the scratch.
    fn read<'s>(&'s self, start: usize, scratch: &'s mut [T], count: usize) -> &'s [T] {
        match self {
            Source::Each(slice) => return &slice[start..start + count],
            Source::Same(value) => scratch[..count].fill(*value),
            Source::Strided(walk) => walk.at(start).copy_to(&mut scratch[..count]),
        }
        &scratch[..count]
    }
}

fn texts(condition: &Tensor, a: &Tensor, mut b: Tensor, shape: &[usize]) -> Result<Tensor> {
    b.make_owned();
    let (data, _) = b.owned_mut().ok_or_else(mistyped)?;
    let values = Text::of_mut(data).ok_or_else(mistyped)?;
    let holds = condition.walk_as::<bool>(shape).ok_or_else(mistyped)?;
    let a = a.walk_as::<Text>(shape).ok_or_else(mistyped)?;
    for ((value, holds), a) in values.iter_mut().zip(holds).zip(a) {
        if holds {
            *value = a;
        }
    }
    Ok(b)
}

/// The rows of a tensor, counted over as many axes as the mask has, for which the mask holds. The memory of all of them
/// has been checked.
pub fn compress(cx: &Context, tensor: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let (tensor, mask) = (copy::in_order(cx, tensor)?, copy::in_order(cx, mask)?);
    let holds = mask.as_slice::<bool>().ok_or_else(mistyped)?;
    let row = shape::size(tensor.shape().get(mask.ndim()..).unwrap_or(&[]));
    let found = Found::new(cx, holds, row)?;
    let mut shape = Shape::from_slice(&[found.count]);
    shape.extend(tensor.shape().iter().skip(mask.ndim()).copied());
    with_numbers!(tensor.data(), values => rows(cx, values, &tensor, row, &found, &shape), _texts => {
        let rows = tensor.as_slice::<Text>().ok_or_else(mistyped)?.chunks_exact(row.max(1));
        let kept = rows.zip(holds).filter(|(_, holds)| **holds).flat_map(|(row, _)| row.iter().cloned());
        Ok(Tensor::from_vec(kept.collect(), &shape))
    })
}

fn rows<T: Plain>(
    cx: &Context,
    _: &[T],
    tensor: &Tensor,
    row: usize,
    found: &Found,
    shape: &[usize],
) -> Result<Tensor> {
    let values = tensor.as_slice::<T>().ok_or_else(mistyped)?;
    let mut out = cx.buffer::<T>(shape::size(shape));
    if row == 0 {
        return Ok(Tensor::from_vec(out, shape));
    }
    found.each(cx, &mut out, row, |out, start, holds| {
        let values = &values[start * row..][..holds.len() * row];
        if row == 1 {
            return squeeze(out, holds, |i| values[i]);
        }
        let kept = values.chunks_exact(row).zip(holds).filter(|(_, holds)| **holds);
        for (out, (row, _)) in out.chunks_exact_mut(row).zip(kept) {
            out.copy_from_slice(row);
        }
    })?;
    Ok(Tensor::from_vec(out, shape))
}

/// Writes what is made of every place of a mask that holds, as many as `out` has.
#[inline(always)]
pub(super) fn squeeze<T: Copy + Default>(out: &mut [T], holds: &[bool], make: impl Fn(usize) -> T) {
    const BLOCK: usize = 64;
    let mut kept = [T::default(); BLOCK];
    let mut done = 0;
    for (number, holds) in holds.chunks(BLOCK).enumerate() {
        let mut count = 0;
        for (i, &holds) in holds.iter().enumerate() {
            // written always, and over again where it does not hold: a branch would be guessed wrong
            kept[count % BLOCK] = make(number * BLOCK + i);
            count += usize::from(holds);
        }
        out[done..done + count].copy_from_slice(&kept[..count]);
        done += count;
    }
}

/// Where a mask holds: how often, in all and in each of its parts.
pub(super) struct Found<'a> {
    holds: &'a [bool],
    pub count: usize,
    part: usize,
    counts: Vec<usize>,
}

impl<'a> Found<'a> {
    /// Parts are such that rows of so many elements are worth a thread.
    pub fn new(cx: &Context, holds: &'a [bool], row: usize) -> Result<Found<'a>> {
        let part = (CHUNK / row.max(1)).max(1);
        let mut counts = vec![0; holds.len().div_ceil(part)];
        let isa = cx.isa;
        // counting is so quick that many parts go together
        let together = (16 * CHUNK / part).max(1);
        let parts = counts.chunks_mut(together).zip(holds.chunks(together * part));
        cx.share(
            parts,
            || (),
            |_, (counts, holds)| {
                for (count, holds) in counts.iter_mut().zip(holds.chunks(part)) {
                    *count = counted(isa, holds);
                }
            },
        )?;
        Ok(Found { holds, count: counts.iter().sum(), part, counts })
    }

    /// Calls `work` for every part, with its share of `out`, `width` elements for each place that holds, and with where
    /// its truth values start, and these.
    pub fn each<T: Plain>(
        &self,
        cx: &Context,
        out: &mut [T],
        width: usize,
        work: impl Fn(&mut [T], usize, &[bool]) + Sync,
    ) -> Result<()> {
        let mut rest = out;
        let parts =
            self.counts.iter().zip(self.holds.chunks(self.part)).enumerate().map(move |(number, (count, part))| {
                let (out, behind) = std::mem::take(&mut rest).split_at_mut(count * width);
                rest = behind;
                (out, number * self.part, part)
            });
        cx.share(parts, || (), |_, (out, start, holds)| work(out, start, holds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Element;

    fn contexts() -> impl Iterator<Item = Context> {
        (1..4).map(Context::with_threads)
    }

    fn mask(count: usize, holds: impl Fn(usize) -> bool) -> Tensor {
        Tensor::from_vec((0..count).map(holds).collect(), &[count])
    }

    #[test]
    fn what_the_mask_keeps() {
        for cx in contexts() {
            for count in [0, 1, 63, 64, 65, 1000, CHUNK, CHUNK + 1, 3 * CHUNK + 77] {
                for every in [1, 2, 3, 64, 1 << 20] {
                    let holds = |i: usize| (i * 7 + 3).is_multiple_of(every);
                    let x = Tensor::from_vec((0..count as i32).collect(), &[count]);
                    let found = compress(&cx, &x, &mask(count, holds)).unwrap();
                    let expected: Vec<i32> = (0..count).filter(|&i| holds(i)).map(|i| i as i32).collect();
                    assert!(found.as_slice::<i32>() == Some(&expected), "{count} elements, one of {every}");
                }
            }
            for row in [0, 2, 100, CHUNK + 1] {
                let x = Tensor::from_vec((0..5 * row).map(|i| i as u8).collect(), &[5, row]);
                let found = compress(&cx, &x, &mask(5, |i| i % 2 == 1)).unwrap();
                let values = x.as_slice::<u8>().unwrap();
                let expected = [&values[row..2 * row], &values[3 * row..4 * row]].concat();
                assert!(found.shape() == [2, row] && found.as_slice::<u8>() == Some(&expected));
            }
        }
    }

    #[test]
    fn choices_of_every_kind_of_operand() {
        fn check<T: Element + Copy>(cx: &Context, make: impl Fn(usize) -> T) {
            let shape = [3, CHUNK / 2 + 5];
            let count = shape[0] * shape[1];
            let all = |salt: usize| Tensor::from_vec((0..count).map(|i| make(i * salt)).collect(), &shape);
            let turned = |salt: usize| {
                let values = Tensor::from_vec((0..count).map(|i| make(i * salt)).collect(), &[shape[1], shape[0]]);
                values.view(Shape::from_slice(&shape), 0, [1, 3].as_slice().into())
            };
            let one = |salt| Tensor::from_vec(vec![make(salt)], &[]);
            let row = |salt: usize| Tensor::from_vec((0..shape[1]).map(|i| make(i + salt)).collect(), &[shape[1]]);
            let operands = [all(3), turned(3), one(5), row(1)];
            let holds: Vec<bool> = (0..count).map(|i| i * i % 7 < 3).collect();
            let conditions = [
                Tensor::from_vec(holds.clone(), &shape),
                Tensor::from_vec(holds[..3].to_vec(), &[3, 1]),
                Tensor::from_vec(vec![true], &[]),
            ];
            for condition in &conditions {
                for a in &operands {
                    for b in &operands {
                        let truths = condition.walk_as::<bool>(&shape).unwrap();
                        let pairs = a.walk_as::<T>(&shape).unwrap().zip(b.walk_as::<T>(&shape).unwrap());
                        let expected: Vec<T> = truths.zip(pairs).map(|(t, (a, b))| if t { a } else { b }).collect();
                        let found = select(cx, condition, a, b.clone(), &shape).unwrap();
                        assert!(found.shape() == shape && found.as_slice::<T>() == Some(&expected));
                        let own = Tensor::owner(b.to_data(), Shape::from_slice(b.shape()));
                        let found = select(cx, condition, a, own, &shape).unwrap();
                        assert!(found.as_slice::<T>() == Some(&expected));
                    }
                }
            }
        }
        for cx in contexts() {
            check(&cx, |i| i as f64 - 7.0);
            check(&cx, |i| i as u8);
            check(&cx, |i| i % 3 == 0);
        }
    }
}
