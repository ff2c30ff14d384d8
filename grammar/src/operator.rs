//! How operators are spelled and how tightly they bind.

use crate::tree::{BinaryOp, CompareOp, UnaryOp};

const BINARY: &[(BinaryOp, &str, u8)] = &[
    (BinaryOp::Pipe, "|>", 0),
    (BinaryOp::Or, "or", 1),
    (BinaryOp::And, "and", 2),
    (BinaryOp::BitOr, "|", 3),
    (BinaryOp::BitXor, "^", 4),
    (BinaryOp::BitAnd, "&", 5),
    (BinaryOp::Shl, "<<", 6),
    (BinaryOp::Shr, ">>", 6),
    (BinaryOp::Add, "+", 7),
    (BinaryOp::Sub, "-", 7),
    (BinaryOp::Mul, "*", 8),
    (BinaryOp::Div, "/", 8),
    (BinaryOp::FloorDiv, "//", 8),
    (BinaryOp::Rem, "%", 8),
    (BinaryOp::At, "@", 8),
    (BinaryOp::Pow, "**", 9),
];

const COMPARE: &[(CompareOp, &str)] = &[
    (CompareOp::Eq, "=="),
    (CompareOp::Ne, "!="),
    (CompareOp::Lt, "<"),
    (CompareOp::Le, "<="),
    (CompareOp::Gt, ">"),
    (CompareOp::Ge, ">="),
    (CompareOp::In, "in"),
    (CompareOp::NotIn, "not in"),
];

impl BinaryOp {
    pub fn spelling(self) -> &'static str {
        BINARY.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    pub fn from_spelling(text: &str) -> Option<BinaryOp> {
        BINARY.iter().find(|row| row.1 == text).map(|row| row.0)
    }

    /// Operators of one tier form one flat chain.
    pub fn tier(self) -> u8 {
        BINARY.iter().find(|row| row.0 == self).map_or(0, |row| row.2)
    }
}

impl CompareOp {
    pub fn spelling(self) -> &'static str {
        COMPARE.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    pub fn from_spelling(text: &str) -> Option<CompareOp> {
        COMPARE.iter().find(|row| row.1 == text).map(|row| row.0)
    }
}

impl UnaryOp {
    pub fn spelling(self) -> &'static str {
        match self {
            UnaryOp::Neg => "-",
            UnaryOp::Pos => "+",
            UnaryOp::BitNot => "~",
            UnaryOp::Not => "not",
            UnaryOp::Nabla => "∇",
        }
    }

    /// `-` and `+` have names that tell them from the operators between two operands.
    pub(crate) fn sexpr_name(self) -> &'static str {
        match self {
            UnaryOp::Neg => "neg",
            UnaryOp::Pos => "pos",
            op => op.spelling(),
        }
    }
}
