//! Examples of NumPy's documentation. Those that do not pass stand in `tests/data/numpy_misses.txt` with the reason; of
//! the examples that need what NumPy alone has, whose names begin with `x_`, those that have passed once, named in
//! `tests/data/numpy_passes.txt`, must go on passing.

use crate::{run, say, suite};
use serde_json::Value;
use std::collections::BTreeSet;

const MISSES: &str = include_str!("../data/numpy_misses.txt");
const PASSES: &str = include_str!("../data/numpy_passes.txt");

#[test]
fn examples_of_numpy() {
    let Some(index) = suite("numpy.json") else { return };
    let cases: Value = serde_json::from_str(&index).expect("the index is JSON");
    let cases = cases.as_array().expect("the index is a list");
    let lists = MISSES.lines().filter(|line| !line.starts_with('#'));
    let misses: BTreeSet<&str> =
        lists.flat_map(|line| line.split_once(": ").expect("a reason").1.split_whitespace()).collect();
    let kept: BTreeSet<&str> = PASSES.lines().collect();
    let (mut passed, mut all, mut wrong, mut news) = (0, 0, Vec::new(), Vec::new());
    for case in cases {
        let name = case["case"].as_str().expect("a case has a name");
        let risky = case["risk"].as_array().is_some_and(|risk| !risk.is_empty());
        let file = |extension| suite(&format!("numpy/{name}.{extension}"));
        let (Some(program), Some(wanted)) = (file("nab"), file("out")) else { continue };
        let printed = run(&program);
        // an example that prints nothing says nothing
        let passes =
            printed.as_ref().is_ok_and(|text| *text == wanted || risky && near(text, &wanted)) && !wanted.is_empty();
        let (counts, expected) = match name.starts_with("x_") {
            true => (false, kept.contains(name)),
            false => (true, !misses.contains(name)),
        };
        all += usize::from(counts);
        passed += usize::from(counts && passes);
        if expected && !passes {
            wrong.push(format!("{name}:\n{program}\nprints {printed:?}\ninstead of {wanted:?}"));
        } else if passes && !expected {
            news.push(name);
        }
    }
    assert!(wrong.is_empty(), "{} examples do not pass:\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(news.is_empty(), "these pass and are not said to: {}", news.join(" "));
    assert!(passed * 10 >= all * 8, "only {passed} of {all} pass");
    say(&format!("{passed} of {all} examples of NumPy pass; the others are listed with their reasons"));
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
