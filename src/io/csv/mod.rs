//! Tables with names and quotes: CSV as RFC 4180 has it, with any delimiter, columns each of their own dtype.

mod column;
mod messages;
mod names;
mod read;
mod records;
mod write;

pub use read::{DTypes, Layout, Wanted, read};
pub use write::write;
