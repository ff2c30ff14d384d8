//! Printed arrays and formatted values against what NumPy and Python give. The data are made by the scripts beside them.

use nabla::tensor::format::{self, Spec};
use nabla::tensor::show::{PrintOptions, show};
use nabla::tensor::{Array, Element, Tensor};
use serde_json::Value;
use std::str::FromStr;

fn rows(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines().map(|line| serde_json::from_str(line).expect("a row of JSON")).collect()
}

fn tensor<T: Element + FromStr>(data: &[&str], shape: &[usize]) -> Tensor {
    let read = |text: &&str| text.parse().unwrap_or_else(|_| panic!("{text} is no {}", T::DTYPE));
    Tensor::from_vec::<T>(data.iter().map(read).collect(), shape)
}

/// The array of a row, as an owner and as a view of a buffer in reverse order.
fn arrays(row: &Value) -> [Array; 2] {
    let list = |key: &str| row[key].as_array().expect("a list").clone();
    let shape: Vec<usize> = list("shape").iter().map(|n| n.as_u64().expect("a length") as usize).collect();
    let texts: Vec<String> = list("data").iter().map(|x| x.as_str().expect("text").to_string()).collect();
    let mut data: Vec<&str> = texts.iter().map(String::as_str).collect();
    let make = |data: &[&str]| match row["dtype"].as_str().expect("a dtype") {
        "f64" => tensor::<f64>(data, &shape),
        "f32" => tensor::<f32>(data, &shape),
        "i64" => tensor::<i64>(data, &shape),
        "i32" => tensor::<i32>(data, &shape),
        "u8" => tensor::<u8>(data, &shape),
        "bool" => tensor::<bool>(data, &shape),
        _ => Tensor::from_strs(data, &shape),
    };
    let owner = make(&data);
    data.reverse();
    let reversed = make(&data);
    let strides = reversed.strides().iter().map(|stride| -stride).collect();
    let view = reversed.view(shape.iter().copied().collect(), data.len().saturating_sub(1), strides);
    [owner.into(), view.into()]
}

fn options(row: &Value) -> PrintOptions {
    let mut options = PrintOptions::default();
    for (name, value) in row["options"].as_object().expect("options") {
        let number = || value.as_u64().expect("a number") as usize;
        match name.as_str() {
            "precision" => options.precision = number(),
            "threshold" => options.threshold = number(),
            "edgeitems" => options.edgeitems = number(),
            "linewidth" => options.linewidth = number(),
            "suppress" => options.suppress = value == true,
            "oneline" => options.oneline = value == true,
            other => panic!("no option {other}"),
        }
    }
    options
}

#[test]
fn arrays_print_as_in_numpy() {
    let rows = rows("printing.jsonl");
    assert!(rows.len() > 300);
    for row in rows {
        for array in arrays(&row) {
            assert_eq!(show(&array, &options(&row)), row["text"].as_str().expect("text"), "{row}");
        }
    }
}

#[test]
fn values_format_as_in_python() {
    let rows = rows("format.jsonl");
    assert!(rows.len() > 1000);
    for row in rows {
        let text = |key: &str| row[key].as_str().expect("text");
        let value = text("value");
        let formatted = format::parse(text("spec")).and_then(|spec: Spec| match text("kind") {
            "float" => format::format_float(value.parse().expect("a float"), &spec),
            "int" => format::format_int(value.parse().expect("an integer"), &spec),
            _ => format::format_str(value, &spec),
        });
        assert_eq!(formatted.as_deref().ok(), row["text"].as_str(), "{row}");
    }
}

#[test]
fn elements_of_arrays_are_formatted_in_columns() {
    let formatted = |array: Tensor, spec: &str| {
        let spec = format::parse(spec).expect("a good format");
        format::format_array(&array.into(), &spec, &PrintOptions::default())
    };
    let floats = Tensor::from_vec(vec![1.0, -22.333, f64::NAN, 0.005], &[2, 2]);
    assert_eq!(formatted(floats.clone(), ".2f").expect("text"), "[[  1.00 -22.33]\n [   nan   0.01]]");
    assert_eq!(formatted(floats.clone(), "").expect("text"), show(&floats.into(), &PrintOptions::default()));
    assert_eq!(formatted(Tensor::from_vec(vec![10i64, 255], &[2]), "x").expect("text"), "[ a ff]");
    assert_eq!(formatted(Tensor::from_vec(vec![true, false], &[2]), "d").expect("text"), "[1 0]");
    assert_eq!(formatted(Tensor::from_strs(&["abc", "d"], &[2]), ".2").expect("text"), "['ab' 'd']");
    assert_eq!(formatted(Tensor::from_vec(vec![0.1f32], &[1]), "8").expect("text"), "[     0.1]");
    assert!(formatted(Tensor::from_vec(vec![10i64], &[1]), ".2").is_err());
}

#[test]
fn huge_widths_and_precisions_are_refused() {
    for spec in ["10001", ".10001f", "99999999999999999999", ".99999999999999999999e"] {
        let error = format::parse(spec).expect_err("too large");
        assert!(error.message().contains(spec), "{error}");
    }
    let spec = format::parse("10000.10000f").expect("a good format");
    assert_eq!(format::format_float(0.5, &spec).expect("text").len(), 10_002);
}
