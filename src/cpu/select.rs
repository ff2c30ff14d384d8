//! Choosing elements by truth values.

use super::mistyped;
use crate::diagnostics::Result;
use crate::tensor::{Element, Shape, Tensor, shape, with_data};

/// `a` where the condition holds, else `b`, all broadcast to `shape` and of one dtype. Written on `b` if it has the shape
/// and nobody else holds its buffer.
pub fn select(condition: &Tensor, a: &Tensor, b: Tensor, shape: &[usize]) -> Result<Tensor> {
    fn typed<T: Element>(values: &mut [T], condition: &Tensor, a: &Tensor, shape: &[usize]) -> Option<()> {
        let same = (a.size() == 1).then(|| a.walk::<T>().and_then(|mut walk| walk.next())).flatten();
        let holds = condition.as_slice::<bool>().filter(|_| shape::same(condition.shape(), shape));
        match (same, holds, a.as_slice::<T>().filter(|_| shape::same(a.shape(), shape))) {
            (Some(a), Some(holds), _) => {
                for (value, _) in values.iter_mut().zip(holds).filter(|(_, holds)| **holds) {
                    *value = a.clone();
                }
            }
            (None, Some(holds), Some(a)) => {
                for ((value, _), a) in values.iter_mut().zip(holds).zip(a).filter(|((_, holds), _)| **holds) {
                    *value = a.clone();
                }
            }
            _ => {
                let holds = condition.walk_as::<bool>(shape)?;
                for ((value, holds), a) in values.iter_mut().zip(holds).zip(a.walk_as::<T>(shape)?) {
                    if holds {
                        *value = a;
                    }
                }
            }
        }
        Some(())
    }
    let mut chosen = if shape::same(b.shape(), shape) { b } else { b.stretched(Shape::from_slice(shape)) };
    chosen.make_owned();
    let (data, _) = chosen.owned_mut().ok_or_else(mistyped)?;
    with_data!(data, values => typed(values, condition, a, shape)).ok_or_else(mistyped)?;
    Ok(chosen)
}

/// The rows of a tensor, counted over as many axes as the mask has, for which the mask holds.
pub fn compress(tensor: &Tensor, mask: &Tensor) -> Result<Tensor> {
    fn typed<T: Element>(_: &[T], tensor: &Tensor, mask: &[bool], shape: &[usize]) -> Option<Tensor> {
        let row = shape::size(shape.get(1..).unwrap_or(&[]));
        let values = tensor.as_slice::<T>()?;
        let mut out = Vec::with_capacity(shape::size(shape));
        if row == 1 {
            out.extend(values.iter().zip(mask).filter(|(_, holds)| **holds).map(|(value, _)| value.clone()));
        } else if row > 1 {
            for (row, _) in values.chunks_exact(row).zip(mask).filter(|(_, holds)| **holds) {
                out.extend_from_slice(row);
            }
        }
        Some(Tensor::from_vec(out, shape))
    }
    let (tensor, mask) = (tensor.in_order(), mask.in_order());
    let holds = mask.as_slice::<bool>().ok_or_else(mistyped)?;
    let mut shape = Shape::from_slice(&[holds.iter().filter(|holds| **holds).count()]);
    shape.extend(tensor.shape().iter().skip(mask.ndim()).copied());
    with_data!(tensor.data(), values => typed(values, &tensor, holds, &shape)).ok_or_else(mistyped)
}
