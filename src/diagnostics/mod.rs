//! Errors, their sources, and how people are shown them. Nothing here prints or exits.

pub mod error;
mod excerpt;
pub mod load;
pub mod python_hints;
pub mod render;
pub mod source;
pub mod suggest;

pub use error::{Error, Kind, Result};
pub use excerpt::line_column;
pub use render::render;
pub use source::Source;
