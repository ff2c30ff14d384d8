//! Stated types: dtype and shape of arguments and results, with sizes that must agree across the call.

use super::super::code::{Code, Reg};
use super::super::tables::{DimCheck, TypeCheck};
use super::super::value::Value;
use super::Machine;
use super::place::check_device;
use super::registers::Window;
use crate::diagnostics::{Error, Result};
use crate::tensor::{Array, shape};

impl Machine {
    /// Checks an argument; the sizes it names get their value, or must agree with the one they have.
    pub(super) fn check_type(&mut self, regs: &mut Window, a: Reg, ty: &TypeCheck, code: &Code) -> Result<()> {
        let what = format!("argument `{}`", ty.param);
        let number = usize::from(a);
        self.check_stated(regs, a, ty, &what, Some(code)).map_err(|error| {
            let found = regs[a as usize].type_name();
            error.operand(number, found).at_call()
        })
    }

    pub(super) fn check_return(&mut self, regs: &mut Window, a: Reg, code: &Code) -> Result<()> {
        let Some(ty) = &code.tables.ret else { return Ok(()) };
        self.check_stated(regs, a, ty, "the result", None)
            .map_err(|error| error.at(&code.source, ty.span).label(ty.span, "stated here"))
    }

    fn check_stated(
        &mut self,
        regs: &mut Window,
        a: Reg,
        ty: &TypeCheck,
        what: &str,
        code: Option<&Code>,
    ) -> Result<()> {
        let value = &regs[a as usize];
        let mismatch = |why: String| Error::ty(format!("{what} is {}, stated is {}{why}", value.type_name(), ty.text));
        let array = match value {
            Value::Str(_)
                if ty.dtype == Some(crate::tensor::DType::Str) && ty.dims.as_ref().is_none_or(Vec::is_empty) =>
            {
                return Ok(());
            }
            value => value.as_array().ok_or_else(|| mismatch(String::new()))?,
        };
        if let Some(device) = &ty.device {
            check_device(what, &array, device)?;
        }
        if let Some(dtype) = ty.dtype {
            // a weak scalar has the dtype that is asked of it, if it fits
            let fits = match &array {
                Array::Int(_) => dtype.is_float() || dtype.is_integer(),
                Array::Float(_) => dtype.is_float(),
                typed => typed.dtype() == dtype,
            };
            if !fits {
                return Err(mismatch(String::new()).help(format!("`{}(x)` casts", dtype.name())));
            }
            if array.is_weak() && array.dtype() != dtype {
                let cast = crate::ops::cast(&mut self.host.cx, array.clone(), dtype)?;
                regs[a as usize] = Value::Array(cast);
            }
        }
        let Some(dims) = &ty.dims else { return Ok(()) };
        let sizes = array.shape();
        let rest = dims.iter().position(|dim| matches!(dim, DimCheck::Rest));
        let wrong_count = match rest {
            None => sizes.len() != dims.len(),
            Some(_) => sizes.len() + 1 < dims.len(),
        };
        if wrong_count {
            let axes = |count: usize| if count == 1 { "1 axis".to_string() } else { format!("{count} axes") };
            let least = if rest.is_some() { "at least " } else { "" };
            let wanted = dims.len() - usize::from(rest.is_some());
            return Err(Error::shape(format!(
                "{what} has {}, stated are {least}{}: {}",
                axes(sizes.len()),
                axes(wanted),
                ty.text
            )));
        }
        let skipped = (sizes.len() + 1).saturating_sub(dims.len());
        let mut at = 0;
        for dim in dims {
            match dim {
                DimCheck::Rest => {
                    at += skipped;
                    continue;
                }
                DimCheck::Size(size) => {
                    if sizes[at] != *size {
                        return Err(Error::shape(format!(
                            "axis {at} of {what} has size {}, stated is {size}: {} against {}",
                            sizes[at],
                            shape::text(sizes),
                            ty.text
                        )));
                    }
                }
                DimCheck::Name(name, reg) => {
                    let size = sizes[at] as i64;
                    match &regs[*reg as usize] {
                        Value::Undefined => regs[*reg as usize] = Value::int(size),
                        known if known.as_int() == Some(size) => {}
                        known => return Err(disagree(name, known, size, what, code, &regs[..], a)),
                    }
                }
            }
            at += 1;
        }
        Ok(())
    }
}

/// A named size that two arguments give differently.
#[cold]
fn disagree(name: &str, known: &Value, size: i64, what: &str, code: Option<&Code>, regs: &[Value], a: Reg) -> Error {
    let known = known.as_int().map_or_else(|| known.type_name(), |size| size.to_string());
    // the argument that gave the size first
    let first = code.and_then(|code| {
        code.tables.types.iter().find_map(|ty| {
            let names_it =
                ty.dims.iter().flatten().any(|dim| matches!(dim, DimCheck::Name(other, _) if **other == *name));
            let at = code.params.iter().position(|param| param.name == ty.param)?;
            (names_it && at != usize::from(a)).then_some((at, ty.param.clone()))
        })
    });
    match first {
        Some((at, param)) => {
            Error::shape(format!("size `{name}` is {known} by argument `{param}` and {size} by {what}"))
                .operand(at, regs[at].type_name())
        }
        None => Error::shape(format!("size `{name}` is {known} and, by {what}, {size}")),
    }
}
