//! Functions of one number or two, compiled into loops over elements.
//!
//! Short values run through loops for every form of operand; long ones run tile by tile in clusters, where all operands
//! are slices, with the loops that are compiled for every instruction set.

use super::versioned::versioned;
use crate::isa::Isa;
use crate::tensor::{Element, Scalar, Text};
use std::borrow::Cow;

/// A stretch of an operand.
#[derive(Clone, Copy, Debug)]
pub enum Run<'a, T> {
    Each(&'a [T]),
    Same(T),
}

impl<'a, T: Copy> Run<'a, T> {
    /// `count` elements as a slice.
    pub fn each(self, count: usize) -> Cow<'a, [T]> {
        match self {
            Run::Each(values) => Cow::Borrowed(values),
            Run::Same(value) => Cow::Owned(vec![value; count]),
        }
    }
}

/// A number type.
pub trait Number: Element + Copy + Send + Sync {
    fn to_scalar(self) -> Scalar;
    /// Converted as Rust's `as` does: floats saturate, integers wrap.
    fn of_scalar(scalar: Scalar) -> Self;
}

/// A function of one number, as the compiler sees it.
pub trait Eval1<T: Copy> {
    type Out;
    fn eval(a: T) -> Self::Out;
    /// Is there a faster form that does not reach everywhere?
    const HAS_FAST: bool = false;
    /// The result, unless `a` is rare.
    #[inline(always)]
    fn fast(a: T) -> Self::Out {
        Self::eval(a)
    }
    #[inline(always)]
    fn is_rare(_: T) -> bool {
        false
    }
}

/// A function of two numbers, as the compiler sees it.
pub trait Eval2<T: Copy> {
    type Out;
    fn eval(a: T, b: T) -> Self::Out;
    /// Are there operands on the right with which `brief` has the same result?
    const HAS_BRIEF: bool = false;
    #[inline(always)]
    fn is_brief(_: T) -> bool {
        false
    }
    #[inline(always)]
    fn brief(a: T, b: T) -> Self::Out {
        Self::eval(a, b)
    }
}

type Fresh3<T> = fn(Isa, &mut [T], &[T], &[T], &[T]);

/// A function of three numbers, as the compiler sees it.
pub trait Eval3<T> {
    fn eval(a: T, b: T, c: T) -> T;
}

/// The loops of a function of one number.
pub struct Map1<T, R> {
    pub one: fn(T) -> R,
    pub fresh: fn(Isa, &mut [R], &[T]),
}

/// The loops of a function of two numbers.
pub struct Map2<T, R> {
    pub one: fn(T, T) -> R,
    pub fresh: fn(Isa, &mut [R], &[T], &[T]),
    pub short: fn(&mut [R], Run<T>, Run<T>),
    pub in_place: Option<InPlace<T>>,
}

/// The loop of a function of three numbers.
pub struct Map3<T> {
    pub fresh: Fresh3<T>,
}

/// Loops that write on one of their operands, for short values.
pub struct InPlace<T> {
    /// The other operand stands on the right.
    pub left: fn(&mut [T], Run<T>),
    /// The other operand stands on the left.
    pub right: fn(&mut [T], Run<T>),
}

macro_rules! loops {
    ($(#[$doc:meta])* $name:ident of $map:ident $(, $extra:ident($type:ty))*) => {
        $(#[$doc])*
        pub enum $name {
            Bool($map<bool, bool>),
            U8($map<u8, u8>),
            I32($map<i32, i32>),
            I64($map<i64, i64>),
            F32($map<f32, f32>),
            F64($map<f64, f64>),
            TestU8($map<u8, bool>),
            TestI32($map<i32, bool>),
            TestI64($map<i64, bool>),
            TestF32($map<f32, bool>),
            TestF64($map<f64, bool>),
            $($extra($type),)*
        }
    };
}

loops!(
    /// A function of one operand, for one dtype: to the same dtype, or to a truth value.
    Unary of Map1
);
loops!(
    /// A function of two operands, for one dtype: to the same dtype, or to a truth value.
    Binary of Map2, Text(fn(&str, &str) -> Text), TestText(fn(&str, &str) -> bool)
);

macro_rules! numbers {
    ($($type:ident: $variant:ident;)+) => {
        $(
            impl Number for $type {
                #[inline]
                fn to_scalar(self) -> Scalar {
                    Scalar::$variant(self)
                }
                #[inline]
                fn of_scalar(scalar: Scalar) -> $type {
                    match scalar {
                        Scalar::Bool(x) => u8::from(x) as $type,
                        Scalar::U8(x) => x as $type,
                        Scalar::I32(x) => x as $type,
                        Scalar::I64(x) => x as $type,
                        Scalar::F32(x) => x as $type,
                        Scalar::F64(x) => x as $type,
                    }
                }
            }
        )+
    };
}

numbers! {
    u8: U8;
    i32: I32;
    i64: I64;
    f32: F32;
    f64: F64;
}

impl Number for bool {
    #[inline]
    fn to_scalar(self) -> Scalar {
        Scalar::Bool(self)
    }
    #[inline]
    fn of_scalar(scalar: Scalar) -> bool {
        scalar.as_f64() != 0.0
    }
}

impl<T: Copy, R> Map1<T, R> {
    pub const fn new<F: Eval1<T, Out = R>>() -> Map1<T, R> {
        Map1 { one: F::eval, fresh: fresh1::<F, T> }
    }
}

impl<T: Copy> Map3<T> {
    pub const fn new<F: Eval3<T>>() -> Map3<T> {
        Map3 { fresh: fresh3::<F, T> }
    }
}

impl<T: Copy, R: Copy> Map2<T, R> {
    pub const fn new<F: Eval2<T, Out = R>>() -> Map2<T, R> {
        Map2 { one: F::eval, fresh: fresh2::<F, T>, short: short2::<F, T>, in_place: None }
    }
}

impl<T: Copy> Map2<T, T> {
    pub const fn closed<F: Eval2<T, Out = T>>() -> Map2<T, T> {
        let in_place = InPlace { left: left2::<F, T>, right: right2::<F, T> };
        Map2 { one: F::eval, fresh: fresh2::<F, T>, short: short2::<F, T>, in_place: Some(in_place) }
    }
}

versioned! {
    fn fresh1[F: Eval1<T>, T: Copy]<F, T>(out: &mut [F::Out], a: &[T]) {
        for (out, &a) in out.iter_mut().zip(a) {
            *out = F::fast(a);
        }
        if F::HAS_FAST && a.iter().fold(false, |rare, &a| rare | F::is_rare(a)) {
            for (out, &a) in out.iter_mut().zip(a).filter(|(_, a)| F::is_rare(**a)) {
                *out = F::eval(a);
            }
        }
    }

    fn fresh2[F: Eval2<T>, T: Copy]<F, T>(out: &mut [F::Out], a: &[T], b: &[T]) {
        if F::HAS_BRIEF && b.iter().all(|&b| F::is_brief(b)) {
            for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                *out = F::brief(a, b);
            }
            return;
        }
        for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
            *out = F::eval(a, b);
        }
    }

    fn fresh3[F: Eval3<T>, T: Copy]<F, T>(out: &mut [T], a: &[T], b: &[T], c: &[T]) {
        for (((out, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c) {
            *out = F::eval(a, b, c);
        }
    }
}

fn short2<F: Eval2<T>, T: Copy>(out: &mut [F::Out], a: Run<T>, b: Run<T>)
where
    F::Out: Copy,
{
    match (a, b) {
        (Run::Each(a), Run::Each(b)) => {
            for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
                *out = F::eval(a, b);
            }
        }
        (Run::Each(a), Run::Same(b)) if F::HAS_BRIEF && F::is_brief(b) => {
            for (out, &a) in out.iter_mut().zip(a) {
                *out = F::brief(a, b);
            }
        }
        (Run::Each(a), Run::Same(b)) => {
            for (out, &a) in out.iter_mut().zip(a) {
                *out = F::eval(a, b);
            }
        }
        (Run::Same(a), Run::Each(b)) => {
            for (out, &b) in out.iter_mut().zip(b) {
                *out = F::eval(a, b);
            }
        }
        (Run::Same(a), Run::Same(b)) => out.fill(F::eval(a, b)),
    }
}

fn left2<F: Eval2<T, Out = T>, T: Copy>(a: &mut [T], b: Run<T>) {
    match b {
        Run::Each(b) => {
            for (a, &b) in a.iter_mut().zip(b) {
                *a = F::eval(*a, b);
            }
        }
        Run::Same(b) if F::HAS_BRIEF && F::is_brief(b) => {
            for a in a {
                *a = F::brief(*a, b);
            }
        }
        Run::Same(b) => {
            for a in a {
                *a = F::eval(*a, b);
            }
        }
    }
}

fn right2<F: Eval2<T, Out = T>, T: Copy>(b: &mut [T], a: Run<T>) {
    match a {
        Run::Each(a) => {
            for (b, &a) in b.iter_mut().zip(a) {
                *b = F::eval(a, *b);
            }
        }
        Run::Same(a) => {
            for b in b {
                *b = F::eval(a, *b);
            }
        }
    }
}

/// `name(dtype)` gives the loops of a function of one number, for the dtypes listed: `closed` to the same dtype,
/// `test` to a truth value.
macro_rules! unary_loops {
    ($($(#[$doc:meta])* $name:ident $form:ident { $($($type:ident)+ => |$a:ident| $body:expr;)+ })+) => {$(
        $(#[$doc])*
        pub fn $name(dtype: $crate::tensor::DType) -> Option<&'static $crate::cpu::Unary> {
            struct F;
            $($(
                impl $crate::cpu::loops::Eval1<$type> for F {
                    type Out = $crate::cpu::loops::out!($form $type);
                    #[inline(always)]
                    fn eval($a: $type) -> Self::Out {
                        $body
                    }
                }
                if dtype == <$type as $crate::tensor::Element>::DTYPE {
                    static LOOPS: $crate::cpu::Unary = $crate::cpu::loops::map!(Unary Map1 $form $type F);
                    return Some(&LOOPS);
                }
            )+)+
            None
        }
    )+};
}

/// As `unary_loops!`, of two numbers, and of two texts where `text` is given.
macro_rules! binary_loops {
    ($(
        $(#[$doc:meta])*
        $name:ident $form:ident $(text($text:expr))? {
            $($($type:ident)+ => |$a:ident, $b:ident| $body:expr;)+
        }
    )+) => {$(
        $(#[$doc])*
        pub fn $name(dtype: $crate::tensor::DType) -> Option<&'static $crate::cpu::Binary> {
            struct F;
            $($(
                impl $crate::cpu::loops::Eval2<$type> for F {
                    type Out = $crate::cpu::loops::out!($form $type);
                    #[inline(always)]
                    fn eval($a: $type, $b: $type) -> Self::Out {
                        $body
                    }
                }
                if dtype == <$type as $crate::tensor::Element>::DTYPE {
                    static LOOPS: $crate::cpu::Binary = $crate::cpu::loops::map!(Binary Map2 $form $type F);
                    return Some(&LOOPS);
                }
            )+)+
            $(if dtype == $crate::tensor::DType::Str {
                static LOOPS: $crate::cpu::Binary = $crate::cpu::loops::text_loops!($form $text);
                return Some(&LOOPS);
            })?
            None
        }
    )+};
}

macro_rules! out {
    (closed $type:ident) => {
        $type
    };
    (test $type:ident) => {
        bool
    };
}

macro_rules! map {
    ($loops:ident $map:ident closed bool $f:ident) => { $crate::cpu::loops::map!(@ $loops Bool $map closed $f) };
    ($loops:ident $map:ident closed u8 $f:ident) => { $crate::cpu::loops::map!(@ $loops U8 $map closed $f) };
    ($loops:ident $map:ident closed i32 $f:ident) => { $crate::cpu::loops::map!(@ $loops I32 $map closed $f) };
    ($loops:ident $map:ident closed i64 $f:ident) => { $crate::cpu::loops::map!(@ $loops I64 $map closed $f) };
    ($loops:ident $map:ident closed f32 $f:ident) => { $crate::cpu::loops::map!(@ $loops F32 $map closed $f) };
    ($loops:ident $map:ident closed f64 $f:ident) => { $crate::cpu::loops::map!(@ $loops F64 $map closed $f) };
    ($loops:ident $map:ident test bool $f:ident) => { $crate::cpu::loops::map!(@ $loops Bool $map new $f) };
    ($loops:ident $map:ident test u8 $f:ident) => { $crate::cpu::loops::map!(@ $loops TestU8 $map new $f) };
    ($loops:ident $map:ident test i32 $f:ident) => { $crate::cpu::loops::map!(@ $loops TestI32 $map new $f) };
    ($loops:ident $map:ident test i64 $f:ident) => { $crate::cpu::loops::map!(@ $loops TestI64 $map new $f) };
    ($loops:ident $map:ident test f32 $f:ident) => { $crate::cpu::loops::map!(@ $loops TestF32 $map new $f) };
    ($loops:ident $map:ident test f64 $f:ident) => { $crate::cpu::loops::map!(@ $loops TestF64 $map new $f) };
    (@ Unary $variant:ident $map:ident $new:ident $f:ident) => {
        $crate::cpu::Unary::$variant($crate::cpu::loops::$map::new::<$f>())
    };
    (@ $loops:ident $variant:ident $map:ident $new:ident $f:ident) => {
        $crate::cpu::$loops::$variant($crate::cpu::loops::$map::$new::<$f>())
    };
}

macro_rules! text_loops {
    (closed $text:expr) => {
        $crate::cpu::Binary::Text($text)
    };
    (test $text:expr) => {
        $crate::cpu::Binary::TestText($text)
    };
}

pub(super) use {binary_loops, map, out, text_loops, unary_loops};
