// Products are kept as their size, and whether they are negative (1) or too large (2).
fn times(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    if a.x == 0u || b.x == 0u {
        return vec2<u32>(0u, 0u);
    }
    let size = nb_wide(a.x, b.x);
    let sign = (a.y ^ b.y) & 1u;
    if size.y != 0u || ((a.y | b.y) & 2u) != 0u {
        return vec2<u32>(0xffffffffu, sign | 2u);
    }
    return vec2<u32>(size.x, sign);
}
