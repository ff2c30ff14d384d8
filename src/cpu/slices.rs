//! Parts of buffers of any dtype of numbers, which threads may share. Text, whose counts of references belong to one
//! thread, is none of them.

use super::copy::Turned;
use super::loops::Number;
use super::versioned::prefetch;
use crate::tensor::{DType, Data, Scalar, Walk};

macro_rules! slices {
    ($($variant:ident $type:ident),+) => {
        /// Elements that are read.
        #[derive(Clone, Copy)]
        pub enum Slice<'a> {
            $($variant(&'a [$type]),)+
        }

        /// Elements that are written.
        pub enum SliceMut<'a> {
            $($variant(&'a mut [$type]),)+
        }

        /// Elements of a thread's own, which it may leave to another thread.
        pub enum Buffer {
            $($variant(Vec<$type>),)+
        }

        /// Elements that are read in another order than they lie in.
        pub enum AnyWalk<'a> {
            $($variant(Walk<'a, $type>),)+
        }

        impl Buffer {
            /// None of text.
            pub fn zeros(dtype: DType, count: usize) -> Buffer {
                match dtype {
                    $(DType::$variant => Buffer::$variant(vec![Default::default(); count]),)+
                    DType::Str => Buffer::empty(),
                }
            }

            pub fn resize(&mut self, count: usize) {
                match self {
                    $(Buffer::$variant(values) => values.resize(count, Default::default()),)+
                }
            }

            pub fn empty() -> Buffer {
                Buffer::Bool(vec![])
            }

            pub fn as_slice(&self) -> Slice<'_> {
                match self {
                    $(Buffer::$variant(values) => Slice::$variant(values),)+
                }
            }

            pub fn as_slice_mut(&mut self) -> SliceMut<'_> {
                match self {
                    $(Buffer::$variant(values) => SliceMut::$variant(values),)+
                }
            }
        }

        impl<'a> Slice<'a> {
            /// All of a buffer; none of text.
            pub fn of(data: &'a Data) -> Option<Slice<'a>> {
                match data {
                    $(Data::$variant(values) => Some(Slice::$variant(values)),)+
                    Data::Str(_) => None,
                }
            }

            pub fn dtype(self) -> DType {
                match self {
                    $(Slice::$variant(_) => DType::$variant,)+
                }
            }

            pub fn len(self) -> usize {
                match self {
                    $(Slice::$variant(values) => values.len(),)+
                }
            }

            /// `count` elements from `start` on, if there are so many.
            #[inline]
            pub fn part(self, start: usize, count: usize) -> Option<Slice<'a>> {
                match self {
                    $(Slice::$variant(values) => values.get(start..start.checked_add(count)?).map(Slice::$variant),)+
                }
            }

            /// How a view, which keeps within this buffer, is read in tiles, if that pays.
            pub fn turned(self, offset: usize, shape: &[usize], strides: &[isize]) -> Option<Turned> {
                match self {
                    $(Slice::$variant(values) => Turned::of(&Walk::new(values, offset, shape, strides)),)+
                }
            }

            /// Asks for the elements, which are read soon.
            pub fn prefetch(self) {
                match self {
                    $(Slice::$variant(values) => prefetch(values),)+
                }
            }

            /// The elements of a view, which keeps within this buffer, from the one with the number `start` on.
            pub fn walk(self, offset: usize, shape: &[usize], strides: &[isize], start: usize) -> AnyWalk<'a> {
                match self {
                    $(Slice::$variant(values) => {
                        AnyWalk::$variant(Walk::new(values, offset, shape, strides).starting_at(start))
                    })+
                }
            }
        }

        impl<'a> SliceMut<'a> {
            pub fn empty() -> SliceMut<'a> {
                SliceMut::Bool(&mut [])
            }

            pub fn of(data: &'a mut Data) -> Option<SliceMut<'a>> {
                match data {
                    $(Data::$variant(values) => Some(SliceMut::$variant(values)),)+
                    Data::Str(_) => None,
                }
            }

            pub fn len(&self) -> usize {
                match self {
                    $(SliceMut::$variant(values) => values.len(),)+
                }
            }

            pub fn as_slice(&self) -> Slice<'_> {
                match self {
                    $(SliceMut::$variant(values) => Slice::$variant(values),)+
                }
            }

            /// `count` elements from `start` on, if there are so many.
            pub fn part_mut(&mut self, start: usize, count: usize) -> Option<SliceMut<'_>> {
                match self {
                    $(SliceMut::$variant(values) => {
                        values.get_mut(start..start.checked_add(count)?).map(SliceMut::$variant)
                    })+
                }
            }

            /// The first `count` elements, if there are so many.
            pub fn first(self, count: usize) -> Option<SliceMut<'a>> {
                match self {
                    $(SliceMut::$variant(values) => values.get_mut(..count).map(SliceMut::$variant),)+
                }
            }

            /// Pieces of `count` elements, the last of what is left.
            pub fn pieces(self, count: usize) -> Vec<SliceMut<'a>> {
                match self {
                    $(SliceMut::$variant(values) => values.chunks_mut(count.max(1)).map(SliceMut::$variant).collect(),)+
                }
            }

            /// All elements become this number.
            pub fn fill(&mut self, scalar: Scalar) {
                match self {
                    $(SliceMut::$variant(values) => values.fill(<$type>::of_scalar(scalar)),)+
                }
            }

            /// Takes over the elements of a slice of the same dtype and length; another is left alone.
            pub fn copy_from(&mut self, from: Slice) {
                match (self, from) {
                    $((SliceMut::$variant(to), Slice::$variant(from)) if to.len() == from.len() => {
                        to.copy_from_slice(from);
                    })+
                    _ => {}
                }
            }

            /// Takes over the elements of a turned view of a buffer of the same dtype, from the one numbered `first` on.
            pub fn copy_from_turned(&mut self, from: Slice, turned: &Turned, first: usize) {
                match (self, from) {
                    $((SliceMut::$variant(to), Slice::$variant(from)) => turned.part(from, first, to),)+
                    _ => {}
                }
            }

            /// Takes over the next elements of a walk of the same dtype.
            pub fn copy_from_walk(&mut self, from: &mut AnyWalk) {
                match (self, from) {
                    $((SliceMut::$variant(to), AnyWalk::$variant(from)) => from.copy_to(to),)+
                    _ => {}
                }
            }
        }

        $(impl Typed for $type {
            #[inline]
            fn from_slice<'a>(slice: Slice<'a>) -> Option<&'a [$type]> {
                match slice {
                    Slice::$variant(values) => Some(values),
                    _ => None,
                }
            }
            #[inline]
            fn from_slice_mut<'a>(slice: SliceMut<'a>) -> Option<&'a mut [$type]> {
                match slice {
                    SliceMut::$variant(values) => Some(values),
                    _ => None,
                }
            }
            fn to_slice_mut(values: &mut [$type]) -> SliceMut<'_> {
                SliceMut::$variant(values)
            }
        })+
    };
}

slices!(Bool bool, U8 u8, I32 i32, I64 i64, F32 f32, F64 f64);

/// A number type, on its way from and to slices of any.
pub trait Typed: Number {
    fn from_slice(slice: Slice<'_>) -> Option<&[Self]>;
    fn from_slice_mut(slice: SliceMut<'_>) -> Option<&mut [Self]>;
    fn to_slice_mut(values: &mut [Self]) -> SliceMut<'_>;
}
