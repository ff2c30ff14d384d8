//! What `input(prompt)` reads: a line edited at the terminal, or the next line of standard input.

use super::console::Console;
use nabla::context::Interrupt;
use nabla::session::Output;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use std::io::{self, IsTerminal};

pub type Reader = Box<dyn FnMut(&str) -> io::Result<Option<String>>>;

/// A reader for `Session::set_input`; none is the end of the input. Ctrl-C while it waits raises `interrupt`.
pub fn reader(mut console: Console, interrupt: Interrupt) -> Reader {
    let mut editor: Option<DefaultEditor> = None;
    Box::new(move |prompt| {
        console.flush()?;
        if !io::stdin().is_terminal() {
            console.text(prompt)?;
            console.flush()?;
            return read_line();
        }
        let editor = match &mut editor {
            Some(editor) => editor,
            none => none.insert(DefaultEditor::new().map_err(io::Error::other)?),
        };
        match editor.readline(prompt) {
            Ok(line) => Ok(Some(line)),
            Err(ReadlineError::Eof) => Ok(None),
            Err(ReadlineError::Interrupted) => {
                interrupt.raise();
                Err(io::ErrorKind::Interrupted.into())
            }
            Err(ReadlineError::Io(error)) => Err(error),
            Err(error) => Err(io::Error::other(error)),
        }
    })
}

fn read_line() -> io::Result<Option<String>> {
    let mut line = String::new();
    if io::stdin().read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let end = line.trim_end_matches('\n').trim_end_matches('\r').len();
    line.truncate(end);
    Ok(Some(line))
}
