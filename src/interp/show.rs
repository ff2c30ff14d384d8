//! Text of any value, as `print` writes it. Tensors are shown by `tensor::show`.

use super::value::Value;
use crate::tensor::show::{PrintOptions, show};
use crate::tensor::{Array, DType};

/// Structures nested deeper, or with more items, or of a longer text in bytes, are shortened.
const MAX_DEPTH: usize = 64;
const MAX_ITEMS: usize = 1000;
const MAX_TEXT: usize = 1 << 22;

pub fn text(value: &Value, options: &PrintOptions) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        other => {
            let mut out = String::new();
            write(other, options, &mut out, 0);
            out
        }
    }
}

/// Text of a value inside a structure: strings have quotes.
pub fn quoted(value: &Value, options: &PrintOptions) -> String {
    let mut out = String::new();
    write(value, options, &mut out, 1);
    out
}

fn write(value: &Value, options: &PrintOptions, out: &mut String, depth: usize) {
    if depth > MAX_DEPTH {
        out.push_str("...");
        return;
    }
    match value {
        Value::Array(array) if array.dtype() == DType::Str && array.ndim() == 0 => {
            out.push_str(&quote(array.as_text().map_or("", |text| text)));
        }
        Value::Array(array) => write_array(array, options, out),
        Value::Range(range) => write_array(&Array::from_range(range.start, range.end), options, out),
        Value::None => out.push_str("none"),
        Value::Undefined => out.push_str("undefined"),
        Value::Str(text) => out.push_str(&quote(text)),
        Value::Tuple(tuple) => {
            out.push('(');
            for (i, item) in tuple.0.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                if i >= MAX_ITEMS || out.len() > MAX_TEXT {
                    out.push_str("...");
                    break;
                }
                write(item, options, out, depth + 1);
            }
            out.push_str(if tuple.0.len() == 1 { ",)" } else { ")" });
        }
        Value::Record(record) => {
            out.push('(');
            for (i, (name, item)) in record.0.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                if i >= MAX_ITEMS || out.len() > MAX_TEXT {
                    out.push_str("...");
                    break;
                }
                out.push_str(name);
                out.push('=');
                write(item, options, out, depth + 1);
            }
            out.push(')');
        }
        Value::Function(function) => {
            let signature = function.signature();
            let parameters = signature.trim_start_matches("fn");
            match &*function.code.name {
                "" => out.push_str(&signature),
                name => out.push_str(&format!("fn {name}{parameters}")),
            }
        }
        Value::Derived(derived) => {
            if let Some(name) = derived.state.parameter() {
                return out.push_str(&format!("fn {}({name})", derived.name));
            }
            out.push_str(derived.name);
            out.push('(');
            write(&derived.of, options, out, depth + 1);
            out.push(')');
        }
        Value::Builtin(builtin) => out.push_str(&format!("fn {}", builtin.signature())),
        Value::Device(device) => out.push_str(&device.to_string()),
        Value::DType(dtype) => out.push_str(dtype.name()),
        Value::Module(module) => out.push_str(&format!("module {}", module.name)),
    }
}

/// Further lines of an array stand below its first one.
fn write_array(array: &Array, options: &PrintOptions, out: &mut String) {
    let text = show(array, options);
    if !text.contains('\n') {
        out.push_str(&text);
        return;
    }
    let column = out.len() - out.rfind('\n').map_or(0, |at| at + 1);
    let indent = format!("\n{}", " ".repeat(column));
    for (i, line) in text.split('\n').enumerate() {
        match (i, line.is_empty()) {
            (0, _) => {}
            (_, true) => out.push('\n'),
            _ => out.push_str(&indent),
        }
        out.push_str(line);
    }
}

/// A string in single quotes, with escapes where they are needed.
pub fn quote(text: &str) -> String {
    let mark = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(mark);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\\' => out.push_str("\\\\"),
            c if c == mark => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out.push(mark);
    out
}
