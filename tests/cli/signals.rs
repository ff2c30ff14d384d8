//! Ctrl-C at a running program, and the end that it cannot see coming.
#![cfg(unix)]

use crate::support::{Run, Scratch, finish, nabla};
use rustix::process::{Pid, Signal, kill_process};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Starts an endless program and returns once it runs.
fn start(code: &str) -> Child {
    start_command(nabla(&["-e", code]))
}

fn start_command(mut command: Command) -> Child {
    let mut child = command
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

/// Long work on a graphics card in a directory of its own; what the driver caches lies elsewhere.
fn start_on_gpu(code: &str, directory: &Scratch) -> Child {
    let mut command = nabla(&["-e", &format!("print(\"x\" * 100000)\n{code}")]);
    command.env("NABLA_GPU", "software").env("MESA_SHADER_CACHE_DISABLE", "true").current_dir(directory.path());
    for name in ["HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
        command.env(name, directory.path());
    }
    start_command(command)
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

/// What is on its way to the card ends soon, whatever it is: many small commands, or few that are much work.
#[test]
fn a_graphics_card_answers_soon() {
    let directory = Scratch::new("interrupted on the card");
    for work in [
        "x = ones(10) @ gpu\nwhile true { x = x + 1 }",
        "x = rand((2000, 2000)) @ gpu\nwhile true { y = x @ x }",
        "x = randint(0, 100, (2000, 2000)) @ gpu\nwhile true { y = x @ x }",
        "x = rand((3000, 3000)) @ gpu\nwhile true { y = sin(cos(sin(x ** 1.7) ** 2.3) ** 1.1) }",
        "x = rand((500, 500)) @ gpu\nwhile true { y = x @ x\nz = item(sum(y)) }",
    ] {
        // a fifth of a second; the machine may be busy with something else at one time, but not every time
        let soon = (0..4).any(|_| {
            let child = start_on_gpu(work, &directory);
            sleep(Duration::from_millis(1000));
            let pressed = Instant::now();
            interrupt(&child);
            let output = child.wait_with_output().expect("the program ends");
            let took = pressed.elapsed();
            let err = String::from_utf8_lossy(&output.stderr);
            assert!(err.starts_with("error[interrupted]: interrupted\n"), "{work}: {err}");
            assert_eq!(output.status.code(), Some(1), "{work}");
            took < Duration::from_millis(300)
        });
        assert!(soon, "{work}");
    }
}

#[test]
fn a_time_limit_ends_work_on_a_graphics_card() {
    let mut command = nabla(&["--timeout", "1", "-e", "x = rand((2000, 2000)) @ gpu\nwhile true { y = x @ x }"]);
    command.env("NABLA_GPU", "software");
    let run = finish(command, b"");
    assert_eq!(run.status, Some(1));
    assert!(run.err.starts_with("error[interrupted]: the time limit is reached\n"), "{}", run.err);
}

/// A program that is killed while the card works leaves no file behind, and the next one finds the card as it should be.
#[test]
fn killed_in_the_middle_of_work() {
    let directory = Scratch::new("killed on the card");
    for _ in 0..3 {
        let mut child = start_on_gpu("x = rand((1000, 1000)) @ gpu\nwhile true { y = x @ x }", &directory);
        sleep(Duration::from_millis(500));
        child.kill().expect("it runs");
        child.wait().expect("it is gone");
    }
    let left: Vec<_> = std::fs::read_dir(directory.path()).expect("it is there").collect();
    assert!(left.is_empty(), "{left:?}");
    let mut command = nabla(&["-e", "x = ones((300, 300)) @ gpu\nsum(x @ x)"]);
    command.env("NABLA_GPU", "software");
    assert_eq!(finish(command, b""), Run::good("2.7e+07\n"));
}
