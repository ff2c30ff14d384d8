//! Copies of views: elements brought in row-major order, on all threads, into buffers of the pool.
//!
//! Where the innermost axis of a view takes long steps and another one short ones, as in a transposed matrix, it is
//! read in square tiles, so that every line of the cache is read once. What is copied never depends on how.

use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Data, Device, Element, Shape, Tensor, Walk, type_name, with_numbers};
use smallvec::SmallVec;

/// Elements that one thread copies at a time.
pub const CHUNK: usize = 1 << 16;
/// The length of the side of a tile.
const TILE: usize = 32;
/// Steps that still share lines of the cache, in elements.
const NEAR: isize = 8;
/// Elements of a row of tiles that one thread copies at most.
const LONGEST: usize = 1 << 21;

/// An element that threads may share.
pub trait Plain: Element + Copy + Send + Sync {}

impl<T: Element + Copy + Send + Sync> Plain for T {}

/// The tensor, or a copy beside it, whose elements lie in order.
pub fn in_order(cx: &Context, tensor: &Tensor) -> Result<Tensor> {
    if tensor.is_contiguous() {
        return Ok(tensor.clone());
    }
    cx.reserve(tensor.size(), tensor.dtype().size(), || type_name(tensor.dtype(), tensor.shape(), Device::Cpu))?;
    let mut ordered = Tensor::owner(data(cx, tensor)?, Shape::from_slice(tensor.shape()));
    ordered.settle_in(&cx.pool);
    Ok(ordered)
}

/// Makes the tensor an owner whose buffer nobody else holds, copying where it is not; on error it is as it was. The
/// memory of a copy has been checked.
pub fn own(cx: &Context, tensor: &mut Tensor) -> Result<()> {
    if !tensor.is_own() {
        *tensor = Tensor::owner(data(cx, tensor)?, Shape::from_slice(tensor.shape()));
    }
    Ok(())
}

/// The elements in row-major order. The memory has been checked.
pub fn data(cx: &Context, tensor: &Tensor) -> Result<Data> {
    fn typed<T: Plain>(cx: &Context, values: &[T], tensor: &Tensor) -> Result<Data> {
        let mut out = cx.buffer::<T>(tensor.size());
        fill(cx, &mut out, Walk::new(values, tensor.offset(), tensor.shape(), &tensor.strides()))?;
        Ok(T::wrap(out))
    }
    with_numbers!(tensor.data(), values => typed(cx, values, tensor), _texts => Ok(tensor.to_data()))
}

/// Leaves a buffer that was no result to those that come.
pub fn give_back<T: Plain>(cx: &Context, buffer: Vec<T>) {
    let count = buffer.len();
    Tensor::from_vec(buffer, &[count]).settle_in(&cx.pool);
}

/// Writes all elements of a walk that is at its start to `out`, which has as many.
pub fn fill<T: Plain>(cx: &Context, out: &mut [T], walk: Walk<T>) -> Result<()> {
    match Turned::of(&walk) {
        Some(turned) => turned.fill(cx, walk.data(), out),
        None => run(cx, out, &walk, 0),
    }
}

/// Writes the elements of a walk that is at its start to `out`, from the one numbered `first` on, as many as it has.
pub fn run<T: Plain>(cx: &Context, out: &mut [T], walk: &Walk<T>, first: usize) -> Result<()> {
    let copy = |_: &mut (), (number, part): (usize, &mut [T])| walk.at(first + number * CHUNK).copy_to(part);
    cx.share(out.chunks_mut(CHUNK).enumerate(), || (), copy)
}

/// A length and a step.
type Axis = (usize, isize);

/// A view read in tiles: along its innermost axis, and across, along the axis with the shortest steps.
pub struct Turned {
    start: isize,
    /// The axes ahead of the one across, and those between it and the innermost one.
    before: SmallVec<[Axis; 4]>,
    across: Axis,
    between: SmallVec<[Axis; 4]>,
    along: Axis,
}

impl Turned {
    /// None where it does not pay.
    pub fn of<T: Plain>(walk: &Walk<T>) -> Option<Turned> {
        let (start, mut axes) = walk.layout();
        let along = axes.pop().filter(|(_, step)| step.abs() > NEAR)?;
        let nearest = (0..axes.len()).filter(|&at| axes[at].1 != 0).min_by_key(|&at| axes[at].1.abs())?;
        let across = axes[nearest];
        let between: SmallVec<[Axis; 4]> = axes.drain(nearest..).skip(1).collect();
        let turned = Turned { start, before: axes, across, between, along };
        let pays = across.1.abs() < along.1.abs() && across.0 >= TILE && turned.row() <= LONGEST / TILE;
        pays.then_some(turned)
    }

    /// Elements of the result from one position along the axis across to the next.
    fn row(&self) -> usize {
        self.along.0 * self.between.iter().map(|(len, _)| len).product::<usize>()
    }

    /// Elements of the result that are read at a time: whole rows of tiles.
    pub fn chunk(&self) -> usize {
        let row = self.row();
        (CHUNK / row).next_multiple_of(TILE).max(TILE) * row
    }

    fn fill<T: Plain>(&self, cx: &Context, data: &[T], out: &mut [T]) -> Result<()> {
        let chunk = self.chunk();
        let parts = out.chunks_mut(chunk).enumerate();
        cx.share(parts, || (), |(), (number, part)| self.part(data, number * chunk, part))
    }

    /// Writes the elements of the result from the one numbered `first` on, a multiple of `chunk`, as many as `part` has.
    pub fn part<T: Plain>(&self, data: &[T], first: usize, mut part: &mut [T]) {
        let row = self.row();
        let mut scratch = vec![T::default(); TILE * TILE];
        let mut first = first / row;
        while !part.is_empty() {
            // a row of tiles, within one position of the axes ahead
            let (block, at) = (first / self.across.0, first % self.across.0);
            let count = TILE.min(self.across.0 - at).min(part.len() / row);
            let (tiles, rest) = part.split_at_mut(count * row);
            let start = self.start + position(&self.before, block) + at as isize * self.across.1;
            self.tiles(data, start, tiles, row, &mut scratch);
            first += count;
            part = rest;
        }
    }

    /// Writes a few rows; the first element lies at `start`.
    fn tiles<T: Plain>(&self, data: &[T], start: isize, out: &mut [T], row: usize, scratch: &mut [T]) {
        let (len, step) = self.along;
        for (number, first) in (0..row).step_by(len).enumerate() {
            let start = start + position(&self.between, number);
            for at in (0..len).step_by(TILE) {
                let width = TILE.min(len - at);
                let count = out.len() / row;
                for (i, line) in scratch.chunks_exact_mut(TILE).take(width).enumerate() {
                    let start = (start + (at + i) as isize * step) as usize;
                    read(&mut line[..count], data, start, self.across.1);
                }
                for (i, to) in out.chunks_exact_mut(row).enumerate() {
                    let to = &mut to[first + at..first + at + width];
                    for (to, line) in to.iter_mut().zip(scratch.chunks_exact(TILE)) {
                        *to = line[i];
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn read<T: Plain>(out: &mut [T], data: &[T], start: usize, step: isize) {
    if step == 1 {
        return out.copy_from_slice(&data[start..start + out.len()]);
    }
    for (i, out) in out.iter_mut().enumerate() {
        *out = data[start.wrapping_add_signed(i as isize * step)];
    }
}

/// Where the position with this number along several axes lies.
fn position(axes: &[Axis], mut number: usize) -> isize {
    let mut at = 0;
    for &(len, step) in axes.iter().rev() {
        at += (number % len) as isize * step;
        number /= len;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::convert::convert;
    use crate::tensor::DType;

    fn view(shape: &[usize], offset: usize, strides: &[isize], len: usize) -> Tensor {
        let owner = Tensor::from_vec((0..len as i64).collect(), &[len]);
        owner.view(Shape::from_slice(shape), offset, strides.into())
    }

    #[test]
    fn views_are_copied_as_a_walk_reads_them() {
        let cases: &[(&[usize], usize, &[isize])] = &[
            (&[], 5, &[]),
            (&[0, 3], 0, &[3, 1]),
            (&[70, 90], 0, &[1, 70]),
            (&[32, 32], 0, &[1, 32]),
            (&[33, 31], 3, &[1, 40]),
            (&[300, 700], 0, &[1, 300]),
            (&[700, 300], 1, &[2, 1400]),
            (&[100, 50], 99, &[-1, 100]),
            (&[100, 50], 100 * 50 - 1, &[-1, -100]),
            (&[5, 100, 50], 0, &[5000, 1, 100]),
            (&[100, 5, 50], 0, &[1, 5000, 100]),
            (&[100, 4, 5, 50], 0, &[1, 25000, 5000, 100]),
            (&[3, 100, 4, 50], 0, &[0, 1, 5000, 100]),
            (&[40, 3, 50], 0, &[1, 0, 40]),
            (&[200, 3], 0, &[1, 200]),
            (&[3, 200], 0, &[1, 3]),
            (&[40, 40], 0, &[0, 40]),
            (&[40, 40], 0, &[40, 0]),
            (&[70000, 20], 0, &[1, 70000]),
            (&[20, 70000], 0, &[1, 20]),
            (&[40, 70000], 0, &[1, 40]),
            (&[1 << 17], 1 << 18, &[-2]),
            (&[1000, 300], 0, &[301, 1]),
        ];
        for &(shape, offset, strides) in cases {
            let reach = shape.iter().zip(strides).map(|(&len, &step)| len.saturating_sub(1) * step.max(0) as usize);
            let len = offset + reach.sum::<usize>() + 1;
            let x = view(shape, offset, strides, len);
            let expected: Vec<i64> = x.walk::<i64>().unwrap().collect();
            for threads in 1..4 {
                let cx = Context::with_threads(threads);
                let ordered = in_order(&cx, &x).unwrap();
                assert_eq!(ordered.shape(), shape);
                assert!(ordered.as_slice::<i64>() == Some(&expected), "{shape:?} {strides:?} with {threads} threads");
                let mut tensor = x.clone();
                own(&cx, &mut tensor).unwrap();
                assert!(tensor.owned_mut().is_some() && tensor.as_slice::<i64>() == Some(&expected));
            }
        }
    }

    #[test]
    fn every_dtype() {
        let cx = Context::with_threads(2);
        for dtype in [DType::Bool, DType::U8, DType::I32, DType::F32, DType::F64] {
            let numbers = Tensor::from_vec((0..6000).map(|i| i % 7 % 2).collect::<Vec<i64>>(), &[60, 100]);
            let numbers = convert(&cx, &numbers, dtype).unwrap();
            let turned = numbers.view(Shape::from_slice(&[100, 60]), 0, [1, 100].as_slice().into());
            let ordered = in_order(&cx, &turned).unwrap();
            assert!(ordered.dtype() == dtype && ordered.as_owner().is_some());
            assert!((0..6000).all(|i| ordered.scalar(i) == numbers.scalar(i % 60 * 100 + i / 60)), "{dtype}");
        }
        let texts = Tensor::from_strs(&["a", "b", "c", "d"], &[2, 2]);
        let turned = texts.view(Shape::from_slice(&[2, 2]), 0, [1, 2].as_slice().into());
        assert_eq!(in_order(&cx, &turned).unwrap().text(1).map(|text| &**text), Some("c"));
    }
}
