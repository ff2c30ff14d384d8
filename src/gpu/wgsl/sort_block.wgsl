// The steps of a bitonic sort that stay in a block of 512 elements, for some runs: pairs, rising and falling by turns.
var<workgroup> block_cells: array<u32, 512>;
var<workgroup> block_order: array<u32, 512>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let start = block(group) * 512u;
    let count = min(512u, padded());
    if start >= padded() {
        return;
    }
    for (var i = lane; i < count; i += 256u) {
        block_cells[i] = cells[start + i];
        block_order[i] = order[start + i];
    }
    workgroupBarrier();
    for (var run = first_run(); run <= last_run(); run <<= 1u) {
        for (var step = min(run >> 1u, 256u); step > 0u; step >>= 1u) {
            let a = (lane / step) * step * 2u + lane % step;
            let b = a + step;
            if b < count {
                let rising = ((start + a) & run) == 0u;
                let cell = block_cells[a];
                let point = block_order[a];
                let later = cell > block_cells[b] || (cell == block_cells[b] && point > block_order[b]);
                if later == rising {
                    block_cells[a] = block_cells[b];
                    block_order[a] = block_order[b];
                    block_cells[b] = cell;
                    block_order[b] = point;
                }
            }
            workgroupBarrier();
        }
    }
    for (var i = lane; i < count; i += 256u) {
        cells[start + i] = block_cells[i];
        order[start + i] = block_order[i];
    }
}
