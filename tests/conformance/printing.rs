//! Literals, and exactly what NumPy's `print` gives for such an array.

use crate::{run, suite};
use serde_json::Value;

const DTYPES: [&str; 6] = ["bool", "uint8", "int32", "int64", "float32", "float64"];

#[test]
fn literals_print_as_in_numpy() {
    let Some(text) = suite("printing.jsonl") else { return };
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a row of JSON")).collect();
    let mut count = 0;
    let mut wrong = Vec::new();
    for row in &rows {
        let field = |name: &str| row[name].as_str();
        let (Some(literal), Some(dtype), Some(expected)) = (field("nab"), field("dtype"), field("print")) else {
            continue;
        };
        if !DTYPES.contains(&dtype) {
            continue;
        }
        count += 1;
        for program in [literal.to_string(), format!("print({literal})")] {
            let printed = run(&program);
            if printed.as_deref().ok() != Some(&format!("{expected}\n")) {
                wrong.push(format!("row {}: {program}\n{expected}\nis {printed:?}", row["id"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 120, "only {count} rows");
}
