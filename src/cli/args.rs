//! The command line as a value. Reads words only: no file is opened and nothing is printed.

use lexopt::prelude::*;
use nabla::Isa;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// What to do.
#[derive(Debug)]
pub enum Command {
    /// No program was named: the prompt, or the program on standard input.
    Bare,
    Run {
        program: Program,
        args: Vec<String>,
    },
    Test {
        paths: Vec<PathBuf>,
        bless: bool,
    },
    Devices,
    /// A subcommand that has no meaning yet.
    Unavailable(&'static str),
    Help,
    Version,
}

#[derive(Debug)]
pub enum Program {
    File(PathBuf),
    Code(String),
    Stdin,
}

/// What goes with any run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub oneline: bool,
    pub quiet: bool,
    pub strict_device: bool,
    /// Say at the end of a run what there is to say of its graphs.
    pub graph_stats: bool,
    pub seed: Option<u64>,
    /// Threads to compute with; as many as the machine runs at once, if none.
    pub threads: Option<NonZeroUsize>,
    /// The instruction set to compute with; the best there is, if none.
    pub isa: Option<Isa>,
    /// Bytes that all values together may take.
    pub max_memory: Option<usize>,
    /// Bytes that values on each graphics card may take.
    pub gpu_memory: Option<usize>,
    pub timeout: Option<Duration>,
    pub color: Color,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// The words that name a subcommand.
pub const SUBCOMMANDS: [&str; 5] = ["run", "test", "fmt", "doc", "devices"];

/// Reads the words after the command's own name, which add to `options`. The error says what is wrong with them.
pub fn parse(
    words: impl IntoIterator<Item = OsString>,
    mut options: Options,
) -> Result<(Command, Options), lexopt::Error> {
    let mut parser = lexopt::Parser::from_args(words);
    let mut subcommand = None;
    let mut code: Option<String> = None;
    let mut paths = Vec::new();
    let mut bless = false;
    while let Some(word) = parser.next()? {
        match word {
            Short('h') | Long("help") => return Ok((Command::Help, options)),
            Short('V') | Long("version") => return Ok((Command::Version, options)),
            Short('e') if code.is_some() => return Err("-e is given twice".into()),
            Short('e') => code = Some(parser.value()?.string()?),
            Long("bless") if subcommand == Some("test") => bless = true,
            Long("oneline") => options.oneline = true,
            Long("quiet") => options.quiet = true,
            Long("graph-stats") => options.graph_stats = true,
            Long("strict-device") => options.strict_device = true,
            Long("seed") => options.seed = Some(parser.value()?.parse()?),
            Long("threads") => options.threads = Some(parser.value()?.parse_with(positive)?),
            Long("max-memory") => options.max_memory = Some(parser.value()?.parse_with(size)?),
            Long("timeout") => options.timeout = Some(parser.value()?.parse_with(seconds)?),
            Long("color") => options.color = parser.value()?.parse_with(when)?,
            Value(word) if subcommand == Some("test") => paths.push(word.into()),
            Value(word) => match (subcommand, SUBCOMMANDS.iter().find(|name| word == **name)) {
                (None, Some(name @ (&"fmt" | &"doc"))) if code.is_none() => {
                    return Ok((Command::Unavailable(name), options));
                }
                (None, Some(&"devices")) if code.is_none() => return Ok((Command::Devices, options)),
                (None, Some(name)) if code.is_none() => subcommand = Some(*name),
                _ => return run(Some(word), code, &mut parser, options),
            },
            other => return Err(other.unexpected()),
        }
    }
    match subcommand {
        Some("test") if code.is_some() => Err("-e goes with a run, not with test".into()),
        Some("test") => Ok((Command::Test { paths, bless }, options)),
        Some(_) if code.is_none() => Err("run needs a FILE".into()),
        None if code.is_none() => Ok((Command::Bare, options)),
        _ => run(None, code, &mut parser, options),
    }
}

/// A run: `word` is the file, or with code the first argument; whatever follows belongs to the program.
fn run(
    word: Option<OsString>,
    code: Option<String>,
    parser: &mut lexopt::Parser,
    options: Options,
) -> Result<(Command, Options), lexopt::Error> {
    let rest: Vec<OsString> = parser.raw_args()?.collect();
    let (program, first) = match (code, word) {
        (Some(code), word) => (Program::Code(code), word),
        (None, Some(word)) if word != "-" => (Program::File(word.into()), None),
        (None, _) => (Program::Stdin, None),
    };
    let args = first.into_iter().chain(rest).map(|word| word.string()).collect::<Result<_, _>>()?;
    Ok((Command::Run { program, args }, options))
}

pub fn positive(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "a number from 1 is needed")
}

fn when(text: &str) -> Result<Color, &'static str> {
    match text {
        "auto" => Ok(Color::Auto),
        "always" => Ok(Color::Always),
        "never" => Ok(Color::Never),
        _ => Err("it is auto, always or never"),
    }
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().filter(|&seconds: &f64| seconds > 0.0);
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or("a number of seconds above 0 is needed")
}

/// `500MB`, `1.5GiB`, `4096`: bytes.
pub fn size(text: &str) -> Result<usize, &'static str> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024f64.powi(2),
        "gib" => 1024f64.powi(3),
        "tib" => 1024f64.powi(4),
        _ => return Err("the units are B, kB, MB, GB, TB, KiB, MiB, GiB, TiB"),
    };
    let number = number.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    // Saturates, which is no limit at all.
    number.map(|number| (number * unit) as usize).ok_or("a size is needed, such as 500MB")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<(Command, Options), String> {
        parse(line.split_whitespace().map(OsString::from), Options::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_follows_the_file_belongs_to_the_program() {
        let Ok((Command::Run { program: Program::File(path), args }, options)) =
            parsed("--seed 3 run --oneline a.nab --quiet -- -e run")
        else {
            panic!("it is a run of a file")
        };
        assert_eq!(path, PathBuf::from("a.nab"));
        assert_eq!(args, ["--quiet", "--", "-e", "run"]);
        assert!(options.oneline && !options.quiet && options.seed == Some(3));
    }

    #[test]
    fn code_takes_arguments_and_options() {
        let Ok((Command::Run { program: Program::Code(code), args }, options)) =
            parsed("-e 1+1 --quiet test --oneline")
        else {
            panic!("it is a run of code")
        };
        assert_eq!((code.as_str(), args), ("1+1", vec!["test".to_string(), "--oneline".to_string()]));
        assert!(options.quiet && !options.oneline);
    }

    #[test]
    fn tests_take_paths_and_options_in_any_order() {
        let Ok((Command::Test { paths, bless: true }, _)) = parsed("test a --bless b") else {
            panic!("it is a test run that writes")
        };
        assert_eq!(paths, [PathBuf::from("a"), PathBuf::from("b")]);
    }

    #[test]
    fn bad_words_are_refused() {
        for line in [
            "--frobnicate",
            "run",
            "--seed x a.nab",
            "--seed",
            "--threads 0 a.nab",
            "--timeout 0 a.nab",
            "--timeout nan a.nab",
            "--timeout 1e300 a.nab",
            "--max-memory 3PB a.nab",
            "--max-memory GB a.nab",
            "--max-memory -1 a.nab",
            "--color blue a.nab",
            "--bless",
            "-e 1 -e 2",
            "test -e 1",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [("4096", 4096), ("500MB", 500_000_000), ("1.5GiB", 3 << 29), ("2k", 2000)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        assert_eq!(size("1e30TB"), Err("the units are B, kB, MB, GB, TB, KiB, MiB, GiB, TiB"));
    }
}
