//! Ctrl-C: the first stops the running program, a second one soon after ends the process.

use nabla::context::Interrupt;
use std::time::{Duration, Instant};

/// Two within this time mean that the program did not listen.
const IMPATIENCE: Duration = Duration::from_secs(1);

/// From now on Ctrl-C raises `interrupt`. A process told to ignore Ctrl-C goes on ignoring it.
pub fn listen(interrupt: Interrupt) {
    let mut last: Option<Instant> = None;
    let installed = ctrlc::try_set_handler(move || {
        if last.is_some_and(|last| last.elapsed() < IMPATIENCE) && interrupt.is_raised() {
            std::process::exit(1);
        }
        last = Some(Instant::now());
        interrupt.raise();
    });
    // It fails where signals are ignored or not to be had; then the program runs without.
    drop(installed);
}
