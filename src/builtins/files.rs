//! Files: text, arrays in NumPy's formats.

use super::Args;
use super::declare::builtins;
use crate::diagnostics::{Error, Result};
use crate::interp::{Fields, Machine, Value, operand_array, wrap};
use crate::io::load::{self, Loaded};
use crate::io::{file, npy, npz, text};
use crate::tensor::{Array, Tensor};
use std::path::PathBuf;
use std::rc::Rc;

/// Where a file to read is: in the working directory or beside the script.
pub(super) fn path_to_read(machine: &Machine, name: &str) -> PathBuf {
    file::locate(name, &machine.host.directory, machine.host.script_directory.as_deref())
}

/// Where a file to write is: in the working directory. What was printed goes ahead: it may be the same file.
pub(super) fn path_to_write(machine: &mut Machine, name: &str) -> Result<PathBuf> {
    machine.host.flush()?;
    Ok(machine.host.directory.join(name))
}

/// A record of new arrays, each where new values are made.
pub(super) fn record_of(machine: &mut Machine, arrays: impl IntoIterator<Item = (String, Tensor)>) -> Result<Value> {
    let mut fields = Fields::default();
    for (name, tensor) in arrays {
        fields.insert(Rc::from(name), machine.at_home(wrap(Array::from(tensor)))?);
    }
    Ok(Value::record(fields))
}

/// The elements of a value that is to be saved; none if it is no array.
pub(super) fn elements(value: &Value) -> Option<Tensor> {
    operand_array(value)?.to_tensor()
}

/// `savez` and `savez_compressed`: the fields of records, and further arrays by their number.
fn save_archive(machine: &mut Machine, args: &Args, compress: bool) -> Result<Value> {
    let name = args.text(0)?;
    let mut arrays: Vec<(String, Tensor)> = Vec::new();
    let mut add = |name: String, value: &Value| {
        let Some(tensor) = elements(value) else {
            let error = Error::ty(format!("`{name}` has to be an array, this is {}", value.describe()));
            return Err(error.help("an archive holds arrays alone: save the fields of a record one by one"));
        };
        if arrays.iter().any(|(other, _)| *other == name) {
            return Err(Error::value(format!("two arrays are named `{name}`")));
        }
        arrays.push((name, tensor));
        Ok(())
    };
    let mut number = 0;
    for value in args.rest(1) {
        match &value {
            Value::Record(record) => {
                for (name, value) in &record.0 {
                    add(name.to_string(), value)?;
                }
            }
            other => {
                add(format!("arr_{number}"), other)?;
                number += 1;
            }
        }
    }
    let path = path_to_write(machine, name)?;
    file::replace(&path, name, |out| npz::write(&machine.host.cx, out, &arrays, compress))?;
    Ok(Value::None)
}

builtins! {
    elements AtHand;

    /// The text of a file, which must be UTF-8.
    /// A file that is not in the working directory is looked for beside the script. What `gzip` compressed is read as
    /// the text it holds.
    fn read_text(path)
        effect true;
        ex "write_text(\"note.txt\", \"two\\nlines\")\nread_text(\"note.txt\")" => "two\nlines";
        ex "write_text(\"note.txt.gz\", \"small\")\nread_text(\"note.txt.gz\")" => "small";
        fails "read_text(\"no such file\")" => "io";
        fails "read_text(\".\")" => "io";
    = |machine, args| {
        let name = args.text(0)?;
        text::read(&machine.host.cx, &path_to_read(machine, name), name).map(Value::str)
    };

    /// Writes text to a file, in place of what it held.
    /// The file is replaced in one step: if writing fails, it is as it was. It is compressed where the name ends in
    /// `.gz`, as it is by everything that writes files.
    fn write_text(path, text)
        effect true;
        ex "write_text(\"sum.txt\", f\"{1 + 2}\\n\")\nread_text(\"sum.txt\")" => "3\n";
        fails "write_text(\"no such directory/a.txt\", \"\")" => "io";
        fails "write_text(\"a.txt\", 3)" => "type";
    = |machine, args| {
        let (name, content) = (args.text(0)?, args.text(1)?);
        text::write(&path_to_write(machine, name)?, name, content)?;
        Ok(Value::None)
    };

    /// The array of an `.npy` file, or the arrays of an `.npz` archive as a record.
    /// `name` is the one array of an archive that is wanted; the others are not looked at. Whole numbers and floats of
    /// sizes that are not there are read as the next larger dtype: `int8`, `int16` and `uint16` as `i32`, `uint32` as
    /// `i64`, `float16` as `f32`; `uint64` as `i64` if every number fits. Other dtypes are an error that names them, and
    /// pickled objects are refused. What else lies in an archive is left out. A file that is not in the working directory is looked for beside the script.
    fn load(path, name = none)
        creates true;
        effect true;
        ex "save(\"x.npy\", [[1, 2], [3, 4]])\nload(\"x.npy\")" => "[[1 2]\n [3 4]]";
        ex "savez(\"xy.npz\", (x=[1.5, 2], y=[\"a\", \"b\"]))\nload(\"xy.npz\").y" => "['a' 'b']";
        ex "load(\"xy.npz\", \"x\")" => "[1.5 2. ]";
        fails "load(\"no such file\")" => "io";
        fails "savez(\"xy.npz\", (x=1))\nload(\"xy.npz\", \"z\")" => "value";
        fails "write_text(\"bad.npy\", \"1 2 3\")\nload(\"bad.npy\")" => "value";
        fails "load(1)" => "type";
    = |machine, args| {
        let name = args.text(0)?;
        let only = if args.is_none(1) { None } else { Some(args.text(1)?) };
        match load::load(&machine.host.cx, &path_to_read(machine, name), name, only)? {
            Loaded::Array(tensor) => Ok(wrap(Array::from(tensor))),
            Loaded::Arrays(arrays) => record_of(machine, arrays),
        }
    };

    /// Writes an array to a file in NumPy's `.npy` format.
    /// The file is named `path` as it stands, and replaced in one step. `np.load` reads it.
    fn save(path, x)
        effect true;
        ex "save(\"a.npy\", f32([0.5, 1]))\ntype(load(\"a.npy\"))" => "f32[2]";
        ex "save(\"a.npy.gz\", zeros(1000))\nload(\"a.npy.gz\").size" => "1000";
        fails "save(\"a.npy\", (1, 2))" => "type";
        fails "save(\"no such directory/a.npy\", 1)" => "io";
    = |machine, args| {
        let name = args.text(0)?;
        let Some(tensor) = elements(args.get(1)) else {
            let error = args.wrong(1, "an array");
            return Err(error.help("`savez(path, record)` saves several arrays with their names"));
        };
        let path = path_to_write(machine, name)?;
        let cx = &machine.host.cx;
        file::replace(&path, name, |out| npy::write(cx, out, &tensor, name))?;
        Ok(Value::None)
    };

    /// Writes arrays to one file in NumPy's `.npz` format.
    /// The fields of a record are arrays with their names; arrays given otherwise are named `arr_0`, `arr_1`, ... The
    /// file is named `path` as it stands, and replaced in one step. `np.load` reads it.
    fn savez(path, *arrays)
        effect true;
        ex "savez(\"ab.npz\", (a=[1, 2], b=true))\nload(\"ab.npz\")" => "(a=[1 2], b=True)";
        ex "savez(\"two.npz\", [1, 2], 0.5)\nload(\"two.npz\")" => "(arr_0=[1 2], arr_1=0.5)";
        fails "savez(\"ab.npz\", (a=(b=1)))" => "type";
        fails "savez(\"ab.npz\", (a=1), (a=2))" => "value";
    = |machine, args| save_archive(machine, args, false);

    /// Writes arrays to one file as `savez` does, compressed.
    fn savez_compressed(path, *arrays)
        effect true;
        ex "savez_compressed(\"z.npz\", (a=zeros((100, 100))))\nload(\"z.npz\").a.shape" => "(100, 100)";
        fails "savez_compressed(\"z.npz\", none)" => "type";
    = |machine, args| save_archive(machine, args, true);
}
