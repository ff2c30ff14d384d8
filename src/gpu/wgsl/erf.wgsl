// The error function by the polynomials of the CPU (`cpu/functions/error.rs`): x + x P(x^2) up to 1; beyond,
// 1 - exp(-x^2) Q(x - 2), which is 1 from 4 on. Within 1.3 ulp.
fn nb_erf(x: f32) -> f32 {
    if nb_is_nan(x) {
        return x;
    }
    let size = min(abs(x), 4.0);
    let square = size * size;
    if size < 1.0 {
        var p = -9.68013889e-6;
        p = p * square + 1.12705444e-4;
        p = p * square - 8.48471127e-4;
        p = p * square + 5.22107485e-3;
        p = p * square - 2.68654458e-2;
        p = p * square + 1.12837827e-1;
        p = p * square - 3.76126385e-1;
        p = p * square + 1.28379167e-1;
        return x + x * p;
    }
    let u = size - 2.0;
    var q = -2.86862793e-5;
    q = q * u + 6.77129071e-5;
    q = q * u - 1.55392844e-4;
    q = q * u + 5.91339288e-4;
    q = q * u - 1.85207460e-3;
    q = q * u + 5.43478945e-3;
    q = q * u - 1.54573130e-2;
    q = q * u + 4.18041462e-2;
    q = q * u - 1.06796471e-1;
    q = q * u + 2.55395651e-1;
    let far = 1.0 - nb_exp(-square) * q;
    return select(far, -far, x < 0.0);
}
