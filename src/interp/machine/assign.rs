//! Assignment into values: `p.w[i] = v`, in place where nobody else holds what is changed.

use super::super::tables::{Path, Root, Step};
use super::super::value::{Range, Value};
use super::Machine;
use super::index::{Subscript, indices, item, no_field, rc_str, subscripts};
use super::operator::operand_array;
use super::registers::Window;
use crate::context::Context;
use crate::diagnostics::{Error, Kind, Result};
use crate::ops::index::{self, Index};
use crate::tensor::{Array, DType};
use nabla_grammar::tree::BinaryOp;
use std::rc::Rc;

/// A step into a value, with its values.
enum Into {
    Field(Rc<str>),
    Index(Vec<Subscript>),
}

impl Machine {
    pub(super) fn set_path(&mut self, regs: &mut Window, far: &mut [Value], path: &Path, value: Value) -> Result<()> {
        let steps = steps(path, regs)?;
        self.with_root(regs, far, path, |machine, root| assign(&mut machine.host.cx, root, &steps, value))
    }

    /// `place op= value`
    pub(super) fn aug_path(
        &mut self,
        regs: &mut Window,
        far: &mut [Value],
        path: &Path,
        op: BinaryOp,
        value: Value,
    ) -> Result<()> {
        let steps = steps(path, regs)?;
        self.with_root(regs, far, path, |machine, root| machine.aug_assign(root, &steps, op, value))
    }

    /// Lets `change` work on the variable a path begins with. It is taken from its slot meanwhile, so that its count
    /// says whether anybody else holds the value.
    fn with_root(
        &mut self,
        regs: &mut Window,
        far: &mut [Value],
        path: &Path,
        change: impl FnOnce(&mut Machine, &mut Value) -> Result<()>,
    ) -> Result<()> {
        let mut root = match path.root {
            Root::Reg(reg) => std::mem::take(&mut regs[reg as usize]),
            Root::Far(slot) => std::mem::take(&mut far[slot as usize]),
            Root::Global(slot) => std::mem::take(&mut self.globals[slot as usize]),
        };
        let result = if root.is_undefined() {
            Err(Error::new(Kind::Name, format!("`{}` has no value yet", path.name)))
        } else {
            change(self, &mut root)
        };
        match path.root {
            Root::Reg(reg) => regs[reg as usize] = root,
            Root::Far(slot) => far[slot as usize] = root,
            Root::Global(slot) => self.globals[slot as usize] = root,
        }
        result
    }

    fn aug_assign(&mut self, place: &mut Value, steps: &[Into], op: BinaryOp, value: Value) -> Result<()> {
        let Some((step, rest)) = steps.split_first() else {
            let mut operands = [std::mem::take(place), value];
            return match self.binary(op, &mut operands) {
                Ok(result) => {
                    *place = result;
                    Ok(())
                }
                Err(error) => {
                    let [old, _] = operands;
                    *place = old;
                    Err(error)
                }
            };
        };
        if let (Value::Range(range), Into::Index(_)) = (&*place, step) {
            *place = array_of(range);
        }
        if let (Value::Array(_), Into::Index(subs)) = (&*place, step) {
            if rest.is_empty() && self.accumulate(place, &indices(subs)?, op, &value)? {
                return Ok(());
            }
            let mut part = self.index_with(place, subs)?;
            self.aug_assign(&mut part, rest, op, value)?;
            return assign(&mut self.host.cx, place, std::slice::from_ref(step), part);
        }
        self.aug_assign(inside(place, step, false)?, rest, op, value)
    }

    /// `a[indices] op= value` where indices may repeat: sums accumulate, all else is refused then. False, and nothing
    /// done, where reading, computing and writing will do.
    fn accumulate(&mut self, place: &mut Value, index: &[Index], op: BinaryOp, value: &Value) -> Result<bool> {
        let Value::Array(target) = place else { return Ok(false) };
        if let ([Index::Array(mask)], Value::Array(operand)) = (index, value)
            && mask.is_lifted()
            && operand.ndim() == 0
            && index::covers(target, mask)
        {
            // which elements it is about is not known: all are computed, and those chosen that are meant
            let mut operands = [Value::Array(target.clone()), value.clone()];
            let Value::Array(whole) = self.binary(op, &mut operands)? else { return Ok(false) };
            return index::set_where(&mut self.host.cx, target, mask, whole).map(|()| true);
        }
        let several = |part: &Index| matches!(part, Index::Array(array) if array.dtype() != DType::Bool);
        if !index.iter().any(several) {
            return Ok(false);
        }
        let cx = &mut self.host.cx;
        let dtype = target.dtype();
        match (op, operand_array(value)) {
            (BinaryOp::Add, Some(addend)) if dtype != DType::Str => {
                index::add(cx, target, index, addend, false).map(|()| true)
            }
            (BinaryOp::Sub, Some(addend)) if !matches!(dtype, DType::Str | DType::Bool) => {
                index::add(cx, target, index, addend, true).map(|()| true)
            }
            _ if index::repeats(cx, target, index)? => {
                let message = format!("an element is pointed to twice in `a[indices] {}= v`", op.spelling());
                Err(Error::value(message).help(match dtype {
                    DType::Str | DType::Bool => "only numbers count an element as often as it is pointed to",
                    _ => "only `+=` and `-=` count an element as often as it is pointed to",
                }))
            }
            _ => Ok(false),
        }
    }
}

/// The array that a range stands for: its elements can be assigned.
fn array_of(range: &Range) -> Value {
    Value::Array(Array::from_range(range.start, range.end))
}

fn steps(path: &Path, regs: &Window) -> Result<Vec<Into>> {
    path.steps
        .iter()
        .map(|step| {
            Ok(match step {
                Step::Field { name, .. } => Into::Field(name.clone()),
                Step::Index { first, spec, .. } => Into::Index(subscripts(spec, &regs[usize::from(*first)..])?),
            })
        })
        .collect()
}

/// `place.step.step = value`. On error the place holds what it held.
fn assign(cx: &mut Context, place: &mut Value, steps: &[Into], value: Value) -> Result<()> {
    let Some((step, rest)) = steps.split_first() else {
        *place = value;
        return Ok(());
    };
    if let (Value::Range(range), Into::Index(_)) = (&*place, step) {
        *place = array_of(range);
    }
    if let (Value::Array(array), Into::Index(subs)) = (&mut *place, step) {
        if rest.is_empty() {
            return assign_elements(cx, array, subs, value);
        }
        // `a[i][j] = v`: the row changes, then its place
        let row = indices(subs)?;
        let mut part = Value::Array(index::get(cx, array, &row)?);
        assign(cx, &mut part, rest, value)?;
        return assign_elements(cx, array, subs, part);
    }
    assign(cx, inside(place, step, rest.is_empty())?, rest, value)
}

fn assign_elements(cx: &mut Context, array: &mut Array, subs: &[Subscript], value: Value) -> Result<()> {
    if let (Array::Tensor(tensor), Value::Array(value)) = (&mut *array, &value) {
        let done = match subs {
            [Subscript::At(Value::Array(Array::Int(i)))] => index::set_at(tensor, *i, value),
            [Subscript::At(Value::Array(Array::Int(i))), Subscript::At(Value::Array(Array::Int(j)))] => {
                index::set_at2(tensor, *i, *j, value)
            }
            _ => false,
        };
        if done {
            return Ok(());
        }
    }
    if array.ndim() == 0 && !matches!(array, Array::Tensor(_) | Array::Lifted(_)) && !subs.is_empty() {
        return Err(Error::index("a number has no elements to assign").operand(0, array.type_name()));
    }
    let Some(elements) = operand_array(&value) else {
        return Err(Error::ty(format!("cannot assign {} to elements of {}", value.describe(), array.type_name())));
    };
    drop(value);
    index::set(cx, array, &indices(subs)?, elements)
}

/// What a step leads to inside a structure, which is copied first if somebody else holds it. The last step may add a
/// field to a record.
fn inside<'v>(place: &'v mut Value, step: &Into, last: bool) -> Result<&'v mut Value> {
    match (place, step) {
        (Value::Record(record), Into::Field(name)) => field_of(record, name, last),
        (Value::Record(record), Into::Index(subs)) => match subs.as_slice() {
            [Subscript::At(name @ Value::Str(_))] => field_of(record, &rc_str(name), last),
            _ => Err(Error::index("a record is indexed by a field's name")),
        },
        (Value::Tuple(tuple), Into::Index(subs)) => {
            let at = match subs.as_slice() {
                [Subscript::At(at)] => at.as_int(),
                _ => None,
            };
            let at = at.ok_or_else(|| Error::index("one item of a tuple is assigned at a time, by a whole number"))?;
            let at = item(tuple.0.len(), at, "tuple")?;
            Ok(&mut Rc::make_mut(tuple).0[at])
        }
        (Value::Str(_), Into::Index(_)) => Err(Error::ty("the characters of a string cannot be assigned")
            .help("build a new one with slices and `+`, or `replace`")),
        (Value::Module(module), Into::Field(name)) => {
            Err(Error::ty(format!("`{}.{name}` belongs to its module and cannot be assigned", module.name)))
        }
        (value, Into::Field(name)) => Err(Error::ty(format!("{} has no field `{name}` to assign", value.describe()))),
        (value, Into::Index(_)) => Err(Error::ty(format!("{} has no elements to assign", value.describe()))),
    }
}

fn field_of<'v>(record: &'v mut Rc<super::super::value::Record>, name: &Rc<str>, last: bool) -> Result<&'v mut Value> {
    if !last && !record.0.contains_key(name) {
        return Err(no_field(name, record.0.keys().map(|key| &**key)));
    }
    Ok(Rc::make_mut(record).0.entry(name.clone()).or_insert(Value::None))
}
