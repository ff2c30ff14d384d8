//! Where the prompt keeps what was typed: `$NABLA_HISTORY`, else `nabla/history` in the user's state directory.

use std::env;
use std::fs;
use std::path::PathBuf;

/// The file, its directory made; none where the user wants no history or has no home.
pub fn file() -> Option<PathBuf> {
    if let Some(path) = env::var_os("NABLA_HISTORY") {
        return (!path.is_empty()).then(|| path.into());
    }
    let directory = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = directory("XDG_STATE_HOME")
        .or_else(|| directory("HOME").map(|home| home.join(".local/state")))
        .or_else(|| directory("LOCALAPPDATA"))?;
    let directory = state.join("nabla");
    fs::create_dir_all(&directory).ok()?;
    Some(directory.join("history"))
}
