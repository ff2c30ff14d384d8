//! Copying several tensors into one.

use super::mistyped;
use crate::diagnostics::Result;
use crate::tensor::{DType, Data, Element, Tensor, shape, with_data};

/// The parts one behind the other, `outer` times: every part gives an equal share of its elements each time.
pub fn join(parts: &[Tensor], outer: usize, shape: &[usize], dtype: DType) -> Result<Tensor> {
    fn typed<T: Element>(_: &[T], parts: &[Tensor], outer: usize, shape: &[usize]) -> Option<Tensor> {
        let size = shape::size(shape);
        let mut out = Vec::with_capacity(size);
        if outer == 1 || size == 0 {
            for part in parts {
                part.walk::<T>()?.fill(&mut out, part.size());
            }
            return Some(Tensor::from_vec(out, shape));
        }
        let walks = parts.iter().map(|part| Some((part.walk::<T>()?, part.size() / outer.max(1))));
        let mut walks = walks.collect::<Option<Vec<_>>>()?;
        for _ in 0..outer {
            for (walk, share) in &mut walks {
                walk.fill(&mut out, *share);
            }
        }
        Some(Tensor::from_vec(out, shape))
    }
    let empty = Data::zeros(dtype, 0);
    with_data!(&empty, values => typed(values, parts, outer, shape)).ok_or_else(mistyped)
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
