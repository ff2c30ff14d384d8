//! The programs of docs/LANGUAGE.md print what it says.

use crate::run_in;
use std::fs;

const REFERENCE: &str = include_str!("../../docs/LANGUAGE.md");

#[test]
fn its_programs_print_what_it_says() {
    let programs: Vec<&str> = REFERENCE.split("```nabla\n").skip(1).collect();
    assert!(programs.len() >= 20, "only {} programs", programs.len());
    let scratch = std::env::temp_dir().join(format!("nabla-reference-{}", std::process::id()));
    fs::create_dir_all(&scratch).expect("the temporary directory is writable");
    for program in programs {
        let (code, rest) = program.split_once("```\n").expect("the block ends");
        let printed = run_in(&scratch, code).unwrap_or_else(|failed| failed);
        let Some(rest) = rest.strip_prefix("```text\n") else {
            assert_eq!(printed, "", "{code}");
            continue;
        };
        let (output, _) = rest.split_once("```").expect("the block ends");
        assert_eq!(printed, output, "{code}");
    }
    drop(fs::remove_dir_all(&scratch));
}
