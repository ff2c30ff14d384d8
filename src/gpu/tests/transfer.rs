//! To the device and back; memory; adapters.

use super::*;
use crate::diagnostics::Kind;
use crate::gpu::adapters;

#[test]
fn tensors_come_back_as_they_went() {
    let gpu = gpu();
    let mut dice = Dice(1);
    for round in 0..60 {
        let dtype = DTYPES[round % 4];
        let shape = dice.shape(4, 0);
        let tensor = dice.tensor(dtype, &shape);
        let back = gpu.read(&gpu.upload(&tensor).expect("an upload")).expect("a read");
        assert_same(&back, &tensor, &format!("{dtype}{shape:?}"));
        let (tensor, view) = dice.pair(&gpu, dtype, &shape);
        assert_same(&gpu.read(&view).expect("a read"), &tensor, &format!("strided {dtype}{shape:?}"));
        let again = gpu.upload(&tensor).expect("an upload of a view");
        assert_same(&gpu.read(&again).expect("a read"), &tensor, &format!("from a view {dtype}{shape:?}"));
    }
}

#[test]
fn a_view_at_an_odd_byte() {
    let gpu = gpu();
    let tensor = Dice(2).tensor(DType::U8, &[13]);
    let view = gpu.upload(&tensor).expect("an upload").with_layout([6].as_slice().into(), 5, [1].as_slice().into());
    assert!(view.is_contiguous());
    let expected = tensor.view([6].as_slice().into(), 5, [1].as_slice().into());
    assert_same(&gpu.read(&view).expect("a read"), &expected, "from byte 5");
}

/// An upload into memory that recorded commands still read must not overtake them.
#[test]
fn uploads_do_not_overtake() {
    let gpu = gpu();
    let doubled = simple("a + a", &[DType::F32], DType::F32);
    for round in 0..20 {
        let first = gpu.upload(&Tensor::from_vec(vec![round as f32; 1000], &[1000])).expect("an upload");
        let result = gpu.cluster(&doubled, &[Input::View(&first)], &[1000]).expect("a kernel");
        drop(first);
        let _second = gpu.upload(&Tensor::from_vec(vec![-1.0f32; 1000], &[1000])).expect("an upload");
        let found = gpu.read(&result[0]).expect("a read");
        assert_same(&found, &Tensor::from_vec(vec![2.0 * round as f32; 1000], &[1000]), "the first");
    }
}

#[test]
fn too_large_a_buffer_is_an_error_and_the_device_goes_on() {
    let gpu = gpu();
    let count = gpu.0.adapter.memory as usize / 4 + 1000;
    let Err(error) = gpu.fill(Scalar::F32(1.0), &[count]) else { panic!("a buffer of {count} elements") };
    assert_eq!(error.kind(), Kind::Memory);
    assert!(error.message().contains("B"), "{error}");
    let Err(error) = gpu.fill(Scalar::F32(1.0), &[usize::MAX, 5]) else { panic!("an endless buffer") };
    assert_eq!(error.kind(), Kind::Memory);
    let small = gpu.fill(Scalar::I32(-7), &[3]).and_then(|view| gpu.read(&view)).expect("a small one");
    assert_same(&small, &Tensor::from_vec(vec![-7, -7, -7], &[3]), "a small one");
}

#[test]
fn views_out_of_their_buffer_are_refused() {
    let gpu = gpu();
    let view = gpu.fill(Scalar::F32(1.0), &[64]).expect("a fill");
    for (offset, stride) in [(1000, 1), (0, 1000), (0, -1)] {
        let wrong = view.with_layout([8].as_slice().into(), offset, [stride].as_slice().into());
        assert_eq!(gpu.read(&wrong).expect_err("a wrong view").kind(), Kind::Internal);
    }
    let other = super::gpu();
    assert_eq!(other.read(&view).expect_err("a view of another device").kind(), Kind::Internal);
}

#[test]
fn dropped_buffers_are_used_again() {
    let gpu = gpu();
    drop(gpu.fill(Scalar::U8(1), &[5000]).expect("a fill"));
    let before = gpu.memory();
    assert_eq!(before.live, 0);
    assert!(before.pooled >= 5000);
    let _again = gpu.fill(Scalar::U8(2), &[5000]).expect("a fill");
    assert_eq!(gpu.memory().live + gpu.memory().pooled, before.pooled);
}

#[test]
fn commands_wait_to_be_submitted() {
    let gpu = gpu();
    let views: Vec<View> = (0..40).map(|x| gpu.fill(Scalar::I32(x), &[10]).expect("a fill")).collect();
    assert_eq!(gpu.submits(), 0);
    gpu.wait().expect("a wait");
    assert_eq!(gpu.submits(), 1);
    assert_same(&gpu.read(&views[39]).expect("a read"), &Tensor::from_vec(vec![39; 10], &[10]), "the last");
}

#[test]
fn choices() {
    assert_eq!(Choice::parse(""), Choice::Best);
    assert_eq!(Choice::parse(" off "), Choice::Off);
    assert_eq!(Choice::parse("Software"), Choice::Software);
    assert_eq!(Choice::parse("1"), Choice::Index(1));
    assert_eq!(Choice::parse("Radeon"), Choice::Name("Radeon".to_string()));
    assert!(adapters(&Choice::Off).is_empty());
    let all = adapters(&Choice::Best);
    let Some(first) = all.first() else { panic!("no adapter") };
    assert_eq!(adapters(&Choice::Index(0)), std::slice::from_ref(first));
    assert!(adapters(&Choice::Index(1000)).is_empty());
    assert!(adapters(&Choice::Name(first.name.to_uppercase())).contains(first));
    assert!(adapters(&Choice::Software).iter().all(|adapter| adapter.kind == "software"));
    assert_eq!(Gpu::open(&Choice::Software, 7, Watch::default()).err().as_deref(), Some("there is one GPU"));
    assert!(Gpu::open(&Choice::Off, 0, Watch::default()).is_err());
}
