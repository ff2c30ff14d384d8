//! Golden scripts and examples say the same when all their functions are graphs.
//!
//! Those that cannot stand in `scripts.txt` with the reason; none may stand there that can.

use crate::printed::Printed;
use nabla::{Session, Source};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

fn scripts(directory: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(directory).expect("the directory is there");
    for path in entries.map(|entry| entry.expect("an entry can be read").path()) {
        if path.is_dir() {
            scripts(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "nab") {
            found.push(path);
        }
    }
}

/// The script with `@ graph` before every function at its top level; none where there is none, or where the script is
/// one that fails, that reads its input or that has options.
fn in_graphs(path: &Path) -> Option<String> {
    let other = |extension: &str| path.with_extension(extension).exists();
    let text = fs::read_to_string(path).expect("the script can be read");
    let is_plain = other("out") && !other("err") && !other("in") && !text.contains("# args:");
    let lines = text
        .lines()
        .map(|line| if line.starts_with("fn ") { format!("@ graph {line}\n") } else { format!("{line}\n") });
    let changed: String = lines.collect();
    (is_plain && changed.contains("@ graph fn ")).then_some(changed)
}

/// What is wrong with a script whose functions are graphs; none if nothing is.
fn complaint(path: &Path, text: String) -> Option<String> {
    let printed = Printed::default();
    let mut session = Session::new(Box::new(printed.clone()));
    session.set_directory(path.parent()?.to_path_buf());
    if let Err(errors) = session.eval(Arc::new(Source::new("<script>", text))) {
        return Some(errors.first().map_or_else(String::new, |error| error.message().to_string()));
    }
    let expected = fs::read_to_string(path.with_extension("out")).expect("the output can be read");
    (printed.take() != expected).then(|| "it prints something else".to_string())
}

/// The stack of the command; a test has less.
const STACK: usize = 64 << 20;

#[test]
fn scripts_say_the_same_in_graphs() {
    let thread = thread::Builder::new().stack_size(STACK).spawn(compare_all).expect("there is room for a thread");
    thread.join().expect("what is wrong is said above");
}

fn compare_all() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut reasons: BTreeMap<&str, &str> =
        include_str!("scripts.txt").lines().filter_map(|line| line.split_once(": ")).collect();
    let mut paths = vec![];
    for directory in ["tests/golden", "examples"] {
        scripts(&root.join(directory), &mut paths);
    }
    paths.sort();
    let (mut same, mut wrong) = (0, vec![]);
    for path in paths {
        let Some(text) = in_graphs(&path) else { continue };
        let name = path.strip_prefix(root).expect("it is inside").to_str().expect("the path is UTF-8").to_string();
        match (complaint(&path, text), reasons.remove(name.as_str())) {
            (None, None) => same += 1,
            (Some(_), Some(_)) => {}
            (Some(complaint), None) => wrong.push(format!("{name}: {complaint}")),
            (None, Some(_)) => wrong.push(format!("{name} is the same in graphs, and stands in the list")),
        }
    }
    wrong.extend(reasons.keys().map(|name| format!("{name} stands in the list, and is no script with functions")));
    assert!(wrong.is_empty() && same > 40, "{same} are the same\n{}", wrong.join("\n"));
}
