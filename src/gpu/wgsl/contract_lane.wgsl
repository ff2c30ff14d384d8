// One invocation computes one result, in short runs.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item >= results() {
        return;
    }
    let start = starts(item);
    var total = Value(0);
    if first() > 0u {
        total = y[item];
    }
    for (var at = first(); at < end(); at += 32u) {
        var run = Value(0);
        let stop = min(end(), at + 32u);
        for (var k = at; k < stop; k++) {
            run += product(start, k);
        }
        total += run;
    }
    y[item] = total;
}
