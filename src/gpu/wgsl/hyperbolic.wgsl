// Hyperbolic functions by e^|x| / 2, which is a number where e^|x| is none. sinh up to 1 after Cephes' sinhf.c.
// Within 1.7 and 1.5 ulp.
fn nb_sinh(x: f32) -> f32 {
    let size = abs(x);
    if nb_is_nan(x) || size < 1e-4 {
        return x;
    }
    if size <= 1.0 {
        let z = x * x;
        var p = 2.03721912945e-4;
        p = p * z + 8.33028376239e-3;
        p = p * z + 1.66667160211e-1;
        return p * z * x + x;
    }
    var half = nb_inf();
    if size < 89.5 {
        half = nb_exp_finite(size, -1);
        half -= 0.25 / half;
    }
    return select(half, -half, x < 0.0);
}

fn nb_cosh(x: f32) -> f32 {
    if nb_is_nan(x) {
        return x;
    }
    if abs(x) >= 89.5 {
        return nb_inf();
    }
    let half = nb_exp_finite(abs(x), -1);
    return half + 0.25 / half;
}
