// The root of the device, which may give anything below 0.
fn nb_sqrt(x: f32) -> f32 {
    return select(sqrt(x), nb_nan(), x < 0.0);
}
