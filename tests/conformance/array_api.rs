//! The Python array API standard 2024.12: every name is there with the standard's parameters, or on the list with the
//! reason. `docs/ARRAY_API.md` is the table of it, written by this test with `NABLA_BLESS=1`.

use nabla::builtins::{self, Builtin, Library};
use std::fmt::Write;
use std::path::Path;

const STANDARD: &str = include_str!("../data/array_api.txt");

/// What is not there, and why: names, or the beginnings of names.
const MISSING: &[(&str, &str)] = &[
    ("from_dlpack", "there is no other library in the process to take an array from"),
    ("fft.", "comes with complex numbers"),
];

/// A parameter and its default.
type Param = (String, Option<String>);

/// The parameters of a signature as it is written, without `/` and `*`.
fn params(text: &str) -> Vec<Param> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        match c {
            ',' if depth == 0 => parts.push(String::new()),
            c => parts.last_mut().expect("never empty").push(c),
        }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !matches!(*part, "" | "/" | "*"));
    parts
        .map(|part| match part.split_once('=') {
            Some((name, default)) => (name.trim().into(), Some(default.trim().into())),
            None => (part.into(), None),
        })
        .collect()
}

/// The parameters of a function of the language.
fn own_params(name: &str) -> Option<Vec<Param>> {
    let of_builtin = |builtin: &Builtin| params(&builtin.parameters());
    let (module, member) = name.split_once('.').unwrap_or(("", name));
    let library = if module.is_empty() { builtins::library_of(member) } else { builtins::library_of(module) };
    let builtin = match library.filter(|library| library.is_module) {
        Some(library) => library.builtins.iter().find(|builtin| builtin.name == member),
        None => builtins::find(member),
    };
    if let Some(builtin) = builtin {
        return Some(of_builtin(builtin));
    }
    defined(library?, member).map(params)
}

/// The text between the parentheses of a definition.
fn defined<'t>(library: &'t Library, name: &str) -> Option<&'t str> {
    let start = library.text.find(&format!("\nfn {name}("))? + name.len() + 5;
    let text = &library.text[start..];
    let mut depth = 1;
    let end = text.char_indices().find(|&(_, c)| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    text.get(..end?.0)
}

/// A default as both write it.
fn default(text: &str) -> String {
    let quoted = text.replace('\'', "\"").to_lowercase();
    match quoted.strip_suffix(".0") {
        Some(whole) => whole.to_string(),
        None => quoted,
    }
}

/// What of the standard's parameters a function does not take.
fn lacks(standard: &str, own: &[Param]) -> Vec<String> {
    let (positional, keyword) = standard.split_once('/').unwrap_or(("", standard));
    let mut lacking = Vec::new();
    let (positional, gathers) = (params(positional), own.iter().any(|(name, _)| name.starts_with('*')));
    if positional.len() > own.len() && !gathers {
        lacking.push(format!("{} arguments", positional.len()));
    }
    for (name, wanted) in params(keyword) {
        let found = own.iter().find(|(own, _)| *own == name || own.strip_prefix('*') == Some(&name));
        let gathered = name.starts_with('*') && gathers;
        match found {
            None if !gathered => lacking.push(format!("`{name}`")),
            // `none` stands for a default that depends on other arguments
            Some((own, Some(given)))
                if !own.starts_with('*')
                    && given != "none"
                    && wanted.is_some_and(|wanted| ![default(given), "none".into()].contains(&default(&wanted))) =>
            {
                lacking.push(format!("`{name}={given}`"));
            }
            _ => {}
        }
    }
    lacking
}

#[test]
fn names_of_the_standard_are_there() {
    let mut table = String::from(
        "# The Python array API standard 2024.12\n\nWritten by `NABLA_BLESS=1 cargo test --test conformance array_api`. \
         A name is there when it takes the parameters of the standard, by their names.\n",
    );
    let (mut all, mut there, mut wrong) = (0, 0, Vec::new());
    for line in STANDARD.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            if section != "data types" {
                _ = write!(table, "\n## {section}\n\n| name | |\n|---|---|\n");
            }
            continue;
        }
        all += 1;
        let (name, standard) = line.split_once('(').unwrap_or((line, ""));
        let reason = MISSING.iter().find(|(start, _)| name.starts_with(start)).map(|(_, reason)| *reason);
        let lacking = match own_params(name) {
            Some(own) => lacks(standard.strip_suffix(')').unwrap_or(""), &own),
            None if builtins::predefined(name).is_some() => vec![],
            None => vec!["the name".to_string()],
        };
        let said = match (lacking.is_empty(), reason) {
            (true, None) => {
                there += 1;
                "yes".to_string()
            }
            (false, Some(reason)) => format!("no: {reason}"),
            (true, Some(_)) => {
                wrong.push(format!("{name} is there, and is said not to be"));
                continue;
            }
            (false, None) => {
                wrong.push(format!("{line} lacks {}", lacking.join(", ")));
                continue;
            }
        };
        _ = writeln!(table, "| `{line}` | {said} |");
    }
    assert!(wrong.is_empty(), "{} of {all}:\n{}", wrong.len(), wrong.join("\n"));
    _ = write!(table, "\n{there} of {all} names are there.\n");
    assert!(there * 10 >= all * 9, "only {there} of {all} are there");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ARRAY_API.md");
    if std::env::var_os("NABLA_BLESS").is_some() {
        std::fs::write(&path, &table).expect("the table can be written");
    }
    let kept = std::fs::read_to_string(&path).expect("the table is there");
    assert!(kept == table, "docs/ARRAY_API.md is not what the functions are: write it with NABLA_BLESS=1");
}
