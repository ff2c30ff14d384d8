//! Programs from files, from the command line and from standard input.

use crate::support::{Run, Scratch, finish, nabla, run, run_with};
use std::process::{Command, Stdio};

#[test]
fn the_first_program() {
    assert_eq!(run(&["-e", "dot([[1, 2], [3, 4]], [[1, 2], [3, 4]])"]), Run::good("[[ 7 10]\n [15 22]]\n"));
    assert_eq!(run(&["--oneline", "-e", "[[1, 2], [3, 4]]"]), Run::good("[[1 2] [3 4]]\n"));
}

#[test]
fn a_file_with_arguments() {
    let scratch = Scratch::new("a_file_with_arguments");
    let path = scratch.file("echo.nab", "print(args)\n");
    let expected = Run::good("('one', '--quiet', '-')\n");
    assert_eq!(run(&[&path, "one", "--quiet", "-"]), expected);
    assert_eq!(run(&["run", &path, "one", "--quiet", "-"]), expected);
    assert_eq!(run_with(&["-", "one", "--quiet", "-"], b"print(args)"), expected);
    assert_eq!(run(&["-e", "print(args)", "one", "--quiet", "-"]), expected);
}

#[test]
fn a_program_on_standard_input() {
    assert_eq!(run_with(&[], b"x = 2\nx * 3"), Run::good("6\n"));
    assert_eq!(run_with(&[], b""), Run::good(""));
    let said = run_with(&[], b"x = 1\nerror(\"why\")\n");
    assert_eq!((said.status, said.out.as_str()), (Some(1), ""));
    assert!(said.err.starts_with("error[error]: why\n  ┌─ <stdin>:2:1\n2 │ error(\"why\")\n"), "{}", said.err);
}

#[test]
fn input_reads_lines() {
    let code = "a = input(\"name? \"); b = input(\"\"); print(a, b); print(input(\"\") == none)";
    assert_eq!(run_with(&["-e", code], b"Ada\r\nLovelace"), Run::good("name? Ada Lovelace\nTrue\n"));
}

#[cfg(unix)]
#[test]
fn what_is_written_to_standard_output_stands_among_what_is_printed() {
    let code = "print(1); write_text(\"/dev/stdout\", \"2\\n\"); savetxt(\"/dev/stdout\", [3], fmt=\"%d\"); print(4)";
    assert_eq!(run(&["-e", code]), Run::good("1\n2\n3\n4\n"));
    let path = Scratch::new("standard_output").file("out.txt", "old\n");
    let out = std::fs::OpenOptions::new().append(true).open(&path).expect("it is there");
    let status = nabla(&["-e", code]).stdout(out).status().expect("the command runs");
    assert!(status.success());
    assert_eq!(std::fs::read_to_string(&path).expect("it stays where it is"), "old\n1\n2\n3\n4\n");
    let out = std::fs::File::create(&path).expect("it is there");
    assert!(nabla(&["-e", code]).stdout(out).status().is_ok_and(|status| status.success()));
    assert_eq!(std::fs::read_to_string(&path).expect("it stays where it is"), "1\n2\n3\n4\n");
}

#[test]
fn an_error_comes_after_what_was_printed() {
    let said = run(&["-e", "print(\"before\")\nerror(\"why\")\nprint(\"after\")"]);
    assert_eq!((said.status, said.out.as_str()), (Some(1), "before\n"));
    assert!(said.err.starts_with("error[error]: why\n"), "{}", said.err);
}

#[test]
fn syntax_errors_are_reported_together_and_nothing_runs() {
    let said = run(&["-e", "print(1)\nx = = 2\ny = 3 +* 4\nprint(5)"]);
    assert_eq!((said.status, said.out.as_str()), (Some(1), ""));
    assert_eq!(said.err.matches("error[syntax]: ").count(), 2, "{}", said.err);
}

#[test]
fn exit_gives_its_status() {
    for (code, status) in [("exit(0); print(1)", 0), ("exit(3)", 3), ("fn f() = exit(7)\nf()", 7)] {
        assert_eq!(run(&["-e", code]), Run { status: Some(status), ..Run::good("") });
    }
    assert_eq!(run(&["-e", "try { exit(4) } catch e { print(e) }"]).status, Some(4));
}

#[test]
fn files_that_cannot_be_read() {
    let scratch = Scratch::new("files_that_cannot_be_read");
    scratch.file("there.nab", "1");
    let path = |name: &str| scratch.path().join(name).to_str().expect("the path is UTF-8").to_string();
    let failed = |arg: &str, message: &str| {
        let said = run(&[arg]);
        assert_eq!((said.status, said.out.as_str()), (Some(1), ""), "{arg}");
        assert_eq!(said.err, format!("error[io]: cannot read `{arg}`: {message}\n"));
    };
    failed(&path(""), "it is a directory");
    failed(&path("none.nab"), "no such file or directory");
    failed(&path("there"), &format!("no such file or directory\n  = help: did you mean `{}`?", path("there.nab")));
    failed("tset", "no such file or directory\n  = help: did you mean `nabla test`?");
    failed("/dev/null/x", "not a directory");
}

#[test]
fn text_that_is_no_text() {
    let scratch = Scratch::new("text_that_is_no_text");
    let path = scratch.file("latin1.nab", b"x = 1\nprint(\"gr\xfc\xdf\")\n");
    let said = run(&[&path]);
    assert_eq!((said.status, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains("byte 0xfc in line 2, 15 bytes from the start"), "{}", said.err);
    assert_eq!(run_with(&[], b"\xff").status, Some(1));

    let said = run(&[&scratch.file("nul.nab", "x = 1\0\n")]);
    assert_eq!((said.status, said.out.as_str()), (Some(1), ""));
    assert!(said.err.starts_with("error[syntax]: ") && !said.err.contains('\0'), "{}", said.err);

    let said = run(&["/dev/zero"]);
    assert_eq!(said.status, Some(1));
    assert!(said.err.starts_with("error[io]: "), "{}", said.err);
}

#[test]
fn windows_line_ends_and_marks() {
    let scratch = Scratch::new("windows_line_ends_and_marks");
    let path = scratch.file("windows.nab", "\u{feff}x = [1,\r\n  2]\r\n# done\r\nx\r\n");
    assert_eq!(run(&[&path]), Run::good("[1 2]\n"));
}

#[test]
fn a_gone_reader_ends_the_program_quietly() {
    let mut child = nabla(&["-e", "while true { print(\"x\") }"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command is built with the tests");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" -e 'print(1)' > /dev/full", env!("CARGO_BIN_EXE_nabla")]);
    let said = finish(command, b"");
    assert_eq!(said.status, Some(1));
    assert_eq!(said.err, "error[io]: cannot write to standard output: no space left on device\n");
}

#[test]
fn figures_of_graphs_come_last_on_standard_error() {
    let code = "@ graph fn f(x) = x * 2\nf(1)\nf(f32(1))\nf(2)\nprint(graph(sin)(0.0))\nerror(\"why\")";
    let said = run(&["--graph-stats", "-e", code]);
    assert_eq!((said.status, said.out.as_str()), (Some(1), "2\n2.0\n4\n0.0\n"));
    let figures = "graph f: 3 calls, 2 traces
  first call: 1 operation, 1 when simplified
  argument x: literal i64 became f32: 1 operation, 1 when simplified
  last run: 1 kernel, 0 B
graph sin: 1 call, 1 trace
  first call: 1 operation, 1 when simplified
  last run: 1 kernel, 0 B
";
    assert!(said.err.starts_with("error[error]: why") && said.err.ends_with(figures), "{}", said.err);
}
