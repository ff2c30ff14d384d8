//! Errors as people read them: the message, the lines it speaks of with marks below, advice, the calls that led there.
//!
//! Text in, text out: nothing here prints. Whatever the program or its source holds, the result stays short and free of
//! control characters, and a span that points nowhere does no harm.

use super::error::{Call, Details, Error, Place, TRAIL_ENDS};
use super::excerpt::{Excerpt, line_around, line_column, printable};
use codespan_reporting::diagnostic::{LabelStyle, Severity};
use codespan_reporting::files::Error as RenderError;
use codespan_reporting::term::{Chars, Config, Renderer, WriteStyle};
use nabla_grammar::tree::Span;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

/// Errors shown of one run; more would only scroll the first ones away.
const ERRORS_SHOWN: usize = 20;
/// Bytes of a message, an advice or a label.
const MESSAGE_LENGTH: usize = 4000;
const LABEL_LENGTH: usize = 200;

/// The errors of a run one below the other, each ended by a newline.
///
/// ```text
/// error[shape]: cannot multiply [2, 3] by [2, 3]: inner dimensions 3 and 2 differ
///   ┌─ model.nab:3:5
/// 3 │ y = x @ w
///   │     ─ ^ ─ f64[2, 3]
///   │     f64[2, 3]
///   = help: x @ w.T would be [2, 2]
/// ```
pub fn render(errors: &[Error], color: bool) -> String {
    let mut text = String::new();
    for (number, error) in errors.iter().take(ERRORS_SHOWN).enumerate() {
        if number > 0 {
            text.push('\n');
        }
        let mut page = Page { bytes: Vec::new(), color };
        match render_one(error.details(), &mut page) {
            Ok(()) => text.push_str(&String::from_utf8_lossy(&page.bytes)),
            // Writing to memory does not fail; if it did, the message alone would still help.
            Err(_) => text.push_str(&format!("{error}\n")),
        }
    }
    if errors.len() > ERRORS_SHOWN {
        text.push_str(&format!("\nand {} more errors\n", errors.len() - ERRORS_SHOWN));
    }
    text
}

fn render_one(error: &Details, page: &mut Page) -> Result<(), RenderError> {
    let config = Config { chars: Chars { single_secondary_caret: '─', ..Chars::default() }, ..Config::default() };
    let message = printable(&error.message, MESSAGE_LENGTH);
    Renderer::new(page, &config).render_header(None, Severity::Error, Some(error.kind.name()), &message)?;
    let gutter = match &error.place {
        Some(place) => render_source(place, &error.labels, &config, page)?,
        None => 1,
    };
    let help = error.help.iter().map(|help| format!("help: {}", printable(help, MESSAGE_LENGTH)));
    let trail = describe_trail(&error.trail, error.trail_left_out);
    for note in help.chain(trail) {
        Renderer::new(page, &config).render_snippet_note(gutter, &note)?;
    }
    Ok(())
}

/// One line of the source and what is marked in it.
struct MarkedLine {
    excerpt: Excerpt,
    labels: Vec<(LabelStyle, Range<usize>, String)>,
}

/// Writes the place and the marked lines; returns the width of the line numbers.
fn render_source(
    place: &Place,
    labels: &[(Span, String)],
    config: &Config,
    page: &mut Page,
) -> Result<usize, RenderError> {
    let text = &place.source.text;
    let home = line_around(text, place.span.start as usize);
    let mut marks: Vec<(LabelStyle, Span, &str)> = Vec::new();
    let own_text = labels.iter().find(|(span, _)| *span == place.span).map_or("", |(_, text)| text);
    marks.push((LabelStyle::Primary, place.span, own_text));
    let others = labels.iter().filter(|(span, _)| *span != place.span);
    marks.extend(others.map(|(span, text)| (LabelStyle::Secondary, *span, text.as_str())));

    let mut lines: BTreeMap<usize, MarkedLine> = BTreeMap::new();
    for (style, span, label) in marks {
        let (number, _) = line_column(text, span.start as usize);
        let line = lines.entry(number).or_insert_with(|| {
            let range = line_around(text, span.start as usize);
            MarkedLine { excerpt: Excerpt::new(text, range, span.start as usize), labels: Vec::new() }
        });
        if let Some(range) = line.excerpt.position(span) {
            line.labels.push((style, range, printable(label, LABEL_LENGTH).replace('\n', " ")));
        }
    }

    let (line, column) = line_column(text, expression_start(place, labels, &home));
    let gutter = lines.last_key_value().map_or(1, |(number, _)| number.to_string().len());
    write!(page, "{:gutter$} ", "")?;
    page.set_source_border()?;
    write!(page, "{}", config.chars.snippet_start)?;
    page.reset()?;
    writeln!(page, " {}:{line}:{column}", printable(&place.source.name, LABEL_LENGTH))?;

    let mut previous = None;
    for (number, line) in &mut lines {
        if previous.is_some_and(|previous| previous + 1 < *number) {
            Renderer::new(page, config).render_snippet_break(gutter, Severity::Error, 0, &[])?;
        }
        previous = Some(*number);
        line.labels.sort_by_key(|(_, range, _)| (range.start, range.end));
        let labels: Vec<_> =
            line.labels.iter().map(|(style, range, text)| (*style, range.clone(), text.as_str())).collect();
        let mut snippet = Page { bytes: Vec::new(), color: page.color };
        Renderer::new(&mut snippet, config).render_snippet_source(
            gutter,
            *number,
            &line.excerpt.text,
            Severity::Error,
            &labels,
            0,
            &[],
        )?;
        for line in String::from_utf8_lossy(&snippet.bytes).lines().filter(|line| !is_pointer(line)) {
            writeln!(page, "{}", line.trim_end())?;
        }
    }
    Ok(gutter)
}

/// Where the expression starts that the place belongs to: between two operands stands the operator, and the expression
/// starts with the first of them.
fn expression_start(place: &Place, labels: &[(Span, String)], line: &Range<usize>) -> usize {
    let place = place.span.start as usize;
    let starts = || labels.iter().map(|(span, _)| span.start as usize).filter(|start| line.contains(start));
    let (first, last) = (starts().min().unwrap_or(place), starts().max().unwrap_or(place));
    if first < place && place < last { first } else { place }
}

/// Does the line only lead from a mark to its text below?
fn is_pointer(line: &str) -> bool {
    without_style(line).chars().all(|c| matches!(c, '│' | ' '))
}

fn without_style(line: &str) -> String {
    let mut plain = String::new();
    let mut rest = line;
    while let Some((before, styled)) = rest.split_once('\x1b') {
        plain.push_str(before);
        rest = styled.split_once('m').map_or("", |(_, after)| after);
    }
    plain + rest
}

/// The calls, innermost first, equal ones in a row as one.
fn describe_trail(trail: &[Call], left_out: usize) -> Vec<String> {
    if left_out == 0 {
        return describe_calls(trail);
    }
    let (inner, outer) = trail.split_at(trail.len().min(TRAIL_ENDS));
    let mut notes = describe_calls(inner);
    notes.push(format!("... {left_out} calls between"));
    notes.extend(describe_calls(outer));
    notes
}

fn describe_calls(calls: &[Call]) -> Vec<String> {
    let describe = |calls: &[Call]| {
        let call = calls.first()?;
        let (line, column) = line_column(&call.place.source.text, call.place.span.start as usize);
        let function = printable(&call.function, LABEL_LENGTH);
        let name = printable(&call.place.source.name, LABEL_LENGTH);
        let times = if calls.len() > 1 { format!(", {} times", calls.len()) } else { String::new() };
        Some(format!("in {function} called at {name}:{line}:{column}{times}"))
    };
    calls.chunk_by(same_call).filter_map(describe).collect()
}

fn same_call(a: &Call, b: &Call) -> bool {
    Arc::ptr_eq(&a.place.source, &b.place.source) && a.place.span == b.place.span && a.function == b.function
}

/// Text in memory, with or without the codes that colour it at a terminal.
struct Page {
    bytes: Vec<u8>,
    color: bool,
}

impl Page {
    fn code(&mut self, code: &str) -> io::Result<()> {
        if self.color { write!(self.bytes, "\x1b[{code}m") } else { Ok(()) }
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const RED_BOLD: &str = "1;31";
const RED: &str = "31";
const BLUE: &str = "34";
const BOLD: &str = "0;1";

impl WriteStyle for Page {
    fn set_header(&mut self, _: Severity) -> io::Result<()> {
        self.code(RED_BOLD)
    }
    fn set_header_message(&mut self) -> io::Result<()> {
        self.code(BOLD)
    }
    fn set_line_number(&mut self) -> io::Result<()> {
        self.code(BLUE)
    }
    fn set_note_bullet(&mut self) -> io::Result<()> {
        self.code(BLUE)
    }
    fn set_source_border(&mut self) -> io::Result<()> {
        self.code(BLUE)
    }
    fn set_label(&mut self, _: Severity, style: LabelStyle) -> io::Result<()> {
        self.code(if style == LabelStyle::Primary { RED } else { BLUE })
    }
    fn reset(&mut self) -> io::Result<()> {
        self.code("0")
    }
}

#[cfg(test)]
mod tests;
