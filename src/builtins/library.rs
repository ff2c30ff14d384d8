//! The standard library: functions written in Nabla itself, embedded in the binary, and the modules that programs find
//! under a name without importing them.
//!
//! A library gives its functions and builtins whose names do not begin with `_`. It is loaded when one of them is first
//! named. Files may use each other's functions, but not in a circle.

use super::declare::Builtin;
use super::{distributions, linalg, loops};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// A file under `stdlib/`.
pub struct Library {
    pub name: &'static str,
    pub text: &'static str,
    /// The builtins beside its functions.
    pub builtins: &'static [Builtin],
    /// Are all of them the members of a module? Else programs see its functions as if they were builtins.
    pub is_module: bool,
}

static LIBRARIES: &[Library] = &[
    Library { builtins: loops::TABLE, ..names("prelude", include_str!("../../stdlib/prelude.nab")) },
    names("searching", include_str!("../../stdlib/searching.nab")),
    names("sets", include_str!("../../stdlib/sets.nab")),
    names("matrices", include_str!("../../stdlib/matrices.nab")),
    names("probabilities", include_str!("../../stdlib/probabilities.nab")),
    names("dtypes", include_str!("../../stdlib/dtypes.nab")),
    names("elements", include_str!("../../stdlib/elements.nab")),
    names("shapes", include_str!("../../stdlib/shapes.nab")),
    names("grids", include_str!("../../stdlib/grids.nab")),
    names("edits", include_str!("../../stdlib/edits.nab")),
    names("quantiles", include_str!("../../stdlib/quantiles.nab")),
    names("padding", include_str!("../../stdlib/padding.nab")),
    names("statistics", include_str!("../../stdlib/statistics.nab")),
    names("nans", include_str!("../../stdlib/nans.nab")),
    names("calculus", include_str!("../../stdlib/calculus.nab")),
    names("derivatives", include_str!("../../stdlib/derivatives.nab")),
    names("signals", include_str!("../../stdlib/signals.nab")),
    names("windows", include_str!("../../stdlib/windows.nab")),
    names("histograms", include_str!("../../stdlib/histograms.nab")),
    names("selection", include_str!("../../stdlib/selection.nab")),
    names("bits", include_str!("../../stdlib/bits.nab")),
    names("polynomials", include_str!("../../stdlib/polynomials.nab")),
    names("mapping", include_str!("../../stdlib/mapping.nab")),
    module("random", include_str!("../../stdlib/random.nab"), distributions::TABLE),
    module("linalg", include_str!("../../stdlib/linalg.nab"), linalg::TABLE),
];

const fn names(name: &'static str, text: &'static str) -> Library {
    Library { name, text, builtins: &[], is_module: false }
}

const fn module(name: &'static str, text: &'static str, builtins: &'static [Builtin]) -> Library {
    Library { name, text, builtins, is_module: true }
}

/// Modules that later work fills.
pub const FUTURE_MODULES: &[&str] = &["nn", "optim", "stats", "data", "fft"];

impl Library {
    /// The names that it gives.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let defined = self.text.lines().filter_map(|line| line.strip_prefix("fn ")?.split('(').next());
        let builtins = self.builtins.iter().map(|builtin| builtin.name);
        defined.chain(builtins).filter(|name| !name.starts_with('_'))
    }
}

/// Every library.
pub fn libraries() -> impl Iterator<Item = &'static Library> {
    LIBRARIES.iter()
}

static BY_NAME: LazyLock<FxHashMap<&'static str, &'static Library>> = LazyLock::new(|| {
    let mut found = FxHashMap::default();
    for library in LIBRARIES {
        if library.is_module {
            found.insert(library.name, library);
        } else {
            found.extend(library.names().map(|name| (name, library)));
        }
    }
    found
});

/// The names that programs find without importing them: of functions, and of modules.
pub fn library_names() -> impl Iterator<Item = &'static str> {
    BY_NAME.keys().copied()
}

/// Every function of the language, those of modules with the module's name.
pub fn function_names() -> impl Iterator<Item = String> {
    let everywhere = super::global().map(|builtin| builtin.name.to_string());
    everywhere.chain(libraries().flat_map(|library| {
        library.names().map(move |name| match library.is_module {
            true => format!("{}.{name}", library.name),
            false => name.to_string(),
        })
    }))
}

/// The library that gives a name.
pub fn library_of(name: &str) -> Option<&'static Library> {
    BY_NAME.get(name).copied()
}

/// Has a module of the standard library such a member?
pub fn is_member(module: &str, member: &str) -> bool {
    library_of(module).is_some_and(|library| library.is_module && library.names().any(|name| name == member))
}

/// The module of the standard library that a member belongs to.
pub fn module_with(member: &str) -> Option<&'static str> {
    let modules = LIBRARIES.iter().filter(|library| library.is_module);
    modules.filter(|library| library.names().any(|name| name == member)).map(|library| library.name).next()
}
