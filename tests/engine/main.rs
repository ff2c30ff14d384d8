//! What the CPU engine computes does not depend on how many threads it has, nor on the instruction set.

#[path = "../cli/support.rs"]
#[allow(dead_code)]
mod support;

use std::collections::BTreeMap;
use support::{Run, Scratch, finish, nabla, run};

/// Saves results of every kind of kernel into the working directory, above the sizes at which threads begin.
const PROGRAM: &str = include_str!("kernels.nab");

/// The files that a run saved, by name.
fn saved(scratch: &Scratch, threads: &str, isa: &str) -> BTreeMap<String, Vec<u8>> {
    let directory = scratch.path().join(format!("{threads}-{isa}"));
    std::fs::create_dir_all(&directory).unwrap();
    let mut command = nabla(&["--seed", "1", "--threads", threads, "-e", PROGRAM]);
    command.env("NABLA_ISA", isa).current_dir(&directory);
    assert_eq!(finish(command, b""), Run::good(""), "{threads} threads, {isa}");
    let files = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.file_name().unwrap().to_string_lossy().into(), std::fs::read(&path).unwrap())).collect()
}

/// The instruction sets that this processor has, as the command lists them.
fn instruction_sets() -> Vec<String> {
    let mut command = nabla(&["-e", "1"]);
    command.env("NABLA_ISA", "abacus");
    let said = finish(command, b"");
    assert_eq!(said.status, Some(2));
    let (_, names) = said.err.lines().next().unwrap().rsplit_once("this processor has ").unwrap();
    names.split(", ").map(str::to_string).collect()
}

fn assert_same(
    found: &BTreeMap<String, Vec<u8>>,
    expected: &BTreeMap<String, Vec<u8>>,
    of: impl Fn(&str) -> bool,
    what: &str,
) {
    assert!(expected.len() > 40, "{} files", expected.len());
    assert!(found.keys().eq(expected.keys()), "{what}: not the same files");
    let differ: Vec<&String> =
        found.iter().filter(|(name, bytes)| of(name) && expected[*name] != **bytes).map(|(name, _)| name).collect();
    assert!(differ.is_empty(), "{what}: {differ:?} differ");
}

#[test]
fn results_do_not_depend_on_threads_or_instruction_sets() {
    let scratch = Scratch::new("engine");
    let sets = instruction_sets();
    assert_eq!(sets[0], "baseline");
    let best = sets.last().unwrap();
    let expected = saved(&scratch, "1", best);
    for threads in ["2", "3"] {
        assert_same(&saved(&scratch, threads, best), &expected, |_| true, &format!("{threads} threads"));
    }
    for isa in &sets[..sets.len() - 1] {
        // products of matrices and decompositions round as their libraries do
        let ours = |name: &str| !name.starts_with("library_");
        assert_same(&saved(&scratch, "2", isa), &expected, ours, isa);
    }
}

#[test]
fn wrong_settings_are_refused() {
    for (name, value) in [("NABLA_THREADS", "0"), ("NABLA_THREADS", "many"), ("NABLA_ISA", "")] {
        let mut command = nabla(&["-e", "1"]);
        command.env(name, value);
        let said = finish(command, b"");
        assert_eq!(said.status, Some(2), "{name}={value}");
        assert!(said.err.starts_with(&format!("error: {name} is {value}: ")), "{}", said.err);
    }
    let mut command = nabla(&["-e", "1 + 1"]);
    command.env("NABLA_THREADS", "3");
    assert_eq!(finish(command, b""), Run::good("2\n"));
}

/// All values together are bounded, not each alone; what is gone makes room.
#[test]
fn memory_is_bounded_as_a_whole() {
    let said = run(&["--max-memory", "10MB", "-e", "a = zeros(10 ** 6)\nb = zeros(10 ** 5)\nc = zeros(2 * 10 ** 5)"]);
    assert_eq!(said.status, Some(1));
    let first = said.err.lines().next().unwrap();
    assert_eq!(first, "error[memory]: f64[200000] takes 1.6 MB; 8.8 MB of the limit of 10.0 MB are in use");
    let program =
        "for _ in 0..20 { a = zeros(10 ** 6); a = none }\nb = ones(10 ** 6)\nb = none\nprint(sum(ones((1100, 1000))))";
    assert_eq!(run(&["--max-memory", "10MB", "-e", program]), Run::good("1100000.0\n"));
    let caught = "a = ones(10 ** 6)\ntry { b = a + 1 } catch e { print(e.kind) }\nprint(sum(a))";
    assert_eq!(run(&["--max-memory", "10MB", "-e", caught]), Run::good("memory\n1000000.0\n"));
}
