//! Archives of arrays, as NumPy's `savez` and `savez_compressed` write them: a zip file with one `.npy` file for each.
//!
//! An archive may lie about what it holds, and its members may share bytes: memory is counted over all members.

use super::file::{Stopped, Written, failed, unreadable};
use super::npy;
use crate::context::Context;
use crate::diagnostics::suggest::nearest;
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::{TEXT_OVERHEAD, Tensor, Text};
use flate2::Compression;
use flate2::bufread::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rawzip::path::EntryPath;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveWriter, ZipSliceEntry};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;

/// The first bytes of an archive, and those of an empty one.
pub const MAGIC: &[u8] = b"PK\x03\x04";
pub const MAGIC_EMPTY: &[u8] = b"PK\x05\x06";

/// What NumPy adds to the names of arrays.
const SUFFIX: &str = ".npy";

/// Reads the arrays of an archive with their names. `name` is what messages call the file.
pub fn read(cx: &Context, archive: &[u8], name: &str) -> Result<Vec<(String, Tensor)>> {
    let mut arrays = Vec::new();
    let mut held = 0usize;
    for_each(cx, archive, name, |member, entry| {
        let tensor = read_member(cx, entry, held, name).map_err(|error| match error.kind() {
            Kind::Interrupted => error,
            _ => error.help(format!("`load({name:?}, name)` reads one array, whatever the others are")),
        })?;
        held = held.saturating_add(memory_of(&tensor)).saturating_add(member.len());
        arrays.push((member.to_string(), tensor));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(arrays)
}

/// Reads one array of an archive; the others are not looked at.
pub fn read_one(cx: &Context, archive: &[u8], name: &str, wanted: &str) -> Result<Tensor> {
    let mut found = None;
    let mut others = Vec::new();
    for_each(cx, archive, name, |member, entry| {
        if member == wanted {
            found = Some(read_member(cx, entry, 0, name)?);
            return Ok(ControlFlow::Break(()));
        }
        others.push(member.to_string());
        Ok(ControlFlow::Continue(()))
    })?;
    found.ok_or_else(|| missing(name, wanted, &others))
}

/// A file in an archive.
struct Entry<'a> {
    path: &'a str,
    method: CompressionMethod,
    content: Result<ZipSliceEntry<'a>>,
}

/// Hands every array's name and file to `visit`, in the order of the directory. What is no `.npy` file by its name is
/// none of the arrays.
fn for_each(
    cx: &Context,
    archive: &[u8],
    name: &str,
    mut visit: impl FnMut(&str, Entry) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let bad = |error: rawzip::Error| unreadable(name, &io::Error::other(error));
    let archive = ZipArchive::from_slice(archive).map_err(bad)?;
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry().map_err(bad)? {
        cx.check()?;
        let path = String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned();
        let Some(member) = path.strip_suffix(SUFFIX) else { continue };
        let content = archive.get_entry(entry.wayfinder()).map_err(bad);
        let entry = Entry { path: &path, method: entry.compression_method(), content };
        if visit(member, entry)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn read_member(cx: &Context, entry: Entry, held: usize, archive: &str) -> Result<Tensor> {
    let Entry { path, method, content } = entry;
    let content = content?;
    let (packed, name) = (content.data(), format!("{archive}: {path}"));
    match method {
        CompressionMethod::STORE => {
            read_whole(cx, content.verifying_reader(packed), Some(packed.len() as u64), held, &name)
        }
        CompressionMethod::DEFLATE => {
            read_whole(cx, content.verifying_reader(DeflateDecoder::new(packed)), None, held, &name)
        }
        other => Err(failed("read", &name, &format!("it is compressed by {other}, which is not known"))),
    }
}

/// An array, and nothing behind it. Reading to the end checks the sum of all bytes.
fn read_whole(cx: &Context, mut bytes: impl Read, len: Option<u64>, held: usize, name: &str) -> Result<Tensor> {
    let tensor = npy::read(cx, npy::Source { bytes: &mut bytes, len, held, name })?;
    match bytes.read(&mut [0]) {
        Ok(0) => Ok(tensor),
        Ok(_) => Err(failed("read", name, "there is more in it than one array")),
        Err(error) => Err(unreadable(name, &error)),
    }
}

fn memory_of(tensor: &Tensor) -> usize {
    match tensor.walk::<Text>() {
        Some(texts) => texts.fold(0, |sum: usize, text| sum.saturating_add(text.len() + TEXT_OVERHEAD)),
        None => tensor.size().saturating_mul(tensor.dtype().size()),
    }
}

/// Writes an archive.
pub fn write(cx: &Context, out: &mut dyn Write, arrays: &[(String, Tensor)], compress: bool) -> Written {
    let mut archive = ZipArchiveWriter::new(out);
    let method = if compress { CompressionMethod::DEFLATE } else { CompressionMethod::STORE };
    for (name, tensor) in arrays {
        let path = format!("{name}{SUFFIX}");
        // names beyond ASCII are marked as UTF-8; others go as they are
        let member = if path.is_ascii() { EntryPath::verbatim(path.as_bytes()) } else { EntryPath::conformant(&*path) };
        let member = archive.new_file(member).compression_method(method);
        let (mut entry, config) = member.start().map_err(io::Error::other)?;
        let summed = if compress {
            let mut packed = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
            npy::write(cx, &mut packed, tensor, &path)?;
            let (packed, summed) = packed.finish().map_err(io::Error::other)?;
            packed.finish()?;
            summed
        } else {
            let mut plain = config.wrap(&mut entry);
            npy::write(cx, &mut plain, tensor, &path)?;
            plain.finish().map_err(io::Error::other)?.1
        };
        entry.finish(summed).map_err(io::Error::other)?;
    }
    archive.finish().map(drop).map_err(|error| Stopped::File(io::Error::other(error)))
}

#[cold]
fn missing(name: &str, wanted: &str, names: &[String]) -> Error {
    let error = Error::value(format!("`{name}` holds no array `{wanted}`"));
    match nearest(wanted, names.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if names.is_empty() => error.help("it holds no arrays at all"),
        None => error.help(format!("it holds {}", names.iter().take(20).cloned().collect::<Vec<_>>().join(", "))),
    }
}
