//! Sorting, and searching in what is sorted. The operations work along the last axis; others are brought there.

use super::index::{self, Index};
use super::{Abstract, Arity, Attrs, Derivative, Entry, Kernel, Op, Outputs, Rule, WholeKernel};
use super::{apply1, apply2, cast, flip, moveaxis, rows};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Result};
use crate::tensor::shape;
use crate::tensor::{Array, DType, ElementType, promote};
use smallvec::{SmallVec, smallvec};

/// Every row in rising order; NaN last.
static SORT: Op = op(&Entry::whole("sort", "sort", Arity::Exactly(1), row_rule, |cx, _, inputs, _| {
    let [x] = inputs else { return Err(cpu::mistyped()) };
    // not let go, so that an interrupted sort leaves it as it was
    Ok(cpu::sort::sort(cx, x.to_tensor().ok_or_else(cpu::mistyped)?)?.into())
})
.derivative(Derivative::Whole(sort_tangent))
.batched(|cx, op, inputs, _, _| rows::one(cx, op, &inputs[0])));

/// The numbers of the elements of every row in rising order, of equal ones that of the first one first.
static ARGSORT: Op = op(&Entry::whole("argsort", "argsort", Arity::Exactly(1), numbers_rule, |cx, _, inputs, _| {
    let tensor = inputs[0].to_tensor().ok_or_else(cpu::mistyped)?;
    Ok(cpu::sort::argsort(cx, &tensor)?.into())
})
.derivative(Derivative::Flat)
.batched(|cx, op, inputs, _, _| rows::one(cx, op, &inputs[0])));

/// Where the elements of the second input would stand in the first, which is sorted, ahead of those that equal them.
/// `Attrs::Axis` says how many first axes both have in common; behind these the first input has one.
static SEARCH_AHEAD: Entry = search("search_ahead", |cx, op, inputs, _| find(cx, op, inputs, false));
/// The same, behind those that equal them.
static SEARCH_BEHIND: Entry = search("search_behind", |cx, op, inputs, _| find(cx, op, inputs, true));

/// The index of every element that is true, one row each.
static ARGWHERE: Op =
    op(&Entry::of("argwhere", "argwhere", Arity::Exactly(1), Rule::Open, Kernel::Open(argwhere_kernel))
        .derivative(Derivative::Flat)
        .chosen_on_gpu(|gpu, views, numbers| match views {
            [mask] => gpu.indices(mask.shape(), numbers),
            _ => Err(cpu::mistyped()),
        }));

pub(super) static TABLE: &[&Entry] = &[SORT.entry, ARGSORT.entry, &SEARCH_AHEAD, &SEARCH_BEHIND, ARGWHERE.entry];

const fn op(entry: &'static Entry) -> Op {
    Op { entry, attrs: Attrs::None }
}

const fn search(name: &'static str, kernel: WholeKernel) -> Entry {
    Entry::whole(name, "searchsorted", Arity::Exactly(2), search_rule, kernel)
        .derivative(Derivative::Flat)
        .batched(search_rows)
}

/// The elements along an axis in rising order, or in falling order. NaN is behind all numbers, and first of all in
/// falling order.
pub fn sort(cx: &mut Context, x: Array, axis: i64, descending: bool) -> Result<Array> {
    along(cx, &SORT, x, axis, |cx, sorted| if descending { flip(cx, sorted, Some(&[-1])) } else { Ok(sorted) })
}

/// The numbers of the elements along an axis in the order in which `sort` puts them. Of equal ones the first comes
/// first, in falling order too.
pub fn argsort(cx: &mut Context, x: Array, axis: i64, descending: bool) -> Result<Array> {
    if !descending || x.ndim() == 0 {
        return along(cx, &ARGSORT, x, axis, |_, numbers| Ok(numbers));
    }
    // sorted from behind and read from behind, equal elements stand as before
    let axis = shape::axis(axis, x.ndim()).map_err(|error| error.operand(0, x.type_name()))? as i64;
    let len = x.shape().get(axis as usize).copied().unwrap_or(0) as i64;
    let back = flip(cx, x, Some(&[axis]))?;
    along(cx, &ARGSORT, back, axis, |cx, numbers| {
        let numbers = flip(cx, numbers, Some(&[-1]))?;
        apply2(cx, &super::SUB, Array::Int(len - 1), numbers)
    })
}

/// Applies an operation on rows along another axis.
fn along(
    cx: &mut Context,
    op: &Op,
    x: Array,
    axis: i64,
    behind: impl FnOnce(&mut Context, Array) -> Result<Array>,
) -> Result<Array> {
    if x.ndim() == 0 {
        return Err(Error::shape(format!("`{}` needs an axis, {} has none", op.entry.symbol, x.type_name()))
            .operand(0, x.type_name()));
    }
    let axis = shape::axis(axis, x.ndim()).map_err(|error| error.operand(0, x.type_name()))? as i64;
    let rows = moveaxis(cx, x, &[axis], &[-1])?;
    let result = apply1(cx, op, rows)?;
    let result = behind(cx, result)?;
    moveaxis(cx, result, &[-1], &[axis])
}

/// Where the elements of `x` would have to stand in `sorted`, an array of one axis in rising order, ahead of or behind
/// those that equal them.
pub fn searchsorted(cx: &mut Context, sorted: Array, x: Array, behind: bool) -> Result<Array> {
    if sorted.ndim() != 1 {
        let message = format!("`searchsorted` searches in one axis, not in {}", sorted.type_name());
        return Err(Error::shape(message).operand(0, sorted.type_name()));
    }
    // a number that is sought is data: one that `sorted` has no room for is behind all
    let Some(common) = promote(&[sorted.element_type(), ElementType::typed(x.dtype())]) else {
        let message = format!("cannot search {} for {}", sorted.type_name(), x.type_name());
        return Err(Error::ty(message).operand(0, sorted.type_name()).operand(1, x.type_name()));
    };
    let (sorted, x) = (cast(cx, sorted, common.dtype)?, cast(cx, x, common.dtype)?);
    let entry = if behind { &SEARCH_BEHIND } else { &SEARCH_AHEAD };
    apply2(cx, &Op { entry, attrs: Attrs::Axis(0) }, sorted, x)
}

/// The index of every element that is true, or not 0: an array of as many rows, a column for each axis.
pub fn argwhere(cx: &mut Context, x: Array) -> Result<Array> {
    let truth = cast(cx, x, DType::Bool)?;
    apply1(cx, &ARGWHERE, truth)
}

/// The indices of the elements that are true, or not 0, as one array for each axis.
pub fn nonzero(cx: &mut Context, x: Array) -> Result<Vec<Array>> {
    let ndim = x.ndim();
    let rows = argwhere(cx, x)?;
    let all = Index::Slice { start: None, stop: None, step: None };
    (0..ndim).map(|axis| index::get(cx, &rows, &[all.clone(), Index::At(axis as i64)])).collect()
}

/// The elements that `indices` point to along an axis. All other axes of both are of one length, or of length 1.
pub fn take_along(cx: &mut Context, x: &Array, indices: Array, axis: i64) -> Result<Array> {
    let index = index_along(cx, x, indices, axis)?;
    index::get(cx, x, &index)
}

/// `x` with the elements that `indices` point to along an axis replaced.
pub fn put_along(cx: &mut Context, x: &mut Array, indices: Array, axis: i64, value: Array) -> Result<()> {
    let index = index_along(cx, x, indices, axis)?;
    index::set(cx, x, &index, value)
}

fn index_along(cx: &mut Context, x: &Array, indices: Array, axis: i64) -> Result<Vec<Index>> {
    let axis = shape::axis(axis, x.ndim()).map_err(|error| error.operand(0, x.type_name()))?;
    if indices.ndim() != x.ndim() {
        let message = format!("the indices {} need as many axes as {}", indices.type_name(), x.type_name());
        return Err(Error::shape(message).operand(0, x.type_name()).operand(1, indices.type_name()));
    }
    let mut index = Vec::with_capacity(x.ndim());
    for (at, &len) in x.shape().iter().enumerate() {
        index.push(Index::Array(if at == axis {
            indices.clone()
        } else {
            let mut lengths: SmallVec<[i64; 4]> = smallvec![1; x.ndim()];
            lengths[at] = len as i64;
            super::reshape(cx, Array::from_range(0, len as i64), &lengths)?
        }));
    }
    Ok(index)
}

fn row_rule(_: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    match inputs {
        [x] if !x.shape.is_empty() => Ok(Abstract { weak: false, ..x.clone() }),
        _ => Err(cpu::mistyped()),
    }
}

fn numbers_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    Ok(Abstract { dtype: DType::I64, ..row_rule(op, inputs)? })
}

/// Tangents stand where their elements go.
fn sort_tangent(
    cx: &mut Context,
    _: &Op,
    x: &[Array],
    _: &[Array],
    tangents: &[Option<Array>],
) -> Result<SmallVec<[Option<Array>; 1]>> {
    let ([x], [tangent]) = (x, tangents) else { return Err(cpu::mistyped()) };
    let Some(tangent) = tangent else { return Ok(smallvec![None]) };
    let order = apply1(cx, &ARGSORT, x.clone())?;
    Ok(smallvec![Some(take_along(cx, tangent, order, -1)?)])
}

fn search_rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let (Attrs::Axis(stacked), [sorted, x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let alike = sorted.shape.len() == stacked + 1 && x.shape.get(..*stacked) == sorted.shape.get(..*stacked);
    if !alike || sorted.dtype != x.dtype {
        return Err(cpu::mistyped());
    }
    Ok(Abstract { dtype: DType::I64, weak: false, ..x.clone() })
}

fn find(cx: &Context, op: &Op, inputs: &[Array], behind: bool) -> Result<Array> {
    let (Attrs::Axis(stacked), [sorted, x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let tensor = |array: &Array| array.to_tensor().ok_or_else(cpu::mistyped);
    Ok(cpu::search::search(cx, &tensor(sorted)?, &tensor(x)?, *stacked, behind)?.into())
}

fn search_rows(cx: &mut Context, op: &Op, inputs: &[Array], batched: &[bool], rows: usize) -> Result<Outputs> {
    let (Attrs::Axis(stacked), [sorted, x], [of_sorted, of_x]) = (&op.attrs, inputs, batched) else {
        return Err(cpu::mistyped());
    };
    if !of_sorted && *stacked == 0 {
        return Ok(smallvec![apply2(cx, op, sorted.clone(), x.clone())?]);
    }
    let (sorted, x) = (rows::all_rows(cx, sorted, *of_sorted, rows)?, rows::all_rows(cx, x, *of_x, rows)?);
    Ok(smallvec![apply2(cx, &Op { entry: op.entry, attrs: Attrs::Axis(stacked + 1) }, sorted, x)?])
}

fn argwhere_kernel(cx: &mut Context, _: &Op, inputs: &mut [Array]) -> Result<Array> {
    let mask = inputs[0].to_tensor().ok_or_else(cpu::mistyped)?;
    Ok(cpu::gather::indices(cx, &mask)?.into())
}
