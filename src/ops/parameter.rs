//! Parameters of random distributions: numbers that must lie in a domain.
//!
//! An operation, so that what a graph or a batch brings is looked at, too, when it is there. It must never change a value.

use super::cast::{place, show};
use super::{Abstract, Arity, Attrs, Derivative, Entry, Op, Partial, apply1, rows};
use crate::context::Context;
use crate::cpu;
use crate::cpu::sample::MOST;
use crate::diagnostics::{Error, Result};
use crate::tensor::{Array, DType, Tensor};
use std::mem;

/// The name of a parameter and where its values may lie. NaN lies nowhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub name: Box<str>,
    pub domain: Domain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Any.
    Number,
    /// Any along a last axis, at least one.
    Vector,
    /// From 0 on.
    NotNegative,
    /// The same without infinity.
    Finite,
    /// Above 0.
    Positive,
    /// The same without infinity.
    Shape,
    /// Such along a last axis, at least one.
    Shapes,
    /// Above 1.
    AboveOne,
    /// From 0 to 1.
    Probability,
    /// Above 0, to 1.
    Chance,
    /// From 0 on, below 1.
    BelowOne,
    /// Means of counts that fit `i64`.
    Mean,
    /// Integers from 0 on.
    Count,
    /// Integers from the first one to the second.
    Between(i64, i64),
    /// Along the last axis: probabilities whose sum is 1.
    Distribution,
}

/// How far from 1 the sum of probabilities may be: rounding of `f32` and of decimal fractions; NumPy's bound.
const SUM_TOLERANCE: f64 = 1.5e-8;
const SUM_TOLERANCE_SINGLE: f64 = 3.5e-4;

/// On a graphics card no values are looked at: what lies outside gives nan, or what the formulas make of it.
static PARAMETER: Entry = Entry::whole("parameter", "random", Arity::Exactly(1), rule, kernel)
    .derivative(Derivative::Elementwise(&[Partial::One]))
    .batched(|cx, op, inputs, _, _| match inputs {
        [x] => rows::one(cx, op, x),
        _ => Err(cpu::mistyped()),
    })
    .on_gpu(|_, _, views, _, _| Ok(views.first().cloned()));

pub(super) static TABLE: &[&Entry] = &[&PARAMETER];

/// `x`, all of which lies in the domain.
pub fn check(cx: &mut Context, x: Array, name: &str, domain: Domain) -> Result<Array> {
    let parameter = Parameter { name: name.into(), domain };
    apply1(cx, &Op { entry: &PARAMETER, attrs: Attrs::Parameter(parameter) }, x)
}

fn rule(op: &Op, inputs: &[Abstract]) -> Result<Abstract> {
    let (Attrs::Parameter(Parameter { name, domain }), [x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    let wanted = match (domain, x.dtype) {
        (Domain::Count | Domain::Between(..), DType::F32 | DType::F64 | DType::Str) => "whole numbers",
        (_, DType::Str) => "numbers",
        (Domain::Distribution, _) if x.shape.is_empty() => "an array of probabilities",
        (Domain::Vector | Domain::Shapes, _) if x.shape.is_empty() => "an array of numbers",
        (Domain::Distribution | Domain::Vector | Domain::Shapes, _) if x.shape.last() == Some(&0) => {
            let message = format!("`{name}` is empty: it has to hold a number at least");
            return Err(Error::value(message).operand(0, x.type_name()));
        }
        _ => return Ok(x.clone()),
    };
    Err(Error::ty(format!("`{name}` has to be {wanted}, this is {}", x.type_name())).operand(0, x.type_name()))
}

fn kernel(cx: &mut Context, op: &Op, inputs: &mut [Array], _: Abstract) -> Result<Array> {
    let (Attrs::Parameter(parameter), [x]) = (&op.attrs, inputs) else { return Err(cpu::mistyped()) };
    if matches!(parameter.domain, Domain::Number | Domain::Vector) {
        return Ok(mem::take(x));
    }
    let values = cpu::convert::convert_array(cx, x, DType::F64)?;
    if let Some(number) = values.walk::<f64>().ok_or_else(cpu::mistyped)?.position(|x| !parameter.domain.has(x)) {
        return Err(outside(parameter, x, number));
    }
    if parameter.domain == Domain::Distribution {
        check_sums(parameter, x, &values)?;
    }
    Ok(mem::take(x))
}

impl Domain {
    fn has(self, x: f64) -> bool {
        match self {
            Domain::Number | Domain::Vector => true,
            Domain::NotNegative | Domain::Count => x >= 0.0,
            Domain::Finite => (0.0..f64::INFINITY).contains(&x),
            Domain::Positive => x > 0.0,
            Domain::Shape | Domain::Shapes => x > 0.0 && x < f64::INFINITY,
            Domain::AboveOne => x > 1.0,
            Domain::Probability | Domain::Distribution => (0.0..=1.0).contains(&x),
            Domain::Chance => x > 0.0 && x <= 1.0,
            Domain::BelowOne => (0.0..1.0).contains(&x),
            Domain::Mean => (0.0..=MOST).contains(&x),
            Domain::Between(first, last) => x >= first as f64 && x <= last as f64,
        }
    }
}

#[cold]
fn outside(parameter: &Parameter, x: &Array, number: usize) -> Error {
    let wanted = match parameter.domain {
        Domain::Number | Domain::Vector => "be a number",
        Domain::NotNegative | Domain::Count => "be 0 or more",
        Domain::Finite => "be 0 or more, and finite",
        Domain::Positive => "be more than 0",
        Domain::Shape | Domain::Shapes => "be more than 0, and finite",
        Domain::AboveOne => "be more than 1",
        Domain::Probability | Domain::Distribution => "lie between 0 and 1",
        Domain::Chance => "be more than 0 and at most 1",
        Domain::BelowOne => "be 0 or more and less than 1",
        Domain::Mean => "be 0 or more, and so small that counts fit i64",
        Domain::Between(first, last) => &format!("lie between {first} and {last}"),
    };
    let value = x.to_tensor().and_then(|tensor| tensor.scalar(number)).map(show).unwrap_or_default();
    let message = format!("`{}` has to {wanted}, not {value}{}", parameter.name, place(number, x.shape()));
    Error::value(message).operand(0, x.type_name())
}

/// Errors unless all rows sum to 1.
fn check_sums(parameter: &Parameter, x: &Array, values: &Tensor) -> Result<()> {
    let tolerance = if x.dtype() == DType::F32 { SUM_TOLERANCE_SINGLE } else { SUM_TOLERANCE };
    let Some((&length, outer)) = x.shape().split_last() else { return Ok(()) };
    let all = values.to_vec::<f64>().ok_or_else(cpu::mistyped)?;
    for row in 0..outer.iter().product() {
        let sum: f64 = all[row * length..(row + 1) * length].iter().sum();
        if (sum - 1.0).abs() > tolerance {
            let message = format!("`{}` has to sum to 1, not {sum:?}{}", parameter.name, place(row, outer));
            return Err(Error::value(message).operand(0, x.type_name()).help("divide by the sum: `p / sum(p)`"));
        }
    }
    Ok(())
}
