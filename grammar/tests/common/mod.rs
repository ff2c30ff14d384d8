//! Reads snippet files: one case a line, `ok SOURCE ==> TREE`, `bad SOURCE` or `inc SOURCE`, `⏎` for a newline.

use nabla_grammar::{parse, to_sexpr};

/// What is wrong with a file's cases, one line each, and how many cases there are.
pub fn run_cases(text: &str) -> (Vec<String>, usize) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (number, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        count += 1;
        if let Err(why) = run_case(line) {
            wrong.push(format!("line {}: {line}\n    {why}", number + 1));
        }
    }
    (wrong, count)
}

fn run_case(line: &str) -> Result<(), String> {
    let (kind, case) = line.split_at_checked(4).ok_or("not a case")?;
    let (snippet, tree) = match kind.trim_end() {
        "ok" => case.split_once(" ==> ").ok_or("no tree")?,
        _ => (case, ""),
    };
    let source = snippet.replace('⏎', "\n");
    let parsed = parse(&source);
    let messages: Vec<&str> = parsed.diagnostics.iter().map(|d| d.message.as_str()).collect();
    let found = match (parsed.diagnostics.is_empty(), parsed.is_incomplete()) {
        (_, true) => "inc",
        (true, false) => "ok",
        (false, false) => "bad",
    };
    let printed = to_sexpr(&source, &parsed.stmts);
    if found != kind.trim_end() {
        return Err(format!("is {found}: {printed} {messages:?}"));
    }
    if found == "ok" && printed != tree {
        return Err(format!("printed {printed}"));
    }
    Ok(())
}
