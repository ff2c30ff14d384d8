//! Files as bytes: found, opened, read within the limits of a session, replaced in one step.
//!
//! What `gzip` compressed is read as what it holds, and written where the name ends in `.gz`. What is not read to its
//! end must never be allocated, and no half of a file may stay behind.

use crate::context::Context;
use crate::diagnostics::{Error, Kind, Result, load};
use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Cursor, Read, Write};
use std::path::{Path, PathBuf};

/// The first bytes of what `gzip` writes (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes read between looks at the interrupt flag and the memory.
const PIECE: u64 = 1 << 24;

/// Where a file is: in the working directory, or else beside the script.
pub fn locate(name: &str, directory: &Path, script_directory: Option<&Path>) -> PathBuf {
    let here = directory.join(name);
    match script_directory.map(|beside| directory.join(beside).join(name)) {
        Some(beside) if !here.exists() && beside.exists() => beside,
        _ => here,
    }
}

/// A file open for reading.
pub struct Input {
    pub bytes: Box<dyn BufRead>,
    /// How many bytes there are, where that can be told before they are read.
    pub len: Option<u64>,
}

/// Opens a file. `name` is what messages call it.
pub fn open(path: &Path, name: &str) -> Result<Input> {
    let unreadable = |error: io::Error| unreadable(name, &error);
    let mut file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(failed("read", name, "it is a directory"));
    }
    let start = peek(&mut file, GZIP.len()).map_err(unreadable)?;
    let compressed = start == GZIP;
    let bytes = BufReader::new(Cursor::new(start).chain(file));
    if compressed {
        return Ok(Input { bytes: Box::new(BufReader::new(MultiGzDecoder::new(bytes))), len: None });
    }
    // what is no regular file has no length, and may have no end
    Ok(Input { bytes: Box::new(bytes), len: metadata.is_file().then_some(metadata.len()) })
}

/// The next bytes, fewer at the end; they are taken.
pub fn peek(from: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(count);
    from.take(count as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// All bytes. `what` is said where they are too many.
pub fn read_all(cx: &Context, input: Input, name: &str, what: &str) -> Result<Vec<u8>> {
    let len = input.len.map_or(0, |len| usize::try_from(len).unwrap_or(usize::MAX));
    cx.reserve(len, 1, || format!("{what} `{name}`"))?;
    let mut bytes = Vec::with_capacity(len.saturating_add(1));
    let mut pieces = input.bytes.take(cx.limits.memory as u64);
    while pieces.by_ref().take(PIECE).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))? > 0 {
        cx.check()?;
        cx.reserve(bytes.len().saturating_add(1), 1, || format!("{what} `{name}`"))?;
    }
    Ok(bytes)
}

/// Why writing ended early: the file refused, or the program was stopped.
pub enum Stopped {
    File(io::Error),
    Program(Error),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Stopped {
        Stopped::File(error)
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Stopped {
        Stopped::Program(error)
    }
}

/// What writes the contents of a file.
pub type Written = std::result::Result<(), Stopped>;

/// Writes a file whole: readers see what was there before or all that `body` writes, never a part.
pub fn replace(path: &Path, name: &str, body: impl FnOnce(&mut dyn Write) -> Written) -> Result<()> {
    let compress = Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    replace_at(path, compress, body).map_err(|stopped| match stopped {
        Stopped::File(error) => failed("write", name, &load::reason(&error)),
        Stopped::Program(error) => error,
    })
}

fn replace_at(path: &Path, compress: bool, body: impl FnOnce(&mut dyn Write) -> Written) -> Written {
    let target = follow(path)?;
    let before = fs::metadata(&target).ok();
    if is_of_the_system(&target) || before.as_ref().is_some_and(|metadata| !metadata.is_file()) {
        // a device, a pipe or an open file is written to; a directory refuses
        return fill(open_in_place(&target)?, compress, body).map(drop);
    }
    let (temporary, file) = temporary_beside(&target, before.map(|metadata| metadata.permissions()))?;
    let result = fill(file, compress, body).and_then(|file| {
        drop(file);
        Ok(fs::rename(&temporary, &target)?)
    });
    if result.is_err() {
        // nothing more can be done if this fails, too: the first failure is the one to tell
        drop(fs::remove_file(&temporary));
    }
    result
}

/// Links that lead to links, at most.
const LINKS: usize = 40;

/// Where links lead: they stay links, and what they point to is replaced, or made if it is not there yet.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_path_buf();
    for _ in 0..LINKS {
        // a link among these stands for a file that is open, wherever that is
        let link = if is_of_the_system(&target) { None } else { fs::read_link(&target).ok() };
        match link {
            Some(link) => target = target.parent().unwrap_or(Path::new("")).join(link),
            None => return Ok(target),
        }
    }
    Err(io::Error::other("its links lead in a circle"))
}

/// Files that the system makes up: they are written to, and cannot be replaced.
fn is_of_the_system(path: &Path) -> bool {
    ["/dev/fd", "/proc", "/sys"].iter().any(|root| path.starts_with(root))
}

/// What is there already, as it is. Behind what standard output holds more may be written later: its place in the file
/// is shared.
fn open_in_place(target: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        let is = |number: u32| [format!("/proc/self/fd/{number}"), format!("/dev/fd/{number}")].map(PathBuf::from);
        if is(1).iter().any(|path| path == target) {
            return io::stdout().as_fd().try_clone_to_owned().map(File::from);
        }
        if is(2).iter().any(|path| path == target) {
            return io::stderr().as_fd().try_clone_to_owned().map(File::from);
        }
    }
    OpenOptions::new().append(true).open(target)
}

fn fill(
    file: File,
    compress: bool,
    body: impl FnOnce(&mut dyn Write) -> Written,
) -> std::result::Result<File, Stopped> {
    let mut out = BufWriter::new(file);
    if compress {
        let mut packed = GzEncoder::new(out, Compression::default());
        body(&mut packed)?;
        out = packed.finish()?;
    } else {
        body(&mut out)?;
    }
    Ok(out.into_inner().map_err(io::IntoInnerError::into_error)?)
}

/// A new file in the same directory, so that renaming it is one step. It is never open to more than the old one was.
fn temporary_beside(target: &Path, permissions: Option<fs::Permissions>) -> io::Result<(PathBuf, File)> {
    // a name that ends in `..` has no file
    target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if permissions.is_some() {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut number = 0u32;
    loop {
        // short, whatever the name of the target: that may be as long as names can be
        let path = target.with_file_name(format!(".{}-{number}.tmp", std::process::id()));
        match options.open(&path) {
            Ok(file) => {
                if let Some(permissions) = permissions {
                    file.set_permissions(permissions)?;
                }
                return Ok((path, file));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => number += 1,
            Err(error) => return Err(error),
        }
    }
}

#[cold]
pub fn unreadable(name: &str, error: &io::Error) -> Error {
    failed("read", name, &load::reason(error))
}

#[cold]
pub fn failed(what: &str, name: &str, reason: &str) -> Error {
    Error::new(Kind::Io, format!("cannot {what} `{name}`: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(test: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("nabla-file-{test}-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("the temporary directory is writable");
        directory
    }

    fn text(text: &str) -> impl FnOnce(&mut dyn Write) -> Written {
        |out| Ok(out.write_all(text.as_bytes())?)
    }

    fn read(path: &Path) -> Result<Vec<u8>> {
        read_all(&Context::default(), open(path, "it")?, "it", "the text of")
    }

    #[test]
    fn a_failed_write_leaves_the_old_text_and_no_litter() {
        let directory = scratch("failed");
        let path = directory.join("a.txt");
        replace(&path, "a.txt", text("old")).expect("it is writable");
        replace(&path, "a.txt", text("new")).expect("it is writable");
        let half = |out: &mut dyn Write| {
            out.write_all(b"half")?;
            Err(Stopped::Program(Error::value("enough")))
        };
        let error = replace(&path, "a.txt", half).expect_err("the program stops it");
        assert_eq!(error.to_string(), "error[value]: enough");
        assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some("new"));
        let nowhere = directory.join("none").join("b.txt");
        let error = replace(&nowhere, "b.txt", text("x")).expect_err("there is no such directory");
        assert_eq!(error.to_string(), "error[io]: cannot write `b.txt`: no such file or directory");
        assert!(replace(&directory, "here", text("x")).is_err());
        assert_eq!(fs::read_dir(&directory).map(Iterator::count).ok(), Some(1));
        drop(fs::remove_dir_all(&directory));
    }

    #[test]
    fn names_may_be_as_long_as_the_system_has_them() {
        let directory = scratch("long");
        for len in [240, 255] {
            let name = "n".repeat(len);
            replace(&directory.join(&name), &name, text("x")).unwrap_or_else(|error| panic!("{len}: {error}"));
            assert_eq!(fs::read_to_string(directory.join(&name)).ok().as_deref(), Some("x"));
        }
        drop(fs::remove_dir_all(&directory));
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_and_what_they_lead_to_is_written() {
        use std::os::unix::fs::symlink;
        let directory = scratch("links");
        let path = |name: &str| directory.join(name);
        symlink("nowhere.txt", path("dangling")).expect("it is writable");
        symlink("dangling", path("further")).expect("it is writable");
        for (name, content) in [("dangling", "one"), ("further", "two")] {
            replace(&path(name), name, text(content)).expect("it is writable");
            assert!(fs::symlink_metadata(path(name)).is_ok_and(|metadata| metadata.is_symlink()), "{name}");
            assert_eq!(fs::read_to_string(path("nowhere.txt")).ok().as_deref(), Some(content));
        }
        symlink("circle", path("circle")).expect("it is writable");
        let error = replace(&path("circle"), "circle", text("x")).expect_err("it leads nowhere");
        assert_eq!(error.to_string(), "error[io]: cannot write `circle`: its links lead in a circle");
        drop(fs::remove_dir_all(&directory));
    }

    #[cfg(unix)]
    #[test]
    fn what_is_written_is_never_open_to_more_than_what_was_there() {
        use std::os::unix::fs::PermissionsExt;
        let directory = scratch("permissions");
        let path = directory.join("secret.txt");
        fs::write(&path, "old").expect("it is writable");
        for mode in [0o600, 0o640, 0o444] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it is ours");
            let look = |out: &mut dyn Write| {
                out.write_all(b"new")?;
                for entry in fs::read_dir(&directory)? {
                    assert_eq!(entry?.metadata()?.permissions().mode() & 0o777, mode);
                }
                Ok(())
            };
            replace(&path, "secret.txt", look).expect("it is writable");
            assert_eq!(fs::metadata(&path).map(|found| found.permissions().mode() & 0o777).ok(), Some(mode));
        }
        drop(fs::remove_dir_all(&directory));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_open_is_written_in_place() {
        use std::os::fd::AsRawFd;
        let directory = scratch("open");
        let path = directory.join("a.txt");
        let mut open = File::create(&path).expect("it is writable");
        open.write_all(b"before ").expect("it is writable");
        let name = format!("/proc/self/fd/{}", open.as_raw_fd());
        std::os::unix::fs::symlink(&name, directory.join("link")).expect("it is writable");
        replace(Path::new(&name), &name, text("behind ")).expect("it is writable");
        replace(&directory.join("link"), "link", text("it")).expect("it is writable");
        assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some("before behind it"));
        assert_eq!(open.metadata().map(|open| open.len()).ok(), Some(16));
        drop(fs::remove_dir_all(&directory));
    }

    #[test]
    fn what_is_compressed_reads_as_what_it_holds() {
        let directory = scratch("gzip");
        let path = directory.join("a.txt.gz");
        let long = "all work and no play\n".repeat(10_000);
        replace(&path, "a.txt.gz", text(&long)).expect("it is writable");
        let packed = fs::read(&path).expect("it is there");
        assert!(packed.starts_with(&GZIP) && packed.len() < long.len() / 10);
        assert_eq!(read(&path).ok(), Some(long.clone().into_bytes()));
        // several members follow each other, under any name
        let twice = directory.join("b.dat");
        fs::write(&twice, [packed.clone(), packed.clone()].concat()).expect("it is writable");
        assert_eq!(read(&twice).ok(), Some(long.repeat(2).into_bytes()));
        for len in 2..packed.len() {
            fs::write(&twice, &packed[..len]).expect("it is writable");
            assert_eq!(read(&twice).map_err(|error| error.kind()), Err(Kind::Io), "{len}");
        }
        drop(fs::remove_dir_all(&directory));
    }

    #[test]
    fn what_holds_too_much_meets_the_limit() {
        let directory = scratch("bomb");
        let path = directory.join("a.gz");
        let bomb = |out: &mut dyn Write| (0..20).try_for_each(|_| Ok(out.write_all(&[0; 1 << 20])?));
        replace(&path, "a.gz", bomb).expect("it is writable");
        let mut cx = Context::default();
        cx.limits.memory = 10_000_000;
        let result = open(&path, "a.gz").and_then(|input| read_all(&cx, input, "a.gz", "the text of"));
        assert_eq!(result.map_err(|error| error.kind()), Err(Kind::Memory));
        drop(fs::remove_dir_all(&directory));
    }

    #[test]
    fn endless_input_meets_the_limit() {
        let mut cx = Context::default();
        cx.limits.memory = 100_000_000;
        let zero = Path::new("/dev/zero");
        let result = open(zero, "zero").and_then(|input| read_all(&cx, input, "zero", "the text of"));
        assert!(result.is_err() || !zero.exists());
    }
}
