//! The functions of real numbers, in units in the last place against `f64`.

use super::*;

/// The device's values of a function at these points.
fn values(gpu: &Gpu, wgsl: &'static str, points: &[f32]) -> Vec<f32> {
    let shape = [points.len()];
    let x = gpu.upload(&Tensor::from_vec(points.to_vec(), &shape)).expect("an upload");
    let result = gpu.cluster(&simple(wgsl, &[DType::F32], DType::F32), &[Input::View(&x)], &shape).expect("a kernel");
    gpu.read(&result[0]).expect("a read").to_vec().expect("f32")
}

fn values2(gpu: &Gpu, wgsl: &'static str, x: &[f32], y: &[f32]) -> Vec<f32> {
    let shape = [x.len()];
    let upload = |values: &[f32]| gpu.upload(&Tensor::from_vec(values.to_vec(), &shape)).expect("an upload");
    let (x, y) = (upload(x), upload(y));
    let program = simple(wgsl, &[DType::F32; 2], DType::F32);
    let result = gpu.cluster(&program, &[Input::View(&x), Input::View(&y)], &shape).expect("a kernel");
    gpu.read(&result[0]).expect("a read").to_vec().expect("f32")
}

/// How far off, in units in the last place of the exact result. Below the smallest normal number one such unit is taken
/// for the whole range: devices may flush what is smaller.
fn ulps(found: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if rounded.is_nan() || rounded.is_infinite() || found.is_nan() || found.is_infinite() {
        let same = (found.is_nan() && rounded.is_nan()) || found == rounded;
        return if same { 0.0 } else { f64::INFINITY };
    }
    let exponent = exact.abs().log2().floor().max(-126.0);
    let error = (f64::from(found) - exact).abs();
    if exact.abs() < f64::from(f32::MIN_POSITIVE) && found.abs() < f32::MIN_POSITIVE {
        0.0
    } else {
        error / (exponent - 23.0).exp2()
    }
}

/// The largest error at these points.
fn worst(found: &[f32], points: &[f32], exact: impl Fn(f64) -> f64) -> (f64, f32) {
    let each = found.iter().zip(points).map(|(&found, &x)| (ulps(found, exact(f64::from(x))), x));
    each.fold((0.0, 0.0), |worst, one| if one.0 > worst.0 || one.0.is_nan() { one } else { worst })
}

/// Numbers of all sizes and both signs, some from each of these ranges, and the special ones.
fn points(ranges: &[(f32, f32)]) -> Vec<f32> {
    let mut dice = Dice(17);
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        2.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
    ];
    let mut points = special.to_vec();
    points.extend((0..40_000).map(|_| f32::from_bits((dice.next() << 3 ^ dice.next()) as u32)));
    for &(low, high) in ranges {
        points.extend((0..40_000).map(|_| low + (high - low) * (dice.next() & 0xff_ffff) as f32 / 16_777_216.0));
    }
    points
}

#[test]
fn functions_of_one_number() {
    let gpu = gpu();
    type Case = (&'static str, &'static [(f32, f32)], f64, fn(f64) -> f64);
    let cases: &[Case] =
        &[
            ("nb_exp(a)", &[(-104.0, 89.0), (-1.0, 1.0)], 2.0, libm::exp),
            ("nb_expm1(a)", &[(-20.0, 89.0), (-1.0, 1.0), (-1e-3, 1e-3)], 2.0, libm::expm1),
            ("nb_log(a)", &[(0.0, 10.0), (0.9, 1.1), (0.0, 1e-37)], 2.0, libm::log),
            ("nb_log1p(a)", &[(-1.0, 10.0), (-0.01, 0.01), (-0.5, 0.6)], 2.0, libm::log1p),
            ("nb_tanh(a)", &[(-10.0, 10.0), (-1.0, 1.0), (-1e-3, 1e-3)], 3.0, libm::tanh),
            ("nb_sin(a)", &[(-10.0, 10.0), (-300.0, 300.0), (-1e5, 1e5)], 3.0, libm::sin),
            ("nb_cos(a)", &[(-10.0, 10.0), (-300.0, 300.0), (-1e5, 1e5)], 3.0, libm::cos),
            ("nb_sqrt(a)", &[(0.0, 10.0)], 2.0, libm::sqrt),
            ("nb_exp2(a)", &[(-150.0, 129.0), (-1.0, 1.0)], 1.1, libm::exp2),
            ("nb_log2(a)", &[(0.0, 10.0), (0.9, 1.1), (0.0, 1e-37)], 1.5, libm::log2),
            ("nb_log10(a)", &[(0.0, 10.0), (0.9, 1.1), (0.0, 1e-37)], 2.0, libm::log10),
            ("nb_cbrt(a)", &[(-10.0, 10.0), (-1e3, 1e3)], 1.0, libm::cbrt),
            ("nb_tan(a)", &[(-10.0, 10.0), (-1.0, 1.0), (-300.0, 300.0), (-1e5, 1e5)], 3.6, libm::tan),
            ("nb_asin(a)", &[(-1.0, 1.0), (0.9, 1.0), (-0.01, 0.01)], 2.5, libm::asin),
            ("nb_acos(a)", &[(-1.0, 1.0), (0.9, 1.0), (-1.0, -0.9)], 1.5, libm::acos),
            ("nb_atan(a)", &[(-1.0, 1.0), (-10.0, 10.0), (-0.01, 0.01)], 2.0, libm::atan),
            ("nb_sinh(a)", &[(-90.0, 90.0), (-3.0, 3.0), (-0.01, 0.01)], 2.0, libm::sinh),
            ("nb_cosh(a)", &[(-90.0, 90.0), (-3.0, 3.0)], 2.0, libm::cosh),
            ("nb_asinh(a)", &[(-10.0, 10.0), (-1.0, 1.0), (-0.01, 0.01)], 2.0, libm::asinh),
            ("nb_acosh(a)", &[(1.0, 10.0), (1.0, 1.1), (1.0, 1e10)], 3.0, |x| {
                if x < 1.0 { f64::NAN } else { libm::acosh(x) }
            }),
            ("nb_atanh(a)", &[(-1.0, 1.0), (-0.01, 0.01), (0.9, 1.0)], 1.5, libm::atanh),
            ("nb_erf(a)", &[(-5.0, 5.0), (-1.0, 1.0)], 1.5, libm::erf),
        ];
    for (wgsl, ranges, bound, exact) in cases {
        let mut points = points(ranges);
        // Subnormal numbers may be taken for 0.
        points.retain(|x| *x == 0.0 || !x.is_subnormal());
        let (error, at) = worst(&values(&gpu, wgsl, &points), &points, exact);
        assert!(error <= *bound, "{wgsl}: {error} ulp at {at:e}");
    }
}

/// Pairs of all sizes, of special numbers, and from this range.
fn pairs(range: f32) -> (Vec<f32>, Vec<f32>) {
    let mut dice = Dice(11);
    let special = points(&[])[..12].to_vec();
    let mut pairs: Vec<(f32, f32)> = special.iter().flat_map(|&a| special.iter().map(move |&b| (a, b))).collect();
    let any = |dice: &mut Dice| f32::from_bits((dice.next() << 3 ^ dice.next()) as u32);
    let near = |dice: &mut Dice| range * ((dice.next() & 0xff_ffff) as f32 / 8_388_608.0 - 1.0);
    for _ in 0..40_000 {
        let (a, b) = (any(&mut dice), near(&mut dice));
        let scale = 2f32.powi(dice.below(40) as i32 - 20);
        pairs.extend([(a, any(&mut dice)), (b, near(&mut dice)), (b, b * scale), (a, a * scale)]);
    }
    pairs.retain(|(a, b)| [a, b].iter().all(|x| **x == 0.0 || !x.is_subnormal()));
    pairs.into_iter().unzip()
}

#[test]
fn functions_of_two_numbers() {
    let gpu = gpu();
    type Case = (&'static str, f32, f64, fn(f64, f64) -> f64);
    let cases: &[Case] = &[
        ("nb_atan2(a, b)", 10.0, 2.0, libm::atan2),
        ("nb_hypot(a, b)", 10.0, 1.5, libm::hypot),
        ("nb_fmod(a, b)", 10.0, 0.0, libm::fmod),
        ("nb_fmod(a, b)", 1e6, 0.0, libm::fmod),
        ("nb_nextafter(a, b)", 10.0, 0.0, |a, b| f64::from(libm::nextafterf(a as f32, b as f32))),
    ];
    for (wgsl, range, bound, exact) in cases {
        let (a, b) = pairs(*range);
        let found = values2(&gpu, wgsl, &a, &b);
        for ((&a, &b), &found) in a.iter().zip(&b).zip(&found) {
            let exact = exact(f64::from(a), f64::from(b));
            let error = ulps(found, exact);
            assert!(error <= *bound, "{wgsl} of {a:e}, {b:e} is {found:e}, not {exact:e}: {error} ulp");
        }
    }
}

/// Where its terms nearly cancel, errors are those of the larger one.
#[test]
fn logarithms_of_sums_of_powers() {
    let gpu = gpu();
    let (mut a, mut b) = pairs(20.0);
    let (near, also) = pairs(0.01);
    a.extend(near);
    b.extend(also.iter().map(|x| x - 5.0));
    let found = values2(&gpu, "nb_logaddexp(a, b)", &a, &b);
    for ((&a, &b), &found) in a.iter().zip(&b).zip(&found) {
        let (x, y) = (f64::from(a.max(b)), f64::from(a.min(b)));
        let exact = if a.is_nan() || b.is_nan() {
            f64::NAN
        } else if x == y {
            x + std::f64::consts::LN_2
        } else {
            x + libm::log1p(libm::exp(y - x))
        };
        let terms = x.abs().max((exact - x).abs());
        let lost = if terms.is_finite() && terms > exact.abs() { exact.abs() / terms } else { 1.0 };
        let error = ulps(found, exact) * lost;
        assert!(error <= 3.0, "logaddexp({a:e}, {b:e}) is {found:e}, not {exact:e}: {error} ulp");
    }
}

#[test]
fn powers() {
    let gpu = gpu();
    let mut dice = Dice(5);
    let (mut x, mut y) = (vec![], vec![]);
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -2.0,
        3.0,
        -3.0,
        2.5,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        1e30,
        -16777217.0,
    ];
    for &a in &special {
        for &b in &special {
            x.push(a);
            y.push(b);
        }
    }
    for _ in 0..100_000 {
        let base = f32::from_bits(0x0080_0000 + (dice.next() as u32) % 0x7f00_0000);
        x.push(if dice.below(2) == 0 { base } else { 1.0 + dice.float() / 100.0 });
        let reach = if dice.below(2) == 0 { 128.0 / x[x.len() - 1].log2().abs().max(1e-6) } else { 4.0 };
        y.push(dice.float() / 2.0 * reach);
    }
    let found = values2(&gpu, "nb_pow(a, b)", &x, &y);
    for ((&x, &y), &found) in x.iter().zip(&y).zip(&found) {
        let error = ulps(found, libm::pow(f64::from(x), f64::from(y)));
        assert!(error <= 2.0, "{x:e} ** {y:e} = {found:e}: {error} ulp");
    }
    let squares = values2(&gpu, "nb_pow(a, b)", &x, &vec![2.0; x.len()]);
    assert!(
        squares
            .iter()
            .zip(&x)
            .all(|(&found, &x)| found.to_bits() == (x * x).to_bits() || x.is_nan() || (x * x).is_subnormal())
    );
}

/// What devices may take for 0 counts where a function looks at bits.
#[test]
fn the_smallest_numbers_count() {
    let gpu = gpu();
    let smallest = f32::from_bits(1);
    for x in [smallest, 1e-40, 1.1e-38] {
        let exact = f64::from(x);
        for (wgsl, exact) in
            [("nb_log2(a)", libm::log2(exact)), ("nb_log10(a)", libm::log10(exact)), ("nb_cbrt(a)", libm::cbrt(exact))]
        {
            let found = values(&gpu, wgsl, &[x])[0];
            assert!(ulps(found, exact) <= 2.0, "{wgsl} of {x:e} is {found:e}, not {exact:e}");
        }
        let angle = values2(&gpu, "nb_atan2(a, b)", &[x], &[2.0 * x])[0];
        assert!(ulps(angle, libm::atan2(1.0, 2.0)) <= 2.0, "{angle}");
        for (wgsl, a, b, exact) in [
            ("nb_nextafter(a, b)", x, 1.0, f32::from_bits(x.to_bits() + 1)),
            ("nb_nextafter(a, b)", x, -x, f32::from_bits(x.to_bits() - 1)),
            ("nb_nextafter(a, b)", 0.0, -x, -smallest),
            ("nb_fmod(a, b)", 1.0, x, 1.0 % x),
            ("nb_fmod(a, b)", -3e-38, 2e-38, -3e-38 % 2e-38),
            ("nb_hypot(a, b)", 0.0, x, x),
        ] {
            let found = values2(&gpu, wgsl, &[a], &[b])[0];
            assert_eq!(found.to_bits(), exact.to_bits(), "{wgsl} of {a:e}, {b:e} is {found:e}, not {exact:e}");
        }
    }
}

#[test]
fn signs_of_zero_stay() {
    let gpu = gpu();
    for wgsl in ["nb_expm1(a)", "nb_log1p(a)", "nb_tanh(a)", "nb_sin(a)", "nb_sqrt(a)"] {
        let found = values(&gpu, wgsl, &[0.0, -0.0]);
        assert_eq!(found.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), [0, 1 << 31], "{wgsl}");
    }
    let gone = values(&gpu, "f32(nb_is_nan(a))", &[f32::NAN, f32::INFINITY, 1.0, -f32::NAN]);
    assert_eq!(gone, [1.0, 0.0, 0.0, 1.0]);
}
