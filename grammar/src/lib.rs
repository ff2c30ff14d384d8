//! The grammar of Nabla: from source text to syntax tree.
//!
//! `token` finds the words, `layout` decides what newlines mean and parts the top-level statements, `grammar.lalrpop`
//! parses each of them, `actions` builds the tree, `explain` turns a parser's error into a sentence. Nothing here reads
//! files, prints, or knows what a name means; no input makes it panic.

mod actions;
mod check;
mod diagnostic;
mod explain;
mod foreign;
mod layout;
mod literal;
mod lookalike;
mod operator;
mod parse;
mod scene;
mod sexpr;
mod token;
pub mod tree;

#[allow(clippy::all, unused, missing_docs)]
mod grammar {
    lalrpop_util::lalrpop_mod!(generated, "/grammar.rs");
    pub use generated::UnitParser;
}

pub use diagnostic::Diagnostic;
pub use parse::{Parsed, parse, parse_continuing};
pub use sexpr::to_sexpr;

/// Words that name nothing.
pub const RESERVED: &[&str] = &[
    "fn", "if", "else", "while", "for", "in", "break", "continue", "return", "import", "as", "and", "or", "not", "try",
    "catch", "true", "false", "none", "True", "False", "None",
];

/// Whether a text can be a name: letters, digits and `_`, no digit first, not reserved.
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c == '_' || unicode_ident::is_xid_start(c))
        && chars.all(unicode_ident::is_xid_continue)
        && !RESERVED.contains(&text)
}
