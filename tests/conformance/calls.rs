//! What functions written in Nabla give is what NumPy gives: dtypes, shapes, elements, and where it is an error.

use crate::run;

const TABLE: &str = include_str!("../data/calls.txt");

/// The dtype, shape and elements of every array of a result, as the table has them.
const SHOWN: &str = r#"
fn shown(result) {
    if type(result) == "str" { return "str " + result }
    parts = []
    for x in leaves((result,)) { parts = append(parts, f"{x.dtype} {x.shape} {join(str(ravel(x)), ' ')}") }
    join(parts, "; ")
}
"#;

/// Sums may be taken in another order, and functions differ in their last places.
fn near(found: f64, expected: f64, dtype: &str) -> bool {
    let within = if dtype == "f32" { 1e-5 } else { 1e-11 };
    found == expected
        || found.is_nan() && expected.is_nan()
        || (found - expected).abs() <= within * expected.abs().max(0.1)
}

/// Is one array what it should be?
fn alike(found: &str, expected: &str) -> bool {
    let found: Vec<&str> = found.split_whitespace().collect();
    let expected: Vec<&str> = expected.split_whitespace().collect();
    let dtype = expected[0];
    found.len() == expected.len()
        && found.iter().zip(&expected).all(|(found, expected)| match (found.parse(), expected.parse()) {
            (Ok(x), Ok(y)) if dtype != "str" => near(x, y, dtype),
            _ => found == expected,
        })
}

#[test]
fn calls_give_what_numpy_gives() {
    let rows: Vec<(&str, &str)> =
        TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" => ")).collect();
    let calls = rows.iter().map(|(call, _)| {
        format!("print(try {{ shown({call}) }} catch err {{ f\"error {{err.kind}}: {{err.message}}\" }})\n")
    });
    let program: String = std::iter::once(SHOWN.to_string()).chain(calls).collect();
    let printed = run(&program).expect("the program runs");
    let printed: Vec<&str> = printed.lines().collect();
    assert_eq!(printed.len(), rows.len());
    let mut wrong = Vec::new();
    for ((call, expected), found) in rows.iter().zip(&printed) {
        let right = match *expected {
            "error" => ["error error", "error shape", "error index", "error value", "error type"]
                .iter()
                .any(|kind| found.starts_with(kind)),
            expected => {
                let (found, expected): (Vec<&str>, Vec<&str>) =
                    (found.split("; ").collect(), expected.split("; ").collect());
                found.len() == expected.len() && found.iter().zip(&expected).all(|(x, y)| alike(x, y))
            }
        };
        if !right {
            wrong.push(format!("{call}\n  gives {found}\n  NumPy {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    assert!(rows.len() > 900, "only {}", rows.len());
}
