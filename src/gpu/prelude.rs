//! Functions of numbers that are accurate where those of the shading language are not.
//!
//! The language promises little: a driver's `exp`, `log`, `tanh` may be wrong in the fourth digit. These are
//! polynomials behind exact range reductions, as in Cephes and FreeBSD's libm, within 4 units in the last place; each
//! file states its formula and the largest error that was found on software Vulkan. Beside them stand functions of
//! integers that the language lacks, or has with other results. Only those that a program names go into its text.

/// A piece of text with what it defines and which other pieces it uses.
struct Piece {
    names: &'static [&'static str],
    uses: &'static [usize],
    text: &'static str,
}

const EXP: usize = 0;
const LOG: usize = 1;
const TURN: usize = 2;
const WIDE: usize = 3;
const SINE: usize = 4;
const MOVE: usize = 5;

/// Used pieces come before those that use them.
static PIECES: &[Piece] = &[
    Piece { names: &["nb_exp", "nb_expm1", "nb_scale"], uses: &[], text: include_str!("wgsl/exp.wgsl") },
    Piece { names: &["nb_log", "nb_log1p"], uses: &[], text: include_str!("wgsl/log.wgsl") },
    Piece { names: &["nb_sin_part", "nb_cos_part"], uses: &[], text: include_str!("wgsl/turn.wgsl") },
    Piece { names: &["nb_wide"], uses: &[], text: include_str!("wgsl/wide.wgsl") },
    Piece { names: &["nb_sin", "nb_cos"], uses: &[TURN, WIDE], text: include_str!("wgsl/sine.wgsl") },
    Piece { names: &[], uses: &[], text: include_str!("wgsl/move.wgsl") },
    Piece { names: &["nb_exp2"], uses: &[EXP], text: include_str!("wgsl/exp2.wgsl") },
    Piece { names: &["nb_log2", "nb_log10"], uses: &[LOG], text: include_str!("wgsl/log2.wgsl") },
    Piece { names: &["nb_logaddexp"], uses: &[EXP, LOG], text: include_str!("wgsl/logaddexp.wgsl") },
    Piece { names: &["nb_pow"], uses: &[EXP], text: include_str!("wgsl/pow.wgsl") },
    Piece { names: &["nb_sqrt"], uses: &[], text: include_str!("wgsl/sqrt.wgsl") },
    Piece { names: &["nb_cbrt"], uses: &[], text: include_str!("wgsl/cbrt.wgsl") },
    Piece { names: &["nb_hypot"], uses: &[EXP, MOVE], text: include_str!("wgsl/hypot.wgsl") },
    Piece { names: &["nb_tan"], uses: &[SINE], text: include_str!("wgsl/tan.wgsl") },
    Piece { names: &["nb_asin", "nb_acos"], uses: &[], text: include_str!("wgsl/arc_sine.wgsl") },
    Piece { names: &["nb_atan", "nb_atan2"], uses: &[MOVE], text: include_str!("wgsl/arc_tangent.wgsl") },
    Piece { names: &["nb_sinh", "nb_cosh"], uses: &[EXP], text: include_str!("wgsl/hyperbolic.wgsl") },
    Piece { names: &["nb_tanh"], uses: &[EXP], text: include_str!("wgsl/tanh.wgsl") },
    Piece { names: &["nb_asinh", "nb_acosh", "nb_atanh"], uses: &[LOG], text: include_str!("wgsl/area.wgsl") },
    Piece { names: &["nb_erf"], uses: &[EXP], text: include_str!("wgsl/erf.wgsl") },
    Piece { names: &["nb_nextafter"], uses: &[], text: include_str!("wgsl/nextafter.wgsl") },
    Piece { names: &["nb_fmod", "nb_remainder", "nb_floor_divide"], uses: &[], text: include_str!("wgsl/fmod.wgsl") },
    Piece {
        names: &["nb_rest", "nb_floor_rest", "nb_floor_quotient", "nb_size"],
        uses: &[],
        text: include_str!("wgsl/quotient.wgsl"),
    },
    Piece { names: &["nb_integer_pow", "nb_byte_pow"], uses: &[], text: include_str!("wgsl/integer_pow.wgsl") },
    Piece { names: &["nb_gcd", "nb_lcm"], uses: &[], text: include_str!("wgsl/divisor.wgsl") },
    Piece { names: &["nb_normal"], uses: &[LOG, TURN], text: include_str!("wgsl/normal.wgsl") },
];

/// The text of all functions that these expressions name.
pub fn needed<'a>(expressions: impl Iterator<Item = &'a str>) -> String {
    let mut wanted = vec![false; PIECES.len()];
    for expression in expressions.filter(|expression| names_function(expression)) {
        for (piece, wanted) in PIECES.iter().zip(&mut wanted) {
            *wanted |= piece.names.iter().any(|name| calls(expression, name));
        }
    }
    for number in (0..PIECES.len()).rev() {
        if wanted[number] {
            PIECES[number].uses.iter().for_each(|&used| wanted[used] = true);
        }
    }
    PIECES.iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(piece, _)| piece.text).collect()
}

/// Does an expression call any of them?
pub fn names_function(expression: &str) -> bool {
    expression.contains("nb_")
}

/// Does an expression call a function of this name?
fn calls(expression: &str, name: &str) -> bool {
    expression.match_indices(name).any(|(at, _)| expression[at + name.len()..].starts_with('('))
}
