//! What a card cannot take of an element: a divisor that is 0, a number that has no room in a dtype. The card looks for such
//! values while it computes; what they are called is said here, as the CPU says it. Nothing here may know when something runs.

use crate::cpu::Refuses;
use crate::gpu;
use crate::ops::cast::{FIT, lossy, no_room, place};
use crate::ops::place::on_gpu;
use crate::ops::{Attrs, Guard, Op, guarded};
use crate::tensor::{Array, DType, Scalar, Shape, walk};
use std::rc::Rc;

/// Values of the last operand that an operation does not take, which a card finds late.
pub(super) struct Refusal<'a> {
    why: Why,
    operand: &'a Array,
    /// The dtype that the card sees it in.
    dtype: DType,
}

#[derive(Clone, Copy)]
enum Why {
    Guard(&'static Guard),
    /// There is no room in this dtype; holds of such a value.
    NoRoom(DType, &'static str),
    /// This dtype does not hold it as it is; holds of such a value.
    Lossy(DType, &'static str),
}

impl<'a> Refusal<'a> {
    pub fn of(op: &Op, inputs: &'a [Array], compute: DType) -> Option<Refusal<'a>> {
        let operand = inputs.last()?;
        let why = match (&op.attrs, op.entry.guard) {
            (Attrs::DType(to), _) if std::ptr::eq(op.entry, &FIT) => {
                Why::Lossy(on_gpu(*to), gpu::lossy_conversion(compute, on_gpu(*to))?)
            }
            (Attrs::DType(to), _) => Why::NoRoom(on_gpu(*to), gpu::checked_conversion(compute, on_gpu(*to))?.1),
            // a number that is at hand has been looked at; others without a sign are never negative
            (_, Some(guard)) if compute.is_integer() && !operand.is_weak() => match (guard.refuses, compute) {
                (Refuses::Negative, DType::U8) => return None,
                _ => Why::Guard(guard),
            },
            _ => return None,
        };
        Some(Refusal { why, operand, dtype: compute })
    }

    pub fn wgsl(&self) -> &'static str {
        match self.why {
            Why::Guard(guard) => guard.wgsl(),
            Why::NoRoom(_, wgsl) | Why::Lossy(_, wgsl) => wgsl,
        }
    }

    /// The error of an element. Elements are counted in this shape.
    pub fn complaint(&self, shape: &[usize]) -> gpu::Complaint {
        let (why, dtype, name) = (self.why, self.dtype, self.operand.type_name());
        let (shape, own) = (Shape::from_slice(shape), Shape::from_slice(self.operand.shape()));
        Rc::new(move |number, bits| {
            let at = walk::coordinates(number, &shape);
            let along = at.iter().skip(shape.len().saturating_sub(own.len())).zip(&own);
            let number = along.fold(0, |number, (&at, &len)| number * len + at.min(len.saturating_sub(1)));
            let value = match dtype {
                DType::F32 => Scalar::F32(f32::from_bits(bits)),
                DType::U8 => Scalar::U8(bits as u8),
                _ => Scalar::I32(bits as i32),
            };
            match why {
                Why::Guard(guard) => guarded(guard, number, value, (&own, name.clone())),
                Why::NoRoom(dtype, _) => no_room(value, dtype, place(number, &own)),
                Why::Lossy(dtype, _) => lossy(value, place(number, &own), dtype),
            }
        })
    }
}
