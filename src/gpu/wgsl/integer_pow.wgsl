// A power of integers by repeated squaring, which takes at most 32 rounds; wraps.
fn nb_byte_pow(a: u32, b: u32) -> u32 {
    var base = a;
    var exponent = b;
    var result = 1u;
    while exponent > 0u {
        if (exponent & 1u) == 1u {
            result *= base;
        }
        base *= base;
        exponent >>= 1u;
    }
    return result;
}

// The same; to a negative power it is 1: who takes one raises a fault.
fn nb_integer_pow(a: i32, b: i32) -> i32 {
    return bitcast<i32>(nb_byte_pow(bitcast<u32>(a), u32(max(b, 0))));
}
