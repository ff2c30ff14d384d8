//! The programs of docs/LANGUAGE.md print what it says.

use crate::run;

const REFERENCE: &str = include_str!("../../docs/LANGUAGE.md");

#[test]
fn its_programs_print_what_it_says() {
    let programs: Vec<&str> = REFERENCE.split("```nabla\n").skip(1).collect();
    assert!(programs.len() >= 20, "only {} programs", programs.len());
    for program in programs {
        let (code, rest) = program.split_once("```\n").expect("the block ends");
        let printed = run(code).unwrap_or_else(|failed| failed);
        let Some(rest) = rest.strip_prefix("```text\n") else {
            assert_eq!(printed, "", "{code}");
            continue;
        };
        let (output, _) = rest.split_once("```").expect("the block ends");
        assert_eq!(printed, output, "{code}");
    }
}
