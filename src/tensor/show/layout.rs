//! Brackets, blanks and line breaks of a printed array, as NumPy 2 sets them.
//!
//! Works on finished words; knows no numbers.

/// How values are printed. NumPy's names and defaults.
#[derive(Clone, Debug)]
pub struct PrintOptions {
    /// Most digits behind the point of a float in an array.
    pub precision: usize,
    /// An array of more elements is summarised.
    pub threshold: usize,
    /// Items shown at each edge of a summarised axis.
    pub edgeitems: usize,
    /// Columns of a line.
    pub linewidth: usize,
    /// Show small floats without exponents.
    pub suppress: bool,
    /// One blank in place of each line break and the indentation behind it.
    pub oneline: bool,
}

impl Default for PrintOptions {
    fn default() -> PrintOptions {
        PrintOptions { precision: 8, threshold: 1000, edgeitems: 3, linewidth: 75, suppress: false, oneline: false }
    }
}

/// What is shown of each axis: all of it, or in a summarised array the first and the last `edge` items.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    pub length: usize,
    edge: Option<usize>,
}

impl Axis {
    pub fn is_summarised(self) -> bool {
        self.edge.is_some()
    }
    /// How many items are shown.
    pub fn shown(self) -> usize {
        self.edge.map_or(self.length, |edge| 2 * edge)
    }
    /// The index of the shown item number `i`.
    pub fn index(self, i: usize) -> usize {
        match self.edge {
            Some(edge) if i >= edge => self.length - 2 * edge + i,
            _ => i,
        }
    }
}

/// What is shown of an array of this shape.
pub fn axes(shape: &[usize], options: &PrintOptions) -> Vec<Axis> {
    let size = shape.iter().fold(1usize, |size, &length| size.saturating_mul(length));
    let edge = options.edgeitems.max(1);
    let summarised = |length: usize| size > options.threshold && length > edge.saturating_mul(2);
    shape.iter().map(|&length| Axis { length, edge: summarised(length).then_some(edge) }).collect()
}

/// The text of an array with at least one axis. `words` holds the shown items in row-major order.
pub fn layout(axes: &[Axis], words: &[String], options: &PrintOptions) -> String {
    if axes.iter().any(|axis| axis.length == 0) {
        return "[]".to_string();
    }
    let mut page = Page { axes, words: words.iter(), linewidth: options.linewidth, text: String::new() };
    page.block(0);
    if options.oneline { join_lines(&page.text) } else { page.text }
}

struct Page<'a> {
    axes: &'a [Axis],
    words: std::slice::Iter<'a, String>,
    linewidth: usize,
    text: String,
}

impl Page<'_> {
    /// The next items along `axis`. The depth is that of the array.
    fn block(&mut self, axis: usize) {
        let Some(&this) = self.axes.get(axis) else { return };
        self.text.push('[');
        if axis + 1 == self.axes.len() {
            self.row(this, axis + 1);
        } else {
            let gap = "\n".repeat(self.axes.len() - axis - 1) + &" ".repeat(axis + 1);
            for i in 0..this.shown() {
                if i > 0 {
                    self.text.push_str(&gap);
                }
                if this.edge == Some(i) {
                    self.text.push_str("...");
                    self.text.push_str(&gap);
                }
                self.block(axis + 1);
            }
        }
        self.text.push(']');
    }

    /// One row, broken where a word would pass the line's end. Brackets of all axes so far make the indentation.
    fn row(&mut self, axis: Axis, indent: usize) {
        // Each open bracket takes a column at the end of the line, too.
        let end = self.linewidth.saturating_sub(indent);
        let mut column = indent;
        let mut first = true;
        let mut put = |text: &mut String, word: &str| {
            let width = word.chars().count();
            if !std::mem::replace(&mut first, false) {
                text.push(' ');
                column += 1;
                if column + width > end {
                    text.truncate(text.trim_end().len());
                    text.push('\n');
                    text.extend(std::iter::repeat_n(' ', indent));
                    column = indent;
                }
            }
            text.push_str(word);
            column += width;
        };
        for (i, word) in self.words.by_ref().take(axis.shown()).enumerate() {
            if axis.edge == Some(i) {
                put(&mut self.text, "...");
            }
            put(&mut self.text, word);
        }
    }
}

fn join_lines(text: &str) -> String {
    text.lines().map(str::trim_start).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
