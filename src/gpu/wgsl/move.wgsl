// The exponent of a finite number above 0, from its bits.
fn nb_exponent(bits: u32) -> i32 {
    if bits < 0x00800000u {
        return -118 - i32(countLeadingZeros(bits));
    }
    return i32(bits >> 23u) - 127;
}

// x * 2^k for the bits of a finite x of at least 0. What is smaller than normal numbers counts where it is made larger,
// though devices may take it for 0.
fn nb_moved(bits: u32, k: i32) -> f32 {
    let small = bits < 0x00800000u;
    let n = clamp(select(k, k - 149, small), -252, 252);
    let half = n >> 1u;
    let x = select(bitcast<f32>(bits), f32(bits), small);
    return x * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(n - half + 127) << 23u);
}
