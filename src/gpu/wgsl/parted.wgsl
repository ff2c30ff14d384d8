// A real as a number of size 1 to 2 and a power of two, which has room for the powers of many; zero, infinity and NaN
// as they are.
fn parted(x: f32) -> vec2<u32> {
    let bits = bitcast<u32>(x);
    let size = bits & 0x7fffffffu;
    if size == 0u || size >= 0x7f800000u {
        return vec2<u32>(bits, 0u);
    }
    // Below 2^-126 the size counts 2^-149.
    let small = size < 0x00800000u;
    let digits = select(size, bitcast<u32>(f32(size)), small);
    let power = i32(digits >> 23u) - select(127, 276, small);
    return vec2<u32>((bits & 0x80000000u) | (digits & 0x007fffffu) | 0x3f800000u, bitcast<u32>(power));
}

fn times(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let product = parted(bitcast<f32>(a.x) * bitcast<f32>(b.x));
    let power = clamp(bitcast<i32>(a.y) + bitcast<i32>(b.y), -536870912, 536870912) + bitcast<i32>(product.y);
    return vec2<u32>(product.x, bitcast<u32>(power));
}

fn whole(x: vec2<u32>) -> f32 {
    let size = x.x & 0x7fffffffu;
    let power = bitcast<i32>(x.y);
    if size == 0u || size >= 0x7f800000u {
        return bitcast<f32>(x.x);
    }
    if power > 127 {
        return bitcast<f32>((x.x & 0x80000000u) | 0x7f800000u);
    }
    if power >= -126 {
        return bitcast<f32>(x.x + (bitcast<u32>(power) << 23u));
    }
    // Rounded once, by a product with 2^-100.
    return bitcast<f32>(x.x + (bitcast<u32>(max(power, -200) + 100) << 23u)) * 7.888609052210118e-31;
}
