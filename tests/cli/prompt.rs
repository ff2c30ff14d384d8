//! The prompt, driven through a pseudo-terminal.
#![cfg(unix)]

use crate::support::{Scratch, nabla};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// A terminal with the prompt in it.
struct Terminal {
    child: Child,
    keys: File,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Terminal {
    fn start(args: &[&str], history: &str, no_color: bool) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal is to be had");
        grantpt(&master).expect("it is ours");
        unlockpt(&master).expect("it is ours");
        tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).expect("it has a size");
        let name = ptsname(&master, Vec::new()).expect("it has a name");
        let path = std::ffi::OsStr::from_bytes(name.as_bytes());
        let slave = OpenOptions::new().read(true).write(true).open(path).expect("its other side opens");
        let side = || slave.try_clone().expect("a descriptor can be copied");
        let mut command = nabla(args);
        command.env("NABLA_HISTORY", history).stdin(side()).stdout(side()).stderr(side());
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let child = command.spawn().expect("the command is built with the tests");
        let keys = File::from(master);
        let mut reader = keys.try_clone().expect("a descriptor can be copied");
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal { child, keys, screen, seen: String::new() }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Waits until the screen shows `text`, and returns all that came since the last wait, `text` included.
    fn wait_for(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(position) = self.seen.find(text) {
                let rest = self.seen.split_off(position + text.len());
                return std::mem::replace(&mut self.seen, rest);
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.seen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(error) => panic!("{error} while waiting for {text:?}; the screen shows {:?}", self.seen),
            }
        }
    }

    /// Types a line at a fresh prompt.
    fn line(&mut self, text: &str) {
        self.wait_for(">> ");
        self.press(&format!("{text}\r"));
        // The editor redraws what is typed and then moves to the next line.
        self.wait_for("\n");
    }

    fn end(mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child.kill().expect("it still runs");
        panic!("the prompt did not end; the screen shows {:?}", self.seen)
    }
}

#[test]
fn values_errors_and_the_end() {
    let mut terminal = Terminal::start(&[], "", false);
    terminal.wait_for("Nabla ");
    terminal.line("[[1, 2], [3, 4]]");
    terminal.wait_for("[[1 2]\r\n [3 4]]  \x1b[2mi64[2, 2]\x1b[0m\r\n");
    terminal.line("kept = 41");
    terminal.line("unknown_name");
    terminal.wait_for("error[name]");
    terminal.line("kept + 1");
    terminal.wait_for("42  \x1b[2mi64\x1b[0m");
    terminal.line("|> sqrt");
    terminal.wait_for("6.48074069840786");
    terminal.line("kept;");
    assert!(!terminal.wait_for(">> ").contains("41"));
    terminal.press("\x04");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn input_goes_on_until_it_is_complete() {
    let mut terminal = Terminal::start(&["--quiet"], "", false);
    terminal.line("fn twice(x) {");
    terminal.wait_for(".. ");
    terminal.press("2 * x\r");
    terminal.wait_for(".. ");
    terminal.press("}\r");
    terminal.line("twice(4)");
    terminal.wait_for("8  ");
    terminal.line("[1,");
    terminal.wait_for(".. ");
    terminal.press("\x03");
    terminal.line("5 + 4");
    terminal.wait_for("9  ");
    terminal.wait_for(">> ");
    terminal.press("\x04");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn ctrl_c_stops_the_running_line_only() {
    let mut terminal = Terminal::start(&["--quiet"], "", true);
    terminal.line("kept = 7");
    terminal.line("print(\"started\"); while true { }");
    terminal.wait_for("started\r\n");
    kill_process(Pid::from_child(&terminal.child), Signal::INT).expect("the prompt runs");
    terminal.wait_for("error[interrupted]");
    terminal.line("kept");
    terminal.wait_for("7  i64\r\n");
    terminal.wait_for(">> ");
    terminal.press("half a li\x03");
    terminal.line("exit(3)");
    assert_eq!(terminal.end(), Some(3));
}

#[test]
fn the_time_limit_holds_for_each_line() {
    let mut terminal = Terminal::start(&["--quiet", "--timeout", "0.2"], "", true);
    for _ in 0..2 {
        terminal.line("while true { }");
        terminal.wait_for("error[interrupted]");
        terminal.line("1 + 1");
        terminal.wait_for("2  i64");
    }
    terminal.wait_for(">> ");
    terminal.press("\x04");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn input_asks_at_the_terminal() {
    let mut terminal = Terminal::start(&["--quiet"], "", true);
    terminal.line("input(\"name? \")");
    terminal.wait_for("name? ");
    terminal.press("Ada\r");
    terminal.wait_for("\n");
    terminal.wait_for("Ada  str");
    terminal.line("input(\"again? \")");
    terminal.wait_for("again? ");
    terminal.press("\x03");
    terminal.wait_for("error[interrupted]");
    terminal.wait_for(">> ");
    terminal.press("\x04");
    assert_eq!(terminal.end(), Some(0));
}

#[test]
fn names_are_completed_and_history_is_kept() {
    let scratch = Scratch::new("names_are_completed_and_history_is_kept");
    let history = scratch.path().join("history");
    let history = history.to_str().expect("the path is UTF-8");
    let mut terminal = Terminal::start(&["--quiet"], history, true);
    terminal.line("a_long_name = 12");
    terminal.wait_for(">> ");
    terminal.press("a_lo\t + 1\r");
    terminal.wait_for("13  i64");
    terminal.wait_for(">> ");
    terminal.press("\x04");
    assert_eq!(terminal.end(), Some(0));

    let mut terminal = Terminal::start(&["--quiet"], history, true);
    terminal.wait_for(">> ");
    // Two lines up.
    terminal.press("\x1b[A\x1b[A\r");
    terminal.wait_for("a_long_name = 12");
    terminal.line("a_long_name * 2");
    terminal.wait_for("24  i64");
    terminal.wait_for(">> ");
    terminal.press("\x04");
    assert_eq!(terminal.end(), Some(0));
}
