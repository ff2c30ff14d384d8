//! Ctrl-C at a running program.
#![cfg(unix)]

use crate::support::nabla;
use rustix::process::{Pid, Signal, kill_process};
use std::io::Read;
use std::process::{Child, Stdio};

/// Starts an endless program and returns once it runs.
fn start(code: &str) -> Child {
    let mut child = nabla(&["-e", code])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command is built with the tests");
    // The buffer of standard output is flushed when it is full, so the program says more than fits.
    let mut first = [0];
    child.stdout.as_mut().expect("it is a pipe").read_exact(&mut first).expect("the program prints");
    child
}

fn interrupt(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).expect("the program still runs");
}

#[test]
fn the_first_stops_the_program() {
    let child = start("print(\"x\" * 100000)\nfn f() { while true { } }\nf()");
    // The rest of what was printed must not keep it from ending.
    interrupt(&child);
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.starts_with("error[interrupted]: interrupted\n"), "{err}");
}

#[test]
fn try_does_not_catch_it() {
    let child = start("print(\"x\" * 100000)\nwhile true { try { while true { } } catch e { } }");
    interrupt(&child);
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(1));
}
