//! Reductions against loops over all elements, and sums to the last digit against NumPy's.

use crate::sample::{Sample, indices, number, numbers};
use nabla::context::Context;
use nabla::diagnostics::Kind;
use nabla::ops::reduce::{self, ALL, ANY, ARGMAX, ARGMIN, MAX, MIN, PROD, SUM, reduce};
use nabla::tensor::{Array, DType, Scalar, Tensor};

const DTYPES: [DType; 6] = [DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64];

/// Some axes, from the start or the end, or none named.
fn some_axes(sample: &mut Sample, ndim: usize) -> Option<Vec<i64>> {
    if sample.below(4) == 0 {
        return None;
    }
    let axes = (0..ndim as i64).filter(|_| sample.below(2) == 0).collect::<Vec<_>>();
    Some(axes.into_iter().map(|axis| if sample.below(3) == 0 { axis - ndim as i64 } else { axis }).collect())
}

/// The elements that each result is made of, in logical order.
fn groups(array: &Array, axes: Option<&[i64]>) -> Vec<Vec<f64>> {
    let ndim = array.ndim() as i64;
    let reduced = |axis: usize| axes.is_none_or(|axes| axes.iter().any(|&named| (named + ndim) % ndim == axis as i64));
    let shape: Vec<usize> =
        array.shape().iter().enumerate().map(|(axis, &len)| if reduced(axis) { 1 } else { len }).collect();
    let mut groups = vec![Vec::new(); shape.iter().product()];
    for (index, value) in indices(array.shape()).iter().zip(numbers(array)) {
        let place: Vec<usize> = index.iter().zip(&shape).map(|(&i, &len)| i.min(len - 1)).collect();
        groups[number(&place, &shape)].push(value);
    }
    groups
}

fn close(found: f64, group: &[f64], expected: f64, epsilon: f64) -> bool {
    let terms: f64 = group.iter().map(|x| x.abs()).sum();
    (found - expected).abs() <= 8.0 * (group.len() as f64 + 1.0).sqrt() * epsilon * terms
}

#[test]
fn agrees_with_loops() {
    let mut sample = Sample::new(1);
    let mut cx = Context::default();
    for case in 0..600 {
        let dtype = DTYPES[case % DTYPES.len()];
        let shape = sample.shape(7);
        let array = sample.array(dtype, &shape);
        let axes = some_axes(&mut sample, array.ndim());
        let (axes, keepdims) = (axes.as_deref(), sample.below(2) == 0);
        let groups = groups(&array, axes);
        let epsilon = if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        let exact = !dtype.is_float();

        let sum = reduce(&mut cx, &SUM, array.clone(), axes, keepdims).expect("a sum");
        assert_eq!(sum.dtype(), if exact { DType::I64 } else { dtype });
        assert_eq!(sum.size(), groups.len());
        assert_eq!(
            sum.ndim() == array.ndim(),
            keepdims || axes.is_some_and(|axes| axes.is_empty()) || array.ndim() == 0
        );
        for (found, group) in numbers(&sum).into_iter().zip(&groups) {
            let expected: f64 = group.iter().sum();
            assert!(
                if exact { found == expected } else { close(found, group, expected, epsilon) },
                "{shape:?} {axes:?}"
            );
        }

        let mean = reduce::mean(&mut cx, array.clone(), axes, keepdims).expect("a mean");
        assert_eq!(mean.dtype(), dtype.to_float());
        for (found, group) in numbers(&mean).into_iter().zip(&groups) {
            let count = group.len() as f64;
            let expected = group.iter().sum::<f64>() / count;
            assert!(if group.is_empty() {
                found.is_nan()
            } else {
                close(found * count, group, expected * count, epsilon)
            });
        }

        let any = reduce(&mut cx, &ANY, array.clone(), axes, keepdims).expect("any");
        let all = reduce(&mut cx, &ALL, array.clone(), axes, keepdims).expect("all");
        let count = reduce::count_nonzero(&mut cx, array.clone(), axes, keepdims).expect("a count");
        let counts: Vec<f64> = groups.iter().map(|group| group.iter().filter(|&&x| x != 0.0).count() as f64).collect();
        assert_eq!(numbers(&count), counts);
        for (group, (any, all)) in groups.iter().zip(numbers(&any).into_iter().zip(numbers(&all))) {
            assert_eq!(any == 1.0, group.iter().any(|&x| x != 0.0));
            assert_eq!(all == 1.0, group.iter().all(|&x| x != 0.0));
        }

        let (max, min) =
            (reduce(&mut cx, &MAX, array.clone(), axes, keepdims), reduce(&mut cx, &MIN, array, axes, keepdims));
        if groups.iter().any(Vec::is_empty) {
            assert_eq!(max.expect_err("no elements").kind(), Kind::Value);
            assert_eq!(min.expect_err("no elements").kind(), Kind::Value);
        } else {
            let extreme = |better: fn(f64, f64) -> f64| -> Vec<f64> {
                groups.iter().map(|group| group.iter().copied().reduce(better).expect("an element")).collect()
            };
            assert_eq!(numbers(&max.expect("a maximum")), extreme(f64::max));
            assert_eq!(numbers(&min.expect("a minimum")), extreme(f64::min));
        }
    }
}

#[test]
fn places_of_extremes() {
    let mut sample = Sample::new(2);
    let mut cx = Context::default();
    for case in 0..300 {
        let shape = sample.shape(6);
        let array = sample.array(DTYPES[case % DTYPES.len()], &shape);
        let axis =
            if array.ndim() > 0 && sample.below(3) > 0 { Some([sample.below(array.ndim()) as i64]) } else { None };
        let axes = axis.as_ref().map(|axis| axis.as_slice());
        let groups = groups(&array, axes);
        for (entry, sign) in [(&ARGMAX, 1.0), (&ARGMIN, -1.0)] {
            let found = reduce(&mut cx, entry, array.clone(), axes, false);
            if groups.iter().any(Vec::is_empty) {
                assert_eq!(found.expect_err("no elements").kind(), Kind::Value);
                continue;
            }
            let first_best = |group: &Vec<f64>| {
                let best = group.iter().map(|x| x * sign).fold(f64::NEG_INFINITY, f64::max);
                group.iter().position(|x| x * sign == best).expect("a place") as f64
            };
            assert_eq!(numbers(&found.expect("places")), groups.iter().map(first_best).collect::<Vec<_>>());
        }
    }
}

#[test]
fn nan_wins() {
    let mut cx = Context::default();
    let array = Array::from(Tensor::from_vec(vec![1.0, f64::NAN, 3.0, f64::NAN, 0.0], &[5]));
    for entry in [&MAX, &MIN] {
        let found = reduce(&mut cx, entry, array.clone(), None, false).expect("an extreme");
        assert!(numbers(&found)[0].is_nan());
    }
    for entry in [&ARGMAX, &ARGMIN] {
        let found = reduce(&mut cx, entry, array.clone(), None, false).expect("a place");
        assert_eq!(found.as_scalar(), Some(Scalar::I64(1)));
    }
}

#[test]
fn products_wrap_and_nothing_makes_one() {
    let mut cx = Context::default();
    let powers = Array::from(Tensor::from_vec(vec![2i32; 65], &[65]));
    let found = reduce(&mut cx, &PROD, powers, None, false).expect("a product");
    assert_eq!(found.as_scalar(), Some(Scalar::I64(0)));
    let nothing = Array::from(Tensor::from_vec(Vec::<f32>::new(), &[0, 2]));
    let found = reduce(&mut cx, &PROD, nothing.clone(), Some(&[0]), false).expect("a product");
    assert_eq!(found.to_tensor().expect("elements at hand").to_vec::<f32>(), Some(vec![1.0, 1.0]));
    let found = reduce(&mut cx, &MAX, nothing, Some(&[1]), false).expect("no results");
    assert_eq!(found.shape(), [0]);
}

#[test]
fn variance() {
    let mut cx = Context::default();
    let array = Array::from(Tensor::from_vec(vec![2i64, 4, 4, 4, 5, 5, 7, 9], &[8]));
    let var = reduce::var(&mut cx, array.clone(), None, false, 0.0).expect("a variance");
    assert_eq!(var.as_scalar(), Some(Scalar::F64(4.0)));
    let var = reduce::var(&mut cx, array.clone(), None, true, 1.0).expect("a variance");
    assert_eq!((var.shape(), numbers(&var)[0]), ([1].as_slice(), 32.0 / 7.0));
    let std = reduce::std(&mut cx, array, None, false, 0.0).expect("a deviation");
    assert_eq!(std.as_scalar(), Some(Scalar::F64(2.0)));
}

#[test]
fn bad_axes_and_text_are_refused() {
    let mut cx = Context::default();
    let array = Array::from(Tensor::from_vec(vec![1.0; 6], &[2, 3]));
    for axes in [[2].as_slice(), &[-3], &[0, 0], &[0, -2], &[i64::MIN]] {
        reduce(&mut cx, &SUM, array.clone(), Some(axes), false).expect_err("bad axes");
        reduce::mean(&mut cx, array.clone(), Some(axes), false).expect_err("bad axes");
    }
    let text = Array::from(Tensor::from_strs(&["a", "b"], &[2]));
    for entry in [&SUM, &MAX, &ANY, &ARGMAX] {
        assert_eq!(reduce(&mut cx, entry, text.clone(), None, false).expect_err("text").kind(), Kind::Type);
    }
    assert_eq!(reduce::mean(&mut cx, text, None, false).expect_err("text").kind(), Kind::Type);
}

/// Dtype, shape, how much of the last axis is taken, axes, and the last element of the sum that NumPy 2.4 gives.
type SumOfNumPy = (DType, &'static [usize], usize, Option<&'static [i64]>, f64);

/// Element `i` is `(7919 i mod 1000003) / 997 - 400`.
#[rustfmt::skip]
const SUMS_OF_NUMPY: &[SumOfNumPy] = &[
    (DType::F64, &[7], 7, None, -2633.200601805416),
    (DType::F64, &[100], 100, None, -682.9989969909719),
    (DType::F64, &[1000], 1000, None, 96018.17151454363),
    (DType::F64, &[100003], 100003, None, 10147378.904714143),
    (DType::F64, &[300, 1001], 1001, Some(&[1]), 105378.70411233701),
    (DType::F64, &[300, 1001], 1001, Some(&[0]), 29392.082246740232),
    (DType::F64, &[300, 1001], 1001, None, 30478365.265797395),
    (DType::F64, &[300, 1001], 1000, None, 30448973.18355066),
    (DType::F64, &[20, 30, 40], 40, Some(&[0, 2]), 141796.08926780344),
    (DType::F64, &[20, 30, 40], 40, Some(&[1, 2]), 134948.20361083248),
    (DType::F64, &[20, 30, 40], 39, Some(&[1, 2]), 132268.98294884653),
    (DType::F64, &[20, 30, 400], 399, Some(&[1, 2]), 1217321.0972918756),
    (DType::F64, &[20, 30, 40], 40, Some(&[0, 1]), 60808.6048144433),
    (DType::F32, &[7], 7, None, -2633.2007),
    (DType::F32, &[100], 100, None, -682.9996),
    (DType::F32, &[1000], 1000, None, 96018.17),
    (DType::F32, &[100003], 100003, None, 1.0147379e+07),
    (DType::F32, &[300, 1001], 1001, Some(&[1]), 105378.7),
    (DType::F32, &[300, 1001], 1001, Some(&[0]), 29392.084),
    (DType::F32, &[300, 1001], 1001, None, 3.0478364e+07),
    (DType::F32, &[300, 1001], 1000, None, 3.0448978e+07),
    (DType::F32, &[20, 30, 40], 40, Some(&[0, 2]), 141796.1),
    (DType::F32, &[20, 30, 40], 40, Some(&[1, 2]), 134948.2),
    (DType::F32, &[20, 30, 40], 39, Some(&[1, 2]), 132268.97),
    (DType::F32, &[20, 30, 400], 399, Some(&[1, 2]), 1.217321e+06),
    (DType::F32, &[20, 30, 40], 40, Some(&[0, 1]), 60808.605),
];

#[test]
fn sums_have_the_digits_of_numpy() {
    let mut cx = Context::default();
    for &(dtype, shape, taken, axes, expected) in SUMS_OF_NUMPY {
        let size: usize = shape.iter().product();
        let values = (0..size).map(|i| (i * 7919 % 1_000_003) as f64 / 997.0 - 400.0);
        let whole = match dtype {
            DType::F32 => Tensor::from_vec(values.map(|x| x as f32).collect(), shape),
            _ => Tensor::from_vec(values.collect(), shape),
        };
        let mut part = whole.shape().to_vec();
        *part.last_mut().expect("an axis") = taken;
        let view = whole.view(part.into_iter().collect(), 0, whole.strides());
        let sum = reduce(&mut cx, &SUM, view.into(), axes, false).expect("a sum");
        let last = sum.to_tensor().expect("elements at hand").scalar(sum.size() - 1).expect("a number");
        let found = if let Scalar::F32(x) = last { x.to_string().parse().expect("a number") } else { last.as_f64() };
        assert_eq!(found, expected, "{dtype} {shape:?} {taken} {axes:?}");
    }
}
