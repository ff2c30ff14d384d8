//! A text with a name: what spans point into.

/// The text of a script, of a line at the prompt or of a module.
#[derive(Debug)]
pub struct Source {
    /// What messages call it: a path, `<stdin>`, `<prompt 3>`.
    pub name: String,
    pub text: String,
    /// Part of the standard library: an error in it is shown where a program called it.
    pub library: bool,
}

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source { name: name.into(), text: text.into(), library: false }
    }

    pub fn library(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source { library: true, ..Source::new(name, text) }
    }
}
