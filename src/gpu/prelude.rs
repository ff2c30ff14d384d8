//! Functions of real numbers that are accurate where those of the shading language are not.
//!
//! The language promises little: a driver's `exp`, `log`, `tanh` may be wrong in the fourth digit. These are
//! polynomials behind exact range reductions, as in Cephes and FreeBSD's libm. Only those that a program names go into
//! its text.

/// A piece of text with what it defines and which other pieces it uses.
struct Piece {
    names: &'static [&'static str],
    uses: &'static [usize],
    text: &'static str,
}

const EXP: usize = 0;
const LOG: usize = 1;
const TURN: usize = 3;

/// Used pieces come before those that use them.
static PIECES: &[Piece] = &[
    Piece { names: &["nb_exp", "nb_expm1", "nb_scale"], uses: &[], text: include_str!("wgsl/exp.wgsl") },
    Piece { names: &["nb_log", "nb_log1p"], uses: &[], text: include_str!("wgsl/log.wgsl") },
    Piece { names: &["nb_tanh"], uses: &[EXP], text: include_str!("wgsl/tanh.wgsl") },
    Piece { names: &["nb_sin_part", "nb_cos_part"], uses: &[], text: include_str!("wgsl/turn.wgsl") },
    Piece { names: &["nb_wide"], uses: &[], text: include_str!("wgsl/wide.wgsl") },
    Piece { names: &["nb_sin", "nb_cos"], uses: &[TURN, TURN + 1], text: include_str!("wgsl/sine.wgsl") },
    Piece { names: &["nb_pow"], uses: &[EXP], text: include_str!("wgsl/pow.wgsl") },
    Piece { names: &["nb_sqrt"], uses: &[], text: include_str!("wgsl/sqrt.wgsl") },
    Piece { names: &["nb_normal"], uses: &[LOG, TURN], text: include_str!("wgsl/normal.wgsl") },
];

/// The text of all functions that these expressions name.
pub fn needed<'a>(expressions: impl Iterator<Item = &'a str>) -> String {
    let mut wanted = vec![false; PIECES.len()];
    for expression in expressions.filter(|expression| expression.contains("nb_")) {
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

/// Does an expression call a function of this name?
fn calls(expression: &str, name: &str) -> bool {
    expression.match_indices(name).any(|(at, _)| expression[at + name.len()..].starts_with('('))
}
