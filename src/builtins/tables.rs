//! Tables in text files: numbers as `loadtxt` and `savetxt` have them, CSV with names and quotes.

use super::Args;
use super::declare::builtins;
use super::files::{elements, path_to_read, path_to_write, record_of};
use crate::diagnostics::{Error, Result};
use crate::interp::{Value, wrap};
use crate::io::csv::{self, DTypes, Wanted};
use crate::io::field::counted;
use crate::io::{file, savetxt, table, text};
use crate::tensor::shape::Shape;
use crate::tensor::{Array, Data, Layout, Tensor, Text};

/// A number of lines or rows.
fn count(args: &Args, number: usize, what: &str) -> Result<Option<usize>> {
    let Some(count) = args.optional_int(number)? else { return Ok(None) };
    usize::try_from(count).map(Some).map_err(|_| Error::value(format!("`{what}` is 0 or more, not {count}")))
}

/// A string, or several in a tuple or a `str` array of one axis.
fn strings(args: &Args, number: usize) -> Result<Vec<String>> {
    strings_of(args.get(number)).ok_or_else(|| args.wrong(number, "a string or a tuple of strings"))
}

fn strings_of(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Str(text) => Some(vec![text.to_string()]),
        Value::Tuple(items) => items.0.iter().map(|item| item.as_str().map(str::to_string)).collect(),
        Value::Array(Array::Tensor(tensor)) if tensor.ndim() == 1 => {
            Some(tensor.walk::<Text>()?.map(|text| text.to_string()).collect())
        }
        _ => None,
    }
}

/// One ASCII character that is neither a quotation mark nor a line end.
fn delimiter(args: &Args, number: usize) -> Result<u8> {
    let text = args.text(number)?;
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => {
            let error = Error::value(format!("the delimiter is one ASCII character, not {text:?}"));
            Err(error.help("`loadtxt` takes any text, and blanks without one"))
        }
    }
}

/// The columns that `usecols` asks for: numbers, names, or both in a tuple.
fn wanted(args: &Args, number: usize) -> Result<Option<Vec<Wanted>>> {
    if args.is_none(number) {
        return Ok(None);
    }
    if let Value::Tuple(items) = args.get(number) {
        let wrong = || args.wrong(number, "names or numbers of columns");
        let wanted = |item: &Value| match item.as_str() {
            Some(name) => Ok(Wanted::Name(name.to_string())),
            None => item.as_int().map(Wanted::Number).ok_or_else(wrong),
        };
        return items.0.iter().map(wanted).collect::<Result<_>>().map(Some);
    }
    if let Some(names) = strings_of(args.get(number)) {
        return Ok(Some(names.into_iter().map(Wanted::Name).collect()));
    }
    Ok(Some(args.ints(number)?.into_iter().map(Wanted::Number).collect()))
}

/// A dtype for all columns, or a record of some columns' dtypes.
fn dtypes(args: &Args, number: usize) -> Result<DTypes> {
    let Value::Record(record) = args.get(number) else { return args.dtype(number).map(DTypes::All) };
    let dtype = |(name, value): (&std::rc::Rc<str>, &Value)| match value {
        Value::DType(dtype) => Ok((name.to_string(), *dtype)),
        _ => Err(Error::ty(format!("the dtype of the column `{name}` is {}", value.describe()))
            .help("a record of dtypes is written as `dtype=(x=f32, name=str)`")),
    };
    record.0.iter().map(dtype).collect::<Result<_>>().map(DTypes::Some)
}

/// Names and columns of a table that is to be written: the fields of a record, or the columns of an array.
fn columns(args: &Args, number: usize) -> Result<(Vec<String>, Vec<Tensor>)> {
    if let Value::Record(record) = args.get(number) {
        let mut columns: Vec<Tensor> = Vec::with_capacity(record.0.len());
        for (name, value) in &record.0 {
            let column = elements(value).filter(|tensor| tensor.ndim() == 1).ok_or_else(|| {
                let error = Error::ty(format!("the column `{name}` is {}", value.describe()));
                error.help("a column is an array of one axis")
            })?;
            if let Some(first) = columns.first().filter(|first| first.size() != column.size()) {
                let (rows, others) = (column.size(), first.size());
                return Err(Error::shape(format!("the column `{name}` has {rows} rows, the first has {others}")));
            }
            columns.push(column);
        }
        return Ok((record.0.keys().map(|name| name.to_string()).collect(), columns));
    }
    let table = table(args, number, "a record or an array of one axis or two")?;
    let table = match *table.shape() {
        [rows] => table.reshaped([rows, 1].into_iter().collect()),
        [_, _] => table,
        _ => return Err(not_a_table(&table)),
    };
    let Layout { shape, offset, strides } = table.layout();
    let rows: Shape = shape[..1].into();
    let starts = (0..shape[1]).map(|column| offset.wrapping_add_signed(strides[1] * column as isize));
    let columns: Vec<Tensor> = starts.map(|start| table.view(rows.clone(), start, strides[..1].into())).collect();
    Ok(((0..columns.len()).map(|number| format!("f{number}")).collect(), columns))
}

/// The array that is to be written: it must have axes.
fn table(args: &Args, number: usize, wanted: &str) -> Result<Tensor> {
    elements(args.get(number)).filter(|tensor| tensor.ndim() > 0).ok_or_else(|| args.wrong(number, wanted))
}

#[cold]
fn not_a_table(array: &Tensor) -> Error {
    let shape = crate::tensor::shape::text(array.shape());
    let error = Error::shape(format!("a table has one axis or two, this array has the shape {shape}"));
    error.help("`save(path, x)` writes arrays of any shape")
}

builtins! {
    elements AtHand;

    /// A table of numbers from a text file.
    /// Rows are lines and have the same number of fields, between blanks or `delimiter`. Lines that are empty or hold
    /// only a comment do not count. With `delimiter` texts keep their blanks, and a line of blanks is a field. `skiprows` lines are left out at the start; `usecols` is a column or a tuple of
    /// them, and then lines may differ in their number of fields; `max_rows` the most rows to read. One row or one column gives an array of one axis, unless `ndmin` asks
    /// for more; `unpack` turns rows into columns, so that each is a value of its own. A file that is not in the
    /// working directory is looked for beside the script.
    fn loadtxt(path, delimiter = none, skiprows = 0, usecols = none, dtype = f64, max_rows = none, comments = "#",
            unpack = false, ndmin = 0)
        creates true;
        effect true;
        ex "write_text(\"points.csv\", \"x,y\\n1,2\\n3,4\\n\")\nloadtxt(\"points.csv\", delimiter=\",\", skiprows=1)"
            => "[[1. 2.]\n [3. 4.]]";
        ex "write_text(\"named.txt\", \"1 a\\n2 b\\n\")\nloadtxt(\"named.txt\", usecols=1, dtype=str)" => "['a' 'b']";
        ex "x, y = loadtxt(\"points.csv\", delimiter=\",\", skiprows=1, unpack=true)\ny" => "[2. 4.]";
        ex "loadtxt(\"points.csv\", delimiter=\",\", skiprows=1, usecols=0, ndmin=2).shape" => "(2, 1)";
        fails "loadtxt(\"no such file\")" => "io";
        fails "write_text(\"bad.txt\", \"1 2\\n3 x\\n\")\nloadtxt(\"bad.txt\")" => "value";
        fails "loadtxt(\"points.csv\", delimiter=\"\")" => "value";
        fails "loadtxt(\"points.csv\", ndmin=3)" => "value";
    = |machine, args| {
        let (name, delimiter, comments) = (args.text(0)?, args.get(1), args.get(6));
        let columns = args.optional_ints(3)?;
        let dtype = super::arrays::dtype_or_f64(args, 4)?;
        let layout = table::Layout {
            delimiter: if matches!(delimiter, Value::None) { None } else { Some(args.text(1)?) },
            comments: if matches!(comments, Value::None) { "" } else { args.text(6)? },
            skip_lines: count(args, 2, "skiprows")?.unwrap_or(0),
            columns: columns.as_deref(),
            max_rows: count(args, 5, "max_rows")?,
        };
        if layout.delimiter == Some("") {
            return Err(Error::value("the delimiter is empty").help("leave it out where blanks stand between fields"));
        }
        let unpack = args.bool(7)?;
        let least = args.int(8)?;
        if !(0..=2).contains(&least) {
            return Err(Error::value(format!("`ndmin` is 0, 1 or 2, not {least}")));
        }
        let cx = &machine.host.cx;
        let text = text::read(cx, &path_to_read(machine, name), name)?;
        let table = table::read(cx, name, &text, &layout, dtype)?;
        let mut shape: Shape = match (table.rows, table.columns) {
            (0, columns) if least == 2 => [0, columns.max(1)].into_iter().collect(),
            (0, _) => [0].into_iter().collect(),
            (rows, columns) if least == 2 => [rows, columns].into_iter().collect(),
            (rows, columns) => [rows, columns].into_iter().filter(|&len| len != 1).collect(),
        };
        if least == 1 && shape.is_empty() {
            shape.push(1);
        }
        let mut tensor = Tensor::owner(table.data, shape);
        if unpack && tensor.ndim() == 2 {
            let Layout { shape, offset, strides } = tensor.layout().permuted(&[1, 0]);
            tensor = tensor.view(shape, offset, strides);
        }
        Ok(wrap(Array::from(tensor)))
    };

    /// Writes an array of one axis or two as lines of text, byte for byte as NumPy does.
    /// `fmt` is a format as `"%d"`, `"%.3f"`, `"%g"`, `"%s"`, a tuple with one for each column, or one for the whole
    /// line, as `"%d: %g"`. `header` and `footer` are written behind `comments`.
    fn savetxt(path, x, fmt = "%.18e", delimiter = " ", newline = "\n", header = "", footer = "", comments = "# ")
        effect true;
        ex "savetxt(\"m.txt\", [[1, 2], [3, 4]], fmt=\"%d\", header=\"a b\")\nread_text(\"m.txt\")" => "# a b\n1 2\n3 4";
        ex "savetxt(\"m.txt\", [[1, 0.5]], fmt=(\"%d\", \"%.2f\"), delimiter=\",\")\nread_text(\"m.txt\")" => "1,0.50";
        ex "savetxt(\"m.txt\", [\"a\", \"b\"], fmt=\"%s\")\nread_text(\"m.txt\")" => "a\nb";
        fails "savetxt(\"m.txt\", 1)" => "type";
        fails "savetxt(\"m.txt\", \"abc\")" => "type";
        fails "savetxt(\"m.txt\", zeros((1, 1, 1)))" => "shape";
        fails "savetxt(\"m.txt\", [[1, 2]], fmt=(\"%d\", \"%d\", \"%d\"))" => "value";
        fails "savetxt(\"m.txt\", [1.5], fmt=\"%q\")" => "value";
        fails "savetxt(\"m.txt\", [\"a\"])" => "type";
    = |machine, args| {
        let name = args.text(0)?;
        let tensor = table(args, 1, "an array of one axis or two")?;
        if !matches!(tensor.ndim(), 1 | 2) {
            return Err(not_a_table(&tensor));
        }
        let formats = strings(args, 2)?;
        let formats: Vec<&str> = formats.iter().map(String::as_str).collect();
        let style = savetxt::Style {
            formats: &formats,
            delimiter: args.text(3)?,
            newline: args.text(4)?,
            header: args.text(5)?,
            footer: args.text(6)?,
            comments: args.text(7)?,
        };
        let path = path_to_write(machine, name)?;
        let cx = &machine.host.cx;
        file::replace(&path, name, |out| savetxt::write(cx, out, &tensor, &style))?;
        Ok(Value::None)
    };

    /// A table with names, as a record of columns.
    /// Fields stand between delimiters, and in quotes where they hold a delimiter, a line end or a quotation mark (which
    /// is doubled). The first line holds the names, or `names` does; without either they are `f0`, `f1`, ... Blanks
    /// around a name are left out, unless it stands in quotes. Empty lines and those that begin with `comments` do not
    /// count. The dtype of a column is the first of `bool`, `i64`, `f64`, `str` that all its fields are of, or `dtype`:
    /// one for all, or a record with those of some columns. Empty fields hold no value, and neither do those in
    /// `missing`; without it `NA`, `N/A`, `nan`, `null`, `none` that stand in no quotes. They are nan among numbers, and
    /// empty text among texts; whole numbers with gaps are floats, truth values with gaps are text. `usecols` are the
    /// names or numbers of the columns that are read, `skiprows` the lines left out at the start.
    fn read_csv(path, delimiter = ",", header = true, names = none, dtype = none, usecols = none, skiprows = 0,
            max_rows = none, missing = none, comments = none)
        creates true;
        effect true;
        ex "write_text(\"t.csv\", \"name,age,score\\n\\\"Doe, J\\\",31,1.5\\nAda,36,NA\\n\")\nread_csv(\"t.csv\")"
            => "(name=['Doe, J' 'Ada'], age=[31 36], score=[1.5 nan])";
        ex "mean(read_csv(\"t.csv\").age)" => "33.5";
        ex "read_csv(\"t.csv\", usecols=(\"age\", \"name\"), dtype=(age=f32))" => "(age=[31. 36.], name=['Doe, J' 'Ada'])";
        ex "write_text(\"n.csv\", \"1;2\\n3;4\\n\")\nread_csv(\"n.csv\", delimiter=\";\", header=false)"
            => "(f0=[1 3], f1=[2 4])";
        ex "write_text(\"c.csv\", \"# from a survey\\na,b\\n1,true\\n2,\\n\")\nread_csv(\"c.csv\", comments=\"#\")"
            => "(a=[1 2], b=['true' ''])";
        fails "read_csv(\"no such file\")" => "io";
        fails "write_text(\"q.csv\", \"a,b\\n1,\\\"x\\n2,y\\n\")\nread_csv(\"q.csv\")" => "value";
        fails "write_text(\"r.csv\", \"a,b\\n1\\n\")\nread_csv(\"r.csv\")" => "value";
        fails "write_text(\"w.csv\", \"a\\nx\\n\")\nread_csv(\"w.csv\", dtype=f64)" => "value";
        fails "write_text(\"w.csv\", \"a\\nx\\n\")\nread_csv(\"w.csv\", usecols=\"b\")" => "value";
        fails "read_csv(\"t.csv\", delimiter=\", \")" => "value";
        fails "read_csv(\"t.csv\", dtype=(age=3))" => "type";
    = |machine, args| {
        let name = args.text(0)?;
        let layout = csv::Layout {
            delimiter: delimiter(args, 1)?,
            header: args.bool(2)?,
            names: if args.is_none(3) { None } else { Some(strings(args, 3)?) },
            dtypes: dtypes(args, 4)?,
            columns: wanted(args, 5)?,
            skip_lines: count(args, 6, "skiprows")?.unwrap_or(0),
            max_rows: count(args, 7, "max_rows")?,
            missing: if args.is_none(8) { None } else { Some(strings(args, 8)?) },
            comments: if args.is_none(9) { String::new() } else { args.text(9)?.to_string() },
        };
        let cx = &machine.host.cx;
        let text = text::read(cx, &path_to_read(machine, name), name)?;
        let columns = csv::read(cx, name, &text, &layout)?;
        let tensor = |data: Data| {
            let rows = data.len();
            Tensor::owner(data, [rows].into_iter().collect())
        };
        record_of(machine, columns.into_iter().map(|(name, data)| (name, tensor(data))))
    };

    /// Writes a table with names, which `read_csv` reads.
    /// It is a record of columns, or an array of two axes, whose columns are named by `names`, else `f0`, `f1`, ...
    /// Without `header` the names are left out. Numbers have the fewest digits that read back as the same number. Text
    /// stands in quotes where it would be read otherwise, as `"NA"`; text that is a number reads as a number unless
    /// `read_csv` is told its dtype.
    fn write_csv(path, table, delimiter = ",", header = true, names = none)
        effect true;
        ex "write_csv(\"w.csv\", (name=[\"Doe, J\", \"Ada\"], x=[0.5, 2]))\nread_text(\"w.csv\")"
            => "name,x\n\"Doe, J\",0.5\nAda,2.0";
        ex "write_csv(\"m.csv\", [[1, 2], [3, 4]], names=(\"a\", \"b\"))\nread_csv(\"m.csv\")" => "(a=[1 3], b=[2 4])";
        fails "write_csv(\"w.csv\", (a=[1, 2], b=[1, 2, 3]))" => "shape";
        fails "write_csv(\"w.csv\", (a=1))" => "type";
        fails "write_csv(\"w.csv\", 3)" => "type";
        fails "write_csv(\"w.csv\", [[1, 2]], names=\"a\")" => "value";
        fails "write_csv(\"w.csv\", [[1, 2]], names=(\"b\", \"b\"))" => "value";
        fails "write_csv(\"w.csv\", zeros((3, 0)))" => "shape";
    = |machine, args| {
        let name = args.text(0)?;
        let (mut names, columns) = columns(args, 1)?;
        let delimiter = delimiter(args, 2)?;
        let header = args.bool(3)?;
        if !args.is_none(4) {
            names = strings(args, 4)?;
        }
        if names.len() != columns.len() {
            let (names, columns) = (counted(names.len(), "name"), counted(columns.len(), "column"));
            return Err(Error::value(format!("{names} for {columns}")));
        }
        let path = path_to_write(machine, name)?;
        let (cx, names) = (&machine.host.cx, header.then_some(names.as_slice()));
        file::replace(&path, name, |out| csv::write(cx, out, names, &columns, delimiter))?;
        Ok(Value::None)
    };
}
