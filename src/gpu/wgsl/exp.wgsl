// x * 2^n, for x near 1. The factor is made in two halves, as one may not be a number; results below 2^-126 are made
// as bits, since devices may take them for 0.
fn nb_scale(x: f32, n: i32) -> f32 {
    if n < -125 {
        let units = x * bitcast<f32>(u32(clamp(n + 149 + 127, 1, 254)) << 23u);
        return bitcast<f32>(u32(round(units)));
    }
    let half = clamp(n, -252, 254) >> 1u;
    let rest = clamp(n, -252, 254) - half;
    return x * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(rest + 127) << 23u);
}

// e^r - 1 - r, for |r| <= ln(2) / 2.
fn nb_exp_tail(r: f32) -> f32 {
    var p = 1.9875691500e-4;
    p = p * r + 1.3981999507e-3;
    p = p * r + 8.3334519073e-3;
    p = p * r + 4.1665795894e-2;
    p = p * r + 1.6666665459e-1;
    p = p * r + 5.0000001201e-1;
    return p * r * r;
}

// x - n ln 2. The first part of ln 2 has few bits, so that its product is exact.
fn nb_exp_rest(x: f32, n: f32) -> f32 {
    return (x - n * 0.693359375) - n * -2.12194440e-4;
}

// e^x * 2^k, for x from -104 to 90.
fn nb_exp_finite(x: f32, k: i32) -> f32 {
    let n = round(x * 1.44269504);
    let r = nb_exp_rest(x, n);
    return nb_scale(1.0 + (r + nb_exp_tail(r)), i32(n) + k);
}

// By the polynomial of Cephes' expf.c. Within 1 ulp.
fn nb_exp(x: f32) -> f32 {
    if nb_is_nan(x) {
        return x;
    }
    if x > 88.7228394 {
        return nb_inf();
    }
    if x < -103.972084 {
        return 0.0;
    }
    return nb_exp_finite(x, 0);
}

// By the same. Within 1.6 ulp.
fn nb_expm1(x: f32) -> f32 {
    if nb_is_nan(x) || abs(x) < 1e-10 {
        return x;
    }
    if x < -18.0 {
        return -1.0;
    }
    let n = round(x * 1.44269504);
    if n > 24.0 {
        return nb_exp(x) - 1.0;
    }
    let r = nb_exp_rest(x, n);
    let p = r + nb_exp_tail(r);
    let scale = bitcast<f32>(u32(i32(n) + 127) << 23u);
    return scale * p + (scale - 1.0);
}
