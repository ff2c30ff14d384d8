// The angle from 0 to pi/2 of a point with coordinates of at least 0, not both infinite. As in Cephes it turns by 0, pi/4
// or pi/2, so that |t| <= tan(pi/8), by the polynomial of the CPU (`cpu/functions/inverse.rs`).
fn nb_angle(y: f32, x: f32) -> f32 {
    var above = y;
    var below = x;
    var turn = 0.0;
    var lost = 0.0;
    if y > 2.41421356 * x {
        above = -x;
        below = y;
        turn = 1.57079637;
        lost = -4.37113883e-8;
    } else if y > 0.414213562 * x {
        above = y - x;
        below = y + x;
        turn = 0.785398185;
        lost = -2.18556941e-8;
    }
    let t = above / below;
    let z = t * t;
    var p = -6.07887096e-2;
    p = p * z + 1.05942823e-1;
    p = p * z - 1.42436295e-1;
    p = p * z + 1.99984786e-1;
    p = p * z - 3.33333153e-1;
    return turn + (t + (t * z * p + lost));
}

// Within 1.8 ulp.
fn nb_atan(x: f32) -> f32 {
    let size = abs(x);
    if nb_is_nan(x) || size < 1e-4 {
        return x;
    }
    let angle = select(nb_angle(size, 1.0), 1.57079637, size > 1e10);
    return select(angle, -angle, x < 0.0);
}

// The angle of the point (x, y), with C99's signs of zeros. Within 1.8 ulp.
fn nb_atan2(y: f32, x: f32) -> f32 {
    if nb_is_nan(x) || nb_is_nan(y) {
        return nb_nan();
    }
    var up = bitcast<u32>(y) & 0x7fffffffu;
    var along = bitcast<u32>(x) & 0x7fffffffu;
    if up == along {
        // On a diagonal, though it be infinite, or at the origin, which counts as on the axis.
        along = 0x3f800000u;
        up = select(along, 0u, up == 0u);
    }
    // Multiples have the same angle: the larger one is made near 1.
    let up_more = up > along;
    let larger = max(up, along);
    var right: f32;
    if larger == 0x7f800000u {
        right = select(0.0, 1.57079637, up_more);
    } else {
        let k = -nb_exponent(larger);
        right = nb_angle(nb_moved(up, k), nb_moved(along, k));
    }
    let left = 3.14159274 - (right + 8.74227766e-8);
    let angle = select(right, left, (bitcast<u32>(x) >> 31u) == 1u);
    return bitcast<f32>(bitcast<u32>(angle) | (bitcast<u32>(y) & 0x80000000u));
}
