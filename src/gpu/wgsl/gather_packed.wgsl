// Four elements of a byte, as one word.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item * 4u >= total() {
        return;
    }
    var made = 0u;
    for (var e = 0u; e < 4u && item * 4u + e < total(); e++) {
        let at = locate(item * 4u + e);
        let position = at[0] + pointed(at);
        if !bad {
            made |= bits(position) << (8u * e);
        }
    }
    y[item] = made;
}
