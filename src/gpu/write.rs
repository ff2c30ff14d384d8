//! Parts written into the places of a buffer: a fresh one, or one that its only holder gives away.

use super::device::Gpu;
use super::kernel::{Kernel, LANES, Words};
use super::layout::{Layout, Place};
use super::program::{Input, Operand, Program, Step, malformed};
use super::view::View;
use crate::diagnostics::Result;
use crate::tensor::shape::{self, Shape};
use crate::tensor::{DType, Layout as Where};
use smallvec::smallvec;

/// Elementary steps of writing an element.
const WORK: u64 = 4;

impl Gpu {
    /// A tensor of this shape made of parts, each with the place where it stands in row-major order; parts broadcast to
    /// their places, are of the result's dtype, and cover everything. Of several parts in one place the last counts.
    pub fn assembled(&self, dtype: DType, shape: &[usize], parts: &[(View, Where)]) -> Result<View> {
        let y = self.fresh(dtype, shape)?;
        for (part, place) in parts {
            self.write(&y, part, place)?;
        }
        Ok(y)
    }

    /// `x` with a part in the place of some of its elements, counted in row-major order: written into its buffer where
    /// nobody else holds that.
    pub fn updated(&self, x: &View, part: &View, place: &Where) -> Result<View> {
        let y = self.writable(x, self.at_once(shape::size(&place.shape) as u64, WORK))?;
        self.write(&y, part, place)?;
        Ok(y)
    }

    /// Is a kernel of so many items recorded as one run? Of several the program may be stopped in between.
    pub(super) fn at_once(&self, items: u64, work: u64) -> bool {
        let lanes = items.checked_next_multiple_of(u64::from(LANES));
        let steps = lanes.and_then(|lanes| lanes.checked_mul(work));
        steps.is_some_and(|steps| steps <= self.0.batch.borrow().enough())
    }

    /// The elements of `x` in order, in a buffer to write on: that of `x`, where nobody else holds it and all is written at
    /// once, else a copy.
    pub(super) fn writable(&self, x: &View, at_once: bool) -> Result<View> {
        if at_once && x.is_alone() && x.offset() == 0 && x.is_contiguous() { Ok(x.clone()) } else { self.compact(x) }
    }

    /// Errors when a part reaches out of a buffer.
    pub(super) fn check_part(&self, y: &View, part: &Where) -> Result<()> {
        self.check(&y.with_layout(Shape::from_slice(&part.shape), part.offset, part.strides.clone()))
    }

    fn write(&self, y: &View, part: &View, to: &Where) -> Result<()> {
        let count = shape::size(&to.shape);
        if count == 0 {
            return Ok(());
        }
        if part.dtype() != y.dtype() {
            return Err(malformed());
        }
        self.check_part(y, to)?;
        let from = Place::of(part, &to.shape).ok_or_else(malformed)?;
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        kernel.input("x", part.dtype());
        kernel.target("y", y.dtype());
        let place = Place { offset: to.offset, strides: to.strides.clone() };
        Layout::new(&to.shape, [from, place]).declare("locate", &mut kernel, &mut words);
        kernel.constants(&mut words, &[("total", count)]);
        kernel.push(include_str!("wgsl/write.wgsl"));
        self.launch_items(kernel, &[part, y], false, words, count as u64, WORK)
    }

    /// The elements in another dtype; none where some may have no room in it.
    pub fn in_dtype(&self, view: &View, dtype: DType) -> Result<Option<View>> {
        match conversion(view.dtype(), dtype) {
            _ if view.dtype() == dtype => Ok(Some(view.clone())),
            Some(wgsl) => self.converted(view, dtype, wgsl).map(Some),
            None => Ok(None),
        }
    }

    /// The elements in another dtype, by an expression of `a`.
    pub(super) fn converted(&self, view: &View, dtype: DType, wgsl: &'static str) -> Result<View> {
        let step = Step { wgsl: wgsl.into(), operands: smallvec![Operand::Input(0)], dtype };
        let program = Program { inputs: vec![view.dtype()], steps: vec![step], outputs: vec![0] };
        self.single(&program, &[Input::View(view)], view.shape())
    }
}

/// The expression of a conversion that cannot fail.
pub fn conversion(from: DType, to: DType) -> Option<&'static str> {
    Some(match (from, to) {
        (from, to) if from == to => "a",
        (DType::Bool | DType::U8 | DType::I32, DType::F32) => "f32(a)",
        (DType::Bool | DType::U8, DType::I32) => "i32(a)",
        (DType::Bool, DType::U8) => "u32(a)",
        (DType::F32, DType::Bool) => "!(a == 0.0)",
        (DType::U8 | DType::I32, DType::Bool) => "a != 0",
        _ => return None,
    })
}

/// The expression of a conversion that may fail, and what holds of a value that has no room. Floats are cut towards zero.
pub fn checked_conversion(from: DType, to: DType) -> Option<(&'static str, &'static str)> {
    Some(match (from, to) {
        (DType::F32, DType::I32) => ("i32(a)", "!(a >= -2147483648.0 && a < 2147483648.0)"),
        (DType::F32, DType::U8) => ("u32(max(a, 0.0))", "!(a > -1.0 && a < 256.0)"),
        (DType::I32, DType::U8) => ("bitcast<u32>(a)", "a < 0 || a > 255"),
        _ => return None,
    })
}

/// Where an element is lost by a conversion of this kind; none where none can be.
pub fn lossy_conversion(from: DType, to: DType) -> Option<&'static str> {
    Some(match (from, to) {
        (DType::F32, DType::I32) => "!(a >= -2147483648.0 && a < 2147483648.0 && trunc(a) == a)",
        (DType::F32, DType::U8) => "!(a >= 0.0 && a < 256.0 && trunc(a) == a)",
        (DType::F32, DType::Bool) => "!(a == 0.0 || a == 1.0)",
        (DType::I32, DType::F32) => "i32(f32(a)) != a",
        (DType::I32, DType::U8) => "a < 0 || a > 255",
        (DType::I32, DType::Bool) => "a != 0 && a != 1",
        (DType::U8, DType::Bool) => "a > 1",
        _ => return None,
    })
}
