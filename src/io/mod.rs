//! Files: reading and writing text, tables, arrays in NumPy's formats.
//!
//! Errors name the file and the reason. Nothing here knows values of the language.

pub mod csv;
pub mod field;
pub mod file;
pub mod load;
pub mod npy;
pub mod npz;
pub mod savetxt;
pub mod table;
pub mod text;
