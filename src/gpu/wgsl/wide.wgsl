// The 64 bits of a product: low word, high word.
fn nb_wide(a: u32, b: u32) -> vec2<u32> {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let cross = a1 * b0 + ((a0 * b0) >> 16u);
    let more = a0 * b1 + (cross & 0xffffu);
    return vec2<u32>(a * b, a1 * b1 + (cross >> 16u) + (more >> 16u));
}
