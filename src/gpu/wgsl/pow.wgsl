// The upper 12 bits of a mantissa: a product of two such numbers is exact.
fn nb_upper(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
}

// x^y for finite x > 0 other than 1 and finite y other than 0. After FreeBSD's e_powf.c: log2 x in two parts. Within
// 2 ulp.
fn nb_pow_finite(x: f32, y: f32) -> f32 {
    var ix = bitcast<u32>(x);
    var n = 0;
    if ix < 0x00800000u {
        // Devices may take such a number for 0; as an integer it is none.
        ix = bitcast<u32>(f32(ix));
        n = -149;
    }
    n += i32(ix >> 23u) - 127;
    let j = ix & 0x007fffffu;
    ix = j | 0x3f800000u;
    // The mantissa, near 1 or near 3/2.
    var base = 1.0;
    var near = 0u;
    var log_base_high = 0.0;
    var log_base_low = 0.0;
    if j > 0x1cc471u && j < 0x5db3d7u {
        base = 1.5;
        near = 1u;
        log_base_high = 5.84960938e-1;
        log_base_low = 1.56322085e-6;
    } else if j >= 0x5db3d7u {
        n += 1;
        ix -= 0x00800000u;
    }
    let m = bitcast<f32>(ix);
    // s = (m - base) / (m + base) in two parts.
    let over = m - base;
    let inverse = 1.0 / (m + base);
    let s = over * inverse;
    let s_high = nb_upper(s);
    let sum_high = bitcast<f32>((((ix >> 1u) & 0xfffff000u) | 0x20000000u) + 0x00400000u + (near << 21u));
    let sum_low = m - (sum_high - base);
    let s_low = inverse * ((over - s_high * sum_high) - s_high * sum_low);
    // log2 m in two parts.
    let z = s * s;
    var r = 2.0697501302e-1;
    r = r * z + 2.3066075146e-1;
    r = r * z + 2.7272811532e-1;
    r = r * z + 3.3333334327e-1;
    r = r * z + 4.2857143283e-1;
    r = r * z + 6.0000002384e-1;
    r = r * z * z + s_low * (s_high + s);
    let z_high = s_high * s_high;
    let t_high = nb_upper(3.0 + z_high + r);
    let t_low = r - ((t_high - 3.0) - z_high);
    let u = s_high * t_high;
    let v = s_low * t_high + t_low * s;
    let p_high = nb_upper(u + v);
    let p_low = v - (p_high - u);
    let q_high = 9.6191406250e-1 * p_high;
    let q_low = -1.1736857402e-4 * p_high + p_low * 9.6179670095e-1 + log_base_low;
    let whole = f32(n);
    let log_high = nb_upper(((q_high + q_low) + log_base_high) + whole);
    let log_low = q_low - (((log_high - whole) - log_base_high) - q_high);
    // y log2 x in two parts; beyond these bounds the result is 0 or infinite, and the parts need not be numbers.
    let y_high = nb_upper(y);
    let low = (y - y_high) * log_high + y * log_low;
    let high = y_high * log_high;
    let power = high + low;
    if power > 129.0 {
        return nb_inf();
    }
    if power < -151.0 {
        return 0.0;
    }
    let k = round(power);
    let rest = ((high - k) + low) * 6.9314718246e-1;
    return nb_scale(1.0 + (rest + nb_exp_tail(rest)), i32(k));
}

fn nb_pow(x: f32, y: f32) -> f32 {
    let ix = bitcast<u32>(x);
    let iy = bitcast<u32>(y) & 0x7fffffffu;
    let size = ix & 0x7fffffffu;
    if iy == 0u || ix == 0x3f800000u {
        return 1.0;
    }
    if nb_is_nan(x) || nb_is_nan(y) {
        return nb_nan();
    }
    if y == 2.0 {
        return x * x;
    }
    if y == 1.0 {
        return x;
    }
    let falls = (bitcast<u32>(y) >> 31u) == 1u;
    if iy == 0x7f800000u {
        if size == 0x3f800000u {
            return 1.0;
        }
        return select(0.0, nb_inf(), (size > 0x3f800000u) != falls);
    }
    let is_whole = floor(y) == y;
    let is_odd = is_whole && abs(y) < 16777216.0 && (i32(y) & 1) == 1;
    let negative = (ix >> 31u) == 1u;
    var result: f32;
    if size == 0u || size == 0x7f800000u {
        result = select(0.0, nb_inf(), (size != 0u) != falls);
    } else if negative && !is_whole {
        return nb_nan();
    } else if size == 0x3f800000u {
        result = 1.0;
    } else {
        result = nb_pow_finite(bitcast<f32>(size), y);
    }
    return select(result, -result, negative && is_odd);
}
