// ln(1 + f) - f + f^2 / 2, for 1 + f from sqrt(1/2) to sqrt(2).
fn nb_log_tail(f: f32) -> f32 {
    var p = 7.0376836292e-2;
    p = p * f - 1.1514610310e-1;
    p = p * f + 1.1676998740e-1;
    p = p * f - 1.2420140846e-1;
    p = p * f + 1.4249322787e-1;
    p = p * f - 1.6668057665e-1;
    p = p * f + 2.0000714765e-1;
    p = p * f - 2.4999993993e-1;
    p = p * f + 3.3333331174e-1;
    return p * f * f * f;
}

struct NbParts {
    f: f32,
    e: f32,
}

// x as (1 + f) 2^e with 1 + f from sqrt(1/2) to sqrt(2), for finite x > 0.
fn nb_parts(x: f32) -> NbParts {
    var bits = bitcast<u32>(x);
    var e = 0;
    if bits < 0x00800000u {
        // Devices may take such a number for 0; as an integer it is none.
        bits = bitcast<u32>(f32(bits));
        e = -149;
    }
    // The mantissa from sqrt(1/2) on.
    let moved = bits - 0x3f3504f3u;
    e += bitcast<i32>(moved) >> 23u;
    return NbParts(bitcast<f32>((moved & 0x007fffffu) + 0x3f3504f3u) - 1.0, f32(e));
}

// ln x + more, for finite x > 0 and a small addition.
fn nb_log_finite(x: f32, more: f32) -> f32 {
    let parts = nb_parts(x);
    let f = parts.f;
    return (f + (((nb_log_tail(f) + parts.e * -2.12194440e-4) + more) - 0.5 * f * f)) + parts.e * 0.693359375;
}

// Is x finite and above 0?
fn nb_has_log(x: f32) -> bool {
    return bitcast<u32>(x) - 1u < 0x7f7fffffu;
}

// The logarithm of what has no finite one, to any base.
fn nb_log_limit(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    if (bits & 0x7fffffffu) == 0u {
        return -nb_inf();
    }
    return select(nb_nan(), x, bits == 0x7f800000u || nb_is_nan(x));
}

// By the polynomial of Cephes' logf.c. Within 0.8 ulp.
fn nb_log(x: f32) -> f32 {
    if !nb_has_log(x) {
        return nb_log_limit(x);
    }
    return nb_log_finite(x, 0.0);
}

// By the same. Within 1.7 ulp.
fn nb_log1p(x: f32) -> f32 {
    if nb_is_nan(x) || bitcast<u32>(x) == 0x7f800000u || abs(x) < 1e-10 {
        return x;
    }
    if x <= -1.0 {
        return select(nb_nan(), -nb_inf(), x == -1.0);
    }
    if x > -0.2928 && x < 0.4142 {
        return x + (nb_log_tail(x) - 0.5 * x * x);
    }
    // What rounding takes from 1 + x is added again.
    let u = nb_hide(1.0 + x);
    let lost = select(x - (u - 1.0), 1.0 - (u - x), x > 1.0);
    return nb_log_finite(u, lost / u);
}
