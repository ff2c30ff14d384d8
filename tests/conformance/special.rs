//! What functions give of zeros with signs, infinities, NaN, the smallest and the largest numbers is what NumPy gives.

use crate::run;

const TABLE: &str = include_str!("../data/special.txt");

/// Units in the last place that a function may be off: arithmetic, roots and roundings none.
const ULPS: &[(&str, u64)] = &[
    ("cbrt", 2),
    ("exp", 2),
    ("exp2", 2),
    ("expm1", 2),
    ("log", 2),
    ("log2", 2),
    ("log10", 2),
    ("log1p", 2),
    ("sin", 2),
    ("cos", 2),
    ("tan", 4),
    ("asin", 2),
    ("acos", 2),
    ("atan", 2),
    ("sinh", 2),
    ("cosh", 2),
    ("tanh", 2),
    ("asinh", 2),
    ("acosh", 2),
    ("atanh", 2),
    ("atan2", 2),
    ("hypot", 2),
    ("power", 4),
    ("logaddexp", 4),
];

/// Which of two zeros is the larger, NumPy leaves to the processor.
const EITHER_ZERO: &[&str] = &["maximum", "minimum"];

/// The distance in units in the last place; none between numbers of unlike sign or kind.
fn distance(a: f64, b: f64) -> Option<u64> {
    if a.is_nan() || b.is_nan() {
        return (a.is_nan() && b.is_nan()).then_some(0);
    }
    (a.is_sign_negative() == b.is_sign_negative()).then(|| a.to_bits().abs_diff(b.to_bits()))
}

#[test]
fn special_values_are_those_of_numpy() {
    let rows: Vec<Vec<&str>> =
        TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(' ').collect()).collect();
    let values = &rows[0][1..];
    let mut program =
        format!("x = [{}]\nn = len(x)\na = ravel(broadcast_to(reshape(x, -1, 1), (n, n)))\n", values.join(", "));
    program.push_str("b = ravel(broadcast_to(x, (n, n)))\n");
    for row in &rows[1..] {
        let operands = if row.len() - 1 == values.len() { "x" } else { "a, b" };
        program.push_str(&format!("print(join(str({}({operands})), \" \"))\n", row[0]));
    }
    let printed = run(&program).expect("the program runs");
    let (mut compared, mut wrong) = (0, Vec::new());
    for (row, line) in rows[1..].iter().zip(printed.lines()) {
        let (name, expected) = (row[0], &row[1..]);
        let within = ULPS.iter().find(|(own, _)| *own == name).map_or(0, |(_, ulps)| *ulps);
        let found: Vec<&str> = line.split(' ').collect();
        assert_eq!(found.len(), expected.len(), "{name}");
        for (number, (found, expected)) in found.iter().zip(expected).enumerate() {
            compared += 1;
            let near = match (found.parse::<f64>(), expected.parse::<f64>()) {
                (Ok(x), Ok(y)) => {
                    distance(x, y).is_some_and(|ulps| ulps <= within)
                        || x == 0.0 && y == 0.0 && EITHER_ZERO.contains(&name)
                }
                _ => found == expected,
            };
            if !near {
                let of = match expected.len() == values.len() {
                    true => values[number].to_string(),
                    false => format!("{}, {}", values[number / values.len()], values[number % values.len()]),
                };
                wrong.push(format!("{name}({of}) is {found}, NumPy gives {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 10_000, "only {compared}");
}
