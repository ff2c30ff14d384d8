//! Whatever NumPy's `load` reads, told apart by its first bytes. Pickles could run any code and are refused.

use super::file::{self, Input};
use super::{npy, npz};
use crate::context::Context;
use crate::diagnostics::{Error, Result};
use crate::tensor::Tensor;
use std::io::{Cursor, Read};
use std::path::Path;

/// What a file holds.
pub enum Loaded {
    Array(Tensor),
    /// Of an archive, with their names.
    Arrays(Vec<(String, Tensor)>),
}

/// Reads an `.npy` file, or an `.npz` archive or the one array of it that is named. `name` is what messages call it.
pub fn load(cx: &Context, path: &Path, name: &str, only: Option<&str>) -> Result<Loaded> {
    let Input { mut bytes, len } = file::open(path, name)?;
    let start = file::peek(&mut bytes, npy::MAGIC.len()).map_err(|error| file::unreadable(name, &error))?;
    let is_archive = start.starts_with(npz::MAGIC) || start.starts_with(npz::MAGIC_EMPTY);
    let is_pickle = start.first() == Some(&PICKLE);
    let is_array = start == npy::MAGIC;
    let mut bytes = Cursor::new(start).chain(bytes);
    if is_archive {
        let archive = file::read_all(cx, Input { bytes: Box::new(bytes), len }, name, "the archive")?;
        match only {
            Some(only) => npz::read_one(cx, &archive, name, only).map(Loaded::Array),
            None => npz::read(cx, &archive, name).map(Loaded::Arrays),
        }
    } else if let Some(only) = only.filter(|_| is_array) {
        Err(Error::value(format!("`{name}` is a single array: there is no `{only}` in it")))
    } else if is_array {
        let array = npy::read(cx, npy::Source { bytes: &mut bytes, len, held: 0, name })?;
        if len.is_none() {
            // at its end the sum of what was compressed is checked
            file::peek(&mut bytes, 1).map_err(|error| file::unreadable(name, &error))?;
        }
        Ok(Loaded::Array(array))
    } else if is_pickle {
        let error = Error::value(format!("`{name}` is a pickle: reading it could run any code, so it is refused"));
        Err(error.help("save arrays with `np.save` or `np.savez`"))
    } else {
        let error = Error::value(format!("`{name}` is no .npy or .npz file"));
        Err(error.help("`loadtxt` and `read_csv` read tables of text"))
    }
}

/// The first byte of a pickle, from protocol 2 on.
const PICKLE: u8 = 0x80;
