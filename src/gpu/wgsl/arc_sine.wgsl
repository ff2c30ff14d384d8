// (asin(x) - x) / x^3 of z = x^2 <= 1/4, by the polynomial of the CPU (`cpu/functions/inverse.rs`).
fn nb_asin_tail(z: f32) -> f32 {
    var p = 3.75782008e-2;
    p = p * z + 1.43937840e-2;
    p = p * z + 3.18198193e-2;
    p = p * z + 4.45154723e-2;
    p = p * z + 7.50051211e-2;
    return p * z + 1.66666599e-1;
}

// asin(sqrt(z)) for z <= 1/4.
fn nb_asin_root(z: f32) -> f32 {
    let root = sqrt(z);
    return root + root * z * nb_asin_tail(z);
}

// Beyond 1/2 it is pi/2 - 2 asin(sqrt((1 - x) / 2)). Within 2.4 ulp.
fn nb_asin(x: f32) -> f32 {
    let size = abs(x);
    if nb_is_nan(x) || size < 1e-4 {
        return x;
    }
    if size > 1.0 {
        return nb_nan();
    }
    if size < 0.5 {
        let z = x * x;
        return x + x * z * nb_asin_tail(z);
    }
    let angle = 1.57079637 - (2.0 * nb_asin_root(0.5 - 0.5 * size) + 4.37113883e-8);
    return select(angle, -angle, x < 0.0);
}

// By the same. Within 1.3 ulp.
fn nb_acos(x: f32) -> f32 {
    if nb_is_nan(x) {
        return x;
    }
    if abs(x) > 1.0 {
        return nb_nan();
    }
    if abs(x) < 0.5 {
        let z = x * x;
        return 1.57079637 - (x + (x * z * nb_asin_tail(z) + 4.37113883e-8));
    }
    let half = nb_asin_root(0.5 - 0.5 * abs(x));
    return select(2.0 * half, 3.14159274 - (2.0 * half + 8.74227766e-8), x < 0.0);
}
