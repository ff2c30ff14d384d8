//! Random numbers: Philox 4x32-10, a counter-based generator.
//!
//! J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. A block of four words
//! is a function of a key and a counter, so that any element can be made without those before it, in any order, by any
//! engine. The stream that is built on it is described in `ops::random`; it must never change.

use super::functions::Real;
use super::functions::trigonometric::sincos_turns;
use super::versioned::versioned;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::Element;

/// Elements between two looks at the interrupt flag; even, because two elements share a block.
const STRETCH: usize = 1 << 16;

/// One draw: its elements are functions of this and their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    pub seed: u64,
    pub number: u64,
}

/// Ten rounds of Philox 4x32.
#[inline(always)]
pub fn philox(key: [u32; 2], counter: [u32; 4]) -> [u32; 4] {
    let ([mut k0, mut k1], [mut c0, mut c1, mut c2, mut c3]) = (key, counter);
    for _ in 0..10 {
        let (p0, p1) = (0xD251_1F53 * u64::from(c0), 0xCD9E_8D57 * u64::from(c2));
        [c0, c1, c2, c3] = [(p1 >> 32) as u32 ^ c1 ^ k0, p1 as u32, (p0 >> 32) as u32 ^ c3 ^ k1, p0 as u32];
        (k0, k1) = (k0.wrapping_add(0x9E37_79B9), k1.wrapping_add(0xBB67_AE85));
    }
    [c0, c1, c2, c3]
}

impl Draw {
    /// The bits of the elements `2 * pair` and `2 * pair + 1`.
    #[inline(always)]
    fn bits(self, pair: u64) -> [u64; 2] {
        let halves = |x: u64| [x as u32, (x >> 32) as u32];
        let ([low, high], [draw_low, draw_high]) = (halves(pair), halves(self.number));
        let [a, b, c, d] = philox(halves(self.seed), [low, high, draw_low, draw_high]);
        [u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32]
    }

    /// `count` elements, each pair from the bits of the two. The memory has been checked.
    fn fill<M: Make>(self, cx: &Context, count: usize, make: M) -> Result<Vec<M::Out>> {
        let isa = cx.isa;
        let mut out = cx.buffer(count);
        cx.share(
            out.chunks_mut(STRETCH).enumerate(),
            || (),
            |(), (stretch, part)| pairs(isa, self, (stretch * STRETCH / 2) as u64, part, make),
        )?;
        Ok(out)
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    pub fn uniform(self, cx: &Context, count: usize) -> Result<Vec<f64>> {
        self.fill(cx, count, Uniform)
    }

    /// Uniform in [0, 1), a multiple of 2⁻²⁴: what `uniform` gives, rounded down.
    pub fn uniform_single(self, cx: &Context, count: usize) -> Result<Vec<f32>> {
        self.fill(cx, count, UniformSingle)
    }

    /// Standard normal.
    pub fn normal(self, cx: &Context, count: usize) -> Result<Vec<f64>> {
        self.fill(cx, count, Normal)
    }

    /// What `normal` gives, rounded.
    pub fn normal_single(self, cx: &Context, count: usize) -> Result<Vec<f32>> {
        self.fill(cx, count, NormalSingle)
    }

    /// Integers from `low` on, `range` of them (at least one).
    pub fn integers(self, cx: &Context, low: i64, range: u64, count: usize) -> Result<Vec<i64>> {
        self.fill(cx, count, Integers { low, range })
    }
}

/// What a pair of elements is made of their bits.
trait Make: Copy + Sync {
    type Out: Element + Copy + Send;
    fn make(self, bits: [u64; 2]) -> [Self::Out; 2];
}

macro_rules! makes {
    ($($name:ident -> $out:ty: |$bits:ident| $body:expr;)+) => {$(
        #[derive(Clone, Copy)]
        struct $name;
        impl Make for $name {
            type Out = $out;
            #[inline(always)]
            fn make(self, $bits: [u64; 2]) -> [$out; 2] {
                $body
            }
        }
    )+};
}

makes! {
    Uniform -> f64: |bits| bits.map(|bits| (bits >> 11) as f64 * 2f64.powi(-53));
    UniformSingle -> f32: |bits| bits.map(|bits| (bits >> 40) as f32 * 2f32.powi(-24));
    Normal -> f64: |bits| normal(bits);
    NormalSingle -> f32: |bits| normal(bits).map(|x| x as f32);
}

#[derive(Clone, Copy)]
struct Integers {
    low: i64,
    range: u64,
}

impl Make for Integers {
    type Out = i64;
    #[inline(always)]
    fn make(self, bits: [u64; 2]) -> [i64; 2] {
        bits.map(|bits| {
            let scaled = (u128::from(bits) * u128::from(self.range)) >> 64;
            self.low.wrapping_add_unsigned(scaled as u64)
        })
    }
}

/// Pairs made at a time: bits first, then elements, so that both loops are vectors.
const BLOCK: usize = 64;

versioned! {
    /// The elements from the pair `first` on.
    fn pairs[M: Make]<M>(draw: Draw, first: u64, out: &mut [M::Out], make: M) {
        let mut bits = [[0; 2]; BLOCK];
        let mut made = [[M::Out::default(); 2]; BLOCK];
        for (out, first) in out.chunks_mut(2 * BLOCK).zip((first..).step_by(BLOCK)) {
            for (bits, pair) in bits.iter_mut().zip(first..) {
                *bits = draw.bits(pair);
            }
            for (made, &bits) in made.iter_mut().zip(&bits) {
                *made = make.make(bits);
            }
            out.copy_from_slice(&made.as_flattened()[..out.len()]);
        }
    }
}

/// Box and Muller's transform: two normal numbers from two times 64 bits.
#[inline(always)]
pub(super) fn normal([first, second]: [u64; 2]) -> [f64; 2] {
    let unit = 2f64.powi(-64);
    // -ln of (first + 1/2) / 2⁶⁴. In the upper half from the distance to 1, which no rounding has touched.
    let log = Real::log((first as f64 + 0.5) * unit);
    let log_near_one = Real::log1p(-((!first) as f64 + 0.5) * unit);
    let radius = (-2.0 * if first >> 63 == 0 { log } else { log_near_one }).sqrt();
    let (sine, cosine) = sincos_turns(second as f64 * unit);
    [radius * cosine, radius * sine]
}

#[cfg(test)]
mod tests {
    use super::philox;

    /// The known answers published with Random123 (`kat_vectors`, philox4x32, 10 rounds).
    #[test]
    fn known_answers() {
        assert_eq!(philox([0; 2], [0; 4]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
        assert_eq!(philox([u32::MAX; 2], [u32::MAX; 4]), [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]);
        assert_eq!(
            philox([0xa4093822, 0x299f31d0], [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]),
            [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]
        );
    }
}
