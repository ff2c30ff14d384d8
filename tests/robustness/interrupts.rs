//! Limits of time and Ctrl-C, during all that can take long; `try` catches neither.

use crate::bounded::fails_with;
use crate::support::nabla;
use rustix::process::{Pid, Signal, kill_process};
use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

const ENDLESS: [&str; 16] = [
    "while true { }",
    "for i in 0..10 ** 18 { }",
    "i = 0; while true { i += 1 }",
    "x = 0.0; while true { x = x * 0.5 + 1 }",
    "fn f(n) = if n < 2 { n } else { f(n - 1) + f(n - 2) }\nf(80)",
    "while true { try { error(\"again\") } catch e { 1 } }",
    "fn f() { try { while true { } } catch e { 1 } }\nf()",
    "while true { map(|x| x + 1, [1, 2, 3]) }",
    "while true { [x for x in 0..3] }",
    "reduce(|a, b| b, 0..10 ** 8, 0)",
    "a = ones((2000, 2000)); while true { a @ a }",
    "a = ones(10 ** 6); while true { sum(a * a) }",
    "while true { random.permutation(10 ** 7) }",
    "p = full(10 ** 7, 1e-7); while true { random.choice(10 ** 7, 10 ** 7, p=p, replace=false) }",
    "while true { s = f\"{[1, 2, 3]}\" }",
    "x = (1, 1)\nfor _ in 0..60 { x = (x, x) }\ny = x\nx == y",
];

/// Far above what stopping takes, even in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn the_time_limit_stops_anything() {
    for program in ENDLESS {
        let start = Instant::now();
        fails_with(&["--timeout", "0.2"], program, "interrupted", "the time limit is reached");
        assert!(start.elapsed() < PATIENCE, "{program}: {:?}", start.elapsed());
    }
}

#[test]
fn ctrl_c_stops_anything() {
    for program in ENDLESS {
        // more than the buffer of standard output holds, to know that it runs
        let program = format!("print(\"x\" * 100000)\n{program}");
        let mut child = nabla(&["-e", &program])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command is built with the tests");
        let mut first = [0];
        child.stdout.as_mut().expect("it is a pipe").read_exact(&mut first).expect("the program prints");
        kill_process(Pid::from_child(&child), Signal::INT).expect("the program runs");
        let start = Instant::now();
        let output = child.wait_with_output().expect("the program ends");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{program}: {err}");
        assert!(err.starts_with("error[interrupted]: interrupted"), "{program}: {err}");
        assert!(start.elapsed() < PATIENCE, "{program}: {:?}", start.elapsed());
    }
}

#[test]
fn limits_are_not_caught() {
    for (program, kind) in [
        ("fn f(n) = f(n + 1)\ntry { f(0) } catch e { print(e.kind) }", "overflow"),
        ("fn f(n) { try { f(n + 1) } catch e { print(e.kind) } }\nf(0)", "overflow"),
        ("try { try { while true { } } catch e { print(1) } } catch e { print(2) }", "interrupted"),
    ] {
        fails_with(&["--timeout", "2"], program, kind, "");
    }
}
