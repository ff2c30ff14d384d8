// Every point that is the last of its cell writes its values there, unless some point is out of bounds: such are last.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item >= points() * rest() || cells[points() - 1u] == 0xffffffffu {
        return;
    }
    let point = item / rest();
    let cell = cells[point];
    if point + 1u < points() && cells[point + 1u] == cell {
        return;
    }
    let at = locate(item % rest());
    y_put(at[0] + locate_cell(cell)[0], value_at(at[1] + locate_point(order[point])[0]));
}
