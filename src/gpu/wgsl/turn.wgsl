// sin r and cos r, for |r| <= pi/4, by the polynomials of Cephes' sinf.c.
fn nb_sin_part(r: f32) -> f32 {
    let z = r * r;
    var p = -1.9515295891e-4;
    p = p * z + 8.3321608736e-3;
    p = p * z - 1.6666654611e-1;
    return p * z * r + r;
}

fn nb_cos_part(r: f32) -> f32 {
    let z = r * r;
    var p = 2.443315711809948e-5;
    p = p * z - 1.388731625493765e-3;
    p = p * z + 4.166664568298827e-2;
    return (p * z * z - 0.5 * z) + 1.0;
}
