//! Writing tables with names and quotes.

use super::column::MISSING;
use super::messages::twice;
use super::names::distinct;
use crate::context::Context;
use crate::diagnostics::Error;
use crate::io::file::{Stopped, Written};
use crate::tensor::show::{self, PrintOptions};
use crate::tensor::{Array, Tensor};
use csv_core::WriterBuilder;
use std::io::Write;

/// Rows written between looks at the interrupt flag.
const BATCH: usize = 4096;

/// Writes columns of one axis and of one length, below their names if there are any. Numbers are written with the fewest
/// digits that read back as the same number, missing ones as `nan`. Text that would be read otherwise stands in quotes.
pub fn write(
    cx: &Context,
    out: &mut dyn Write,
    names: Option<&[String]>,
    columns: &[Tensor],
    delimiter: u8,
) -> Written {
    if columns.is_empty() {
        let error = Error::shape("a table without columns cannot be written: its lines would be empty");
        return Err(Stopped::Program(error));
    }
    if let Some((_, name)) = names.and_then(|names| distinct(names).err()) {
        return Err(Stopped::Program(twice(name)));
    }
    let quoting = WriterBuilder::new().delimiter(delimiter).build();
    let options = PrintOptions::default();
    let mut line = String::new();
    let separate = |line: &mut String, number: usize| {
        if number > 0 {
            line.push(char::from(delimiter));
        }
    };
    let add = |line: &mut String, text: &str, in_quotes: bool| {
        if in_quotes || quoting.should_quote(text.as_bytes()) {
            line.extend(["\"", &text.replace('"', "\"\""), "\""]);
        } else {
            line.push_str(text);
        }
    };
    let add_text = |line: &mut String, text: &str| {
        // a line that is empty would not count as a record
        let alone = text.is_empty() && columns.len() == 1;
        add(line, text, alone || reads_otherwise(text));
    };
    for (number, name) in names.into_iter().flatten().enumerate() {
        separate(&mut line, number);
        add_text(&mut line, name);
    }
    if names.is_some() {
        line.push('\n');
    }
    for row in 0..columns.first().map_or(0, Tensor::size) {
        if row % BATCH == 0 {
            cx.check()?;
        }
        for (number, column) in columns.iter().enumerate() {
            separate(&mut line, number);
            match (column.text(row), column.scalar(row)) {
                (Some(text), _) => add_text(&mut line, text),
                (None, Some(scalar)) => add(&mut line, &show::show(&Array::Scalar(scalar), &options), false),
                (None, None) => {}
            }
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
        line.clear();
    }
    Ok(out.write_all(line.as_bytes())?)
}

/// Without quotes it would be a missing value, a name without its blanks, or a mark of byte order.
fn reads_otherwise(text: &str) -> bool {
    text.trim().len() < text.len() || MISSING.contains(&text) || text.starts_with('\u{feff}')
}
