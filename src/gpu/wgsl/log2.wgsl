// Logarithms to the bases 2 and 10, after Cephes' log2f.c and log10f.c: what is added to 1 or to a number of few bits in
// the factor is multiplied apart. log2 is exact for powers of two, else within 1.4 ulp; log10 within 2.
fn nb_log2(x: f32) -> f32 {
    if !nb_has_log(x) {
        return nb_log_limit(x);
    }
    let parts = nb_parts(x);
    let f = parts.f;
    // 1 / ln 2 less 1.
    let factor = 0.44269504;
    let rest = nb_log_tail(f) - 0.5 * f * f;
    return (((rest * factor + f * factor) + rest) + f) + parts.e;
}

fn nb_log10(x: f32) -> f32 {
    if !nb_has_log(x) {
        return nb_log_limit(x);
    }
    let parts = nb_parts(x);
    let f = parts.f;
    let rest = nb_log_tail(f) - 0.5 * f * f;
    // 1 / ln 10 and log10 2, each as a number of few bits and what it lacks.
    var sum = (f + rest) * 7.00731903e-4;
    sum += rest * 0.43359375;
    sum += parts.e * 2.48745664e-4;
    sum += f * 0.43359375;
    return sum + parts.e * 0.30078125;
}
