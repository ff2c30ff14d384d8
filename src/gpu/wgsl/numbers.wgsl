// The numbers of elements that hold, each at the place that their count gives it.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item >= total() {
        return;
    }
    if x_at(locate(item)[0]) {
        y[counts[item] - 1u] = item;
    }
}
