// One workgroup reduces one part of a group: every invocation takes each 256th element, a tree joins the rest.
var<workgroup> shared_totals: array<Acc, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group);
    if item >= results() * parts() {
        return;
    }
    let result = item / parts();
    let part = item % parts();
    let base = outer(result)[0];
    let end = min(elements(), (part + 1u) * span());
    var total = neutral();
    for (var i = part * span() + lane; i < end; i += 256u) {
        total = join(total, term(base + inner(i)[0], i));
    }
    shared_totals[lane] = total;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half >>= 1u) {
        if lane < half {
            shared_totals[lane] = join(shared_totals[lane], shared_totals[lane + half]);
        }
        workgroupBarrier();
    }
    if lane == 0u {
        y[item] = finish(shared_totals[0]);
    }
}
