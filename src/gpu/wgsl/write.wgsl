@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item >= total() {
        return;
    }
    let at = locate(item);
    y_put(at[1], x_at(at[0]));
}
