@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item >= total() {
        return;
    }
    write_row(item, numbers[item]);
}
