// One workgroup computes 64 x 64 results, each invocation 4 x 4, from pieces of depth 16 in workgroup memory.
var<workgroup> a_piece: array<Value, 1024>;
var<workgroup> b_piece: array<Value, 1024>;

// Element number i of a piece: its place along the free axis and along the sum.
fn place(i: u32, along: u32) -> vec2<u32> {
    return select(vec2<u32>(i & 63u, i >> 6u), vec2<u32>(i >> 4u, i & 15u), along == 1u);
}

fn store(results: vec4<Value>, start: u32, row: u32, column: u32) {
    if row >= rows() {
        return;
    }
    let at = start + row * columns() + column;
    for (var i = 0u; i < 4u; i++) {
        if column + i < columns() {
            if first() > 0u {
                y[at + i] += results[i];
            } else {
                y[at + i] = results[i];
            }
        }
    }
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let down = (rows() + 63u) / 64u;
    let across = (columns() + 63u) / 64u;
    let item = block(group);
    if item >= batches() * down * across {
        return;
    }
    let batch = item / across / down;
    let row0 = ((item / across) % down) * 64u;
    let column0 = (item % across) * 64u;
    let a_start = a_offset() + batch * a_batch();
    let b_start = b_offset() + batch * b_batch();
    let row = (lane >> 4u) * 4u;
    let column = (lane & 15u) * 4u;
    var r0 = vec4<Value>(0);
    var r1 = vec4<Value>(0);
    var r2 = vec4<Value>(0);
    var r3 = vec4<Value>(0);
    for (var start = first(); start < end(); start += 16u) {
        for (var i = lane; i < 1024u; i += 256u) {
            let p = place(i, a_along());
            var value = Value(0);
            if row0 + p.x < rows() && start + p.y < end() {
                value = a_at(a_start + (row0 + p.x) * a_free() + (start + p.y) * a_inner());
            }
            a_piece[p.y * 64u + p.x] = value;
        }
        for (var i = lane; i < 1024u; i += 256u) {
            let p = place(i, b_along());
            var value = Value(0);
            if column0 + p.x < columns() && start + p.y < end() {
                value = b_at(b_start + (column0 + p.x) * b_free() + (start + p.y) * b_inner());
            }
            b_piece[p.y * 64u + p.x] = value;
        }
        workgroupBarrier();
        for (var k = 0u; k < 1024u; k += 64u) {
            let at = k + column;
            let b = vec4<Value>(b_piece[at], b_piece[at + 1u], b_piece[at + 2u], b_piece[at + 3u]);
            r0 += a_piece[k + row] * b;
            r1 += a_piece[k + row + 1u] * b;
            r2 += a_piece[k + row + 2u] * b;
            r3 += a_piece[k + row + 3u] * b;
        }
        workgroupBarrier();
    }
    let start = batch * rows() * columns();
    store(r0, start, row0 + row, column0 + column);
    store(r1, start, row0 + row + 1u, column0 + column);
    store(r2, start, row0 + row + 2u, column0 + column);
    store(r3, start, row0 + row + 3u, column0 + column);
}
