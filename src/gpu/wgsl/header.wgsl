fn word(i: u32) -> u32 {
    return words[i >> 2u][i & 3u];
}

// The number of a workgroup among all of the work.
fn block(group: vec3<u32>) -> u32 {
    return word(0u) + group.y * word(1u) + group.x;
}

// Compilers may assume that infinity and NaN never occur where they see them; these they cannot see.
fn nb_inf() -> f32 {
    return bitcast<f32>(word(3u));
}

fn nb_nan() -> f32 {
    return bitcast<f32>(word(4u));
}

// The same number, of which compilers know nothing: x - nb_hide(x) is not folded to 0.
fn nb_hide(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) ^ word(2u));
}

// Of a NaN and a number the NaN, which the builtin functions drop.
fn nb_max(a: f32, b: f32) -> f32 {
    return select(select(a, b, b > a || nb_is_nan(b)), a, nb_is_nan(a));
}

fn nb_min(a: f32, b: f32) -> f32 {
    return select(select(a, b, b < a || nb_is_nan(b)), a, nb_is_nan(a));
}

// Not `x != x`, which is false.
fn nb_is_nan(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}
