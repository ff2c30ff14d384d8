// The next number from a towards b, as in C99. By bits: devices may take small numbers for 0.
fn nb_nextafter(a: f32, b: f32) -> f32 {
    if nb_is_nan(a) || nb_is_nan(b) {
        return nb_nan();
    }
    let start = bitcast<u32>(a);
    let end = bitcast<u32>(b);
    if start == end || ((start | end) & 0x7fffffffu) == 0u {
        return b;
    }
    if (start & 0x7fffffffu) == 0u {
        return bitcast<f32>((end & 0x80000000u) | 1u);
    }
    let grows = ((start ^ end) >> 31u) == 0u && start < end;
    return bitcast<f32>(select(start - 1u, start + 1u, grows));
}
