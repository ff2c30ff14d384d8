//! Files.

use super::declare::builtins;
use crate::diagnostics::{Error, Result};
use crate::interp::{Machine, Value};
use crate::io::{table, text};
use crate::tensor::shape::Shape;
use crate::tensor::{Array, Tensor};

/// The text of a file, looked for in the working directory and beside the script.
fn read(machine: &Machine, name: &str) -> Result<String> {
    let host = &machine.host;
    let path = text::locate(name, &host.directory, host.script_directory.as_deref());
    text::read(&host.cx, &path, name)
}

builtins! {
    elements AtHand;

    /// A table of numbers from a text file.
    /// Rows are lines and have the same number of fields, between blanks or `delimiter`. Lines that are empty or hold
    /// only a comment do not count. `skiprows` lines are left out at the start; `usecols` is a column or a tuple of
    /// them, `max_rows` the most rows to read. One row or one column gives an array of one axis. A file that is not in
    /// the working directory is looked for beside the script.
    fn loadtxt(path, delimiter = none, skiprows = 0, usecols = none, dtype = f64, max_rows = none, comments = "#")
        creates true;
        effect true;
        ex "write_text(\"points.csv\", \"x,y\\n1,2\\n3,4\\n\")\nloadtxt(\"points.csv\", delimiter=\",\", skiprows=1)"
            => "[[1. 2.]\n [3. 4.]]";
        ex "write_text(\"named.txt\", \"1 a\\n2 b\\n\")\nloadtxt(\"named.txt\", usecols=1, dtype=str)" => "['a' 'b']";
        fails "loadtxt(\"no such file\")" => "io";
        fails "write_text(\"bad.txt\", \"1 2\\n3 x\\n\")\nloadtxt(\"bad.txt\")" => "value";
        fails "loadtxt(\"points.csv\", delimiter=\"\")" => "value";
    = |machine, args| {
        let (name, delimiter, comments) = (args.text(0)?, args.get(1), args.get(6));
        let count = |number: usize, what: &str| -> Result<Option<usize>> {
            let Some(count) = args.optional_int(number)? else { return Ok(None) };
            let wrong = || Error::value(format!("`{what}` is 0 or more, not {count}"));
            usize::try_from(count).map(Some).map_err(|_| wrong())
        };
        let columns = args.optional_ints(3)?;
        let dtype = super::arrays::dtype_or_f64(args, 4)?;
        let layout = table::Layout {
            delimiter: if matches!(delimiter, Value::None) { None } else { Some(args.text(1)?) },
            comments: if matches!(comments, Value::None) { "" } else { args.text(6)? },
            skip_lines: count(2, "skiprows")?.unwrap_or(0),
            columns: columns.as_deref(),
            max_rows: count(5, "max_rows")?,
        };
        if layout.delimiter == Some("") {
            return Err(Error::value("the delimiter is empty").help("leave it out where blanks stand between fields"));
        }
        let text = read(machine, name)?;
        let table = table::read(&machine.host.cx, name, &text, &layout, dtype)?;
        let shape: Shape = match (table.rows, table.columns) {
            (0, _) => [0].into_iter().collect(),
            (rows, columns) => [rows, columns].into_iter().filter(|&len| len != 1).collect(),
        };
        Ok(crate::interp::wrap(Array::from(Tensor::owner(table.data, shape))))
    };

    /// The text of a file, which must be UTF-8.
    /// A file that is not in the working directory is looked for beside the script.
    fn read_text(path)
        effect true;
        ex "write_text(\"note.txt\", \"two\\nlines\")\nread_text(\"note.txt\")" => "two\nlines";
        fails "read_text(\"no such file\")" => "io";
        fails "read_text(\".\")" => "io";
    = |machine, args| read(machine, args.text(0)?).map(Value::str);

    /// Writes text to a file, in place of what it held.
    /// The file is replaced in one step: if writing fails, it is as it was.
    fn write_text(path, text)
        effect true;
        ex "write_text(\"sum.txt\", f\"{1 + 2}\\n\")\nread_text(\"sum.txt\")" => "3\n";
        fails "write_text(\"no such directory/a.txt\", \"\")" => "io";
        fails "write_text(\"a.txt\", 3)" => "type";
    = |machine, args| {
        let (name, content) = (args.text(0)?, args.text(1)?);
        text::write(&machine.host.directory.join(name), name, content)?;
        Ok(Value::None)
    };
}
