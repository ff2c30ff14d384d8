// The first point of this cell, or of those behind it, and the cell.
fn slot(cell: u32) -> vec2<u32> {
    var low = 0u;
    var high = points();
    while low < high {
        let middle = (low + high) / 2u;
        if cells[middle] < cell {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    return vec2<u32>(low, cell);
}
