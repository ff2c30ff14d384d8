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
    let line = 1 + line_ends(before).count();
    let byte = bytes.get(position).copied().unwrap_or_default();
    file::failed("read", name, &format!("line {line} is not UTF-8 text (byte 0x{byte:02x})"))
}

/// The lines of a text. They end in a line feed, a carriage return, or both; behind a lone carriage return at the very
/// end comes an empty line.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    // nearly all texts have line feeds, and one character is found fast
    text.lines().flat_map(|line| line.split('\r'))
}

/// The positions behind the ends of lines.
pub fn line_ends(text: &[u8]) -> impl Iterator<Item = usize> {
    (1..=text.len()).filter(|&end| match text[end - 1] {
        b'\n' => true,
        b'\r' => text.get(end) != Some(&b'\n'),
        _ => false,
    })
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
    fn lines_end_in_either_mark_or_in_both() {
        let text = "a\nb\r\nc\rd\r\r\n\ne";
        assert_eq!(lines(text).collect::<Vec<_>>(), ["a", "b", "c", "d", "", "", "e"]);
        assert_eq!(line_ends(text.as_bytes()).collect::<Vec<_>>(), [2, 5, 7, 9, 11, 12]);
        assert_eq!(line_ends(b"a\r").collect::<Vec<_>>(), [2]);
        assert_eq!((lines("").count(), line_ends(b"").count()), (0, 0));
    }

    #[test]
    fn reading_names_the_line_that_is_not_utf8() {
        let path = std::env::temp_dir().join(format!("nabla-text-utf8-{}", std::process::id()));
        fs::write(&path, b"one\ntw\xff\n").expect("it is writable");
        let error = read(&Context::default(), &path, "a.txt").expect_err("the byte 0xff is never UTF-8");
        assert_eq!(error.to_string(), "error[io]: cannot read `a.txt`: line 2 is not UTF-8 text (byte 0xff)");
        drop(fs::remove_file(&path));
    }
}
