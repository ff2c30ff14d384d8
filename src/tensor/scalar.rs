//! One typed number: a tensor without axes that needs no heap.

use super::DType;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    Bool(bool),
    U8(u8),
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
}

impl Scalar {
    /// The same dtype and the same bits?
    pub fn is_identical(self, other: Scalar) -> bool {
        match (self, other) {
            (Scalar::F32(x), Scalar::F32(y)) => x.to_bits() == y.to_bits(),
            (Scalar::F64(x), Scalar::F64(y)) => x.to_bits() == y.to_bits(),
            (x, y) => x == y,
        }
    }

    pub fn dtype(self) -> DType {
        match self {
            Scalar::Bool(_) => DType::Bool,
            Scalar::U8(_) => DType::U8,
            Scalar::I32(_) => DType::I32,
            Scalar::I64(_) => DType::I64,
            Scalar::F32(_) => DType::F32,
            Scalar::F64(_) => DType::F64,
        }
    }

    /// The nearest `f64`; truth values are 0 and 1.
    pub fn as_f64(self) -> f64 {
        match self {
            Scalar::Bool(x) => f64::from(u8::from(x)),
            Scalar::U8(x) => f64::from(x),
            Scalar::I32(x) => f64::from(x),
            Scalar::I64(x) => x as f64,
            Scalar::F32(x) => f64::from(x),
            Scalar::F64(x) => x,
        }
    }

    /// The value where it is an integer: truth values and floats are none.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Scalar::U8(x) => Some(i64::from(x)),
            Scalar::I32(x) => Some(i64::from(x)),
            Scalar::I64(x) => Some(x),
            Scalar::Bool(_) | Scalar::F32(_) | Scalar::F64(_) => None,
        }
    }

    pub fn as_bool(self) -> Option<bool> {
        match self {
            Scalar::Bool(x) => Some(x),
            _ => None,
        }
    }

    /// In `dtype` if nothing is lost: an integer that fits, a float that is whole and fits, 0 and 1 as truth values.
    /// A float may be rounded to `f32` but not overflow it.
    pub fn fit(self, dtype: DType) -> Option<Scalar> {
        let whole = match self {
            Scalar::Bool(x) => Some(i64::from(x)),
            Scalar::U8(_) | Scalar::I32(_) | Scalar::I64(_) => self.as_i64(),
            // i64::MAX as f64 is 2^63, one past what fits.
            Scalar::F32(_) | Scalar::F64(_) => {
                let x = self.as_f64();
                (x.trunc() == x && x >= i64::MIN as f64 && x < i64::MAX as f64).then_some(x as i64)
            }
        };
        match dtype {
            DType::Bool => match whole? {
                0 => Some(Scalar::Bool(false)),
                1 => Some(Scalar::Bool(true)),
                _ => None,
            },
            DType::U8 => u8::try_from(whole?).ok().map(Scalar::U8),
            DType::I32 => i32::try_from(whole?).ok().map(Scalar::I32),
            DType::I64 => whole.map(Scalar::I64),
            DType::F32 | DType::F64 => {
                let x = self.as_f64();
                let there = if dtype == DType::F32 { f64::from(x as f32) } else { x };
                let kept = match self {
                    Scalar::F32(_) | Scalar::F64(_) => there.is_infinite() == x.is_infinite(),
                    // From 2^63 on the way back would saturate.
                    _ => there < i64::MAX as f64 && Some(there as i64) == whole,
                };
                match dtype {
                    DType::F32 => kept.then_some(Scalar::F32(there as f32)),
                    _ => kept.then_some(Scalar::F64(there)),
                }
            }
            DType::Str => None,
        }
    }
}
