//! Completion of names at the prompt.

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper, Result};

/// Knows the names a session knew when it was last asked.
#[derive(Default)]
pub struct Names(pub Vec<String>);

impl Completer for Names {
    type Candidate = String;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> Result<(usize, Vec<String>)> {
        let before = line.get(..position).unwrap_or(line);
        let start = before
            .rfind(|c: char| !c.is_alphanumeric() && c != '_')
            .map_or(0, |last| last + before[last..].chars().next().map_or(0, char::len_utf8));
        let word = &before[start..];
        let mut found: Vec<String> =
            self.0.iter().filter(|name| !word.is_empty() && name.starts_with(word)).cloned().collect();
        found.sort_unstable();
        found.dedup();
        Ok((start, found))
    }
}

impl Helper for Names {}
impl Highlighter for Names {}
impl Validator for Names {}
impl Hinter for Names {
    type Hint = String;
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustyline::history::DefaultHistory;

    fn completed(line: &str) -> (usize, Vec<String>) {
        let names = Names(["zeros", "zeros_like", "sum", "größe"].map(String::from).to_vec());
        let history = DefaultHistory::new();
        names.complete(line, line.len(), &Context::new(&history)).expect("completion reads memory only")
    }

    #[test]
    fn completes_the_word_at_the_cursor() {
        assert_eq!(completed("x = ze"), (4, vec!["zeros".to_string(), "zeros_like".to_string()]));
        assert_eq!(completed("é+grö"), (3, vec!["größe".to_string()]));
        assert_eq!(completed("x.su"), (2, vec!["sum".to_string()]));
        assert_eq!(completed("(").1, Vec::<String>::new());
    }
}
