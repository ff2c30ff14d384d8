// The cell of every point; what is no point, or points nowhere, is sorted behind all cells.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item >= padded() {
        return;
    }
    var cell = 0xffffffffu;
    if item < points() {
        let pointed_at = pointed(locate(item));
        cell = select(pointed_at, cell, bad);
    }
    cells[item] = cell;
    order[item] = item;
}
