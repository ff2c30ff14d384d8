//! Files: reading and writing text, tables of numbers.
//!
//! Errors are of kind `io` and name the file and the reason. Nothing here knows values of the language.

pub mod table;
pub mod text;
