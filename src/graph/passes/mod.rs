//! What is done to a graph when it is made; each pass is a file, and walks over the nodes once.
//!
//! A pass must keep every result in shape, dtype and place, and element-wise results bit for bit; it must never run,
//! merge, move or drop an operation that does more than compute. Graphs inside operations were made before: they have
//! been here, too.

mod algebra;
mod broadcasts;
mod common;
pub mod dead;
mod fold;
#[cfg(test)]
mod tests;
mod transposes;

use super::draft::Draft;
use crate::context::Context;
use crate::diagnostics::Result;

pub fn run(cx: &mut Context, draft: &mut Draft) -> Result<()> {
    fold::run(cx, draft)?;
    for pass in [algebra::run, transposes::run, broadcasts::run, common::run, dead::run] {
        pass(draft);
    }
    Ok(())
}
