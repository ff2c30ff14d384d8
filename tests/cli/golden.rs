//! `nabla test`: what passes, what fails, what is written.

use crate::support::{Run, Scratch, finish, nabla, run};

fn path(scratch: &Scratch, name: &str) -> String {
    scratch.path().join(name).to_str().expect("the path is UTF-8").to_string()
}

#[test]
fn passes_and_fails() {
    let scratch = Scratch::new("golden_passes_and_fails");
    scratch.file("good.nab", "print(\"a\")\n");
    scratch.file("good.out", "a\n");
    scratch.file("deep/er/fails.nab", "print(\"b\")\nerror(\"why\")\n");
    scratch.file("deep/er/fails.out", "b\n");
    let expected = "error[error]: why\n  ┌─ fails.nab:2:1\n2 │ error(\"why\")\n  │ ^^^^^^^^^^^^\n";
    scratch.file("deep/er/fails.err", expected);
    scratch.file("module.nab", "x = 1\n");
    let all = path(&scratch, "");
    assert_eq!(run(&["test", &all]), Run::good("2 passed, 0 failed\n"));

    scratch.file("good.out", "a\nb\n");
    let said = run(&["test", &all]);
    assert_eq!((said.status, said.err.as_str()), (Some(1), ""));
    let good = path(&scratch, "good");
    let expected =
        format!("FAILED {good}.nab\n--- {good}.out\n+++ printed\n@@ -1,2 +1 @@\n a\n-b\n\n1 passed, 1 failed\n");
    assert_eq!(said.out, expected);
    let coloured = run(&["--color=always", "test", &all]);
    assert!(coloured.out.contains("\x1b[31m-b\x1b[0m\n"), "{}", coloured.out);
}

#[test]
fn failing_is_part_of_the_promise() {
    let scratch = Scratch::new("golden_failing");
    for (name, code, err) in [
        ("must_fail", "print(\"a\")\n", Some("")),
        ("must_not_fail", "print(\"a\")\nerror(\"why\")\n", None),
        ("must_not_exit", "print(\"a\")\nexit(3)\n", None),
    ] {
        scratch.file(&format!("{name}.nab"), code);
        scratch.file(&format!("{name}.out"), "a\n");
        if let Some(err) = err {
            scratch.file(&format!("{name}.err"), err);
        }
        let said = run(&["test", &path(&scratch, &format!("{name}.nab"))]);
        assert_eq!(said.status, Some(1), "{name}");
        assert!(said.out.ends_with("\n0 passed, 1 failed\n"), "{}", said.out);
    }
}

#[test]
fn each_test_has_its_own_session_arguments_and_input() {
    let scratch = Scratch::new("golden_sessions");
    scratch.file("a.nab", "# a test\n# args: --oneline -- one two\n[[1], [2]]\nargs\nx = 1\n");
    scratch.file("a.out", "[[1] [2]]\n('one', 'two')\n");
    scratch.file("b.nab", "[[1], [2]]\nprint(input(\"? \"))\nx\n");
    scratch.file("b.in", "line\n");
    scratch.file("b.out", "[[1]\n [2]]\n? line\n");
    scratch.file("b.err", "");
    let said = run(&["test", &path(&scratch, "")]);
    assert_eq!(said.status, Some(1));
    assert!(said.out.contains("+error[name]: ") && said.out.ends_with("1 passed, 1 failed\n"), "{}", said.out);
}

#[test]
fn bless_writes_what_was_printed() {
    let scratch = Scratch::new("golden_bless");
    scratch.file("a.nab", "print(\"a\")\n");
    scratch.file("fails.nab", "print(\"b\")\nerror(\"why\")\n");
    scratch.file("mended.nab", "print(\"c\")\n");
    scratch.file("mended.err", "error[error]: no more\n");
    scratch.file("module.nab", "x = 1\n");
    let all = path(&scratch, "");
    let said = run(&["test", "--bless", &all]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    assert!(said.out.ends_with("3 written, 0 unchanged\n"), "{}", said.out);
    assert_eq!(scratch.read("a.out"), "a\n");
    assert_eq!(scratch.read("fails.out"), "b\n");
    assert!(scratch.read("fails.err").starts_with("error[error]: why\n  ┌─ fails.nab:2:1\n"));
    let mut files: Vec<_> = std::fs::read_dir(scratch.path())
        .expect("the directory is there")
        .map(|entry| entry.expect("it can be read").file_name().into_string().expect("names are UTF-8"))
        .collect();
    files.sort();
    let expected = ["a.nab", "a.out", "fails.err", "fails.nab", "fails.out", "mended.nab", "mended.out", "module.nab"];
    assert_eq!(files, expected);
    assert_eq!(run(&["test", "--bless", &all]), Run::good("0 written, 3 unchanged\n"));
    assert_eq!(run(&["test", &all]), Run::good("3 passed, 0 failed\n"));
}

#[test]
fn nothing_to_test_is_an_error() {
    let scratch = Scratch::new("golden_nothing");
    scratch.file("module.nab", "x = 1\n");
    for name in ["", "module.nab", "none.nab"] {
        let said = run(&["test", &path(&scratch, name)]);
        assert_eq!((said.status, said.out.as_str()), (Some(1), ""), "{name}");
        assert!(said.err.starts_with("error[io]: "), "{}", said.err);
    }
}

#[test]
fn without_a_path_it_looks_below_the_working_directory() {
    let scratch = Scratch::new("golden_here");
    scratch.file("sub/a.nab", "print(\"a\")\n");
    scratch.file("sub/a.out", "b\n");
    scratch.file("target/no.nab", "print(\"a\")\n");
    scratch.file("target/no.out", "b\n");
    let mut command = nabla(&["test"]);
    command.current_dir(scratch.path());
    let said = finish(command, b"");
    assert!(said.out.starts_with("FAILED sub/a.nab\n--- sub/a.out\n"), "{}", said.out);
    assert!(said.out.ends_with("\n0 passed, 1 failed\n"), "{}", said.out);
}
