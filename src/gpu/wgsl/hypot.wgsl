// sqrt(a^2 + b^2), the larger one made near 1/2. An infinity wins over NaN, as in C99. Within 1.2 ulp.
fn nb_hypot(a: f32, b: f32) -> f32 {
    let x = bitcast<u32>(a) & 0x7fffffffu;
    let y = bitcast<u32>(b) & 0x7fffffffu;
    let larger = max(x, y);
    if larger >= 0x7f800000u || larger == 0u {
        return select(bitcast<f32>(larger), nb_inf(), x == 0x7f800000u || y == 0x7f800000u);
    }
    let k = nb_exponent(larger) + 1;
    let along = nb_moved(x, -k);
    let up = nb_moved(y, -k);
    return nb_scale(sqrt(along * along + up * up), k);
}
