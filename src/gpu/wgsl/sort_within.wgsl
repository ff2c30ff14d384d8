// Steps of a bitonic sort among 512 neighbours, in workgroup memory: all of short runs, or the last ones of a long run.
var<workgroup> shared_cells: array<u32, 512>;
var<workgroup> shared_order: array<u32, 512>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let start = block(group) * 512u;
    if start >= total() {
        return;
    }
    for (var i = lane; i < 512u && start + i < total(); i += 256u) {
        shared_cells[i] = cells[start + i];
        shared_order[i] = order[start + i];
    }
    workgroupBarrier();
    for (var run = first(); run <= last(); run <<= 1u) {
        for (var step = min(run >> 1u, 256u); step > 0u; step >>= 1u) {
            let a = (lane / step) * step * 2u + lane % step;
            let b = a + step;
            if start + b < total() {
                let rising = ((start + a) & run) == 0u;
                let later = shared_cells[a] > shared_cells[b]
                    || (shared_cells[a] == shared_cells[b] && shared_order[a] > shared_order[b]);
                if later == rising {
                    let cell = shared_cells[a];
                    shared_cells[a] = shared_cells[b];
                    shared_cells[b] = cell;
                    let point = shared_order[a];
                    shared_order[a] = shared_order[b];
                    shared_order[b] = point;
                }
            }
            workgroupBarrier();
        }
    }
    for (var i = lane; i < 512u && start + i < total(); i += 256u) {
        cells[start + i] = shared_cells[i];
        order[start + i] = shared_order[i];
    }
}
