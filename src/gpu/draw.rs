//! Random numbers: the stream that `ops::random` defines, bit for bit.
//!
//! Philox 4x32-10. Uniform numbers and integers are the very bits of the CPU; normal ones are computed in `f32`.

use super::device::Gpu;
use super::kernel::{Kernel, Words};
use super::prelude;
use super::view::View;
use crate::diagnostics::{Error, Result};
use crate::tensor::{DType, shape};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// `f32` in [0, 1).
    Uniform,
    /// `f32` of mean 0 and variance 1.
    Normal,
    /// `i32`: `low` and the `range - 1` integers above it.
    Integers { low: i64, range: u64 },
}

impl Draw {
    fn dtype(self) -> DType {
        if matches!(self, Draw::Integers { .. }) { DType::I32 } else { DType::F32 }
    }
}

impl Gpu {
    /// The draw of this number in the stream of this seed.
    pub fn draw(&self, seed: u64, number: u64, what: Draw, shape: &[usize]) -> Result<View> {
        let y = self.fresh(what.dtype(), shape)?;
        let count = shape::size(shape);
        if count == 0 {
            return Ok(y);
        }
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        kernel.output("y", what.dtype());
        let made = match what {
            Draw::Uniform => {
                "return vec2<f32>(vec2<u32>(a.y, b.y) >> vec2<u32>(8u)) * 5.9604644775390625e-8;".to_string()
            }
            Draw::Normal => "return nb_normal(a, b);".to_string(),
            Draw::Integers { low, range } => integers(low, range, &mut words)?,
        };
        kernel.push(&prelude::needed(["nb_wide()", made.as_str()].into_iter()));
        kernel.push(include_str!("wgsl/philox.wgsl"));
        let value = if what.dtype() == DType::F32 { "f32" } else { "i32" };
        kernel.push(&format!("fn made(a: vec2<u32>, b: vec2<u32>) -> vec2<{value}> {{ {made} }}\n"));
        let halves = |x: u64| [x as u32, (x >> 32) as u32];
        let all = halves(seed).into_iter().chain(halves(number)).chain([count as u32]);
        for (name, value) in ["seed_low", "seed_high", "draw_low", "draw_high", "total"].into_iter().zip(all) {
            let word = words.word(value);
            kernel.push(&format!("fn {name}() -> u32 {{ return {word}; }}\n"));
        }
        self.launch_items(kernel, &[&y], false, words, count.div_ceil(2) as u64, 64)?;
        Ok(y)
    }
}

/// The statement that scales two times 64 bits.
fn integers(low: i64, range: u64, words: &mut Words) -> Result<String> {
    let last = i128::from(low) + i128::from(range) - 1;
    let too_wide =
        || Error::overflow(format!("integers from {low} to {last} do not fit i32, the widest of the device"));
    let low = i32::try_from(low).map_err(|_| too_wide())?;
    i32::try_from(last).map_err(|_| too_wide())?;
    let low = words.word(low as u32);
    // All of i32 is one more than a word holds: then the upper word is the number.
    let scaled = match u32::try_from(range) {
        Ok(range) => {
            let range = words.word(range);
            format!("vec2<u32>(scaled(a, {range}), scaled(b, {range}))")
        }
        Err(_) => "vec2<u32>(a.y, b.y)".to_string(),
    };
    Ok(format!("return bitcast<vec2<i32>>({scaled} + vec2<u32>({low}));"))
}
