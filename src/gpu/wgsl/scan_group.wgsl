// One workgroup scans one part of a row: every invocation joins a run of it, the runs are scanned by doubling (W. Hillis
// and G. Steele, "Data parallel algorithms", 1986), and then every run is scanned behind those before it.
var<workgroup> shared_totals: array<Acc, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group);
    if item >= results() * parts() {
        return;
    }
    let result = item / parts();
    let part = item % parts();
    let base = outer(result);
    let begin = part * span();
    let end = min(elements(), begin + span());
    let run = (end - begin + 255u) / 256u;
    let first = begin + lane * run;
    let last = min(end, first + run);
    var own = neutral();
    for (var i = first; i < last; i++) {
        own = join(own, term(base[0] + inner(i)[0], i));
    }
    shared_totals[lane] = own;
    workgroupBarrier();
    for (var step = 1u; step < 256u; step <<= 1u) {
        if lane >= step {
            own = join(shared_totals[lane - step], own);
        }
        workgroupBarrier();
        shared_totals[lane] = own;
        workgroupBarrier();
    }
    var total = start(result, part);
    if lane > 0u {
        total = join(total, shared_totals[lane - 1u]);
    }
    for (var i = first; i < last; i++) {
        let at = inner(i);
        total = join(total, term(base[0] + at[0], i));
        y[base[1] + at[1]] = finish(total);
    }
}
