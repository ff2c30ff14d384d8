//! Indexing: NumPy's rules for integers, slices, `...`, `newaxis`, masks and integer arrays, to read and to assign.
//!
//! An index is turned into one of four operations: a slice or an update where it is made of integers and slices alone,
//! a gather or a scatter where it holds arrays. Reading never changes a value; assigning writes in place only where
//! nobody else holds the buffer.

use super::linear::lengths;
use super::{Abstract, Entry, NEG, SELECT, apply, apply1, gather, reshape, slice};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::shape::{self, Axes, Shape};
use crate::tensor::{Array, DType, Data, Scalar, Tensor, promote};
use crate::transform::concrete;
use smallvec::SmallVec;
use std::mem;

pub use super::gather::Gather;
pub use super::slice::{Cut, Slice};

pub(super) static TABLE: &[&Entry] =
    &[&slice::SLICE, &slice::UPDATE, &gather::GATHER, &gather::SCATTER, &gather::SCATTER_ADD, gather::COMPRESS.entry];

/// One part of an index, as written between the brackets.
#[derive(Clone, Debug)]
pub enum Index {
    At(i64),
    Slice {
        start: Option<i64>,
        stop: Option<i64>,
        step: Option<i64>,
    },
    /// `...`
    Rest,
    NewAxis,
    /// A mask, or integers.
    Array(Array),
}

/// What an index means for a value of a certain shape.
enum Plan {
    Basic(Slice),
    /// With the arrays, one for every axis of `Gather::axes`.
    Advanced(Gather, Vec<Array>),
}

/// `x[index]`
pub fn get(cx: &mut Context, x: &Array, index: &[Index]) -> Result<Array> {
    if let Some(mask) = whole_mask(x, index) {
        return apply(cx, &gather::COMPRESS, &mut [x.clone(), mask.clone()]);
    }
    match plan(cx, x, index)? {
        Plan::Basic(slice) => apply(cx, &slice::read(slice), &mut [x.clone()]),
        Plan::Advanced(gather, arrays) => {
            let mut inputs: Vec<Array> = vec![x.clone()];
            inputs.extend(arrays);
            apply(cx, &gather::read(gather), &mut inputs)
        }
    }
}

/// `target[index] = value`. The dtype of the target is kept: a value that does not fit it without loss is an error.
/// On error the target is as it was.
pub fn set(cx: &mut Context, target: &mut Array, index: &[Index], value: Array) -> Result<()> {
    let mask = whole_mask(target, index);
    if let (Some(mask), 0) = (mask, value.ndim()) {
        return set_where(cx, target, mask, value);
    }
    let plan = plan(cx, target, index)?;
    let value = fit(cx, value, target)?;
    let (op, inputs) = match plan {
        Plan::Basic(slice) => (slice::write(slice), vec![mem::take(target), value]),
        Plan::Advanced(gather, arrays) => {
            let mut inputs = vec![mem::take(target), value];
            inputs.extend(arrays);
            (gather::write(gather), inputs)
        }
    };
    put(cx, target, &op, inputs)
}

/// Applies an operation whose first input was taken out of the target.
fn put(cx: &mut Context, target: &mut Array, op: &super::Op, mut inputs: Vec<Array>) -> Result<()> {
    let result = without_leading_ones(cx, op, &mut inputs).and_then(|()| apply(cx, op, &mut inputs));
    keep(target, result, inputs.swap_remove(0))
}

/// `target[index] += value`, or `-=`, through arrays of integers, which may point to an element several times: then so
/// many values are added. The sums are made in the common dtype, and must fit that of the target.
pub fn add(cx: &mut Context, target: &mut Array, index: &[Index], value: Array, subtract: bool) -> Result<()> {
    let common = promote(&[target.element_type(), value.element_type()]).map(|found| found.dtype);
    if let Some(wider) = common.filter(|&common| common != target.dtype() && !target.is_lifted()) {
        let mut sums = super::cast(cx, target.clone(), wider)?;
        add(cx, &mut sums, index, value, subtract)?;
        *target = fit(cx, sums, target)?;
        return Ok(());
    }
    let mut value = fit(cx, value, target)?;
    if subtract {
        // integers wrap, so that adding the negative is subtracting
        value = apply1(cx, &NEG, value)?;
    }
    let Plan::Advanced(gather, arrays) = plan(cx, target, index)? else { return Err(cpu::mistyped()) };
    let mut inputs = vec![mem::take(target), value];
    inputs.extend(arrays);
    put(cx, target, &gather::accumulate(gather), inputs)
}

/// Does an index point to an element more than once?
pub fn repeats(cx: &mut Context, x: &Array, index: &[Index]) -> Result<bool> {
    let Plan::Advanced(gather, arrays) = plan(cx, x, index)? else { return Ok(false) };
    let lens = gather.slice.shape(x.shape());
    let known = arrays.iter().map(|array| concrete(cx, array)).collect::<Result<Vec<Array>>>();
    let arrays = known.map_err(|_| {
        Error::new(Kind::Graph, "whether indices repeat is not known here")
            .help("read, compute and write: `a[i] = a[i] * v`")
    })?;
    let mut points = gather::points(cx, &gather, &lens, &arrays)?;
    points.sort_unstable();
    Ok(points.windows(2).any(|pair| pair[0] == pair[1]))
}

/// Puts the result in the place of the target, or the target back.
fn keep(target: &mut Array, result: Result<Array>, before: Array) -> Result<()> {
    let (array, outcome) = match result {
        Ok(array) => (array, Ok(())),
        Err(error) => (before, Err(error)),
    };
    *target = array;
    outcome
}

/// The mask that is all of the index and covers the first axes of the value.
fn whole_mask<'a>(x: &Array, index: &'a [Index]) -> Option<&'a Array> {
    match index {
        [Index::Array(mask)] if covers(x, mask) => Some(mask),
        _ => None,
    }
}

/// Does a mask cover the first axes of a value?
pub fn covers(x: &Array, mask: &Array) -> bool {
    mask.dtype() == DType::Bool && mask.ndim() > 0 && x.shape().get(..mask.ndim()) == Some(mask.shape())
}

/// A value, which broadcasts to the target, wherever the mask holds.
pub fn set_where(cx: &mut Context, target: &mut Array, mask: &Array, value: Array) -> Result<()> {
    let value = fit(cx, value, target)?;
    let mut shape = Shape::from_slice(mask.shape());
    shape.resize(target.ndim(), 1);
    let mask = reshape(cx, mask.clone(), &lengths(&shape))?;
    let mut inputs = [mask, value, mem::take(target)];
    let result = apply(cx, &SELECT, &mut inputs);
    let [_, _, before] = inputs;
    keep(target, result, before)
}

/// A value may have more axes than its place, if the first ones have length one.
fn without_leading_ones(cx: &mut Context, op: &super::Op, inputs: &mut [Array]) -> Result<()> {
    let kinds: Vec<Abstract> = inputs.iter().map(Array::aval).collect();
    let place = match (&op.attrs, kinds.split_first()) {
        (super::Attrs::Slice(slice), Some((x, _))) => slice.shape(&x.shape).len(),
        (super::Attrs::Gather(gather), Some((x, rest))) => gather.shape(&x.shape, rest.get(1..).unwrap_or(&[]))?.len(),
        _ => return Ok(()),
    };
    let Some(value) = inputs.get_mut(1) else { return Ok(()) };
    let extra = value.ndim().saturating_sub(place);
    if extra > 0 && value.shape()[..extra].iter().all(|&len| len == 1) {
        let shape: SmallVec<[i64; 4]> = value.shape()[extra..].iter().map(|&len| len as i64).collect();
        *value = reshape(cx, mem::take(value), &shape)?;
    }
    Ok(())
}

/// The value in the dtype of the target, if nothing is lost.
fn fit(cx: &mut Context, value: Array, target: &Array) -> Result<Array> {
    let dtype = target.dtype();
    if value.dtype() == dtype && !value.is_weak() {
        return Ok(value);
    }
    if dtype == DType::Str || value.dtype() == DType::Str {
        let message = format!("cannot assign {} to elements of {}", value.type_name(), target.type_name());
        return Err(Error::ty(message));
    }
    apply1(cx, &super::cast::fit(dtype), value).map_err(|error| error.operand(0, target.type_name()))
}

/// Where the integer points along an axis of this length.
pub(super) fn position(index: i64, axis: usize, len: usize) -> Result<usize> {
    let from_start = if index < 0 { index.saturating_add(len as i64) } else { index };
    match usize::try_from(from_start) {
        Ok(found) if found < len => Ok(found),
        _ => Err(Error::index(format!("index {index} is out of bounds for axis {axis} of size {len}"))),
    }
}

fn plan(cx: &mut Context, x: &Array, index: &[Index]) -> Result<Plan> {
    let taken: usize = index.iter().map(axes_taken).sum();
    let rests = index.iter().filter(|part| matches!(part, Index::Rest)).count();
    if rests > 1 {
        return Err(Error::index("an index holds `...` only once"));
    }
    if taken > x.ndim() {
        let message = format!("too many indices: {taken} for {}", x.type_name());
        return Err(Error::index(message).operand(0, x.type_name()));
    }
    let left = x.ndim() - taken;
    let advanced = index.iter().any(|part| matches!(part, Index::Array(_)));
    let mut cuts: SmallVec<[Cut; 4]> = SmallVec::new();
    let mut pointers = Pointers::default();
    let mut axis = 0;
    for part in index {
        let len = x.shape().get(axis).copied().unwrap_or(0);
        match part {
            Index::At(at) if advanced => {
                position(*at, axis, len)?;
                pointers.push(cuts.len(), Array::Int(*at));
                cuts.push(Cut::all(len));
            }
            Index::At(at) => cuts.push(Cut::At(position(*at, axis, len)?)),
            Index::Slice { start, stop, step } => cuts.push(slice::cut(*start, *stop, *step, len)?),
            Index::NewAxis => cuts.push(Cut::New),
            Index::Rest => {
                pointers.part();
                cuts.extend(x.shape().iter().skip(axis).take(left).map(|&len| Cut::all(len)));
                axis += left;
            }
            Index::Array(array) if array.dtype() == DType::Bool && array.ndim() == 0 => {
                return Err(Error::index("a single truth value is no index").help("`where` chooses between values"));
            }
            Index::Array(array) if array.dtype() == DType::Bool => {
                let covered = x.shape().get(axis..axis + array.ndim()).unwrap_or(&[]);
                if array.shape() != covered {
                    return Err(unlike(array, covered, x));
                }
                let mask = concrete(cx, array)?.to_tensor().ok_or_else(cpu::mistyped)?;
                let found = cpu::gather::nonzero(cx, &mask)?;
                for (numbers, &len) in found.into_iter().zip(covered) {
                    pointers.push(cuts.len(), Array::Tensor(numbers));
                    cuts.push(Cut::all(len));
                }
            }
            Index::Array(array) => {
                // what is out of bounds may have no room on the value's device
                if let (Some(_), Array::Tensor(numbers)) = (x.place(), array) {
                    let numbers = (0..numbers.size()).filter_map(|at| numbers.scalar(at)?.as_i64());
                    numbers.map(|number| position(number, axis, len)).try_for_each(|found| found.map(|_| ()))?;
                }
                pointers.push(cuts.len(), integers(cx, array)?);
                cuts.push(Cut::all(len));
            }
        }
        axis += axes_taken(part);
    }
    if rests == 0 {
        cuts.extend(x.shape().iter().skip(axis).map(|&len| Cut::all(len)));
    }
    shape::check_ndim(cuts.len())?;
    let slice = Slice { cuts };
    if !advanced {
        return Ok(Plan::Basic(slice));
    }
    let at = if pointers.parted { 0 } else { pointers.axes.first().copied().unwrap_or(0) };
    Ok(Plan::Advanced(Gather { slice, axes: pointers.axes, at }, pointers.arrays))
}

/// The index arrays met so far.
#[derive(Default)]
struct Pointers {
    axes: Axes,
    arrays: Vec<Array>,
    /// Something else stood behind the last array.
    behind: bool,
    /// Something else stood between two arrays: their axes come first in the result.
    parted: bool,
}

impl Pointers {
    fn push(&mut self, axis: usize, array: Array) {
        let adjacent = self.axes.last().is_none_or(|last| last + 1 == axis);
        self.parted |= !adjacent || self.behind;
        self.axes.push(axis);
        self.arrays.push(array);
    }
    fn part(&mut self) {
        self.behind = !self.axes.is_empty();
    }
}

fn axes_taken(part: &Index) -> usize {
    match part {
        Index::At(_) | Index::Slice { .. } => 1,
        Index::Rest | Index::NewAxis => 0,
        Index::Array(array) if array.dtype() == DType::Bool => array.ndim(),
        Index::Array(_) => 1,
    }
}

#[cold]
fn unlike(mask: &Array, covered: &[usize], x: &Array) -> Error {
    let mask = mask.type_name();
    Error::index(format!("the mask {mask} does not cover axes of lengths {}", shape::text(covered)))
        .operand(0, x.type_name())
        .operand(1, mask)
}

/// An index array as `i64`. `[]` is a float array, and an index all the same.
fn integers(cx: &mut Context, array: &Array) -> Result<Array> {
    match array.dtype() {
        DType::I64 => Ok(array.clone()),
        DType::U8 | DType::I32 => super::cast(cx, array.clone(), DType::I64),
        DType::F64 if array.size() == 0 => super::cast(cx, array.clone(), DType::I64),
        _ => {
            let name = array.type_name();
            Err(Error::ty(format!("an index is made of integers or truth values, not {name}"))
                .help("`i64(x)` converts"))
        }
    }
}

/// `tensor[index]` at little cost, for one integer into one axis; none where `get` has to look closer.
#[inline]
pub fn get_at(tensor: &Tensor, index: i64) -> Option<Array> {
    let (data, &[len]) = tensor.as_owner()? else { return None };
    data.scalar(offset(index, len)?).map(Array::Scalar)
}

/// As `get_at`, `tensor[row, column]`.
#[inline]
pub fn get_at2(tensor: &Tensor, row: i64, column: i64) -> Option<Array> {
    let (data, &[rows, columns]) = tensor.as_owner()? else { return None };
    data.scalar(offset(row, rows)? * columns + offset(column, columns)?).map(Array::Scalar)
}

/// `tensor[index] = value` at little cost; false, and nothing done, where `set` has to look closer.
#[inline]
pub fn set_at(tensor: &mut Tensor, index: i64, value: &Array) -> bool {
    let Some((data, shape)) = tensor.owned_mut() else { return false };
    let &[len] = shape.as_slice() else { return false };
    offset(index, len).is_some_and(|position| write(data, position, value))
}

/// As `set_at`, `tensor[row, column] = value`.
#[inline]
pub fn set_at2(tensor: &mut Tensor, row: i64, column: i64, value: &Array) -> bool {
    let Some((data, shape)) = tensor.owned_mut() else { return false };
    let &[rows, columns] = shape.as_slice() else { return false };
    match (offset(row, rows), offset(column, columns)) {
        (Some(row), Some(column)) => write(data, row * columns + column, value),
        _ => false,
    }
}

#[inline]
fn offset(index: i64, len: usize) -> Option<usize> {
    let from_start = if index < 0 { index.saturating_add(len as i64) } else { index };
    usize::try_from(from_start).ok().filter(|&found| found < len)
}

#[inline]
fn write(data: &mut Data, position: usize, value: &Array) -> bool {
    match (data, value) {
        (Data::F64(values), Array::Float(x) | Array::Scalar(Scalar::F64(x))) => store(values, position, *x),
        (Data::I64(values), Array::Int(x) | Array::Scalar(Scalar::I64(x))) => store(values, position, *x),
        (Data::Bool(values), Array::Bool(x) | Array::Scalar(Scalar::Bool(x))) => store(values, position, *x),
        (Data::F32(values), Array::Scalar(Scalar::F32(x))) => store(values, position, *x),
        (Data::I32(values), Array::Scalar(Scalar::I32(x))) => store(values, position, *x),
        (Data::U8(values), Array::Scalar(Scalar::U8(x))) => store(values, position, *x),
        (Data::Str(_), _) => false,
        (_, Array::Tensor(_)) => false,
        (data, value) => match value.as_scalar().and_then(|scalar| scalar.fit(data.dtype())) {
            Some(fitting) if fitting.dtype() == data.dtype() => write(data, position, &Array::Scalar(fitting)),
            _ => false,
        },
    }
}

#[inline]
fn store<T>(values: &mut [T], position: usize, value: T) -> bool {
    match values.get_mut(position) {
        Some(place) => {
            *place = value;
            true
        }
        None => false,
    }
}
