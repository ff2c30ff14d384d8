//! The command as a user meets it: its words, streams, exit statuses, signals, golden tests and prompt.

mod devices;
mod golden;
mod prompt;
mod readme;
mod run;
mod signals;
mod support;
mod usage;
