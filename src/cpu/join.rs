//! Copying several tensors into one.

use super::copy::{self, CHUNK, Plain};
use super::mistyped;
use crate::context::Context;
use crate::diagnostics::Result;
use crate::tensor::{DType, Data, Element, Tensor, Text, Walk, shape, with_data, with_numbers};

/// The parts one behind the other, `outer` times: every part gives an equal share of its elements each time. The memory
/// has been checked.
pub fn join(cx: &Context, parts: &[Tensor], outer: usize, shape: &[usize], dtype: DType) -> Result<Tensor> {
    let empty = Data::zeros(dtype, 0);
    with_numbers!(&empty, values => numbers(cx, values, parts, outer, shape), _texts => texts(parts, outer, shape))
}

fn numbers<T: Plain>(cx: &Context, _: &[T], parts: &[Tensor], outer: usize, shape: &[usize]) -> Result<Tensor> {
    let mut out = cx.buffer::<T>(shape::size(shape));
    let walks = walks::<T>(parts, outer)?;
    let row = walks.iter().map(|(_, share)| share).sum::<usize>();
    if outer == 1 {
        let mut rest = out.as_mut_slice();
        for (walk, share) in walks {
            let (part, behind) = rest.split_at_mut(share);
            copy::fill(cx, part, walk)?;
            rest = behind;
        }
    } else if let Some(rows) = CHUNK.checked_div(row) {
        let rows = rows.max(1);
        cx.share(
            out.chunks_mut(rows * row).enumerate(),
            || (),
            |_, (number, out)| {
                let mut walks: Vec<_> =
                    walks.iter().map(|(walk, share)| (walk.at(number * rows * share), *share)).collect();
                for mut rest in out.chunks_mut(row) {
                    for (walk, share) in &mut walks {
                        let (part, behind) = rest.split_at_mut(*share);
                        walk.copy_to(part);
                        rest = behind;
                    }
                }
            },
        )?;
    }
    Ok(Tensor::from_vec(out, shape))
}

fn texts(parts: &[Tensor], outer: usize, shape: &[usize]) -> Result<Tensor> {
    let mut out: Vec<Text> = Vec::with_capacity(shape::size(shape));
    let mut walks = walks(parts, outer)?;
    for _ in 0..outer {
        for (walk, share) in &mut walks {
            walk.fill(&mut out, *share);
        }
    }
    Ok(Tensor::from_vec(out, shape))
}

/// All parts, and how many elements each gives at a time.
fn walks<T: Element>(parts: &[Tensor], outer: usize) -> Result<Vec<(Walk<'_, T>, usize)>> {
    let walks = parts.iter().map(|part| Some((part.walk::<T>()?, part.size() / outer.max(1))));
    walks.collect::<Option<_>>().ok_or_else(mistyped)
}

/// Puts a row behind the last one of an owner that nobody else holds. The buffer grows as a vector does.
pub fn push(tensor: &mut Tensor, row: &Tensor) -> Result<()> {
    fn typed<T: Element>(values: &mut Vec<T>, row: &Tensor) -> Option<()> {
        row.walk::<T>()?.fill(values, row.size());
        Some(())
    }
    let (data, shape) = tensor.owned_mut().ok_or_else(mistyped)?;
    with_data!(data, values => typed(values, row)).ok_or_else(mistyped)?;
    if let Some(len) = shape.first_mut() {
        *len += 1;
    }
    Ok(())
}
