//! Files that are no programs, programs that are no text, and modules that are not there.

use crate::bounded::{fails, works};
use crate::support::{Run, Scratch, run};

#[test]
fn bytes_that_are_no_program() {
    fails(b"x = 1\0\n", "syntax", "");
    fails("\0".repeat(1_000_000), "syntax", "");
    fails(b"x = 1\nprint(\"\xff\xfe\")\n", "io", "is not UTF-8 text: byte 0xff in line 2");
    fails(vec![0xff; 1_000_000], "io", "is not UTF-8 text");
    fails("\u{1}\u{202e}\u{200b}", "syntax", "");
}

#[test]
fn line_ends_and_marks() {
    works("", "");
    works("\n\n\n", "");
    works("# nothing", "");
    works("\u{feff}1 + 1", "2\n");
    works("x = 1\r\nif x == 1 {\r\n    x\r\n}\r\nelse {\r\n    2\r\n}\r\nx + \\\r\n".replace("x + \\\r\n", ""), "1\n");
    works("1 +\r\n2", "3\n");
    works("1\n2", "1\n2\n");
}

#[test]
fn a_lone_carriage_return_is_no_mystery() {
    let said = crate::bounded::run_with(&[], "1\r2\r");
    assert!(said == Run::good("1\n2\n") || said.err.starts_with("error[syntax]: "), "{said:?}");
}

#[test]
fn long_lines_and_long_files() {
    works(format!("# {}\n1", "x".repeat(100_000_000)), "1\n");
    works(format!("len(\"{}\")", "x".repeat(10_000_000)), "10000000\n");
    works(format!("x = [{}]\nx.size", "1.5, ".repeat(1_000_000)), "1000000\n");
    works(format!("{}x", "x = 1\n".repeat(100_000)), "1\n");
    fails(format!("x = {}y", "(".repeat(10_000_000)), "syntax", "nested too deeply");
    fails("\"".to_string() + &"x".repeat(10_000_000), "syntax", "");
}

#[test]
fn scripts_that_cannot_be_read() {
    let scratch = Scratch::new("robust_scripts");
    let directory = scratch.path().to_str().expect("the path is UTF-8");
    for path in [directory, "/nowhere/at/all.nab", "/dev/null/x.nab", ""] {
        let said = run(&["run", path]);
        assert_eq!(said.status, Some(1), "{path}");
        assert!(said.err.starts_with("error[io]: "), "{}", said.err);
    }
    let empty = scratch.file("empty.nab", "");
    assert_eq!(run(&[&empty]), Run::good(""));
    assert_eq!(run(&["/dev/null"]), Run::good(""));
}

#[test]
fn modules_that_cannot_be_loaded() {
    let scratch = Scratch::new("robust_modules");
    scratch.file("directory/inside.nab", "");
    scratch.file("mine.nab", "import \"mine.nab\" as mine\n");
    scratch.file("a.nab", "import \"b.nab\" as b\n");
    scratch.file("b.nab", "import \"a.nab\" as a\n");
    scratch.file("bytes.nab", b"\xff\xfe");
    for (import, kind) in [
        ("\"mine.nab\" as m", "name"),
        ("\"a.nab\" as m", "name"),
        ("\"none.nab\" as m", "io"),
        ("\"directory\" as m", "io"),
        ("\"bytes.nab\" as m", "io"),
        ("\"\" as m", "io"),
    ] {
        let path = scratch.file("main.nab", format!("import {import}\n"));
        let said = run(&[&path]);
        assert_eq!(said.status, Some(1), "{import}");
        assert!(said.err.starts_with(&format!("error[{kind}]: ")), "{import}: {}", said.err);
    }
}

#[test]
fn errors_and_exits_inside_modules() {
    let scratch = Scratch::new("robust_module_errors");
    scratch
        .file("m.nab", "\n\nfn broken(x) = x + undefined_name\nfn leave() { exit(7) }\nfn endless(n) = endless(n)\n");
    let path = scratch.file("main.nab", "import \"m.nab\" as m\nfn call() = m.broken(1)\ncall()\n");
    let said = run(&[&path]);
    assert_eq!(said.status, Some(1));
    assert!(said.err.starts_with("error[name]: ") && said.err.contains("m.nab:3:20"), "{}", said.err);
    assert!(said.err.contains("main.nab:2:") && said.err.contains("main.nab:3:"), "{}", said.err);

    let path = scratch.file("main.nab", "import \"m.nab\" as m\nprint(1)\ntry { m.leave() } catch e { 2 }\nprint(3)\n");
    assert_eq!(run(&[&path]), Run { status: Some(7), out: "1\n".into(), err: String::new() });

    let path = scratch.file("main.nab", "import \"m.nab\" as m\ntry { m.endless(1) } catch e { 2 }\n");
    let said = run(&[&path]);
    assert_eq!(said.status, Some(1));
    assert!(
        said.err.starts_with("error[overflow]: calls nested deeper") && said.err.contains("m.nab:5:"),
        "{}",
        said.err
    );
}
