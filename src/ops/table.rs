//! All primitive operations there are.

use super::{
    Entry, arithmetic, barrier, cast, choose, compare, contract, create, cumulate, debug, index, join, linalg, math,
    parameter, place, random, reduce, sample, select, shape, sort, stop,
};

/// Every entry, family by family.
pub fn table() -> impl Iterator<Item = &'static Entry> {
    let families = [
        arithmetic::TABLE,
        compare::TABLE,
        math::TABLE,
        cast::TABLE,
        select::TABLE,
        shape::TABLE,
        join::TABLE,
        index::TABLE,
        reduce::TABLE,
        cumulate::TABLE,
        sort::TABLE,
        contract::TABLE,
        linalg::TABLE,
        create::TABLE,
        random::TABLE,
        parameter::TABLE,
        sample::TABLE,
        choose::TABLE,
        place::TABLE,
        stop::TABLE,
        barrier::TABLE,
        debug::TABLE,
        crate::graph::cond::TABLE,
        crate::graph::custom::TABLE,
        crate::graph::scan::TABLE,
        crate::graph::while_loop::TABLE,
    ];
    families.into_iter().flatten().copied()
}

/// Declares element-wise ops, with their name, symbol, rule for types and loops, and the family's `TABLE`. Behind these,
/// as far as there are any: `exact` arithmetic of weak integers; a `guard` against operands; `moves`, the partial
/// derivatives or `flat`; `transposed`, the rule of an op that is linear; `wgsl`, expressions for graphics cards.
macro_rules! elementwise {
    ($($(#[$doc:meta])* $op:ident $name:literal $symbol:literal $form:ident $types:ident $loops:path
        $(, exact $exact:expr)? $(, guard $guard:expr)? $(, moves $moves:tt)? $(, transposed $transposed:path)?
        $(, wgsl [$($kind:ident $text:literal),+])?;)+) => {
        $(
            $(#[$doc])*
            pub static $op: $crate::ops::Op = $crate::ops::Op {
                entry: &$crate::ops::Entry {
                    exact: $crate::ops::table::optional!($($exact)?),
                    guard: $crate::ops::table::optional!($($guard)?),
                    derivative: $crate::ops::table::derivative!($($moves)?),
                    transpose: $crate::ops::table::optional!($($transposed)?),
                    batch: $crate::ops::Batch::Elementwise,
                    gpu: $crate::ops::table::wgsl!($($($kind $text),+)?),
                    ..$crate::ops::Entry::of(
                        $name,
                        $symbol,
                        $crate::ops::Arity::Exactly($crate::ops::table::arity!($form)),
                        $crate::ops::Rule::Elementwise($crate::ops::types::$types),
                        $crate::ops::Kernel::$form($loops),
                    )
                },
                attrs: $crate::ops::Attrs::None,
            };
        )+
        pub(super) static TABLE: &[&$crate::ops::Entry] = &[$($op.entry),+];
    };
}

macro_rules! arity {
    (Unary) => {
        1
    };
    (Binary) => {
        2
    };
}

macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

macro_rules! wgsl {
    () => {
        $crate::ops::OnGpu::Missing
    };
    ($($kind:ident $text:literal),+) => {
        $crate::ops::OnGpu::Wgsl($crate::ops::Wgsl { $($kind: Some($text),)+ ..$crate::ops::Wgsl::NONE })
    };
}

macro_rules! derivative {
    () => {
        $crate::ops::Derivative::Missing
    };
    (flat) => {
        $crate::ops::Derivative::Flat
    };
    ([$($partial:expr),+]) => {
        $crate::ops::Derivative::Elementwise(&[$($partial),+])
    };
}

pub(super) use {arity, derivative, elementwise, optional, wgsl};
