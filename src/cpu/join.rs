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
    } else if row > CHUNK {
        pieces(cx, &mut out, &walks, row)?;
    } else if let Some(rows) = CHUNK.checked_div(row) {
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

/// Writes long rows piece by piece.
fn pieces<T: Plain>(cx: &Context, out: &mut [T], walks: &[(Walk<T>, usize)], row: usize) -> Result<()> {
    let ends = walks.iter().scan(0, |end, (_, share)| {
        *end += share;
        Some(*end)
    });
    let ends: Vec<usize> = ends.collect();
    let parts = out
        .chunks_mut(row)
        .enumerate()
        .flat_map(|(number, row)| row.chunks_mut(CHUNK).enumerate().map(move |(at, out)| (number, at * CHUNK, out)));
    cx.share(
        parts,
        || (),
        |_, (number, mut start, mut out)| {
            let first = ends.partition_point(|end| *end <= start);
            for ((walk, share), end) in walks.iter().zip(&ends).skip(first) {
                let left = end - start;
                let (part, behind) = out.split_at_mut(left.min(out.len()));
                walk.at((number + 1) * share - left).copy_to(part);
                start += part.len();
                out = behind;
                if out.is_empty() {
                    return;
                }
            }
        },
    )
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Shape;

    #[test]
    fn rows_of_any_length() {
        let cx = Context::default();
        let values = |count: usize, salt: i32| (0..count as i32).map(|i| i * 7 + salt).collect::<Vec<i32>>();
        for shares in [[1, 2].as_slice(), &[3, 0, CHUNK], &[CHUNK + 5, 0, 7, 2 * CHUNK, 1], &[CHUNK, CHUNK]] {
            let rows = 3;
            let row: usize = shares.iter().sum();
            let mut parts = Vec::new();
            for (number, &share) in shares.iter().enumerate() {
                let part = Tensor::from_vec(values(rows * share, number as i32), &[share, rows]);
                // the first lie in order, others do not
                parts.push(match number {
                    0 => part.view(Shape::from_slice(&[rows, share]), 0, [share as isize, 1].as_slice().into()),
                    _ => part.view(Shape::from_slice(&[rows, share]), 0, [1, rows as isize].as_slice().into()),
                });
            }
            let all: Vec<Vec<i32>> = parts.iter().map(|part| part.to_vec::<i32>().unwrap()).collect();
            let expected: Vec<i32> = (0..rows)
                .flat_map(|row| all.iter().zip(shares).flat_map(move |(part, share)| &part[row * share..][..*share]))
                .copied()
                .collect();
            let found = join(&cx, &parts, rows, &[rows, row], DType::I32).unwrap();
            assert!(found.as_slice::<i32>() == Some(&expected), "{shares:?}");
        }
    }
}
