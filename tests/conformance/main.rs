//! What a session prints, against what NumPy prints and what the language reference says.
//!
//! The suites of printing and of NumPy's examples are not part of this repository: where they are not at hand, a message
//! that cannot be overlooked says so.

mod array_api;
mod calls;
mod numpy;
#[path = "../support/printed.rs"]
mod printed;
mod printing;
mod promotion;
mod reference;
mod special;

use nabla::diagnostics::render;
use nabla::{Session, Source};
use printed::Printed;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a program prints; where it fails, the message behind it.
fn run(code: &str) -> Result<String, String> {
    run_in(Path::new(""), code)
}

/// The same of a program that works in a directory.
fn run_in(directory: &Path, code: &str) -> Result<String, String> {
    let printed = Printed::default();
    let mut session = Session::new(Box::new(printed.clone()));
    session.set_directory(directory.to_path_buf());
    session.limits_mut().deadline = Some(Instant::now() + Duration::from_secs(60));
    match session.eval(Arc::new(Source::new("example.nab", code))) {
        Ok(()) => Ok(printed.take()),
        Err(errors) => Err(printed.take() + &render(&errors, false)),
    }
}

/// A file of the suite; without it none, and a message.
fn suite(name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/conformance").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) => {
            say(&format!("*** THE CONFORMANCE CASES WERE NOT RUN: {}: {error} ***", path.display()));
            None
        }
    }
}

/// Straight to standard error, which the test harness does not hold back.
fn say(message: &str) {
    drop(writeln!(io::stderr(), "\n{message}\n"));
}
