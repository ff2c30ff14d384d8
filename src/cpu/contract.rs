//! Contractions: batches of matrix products over strided operands.
//!
//! Axes are gathered into one row and one column axis where strides allow it, so that transposed operands are read where
//! they are; else the operand is copied once. Large products of floats go to `matrixmultiply` through ndarray; small
//! ones, products with a vector and those of integers have loops of their own.

use super::{Number, mistyped};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Array, Axes, DType, Shape, Strides, Tensor, shape, walk};
use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

/// Below this many multiplications the call of a library costs more than it saves.
const SMALL: usize = 512;
/// Multiplications between two looks at the interrupt flag.
const STRETCH: usize = 1 << 28;

/// One side of a contraction.
pub struct Operand<'a> {
    pub tensor: &'a Tensor,
    /// Axes shared with the other side and kept.
    pub batch: &'a [usize],
    /// Axes multiplied with those of the other side and summed.
    pub contract: &'a [usize],
}

/// A number that products are made of.
trait Factor: Number {
    /// `sum + a * b`, rounded after each.
    fn add_product(sum: Self, a: Self, b: Self) -> Self;
    fn add(a: Self, b: Self) -> Self;
    /// A large product, if a library has it.
    fn library(_a: &Matrix<Self>, _b: &Matrix<Self>, _out: &mut [Self]) -> bool {
        false
    }
}

macro_rules! floats {
    ($($type:ident)+) => {$(
        impl Factor for $type {
            #[inline]
            fn add_product(sum: $type, a: $type, b: $type) -> $type {
                sum + a * b
            }
            #[inline]
            fn add(a: $type, b: $type) -> $type {
                a + b
            }
            fn library(a: &Matrix<$type>, b: &Matrix<$type>, out: &mut [$type]) -> bool {
                let (Some(left), Some(right)) = (a.view(), b.view()) else { return false };
                match ArrayViewMut2::from_shape((a.rows, b.columns), out) {
                    Ok(mut out) => {
                        general_mat_mul(1.0, &left, &right, 0.0, &mut out);
                        true
                    }
                    Err(_) => false,
                }
            }
        }
    )+};
}

macro_rules! integers {
    ($($type:ident)+) => {$(
        impl Factor for $type {
            #[inline]
            fn add_product(sum: $type, a: $type, b: $type) -> $type {
                sum.wrapping_add(a.wrapping_mul(b))
            }
            #[inline]
            fn add(a: $type, b: $type) -> $type {
                a.wrapping_add(b)
            }
        }
    )+};
}

floats!(f32 f64);
integers!(u8 i32 i64);

impl Factor for bool {
    #[inline]
    fn add_product(sum: bool, a: bool, b: bool) -> bool {
        sum | (a & b)
    }
    #[inline]
    fn add(a: bool, b: bool) -> bool {
        a | b
    }
}

/// A matrix somewhere in a buffer. Steps are not negative.
#[derive(Clone, Copy)]
struct Matrix<'a, T> {
    values: &'a [T],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a, T: Factor> Matrix<'a, T> {
    fn at(&self, row: usize, column: usize) -> T {
        self.values[row * self.row_step + column * self.column_step]
    }

    /// The elements of a row, if they lie one behind the other.
    fn row(&self, row: usize) -> Option<&'a [T]> {
        let start = row * self.row_step;
        if self.column_step == 1 { self.values.get(start..start + self.columns) } else { None }
    }

    fn transposed(self) -> Matrix<'a, T> {
        let Matrix { values, rows, columns, row_step, column_step } = self;
        Matrix { values, rows: columns, columns: rows, row_step: column_step, column_step: row_step }
    }

    fn part(self, first: usize, rows: usize) -> Matrix<'a, T> {
        Matrix { values: &self.values[first * self.row_step..], rows, ..self }
    }

    fn view(&self) -> Option<ArrayView2<'a, T>> {
        let steps = (self.row_step, self.column_step);
        ArrayView2::from_shape((self.rows, self.columns).strides(steps), self.values).ok()
    }
}

/// An operand whose axes are gathered.
struct Gathered {
    tensor: Tensor,
    batch: Strides,
    /// Length and step of the axes kept, and of those summed.
    free: (usize, usize),
    summed: (usize, usize),
}

/// Multiplies and sums over the axes named on both sides. The result has the batch axes, then the left side's other
/// axes, then the right side's: its shape is `out`.
pub fn contract(cx: &Context, left: &Operand, right: &Operand, out: &[usize]) -> Result<Tensor> {
    Ok(match left.tensor.dtype() {
        DType::Bool => Tensor::from_vec(product::<bool>(cx, left, right, out)?, out),
        DType::U8 => Tensor::from_vec(product::<u8>(cx, left, right, out)?, out),
        DType::I32 => Tensor::from_vec(product::<i32>(cx, left, right, out)?, out),
        DType::I64 => Tensor::from_vec(product::<i64>(cx, left, right, out)?, out),
        DType::F32 => Tensor::from_vec(product::<f32>(cx, left, right, out)?, out),
        DType::F64 => Tensor::from_vec(product::<f64>(cx, left, right, out)?, out),
        DType::Str => return Err(mistyped()),
    })
}

fn product<T: Factor>(cx: &Context, left: &Operand, right: &Operand, out: &[usize]) -> Result<Vec<T>> {
    let mut result = vec![T::default(); shape::size(out)];
    if let (Some(a), Some(b), [1], [0]) = (plain(left), plain(right), left.contract, right.contract) {
        multiply(cx, a, b, &mut result)?;
        return Ok(result);
    }
    let (a, b) = (gather(cx, left)?, gather(cx, right)?);
    if result.is_empty() || a.summed.0 == 0 {
        return Ok(result);
    }
    let left_values = T::of(a.tensor.data()).ok_or_else(mistyped)?;
    let right_values = T::of(b.tensor.data()).ok_or_else(mistyped)?;
    let a_at = |start: usize| Matrix {
        values: &left_values[start..],
        rows: a.free.0,
        columns: a.summed.0,
        row_step: a.free.1,
        column_step: a.summed.1,
    };
    let b_at = |start: usize| Matrix {
        values: &right_values[start..],
        rows: b.summed.0,
        columns: b.free.0,
        row_step: b.summed.1,
        column_step: b.free.1,
    };
    if left.batch.is_empty() {
        multiply(cx, a_at(a.tensor.offset()), b_at(b.tensor.offset()), &mut result)?;
        return Ok(result);
    }
    let batch = &out[..left.batch.len()];
    let left_starts = walk::positions(a.tensor.offset(), batch, &a.batch);
    let right_starts = walk::positions(b.tensor.offset(), batch, &b.batch);
    let size = a.free.0 * b.free.0;
    for ((left, right), out) in left_starts.into_iter().zip(right_starts).zip(result.chunks_exact_mut(size)) {
        multiply(cx, a_at(left), b_at(right), out)?;
    }
    Ok(result)
}

/// A matrix in row-major order, which needs no gathering: most are, and small ones are many.
fn plain<'a, T: Factor>(operand: &Operand<'a>) -> Option<Matrix<'a, T>> {
    let &[rows, columns] = operand.tensor.shape() else { return None };
    let values = operand.tensor.as_slice()?;
    operand.batch.is_empty().then_some(Matrix { values, rows, columns, row_step: columns, column_step: 1 })
}

/// Brings an operand's axes together; copies it if its strides do not allow that.
fn gather(cx: &Context, operand: &Operand) -> Result<Gathered> {
    let Operand { tensor, batch, contract } = operand;
    let mut free = Axes::new();
    for axis in 0..tensor.ndim() {
        if !batch.contains(&axis) && !contract.contains(&axis) {
            free.push(axis);
        }
    }
    let strides = tensor.strides();
    if let (Some(kept), Some(summed)) = (joined(tensor, &strides, &free), joined(tensor, &strides, contract)) {
        let batch = batch.iter().map(|&axis| strides[axis]).collect();
        return Ok(Gathered { tensor: (*tensor).clone(), batch, free: kept, summed });
    }
    let order = || batch.iter().chain(&free).chain(contract.iter());
    let lengths: Shape = order().map(|&axis| tensor.shape()[axis]).collect();
    let steps: Strides = order().map(|&axis| strides[axis]).collect();
    cx.reserve(shape::size(&lengths), tensor.dtype().size(), || Array::from((*tensor).clone()).type_name())?;
    let copy = Tensor::owner(tensor.view(lengths.clone(), tensor.offset(), steps).to_data(), lengths);
    let length = |axes: &[usize]| axes.iter().map(|&axis| tensor.shape()[axis]).product::<usize>();
    let (kept, summed) = (length(&free), length(contract));
    let batch = copy.strides().iter().take(batch.len()).copied().collect();
    Ok(Gathered { tensor: copy, batch, free: (kept, summed), summed: (summed, 1) })
}

/// Length and step of several axes as one, if they follow each other so.
fn joined(tensor: &Tensor, strides: &[isize], axes: &[usize]) -> Option<(usize, usize)> {
    let mut whole: Option<(usize, isize)> = None;
    for &axis in axes {
        let (len, step) = (tensor.shape()[axis], strides[axis]);
        whole = match whole {
            _ if len == 1 => whole,
            None => Some((len, step)),
            Some((outer, outer_step)) if outer_step == step.saturating_mul(len as isize) => Some((outer * len, step)),
            Some(_) => return None,
        };
    }
    let (len, step) = whole.unwrap_or((1, 1));
    Some((len, usize::try_from(step).ok()?))
}

/// `out` is zero and in row-major order.
fn multiply<T: Factor>(cx: &Context, a: Matrix<T>, b: Matrix<T>, out: &mut [T]) -> Result<()> {
    if out.is_empty() || a.columns == 0 {
        return Ok(());
    }
    let work = a.columns.saturating_mul(b.columns);
    if a.rows.saturating_mul(work) <= SMALL {
        by_rows(a, b, out);
        return Ok(());
    }
    if b.columns == 1 {
        times_vector(a, b, out);
        return Ok(());
    }
    if a.rows == 1 {
        times_vector(b.transposed(), a.transposed(), out);
        return Ok(());
    }
    let rows = (STRETCH / work.max(1)).max(64);
    for (number, out) in out.chunks_mut(rows.saturating_mul(b.columns)).enumerate() {
        cx.check()?;
        let part = a.part(number * rows, out.len() / b.columns);
        if !T::library(&part, &b, out) {
            by_rows(part, b, out);
        }
    }
    Ok(())
}

/// Row after row of `b`, times an element of `a`.
fn by_rows<T: Factor>(a: Matrix<T>, b: Matrix<T>, out: &mut [T]) {
    for (i, out) in out.chunks_exact_mut(b.columns).enumerate() {
        for k in 0..a.columns {
            let factor = a.at(i, k);
            match b.row(k) {
                Some(row) => add_scaled(out, factor, row),
                None => {
                    for (j, out) in out.iter_mut().enumerate() {
                        *out = T::add_product(*out, factor, b.at(k, j));
                    }
                }
            }
        }
    }
}

fn add_scaled<T: Factor>(out: &mut [T], factor: T, row: &[T]) {
    for (out, &x) in out.iter_mut().zip(row) {
        *out = T::add_product(*out, factor, x);
    }
}

/// `b` has one column.
fn times_vector<T: Factor>(a: Matrix<T>, b: Matrix<T>, out: &mut [T]) {
    if a.column_step != 1 && a.row_step == 1 {
        let columns = a.transposed();
        for k in 0..a.columns {
            if let Some(column) = columns.row(k) {
                add_scaled(out, b.at(k, 0), column);
            }
        }
        return;
    }
    let copy: Vec<T>;
    let vector = match b.transposed().row(0) {
        Some(vector) => vector,
        None => {
            copy = (0..b.rows).map(|k| b.at(k, 0)).collect();
            &copy
        }
    };
    for (i, out) in out.iter_mut().enumerate() {
        *out = match a.row(i) {
            Some(row) => dot(row, vector),
            None => vector.iter().enumerate().fold(T::default(), |sum, (k, &x)| T::add_product(sum, a.at(i, k), x)),
        };
    }
}

/// In eight partial sums.
fn dot<T: Factor>(a: &[T], b: &[T]) -> T {
    let ((left, left_rest), (right, right_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [T::default(); 8];
    for (left, right) in left.iter().zip(right) {
        for ((sum, &a), &b) in sums.iter_mut().zip(left).zip(right) {
            *sum = T::add_product(*sum, a, b);
        }
    }
    let rest = left_rest.iter().zip(right_rest).fold(T::default(), |sum, (&a, &b)| T::add_product(sum, a, b));
    sums.iter().fold(rest, |sum, &x| T::add(sum, x))
}
