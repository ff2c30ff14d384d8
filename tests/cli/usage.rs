//! Options, help, version, bad usage.

use crate::support::run;

#[test]
fn tells_its_version() {
    let said = run(&["--version"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out, format!("nabla {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(run(&["-V"]), said);
}

#[test]
fn help_names_every_option() {
    let said = run(&["--help"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    for word in [
        "-e CODE",
        "test [PATH",
        "fmt",
        "doc",
        "devices",
        "--oneline",
        "--seed N",
        "--threads N",
        "--max-memory SIZE",
        "--timeout S",
        "--strict-device",
        "--graph-stats",
        "--color",
        "--quiet",
        "--version",
        "--bless",
    ] {
        assert!(said.out.contains(word), "{word}");
    }
    assert!(said.out.lines().all(|line| line.len() <= 110));
}

#[test]
fn bad_usage_ends_with_2() {
    for args in [&["--frobnicate"][..], &["run"], &["--seed", "x", "-e", "1"], &["-e"], &["--color=blue", "-e", "1"]] {
        let said = run(args);
        assert_eq!((said.status, said.out.as_str()), (Some(2), ""), "{args:?}");
        assert!(said.err.starts_with("error: ") && said.err.ends_with("See `nabla --help`.\n"), "{}", said.err);
    }
}

#[test]
fn later_subcommands_say_so() {
    for name in ["fmt", "doc"] {
        let said = run(&[name, "--check", "x.nab"]);
        assert_eq!((said.status, said.out.as_str()), (Some(2), ""));
        assert_eq!(said.err, format!("error: `nabla {name}` is not yet available\n"));
    }
}

#[test]
fn options_go_with_a_run() {
    let seeded = |seed| run(&["--seed", seed, "-e", "print(randint(0, 1000000, (4,)))"]);
    assert_eq!(seeded("7").status, Some(0));
    assert_eq!(seeded("7"), seeded("7"));
    assert_ne!(seeded("7"), seeded("8"));

    let said = run(&["--max-memory", "1MB", "-e", "x = zeros(200000); print(1)"]);
    assert_eq!((said.status, said.out.as_str()), (Some(1), ""));
    assert!(said.err.starts_with("error[memory]: "), "{}", said.err);

    let said = run(&["--timeout", "0.05", "-e", "while true { }"]);
    assert_eq!(said.status, Some(1));
    assert!(said.err.starts_with("error[interrupted]: "), "{}", said.err);

    let said = run(&["--threads", "1", "--strict-device", "--quiet", "-e", "1 + 1"]);
    assert_eq!((said.status, said.out.as_str()), (Some(0), "2\n"));
}

#[test]
fn colour_is_for_terminals_or_on_demand() {
    let plain = run(&["-e", "error(\"why\")"]);
    assert_eq!(plain.status, Some(1));
    assert!(!plain.err.contains('\x1b'), "{}", plain.err);
    let coloured = run(&["--color", "always", "-e", "error(\"why\")"]);
    assert!(coloured.err.contains("\x1b["), "{}", coloured.err);
}
