//! Runs every example of every builtin and of every function of the standard library, and whatever must fail.

#[path = "support/printed.rs"]
mod printed;

use nabla::builtins;
use nabla::{Error, Kind, Session, Source};
use printed::Printed;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A directory of this test's own, removed with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("nabla-builtins-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("the temporary directory is writable");
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// What a program prints, or why it fails. `exit` is no failure.
fn run(code: &str, directory: &Path) -> Result<String, Error> {
    let printed = Printed::default();
    let mut session = Session::new(Box::new(printed.clone()));
    session.set_directory(directory.to_path_buf());
    let mut lines = vec!["Ada".to_string()];
    session.set_input(Box::new(move |_| Ok(lines.pop())));
    match session.eval(Arc::new(Source::new("<example>", code))) {
        Err(mut errors) if errors.iter().all(|error| error.details().exit.is_none()) => Err(errors.remove(0)),
        _ => Ok(printed.take()),
    }
}

/// An example with what is wrong about it.
fn complaint(name: &str, code: &str, expected: &str, directory: &Path) -> Option<String> {
    let found = match run(code, directory) {
        Ok(text) => text.trim_end().to_string(),
        Err(error) if expected == format!("error[{}]", error.kind().name()) => return None,
        Err(error) => error.to_string(),
    };
    (found != expected.trim_end()).then(|| format!("{name}: {code}\n  expected:\n{expected}\n  found:\n{found}\n"))
}

fn settle(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{} examples are wrong:\n\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn examples_show_what_they_say() {
    let directory = Scratch::new("examples");
    let examples = builtins::table().flat_map(|builtin| builtin.examples.iter().map(move |example| (builtin, example)));
    settle(
        examples.filter_map(|(builtin, (code, shown))| complaint(builtin.name, code, shown, &directory.0)).collect(),
    );
}

#[test]
fn failures_fail_as_they_say() {
    let directory = Scratch::new("failures");
    let failures = builtins::table().flat_map(|builtin| builtin.failures.iter().map(move |failure| (builtin, failure)));
    settle(
        failures
            .filter_map(|(builtin, (code, kind))| {
                complaint(builtin.name, code, &format!("error[{kind}]"), &directory.0)
            })
            .collect(),
    );
}

#[test]
fn examples_of_the_library_show_what_they_say() {
    let directory = Scratch::new("library");
    let examples = examples_of_the_library(&directory.0);
    settle(examples.iter().filter_map(|(name, code, shown)| complaint(name, code, shown, &directory.0)).collect());
}

/// Functions that are written in the language, with their examples and what these show.
fn examples_of_the_library(directory: &Path) -> Vec<(String, String, String)> {
    let functions = builtins::libraries().flat_map(|library| {
        let own = library.names().filter(|name| !library.builtins.iter().any(|builtin| builtin.name == *name));
        own.map(|name| match library.is_module {
            true => format!("{}.{name}", library.name),
            false => name.to_string(),
        })
    });
    let mut all = Vec::new();
    for name in functions {
        let help = run(&format!("help({name})"), directory).expect("help is for every function");
        let examples = examples_of(&help);
        assert!(!examples.is_empty(), "{name} has no example:\n{help}");
        all.extend(examples.into_iter().map(|(code, shown)| (name.clone(), code, shown)));
    }
    all
}

/// The last line of an example as a graph, its array literals being arguments; none where it is no expression alone.
fn in_a_graph(code: &str) -> Option<String> {
    let (before, last) = code.rsplit_once('\n').map_or(("", code), |(before, last)| (before, last));
    let is_statement = ["fn ", "for ", "while ", "import ", "@ ", "return "].iter().any(|word| last.starts_with(word));
    let (mut depth, mut quoted, mut at) = (0, false, 0);
    let (mut body, mut arguments) = (String::new(), Vec::new());
    while let Some(c) = last[at..].chars().next() {
        quoted ^= c == '"';
        depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
        let is_assigned =
            c == '=' && depth == 0 && !last[at + 1..].starts_with('=') && !body.ends_with(['=', '!', '<', '>']);
        if !quoted && depth == 0 && (c == ';' || is_assigned) || c == '#' {
            return None;
        }
        match literal(&last[at..])
            .filter(|_| !quoted && !body.trim_end().ends_with(|c: char| c.is_alphanumeric() || ")]\"_".contains(c)))
        {
            Some(literal) => {
                body.push_str(&format!("literal{}", arguments.len()));
                arguments.push(literal);
                at += literal.len();
                depth -= 1;
            }
            None => {
                body.push(c);
                at += c.len_utf8();
            }
        }
    }
    let names: Vec<String> = (0..arguments.len()).map(|i| format!("literal{i}")).collect();
    let start = if before.is_empty() { String::new() } else { format!("{before}\n") };
    if is_statement {
        return None;
    }
    Some(format!("{start}graph(|{}| ({body}))({})", names.join(", "), arguments.join(", ")))
}

/// An array of numbers at the beginning of a text.
fn literal(text: &str) -> Option<&str> {
    if !text.starts_with('[') {
        return None;
    }
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '[') - i32::from(c == ']');
        if depth == 0 {
            let literal = &text[..=at];
            let is_number = |c: char| c.is_ascii_digit() || "[],.-e ".contains(c);
            return Some(literal)
                .filter(|text| text.chars().all(is_number) && text.contains(|c: char| c.is_ascii_digit()));
        }
    }
    None
}

/// Functions whose examples are no graphs, or show something else in one, with the reason.
const NOT_IN_A_GRAPH: &[(&str, &[&str])] = &[
    (
        "the shape of the result depends on the values",
        &[
            "argwhere",
            "bincount",
            "filter",
            "flatnonzero",
            "histogram2d",
            "histogram_bin_edges",
            "intersect1d",
            "nonzero",
            "polydiv",
            "repeat",
            "roots",
            "setdiff1d",
            "setxor1d",
            "trim_zeros",
            "union1d",
            "unique",
            "unique_all",
            "unique_counts",
            "unique_inverse",
        ],
    ),
    ("what it refuses depends on the values", &["assert_close", "check_grad", "digitize", "histogram"]),
    ("where to split or what to sum over has to be known", &["einsum", "split", "tensordot"]),
    ("text is no number that a graph could compute with", &["format", "random.choice"]),
    ("one form gives places, which are as many as there are; another chooses text", &["where"]),
    (
        "what the example shows is a dtype or a function, which no graph gives",
        &["_float", "append", "collect", "item", "promote_types", "randn", "random.random", "result_type"],
    ),
];

#[test]
fn examples_show_the_same_in_a_graph() {
    let directory = Scratch::new("graphs");
    let builtins = builtins::table().flat_map(|builtin| {
        builtin.examples.iter().map(|(code, _)| (builtin.name.to_string(), code.to_string(), builtin.effect))
    });
    let library = examples_of_the_library(&directory.0).into_iter().map(|(name, code, _)| (name, code, false));
    let (mut complaints, mut compared, mut excused) = (Vec::new(), 0, BTreeSet::new());
    for (name, code, effect) in builtins.chain(library) {
        let (Some(graph), Ok(expected)) = (in_a_graph(&code), run(&code, &directory.0)) else { continue };
        let found = match run(&graph, &directory.0) {
            Ok(found) if found == expected => {
                compared += 1;
                continue;
            }
            Err(error) if effect && error.kind() == Kind::Graph => continue,
            Ok(found) => found,
            Err(error) => error.to_string(),
        };
        if NOT_IN_A_GRAPH.iter().any(|(_, names)| names.contains(&name.as_str())) {
            excused.insert(name);
            continue;
        }
        complaints.push(format!("{name}: {graph}\n  expected:\n{expected}\n  found:\n{found}\n"));
    }
    settle(complaints);
    let listed: BTreeSet<String> =
        NOT_IN_A_GRAPH.iter().flat_map(|(_, names)| *names).map(|name| name.to_string()).collect();
    assert_eq!(excused, listed, "left, the functions whose examples need an excuse; right, those on the list");
    assert!(compared > 600, "{compared} examples were compared");
}

/// The examples in a documentation: `> code`, `. more code`, and what they show.
fn examples_of(help: &str) -> Vec<(String, String)> {
    let mut examples: Vec<(String, String)> = Vec::new();
    for line in help.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)) {
        if let Some(code) = line.strip_prefix("> ") {
            examples.push((code.to_string(), String::new()));
        } else if let Some((code, shown)) = examples.last_mut() {
            let (side, line) = match line.strip_prefix(". ") {
                Some(more) => (code, more),
                None => (shown, line),
            };
            if !side.is_empty() {
                side.push('\n');
            }
            side.push_str(line);
        }
    }
    examples
}

#[test]
fn declarations_are_whole() {
    let mut names: Vec<&str> = builtins::names().collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name is declared twice");
    for builtin in builtins::table() {
        let name = builtin.name;
        assert!(builtin.doc.first().is_some_and(|line| line.trim_end().ends_with(['.', '?'])), "{name}: no summary");
        assert!(!builtin.examples.is_empty(), "{name} has no example");
        assert!(builtin.params.iter().filter(|param| param.rest).count() <= 1, "{name} gathers twice");
        assert!(!builtins::FUTURE.contains(&name), "{name} is there and is said not to be");
    }
}

#[test]
fn a_failed_call_leaves_its_arguments() {
    let directory = Scratch::new("arguments");
    for (setup, call) in [
        ("x = [1, 2]", "append(x, \"a\")"),
        ("x = [1, 2]", "append(x, (1, 2))"),
        ("x = [1, 2]", "append(x)"),
        ("x = [1, 2]", "append(x, x, x)"),
        ("x = [1, 2]", "maximum(x, [1, 2, 3])"),
        ("x = [1, 2]", "add([1, 2, 3], x)"),
        ("x = [1, 2]", "round(x, 1000.5)"),
        ("x = [\"a\"]", "sqrt(x)"),
        ("x = [\"a\"]", "round(x, 1)"),
        ("x = [-1, 2]", "astype(x, u8)"),
        ("x = (1, 2)", "with_leaves(x, (1,))"),
        ("x = [1, 2]", "zip(3, x)"),
        ("x = [1, 2]", "reshape(x, 5)"),
        ("x = 0.5", "rand(3, x)"),
        ("x = (1, (2, \"a\"))", "collect(x, 1)"),
        ("x = (w=1)", "leaves(x, (b=1))"),
    ] {
        let shown = run(&format!("{setup}\ntry {{ x = {call} }} catch err {{ }}\nprint(x)"), &directory.0);
        let expected = run(&format!("{setup}\nprint(x)"), &directory.0);
        assert_eq!(shown.map_err(|error| error.to_string()), expected.map_err(|error| error.to_string()), "{call}");
        assert!(run(&format!("{setup}\nx = {call}"), &directory.0).is_err(), "{call} fails");
    }
}

#[test]
fn what_is_in_place_leaves_other_holders_alone() {
    let directory = Scratch::new("sharing");
    for code in [
        "a = [1.0, 4.0]; b = a; a = sqrt(a); print(b)",
        "a = [1.0, 4.0]; b = a; a = append(a, 5.0); print(b)",
        "a = [1.0, 4.0]; b = (a, a); b = append(b, 1); print(a)",
        "a = [1.0, 4.0]; b = a; a = a.append(5.0); print(b)",
        "fn f(x) { y = x; x = maximum(x, 9.0); y }; print(f([1.0, 4.0]))",
    ] {
        assert_eq!(run(code, &directory.0).map_err(|error| error.to_string()), Ok("[1. 4.]\n".into()), "{code}");
    }
}

#[test]
fn files_are_found_beside_the_script() {
    let directory = Scratch::new("beside");
    let script = directory.0.join("project");
    fs::create_dir_all(&script).expect("the scratch directory is writable");
    fs::write(script.join("data.txt"), "1 2\n").expect("the scratch directory is writable");
    let load = || {
        let printed = Printed::default();
        let mut session = Session::new(Box::new(printed.clone()));
        session.set_directory(directory.0.clone());
        session.eval(Arc::new(Source::new("project/main.nab", "loadtxt(\"data.txt\")"))).expect("the file is there");
        printed.take()
    };
    assert_eq!(load(), "[1. 2.]\n");
    fs::write(directory.0.join("data.txt"), "3\n").expect("the scratch directory is writable");
    assert_eq!(load(), "3.0\n", "the working directory comes first");
}

#[test]
fn an_interrupt_ends_a_sleep() {
    let mut session = Session::new(Box::new(Printed::default()));
    let interrupt = session.interrupt();
    let started = Instant::now();
    let waker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        interrupt.raise();
    });
    let result = session.eval(Arc::new(Source::new("<example>", "sleep(1000)")));
    assert_eq!(result.map_err(|errors| errors[0].kind()), Err(Kind::Interrupted));
    assert!(started.elapsed() < Duration::from_secs(100));
    waker.join().expect("the waker does not panic");
}

#[test]
fn shapes_of_tables_follow_their_rows_and_columns() {
    let directory = Scratch::new("tables");
    for (text, options, shown) in [
        ("1 2\n3 4\n", "", "[[1. 2.]\n [3. 4.]]"),
        ("1 2 3\n", "", "[1. 2. 3.]"),
        ("1\n2\n", "", "[1. 2.]"),
        ("7\n", "", "7.0"),
        ("# nothing\n", "", "[]"),
        ("1 2\n3 4\n", ", usecols=-1, dtype=i64", "[2 4]"),
        ("1 2\n3 4\n", ", usecols=(1, 0), max_rows=1", "[2. 1.]"),
        ("a;b\n1;2\n", ", delimiter=\";\", skiprows=1, dtype=u8", "[1 2]"),
    ] {
        fs::write(directory.0.join("table.txt"), text).expect("the scratch directory is writable");
        let result = run(&format!("loadtxt(\"table.txt\"{options})"), &directory.0).map_err(|error| error.to_string());
        assert_eq!(result, Ok(format!("{shown}\n")), "{text:?}{options}");
    }
}
