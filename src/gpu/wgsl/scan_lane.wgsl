// One invocation scans one part of a row.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item >= results() * parts() {
        return;
    }
    let result = item % results();
    let part = item / results();
    let base = outer(result);
    let end = min(elements(), (part + 1u) * span());
    var total = start(result, part);
    for (var i = part * span(); i < end; i++) {
        let at = inner(i);
        total = join(total, term(base[0] + at[0], i));
        y[base[1] + at[1]] = finish(total);
    }
}
