//! Words: the pieces a source text consists of.
//!
//! A token is a kind and a place; what it says is read from the source when the tree is built. Nothing here fails:
//! what is no word becomes `Tok::Error`, and the layout notes why.

use crate::literal::number_len;
use crate::tree::Span;
use logos::{Lexer, Logos};

/// A word and its place in the source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Token {
    pub start: u32,
    pub end: u32,
    pub kind: Tok,
}

impl Token {
    pub fn span(self) -> Span {
        Span { start: self.start, end: self.end }
    }
}

// Names are matched by plain ranges, which keeps the generated automaton small; `layout` checks them afterwards.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(skip r"[ \t\u{a0}]+")]
pub enum Tok {
    #[token("\n")]
    #[token("\r\n")]
    #[token("\r")]
    Newline,
    #[regex(r"#[^\n\r]*", allow_greedy = true)]
    Comment,

    #[token("fn")]
    Fn,
    #[token("if")]
    If,
    #[token("else")]
    Else,
    #[token("while")]
    While,
    #[token("for")]
    For,
    #[token("in")]
    In,
    #[token("break")]
    Break,
    #[token("continue")]
    Continue,
    #[token("return")]
    Return,
    #[token("import")]
    Import,
    #[token("as")]
    As,
    #[token("and")]
    And,
    #[token("or")]
    Or,
    #[token("not")]
    Not,
    #[token("try")]
    Try,
    #[token("catch")]
    Catch,
    #[token("true")]
    #[token("True")]
    True,
    #[token("false")]
    #[token("False")]
    False,
    #[token("none")]
    #[token("None")]
    NoneLit,

    #[regex(r"[A-Za-z_\u{a1}-\u{2206}\u{2208}-\u{fefe}\u{ff00}-\u{10ffff}][0-9A-Za-z_\u{a1}-\u{2206}\u{2208}-\u{fefe}\u{ff00}-\u{10ffff}]*")]
    Name,
    #[regex(r"[0-9]|\.[0-9]", number)]
    Number,
    #[regex(r#""([^"\\\n\r]|\\[^\n\r])*""#)]
    #[regex(r#"'([^'\\\n\r]|\\[^\n\r])*'"#)]
    Str,
    #[regex(r#"f"([^"\\\n\r]|\\[^\n\r])*""#)]
    #[regex(r#"f'([^'\\\n\r]|\\[^\n\r])*'"#)]
    FStr,
    #[regex(r#"f?"([^"\\\n\r]|\\[^\n\r])*\\?"#, priority = 1)]
    #[regex(r#"f?'([^'\\\n\r]|\\[^\n\r])*\\?"#, priority = 1)]
    OpenStr,
    #[token("\"\"\"", triple)]
    #[token("'''", triple)]
    TripleStr,

    #[token("(")]
    LParen,
    #[token(")")]
    RParen,
    #[token("[")]
    LBrack,
    #[token("]")]
    RBrack,
    #[token("{")]
    LBrace,
    #[token("}")]
    RBrace,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token(".")]
    Dot,
    #[token("..")]
    DotDot,
    #[token("...")]
    Dots,
    #[token("=")]
    Eq,
    #[token("->")]
    Arrow,
    #[token("|>")]
    Pipe,
    #[token("||")]
    BarBar,
    #[token("|")]
    Bar,
    /// `+=` and its kin
    #[regex(r"(\+|-|\*|/|//|%|\*\*|@|&|\||\^|<<|>>)=")]
    Aug,
    /// `==` and its kin
    #[regex(r"==|!=|<|<=|>|>=")]
    Cmp,
    #[token("^")]
    Caret,
    #[token("&")]
    Amp,
    #[regex(r"<<|>>")]
    Shift,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    /// `/`, `//` and `%`
    #[regex(r"/|//|%")]
    Slash,
    #[token("@")]
    At,
    #[token("**")]
    Pow,
    #[token("~")]
    Tilde,
    #[token("∇")]
    Nabla,
    #[token(";")]
    Semi,

    // Made by the layout.
    /// A `;` that ends its line.
    SemiEnd,
    /// The end of a line that ends a statement.
    Nl,
    /// Stands before the expression of a placeholder: the parser's other start.
    Placeholder,
    /// The value a continued input applies to.
    Last,
    Error,
}

fn number(lexer: &mut Lexer<Tok>) {
    let rest = lexer.source().get(lexer.span().start..).unwrap_or("");
    lexer.bump(number_len(rest).saturating_sub(lexer.slice().len()));
}

/// Takes a string in triple quotes whole, so that one error is all it gives.
fn triple(lexer: &mut Lexer<Tok>) {
    let rest = lexer.remainder();
    lexer.bump(rest.find(lexer.slice()).map_or(rest.len(), |at| at + lexer.slice().len()));
}

impl Tok {
    /// A statement cannot be over after such a token: the line goes on.
    pub fn continues(self) -> bool {
        use Tok::*;
        self.is_infix()
            || matches!(self, Comma | Eq | Arrow | Aug | Tilde | Nabla | Dot | LBrace)
            || matches!(self, Not | As | If | While | For | Fn | Import | Else | Try)
    }

    /// Stands between two operands.
    pub fn is_infix(self) -> bool {
        use Tok::*;
        matches!(
            self,
            Pipe | BarBar
                | Bar
                | Cmp
                | Caret
                | Amp
                | Shift
                | Plus
                | Minus
                | Star
                | Slash
                | At
                | Pow
                | DotDot
                | And
                | Or
                | In
        )
    }

    /// A value may end with it, so that `[` or `(` behind it is an index or a call.
    pub fn ends_value(self) -> bool {
        use Tok::*;
        matches!(self, Name | Number | Str | FStr | RParen | RBrack | RBrace | True | False | NoneLit | Last)
    }

    /// A value may start with it, and it cannot continue one.
    pub fn starts_value(self) -> bool {
        use Tok::*;
        matches!(
            self,
            Name | Number | Str | FStr | LBrace | True | False | NoneLit | If | Try | Tilde | Nabla | Not | Last
        )
    }

    /// Starts a statement and never stands inside an expression.
    pub fn is_statement(self) -> bool {
        use Tok::*;
        matches!(self, Fn | While | Import | Return | Break | Continue)
    }

    /// The bracket that closes this one.
    pub fn closer(self) -> Option<Tok> {
        match self {
            Tok::LParen => Some(Tok::RParen),
            Tok::LBrack => Some(Tok::RBrack),
            Tok::LBrace => Some(Tok::RBrace),
            _ => None,
        }
    }

    pub fn is_closer(self) -> bool {
        matches!(self, Tok::RParen | Tok::RBrack | Tok::RBrace)
    }
}
