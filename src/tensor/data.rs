//! Buffers: one vector of one element type.

use super::{DType, Scalar};
use std::rc::Rc;

/// An element of a `str` tensor.
pub type Text = Rc<str>;

/// Bytes an element of a `str` tensor takes besides its text: its place, and the counts of references.
pub const TEXT_OVERHEAD: usize = size_of::<Text>() + 2 * size_of::<usize>();

#[derive(Clone, Debug)]
pub enum Data {
    Bool(Vec<bool>),
    U8(Vec<u8>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Str(Vec<Text>),
}

/// A type that buffers hold.
pub trait Element: Clone + Default + PartialEq + std::fmt::Debug + 'static {
    const DTYPE: DType;
    fn wrap(values: Vec<Self>) -> Data;
    fn of(data: &Data) -> Option<&Vec<Self>>;
    fn of_mut(data: &mut Data) -> Option<&mut Vec<Self>>;
    /// The value as a scalar; text has none.
    fn scalar(&self) -> Option<Scalar>;
}

/// Runs `$body` with `$values` bound to the vector, whatever its type.
macro_rules! with_data {
    ($data:expr, $values:ident => $body:expr) => {
        match $data {
            $crate::tensor::Data::Bool($values) => $body,
            $crate::tensor::Data::U8($values) => $body,
            $crate::tensor::Data::I32($values) => $body,
            $crate::tensor::Data::I64($values) => $body,
            $crate::tensor::Data::F32($values) => $body,
            $crate::tensor::Data::F64($values) => $body,
            $crate::tensor::Data::Str($values) => $body,
        }
    };
}
/// As `with_data!` for numbers and truth values, which threads may share; `$other` for text.
macro_rules! with_numbers {
    ($data:expr, $values:ident => $body:expr, $texts:ident => $other:expr) => {
        match $data {
            $crate::tensor::Data::Bool($values) => $body,
            $crate::tensor::Data::U8($values) => $body,
            $crate::tensor::Data::I32($values) => $body,
            $crate::tensor::Data::I64($values) => $body,
            $crate::tensor::Data::F32($values) => $body,
            $crate::tensor::Data::F64($values) => $body,
            $crate::tensor::Data::Str($texts) => $other,
        }
    };
}
pub(crate) use {with_data, with_numbers};

impl Data {
    pub fn dtype(&self) -> DType {
        match self {
            Data::Bool(_) => DType::Bool,
            Data::U8(_) => DType::U8,
            Data::I32(_) => DType::I32,
            Data::I64(_) => DType::I64,
            Data::F32(_) => DType::F32,
            Data::F64(_) => DType::F64,
            Data::Str(_) => DType::Str,
        }
    }

    pub fn len(&self) -> usize {
        with_data!(self, values => values.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `position` of the buffer; none where there is none, or where it is text.
    #[inline]
    pub fn scalar(&self, position: usize) -> Option<Scalar> {
        with_data!(self, values => values.get(position)?.scalar())
    }

    /// `count` elements of zero, false or empty text.
    pub fn zeros(dtype: DType, count: usize) -> Data {
        match dtype {
            DType::Bool => Data::Bool(vec![false; count]),
            DType::U8 => Data::U8(vec![0; count]),
            DType::I32 => Data::I32(vec![0; count]),
            DType::I64 => Data::I64(vec![0; count]),
            DType::F32 => Data::F32(vec![0.0; count]),
            DType::F64 => Data::F64(vec![0.0; count]),
            DType::Str => Data::Str(vec![Text::default(); count]),
        }
    }
}

macro_rules! elements {
    ($($type:ty => $variant:ident, $scalar:expr;)+) => {
        $(impl Element for $type {
            const DTYPE: DType = DType::$variant;
            fn wrap(values: Vec<$type>) -> Data {
                Data::$variant(values)
            }
            #[inline]
            fn of(data: &Data) -> Option<&Vec<$type>> {
                match data {
                    Data::$variant(values) => Some(values),
                    _ => None,
                }
            }
            #[inline]
            fn of_mut(data: &mut Data) -> Option<&mut Vec<$type>> {
                match data {
                    Data::$variant(values) => Some(values),
                    _ => None,
                }
            }
            #[inline]
            fn scalar(&self) -> Option<Scalar> {
                let scalar: fn(&$type) -> Option<Scalar> = $scalar;
                scalar(self)
            }
        })+
    };
}

elements! {
    bool => Bool, |x| Some(Scalar::Bool(*x));
    u8 => U8, |x| Some(Scalar::U8(*x));
    i32 => I32, |x| Some(Scalar::I32(*x));
    i64 => I64, |x| Some(Scalar::I64(*x));
    f32 => F32, |x| Some(Scalar::F32(*x));
    f64 => F64, |x| Some(Scalar::F64(*x));
    Text => Str, |_| None;
}
