// One invocation reduces one part of a group, in short runs.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item >= results() * parts() {
        return;
    }
    let result = item % results();
    let part = item / results();
    let base = outer(result)[0];
    let end = min(elements(), (part + 1u) * span());
    var total = neutral();
    for (var start = part * span(); start < end; start += 32u) {
        var run = neutral();
        let stop = min(end, start + 32u);
        for (var i = start; i < stop; i++) {
            run = join(run, term(base + inner(i)[0], i));
        }
        total = join(total, run);
    }
    y[result * parts() + part] = finish(total);
}
