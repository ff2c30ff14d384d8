//! Fused element-wise kernels, made from a program.
//!
//! One invocation computes one element, or four where results are packed four to a word, so that nobody else writes it.

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

impl Gpu {
    /// Computes a program for every element of `shape`. The outputs have this shape.
    pub fn cluster(&self, program: &Program, inputs: &[Input], shape: &[usize]) -> Result<Vec<View>> {
        self.checked_cluster(program, inputs, shape, &[])
    }

    /// The same; an element that does not stand one of these checks is a fault.
    pub fn checked_cluster(
        &self,
        program: &Program,
        inputs: &[Input],
        shape: &[usize],
        checks: &[Check],
    ) -> Result<Vec<View>> {
        check(program, inputs)?;
        let outputs = program.outputs.iter().map(|&step| self.fresh(program.steps[step].dtype, shape));
        let outputs = outputs.collect::<Result<Vec<View>>>()?;
        let count = shape::size(shape);
        if count == 0 || outputs.is_empty() {
            return Ok(outputs);
        }
        let packed = outputs.iter().any(|output| is_packed(output.dtype()));
        let (mut kernel, mut words) = (Kernel::new(), Words::new());
        let faults = &self.0.faults;
        let site = |check: &Check| Site::Refused { id: check.id, error: check.error.clone() };
        let checks: Vec<(&Check, String)> =
            checks.iter().map(|check| (check, faults.site(&mut words, site(check)))).collect();
        write_kernel(&mut kernel, &mut words, program, inputs, shape, packed, &checks)?;
        if !checks.is_empty() {
            faults.declare_buffer(&mut kernel);
        }
        let mut views: Vec<&View> = Vec::new();
        for input in inputs {
            if let Input::View(view) = input {
                views.push(view);
            }
        }
        let work = (views.len() + program.steps.len() + checks.len() + outputs.len()) as u64;
        views.extend(&outputs);
        let each = if packed { PACKED } else { 1 };
        self.launch_items(kernel, &views, !checks.is_empty(), words, count.div_ceil(each) as u64, work * each as u64)?;
        Ok(outputs)
    }

    /// The only output of a program.
    pub(super) fn single(&self, program: &Program, inputs: &[Input], shape: &[usize]) -> Result<View> {
        self.cluster(program, inputs, shape)?.pop().ok_or_else(malformed)
    }
}

/// Do inputs, steps and outputs belong together, and can the device hold them?
fn check(program: &Program, inputs: &[Input]) -> Result<()> {
    let dtypes = program.inputs.iter().chain(program.steps.iter().map(|step| &step.dtype));
    if let Some(&dtype) = dtypes.into_iter().find(|dtype| dtype.size() > 4) {
        return Err(unsupported(dtype));
    }
    let given = |input: &Input, dtype: DType| {
        matches!(input, Input::Scalar(_)) || matches!(input, Input::View(view) if view.dtype() == dtype)
    };
    let inputs_fit = program.inputs.len() == inputs.len()
        && inputs.iter().zip(&program.inputs).all(|(input, &dtype)| given(input, dtype));
    let outputs_fit = program.outputs.iter().all(|&output| output < program.steps.len());
    if inputs_fit && outputs_fit { Ok(()) } else { Err(malformed()) }
}

fn write_kernel(
    kernel: &mut Kernel,
    words: &mut Words,
    program: &Program,
    inputs: &[Input],
    shape: &[usize],
    packed: bool,
    checks: &[(&Check, String)],
) -> Result<()> {
    let mut places = Vec::new();
    // How the element's value of every input is had.
    let mut values = Vec::new();
    for (number, (input, &dtype)) in inputs.iter().zip(&program.inputs).enumerate() {
        match input {
            Input::View(view) => {
                values.push(format!("x{number}_at(at[{}])", places.len()));
                places.push(Place::of(view, shape).ok_or_else(malformed)?);
                kernel.input(&format!("x{number}"), dtype);
            }
            Input::Scalar(scalar) => values.push(decoded(&words.word(encoded(*scalar, dtype)?), dtype)),
        }
    }
    for (number, &output) in program.outputs.iter().enumerate() {
        kernel.output(&format!("y{number}"), program.steps[output].dtype);
    }
    let located = !places.is_empty();
    Layout::new(shape, places).declare("locate", kernel, words);
    let texts = program.steps.iter().map(|step| &*step.wgsl);
    kernel.push(&prelude::needed(texts.chain(checks.iter().map(|(check, _)| check.wgsl))));
    for (number, step) in program.steps.iter().enumerate() {
        kernel.push(&function(program, number, step)?);
    }
    for (number, (check, site)) in checks.iter().enumerate() {
        kernel.push(&checking(program, number, check, site)?);
    }
    kernel.push(&element(program, &values, located, checks));
    kernel.push(&entry(program, &words.word(shape::size(shape) as u32), packed));
    Ok(())
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

/// The function that computes all outputs of one element.
fn element(program: &Program, values: &[String], located: bool, checks: &[(&Check, String)]) -> String {
    let mut text = String::from("struct Outputs {\n");
    // Writing to a string cannot fail.
    for (number, &output) in program.outputs.iter().enumerate() {
        let _ = writeln!(text, "    y{number}: {},", value_type(program.steps[output].dtype));
    }
    text.push_str("}\nfn element(i: u32) -> Outputs {\n");
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
                Operand::Step(step) => {
                    (format!("s{step}"), program.steps.get(step).is_some_and(|step| step.dtype == DType::F32))
                }
            };
            // Compilers fold `x - x` to 0, though x may be infinite.
            let again = float && step.operands[..position].contains(&operand);
            arguments.push(if again { format!("nb_hide({name})") } else { name });
        }
        let arguments = arguments.join(", ");
        for (check, _) in checks.iter().enumerate().filter(|(_, (check, _))| check.step == number) {
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
