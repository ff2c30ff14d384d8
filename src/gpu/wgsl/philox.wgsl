// Ten rounds of Philox 4x32. One block holds the bits of two elements, low word first.
fn philox(pair: u32) -> vec4<u32> {
    var c = vec4<u32>(pair, 0u, draw_low(), draw_high());
    var k = vec2<u32>(seed_low(), seed_high());
    for (var round = 0u; round < 10u; round++) {
        let p = nb_wide(0xd2511f53u, c.x);
        let q = nb_wide(0xcd9e8d57u, c.z);
        c = vec4<u32>(q.y ^ c.y ^ k.x, q.x, p.y ^ c.w ^ k.y, p.x);
        k += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
    }
    return c;
}

// The upper 64 of the 96 bits of a product, of which 32 are left.
fn scaled(bits: vec2<u32>, range: u32) -> u32 {
    let high = nb_wide(bits.y, range);
    let low = nb_wide(bits.x, range);
    return high.y + u32(high.x + low.y < high.x);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let pair = block(group) * 256u + lane;
    let first = pair * 2u;
    if first >= total() {
        return;
    }
    let c = philox(pair);
    let both = made(c.xy, c.zw);
    y[first] = both.x;
    if first + 1u < total() {
        y[first + 1u] = both.y;
    }
}
