//! Builtins in the making.

use super::Builtin;

pub(super) static TABLE: &[Builtin] = &[];
