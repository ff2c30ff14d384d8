// The inverse hyperbolic functions, by log1p of what FreeBSD's s_asinh.c, e_acosh.c and e_atanh.c take; asinh and atanh
// up to 1/2 after Cephes' asinhf.c and atanhf.c. Within 1.7, 3 and 1.1 ulp.
fn nb_asinh(x: f32) -> f32 {
    let size = abs(x);
    if nb_is_nan(x) || size < 1e-4 {
        return x;
    }
    let z = x * x;
    if size < 0.5 {
        var p = 2.0122003309e-2;
        p = p * z - 4.2699340972e-2;
        p = p * z + 7.4847586088e-2;
        p = p * z - 1.6666288134e-1;
        return p * z * x + x;
    }
    var area: f32;
    if size > 1e10 {
        area = nb_log(size) + 0.693147181;
    } else {
        area = nb_log1p(size + z / (1.0 + sqrt(1.0 + z)));
    }
    return select(area, -area, x < 0.0);
}

fn nb_acosh(x: f32) -> f32 {
    if nb_is_nan(x) {
        return x;
    }
    if x < 1.0 {
        return nb_nan();
    }
    if x > 1e10 {
        return nb_log(x) + 0.693147181;
    }
    let t = x - 1.0;
    return nb_log1p(t + sqrt(2.0 * t + t * t));
}

fn nb_atanh(x: f32) -> f32 {
    let size = abs(x);
    if nb_is_nan(x) || size < 1e-4 {
        return x;
    }
    if size >= 1.0 {
        return select(nb_nan(), bitcast<f32>(bitcast<u32>(nb_inf()) | (bitcast<u32>(x) & 0x80000000u)), size == 1.0);
    }
    if size < 0.5 {
        let z = x * x;
        var p = 1.81740078349e-1;
        p = p * z + 8.24370301058e-2;
        p = p * z + 1.46691431730e-1;
        p = p * z + 1.99782164500e-1;
        p = p * z + 3.33337300303e-1;
        return p * z * x + x;
    }
    let area = 0.5 * nb_log1p(2.0 * size / (1.0 - size));
    return select(area, -area, x < 0.0);
}
