//! Every function in every check, or on the list in `cases.txt` with the reason why it is not.

use crate::case::Case;
use crate::{CHECKS, Runner};
use nabla::builtins;
use nabla::ops::{OnGpu, table};
use std::collections::BTreeSet;

const CASES: &str = include_str!("cases.txt");

/// How far differences may be off, relative to the largest number.
const WITHIN: &str = "1e-8";

/// The checks by their names in the list.
const ALL: [(&str, &str); 6] = [
    ("first", "first"),
    ("second", "second"),
    ("orders", "orders"),
    ("f32", "in_single"),
    ("vmap", "in_rows"),
    ("gpu", "on_gpu"),
];

/// Does a card say of an operation that it does not have that it has it not?
fn is_missing_on_gpu(error: &str) -> bool {
    let mut missing = table().filter(|entry| matches!(entry.gpu, OnGpu::Missing)).map(|entry| entry.symbol);
    missing.any(|symbol| error.starts_with(&format!("error[device]: a GPU has no `{symbol}` of ")))
}

/// The cases with the checks that they are left out of, and the names that are in no check.
fn list() -> (Vec<(Case<'static>, Vec<&'static str>)>, Vec<&'static str>) {
    let (mut cases, mut exempt, mut without, mut reason) = (Vec::new(), Vec::new(), Vec::new(), "");
    for line in CASES.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(text) = line.strip_prefix("# ") {
            reason = text;
        } else if let Some(names) = line.strip_prefix("- ") {
            assert!(reason.len() > 4, "{line}: no reason");
            exempt.extend(names.split_whitespace());
        } else if let Some(case) = Case::of(line) {
            cases.push((case, without.clone()));
        } else {
            let section = line.strip_prefix('[').and_then(|section| section.split_once(']'));
            let (left_out, reason) = section.unwrap_or_else(|| panic!("{line}: neither a case nor a section"));
            without = left_out.split_whitespace().collect();
            let is_known = |name: &&str| ALL.iter().any(|(own, _)| own == name);
            assert!(without.iter().all(is_known), "{line}: an unknown check");
            assert!(without.is_empty() || reason.len() > 10, "{line}: no reason");
        }
    }
    (cases, exempt)
}

#[test]
fn every_function_has_a_case_or_a_reason() {
    let (cases, exempt) = list();
    let names: BTreeSet<String> = builtins::function_names().collect();
    let covered: BTreeSet<&str> =
        cases.iter().map(|(case, _)| case.name()).filter(|name| names.contains(*name)).collect();
    let listed: BTreeSet<&str> = exempt.iter().copied().collect();
    assert_eq!(listed.len(), exempt.len(), "a name stands on two lists");
    let missing: Vec<&String> =
        names.iter().filter(|name| !covered.contains(name.as_str()) && !listed.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "functions without a case and without a reason: {missing:?}");
    let unknown: Vec<&&str> = listed.iter().filter(|name| !names.contains(**name)).collect();
    assert!(unknown.is_empty(), "reasons for functions that are not there: {unknown:?}");
    let both: Vec<&&str> = covered.intersection(&listed).collect();
    assert!(both.is_empty(), "functions with a case and a reason: {both:?}");
}

#[test]
fn derivatives_of_functions_pass_every_check() {
    let mut runner = Runner::new(CHECKS);
    let (cases, _) = list();
    let mut wrong = Vec::new();
    for (case, without) in &cases {
        if let Err(error) = runner.eval(&case.definition()) {
            wrong.push(format!("{}: {error}", case.line));
            continue;
        }
        for (name, check) in ALL {
            if without.contains(&name) {
                continue;
            }
            let within = if matches!(name, "first" | "second") { format!(", {WITHIN}") } else { String::new() };
            if let Err(error) = runner.eval(&format!("{check}(f, x{within})"))
                && !(name == "gpu" && is_missing_on_gpu(&error))
            {
                wrong.push(format!("{}: {name}: {error}", case.line));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// The checks see what they are for: each fails for a function whose derivative is wrong, or which has none.
#[test]
fn checks_can_fail() {
    let mut runner = Runner::new(CHECKS);
    let mut fails = |check: &str, f: &str| {
        let within = if matches!(check, "first" | "second") { ", 1e-8" } else { "" };
        let code = format!("{check}(|x| {f}, (a=[0.5, 1.5], b=[2.0, 0.7]){within})");
        let error = runner.eval(&code).expect_err(&code);
        assert!(error.starts_with("error[assert]"), "{code}: {error}");
    };
    // a derivative that is lost on the way
    fails("first", "f64(str(x.a))");
    fails("second", "x.a * f64(str(x.a))");
    // each argument has the slope of the other one
    let exchanged = "(a=-x.a, b=x.b) * (dy / (x.a ** 2 + x.b ** 2))";
    fails("first", &format!("custom_grad(|x| atan2(x.a, x.b), |x, y, dy| {exchanged})(x)"));
    // every run draws anew
    fails("orders", "x.a ** 3 * rand()");
    fails("in_single", "(x.a + 1e8) - 1e8");
    fails("in_rows", "x.a * rand()");
    fails("on_gpu", "where(x.a.device == gpu, x.a, 2 * x.a)");
}
