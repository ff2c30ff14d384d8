//! Reading a table: its fields into columns.

use super::column::{Column, MISSING, Unreadable};
use super::messages::{ragged, wrong_field};
use super::names::{chosen, dtypes, names};
use super::records::File;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{DType, Data};

/// How a table is written, and what is wanted of it.
pub struct Layout {
    pub delimiter: u8,
    /// What lines begin with that do not count; empty if there are none.
    pub comments: String,
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
    /// Fields that hold no value, besides empty ones, in quotes or not; without it `NA`, `nan` and the like that stand in
    /// no quotes.
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

/// Reads a table. `name` is what messages call the file.
pub fn read(cx: &Context, name: &str, text: &str, layout: &Layout) -> Result<Table> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file = File { name, text, delimiter: layout.delimiter, comments: &layout.comments };
    let mut records = file.records(file.behind_lines(layout.skip_lines));
    let head = if records.advance(cx)? { records.len() } else { 0 };
    cx.reserve(head, PER_COLUMN, || format!("the table in `{name}`"))?;
    let in_file = records.fields().iter().take(if layout.header { head } else { 0 }).enumerate();
    let in_file =
        in_file.map(|(at, field)| if records.is_quoted(at) { field } else { field.trim() }.to_string()).collect();
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
                let is_missing = match bare {
                    // blanks in quotes are text
                    "" => field.is_empty() || !records.is_quoted(*at),
                    bare => {
                        bare.len() <= longest
                            && missing.contains(&bare)
                            && (layout.missing.is_some() || !records.is_quoted(*at))
                    }
                };
                if let Err(Unreadable(dtype)) = column.push(field, is_missing) {
                    return Err(wrong_field(&file, records.start, *at, field, dtype, is_missing));
                }
            }
            rows += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Text;

    fn plain() -> Layout {
        Layout {
            delimiter: b',',
            comments: String::new(),
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
    fn what_stands_in_quotes_is_a_value() {
        let text = "a,b,\" c \"\n\"NA\",1,x\nNA,\"\",y\n";
        let shown = |layout: &Layout| {
            let table = table(text, layout).expect("it is sound");
            table.iter().map(|(name, data)| format!("{name}: {data:?}")).collect::<Vec<_>>()
        };
        let (a, c) = (texts(&["NA", ""]), texts(&["x", "y"]));
        assert_eq!(shown(&plain()), [format!("a: {a}"), "b: F64([1.0, NaN])".to_string(), format!(" c : {c}")]);
        // those that are said to be missing are so everywhere
        let said = Layout { missing: Some(vec!["NA".to_string(), "1".to_string()]), ..plain() };
        let gaps = "F64([NaN, NaN])";
        assert_eq!(shown(&said), [format!("a: {gaps}"), format!("b: {gaps}"), format!(" c : {c}")]);
    }

    #[test]
    fn a_quote_that_never_closes_is_an_error() {
        let fail = |text: &str| table(text, &plain()).expect_err("it must fail");
        let at = |place: &str| format!("error[value]: a.csv:{place}: a quotation mark opens here and never closes");
        assert_eq!(fail("a,b\n1,\"x\n2,y\n3,z\n"), at("2:3"));
        assert_eq!(fail("a,b\n1,\"x"), at("2:3"));
        assert_eq!(fail("a\n\"one \"\" two\"\"\n"), at("2:1"));
        assert_eq!(fail("a\n\""), at("2:1"));
        assert_eq!(fail("\"a"), at("1:1"));
        // room for the content grows in between
        for len in 1000..1050 {
            assert_eq!(fail(&format!("a,b\n1,\"{}", "x".repeat(len))), at("2:3"), "{len}");
        }
        for sound in ["a\n\"x\"", "a\nx", "a\n\"\"", "a\nx\"", "a\n\"x\"y", "a\n\"x\"\"\""] {
            assert!(table(sound, &plain()).is_ok_and(|table| table[0].1.len() == 1), "{sound:?}");
        }
    }

    #[test]
    fn a_carriage_return_ends_a_line() {
        let shown = |text: &str| table(text, &plain()).map(|table| format!("{table:?}"));
        assert_eq!(shown("a,b\r1,2\r\r3,4\r"), shown("a,b\n1,2\n3,4\n"));
        let floats = Layout { dtypes: DTypes::All(Some(DType::F64)), skip_lines: 2, ..plain() };
        let error = "error[value]: a.csv:5:3: \"x\" is no f64".to_string();
        assert_eq!(table("one\rtwo\ra,b\r1,2\r1,x\r", &floats).err(), Some(error));
    }

    #[test]
    fn lines_of_comments_do_not_count() {
        let layout = || Layout { comments: "//".to_string(), dtypes: DTypes::All(Some(DType::I64)), ..plain() };
        let text = "// a \"table\na,b\n// one\n\n//two\r\n1,2\n3,4\n//";
        let table = |text: &str| table(text, &layout()).map(|table| format!("{table:?}"));
        assert_eq!(table(text), table("a,b\n1,2\n3,4\n"));
        assert_eq!(table("a\n//\n5//\n"), Err("error[value]: a.csv:3:1: \"5//\" is no i64".to_string()));
    }

    #[test]
    fn a_mark_of_byte_order_counts_at_the_start_alone() {
        let table = table("\u{feff}a\n\u{feff}x\n", &plain()).expect("it is sound");
        assert_eq!((&*table[0].0, format!("{:?}", table[0].1)), ("a", texts(&["\u{feff}x"])));
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
