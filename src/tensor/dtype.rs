//! Element types and how they combine: NumPy 2's promotion (NEP 50).

use super::ElementType;
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    Bool,
    U8,
    I32,
    I64,
    F32,
    F64,
    Str,
}

impl DType {
    pub const ALL: [DType; 7] = [DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64, DType::Str];

    pub fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::U8 => "u8",
            DType::I32 => "i32",
            DType::I64 => "i64",
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::Str => "str",
        }
    }

    pub fn from_name(name: &str) -> Option<DType> {
        DType::ALL.into_iter().find(|dtype| dtype.name() == name)
    }

    pub fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F64)
    }

    /// `u8`, `i32`, `i64`; not `bool`.
    pub fn is_integer(self) -> bool {
        matches!(self, DType::U8 | DType::I32 | DType::I64)
    }

    /// Bytes one element takes in a buffer.
    pub fn size(self) -> usize {
        match self {
            DType::Bool | DType::U8 => 1,
            DType::I32 | DType::F32 => 4,
            DType::I64 | DType::F64 => 8,
            DType::Str => size_of::<super::Text>(),
        }
    }

    /// What a function of real numbers computes in: floats as they are, all else in `f64`.
    pub fn to_float(self) -> DType {
        if self == DType::F32 { DType::F32 } else { DType::F64 }
    }

    /// The smallest dtype that holds both, as NumPy's `promote_types` has it among the dtypes there are.
    /// Text and numbers have none.
    pub fn promote(self, other: DType) -> Option<DType> {
        use DType::*;
        Some(match (self, other) {
            (a, b) if a == b => a,
            (Str, _) | (_, Str) => return None,
            (F64, _) | (_, F64) => F64,
            (F32, I32 | I64) | (I32 | I64, F32) => F64,
            (F32, _) | (_, F32) => F32,
            (I64, _) | (_, I64) => I64,
            (I32, _) | (_, I32) => I32,
            _ => U8,
        })
    }

    /// How wide a number line it covers: truth values, integers, reals.
    fn category(self) -> u8 {
        match self {
            DType::Bool => 0,
            DType::U8 | DType::I32 | DType::I64 => 1,
            DType::F32 | DType::F64 | DType::Str => 2,
        }
    }
}

/// The common type of several operands. Weak ones (literals and what is computed from them) take the dtype of the
/// typed ones, unless they are of a wider category: then they bring `i64` or `f64`. Text and numbers have none.
pub fn promote(operands: &[ElementType]) -> Option<ElementType> {
    if let &[a, b] = operands {
        return match (a.weak, b.weak) {
            (true, false) => b.meet(a.dtype),
            (false, true) => a.meet(b.dtype),
            (weak, _) => Some(ElementType { dtype: a.dtype.promote(b.dtype)?, weak }),
        };
    }
    let mut typed: Option<DType> = None;
    let mut weak: Option<DType> = None;
    for operand in operands {
        let side = if operand.weak { &mut weak } else { &mut typed };
        *side = Some(match *side {
            Some(dtype) => dtype.promote(operand.dtype)?,
            None => operand.dtype,
        });
    }
    match (typed, weak) {
        (Some(typed), Some(weak)) => ElementType::typed(typed).meet(weak),
        (Some(typed), None) => Some(ElementType::typed(typed)),
        (None, Some(weak)) => Some(ElementType::weak(weak)),
        (None, None) => Some(ElementType::weak(DType::F64)),
    }
}

impl ElementType {
    /// The type of a typed operand together with a weak number.
    fn meet(self, weak: DType) -> Option<ElementType> {
        match self.dtype {
            DType::Str => None,
            typed if weak.category() > typed.category() => Some(ElementType::typed(weak)),
            typed => Some(ElementType::typed(typed)),
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
