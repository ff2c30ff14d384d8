//! The records of a table and the places of their fields: `csv-core` over a text that is in memory.

use crate::context::Context;
use crate::diagnostics::{Error, Kind, Result};
use crate::io::text::line_ends;
use csv_core::{ReadFieldResult, ReadRecordResult, Reader, ReaderBuilder};
use std::cell::OnceCell;

/// A table as text.
#[derive(Clone, Copy)]
pub struct File<'t> {
    /// What messages call it.
    pub name: &'t str,
    pub text: &'t str,
    pub delimiter: u8,
    /// A line that begins with it does not count; empty if there are none.
    pub comments: &'t str,
}

/// Walks the records; empty lines and comments do not count.
pub struct Records<'t> {
    file: File<'t>,
    reader: Reader,
    /// Has the reader been told that the last line ends?
    closed: bool,
    /// Where in the text this record starts, and the next.
    pub start: usize,
    pub position: usize,
    /// The fields one behind the other, without quotes, and where each ends.
    content: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
    quoted: OnceCell<Vec<bool>>,
}

impl<'t> File<'t> {
    fn reader(&self) -> Reader {
        let mut reader = ReaderBuilder::new().delimiter(self.delimiter).build();
        // it would leave out a byte order mark where it starts to read: an empty line is left out instead
        _ = reader.read_record(b"\n", &mut [0], &mut [0]);
        reader
    }

    /// The records from a position on, which must be the start of one.
    pub fn records(self, position: usize) -> Records<'t> {
        Records {
            file: self,
            reader: self.reader(),
            closed: false,
            start: position,
            position,
            content: vec![0; 1 << 10],
            ends: vec![0; 1 << 6],
            count: 0,
            quoted: OnceCell::new(),
        }
    }

    /// The position behind so many lines.
    pub fn behind_lines(&self, count: usize) -> usize {
        match count.checked_sub(1) {
            None => 0,
            Some(last) => line_ends(self.text.as_bytes()).nth(last).unwrap_or(self.text.len()),
        }
    }

    /// The position behind empty lines and comments.
    fn behind_gaps(&self, mut at: usize) -> usize {
        let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        loop {
            let rest = self.text.as_bytes().get(at..).unwrap_or_default();
            if rest.first().is_some_and(is_end) {
                at += 1;
            } else if !self.comments.is_empty() && rest.starts_with(self.comments.as_bytes()) {
                at += rest.iter().position(is_end).unwrap_or(rest.len());
            } else {
                return at;
            }
        }
    }

    /// The error of a record, or of one of its fields: file, line and column.
    #[cold]
    pub fn error(&self, record: usize, field: Option<usize>, message: &str) -> Error {
        let at = self.starts(record).nth(field.unwrap_or(0)).unwrap_or(record);
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = 1 + line_ends(before.as_bytes()).count();
        let column = 1 + before.chars().rev().take_while(|&c| c != '\n' && c != '\r').count();
        let column = field.map(|_| format!(":{column}")).unwrap_or_default();
        Error::new(Kind::Value, format!("{}:{line}{column}: {message}", self.name))
    }

    /// Where in the text the fields of the record that starts at `record` begin, and those behind them.
    fn starts(&self, record: usize) -> impl Iterator<Item = usize> {
        let bytes = self.text.as_bytes();
        let (mut reader, mut content) = (self.reader(), vec![0; 1 << 10]);
        std::iter::successors(Some(record), move |&start| {
            let mut at = start;
            loop {
                let (result, read, _) = reader.read_field(bytes.get(at..).unwrap_or_default(), &mut content);
                at += read;
                match result {
                    ReadFieldResult::OutputFull => {}
                    ReadFieldResult::InputEmpty if read > 0 => {}
                    _ => return Some(at),
                }
            }
        })
    }
}

impl Records<'_> {
    /// Goes on to the next record, if there is one.
    pub fn advance(&mut self, cx: &Context) -> Result<bool> {
        self.position = self.file.behind_gaps(self.position);
        self.start = self.position;
        self.quoted.take();
        let (mut written, mut count) = (0, 0);
        loop {
            let input = self.file.text.as_bytes().get(self.position..).unwrap_or_default();
            // the last line may have no end: with one, what is still open is a quote
            let closing = input.is_empty() && !self.closed;
            let input = if closing { b"\n" } else { input };
            let (content, ends) = (&mut self.content[written..], &mut self.ends[count..]);
            let (result, read, wrote, ended) = self.reader.read_record(input, content, ends);
            if closing {
                self.closed = read > 0;
            } else {
                self.position += read;
            }
            written += wrote;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty | ReadRecordResult::OutputFull if closing && wrote > 0 => {
                    let error =
                        self.file.error(self.start, Some(count), "a quotation mark opens here and never closes");
                    return Err(error.help("a quotation mark inside quotes is doubled"));
                }
                // an empty input tells the reader that nothing follows
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => grow(cx, self.file.name, &mut self.content)?,
                ReadRecordResult::OutputEndsFull => grow(cx, self.file.name, &mut self.ends)?,
                ReadRecordResult::Record => {
                    self.count = count;
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
            }
        }
    }

    /// Does this field stand in quotes? The text is looked at again, once for all fields of the record.
    pub fn is_quoted(&self, field: usize) -> bool {
        let quoted = self.quoted.get_or_init(|| {
            let bytes = self.file.text.as_bytes();
            if !bytes.get(self.start..self.position).is_some_and(|record| record.contains(&b'"')) {
                return Vec::new();
            }
            let starts = self.file.starts(self.start).take(self.count);
            starts.map(|start| bytes.get(start) == Some(&b'"')).collect()
        });
        quoted.get(field).is_some_and(|&quoted| quoted)
    }

    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.count
    }

    /// The fields in order.
    pub fn fields(&self) -> Fields<'_> {
        let ends = &self.ends[..self.count];
        let content = &self.content[..ends.last().copied().unwrap_or(0)];
        // leaving ASCII out of UTF-8 leaves UTF-8
        Fields { content: std::str::from_utf8(content).unwrap_or_default(), ends }
    }
}

/// Twice the room for one record.
fn grow<T: Clone + Default>(cx: &Context, name: &str, room: &mut Vec<T>) -> Result<()> {
    let len = 2 * room.len();
    cx.reserve(len, size_of::<T>(), || format!("a record of `{name}`"))?;
    room.resize(len, T::default());
    Ok(())
}

/// The fields of one record.
#[derive(Clone, Copy)]
pub struct Fields<'r> {
    content: &'r str,
    ends: &'r [usize],
}

impl<'r> Fields<'r> {
    #[inline]
    pub fn get(&self, number: usize) -> Option<&'r str> {
        let start = if number == 0 { 0 } else { *self.ends.get(number - 1)? };
        self.content.get(start..*self.ends.get(number)?)
    }

    pub fn iter(self) -> impl Iterator<Item = &'r str> {
        (0..self.ends.len()).filter_map(move |number| self.get(number))
    }
}
