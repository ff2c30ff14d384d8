//! Fused element-wise kernels, made from a program.
//!
//! One invocation computes one element, or four where results are packed four to a word, so that nobody else writes it.
//! Other kernels take a program in, too: they call its function `element` on what they made, or to make what they read.

use super::device::Gpu;
use super::fault::Site;
use super::kernel::{Kernel, LANES, Words, is_packed, value_type};
use super::layout::{Layout, Place};
use super::prelude;
use super::program::{Check, Input, Operand, Program, Step, malformed};
use super::transfer::unsupported;
use super::view::View;
use crate::diagnostics::{Error, Kind, Result};
use crate::tensor::{DType, Scalar, shape};
use std::fmt::Write;

/// How texts name the operands of a step.
const OPERANDS: [&str; 3] = ["a", "b", "c"];
/// Elements of a word of packed results.
const PACKED: usize = 4;

/// A program and what it works on, for every element of a shape.
#[derive(Clone, Copy)]
pub struct Cluster<'a> {
    pub program: &'a Program,
    pub inputs: &'a [Input<'a>],
    pub shape: &'a [usize],
    /// An element that does not stand one of these is a fault.
    pub checks: &'a [Check],
    /// So many of its outputs are written. What comes behind them is for the kernel that takes the program in.
    pub(super) written: usize,
}

impl Gpu {
    /// Computes a program for every element of `shape`. The outputs have this shape.
    pub fn cluster(&self, program: &Program, inputs: &[Input], shape: &[usize]) -> Result<Vec<View>> {
        self.compute(&Cluster::new(program, inputs, shape))
    }

    /// Computes the outputs of a cluster.
    pub fn compute(&self, cluster: &Cluster) -> Result<Vec<View>> {
        cluster.check(None)?;
        let outputs = cluster.fresh(self)?;
        let count = shape::size(cluster.shape);
        if count == 0 || outputs.is_empty() {
            return Ok(outputs);
        }
        let packed = cluster.is_packed();
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        cluster.declare(self, &mut kernel, &mut words, "")?;
        if cluster.may_fault() {
            self.0.faults.declare_buffer(&mut kernel);
        }
        kernel.push(&entry(cluster.program, &words.word(count as u32), packed));
        let views: Vec<&View> = cluster.views().chain(&outputs).collect();
        let each = if packed { PACKED } else { 1 };
        let work = cluster.work() * each as u64;
        self.launch_items(kernel, &views, cluster.may_fault(), words, count.div_ceil(each) as u64, work)?;
        Ok(outputs)
    }

    /// The only output of a program.
    pub(super) fn single(&self, program: &Program, inputs: &[Input], shape: &[usize]) -> Result<View> {
        self.cluster(program, inputs, shape)?.pop().ok_or_else(malformed)
    }
}

impl<'a> Cluster<'a> {
    pub fn new(program: &'a Program, inputs: &'a [Input<'a>], shape: &'a [usize]) -> Cluster<'a> {
        Cluster { program, inputs, shape, checks: &[], written: program.outputs.len() }
    }

    pub fn checked(self, checks: &'a [Check]) -> Cluster<'a> {
        Cluster { checks, ..self }
    }

    /// May an element be a fault? Then the buffer of faults is the last of the kernel.
    pub(super) fn may_fault(&self) -> bool {
        !self.checks.is_empty()
    }

    /// The steps whose results are written.
    fn outputs(&self) -> &'a [usize] {
        self.program.outputs.get(..self.written).unwrap_or(&self.program.outputs)
    }

    /// Do inputs, steps and outputs belong together, and can the device hold them? `made` is the dtype of what another
    /// kernel makes, if one does.
    pub(super) fn check(&self, made: Option<DType>) -> Result<()> {
        let Cluster { program, inputs, .. } = *self;
        let dtypes = program.inputs.iter().chain(program.steps.iter().map(|step| &step.dtype));
        if let Some(&dtype) = dtypes.into_iter().find(|dtype| dtype.size() > 4) {
            return Err(unsupported(dtype));
        }
        let given = |input: &Input, dtype: DType| match input {
            Input::View(view) => view.dtype() == dtype,
            Input::Scalar(_) => true,
            Input::Made => made == Some(dtype),
        };
        let inputs_fit = program.inputs.len() == inputs.len()
            && inputs.iter().zip(&program.inputs).all(|(input, &dtype)| given(input, dtype));
        let outputs_fit = program.outputs.iter().all(|&output| output < program.steps.len());
        if inputs_fit && outputs_fit { Ok(()) } else { Err(malformed()) }
    }

    /// The outputs, with any content.
    pub(super) fn fresh(&self, gpu: &Gpu) -> Result<Vec<View>> {
        self.outputs().iter().map(|&step| gpu.fresh(self.program.steps[step].dtype, self.shape)).collect()
    }

    /// Are there outputs that a kernel writes four to a word?
    pub(super) fn is_packed(&self) -> bool {
        self.outputs().iter().any(|&output| is_packed(self.program.steps[output].dtype))
    }

    /// The views among the inputs, in order.
    pub(super) fn views(&self) -> impl Iterator<Item = &'a View> + use<'a> {
        self.inputs.iter().filter_map(|input| match input {
            Input::View(view) => Some(*view),
            Input::Scalar(_) | Input::Made => None,
        })
    }

    /// The elementary steps of an element.
    pub(super) fn work(&self) -> u64 {
        (self.views().count() + self.program.steps.len() + self.checks.len() + self.program.outputs.len()) as u64
    }

    /// Declares the buffers of the inputs and the outputs, and `element(i)`, which computes the outputs of an element; it
    /// takes what another kernel made as its second argument, if the program reads it. `around` is text of the kernel that
    /// may call functions of the prelude, too.
    pub(super) fn declare(&self, gpu: &Gpu, kernel: &mut Kernel, words: &mut Words, around: &str) -> Result<()> {
        let Cluster { program, inputs, shape, .. } = *self;
        let mut places = Vec::new();
        // How the element's value of every input is had.
        let mut values = Vec::new();
        let mut made = String::new();
        for (number, (input, &dtype)) in inputs.iter().zip(&program.inputs).enumerate() {
            match input {
                Input::View(view) => {
                    values.push(format!("x{number}_at(at[{}])", places.len()));
                    places.push(Place::of(view, shape).ok_or_else(malformed)?);
                    kernel.input(&format!("x{number}"), dtype);
                }
                Input::Scalar(scalar) => values.push(decoded(&words.word(encoded(*scalar, dtype)?), dtype)),
                Input::Made => {
                    values.push("made".to_string());
                    made = format!(", made: {}", value_type(dtype));
                }
            }
        }
        for (number, &output) in self.outputs().iter().enumerate() {
            kernel.output(&format!("y{number}"), program.steps[output].dtype);
        }
        let located = !places.is_empty();
        Layout::new(shape, places).declare("locate", kernel, words);
        let texts = program.steps.iter().map(|step| &*step.wgsl);
        let checks = self.checks.iter().map(|check| check.wgsl);
        kernel.push(&prelude::needed(texts.chain(checks).chain([around])));
        for (number, step) in program.steps.iter().enumerate() {
            kernel.push(&function(program, number, step)?);
        }
        for (number, check) in self.checks.iter().enumerate() {
            let site = gpu.0.faults.site(words, Site::Refused { id: check.id, error: check.error.clone() });
            kernel.push(&checking(program, number, check, &site)?);
        }
        kernel.push(&element(program, self.checks, &values, located, &made));
        Ok(())
    }

    /// Writes what `element` made, which is named `made`, to this place, where results are no part of a word.
    pub(super) fn stores(&self, at: &str) -> String {
        (0..self.written).map(|number| format!("    y{number}[{at}] = made.y{number};\n")).collect()
    }
}

/// The function of one step.
fn function(program: &Program, number: usize, step: &Step) -> Result<String> {
    let parameters = parameters(program, number, step)?;
    let value = match step.dtype {
        DType::U8 => format!("({}) & 0xffu", step.wgsl),
        _ => step.wgsl.to_string(),
    };
    let result = value_type(step.dtype);
    Ok(format!("fn step{number}({parameters}) -> {result} {{ return {value}; }}\n"))
}

/// The operands of a step, as parameters of its function.
fn parameters(program: &Program, number: usize, step: &Step) -> Result<String> {
    let mut parameters = Vec::new();
    for (name, &operand) in OPERANDS.iter().zip(&step.operands) {
        parameters.push(format!("{name}: {}", value_type(program.dtype(number, operand)?)));
    }
    if parameters.len() == step.operands.len() { Ok(parameters.join(", ")) } else { Err(malformed()) }
}

/// The function that raises a fault where an element does not stand a check.
fn checking(program: &Program, number: usize, check: &Check, site: &str) -> Result<String> {
    let step = program.steps.get(check.step).ok_or_else(malformed)?;
    let parameters = parameters(program, check.step, step)?;
    let last = step.operands.len().checked_sub(1).and_then(|last| OPERANDS.get(last)).ok_or_else(malformed)?;
    let wgsl = check.wgsl;
    Ok(format!(
        "fn check{number}({parameters}, i: u32) {{
    if {wgsl} {{ raise_at({site}, i, bitcast<u32>({last})); }}
}}
"
    ))
}

/// The function that computes all outputs of one element; `made` is its further parameter.
fn element(program: &Program, checks: &[Check], values: &[String], located: bool, made: &str) -> String {
    let mut text = String::from("struct Outputs {\n");
    // Writing to a string cannot fail.
    for (number, &output) in program.outputs.iter().enumerate() {
        let _ = writeln!(text, "    y{number}: {},", value_type(program.steps[output].dtype));
    }
    let _ = writeln!(text, "}}\nfn element(i: u32{made}) -> Outputs {{");
    if located {
        text.push_str("    let at = locate(i);\n");
    }
    for (number, value) in values.iter().enumerate() {
        let _ = writeln!(text, "    let in{number} = {value};");
    }
    for (number, step) in program.steps.iter().enumerate() {
        let mut arguments = Vec::new();
        for (position, &operand) in step.operands.iter().enumerate() {
            let (name, float) = match operand {
                Operand::Input(input) => (format!("in{input}"), program.inputs.get(input) == Some(&DType::F32)),
                Operand::Step(step) | Operand::Apart(step) => {
                    (format!("s{step}"), program.steps.get(step).is_some_and(|step| step.dtype == DType::F32))
                }
            };
            // Compilers fold `x - x` to 0, though x may be infinite.
            let again = step.operands[..position].contains(&operand);
            let hidden = float && (again || matches!(operand, Operand::Apart(_)));
            arguments.push(if hidden { format!("nb_hide({name})") } else { name });
        }
        let arguments = arguments.join(", ");
        for (check, _) in checks.iter().enumerate().filter(|(_, check)| check.step == number) {
            let _ = writeln!(text, "    check{check}({arguments}, i);");
        }
        let _ = writeln!(text, "    let s{number} = step{number}({arguments});");
    }
    let results: Vec<String> = program.outputs.iter().map(|output| format!("s{output}")).collect();
    let _ = writeln!(text, "    return Outputs({});\n}}", results.join(", "));
    text
}

/// The entry point.
fn entry(program: &Program, count: &str, packed: bool) -> String {
    let (mut start, mut each, mut end) = (String::new(), String::new(), String::new());
    // Writing to strings cannot fail.
    for (number, &output) in program.outputs.iter().enumerate() {
        let bits = match program.steps[output].dtype {
            DType::Bool => format!("u32(made.y{number})"),
            DType::U8 => format!("made.y{number}"),
            _ => {
                let _ = writeln!(each, "        y{number}[i] = made.y{number};");
                continue;
            }
        };
        let _ = writeln!(start, "    var word{number} = 0u;");
        let _ = writeln!(each, "        word{number} |= {bits} << (8u * e);");
        let _ = writeln!(end, "    y{number}[item] = word{number};");
    }
    let body = if packed {
        format!(
            "{start}    for (var e = 0u; e < {PACKED}u; e++) {{
        let i = item * {PACKED}u + e;
        if i >= {count} {{ break; }}
        let made = element(i);
{each}    }}
{end}"
        )
    } else {
        format!("    let i = item;\n    let made = element(i);\n{each}")
    };
    let first = if packed { format!("item * {PACKED}u") } else { "item".to_string() };
    format!(
        "@compute @workgroup_size({LANES})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {{
    let item = block(group) * {LANES}u + lane;
    if {first} >= {count} {{ return; }}
{body}}}
"
    )
}

/// The word of a scalar.
fn encoded(scalar: Scalar, dtype: DType) -> Result<u32> {
    let refused = || Error::new(Kind::Overflow, format!("{} does not fit {dtype}", scalar.as_f64()));
    Ok(match dtype {
        // Rounded; what is too large becomes infinite.
        DType::F32 => (scalar.as_f64() as f32).to_bits(),
        _ => match scalar.fit(dtype).ok_or_else(refused)? {
            Scalar::Bool(x) => u32::from(x),
            Scalar::U8(x) => u32::from(x),
            Scalar::I32(x) => x as u32,
            _ => return Err(unsupported(dtype)),
        },
    })
}

/// The value of a scalar's word.
fn decoded(word: &str, dtype: DType) -> String {
    match dtype {
        DType::F32 => format!("bitcast<f32>({word})"),
        DType::I32 => format!("bitcast<i32>({word})"),
        DType::Bool => format!("({word} != 0u)"),
        _ => word.to_string(),
    }
}
