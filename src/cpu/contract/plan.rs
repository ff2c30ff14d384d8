//! How a product is computed: by which kernel, and in which parts on the threads of a session.
//!
//! Parts are blocks of the result, or stretches of the summed axis where the result is small, or several products of a
//! batch. What they are depends on the shapes alone, so that results do not depend on the number of threads.

use super::matrix::{Block, Factor, Matrix, blocks};
use super::{few, vector};
use crate::context::Context;
use crate::cpu::copy;
use crate::cpu::slices::SliceMut;
use crate::diagnostics::Result;
use crate::isa::Isa;
use crate::tensor::{Shape, Strides, shape};

/// The largest product of matrices that one thread does alone, as a power of two of multiplications: others would
/// hardly have woken up.
const ALONE: u32 = 21;
/// Multiplications of one part where there are many: they must end before the next look at the interrupt flag.
const LONGEST: u32 = 30;
/// Bytes of a matrix that one part multiplies by a vector: reading them is what takes the time.
const READ: usize = 1 << 21;
/// Bytes of one part where there are many, as a power of two.
const LONGEST_READ: u32 = 27;
/// From so many elements on, a part of a matrix's row is long enough to be read by itself.
const WIDE: usize = 1 << 14;
/// Multiplications of one part of a batch.
const GROUP: usize = 1 << 18;
/// Elements of a part of what is done behind a product whose blocks are no whole rows.
const PART: usize = 1 << 15;
/// Blocks are not cut smaller than this.
const LEAST_COLUMNS: usize = 128;
const LEAST_ROWS: usize = 32;
const LEAST_DEPTH: usize = 4096;

/// One side of many products: the first matrix, and the steps to the others.
pub struct Stack<'a, T> {
    pub first: Matrix<'a, T>,
    pub steps: Strides,
}

impl<'a, T: Copy> Stack<'a, T> {
    /// The matrix with this number, in row-major order of the batch.
    #[inline]
    fn at(&self, number: usize, batch: &[usize]) -> Matrix<'a, T> {
        let mut rest = number;
        let mut start = self.first.start as isize;
        for (axis, (&len, &step)) in batch.iter().zip(&self.steps).enumerate().rev() {
            let at = if axis == 0 { rest } else { rest % len };
            start += at as isize * step;
            rest = if axis == 0 { 0 } else { rest / len };
        }
        Matrix { start: start as usize, ..self.first }
    }
}

/// What the parts of one product are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// One part.
    Whole,
    /// Blocks of the result, of so many rows and columns.
    Blocks([usize; 2]),
    /// Stretches of the summed axis, of this length, whose products are added.
    Stretches(usize),
}

/// What is done with parts of a result when they are there, on the thread that made them.
pub trait Behind: Sync {
    /// The elements from the one numbered `start` on; each comes once.
    fn run(&self, start: usize, elements: SliceMut);
}

/// `out = a b` for all of a batch, in row-major order, and `behind` what becomes of it. Nothing that `out` held before is
/// read. It is not empty, and there is something to sum.
pub fn multiply<T: Factor>(
    cx: &Context,
    a: &Stack<T>,
    b: &Stack<T>,
    batch: &[usize],
    out: &mut [T],
    behind: Option<&dyn Behind>,
) -> Result<()> {
    let finish = |start: usize, out: &mut [T]| {
        if let Some(behind) = behind {
            behind.run(start, T::to_slice_mut(out));
        }
    };
    let (rows, inner, columns) = (a.first.rows, a.first.columns, b.first.columns);
    let (size, isa) = (rows * columns, cx.isa);
    let cut = Cut::new(&a.first, &b.first);
    match cut {
        Cut::Whole => {
            let work = rows.saturating_mul(inner).saturating_mul(columns);
            let group = (GROUP / work.max(1)).max(1);
            if out.len() <= group * size {
                for (number, out) in out.chunks_exact_mut(size).enumerate() {
                    one(isa, a.at(number, batch), b.at(number, batch), out);
                    finish(number * size, out);
                }
                return Ok(());
            }
            cx.share(
                out.chunks_mut(group * size).enumerate(),
                || (),
                |(), (first, out)| {
                    for (number, out) in out.chunks_exact_mut(size).enumerate() {
                        let number = first * group + number;
                        one(isa, a.at(number, batch), b.at(number, batch), out);
                        finish(number * size, out);
                    }
                },
            )
        }
        Cut::Blocks(sizes) => {
            let whole_rows = sizes[1] >= columns;
            let each = out.chunks_exact_mut(size).enumerate();
            let parts = each.flat_map(|(number, out)| blocks(out, columns, sizes).map(move |block| (number, block)));
            cx.share(
                parts,
                || (),
                |(), (number, mut block)| {
                    let a = a.at(number, batch).some_rows(block.row, block.rows);
                    let b = b.at(number, batch).some_columns(block.column, block.columns);
                    into_block(isa, a, b, block.lent());
                    let start = number * size + block.row * columns;
                    if let (true, Some(rows)) = (whole_rows, block.line()) {
                        finish(start, rows);
                    }
                },
            )?;
            if behind.is_none() || whole_rows {
                return Ok(());
            }
            // rows that two threads made pieces of
            cx.share(out.chunks_mut(PART).enumerate(), || (), |(), (part, out)| finish(part * PART, out))
        }
        Cut::Stretches(depth) => {
            let count = inner.div_ceil(depth);
            cx.reserve(size.saturating_mul(count), size_of::<T>(), || "a product in parts".into())?;
            let mut parts = cx.buffer::<T>(size * count);
            for (number, out) in out.chunks_exact_mut(size).enumerate() {
                let start = number * size;
                let (a, b) = (a.at(number, batch), b.at(number, batch));
                cx.share(
                    parts.chunks_mut(size).enumerate(),
                    || (),
                    |(), (part, out)| {
                        let start = part * depth;
                        let depth = depth.min(inner - start);
                        one(isa, a.some_columns(start, depth), b.some_rows(start, depth), out);
                    },
                )?;
                out.copy_from_slice(&parts[..size]);
                for part in parts[size..].chunks_exact(size) {
                    out.iter_mut().zip(part).for_each(|(out, &x)| *out = T::add(*out, x));
                }
                finish(start, out);
            }
            copy::give_back(cx, parts);
            Ok(())
        }
    }
}

impl Cut {
    fn new<T: Factor>(a: &Matrix<T>, b: &Matrix<T>) -> Cut {
        let (rows, inner, columns) = (a.rows, a.columns, b.columns);
        let work = rows.saturating_mul(inner).saturating_mul(columns);
        if rows == 1 || columns == 1 {
            let bytes = work.saturating_mul(size_of::<T>());
            let pieces = match (bytes.saturating_add(READ / 2)) / READ {
                one @ ..2 => one,
                // an even number is shared evenly by two
                few @ ..16 => few.next_multiple_of(2),
                _ => (bytes >> LONGEST_READ).max(16),
            };
            let matrix = if columns == 1 { *a } else { b.transposed() };
            // what one thread reads should lie together
            return match vector::by_columns(&matrix) && matrix.rows < WIDE {
                true => Cut::into(pieces, [rows, inner, columns], [usize::MAX, usize::MAX], 1),
                false => Cut::into(pieces, [rows, inner, columns], [LEAST_COLUMNS, LEAST_COLUMNS], LEAST_DEPTH),
            };
        }
        let work = work.saturating_mul(1 << T::WEIGHT);
        let pieces = if work > 1 << ALONE { (work >> LONGEST).max((work >> (ALONE + 4)).clamp(2, 8)) } else { 1 };
        Cut::into(pieces, [rows, inner, columns], [LEAST_ROWS, LEAST_COLUMNS], LEAST_DEPTH)
    }

    /// So many pieces, if none is smaller than this in rows and columns, and in depth.
    fn into(pieces: usize, [rows, inner, columns]: [usize; 3], [high, wide]: [usize; 2], deep: usize) -> Cut {
        // the longer side is cut: what the parts read of the other one is the shorter
        let (strips, bands) = if rows > columns {
            let bands = pieces.min(rows / high).max(1);
            (pieces.div_ceil(bands).min(columns / wide).max(1), bands)
        } else {
            let strips = pieces.min(columns / wide).max(1);
            (strips, pieces.div_ceil(strips).min(rows / high).max(1))
        };
        let stretches = (pieces / (strips * bands)).min(inner / deep);
        if stretches > 1 {
            return Cut::Stretches(inner.div_ceil(stretches).next_multiple_of(8));
        }
        if strips * bands == 1 {
            return Cut::Whole;
        }
        Cut::Blocks([rows.div_ceil(bands).next_multiple_of(4), columns.div_ceil(strips).next_multiple_of(16)])
    }
}

/// A whole product.
#[inline]
fn one<T: Factor>(isa: Isa, a: Matrix<T>, b: Matrix<T>, out: &mut [T]) {
    into_block(isa, a, b, Block::whole(out, b.columns));
}

/// A block of a product. Rows and columns are those of the block.
#[inline]
fn into_block<T: Factor>(isa: Isa, a: Matrix<T>, b: Matrix<T>, mut out: Block<T>) {
    match out.line() {
        Some(out) if few::suits(a.rows, a.columns, b.columns) => few::product(isa, a, b, out),
        Some(out) if b.columns == 1 => vector::product(isa, a, b, out),
        Some(out) if a.rows == 1 => vector::product(isa, b.transposed(), a.transposed(), out),
        _ => T::PRODUCT(isa, a, b, out),
    }
}

/// The axes of two batches in which they move alike, as few as strides allow.
pub fn joined(batch: &[usize], left: &[isize], right: &[isize]) -> (Shape, Strides, Strides) {
    let (mut lengths, mut lefts, mut rights) = (Shape::new(), Strides::new(), Strides::new());
    for ((&len, &left), &right) in batch.iter().zip(left).zip(right) {
        let follows = |outer: Option<&isize>, step: isize| outer == step.checked_mul(len as isize).as_ref();
        match lengths.last_mut() {
            _ if len == 1 => {}
            Some(outer) if follows(lefts.last(), left) && follows(rights.last(), right) => {
                *outer *= len;
                lefts.pop();
                rights.pop();
                lefts.push(left);
                rights.push(right);
            }
            _ => {
                lengths.push(len);
                lefts.push(left);
                rights.push(right);
            }
        }
    }
    debug_assert_eq!(shape::size(&lengths), shape::size(batch));
    (lengths, lefts, rights)
}
