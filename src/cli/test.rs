//! `nabla test`: golden tests. X.nab runs in a session of its own; what it prints must equal X.out, and where X.err
//! stands beside it, it must fail with just that on standard error.
//!
//! Leading comments of a test may give it a command line: `# args: --oneline -- first second`. X.in is its standard
//! input. Messages name the test without its directory, so that they do not depend on where the command was started.

use super::args::{self, Command, Options};
use super::console::{Console, Types};
use super::host::{self, Ending};
use colored::{ColoredString, Colorize};
use nabla::diagnostics::{Error, Kind, load};
use nabla::session::Output;
use similar::{ChangeTag, TextDiff};
use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

type Result<T> = std::result::Result<T, Error>;

/// Runs the tests at `paths`, or below the working directory; with `bless` writes what they print instead.
pub fn run(paths: &[PathBuf], bless: bool, options: &Options) -> Ending {
    let mut console = Console::new(Types::Hidden);
    let color = host::use_color(options.color, &io::stdout());
    let mut tally = Tally::default();
    let result = find_all(paths, bless).and_then(|programs| {
        for program in &programs {
            let golden = Golden::of(program);
            let outcome = golden.run(options)?;
            let text =
                if bless { golden.bless(&outcome, &mut tally)? } else { golden.compare(&outcome, color, &mut tally) };
            console.text(&text).map_err(|error| unwritable("standard output", &error))?;
        }
        console.text(&tally.summary(bless)).map_err(|error| unwritable("standard output", &error))
    });
    match host::report(result.map_err(|error| vec![error]), &mut console, options) {
        Ending::Good if tally.failed > 0 => Ending::Failed,
        ending => ending,
    }
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    written: usize,
}

impl Tally {
    fn summary(&self, bless: bool) -> String {
        if bless {
            format!("{} written, {} unchanged\n", self.written, self.passed)
        } else {
            format!("{} passed, {} failed\n", self.passed, self.failed)
        }
    }
}

/// The test programs at `paths`, sorted within each path.
fn find_all(paths: &[PathBuf], bless: bool) -> Result<Vec<PathBuf>> {
    let here = [PathBuf::from(".")];
    let mut programs = Vec::new();
    for path in if paths.is_empty() { &here } else { paths } {
        let before = programs.len();
        if fs::metadata(path).map_err(|error| unreadable(path, &error))?.is_dir() {
            find_in(path, bless, &mut programs)?;
        } else if bless || is_test(path) {
            programs.push(path.clone());
        }
        if programs.len() == before {
            let error = Error::new(Kind::Io, format!("there is no test at `{}`", path.display()));
            return Err(error.help("a test is X.nab with X.out beside it; `nabla test --bless` writes X.out"));
        }
    }
    Ok(programs)
}

fn find_in(directory: &Path, bless: bool, programs: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries = fs::read_dir(directory)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(|error| unreadable(directory, &error))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        // A link to a directory is not followed: it may lead back up.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if !hidden && entry.file_name() != "target" {
                find_in(&path, bless, programs)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "nab") && (bless || is_test(&path)) {
            // `./` in front would only make the paths longer.
            programs.push(path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path));
        }
    }
    Ok(())
}

fn is_test(program: &Path) -> bool {
    program.with_extension("out").is_file() || program.with_extension("err").is_file()
}

/// A test program and what is expected of it.
struct Golden<'a> {
    program: &'a Path,
    out: Option<String>,
    err: Option<String>,
}

/// What a test did.
struct Outcome {
    out: String,
    err: String,
    failed: bool,
}

impl Golden<'_> {
    fn of(program: &Path) -> Golden<'_> {
        let read = |extension| fs::read(program.with_extension(extension)).ok();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Golden { program, out: read("out").map(text), err: read("err").map(text) }
    }

    fn run(&self, defaults: &Options) -> Result<Outcome> {
        let printed = Captured::default();
        let result = load::load_file(self.program).map_err(|error| vec![error]);
        let result = match result {
            Err(errors) => Err(errors),
            Ok(source) => {
                let (args, options) = self.command_line(&source.text, defaults)?;
                let mut session = host::session(Box::new(printed.clone()), &options);
                session.set_args(args);
                session.set_input(Box::new(self.input(printed.clone())));
                host::guarded(|| session.eval(source))
            }
        };
        let (ending, message) = host::judge(&result, false);
        let directory = self.program.parent().map(|path| format!("{}/", path.display())).unwrap_or_default();
        let err = if directory.len() > 1 { message.replace(&directory, "") } else { message };
        Ok(Outcome { out: printed.0.take(), err, failed: ending.status() != 0 })
    }

    /// What the `# args:` line among the leading comments says.
    fn command_line(&self, text: &str, defaults: &Options) -> Result<(Vec<String>, Options)> {
        let comments = text.lines().take_while(|line| line.starts_with('#'));
        let Some(line) = comments.filter_map(|line| line.strip_prefix("# args:")).next() else {
            return Ok((Vec::new(), defaults.clone()));
        };
        let (options, args) = line.split_once(" -- ").unwrap_or((line, ""));
        let words = ["run"].into_iter().chain(options.split_whitespace()).map(OsString::from);
        let words = words.chain([self.program.into()]).chain(args.split_whitespace().map(OsString::from));
        match args::parse(words, defaults.clone()) {
            Ok((Command::Run { args, .. }, options)) => Ok((args, options)),
            Ok(_) => Err(Error::value(format!("`{}`: the args line is no run of a program", self.program.display()))),
            Err(error) => Err(Error::value(format!("`{}`: the args line: {error}", self.program.display()))),
        }
    }

    /// The lines of X.in for `input(prompt)`, which prints its prompt as at a pipe.
    fn input(&self, mut printed: Captured) -> impl FnMut(&str) -> io::Result<Option<String>> + use<> {
        let text = fs::read_to_string(self.program.with_extension("in")).unwrap_or_default();
        let mut lines: std::collections::VecDeque<String> = text.lines().map(str::to_string).collect();
        move |prompt| {
            printed.text(prompt)?;
            Ok(lines.pop_front())
        }
    }

    /// Nothing when all is as expected, else what differs.
    fn compare(&self, outcome: &Outcome, color: bool, tally: &mut Tally) -> String {
        let mut text = String::new();
        let name = |extension| self.program.with_extension(extension).display().to_string();
        let expected = self.out.as_deref().unwrap_or_default();
        if expected != outcome.out {
            text.push_str(&diff(&name("out"), expected, &outcome.out, color));
        }
        let expected = self.err.as_deref().unwrap_or_default();
        if expected != outcome.err {
            text.push_str(&diff(&name("err"), expected, &outcome.err, color));
        }
        match (self.err.is_some(), outcome.failed) {
            (true, false) => text.push_str("it must fail, and did not\n"),
            (false, true) if outcome.err.is_empty() => text.push_str("it ended with a status other than 0\n"),
            _ => {}
        }
        if text.is_empty() {
            tally.passed += 1;
            return text;
        }
        tally.failed += 1;
        format!("FAILED {}\n{text}\n", self.program.display())
    }

    /// Writes what was printed. A program that prints nothing and succeeds is a module of others, not a test.
    fn bless(&self, outcome: &Outcome, tally: &mut Tally) -> Result<String> {
        let is_test = self.out.is_some() || self.err.is_some() || outcome.failed || !outcome.out.is_empty();
        if !is_test {
            return Ok(String::new());
        }
        let err = outcome.failed.then_some(&outcome.err);
        let mut text = String::new();
        for (extension, old, new) in [("out", &self.out, Some(&outcome.out)), ("err", &self.err, err)] {
            let path = self.program.with_extension(extension);
            let done = match new {
                _ if old.as_ref() == new => continue,
                Some(new) => write_whole(&path, new).map(|()| "wrote"),
                None => fs::remove_file(&path).map(|()| "removed"),
            };
            let done = done.map_err(|error| unwritable(&path.display().to_string(), &error))?;
            text.push_str(&format!("{done} {}\n", path.display()));
        }
        if text.is_empty() {
            tally.passed += 1;
        } else {
            tally.written += 1;
        }
        Ok(text)
    }
}

/// Replaces the file at once: a reader sees the old text or the new one.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        drop(fs::remove_file(&temporary));
    }
    written
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::new(Kind::Io, format!("cannot read `{}`: {}", path.display(), load::reason(error)))
}

fn unwritable(what: &str, error: &io::Error) -> Error {
    let mut lost = Error::new(Kind::Io, format!("cannot write `{what}`: {}", load::reason(error)));
    lost.details_mut().broken_pipe = error.kind() == io::ErrorKind::BrokenPipe;
    lost
}

/// Lines that were expected in red, lines that were printed in green.
fn diff(name: &str, expected: &str, printed: &str, color: bool) -> String {
    type Style = fn(&str) -> ColoredString;
    let paint = |style: Style, line: &str| if color { format!("{}\n", style(line)) } else { format!("{line}\n") };
    let mut text = paint(|line| line.bold(), &format!("--- {name}")) + &paint(|line| line.bold(), "+++ printed");
    let diff = TextDiff::configure().timeout(Duration::from_secs(1)).diff_lines(expected, printed);
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        text.push_str(&paint(|line| line.cyan(), &hunk.header().to_string()));
        for change in hunk.iter_changes() {
            let (sign, style): (_, Style) = match change.tag() {
                ChangeTag::Delete => ("-", |line| line.red()),
                ChangeTag::Insert => ("+", |line| line.green()),
                ChangeTag::Equal => (" ", |line| line.normal()),
            };
            let line = change.value();
            let end = if change.missing_newline() { " (no newline at the end)" } else { "" };
            text.push_str(&paint(style, &format!("{sign}{}{end}", line.strip_suffix('\n').unwrap_or(line))));
        }
    }
    text
}

/// Standard output of a test, kept.
#[derive(Clone, Default)]
struct Captured(Rc<RefCell<String>>);

impl Output for Captured {
    fn text(&mut self, text: &str) -> io::Result<()> {
        self.0.borrow_mut().push_str(text);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
