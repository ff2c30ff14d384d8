//! Indexing against a naive reading of NumPy's rules, position by position.

use super::*;
use crate::context::Context;
use crate::ops::index::{self, Index};

/// The positions Python's `start:stop:step` visits.
fn visited(start: Option<i64>, stop: Option<i64>, step: Option<i64>, len: i64) -> Vec<i64> {
    let step = step.unwrap_or(1);
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let bound = |bound: i64| (if bound < 0 { bound + len } else { bound }).clamp(low, high);
    let mut at = start.map_or(if step > 0 { low } else { high }, bound);
    let stop = stop.map_or(if step > 0 { high } else { low }, bound);
    let mut found = Vec::new();
    while if step > 0 { at < stop } else { at > stop } {
        found.push(at);
        at += step;
    }
    found
}

/// A random basic index of a value of this shape, the shape of the result, and the source of each of its elements.
fn basic(dice: &mut Dice, shape: &[usize]) -> Option<(Vec<Index>, Vec<usize>, Vec<usize>)> {
    let mut index = Vec::new();
    let mut out = Vec::new();
    let mut sources = vec![0usize];
    let rest = dice.below(shape.len() + 2);
    let covered = dice.below(shape.len() + 1);
    for (axis, &len) in shape.iter().enumerate() {
        if dice.below(5) == 0 {
            index.push(Index::NewAxis);
            out.push(1);
        }
        let positions: Vec<i64> = if axis >= covered {
            if axis == covered && rest == covered {
                index.push(Index::Rest);
            }
            out.push(len);
            (0..len as i64).collect()
        } else if dice.below(2) == 0 {
            if len == 0 {
                return None;
            }
            let at = dice.below(2 * len) as i64 - len as i64;
            index.push(Index::At(at));
            vec![if at < 0 { at + len as i64 } else { at }]
        } else {
            let mut bound = || (dice.below(3) > 0).then(|| dice.below(13) as i64 - 6);
            let (start, stop) = (bound(), bound());
            let step = Some(dice.pick(&[1, 1, 2, 3, -1, -2])).filter(|&step| step != 1 || start.is_none());
            index.push(Index::Slice { start, stop, step });
            let found = visited(start, stop, step, len as i64);
            out.push(found.len());
            found
        };
        sources = sources.iter().flat_map(|s| positions.iter().map(move |&p| s * len + p as usize)).collect();
        // A new axis must not follow axes that were left to the end.
        if axis >= covered {
            for &len in &shape[axis + 1..] {
                out.push(len);
                sources = sources.iter().flat_map(|s| (0..len).map(move |p| s * len + p)).collect();
            }
            break;
        }
    }
    Some((index, out, sources))
}

#[test]
fn slices() {
    let mut cx = Context::default();
    let mut dice = Dice(5);
    let mut done = 0;
    for round in 0..4000 {
        let shape = shape(&mut dice, 4);
        let dtype = dice.pick(&NUMBERS);
        let x = Array::from(tensor(&mut dice, dtype, &shape));
        let Some((index, out, sources)) = basic(&mut dice, &shape) else { continue };
        let values = elements(&x);
        let what = format!("round {round}: {shape:?} {index:?}");
        let expected: Vec<Scalar> = sources.iter().map(|&source| values[source]).collect();
        let found = index::get(&mut cx, &x, &index).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_elements(&found, &out, &expected, &what);

        let mut target = x.clone();
        let one = ops_cast(values.first().copied().unwrap_or(Scalar::Bool(true)), dtype);
        index::set(&mut cx, &mut target, &index, one.clone()).unwrap_or_else(|error| panic!("{what}: {error}"));
        let mut after = values.clone();
        for &source in &sources {
            after[source] = one.as_scalar().expect("a number");
        }
        assert_elements(&target, &shape, &after, &what);
        assert_elements(&x, &shape, &values, &what);

        let fresh = Array::from(tensor(&mut dice, dtype, &out));
        index::set(&mut cx, &mut target, &index, fresh.clone()).unwrap_or_else(|error| panic!("{what}: {error}"));
        for (&source, value) in sources.iter().zip(elements(&fresh)) {
            after[source] = value;
        }
        assert_elements(&target, &shape, &after, &what);
        done += sources.len();
    }
    assert!(done > 10_000, "{done}");
}

fn ops_cast(value: Scalar, dtype: DType) -> Array {
    Array::Scalar(crate::ops::cast::as_dtype(value, dtype).expect("a number"))
}

#[test]
fn masks() {
    let mut cx = Context::default();
    let mut dice = Dice(6);
    for round in 0..600 {
        let shape = shape(&mut dice, 3);
        if shape.is_empty() {
            continue;
        }
        let covered = 1 + dice.below(shape.len());
        let x = Array::from(tensor(&mut dice, DType::I64, &shape));
        let mask = tensor(&mut dice, DType::Bool, &shape[..covered]);
        let what = format!("round {round}: {shape:?} {mask:?}");
        let row: usize = shape[covered..].iter().product();
        let chosen: Vec<usize> =
            (0..mask.size()).filter(|&number| mask.scalar(number) == Some(Scalar::Bool(true))).collect();
        let sources: Vec<usize> = chosen.iter().flat_map(|&number| number * row..(number + 1) * row).collect();
        let values = elements(&x);
        let mut out = vec![chosen.len()];
        out.extend(&shape[covered..]);
        let index = [Index::Array(Array::Tensor(mask))];
        let found = index::get(&mut cx, &x, &index).unwrap();
        assert_elements(&found, &out, &sources.iter().map(|&source| values[source]).collect::<Vec<_>>(), &what);

        let mut target = x;
        index::set(&mut cx, &mut target, &index, Array::Float(42.0)).unwrap();
        let mut after = values;
        sources.iter().for_each(|&source| after[source] = Scalar::I64(42));
        assert_elements(&target, &shape, &after, &what);
    }
}

#[test]
fn integer_arrays() {
    let mut cx = Context::default();
    let x = Array::Tensor(Tensor::from_vec((0..24i64).collect(), &[2, 3, 4]));
    let ints = |values: &[i64], shape: &[usize]| Index::Array(Array::Tensor(Tensor::from_vec(values.to_vec(), shape)));
    let all = || Index::Slice { start: None, stop: None, step: None };
    let cases: [(Vec<Index>, &[usize], &[i64]); 7] = [
        (vec![ints(&[1, 0, -1], &[3]), Index::At(0), Index::At(-1)], &[3], &[15, 3, 15]),
        (vec![all(), ints(&[2, 0], &[2]), Index::At(1)], &[2, 2], &[9, 1, 21, 13]),
        // Parted by a slice: the axes of the arrays come first.
        (vec![ints(&[1, 0], &[2]), all(), ints(&[0, 3], &[2])], &[2, 3], &[12, 16, 20, 3, 7, 11]),
        (vec![Index::At(0), all(), ints(&[0, 3], &[2])], &[2, 3], &[0, 4, 8, 3, 7, 11]),
        (vec![Index::Rest, ints(&[0, 3], &[2, 1])], &[2, 3, 2, 1], &[0, 3, 4, 7, 8, 11, 12, 15, 16, 19, 20, 23]),
        (vec![ints(&[0, 1], &[2, 1]), ints(&[0, 2], &[2]), Index::At(0)], &[2, 2], &[0, 8, 12, 20]),
        (vec![Index::NewAxis, ints(&[1], &[1]), Index::At(2), all()], &[1, 1, 4], &[20, 21, 22, 23]),
    ];
    for (index, shape, expected) in cases {
        let expected: Vec<Scalar> = expected.iter().map(|&x| Scalar::I64(x)).collect();
        let found = index::get(&mut cx, &x, &index).unwrap();
        assert_elements(&found, shape, &expected, &format!("{index:?}"));
        let mut target = x.clone();
        let negative = crate::ops::apply1(&mut cx, &crate::ops::NEG, found).unwrap();
        index::set(&mut cx, &mut target, &index, negative).unwrap();
        let mut after: Vec<Scalar> = (0..24).map(Scalar::I64).collect();
        for value in expected {
            let Scalar::I64(value) = value else { continue };
            after[value as usize] = Scalar::I64(-value);
        }
        assert_elements(&target, &[2, 3, 4], &after, &format!("{index:?}"));
    }
}

#[test]
fn quick_ways_agree() {
    let mut cx = Context::default();
    let mut row = Tensor::from_vec(vec![1.0f32, 2.0, 3.0], &[3]);
    let mut table = Tensor::from_vec((0..6u8).collect(), &[2, 3]);
    for at in -4..5 {
        let slow = index::get(&mut cx, &Array::Tensor(row.clone()), &[Index::At(at)]).ok();
        assert_eq!(slow.and_then(|x| x.as_scalar()), index::get_at(&row, at).and_then(|x| x.as_scalar()));
        for column in -4..5 {
            let both = [Index::At(at), Index::At(column)];
            let slow = index::get(&mut cx, &Array::Tensor(table.clone()), &both).ok();
            let quick = index::get_at2(&table, at, column);
            assert_eq!(slow.and_then(|x| x.as_scalar()), quick.and_then(|x| x.as_scalar()));
        }
    }
    assert!(index::set_at(&mut row, -1, &Array::Int(7)));
    assert!(!index::set_at(&mut row, 3, &Array::Int(7)));
    assert!(!index::set_at(&mut row, 0, &Array::Float(1e300)));
    assert_eq!(row.as_slice::<f32>(), Some([1.0, 2.0, 7.0].as_slice()));
    assert!(index::set_at2(&mut table, 1, -3, &Array::Int(255)));
    assert!(!index::set_at2(&mut table, 1, 1, &Array::Int(256)));
    let shared = table.clone();
    assert!(!index::set_at2(&mut table, 0, 0, &Array::Int(9)));
    assert_eq!(shared.as_slice::<u8>(), Some([0, 1, 2, 255, 4, 5].as_slice()));
}
