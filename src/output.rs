//! Where a session's output goes: what programs print, what operations print when they run.
//!
//! It must never be a terminal of its own: whoever made the session decides where text goes.

use crate::diagnostics::{Error, Kind, Result, load};
use std::fmt;
use std::io;

/// Where a session's output goes.
pub trait Output {
    /// What `print` writes; no newline is added.
    fn text(&mut self, text: &str) -> io::Result<()>;

    /// The value of a top-level expression.
    fn value(&mut self, text: &str, type_name: &str) -> io::Result<()> {
        _ = type_name;
        self.text(text)?;
        self.text("\n")
    }

    /// What the user should know besides the program's output.
    fn notice(&mut self, text: &str) {
        _ = text;
    }

    fn flush(&mut self) -> io::Result<()>;
}

/// The output as operations have it; none where nobody listens.
#[derive(Default)]
pub struct Sink(Option<Box<dyn Output>>);

impl Sink {
    pub fn new(output: Box<dyn Output>) -> Sink {
        Sink(Some(output))
    }

    pub fn text(&mut self, text: &str) -> Result<()> {
        self.with(|output| output.text(text))
    }

    pub fn value(&mut self, text: &str, type_name: &str) -> Result<()> {
        self.with(|output| output.value(text, type_name))
    }

    pub fn notice(&mut self, text: &str) {
        if let Some(output) = &mut self.0 {
            output.notice(text);
        }
    }

    pub fn flush(&mut self) -> Result<()> {
        self.with(|output| output.flush())
    }

    fn with(&mut self, write: impl FnOnce(&mut dyn Output) -> io::Result<()>) -> Result<()> {
        match &mut self.0 {
            Some(output) => write(&mut **output).map_err(|error| failed(&error)),
            None => Ok(()),
        }
    }
}

#[cold]
fn failed(error: &io::Error) -> Error {
    let mut raised = Error::new(Kind::Io, format!("cannot write the output: {}", load::reason(error)));
    raised.details_mut().broken_pipe = error.kind() == io::ErrorKind::BrokenPipe;
    raised
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}
