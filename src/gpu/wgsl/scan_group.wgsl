// One workgroup scans one part of a row, 256 elements at a time: these by doubling (W. Hillis and G. Steele, "Data parallel
// algorithms", 1986), behind all before them.
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
    let end = min(elements(), (part + 1u) * span());
    var total = start(result, part);
    for (var first = part * span(); first < end; first += 256u) {
        let i = first + lane;
        let at = inner(min(i, end - 1u));
        var own = neutral();
        if i < end {
            own = element(base[0] + at[0], i);
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
        if i < end {
            y[base[1] + at[1]] = finish(join(total, own));
        }
        total = join(total, shared_totals[255]);
        workgroupBarrier();
    }
}
