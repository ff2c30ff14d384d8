//! Programs made to break the command: too deep, too large, endless, malformed. Each must end with a clear error of the
//! right kind and exit status 1, in bounded time and memory, never by a signal.
#![cfg(unix)]

mod bounded;
mod depth;
mod extremes;
mod files;
mod growth;
mod interrupts;
#[path = "../support/printed.rs"]
mod printed;
mod sessions;
mod structures;
#[path = "../cli/support.rs"]
#[allow(dead_code)]
mod support;
