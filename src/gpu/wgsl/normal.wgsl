// 64 bits plus one half, in 2^-64.
fn nb_unit(low: u32, high: u32) -> f32 {
    if high == 0u {
        return (f32(low) + 0.5) * 5.4210109e-20;
    }
    let zeros = countLeadingZeros(high);
    var top = high << zeros;
    if zeros > 0u {
        top |= low >> (32u - zeros);
    }
    return f32(top) * 2.3283064e-10 * bitcast<f32>((127u - zeros) << 23u);
}

// Two normal numbers from two times 64 bits (low word, high word): the transform of Box and Muller.
fn nb_normal(first: vec2<u32>, second: vec2<u32>) -> vec2<f32> {
    var minus_log: f32;
    if (first.y >> 31u) == 0u {
        minus_log = -nb_log(nb_unit(first.x, first.y));
    } else {
        minus_log = -nb_log1p(-nb_unit(~first.x, ~first.y));
    }
    let radius = sqrt(2.0 * minus_log);
    // The angle as quarter turns and a rest of at most an eighth turn.
    let quadrant = (second.y + 0x20000000u) >> 30u;
    let left = bitcast<i32>(second.y - (quadrant << 30u));
    let rest = (f32(left) + f32(second.x) * 2.3283064e-10) * 1.46291808e-9;
    let sine = nb_sin_part(rest);
    let cosine = nb_cos_part(rest);
    let turned = select(vec2<f32>(cosine, sine), vec2<f32>(-sine, cosine), (quadrant & 1u) == 1u);
    return radius * select(turned, -turned, (quadrant & 2u) == 2u);
}
