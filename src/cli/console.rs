//! Standard output of a program: buffered, line by line at a terminal, shared by the session and its host.

use colored::Colorize;
use nabla::session::Output;
use std::cell::RefCell;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::rc::Rc;

/// How the prompt shows types behind values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Types {
    Hidden,
    Plain,
    Dim,
}

/// A handle on standard output; clones write to the same buffer.
#[derive(Clone)]
pub struct Console {
    buffer: Rc<RefCell<BufWriter<Stdout>>>,
    line_wise: bool,
    types: Types,
    /// Does the user want no notices?
    quiet: bool,
}

impl Console {
    pub fn new(types: Types) -> Console {
        let stdout = io::stdout();
        let line_wise = stdout.is_terminal();
        let buffer = Rc::new(RefCell::new(BufWriter::with_capacity(1 << 16, stdout)));
        Console { buffer, line_wise, types, quiet: false }
    }

    pub fn quiet(self, quiet: bool) -> Console {
        Console { quiet, ..self }
    }
}

impl Output for Console {
    fn text(&mut self, text: &str) -> io::Result<()> {
        let mut buffer = self.buffer.borrow_mut();
        buffer.write_all(text.as_bytes())?;
        if self.line_wise && text.contains('\n') { buffer.flush() } else { Ok(()) }
    }

    fn value(&mut self, text: &str, type_name: &str) -> io::Result<()> {
        match self.types {
            Types::Hidden => self.text(&format!("{text}\n")),
            Types::Plain => self.text(&format!("{text}  {type_name}\n")),
            Types::Dim => self.text(&format!("{text}  {}\n", type_name.dimmed())),
        }
    }

    fn notice(&mut self, text: &str) {
        if !self.quiet {
            // What was printed before comes before; a failure shows again at the next flush.
            drop(self.flush());
            say(&format!("warning: {text}\n"));
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.buffer.borrow_mut().flush()
    }
}

/// Writes to standard error; when that is gone there is nobody left to tell.
pub fn say(text: &str) {
    drop(io::stderr().write_all(text.as_bytes()));
}
