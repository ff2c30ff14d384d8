//! The entry of an operation: what every engine and every mode needs to know of it, in one place.
//!
//! Rules are written with operations of the table, through `apply`: so they nest, fuse, batch, trace and run anywhere. A
//! rule must never look at the elements of a value.

use super::{Abstract, Op, Outputs, Refusal, Types};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::gpu::{self, Gpu, View};
use crate::tensor::{Array, DType, ElementType, Layout};
use smallvec::SmallVec;
use std::fmt;

/// One operation as the table knows it.
pub struct Entry {
    /// Unique in the table.
    pub name: &'static str,
    /// How messages write it: `+`, `sqrt`.
    pub symbol: &'static str,
    pub arity: Arity,
    pub rule: Rule,
    pub kernel: Kernel,
    /// What it is on weak integers, where that differs from `i64` in a tensor.
    pub exact: Option<Exact>,
    /// Integers that it does not take on the right.
    pub guard: Option<&'static Guard>,
    /// How its results move with its inputs.
    pub derivative: Derivative,
    /// What it does about results that do not depend on the inputs that it is linear in, where it has such.
    pub split: Option<SplitRule>,
    /// The cotangents of inputs that it is linear in.
    pub transpose: Option<TransposeRule>,
    /// The cotangent of the first input, added to what has come for it already: for operations that read a part of it.
    /// Only an operation with one result whose other inputs are known has it.
    pub accumulate: Option<AccumulateRule>,
    pub batch: Batch,
    pub gpu: OnGpu,
}

/// Values of the right operand that are refused when an operation computes in integers.
pub struct Guard {
    pub refuses: cpu::Refuses,
    pub message: &'static str,
    pub help: &'static str,
}

impl Guard {
    /// Holds of a right operand `b` that is refused, as an expression for a graphics card.
    pub fn wgsl(&self) -> &'static str {
        match self.refuses {
            cpu::Refuses::Zero => "b == 0",
            cpu::Refuses::Negative => "b < 0",
        }
    }
}

impl Entry {
    /// An operation with a rule and a kernel of its own.
    pub const fn whole(
        name: &'static str,
        symbol: &'static str,
        arity: Arity,
        rule: WholeRule,
        kernel: WholeKernel,
    ) -> Entry {
        Entry::of(name, symbol, arity, Rule::Whole(rule), Kernel::Whole(kernel))
    }

    /// A kernel of its own that gives its first input with other elements in some places.
    pub const fn update(
        name: &'static str,
        symbol: &'static str,
        arity: Arity,
        rule: WholeRule,
        kernel: WholeKernel,
    ) -> Entry {
        Entry::of(name, symbol, arity, Rule::Whole(rule), Kernel::Update(kernel))
    }

    /// An operation that looks at the same elements in another way.
    pub const fn look(name: &'static str, symbol: &'static str, rule: WholeRule, kernel: LayoutRule) -> Entry {
        Entry::of(name, symbol, Arity::Exactly(1), Rule::Whole(rule), Kernel::Look(kernel))
    }

    pub const fn of(name: &'static str, symbol: &'static str, arity: Arity, rule: Rule, kernel: Kernel) -> Entry {
        let gpu = if matches!(kernel, Kernel::Look(_)) { OnGpu::Look } else { OnGpu::Missing };
        Entry {
            name,
            symbol,
            arity,
            rule,
            kernel,
            exact: None,
            guard: None,
            derivative: Derivative::Missing,
            split: None,
            transpose: None,
            accumulate: None,
            batch: Batch::Missing,
            gpu,
        }
    }

    pub const fn on_gpu(self, kernel: GpuKernel) -> Entry {
        Entry { gpu: OnGpu::Whole(kernel), ..self }
    }

    pub const fn product_on_gpu(self, kernel: ProductKernel) -> Entry {
        Entry { gpu: OnGpu::Product(kernel), ..self }
    }

    pub const fn reduced_on_gpu(self, how: gpu::Reduction) -> Entry {
        Entry { gpu: OnGpu::Reduce(how), ..self }
    }

    pub const fn chosen_on_gpu(self, kernel: ChosenKernel) -> Entry {
        Entry { gpu: OnGpu::Chosen(kernel), ..self }
    }

    pub const fn derivative(self, derivative: Derivative) -> Entry {
        Entry { derivative, ..self }
    }

    pub const fn transposed(self, rule: TransposeRule) -> Entry {
        Entry { transpose: Some(rule), ..self }
    }

    pub const fn accumulated(self, rule: AccumulateRule) -> Entry {
        Entry { accumulate: Some(rule), ..self }
    }

    pub const fn batched(self, rule: BatchRule) -> Entry {
        Entry { batch: Batch::Whole(rule), ..self }
    }
}

/// How many inputs an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    Exactly(usize),
    AtLeast(usize),
}

/// What the result is, from what the inputs are, without their values.
pub enum Rule {
    /// Inputs broadcast; the types follow from their types.
    Elementwise(fn(&[ElementType]) -> Result<Types, Refusal>),
    Whole(WholeRule),
    /// Of several results.
    Many(ManyRule),
    /// The shape depends on the values: there is no telling before.
    Open,
}

pub type ManyRule = fn(&Op, &[Abstract]) -> Result<SmallVec<[Abstract; 1]>>;
pub type WholeRule = fn(&Op, &[Abstract]) -> Result<Abstract>;
pub type LayoutRule = fn(&Op, &Layout) -> Layout;
pub type WholeKernel = fn(&mut Context, &Op, &mut [Array], Abstract) -> Result<Array>;
pub type ManyKernel = fn(&mut Context, &Op, &mut [Array]) -> Result<Outputs>;

/// How the CPU computes it.
pub enum Kernel {
    /// Loops over elements of the dtype it computes in.
    Unary(fn(DType) -> Option<&'static cpu::Unary>),
    Binary(fn(DType) -> Option<&'static cpu::Binary>),
    /// Makes the whole result. It may take inputs out (`mem::take`) once it cannot fail any more. The memory of the
    /// result, as the rule describes it, has been checked.
    Whole(WholeKernel),
    /// As `Whole`, written on the buffer of the first input; where somebody else holds it, on a copy.
    Update(WholeKernel),
    /// Reduces its input along axes; what waits is reduced as it is made.
    Reduce(cpu::reduce::Reduction),
    /// Looks at the elements of its first input where they are.
    Look(LayoutRule),
    /// As `Whole`, of several results.
    Many(ManyKernel),
    /// Makes several results of other operations, which check the memory and know where they run.
    Composed(ManyKernel),
    /// As `Whole`, where there is no rule; it checks types and memory by itself.
    Open(fn(&mut Context, &Op, &mut [Array]) -> Result<Array>),
}

/// How a graphics card computes it.
pub enum OnGpu {
    /// Element by element.
    Wgsl(Wgsl),
    /// Element by element, to another dtype.
    Convert,
    /// Looks at the elements where they are, as on the CPU.
    Look,
    /// A product of `f32` or `i32`, which waits for what is element-wise behind it.
    Product(ProductKernel),
    /// A reduction, which takes in what waits.
    Reduce(gpu::Reduction),
    /// The kernel may write on a view that nobody else holds.
    Whole(GpuKernel),
    /// The last input is a mask. How often it holds is read back first, as the shape of the result depends on that.
    Chosen(ChosenKernel),
    Missing,
}

/// The result, as the rule describes it; none where it cannot be made of these.
pub type GpuKernel = fn(&Gpu, &Op, &[View], &Abstract, Mark) -> Result<Option<View>>;

/// The outputs of a program that reads the product as it is made, and has its shape.
pub type ProductKernel = fn(&Gpu, &Op, &[View], &gpu::Cluster) -> Result<Vec<View>>;

/// The result, from the numbers of the elements of the mask that hold, in row-major order.
pub type ChosenKernel = fn(&Gpu, &[View], &View) -> Result<View>;

/// Gives a number by which a fault that the kernel may find is known.
pub type Mark<'m> = &'m mut dyn FnMut() -> Result<u32>;

/// Expressions in the shading language over the operands `a`, `b`, `c`, by what they are.
pub struct Wgsl {
    /// `f32`, `i32`, or `u8` in 32 bits: where these have no text of their own.
    pub number: Option<&'static str>,
    pub float: Option<&'static str>,
    pub integer: Option<&'static str>,
    /// `u8`, where it is not as `i32`. Bits beyond eight of the result do not count.
    pub byte: Option<&'static str>,
    pub truth: Option<&'static str>,
}

impl Wgsl {
    pub const NONE: Wgsl = Wgsl { number: None, float: None, integer: None, byte: None, truth: None };

    /// The text for operands of this dtype.
    pub fn of(&self, dtype: DType) -> Option<&'static str> {
        match dtype {
            DType::F32 => self.float.or(self.number),
            DType::I32 => self.integer.or(self.number),
            DType::U8 => self.byte.or(self.integer).or(self.number),
            DType::Bool => self.truth,
            _ => None,
        }
    }
}

/// Arithmetic of weak integers: no result means that the loops refuse the operands, or that it does not fit `i64`. Unary
/// ops get their input twice.
pub type Exact = fn(i64, i64) -> Option<Array>;

/// How the results of an operation move with its inputs.
pub enum Derivative {
    /// They do not: whole numbers, truth values, steps.
    Flat,
    /// Element by element; a partial derivative for each input.
    Elementwise(&'static [Partial]),
    /// Linear in the first so many inputs together: tangents go the same way.
    Linear(usize),
    /// Linear in each of its inputs alone.
    Product,
    Whole(TangentRule),
    /// Its results come with their tangents: what makes the ones makes the others.
    Together(TogetherRule),
    /// Nobody has written it down.
    Missing,
}

/// A partial derivative of an element-wise operation.
#[derive(Clone, Copy)]
pub enum Partial {
    One,
    MinusOne,
    /// From the inputs and the result.
    Of(fn(&mut Context, &[Array], &Array) -> Result<Array>),
}

/// The tangents of the results, from those of the inputs; none is zero. Linear in the tangents, which it may only use as
/// operands of operations that have a transpose rule.
pub type TangentRule =
    fn(&mut Context, &Op, &[Array], &[Array], &[Option<Array>]) -> Result<SmallVec<[Option<Array>; 1]>>;

/// As `TangentRule`, of an operation whose results are not there yet: it gives both.
pub type TogetherRule = fn(&mut Context, &Op, &[Array], &[Option<Array>]) -> Result<(Outputs, Tangents)>;

/// How results move; none does not.
pub type Tangents = SmallVec<[Option<Array>; 1]>;

/// An input of a linear operation.
pub enum Term {
    /// It is linear in this one.
    Linear(Abstract),
    Known(Array),
}

impl Term {
    pub fn aval(&self) -> Abstract {
        match self {
            Term::Linear(aval) => aval.clone(),
            Term::Known(array) => array.aval(),
        }
    }

    pub fn is_linear(&self) -> bool {
        matches!(self, Term::Linear(_))
    }
}

/// The results, by operations all of whose results are linear where they depend on a linear input at all; the mask says
/// which inputs are. None where that is so of the operation itself.
pub type SplitRule = fn(&mut Context, &Op, &[Array], &[bool]) -> Result<Option<Outputs>>;

/// The cotangents of the inputs, from those of the results; none is zero. Those of known inputs do not count.
pub type TransposeRule = fn(&mut Context, &Op, &[Term], &[Option<Array>]) -> Result<SmallVec<[Option<Array>; 2]>>;

/// The same for the first input alone, added to a sum: in its place where nobody else holds it.
pub type AccumulateRule = fn(&mut Context, &Op, &[Term], ct: &Array, sum: Array) -> Result<Array>;

/// How an operation runs on all rows of a batch at once.
pub enum Batch {
    /// Element by element: axes are matched, and that is all.
    Elementwise,
    Whole(BatchRule),
    Missing,
}

/// The inputs with the rows of the batch along their first axis, where the mask says so; the length of the batch. The
/// results have the rows along their first axis.
pub type BatchRule = fn(&mut Context, &Op, &[Array], &[bool], usize) -> Result<Outputs>;

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
