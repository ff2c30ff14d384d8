// The size of a finite number as a mantissa of at most 24 bits and the exponent of its unit, at least that of the
// smallest numbers there are.
fn nb_whole(bits: u32) -> vec2<u32> {
    let exponent = (bits >> 23u) & 255u;
    let mantissa = bits & 0x007fffffu;
    return vec2<u32>(select(mantissa | 0x00800000u, mantissa, exponent == 0u), max(exponent, 1u));
}

// The remainder with the sign of the dividend, which is exact: a long division in integers, of eight bits a round. There
// are at most 32 rounds.
fn nb_fmod(a: f32, b: f32) -> f32 {
    let size = bitcast<u32>(a) & 0x7fffffffu;
    let by = bitcast<u32>(b) & 0x7fffffffu;
    if by == 0u || size >= 0x7f800000u || by > 0x7f800000u {
        return nb_nan();
    }
    if size < by {
        return a;
    }
    let dividend = nb_whole(size);
    let divisor = nb_whole(by);
    var rest = dividend.x % divisor.x;
    var left = dividend.y - divisor.y;
    while left > 0u {
        let step = min(left, 8u);
        rest = (rest << step) % divisor.x;
        left -= step;
    }
    if rest == 0u {
        return bitcast<f32>(bitcast<u32>(a) & 0x80000000u);
    }
    // As bits: devices may take small numbers for 0.
    let shift = min(countLeadingZeros(rest) - 8u, divisor.y - 1u);
    let mantissa = rest << shift;
    let exponent = select(0u, divisor.y - shift, mantissa >= 0x00800000u);
    return bitcast<f32>((bitcast<u32>(a) & 0x80000000u) | (exponent << 23u) | (mantissa & 0x007fffffu));
}

fn nb_is_negative(x: f32) -> bool {
    return bitcast<u32>(x) > 0x80000000u;
}

// The remainder with the sign of the divisor, as Python's.
fn nb_remainder(a: f32, b: f32) -> f32 {
    let rest = nb_fmod(a, b);
    if nb_is_nan(rest) {
        return rest;
    }
    if (bitcast<u32>(rest) & 0x7fffffffu) == 0u {
        return bitcast<f32>(bitcast<u32>(b) & 0x80000000u);
    }
    return select(rest, rest + b, nb_is_negative(b) != nb_is_negative(rest));
}

// The quotient rounded down, from the exact remainder as in Python and NumPy.
fn nb_floor_divide(a: f32, b: f32) -> f32 {
    let sign = (bitcast<u32>(a) ^ bitcast<u32>(b)) & 0x80000000u;
    let size = bitcast<u32>(a) & 0x7fffffffu;
    if (bitcast<u32>(b) & 0x7fffffffu) == 0u {
        let quotient = bitcast<u32>(nb_inf()) | sign;
        return select(bitcast<f32>(quotient), nb_nan(), size == 0u || nb_is_nan(a));
    }
    let rest = nb_fmod(a, b);
    if nb_is_nan(rest) {
        return rest;
    }
    if bitcast<u32>(b) << 1u == 0xff000000u {
        // Of a number and infinity the quotient is 0, or just below.
        return select(bitcast<f32>(sign), -1.0, sign != 0u && size != 0u);
    }
    var quotient = (a - rest) / b;
    if (bitcast<u32>(rest) & 0x7fffffffu) != 0u && nb_is_negative(b) != nb_is_negative(rest) {
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return bitcast<f32>(sign);
    }
    let down = floor(quotient);
    return select(down, down + 1.0, quotient - down > 0.5);
}
