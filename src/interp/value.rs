//! What a variable can hold.
//!
//! A value is 16 bytes and immutable to all who share it: copying is a reference count, changing copies first unless
//! nobody else holds it. Scalars are unboxed. Nothing here runs code.

use super::derived::Derived;
use super::function::Function;
use super::module::Module;
use crate::builtins::Builtin;
use crate::diagnostics::Error;
use crate::tensor::{Array, DType, Device, Scalar};
use crate::transform;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use std::mem::ManuallyDrop;
use std::rc::Rc;

#[derive(Clone, Default)]
pub enum Value {
    Array(Array),
    None,
    /// A slot without a value yet, or one whose value was moved out. No program can hold it.
    #[default]
    Undefined,
    Str(Rc<String>),
    Tuple(Rc<Tuple>),
    Record(Rc<Record>),
    Range(Rc<Range>),
    Function(Rc<Function>),
    Derived(Rc<Derived>),
    Builtin(&'static Builtin),
    Device(Device),
    DType(DType),
    Module(Rc<Module>),
}

const _: () = assert!(size_of::<Value>() == 16);

const INT_TAG: u8 = tag_of(Value::Array(Array::Int(0)));
const FLOAT_TAG: u8 = tag_of(Value::Array(Array::Float(0.0)));

/// Reading an uninitialised byte does not compile, and `None` has no other byte than its tag.
const TAG_IS_FIRST: u8 = tag_of(Value::None);
const _: () = assert!(TAG_IS_FIRST != INT_TAG && INT_TAG != FLOAT_TAG);

/// A bit for the tag of every variant without heap that registers hold often.
const PLAIN_TAGS: u64 = 1 << tag_of(Value::None)
    | 1 << tag_of(Value::Undefined)
    | 1 << tag_of(Value::Array(Array::Bool(false)))
    | 1 << INT_TAG
    | 1 << FLOAT_TAG
    | 1 << tag_of(Value::Array(Array::Scalar(Scalar::Bool(false))))
    | 1 << tag_of(Value::Array(Array::Scalar(Scalar::U8(0))))
    | 1 << tag_of(Value::Array(Array::Scalar(Scalar::I32(0))))
    | 1 << tag_of(Value::Array(Array::Scalar(Scalar::I64(0))))
    | 1 << tag_of(Value::Array(Array::Scalar(Scalar::F32(0.0))))
    | 1 << tag_of(Value::Array(Array::Scalar(Scalar::F64(0.0))));

const fn tag_of(value: Value) -> u8 {
    let value = ManuallyDrop::new(value);
    // SAFETY: a `ManuallyDrop` has the layout of what it holds; the read fails to compile if the byte is not the tag.
    unsafe { *std::ptr::from_ref(&value).cast::<u8>() }
}

/// `start..end`: half-open, kept lazy so that a loop over it costs no memory. Everywhere else it is the `i64` tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub start: i64,
    pub end: i64,
}

impl Range {
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }
    pub fn len(self) -> usize {
        if self.end <= self.start { 0 } else { usize::try_from(self.end.abs_diff(self.start)).unwrap_or(usize::MAX) }
    }
    pub fn get(self, index: i64) -> Option<i64> {
        let value = if index >= 0 { self.start.checked_add(index)? } else { self.end.checked_add(index)? };
        (self.start <= value && value < self.end).then_some(value)
    }
}

#[derive(Clone, Default)]
pub struct Tuple(pub Vec<Value>);

pub type Fields = IndexMap<Rc<str>, Value, FxBuildHasher>;

#[derive(Clone, Default)]
pub struct Record(pub Fields);

impl Tuple {
    pub fn take(mut self) -> Vec<Value> {
        std::mem::take(&mut self.0)
    }
}

impl Record {
    pub fn take(mut self) -> Fields {
        std::mem::take(&mut self.0)
    }
}

// Dropping a list of lists of lists... must not recurse: its depth is up to the program.
impl Drop for Tuple {
    fn drop(&mut self) {
        drop_flat(self.0.drain(..));
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        drop_flat(self.0.drain(..).map(|(_, value)| value));
    }
}

/// Drops values level by level, on a worklist instead of the stack.
pub(super) fn drop_flat(values: impl Iterator<Item = Value>) {
    let mut work: Vec<Value> = values.filter(Value::has_children).collect();
    while let Some(value) = work.pop() {
        match value {
            Value::Tuple(rc) => {
                if let Ok(mut tuple) = Rc::try_unwrap(rc) {
                    work.extend(tuple.0.drain(..).filter(Value::has_children));
                }
            }
            Value::Record(rc) => {
                if let Ok(mut record) = Rc::try_unwrap(rc) {
                    work.extend(record.0.drain(..).map(|(_, value)| value).filter(Value::has_children));
                }
            }
            Value::Function(rc) => {
                if let Ok(mut function) = Rc::try_unwrap(rc) {
                    work.extend(function.take_captures().into_iter().filter(Value::has_children));
                }
            }
            Value::Derived(rc) => {
                if let Ok(derived) = Rc::try_unwrap(rc) {
                    work.extend(derived.take_values().into_iter().filter(Value::has_children));
                }
            }
            _ => {}
        }
    }
}

impl Value {
    pub fn bool(value: bool) -> Value {
        Value::Array(Array::Bool(value))
    }
    pub fn int(value: i64) -> Value {
        Value::Array(Array::Int(value))
    }
    pub fn float(value: f64) -> Value {
        Value::Array(Array::Float(value))
    }
    pub fn str(text: impl Into<String>) -> Value {
        Value::Str(Rc::new(text.into()))
    }
    pub fn tuple(items: Vec<Value>) -> Value {
        Value::Tuple(Rc::new(Tuple(items)))
    }
    pub fn record(fields: Fields) -> Value {
        Value::Record(Rc::new(Record(fields)))
    }
    pub fn range(start: i64, end: i64) -> Value {
        Value::Range(Rc::new(Range { start, end }))
    }

    /// The byte that tells the variants apart.
    #[inline(always)]
    const fn tag(&self) -> u8 {
        // SAFETY: `TAG_IS_FIRST` shows that the first byte is initialised in every variant, as it is the tag.
        unsafe { *std::ptr::from_ref(self).cast::<u8>() }
    }

    /// Is there nothing on the heap to release when it goes?
    #[inline(always)]
    pub fn is_plain(&self) -> bool {
        PLAIN_TAGS >> self.tag() & 1 == 1
    }

    /// A weak whole number. The tag alone is looked at, which spares the machine's loop the two steps of a nested match.
    #[inline(always)]
    pub fn weak_int(&self) -> Option<i64> {
        if self.tag() != INT_TAG {
            return None;
        }
        if let Value::Array(Array::Int(value)) = self { Some(*value) } else { None }
    }

    /// A weak float.
    #[inline(always)]
    pub fn weak_float(&self) -> Option<f64> {
        if self.tag() != FLOAT_TAG {
            return None;
        }
        if let Value::Array(Array::Float(value)) = self { Some(*value) } else { None }
    }

    fn has_children(&self) -> bool {
        matches!(self, Value::Tuple(_) | Value::Record(_) | Value::Function(_) | Value::Derived(_))
    }

    pub fn is_undefined(&self) -> bool {
        matches!(self, Value::Undefined)
    }

    /// Is it the very same value, as far as can be told without looking at elements?
    pub fn is_identical(&self, other: &Value) -> bool {
        identical(self, other, 0)
    }

    /// The error of whoever needs a number that it holds and that is not known yet; none if all are known. Numbers stand
    /// alone, in a tuple, or in a tuple among further arguments.
    pub fn unknown(&self) -> Option<Error> {
        self.unknown_within(2)
    }

    fn unknown_within(&self, depth: usize) -> Option<Error> {
        match self {
            Value::Array(array) => transform::unknown(array),
            Value::Tuple(items) if depth > 0 => items.0.iter().find_map(|item| item.unknown_within(depth - 1)),
            _ => None,
        }
    }

    pub fn is_callable(&self) -> bool {
        matches!(self, Value::Function(_) | Value::Derived(_) | Value::Builtin(_) | Value::DType(_))
    }

    /// Numbers, alone or in a range: what an array operation takes.
    pub fn as_array(&self) -> Option<Array> {
        match self {
            Value::Array(array) => Some(array.clone()),
            Value::Range(range) => Some(Array::from_range(range.start, range.end)),
            _ => None,
        }
    }

    /// A whole number of any width.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Array(Array::Int(value)) => Some(*value),
            Value::Array(Array::Float(_) | Array::Bool(_)) => None,
            Value::Array(array) if array.ndim() == 0 && array.dtype().is_integer() => array.as_scalar()?.as_i64(),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// What `type(x)` shows: `f64[2, 3]`, `(i64, str)`, `fn(x)`.
    pub fn type_name(&self) -> String {
        let mut text = String::new();
        self.write_type(&mut text, 0);
        text
    }

    fn write_type(&self, out: &mut String, depth: usize) {
        if depth > MAX_SHOWN_DEPTH {
            out.push_str("...");
            return;
        }
        match self {
            Value::Array(array) => out.push_str(&array.type_name()),
            Value::Range(range) => out.push_str(&format!("i64[{}]", range.len())),
            Value::None => out.push_str("none"),
            Value::Undefined => out.push_str("undefined"),
            Value::Str(_) => out.push_str("str"),
            Value::Function(function) => out.push_str(&function.signature()),
            Value::Derived(derived) => match derived.parameter() {
                Some(name) => out.push_str(&format!("fn({name})")),
                None => derived.of.write_type(out, depth + 1),
            },
            Value::Builtin(builtin) => out.push_str(&format!("fn({})", builtin.parameters())),
            Value::Device(_) => out.push_str("device"),
            Value::DType(_) => out.push_str("dtype"),
            Value::Module(_) => out.push_str("module"),
            Value::Tuple(tuple) => {
                out.push('(');
                for (i, item) in tuple.0.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    if i >= MAX_SHOWN_ITEMS || out.len() > MAX_SHOWN_TEXT {
                        out.push_str("...");
                        break;
                    }
                    item.write_type(out, depth + 1);
                }
                if tuple.0.len() == 1 {
                    out.push(',');
                }
                out.push(')');
            }
            Value::Record(record) => {
                out.push('(');
                for (i, (name, value)) in record.0.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    if i >= MAX_SHOWN_ITEMS || out.len() > MAX_SHOWN_TEXT {
                        out.push_str("...");
                        break;
                    }
                    out.push_str(name);
                    out.push_str(": ");
                    value.write_type(out, depth + 1);
                }
                out.push(')');
            }
        }
    }

    /// The word for it in messages: `tuple`, `function`; the type for arrays.
    pub fn describe(&self) -> String {
        match self {
            Value::Tuple(_) => "a tuple".into(),
            Value::Record(_) => "a record".into(),
            Value::Function(_) | Value::Derived(_) | Value::Builtin(_) => "a function".into(),
            Value::Str(_) => "a string".into(),
            Value::None => "none".into(),
            Value::Device(_) => "a device".into(),
            Value::DType(_) => "a dtype".into(),
            Value::Module(_) => "a module".into(),
            _ => self.type_name(),
        }
    }
}

/// Functions that captured functions are looked into this deep.
const MAX_CAPTURES: usize = 16;

fn identical(x: &Value, y: &Value, depth: usize) -> bool {
    match (x, y) {
        (Value::Array(x), Value::Array(y)) => x.is_identical(y),
        (Value::None, Value::None) | (Value::Undefined, Value::Undefined) => true,
        (Value::Str(x), Value::Str(y)) => x == y,
        (Value::Range(x), Value::Range(y)) => x == y,
        (Value::Device(x), Value::Device(y)) => x == y,
        (Value::DType(x), Value::DType(y)) => x == y,
        (Value::Builtin(x), Value::Builtin(y)) => std::ptr::eq(*x, *y),
        (Value::Tuple(x), Value::Tuple(y)) => Rc::ptr_eq(x, y),
        (Value::Record(x), Value::Record(y)) => Rc::ptr_eq(x, y),
        (Value::Derived(x), Value::Derived(y)) => Rc::ptr_eq(x, y),
        (Value::Module(x), Value::Module(y)) => Rc::ptr_eq(x, y),
        (Value::Function(x), Value::Function(y)) => {
            let captures = || x.env.captures.iter().zip(&y.env.captures);
            Rc::ptr_eq(x, y)
                || Rc::ptr_eq(&x.code, &y.code)
                    && (Rc::ptr_eq(&x.env, &y.env)
                        || depth < MAX_CAPTURES
                            && x.env.captures.len() == y.env.captures.len()
                            && captures().all(|(x, y)| identical(x, y, depth + 1)))
        }
        _ => false,
    }
}

/// Structures nested deeper, or with more items, or of a longer text in bytes, are shortened in a type.
const MAX_SHOWN_DEPTH: usize = 64;
const MAX_SHOWN_ITEMS: usize = 1000;
const MAX_SHOWN_TEXT: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::{Scalar, Tensor};
    use crate::{Session, Source};
    use std::sync::Arc;

    struct Nowhere;

    impl crate::session::Output for Nowhere {
        fn text(&mut self, _: &str) -> std::io::Result<()> {
            Ok(())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A value of every variant, numbers with the bits of every tag among them.
    fn every_variant() -> Vec<Value> {
        let mut session = Session::new(Box::new(Nowhere));
        assert!(session.eval(Arc::new(Source::new("<test>", "fn f(x) = x"))).is_ok());
        let mut values = vec![
            Value::bool(false),
            Value::bool(true),
            Value::Array(Array::Tensor(Tensor::from_vec(vec![1i64, 2], &[2]))),
            Value::None,
            Value::Undefined,
            Value::str("text"),
            Value::tuple(vec![Value::int(1)]),
            Value::record(Fields::default()),
            Value::range(0, 3),
            session.get("f").unwrap_or_default(),
            crate::builtins::find("sum").map(Value::Builtin).unwrap_or_default(),
            Value::Device(Device::Cpu),
            Value::DType(DType::F64),
            Value::Module(Rc::new(Module::new("m".into()))),
        ];
        for bits in (0..=u64::from(u8::MAX)).chain([u64::MAX, 1 << 63]) {
            let (int, float) = (bits as i64, f64::from_bits(bits));
            values.extend([Value::int(int), Value::float(float)]);
            values.extend([Scalar::I64(int), Scalar::F64(float)].map(|scalar| Value::Array(Array::Scalar(scalar))));
        }
        values
    }

    #[test]
    fn tags_tell_weak_numbers_from_all_else() {
        let values = every_variant();
        assert!(values.iter().any(|value| matches!(value, Value::Function(_))));
        assert!(values.iter().any(|value| matches!(value, Value::Builtin(_))));
        for value in &values {
            let int = if let Value::Array(Array::Int(int)) = value { Some(*int) } else { None };
            let float = if let Value::Array(Array::Float(float)) = value { Some(float.to_bits()) } else { None };
            assert_eq!(value.weak_int(), int, "{}", value.type_name());
            assert_eq!(value.weak_float().map(f64::to_bits), float, "{}", value.type_name());
        }
    }
}
