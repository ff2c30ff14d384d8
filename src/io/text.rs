//! Whole text files.

use super::file;
use crate::context::Context;
use crate::diagnostics::{Error, Result};
use std::path::Path;

/// The text of a file, which must be UTF-8. `name` is what messages call it.
pub fn read(cx: &Context, path: &Path, name: &str) -> Result<String> {
    let bytes = file::read_all(cx, file::open(path, name)?, name, "the text of")?;
    String::from_utf8(bytes).map_err(|error| not_utf8(name, error.as_bytes(), error.utf8_error().valid_up_to()))
}

#[cold]
fn not_utf8(name: &str, bytes: &[u8], position: usize) -> Error {
    let before = bytes.get(..position).unwrap_or_default();
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let byte = bytes.get(position).copied().unwrap_or_default();
    file::failed("read", name, &format!("line {line} is not UTF-8 text (byte 0x{byte:02x})"))
}

/// Writes a file whole: readers see what was there before or all of the new text, never a part.
pub fn write(path: &Path, name: &str, text: &str) -> Result<()> {
    file::replace(path, name, |out| Ok(out.write_all(text.as_bytes())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn reading_names_the_line_that_is_not_utf8() {
        let path = std::env::temp_dir().join(format!("nabla-text-utf8-{}", std::process::id()));
        fs::write(&path, b"one\ntw\xff\n").expect("it is writable");
        let error = read(&Context::default(), &path, "a.txt").expect_err("the byte 0xff is never UTF-8");
        assert_eq!(error.to_string(), "error[io]: cannot read `a.txt`: line 2 is not UTF-8 text (byte 0xff)");
        drop(fs::remove_file(&path));
    }
}
