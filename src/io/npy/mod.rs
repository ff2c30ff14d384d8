//! Arrays in NumPy's `.npy` format, both ways.
//!
//! A header may claim anything: what it claims is checked before it is allocated, and no more is allocated ahead than
//! bytes are there.

mod header;

use super::file::{Stopped, Written, failed, unreadable};
use crate::context::Context;
use crate::diagnostics::{Error, Result};
use crate::tensor::shape::{self, Axes};
use crate::tensor::{DType, Data, Device, Element, Layout, TEXT_OVERHEAD, Tensor, Text, type_name, walk};
use bytemuck::NoUninit;
use header::{Header, Stored};
use std::io::{self, Read, Write};

pub use header::MAGIC;

/// Bytes read or written between looks at the interrupt flag.
const PIECE: usize = 1 << 20;

/// Texts between such looks.
const TEXTS: usize = 4096;

/// Where an array is read from.
pub struct Source<'s> {
    pub bytes: &'s mut dyn Read,
    /// How many bytes there are, where that is known.
    pub len: Option<u64>,
    /// Bytes of memory that belong to the same value and are taken already.
    pub held: usize,
    /// What messages call it.
    pub name: &'s str,
}

/// Reads an array. A file in Fortran's order becomes a view with its axes reversed; bytes behind the array are left.
/// Dtypes that the language lacks are read as the next that holds every value; of `uint64` each is checked.
pub fn read(cx: &Context, source: Source) -> Result<Tensor> {
    let Source { bytes, len, held, name } = source;
    let Header { stored, big_endian, fortran_order, mut shape } =
        header::read(bytes, name).map_err(|error| ended(&error, name, "its header is not whole"))??;
    let dtype = stored.dtype();
    let claimed = type_name(dtype, &shape, Device::Cpu);
    let count = shape::size(&shape);
    let width = match stored {
        Stored::Text(_) => stored.width().max(size_of::<char>()).saturating_add(TEXT_OVERHEAD),
        _ => dtype.size(),
    };
    cx.reserve(count.saturating_mul(width).saturating_add(held), 1, || format!("`{name}`, {claimed},"))?;
    let needed = count.saturating_mul(stored.width());
    if let Some(len) = len.filter(|&len| len < needed as u64) {
        return Err(short(name, &format!("{claimed} takes {needed} bytes, the whole file has {len}")));
    }
    if fortran_order {
        shape.reverse();
    }
    let ahead = if len.is_some() { count } else { count.min(PIECE) };
    let reader = Reader { cx, bytes, name, count, ahead, big_endian, fortran_order, shape: &shape };
    let data = match stored {
        Stored::Bool => reader.numbers(|[byte]: [u8; 1]| Some(byte != 0)),
        Stored::U8 => reader.numbers(|[byte]: [u8; 1]| Some(byte)),
        Stored::I8 => reader.numbers(|bytes| Some(i32::from(i8::from_le_bytes(bytes)))),
        Stored::I16 => reader.numbers(|bytes| Some(i32::from(i16::from_le_bytes(bytes)))),
        Stored::U16 => reader.numbers(|bytes| Some(i32::from(u16::from_le_bytes(bytes)))),
        Stored::I32 => reader.numbers(|bytes| Some(i32::from_le_bytes(bytes))),
        Stored::U32 => reader.numbers(|bytes| Some(i64::from(u32::from_le_bytes(bytes)))),
        Stored::I64 => reader.numbers(|bytes| Some(i64::from_le_bytes(bytes))),
        Stored::U64 => reader.numbers(|bytes| i64::try_from(u64::from_le_bytes(bytes)).ok()),
        Stored::F16 => reader.numbers(|bytes| Some(half::f16::from_le_bytes(bytes).to_f32())),
        Stored::F32 => reader.numbers(|bytes| Some(f32::from_le_bytes(bytes))),
        Stored::F64 => reader.numbers(|bytes| Some(f64::from_le_bytes(bytes))),
        Stored::Text(len) => reader.texts(len),
    }?;
    let tensor = Tensor::owner(data, shape);
    if !fortran_order {
        return Ok(tensor);
    }
    let reversed: Axes = (0..tensor.ndim()).rev().collect();
    let Layout { shape, offset, strides } = tensor.layout().permuted(&reversed);
    Ok(tensor.view(shape, offset, strides))
}

/// The elements behind a header.
struct Reader<'r> {
    cx: &'r Context,
    bytes: &'r mut dyn Read,
    name: &'r str,
    count: usize,
    /// Elements to make room for before they are read.
    ahead: usize,
    big_endian: bool,
    fortran_order: bool,
    /// In the order of the file: the last axis varies fastest.
    shape: &'r [usize],
}

impl Reader<'_> {
    /// Numbers of `WIDTH` bytes. `decode` takes them smallest first, and refuses what the dtype does not hold.
    fn numbers<T: Element, const WIDTH: usize>(mut self, decode: impl Fn([u8; WIDTH]) -> Option<T>) -> Result<Data> {
        let mut values: Vec<T> = Vec::with_capacity(self.ahead);
        let mut piece = vec![0; PIECE.min(self.count.saturating_mul(WIDTH))];
        while values.len() < self.count {
            self.cx.check()?;
            let left = (self.count - values.len()).saturating_mul(WIDTH);
            let piece = &mut piece[..PIECE.min(left)];
            self.fill(piece)?;
            for &(mut bytes) in piece.as_chunks::<WIDTH>().0 {
                if self.big_endian {
                    bytes.reverse();
                }
                match decode(bytes) {
                    Some(value) => values.push(value),
                    None => return Err(self.too_large(values.len(), &bytes)),
                }
            }
        }
        Ok(T::wrap(values))
    }

    /// Texts of `len` characters, those at the end zero where it is shorter.
    fn texts(mut self, len: usize) -> Result<Data> {
        let mut values: Vec<Text> = Vec::with_capacity(self.ahead);
        // the caller has checked that all of them are within the limit
        let mut element = vec![0; if self.count == 0 { 0 } else { len.saturating_mul(4) }];
        let mut text = String::new();
        while values.len() < self.count {
            if values.len().is_multiple_of(TEXTS) {
                self.cx.check()?;
            }
            self.fill(&mut element)?;
            text.clear();
            for &code in element.as_chunks::<4>().0 {
                let code = if self.big_endian { u32::from_be_bytes(code) } else { u32::from_le_bytes(code) };
                let character = char::from_u32(code).ok_or_else(|| {
                    header::malformed(
                        self.name,
                        &format!("element {} has no character {code:#x}", self.at(values.len())),
                    )
                })?;
                text.push(character);
            }
            values.push(Text::from(text.trim_end_matches('\0')));
        }
        Ok(Data::Str(values))
    }

    fn fill(&mut self, piece: &mut [u8]) -> Result<()> {
        self.bytes.read_exact(piece).map_err(|error| ended(&error, self.name, "its elements are not whole"))
    }

    /// Where the element stands that is `number` in the file.
    fn at(&self, number: usize) -> String {
        let mut index = walk::coordinates(number, self.shape);
        if self.fortran_order {
            index.reverse();
        }
        shape::text(&index)
    }

    #[cold]
    fn too_large(&self, number: usize, bytes: &[u8]) -> Error {
        let value = bytes.iter().rev().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
        Error::value(format!("element {} of `{}` is {value}, which i64 does not hold", self.at(number), self.name))
            .help("save it as floats: `x.astype(float)`")
    }
}

/// Writes an array as NumPy would: version 1.0, row-major order, the machine's order of bytes.
pub fn write(cx: &Context, out: &mut dyn Write, tensor: &Tensor, name: &str) -> Written {
    if tensor.dtype() == DType::Str {
        return write_texts(cx, out, tensor, name);
    }
    out.write_all(&header::write(tensor, 0))?;
    match tensor.data() {
        Data::Bool(_) => write_numbers::<bool>(cx, out, tensor),
        Data::U8(_) => write_numbers::<u8>(cx, out, tensor),
        Data::I32(_) => write_numbers::<i32>(cx, out, tensor),
        Data::I64(_) => write_numbers::<i64>(cx, out, tensor),
        Data::F32(_) => write_numbers::<f32>(cx, out, tensor),
        Data::F64(_) => write_numbers::<f64>(cx, out, tensor),
        Data::Str(_) => Ok(()),
    }
}

fn write_numbers<T: Element + NoUninit>(cx: &Context, out: &mut dyn Write, tensor: &Tensor) -> Written {
    if let Some(values) = tensor.as_slice::<T>() {
        for piece in values.chunks(PIECE / size_of::<T>()) {
            cx.check()?;
            out.write_all(bytemuck::cast_slice(piece))?;
        }
        return Ok(());
    }
    let mut piece: Vec<T> = Vec::new();
    let Some(mut walk) = tensor.walk::<T>() else { return Ok(()) };
    while walk.len() > 0 {
        cx.check()?;
        piece.clear();
        walk.fill(&mut piece, PIECE / size_of::<T>());
        out.write_all(bytemuck::cast_slice(&piece))?;
    }
    Ok(())
}

fn write_texts(cx: &Context, out: &mut dyn Write, tensor: &Tensor, name: &str) -> Written {
    let texts = || tensor.walk::<Text>().into_iter().flatten();
    if texts().any(|text| text.ends_with('\0')) {
        let error = Error::value(format!("`{name}` cannot hold text that ends in \\0: the format fills up with it"));
        return Err(Stopped::Program(error));
    }
    // every element takes as much as the longest
    let len = texts().map(|text| text.chars().count()).max().unwrap_or(0).max(1);
    let width = len.saturating_mul(size_of::<char>());
    cx.reserve(tensor.size(), width, || format!("`{name}`, {} texts of {len} characters,", tensor.size()))?;
    out.write_all(&header::write(tensor, len))?;
    let mut element = Vec::with_capacity(width);
    for (number, text) in texts().enumerate() {
        if number % TEXTS == 0 {
            cx.check()?;
        }
        element.clear();
        element.extend(text.chars().flat_map(|character| u32::from(character).to_le_bytes()));
        element.resize(width, 0);
        out.write_all(&element)?;
    }
    Ok(())
}

/// What to say of a file that could not be read on: `why` if it ended.
#[cold]
fn ended(error: &io::Error, name: &str, why: &str) -> Error {
    if error.kind() == io::ErrorKind::UnexpectedEof { short(name, why) } else { unreadable(name, error) }
}

#[cold]
fn short(name: &str, why: &str) -> Error {
    failed("read", name, &format!("the file ends too early: {why}"))
}
