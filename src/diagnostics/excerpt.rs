//! Lines of a source made fit to be shown: found by position, cut around what matters, control characters made visible.
//!
//! Works on any text and any span: a place past the end counts as the end.

use nabla_grammar::tree::Span;
use std::ops::Range;

/// Bytes of a line that are always shown whole.
const LINE_LENGTH: usize = 160;
/// Bytes shown before the place of interest when a line is cut.
const LEAD: usize = 60;
const CUT: char = '…';

/// Line and column of byte `offset`, both from 1; the column counts characters.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let line = line_around(text, offset);
    let number = 1 + text.as_bytes()[..line.start].iter().filter(|&&byte| byte == b'\n').count();
    let column = 1 + text[line.start..floor(text, offset)].chars().count();
    (number, column)
}

/// The range of the line that holds byte `offset`, without its line end.
pub fn line_around(text: &str, offset: usize) -> Range<usize> {
    let offset = floor(text, offset);
    let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |length| offset + length);
    let end = if text[start..end].ends_with('\r') { end - 1 } else { end };
    start..end
}

/// A piece of one line, ready to be shown.
pub struct Excerpt {
    pub text: String,
    /// The shown part of the source, in bytes.
    shown: Range<usize>,
    /// Where each character comes from and where it stands now, both in bytes, and a last pair for the end.
    offsets: Vec<(usize, usize)>,
}

impl Excerpt {
    /// The line `line` of `text`, cut around byte `focus` when it is long.
    pub fn new(text: &str, line: Range<usize>, focus: usize) -> Excerpt {
        let (mut start, mut end) = (line.start, line.end);
        if line.len() > LINE_LENGTH {
            start = floor(text, focus.saturating_sub(LEAD).max(line.start));
            end = floor(text, start.saturating_add(LINE_LENGTH).min(line.end));
        }
        let mut shown = String::new();
        let mut offsets = Vec::new();
        if start > line.start {
            shown.push(CUT);
        }
        for (offset, character) in text[start..end].char_indices() {
            offsets.push((start + offset, shown.len()));
            shown.push(visible(character));
        }
        offsets.push((end, shown.len()));
        let is_cut = end < line.end;
        if is_cut {
            shown.push(CUT);
        }
        // What lies behind an uncut line, such as its end, counts as its last place.
        Excerpt { text: shown, shown: start..if is_cut { end } else { usize::MAX }, offsets }
    }

    /// Where `span` stands in the shown text, clipped to it, one byte long at least; none when nothing of it is shown.
    pub fn position(&self, span: Span) -> Option<Range<usize>> {
        let (start, end) = (span.start as usize, span.end.max(span.start) as usize);
        if end < self.shown.start || start > self.shown.end {
            return None;
        }
        let start = self.place(start);
        Some(start..self.place(end).max(start + 1))
    }

    /// Where byte `offset` of the source stands in the shown text.
    fn place(&self, offset: usize) -> usize {
        let index = self.offsets.partition_point(|&(source, _)| source < offset);
        self.offsets.get(index).or(self.offsets.last()).map_or(0, |&(_, shown)| shown)
    }
}

/// Text for people: control characters other than newlines and tabs made visible, and not longer than `limit` bytes.
pub fn printable(text: &str, limit: usize) -> String {
    let kept = floor(text, limit);
    let mut shown: String =
        text[..kept].chars().map(|c| if matches!(c, '\n' | '\t') { c } else { visible(c) }).collect();
    if kept < text.len() {
        shown.push(CUT);
    }
    shown
}

/// A stand-in for characters that a terminal would obey or hide.
fn visible(character: char) -> char {
    match character {
        '\t' => character,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + character as u32).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        // C1 controls, then what is invisible or turns the direction of writing.
        '\u{80}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' => {
            char::REPLACEMENT_CHARACTER
        }
        '\u{feff}' => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

/// The nearest character boundary at or before `offset`.
fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
