//! Reading a table: names, dtypes, columns.

use super::column::{Column, MISSING, Unreadable};
use super::records::File;
use crate::context::Context;
use crate::diagnostics::suggest::nearest;
use crate::diagnostics::{Error, Result};
use crate::tensor::{DType, Data};
use rustc_hash::{FxHashMap, FxHashSet};

/// How a table is written, and what is wanted of it.
pub struct Layout {
    pub delimiter: u8,
    /// Does the first line hold the names of the columns?
    pub header: bool,
    /// Names in place of those in the file.
    pub names: Option<Vec<String>>,
    /// Lines left out at the start.
    pub skip_lines: usize,
    /// Rows read at most.
    pub max_rows: Option<usize>,
    pub dtypes: DTypes,
    /// Columns that are read, in this order; all without it.
    pub columns: Option<Vec<Wanted>>,
    /// Fields that hold no value, besides empty ones; without it `NA`, `nan` and the like.
    pub missing: Option<Vec<String>>,
}

/// The dtypes that are asked for; others are found out.
pub enum DTypes {
    All(Option<DType>),
    Some(Vec<(String, DType)>),
}

/// A column that is asked for.
pub enum Wanted {
    Name(String),
    /// Negative ones count from the last.
    Number(i64),
}

/// Columns with their names, all of the same length.
pub type Table = Vec<(String, Data)>;

/// Fields read between looks at the interrupt flag and the memory.
const BATCH: usize = 1 << 15;

/// Bytes a column takes besides its values: itself, its name, what is known of it.
const PER_COLUMN: usize = size_of::<Column>() + 2 * size_of::<String>() + 64;

/// Characters of a field that a message shows.
const SHOWN: usize = 40;

/// Reads a table. `name` is what messages call the file.
pub fn read(cx: &Context, name: &str, text: &str, layout: &Layout) -> Result<Table> {
    let file = File { name, text, delimiter: layout.delimiter };
    let mut records = file.records(file.behind_lines(layout.skip_lines));
    let head = if records.advance(cx)? { records.len() } else { 0 };
    cx.reserve(head, PER_COLUMN, || format!("the table in `{name}`"))?;
    let in_file = records.fields().iter().take(head).map(|field| field.trim().to_string());
    let in_file = in_file.take(if layout.header { head } else { 0 }).collect();
    let names = names(&file, layout, head, in_file, records.start)?;
    let chosen = chosen(name, layout, &names)?;
    let dtypes = dtypes(name, layout, &names)?;
    let body = if layout.header { records.position } else { records.start };
    let reading = Reading { cx, file, layout, body, width: names.len() };

    let mut columns: Vec<(usize, Column)> = chosen.iter().map(|&at| (at, Column::new(dtypes[at]))).collect();
    reading.fill(&mut columns)?;
    // what is text only further down is read again
    let is_late = |(_, column): &(usize, Column)| column.is_late_text();
    let late = columns.iter().filter(|column| is_late(column));
    let mut again: Vec<(usize, Column)> = late.map(|&(at, _)| (at, Column::new(Some(DType::Str)))).collect();
    if !again.is_empty() {
        columns.iter_mut().filter(|column| is_late(column)).for_each(|(_, column)| column.clear());
        reading.fill(&mut again)?;
    }
    let mut again = again.into_iter();
    let columns =
        columns.into_iter().map(|column| if is_late(&column) { again.next().unwrap_or(column) } else { column });
    Ok(columns.map(|(at, column)| (names[at].clone(), column.finish())).collect())
}

/// The records below the names.
struct Reading<'r> {
    cx: &'r Context,
    file: File<'r>,
    layout: &'r Layout,
    /// Where in the text they start.
    body: usize,
    /// Fields that every record has.
    width: usize,
}

impl Reading<'_> {
    /// Hands columns the fields with their numbers.
    fn fill(&self, columns: &mut [(usize, Column)]) -> Result<()> {
        let Reading { cx, file, layout, body, width } = *self;
        let missing: Vec<&str> = match &layout.missing {
            Some(missing) => missing.iter().map(|text| text.trim_ascii()).collect(),
            None => MISSING.to_vec(),
        };
        let longest = missing.iter().map(|text| text.len()).max().unwrap_or(0);
        let mut records = file.records(body);
        let (mut rows, mut look) = (0, 0);
        while layout.max_rows.is_none_or(|most| rows < most) && records.advance(cx)? {
            if rows == look {
                look += (BATCH / width.max(1)).max(1);
                cx.check()?;
                let taken = columns.iter().fold(0usize, |taken, (_, column)| taken.saturating_add(column.memory()));
                let room = taken.saturating_mul(2).saturating_add(columns.len().saturating_mul(PER_COLUMN));
                cx.reserve(room, 1, || format!("the table in `{}`", file.name))?;
            }
            if records.len() != width {
                return Err(ragged(&file, records.start..records.position, records.len(), width));
            }
            let fields = records.fields();
            for (at, column) in columns.iter_mut() {
                let field = fields.get(*at).unwrap_or_default();
                let bare = field.trim_ascii();
                let is_missing = bare.len() <= longest && (bare.is_empty() || missing.contains(&bare));
                if let Err(Unreadable(dtype)) = column.push(field, is_missing) {
                    return Err(unreadable(&file, records.start, *at, field, dtype, is_missing));
                }
            }
            rows += 1;
        }
        Ok(())
    }
}

/// The names of all columns: those given, those in the file, or `f0`, `f1`, ...
fn names(file: &File, layout: &Layout, width: usize, in_file: Vec<String>, record: usize) -> Result<Vec<String>> {
    if let Some(names) = &layout.names {
        if names.len() != width && width > 0 {
            let message =
                format!("{} are given, the line has {}", counted(names.len(), "name"), counted(width, "field"));
            return Err(file.error(record, None, &message));
        }
        return match distinct(names) {
            Ok(()) => Ok(names.clone()),
            Err((_, twice)) => Err(Error::value(format!("`names` has {twice:?} twice"))),
        };
    }
    if width == 0 {
        let error = Error::value(format!("`{}` holds no table: there is no line in it", file.name));
        return Err(error.help("`names` tells the columns of an empty table"));
    }
    let named =
        |at: usize| in_file.get(at).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| format!("f{at}"));
    let names: Vec<String> = (0..width).map(named).collect();
    if let Err((at, twice)) = distinct(&names) {
        let error = file.error(record, Some(at), &format!("a second column is named {twice:?}"));
        return Err(error.help("`names` gives other names, `header=false` takes the line as numbers or text"));
    }
    Ok(names)
}

/// Where a name stands for the second time, and which it is.
fn distinct(names: &[String]) -> std::result::Result<(), (usize, &str)> {
    let mut seen = FxHashSet::default();
    match names.iter().position(|name| !seen.insert(name)) {
        Some(at) => Err((at, &names[at])),
        None => Ok(()),
    }
}

/// The numbers of the columns that are read.
fn chosen(file: &str, layout: &Layout, names: &[String]) -> Result<Vec<usize>> {
    let Some(wanted) = &layout.columns else { return Ok((0..names.len()).collect()) };
    let mut seen = FxHashSet::default();
    let number = |wanted: &Wanted| match wanted {
        Wanted::Name(name) => names.iter().position(|other| other == name).ok_or_else(|| no_column(file, name, names)),
        Wanted::Number(number) => {
            let from_start = if *number < 0 { number.saturating_add(names.len() as i64) } else { *number };
            usize::try_from(from_start).ok().filter(|&at| at < names.len()).ok_or_else(|| {
                Error::value(format!("`{file}` has no column {number}: it has {}", counted(names.len(), "column")))
            })
        }
    };
    let chosen: Vec<usize> = wanted.iter().map(number).collect::<Result<_>>()?;
    match chosen.iter().find(|at| !seen.insert(**at)) {
        Some(&twice) => Err(Error::value(format!("`usecols` has the column {:?} twice", names[twice]))),
        None => Ok(chosen),
    }
}

/// The dtype that is asked for of every column.
fn dtypes(file: &str, layout: &Layout, names: &[String]) -> Result<Vec<Option<DType>>> {
    match &layout.dtypes {
        DTypes::All(dtype) => Ok(vec![*dtype; names.len()]),
        DTypes::Some(dtypes) => {
            if let Some((unknown, _)) = dtypes.iter().find(|(name, _)| !names.contains(name)) {
                return Err(no_column(file, unknown, names));
            }
            let asked: FxHashMap<&str, DType> = dtypes.iter().map(|(name, dtype)| (name.as_str(), *dtype)).collect();
            Ok(names.iter().map(|name| asked.get(name.as_str()).copied()).collect())
        }
    }
}

#[cold]
fn no_column(file: &str, name: &str, names: &[String]) -> Error {
    let error = Error::value(format!("`{file}` has no column {name:?}"));
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean {near:?}?")),
        None => error,
    }
}

#[cold]
fn ragged(file: &File, record: std::ops::Range<usize>, found: usize, wanted: usize) -> Error {
    let message = format!("the record has {}, the first has {wanted}", counted(found, "field"));
    let error = file.error(record.start, None, &message);
    let lines = file.text.get(record).map_or(0, |text| text.trim().matches('\n').count());
    match lines {
        0 => error.help("what holds the delimiter stands in quotes; `skiprows` leaves out lines at the start"),
        _ => error.help(format!("it runs over {} lines: a quotation mark may be missing", lines + 1)),
    }
}

#[cold]
fn unreadable(file: &File, record: usize, at: usize, field: &str, dtype: DType, missing: bool) -> Error {
    if missing {
        let error = file.error(record, Some(at), &format!("a value is missing, and {dtype} has no value for that"));
        return error.help("read the column as `f64`, which has nan, or as `str`");
    }
    let mut shown: String = field.chars().take(SHOWN).collect();
    if shown.len() < field.len() {
        shown.push_str("...");
    }
    let error = file.error(record, Some(at), &format!("{shown:?} is no {dtype}"));
    error.help("`dtype=str` reads text; `missing` tells what stands where a value is missing")
}

/// `1 field`, `2 fields`
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Text;

    fn plain() -> Layout {
        Layout {
            delimiter: b',',
            header: true,
            names: None,
            skip_lines: 0,
            max_rows: None,
            dtypes: DTypes::All(None),
            columns: None,
            missing: None,
        }
    }

    fn table(text: &str, layout: &Layout) -> std::result::Result<Table, String> {
        read(&Context::default(), "a.csv", text, layout).map_err(|error| error.to_string())
    }

    fn texts(texts: &[&str]) -> String {
        format!("{:?}", Data::Str(texts.iter().map(|&text| Text::from(text)).collect()))
    }

    #[test]
    fn quotes_hold_delimiters_lines_and_quotes() {
        let text = "\u{feff}name,\"a \"\"b\"\"\"\r\n\"x, y\",1\r\n\r\n\"two\nlines\",2\r\n\"say \"\"ä\"\"\",3";
        let table = table(text, &plain()).expect("it is sound");
        assert_eq!(table[0].0, "name");
        assert_eq!(format!("{:?}", table[0].1), texts(&["x, y", "two\nlines", "say \"ä\""]));
        assert_eq!(table[1].0, "a \"b\"");
        assert_eq!(format!("{:?}", table[1].1), "I64([1, 2, 3])");
    }

    #[test]
    fn what_turns_out_to_be_text_is_kept_as_written() {
        let table = table("a,b,c\n007,1.50,x\nNA,2,y\nJ7,-,\n", &plain()).expect("it is sound");
        let shown: Vec<String> = table.iter().map(|(_, data)| format!("{data:?}")).collect();
        assert_eq!(shown, [texts(&["007", "", "J7"]), texts(&["1.50", "2", "-"]), texts(&["x", "y", ""])]);
    }

    #[test]
    fn errors_name_file_line_and_column() {
        let fail = |text: &str, layout: &Layout| table(text, layout).expect_err("it must fail");
        let floats = || Layout { dtypes: DTypes::All(Some(DType::F64)), ..plain() };
        assert_eq!(fail("a,b\n\n1,\"x\"\n", &floats()), "error[value]: a.csv:3:3: \"x\" is no f64");
        assert_eq!(fail("a,b\n\"1\",2\nä,x\n", &floats()), "error[value]: a.csv:3:1: \"ä\" is no f64");
        assert_eq!(fail("a,b\n\"2\n\",2\n1,x\n", &floats()), "error[value]: a.csv:4:3: \"x\" is no f64");
        assert_eq!(fail("a,b\n1\n", &plain()), "error[value]: a.csv:2: the record has 1 field, the first has 2");
        assert_eq!(fail("\u{feff}a,b,a\n", &plain()), "error[value]: a.csv:1:5: a second column is named \"a\"");
        let whole = Layout { dtypes: DTypes::All(Some(DType::I64)), ..plain() };
        let missing = "error[value]: a.csv:2:3: a value is missing, and i64 has no value for that";
        assert_eq!(fail("a,b\n1,NA\n", &whole), missing);
        let skipping = Layout { skip_lines: 2, ..floats() };
        assert_eq!(fail("1\n2\na,b\n1,?\n", &skipping), "error[value]: a.csv:4:3: \"?\" is no f64");
    }
}
