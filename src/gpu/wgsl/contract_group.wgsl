// One workgroup computes one result: every invocation takes each 256th product, a tree adds the sums.
var<workgroup> shared_totals: array<Value, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group);
    if item >= results() {
        return;
    }
    let start = starts(item);
    var total = Value(0);
    for (var k = first() + lane; k < end(); k += 256u) {
        total += product(start, k);
    }
    shared_totals[lane] = total;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half >>= 1u) {
        if lane < half {
            shared_totals[lane] += shared_totals[lane + half];
        }
        workgroupBarrier();
    }
    if lane == 0u {
        var before = Value(0);
        if first() > 0u {
            before = y[item];
        }
        y[item] = before + shared_totals[0];
    }
}
