//! Random numbers: Philox 4x32-10, a counter-based generator.
//!
//! J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. A block of four words
//! is a function of a key and a counter, so that any element can be made without those before it, in any order, by any
//! engine. The stream that is built on it is described in `ops::random`; it must never change.

use crate::context::Context;
use crate::diagnostics::Result;
use std::f64::consts::TAU;

/// Elements between two looks at the interrupt flag; even, because two elements share a block.
const STRETCH: usize = 1 << 16;

/// One draw: its elements are functions of this and their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    pub seed: u64,
    pub number: u64,
}

/// Ten rounds of Philox 4x32.
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
    fn bits(self, pair: u64) -> [u64; 2] {
        let halves = |x: u64| [x as u32, (x >> 32) as u32];
        let ([low, high], [draw_low, draw_high]) = (halves(pair), halves(self.number));
        let [a, b, c, d] = philox(halves(self.seed), [low, high, draw_low, draw_high]);
        [u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32]
    }

    /// `count` elements, each pair from the bits of the two. The memory has been checked.
    fn fill<T: Copy + Default>(self, cx: &Context, count: usize, make: impl Fn([u64; 2]) -> [T; 2]) -> Result<Vec<T>> {
        let mut out = vec![T::default(); count];
        for (stretch, part) in out.chunks_mut(STRETCH).enumerate() {
            cx.check()?;
            let first = (stretch * STRETCH / 2) as u64;
            for (pair, items) in (first..).zip(part.chunks_mut(2)) {
                for (item, made) in items.iter_mut().zip(make(self.bits(pair))) {
                    *item = made;
                }
            }
        }
        Ok(out)
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    pub fn uniform(self, cx: &Context, count: usize) -> Result<Vec<f64>> {
        self.fill(cx, count, |bits| bits.map(|bits| (bits >> 11) as f64 * 2f64.powi(-53)))
    }

    /// Uniform in [0, 1), a multiple of 2⁻²⁴: what `uniform` gives, rounded down.
    pub fn uniform_single(self, cx: &Context, count: usize) -> Result<Vec<f32>> {
        self.fill(cx, count, |bits| bits.map(|bits| (bits >> 40) as f32 * 2f32.powi(-24)))
    }

    /// Standard normal.
    pub fn normal(self, cx: &Context, count: usize) -> Result<Vec<f64>> {
        self.fill(cx, count, normal)
    }

    /// What `normal` gives, rounded.
    pub fn normal_single(self, cx: &Context, count: usize) -> Result<Vec<f32>> {
        self.fill(cx, count, |bits| normal(bits).map(|x| x as f32))
    }

    /// Integers from `low` on, `range` of them (at least one).
    pub fn integers(self, cx: &Context, low: i64, range: u64, count: usize) -> Result<Vec<i64>> {
        let scaled = |bits: u64| ((u128::from(bits) * u128::from(range)) >> 64) as u64;
        self.fill(cx, count, |bits| bits.map(|bits| low.wrapping_add_unsigned(scaled(bits))))
    }
}

/// Box and Muller's transform: two normal numbers from two times 64 bits.
pub(super) fn normal([first, second]: [u64; 2]) -> [f64; 2] {
    let unit = 2f64.powi(-64);
    // -ln of (first + 1/2) / 2⁶⁴. In the upper half from the distance to 1, which no rounding has touched.
    let minus_log = if first >> 63 == 0 {
        -libm::log((first as f64 + 0.5) * unit)
    } else {
        -libm::log1p(-((!first) as f64 + 0.5) * unit)
    };
    let radius = (2.0 * minus_log).sqrt();
    let (sine, cosine) = libm::sincos(TAU * (second as f64 * unit));
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
