//! Derivatives against known values: those of JAX, and at kinks those that are stated.

use crate::case::Case;
use crate::{CHECKS, Runner};

const TABLE: &str = include_str!("../data/derivatives.txt");
const KINKS: &str = include_str!("kinks.nab");
const STATED: &str = include_str!("stated.nab");

/// How far a number may be off, relative to the largest one.
const WITHIN: &str = "1e-8";

const COMPARISON: &str = "
fn compare(what, found, expected, within) {
    parts = ()
    for leaf in leaves(found) { parts = append(parts, ravel(array(leaf))) }
    near(what, concatenate(parts), expected, within)
}
";

#[test]
fn gradients_and_their_slopes_are_those_of_jax() {
    let mut runner = Runner::new(&format!("{CHECKS}{COMPARISON}"));
    let lines: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
    let mut wrong = Vec::new();
    for rows in lines.chunks(3) {
        let [line, gradient, curve] = *rows else { panic!("{rows:?}: not a case") };
        let case = Case::of(line).expect("a call with arguments");
        let numbers = |row: &str, name: &str| row.strip_prefix(name).expect(name).trim().replace(' ', ", ");
        let (gradient, curve) = (numbers(gradient, "gradient "), numbers(curve, "curve "));
        let code = format!(
            "{}of = grad(weighed(f))
compare(\"the gradient\", of(x), [{gradient}], {WITHIN})
compare(\"how it moves\", jvp(of, x, spread(x, 0.3))[1], [{curve}], {WITHIN})",
            case.definition()
        );
        if let Err(error) = runner.eval(&code) {
            wrong.push(format!("{line}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), lines.len() / 3, wrong.join("\n"));
    assert!(lines.len() / 3 >= 90, "only {}", lines.len() / 3);
}

#[test]
fn derivatives_at_kinks_are_those_stated() {
    let mut runner = Runner::new(STATED);
    let mut wrong = Vec::new();
    let calls: Vec<&str> = KINKS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    for line in &calls {
        if let Err(error) = runner.eval(line) {
            wrong.push(error);
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), calls.len(), wrong.join("\n"));
    assert!(calls.len() >= 80, "only {}", calls.len());
}
