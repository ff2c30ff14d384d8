//! The ends of the number types, of slices and axes; values without elements and without axes.

use crate::bounded::{run_with, works};

const LEAST: &str = "-9223372036854775808";
const MOST: &str = "9223372036854775807";

/// Evaluates each expression in its own `try`: what it shows, or the kind of its error.
fn check(rows: &[(&str, &str)]) {
    let fill = |code: &str| code.replace("LEAST", LEAST).replace("MOST", MOST);
    let program: String = rows
        .iter()
        .map(|(code, _)| format!("try {{ {}\nprint(r) }} catch err {{ print(\"error\", err.kind) }}\n", fill(code)))
        .collect();
    let said = run_with(&["--oneline"], program);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    let shown: Vec<&str> = said.out.lines().collect();
    assert_eq!(shown.len(), rows.len(), "{}", said.out);
    for ((code, expected), shown) in rows.iter().zip(shown) {
        assert_eq!(shown, fill(expected), "{code}");
    }
}

#[test]
fn weak_integers_never_wrap() {
    check(&[
        ("r = LEAST // -1", "error overflow"),
        ("r = LEAST % -1", "0"),
        ("m = LEAST; r = -m", "error overflow"),
        ("m = LEAST; r = abs(m)", "error overflow"),
        ("m = LEAST; r = m - 1", "error overflow"),
        ("m = LEAST; r = m * -1", "error overflow"),
        ("r = MOST + 1", "error overflow"),
        ("r = 1 << 63", "error overflow"),
        ("r = 1 << 64", "error overflow"),
        ("r = 1 << -1", "error value"),
        ("r = 1 >> 64", "0"),
        ("r = LEAST >> 200", "-1"),
        ("r = 2 ** 62", "4611686018427387904"),
        ("r = 2 ** 63", "error overflow"),
        ("r = 2 ** MOST", "error overflow"),
        ("r = (-1) ** MOST", "-1"),
        ("r = 2 ** -1", "0.5"),
        ("r = 0 ** -1", "inf"),
        ("r = 0 ** 0", "1"),
        ("r = 1 // 0", "error value"),
        ("r = 1 % 0", "error value"),
        ("r = 1 / 0", "inf"),
    ]);
}

#[test]
fn typed_integers_wrap() {
    check(&[
        ("r = i64([LEAST]) // -1", "[LEAST]"),
        ("r = i64([LEAST]) % -1", "[0]"),
        ("r = -i64([LEAST])", "[LEAST]"),
        ("r = abs(i64([LEAST]))", "[LEAST]"),
        ("r = i64([MOST]) + 1", "[LEAST]"),
        ("r = i32([2147483647]) + 1", "[-2147483648]"),
        ("r = i32([-2147483648]) // -1", "[-2147483648]"),
        ("r = i32([-2147483648]) % -1", "[0]"),
        ("r = i32([2]) ** 31", "[-2147483648]"),
        ("r = u8([255]) + 1, u8([1]) - 2", "([0], [255])"),
        ("r = u8([1]) + 300", "error overflow"),
        ("r = i32([5]) + 3000000000", "error overflow"),
        ("r = i32([1]) << 32, i64([1]) << 64, i64([-1]) >> 200", "([0], [0], [-1])"),
        ("r = i64([1]) << -1", "error value"),
        ("r = i64([2]) ** -1", "error value"),
        ("r = i64([1]) // 0", "error value"),
        ("r = sum([MOST, 1]), prod([MOST, 2])", "(LEAST, -2)"),
    ]);
}

#[test]
fn floats_follow_ieee_754() {
    check(&[
        ("r = 1e308 * 10, -1e308 * 10, 5e-324 / 2, 1e400", "(inf, -inf, 0.0, inf)"),
        ("r = inf - inf, 0.0 / 0.0, nan == nan, max([nan, 1])", "(nan, nan, False, nan)"),
        ("r = 1.0 // 0.0, 1.0 % 0.0, inf // 1, -1 // inf, -1 % inf", "(inf, nan, nan, -1.0, inf)"),
        ("r = -0.0, 1 / -inf, [-0.0, 0.0]", "(-0.0, -0.0, [-0.  0.])"),
        ("r = f32(1e300), f32(1e-300)", "(inf, 0.0)"),
        ("r = hypot(1e308, 1e308), exp(1000), exp(-1000)", "(1.4142135623730951e+308, inf, 0.0)"),
        ("r = sqrt(-1), log(0), log(-1), sin(inf)", "(nan, -inf, nan, nan)"),
        ("r = i64(1e300)", "error overflow"),
        ("r = i64(nan)", "error value"),
        ("r = i32(3e9)", "error overflow"),
        ("r = u8(-1)", "error overflow"),
        ("r = round(1.5, MOST)", "error value"),
    ]);
}

#[test]
fn slices_and_indices_have_no_end() {
    check(&[
        (
            "a = arange(5); r = a[::MOST], a[::LEAST], a[LEAST:], a[MOST:LEAST:-1]",
            "([0], [4], [0 1 2 3 4], [4 3 2 1 0])",
        ),
        ("a = arange(5); r = a[MOST:], a[:LEAST], a[LEAST:MOST:MOST]", "([], [], [0])"),
        ("a = arange(5); a[::LEAST] = 9; r = a", "[0 1 2 3 9]"),
        ("a = arange(5); r = a[MOST]", "error index"),
        ("a = arange(5); r = a[LEAST]", "error index"),
        ("a = arange(5); r = a[[LEAST]]", "error index"),
        ("a = arange(5); a[MOST] = 1; r = a", "error index"),
        ("a = arange(5); r = a[::0]", "error value"),
        ("a = arange(5); r = a[1.5]", "error index"),
        ("a = arange(5); r = a[..., ...]", "error index"),
        ("r = \"abc\"[::LEAST], \"abc\"[LEAST:MOST], (1, 2)[::LEAST]", "('c', 'abc', (2,))"),
        ("r = \"abc\"[LEAST]", "error index"),
        ("r = (1, 2)[LEAST]", "error index"),
        ("r = (0..5)[LEAST]", "error index"),
    ]);
}

#[test]
fn axes_and_shapes_have_bounds() {
    check(&[
        ("r = sum([1], axis=MOST)", "error index"),
        ("r = sum([1], axis=LEAST)", "error index"),
        ("r = sum([1], axis=(0, 0))", "error value"),
        ("r = stack([1, 2], axis=LEAST)", "error index"),
        ("r = concatenate([[1]], axis=MOST)", "error index"),
        ("r = expand_dims([1], LEAST)", "error index"),
        ("r = swapaxes([1], 0, LEAST)", "error index"),
        ("r = moveaxis([1], LEAST, MOST)", "error index"),
        ("r = reshape(arange(4), (4611686018427387904, 4611686018427387904))", "error shape"),
        ("r = reshape(arange(4), (-1, MOST))", "error shape"),
        ("r = reshape([1], (-1, -1))", "error shape"),
        ("r = reshape([], (-1, 0))", "error shape"),
        ("r = zeros((MOST, MOST))", "error memory"),
        ("r = zeros(LEAST)", "error value"),
        ("r = zeros((MOST, MOST, 0)).size", "0"),
        ("r = eye(2, k=LEAST), eye(2, k=MOST)", "([[0. 0.] [0. 0.]], [[0. 0.] [0. 0.]])"),
        ("x = 1; for _ in 0..40 { x = [x] }; r = x.ndim", "error shape"),
        ("r = randint(LEAST, MOST) < MOST, randint(0, MOST, 2).size", "(True, 2)"),
        ("r = randint(5, 5)", "error value"),
        ("r = seed(LEAST)", "error value"),
    ]);
}

#[test]
fn nothing_at_all() {
    check(&[
        ("r = sum([]), prod([]), any([]), all([]), mean([]), std([])", "(0.0, 1.0, False, True, nan, nan)"),
        ("r = max([])", "error value"),
        ("r = argmax(zeros((0, 3)), axis=0)", "error value"),
        ("r = max(zeros((0, 3)), axis=1), sum(zeros((0, 3)), axis=0)", "([], [0. 0. 0.])"),
        ("r = dot([], []), zeros((2, 0)) @ zeros((0, 2))", "(0.0, [[0. 0.] [0. 0.]])"),
        ("r = concatenate([[], []]).shape, stack([[], []]).shape, [[]].shape", "((0,), (2, 0), (1, 0))"),
        ("r = [][::-1], [][:5], [][[]], arange(5)[[]].shape", "([], [], [], (0,))"),
        ("r = [x for x in []], map(|x| x, []), zip([], []), \"\"[:], 5..0", "([], [], (), '', [])"),
        ("r = [][0]", "error index"),
        ("r = \"\"[0]", "error index"),
        ("r = 3.T, 3.shape, 3[()], 3[...], 3[newaxis], zeros(())", "(3, (), 3, 3, [3], 0.0)"),
        ("r = f64(3)[0]", "error index"),
        ("r = sum(3, axis=0)", "error index"),
        ("r = rand(0), rand((0, 2)).shape, linspace(0, 1, 0), linspace(0, 1, 1)", "([], (0, 2), [], [0.])"),
    ]);
}

#[test]
fn text_holds_any_character() {
    works("x = \"a\\u{0}b\"\nlen(x), x[1], x == \"a\\u{0}b\"", "(3, '\\u{0}', True)\n");
    works("\"🎉π\"[::-1], len(\"🎉\"), upper(\"ß\"), find(\"aπb\", \"b\")", "('π🎉', 1, 'SS', 2)\n");
}
