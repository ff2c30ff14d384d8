// 64 bits as an i32.
fn narrow(x: vec2<u32>) -> i32 {
    if x.y != 0u - (x.x >> 31u) {
        raise(0u, 0);
    }
    return bitcast<i32>(x.x);
}
