//! The random stream is that of the CPU.

use super::*;
use crate::context::Context;
use crate::cpu::random;
use crate::diagnostics::Kind;
use crate::gpu::Draw;

const STREAMS: [(u64, u64); 4] = [(0, 0), (42, 7), (u64::MAX, 1 << 40), (0x0123_4567_89ab_cdef, u64::MAX)];
const COUNT: usize = 20_001;

#[test]
fn uniform_numbers_and_integers_are_the_same_bits() {
    let (gpu, cx) = (gpu(), Context::default());
    for (seed, number) in STREAMS {
        let stream = random::Draw { seed, number };
        let found = gpu.draw(seed, number, Draw::Uniform, &[COUNT]).and_then(|view| gpu.read(&view)).expect("a draw");
        let expected = Tensor::from_vec(stream.uniform_single(&cx, COUNT).expect("a draw"), &[COUNT]);
        assert_same(&found, &expected, "uniform");
        for (low, range) in
            [(0, 6), (-5, 11), (0, 1), (i32::MIN.into(), 1 << 32), (-1 << 31, u64::from(u32::MAX)), (7, 1 << 31)]
        {
            let what = Draw::Integers { low, range };
            if low + (range as i64) - 1 > i32::MAX.into() {
                let Err(error) = gpu.draw(seed, number, what, &[3]) else { panic!("{low} and {range} fit") };
                assert_eq!(error.kind(), Kind::Overflow);
                continue;
            }
            let found = gpu.draw(seed, number, what, &[COUNT]).and_then(|view| gpu.read(&view)).expect("a draw");
            let expected = stream.integers(&cx, low, range, COUNT).expect("a draw");
            let expected = Tensor::from_vec(expected.iter().map(|&x| x as i32).collect(), &[COUNT]);
            assert_same(&found, &expected, &format!("integers from {low}, {range} of them"));
        }
    }
}

#[test]
fn normal_numbers_are_near() {
    let (gpu, cx) = (gpu(), Context::default());
    for (seed, number) in STREAMS {
        let found = gpu.draw(seed, number, Draw::Normal, &[200_001]).and_then(|view| gpu.read(&view)).expect("a draw");
        let expected = random::Draw { seed, number }.normal_single(&cx, 200_001).expect("a draw");
        for (found, expected) in numbers(&found).iter().zip(expected) {
            let expected = f64::from(expected);
            assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{found}, not {expected}");
        }
    }
    assert_eq!(gpu.draw(1, 2, Draw::Normal, &[0, 3]).expect("a draw").size(), 0);
}
