//! Matrices in buffers of others: read by steps, written in blocks.

use crate::cpu::Typed;
use crate::isa::Isa;
use std::marker::PhantomData;
use std::slice;

/// A number that products are made of.
pub trait Factor: Typed + Send + Sync {
    /// How many multiplications of floats take as long as one, as a power of two.
    const WEIGHT: u32;
    /// The product of matrices that are neither tiny nor vectors. Writes all of the block.
    const PRODUCT: fn(Isa, Matrix<Self>, Matrix<Self>, Block<Self>);
    /// `sum + a * b`, rounded after each.
    fn add_product(sum: Self, a: Self, b: Self) -> Self;
    fn add(a: Self, b: Self) -> Self;
}

/// A matrix somewhere in a buffer.
#[derive(Clone, Copy)]
pub struct Matrix<'a, T> {
    pub values: &'a [T],
    /// Where the first element lies.
    pub start: usize,
    pub rows: usize,
    pub columns: usize,
    pub row_step: isize,
    pub column_step: isize,
}

impl<'a, T: Copy> Matrix<'a, T> {
    /// Where an element lies, which is inside the buffer for all that the matrix has.
    #[inline(always)]
    fn position(&self, row: usize, column: usize) -> usize {
        (self.start as isize + row as isize * self.row_step + column as isize * self.column_step) as usize
    }

    #[inline(always)]
    pub fn at(&self, row: usize, column: usize) -> T {
        self.values[self.position(row, column)]
    }

    /// The elements of a row, if they lie one behind the other.
    #[inline(always)]
    pub fn row(&self, row: usize) -> Option<&'a [T]> {
        let start = self.position(row, 0);
        if self.column_step == 1 || self.columns == 1 { self.values.get(start..start + self.columns) } else { None }
    }

    #[inline(always)]
    pub fn transposed(self) -> Matrix<'a, T> {
        let Matrix { rows, columns, row_step, column_step, .. } = self;
        Matrix { rows: columns, columns: rows, row_step: column_step, column_step: row_step, ..self }
    }

    /// These rows alone. There must be a first one.
    pub fn some_rows(self, first: usize, rows: usize) -> Matrix<'a, T> {
        Matrix { start: self.position(first, 0), rows, ..self }
    }

    /// These columns alone. There must be a first one.
    pub fn some_columns(self, first: usize, columns: usize) -> Matrix<'a, T> {
        Matrix { start: self.position(0, first), columns, ..self }
    }

    /// Does every element lie inside the buffer?
    pub fn is_inside(&self) -> bool {
        let reach = |count: usize, step: isize| (count as isize - 1).checked_mul(step);
        let inside = || {
            let (down, right) = (reach(self.rows, self.row_step)?, reach(self.columns, self.column_step)?);
            let start = isize::try_from(self.start).ok()?;
            let least = start.checked_add(down.min(0))?.checked_add(right.min(0))?;
            let most = start.checked_add(down.max(0))?.checked_add(right.max(0))?;
            Some(least >= 0 && (most as usize) < self.values.len())
        };
        self.rows == 0 || self.columns == 0 || inside().unwrap_or(false)
    }
}

/// A part of a result in row-major order, to be written by one thread: nobody else has its elements.
pub struct Block<'a, T> {
    first: *mut T,
    /// Which of the rows and columns of the result these are.
    pub row: usize,
    pub column: usize,
    pub rows: usize,
    pub columns: usize,
    /// From row to row.
    step: usize,
    held: PhantomData<&'a mut [T]>,
}

// Safety: a block stands for elements that are borrowed through it alone, as a mutable slice does.
unsafe impl<T: Send> Send for Block<'_, T> {}

impl<'a, T> Block<'a, T> {
    /// All of a matrix with so many columns.
    pub fn whole(out: &'a mut [T], columns: usize) -> Block<'a, T> {
        let rows = out.len() / columns.max(1);
        Block { first: out.as_mut_ptr(), row: 0, column: 0, rows, columns, step: columns, held: PhantomData }
    }

    /// The same block, for who gives it back.
    pub fn lent(&mut self) -> Block<'_, T> {
        Block { held: PhantomData, ..*self }
    }

    #[inline(always)]
    pub fn row(&mut self, row: usize) -> &mut [T] {
        assert!(row < self.rows);
        // Safety: rows lie `step` apart in the slice that the block was cut from, which holds all of each.
        unsafe { slice::from_raw_parts_mut(self.first.add(row * self.step), self.columns) }
    }

    /// The elements of a block that is one row, or whose rows lie one behind the other.
    pub fn line(&mut self) -> Option<&mut [T]> {
        if self.rows > 1 && self.columns != self.step {
            return None;
        }
        // Safety: as in `row`; there is no gap between the rows.
        Some(unsafe { slice::from_raw_parts_mut(self.first, self.rows * self.columns) })
    }

    /// The first element, from which the others lie `step` to the next row and 1 to the next column.
    pub fn pointer(&mut self) -> (*mut T, usize) {
        (self.first, self.step)
    }

    /// The first columns, and the others.
    fn split(self, columns: usize) -> (Block<'a, T>, Block<'a, T>) {
        let columns = columns.min(self.columns);
        // no dereference: beyond the last column it may point behind the slice
        let first = self.first.wrapping_add(columns);
        let rest = Block { first, column: self.column + columns, columns: self.columns - columns, ..self };
        (Block { columns, ..self }, rest)
    }
}

/// The blocks of a result with so many columns, each at most `height` times `width`.
pub fn blocks<T: Send>(
    out: &mut [T],
    columns: usize,
    [height, width]: [usize; 2],
) -> impl Iterator<Item = Block<'_, T>> + Send {
    let bands = out.chunks_mut(height.saturating_mul(columns).max(1)).enumerate();
    bands.flat_map(move |(number, band)| {
        let band = Block { row: number * height, ..Block::whole(band, columns) };
        Strips { rest: Some(band), width }
    })
}

struct Strips<'a, T> {
    rest: Option<Block<'a, T>>,
    width: usize,
}

impl<'a, T> Iterator for Strips<'a, T> {
    type Item = Block<'a, T>;

    fn next(&mut self) -> Option<Block<'a, T>> {
        let (strip, rest) = self.rest.take()?.split(self.width.max(1));
        self.rest = (rest.columns > 0).then_some(rest);
        Some(strip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_every_element_once() {
        for (rows, columns) in [(1, 1), (1, 7), (7, 1), (5, 9), (64, 33)] {
            for sizes in [[1, 1], [2, 3], [5, 9], [100, 4], [3, 100]] {
                let mut out = vec![0; rows * columns];
                for mut block in blocks(&mut out, columns, sizes) {
                    assert!(block.rows <= sizes[0] && block.columns <= sizes[1]);
                    for i in 0..block.rows {
                        let first = (block.row + i) * columns + block.column;
                        block.row(i).iter_mut().enumerate().for_each(|(j, out)| *out += first + j + 1);
                    }
                }
                assert!(out.iter().copied().eq(1..=rows * columns), "{rows} {columns} {sizes:?}");
            }
        }
    }

    #[test]
    fn matrices_know_whether_they_lie_inside() {
        let values = [0; 12];
        let whole = Matrix { values: &values, start: 0, rows: 3, columns: 4, row_step: 4, column_step: 1 };
        assert!(whole.is_inside() && whole.transposed().is_inside());
        assert!(!Matrix { start: 1, ..whole }.is_inside());
        assert!(!Matrix { row_step: isize::MAX, ..whole }.is_inside());
        let turned = Matrix { start: 11, row_step: -4, column_step: -1, ..whole };
        assert!(turned.is_inside() && !Matrix { start: 10, ..turned }.is_inside());
        assert!(Matrix { start: 100, rows: 0, ..whole }.is_inside());
    }
}
