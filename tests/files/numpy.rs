//! Round trips with a real NumPy: 200 random arrays of all dtypes, orders and versions, in files and archives, and 200
//! tables of text. Without a Python that has NumPy, a message that cannot be overlooked says so.

use super::{Scratch, eval, session};
use nabla::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const ARRAYS: usize = 200;

/// A Python that has NumPy: the system's, or that of the benchmarks.
fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    [PathBuf::from("python3"), target.join("bench-peers/bin/python")].into_iter().find(|python| {
        let ready = Command::new(python).args(["-c", "import numpy; assert numpy.__version__ >= '2'"]).output();
        ready.is_ok_and(|ready| ready.status.success())
    })
}

/// Runs the other side.
fn numpy(python: &Path, step: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/numpy_trip.py");
    let output = Command::new(python).arg(script).args(step).output().expect("it ran a moment ago");
    assert!(output.status.success(), "{step:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn arrays_and_tables_survive_the_way_through_numpy() {
    let Some(python) = python() else {
        // straight to standard error, which the test harness does not hold back
        let message = "*** THE ROUND TRIPS WITH NUMPY WERE NOT RUN: there is no Python with NumPy 2 ***";
        drop(writeln!(std::io::stderr(), "\n{message}\n"));
        return;
    };
    let scratch = Scratch::new("numpy");
    let folder = scratch.0.to_str().expect("the path is UTF-8");
    let count = ARRAYS.to_string();
    numpy(&python, &["make", folder, &count, "1"]);

    let mut session = session(&scratch.0);
    let mut done = |code: &str| eval(&mut session, code).unwrap_or_else(|error| panic!("{code}: {error}"));
    for number in 0..ARRAYS {
        done(&format!("save(\"out_{number}.npy\", load(\"in_{number}.npy\"))"));
    }
    done("savez(\"out.npz\", load(\"packed.npz\"))");
    done("savez_compressed(\"out_packed.npz\", load(\"in.npz\"))");
    for number in 0..ARRAYS {
        table(&scratch.0, number);
    }
    numpy(&python, &["check", folder, &count]);
}

/// Writes a table as NumPy was told to write it: the bytes must be the same. Reads it back where NumPy can.
fn table(folder: &Path, number: usize) {
    let options = fs::read_to_string(folder.join(format!("text_{number}.json"))).expect("it was made");
    let options: serde_json::Value = serde_json::from_str(&options).expect("it is JSON");
    let text = |json: &serde_json::Value| Value::str(json.as_str().expect("a text"));
    let mut session = session(folder);
    for name in ["delimiter", "newline", "header", "footer", "comments"] {
        session.set(name, text(&options[name]));
    }
    session.set(
        "fmt",
        match options["fmt"].as_array() {
            Some(formats) => Value::tuple(formats.iter().map(text).collect()),
            None => text(&options["fmt"]),
        },
    );
    let code = format!(
        "savetxt(\"ours.txt\", load(\"table_{number}.npy\"), fmt=fmt, delimiter=delimiter, newline=newline,
            header=header, footer=footer, comments=comments)"
    );
    eval(&mut session, &code).unwrap_or_else(|error| panic!("table {number}, {options}: {error}"));
    let read = |name: &str| fs::read(folder.join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert_eq!(read("ours.txt").ok(), read(&format!("text_{number}.txt")).ok(), "table {number}, {options}");

    if let Some(mark) = options["reads"].as_str() {
        session.set("mark", Value::str(mark));
        let read = format!("loadtxt(\"text_{number}.txt\", delimiter=delimiter, comments=mark)");
        eval(&mut session, &format!("save(\"read_{number}.npy\", {read})"))
            .unwrap_or_else(|error| panic!("table {number}, {options}: {error}"));
    }
}
