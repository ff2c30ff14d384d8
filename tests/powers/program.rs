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
    /// For every vector, a number that its elements do not exceed.
    bounds: Vec<f64>,
    /// Conditions of `if`, and numbers of turns of `while`.
    conditions: usize,
    /// Does it draw random numbers?
    pub draws: bool,
    /// Is there a loop whose turns no graph knows?
    pub has_while: bool,
    /// Elementary operations on the way to the result.
    pub terms: usize,
}

/// An expression, and a number that its elements do not exceed.
type Bounded = (String, f64);

/// From here on element-wise chains wait and run as clusters.
const LONG: usize = 1100;
/// What `Dice::number` stays below.
const MOST: f64 = 1.1;

impl Program {
    /// The elements of `x` are at most 1.1, and rows of the matrix `m` sum to at most that.
    pub fn random(seed: u64) -> Program {
        let mut dice = Dice::new(seed);
        let len = if dice.below(8) == 0 { LONG } else { 1 + dice.below(5) };
        let body = "v0 = x\n".into();
        let mut program =
            Program { len, body, bounds: vec![2.0 * MOST], conditions: 0, draws: false, has_while: false, terms: 1 };
        for _ in 0..2 + dice.below(6) {
            program.statement(&mut dice);
        }
        program
    }

    fn statement(&mut self, dice: &mut Dice) {
        let (v, bound) = self.vector(dice);
        let (value, bound) = match dice.below(10) {
            0 => self.gathered(dice),
            1 if self.len < LONG => {
                self.terms += self.len;
                (format!("m @ {v}"), MOST * bound)
            }
            2 => self.choice(dice),
            3 if !self.draws => {
                self.draws = true;
                (format!("{v} * (rand({}) + 0.1)", self.len), MOST * bound)
            }
            4 => {
                self.terms += self.len;
                let (w, other) = self.vector(dice);
                let factor = dice.number();
                (format!("{v} * sum({w}) * {}", factor / self.len as f64), bound * other * factor)
            }
            5 => self.long_loop(dice),
            6 => self.while_loop(dice),
            7 => self.scanned(dice),
            _ => self.expression(dice, 3),
        };
        // a name of its own for every value
        _ = writeln!(self.body, "v{} = {value}", self.bounds.len());
        self.bounds.push(bound);
    }

    fn vector(&mut self, dice: &mut Dice) -> Bounded {
        let number = dice.below(self.bounds.len());
        (format!("v{number}"), self.bounds[number])
    }

    /// Element by element.
    fn expression(&mut self, dice: &mut Dice, depth: usize) -> Bounded {
        self.terms += 1;
        if depth == 0 {
            return self.vector(dice);
        }
        let (a, bound) = self.expression(dice, depth - 1);
        let number = dice.number();
        match dice.below(6) {
            0 => {
                let (b, other) = self.expression(dice, depth - 1);
                (format!("({a} + {b})"), bound + other)
            }
            1 => {
                let (b, other) = self.expression(dice, depth - 1);
                (format!("({a} * {b} * 0.5)"), bound * other * 0.5)
            }
            2 => {
                // nothing may come to numbers that single precision has not
                let factor = (4.0 / bound).min(0.125);
                (format!("exp({a} * {factor} - 1)"), (bound * factor - 1.0).exp())
            }
            3 => (format!("({a} * {number})"), bound * number),
            // far from 1, where its slope is a difference of numbers that are nearly the same
            4 => (format!("tanh({a} * {})", 0.5 / bound.max(1.0)), 0.5),
            _ => (format!("({a} + {number})"), bound + number),
        }
    }

    fn gathered(&mut self, dice: &mut Dice) -> Bounded {
        let places: Vec<String> =
            (0..self.len.min(5)).map(|_| (dice.below(2 * self.len) as i64 - self.len as i64).to_string()).collect();
        self.terms += 5;
        let (v, bound) = self.vector(dice);
        let (w, other) = self.vector(dice);
        match self.len {
            LONG => (format!("{v} + sum({w}[[{}]])", places.join(", ")), bound + 5.0 * other),
            _ => (format!("{v}[[{}]]", places.join(", ")), bound),
        }
    }

    fn choice(&mut self, dice: &mut Dice) -> Bounded {
        self.terms += self.len;
        let condition = format!("sum({}) > {}", self.vector(dice).0, dice.number() * self.len as f64);
        _ = writeln!(self.body, "k{} = {condition}", self.conditions);
        self.conditions += 1;
        let (then, bound) = self.expression(dice, 2);
        let (otherwise, other) = self.expression(dice, 1);
        (format!("if {condition} {{ {then} }} else {{ {otherwise} }}"), bound.max(other))
    }

    /// A `for` with so many turns that a graph makes one operation of it; its steps shrink what they carry.
    fn long_loop(&mut self, dice: &mut Dice) -> Bounded {
        let turns = 17 + dice.below(8);
        self.terms += 4 * turns;
        let ((v, bound), (w, other)) = (self.vector(dice), self.vector(dice));
        let (shrunk, number) = (dice.number() / 2.2, dice.number());
        let mut grows = number * other;
        let mut step = match dice.below(4) {
            0 => format!("s = s * {shrunk} + {w} * {number}"),
            1 => {
                grows *= turns as f64;
                format!("s = s * {shrunk} + {w} * ({number} * i)")
            }
            2 => format!(
                "if i % {} == 0 {{ s = s * {shrunk} + {w} * {number} }} else {{ s = s * 0.75 }}",
                2 + dice.below(3)
            ),
            _ => {
                self.terms += 17 * turns;
                grows *= 1.5;
                format!("t = {w}; for j in 0..17 {{ t = t * 0.75 + {w} * 0.1 }}; s = s * {shrunk} + t * {number}")
            }
        };
        // a sum of positive numbers, each at most half of what it was a turn before, or three quarters
        let mut bound = bound + 4.0 * grows;
        if !self.draws && dice.below(4) == 0 {
            self.draws = true;
            step = format!("s = s * (rand({}) + 0.1) * 0.9; {step}", self.len);
            bound *= 2.0;
        }
        let items = match dice.below(3) {
            0 => format!("for x in linspace(0, 1, {turns}) {{ i = i + 1; {step}; s = s + x * 0.01 }}"),
            _ => format!("for i in 0..{turns} {{ {step} }}"),
        };
        bound += 0.04;
        _ = writeln!(self.body, "i = 0; s = {v}; {items}");
        ("s * 1.0".into(), bound)
    }

    /// A `while` whose number of turns depends on `x`.
    fn while_loop(&mut self, dice: &mut Dice) -> Bounded {
        self.has_while = true;
        let (v, bound) = self.vector(dice);
        let (count, limit) = (self.conditions, dice.number() * self.len as f64);
        self.conditions += 1;
        self.terms += 12 * (self.len + 2);
        _ = writeln!(
            self.body,
            "s = {v}; k{count} = 0; while k{count} < 12 and sum(s) > {limit} {{ s = s * 0.6 + {v} * 0.01; k{count} += 1 }}"
        );
        ("s * 1.0".into(), bound)
    }

    /// A `scan` over the elements.
    fn scanned(&mut self, dice: &mut Dice) -> Bounded {
        self.terms += 4 * self.len;
        let (v, bound) = self.vector(dice);
        let (shrunk, first) = (dice.number() / 2.2, dice.number());
        let state = first + 2.0 * bound;
        (format!("scan(|s, y| (s * {shrunk} + y, s * y * 0.5), {first}, {v})[1]"), state * bound * 0.5)
    }

    /// The definitions of `f(x)`, one number; `vector(x)`, the last value; and `ways(x)`: which way each condition went.
    pub fn source(&self) -> String {
        let last = self.bounds.len() - 1;
        let ways = (0..self.conditions).map(|number| format!("k{number}, ")).collect::<String>();
        let (body, len) = (&self.body, self.len);
        format!(
            "fn f(x) {{\n{body}sum(v{last}) / {len} }}\nfn vector(x) {{\n{body}v{last} }}\nfn ways(x) {{\n{body}({ways}) }}\n"
        )
    }
}
