// Puts the block of 4 x 4 at x of the free axis and k of the sum into the piece, element by element.
fn SIDE_fetch(start: u32, x: u32, k: u32, q: u32, kb: u32, len: u32, end: u32) {
    for (var j = 0u; j < 4u; j++) {
        SIDE_piece[slot(kb, j, q)] = vec4<Value>(
            SIDE_or_zero(start, x, k + j, len, end),
            SIDE_or_zero(start, x + 1u, k + j, len, end),
            SIDE_or_zero(start, x + 2u, k + j, len, end),
            SIDE_or_zero(start, x + 3u, k + j, len, end),
        );
    }
}

fn SIDE_or_zero(start: u32, x: u32, k: u32, len: u32, end: u32) -> Value {
    if x < len && k < end {
        return SIDE_at(start + x * SIDE_free() + k * SIDE_inner());
    }
    return Value(0);
}
