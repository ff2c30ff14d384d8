//! Reading programs: bytes from files or standard input become a `Source`, or an io error that says what is wrong.

use super::{Error, Kind, Result, Source};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// Bytes of a program. Far above what anybody writes; it keeps `/dev/zero` from filling the memory.
const LONGEST: u64 = 256 << 20;

/// The program in the file at `path`, which is also its name in messages.
pub fn load_file(path: &Path) -> Result<Arc<Source>> {
    let name = path.display().to_string();
    let unreadable = |error: &io::Error| Error::new(Kind::Io, format!("cannot read `{name}`: {}", reason(error)));
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(Error::new(Kind::Io, format!("cannot read `{name}`: it is a directory")));
    }
    load(&name, file)
}

/// The program that `input` holds; `name` is what messages call it.
pub fn load(name: &str, input: impl Read) -> Result<Arc<Source>> {
    let mut bytes = Vec::new();
    input
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::new(Kind::Io, format!("cannot read `{name}`: {}", reason(&error))))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Error::new(Kind::Io, format!("`{name}` is longer than {} MB", LONGEST >> 20)));
    }
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(name, &error))?;
    let text = text.strip_prefix('\u{feff}').map(str::to_string).unwrap_or(text);
    Ok(Arc::new(Source::new(name, text)))
}

fn not_utf8(name: &str, error: &std::string::FromUtf8Error) -> Error {
    let position = error.utf8_error().valid_up_to();
    let before = error.as_bytes().get(..position).unwrap_or_default();
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let byte = error.as_bytes().get(position).copied().unwrap_or_default();
    let message =
        format!("`{name}` is not UTF-8 text: byte 0x{byte:02x} in line {line}, {position} bytes from the start");
    Error::new(Kind::Io, message).help("save the file as UTF-8")
}

/// What the system says of a failure, without its number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_byte_that_is_not_utf8() {
        let error = load("a.nab", &b"x = 1\ny = \xff\n"[..]).expect_err("the byte 0xff is never UTF-8");
        assert_eq!(error.message(), "`a.nab` is not UTF-8 text: byte 0xff in line 2, 10 bytes from the start");
    }

    #[test]
    fn drops_a_byte_order_mark() {
        let source = load("a.nab", &b"\xef\xbb\xbfx = 1"[..]).expect("a mark is no fault");
        assert_eq!(source.text, "x = 1");
    }

    #[test]
    fn endless_input_ends() {
        let error = load("zeros", io::repeat(0)).expect_err("it has no end");
        assert_eq!(error.kind(), Kind::Io);
    }
}
