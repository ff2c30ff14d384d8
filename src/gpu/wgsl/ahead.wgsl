// Numbers as words in the order of their size.
fn rank(x: i32) -> u32 {
    return bitcast<u32>(x) ^ 0x80000000u;
}

// The same of reals, given as their bits: both zeros are equal, and NaN is ahead of all.
fn rank_of_float(bits: u32) -> u32 {
    let size = bits & 0x7fffffffu;
    if size > 0x7f800000u {
        return 0xffffffffu;
    }
    return select(size | 0x80000000u, ~(size | 0x80000000u), size != 0u && (bits >> 31u) == 1u);
}

// Of two ranks, each with its place, the greater; of equal ones the first.
fn ahead(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return select(b, a, a.x > b.x || (a.x == b.x && a.y < b.y));
}
