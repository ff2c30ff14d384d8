//! Which dtype an element-wise operation computes in and gives, from the dtypes of its operands.

use super::Entry;
use crate::diagnostics::{Error, Result};
use crate::tensor::shape::{self, Shape};
use crate::tensor::{DType, ElementType, promote};

/// The types of an element-wise operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Types {
    /// Operands are converted to it first.
    pub compute: DType,
    pub out: DType,
    /// The result is a weak scalar: so were all operands.
    pub weak: bool,
}

/// An operation does not take operands of these types; with an advice for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(pub &'static str);

const NO_TEXT: Refusal = Refusal("text is no number: `f64(x)` reads numbers from text");
const MIXED: Refusal = Refusal("text and numbers do not mix: `str(x)` makes text of numbers, `f64(x)` numbers of text");

type Ruling = Result<Types, Refusal>;

#[inline]
fn common(operands: &[ElementType]) -> Result<ElementType, Refusal> {
    match operands {
        [one] => Ok(*one),
        [left, right] if left == right => Ok(*left),
        _ => promote(operands).ok_or(MIXED),
    }
}

fn numeric(operands: &[ElementType]) -> Result<ElementType, Refusal> {
    match common(operands)? {
        ElementType { dtype: DType::Str, .. } => Err(NO_TEXT),
        found => Ok(found),
    }
}

fn closed(ElementType { dtype, weak }: ElementType) -> Ruling {
    Ok(Types { compute: dtype, out: dtype, weak })
}

/// `true + true` of weak scalars is 2; of tensors it is `or`.
fn counted(found: ElementType) -> ElementType {
    if found == ElementType::weak(DType::Bool) { ElementType::weak(DType::I64) } else { found }
}

/// `+`: numbers, truth values (or), text (joined).
pub fn add(operands: &[ElementType]) -> Ruling {
    closed(counted(common(operands)?))
}

/// `*`: numbers, truth values (and).
pub fn multiply(operands: &[ElementType]) -> Ruling {
    closed(counted(numeric(operands)?))
}

/// `-`: numbers only.
pub fn subtract(operands: &[ElementType]) -> Ruling {
    match counted(numeric(operands)?) {
        ElementType { dtype: DType::Bool, .. } => {
            Err(Refusal("for truth values write `^` (exclusive or), or convert them with `i64(x)`"))
        }
        found => closed(found),
    }
}

/// Negation and sign: numbers only.
pub fn signed(operands: &[ElementType]) -> Ruling {
    match counted(numeric(operands)?) {
        ElementType { dtype: DType::Bool, .. } => Err(Refusal("for truth values write `~` or `not`")),
        found => closed(found),
    }
}

/// `//`, `%`, `**` and squares: numbers; truth values count as `i64`.
pub fn counting(operands: &[ElementType]) -> Ruling {
    match numeric(operands)? {
        ElementType { dtype: DType::Bool, weak } => closed(ElementType { dtype: DType::I64, weak }),
        found => closed(found),
    }
}

/// Any number keeps its dtype.
pub fn any_number(operands: &[ElementType]) -> Ruling {
    closed(numeric(operands)?)
}

/// Functions of real numbers: all but floats go to `f64`.
pub fn real(operands: &[ElementType]) -> Ruling {
    let found = numeric(operands)?;
    closed(ElementType { dtype: found.dtype.to_float(), ..found })
}

/// `& | ^ ~`: integers and truth values.
pub fn bitwise(operands: &[ElementType]) -> Ruling {
    let found = numeric(operands)?;
    if found.dtype.is_float() {
        Err(Refusal("floats have no bits to work on: a power is `x ** 2`; `i64(x)` makes integers of floats"))
    } else {
        closed(found)
    }
}

/// `<< >>`: integers; truth values count as `i64`.
pub fn shift(operands: &[ElementType]) -> Ruling {
    bitwise(operands)?;
    counting(operands)
}

/// `and`, `or`, `not`.
pub fn logical(operands: &[ElementType]) -> Ruling {
    match common(operands)? {
        ElementType { dtype: DType::Bool, weak } => closed(ElementType { dtype: DType::Bool, weak }),
        _ => Err(Refusal("it takes truth values: compare with `!= 0`, or use `any` or `all`")),
    }
}

/// Comparisons: numbers with numbers, text with text.
pub fn compare(operands: &[ElementType]) -> Ruling {
    let ElementType { dtype, weak } = common(operands)?;
    Ok(Types { compute: dtype, out: DType::Bool, weak })
}

/// `isnan` and the like: numbers.
pub fn test(operands: &[ElementType]) -> Ruling {
    let ElementType { dtype, weak } = numeric(operands)?;
    Ok(Types { compute: dtype, out: DType::Bool, weak })
}

/// `where`: a truth value chooses between two values of a common type.
pub fn select(operands: &[ElementType]) -> Ruling {
    match operands {
        [ElementType { dtype: DType::Bool, weak }, choices @ ..] => {
            let found = common(choices)?;
            Ok(Types { compute: found.dtype, out: found.dtype, weak: found.weak && *weak })
        }
        _ => Err(Refusal("the condition must be truth values: compare with `!= 0`")),
    }
}

/// The error of an operation that does not take operands of these types.
#[cold]
pub fn refused(entry: &Entry, refusal: Refusal, names: Vec<String>) -> Error {
    let message = format!("`{}` does not take {}", entry.symbol, names.join(" and "));
    label(Error::ty(message), names).help(refusal.0)
}

/// Says of every operand what it is.
#[cold]
pub fn label(error: Error, names: Vec<String>) -> Error {
    names.into_iter().enumerate().fold(error, |error, (number, name)| error.operand(number, name))
}

/// The shape that all operands broadcast to.
pub fn broadcast_all(entry: &Entry, shapes: &[&[usize]], names: impl Fn() -> Vec<String>) -> Result<Shape> {
    let Some((first, rest)) = shapes.split_first() else { return Ok(Shape::new()) };
    let mut result = Shape::from_slice(first);
    for other in rest {
        result = shape::broadcast(&result, other).map_err(|mismatch| mismatched(entry, mismatch, names()))?;
    }
    Ok(result)
}

/// The error of operands whose shapes do not broadcast.
#[cold]
pub fn mismatched(entry: &Entry, at: shape::Mismatch, names: Vec<String>) -> Error {
    let axis = match at.axis {
        -1 => "the last axis".to_string(),
        axis => format!("axis {axis}"),
    };
    let message = format!(
        "cannot broadcast {} in `{}`: {axis} has lengths {} and {}",
        names.join(" with "),
        entry.symbol,
        at.left,
        at.right
    );
    label(Error::shape(message), names).help("axes are matched from the last; lengths must be equal or 1")
}
