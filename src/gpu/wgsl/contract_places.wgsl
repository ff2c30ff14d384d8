fn results() -> u32 {
    return batches() * rows() * columns();
}

// Where the elements of each side begin whose products sum up to a result.
fn starts(item: u32) -> vec2<u32> {
    let column = item % columns();
    let row = (item / columns()) % rows();
    let batch = item / columns() / rows();
    return vec2<u32>(
        a_offset() + batch * a_batch() + row * a_free(),
        b_offset() + batch * b_batch() + column * b_free(),
    );
}

fn product(start: vec2<u32>, k: u32) -> Value {
    return a_at(start.x + k * a_inner()) * b_at(start.y + k * b_inner());
}

