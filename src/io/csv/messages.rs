//! What is wrong with a table, and what to do.

use super::records::File;
use crate::diagnostics::Error;
use crate::diagnostics::suggest::nearest;
use crate::io::field::{SHOWN, counted, shortened};
use crate::io::text::line_ends;
use crate::tensor::DType;
use std::ops::Range;

#[cold]
pub fn no_column(file: &str, name: &str, names: &[String]) -> Error {
    let error = Error::value(format!("`{file}` has no column {name:?}"));
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean {near:?}?")),
        None => error,
    }
}

#[cold]
pub fn ragged(file: &File, record: Range<usize>, found: usize, wanted: usize) -> Error {
    let message = format!("the record has {}, the first has {wanted}", counted(found, "field"));
    let error = file.error(record.start, None, &message);
    let lines = file.text.get(record).map_or(0, |text| line_ends(text.trim().as_bytes()).count());
    match lines {
        0 => error.help("what holds the delimiter stands in quotes; `skiprows` leaves out lines at the start"),
        _ => error.help(format!("it runs over {} lines: a quotation mark may be missing", lines + 1)),
    }
}

#[cold]
pub fn wrong_field(file: &File, record: usize, at: usize, field: &str, dtype: DType, missing: bool) -> Error {
    if missing {
        let error = file.error(record, Some(at), &format!("a value is missing, and {dtype} has no value for that"));
        return error.help("read the column as `f64`, which has nan, or as `str`");
    }
    let error = file.error(record, Some(at), &format!("{:?} is no {dtype}", shortened(field, SHOWN)));
    error.help("`dtype=str` reads text; `missing` tells what stands where a value is missing")
}

#[cold]
pub fn twice(name: &str) -> Error {
    Error::value(format!("`names` has {name:?} twice"))
}
