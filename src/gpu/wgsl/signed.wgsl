// A product as an i32.
fn signed(x: vec2<u32>) -> i32 {
    let negative = x.y & 1u;
    if (x.y & 2u) != 0u || x.x > 0x7fffffffu + negative {
        raise(0u, 0);
    }
    return bitcast<i32>(select(x.x, 0u - x.x, negative == 1u));
}
