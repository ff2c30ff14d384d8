//! What `--graph-stats` says at the end of a run: the figures of every compiled function of the program.

use nabla::context::readable;
use nabla::graph::Figures;
use std::fmt::Write;

pub fn text(graphs: &[Figures]) -> String {
    let mut text = String::new();
    for graph in graphs {
        let name = if graph.name.is_empty() { "without a name" } else { &graph.name };
        // a `String` takes every write
        _ = writeln!(text, "graph {name}: {}, {}", counted(graph.calls, "call"), counted(graph.traces, "trace"));
        let hidden = graph.traces.saturating_sub(graph.last.len() as u64);
        if hidden > 0 {
            _ = writeln!(text, "  ... {} before", counted(hidden, "trace"));
        }
        for traced in &graph.last {
            _ = writeln!(
                text,
                "  {}: {}, {} when simplified",
                traced.reason,
                counted(traced.recorded as u64, "operation"),
                traced.nodes
            );
        }
        if graph.traces > 0 {
            _ = writeln!(text, "  last run: {}, {}", counted(graph.kernels, "kernel"), readable(graph.bytes));
        }
    }
    text
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
