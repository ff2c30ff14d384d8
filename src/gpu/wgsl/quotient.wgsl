// The size of a number; that of the least has no sign bit to lose.
fn nb_size(a: i32) -> u32 {
    return select(bitcast<u32>(a), 0u - bitcast<u32>(a), a < 0);
}

// The remainder with the sign of the dividend. By 0 it is 0, as by 1: who divides by it raises a fault.
fn nb_rest(a: i32, b: i32) -> i32 {
    let rest = bitcast<i32>(nb_size(a) % max(nb_size(b), 1u));
    return select(rest, 0 - rest, a < 0);
}

// The remainder with the sign of the divisor, as Python's.
fn nb_floor_rest(a: i32, b: i32) -> i32 {
    let rest = nb_rest(a, b);
    return select(rest, rest + b, rest != 0 && (rest < 0) != (b < 0));
}

// The quotient rounded down. That of the least number and -1 wraps, as its size is no number with a sign.
fn nb_floor_quotient(a: i32, b: i32) -> i32 {
    let falls = (a < 0) != (b < 0);
    let size = max(nb_size(b), 1u);
    let quotient = nb_size(a) / size;
    let down = quotient + select(0u, 1u, nb_size(a) % size != 0u);
    return bitcast<i32>(select(quotient, 0u - down, falls));
}
