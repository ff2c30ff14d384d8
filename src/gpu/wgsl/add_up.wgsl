// Every element adds up the points of its cell, which lie side by side, unless some point is out of bounds: such are last.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item >= slots() * rest() || cells[points() - 1u] == 0xffffffffu {
        return;
    }
    let found = slot(item / rest());
    let start = found.x + first();
    if start >= points() || cells[start] != found.y {
        return;
    }
    let at = locate(item % rest());
    let to = at[0] + locate_cell(found.y)[0];
    let end = min(points(), start + most());
    var sum = y_get(to);
    for (var i = start; i < end && cells[i] == found.y; i++) {
        sum = add(sum, value_at(at[1] + locate_point(order[i])[0]));
    }
    y_put(to, sum);
}
