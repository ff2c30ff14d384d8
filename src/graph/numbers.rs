//! Graphs that compute with single numbers alone: what a loop runs a hundred thousand times must cost nanoseconds.
//!
//! Their values lie in words that are used again from turn to turn. Where an operation has no result to give, as for
//! integers that overflow, the whole turn is left to the graph, which knows the error.

use super::{Graph, Node, Operand};
use crate::cpu::numbers::{self, Code};
use crate::ops::cast::CAST;
use crate::ops::{Attrs, Kernel, Op, Rule};
use crate::tensor::{Abstract, Array, DType, ElementType, Scalar};
use crate::transform::cluster::is_select;
use smallvec::SmallVec;

pub(super) struct Numbers {
    code: Vec<Code>,
    /// The constants, and where they lie; how many words there are.
    constants: Vec<(usize, u64)>,
    words: usize,
    /// Where the outputs lie, and what they are.
    outputs: Vec<(usize, ElementType)>,
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} steps on numbers", self.code.len())
    }
}

impl Numbers {
    /// None where a value has axes, or an operation is more than one of numbers.
    pub fn of(graph: &Graph) -> Option<Numbers> {
        let is_number = |aval: &Abstract| aval.shape.is_empty() && aval.device.is_none() && aval.dtype != DType::Str;
        if !graph.inputs.iter().chain(graph.nodes.iter().flat_map(|node| &node.outs)).all(is_number) {
            return None;
        }
        let inputs = graph.inputs.iter().enumerate().map(|(at, aval)| (at, aval.element_type()));
        let mut assembly = Assembly {
            inputs: inputs.collect(),
            nodes: vec![],
            numbers: Numbers { code: vec![], constants: vec![], words: graph.inputs.len(), outputs: vec![] },
        };
        for node in &graph.nodes {
            assembly.add(node)?;
        }
        for (output, aval) in graph.outputs.iter().zip(&graph.results) {
            let (at, of) = assembly.read(output)?;
            if of != aval.element_type() {
                return None;
            }
            assembly.numbers.outputs.push((at, of));
        }
        Some(assembly.numbers)
    }

    /// Words to run on; the first are the inputs.
    pub fn words(&self) -> Vec<u64> {
        let mut words = vec![0; self.words];
        for &(at, word) in &self.constants {
            words[at] = word; // one of `words`, as it was made
        }
        words
    }

    /// Runs all steps; false where one of them has no result.
    #[inline]
    pub fn run(&self, words: &mut [u64]) -> bool {
        self.code.iter().all(|code| code(words))
    }

    /// The word of an output.
    #[inline]
    pub fn output(&self, words: &[u64], number: usize) -> u64 {
        self.outputs.get(number).and_then(|&(at, _)| words.get(at)).copied().unwrap_or(0)
    }

    /// Makes the first outputs, as many, the first inputs of the next turn.
    #[inline]
    pub fn carry(&self, words: &mut [u64], count: usize) {
        let carried: SmallVec<[u64; 8]> = (0..count).map(|number| self.output(words, number)).collect();
        words.iter_mut().zip(carried).for_each(|(to, from)| *to = from);
    }
}

/// The value that a word is.
pub(super) fn value(of: ElementType, word: u64) -> Option<Array> {
    let scalar = numbers::scalar(of.dtype, word)?;
    Some(if of.weak { Array::weaken(scalar) } else { Array::Scalar(scalar) })
}

/// The word of a value that is a number.
pub(super) fn word(array: &Array) -> Option<u64> {
    array.as_scalar().map(numbers::word)
}

struct Assembly {
    inputs: Vec<(usize, ElementType)>,
    nodes: Vec<(usize, ElementType)>,
    numbers: Numbers,
}

impl Assembly {
    fn place(&mut self) -> usize {
        self.numbers.words += 1;
        self.numbers.words - 1
    }

    fn constant(&mut self, scalar: Scalar) -> usize {
        let at = self.place();
        self.numbers.constants.push((at, numbers::word(scalar)));
        at
    }

    fn read(&mut self, operand: &Operand) -> Option<(usize, ElementType)> {
        match operand {
            Operand::Input(number) => self.inputs.get(*number).copied(),
            Operand::Node(number, 0) => self.nodes.get(*number).copied(),
            Operand::Node(..) => None,
            Operand::Const(array) => {
                let scalar = if array.ndim() == 0 { array.as_scalar()? } else { return None };
                Some((self.constant(scalar), array.element_type()))
            }
        }
    }

    /// A value in another dtype.
    fn converted(&mut self, (at, of): (usize, ElementType), to: DType) -> Option<usize> {
        if of.dtype == to {
            return Some(at);
        }
        let place = self.place();
        self.numbers.code.push(numbers::convert(of.dtype, to, at, place)?);
        Some(place)
    }

    fn add(&mut self, node: &Node) -> Option<()> {
        let [out] = node.outs.as_slice() else { return None };
        let operands: Option<SmallVec<[(usize, ElementType); 3]>> =
            node.inputs.iter().map(|input| self.read(input)).collect();
        let at = self.step(&node.op, &operands?, out.element_type())?;
        self.nodes.push((at, out.element_type()));
        Some(())
    }

    /// Where the result of an operation lies.
    fn step(&mut self, op: &Op, operands: &[(usize, ElementType)], out: ElementType) -> Option<usize> {
        match (&op.attrs, operands) {
            // a number without axes is one in every layout
            (_, &[(at, of)]) if matches!(op.entry.kernel, Kernel::Look(_)) && of.dtype == out.dtype => Some(at),
            (Attrs::Weak, &[(at, of)]) if of.dtype == out.dtype => Some(at),
            (Attrs::DType(to), &[value])
                if std::ptr::eq(op.entry, &CAST) && (to.is_float() || value.1.dtype == DType::Bool) =>
            {
                self.converted(value, *to)
            }
            (Attrs::None, operands) => self.elementwise(op, operands, out),
            _ => None,
        }
    }

    fn elementwise(&mut self, op: &Op, operands: &[(usize, ElementType)], out: ElementType) -> Option<usize> {
        let Rule::Elementwise(rule) = op.entry.rule else { return None };
        let kinds: SmallVec<[ElementType; 3]> = operands.iter().map(|(_, of)| *of).collect();
        let types = rule(&kinds).ok()?;
        let compute = types.compute;
        // numbers that were written out must fit the integers that they meet: who runs alone looks
        let is_narrow = matches!(compute, DType::U8 | DType::I32);
        if is_narrow && kinds.iter().any(|of| of.weak) {
            return None;
        }
        let is_choice = is_select(op.entry);
        let mut places: SmallVec<[usize; 3]> = SmallVec::new();
        for (number, &operand) in operands.iter().enumerate() {
            let wanted = if is_choice && number == 0 { DType::Bool } else { compute };
            places.push(self.converted(operand, wanted)?);
        }
        let to = self.place();
        let guarded = op.entry.guard.is_some() && compute.is_integer();
        let exact = op.entry.exact.filter(|_| types.weak && compute == DType::I64);
        let code = match (&op.entry.kernel, places.as_slice()) {
            _ if is_choice => numbers::select(<[usize; 3]>::try_from(places.as_slice()).ok()?, to),
            (Kernel::Unary(_), &[a]) if exact.is_some() => numbers::exact(whole(exact?), [a, a], to),
            (Kernel::Binary(_), &[a, b]) if exact.is_some() => numbers::exact(whole(exact?), [a, b], to),
            (Kernel::Unary(loops), &[a]) => numbers::unary(loops(compute)?, a, to),
            (Kernel::Binary(loops), &[a, b]) => {
                if guarded {
                    self.numbers.code.push(numbers::positive(compute, b));
                }
                numbers::binary(loops(compute)?, [a, b], to)?
            }
            _ => return None,
        };
        self.numbers.code.push(code);
        (types.out == out.dtype).then_some(to)
    }
}

/// An integer, where the result is one.
fn whole(exact: fn(i64, i64) -> Option<Array>) -> impl Fn(i64, i64) -> Option<i64> {
    move |a, b| match exact(a, b) {
        Some(Array::Int(result)) => Some(result),
        _ => None,
    }
}
