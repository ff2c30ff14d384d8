//! Tables in text files, read as NumPy's `loadtxt` does: fields in lines, comments, no quotes.

use crate::context::Context;
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::{DType, Data, Element, Text};

/// How a table is written.
pub struct Layout<'t> {
    /// What stands between fields; without it blanks and tabs, however many.
    pub delimiter: Option<&'t str>,
    /// Begins a comment that runs to the end of the line; empty if there are none.
    pub comments: &'t str,
    /// Lines left out at the start, comments and empty ones included.
    pub skip_lines: usize,
    /// Columns that are read, in this order, negative ones counted from the last; all without it.
    pub columns: Option<&'t [i64]>,
    /// Rows read at most.
    pub max_rows: Option<usize>,
}

/// Elements row by row.
pub struct Table {
    pub data: Data,
    pub rows: usize,
    pub columns: usize,
}

/// Reads a table of one dtype. `name` is what messages call the file.
pub fn read(cx: &Context, name: &str, text: &str, layout: &Layout, dtype: DType) -> Result<Table> {
    match dtype {
        DType::Bool => typed(cx, name, text, layout, |field| match field {
            "true" | "True" | "1" => Some(true),
            "false" | "False" | "0" => Some(false),
            _ => None,
        }),
        DType::U8 => typed(cx, name, text, layout, |field| field.parse::<u8>().ok()),
        DType::I32 => typed(cx, name, text, layout, |field| field.parse::<i32>().ok()),
        DType::I64 => typed(cx, name, text, layout, |field| field.parse::<i64>().ok()),
        DType::F32 => typed(cx, name, text, layout, |field| field.parse::<f32>().ok()),
        DType::F64 => typed(cx, name, text, layout, |field| field.parse::<f64>().ok()),
        DType::Str => typed(cx, name, text, layout, |field| Some(Text::from(field))),
    }
}

/// Lines, or fields of one line, read between looks at the interrupt flag and the memory.
const BATCH: usize = 4096;

fn typed<T: Element>(
    cx: &Context,
    name: &str,
    text: &str,
    layout: &Layout,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Table> {
    let mut rows = Rows { cx, name, layout, parse, values: Vec::new(), width: None };
    let (comments, delimiter) = (Mark::new(layout.comments), layout.delimiter.map(Mark::new));
    let mut count = 0;
    for (number, line) in text.lines().enumerate().skip(layout.skip_lines) {
        if number % BATCH == 0 {
            rows.make_room()?;
        }
        if layout.max_rows.is_some_and(|most| count >= most) {
            break;
        }
        let content = match comments {
            Mark::None => line,
            Mark::One(mark) => line.split(mark).next().unwrap_or(line),
            Mark::Several(mark) => line.split(mark).next().unwrap_or(line),
        };
        if content.trim().is_empty() {
            continue;
        }
        let place = Place { name, line, number };
        match delimiter {
            Some(Mark::One(mark)) => rows.add(&place, content.split(mark).map(str::trim)),
            Some(Mark::Several(mark)) => rows.add(&place, content.split(mark).map(str::trim)),
            Some(Mark::None) | None => rows.add(&place, content.split_whitespace()),
        }?;
        count += 1;
    }
    let columns = layout.columns.map_or(rows.width.unwrap_or(0), <[i64]>::len);
    Ok(Table { data: T::wrap(rows.values), rows: count, columns })
}

/// Text that is looked for; one character is found much faster.
#[derive(Clone, Copy)]
enum Mark<'t> {
    None,
    One(char),
    Several(&'t str),
}

impl Mark<'_> {
    fn new(text: &str) -> Mark<'_> {
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (None, _) => Mark::None,
            (Some(one), None) => Mark::One(one),
            _ => Mark::Several(text),
        }
    }
}

/// The rows read so far.
struct Rows<'t, T, P> {
    cx: &'t Context,
    name: &'t str,
    layout: &'t Layout<'t>,
    parse: P,
    values: Vec<T>,
    /// Fields of a line.
    width: Option<usize>,
}

impl<T: Element, P: Fn(&str) -> Option<T>> Rows<'_, T, P> {
    fn make_room(&self) -> Result<()> {
        self.cx.check()?;
        let room = self.values.len().saturating_mul(2).saturating_add(BATCH);
        self.cx.reserve(room, size_of::<T>(), || format!("the table in `{}`", self.name))
    }

    fn add<'f>(&mut self, place: &Place, fields: impl Iterator<Item = &'f str>) -> Result<()> {
        let found = match self.layout.columns {
            None => {
                let mut found = 0;
                for field in fields {
                    found += 1;
                    if found % BATCH == 0 {
                        self.make_room()?;
                    }
                    self.push(place, field)?;
                }
                found
            }
            Some(columns) => {
                // a field takes a byte at least
                self.cx.reserve(place.line.len(), size_of::<&str>(), || format!("a line of `{}`", self.name))?;
                let fields: Vec<&str> = fields.collect();
                for &column in columns {
                    let at = if column < 0 { column.saturating_add(fields.len() as i64) } else { column };
                    match usize::try_from(at).ok().and_then(|at| fields.get(at)) {
                        Some(field) => self.push(place, field)?,
                        None => return Err(place.no_column(column, fields.len())),
                    }
                }
                fields.len()
            }
        };
        match self.width {
            Some(width) if width != found => Err(place.ragged(found, width)),
            _ => {
                self.width = Some(found);
                Ok(())
            }
        }
    }

    #[inline]
    fn push(&mut self, place: &Place, field: &str) -> Result<()> {
        let value = (self.parse)(field).ok_or_else(|| place.unreadable(field, T::DTYPE, self.layout))?;
        self.values.push(value);
        Ok(())
    }
}

/// A line of a file, for messages.
struct Place<'t> {
    name: &'t str,
    line: &'t str,
    /// Counted from 0.
    number: usize,
}

impl Place<'_> {
    #[cold]
    fn error(&self, message: String) -> Error {
        Error::new(Kind::Value, format!("{}:{}{message}", self.name, self.number + 1))
    }

    #[cold]
    fn ragged(&self, found: usize, wanted: usize) -> Error {
        let columns = |count: usize| if count == 1 { "1 column".to_string() } else { format!("{count} columns") };
        self.error(format!(": the line has {}, those before have {wanted}", columns(found)))
            .help("`usecols` reads some columns, `skiprows` leaves out lines at the start")
    }

    #[cold]
    fn no_column(&self, column: i64, width: usize) -> Error {
        let columns = if width == 1 { "column" } else { "columns" };
        self.error(format!(": there is no column {column}: the line has {width} {columns}"))
    }

    #[cold]
    fn unreadable(&self, field: &str, dtype: DType, layout: &Layout) -> Error {
        // the field is a part of the line
        let start = (field.as_ptr() as usize).saturating_sub(self.line.as_ptr() as usize);
        let column = 1 + self.line.get(..start).map_or(0, |before| before.chars().count());
        let mut shown: String = field.chars().take(SHOWN).collect();
        if shown.len() < field.len() {
            shown.push_str("...");
        }
        let error = self.error(format!(":{column}: {shown:?} is no {dtype}"));
        if field.is_empty() {
            return error.help("a field is missing; `usecols` leaves columns out");
        }
        if layout.delimiter.is_none()
            && let Some(delimiter) = [',', ';', '\t', '|'].into_iter().find(|&c| field.contains(c))
        {
            return error.help(format!("say what stands between fields: `delimiter={:?}`", delimiter.to_string()));
        }
        if dtype != DType::F64 && field.parse::<f64>().is_ok() {
            return error.help("read it as `f64`, then cast");
        }
        error.help("`skiprows=1` leaves out a line of names, `dtype=str` reads text")
    }
}

/// Characters of a field that a message shows.
const SHOWN: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn plain<'t>() -> Layout<'t> {
        Layout { delimiter: None, comments: "#", skip_lines: 0, columns: None, max_rows: None }
    }

    fn numbers(text: &str, layout: Layout) -> std::result::Result<(Vec<f64>, usize, usize), String> {
        let table = read(&Context::default(), "a.txt", text, &layout, DType::F64).map_err(|error| error.to_string())?;
        match table.data {
            Data::F64(values) => Ok((values, table.rows, table.columns)),
            other => Err(format!("{:?}", other.dtype())),
        }
    }

    #[test]
    fn comments_blank_lines_and_line_ends_do_not_count() {
        let text = "# a table\r\n1 2 # first\r\n\r\n  3\t4\r\n";
        assert_eq!(numbers(text, plain()), Ok((vec![1.0, 2.0, 3.0, 4.0], 2, 2)));
        assert_eq!(numbers("", plain()), Ok((vec![], 0, 0)));
    }

    #[test]
    fn lines_and_columns_are_left_out_as_asked() {
        let layout =
            Layout { delimiter: Some(","), skip_lines: 1, columns: Some(&[-1, 0]), max_rows: Some(2), ..plain() };
        assert_eq!(numbers("x,y,z\n1,2,3\n4,5,6\n7,8,9\n", layout), Ok((vec![3.0, 1.0, 6.0, 4.0], 2, 2)));
    }

    #[test]
    fn errors_name_file_line_and_column() {
        let comma = || Layout { delimiter: Some(","), ..plain() };
        let fail = |text, layout| numbers(text, layout).expect_err("it must fail");
        assert_eq!(fail("1,2\n3, ä\n", comma()), "error[value]: a.txt:2:4: \"ä\" is no f64");
        assert_eq!(fail("1,2\n3\n", comma()), "error[value]: a.txt:2: the line has 1 column, those before have 2");
        assert_eq!(fail("1,2", plain()), "error[value]: a.txt:1:1: \"1,2\" is no f64");
        let third = Layout { columns: Some(&[2]), ..comma() };
        assert_eq!(fail("1,2", third), "error[value]: a.txt:1: there is no column 2: the line has 2 columns");
    }
}
