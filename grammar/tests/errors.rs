//! What is said of wrong programs: each snippet of `errors.txt` with its diagnostics, `⏎` for a newline.
//!
//! `NABLA_BLESS=1` writes the file anew; read the difference before you keep it.

use nabla_grammar::{Diagnostic, parse};
use std::fmt::Write;

fn describe(source: &str, diagnostic: &Diagnostic) -> String {
    let mut out = String::new();
    let span = diagnostic.span;
    let more = if diagnostic.incomplete { " (incomplete)" } else { "" };
    let text = span.text(source).replace('\n', "⏎");
    let _ = writeln!(out, "  {}..{} `{text}` {}{more}", span.start, span.end, diagnostic.message);
    for (span, label) in &diagnostic.labels {
        let _ = writeln!(out, "    label {}..{} `{}` {label}", span.start, span.end, span.text(source));
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "    help {help}");
    }
    out
}

#[test]
fn messages() {
    let golden = include_str!("errors.txt");
    let mut found = String::new();
    let mut count = 0;
    for snippet in golden.lines().filter(|line| !line.starts_with("  ")) {
        let source = snippet.replace('⏎', "\n");
        let parsed = parse(&source);
        assert!(!parsed.diagnostics.is_empty(), "no error in {snippet}");
        let _ = writeln!(found, "{snippet}");
        parsed.diagnostics.iter().for_each(|diagnostic| found.push_str(&describe(&source, diagnostic)));
        count += 1;
    }
    if std::env::var_os("NABLA_BLESS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/errors.txt"), &found).expect("tests/errors.txt");
        return;
    }
    assert!(count >= 80, "only {count} snippets");
    for (number, (found, golden)) in found.lines().zip(golden.lines()).enumerate() {
        assert_eq!(found, golden, "errors.txt, line {}", number + 1);
    }
    assert_eq!(found, golden);
}
