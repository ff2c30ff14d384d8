//! The dtypes of results are NumPy's, for every dtype and every pair of dtypes, typed and weak.

use crate::run;

const TABLE: &str = include_str!("../data/promotion.txt");
const DTYPES: [&str; 6] = ["bool", "u8", "i32", "i64", "f32", "f64"];
const WEAK: [&str; 3] = ["true", "1", "1.0"];

/// Where the language departs on purpose: how the call begins, and what it gives.
const DEPARTURES: &[(&str, &str)] = &[
    // truth values count as integers, as they do in a shift
    ("gcd(bool([1, 1]), bool", "i64"),
    ("gcd(bool([1, 1]), true", "i64"),
    ("gcd(true, bool", "i64"),
    ("lcm(bool([1, 1]), bool", "i64"),
    ("lcm(bool([1, 1]), true", "i64"),
    ("lcm(true, bool", "i64"),
    // whole numbers stay as they are, as the array API standard has it
    ("rint(bool", "bool"),
    ("rint(u8", "u8"),
    ("rint(i32", "i32"),
    ("rint(i64", "i64"),
    ("round(bool", "bool"),
];

/// The call that stands for a function of these operands.
fn call(name: &str, operands: &[String]) -> String {
    match (name, operands) {
        ("where", [a, b]) => format!("where([true, false], {a}, {b})"),
        ("concatenate", [a, b]) => format!("concatenate(({a}, {b}))"),
        _ => format!("{name}({})", operands.join(", ")),
    }
}

/// Every call of the table with the dtype it must give.
fn cases() -> Vec<(String, &'static str)> {
    let typed = |dtype: &str| format!("{dtype}([1, 1])");
    let mut cases = Vec::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let (head, words) = line.split_once(": ").expect("a row has a colon");
        let rights = DTYPES.map(typed).into_iter().chain(WEAK.map(String::from));
        for (right, word) in rights.zip(words.split(' ')) {
            match head.split(' ').collect::<Vec<_>>().as_slice() {
                ["unary", name] => cases.push((call(name, &[right]), word)),
                ["binary", name, left] => {
                    cases.push((call(name, &[typed(left), right.clone()]), word));
                    // the order of operands does not matter
                    cases.push((call(name, &[right, typed(left)]), word));
                }
                _ => panic!("{line}"),
            }
        }
    }
    cases
}

#[test]
fn dtypes_are_those_of_numpy() {
    let cases = cases();
    let mut program = String::from("fn dtype_of(f) = try { f().dtype } catch err { \"-\" }\n");
    for (call, _) in &cases {
        program.push_str(&format!("print(dtype_of(|| {call}))\n"));
    }
    let printed = run(&program).expect("the program runs");
    let found: Vec<&str> = printed.lines().collect();
    assert_eq!(found.len(), cases.len());
    let mut wrong = Vec::new();
    for ((call, numpy), found) in cases.iter().zip(found) {
        let departs = DEPARTURES.iter().find(|(start, _)| call.starts_with(start));
        if found != departs.map_or(*numpy, |(_, wanted)| *wanted) {
            wrong.push(format!("{call} is {found}, NumPy gives {numpy}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() > 3000, "only {} cases", cases.len());
}
