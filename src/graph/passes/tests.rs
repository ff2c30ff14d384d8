//! Every pass on small graphs: as they were recorded, as they become, and that both give the same bits.

use super::*;
use crate::graph::Graph;
use crate::ops::contract::{Dimensions, contract};
use crate::ops::{self, ADD, DIV, MUL, NEG, RELU, SUB, apply1, apply2, cast, flip, random, reshape, transpose};
use crate::tensor::{Array, Axes, DType, Scalar, Tensor};
use crate::transform::concrete;
use crate::transform::trace::Recorder;

type Pass = fn(&mut Draft);
type Program = fn(&mut Context, &[Array]) -> Result<Array>;

fn draft(cx: &mut Context, inputs: &[Array], f: Program) -> Draft {
    let recorder = Recorder::new(cx.modes.enter());
    let tracers: Vec<Array> = inputs.iter().map(|input| recorder.input(input.aval())).collect();
    let result = recorder.run(cx, |cx| f(cx, &tracers)).unwrap();
    recorder.take(&[result])
}

/// The lines of operations and outputs, with one blank between words.
fn lines(graph: &Graph) -> Vec<String> {
    let names: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
    let text = graph.show("", &names, &[]);
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| line.starts_with('%') || line.starts_with("output")).collect()
}

fn bits(cx: &mut Context, value: &Array) -> (DType, Vec<usize>, Vec<u64>) {
    let value = concrete(cx, value).unwrap();
    let tensor = value.to_tensor().unwrap();
    let numbers = (0..tensor.size()).map(|i| match tensor.scalar(i).unwrap().as_f64() {
        number if number.is_nan() => f64::NAN.to_bits(),
        number => number.to_bits(),
    });
    (value.dtype(), value.shape().to_vec(), numbers.collect())
}

fn check(pass: Pass, inputs: &[Array], f: Program, before: &[&str], after: &[&str]) {
    let cx = &mut Context::default();
    let as_recorded = Graph::of(draft(cx, inputs, f));
    assert_eq!(lines(&as_recorded), before);
    let mut changed = draft(cx, inputs, f);
    pass(&mut changed);
    dead::run(&mut changed);
    let changed = Graph::of(changed);
    assert_eq!(lines(&changed), after);
    cx.random.draws = 0;
    let expected = as_recorded.run(cx, inputs).unwrap();
    let draws = std::mem::take(&mut cx.random.draws);
    let found = changed.run(cx, inputs).unwrap();
    assert_eq!(draws, cx.random.draws);
    assert_eq!(bits(cx, &expected[0]), bits(cx, &found[0]));
}

/// Numbers that a rule of algebra may get wrong.
fn special(shape: &[usize]) -> Array {
    let numbers = [1.5, -0.0, f64::NAN, f64::INFINITY, 0.0, f64::NEG_INFINITY, -2.5, 1e-310];
    Array::from(Tensor::from_vec(numbers.iter().copied().cycle().take(shape.iter().product()).collect(), shape))
}

fn whole(shape: &[usize]) -> Array {
    Array::from(Tensor::from_vec((0..shape.iter().product::<usize>() as i64).collect::<Vec<i64>>(), shape))
}

#[test]
fn dead_code_goes_but_for_draws() {
    check(
        |_| (),
        &[special(&[4])],
        |cx, x| {
            apply1(cx, &NEG, x[0].clone())?;
            random::rand(cx, &[2], DType::F64)?;
            apply1(cx, &RELU, x[0].clone())
        },
        &["%0 = -a f64[4]", "%1 = rand() f64[2]", "%2 = relu(a) f64[4]", "output %2 f64[4]"],
        &["%0 = rand() f64[2]", "%1 = relu(a) f64[4]", "output %1 f64[4]"],
    );
}

#[test]
fn what_does_nothing_goes() {
    check(
        algebra::run,
        &[special(&[4, 2])],
        |cx, x| {
            let mut y = apply2(cx, &MUL, x[0].clone(), Array::Int(1))?;
            y = apply2(cx, &DIV, y, Array::Float(1.0))?;
            y = apply2(cx, &SUB, y, Array::Int(0))?;
            y = apply2(cx, &ADD, Array::Float(-0.0), y)?;
            y = apply1(cx, &NEG, y)?;
            y = apply1(cx, &NEG, y)?;
            y = transpose(cx, y, None)?;
            y = transpose(cx, y, None)?;
            y = reshape(cx, y, &[8])?;
            y = reshape(cx, y, &[2, 4])?;
            y = apply1(cx, &RELU, y)?;
            apply1(cx, &RELU, y)
        },
        &[
            "%0 = a * 1 f64[4, 2]",
            "%1 = %0 / 1.0 f64[4, 2]",
            "%2 = %1 - 0 f64[4, 2]",
            "%3 = -0.0 + %2 f64[4, 2]",
            "%4 = -%3 f64[4, 2]",
            "%5 = -%4 f64[4, 2]",
            "%6 = transpose(%5, axes=[1, 0]) f64[2, 4]",
            "%7 = transpose(%6, axes=[1, 0]) f64[4, 2]",
            "%8 = reshape(%7, [8]) f64[8]",
            "%9 = reshape(%8, [2, 4]) f64[2, 4]",
            "%10 = relu(%9) f64[2, 4]",
            "%11 = relu(%10) f64[2, 4]",
            "output %11 f64[2, 4]",
        ],
        &["%0 = reshape(a, [2, 4]) f64[2, 4]", "%1 = relu(%0) f64[2, 4]", "output %1 f64[2, 4]"],
    );
}

#[test]
fn a_flip_is_undone_by_a_flip_alone() {
    check(
        algebra::run,
        &[special(&[2, 2])],
        |cx, x| {
            let mut y = transpose(cx, x[0].clone(), None)?;
            y = flip(cx, y, Some(&[1, 0]))?;
            y = transpose(cx, y, None)?;
            y = flip(cx, y, Some(&[0]))?;
            flip(cx, y, Some(&[0]))
        },
        &[
            "%0 = transpose(a, axes=[1, 0]) f64[2, 2]",
            "%1 = flip(%0, axes=[1, 0]) f64[2, 2]",
            "%2 = transpose(%1, axes=[1, 0]) f64[2, 2]",
            "%3 = flip(%2, axes=[0]) f64[2, 2]",
            "%4 = flip(%3, axes=[0]) f64[2, 2]",
            "output %4 f64[2, 2]",
        ],
        &[
            "%0 = transpose(a, axes=[1, 0]) f64[2, 2]",
            "%1 = flip(%0, axes=[1, 0]) f64[2, 2]",
            "%2 = transpose(%1, axes=[1, 0]) f64[2, 2]",
            "output %2 f64[2, 2]",
        ],
    );
}

#[test]
fn what_signed_zeros_and_types_forbid_stays() {
    let kept = &[
        "%0 = a + 0.0 f64[8]",
        "%1 = %0 - -0.0 f64[8]",
        "%2 = %1 * 0.0 f64[8]",
        "%3 = f32(%2) f32[8]",
        "%4 = f64(%3) f64[8]",
        "output %4 f64[8]",
    ];
    check(
        algebra::run,
        &[special(&[8])],
        |cx, x| {
            let mut y = apply2(cx, &ADD, x[0].clone(), Array::Float(0.0))?;
            y = apply2(cx, &SUB, y, Array::Float(-0.0))?;
            y = apply2(cx, &MUL, y, Array::Float(0.0))?;
            y = cast(cx, y, DType::F32)?;
            cast(cx, y, DType::F64)
        },
        kept,
        kept,
    );
    // of integers there is one zero; a float makes floats of them, and a typed number stays typed
    check(
        algebra::run,
        &[whole(&[3])],
        |cx, x| {
            let y = apply2(cx, &ADD, x[0].clone(), Array::Int(0))?;
            let y = cast(cx, y, DType::I32)?;
            let y = cast(cx, y, DType::F64)?;
            let y = cast(cx, y, DType::I32)?;
            apply2(cx, &MUL, y, Array::Scalar(Scalar::I64(1)))
        },
        &[
            "%0 = a + 0 i64[3]",
            "%1 = i32(%0) i32[3]",
            "%2 = f64(%1) f64[3]",
            "%3 = i32(%2) i32[3]",
            "%4 = %3 * i64(1) i64[3]",
            "output %4 i64[3]",
        ],
        &["%0 = i32(a) i32[3]", "%1 = %0 * i64(1) i64[3]", "output %1 i64[3]"],
    );
}

#[test]
fn a_literal_that_becomes_typed_stays_so() {
    let kept = &["%0 = reshape(a, [1]) f64[1]", "%1 = reshape(%0, []) f64", "output %1 f64"];
    check(
        algebra::run,
        &[Array::Float(2.5)],
        |cx, x| {
            let y = reshape(cx, x[0].clone(), &[1])?;
            reshape(cx, y, &[])
        },
        kept,
        kept,
    );
}

/// With what is known in the place of an input, as a graph in a graph may have it.
fn with_constant(constant: Array) -> impl Fn(&mut Context, &mut Draft) -> Result<()> {
    move |cx, draft| {
        for input in draft.nodes.iter_mut().flat_map(|node| &mut node.inputs) {
            if matches!(input, crate::graph::Operand::Input(1)) {
                *input = crate::graph::Operand::Const(constant.clone());
            }
        }
        fold::run(cx, draft)?;
        dead::run(draft);
        Ok(())
    }
}

fn folded(inputs: &[Array], f: Program) -> Vec<String> {
    let cx = &mut Context::default();
    let mut draft = draft(cx, inputs, f);
    with_constant(inputs[1].clone())(cx, &mut draft).unwrap();
    lines(&Graph::of(draft))
}

#[test]
fn what_is_known_is_computed_once() {
    let scaled: Program = |cx, x| {
        let y = apply2(cx, &ADD, x[1].clone(), Array::Int(1))?;
        let y = apply2(cx, &MUL, y.clone(), y)?;
        apply2(cx, &MUL, x[0].clone(), y)
    };
    assert_eq!(
        folded(&[special(&[4]), Array::Scalar(Scalar::F64(2.0))], scaled),
        ["%0 = a * f64(9.0) f64[4]", "output %0 f64[4]"]
    );
    // an error stays where it is
    let divided: Program = |cx, x| {
        let y = apply2(cx, &ops::FLOOR_DIV, x[1].clone(), Array::Int(0))?;
        apply2(cx, &ADD, x[0].clone(), y)
    };
    assert_eq!(
        folded(&[whole(&[3]), whole(&[2, 3])], divided),
        ["%0 = <i64[2, 3]> // 0 i64[2, 3]", "%1 = a + %0 i64[2, 3]", "output %1 i64[2, 3]"]
    );
    // nothing large is made
    let product: Program = |cx, x| {
        let column = reshape(cx, x[1].clone(), &[100, 1])?;
        let table = apply2(cx, &MUL, column, x[1].clone())?;
        apply2(cx, &ADD, x[0].clone(), table)
    };
    assert_eq!(
        folded(&[special(&[100]), special(&[100])], product),
        ["%0 = <f64[100, 1]> * <f64[100]> f64[100, 100]", "%1 = a + %0 f64[100, 100]", "output %1 f64[100, 100]"]
    );
}

#[test]
fn what_is_computed_twice_is_computed_once() {
    check(
        common::run,
        &[special(&[4])],
        |cx, x| {
            let y = apply2(cx, &MUL, x[0].clone(), Array::Float(2.0))?;
            let z = apply2(cx, &MUL, x[0].clone(), Array::Float(2.0))?;
            let other = apply2(cx, &MUL, x[0].clone(), Array::Int(2))?;
            let (y, z) = (apply1(cx, &NEG, y)?, apply1(cx, &NEG, z)?);
            let sum = apply2(cx, &ADD, y, z)?;
            let drawn = [random::rand(cx, &[4], DType::F64)?, random::rand(cx, &[4], DType::F64)?];
            let sum = drawn.into_iter().try_fold(sum, |sum, drawn| apply2(cx, &ADD, sum, drawn))?;
            apply2(cx, &ADD, sum, other)
        },
        &[
            "%0 = a * 2.0 f64[4]",
            "%1 = a * 2.0 f64[4]",
            "%2 = a * 2 f64[4]",
            "%3 = -%0 f64[4]",
            "%4 = -%1 f64[4]",
            "%5 = %3 + %4 f64[4]",
            "%6 = rand() f64[4]",
            "%7 = rand() f64[4]",
            "%8 = %5 + %6 f64[4]",
            "%9 = %8 + %7 f64[4]",
            "%10 = %9 + %2 f64[4]",
            "output %10 f64[4]",
        ],
        &[
            "%0 = a * 2.0 f64[4]",
            "%1 = a * 2 f64[4]",
            "%2 = -%0 f64[4]",
            "%3 = %2 + %2 f64[4]",
            "%4 = rand() f64[4]",
            "%5 = rand() f64[4]",
            "%6 = %3 + %4 f64[4]",
            "%7 = %6 + %5 f64[4]",
            "%8 = %7 + %1 f64[4]",
            "output %8 f64[4]",
        ],
    );
}

#[test]
fn what_is_to_be_computed_again_is_not_merged() {
    let kept = &[
        "%0 = -a f64[4]",
        "%1 = barrier(a) f64[4]",
        "%2 = -%1 f64[4]",
        "%3 = barrier(a) f64[4]",
        "%4 = -%3 f64[4]",
        "%5 = %0 + %2 f64[4]",
        "%6 = %5 + %4 f64[4]",
        "output %6 f64[4]",
    ];
    check(
        common::run,
        &[special(&[4])],
        |cx, x| {
            let mut negative = vec![apply1(cx, &NEG, x[0].clone())?];
            for _ in 0..2 {
                let again = ops::barrier::barrier(cx, &x[0])?;
                negative.push(apply1(cx, &NEG, again)?);
            }
            let sum = apply2(cx, &ADD, negative[0].clone(), negative[1].clone())?;
            apply2(cx, &ADD, sum, negative[2].clone())
        },
        kept,
        kept,
    );
}

fn dot(cx: &mut Context, a: Array, b: Array, contracted: [usize; 2], batch: &[usize]) -> Result<Array> {
    let batch = Axes::from_slice(batch);
    let contracted = contracted.map(|axis| Axes::from_slice(&[axis]));
    contract(cx, a, b, Dimensions { batch: [batch.clone(), batch], contract: contracted })
}

#[test]
fn transposes_become_part_of_contractions() {
    check(
        transposes::run,
        &[whole(&[3, 2]), whole(&[5, 3])],
        |cx, x| {
            let (a, b) = (transpose(cx, x[0].clone(), None)?, transpose(cx, x[1].clone(), None)?);
            let product = dot(cx, a, b, [1, 0], &[])?;
            transpose(cx, product, None)
        },
        &[
            "%0 = transpose(a, axes=[1, 0]) i64[2, 3]",
            "%1 = transpose(b, axes=[1, 0]) i64[3, 5]",
            "%2 = %0 @ %1 i64[2, 5]",
            "%3 = transpose(%2, axes=[1, 0]) i64[5, 2]",
            "output %3 i64[5, 2]",
        ],
        &["%0 = b @ a i64[5, 2]", "output %0 i64[5, 2]"],
    );
    // the axes of one side alone have to keep their order; a product that is read as it is, too, is not done twice
    let kept = &[
        "%0 = transpose(a, axes=[2, 1, 0]) i64[4, 3, 2]",
        "%1 = %0 @ b i64[4, 3, 5]",
        "%2 = transpose(%1, axes=[2, 0, 1]) i64[5, 4, 3]",
        "%3 = reshape(%1, [5, 4, 3]) i64[5, 4, 3]",
        "%4 = %2 + %3 i64[5, 4, 3]",
        "output %4 i64[5, 4, 3]",
    ];
    check(
        transposes::run,
        &[whole(&[2, 3, 4]), whole(&[2, 5])],
        |cx, x| {
            let a = transpose(cx, x[0].clone(), None)?;
            let product = dot(cx, a, x[1].clone(), [2, 0], &[])?;
            let turned = transpose(cx, product.clone(), Some(&[2, 0, 1]))?;
            let product = reshape(cx, product, &[5, 4, 3])?;
            apply2(cx, &ADD, turned, product)
        },
        kept,
        kept,
    );
}

#[test]
fn broadcasts_become_part_of_what_reads_them() {
    check(
        broadcasts::run,
        &[special(&[4]), special(&[3, 4])],
        |cx, x| {
            let stretched = ops::broadcast_to(cx, x[0].clone(), &[3, 4])?;
            let y = apply2(cx, &ADD, x[1].clone(), stretched.clone())?;
            let z = apply2(cx, &MUL, stretched.clone(), stretched)?;
            apply2(cx, &SUB, y, z)
        },
        &[
            "%0 = broadcast_to(a, [3, 4]) f64[3, 4]",
            "%1 = b + %0 f64[3, 4]",
            "%2 = %0 * %0 f64[3, 4]",
            "%3 = %1 - %2 f64[3, 4]",
            "output %3 f64[3, 4]",
        ],
        &[
            "%0 = broadcast_to(a, [3, 4]) f64[3, 4]",
            "%1 = b + a f64[3, 4]",
            "%2 = a * %0 f64[3, 4]",
            "%3 = %1 - %2 f64[3, 4]",
            "output %3 f64[3, 4]",
        ],
    );
    // one matrix for all of a batch: on the right its columns stand behind all rows, on the left they would not
    check(
        broadcasts::run,
        &[whole(&[2, 3, 4]), whole(&[4, 5])],
        |cx, x| {
            let b = ops::broadcast_to(cx, x[1].clone(), &[2, 4, 5])?;
            dot(cx, x[0].clone(), b, [2, 1], &[0])
        },
        &[
            "%0 = broadcast_to(b, [2, 4, 5]) i64[2, 4, 5]",
            "%1 = dot(a, %0, contract=[2]x[1], batch=[0]x[0]) i64[2, 3, 5]",
            "output %1 i64[2, 3, 5]",
        ],
        &["%0 = a @ b i64[2, 3, 5]", "output %0 i64[2, 3, 5]"],
    );
    let kept = &[
        "%0 = broadcast_to(a, [2, 3, 4]) i64[2, 3, 4]",
        "%1 = dot(%0, b, contract=[2]x[1], batch=[0]x[0]) i64[2, 3, 5]",
        "output %1 i64[2, 3, 5]",
    ];
    check(
        broadcasts::run,
        &[whole(&[3, 4]), whole(&[2, 4, 5])],
        |cx, x| {
            let a = ops::broadcast_to(cx, x[0].clone(), &[2, 3, 4])?;
            dot(cx, a, x[1].clone(), [2, 1], &[0])
        },
        kept,
        kept,
    );
    // a number that was written out would take another dtype
    let kept = &["%0 = broadcast_to(a, [3]) f64[3]", "%1 = f32(b) f32[3]", "%2 = %1 + %0 f64[3]", "output %2 f64[3]"];
    check(
        broadcasts::run,
        &[Array::Float(0.1), special(&[3])],
        |cx, x| {
            let stretched = ops::broadcast_to(cx, x[0].clone(), &[3])?;
            let single = cast(cx, x[1].clone(), DType::F32)?;
            apply2(cx, &ADD, single, stretched)
        },
        kept,
        kept,
    );
}
