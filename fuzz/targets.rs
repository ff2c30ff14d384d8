//! What fuzzing tries, for the fuzzer's binaries and for `tests/fuzz` alike. A target panics where it finds a fault.

use nabla::diagnostics::{Error, render};
use nabla::session::Output;
use nabla::{Kind, Session, Source};
use nabla_grammar::{Parsed, parse_continuing, to_sexpr};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The native stack that a run may need.
pub const STACK: usize = 256 << 20;

/// A program is stopped after this time...
const TIME: Duration = Duration::from_millis(200);
/// ... and has to listen within this one, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(10);
const MEMORY: usize = 16 << 20;
const DEPTH: usize = 200;
/// Bytes of output; more is not written.
const OUTPUT: usize = 1 << 20;

/// What reaches out of the session.
const OUTSIDE: [&str; 9] = ["read_text", "write_text", "load", "save", "_csv", "import", "input", "sleep", "env"];

/// Any text gives a tree or errors that lie in it.
pub fn parse(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for parsed in [nabla_grammar::parse(text), parse_continuing(text)] {
        check(text, &parsed);
    }
}

fn check(text: &str, parsed: &Parsed) {
    let mut end = 0;
    for stmt in &parsed.stmts {
        let (from, to) = (stmt.span.start as usize, stmt.span.end as usize);
        assert!(end <= from && text.get(from..to).is_some(), "a statement at {from}..{to}");
        end = to;
    }
    for diagnostic in &parsed.diagnostics {
        let (from, to) = (diagnostic.span.start as usize, diagnostic.span.end as usize);
        assert!(text.get(from..to).is_some(), "an error at {from}..{to}");
        assert!(!diagnostic.message.is_empty() && !diagnostic.message.contains('\n'), "{diagnostic:?}");
    }
    to_sexpr(text, &parsed.stmts);
}

/// Any program ends in time, with values or with errors that can be shown; and the session goes on after it.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if OUTSIDE.iter().any(|name| text.contains(name)) {
        return;
    }
    let mut session = session();
    let result = eval(&mut session, text);
    if let Err(errors) = &result {
        assert!(!errors.is_empty(), "it failed without an error");
        assert!(!render(errors, false).is_empty() && !render(errors, true).is_empty());
        assert!(errors.iter().all(|error| error.details().kind != Kind::Internal), "{}", render(errors, false));
    }
    assert!(eval(&mut session, "1 + 1").is_ok(), "the session is broken");
}

fn session() -> Session {
    let mut session = Session::new(Box::new(Sink { left: OUTPUT }));
    session.limits_mut().memory = MEMORY;
    session.limits_mut().depth = DEPTH;
    session
}

fn eval(session: &mut Session, text: &str) -> Result<(), Vec<Error>> {
    let start = Instant::now();
    session.limits_mut().deadline = start.checked_add(TIME);
    let result = session.eval(Arc::new(Source::new("<fuzz>", text)));
    assert!(start.elapsed() < TIME + PATIENCE, "it ran for {:?}", start.elapsed());
    result
}

/// Takes so much output, then refuses as a full disk does.
struct Sink {
    left: usize,
}

impl Output for Sink {
    fn text(&mut self, text: &str) -> io::Result<()> {
        self.left = self.left.checked_sub(text.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
