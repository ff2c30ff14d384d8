//! Operators on anything but plain scalars: arrays go to `apply`, strings and structures are handled here.

use super::super::code::{Instr, Reg};
use super::super::value::{Range, Value};
use super::Machine;
use super::registers::{Window, set};
use crate::diagnostics::{Error, Result};
use crate::ops::{self, Op};
use crate::tensor::{Array, DType, Scalar, Text};
use crate::transform;
use nabla_grammar::tree::{BinaryOp, CompareOp};
use std::rc::Rc;

impl Machine {
    /// `d = a op b`. Operands that die here may be worked on in place; on error they are put back.
    #[inline(never)]
    pub(super) fn operate(&mut self, regs: &mut Window, op: BinaryOp, [d, a, b]: [Reg; 3], kills: u8) -> Result<()> {
        let (take_a, take_b) = (kills & 1 != 0 && a != b, kills & 2 != 0 && a != b);
        let x = if take_a { std::mem::take(&mut regs[a as usize]) } else { regs[a as usize].clone() };
        let y = if take_b { std::mem::take(&mut regs[b as usize]) } else { regs[b as usize].clone() };
        let mut operands = [x, y];
        match self.binary(op, &mut operands) {
            Ok(value) => {
                set(&mut regs[d as usize], value);
                Ok(())
            }
            Err(error) => {
                let [x, y] = operands;
                if take_a {
                    regs[a as usize] = x;
                }
                if take_b {
                    regs[b as usize] = y;
                }
                Err(error)
            }
        }
    }

    #[inline(never)]
    pub(super) fn operate_int(
        &mut self,
        regs: &mut Window,
        op: BinaryOp,
        [d, a]: [Reg; 2],
        value: i32,
        kills: u8,
    ) -> Result<()> {
        let x = if kills & 1 != 0 { std::mem::take(&mut regs[a as usize]) } else { regs[a as usize].clone() };
        let mut operands = [x, Value::int(value.into())];
        match self.binary(op, &mut operands) {
            Ok(value) => {
                set(&mut regs[d as usize], value);
                Ok(())
            }
            Err(error) => {
                let [x, _] = operands;
                if kills & 1 != 0 {
                    regs[a as usize] = x;
                }
                Err(error)
            }
        }
    }

    /// `x op y`. On error the operands are as they were; otherwise they are used up.
    pub fn binary(&mut self, op: BinaryOp, operands: &mut [Value; 2]) -> Result<Value> {
        if let [Value::Array(x), Value::Array(y)] = operands {
            let mut inputs = [std::mem::take(x), std::mem::take(y)];
            return match self.array_binary(op, &mut inputs) {
                Ok(array) => Ok(Value::Array(array)),
                Err(error) => {
                    let [first, second] = inputs;
                    (*x, *y) = (first, second);
                    Err(error)
                }
            };
        }
        match (op, &mut *operands) {
            (BinaryOp::Add, [Value::Str(x), Value::Str(y)]) => {
                self.host.cx.reserve(x.len().saturating_add(y.len()), 1, || "this string".into())?;
                // in place when nobody else holds it
                Rc::make_mut(x).push_str(y);
                Ok(Value::Str(std::mem::take(x)))
            }
            (BinaryOp::Mul, [Value::Str(text), times] | [times, Value::Str(text)]) if times.as_int().is_some() => {
                let times = usize::try_from(times.as_int().unwrap_or(0)).unwrap_or(0);
                self.host.cx.reserve(text.len(), times, || "this string".into())?;
                Ok(Value::str(text.repeat(times)))
            }
            (BinaryOp::At, [x, Value::Device(device)]) => self.place_on(x.clone(), *device),
            (_, [Value::Tuple(_) | Value::Record(_), _] | [_, Value::Tuple(_) | Value::Record(_)]) => {
                self.zip(op, operands)
            }
            (BinaryOp::Mul, [Value::None, _] | [_, Value::None]) => Ok(Value::None),
            (BinaryOp::Add, [Value::None, x]) | (BinaryOp::Add | BinaryOp::Sub, [x, Value::None]) => {
                Ok(std::mem::take(x))
            }
            (_, [x, y]) => {
                let arrays = (operand_array(x), operand_array(y));
                let (Some(a), Some(b)) = arrays else { return Err(no_operator(op, x, y)) };
                if matches!((&*x, &*y), (Value::Str(_), Value::Str(_))) {
                    return Err(no_operator(op, x, y));
                }
                self.array_binary(op, &mut [a, b]).map(wrap)
            }
        }
    }

    fn array_binary(&mut self, op: BinaryOp, inputs: &mut [Array; 2]) -> Result<Array> {
        match binary_op(op) {
            Some(op) => ops::apply(&mut self.host.cx, op, inputs),
            None => {
                let [x, y] = inputs;
                ops::contract::matmul(&mut self.host.cx, x.clone(), y.clone())
            }
        }
    }

    /// `d = -a` and the like. On error an operand that dies here is left as it was.
    pub(super) fn unary(&mut self, regs: &mut Window, instr: Instr, [d, a]: [Reg; 2], kills: u8) -> Result<()> {
        let (op, symbol): (&Op, _) = match instr {
            Instr::Neg { .. } => (&ops::NEG, "-"),
            Instr::Pos { .. } => (&ops::POS, "+"),
            Instr::BitNot { .. } => (&ops::BIT_NOT, "~"),
            _ => (&ops::LOGICAL_NOT, "not"),
        };
        let dies = kills & 1 != 0;
        let value = match &mut regs[a as usize] {
            Value::Array(array) if dies => {
                Value::Array(ops::apply(&mut self.host.cx, op, std::slice::from_mut(array))?)
            }
            other => self.unary_leaves(op, symbol, other.clone())?,
        };
        if dies {
            set(&mut regs[a as usize], Value::Undefined);
        }
        set(&mut regs[d as usize], value);
        Ok(())
    }

    fn unary_leaves(&mut self, op: &Op, symbol: &str, value: Value) -> Result<Value> {
        self.map_leaves(value, &mut |machine, leaf| match leaf.as_array() {
            Some(array) => ops::apply1(&mut machine.host.cx, op, array).map(Value::Array),
            None => {
                Err(Error::ty(format!("`{symbol}` has no meaning for {}", leaf.describe()))
                    .operand(0, leaf.type_name()))
            }
        })
    }

    /// `x op y` for a comparison: one bool for strings and structures, element by element for arrays.
    #[inline(never)]
    pub(super) fn compare(&mut self, op: CompareOp, x: Value, y: Value) -> Result<Value> {
        if matches!(op, CompareOp::In | CompareOp::NotIn) {
            return self.contains(&y, &x).map(|found| Value::bool(found == (op == CompareOp::In)));
        }
        if let (Value::Str(x), Value::Str(y)) = (&x, &y) {
            let order = x.as_str().cmp(y.as_str());
            return Ok(Value::bool(match op {
                CompareOp::Eq => order.is_eq(),
                CompareOp::Ne => order.is_ne(),
                CompareOp::Lt => order.is_lt(),
                CompareOp::Le => order.is_le(),
                CompareOp::Gt => order.is_gt(),
                _ => order.is_ge(),
            }));
        }
        if let (Some(a), Some(b)) = (operand_array(&x), operand_array(&y)) {
            let text = |array: &Array| array.dtype() == DType::Str;
            if text(&a) == text(&b) {
                return ops::apply2(&mut self.host.cx, compare_op(op), a, b).map(Value::Array);
            }
        }
        match op {
            CompareOp::Eq => self.equal(&x, &y).map(Value::bool),
            CompareOp::Ne => self.equal(&x, &y).map(|equal| Value::bool(!equal)),
            _ => Err(Error::ty(format!("cannot order {} and {}", x.describe(), y.describe()))
                .operand(0, x.type_name())
                .operand(1, y.type_name())),
        }
    }

    /// Is a value, taken as a whole, equal to another? Arrays are if shape and all elements agree.
    pub fn equal(&mut self, x: &Value, y: &Value) -> Result<bool> {
        self.equal_within(x, y, 0)
    }

    fn equal_within(&mut self, x: &Value, y: &Value, depth: usize) -> Result<bool> {
        super::structure::check_depth(depth)?;
        // a structure may hold itself many times over: walking it can take long
        self.host.cx.check()?;
        Ok(match (x, y) {
            (Value::Tuple(x), Value::Tuple(y)) => {
                if x.0.len() != y.0.len() {
                    return Ok(false);
                }
                for (x, y) in x.0.iter().zip(&y.0) {
                    if !self.equal_within(x, y, depth + 1)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Record(x), Value::Record(y)) => {
                if x.0.len() != y.0.len() {
                    return Ok(false);
                }
                for (name, value) in &x.0 {
                    match y.0.get(name) {
                        Some(other) if self.equal_within(value, other, depth + 1)? => {}
                        _ => return Ok(false),
                    }
                }
                true
            }
            (Value::None, Value::None) => true,
            (Value::Str(x), Value::Str(y)) => x == y,
            (Value::Function(x), Value::Function(y)) => {
                Rc::ptr_eq(x, y) || Rc::ptr_eq(&x.code, &y.code) && Rc::ptr_eq(&x.env, &y.env)
            }
            (Value::Derived(x), Value::Derived(y)) => Rc::ptr_eq(x, y),
            (Value::Builtin(x), Value::Builtin(y)) => std::ptr::eq(*x, *y),
            (Value::Device(x), Value::Device(y)) => x == y,
            (Value::DType(x), Value::DType(y)) => x == y,
            (Value::Module(x), Value::Module(y)) => Rc::ptr_eq(x, y),
            (x, y) => match (operand_array(x), operand_array(y)) {
                (Some(a), Some(b)) if (a.dtype() == DType::Str) == (b.dtype() == DType::Str) => {
                    if a.shape() != b.shape() {
                        return Ok(false);
                    }
                    let same = ops::apply2(&mut self.host.cx, &ops::EQ, a, b)?;
                    let all = ops::reduce::reduce(&mut self.host.cx, &ops::reduce::ALL, same, None, false)?;
                    self.truth(&Value::Array(all))?
                }
                _ => false,
            },
        })
    }

    /// `item in collection`
    fn contains(&mut self, collection: &Value, item: &Value) -> Result<bool> {
        match (collection, item) {
            (Value::Str(text), Value::Str(part)) => Ok(text.contains(part.as_str())),
            (Value::Record(record), Value::Str(name)) => Ok(record.0.contains_key(name.as_str())),
            (Value::Tuple(tuple), item) => {
                for candidate in &tuple.0 {
                    if self.equal(candidate, item)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Value::Range(range), Value::Array(Array::Int(value))) => Ok((range.start..range.end).contains(value)),
            (collection, item) => match (operand_array(collection), operand_array(item)) {
                (Some(elements), Some(item))
                    if item.ndim() == 0
                        && matches!(
                            collection,
                            Value::Array(Array::Tensor(_) | Array::Lifted(_)) | Value::Range(_)
                        )
                        && (elements.dtype() == DType::Str) == (item.dtype() == DType::Str) =>
                {
                    let same = ops::apply2(&mut self.host.cx, &ops::EQ, elements, item)?;
                    let any = ops::reduce::reduce(&mut self.host.cx, &ops::reduce::ANY, same, None, false)?;
                    self.truth(&Value::Array(any))
                }
                _ => Err(Error::ty(format!("cannot look for {} in {}", item.describe(), collection.describe()))
                    .operand(0, item.type_name())
                    .operand(1, collection.type_name())),
            },
        }
    }

    /// The one bool a condition must be.
    pub fn truth(&mut self, value: &Value) -> Result<bool> {
        if let Value::Array(array @ Array::Lifted(_)) = value
            && array.dtype() == DType::Bool
            && array.ndim() == 0
        {
            let known = transform::concrete(&mut self.host.cx, array)?;
            return self.truth(&Value::Array(known));
        }
        if let Some(truth) = one_bool(value) {
            return Ok(truth);
        }
        let error =
            Error::ty(format!("a condition is one bool, this is {}", value.describe())).operand(0, value.type_name());
        Err(match value {
            Value::Array(array) if array.dtype() == DType::Bool => {
                error.help("`any(...)` or `all(...)` makes one bool of it")
            }
            Value::Array(array) if array.ndim() == 0 && array.dtype() != DType::Str => error.help("compare it: `!= 0`"),
            Value::Array(_) => error.help("compare it and reduce with `any` or `all`, as in `any(x != 0)`"),
            Value::Str(_) | Value::Tuple(_) | Value::Record(_) => error.help("compare its length: `len(x) > 0`"),
            Value::None => error.help("compare it: `x == none`"),
            _ => error,
        })
    }

    /// What the left side of `and`, `or` says alone: none if it is an array of bools.
    pub(super) fn decides(&self, value: &Value) -> Result<Option<bool>> {
        match value {
            Value::Array(array) if array.dtype() == DType::Bool => Ok(one_bool(value)),
            _ => Err(not_a_bool(value, 0)),
        }
    }

    /// `x and y` (`or`), where `x` did not decide.
    pub(super) fn both(&mut self, or: bool, x: Value, y: Value) -> Result<Value> {
        let (Value::Array(a), Value::Array(b)) = (&x, &y) else { return Err(not_a_bool(&y, 1)) };
        if b.dtype() != DType::Bool {
            return Err(not_a_bool(&y, 1));
        }
        if one_bool(&x).is_some() {
            return Ok(y);
        }
        let op = if or { &ops::LOGICAL_OR } else { &ops::LOGICAL_AND };
        ops::apply2(&mut self.host.cx, op, a.clone(), b.clone()).map(Value::Array)
    }

    pub(super) fn range(&mut self, start: &Value, end: &Value) -> Result<Value> {
        let range = Range { start: bound(start, 0)?, end: bound(end, 1)? };
        // it may become a tensor any time
        self.host.cx.reserve(range.len(), size_of::<i64>(), || format!("the range {}..{}", range.start, range.end))?;
        Ok(Value::Range(Rc::new(range)))
    }
}

/// A bound of `a..b`.
pub(super) fn bound(value: &Value, number: usize) -> Result<i64> {
    value.as_int().ok_or_else(|| {
        if let Some(error) = value.unknown() {
            return error;
        }
        Error::ty(format!("a range goes between whole numbers, this is {}", value.describe()))
            .operand(number, value.type_name())
            .help("`arange` and `linspace` take floats")
    })
}

fn one_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Array(Array::Bool(truth)) | Value::Array(Array::Scalar(Scalar::Bool(truth))) => Some(*truth),
        _ => None,
    }
}

#[cold]
fn not_a_bool(value: &Value, number: usize) -> Error {
    let error = Error::ty(format!("`and` and `or` take bools, this is {}", value.describe()))
        .operand(number, value.type_name());
    match value {
        Value::Array(_) => error.help("compare it: `!= 0`"),
        _ => error,
    }
}

#[cold]
fn no_operator(op: BinaryOp, x: &Value, y: &Value) -> Error {
    let error = Error::ty(format!("`{}` has no meaning for {} and {}", symbol(op), x.describe(), y.describe()))
        .operand(0, x.type_name())
        .operand(1, y.type_name());
    match (op, x, y) {
        (BinaryOp::Add, Value::Str(_), _) | (BinaryOp::Add, _, Value::Str(_)) => {
            error.help("an f-string makes text of anything: `f\"{x}\"`")
        }
        (_, Value::Function(_) | Value::Builtin(_), _) | (_, _, Value::Function(_) | Value::Builtin(_)) => {
            error.help("call the function: `f(x)`")
        }
        _ => error,
    }
}

/// What an array operation can take: numbers, ranges, and text as a `str` value.
pub fn operand_array(value: &Value) -> Option<Array> {
    match value {
        Value::Str(text) => Some(Array::from_text(Text::from(text.as_str()))),
        other => other.as_array(),
    }
}

/// A value of an array; a `str` one without axes is a string.
pub fn wrap(array: Array) -> Value {
    match &array {
        Array::Tensor(tensor) if tensor.dtype() == DType::Str && tensor.ndim() == 0 => {
            Value::str(tensor.text(0).map_or("", |text| &**text))
        }
        _ => Value::Array(array),
    }
}

/// The operation of an operator; `@` is a contraction of its own.
fn binary_op(op: BinaryOp) -> Option<&'static Op> {
    Some(match op {
        BinaryOp::Add => &ops::ADD,
        BinaryOp::Sub => &ops::SUB,
        BinaryOp::Mul => &ops::MUL,
        BinaryOp::Div => &ops::DIV,
        BinaryOp::FloorDiv => &ops::FLOOR_DIV,
        BinaryOp::Rem => &ops::REM,
        BinaryOp::Pow => &ops::POW,
        BinaryOp::BitAnd => &ops::BIT_AND,
        BinaryOp::BitOr => &ops::BIT_OR,
        BinaryOp::BitXor => &ops::BIT_XOR,
        BinaryOp::Shl => &ops::SHL,
        BinaryOp::Shr => &ops::SHR,
        BinaryOp::And => &ops::LOGICAL_AND,
        BinaryOp::Or => &ops::LOGICAL_OR,
        BinaryOp::At | BinaryOp::Pipe => return None,
    })
}

fn compare_op(op: CompareOp) -> &'static Op {
    match op {
        CompareOp::Eq | CompareOp::In => &ops::EQ,
        CompareOp::Ne | CompareOp::NotIn => &ops::NE,
        CompareOp::Lt => &ops::LT,
        CompareOp::Le => &ops::LE,
        CompareOp::Gt => &ops::GT,
        CompareOp::Ge => &ops::GE,
    }
}

pub(super) fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Pipe => "|>",
        BinaryOp::Or => "or",
        BinaryOp::And => "and",
        BinaryOp::BitOr => "|",
        BinaryOp::BitXor => "^",
        BinaryOp::BitAnd => "&",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::FloorDiv => "//",
        BinaryOp::Rem => "%",
        BinaryOp::At => "@",
        BinaryOp::Pow => "**",
    }
}
