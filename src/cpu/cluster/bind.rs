//! How the inputs of a cluster lie, and a plan made ready for them.
//!
//! Only how they lie goes into a plan; where they are, and which numbers they hold, is looked up here at every run.

use super::plan::Plan;
use crate::cpu::copy::Turned;
use crate::cpu::mistyped;
use crate::cpu::slices::Slice;
use crate::diagnostics::Result;
use crate::isa::Isa;
use crate::tensor::{Array, ElementType, Scalar, Strides, shape, walk};
use smallvec::SmallVec;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where the elements of an input are.
pub(super) enum Input<'a> {
    /// A scalar, which takes the dtype of the operation that reads it.
    Number(Scalar),
    /// The same element of its own dtype everywhere.
    Same(Scalar),
    InOrder(Slice<'a>),
    /// The same row again and again.
    Row(Slice<'a>),
    /// A view that is read in tiles of its own, a whole part at a time.
    Turned(Slice<'a>, Box<Turned>),
    /// A view in another layout.
    Strided(Box<Strided<'a>>),
    /// In the buffer of this output, which was its own.
    Owned(usize),
}

pub(super) struct Strided<'a> {
    pub values: Slice<'a>,
    pub offset: usize,
    pub strides: Strides,
}

/// How an input lies: all that a plan must know of it besides its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    Number,
    Same,
    InOrder,
    Row,
    Turned,
    Strided,
    Owned(usize),
}

/// A plan with inputs. Threads share it.
pub(super) struct Bound<'a> {
    pub isa: Isa,
    pub shape: &'a [usize],
    pub plan: &'a Plan,
    pub inputs: &'a [Input<'a>],
    /// Set where an instruction met a dtype that it was not made for.
    pub failed: AtomicBool,
}

impl<'a> Input<'a> {
    /// How `input` is read as one of `shape`; by what has been found before it, `chunk` elements are run at a time. Only
    /// where it is run in `parts` from multiples of these on are views turned.
    fn of(input: &'a Array, shape: &[usize], parts: bool, chunk: &mut Option<usize>) -> Result<Input<'a>> {
        let Array::Tensor(tensor) = input else {
            return input.as_scalar().map(Input::Number).ok_or_else(mistyped);
        };
        let values = Slice::of(tensor.data()).ok_or_else(mistyped)?;
        if shape::same(tensor.shape(), shape) && tensor.is_contiguous() {
            let start = if tensor.size() == 0 { 0 } else { tensor.offset() };
            return values.part(start, tensor.size()).map(Input::InOrder).ok_or_else(mistyped);
        }
        let (offset, strides) = (tensor.offset(), walk::stretch(tensor.shape(), &tensor.strides(), shape));
        if strides.iter().all(|&step| step == 0)
            && let Some(scalar) = tensor.scalar(0)
        {
            return Ok(Input::Same(scalar));
        }
        if parts
            && let Some(turned) = values.turned(offset, shape, &strides)
            && chunk.is_none_or(|chunk| chunk == turned.chunk())
        {
            *chunk = Some(turned.chunk());
            return Ok(Input::Turned(values, Box::new(turned)));
        }
        if let Some((1, outer)) = strides.split_last()
            && outer.iter().all(|&step| step == 0)
            && let Some(row) = values.part(offset, shape.last().copied().unwrap_or(0))
        {
            return Ok(Input::Row(row));
        }
        Ok(Input::Strided(Box::new(Strided { values, offset, strides })))
    }

    pub fn lie(&self) -> Lie {
        match *self {
            Input::Number(_) => Lie::Number,
            Input::Same(_) => Lie::Same,
            Input::InOrder(_) => Lie::InOrder,
            Input::Row(_) => Lie::Row,
            Input::Turned(..) => Lie::Turned,
            Input::Strided(_) => Lie::Strided,
            Input::Owned(output) => Lie::Owned(output),
        }
    }
}

/// All inputs of a cluster.
pub(super) type Inputs<'a> = SmallVec<[Input<'a>; 4]>;

/// How all inputs are read, put into `found`; and how many elements a part must have, if it matters. `owns` says of every
/// input whether its buffer has become that of an output.
pub(super) fn inputs<'a>(
    found: &mut Inputs<'a>,
    inputs: &'a [Array],
    owns: &[Option<usize>],
    shape: &[usize],
    parts: bool,
) -> Result<Option<usize>> {
    let mut chunk = None;
    for (input, own) in inputs.iter().zip(owns) {
        found.push(match *own {
            Some(output) => Input::Owned(output),
            None => Input::of(input, shape, parts, &mut chunk)?,
        });
    }
    Ok(chunk)
}

impl Lie {
    /// A word that says how an input of this type lies.
    pub fn word(self, of: ElementType) -> usize {
        let lie = match self {
            Lie::Number => 0,
            Lie::Same => 1,
            Lie::InOrder => 2,
            Lie::Row => 3,
            Lie::Turned => 4,
            Lie::Strided => 5,
            Lie::Owned(output) => 6 + output,
        };
        lie << 8 | usize::from(of.weak) << 7 | of.dtype as usize
    }
}

impl<'a> Bound<'a> {
    pub fn new(isa: Isa, plan: &'a Plan, inputs: &'a [Input<'a>], shape: &'a [usize]) -> Bound<'a> {
        Bound { isa, shape, plan, inputs, failed: AtomicBool::new(false) }
    }

    pub fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    /// An error if an instruction failed.
    pub fn done(&self) -> Result<()> {
        if self.failed.load(Ordering::Relaxed) { Err(mistyped()) } else { Ok(()) }
    }

    /// The elements of an input that lies in order, as many as there are.
    #[inline]
    pub fn in_order(&self, input: usize, start: usize, count: usize) -> Option<Slice<'a>> {
        match self.inputs.get(input)? {
            Input::InOrder(values) => values.part(start, count),
            _ => None,
        }
    }

    /// Says that these elements are wanted next: those of inputs that lie in order.
    #[inline]
    pub fn ask(&self, start: usize, count: usize) {
        for &leaf in &self.plan.leaves {
            if let Some(next) = self.in_order(leaf, start, count) {
                next.prefetch();
            }
        }
    }

    /// The number that an input is everywhere.
    pub fn number(&self, input: usize) -> Option<Scalar> {
        match *self.inputs.get(input)? {
            Input::Number(scalar) | Input::Same(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The inputs that are turned, in order.
    pub fn turned(&self) -> impl Iterator<Item = (Slice<'a>, &'a Turned)> {
        self.inputs.iter().filter_map(|input| match input {
            Input::Turned(values, turned) => Some((*values, &**turned)),
            _ => None,
        })
    }
}
