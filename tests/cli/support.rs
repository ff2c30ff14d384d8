//! Starts the built command and keeps what it said.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run left behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Run {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn good(out: &str) -> Run {
        Run { status: Some(0), out: out.to_string(), err: String::new() }
    }
}

/// The command, free of the tester's own settings.
pub fn nabla(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nabla"));
    command.args(args).env_remove("NO_COLOR").env("TERM", "xterm");
    command
}

pub fn run(args: &[&str]) -> Run {
    run_with(args, b"")
}

/// Runs with `input` on standard input.
pub fn run_with(args: &[&str], input: &[u8]) -> Run {
    finish(nabla(args), input)
}

pub fn finish(mut command: Command, input: &[u8]) -> Run {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command is built with the tests");
    // A program that does not read its input may be gone by now.
    drop(child.stdin.take().expect("standard input is a pipe").write_all(input));
    let output = child.wait_with_output().expect("the command ends");
    Run {
        status: output.status.code(),
        out: String::from_utf8(output.stdout).expect("output is UTF-8"),
        err: String::from_utf8(output.stderr).expect("errors are UTF-8"),
    }
}

/// A fresh directory below the build's own; each test names its own.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(name: &str) -> Scratch {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(&path).expect("the build directory can be written");
        Scratch(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file and gives its full path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("it lies in the directory")).expect("it can be made");
        std::fs::write(&path, content).expect("it can be written");
        path.to_str().expect("the path is UTF-8").to_string()
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}
