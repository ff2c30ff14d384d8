//! How a builtin is declared.

use super::Args;
use crate::diagnostics::Result;
use crate::interp::{Machine, Value};
use std::fmt::Write;

/// One builtin function and all there is to say of it.
pub struct Builtin {
    pub name: &'static str,
    /// Further names of it, as NumPy has some.
    pub aliases: &'static [&'static str],
    pub params: &'static [Param],
    /// The first line is a summary.
    pub doc: &'static [&'static str],
    /// Code and what it shows.
    pub examples: &'static [(&'static str, &'static str)],
    /// Code that must fail, with the kind of its error.
    pub failures: &'static [(&'static str, &'static str)],
    /// What it needs of its arguments.
    pub elements: Elements,
    /// Is its result new, to be made where new values are made?
    pub creates: bool,
    /// Does it do or see more than its arguments? Then it cannot be part of a graph, which would do it once.
    pub effect: bool,
    pub run: fn(&mut Machine, &mut Args) -> Result<Value>,
}

/// How a builtin meets arguments whose elements are not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elements {
    /// It hands them on to operations, which may run together with what waits.
    Waiting,
    /// It hands them on to operations.
    Settled,
    /// It looks at them.
    AtHand,
}

/// A parameter of a builtin.
pub struct Param {
    pub name: &'static str,
    /// The default as written in the language; none where an argument must be given.
    pub default: Option<&'static str>,
    /// Gathers all further positional arguments; what stands behind it goes by name alone.
    pub rest: bool,
}

impl Builtin {
    /// Its name, and the further ones.
    pub fn names(&'static self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The number of a parameter.
    pub fn param(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|param| param.name == name)
    }

    /// `x, axis=none, *rest`
    pub fn parameters(&self) -> String {
        let mut text = String::new();
        for (i, param) in self.params.iter().enumerate() {
            if i > 0 {
                text.push_str(", ");
            }
            if param.rest {
                text.push('*');
            }
            text.push_str(param.name);
            if let Some(default) = param.default {
                text.push('=');
                text.push_str(default);
            }
        }
        text
    }

    /// `sum(x, axis=none)`
    pub fn signature(&self) -> String {
        format!("{}({})", self.name, self.parameters())
    }

    /// What `help(name)` prints.
    pub fn help(&self) -> String {
        let mut text = self.signature();
        text.push_str("\n\n");
        for line in self.doc {
            text.push_str("    ");
            text.push_str(line.trim());
            text.push('\n');
        }
        if !self.aliases.is_empty() {
            text.push_str(&format!("\n    Other names: {}.\n", self.aliases.join(", ")));
        }
        if !self.examples.is_empty() {
            text.push_str("\nExamples:\n\n");
        }
        for (code, shown) in self.examples {
            for (i, line) in code.lines().enumerate() {
                // a `String` takes every write
                _ = writeln!(text, "{}{line}", if i == 0 { "    > " } else { "    . " });
            }
            for line in shown.lines() {
                _ = writeln!(text, "    {line}");
            }
        }
        text.trim_end().to_string()
    }
}

/// Declares a family of builtins as its `TABLE`:
///
/// ```text
/// builtins! {
///     elements Settled;
///
///     /// What it does.
///     fn name(x, axis = none, *rest, sep = " ")
///         also other_name;
///         elements AtHand;    // otherwise than the others
///         creates true;
///         effect true;
///         ex "name(1)" => "1";
///         fails "name()" => "type";
///     = |machine, args| { ... };
/// }
/// ```
macro_rules! builtins {
    (elements $elements:ident; $($declarations:tt)+) => {
        $crate::builtins::declare::builtins!(@ [$elements] $($declarations)+);
    };
    (@ $elements:tt $(
        $(#[doc = $doc:literal])+
        fn $name:ident ( $($params:tt)* )
            $(also $alias:ident;)*
            $(elements $own:ident;)?
            $(creates $creates:literal;)?
            $(effect $effect:literal;)?
            $(ex $code:literal => $shown:literal;)*
            $(fails $bad:literal => $kind:literal;)*
        = $run:expr;
    )+) => {
        pub(super) static TABLE: &[$crate::builtins::Builtin] = &[$($crate::builtins::Builtin {
            name: stringify!($name),
            aliases: &[$(stringify!($alias)),*],
            params: $crate::builtins::declare::params!([] $($params)*),
            doc: &[$($doc),+],
            examples: &[$(($code, $shown)),*],
            failures: &[$(($bad, $kind)),*],
            elements: $crate::builtins::declare::elements!($elements $($own)?),
            creates: $crate::builtins::declare::flag!($($creates)?),
            effect: $crate::builtins::declare::flag!($($effect)?),
            run: $run,
        }),+];
    };
}

/// What a builtin needs of its arguments: that of its family, or its own.
macro_rules! elements {
    ([$family:ident]) => {
        $crate::builtins::declare::Elements::$family
    };
    ([$family:ident] $own:ident) => {
        $crate::builtins::declare::Elements::$own
    };
}

macro_rules! flag {
    () => {
        false
    };
    ($flag:literal) => {
        $flag
    };
}

/// The parameters of a declaration, as a slice of `Param`.
macro_rules! params {
    ([$($done:expr,)*]) => { &[$($done),*] };
    ([$($done:expr,)*] * $name:ident $(, $($rest:tt)*)?) => {
        $crate::builtins::declare::params!(
            [$($done,)* $crate::builtins::Param { name: stringify!($name), default: None, rest: true },] $($($rest)*)?
        )
    };
    ([$($done:expr,)*] $name:ident = -$default:literal $(, $($rest:tt)*)?) => {
        $crate::builtins::declare::params!(
            [$($done,)* $crate::builtins::Param {
                name: stringify!($name), default: Some(concat!("-", stringify!($default))), rest: false
            },] $($($rest)*)?
        )
    };
    ([$($done:expr,)*] $name:ident = $default:tt $(, $($rest:tt)*)?) => {
        $crate::builtins::declare::params!(
            [$($done,)* $crate::builtins::Param {
                name: stringify!($name), default: Some(stringify!($default)), rest: false
            },] $($($rest)*)?
        )
    };
    ([$($done:expr,)*] $name:ident $(, $($rest:tt)*)?) => {
        $crate::builtins::declare::params!(
            [$($done,)* $crate::builtins::Param { name: stringify!($name), default: None, rest: false },] $($($rest)*)?
        )
    };
}

pub(super) use {builtins, elements, flag, params};
