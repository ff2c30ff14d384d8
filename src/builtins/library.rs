//! The standard library: functions written in Nabla itself, embedded in the binary, and the modules that programs find
//! under a name without importing them.
//!
//! A file gives its functions whose names do not begin with `_`. It is loaded when one of them is first named. Files may
//! use each other's functions, but not in a circle.

use super::declare::Builtin;
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// A file under `stdlib/`.
pub struct Library {
    pub name: &'static str,
    pub text: &'static str,
    /// The builtins beside its functions, where all are the members of a module; none where programs see its functions
    /// as if they were builtins.
    pub module: Option<&'static [Builtin]>,
}

static LIBRARIES: &[Library] = &[
    names("prelude", include_str!("../../stdlib/prelude.nab")),
    Library { name: "linalg", text: include_str!("../../stdlib/linalg.nab"), module: Some(super::linalg::TABLE) },
];

const fn names(name: &'static str, text: &'static str) -> Library {
    Library { name, text, module: None }
}

/// Modules that later work fills.
pub const FUTURE_MODULES: &[&str] = &["nn", "optim", "stats", "data", "fft"];

impl Library {
    /// The names that it gives.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let defined = self.text.lines().filter_map(|line| line.strip_prefix("fn ")?.split('(').next());
        let builtins = self.module.unwrap_or(&[]).iter().map(|builtin| builtin.name);
        defined.filter(|name| !name.starts_with('_')).chain(builtins)
    }
}

/// Every library.
pub fn libraries() -> impl Iterator<Item = &'static Library> {
    LIBRARIES.iter()
}

static BY_NAME: LazyLock<FxHashMap<&'static str, &'static Library>> = LazyLock::new(|| {
    let mut found = FxHashMap::default();
    for library in LIBRARIES {
        match library.module {
            Some(_) => _ = found.insert(library.name, library),
            None => found.extend(library.names().map(|name| (name, library))),
        }
    }
    found
});

/// The names that programs find without importing them: of functions, and of modules.
pub fn library_names() -> impl Iterator<Item = &'static str> {
    BY_NAME.keys().copied()
}

/// The library that gives a name.
pub fn library_of(name: &str) -> Option<&'static Library> {
    BY_NAME.get(name).copied()
}

/// The module of the standard library that a member belongs to.
pub fn module_with(member: &str) -> Option<&'static str> {
    let modules = LIBRARIES.iter().filter(|library| library.module.is_some());
    modules.filter(|library| library.names().any(|name| name == member)).map(|library| library.name).next()
}
