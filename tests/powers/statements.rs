//! Statements on a graphics card, where values wait behind them, against the same statements on the CPU: variables that hold
//! one value, parts that are written, what is read in between.

use super::Runner;
use super::program::Dice;
use std::fmt::Write;

/// Programs of the test; each has so many statements.
const PROGRAMS: u64 = 40;
const STATEMENTS: usize = 60;
/// Vectors; the matrix `m` has rows of their length.
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Whatever happens, all numbers stay within [-2, 2].
fn statement(dice: &mut Dice) -> String {
    let mut name = || NAMES[dice.below(NAMES.len())];
    let (x, y, z) = (name(), name(), name());
    let (at, number) = (dice.below(38), dice.number());
    match dice.below(16) {
        0 => format!("{x} = tanh({y} + {z} * {number})"),
        1 => format!("{x} = {y} * 0.5 - {z} * 0.4"),
        2 => format!("{x} = where({y} > {z}, {y}, {z})"),
        3 => format!("{x} = {y}"),
        4 => format!("{x}[{at}] = {number}"),
        5 => format!("{x}[{at}:{}] = {y}[{}:{}] * 0.5", at + 9, at + 3, at + 12),
        6 => format!("{x}[{at}:] *= 0.5"),
        7 => format!("{x} = {y}[::-1]"),
        8 => format!("m = m * 0.4 + {x} * 0.5"),
        9 => format!("{x} = m[{}] * 0.9", dice.below(3)),
        10 => format!("m[{}] = {x}", dice.below(3)),
        11 => format!("{x} = sum(m * {y}, axis=0) * 0.15"),
        12 => format!("{x} = {y} + item(mean({z})) * 0.1; {x} = minimum(maximum({x}, -2), 2)"),
        13 => format!("t = (first={x}, pair=({y}, {z})); {x} = t.pair[1]; {z} = t.first"),
        14 => format!("i = (i + {at}) // (n + 1) + i % 7; {x} = {x} * 0.5 + i * 0.01; {x} = tanh({x})"),
        _ => format!("for _ in 0..{} {{ {x} = sin({x} * 0.9 + {y} * 0.3); {y} = {y} * 0.95 - {x} * 0.04 }}", 1 + at),
    }
}

#[test]
fn statements_on_a_card_are_those_on_the_cpu() {
    let mut runner = Runner::new();
    for number in 0..PROGRAMS {
        let mut dice = Dice::new(number + 7_000_000);
        let mut code = String::from("fn run(a, b, c, d, m, i, n) {\nt = none\n");
        for _ in 0..STATEMENTS {
            _ = writeln!(code, "{}", statement(&mut dice));
        }
        code += "(a, b, c, d, m, i) }
fn row() = rand(50, dtype=f32)
given = (row(), row(), row(), row(), rand((3, 50), dtype=f32), i32(randint(0, 9, 50)), i32(arange(50)))
expected = run(...given)
found = run(...(given @ gpu))
for (e, f) in zip(expected, found) { if not (max(abs((f @ cpu) - e)) <= 1e-4) { print(e, f) } }
";
        let wrong = runner.eval(&code, &format!("statements {number}"));
        assert!(wrong.is_empty(), "statements {number}:\n{wrong}\n{code}");
    }
}
