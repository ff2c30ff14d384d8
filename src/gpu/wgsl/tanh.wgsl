// After Cephes' tanhf.c. Within 1.4 ulp.
fn nb_tanh(x: f32) -> f32 {
    let size = abs(x);
    if nb_is_nan(x) || size < 1e-10 {
        return x;
    }
    if size > 9.1 {
        return sign(x);
    }
    if size >= 0.625 {
        let t = 1.0 - 2.0 / (nb_exp(2.0 * size) + 1.0);
        return select(t, -t, x < 0.0);
    }
    let z = x * x;
    var p = -5.70498872745e-3;
    p = p * z + 2.06390887954e-2;
    p = p * z - 5.37397155531e-2;
    p = p * z + 1.33314422036e-1;
    p = p * z - 3.33332819422e-1;
    return p * z * x + x;
}
