//! Random programs over the operations that go through every power.
//!
//! A program is the body of a function of a vector `x`. All its numbers are positive and nothing is subtracted but
//! constants inside `exp`, so that rounding errors stay in proportion to the number of operations.

use std::fmt::Write;

/// A linear congruential generator: the same programs on every machine.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % end as u64) as usize
    }

    /// In [0.1, 1.1), of four decimals.
    pub fn number(&mut self) -> f64 {
        (self.below(10_000) + 1_000) as f64 / 10_000.0
    }
}

pub struct Program {
    /// The length of `x`.
    pub len: usize,
    /// The statements, without the result.
    body: String,
    vectors: usize,
    conditions: usize,
    /// Does it draw random numbers?
    pub draws: bool,
    /// Elementary operations on the way to the result.
    pub terms: usize,
}

/// From here on element-wise chains wait and run as clusters.
const LONG: usize = 600;

impl Program {
    pub fn random(seed: u64) -> Program {
        let mut dice = Dice::new(seed);
        let len = if dice.below(8) == 0 { LONG } else { 1 + dice.below(5) };
        let mut program = Program { len, body: "v0 = x\n".into(), vectors: 1, conditions: 0, draws: false, terms: 1 };
        for _ in 0..2 + dice.below(6) {
            program.statement(&mut dice);
        }
        program
    }

    fn statement(&mut self, dice: &mut Dice) {
        let value = match dice.below(7) {
            0 => self.gathered(dice),
            1 if self.len < LONG => {
                self.terms += self.len;
                format!("m @ {}", self.vector(dice))
            }
            2 => self.choice(dice),
            3 if !self.draws => {
                self.draws = true;
                format!("{} * (rand({}) + 0.1)", self.vector(dice), self.len)
            }
            4 => {
                self.terms += self.len;
                format!("{} * sum({}) * {}", self.vector(dice), self.vector(dice), dice.number() / self.len as f64)
            }
            _ => self.expression(dice, 3),
        };
        // a name of its own for every value
        _ = writeln!(self.body, "v{} = {value}", self.vectors);
        self.vectors += 1;
    }

    fn vector(&mut self, dice: &mut Dice) -> String {
        format!("v{}", dice.below(self.vectors))
    }

    /// Element by element.
    fn expression(&mut self, dice: &mut Dice, depth: usize) -> String {
        self.terms += 1;
        if depth == 0 {
            return self.vector(dice);
        }
        let a = self.expression(dice, depth - 1);
        match dice.below(5) {
            0 => format!("({a} + {})", self.expression(dice, depth - 1)),
            1 => format!("({a} * {} * 0.5)", self.expression(dice, depth - 1)),
            2 => format!("exp({a} * 0.125 - 1)"),
            3 => format!("({a} * {})", dice.number()),
            _ => format!("({a} + {})", dice.number()),
        }
    }

    fn gathered(&mut self, dice: &mut Dice) -> String {
        let places: Vec<String> =
            (0..self.len.min(5)).map(|_| (dice.below(2 * self.len) as i64 - self.len as i64).to_string()).collect();
        self.terms += 1;
        match self.len {
            LONG => format!("{} + sum({}[[{}]])", self.vector(dice), self.vector(dice), places.join(", ")),
            _ => format!("{}[[{}]]", self.vector(dice), places.join(", ")),
        }
    }

    fn choice(&mut self, dice: &mut Dice) -> String {
        self.terms += self.len;
        let condition = format!("sum({}) > {}", self.vector(dice), dice.number() * self.len as f64 * 1.1);
        _ = writeln!(self.body, "k{} = {condition}", self.conditions);
        self.conditions += 1;
        let then = self.expression(dice, 2);
        let otherwise = self.expression(dice, 1);
        format!("if {condition} {{ {then} }} else {{ {otherwise} }}")
    }

    /// The definitions of `f(x)`, one number; `vector(x)`, the last value; and `ways(x)`: which way each condition went.
    pub fn source(&self) -> String {
        let last = self.vectors - 1;
        let ways = (0..self.conditions).map(|number| format!("k{number}, ")).collect::<String>();
        let body = &self.body;
        format!(
            "fn f(x) {{\n{body}sum(v{last}) / {} }}\nfn vector(x) {{\n{body}v{last} }}\nfn ways(x) {{\n{body}({ways}) }}\n",
            self.len
        )
    }
}
