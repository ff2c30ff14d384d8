//! Memory: what is bounded, what is refused, what is kept; and devices that are lost.

use super::*;
use crate::diagnostics::{Error, Kind};
use crate::gpu::{Draw, Reduction};
use crate::tensor::{Shape, Strides, shape};

/// A tensor of the host that repeats one element, and so takes no memory to speak of.
fn repeated(dtype: DType, count: usize) -> Tensor {
    let one = Dice(7).tensor(dtype, &[1]);
    one.view(Shape::from_slice(&[count]), 0, Strides::from_slice(&[0]))
}

fn refused<T>(result: Result<T>) -> Error {
    match result {
        Err(error) => error,
        Ok(_) => panic!("it should be refused"),
    }
}

#[test]
fn more_than_a_buffer_holds_is_refused_wherever_it_comes_from() {
    let gpu = gpu();
    let largest = gpu.0.adapter.memory as usize;
    let kept = gpu.upload(&Tensor::from_vec(vec![1.5f32, -2.0, 8.0], &[3])).expect("an upload");
    let count = largest / 4 + 1;
    let one = gpu.fill(Scalar::F32(1.0), &[1]).expect("a fill");
    let stretched = |shape: &[usize]| one.with_layout(Shape::from_slice(shape), 0, Strides::from_elem(0, shape.len()));
    let row = 1 << 16;
    let rows = stretched(&[row, 8]);
    let side = Side { view: &rows, batch: &[], contract: &[1] };
    let all = [
        ("an upload", gpu.upload(&repeated(DType::F32, count))),
        ("an upload of bytes", gpu.upload(&repeated(DType::U8, largest + 1))),
        ("a copy", gpu.compact(&stretched(&[count]))),
        ("a draw", gpu.draw(1, 0, Draw::Uniform, &[count])),
        ("a product", contracted(&gpu, &side, &side, &[row, row])),
        ("a sum", gpu.reduce(Reduction::Sum, &stretched(&[count, 2]), &[1], &[count], 0)),
        ("an endless shape", gpu.fill(Scalar::Bool(true), &[usize::MAX, 3])),
    ];
    for (what, result) in all {
        let error = refused(result);
        assert_eq!(error.kind(), Kind::Memory, "{what}: {error}");
        assert!(error.message().contains("; a buffer of this graphics device holds "), "{what}: {error}");
    }
    // more than a kernel counts to, though it takes no memory
    let endless = stretched(&[1 << 20, 1 << 12]);
    assert_eq!(refused(gpu.reduce(Reduction::Sum, &endless, &[0, 1], &[], 0)).kind(), Kind::Memory);
    let found = gpu.read(&kept).expect("a read");
    assert_same(&found, &Tensor::from_vec(vec![1.5f32, -2.0, 8.0], &[3]), "what was there before");
    assert_eq!(gpu.memory().live, kept.buffer().bytes() + one.buffer().bytes());
}

/// The largest buffer has elements whose number needs all the bits that kernels count with here.
#[test]
fn the_last_elements_of_a_full_buffer_are_right() {
    let gpu = gpu();
    let largest = gpu.0.adapter.memory as usize & !3;
    let bytes = gpu.fill(Scalar::U8(3), &[largest]).expect("a fill");
    let more = gpu.cluster(&simple("a + a", &[DType::U8], DType::U8), &[Input::View(&bytes)], &[largest]);
    let more = more.expect("a kernel").remove(0);
    let last = more.with_layout(Shape::from_slice(&[5]), largest - 5, Strides::from_slice(&[1]));
    assert_same(&gpu.read(&last).expect("a read"), &Tensor::from_vec(vec![6u8; 5], &[5]), "the last five");
}

#[test]
fn the_bound_holds_and_names_what_is_asked_and_what_is_there() {
    let gpu = gpu();
    gpu.limit_memory(4_000_000);
    let ramp = Tensor::from_vec((0..500_000).map(|x| x as f32).collect(), &[500_000]);
    let first = gpu.upload(&ramp).expect("two megabytes of four");
    let error = refused(gpu.fill(Scalar::F32(1.0), &[1000, 800]));
    assert_eq!(error.kind(), Kind::Memory);
    let message = error.message();
    assert!(message.starts_with("f32[1000, 800] @ gpu takes 3.4 MB; "), "{message}");
    assert!(message.ends_with(" of the 4.0 MB that values on the GPU may take are in use"), "{message}");
    // smaller ones go on, and what was there is as it was
    let small = gpu.fill(Scalar::I32(4), &[10]).expect("a small one");
    assert_same(&gpu.read(&small).expect("a read"), &Tensor::from_vec(vec![4; 10], &[10]), "a small one");
    assert_same(&gpu.read(&first).expect("a read"), &ramp, "the first");
    drop(first);
    let second = gpu.fill(Scalar::F32(1.0), &[1000, 800]).expect("there is room now");
    assert_eq!(gpu.read(&second).expect("a read").scalar(799_999), Some(Scalar::F32(1.0)));
}

/// A long chain of values of many sizes, of which two live at a time.
#[test]
fn what_is_in_use_and_what_is_kept_stay_below_the_bound() {
    let gpu = gpu();
    let most = 3_000_000;
    gpu.limit_memory(most);
    let doubled = simple("a + a", &[DType::F32], DType::F32);
    for round in 1..60 {
        let count = 5_000 * round;
        let x = gpu.fill(Scalar::F32(round as f32), &[count]).expect("a fill");
        let y = gpu.cluster(&doubled, &[Input::View(&x)], &[count]).expect("a kernel").remove(0);
        drop(x);
        let memory = gpu.memory();
        assert!(memory.live + memory.pooled <= most, "{memory:?}");
        if round % 20 == 0 {
            assert_eq!(gpu.read(&y).expect("a read").scalar(count - 1), Some(Scalar::F32(2.0 * round as f32)));
        }
    }
    assert_eq!(gpu.memory().live, 0);
}

#[test]
fn uploads_larger_than_what_is_written_at_a_time() {
    let gpu = gpu();
    let count = 20_000_003;
    let bytes: Vec<u8> = (0..count).map(|x| (x * 7 % 251) as u8).collect();
    let tensor = Tensor::from_vec(bytes, &[count]);
    let found = gpu.read(&gpu.upload(&tensor).expect("an upload")).expect("a read");
    assert_same(&found, &tensor, "in pieces");
}

#[test]
fn uploads_are_kept_while_the_elements_are_what_they_were() {
    let gpu = gpu();
    let mut x = Tensor::from_vec(vec![1.0f32, 2.0, 3.0], &[3]);
    let keep = |x: &Tensor| {
        let view = gpu.upload(x).expect("an upload");
        gpu.keep_upload(x, &view);
    };
    let buffer = |x: &Tensor| gpu.uploaded(x, DType::F32).map(|view| std::rc::Rc::as_ptr(view.buffer()));
    assert!(buffer(&x).is_none());
    keep(&x);
    let first = buffer(&x);
    assert!(first.is_some() && gpu.uploaded(&x, DType::I32).is_none());
    // other elements of the same buffer are another upload
    let part = x.view(Shape::from_slice(&[2]), 1, Strides::from_slice(&[1]));
    assert!(buffer(&part).is_none());
    keep(&part);
    assert!(buffer(&part).is_some() && buffer(&part) != first && buffer(&x) == first);
    drop(part);
    // written
    x.as_mut_slice::<f32>().expect("nobody else holds it").1[0] = 9.0;
    assert!(buffer(&x).is_none());
    gpu.tidy();
    assert_eq!(gpu.memory().live, 0);
    keep(&x);
    assert!(buffer(&x).is_some());
    // gone, and another one in its place
    drop(x);
    let others: Vec<Tensor> = (0..50).map(|x| Tensor::from_vec(vec![x as f32; 3], &[3])).collect();
    assert!(others.iter().all(|x| buffer(x).is_none()));
    gpu.tidy();
    assert_eq!(gpu.memory().live, 0);
    // so many at most, those used last
    let others: Vec<Tensor> = (0..200).map(|x| Tensor::from_vec(vec![x as f32; 3], &[3])).collect();
    others.iter().for_each(|x| {
        keep(x);
        assert!(buffer(&others[0]).is_some());
    });
    let kept = others.iter().filter(|x| buffer(x).is_some()).count();
    assert!((10..200).contains(&kept) && buffer(&others[1]).is_none(), "{kept}");
}

/// Copies that are kept make way for values.
#[test]
fn kept_uploads_make_way() {
    let gpu = gpu();
    gpu.limit_memory(3_000_000);
    let x = Tensor::from_vec(vec![1.0f32; 500_000], &[500_000]);
    let view = gpu.upload(&x).expect("an upload");
    gpu.keep_upload(&x, &view);
    drop(view);
    assert!(gpu.memory().live > 2_000_000 - 1);
    let other = gpu.fill(Scalar::F32(2.0), &[600_000]).expect("there is room without the copy");
    assert!(gpu.uploaded(&x, DType::F32).is_none());
    assert_eq!(gpu.read(&other).expect("a read").scalar(0), Some(Scalar::F32(2.0)));
}

#[test]
fn a_lost_device_is_an_error_that_says_so() {
    let gpu = gpu();
    let old = gpu.fill(Scalar::F32(1.0), &[3]).expect("a fill");
    gpu.lose();
    let lost = |result: Result<()>, what: &str| {
        let error = refused(result);
        assert_eq!(error.kind(), Kind::Device, "{what}");
        assert!(error.message().starts_with("the GPU was lost: "), "{what}: {error}");
    };
    lost(gpu.read(&old).map(drop), "a read");
    assert!(gpu.is_lost());
    lost(gpu.read(&old).map(drop), "another read");
    lost(gpu.wait(), "a wait");
    lost(gpu.fill(Scalar::F32(1.0), &[100_000]).and_then(|view| gpu.read(&view)).map(drop), "something new");
    lost(gpu.upload(&repeated(DType::F32, 10)).map(drop), "an upload");
    lost(old.check_lost(), "what was there");
    let new = super::gpu();
    lost(new.read(&old).map(drop), "what was there, on another device");
    let doubled = simple("a + a", &[DType::F32], DType::F32);
    lost(new.cluster(&doubled, &[Input::View(&old)], &[3]).map(drop), "an operation on what was there");
    let found = new.fill(Scalar::F32(2.0), &[3]).and_then(|view| new.read(&view)).expect("another device");
    assert_same(&found, &Tensor::from_vec(vec![2.0f32; 3], &[3]), "another device");
}

/// Work on its way when the device goes is no hang.
#[test]
fn a_device_lost_in_the_middle_of_work() {
    let gpu = gpu();
    let size = 300;
    let mut x = gpu.fill(Scalar::F32(0.01), &[size, size]).expect("a fill");
    let mut failed = None;
    for round in 0..200 {
        let side = |contract| Side { view: &x, batch: &[], contract };
        match contracted(&gpu, &side(&[1]), &side(&[0]), &[size, size]) {
            Ok(y) => x = y,
            Err(error) => failed = failed.or(Some(error)),
        }
        if round == 100 {
            gpu.lose();
        }
    }
    let error = failed.unwrap_or_else(|| refused(gpu.read(&x)));
    assert!(error.message().starts_with("the GPU was lost: "), "{error}");
    assert!(shape::size(x.shape()) > 0 && gpu.read(&x).is_err());
}
