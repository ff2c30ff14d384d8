// Several invocations share a result, and add up its products in short runs; a tree adds their sums. Where they are
// neighbours each takes every so many-th product, else so many one behind the other.
var<workgroup> shared_totals: array<Value, 256>;

fn results() -> u32 {
    return batches() * rows() * columns();
}

// Where the elements of each side begin whose products sum up to a result.
fn starts(item: u32) -> vec2<u32> {
    let column = item % columns();
    let row = (item / columns()) % rows();
    let batch = item / columns() / rows();
    return vec2<u32>(
        a_offset() + batch * a_batch() + row * a_free(),
        b_offset() + batch * b_batch() + column * b_free(),
    );
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let here = 256u / along();
    let groups = (results() + here - 1u) / here;
    let number = block(group);
    if number >= groups * parts() {
        return;
    }
    // Neighbours are those of one result, or neighbouring results.
    let step = select(1u, here, turned() == 1u);
    let mine = (lane / step) % along();
    let item = number % groups * here + select(lane / along(), lane % here, turned() == 1u);
    let part = number / groups;
    let share = (span() + along() - 1u) / along();
    let first = part * span() + mine * select(1u, share, turned() == 1u);
    let each = select(along(), 1u, turned() == 1u);
    let end = min(min(depth(), (part + 1u) * span()), first + share * each);
    var total = Terms(0);
    if item < results() {
        let start = starts(item);
        for (var at = first; at < end; at += 32u * each) {
            var run = Terms(0);
            let stop = min(end, at + 32u * each);
            for (var k = at; k < stop; k += each) {
                run += a_at(start.x + k * a_inner()) * b_at(start.y + k * b_inner());
            }
            total += run;
        }
    }
    shared_totals[lane] = joined(total);
    workgroupBarrier();
    for (var half = along() >> 1u; half > 0u; half >>= 1u) {
        if mine < half {
            shared_totals[lane] += shared_totals[lane + half * step];
        }
        workgroupBarrier();
    }
    if mine == 0u && item < results() {
        keep(part, item, shared_totals[lane]);
    }
}
