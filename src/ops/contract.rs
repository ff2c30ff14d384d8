//! Contraction, and the products of NumPy built on it: `matmul`, which is `@`, and `dot`.

use super::{
    Abstract, Arity, Attrs, Derivative, Entry, MUL, Op, Outputs, Term, apply2, broadcast_to, cast, rows, transpose,
};
use crate::context::Context;
use crate::cpu;
use crate::cpu::contract::Operand;
use crate::diagnostics::{Error, Result};
use crate::gpu::{self, Gpu, Side, View};
use crate::tensor::shape::{self, Axes, Shape};
use crate::tensor::{Array, DType, promote};
use smallvec::{SmallVec, smallvec};

/// Which axes of the two sides belong together, as in StableHLO's `dot_general`. The result has the batch axes, then
/// the left side's other axes, then the right side's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dimensions {
    /// Kept: each side's, in the same order.
    pub batch: [Axes; 2],
    /// Multiplied and summed: each side's, in the same order.
    pub contract: [Axes; 2],
}

/// Both sides have one dtype and lengths that agree.
pub static CONTRACT: Entry = Entry::whole("dot_general", "@", Arity::Exactly(2), rule, kernel)
    .derivative(Derivative::Product)
    .transposed(transposed)
    .batched(batch)
    .product_on_gpu(on_gpu);

pub(super) static TABLE: &[&Entry] = &[&CONTRACT];

/// `a @ b` as NumPy's `matmul`: matrices lie in the last two axes, the others broadcast; a vector counts as a row on
/// the left and as a column on the right, and its axis is left out of the result.
pub fn matmul(cx: &mut Context, a: Array, b: Array) -> Result<Array> {
    let (rows, columns) = (a.ndim(), b.ndim());
    if rows == 0 || columns == 0 {
        let message = format!("`@` multiplies matrices and vectors, not {} by {}", a.type_name(), b.type_name());
        return Err(label(Error::shape(message), &a, &b).help("a number times an array is `*`"));
    }
    check_inner(&a, &b)?;
    let (a, b) = common(cx, a, b)?;
    // Without batch axes on the right the free axes already come in the order of the result.
    if columns <= 2 || rows == 1 {
        let contract_axes = [Axes::from_slice(&[rows - 1]), Axes::from_slice(&[inner_axis(columns)])];
        return contract(cx, a, b, Dimensions { contract: contract_axes, ..Default::default() });
    }
    let batch = shape::broadcast(&a.shape()[..rows - 2], &b.shape()[..columns - 2]).map_err(|at| {
        let message = format!(
            "cannot multiply {} by {}: batch lengths {} and {} differ",
            shape::text(a.shape()),
            shape::text(b.shape()),
            at.left,
            at.right
        );
        label(Error::shape(message), &a, &b).help("matrices lie in the last two axes; the others must be equal or 1")
    })?;
    let axes: Axes = (0..batch.len()).collect();
    let a = stretched(cx, a, &batch)?;
    let b = stretched(cx, b, &batch)?;
    let last = Axes::from_slice(&[batch.len() + 1]);
    let second_last = Axes::from_slice(&[batch.len()]);
    contract(cx, a, b, Dimensions { batch: [axes.clone(), axes], contract: [last, second_last] })
}

/// As NumPy's `dot`: a product of numbers, of vectors, of matrices; of more axes the last of `a` with the last but one
/// of `b`.
pub fn dot(cx: &mut Context, a: Array, b: Array) -> Result<Array> {
    if a.ndim() == 0 || b.ndim() == 0 {
        return apply2(cx, &MUL, a, b);
    }
    check_inner(&a, &b)?;
    let (a, b) = common(cx, a, b)?;
    let contract_axes = [Axes::from_slice(&[a.ndim() - 1]), Axes::from_slice(&[inner_axis(b.ndim())])];
    contract(cx, a, b, Dimensions { contract: contract_axes, ..Default::default() })
}

/// The contraction itself; the rule checks that the axes fit.
pub fn contract(cx: &mut Context, a: Array, b: Array, dimensions: Dimensions) -> Result<Array> {
    apply2(cx, &Op { entry: &CONTRACT, attrs: Attrs::Contract(dimensions) }, a, b)
}

/// Both in the dtype they have in common.
fn common(cx: &mut Context, a: Array, b: Array) -> Result<(Array, Array)> {
    match promote(&[a.element_type(), b.element_type()]) {
        Some(found) if found.dtype != DType::Str => Ok((cast(cx, a, found.dtype)?, cast(cx, b, found.dtype)?)),
        _ => {
            let message = format!("`@` does not take {} and {}", a.type_name(), b.type_name());
            Err(label(Error::ty(message), &a, &b).help("text is no number: `f64(x)` reads numbers from text"))
        }
    }
}

/// With these batch axes ahead of the matrix.
pub(super) fn stretched(cx: &mut Context, x: Array, batch: &[usize]) -> Result<Array> {
    let matrix = &x.shape()[x.ndim() - 2..];
    let whole: Shape = batch.iter().chain(matrix).copied().collect();
    if x.shape() == whole.as_slice() { Ok(x) } else { broadcast_to(cx, x, &whole) }
}

/// The axis of the right side that a product sums over.
fn inner_axis(ndim: usize) -> usize {
    ndim.saturating_sub(2)
}

fn check_inner(a: &Array, b: &Array) -> Result<()> {
    let (left, right) = (a.shape(), b.shape());
    let lengths = (left[left.len() - 1], right[inner_axis(right.len())]);
    if lengths.0 == lengths.1 { Ok(()) } else { Err(mismatched(a, b, lengths)) }
}

#[cold]
fn mismatched(a: &Array, b: &Array, (left, right): (usize, usize)) -> Error {
    let message = format!(
        "cannot multiply {} by {}: inner dimensions {left} and {right} differ",
        shape::text(a.shape()),
        shape::text(b.shape())
    );
    let error = label(Error::shape(message), a, b);
    match advice(a.shape(), b.shape()) {
        Some((advice, code, shape)) => {
            error.help(format!("{advice} would be {shape}")).instead(format!("{code} would be {shape}"))
        }
        None => error.help("the last axis of the first and the last but one of the second must have one length"),
    }
}

/// A product near the one that failed, which would work: in words, in code, and its shape.
fn advice(a: &[usize], b: &[usize]) -> Option<(&'static str, &'static str, String)> {
    if a.len() > 2 || b.len() > 2 {
        return None;
    }
    let product = |a: &[usize], b: &[usize]| -> Option<String> {
        if a.last()? != b.get(inner_axis(b.len()))? {
            return None;
        }
        let kept: Vec<usize> = a[..a.len() - 1].iter().chain(b.iter().skip(1).take(b.len() - 1)).copied().collect();
        Some(shape::text(&kept))
    };
    let transposed = |shape: &[usize]| -> Vec<usize> { shape.iter().rev().copied().collect() };
    if b.len() == 2
        && let Some(shape) = product(a, &transposed(b))
    {
        return Some(("the product with the second operand transposed (`.T`)", "{0} @ {1}.T", shape));
    }
    if a.len() == 2
        && let Some(shape) = product(&transposed(a), b)
    {
        return Some(("the product with the first operand transposed (`.T`)", "{0}.T @ {1}", shape));
    }
    product(b, a).map(|shape| ("the product in the other order", "{1} @ {0}", shape))
}

#[cold]
fn label(error: Error, a: &Array, b: &Array) -> Error {
    error.operand(0, a.type_name()).operand(1, b.type_name())
}

fn rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let (Attrs::Contract(dimensions), [a, b]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let [batch, contract] = [&dimensions.batch, &dimensions.contract];
    let agree = |axes: &[Axes; 2]| {
        axes[0].len() == axes[1].len()
            && axes[0].iter().zip(&axes[1]).all(|(&i, &j)| a.shape.get(i).is_some() && a.shape.get(i) == b.shape.get(j))
    };
    if !agree(batch) || !agree(contract) || a.dtype != b.dtype {
        let message = format!("cannot contract {} with {}: axes or dtypes differ", a.type_name(), b.type_name());
        return Err(Error::shape(message).operand(0, a.type_name()).operand(1, b.type_name()));
    }
    let mut out: Shape = batch[0].iter().map(|&axis| a.shape[axis]).collect();
    for (side, shape) in [&a.shape, &b.shape].into_iter().enumerate() {
        for (axis, &len) in shape.iter().enumerate() {
            if !batch[side].contains(&axis) && !contract[side].contains(&axis) {
                out.push(len);
            }
        }
    }
    shape::check_ndim(out.len())?;
    Ok(Abstract::new(out, a.dtype))
}

fn on_gpu(gpu: &Gpu, op: &Op, views: &[View], behind: &gpu::Cluster) -> Result<Vec<View>> {
    let (Attrs::Contract(dimensions), [a, b]) = (&op.attrs, views) else { return Err(cpu::mistyped()) };
    let side = |view, side: usize| Side {
        view,
        batch: dimensions.batch[side].as_slice(),
        contract: dimensions.contract[side].as_slice(),
    };
    gpu.contract(&side(a, 0), &side(b, 1), behind)
}

fn kernel(cx: &mut Context, op: &Op, inputs: &mut [Array], out: Abstract) -> Result<Array> {
    then(cx, op, inputs, &out, None)
}

/// The contraction on values at hand, for which there is memory; what is `behind` works on the result.
pub fn then(
    cx: &Context,
    op: &Op,
    inputs: &[Array],
    out: &Abstract,
    behind: Option<&dyn cpu::contract::Behind>,
) -> Result<Array> {
    let (Attrs::Contract(dimensions), [a, b]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let (Some(a), Some(b)) = (a.to_tensor(), b.to_tensor()) else { return Err(cpu::mistyped()) };
    let side =
        |tensor, side: usize| Operand { tensor, batch: &dimensions.batch[side], contract: &dimensions.contract[side] };
    Ok(cpu::contract::contract(cx, &side(&a, 0), &side(&b, 1), &out.shape, behind)?.into())
}

impl Dimensions {
    /// The other axes of a side, in order.
    fn free(&self, side: usize, ndim: usize) -> impl Iterator<Item = usize> + '_ {
        (0..ndim).filter(move |axis| !self.batch[side].contains(axis) && !self.contract[side].contains(axis))
    }
}

/// The cotangent of one side is that of the result times the other side, summed over the other side's free axes.
fn transposed(cx: &mut Context, op: &Op, terms: &[Term], ct: &[Option<Array>]) -> Result<SmallVec<[Option<Array>; 2]>> {
    let (Attrs::Contract(dimensions), [a, b], [Some(ct)]) = (&op.attrs, terms, ct) else {
        return Ok(smallvec![None, None]);
    };
    let (left, right) = (a.aval().shape.len(), b.aval().shape.len());
    Ok(match (a, b) {
        (Term::Linear(_), Term::Known(b)) => smallvec![Some(by_side(cx, dimensions, 0, [left, right], ct, b)?), None],
        (Term::Known(a), Term::Linear(_)) => smallvec![None, Some(by_side(cx, dimensions, 1, [left, right], ct, a)?)],
        _ => return Err(cpu::mistyped()),
    })
}

/// The cotangent of `side`, from the value of the other one; `ndims` are the sides' numbers of axes.
fn by_side(
    cx: &mut Context,
    dimensions: &Dimensions,
    side: usize,
    ndims: [usize; 2],
    ct: &Array,
    other: &Array,
) -> Result<Array> {
    let far = 1 - side;
    let batches = dimensions.batch[0].len();
    let own_free: Axes = dimensions.free(side, ndims[side]).collect();
    let far_free: Axes = dimensions.free(far, ndims[far]).collect();
    // the result had the batch axes, the left side's free ones, the right side's
    let first = if side == 0 { batches + own_free.len() } else { batches };
    let of_ct = ((0..batches).collect(), (first..first + far_free.len()).collect());
    let of_other = (dimensions.batch[far].clone(), far_free);
    // those contracted, as the other side has them in order
    let mut contracted: Vec<(usize, usize)> =
        dimensions.contract[far].iter().copied().zip(dimensions.contract[side].iter().copied()).collect();
    contracted.sort_unstable();
    let contracted = contracted.into_iter().map(|(_, own)| own);
    let own_batch = dimensions.batch[side].iter().copied();
    // with the factors in this order the cotangent of either side of `a @ b` needs no transpose
    let (found, axes): (Array, Axes) = match side {
        0 => {
            let product = Dimensions { batch: [of_ct.0, of_other.0], contract: [of_ct.1, of_other.1] };
            (contract(cx, ct.clone(), other.clone(), product)?, own_batch.chain(own_free).chain(contracted).collect())
        }
        _ => {
            let product = Dimensions { batch: [of_other.0, of_ct.0], contract: [of_other.1, of_ct.1] };
            (contract(cx, other.clone(), ct.clone(), product)?, own_batch.chain(contracted).chain(own_free).collect())
        }
    };
    let mut order: SmallVec<[i64; 4]> = smallvec![0; ndims[side]];
    for (place, axis) in axes.into_iter().enumerate() {
        order[axis] = place as i64;
    }
    if order.iter().copied().eq(0..order.len() as i64) { Ok(found) } else { transpose(cx, found, Some(&order)) }
}

/// Rows on both sides are an axis to keep; on one side they are one more free axis.
fn batch(cx: &mut Context, op: &Op, inputs: &[Array], batched: &[bool], _: usize) -> Result<Outputs> {
    let (Attrs::Contract(dimensions), [a, b], &[left, right]) = (&op.attrs, inputs, batched) else {
        return Err(cpu::mistyped());
    };
    let moved = |axes: &Axes, batched: bool| if batched { rows::shifted(axes) } else { axes.clone() };
    let mut whole = Dimensions {
        batch: [moved(&dimensions.batch[0], left), moved(&dimensions.batch[1], right)],
        contract: [moved(&dimensions.contract[0], left), moved(&dimensions.contract[1], right)],
    };
    let batches = dimensions.batch[0].len();
    let at = match (left, right) {
        (true, true) => {
            whole.batch.iter_mut().for_each(|axes| axes.insert(0, 0));
            0
        }
        (true, false) => batches,
        _ => a.ndim() - dimensions.contract[0].len(),
    };
    let product = contract(cx, a.clone(), b.clone(), whole)?;
    Ok(smallvec![rows::rows_first(cx, product, at)?])
}
