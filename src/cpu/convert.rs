//! From one dtype to another.

use super::cluster::{self, Work};
use super::{Number, mistyped};
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{Array, DType, Data, Device, Element, Tensor};

/// Elements from which on a conversion runs as a cluster of its own.
const LONG: usize = 1024;

/// A conversion between two number types as Rust's `as` does it: floats saturate, integers wrap.
pub(super) trait To<R> {
    fn to(self) -> R;
}

macro_rules! conversions {
    ($($from:ident)+ => $all:tt) => { $(conversions!(@ $from $all);)+ };
    (@ $from:ident ($($to:ident)+)) => {
        $(impl To<$to> for $from {
            #[inline(always)]
            fn to(self) -> $to {
                self as $to
            }
        })+
        impl To<bool> for $from {
            #[inline(always)]
            fn to(self) -> bool {
                self != 0 as $from
            }
        }
    };
}

conversions!(u8 i32 i64 f32 f64 => (u8 i32 i64 f32 f64));

macro_rules! from_bool {
    ($($to:ident)+) => {
        $(impl To<$to> for bool {
            #[inline(always)]
            fn to(self) -> $to {
                u8::from(self) as $to
            }
        })+
    };
}

from_bool!(u8 i32 i64 f32 f64);

impl To<bool> for bool {
    #[inline(always)]
    fn to(self) -> bool {
        self
    }
}

fn collect<T: Number + To<R>, R: Element>(tensor: &Tensor) -> Option<Tensor> {
    let values: Vec<R> = match tensor.as_slice::<T>() {
        Some(slice) => slice.iter().map(|&x| x.to()).collect(),
        None => tensor.walk::<T>()?.map(To::to).collect(),
    };
    Some(Tensor::from_vec(values, tensor.shape()))
}

/// All elements in `dtype`, without a look at whether they fit. Text does not convert.
pub fn convert(cx: &Context, tensor: &Tensor, dtype: DType) -> Result<Tensor> {
    cx.reserve(tensor.size(), dtype.size(), || crate::tensor::type_name(dtype, tensor.shape(), Device::Cpu))?;
    if tensor.size() >= LONG && tensor.dtype() != DType::Str && dtype != DType::Str {
        let input = &mut [Array::Tensor(tensor.clone())];
        return cluster::run_step(cx, Work::Convert(dtype), tensor.dtype(), input, tensor.shape());
    }
    macro_rules! to {
        ($from:ident) => {
            match dtype {
                DType::Bool => collect::<$from, bool>(tensor),
                DType::U8 => collect::<$from, u8>(tensor),
                DType::I32 => collect::<$from, i32>(tensor),
                DType::I64 => collect::<$from, i64>(tensor),
                DType::F32 => collect::<$from, f32>(tensor),
                DType::F64 => collect::<$from, f64>(tensor),
                DType::Str => None,
            }
        };
    }
    let converted = match tensor.data() {
        Data::Bool(_) => to!(bool),
        Data::U8(_) => to!(u8),
        Data::I32(_) => to!(i32),
        Data::I64(_) => to!(i64),
        Data::F32(_) => to!(f32),
        Data::F64(_) => to!(f64),
        Data::Str(_) => None,
    };
    converted.ok_or_else(mistyped)
}

/// As `convert`, of any array that is no text.
pub fn convert_array(cx: &Context, array: &Array, dtype: DType) -> Result<Tensor> {
    match array {
        Array::Tensor(tensor) if tensor.dtype() == dtype => Ok(tensor.clone()),
        other => convert(cx, &other.to_tensor().ok_or_else(mistyped)?, dtype),
    }
}
