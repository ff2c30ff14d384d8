// One workgroup computes EDGE x EDGE results, each invocation 4 x 4, from pieces of both sides in workgroup memory. Half
// the invocations fetch a block of 4 x 4 of one side, the others of the other: the depth of the pieces follows.
const QUADS = EDGE / 4u;
const LANES = QUADS * QUADS;
const BLOCKS = LANES / 2u / QUADS;
const DEPTH = BLOCKS * 4u;

// By depth, then by quads along the free axis.
var<workgroup> a_piece: array<vec4<Value>, DEPTH * QUADS>;
var<workgroup> b_piece: array<vec4<Value>, DEPTH * QUADS>;

// Where quad q of the place j in the block kb lies: neighbours along either axis are in different banks.
fn slot(kb: u32, j: u32, q: u32) -> u32 {
    return (kb * 4u + j) * QUADS + (q ^ (kb * (8u / BLOCKS)));
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let down = (rows() + EDGE - 1u) / EDGE;
    let across = (columns() + EDGE - 1u) / EDGE;
    let tiles = batches() * down * across;
    let number = block(group);
    if number >= tiles * parts() {
        return;
    }
    let part = number / tiles;
    let item = number % tiles;
    let batch = item / across / down;
    let row0 = ((item / across) % down) * EDGE;
    let column0 = (item % across) * EDGE;
    let first = part * span();
    let end = min(depth(), first + span());
    let of_a = lane < LANES / 2u;
    let half = lane % (LANES / 2u);
    // Neighbours fetch neighbours: along the sum, or along the free axis.
    let along = select(b_along(), a_along(), of_a) == 1u;
    let q = select(half % QUADS, half / BLOCKS, along);
    let kb = select(half / QUADS, half % BLOCKS, along);
    let a_start = a_offset() + batch * a_batch();
    let b_start = b_offset() + batch * b_batch();
    let row = lane / QUADS;
    let column = lane % QUADS;
    var r0 = vec4<Value>(0);
    var r1 = vec4<Value>(0);
    var r2 = vec4<Value>(0);
    var r3 = vec4<Value>(0);
    for (var start = first; start < end; start += DEPTH) {
        if of_a {
            a_fetch(a_start, row0 + q * 4u, start + kb * 4u, q, kb, rows(), end);
        } else {
            b_fetch(b_start, column0 + q * 4u, start + kb * 4u, q, kb, columns(), end);
        }
        workgroupBarrier();
        for (var n = 0u; n < BLOCKS; n++) {
            for (var j = 0u; j < 4u; j++) {
                let a = a_piece[slot(n, j, row)];
                let b = b_piece[slot(n, j, column)];
                r0 += a.x * b;
                r1 += a.y * b;
                r2 += a.z * b;
                r3 += a.w * b;
            }
        }
        workgroupBarrier();
    }
    for (var i = 0u; i < 4u; i++) {
        let results = select(select(r3, r2, i == 2u), select(r1, r0, i == 0u), i < 2u);
        let x = row0 + row * 4u + i;
        for (var j = 0u; j < 4u; j++) {
            let y = column0 + column * 4u + j;
            if x < rows() && y < columns() {
                keep(part, (batch * rows() + x) * columns() + y, results[j]);
            }
        }
    }
}
