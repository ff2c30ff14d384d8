//! A graph as text: a line for every operation, with what it is made of, its type and the line of the program that
//! made it. Graphs inside an operation stand below it, indented.
//!
//! It must never run anything: a graph is shown as it is.

use super::inner::inner;
use super::{Graph, Node, Operand};
use crate::diagnostics::error::Place;
use crate::diagnostics::line_column;
use crate::ops::contract::Dimensions;
use crate::ops::random::Distribution;
use crate::ops::slice::{Cut, Slice};
use crate::ops::{Arity, Attrs, Rule};
use crate::tensor::show::{PrintOptions, show};
use crate::tensor::{Abstract, Array, shape};
use std::fmt::Write;

/// Operations of one graph from which on those in the middle are left out, and how many are shown at its two ends.
const LONG: usize = 300;
const ENDS: [usize; 2] = [200, 50];
/// Columns that the widest operations may claim for all lines.
const WIDTH: usize = 48;
/// Constants of more elements are shown by their type.
const FEW: usize = 4;

/// What a value is, as a program may see it: `f64[3]`, `literal i64` for a number that takes the dtype of what it meets.
pub fn type_text(aval: &Abstract) -> String {
    if aval.weak { format!("literal {}", aval.type_name()) } else { aval.type_name() }
}

impl Graph {
    /// The text, with the names of the inputs and of the outputs; where there are too few, numbers stand for them. An
    /// input without a name is not worth a line.
    pub fn show(&self, name: &str, inputs: &[String], outputs: &[String]) -> String {
        let mut page = Page::default();
        let mut names = vec![];
        page.row(0, format!("graph {name}").trim_end().to_string(), String::new(), None);
        for (number, aval) in self.inputs.iter().enumerate() {
            let name = inputs.get(number).cloned().unwrap_or_else(|| format!("input{number}"));
            if !name.is_empty() {
                page.row(1, format!("input {name}"), type_text(aval), None);
            }
            names.push(name);
        }
        let found = page.graph(self, &names, 1);
        for (number, (found, aval)) in found.into_iter().zip(&self.results).enumerate() {
            let left = match outputs.get(number).map_or("", String::as_str) {
                "" => format!("output {found}"),
                name => format!("output {name} = {found}"),
            };
            page.row(1, left, type_text(aval), None);
        }
        page.text()
    }
}

/// Lines in three columns.
#[derive(Default)]
struct Page {
    rows: Vec<Row>,
    /// How many operations have a number, in all graphs.
    numbered: usize,
}

struct Row {
    left: String,
    what: String,
    place: Option<Place>,
}

impl Page {
    fn row(&mut self, depth: usize, left: String, what: String, place: Option<Place>) {
        self.rows.push(Row { left: "  ".repeat(depth) + &left, what, place });
    }

    /// The operations of a graph with inputs of these names; gives the names of its outputs.
    fn graph(&mut self, graph: &Graph, inputs: &[String], depth: usize) -> Vec<String> {
        let mut numbers = Vec::with_capacity(graph.nodes.len());
        let count = graph.nodes.len();
        let hidden = if count >= LONG { ENDS[0]..count - ENDS[1] } else { 0..0 };
        for (at, node) in graph.nodes.iter().enumerate() {
            let number = self.numbered;
            numbers.push(number);
            self.numbered += 1;
            if hidden.contains(&at) {
                if at == hidden.start {
                    self.row(depth, format!("... {} operations ...", hidden.len()), String::new(), None);
                }
                continue;
            }
            let operands: Vec<String> =
                node.inputs.iter().map(|input| name_of(graph, input, inputs, &numbers)).collect();
            let types: Vec<String> = node.outs.iter().map(type_text).collect();
            let what = if types.len() == 1 { types.concat() } else { format!("({})", types.join(", ")) };
            let left = format!("%{number} = {}", expression(graph, node, &operands));
            self.row(depth, left, what, node.place.clone());
            for part in inner(&node.op) {
                let given = part.inputs.and_then(|range| operands.get(range)).map(<[String]>::to_vec);
                let names = match given {
                    Some(names) => names,
                    None => (0..part.graph.inputs.len()).map(|input| format!("%{number}.{input}")).collect(),
                };
                let takes = match names.as_slice() {
                    _ if part.runs => String::new(),
                    names => format!(" of ({})", names.join(", ")),
                };
                self.row(depth + 1, format!("{}{takes}:", part.name), String::new(), None);
                let found = self.graph(part.graph, &names, depth + 2);
                self.row(depth + 2, format!("give {}", found.join(", ")), String::new(), None);
            }
        }
        graph.outputs.iter().map(|output| name_of(graph, output, inputs, &numbers)).collect()
    }

    fn text(&self) -> String {
        let widths = |width: fn(&Row) -> usize| {
            self.rows.iter().filter(|row| !row.what.is_empty()).map(width).filter(|&width| width <= WIDTH).max()
        };
        let first = widths(|row| row.left.chars().count()).unwrap_or(0);
        let second = widths(|row| row.what.chars().count()).unwrap_or(0);
        // lines are of the source that made most of the graph's beginning; of others the name is said
        let source = self.rows.iter().find_map(|row| row.place.as_ref()).map(|place| place.source.clone());
        let mut text = String::new();
        for row in &self.rows {
            // a `String` takes every write
            _ = match (&row.what, &row.place) {
                (what, _) if what.is_empty() => write!(text, "{}", row.left),
                (what, None) => write!(text, "{:first$}  {what}", row.left),
                (what, Some(place)) => {
                    let (line, _) = line_column(&place.source.text, place.span.start as usize);
                    let of = match &source {
                        Some(source) if source.name != place.source.name => format!("{}:", place.source.name),
                        _ => "line ".to_string(),
                    };
                    write!(text, "{:first$}  {what:second$}  # {of}{line}", row.left)
                }
            };
            text.push('\n');
        }
        text
    }
}

fn name_of(graph: &Graph, operand: &Operand, inputs: &[String], numbers: &[usize]) -> String {
    match operand {
        Operand::Input(number) => inputs.get(*number).cloned().unwrap_or_default(),
        Operand::Node(node, result) => match (graph.nodes.get(*node).map(|node| node.outs.len()), numbers.get(*node)) {
            (Some(1), Some(number)) => format!("%{number}"),
            (_, Some(number)) => format!("%{number}[{result}]"),
            _ => String::new(),
        },
        Operand::Const(array) => constant(array),
    }
}

/// A number as it is written, few numbers as they are, others by their type.
fn constant(array: &Array) -> String {
    let options = PrintOptions { oneline: true, ..PrintOptions::default() };
    match array {
        Array::Bool(true) => "true".into(),
        Array::Bool(false) => "false".into(),
        Array::Int(_) | Array::Float(_) => show(array, &options),
        Array::Scalar(_) => format!("{}({})", array.dtype(), show(array, &options)),
        Array::Tensor(tensor) if tensor.ndim() == 0 => {
            array.as_text().map_or_else(String::new, |text| format!("{:.40?}", &**text))
        }
        Array::Tensor(tensor) if tensor.size() <= FEW && tensor.ndim() > 0 => {
            format!("{}({})", array.dtype(), show(array, &options))
        }
        other => format!("<{}>", other.type_name()),
    }
}

/// An operation as a program writes it, as far as it can be written.
fn expression(graph: &Graph, node: &Node, operands: &[String]) -> String {
    let entry = node.op.entry;
    let call = |name: &str, more: Vec<String>| {
        let all: Vec<String> = operands.iter().cloned().chain(more).collect();
        format!("{name}({})", all.join(", "))
    };
    let axes = |axes: &[usize]| format!("axes={}", shape::text(axes));
    match (&node.op.attrs, operands) {
        (Attrs::None, [a, b]) if matches!(entry.rule, Rule::Elementwise(_)) && !is_word(entry.symbol) => {
            // of a power the sign would belong to the whole
            match entry.symbol == "**" && a.starts_with('-') {
                true => format!("({a}) {} {b}", entry.symbol),
                false => format!("{a} {} {b}", entry.symbol),
            }
        }
        (Attrs::None, [a]) if !is_word(entry.symbol) && entry.arity == Arity::Exactly(1) => {
            let gap = if entry.symbol.ends_with(char::is_alphabetic) { " " } else { "" };
            format!("{}{gap}{a}", entry.symbol)
        }
        (Attrs::None, _) => call(name(entry.name, entry.symbol), vec![]),
        (Attrs::DType(dtype), _) => call(dtype.name(), vec![]),
        (Attrs::Weak, _) => call("item", vec![]),
        (Attrs::Shape(to), _) => call(entry.symbol, vec![shape::text(to)]),
        (Attrs::Axis(axis), _) => call(name(entry.name, entry.symbol), vec![format!("axis={axis}")]),
        (Attrs::Axes(of), _) => call(name(entry.name, entry.symbol), vec![axes(of)]),
        (Attrs::Reduce { axes: of, keepdims }, _) => {
            let mut more = vec![axes(of)];
            more.extend(keepdims.then(|| "keepdims=true".to_string()));
            call(entry.symbol, more)
        }
        (Attrs::Slice(slice), [x]) => format!("{x}[{}]", cuts(slice, input_shape(graph, node, 0))),
        (Attrs::Slice(slice), [x, value]) => {
            format!("{x} with [{}] = {value}", cuts(slice, input_shape(graph, node, 0)))
        }
        (Attrs::Gather(gather), [x, arrays @ ..]) => {
            let shape = input_shape(graph, node, 0);
            let x = match gather.slice.is_all(shape) {
                true => x.clone(),
                false => format!("{x}[{}]", cuts(&gather.slice, shape)),
            };
            format!("{}({x}, {}, {})", entry.name, arrays.join(", "), axes(&gather.axes))
        }
        (Attrs::Contract(dimensions), [a, b]) => contraction(graph, node, dimensions, a, b),
        (Attrs::Draw(distribution, _), _) => match distribution {
            Distribution::Integers { low, range } => {
                format!("{}({low}, {})", entry.name, *range as i128 + *low as i128)
            }
            _ => format!("{}()", entry.name),
        },
        (Attrs::Parameter(parameter), _) => call("check", vec![parameter.name.to_string()]),
        (Attrs::Count(count), _) => call(entry.name, vec![count.to_string()]),
        (Attrs::Place(device, _), [x]) => format!("{x} @ {}", device.unwrap_or_default()),
        (Attrs::Spectrum(of), _) => call(entry.name, vec![format!("{of:?}").to_lowercase()]),
        (Attrs::Triangle(of), _) => call(entry.name, vec![format!("{of:?}").to_lowercase()]),
        (Attrs::Complete(complete), _) => call(entry.name, vec![format!("complete={complete}")]),
        (Attrs::Debug(name), _) => call(entry.name, vec![format!("{name:?}")]),
        (Attrs::Cond(_), [condition, ..]) => format!("if {condition}"),
        _ => call(name(entry.name, entry.symbol), vec![]),
    }
}

fn name(name: &'static str, symbol: &'static str) -> &'static str {
    if is_word(symbol) { symbol } else { name }
}

fn is_word(symbol: &str) -> bool {
    symbol.starts_with(|c: char| c.is_alphabetic())
        && symbol.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
        && !matches!(symbol, "and" | "or" | "not")
}

fn input_shape<'g>(graph: &'g Graph, node: &'g Node, number: usize) -> &'g [usize] {
    match node.inputs.get(number) {
        Some(operand) => graph.shape_of(operand),
        None => &[],
    }
}

/// A product as `a @ b` where it is one of matrices and vectors; else with the axes that belong together.
fn contraction(graph: &Graph, node: &Node, dimensions: &Dimensions, a: &str, b: &str) -> String {
    let (left, right) = (input_shape(graph, node, 0).len(), input_shape(graph, node, 1).len());
    let [batch, contract] = [&dimensions.batch, &dimensions.contract];
    let is_product = batch[0].is_empty()
        && (1..=2).contains(&right)
        && contract[0].as_slice() == [left.saturating_sub(1)]
        && contract[1].as_slice() == [right.saturating_sub(2)];
    if is_product {
        return format!("{a} @ {b}");
    }
    let pairs = |name: &str, pairs: &[shape::Axes; 2]| match pairs[0].is_empty() {
        true => String::new(),
        false => format!(", {name}={}x{}", shape::text(&pairs[0]), shape::text(&pairs[1])),
    };
    format!("dot({a}, {b}{}{})", pairs("contract", contract), pairs("batch", batch))
}

/// What a slice takes of every axis, as it is written in an index.
fn cuts(slice: &Slice, of: &[usize]) -> String {
    let mut lengths = of.iter();
    let texts = slice.cuts.iter().map(|cut| match *cut {
        Cut::New => "newaxis".to_string(),
        Cut::At(position) => {
            lengths.next();
            position.to_string()
        }
        Cut::Span { start, step, count } => {
            let len = lengths.next().copied().unwrap_or(0);
            match step {
                1 if start == 0 && count == len => ":".to_string(),
                1 => format!("{start}:{}", start + count),
                _ => {
                    let end = start as i128 + step as i128 * count as i128;
                    let end = if end < 0 { String::new() } else { end.to_string() };
                    format!("{start}:{end}:{step}")
                }
            }
        }
    });
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use crate::context::Context;
    use crate::ops::{MUL, apply2};
    use crate::tensor::Array;
    use crate::transform::trace::Recorder;

    #[test]
    fn the_middle_of_a_long_graph_is_left_out() {
        let cx = &mut Context::default();
        let recorder = Recorder::new(cx.modes.enter());
        let mut x = recorder.input(Array::Float(1.0).aval());
        for i in 0..1000 {
            x = apply2(cx, &MUL, x, Array::Int(i + 2)).unwrap();
        }
        let text = recorder.finish(cx, &[x]).unwrap().show("f", &["x".into()], &[]);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert_eq!(lines.len(), 2 + 200 + 1 + 50 + 1);
        assert!(lines[201].starts_with("%199 = %198 * 201 "), "{}", lines[201]);
        assert_eq!(lines[202], "... 750 operations ...");
        assert!(lines[203].starts_with("%950 = %949 * 952 "), "{}", lines[203]);
        assert!(text.starts_with("graph f\n  input x ") && lines[253].starts_with("output %999 "), "{text}");
    }
}
