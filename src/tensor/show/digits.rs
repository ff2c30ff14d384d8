//! The decimal digits of binary floats: the fewest that read back as the same number, or the exact value's.

use std::fmt::{Debug, Display, LowerExp};
use std::str::FromStr;

/// A float type as printing sees it.
pub trait Real: Copy + PartialOrd + Debug + Display + LowerExp + FromStr {
    /// From this magnitude on, an array shows exponents: 10 to the number of digits the type holds, at most 8.
    const LARGE: Self;
    /// From this magnitude on, a number standing alone shows an exponent.
    const LARGE_ALONE: f64;
    const SMALL: Self;
    const ZERO: Self;
    fn finite(self) -> bool;
    fn magnitude(self) -> Self;
    /// Is `self / other` above 1000, computed in this type?
    fn dwarfs(self, other: Self) -> bool;
    fn wide(self) -> f64;
}

macro_rules! real {
    ($type:ty, $large:expr, $large_alone:expr) => {
        impl Real for $type {
            const LARGE: $type = $large;
            const LARGE_ALONE: f64 = $large_alone;
            const SMALL: $type = 1e-4;
            const ZERO: $type = 0.0;
            fn finite(self) -> bool {
                self.is_finite()
            }
            fn magnitude(self) -> $type {
                self.abs()
            }
            fn dwarfs(self, other: $type) -> bool {
                self / other > 1000.0
            }
            fn wide(self) -> f64 {
                self.into()
            }
        }
    };
}
real!(f64, 1e8, 1e16);
real!(f32, 1e6, 1e6);

/// A finite number in decimal: ±d.ddd × 10^exponent.
#[derive(Clone, Debug, PartialEq)]
pub struct Decimal {
    pub negative: bool,
    /// At least one; the first is zero for zero alone.
    pub digits: String,
    pub exponent: i32,
}

impl Decimal {
    /// The fewest digits that read back as `x`; of several such numbers the nearest, of two equally near the even one.
    pub fn shortest<F: Real>(x: F) -> Decimal {
        let shortest = format!("{x:e}");
        let found = Decimal::read(&shortest);
        // Rust takes the upper of two equally near ones.
        let nearest = format!("{x:.*e}", found.digits.len() - 1);
        if nearest != shortest && nearest.parse::<F>().is_ok_and(|y| y == x) { Decimal::read(&nearest) } else { found }
    }

    /// The exact value rounded to `count` digits (at least one), half to even.
    pub fn rounded<F: Real>(x: F, count: usize) -> Decimal {
        Decimal::read(&format!("{x:.*e}", count.max(1) - 1))
    }

    /// The exact value rounded to `places` digits behind the point, half to even. Zeros ahead are left out.
    pub fn rounded_at<F: Real>(x: F, places: usize) -> Decimal {
        let text = format!("{x:.places$}");
        let negative = text.starts_with('-');
        let all: String = text.chars().filter(char::is_ascii_digit).collect();
        match all.find(|digit| digit != '0') {
            None => Decimal { negative, digits: "0".to_string(), exponent: 0 },
            Some(zeros) => {
                let exponent = all.len() as i64 - places as i64 - 1 - zeros as i64;
                Decimal { negative, digits: all[zeros..].to_string(), exponent: exponent as i32 }
            }
        }
    }

    /// Reads what `{:e}` writes.
    fn read(text: &str) -> Decimal {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        Decimal {
            negative: mantissa.starts_with('-'),
            digits: mantissa.chars().filter(char::is_ascii_digit).collect(),
            exponent: exponent.parse().unwrap_or(0),
        }
    }

    /// How many digits stand behind the point when no exponent is written.
    pub fn places(&self) -> usize {
        (self.digits.len() as i64 - 1 - i64::from(self.exponent)).max(0) as usize
    }

    /// Drops zeros at the end, but never the first digit.
    pub fn trim(mut self) -> Decimal {
        self.digits.truncate(self.digits.trim_end_matches('0').len().max(1));
        self
    }

    /// Digits ahead of the point and behind it, without a sign: `("1200", "")`, `("0", "05")`.
    pub fn positional(&self) -> (String, String) {
        let zeros = |count: i64| "0".repeat(count.max(0) as usize);
        let (length, exponent) = (self.digits.len() as i64, i64::from(self.exponent));
        if exponent < 0 {
            ("0".to_string(), zeros(-exponent - 1) + &self.digits)
        } else if exponent + 1 >= length {
            (self.digits.clone() + &zeros(exponent + 1 - length), String::new())
        } else {
            let (ahead, behind) = self.digits.split_at(exponent as usize + 1);
            (ahead.to_string(), behind.to_string())
        }
    }

    /// The first digit and the others.
    pub fn mantissa(&self) -> (&str, &str) {
        self.digits.split_at(self.digits.len().min(1))
    }

    /// `e-05`, `e+16`: at least `digits` digits.
    pub fn written_exponent(&self, digits: usize) -> String {
        format!("e{}{:0>digits$}", if self.exponent < 0 { '-' } else { '+' }, self.exponent.unsigned_abs())
    }

    pub fn sign(&self) -> &'static str {
        if self.negative { "-" } else { "" }
    }
}
