//! The prompt: reads a statement, runs it, shows its value, and goes on whatever happens.

mod complete;
mod history;

use crate::cli::console::{Console, Types};
use crate::cli::host::{self, Ending};
use crate::cli::{Options, input, interrupt};
use complete::Names;
use nabla::diagnostics::{Error, Kind, Source};
use nabla::session::Output;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

const PROMPT: &str = ">> ";
const CONTINUATION: &str = ".. ";
const HISTORY_LENGTH: usize = 10_000;

/// Runs until the end of the input or `exit()`.
pub fn run(options: &Options) -> Ending {
    let stdout = io::stdout();
    let types = match stdout.is_terminal() {
        false => Types::Hidden,
        true if host::use_color(options.color, &stdout) => Types::Dim,
        true => Types::Plain,
    };
    let mut console = Console::new(types).quiet(options.quiet);
    let mut editor = match editor() {
        Ok(editor) => editor,
        Err(error) => return host::report(Err(vec![unreadable(&error)]), &mut console, options),
    };
    let history = history::file();
    if let Some(path) = &history {
        // A first start has no file yet.
        drop(editor.load_history(path));
    }
    if !options.quiet {
        let banner = concat!("Nabla ", env!("CARGO_PKG_VERSION"), " (help(name) explains a name, Ctrl-D ends)\n");
        drop(console.text(banner));
    }
    let mut session = host::session(Box::new(console.clone()), options);
    session.set_input(input::reader(console.clone(), session.interrupt()));
    interrupt::listen(session.interrupt());

    let mut number = 0;
    loop {
        if let Some(names) = editor.helper_mut() {
            names.0 = session.names();
        }
        let text = match read_statement(&mut editor) {
            Ok(text) => text,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ending::Good,
            Err(error) => return host::report(Err(vec![unreadable(&error)]), &mut console, options),
        };
        if text.trim().is_empty() {
            continue;
        }
        number += 1;
        remember(&mut editor, history.as_deref(), &text);
        session.interrupt().clear();
        host::start_clock(&mut session, options);
        let source = Arc::new(Source::new(format!("<prompt {number}>"), text));
        let result = host::guarded(|| session.eval_continuing(source));
        match host::report(result, &mut console, options) {
            Ending::Good | Ending::Failed => {}
            ending => return ending,
        }
    }
}

fn unreadable(error: &ReadlineError) -> Error {
    Error::new(Kind::Io, format!("cannot read from the terminal: {error}"))
}

fn editor() -> rustyline::Result<Editor<Names, FileHistory>> {
    let config = Config::builder().max_history_size(HISTORY_LENGTH)?.build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Names::default()));
    Ok(editor)
}

/// Reads lines until they make a whole. Ctrl-C drops all of them; at the end of the input they run as they are.
fn read_statement(editor: &mut Editor<Names, FileHistory>) -> rustyline::Result<String> {
    let mut text = editor.readline(PROMPT)?;
    while nabla_grammar::parse_continuing(&text).is_incomplete() {
        match editor.readline(CONTINUATION) {
            Ok(line) => {
                text.push('\n');
                text.push_str(&line);
            }
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(text)
}

/// Keeps a statement for the next sessions. A history that cannot be written must not disturb the work.
fn remember(editor: &mut Editor<Names, FileHistory>, path: Option<&Path>, text: &str) {
    if editor.add_history_entry(text).unwrap_or(false)
        && let Some(path) = path
    {
        drop(editor.append_history(path));
    }
}
