//! The head of an `.npy` file: magic, version, and a Python literal that tells dtype, order and shape.
//!
//! Format: NumPy's `numpy.lib.format`, versions 1.0, 2.0 and 3.0. Only the few literals it uses are understood; nothing
//! is ever evaluated.

use crate::diagnostics::{Error, Result};
use crate::io::field::shortened;
use crate::tensor::shape::{self, Shape};
use crate::tensor::{DType, Tensor};
use std::fmt::Write;
use std::io::{self, Read};

pub const MAGIC: &[u8] = b"\x93NUMPY";

/// Bytes a header may take: far above those of any array, which are below 200.
const LONGEST: u32 = 1 << 16;

/// What follows the header starts at a multiple of this.
const ALIGNMENT: usize = 64;

/// Digits that NumPy leaves room for, so that the first axis can grow.
const GROWTH: usize = 21;

/// What elements are in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F16,
    F32,
    F64,
    /// Text of so many characters, four bytes each.
    Text(usize),
}

impl Stored {
    /// The smallest dtype of the language that holds them all; those of `U64` are checked.
    pub fn dtype(self) -> DType {
        match self {
            Stored::Bool => DType::Bool,
            Stored::U8 => DType::U8,
            Stored::I8 | Stored::I16 | Stored::I32 | Stored::U16 => DType::I32,
            Stored::I64 | Stored::U32 | Stored::U64 => DType::I64,
            Stored::F16 | Stored::F32 => DType::F32,
            Stored::F64 => DType::F64,
            Stored::Text(_) => DType::Str,
        }
    }

    /// Bytes of an element in the file.
    pub fn width(self) -> usize {
        match self {
            Stored::Bool | Stored::I8 | Stored::U8 => 1,
            Stored::I16 | Stored::U16 | Stored::F16 => 2,
            Stored::I32 | Stored::U32 | Stored::F32 => 4,
            Stored::I64 | Stored::U64 | Stored::F64 => 8,
            Stored::Text(len) => len.saturating_mul(4),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    pub stored: Stored,
    pub big_endian: bool,
    /// Does the first axis vary fastest?
    pub fortran_order: bool,
    pub shape: Shape,
}

/// Reads a header from the start of a file. `name` is what messages call it. The outer error is the file's.
pub fn read(from: &mut dyn Read, name: &str) -> io::Result<Result<Header>> {
    let bad = |why: &str| Err(malformed(name, why));
    let mut start = [0; 8];
    from.read_exact(&mut start)?;
    if !start.starts_with(MAGIC) {
        return Ok(bad("it does not start as one"));
    }
    let len = match start[6] {
        1 => {
            let mut len = [0; 2];
            from.read_exact(&mut len)?;
            u32::from(u16::from_le_bytes(len))
        }
        2 | 3 => {
            let mut len = [0; 4];
            from.read_exact(&mut len)?;
            u32::from_le_bytes(len)
        }
        version => return Ok(bad(&format!("there is no version {version}"))),
    };
    if len > LONGEST {
        return Ok(bad(&format!("its header claims {len} bytes")));
    }
    let mut bytes = vec![0; len as usize];
    from.read_exact(&mut bytes)?;
    Ok(parse(&String::from_utf8_lossy(&bytes), name))
}

/// `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`
fn parse(text: &str, name: &str) -> Result<Header> {
    let bad = || malformed(name, &format!("its header is {:?}", shortened(text.trim_end(), SHOWN)));
    let mut literal = Literal(text);
    let (mut stored, mut order, mut shape) = (None, None, None);
    literal.sign('{').ok_or_else(bad)?;
    while literal.sign('}').is_none() {
        let key = literal.string().ok_or_else(bad)?;
        literal.sign(':').ok_or_else(bad)?;
        match key {
            "descr" => {
                let Some(descr) = literal.string() else {
                    return Err(literal.list().map_or_else(bad, |fields| unsupported(name, "V", fields)));
                };
                stored = Some(dtype(descr).ok_or_else(|| unsupported(name, descr.trim_start_matches(ORDERS), descr))?);
            }
            "fortran_order" => order = Some(literal.truth().ok_or_else(bad)?),
            "shape" => shape = Some(literal.lengths().ok_or_else(bad)?),
            _ => return Err(bad()),
        }
        if literal.sign(',').is_none() {
            literal.sign('}').ok_or_else(bad)?;
            break;
        }
    }
    match (stored, order, shape, literal.0.trim()) {
        (Some((stored, big_endian)), Some(fortran_order), Some(shape), "") => {
            shape::check_ndim(shape.len())?;
            Ok(Header { stored, big_endian, fortran_order, shape })
        }
        _ => Err(bad()),
    }
}

/// Marks of byte orders: little, big, none, the machine's.
const ORDERS: [char; 4] = ['<', '>', '|', '='];

/// What `<f8` says, and whether the bytes of an element come largest first.
fn dtype(descr: &str) -> Option<(Stored, bool)> {
    let big_endian = match descr.chars().next()? {
        '>' => true,
        '=' => cfg!(target_endian = "big"),
        _ => false,
    };
    let stored = match descr.trim_start_matches(ORDERS) {
        "b1" | "?" => Stored::Bool,
        "i1" => Stored::I8,
        "i2" => Stored::I16,
        "i4" => Stored::I32,
        "i8" => Stored::I64,
        "u1" => Stored::U8,
        "u2" => Stored::U16,
        "u4" => Stored::U32,
        "u8" => Stored::U64,
        "f2" => Stored::F16,
        "f4" => Stored::F32,
        "f8" => Stored::F64,
        other => Stored::Text(digits(other.strip_prefix('U')?)?),
    };
    Some((stored, big_endian))
}

fn digits(text: &str) -> Option<usize> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// What is left to read of a Python literal.
struct Literal<'t>(&'t str);

impl<'t> Literal<'t> {
    fn sign(&mut self, sign: char) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(sign)?;
        Some(())
    }

    /// A string without escapes: the format has no others.
    fn string(&mut self) -> Option<&'t str> {
        let text = self.0.trim_start();
        let quote = text.chars().next().filter(|c| ['\'', '"'].contains(c))?;
        let (content, rest) = text[1..].split_once(quote)?;
        if content.contains('\\') {
            return None;
        }
        self.0 = rest;
        Some(content)
    }

    /// The text of a list or a tuple, up to the bracket that closes it.
    fn list(&mut self) -> Option<&'t str> {
        let text = self.0.trim_start();
        let mut depth = 0usize;
        for (at, sign) in text.char_indices() {
            match sign {
                '[' | '(' => depth += 1,
                ']' | ')' => depth = depth.checked_sub(1)?,
                _ if depth == 0 => return None,
                _ => continue,
            }
            if depth == 0 {
                let (list, rest) = text.split_at(at + 1);
                self.0 = rest;
                return Some(list);
            }
        }
        None
    }

    fn truth(&mut self) -> Option<bool> {
        let text = self.0.trim_start();
        let (value, rest) = match (text.strip_prefix("True"), text.strip_prefix("False")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return None,
        };
        self.0 = rest;
        Some(value)
    }

    /// `()`, `(3,)`, `(3, 4)`; Python 2 wrote `3L`.
    fn lengths(&mut self) -> Option<Shape> {
        let mut shape = Shape::new();
        self.sign('(')?;
        while self.sign(')').is_none() {
            let text = self.0.trim_start();
            let end = text.find(|c: char| !c.is_ascii_digit())?;
            // strides and places are signed
            let len: isize = text[..end].parse().ok()?;
            shape.push(usize::try_from(len).ok()?);
            self.0 = text[end..].strip_prefix('L').unwrap_or(&text[end..]);
            if self.sign(',').is_none() {
                self.sign(')')?;
                break;
            }
        }
        Some(shape)
    }
}

/// The header that NumPy writes for an array like this, in row-major order. `len` is the most characters of a text.
pub fn write(tensor: &Tensor, len: usize) -> Vec<u8> {
    let order = if cfg!(target_endian = "big") { '>' } else { '<' };
    let descr = match tensor.dtype() {
        DType::Bool => "|b1".to_string(),
        DType::U8 => "|u1".to_string(),
        DType::I32 => format!("{order}i4"),
        DType::I64 => format!("{order}i8"),
        DType::F32 => format!("{order}f4"),
        DType::F64 => format!("{order}f8"),
        DType::Str => format!("<U{len}"),
    };
    let mut lengths = String::new();
    for (axis, len) in tensor.shape().iter().enumerate() {
        // a `String` takes every write
        _ = write!(lengths, "{}{len}", if axis > 0 { ", " } else { "" });
    }
    if tensor.ndim() == 1 {
        lengths.push(',');
    }
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({lengths}), }}");
    if let Some(first) = tensor.shape().first() {
        text.extend(std::iter::repeat_n(' ', GROWTH.saturating_sub(first.to_string().len())));
    }
    // magic, version, two bytes of length, the text, a line end
    let bare = MAGIC.len() + 2 + 2 + text.len() + 1;
    text.extend(std::iter::repeat_n(' ', bare.next_multiple_of(ALIGNMENT) - bare));
    text.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    // at most 32 axes of 20 digits: it fits
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

#[cold]
pub fn malformed(name: &str, why: &str) -> Error {
    Error::value(format!("`{name}` is no sound .npy file: {why}"))
}

/// The error of a dtype that the language does not have. `code` is the dtype without its byte order.
#[cold]
fn unsupported(name: &str, code: &str, descr: &str) -> Error {
    let save = "save the parts on their own: `np.save(\"re.npy\", x.real)`";
    let (what, help) = match code.chars().next() {
        Some('c') => ("complex numbers", save),
        Some('O') => ("Python objects", "reading them could run any code, so it is refused; save arrays of numbers"),
        Some('V') => ("a structured dtype", "save each field on its own: `np.savez(\"a.npz\", x=a[\"x\"])`"),
        Some('M' | 'm') => ("dates", "save them as integers or text: `x.astype(str)`"),
        Some('S' | 'a') => ("bytes", "save them as text: `x.astype(str)`"),
        Some('f') => ("floats of an unusual size", "save them as `float64`"),
        _ => ("a dtype that is not known", "save it as numbers or text"),
    };
    Error::ty(format!("`{name}` holds {what} (dtype `{}`)", shortened(descr, SHOWN))).help(help)
}

/// Characters of a header that a message shows.
const SHOWN: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> std::result::Result<Header, String> {
        parse(text, "a.npy").map_err(|error| error.to_string())
    }

    #[test]
    fn literals_are_read_as_python_writes_them() {
        let plain = |shape: &[usize]| Header {
            stored: Stored::F64,
            big_endian: false,
            fortran_order: false,
            shape: shape::copy(shape),
        };
        for (text, shape) in [
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }   \n", &[3, 4][..]),
            ("{'descr':'<f8','fortran_order':False,'shape':(3,)}", &[3]),
            ("{\"shape\": (), 'fortran_order' : False, 'descr': '=f8',}", &[]),
            (" { 'shape' : ( 3L , 4L , ) , 'descr': '<f8', 'fortran_order': False }\n", &[3, 4]),
        ] {
            assert_eq!(header(text).map(|found| found.shape), Ok(plain(shape).shape), "{text}");
        }
        assert_eq!(
            header("{'descr': '>U12', 'fortran_order': True, 'shape': (0,)}"),
            Ok(Header { stored: Stored::Text(12), big_endian: true, fortran_order: true, shape: shape::copy(&[0]) })
        );
    }

    #[test]
    fn what_is_no_header_is_said_so() {
        for text in [
            "",
            "{",
            "{}",
            "{'descr': '<f8', 'shape': (3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775808, 2, 0)}",
            "{'descr': [('a', '<f8'), 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': (3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3,)} x",
            "{'descr': '<f8' 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': 3}",
            "{'descr': 8, 'fortran_order': False, 'shape': (3,)}",
        ] {
            assert!(header(text).is_err_and(|error| error.starts_with("error[value]: `a.npy` is no sound")), "{text}");
        }
    }

    #[test]
    fn dtypes_that_are_not_there_are_named() {
        for (descr, named) in [
            ("'<c16'", "complex numbers (dtype `<c16`)"),
            ("'|O'", "Python objects (dtype `|O`)"),
            ("[('a', '<f8'), ('b', '<i4')]", "a structured dtype (dtype `[('a', '<f8'), ('b', '<i4')]`)"),
            ("'<M8[ns]'", "dates (dtype `<M8[ns]`)"),
            ("'|S3'", "bytes (dtype `|S3`)"),
            ("'<f16'", "floats of an unusual size (dtype `<f16`)"),
            ("'<x3'", "a dtype that is not known (dtype `<x3`)"),
        ] {
            let error = header(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (3,)}}"));
            let error = error.expect_err(descr);
            assert_eq!(error, format!("error[type]: `a.npy` holds {named}"));
        }
    }
}
