struct NbTurn {
    quadrant: u32,
    rest: f32,
}

// Bits of 2/pi behind the point, 32 to a word.
fn nb_two_over_pi(i: u32) -> u32 {
    switch i {
        case 0u: { return 0xa2f9836eu; }
        case 1u: { return 0x4e441529u; }
        case 2u: { return 0xfc2757d1u; }
        case 3u: { return 0xf534ddc0u; }
        case 4u: { return 0xdb629599u; }
        case 5u: { return 0x3c439041u; }
        default: { return 0xfe5163abu; }
    }
}

// 32 bits of 2/pi from this bit on; bits ahead of the point are 0.
fn nb_two_over_pi_from(bit: i32) -> u32 {
    if bit < 0 {
        return nb_two_over_pi(0u) >> u32(-bit);
    }
    let at = u32(bit) >> 5u;
    let shift = u32(bit) & 31u;
    let high = nb_two_over_pi(at);
    if shift == 0u {
        return high;
    }
    return (high << shift) | (nb_two_over_pi(at + 1u) >> (32u - shift));
}

// x as quarter turns and a rest of at most pi/4, for finite x.
fn nb_turn(x: f32) -> NbTurn {
    let size = abs(x);
    if size < 200.0 {
        // pi/2 in three parts; the products of the first two are exact.
        let n = round(x * 0.636619772);
        let rest = ((x - n * 1.5707855224609375) - n * 1.0804273188114166e-5) - n * 6.0771006e-11;
        return NbTurn(bitcast<u32>(i32(n)) & 3u, rest);
    }
    // After Payne and Hanek: the product with those bits of 2/pi that whole turns do not swallow, in fixed point.
    let bits = bitcast<u32>(size);
    let mantissa = (bits & 0x007fffffu) | 0x00800000u;
    // x is mantissa * 2^e; two bits ahead of the point are the quadrant.
    let e = i32(bits >> 23u) - 150;
    let start = e - 2;
    let high = nb_wide(mantissa, nb_two_over_pi_from(start));
    let middle = nb_wide(mantissa, nb_two_over_pi_from(start + 32));
    let low = nb_wide(mantissa, nb_two_over_pi_from(start + 64));
    // The sum of the three, 32 bits apart; of the first only the low word counts.
    let fine = middle.x + low.y;
    let turns = high.x + middle.y + select(0u, 1u, fine < middle.x);
    let quadrant = (turns + 0x20000000u) >> 30u;
    // What is left of the turns, in 2^-30 quarters, with its sign.
    let left = bitcast<i32>(turns - (quadrant << 30u));
    // Of the sum only the last addition rounds.
    let part = (f32(left & -64) + (f32(left & 63) + f32(fine) * 2.3283064e-10)) * 9.3132257e-10;
    let rest = part * 1.57079637 - part * 4.37113883e-8;
    return NbTurn(select(quadrant, 4u - quadrant, x < 0.0) & 3u, select(rest, -rest, x < 0.0));
}

fn nb_quarter(turn: NbTurn, quadrant: u32) -> f32 {
    let value = select(nb_sin_part(turn.rest), nb_cos_part(turn.rest), (quadrant & 1u) == 1u);
    return select(value, -value, (quadrant & 2u) == 2u);
}

// Within 2.6 ulp, and so is the cosine.
fn nb_sin(x: f32) -> f32 {
    if (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u {
        return nb_nan();
    }
    if abs(x) < 1e-10 {
        return x;
    }
    let turn = nb_turn(x);
    return nb_quarter(turn, turn.quadrant);
}

fn nb_cos(x: f32) -> f32 {
    if (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u {
        return nb_nan();
    }
    let turn = nb_turn(x);
    return nb_quarter(turn, turn.quadrant + 1u);
}
