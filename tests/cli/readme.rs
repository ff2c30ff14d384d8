//! The programs of README.md print what it says.

use crate::support::{Run, Scratch, finish, nabla};

const README: &str = include_str!("../../README.md");

#[test]
fn its_programs_print_what_it_says() {
    let programs: Vec<&str> = README.split("```nabla\n").skip(1).collect();
    assert!(programs.len() >= 5, "the tour has programs");
    // they may write files
    let scratch = Scratch::new("readme");
    for program in programs {
        let (code, rest) = program.split_once("```\n").expect("the block ends");
        let output = rest.strip_prefix("```text\n").expect("its output follows");
        let (output, _) = output.split_once("```").expect("the block ends");
        let mut command = nabla(&["-"]);
        command.current_dir(scratch.path());
        assert_eq!(finish(command, code.as_bytes()), Run::good(output), "{code}");
    }
}
