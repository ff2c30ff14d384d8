// The tangent after Cephes' tanf.c, by the rest of quarter turns that sines have. Within 3.5 ulp.
fn nb_tan(x: f32) -> f32 {
    if (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u {
        return nb_nan();
    }
    if abs(x) < 1e-4 {
        return x;
    }
    let turn = nb_turn(x);
    let r = turn.rest;
    let z = r * r;
    var p = 9.38540185543e-3;
    p = p * z + 3.11992232697e-3;
    p = p * z + 2.44301354525e-2;
    p = p * z + 5.34112807005e-2;
    p = p * z + 1.33387994085e-1;
    p = p * z + 3.33331568548e-1;
    let tangent = p * z * r + r;
    return select(tangent, -1.0 / tangent, (turn.quadrant & 1u) == 1u);
}
