//! Writing tables with names and quotes.

use crate::context::Context;
use crate::io::file::Written;
use crate::tensor::show::{self, PrintOptions};
use crate::tensor::{Array, Tensor};
use csv_core::WriterBuilder;
use std::io::Write;

/// Rows written between looks at the interrupt flag.
const BATCH: usize = 4096;

/// Writes columns of one axis and of one length, below their names if there are any. Numbers are written with the fewest
/// digits that read back as the same number, missing ones as `nan`.
pub fn write(
    cx: &Context,
    out: &mut dyn Write,
    names: Option<&[String]>,
    columns: &[Tensor],
    delimiter: u8,
) -> Written {
    let quoting = WriterBuilder::new().delimiter(delimiter).build();
    let options = PrintOptions::default();
    let mut line = String::new();
    let field = |line: &mut String, number: usize, text: &str| {
        if number > 0 {
            line.push(char::from(delimiter));
        }
        // a line that is empty would not count as a record
        let alone = text.is_empty() && columns.len() == 1;
        if alone || quoting.should_quote(text.as_bytes()) {
            line.extend(["\"", &text.replace('"', "\"\""), "\""]);
        } else {
            line.push_str(text);
        }
    };
    for (number, name) in names.into_iter().flatten().enumerate() {
        field(&mut line, number, name);
    }
    if names.is_some() {
        line.push('\n');
    }
    for row in 0..columns.first().map_or(0, Tensor::size) {
        if row % BATCH == 0 {
            cx.check()?;
        }
        for (number, column) in columns.iter().enumerate() {
            match (column.text(row), column.scalar(row)) {
                (Some(text), _) => field(&mut line, number, text),
                (None, Some(scalar)) => field(&mut line, number, &show::show(&Array::Scalar(scalar), &options)),
                (None, None) => {}
            }
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
        line.clear();
    }
    Ok(out.write_all(line.as_bytes())?)
}
