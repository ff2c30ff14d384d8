// The cube root after FreeBSD's s_cbrt.c: a third of the exponent, which gives five bits, one step of Halley's method to
// twelve bits, whose square is exact, and one more. Within 0.9 ulp.
fn nb_cbrt(x: f32) -> f32 {
    var bits = bitcast<u32>(x) & 0x7fffffffu;
    if bits == 0u || bits >= 0x7f800000u {
        return x;
    }
    var scale = 1.0;
    if bits < 0x00800000u {
        // Devices may take such a number for 0; as an integer it is none, twice of it one of 2^-150.
        bits = bitcast<u32>(2.0 * f32(bits));
        scale = 8.8817842e-16;
    }
    let size = bitcast<f32>(bits);
    var root = bitcast<f32>(bits / 3u + 709958130u);
    let ratio = root * root * (root / size);
    root = root * (2.0 + ratio) / (1.0 + 2.0 * ratio);
    root = bitcast<f32>(bitcast<u32>(root) & 0xfffff000u);
    let quotient = size / (root * root);
    root += root * ((quotient - root) / (root + root + quotient));
    return bitcast<f32>(bitcast<u32>(root * scale) | (bitcast<u32>(x) & 0x80000000u));
}
