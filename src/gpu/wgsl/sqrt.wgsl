fn nb_sqrt(x: f32) -> f32 {
    return select(sqrt(x), nb_nan(), x < 0.0);
}
