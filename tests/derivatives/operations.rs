//! Every entry of the table of operations by itself: tangents, their slopes, transposed and batched forms.
//! An entry without a case stands on a list with the reason, so nobody adds one without deciding.

use nabla::context::Context;
use nabla::ops::contract::Dimensions;
use nabla::ops::gather::Gather;
use nabla::ops::linalg::{Spectrum, Triangle};
use nabla::ops::parameter::{Domain, Parameter};
use nabla::ops::slice::{Cut, Slice};
use nabla::ops::{Attrs, Batch, Derivative, Entry, Op, SQUARE, apply_all, apply1, table};
use nabla::tensor::{Array, Axes, DType, Shape, Tensor};
use nabla::transform::linear::Tape;
use nabla::transform::{batch, concrete, dual};
use std::collections::BTreeSet;

/// Half the distance of neighbouring points of the differences, and how far these may be off.
const STEP: f64 = 1e-3;
const WITHIN: f64 = 1e-8;
/// How far two ways of computing the same may be apart.
const ROUNDING: f64 = 1e-11;

/// Entries without a case, each with the reason.
const LISTED: &[(&str, &[&str])] = &[
    (
        "truth values and whole numbers",
        &[
            "equal",
            "not_equal",
            "less",
            "less_equal",
            "greater",
            "greater_equal",
            "signbit",
            "isnan",
            "isinf",
            "isfinite",
            "logical_and",
            "logical_or",
            "logical_not",
            "bitwise_and",
            "bitwise_or",
            "bitwise_xor",
            "bitwise_count",
            "invert",
            "left_shift",
            "right_shift",
            "gcd",
            "lcm",
            "any",
            "all",
            "argmax",
            "argmin",
            "argsort",
            "search_ahead",
            "search_behind",
            "argwhere",
            "order",
            "choice",
            "distinct",
            "poisson",
            "binomial",
            "negative_binomial",
            "geometric",
            "hypergeometric",
            "logseries",
            "zipf",
            "integers",
            "integers_to",
        ],
    ),
    ("made of nothing that moves", &["full", "arange", "linspace", "eye", "rand", "randn", "randint"]),
    ("its step is below any difference; `cases.txt` compares forward and backward", &["nextafter"]),
    (
        "what was tried jumps where its place in the distribution moves: src/cpu/slopes.rs has known values",
        &["log_gamma", "vonmises", "wald", "noncentral_chisquare"],
    ),
    (
        "the last derivatives of distribution functions: src/cpu has known values",
        &[
            "log_gamma_slope_by_shape",
            "log_gamma_slope_by_log",
            "vonmises_slope",
            "noncentral_by_freedom",
            "noncentral_by_noncentrality",
        ],
    ),
    (
        "made of graphs: the cases with `if`, loops and `custom_grad` in `cases.txt`",
        &["cond", "custom_grad", "scan", "while"],
    ),
    ("a constant to derivatives", &["stop_gradient"]),
    ("prints what it gives back: tests/golden/graphs/debug.nab", &["debug"]),
];

/// The derivative is there, its derivative is not.
const ONCE: &[&str] = &["log_gamma_slope"];

/// An operation with inputs. Those in `f64` move.
struct Case {
    name: &'static str,
    attrs: Attrs,
    inputs: Vec<Array>,
}

fn floats(shape: &[usize], values: &[f64]) -> Array {
    Array::from(Tensor::from_vec(values.to_vec(), shape))
}

fn whole(values: &[i64]) -> Array {
    Array::from(Tensor::from_vec(values.to_vec(), &[values.len()]))
}

fn truths(values: &[bool]) -> Array {
    Array::from(Tensor::from_vec(values.to_vec(), &[values.len()]))
}

fn cases() -> Vec<Case> {
    let mut all = vec![];
    let mut add = |name: &'static str, attrs: Attrs, inputs: &[Array]| {
        all.push(Case { name, attrs, inputs: inputs.to_vec() });
    };
    // element by element
    let x = floats(&[3], &[0.3, -1.2, 0.7]);
    add("barrier", Attrs::None, std::slice::from_ref(&x));
    let positive = floats(&[3], &[0.3, 1.2, 2.7]);
    let inside = floats(&[3], &[0.3, -0.6, 0.5]);
    let column = floats(&[2, 1], &[1.6, -0.45]);
    let plain =
        ["negative", "positive", "abs", "sign", "square", "floor", "ceil", "trunc", "rint", "relu", "exp", "expm1"];
    let real =
        ["exp2", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "asinh", "reciprocal", "sigmoid", "erf", "cbrt"];
    for name in plain.into_iter().chain(real) {
        add(name, Attrs::None, std::slice::from_ref(&x));
    }
    for name in ["log", "log1p", "log2", "log10", "sqrt"] {
        add(name, Attrs::None, std::slice::from_ref(&positive));
    }
    for name in ["asin", "acos", "atanh"] {
        add(name, Attrs::None, std::slice::from_ref(&inside));
    }
    add("acosh", Attrs::None, &[floats(&[2], &[1.3, 4.0])]);
    let binary = ["add", "subtract", "multiply", "divide", "floor_divide", "remainder", "fmod", "maximum", "minimum"];
    for name in binary.into_iter().chain(["atan2", "hypot", "logaddexp", "copysign"]) {
        add(name, Attrs::None, &[x.clone(), column.clone()]);
    }
    add("power", Attrs::None, &[positive.clone(), column.clone()]);
    add("mills", Attrs::None, std::slice::from_ref(&x));
    add("mills_slope", Attrs::None, &[floats(&[3], &[0.5, 3.5, 20.0])]);
    add("log_gamma_slope", Attrs::None, &[positive.clone(), x.clone()]);
    add("select", Attrs::None, &[truths(&[true, false, true]), x.clone(), column]);
    add("convert", Attrs::DType(DType::F64), std::slice::from_ref(&x));
    add("fit", Attrs::DType(DType::F64), std::slice::from_ref(&x));
    add("place", Attrs::Place(None, DType::F64), std::slice::from_ref(&x));
    let parameter = Parameter { name: "a".into(), domain: Domain::Number };
    add("parameter", Attrs::Parameter(parameter), std::slice::from_ref(&x));

    // shapes and parts
    let table = floats(&[2, 3], &[0.3, -1.2, 0.7, 1.5, 2.1, -0.4]);
    add("reshape", Attrs::Shape(Shape::from_slice(&[3, 2])), std::slice::from_ref(&table));
    add("transpose", Attrs::Axes(Axes::from_slice(&[1, 0])), std::slice::from_ref(&table));
    add("broadcast", Attrs::Shape(Shape::from_slice(&[2, 2, 3])), std::slice::from_ref(&table));
    add("reverse", Attrs::Axes(Axes::from_slice(&[1])), std::slice::from_ref(&table));
    add("stack", Attrs::Axis(0), &[x.clone(), positive.clone()]);
    add("concatenate", Attrs::Axis(0), &[table.clone(), floats(&[1, 3], &[5.0, 6.0, 7.0])]);
    add("append", Attrs::None, &[table.clone(), x.clone()]);
    let cuts = [Cut::At(1), Cut::New, Cut::Span { start: 2, step: -2, count: 2 }];
    let slice = Slice { cuts: cuts.into_iter().collect() };
    add("slice", Attrs::Slice(slice.clone()), std::slice::from_ref(&table));
    add("update_slice", Attrs::Slice(slice), &[table.clone(), floats(&[2], &[5.0, 6.0])]);
    let everything = Slice { cuts: [Cut::all(2), Cut::all(3)].into_iter().collect() };
    let gather = Gather { slice: everything, axes: Axes::from_slice(&[1]), at: 1 };
    add("gather", Attrs::Gather(gather.clone()), &[table.clone(), whole(&[2, 0, 2, 1])]);
    let values = floats(&[2, 2], &[5.0, 6.0, 7.0, 8.0]);
    add("scatter", Attrs::Gather(gather.clone()), &[table.clone(), values.clone(), whole(&[2, 0])]);
    add("scatter_add", Attrs::Gather(gather), &[table.clone(), values.clone(), whole(&[2, 2])]);
    add("compress", Attrs::None, &[table.clone(), truths(&[false, true])]);

    // along axes
    let along = |keepdims: bool| Attrs::Reduce { axes: Axes::from_slice(&[1]), keepdims };
    for name in ["sum", "prod", "max", "min"] {
        add(name, along(false), std::slice::from_ref(&table));
        add(name, along(true), std::slice::from_ref(&table));
    }
    add("prod", along(false), &[floats(&[2, 3], &[0.0, 1.5, 0.7, 0.0, 2.0, 0.0])]);
    add("cumsum", Attrs::Axis(1), std::slice::from_ref(&table));
    add("cumprod", Attrs::Axis(1), std::slice::from_ref(&table));
    add("cumprod", Attrs::Axis(0), &[floats(&[4, 1], &[0.5, 0.0, -1.5, 0.7])]);
    add("sort", Attrs::None, std::slice::from_ref(&table));

    // matrices
    let dimensions = Dimensions {
        batch: [Axes::from_slice(&[0]), Axes::from_slice(&[2])],
        contract: [Axes::from_slice(&[1]), Axes::from_slice(&[0])],
    };
    let right = floats(&[3, 1, 2], &[1.0, 2.0, 0.5, -1.0, 0.3, 0.8]);
    add("dot_general", Attrs::Contract(dimensions), &[table.clone(), right]);
    let square = floats(&[3, 3], &[2.5, 0.5, 1.0, 0.25, 3.0, -1.0, 0.3, 0.7, 2.0]);
    let singular = floats(&[3, 3], &[1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 0.5, 0.2, 1.0]);
    let symmetric = floats(&[3, 3], &[2.5, 0.5, 0.2, 0.5, 4.0, -0.4, 0.2, -0.4, 1.0]);
    let sides = floats(&[3, 2], &[1.0, 2.0, 0.5, -1.0, 0.3, 0.8]);
    add("solve", Attrs::None, &[square.clone(), sides.clone()]);
    for which in [Triangle::Lower, Triangle::Upper] {
        add("triangular_solve", Attrs::Triangle(which), &[square.clone(), sides.clone()]);
    }
    for name in ["det", "slogdet", "adjugate", "cholesky"] {
        let matrix = if name == "cholesky" { &symmetric } else { &square };
        add(name, Attrs::None, std::slice::from_ref(matrix));
    }
    add("adjugate_slope", Attrs::None, &[square.clone(), symmetric.clone()]);
    add("det", Attrs::None, std::slice::from_ref(&singular));
    add("qr", Attrs::Complete(false), std::slice::from_ref(&sides));
    add("qr", Attrs::Complete(false), std::slice::from_ref(&table));
    for vectors in [true, false] {
        let wanted = Attrs::Spectrum(Spectrum { vectors, full: false });
        add("eigh", wanted.clone(), std::slice::from_ref(&symmetric));
        add("eig", wanted.clone(), &[floats(&[2, 2], &[2.5, 0.5, 0.25, 4.0])]);
        add("svd", wanted.clone(), std::slice::from_ref(&sides));
        add("svd", wanted, std::slice::from_ref(&table));
    }
    // the cutoff does not move the result
    add("pinv", Attrs::None, &[sides, floats(&[], &[1e-15])]);
    all
}

fn entry(name: &str) -> &'static Entry {
    table().find(|entry| entry.name == name).unwrap_or_else(|| panic!("no operation {name}"))
}

/// Numbers of which no two are alike, in arrays like these: they run on, so that slopes that were exchanged are seen.
fn spread(like: &[Array], start: f64) -> Vec<Array> {
    let mut places = 0..;
    let mut of = |like: &Array| {
        let values = places.by_ref().take(like.size()).map(|i| (start + 1.7 * f64::from(i)).cos());
        floats(like.shape(), &values.collect::<Vec<f64>>())
    };
    like.iter().map(&mut of).collect()
}

/// A function of arrays, and a value with its tangent by one.
type Function<'f> = dyn Fn(&mut Context, &[Array]) -> Vec<Array> + 'f;

/// How the results move along `d`.
fn jvp(cx: &mut Context, f: &Function, x: &[Array], d: &[Array]) -> Vec<Array> {
    let level = cx.modes.enter();
    let lifted: Vec<Array> = x.iter().zip(d).map(|(x, d)| dual::lift(level, x.clone(), d.clone())).collect();
    let results = f(cx, &lifted);
    let moved = |result: &Array| {
        dual::parts(result, level).1.unwrap_or_else(|| floats(result.shape(), &vec![0.0; result.size()]))
    };
    results.iter().map(moved).collect()
}

/// The cotangents of the arguments; zeros where nothing comes back.
fn vjp(cx: &mut Context, f: &Function, x: &[Array], ct: &[Array]) -> Vec<Array> {
    let tape = Tape::new(cx.modes.enter());
    let level = cx.modes.enter();
    let lifted: Vec<Array> = x.iter().map(|x| dual::lift(level, x.clone(), tape.input(x.aval()).1)).collect();
    let results = f(cx, &lifted);
    let number = |result: &Array| tape.number(&dual::parts(result, level).1?);
    let seeds = results.iter().zip(ct).filter_map(|(result, ct)| Some((number(result)?, ct.clone()))).collect();
    let found = tape.transpose(cx, seeds, x.len(), true).expect("a transposed form");
    found.into_iter().zip(x).map(|(ct, x)| ct.unwrap_or_else(|| floats(x.shape(), &vec![0.0; x.size()]))).collect()
}

/// The elements of all, in a row.
fn numbers(cx: &mut Context, arrays: &[Array]) -> Vec<f64> {
    let mut all = vec![];
    for array in arrays {
        let tensor = concrete(cx, array).expect("elements").to_tensor().expect("a tensor");
        all.extend(tensor.to_vec::<f64>().expect("f64"));
    }
    all
}

/// The same by five points.
fn differences(cx: &mut Context, f: &Function, x: &[Array], d: &[Array]) -> Vec<f64> {
    let mut at = |steps: f64| {
        let moved: Vec<Array> = x
            .iter()
            .zip(d)
            .map(|(x, d)| {
                let (values, along) = (numbers(cx, std::slice::from_ref(x)), numbers(cx, std::slice::from_ref(d)));
                let values: Vec<f64> = values.iter().zip(along).map(|(x, d)| x + steps * STEP * d).collect();
                floats(x.shape(), &values)
            })
            .collect();
        let results = f(cx, &moved);
        numbers(cx, &results)
    };
    let (near, far) = ([at(1.0), at(-1.0)], [at(2.0), at(-2.0)]);
    (0..near[0].len()).map(|i| (8.0 * (near[0][i] - near[1][i]) - (far[0][i] - far[1][i])) / (12.0 * STEP)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Relative to the largest expected number.
fn near(what: &str, found: &[f64], expected: &[f64], within: f64) -> Result<(), String> {
    let size = expected.iter().fold(0.01f64, |size, x| size.max(x.abs()));
    let is_near = |(a, b): (&f64, &f64)| (a - b).abs() <= within * size;
    match found.len() == expected.len() && found.iter().zip(expected).all(is_near) {
        true => Ok(()),
        false => Err(format!("{what}: {found:?} for {expected:?}")),
    }
}

fn is_moving(input: &Array) -> bool {
    input.dtype() == DType::F64
}

/// The operation as a function of the inputs that move, with the float results.
fn function<'c>(case: &'c Case) -> impl Fn(&mut Context, &[Array]) -> Vec<Array> + 'c {
    |cx, x| {
        let mut moving = x.iter().cloned();
        let mut inputs: Vec<Array> = case.inputs.clone();
        for input in inputs.iter_mut().filter(|input| is_moving(input)) {
            *input = moving.next().expect("as many as move");
        }
        let op = Op { entry: entry(case.name), attrs: case.attrs.clone() };
        let results =
            apply_all(cx, &op, &mut inputs).unwrap_or_else(|error| panic!("{}: {}", case.name, error.message()));
        let results = results.into_iter().filter(is_moving);
        // the signs of such vectors are anyone's, their squares are not
        if !matches!(case.name, "eigh" | "eig" | "svd") {
            return results.collect();
        }
        results.map(|result| apply1(cx, &SQUARE, result).expect("squares")).collect()
    }
}

fn check(cx: &mut Context, case: &Case) -> Result<(), String> {
    let f = function(case);
    let x: Vec<Array> = case.inputs.iter().filter(|input| is_moving(input)).cloned().collect();
    let [d, e] = [0.3, 2.1].map(|start| spread(&x, start));
    let along = |cx: &mut Context, x: &[Array]| jvp(cx, &f, x, &d);
    let slopes = along(cx, &x);
    let first = numbers(cx, &slopes);
    near("the derivative", &first, &differences(cx, &f, &x, &d), WITHIN)?;
    if ONCE.contains(&case.name) {
        return rows(cx, case, &f, &x);
    }
    let curves = jvp(cx, &along, &x, &e);
    let second = numbers(cx, &curves);
    near("the second derivative", &second, &differences(cx, &along, &x, &e), WITHIN)?;

    let ct = spread(&slopes, 0.7);
    let weights = numbers(cx, &ct);
    let moves = numbers(cx, &d);
    let back = vjp(cx, &f, &x, &ct);
    let back = numbers(cx, &back);
    near("the transposed form", &[dot(&back, &moves)], &[dot(&first, &weights)], ROUNDING)?;
    // backward over forward: that of a symmetric form is the same in both orders
    let turned = vjp(cx, &along, &x, &ct);
    let (turned, others) = (numbers(cx, &turned), numbers(cx, &e));
    near("the transposed second", &[dot(&turned, &others)], &[dot(&second, &weights)], ROUNDING)?;
    rows(cx, case, &f, &x)
}

/// All rows at once against one after the other, with every input in rows, and each alone.
fn rows(cx: &mut Context, case: &Case, f: &Function, x: &[Array]) -> Result<(), String> {
    if matches!(entry(case.name).batch, Batch::Missing) {
        return Ok(());
    }
    let mut choices: Vec<Vec<bool>> = vec![vec![true; x.len()]];
    if x.len() > 1 {
        choices.extend((0..x.len()).map(|only| (0..x.len()).map(|at| at == only).collect()));
    }
    for choice in choices {
        let row = |at: usize, cx: &mut Context| -> Vec<Array> {
            let mut shift = |x: &Array| {
                let values = numbers(cx, std::slice::from_ref(x));
                let moved = values.iter().enumerate().map(|(i, v)| v + 0.01 * at as f64 * (i as f64).cos());
                floats(x.shape(), &moved.collect::<Vec<f64>>())
            };
            x.iter().zip(&choice).map(|(x, batched)| if *batched { shift(x) } else { x.clone() }).collect()
        };
        let all: Vec<Vec<Array>> = (0..2).map(|at| row(at, cx)).collect();
        let level = cx.modes.enter();
        let mut lifted = vec![];
        for (number, batched) in choice.iter().enumerate() {
            lifted.push(match batched {
                true => {
                    let both = [all[0][number].clone(), all[1][number].clone()];
                    let shape: Vec<usize> = [2].iter().chain(both[0].shape()).copied().collect();
                    batch::lift(level, floats(&shape, &numbers(cx, &both)))
                }
                false => all[0][number].clone(),
            });
        }
        let mut found = vec![];
        for result in f(cx, &lifted) {
            found.push(batch::lower(cx, &result, level, 2).map_err(|error| error.message().to_string())?);
        }
        let expected: Vec<Vec<Array>> = all.iter().map(|row| f(cx, row)).collect();
        for (number, rows) in found.iter().enumerate() {
            let pair = [expected[0][number].clone(), expected[1][number].clone()];
            let (found, expected) = (numbers(cx, std::slice::from_ref(rows)), numbers(cx, &pair));
            near("the batched form", &found, &expected, ROUNDING)?;
        }
    }
    Ok(())
}

#[test]
fn every_operation_has_a_case_or_a_reason() {
    let named: BTreeSet<&str> = cases().iter().map(|case| case.name).collect();
    let listed: Vec<&str> = LISTED.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let set: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(set.len(), listed.len(), "an operation stands on two lists");
    let all: BTreeSet<&str> = table().map(|entry| entry.name).collect();
    let missing: Vec<&&str> = all.iter().filter(|name| !named.contains(**name) && !set.contains(**name)).collect();
    assert!(missing.is_empty(), "operations without a case and without a reason: {missing:?}");
    let stale: Vec<&&str> = set.iter().filter(|name| !all.contains(**name) || named.contains(**name)).collect();
    assert!(stale.is_empty(), "reasons for operations that are not there, or have a case: {stale:?}");
    let unknown = table().filter(|entry| matches!(entry.derivative, Derivative::Missing) && named.contains(entry.name));
    assert_eq!(unknown.count(), 0, "a case of an operation without a derivative");
}

#[test]
fn rules_of_operations_pass_every_check() {
    let mut cx = Context::default();
    let wrong: Vec<String> = cases()
        .iter()
        .filter_map(|case| Some(format!("{} {:?}: {}", case.name, case.attrs, check(&mut cx, case).err()?)))
        .collect();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
