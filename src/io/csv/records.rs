//! The records of a table and the places of their fields: `csv-core` over a text that is in memory.

use crate::context::Context;
use crate::diagnostics::{Error, Kind, Result};
use csv_core::{ReadFieldResult, ReadRecordResult, Reader, ReaderBuilder};

/// A table as text.
#[derive(Clone, Copy)]
pub struct File<'t> {
    /// What messages call it.
    pub name: &'t str,
    pub text: &'t str,
    pub delimiter: u8,
}

/// Walks the records; empty lines do not count.
pub struct Records<'t> {
    file: File<'t>,
    reader: Reader,
    /// Where in the text this record starts, and the next.
    pub start: usize,
    pub position: usize,
    /// The fields one behind the other, without quotes, and where each ends.
    content: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
}

impl<'t> File<'t> {
    fn reader(&self) -> Reader {
        ReaderBuilder::new().delimiter(self.delimiter).build()
    }

    /// The records from a position on, which must be the start of one.
    pub fn records(self, position: usize) -> Records<'t> {
        let (content, ends) = (vec![0; 1 << 10], vec![0; 1 << 6]);
        Records { file: self, reader: self.reader(), start: position, position, content, ends, count: 0 }
    }

    /// The position behind so many lines.
    pub fn behind_lines(&self, count: usize) -> usize {
        match count.checked_sub(1) {
            None => 0,
            Some(last) => self.text.match_indices('\n').nth(last).map_or(self.text.len(), |(at, _)| at + 1),
        }
    }

    /// The error of a record, or of one of its fields: file, line and column.
    #[cold]
    pub fn error(&self, record: usize, field: Option<usize>, message: &str) -> Error {
        let at = self.position_of(record, field.unwrap_or(0));
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = 1 + before.matches('\n').count();
        let column = 1 + before.chars().rev().take_while(|&c| c != '\n').filter(|&c| c != '\u{feff}').count();
        let column = field.map(|_| format!(":{column}")).unwrap_or_default();
        Error::new(Kind::Value, format!("{}:{line}{column}: {message}", self.name))
    }

    /// Where in the text a field of the record that starts at `record` begins.
    fn position_of(&self, record: usize, field: usize) -> usize {
        let bytes = self.text.as_bytes();
        let empty_lines = |at: usize| bytes.iter().skip(at).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let mut at = record + empty_lines(record);
        let mut reader = self.reader();
        let mut content = vec![0; 1 << 10];
        for _ in 0..field {
            loop {
                let (result, read, _) = reader.read_field(bytes.get(at..).unwrap_or_default(), &mut content);
                at += read;
                match result {
                    ReadFieldResult::OutputFull => {}
                    ReadFieldResult::InputEmpty if read > 0 => {}
                    _ => break,
                }
            }
        }
        at
    }
}

impl Records<'_> {
    /// Goes on to the next record, if there is one.
    pub fn advance(&mut self, cx: &Context) -> Result<bool> {
        self.start = self.position;
        let (mut written, mut count) = (0, 0);
        loop {
            let input = self.file.text.as_bytes().get(self.position..).unwrap_or_default();
            let (content, ends) = (&mut self.content[written..], &mut self.ends[count..]);
            let (result, read, wrote, ended) = self.reader.read_record(input, content, ends);
            self.position += read;
            written += wrote;
            count += ended;
            match result {
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
