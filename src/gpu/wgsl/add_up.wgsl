// Every element adds up the points of its cell, which lie side by side.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item >= total() {
        return;
    }
    let at = locate(item);
    var low = 0u;
    var high = points();
    while low < high {
        let middle = (low + high) / 2u;
        if cells[middle] < at[0] {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    var sum = y[item];
    let end = min(points(), low + first() + most());
    for (var i = low + first(); i < end && cells[i] == at[0]; i++) {
        sum += value[at[1] + locate_point(order[i])[0]];
    }
    y[item] = sum;
}
