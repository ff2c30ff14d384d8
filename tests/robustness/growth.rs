//! Values that are too large at once, or grow without bound.

use crate::bounded::{fails, fails_with, run_with, works};
use crate::support::{Run, Scratch, run};

#[test]
fn values_too_large_for_any_machine() {
    for program in [
        "zeros(12500000000000)",
        "ones((10 ** 7, 10 ** 7))",
        "full((2 ** 62, 4), 1)",
        "eye(10 ** 7)",
        "arange(10 ** 18)",
        "arange(0, inf)",
        "arange(0, 1, 1e-300)",
        "linspace(0, 1, 10 ** 13)",
        "rand(10 ** 13)",
        "randn((10 ** 7, 10 ** 7))",
        "randint(0, 10, (10 ** 7, 10 ** 7))",
        "\"x\" * 10 ** 15",
        "\"ab\" * 9223372036854775807",
        "0..10 ** 18",
        "x = 0..10 ** 18; print(x)",
        "(0..10 ** 18) + 1",
        "sum(0..10 ** 18)",
        "reshape(0..10 ** 18, (10 ** 9, 10 ** 9))",
        "map(|i| i, 0..10 ** 18)",
        "zip(0..10 ** 18, 0..10 ** 18)",
        "enumerate(0..10 ** 18)",
        "zeros((10 ** 6, 1)) + zeros((1, 10 ** 6))",
        "zeros((10 ** 6, 1)) @ zeros((1, 10 ** 6))",
        "broadcast_to(1, (10 ** 9, 10 ** 9)) + 1",
        "outer(zeros(10 ** 7), zeros(10 ** 7))",
        "where(zeros((10 ** 7, 1)) == 0, zeros((1, 10 ** 7)), 1)",
        "x = zeros(10 ** 6); t = (x,); for _ in 0..24 { t = (...t, ...t) }; concatenate(t)",
    ] {
        fails(program, "memory", "takes");
    }
}

#[test]
fn ranges_as_long_as_can_be() {
    works("for i in 9223372036854775806..9223372036854775807 { print(i) }", "9223372036854775806\n");
    works("for i in -9223372036854775808..9223372036854775807 { print(i); break }", "-9223372036854775808\n");
    fails("-9223372036854775808..9223372036854775807", "memory", "takes more than 16 EB");
}

#[test]
fn what_the_system_does_not_give() {
    // more than the address space of the run, and less than its own limit
    fails_with(&["--max-memory", "1TB"], "zeros(10 ** 9)", "memory", "the system has not as much left");
    let survivor = "try { zeros(10 ** 9) } catch e { print(e.kind) }; print(1)";
    let said = run_with(&["--max-memory", "1TB"], survivor);
    assert_eq!(said, Run::good("memory\n1\n"));
}

#[test]
fn parts_are_assigned_where_they_are() {
    let program = "a = zeros(10 ** 6)\na[0:2] = 1\na[[3, 4]] = 2\na[[3, 3]] += 2\nprint(a[:5])";
    assert_eq!(run_with(&["--max-memory", "9MB"], program), Run::good("[1. 1. 0. 6. 2.]\n"));
    let shared = "a = zeros(10 ** 6)\nb = a\na[0:2] = 1";
    fails_with(&["--max-memory", "9MB"], shared, "memory", "f64[1000000] takes 8.0 MB");
}

#[test]
fn growth_ends_at_the_limit() {
    for program in [
        "xs = [1]\nwhile true { xs = concatenate((xs, xs)) }",
        "xs = [1]\nwhile true { xs = [xs, xs] }",
        "xs = [1]\nwhile true { xs = [...xs, ...xs] }",
        "xs = (1,)\nwhile true { xs = (...xs, ...xs) }",
        "fn f() { xs = []; while true { xs = append(xs, 1) } }\nf()",
        "fn f() { xs = (); while true { xs = append(xs, 1) } }\nf()",
        "xs = [i for i in 0..10 ** 18]",
        "xs = [[i, i] for i in 0..10 ** 18]",
        "s = \"x\"\nwhile true { s = s + s }",
        "s = \"x\"\nwhile true { s += s }",
        "s = \"x\"\nwhile true { s = f\"{s}{s}\" }",
        "s = \"x\"\nwhile true { s = join((s, s)) }",
        "s = \"x\"\nwhile true { s = replace(s, \"x\", \"xx\") }",
        "s = \"x\"\nwhile true { s = s * 2 }",
        "t = [\"x\"]\nwhile true { t = t + t }",
        "t = [\"x\"]\nwhile true { t = concatenate((t, t)) }",
        "split(\"a\" * 9000000, \"a\")",
        "lines(\"\\n\" * 9000000)",
    ] {
        fails_with(&["--max-memory", "10MB"], program, "memory", "takes");
    }
}

#[test]
fn widths_of_formats_are_bounded() {
    for placeholder in
        ["1:>10000000000", "1.5:.100000000000f", "1:0100000d", "1:>99999999999999999999", "[1.5]:.100000f"]
    {
        fails(format!("f\"{{{placeholder}}}\""), "value", "is above 10000");
    }
    works("len(f\"{1:>10000}\"), len(f\"{1.5:.10000f}\")", "(10000, 10002)\n");
}

#[test]
fn huge_values_are_printed_in_part() {
    works("0..10000000", "[      0       1       2 ... 9999997 9999998 9999999]\n");
    works("print_options(linewidth=10 ** 18, precision=10 ** 18)\n[1 / 3]", "[0.3333333333333333]\n");
}

/// Kilobytes that the process took at most, by the system's own count.
fn peak(program: &str) -> usize {
    let path = Scratch::new("peak").file("program.nab", program);
    let said = run(&[&path]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    let line = said.out.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the program prints its status");
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse().ok()).expect("it is a number")
}

#[test]
#[cfg(target_os = "linux")]
fn memory_is_given_back() {
    // three values of 80 MB live at once
    let program = "fn f() { x = ones(10 ** 7); y = x + 1; sum(y * x) }\nfor _ in 0..50 { f() }\n\
                   print(read_text(\"/proc/self/status\"))";
    let kilobytes = peak(program);
    assert!(kilobytes < 400_000, "{kilobytes} kB");
}
