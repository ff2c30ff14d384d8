// The first point of the cell to which this one belongs, and the cell; no point if another one is the first.
fn slot(point: u32) -> vec2<u32> {
    let cell = cells[point];
    if point > 0u && cells[point - 1u] == cell {
        return vec2<u32>(points(), cell);
    }
    return vec2<u32>(point, cell);
}
