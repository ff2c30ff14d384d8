//! Examples of NumPy's documentation. Many are about functions that are not there yet; those that have passed once, named
//! in `tests/data/numpy_passes.txt`, must go on passing.

use crate::{run, say, suite};
use serde_json::Value;
use std::collections::BTreeSet;

const PASSES: &str = include_str!("../data/numpy_passes.txt");

#[test]
fn examples_of_numpy() {
    let Some(index) = suite("numpy.json") else { return };
    let cases: Value = serde_json::from_str(&index).expect("the index is JSON");
    let cases = cases.as_array().expect("the index is a list");
    let expected: BTreeSet<&str> = PASSES.lines().collect();
    let mut passed = BTreeSet::new();
    let mut lost = Vec::new();
    for case in cases {
        let name = case["case"].as_str().expect("a case has a name");
        let risky = case["risk"].as_array().is_some_and(|risk| !risk.is_empty());
        let file = |extension| suite(&format!("numpy/{name}.{extension}"));
        let (Some(program), Some(wanted)) = (file("nab"), file("out")) else { continue };
        // an example that prints nothing says nothing
        if wanted.is_empty() {
            continue;
        }
        let printed = run(&program);
        if printed.as_ref().is_ok_and(|text| *text == wanted || risky && near(text, &wanted)) {
            passed.insert(name);
        } else if expected.contains(name) {
            lost.push(format!("{name}:\n{program}\nprints {printed:?}\ninstead of {wanted:?}"));
        }
    }
    assert!(lost.is_empty(), "{} examples no longer pass:\n{}", lost.len(), lost.join("\n\n"));
    let new: Vec<&str> = passed.difference(&expected).copied().collect();
    let news = if new.is_empty() { String::new() } else { format!("; new, to be listed: {}", new.join(" ")) };
    say(&format!("{} of {} examples of NumPy pass{news}", passed.len(), cases.len()));
}

/// Are the texts alike but for the last digits of numbers?
fn near(text: &str, wanted: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let spaced = text.replace(['[', ']', '(', ')', ','], " ");
        spaced.split_whitespace().map(String::from).collect()
    };
    let (words, wanted) = (words(text), words(wanted));
    words.len() == wanted.len()
        && words.iter().zip(&wanted).all(|(word, wanted)| match (word.parse::<f64>(), wanted.parse::<f64>()) {
            (Ok(x), Ok(y)) => x == y || (x - y).abs() <= 1e-12 + 1e-7 * y.abs(),
            _ => word == wanted,
        })
}
