//! Products of matrices of floats by the library `gemm`.
//!
//! The library looks itself which instruction set the processor has and takes the best; there is no way to ask for
//! another. Where it has fused multiply-add it uses it: results may differ in the last digits from processor to
//! processor, and never with the number of threads, since every block is computed by one.

use super::matrix::{Block, Matrix};
use crate::isa::Isa;
use gemm::Parallelism;

macro_rules! products {
    ($($name:ident of $type:ident)+) => {$(
        /// `out = a b`. Nothing that `out` held before is read.
        pub fn $name(_: Isa, a: Matrix<$type>, b: Matrix<$type>, mut out: Block<$type>) {
            assert!(a.is_inside() && b.is_inside() && a.columns == b.rows);
            assert!(a.rows == out.rows && b.columns == out.columns);
            let (to, step) = out.pointer();
            let (left, right) = (a.values.as_ptr().wrapping_add(a.start), b.values.as_ptr().wrapping_add(b.start));
            // Safety: all elements of `a` and `b` lie inside their slices, and those of `out` are its own, so they
            // overlap with nothing. The block is written only: `read_dst` is false.
            unsafe {
                gemm::gemm(
                    a.rows,
                    b.columns,
                    a.columns,
                    to,
                    1,
                    step as isize,
                    false,
                    left,
                    a.column_step,
                    a.row_step,
                    right,
                    b.column_step,
                    b.row_step,
                    0.0,
                    1.0,
                    false,
                    false,
                    false,
                    Parallelism::None,
                );
            }
        }
    )+};
}

products!(f32s of f32 f64s of f64);
