//! Iteration over several strided operands at once, in row-major order.
//!
//! Axes that follow each other in memory for all operands are joined, so that most iterations have one axis or two. The
//! number of axes is part of a kernel; lengths, strides and offsets are words.

use super::kernel::{Kernel, Words};
use super::view::View;
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::shape::{self, Shape, Strides};
use crate::tensor::walk;
use smallvec::SmallVec;
use std::fmt::Write;

/// Where an operand's elements lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub offset: usize,
    /// One for every axis of the iteration.
    pub strides: Strides,
}

impl Place {
    /// A view as if broadcast to `shape`; none if it does not broadcast.
    pub fn of(view: &View, shape: &[usize]) -> Option<Place> {
        let added = shape.len().checked_sub(view.shape().len())?;
        let fits = view.shape().iter().zip(&shape[added..]).all(|(&len, &wanted)| len == wanted || len == 1);
        fits.then(|| Place { offset: view.offset(), strides: walk::stretch(view.shape(), view.strides(), shape) })
    }
}

/// Errors when a shape has more elements than a kernel can count. A view that repeats its elements may have.
pub fn countable(shape: &[usize]) -> Result<()> {
    let (count, most) = (shape::size(shape), 1usize << 31);
    if count <= most {
        return Ok(());
    }
    let text = shape::text(shape);
    let message = format!("{text} has {count} elements; a kernel of the graphics device counts to {most}");
    Err(Error::new(Kind::Memory, message))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    lens: Shape,
    places: SmallVec<[Place; 4]>,
}

impl Layout {
    /// The iteration over `shape`; every place has as many strides.
    pub fn new(shape: &[usize], places: impl IntoIterator<Item = Place>) -> Layout {
        let all: SmallVec<[Place; 4]> = places.into_iter().collect();
        let mut lens = Shape::new();
        let mut joined: SmallVec<[Place; 4]> =
            all.iter().map(|place| Place { offset: place.offset, strides: Strides::new() }).collect();
        for (axis, &len) in shape.iter().enumerate() {
            if len == 1 {
                continue;
            }
            let follows = |(outer, inner): (&Place, &Place)| {
                outer.strides.last().is_some_and(|&step| step == inner.strides[axis].wrapping_mul(len as isize))
            };
            let join = !lens.is_empty() && joined.iter().zip(&all).all(follows);
            match lens.last_mut() {
                Some(outer) if join => *outer *= len,
                _ => lens.push(len),
            }
            for (place, from) in joined.iter_mut().zip(&all) {
                match place.strides.last_mut() {
                    Some(step) if join => *step = from.strides[axis],
                    _ => place.strides.push(from.strides[axis]),
                }
            }
        }
        Layout { lens, places: joined }
    }

    /// Declares `name(i)`: the positions of the operands' element number `i`, as an array.
    pub fn declare(&self, name: &str, kernel: &mut Kernel, words: &mut Words) {
        if self.places.is_empty() {
            return;
        }
        let count = self.places.len();
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "fn {name}(i: u32) -> array<u32, {count}> {{\n    var rest = i;");
        for (axis, &len) in self.lens.iter().enumerate().rev() {
            if axis == 0 {
                let _ = writeln!(text, "    let c0 = rest;");
            } else {
                let len = words.word(len as u32);
                let _ = writeln!(text, "    let c{axis} = rest % {len};\n    rest = rest / {len};");
            }
        }
        let _ = write!(text, "    return array<u32, {count}>(");
        for place in &self.places {
            text.push_str(&words.word(place.offset as u32));
            for (axis, &stride) in place.strides.iter().enumerate() {
                // Steps back are sums modulo 2^32.
                let _ = write!(text, " + c{axis} * {}", words.word(stride as u32));
            }
            text.push_str(", ");
        }
        text.push_str(");\n}\n");
        kernel.push(&text);
    }
}
