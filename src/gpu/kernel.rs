//! The text of a kernel, and the numbers that go with one run of it.
//!
//! The text depends on the structure of the work alone. All that changes from run to run (lengths, strides, offsets,
//! scalars) travels as words of a uniform buffer, so that other shapes need no other kernel.

use crate::tensor::DType;
use smallvec::SmallVec;
use std::fmt::Write;

/// Invocations of a workgroup.
pub const LANES: u32 = 256;

/// Words ahead of those of a kernel: its first block, blocks in a row of the grid, zero, infinity, NaN.
const HEADER: [u32; 8] = [0, 0, 0, 0x7f80_0000, 0x7fc0_0000, 0, 0, 0];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    Read,
    Write,
}

/// The words of one run.
#[derive(Clone, Debug)]
pub struct Words(Vec<u32>);

impl Words {
    pub fn new() -> Words {
        Words(HEADER.to_vec())
    }

    /// Adds a word, and gives the expression that reads it.
    pub fn word(&mut self, value: u32) -> String {
        self.0.push(value);
        format!("word({}u)", self.0.len() - 1)
    }

    /// Sets which part of the blocks this run does, and how they lie in the grid.
    pub fn set_grid(&mut self, first: u32, row: u32) {
        // The header is always there.
        self.0[0] = first;
        self.0[1] = row;
    }

    /// In groups of four.
    pub fn padded(mut self) -> Vec<u32> {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self.0
    }
}

/// The text of a kernel and how it uses its buffers, in the order of their bindings.
#[derive(Clone, Debug, Default)]
pub struct Kernel {
    text: String,
    access: SmallVec<[Access; 8]>,
}

impl Kernel {
    pub fn new() -> Kernel {
        Kernel { text: String::with_capacity(2048), access: SmallVec::new() }
    }

    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn access(&self) -> &[Access] {
        &self.access
    }

    /// Declares the next buffer.
    pub fn buffer(&mut self, name: &str, of: &str, access: Access) {
        self.access.push(access);
        // Binding 0 are the words.
        let (number, mode) = (self.access.len(), if access == Access::Read { "read" } else { "read_write" });
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "@group(0) @binding({number}) var<storage, {mode}> {name}: {of};");
    }

    /// Declares a buffer of elements to read, and the function `{name}_at(position)`.
    pub fn input(&mut self, name: &str, dtype: DType) {
        self.buffer(name, array_type(dtype), Access::Read);
        let value = match dtype {
            DType::Bool => format!("(({name}[i >> 2u] >> ((i & 3u) * 8u)) & 0xffu) != 0u"),
            DType::U8 => format!("({name}[i >> 2u] >> ((i & 3u) * 8u)) & 0xffu"),
            _ => format!("{name}[i]"),
        };
        let _ = writeln!(self.text, "fn {name}_at(i: u32) -> {} {{ return {value}; }}", value_type(dtype));
    }

    /// Declares functions that give these numbers, of which 32 bits count.
    pub fn constants(&mut self, words: &mut Words, all: &[(&str, usize)]) {
        for &(name, value) in all {
            let word = words.word(value as u32);
            // Writing to a string cannot fail.
            let _ = writeln!(self.text, "fn {name}() -> u32 {{ return {word}; }}");
        }
    }

    /// Declares a buffer of elements to write.
    pub fn output(&mut self, name: &str, dtype: DType) {
        self.buffer(name, array_type(dtype), Access::Write);
    }

    /// Declares a buffer of elements to write one by one, and the functions `{name}_get(position)` and
    /// `{name}_put(position, value)`. Where elements lie four to a word, others write the same word: then a byte of it is
    /// cleared and set by atomic operations, which leave the others alone in any order.
    pub fn target(&mut self, name: &str, dtype: DType) {
        let value = value_type(dtype);
        let (of, get, put) = if is_packed(dtype) {
            let bits = format!("(atomicLoad(&{name}[i >> 2u]) >> ((i & 3u) * 8u)) & 0xffu");
            let get = if dtype == DType::Bool { format!("({bits}) != 0u") } else { bits };
            let put = format!(
                "let shift = (i & 3u) * 8u;
    atomicAnd(&{name}[i >> 2u], ~(0xffu << shift));
    atomicOr(&{name}[i >> 2u], u32(x) << shift);"
            );
            ("array<atomic<u32>>", get, put)
        } else {
            (array_type(dtype), format!("{name}[i]"), format!("{name}[i] = x;"))
        };
        self.buffer(name, of, Access::Write);
        let _ = writeln!(self.text, "fn {name}_get(i: u32) -> {value} {{ return {get}; }}");
        let _ = writeln!(self.text, "fn {name}_put(i: u32, x: {value}) {{\n    {put}\n}}");
    }

    /// The whole text, for runs with these words, and the use of the buffers.
    pub fn finish(&mut self, words: &Words) -> (&str, &[Access]) {
        let rows = words.0.len().div_ceil(4);
        let _ = writeln!(self.text, "@group(0) @binding(0) var<uniform> words: array<vec4<u32>, {rows}>;");
        self.push(include_str!("wgsl/header.wgsl"));
        (&self.text, &self.access)
    }
}

/// Does a kernel write four elements to a word?
pub fn is_packed(dtype: DType) -> bool {
    dtype.size() == 1
}

/// The type of a buffer of elements.
pub fn array_type(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "array<f32>",
        DType::I32 => "array<i32>",
        _ => "array<u32>",
    }
}

/// The type of an element in a kernel.
pub fn value_type(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "f32",
        DType::I32 => "i32",
        DType::Bool => "bool",
        _ => "u32",
    }
}
