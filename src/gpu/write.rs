//! Tensors put together of parts: a part written into a place of a fresh buffer.

use super::device::Gpu;
use super::kernel::{Kernel, Words, is_packed};
use super::layout::{Layout, Place};
use super::program::{Input, Operand, Program, Step, malformed};
use super::view::View;
use crate::diagnostics::Result;
use crate::tensor::shape::{self, Shape, Strides};
use crate::tensor::{DType, Layout as Where};
use smallvec::smallvec;

impl Gpu {
    /// A tensor of this shape made of parts, each with the place where it stands in row-major order; parts broadcast to
    /// their places and are of the result's dtype. What no part covers is that of `base`, which has the shape of the
    /// result; without one, parts cover everything. Of several parts in one place the last counts.
    pub fn assembled(
        &self,
        dtype: DType,
        shape: &[usize],
        base: Option<&View>,
        parts: &[(View, Where)],
    ) -> Result<View> {
        // four elements to a word cannot be written one by one
        if is_packed(dtype) {
            let wide = |view: &View| self.converted(view, DType::I32, "i32(a)");
            let base = base.map(wide).transpose()?;
            let parts = parts.iter().map(|(view, place)| Ok((wide(view)?, place.clone())));
            let parts = parts.collect::<Result<Vec<(View, Where)>>>()?;
            let whole = self.assembled(DType::I32, shape, base.as_ref(), &parts)?;
            return self.converted(&whole, dtype, if dtype == DType::Bool { "a != 0" } else { "bitcast<u32>(a)" });
        }
        let y = match base {
            Some(base) => self.compact(base)?,
            None => self.fresh(dtype, shape)?,
        };
        for (part, place) in parts {
            self.write(&y, part, place)?;
        }
        Ok(y)
    }

    fn write(&self, y: &View, part: &View, to: &Where) -> Result<()> {
        let count = shape::size(&to.shape);
        if count == 0 {
            return Ok(());
        }
        self.check(&y.with_layout(Shape::from_slice(&to.shape), to.offset, Strides::from_slice(&to.strides)))?;
        let from = Place::of(part, &to.shape).ok_or_else(malformed)?;
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        kernel.input("x", part.dtype());
        kernel.output("y", y.dtype());
        let place = Place { offset: to.offset, strides: to.strides.clone() };
        Layout::new(&to.shape, [from, place]).declare("locate", &mut kernel, &mut words);
        kernel.constants(&mut words, &[("total", count)]);
        kernel.push(include_str!("wgsl/write.wgsl"));
        self.launch_items(kernel, &[part, y], false, words, count as u64, 2)
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
