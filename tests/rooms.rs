//! The directions of `use` lines between the rooms of docs/ARCHITECTURE.md.

use std::fs;
use std::path::Path;

/// Rooms of `src`, each with those it must not know.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("diagnostics", &["tensor", "ops", "cpu", "interp", "builtins", "io", "session", "context"]),
    ("context.rs", &["ops", "cpu", "interp", "builtins", "io", "session"]),
    ("transform", &["interp", "builtins", "io", "session"]),
    ("graph", &["interp", "builtins", "io", "session"]),
    ("workers.rs", &["tensor", "ops", "cpu", "interp", "builtins", "io", "session", "context"]),
    ("isa.rs", &["tensor", "ops", "cpu", "interp", "builtins", "io", "session", "context"]),
    ("memory.rs", &["tensor", "ops", "cpu", "interp", "builtins", "io", "session", "context"]),
    ("tensor", &["transform", "graph", "gpu", "ops", "cpu", "interp", "builtins", "io", "session", "context"]),
    ("cpu", &["ops", "gpu", "transform", "graph", "interp", "builtins", "io", "session"]),
    ("gpu", &["ops", "cpu", "transform", "graph", "interp", "builtins", "io", "session"]),
    ("ops", &["interp", "builtins", "io", "session"]),
    ("io", &["ops", "cpu", "interp", "builtins"]),
    ("interp", &["cpu", "io"]),
    ("builtins", &["cpu"]),
];

/// What only the command and the prompt do.
const ONLY_AT_THE_TERMINAL: &[&str] = &["println!", "print!", "eprintln!", "eprint!", "process::exit"];

#[test]
fn rooms_know_only_what_they_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = vec![];
    for (room, forbidden) in FORBIDDEN {
        for (name, text) in sources(&root.join(room)) {
            for other in *forbidden {
                if text.lines().any(|line| names(line, other)) {
                    wrong.push(format!("{name} uses crate::{other}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_library_neither_prints_nor_exits() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = vec![];
    for (name, text) in sources(&root) {
        let terminal = ["/cli/", "/repl/", "/main.rs"].iter().any(|part| name.replace('\\', "/").contains(part));
        for word in ONLY_AT_THE_TERMINAL.iter().filter(|_| !terminal) {
            if text.contains(word) {
                wrong.push(format!("{name} has {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Does a line of code name this room of the crate? Comments do not count.
fn names(line: &str, room: &str) -> bool {
    let code = line.split("//").next().unwrap_or(line);
    code.match_indices("crate::").any(|(at, found)| {
        code[at + found.len()..]
            .strip_prefix(room)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

/// The Rust files at a path, with their text; those of unit tests left out.
fn sources(path: &Path) -> Vec<(String, String)> {
    if path.is_dir() {
        let mut found = vec![];
        for entry in fs::read_dir(path).expect("a folder of the project").flatten() {
            if entry.file_name() != "tests" && entry.file_name() != "tests.rs" {
                found.extend(sources(&entry.path()));
            }
        }
        return found;
    }
    if path.extension().is_none_or(|extension| extension != "rs") {
        return vec![];
    }
    vec![(path.display().to_string(), fs::read_to_string(path).expect("a file of the project"))]
}
