//! Runs the command with limits that the system enforces.

use crate::support::{Run, finish};
use std::process::Command;

/// Address space of a run in kB, and its processor time in seconds.
const SPACE: usize = 4 << 20;
const SECONDS: usize = 60;

/// Runs a program from standard input within the limits.
pub fn run_with(options: &[&str], program: impl AsRef<[u8]>) -> Run {
    let mut command = Command::new("sh");
    let script = format!("ulimit -c 0; ulimit -v {SPACE}; ulimit -t {SECONDS}; exec \"$@\"");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_nabla")]).args(options).arg("-");
    let said = finish(command, program.as_ref());
    assert!(said.status.is_some(), "{}: it ended by a signal: {}", head(program.as_ref()), said.err);
    said
}

/// The start of a program, for messages.
fn head(program: &[u8]) -> String {
    String::from_utf8_lossy(program).chars().take(200).collect()
}

/// It works, and prints this.
pub fn works(program: impl AsRef<[u8]>, expected: &str) {
    let said = run_with(&[], &program);
    assert_eq!(said, Run::good(expected), "{}", head(program.as_ref()));
}

/// It fails with an error of this kind, whose message holds this text.
pub fn fails(program: impl AsRef<[u8]>, kind: &str, message: &str) {
    fails_with(&[], program, kind, message);
}

pub fn fails_with(options: &[&str], program: impl AsRef<[u8]>, kind: &str, message: &str) {
    let said = run_with(options, &program);
    assert_eq!(said.status, Some(1), "{}: {} {}", head(program.as_ref()), head(said.out.as_bytes()), said.err);
    let first = said.err.lines().next().unwrap_or_default();
    assert!(first.starts_with(&format!("error[{kind}]: ")), "{}: {}", head(program.as_ref()), said.err);
    assert!(first.contains(message), "{}: {}", head(program.as_ref()), said.err);
}
