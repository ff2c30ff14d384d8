//! All primitive operations there are.

use super::{Entry, arithmetic, cast, compare, contract, create, index, join, math, random, reduce, select, shape};

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
        contract::TABLE,
        create::TABLE,
        random::TABLE,
    ];
    families.into_iter().flatten().copied()
}

/// Declares element-wise ops, with their name, symbol, rule for types and loops, and the family's `TABLE`.
macro_rules! elementwise {
    ($($(#[$doc:meta])* $op:ident $name:literal $symbol:literal $form:ident $types:ident $loops:path
        $(, exact $exact:expr)? $(, guard $guard:expr)?;)+) => {
        $(
            $(#[$doc])*
            pub static $op: $crate::ops::Op = $crate::ops::Op {
                entry: &$crate::ops::Entry {
                    name: $name,
                    symbol: $symbol,
                    arity: $crate::ops::Arity::Exactly($crate::ops::table::arity!($form)),
                    rule: $crate::ops::Rule::Elementwise($crate::ops::types::$types),
                    kernel: $crate::ops::Kernel::$form($loops),
                    exact: $crate::ops::table::optional!($($exact)?),
                    guard: $crate::ops::table::optional!($($guard)?),
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

pub(super) use {arity, elementwise, optional};
