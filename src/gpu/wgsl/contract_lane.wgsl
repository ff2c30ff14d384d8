// One invocation computes one result, in short runs.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item >= batches() * rows() * columns() {
        return;
    }
    let column = item % columns();
    let row = (item / columns()) % rows();
    let batch = item / columns() / rows();
    let a_start = a_offset() + batch * a_batch() + row * a_free();
    let b_start = b_offset() + batch * b_batch() + column * b_free();
    var total = Value(0);
    if first() > 0u {
        total = y[item];
    }
    for (var start = first(); start < end(); start += 32u) {
        var run = Value(0);
        let stop = min(end(), start + 32u);
        for (var k = start; k < stop; k++) {
            run += a_at(a_start + k * a_inner()) * b_at(b_start + k * b_inner());
        }
        total += run;
    }
    y[item] = total;
}
