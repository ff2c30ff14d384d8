//! What every run of a session needs around it: a deep stack, limits, a net for faults, a report of errors.

use super::args::{Color, Options};
use super::console::{Console, say};
use nabla::diagnostics::{Error, Kind, load, render};
use nabla::gpu::Choice;
use nabla::session::{Output, Session};
use std::io::{self, IsTerminal};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Address space, not memory: pages count when they are touched.
const STACK: usize = 256 << 20;

/// What the last panic said, kept by the hook until `guarded` asks for it.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Runs `work` on a thread with a deep stack.
pub fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work)?;
        thread.join().map_err(|_| io::Error::other("the program's thread ended unexpectedly"))
    })
}

/// A session with the options of the command line.
pub fn session(output: Box<dyn Output>, options: &Options) -> Session {
    let mut session = Session::new(output);
    if let Some(seed) = options.seed {
        session.seed(seed);
    }
    if let Some(bytes) = options.max_memory {
        session.limit_memory(bytes);
    }
    if let Some(threads) = options.threads {
        session.set_threads(threads);
    }
    if let Some(isa) = options.isa {
        session.set_isa(isa);
    }
    let choice = std::env::var("NABLA_GPU").map(|text| Choice::parse(&text)).unwrap_or_default();
    session.set_devices(choice, options.strict_device);
    if let Some(bytes) = options.gpu_memory {
        session.limit_gpu_memory(bytes);
    }
    session.print_options_mut().oneline = options.oneline;
    start_clock(&mut session, options);
    session
}

/// The time limit counts from now.
pub fn start_clock(session: &mut Session, options: &Options) {
    session.limits_mut().deadline = options.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
}

/// Runs `eval`; a panic in it, which is a fault of ours, becomes an internal error.
pub fn guarded(eval: impl FnOnce() -> Result<(), Vec<Error>>) -> Result<(), Vec<Error>> {
    panic::set_hook(Box::new(|info| {
        let said = info.to_string().replace('\n', " ");
        *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
    }));
    panic::catch_unwind(AssertUnwindSafe(eval)).unwrap_or_else(|_| {
        let said = PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
        let error = Error::new(Kind::Internal, said.unwrap_or_default());
        Err(vec![error.help("this is a fault in nabla, not in your program: please report it with the program")])
    })
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Good,
    Failed,
    /// The program asked to end with this status.
    Exit(u8),
    /// The reader of our output has gone: end, and say nothing.
    BrokenPipe,
}

impl Ending {
    pub fn status(self) -> u8 {
        match self {
            Ending::Good | Ending::BrokenPipe => 0,
            Ending::Failed => 1,
            Ending::Exit(status) => status,
        }
    }
}

/// How a run with this result ended, and what is to be said of it.
pub fn judge(result: &Result<(), Vec<Error>>, color: bool) -> (Ending, String) {
    let Err(errors) = result else { return (Ending::Good, String::new()) };
    for error in errors {
        if error.details().broken_pipe {
            return (Ending::BrokenPipe, String::new());
        }
        if let Some(status) = error.details().exit {
            // The system keeps eight bits; a status that does not fit must not turn into success.
            return (Ending::Exit(u8::try_from(status).unwrap_or(1)), String::new());
        }
    }
    (Ending::Failed, render(errors, color))
}

/// Flushes what the program printed, then says on standard error what went wrong.
pub fn report(result: Result<(), Vec<Error>>, console: &mut Console, options: &Options) -> Ending {
    let color = use_color(options.color, &io::stderr());
    let (mut ending, mut text) = judge(&result, color);
    if let Err(error) = console.flush()
        && ending != Ending::BrokenPipe
    {
        let lost = Error::new(Kind::Io, format!("cannot write to standard output: {}", load::reason(&error)));
        match error.kind() {
            io::ErrorKind::BrokenPipe => ending = Ending::BrokenPipe,
            _ => {
                ending = Ending::Failed;
                text.push_str(&render(&[lost], color));
            }
        }
    }
    say(&text);
    ending
}

/// Whether text for `stream` is coloured.
pub fn use_color(color: Color, stream: &impl IsTerminal) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let able = std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
            stream.is_terminal() && able && !refused
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_internal_error() {
        let result = guarded(|| panic!("boom {}", 1));
        drop(panic::take_hook());
        let (ending, text) = judge(&result, false);
        assert_eq!(ending, Ending::Failed);
        assert!(text.starts_with("error[internal]: panicked at ") && text.contains(": boom 1\n  = help: "), "{text}");
    }

    #[test]
    fn exit_and_a_gone_reader_are_no_errors() {
        let ended = |error| judge(&Err(vec![error]), false);
        assert_eq!(ended(Error::exit(3)), (Ending::Exit(3), String::new()));
        assert_eq!(ended(Error::exit(256)).0.status(), 1);
        let mut gone = Error::new(Kind::Io, "broken pipe");
        gone.details_mut().broken_pipe = true;
        assert_eq!(ended(gone), (Ending::BrokenPipe, String::new()));
    }
}
