// An index along an axis, counted from the end when negative. Without wrapping: len may be up to 2^31.
fn within(array: u32, index: i32, len: u32) -> u32 {
    let position = select(bitcast<u32>(index), bitcast<u32>(index) + len, index < 0);
    // An index too far below 0 wraps to at least 2^31, or stays so.
    if position < len && (index >= 0 || 0u - bitcast<u32>(index) <= len) {
        return position;
    }
    bad = true;
    raise(array, index);
    return 0u;
}
