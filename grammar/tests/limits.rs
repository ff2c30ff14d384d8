//! Deep and long programs: what must work works, the rest is one clear error, and nothing overflows the stack.

use nabla_grammar::{Parsed, parse, to_sexpr};
use std::time::{Duration, Instant};

/// Parses, prints and drops on a stack of 2 MiB, within seconds even in a debug build.
fn run(source: String) -> (usize, Vec<String>, bool) {
    let start = Instant::now();
    let work = move || {
        let parsed: Parsed = parse(&source);
        to_sexpr(&source, &parsed.stmts);
        let messages = parsed.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect();
        (parsed.stmts.len(), messages, parsed.is_incomplete())
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(work).expect("a thread");
    let result = thread.join().expect("no panic");
    assert!(start.elapsed() < Duration::from_secs(60), "took {:?}", start.elapsed());
    result
}

fn works(source: String) {
    let head: String = source.chars().take(40).collect();
    let (count, messages, _) = run(source);
    assert!(count > 0 && messages.is_empty(), "{head}: {messages:?}");
}

fn fails(source: String, message: &str) {
    let head: String = source.chars().take(40).collect();
    let (count, messages, incomplete) = run(source);
    assert_eq!((count, messages.len(), incomplete), (0, 1, false), "{head}: {messages:?}");
    assert!(messages[0].contains(message), "{head}: {messages:?}");
}

fn nested(open: &str, inside: &str, close: &str, depth: usize) -> String {
    [open.repeat(depth), inside.into(), close.repeat(depth)].concat()
}

const BRACKETS: &[(&str, &str)] = &[
    ("(", ")"),
    ("[", "]"),
    ("f(", ")"),
    ("a[", "]"),
    ("(1, ", ")"),
    ("(a=", ")"),
    ("[1, ", "]"),
    ("1 + 2 * (", ")"),
    ("-(", ")"),
    ("not (", ")"),
    ("2 ** -(", ")"),
    ("x = {", "}"),
    ("if a { ", " }"),
    ("for x in xs { ", " }"),
    ("while a { ", " }"),
    ("fn f() { ", " }"),
    ("@ gpu { ", " }"),
    ("|x| { ", " }"),
    ("try { ", " } catch { }"),
    ("[x for x in ", "]"),
    ("f(|x| g(", "))"),
];

#[test]
fn brackets_nest_256_deep() {
    for (open, close) in BRACKETS {
        let brackets = open.chars().filter(|c| "([{".contains(*c)).count();
        works(nested(open, "y", close, 256 / brackets));
    }
}

#[test]
fn deeper_brackets_are_an_error() {
    for (open, close) in BRACKETS {
        fails(nested(open, "y", close, 100_000), "nested too deeply");
        fails(open.repeat(100_000), "nested too deeply");
    }
}

#[test]
fn chains_of_prefixes_are_an_error() {
    for prefix in ["-", "+", "~", "∇", "not ", "|x| ", "|| ", "2 ** ", "2 ** -"] {
        works(nested(prefix, "y", "", 200));
        fails(nested(prefix, "y", "", 100_000), "nested too deeply");
    }
}

#[test]
fn depth_adds_up_across_statements() {
    let inner = nested("-", "y", "", 790);
    fails(nested("for x in xs { ", &inner, " }", 200), "nested too deeply");
    fails(nested("fn f() { ", &inner, " }", 200), "nested too deeply");
}

#[test]
fn postfix_chains_and_arms_are_bounded() {
    for step in [".T", "(1)", "[0]", ".f(x)", "\n.T"] {
        works(nested("", "y", step, 1000));
        fails(nested("", "y", step, 100_000), "too long");
    }
    works(nested("", "if a { }", " else if a { }", 999));
    fails(nested("", "if a { }", " else if a { }", 100_000), "too long");
}

#[test]
fn flat_chains_have_no_bound() {
    for more in [" + y", " - y", " * y", " and y", " or y", " | y", " < y", " |> y", " @ y", ", y"] {
        works(nested("", "y", more, 10_000));
    }
    works(nested("", "y", " + y", 100_000));
    works(nested("@ gpu\n", "fn f() = 1", "", 1000));
}

#[test]
fn long_programs_are_read_quickly() {
    works("x1 = f(a, 2) + b[3] * 4\n".repeat(30_000));
    works(format!("x = [{}]", "12345, ".repeat(100_000)));
    works(format!("fn f({}) = 1", (0..10_000).map(|i| format!("a{i}, ")).collect::<String>()));
    works(format!("f({})", (0..10_000).map(|i| format!("a{i}=1, ")).collect::<String>()));
    works(format!("\"{}\"", "\\n".repeat(1_000_000)));
    works("# ".repeat(1_000_000) + "\nx");
    works("x".repeat(1_000_000));
    works("1.".to_string() + &"5".repeat(1_000_000));
    works(format!("f\"{}\"", "{x}".repeat(10_000)));
    works("# comment\n## doc\n".repeat(100_000) + "x");
}

#[test]
fn garbage_gives_a_bounded_number_of_errors() {
    for word in
        ["a b\n", "1abc\n", "a ? \n", "\"\n", ")\n", ") ", "\\", "}{", "= ", "..", "f\"{", "else ", "\u{1}", ";"]
    {
        let (_, messages, incomplete) = run(word.repeat(100_000));
        assert!((1..=101).contains(&messages.len()) && !incomplete, "{word}: {}", messages.len());
    }
}
