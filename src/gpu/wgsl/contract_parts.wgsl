// One invocation adds up the parts of one result, in order.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item >= results() {
        return;
    }
    var total = Value(0);
    for (var part = 0u; part < parts(); part++) {
        total += partial_at(part * results() + item);
    }
    keep(0u, item, total);
}
