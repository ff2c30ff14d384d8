// ln(e^a + e^b) by the larger one and the distance, with what the distance loses by rounding. Within 3 ulp of the larger
// of the two terms of the result: where these nearly cancel, digits are lost.
fn nb_logaddexp(a: f32, b: f32) -> f32 {
    if nb_is_nan(a) || nb_is_nan(b) {
        return nb_nan();
    }
    if a == b {
        return a + 0.693147181;
    }
    let larger = max(a, b);
    let smaller = min(a, b);
    let distance = nb_hide(larger - smaller);
    if !(distance < 104.0) {
        // The other one adds 0: of two zeros it is the positive one.
        return select(larger, 0.0, larger == 0.0);
    }
    let part = nb_hide(distance - larger);
    let lost = (larger - (distance - part)) - (smaller + part);
    let ratio = nb_exp(-distance);
    return larger + nb_log1p(ratio - ratio * lost);
}
