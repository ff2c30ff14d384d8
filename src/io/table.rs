//! Tables in text files, read as NumPy's `loadtxt` does: fields in lines, comments, no quotes.

use super::field::{Field, SHOWN, counted, shortened};
use super::text::lines;
use crate::context::Context;
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::{DType, Data, Text};

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
        DType::Bool => typed::<bool>(cx, name, text, layout),
        DType::U8 => typed::<u8>(cx, name, text, layout),
        DType::I32 => typed::<i32>(cx, name, text, layout),
        DType::I64 => typed::<i64>(cx, name, text, layout),
        DType::F32 => typed::<f32>(cx, name, text, layout),
        DType::F64 => typed::<f64>(cx, name, text, layout),
        DType::Str => typed::<Text>(cx, name, text, layout),
    }
}

/// Lines, or fields of one line, read between looks at the interrupt flag and the memory.
const BATCH: usize = 4096;

fn typed<T: Field>(cx: &Context, name: &str, text: &str, layout: &Layout) -> Result<Table> {
    let mut rows = Rows::<T> { cx, name, layout, values: Vec::new(), width: None };
    let (comments, delimiter) = (Mark::new(layout.comments), layout.delimiter.map_or(Mark::None, Mark::new));
    let mut count = 0;
    for (number, line) in lines(text).enumerate().skip(layout.skip_lines) {
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
        // blanks are fields where they are not what stands between them
        let is_empty = match delimiter {
            Mark::None => content.trim().is_empty(),
            _ => content.is_empty(),
        };
        if is_empty {
            continue;
        }
        let place = Place { name, line, number };
        match delimiter {
            Mark::One(mark) => rows.add(&place, content.split(mark)),
            Mark::Several(mark) => rows.add(&place, content.split(mark)),
            Mark::None => rows.add(&place, content.split_whitespace()),
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
struct Rows<'t, T> {
    cx: &'t Context,
    name: &'t str,
    layout: &'t Layout<'t>,
    values: Vec<T>,
    /// Fields of a line, where all of them are read.
    width: Option<usize>,
}

impl<T: Field> Rows<'_, T> {
    fn make_room(&self) -> Result<()> {
        self.cx.check()?;
        let room = self.values.len().saturating_mul(2).saturating_add(BATCH);
        self.cx.reserve(room, size_of::<T>(), || format!("the table in `{}`", self.name))
    }

    fn add<'f>(&mut self, place: &Place, fields: impl Iterator<Item = &'f str>) -> Result<()> {
        if let Some(columns) = self.layout.columns {
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
            return Ok(());
        }
        let mut found = 0;
        for field in fields {
            found += 1;
            if found % BATCH == 0 {
                self.make_room()?;
            }
            self.push(place, field)?;
        }
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
        let value = T::parse(field).ok_or_else(|| place.unreadable(field, T::DTYPE, self.layout))?;
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
        self.error(format!(": the line has {}, those before have {wanted}", counted(found, "column")))
            .help("`usecols` reads some columns, `skiprows` leaves out lines at the start")
    }

    #[cold]
    fn no_column(&self, column: i64, width: usize) -> Error {
        self.error(format!(": there is no column {column}: the line has {}", counted(width, "column")))
    }

    #[cold]
    fn unreadable(&self, field: &str, dtype: DType, layout: &Layout) -> Error {
        // the field is a part of the line; blanks ahead of it are not what is wrong
        let field = field.trim();
        let start = (field.as_ptr() as usize).saturating_sub(self.line.as_ptr() as usize);
        let column = 1 + self.line.get(..start).map_or(0, |before| before.chars().count());
        let error = self.error(format!(":{column}: {:?} is no {dtype}", shortened(field, SHOWN)));
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
    fn a_line_of_empty_fields_is_a_row() {
        let read = |text, delimiter| {
            let layout = Layout { delimiter: Some(delimiter), ..plain() };
            let table = read(&Context::default(), "a.txt", text, &layout, DType::Str).expect("it is sound");
            (format!("{:?}", table.data), table.rows)
        };
        // as NumPy 2.4
        let (fields, rows) = read("a\tb\n\t\n\n# no row\nc\td\n", "\t");
        assert_eq!((&*fields, rows), (r#"Str(["a", "b", "", "", "c", "d"])"#, 3));
        let (fields, rows) = read("a\n \nc\n", ",");
        assert_eq!((&*fields, rows), (r#"Str(["a", " ", "c"])"#, 3));
        let (fields, rows) = read(" a , b # c\n", ",");
        assert_eq!((&*fields, rows), (r#"Str([" a ", " b "])"#, 1));
        let comma = Layout { delimiter: Some(","), ..plain() };
        assert_eq!(numbers(" 1 ,\t2 \n", comma), Ok((vec![1.0, 2.0], 1, 2)));
    }

    #[test]
    fn a_carriage_return_ends_a_line() {
        assert_eq!(numbers("1 2\r3 4\r", plain()), Ok((vec![1.0, 2.0, 3.0, 4.0], 2, 2)));
        let second = Layout { skip_lines: 1, ..plain() };
        let error = "error[value]: a.txt:3:1: \"x\" is no f64".to_string();
        assert_eq!(numbers("a b\r1 2\rx 4\r", second), Err(error));
    }

    #[test]
    fn lines_may_differ_where_columns_are_chosen() {
        let first = || Layout { columns: Some(&[0]), ..plain() };
        assert_eq!(numbers("1 2\n3\n4 5 6\n", first()), Ok((vec![1.0, 3.0, 4.0], 3, 1)));
        let last = Layout { columns: Some(&[-1]), ..plain() };
        assert_eq!(numbers("1 2\n3\n", last), Ok((vec![2.0, 3.0], 2, 1)));
        let second = Layout { columns: Some(&[1]), ..plain() };
        let error = "error[value]: a.txt:2: there is no column 1: the line has 1 column".to_string();
        assert_eq!(numbers("1 2\n3\n", second), Err(error));
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
