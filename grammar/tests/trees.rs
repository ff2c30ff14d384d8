//! The shape of trees: the crate's own snippets, and the conformance suite's where it is at hand.

mod common;

use std::io::Write;

#[test]
fn snippets() {
    let (wrong, count) = common::run_cases(include_str!("trees.txt"));
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 250, "only {count} cases");
}

#[test]
fn conformance() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/conformance/syntax.txt");
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let (wrong, count) = common::run_cases(&text);
            assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
            assert!(count >= 300, "only {count} cases");
        }
        Err(error) => {
            // Straight to stderr, which the test harness does not hold back.
            let _ =
                writeln!(std::io::stderr(), "\n*** THE SYNTAX CONFORMANCE CASES WERE NOT RUN: {path}: {error} ***\n");
        }
    }
}
