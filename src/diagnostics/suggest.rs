//! The known name that a mistyped one probably meant.

/// Names longer than this are not compared: nobody mistypes them, and the comparison takes quadratic time.
const LONGEST: usize = 64;

/// The candidate nearest to `name`, if one is near enough to be worth a suggestion: the same but for case, or at most
/// one change (a letter put in, left out, replaced, or two swapped) per three letters.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    if length > LONGEST {
        return None;
    }
    let lower = name.to_lowercase();
    let allowed = length / 3;
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name && candidate.len().abs_diff(name.len()) <= 4 * allowed.max(1))
        .filter_map(|candidate| {
            let distance =
                if candidate.to_lowercase() == lower { 0 } else { strsim::damerau_levenshtein(name, candidate) };
            (distance <= allowed).then_some((distance, candidate))
        })
        // Of equally near ones the one that starts alike is meant more often.
        .min_by(|(near, a), (far, b)| {
            let likeness = |candidate| strsim::jaro_winkler(name, candidate);
            near.cmp(far).then_with(|| likeness(b).total_cmp(&likeness(a))).then_with(|| a.cmp(b))
        })
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const NAMES: [&str; 9] = ["zeros", "ones", "reshape", "concatenate", "matmul", "pi", "e", "inf", "max"];

    #[test]
    fn finds_what_was_meant() {
        for (typed, meant) in [
            ("zeors", "zeros"),
            ("zeroes", "zeros"),
            ("Reshape", "reshape"),
            ("concatenat", "concatenate"),
            ("matmull", "matmul"),
            ("PI", "pi"),
            ("mxa", "max"),
            ("maxx", "max"),
        ] {
            assert_eq!(nearest(typed, NAMES), Some(meant), "{typed}");
        }
    }

    #[test]
    fn stays_silent_when_nothing_is_near() {
        for typed in ["x", "ab", "qr", "loss", "weights", "zeros", "", &"a".repeat(100_000)] {
            assert_eq!(nearest(typed, NAMES.into_iter().filter(|name| *name != typed)), None, "{typed:.20}");
        }
    }
}
