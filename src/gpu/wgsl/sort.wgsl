// One step of a bitonic sort: pairs that are `step` apart, rising and falling by turns in runs.
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let item = block(group) * 256u + lane;
    if item >= pairs() {
        return;
    }
    let a = (item / step()) * step() * 2u + item % step();
    let b = a + step();
    let rising = (a & run()) == 0u;
    let later = cells[a] > cells[b] || (cells[a] == cells[b] && order[a] > order[b]);
    if later == rising {
        let cell = cells[a];
        cells[a] = cells[b];
        cells[b] = cell;
        let point = order[a];
        order[a] = order[b];
        order[b] = point;
    }
}
