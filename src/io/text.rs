//! Whole text files.

use crate::context::Context;
use crate::diagnostics::{Error, Kind, Result, load};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Where a file is: in the working directory, or else beside the script.
pub fn locate(name: &str, directory: &Path, script_directory: Option<&Path>) -> PathBuf {
    let here = directory.join(name);
    match script_directory.map(|beside| directory.join(beside).join(name)) {
        Some(beside) if !here.exists() && beside.exists() => beside,
        _ => here,
    }
}

/// The text of a file, which must be UTF-8. `name` is what messages call it.
pub fn read(cx: &Context, path: &Path, name: &str) -> Result<String> {
    let unreadable = |error: io::Error| failed("read", name, &load::reason(&error));
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(failed("read", name, "it is a directory"));
    }
    let len = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    cx.reserve(len, 1, || format!("the text of `{name}`"))?;
    let mut bytes = Vec::with_capacity(len.saturating_add(1));
    // what is no regular file has no length, and may have no end
    let mut pieces = file.take(cx.limits.memory as u64);
    while pieces.by_ref().take(PIECE).read_to_end(&mut bytes).map_err(unreadable)? > 0 {
        cx.check()?;
        cx.reserve(bytes.len().saturating_add(1), 1, || format!("the text of `{name}`"))?;
    }
    String::from_utf8(bytes).map_err(|error| not_utf8(name, error.as_bytes(), error.utf8_error().valid_up_to()))
}

/// Bytes read between looks at the interrupt flag.
const PIECE: u64 = 1 << 24;

#[cold]
fn not_utf8(name: &str, bytes: &[u8], position: usize) -> Error {
    let before = bytes.get(..position).unwrap_or_default();
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let byte = bytes.get(position).copied().unwrap_or_default();
    failed("read", name, &format!("line {line} is not UTF-8 text (byte 0x{byte:02x})"))
}

/// Writes a file whole: readers see what was there before or all of the new text, never a part.
pub fn write(path: &Path, name: &str, text: &str) -> Result<()> {
    // a link stays a link: what it points to is replaced
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    replace(&target, text.as_bytes()).map_err(|error| failed("write", name, &load::reason(&error)))
}

fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let before = fs::metadata(target);
    if let Ok(metadata) = &before
        && !metadata.is_file()
    {
        // a device or a pipe is written to; a directory refuses
        return OpenOptions::new().write(true).open(target)?.write_all(bytes);
    }
    let (temporary, mut file) = temporary_beside(target)?;
    let written = file.write_all(bytes).and_then(|()| match before {
        Ok(metadata) => file.set_permissions(metadata.permissions()),
        Err(_) => Ok(()),
    });
    drop(file);
    let result = written.and_then(|()| fs::rename(&temporary, target));
    if result.is_err() {
        // nothing more can be done if this fails, too: the first failure is the one to tell
        drop(fs::remove_file(&temporary));
    }
    result
}

/// A new file in the same directory, so that renaming it is one step.
fn temporary_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy().into_owned();
    let mut number = 0u32;
    loop {
        let path = target.with_file_name(format!(".{name}.{}-{number}.tmp", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => number += 1,
            Err(error) => return Err(error),
        }
    }
}

#[cold]
fn failed(what: &str, name: &str, reason: &str) -> Error {
    Error::new(Kind::Io, format!("cannot {what} `{name}`: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(test: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("nabla-text-{test}-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("the temporary directory is writable");
        directory
    }

    #[test]
    fn a_failed_write_leaves_the_old_text_and_no_litter() {
        let directory = scratch("failed");
        let path = directory.join("a.txt");
        write(&path, "a.txt", "old").expect("it is writable");
        write(&path, "a.txt", "new").expect("it is writable");
        assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some("new"));
        let error = write(&directory.join("none").join("b.txt"), "b.txt", "x").expect_err("there is no such directory");
        assert_eq!(error.to_string(), "error[io]: cannot write `b.txt`: no such file or directory");
        assert!(write(&directory, "here", "x").is_err());
        assert_eq!(fs::read_dir(&directory).map(Iterator::count).ok(), Some(1));
        drop(fs::remove_dir_all(&directory));
    }

    #[test]
    fn reading_names_the_line_that_is_not_utf8() {
        let directory = scratch("utf8");
        let path = directory.join("a.txt");
        fs::write(&path, b"one\ntw\xff\n").expect("it is writable");
        let error = read(&Context::default(), &path, "a.txt").expect_err("the byte 0xff is never UTF-8");
        assert_eq!(error.to_string(), "error[io]: cannot read `a.txt`: line 2 is not UTF-8 text (byte 0xff)");
        drop(fs::remove_dir_all(&directory));
    }

    #[test]
    fn endless_input_meets_the_limit() {
        let mut cx = Context::default();
        cx.limits.memory = 100_000_000;
        let result = read(&cx, Path::new("/dev/zero"), "zero");
        assert!(result.is_err() || !Path::new("/dev/zero").exists());
    }
}
