//! Files in formats that others have defined: NumPy's arrays and archives, tables of text, CSV.

mod fixtures;
mod malformed;
mod numpy;

use nabla::session::Output;
use nabla::tensor::{Data, Tensor};
use nabla::{Error, Session, Source, Value};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// Swallows what a program prints.
struct Nowhere;

impl Output for Nowhere {
    fn text(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A directory of a test's own, removed with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("nabla-files-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("the temporary directory is writable");
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A session that works in this directory.
fn session(directory: &Path) -> Session {
    let mut session = Session::new(Box::new(Nowhere));
    session.set_directory(directory.to_path_buf());
    session
}

fn eval(session: &mut Session, code: &str) -> Result<(), Error> {
    session.eval(Arc::new(Source::new("<files>", code))).map_err(|mut errors| errors.remove(0))
}

/// The value of an expression.
fn value(session: &mut Session, code: &str) -> Result<Value, Error> {
    eval(session, &format!("result = {code}"))?;
    Ok(session.get("result").unwrap_or_default())
}

/// The elements of a value: of an array, or of a string.
fn tensor(value: &Value) -> Tensor {
    nabla::interp::operand_array(value).and_then(|array| array.to_tensor()).expect("it is an array")
}

/// Elements as text that tells all values apart, the bits of floats.
fn exact(tensor: &Tensor) -> Vec<String> {
    match tensor.to_data() {
        Data::Bool(items) => items.iter().map(|&x| u8::from(x).to_string()).collect(),
        Data::U8(items) => items.iter().map(u8::to_string).collect(),
        Data::I32(items) => items.iter().map(i32::to_string).collect(),
        Data::I64(items) => items.iter().map(i64::to_string).collect(),
        Data::F32(items) => items.iter().map(|x| x.to_bits().to_string()).collect(),
        Data::F64(items) => items.iter().map(|x| x.to_bits().to_string()).collect(),
        Data::Str(items) => items.iter().map(|x| x.to_string()).collect(),
    }
}
