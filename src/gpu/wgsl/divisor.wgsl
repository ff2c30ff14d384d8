// The greatest common divisor: Euclid's algorithm, which takes at most 47 rounds of such numbers.
fn nb_gcd(a: u32, b: u32) -> u32 {
    var x = a;
    var y = b;
    while y != 0u {
        let rest = x % y;
        x = y;
        y = rest;
    }
    return x;
}

// The least common multiple; wraps.
fn nb_lcm(a: u32, b: u32) -> u32 {
    return a / max(nb_gcd(a, b), 1u) * b;
}
