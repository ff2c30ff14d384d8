// Puts the block of 4 x 4 at x of the free axis and k of the sum into the piece, four elements at a time.
fn SIDE_fetch(start: u32, x: u32, k: u32, q: u32, kb: u32, len: u32, end: u32) {
    if SIDE_along() == 0u {
        for (var j = 0u; j < 4u; j++) {
            SIDE_piece[slot(kb, j, q)] =
                SIDE_or_zero(start + (x >> 2u) + (k + j) * SIDE_inner(), x < len && k + j < end);
        }
        return;
    }
    let at = start + x * SIDE_free() + (k >> 2u);
    let x0 = SIDE_or_zero(at, x < len && k < end);
    let x1 = SIDE_or_zero(at + SIDE_free(), x + 1u < len && k < end);
    let x2 = SIDE_or_zero(at + 2u * SIDE_free(), x + 2u < len && k < end);
    let x3 = SIDE_or_zero(at + 3u * SIDE_free(), x + 3u < len && k < end);
    SIDE_piece[slot(kb, 0u, q)] = vec4<Value>(x0.x, x1.x, x2.x, x3.x);
    SIDE_piece[slot(kb, 1u, q)] = vec4<Value>(x0.y, x1.y, x2.y, x3.y);
    SIDE_piece[slot(kb, 2u, q)] = vec4<Value>(x0.z, x1.z, x2.z, x3.z);
    SIDE_piece[slot(kb, 3u, q)] = vec4<Value>(x0.w, x1.w, x2.w, x3.w);
}

fn SIDE_or_zero(i: u32, there: bool) -> vec4<Value> {
    if there {
        return SIDE_at(i);
    }
    return vec4<Value>(0);
}
