//! Running a graph: its nodes in order, each through `apply`.
//!
//! What is done here is done at every call of a compiled function: nothing that could have been found out when the graph
//! was made belongs here. It must never look at elements.

use super::{Graph, Operand};
use crate::context::Context;
use crate::cpu;
use crate::diagnostics::Result;
use crate::ops::apply_all;
use crate::tensor::Array;
use smallvec::SmallVec;

impl Graph {
    /// Runs it. A value is let go when it was read for the last time.
    pub fn run(&self, cx: &mut Context, inputs: &[Array]) -> Result<Vec<Array>> {
        let mut values: Vec<SmallVec<[Option<Array>; 1]>> = Vec::with_capacity(self.nodes.len());
        let mut left = self.uses.clone();
        let mut read = |values: &mut [SmallVec<[Option<Array>; 1]>], operand: &Operand| match operand {
            Operand::Const(array) => Some(array.clone()),
            Operand::Input(number) => inputs.get(*number).cloned(),
            Operand::Node(number, result) => {
                let uses = left.get_mut(*number)?.get_mut(*result)?;
                *uses = uses.saturating_sub(1);
                let value = values.get_mut(*number)?.get_mut(*result)?;
                if *uses == 0 { value.take() } else { value.clone() }
            }
        };
        for node in &self.nodes {
            cx.check()?;
            let taken: Option<SmallVec<[Array; 3]>> =
                node.inputs.iter().map(|input| read(&mut values, input)).collect();
            let mut taken = taken.ok_or_else(cpu::mistyped)?;
            if node.place.is_some() {
                cx.modes.place.clone_from(&node.place);
            }
            let results = apply_all(cx, &node.op, &mut taken).map_err(|mut error| {
                if error.details().place.is_none() {
                    error.details_mut().operands.clear();
                    error.details_mut().place = node.place.clone();
                }
                error
            })?;
            values.push(results.into_iter().map(Some).collect());
        }
        self.outputs.iter().map(|output| read(&mut values, output).ok_or_else(cpu::mistyped)).collect()
    }
}
