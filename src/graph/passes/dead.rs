//! Nodes that nothing depends on are dropped: what nobody reads does not run, and so cannot fail.

use crate::graph::Operand;
use crate::graph::draft::Draft;
use crate::ops::Op;

pub fn run(draft: &mut Draft) {
    drop_dead(draft, Op::has_effect);
}

/// Keeps what the outputs depend on, and operations that have to run.
pub fn drop_dead(draft: &mut Draft, has_to_run: impl Fn(&Op) -> bool) {
    let mut live: Vec<bool> = draft.nodes.iter().map(|node| has_to_run(&node.op)).collect();
    let mark = |live: &mut Vec<bool>, operand: &Operand| {
        if let Operand::Node(number, _) = operand {
            live[*number] = true;
        }
    };
    draft.outputs.iter().for_each(|output| mark(&mut live, output));
    for (number, node) in draft.nodes.iter().enumerate().rev() {
        if live[number] {
            node.inputs.iter().for_each(|input| mark(&mut live, input));
        }
    }
    if live.iter().all(|&live| live) {
        return;
    }
    let mut renumbered = vec![0; live.len()];
    let mut kept = 0;
    for (number, &live) in live.iter().enumerate() {
        renumbered[number] = kept;
        kept += usize::from(live);
    }
    let mut alive = live.into_iter();
    draft.nodes.retain(|_| alive.next().unwrap_or(true));
    for operand in draft.nodes.iter_mut().flat_map(|node| &mut node.inputs).chain(&mut draft.outputs) {
        if let Operand::Node(number, _) = operand {
            *number = renumbered[*number];
        }
    }
}
