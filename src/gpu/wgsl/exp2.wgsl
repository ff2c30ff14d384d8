// 2^x: that of the nearest whole number times 2^r, by the polynomial of the CPU (`cpu/functions/exponential.rs`). Exact
// for whole numbers, else within 1.1 ulp.
fn nb_exp2(x: f32) -> f32 {
    if nb_is_nan(x) {
        return x;
    }
    if x >= 128.0 {
        return nb_inf();
    }
    if x < -150.0 {
        return 0.0;
    }
    let n = round(x);
    let r = x - n;
    var p = 1.53102579e-5;
    p = p * r + 1.54615622e-4;
    p = p * r + 1.33334539e-3;
    p = p * r + 9.61805639e-3;
    p = p * r + 5.55041093e-2;
    p = p * r + 2.40226509e-1;
    p = p * r + 6.93147181e-1;
    return nb_scale(1.0 + p * r, i32(n));
}
