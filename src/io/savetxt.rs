//! Tables as lines of text, written byte for byte as NumPy's `savetxt` does.

use super::field::counted;
use super::file::Written;
use crate::context::Context;
use crate::diagnostics::{Error, Result};
use crate::tensor::printf::{self, Format, Item};
use crate::tensor::{Scalar, Tensor};
use std::io::Write;

/// How a table is written.
pub struct Style<'t> {
    /// One for all columns, one for each, or one for the whole line.
    pub formats: &'t [&'t str],
    /// Between columns, unless one format is for the whole line.
    pub delimiter: &'t str,
    pub newline: &'t str,
    pub header: &'t str,
    pub footer: &'t str,
    /// Ahead of every line of header and footer.
    pub comments: &'t str,
}

/// Lines written between looks at the interrupt flag.
const BATCH: usize = 4096;

/// Bytes of text gathered before they are written.
const LONGEST: usize = 1 << 16;

/// Writes a table of one axis (a column) or two.
pub fn write(cx: &Context, out: &mut dyn Write, table: &Tensor, style: &Style) -> Written {
    let table = table.in_order();
    let columns = table.shape().get(1).copied().unwrap_or(1);
    let rows = table.shape().first().copied().unwrap_or(1);
    let formats = formats(style.formats, columns)?;
    // a format with one place is that of a column
    let fields = if formats.iter().all(|format| format.places() == 1) { columns } else { 1 };
    remark(out, style, style.header)?;
    let mut text = String::new();
    for row in 0..rows {
        if row % BATCH == 0 {
            cx.check()?;
        }
        let mut items = (row * columns..(row + 1) * columns).map(|number| item(&table, number));
        for (number, format) in formats.iter().cycle().take(fields).enumerate() {
            if number > 0 {
                text.push_str(style.delimiter);
            }
            format.write(&mut text, items.by_ref().take(format.places()))?;
            flush(cx, out, &mut text)?;
        }
        text.push_str(style.newline);
        flush(cx, out, &mut text)?;
    }
    out.write_all(text.as_bytes())?;
    remark(out, style, style.footer)
}

/// Writes the text gathered so far, if it is long.
fn flush(cx: &Context, out: &mut dyn Write, text: &mut String) -> Written {
    if text.len() > LONGEST {
        cx.check()?;
        out.write_all(text.as_bytes())?;
        text.clear();
    }
    Ok(())
}

fn item(table: &Tensor, number: usize) -> Item<'_> {
    match (table.scalar(number), table.text(number)) {
        (Some(scalar), _) => Item::Number(scalar),
        (None, Some(text)) => Item::Text(text),
        // the table has rows times columns elements
        (None, None) => Item::Number(Scalar::Bool(false)),
    }
}

/// One for every column, one for each, or one for the whole line.
fn formats(texts: &[&str], columns: usize) -> Result<Vec<Format>> {
    let wrong = |found: usize| {
        let error = Error::value(format!("{} for {}", counted(found, "format"), counted(columns, "column")));
        error.help("`fmt` is one format, one for each column as a tuple, or one with a place for each column")
    };
    let formats: Vec<Format> = texts.iter().map(|text| printf::parse(text)).collect::<Result<_>>()?;
    match formats.as_slice() {
        [format] if format.places() == 1 || format.places() == columns => Ok(formats),
        [format] => Err(wrong(format.places())),
        several if several.len() != columns => Err(wrong(several.len())),
        several => match several.iter().find(|format| format.places() != 1) {
            Some(format) => {
                Err(Error::value(format!("the format of a column has {}", counted(format.places(), "place"))))
            }
            None => Ok(formats),
        },
    }
}

fn remark(out: &mut dyn Write, style: &Style, text: &str) -> Written {
    if text.is_empty() {
        return Ok(());
    }
    let comments = style.comments;
    let text = text.replace('\n', &format!("\n{comments}"));
    Ok(out.write_all(format!("{comments}{text}{}", style.newline).as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Interrupt;
    use crate::diagnostics::Kind;
    use crate::io::file::Stopped;
    use std::io;

    /// Counts what is written, is full at some point, and may stop the program at the first write.
    #[derive(Default)]
    struct Disk {
        most: usize,
        stops: Option<Interrupt>,
        written: usize,
        largest: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.largest = self.largest.max(bytes.len());
            self.written += bytes.len();
            self.stops.iter().for_each(Interrupt::raise);
            if self.written > self.most { Err(io::ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn style(newline: &str) -> Style<'_> {
        Style { formats: &["%d"], delimiter: " ", newline, header: "", footer: "", comments: "" }
    }

    #[test]
    fn lines_without_columns_are_not_gathered() {
        let table = Tensor::from_vec(Vec::<f64>::new(), &[1 << 40, 0]);
        let newline = "x".repeat(10_000);
        let mut disk = Disk { most: 10_000_000, ..Disk::default() };
        let stopped = write(&Context::default(), &mut disk, &table, &style(&newline));
        assert!(matches!(stopped, Err(Stopped::File(error)) if error.kind() == io::ErrorKind::StorageFull));
        assert!(disk.largest <= LONGEST + newline.len(), "{} bytes at once", disk.largest);
    }

    #[test]
    fn a_long_line_can_be_stopped() {
        let cx = Context::default();
        let table = Tensor::from_vec(vec![1.0; 4 * LONGEST], &[1, 4 * LONGEST]);
        let mut disk = Disk { most: usize::MAX, stops: Some(cx.interrupt.clone()), ..Disk::default() };
        let stopped = write(&cx, &mut disk, &table, &style("\n"));
        assert!(matches!(stopped, Err(Stopped::Program(error)) if error.kind() == Kind::Interrupted));
        assert!(disk.written < 4 * LONGEST, "{} bytes", disk.written);
    }
}
