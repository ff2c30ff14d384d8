//! Operations on single numbers, made ready to run again and again: what a cluster is to tiles.
//!
//! A number lies in a word, whatever its dtype. Every step is the function that runs alone on numbers, so that the bits
//! are the same. A step that cannot tell its result says no, and leaves it to who can.

use super::convert::To;
use super::loops::{Binary, Map1, Map2, Unary};
use crate::tensor::{DType, Data, Scalar};

/// Reads words and writes one. Does it know its result?
pub type Code = Box<dyn Fn(&mut [u64]) -> bool>;

/// A number as it lies in a word.
trait Word: Copy + 'static {
    fn word(self) -> u64;
    fn of(word: u64) -> Self;
}

macro_rules! words {
    ($($type:ident: |$x:ident| $to:expr, |$word:ident| $from:expr;)+) => {$(
        impl Word for $type {
            #[inline(always)]
            fn word(self) -> u64 {
                let $x = self;
                $to
            }
            #[inline(always)]
            fn of($word: u64) -> $type {
                $from
            }
        }
    )+};
}

words! {
    bool: |x| u64::from(x), |word| word != 0;
    u8: |x| u64::from(x), |word| word as u8;
    i32: |x| x as u64, |word| word as i32;
    i64: |x| x as u64, |word| word as i64;
    f32: |x| u64::from(x.to_bits()), |word| f32::from_bits(word as u32);
    f64: |x| x.to_bits(), |word| f64::from_bits(word);
}

/// The word of a number.
pub fn word(scalar: Scalar) -> u64 {
    match scalar {
        Scalar::Bool(x) => x.word(),
        Scalar::U8(x) => x.word(),
        Scalar::I32(x) => x.word(),
        Scalar::I64(x) => x.word(),
        Scalar::F32(x) => x.word(),
        Scalar::F64(x) => x.word(),
    }
}

/// The number in a word; none of text.
pub fn scalar(dtype: DType, word: u64) -> Option<Scalar> {
    Some(match dtype {
        DType::Bool => Scalar::Bool(bool::of(word)),
        DType::U8 => Scalar::U8(u8::of(word)),
        DType::I32 => Scalar::I32(i32::of(word)),
        DType::I64 => Scalar::I64(i64::of(word)),
        DType::F32 => Scalar::F32(f32::of(word)),
        DType::F64 => Scalar::F64(f64::of(word)),
        DType::Str => return None,
    })
}

/// The numbers in words as a buffer; none of text.
pub fn data(words: &[u64], dtype: DType) -> Option<Data> {
    fn all<T: Word>(words: &[u64]) -> Vec<T> {
        words.iter().map(|&word| T::of(word)).collect()
    }
    Some(match dtype {
        DType::Bool => Data::Bool(all(words)),
        DType::U8 => Data::U8(all(words)),
        DType::I32 => Data::I32(all(words)),
        DType::I64 => Data::I64(all(words)),
        DType::F32 => Data::F32(all(words)),
        DType::F64 => Data::F64(all(words)),
        DType::Str => return None,
    })
}

#[inline(always)]
fn get<T: Word>(words: &[u64], at: usize) -> T {
    T::of(words.get(at).copied().unwrap_or(0))
}

#[inline(always)]
fn set<T: Word>(words: &mut [u64], at: usize, value: T) -> bool {
    words.get_mut(at).is_some_and(|word| {
        *word = value.word();
        true
    })
}

fn unary_code<T: Word, R: Word>(map: &Map1<T, R>, a: usize, to: usize) -> Code {
    let one = map.one;
    Box::new(move |words| set(words, to, one(get(words, a))))
}

fn binary_code<T: Word, R: Word>(map: &Map2<T, R>, [a, b]: [usize; 2], to: usize) -> Code {
    let one = map.one;
    Box::new(move |words| set(words, to, one(get(words, a), get(words, b))))
}

/// A function of one number.
pub fn unary(loops: &'static Unary, a: usize, to: usize) -> Code {
    macro_rules! run {
        ($($variant:ident)+) => {
            match loops {
                $(Unary::$variant(map) => unary_code(map, a, to),)+
            }
        };
    }
    run!(Bool U8 I32 I64 F32 F64 TestU8 TestI32 TestI64 TestF32 TestF64)
}

/// A function of two numbers; none of text.
pub fn binary(loops: &'static Binary, operands: [usize; 2], to: usize) -> Option<Code> {
    macro_rules! run {
        ($($variant:ident)+) => {
            match loops {
                $(Binary::$variant(map) => Some(binary_code(map, operands, to)),)+
                Binary::Text(_) | Binary::TestText(_) => None,
            }
        };
    }
    run!(Bool U8 I32 I64 F32 F64 TestU8 TestI32 TestI64 TestF32 TestF64)
}

/// A function of integers that does not always have a result.
pub fn exact(function: impl Fn(i64, i64) -> Option<i64> + 'static, [a, b]: [usize; 2], to: usize) -> Code {
    Box::new(move |words| function(get(words, a), get(words, b)).is_some_and(|result| set(words, to, result)))
}

/// The second number where the first holds, else the third, whatever they are.
pub fn select([condition, a, b]: [usize; 3], to: usize) -> Code {
    Box::new(move |words| {
        let chosen = if get(words, condition) { a } else { b };
        set::<i64>(words, to, get(words, chosen))
    })
}

/// A number in another dtype; none of text.
pub fn convert(from: DType, into: DType, a: usize, to: usize) -> Option<Code> {
    fn code<T: Word + To<R>, R: Word>(a: usize, to: usize) -> Code {
        Box::new(move |words| set::<R>(words, to, get::<T>(words, a).to()))
    }
    macro_rules! into {
        ($from:ident) => {
            match into {
                DType::Bool => code::<$from, bool>(a, to),
                DType::U8 => code::<$from, u8>(a, to),
                DType::I32 => code::<$from, i32>(a, to),
                DType::I64 => code::<$from, i64>(a, to),
                DType::F32 => code::<$from, f32>(a, to),
                DType::F64 => code::<$from, f64>(a, to),
                DType::Str => return None,
            }
        };
    }
    Some(match from {
        DType::Bool => into!(bool),
        DType::U8 => into!(u8),
        DType::I32 => into!(i32),
        DType::I64 => into!(i64),
        DType::F32 => into!(f32),
        DType::F64 => into!(f64),
        DType::Str => return None,
    })
}

/// Looks whether an integer is larger than zero: no operation refuses such a one on its right.
pub fn positive(dtype: DType, operand: usize) -> Code {
    Box::new(move |words| match dtype {
        DType::U8 => get::<u8>(words, operand) > 0,
        DType::I32 => get::<i32>(words, operand) > 0,
        DType::I64 => get::<i64>(words, operand) > 0,
        _ => true,
    })
}
